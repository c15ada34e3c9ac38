"""`threshold enrol --face`, as an operator calls it: who is filmed, what is said, what is kept and what never is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import REPOSITORY
from test_subjects_command import ATTESTED, RECORD, lenient, run

import edge.camera
from edge.core.frame import Frame
from edge.core.source import Drawn, Paced
from edge.sitter import Sitter
from policy.entry import Enrolled
from policy.store import Store

LAB = REPOSITORY / "policy" / "records" / "lab-volunteers.yaml"
COMMAND = [sys.executable, "-c", "from threshold.command import main; main()"]

__all__ = ["lenient"]


@pytest.fixture
def site(tmp_path) -> Path:
    (tmp_path / "site.yaml").write_text(RECORD)
    return tmp_path


def enrol(site: Path, reference: str, source: str | Path, *words: str | Path, store: str = "store") -> tuple[int, dict]:
    return run(
        site, "enrol", reference, "--face", "--source", source, "--age", "34", "--record", site / "site.yaml",
        *ATTESTED, *words, store=store,
    )  # fmt: skip


class Booth(Paced):
    """A camera that isn't there: the drawn sitter plays it, eight times as fast. A test's own; no source names it."""

    def __init__(self, people: tuple[int, ...]) -> None:
        who = Sitter(people, rate=8.0)
        super().__init__(Drawn(who, "BGR"), speed=3.0)


@pytest.fixture
def camera(monkeypatch) -> list[str]:
    """The camera at /dev/video0 for a test, and the addresses at which one was opened."""
    opened: list[str] = []

    def plugged(address: str) -> Booth:
        opened.append(address)
        return Booth((5,))

    monkeypatch.setattr(edge.camera, "LiveVideo", plugged)
    return opened


def test_a_volunteer_is_enrolled_before_a_camera(site, lenient, camera):
    code, found = enrol(site, "volunteer-07", "/dev/video0")
    assert (code, found["enrolled"], found["shots"], found["demonstration"]) == (0, True, 3, False), found
    assert found["agreement"] > 0.6
    assert found["embedder"] == "bundled-embedder"
    shown = run(site, "status")[1]
    assert (shown["people"], shown["references"], shown["failures"]) == ({"active": 1}, {"face": 1}, {})
    with Store(site / "store") as store:
        (told,) = [entry.body for entry in store.ledger if isinstance(entry.body, Enrolled)]
    assert told.network == found["network"]


def test_who_is_refused_is_not_filmed(site, lenient, camera):
    code, found = run(site, "enrol", "elev-1", "--face", "--age", "15", "--record", site / "site.yaml", *ATTESTED)
    assert (code, found["enrolled"], camera) == (1, False, [])


def test_with_nobody_before_the_camera_the_failure_is_counted_without_a_name(site, lenient, monkeypatch):
    class Empty:
        number = 0

        def read(self):
            from edge.entrance import Entrance

            time.sleep(0.05)
            Empty.number += 1
            pixels = Entrance((1,), 1).frame(0).pixels
            from edge.core.frame import of_bgr

            return Frame(Empty.number, time.monotonic_ns(), time.monotonic_ns(), of_bgr(pixels.copy()))

        def close(self):
            """Nothing to give back."""

    monkeypatch.setattr(edge.camera, "LiveVideo", lambda address: Empty())
    code, found = enrol(site, "volunteer-07", "/dev/video0", "--seconds", "3")
    assert (code, "no face was seen" in found["error"]) == (1, True), found
    shown = run(site, "status")[1]
    assert (shown["people"], shown["failures"]) == ({}, {"face: no-face": 1})
    assert "volunteer-07" not in json.dumps(shown)


def test_pictures_that_do_not_agree_are_no_reference(site, lenient, camera, monkeypatch):
    from edge.embed import Embedder

    real = Embedder.embed

    def torn(self, crops):
        templates = real(self, crops).copy()
        templates[0] = -templates[0]
        return templates

    monkeypatch.setattr(Embedder, "embed", torn)
    code, found = enrol(site, "volunteer-07", "/dev/video0")
    assert (code, "agree with each other" in found["error"]) == (1, True), found
    shown = run(site, "status")[1]
    assert (shown["people"], shown["failures"]) == ({}, {"face: unlike": 1})


def test_a_recording_enrols_nobody_and_is_not_opened(site, lenient, camera):
    film = site / "film.avi"
    film.write_bytes(b"RIFF")
    (site / "video0").symlink_to(film)
    os.mkfifo(site / "pipe")
    for source in (film, site / "video0", site / "pipe", f"/dev/video/../..{film}", "http://camera/film.mp4"):
        code, found = enrol(site, "volunteer-07", source)
        assert (code, "live-enrolment-only" in found["error"]) == (1, True), found
    assert camera == []
    shown = run(site, "status")[1]
    assert (shown["people"], shown["refusals"]) == ({}, {"face: live-enrolment-only": 5})


def test_a_camera_that_gives_nothing_is_named(site, lenient):
    code, found = enrol(site, "volunteer-07", "/dev/video77")
    assert (code, "/dev/video77" in found["error"], "--source" in found["error"]) == (1, True, True)
    assert run(site, "status")[1]["people"] == {}


# --- drawn people, in a store of their own, under the program's own rules ---


def demonstrate(site: Path, name: str = "synthetic:7", *words: str | Path) -> tuple[int, dict]:
    return run(
        site, "enrol", name, "--face", "--source", "synthetic:7", "--age", "34", "--record", LAB, *ATTESTED, *words,
        store="demonstration",
    )  # fmt: skip


def test_a_drawn_person_is_enrolled_under_the_programs_own_rules(site):
    code, found = demonstrate(site)
    assert (code, found["enrolled"], found["demonstration"]) == (0, True, True), found
    shown = run(site, "status", store="demonstration")[1]
    assert (shown["demonstration"], shown["people"]) == (True, {"active": 1})
    # The two kinds of store are never mixed, whichever way round it is tried.
    code, found = run(
        site, "enrol", "volunteer-07", "--face", "--source", "/dev/video0", "--age", "34", *ATTESTED,
        store="demonstration",
    )  # fmt: skip
    assert (code, "expected a store of people" in found["error"]) == (1, True), found
    assert run(site, "status", store="demonstration")[1]["people"] == {"active": 1}


def test_nobodys_tag_goes_into_a_demonstration_but_a_drawn_persons(site, lenient):
    tag = ["--tag", "04a1b2c3", "--age", "34", *ATTESTED]
    code, found = enrol(site, "synthetic:7", "synthetic:7", store="demonstration")
    assert (code, found["enrolled"]) == (0, True), found
    code, found = run(site, "enrol", "volunteer-07", *tag, store="demonstration")
    assert (code, "expected a drawn person" in found["error"]) == (1, True), found
    assert run(site, "enrol", "synthetic:7", *tag, store="demonstration")[0] == 0
    assert run(site, "status", store="demonstration")[1]["references"] == {"face": 1, "tag": 1}


def test_a_store_of_people_takes_no_drawn_ones(site, lenient):
    run(site, "enrol", "volunteer-07", "--tag", "04a1b2c3", "--age", "34", "--record", site / "site.yaml", *ATTESTED)
    code, found = enrol(site, "synthetic:7", "synthetic:7")
    assert (code, "expected a store of drawn people" in found["error"]) == (1, True), found
    code, found = run(site, "enrol", "synthetic:7", "--tag", "04a1b2c4", "--age", "34", *ATTESTED)
    assert (code, "found the name of a drawn one" in found["error"]) == (1, True), found


def test_a_drawn_person_has_no_other_name(site):
    from typer.testing import CliRunner

    from threshold.command import app

    for name in ("Anna", "synthetic:8", "Synthetic:7"):
        words = ["enrol", name, "--face", "--source", "synthetic:7", "--age", "34", *ATTESTED]
        assert CliRunner().invoke(app, [*words, "--store", str(site / "d")]).exit_code == 2, name
    words = ["enrol", "synthetic:x", "--face", "--source", "synthetic:x", "--age", "34", *ATTESTED]
    assert CliRunner().invoke(app, [*words, "--store", str(site / "d")]).exit_code == 2
    assert not (site / "d").exists()


def test_a_drawn_minor_is_refused_as_anybody(site):
    code, found = run(
        site, "enrol", "synthetic:7", "--face", "--source", "synthetic:7", "--age", "13", "--record", LAB, *ATTESTED,
        store="demonstration",
    )  # fmt: skip
    assert (code, found["enrolled"]) == (1, False)


def test_ctrl_c_leaves_nothing_of_the_person(site):
    """A real signal, in the middle of the sitting; the same command then works."""
    words = ["enrol", "synthetic:7", "--face", "--source", "synthetic:7", "--age", "34", "--record", str(LAB),
             *ATTESTED, "--store", str(site / "demonstration")]  # fmt: skip
    # Where tests run in the background the signal is ignored, and a child inherits that.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); " + COMMAND[2]
    child = subprocess.Popen([*COMMAND[:2], heard, *words], stderr=subprocess.PIPE, text=True, cwd=REPOSITORY)
    assert child.stderr is not None
    for line in child.stderr:
        if line.startswith("["):  # it has begun to speak to the person
            break
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert said.endswith("Stopped. Nothing of this enrolment was kept.\n")
    shown = run(site, "status", store="demonstration")[1]
    assert (shown["people"], shown["unreadable"], shown["references"]) == ({}, 0, {})
    assert demonstrate(site)[0] == 0
