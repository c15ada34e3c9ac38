"""The page: what it serves, to whom, and what it refuses."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from edge.page import PAGE_ROWS, application
from edge.transaction import Stamp, Transaction

RESULTS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "threshold" / "documents" / "results-1.json").read_text()
)


def row(number: int) -> Transaction:
    return Transaction(
        id=f"middle/m0/s{number:04d}",
        lane="tag-uid",
        origin="simulation",
        session="middle/m0",
        entered=Stamp.at(0),
        presented=Stamp.absent("<b>tag-forgotten</b>"),
        decided=Stamp.absent("tag-forgotten"),
        crossed=Stamp.absent("tag-forgotten"),
        attempts=0,
        true_subject=f"s{number:04d}",
        enrolled=True,
        outcome="abandoned",
        reason="tag-forgotten",
    )


@contextmanager
def served(app: FastAPI) -> Iterator[httpx.Client]:
    """A real server on loopback, as `threshold demo` runs it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            port = listener.getsockname()[1]
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
                while not server.started and thread.is_alive():
                    thread.join(0.01)
                yield client
        finally:
            server.should_exit = True
            thread.join(10)
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    rows = {"tag-uid": [row(number) for number in range(120)]}
    page = application(lambda language: f"<html lang={language}>report</html>", RESULTS, rows)  # type: ignore[arg-type]
    with served(page) as client:
        yield client


def test_health_counts_the_rows(client: httpx.Client) -> None:
    health = client.get("/health").json()
    assert (health["status"], health["lanes"]) == ("ok", {"tag-uid": 120})


@pytest.mark.parametrize("language", ["en", "sv", "is"])
def test_the_report_comes_in_three_languages(client: httpx.Client, language: str) -> None:
    assert client.get(f"/report?lang={language}").text == f"<html lang={language}>report</html>"


def test_another_language_is_refused(client: httpx.Client) -> None:
    assert client.get("/report?lang=de").status_code == 422


def test_transactions_come_in_pages(client: httpx.Client) -> None:
    page = client.get("/transactions/tag-uid?offset=100&limit=50").json()
    assert (page["total"], page["offset"], len(page["rows"])) == (120, 100, 20)
    assert page["rows"][0]["schema"] == "threshold/transaction/1"


def test_a_page_past_the_end_is_empty(client: httpx.Client) -> None:
    assert client.get("/transactions/tag-uid?offset=500").json()["rows"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=100000", "offset=-1", "limit=x"])
def test_silly_pages_are_refused(client: httpx.Client, query: str) -> None:
    assert client.get(f"/transactions/tag-uid?{query}").status_code == 422


def test_a_lane_without_rows_is_not_found_and_says_which_have(client: httpx.Client) -> None:
    answer = client.get("/transactions/face-1n")
    assert answer.status_code == 404
    assert "tag-uid" in answer.json()["detail"]


def test_an_unknown_lane_is_refused(client: httpx.Client) -> None:
    assert client.get("/transactions/window").status_code == 422


def test_the_index_shows_rows_and_links_to_more(client: httpx.Client) -> None:
    first, last = client.get("/").text, client.get("/?lane=tag-uid&offset=100").text
    assert first.count("<tr>") == PAGE_ROWS + 1
    assert "Later rows" in first
    assert "Earlier rows" not in first
    assert "Earlier rows" in last
    assert "Later rows" not in last


def test_what_rows_say_is_escaped(client: httpx.Client) -> None:
    assert "&lt;b&gt;tag-forgotten" in client.get("/").text


def test_without_rows_the_index_still_answers() -> None:
    with served(application(lambda language: "", RESULTS, {})) as empty:
        assert "There are no rows here" in empty.get("/").text


def test_nothing_is_loaded_from_elsewhere_and_nobody_may_frame_it(client: httpx.Client) -> None:
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert client.get("/docs").status_code == 404


def test_a_foreign_host_name_is_refused(client: httpx.Client) -> None:
    assert client.get("/health", headers={"host": "rebound.example"}).status_code == 400


def test_openapi_describes_every_path(client: httpx.Client) -> None:
    assert set(client.get("/openapi.json").json()["paths"]) == {
        "/report",
        "/results",
        "/transactions/{lane}",
        "/health",
    }
