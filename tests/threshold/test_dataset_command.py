"""`bench accuracy` and `evaluate --faces` in other processes, as people call them: what they refuse, and how."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import encoded, list_set, picture
from typer.testing import CliRunner

from benchmarks.share import ShareError
from benchmarks.spread import SpreadError
from models import tiny
from policy.gate import Refused
from threshold.command import app

BUNDLED = ["--detector", "bundled", "--embedder", "bundled"]
VERBS = [["bench", "accuracy", "--images"], ["evaluate", "--quick", "--faces"]]
FAR = "tcp://10.0.0.5:8786"


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    """A folder of drawn cards, which no list has."""
    for who in range(2):
        (tmp_path / "cards" / f"card-{who}").mkdir(parents=True)
        drawn = picture((tiny.card(who, 96), 30, 40))
        (tmp_path / "cards" / f"card-{who}" / f"card-{who}_0001.png").write_bytes(encoded(drawn.pixels))
    return tmp_path / "cards"


@pytest.fixture
def listed(cards: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, on this process's list; what other processes list is their own."""
    monkeypatch.setattr("policy.gate.listed", lambda: [list_set(cards, "cards")])
    return cards


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_no_template_of_a_real_person_goes_to_a_scheduler_in_the_clear(
    verb: list[str], listed: Path, tmp_path: Path
) -> None:
    done = CliRunner().invoke(app, [*verb, str(listed), *BUNDLED, "--cluster", FAR, "--out", str(tmp_path / "out")])
    assert isinstance(done.exception, SpreadError)
    assert "in the clear" in str(done.exception)
    assert "docs/cluster.md" in str(done.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_a_set_that_is_not_listed_is_refused_before_any_address_is_looked_at(
    verb: list[str], cards: Path, tmp_path: Path
) -> None:
    done = CliRunner().invoke(app, [*verb, str(cards), *BUNDLED, "--cluster", FAR, "--out", str(tmp_path / "out")])
    assert isinstance(done.exception, Refused)


def test_a_list_changed_in_the_asking_process_opens_nothing_in_the_others(listed: Path, tmp_path: Path) -> None:
    words = ["bench", "accuracy", "--images", str(listed), *BUNDLED, "--processes", "2", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, ShareError)
    assert "no listed research set" in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_without_a_research_set_nothing_about_a_person_goes_along_and_the_address_is_tried(tmp_path: Path) -> None:
    words = ["evaluate", "--quick", "--faces", "none", "--out", str(tmp_path), "--cluster", "tcp://127.0.0.1:1"]
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, SpreadError)
    assert "found none that answers" in str(done.exception)


@pytest.mark.parametrize("verb", [["bench", "accuracy"], ["evaluate"]], ids=lambda verb: verb[0])
def test_the_help_says_that_templates_go_by_tls_and_that_a_broken_run_begins_anew(verb: list[str]) -> None:
    said = " ".join(CliRunner().invoke(app, [*verb, "--help"], env={"COLUMNS": "200"}).stdout.split())
    assert "tls://HOST:PORT" in said
    assert "--processes" in said
    if verb[0] == "bench":
        assert "a run that is itself broken off begins anew" in said


def test_wrong_numbers_of_processes_are_wrong_use() -> None:
    done = CliRunner().invoke(app, ["bench", "accuracy", "--images", "lfw", "--processes", "0"])
    assert done.exit_code == 2


def test_both_at_once_is_told(listed: Path, tmp_path: Path) -> None:
    both = ["--processes", "2", "--cluster", "tcp://127.0.0.1:1", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, ["bench", "accuracy", "--images", str(listed), *BUNDLED, *both])
    assert isinstance(done.exception, SpreadError)
    assert "found both" in str(done.exception)
