"""The page and the report in a real browser."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

CHROMIUM = shutil.which("chromium")
COMMAND = [sys.executable, "-c", "from threshold.command import main; main()"]
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium, absent here (scripts/system-packages installs it)"
)


def browse(tmp_path: Path, address: str, *options: str) -> str:
    done = subprocess.run(
        [
            str(CHROMIUM),
            "--headless",
            "--no-sandbox",  # the tests may run as root, where the sandbox refuses to start
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--window-size=1200,1600",
            f"--user-data-dir={tmp_path / 'profile'}",
            *options,
            address,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("results")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen([*COMMAND, "demo", "--results", str(folder), "--port", str(port)]) as process:
        try:
            deadline = time.monotonic() + 90
            while process.poll() is None and time.monotonic() < deadline:
                try:
                    with urllib.request.urlopen(f"{address}/health", timeout=5):  # noqa: S310
                        break
                except OSError:
                    time.sleep(0.2)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


def test_the_page_lists_the_lanes_and_their_rows(site: str, tmp_path: Path) -> None:
    page = browse(tmp_path, f"{site}/", "--dump-dom")
    assert "tag-uid (300)" in page
    assert "face-1n (340)" in page
    assert page.count("<tr>") == 51


def test_the_page_and_the_report_show_something(site: str, tmp_path: Path) -> None:
    for name in ("", "report?lang=sv"):
        picture = tmp_path / "page.png"
        browse(tmp_path, f"{site}/{name}", f"--screenshot={picture}")
        pixels = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)
        assert pixels is not None
        assert pixels.shape == (1600, 1200)
        # Ink on paper: neither an empty page nor an error page of one colour.
        assert 0.01 < float(np.mean(pixels < 128)) < 0.5


def test_the_report_in_a_browser_says_whom_the_face_lane_saw(site: str, tmp_path: Path) -> None:
    page = browse(tmp_path, f"{site}/report?lang=en", "--dump-dom")
    assert "The faces in this run are drawn; nobody is pictured." in page
    assert "not shown (simulated)" in page
    assert "threshold models fetch yunet-2023mar mobilefacenet-foamliu" in page


@pytest.mark.parametrize("language", ["en", "sv", "is"])
def test_the_page_of_a_pilot_shows_its_charts_at_the_width_of_a_telephone_as_well(
    language: str, tmp_path: Path
) -> None:
    from benchmarks.pilot.outcome import Pilot
    from benchmarks.pilot.report import render
    from benchmarks.report import known

    documents = Path(__file__).resolve().parents[1] / "threshold" / "documents"
    page = tmp_path / "pilot.html"
    page.write_text(render(Pilot.model_validate_json((documents / "pilot-1.json").read_bytes()), known(language)))
    shown = browse(tmp_path, page.as_uri(), "--window-size=500,4000", "--dump-dom")
    assert shown.count("<svg") == 4  # two measures, failures, times
    picture = tmp_path / "page.png"
    browse(tmp_path, page.as_uri(), "--window-size=500,4000", f"--screenshot={picture}")
    pixels = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    assert 0.01 < float(np.mean(pixels < 128)) < 0.5
