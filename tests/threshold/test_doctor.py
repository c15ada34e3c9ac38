"""`threshold doctor`: what works, what isn't here, what to do; and with a site's settings what that site lacks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.health import Machine, NotHere
from threshold import doctor
from threshold.command import app

TAGS = """[site]
name = "north-door"
store = "store"

[[lane]]
kind = "tag-uid"

[reader]
kind = "replay"
recording = "reads.jsonl"

[door]
kind = "fake"
"""


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """The files of a Raspberry Pi that is warm, as far as they are read."""
    for name, text in {
        "proc/device-tree/model": "Raspberry Pi 5 Model B\0",
        "sys/class/thermal/thermal_zone0/temp": "61000\n",
        "dev/video0": "",
        "dev/gpiochip0": "",
        "dev/rtc0": "",
        "run/systemd/timesync/synchronized": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def looked(root: Path, word: str = "throttled=0x0") -> dict[str, doctor.Found]:
    return {one.what: one for one in doctor.machine(root, Machine(root, lambda *_: word))}


def test_a_board_in_order_is_said_to_be(board):
    found = looked(board)
    assert {one.state for one in found.values()} == {"ok"}
    assert found["machine"].words.startswith("Raspberry Pi 5 Model B")
    assert (found["temperature"].words, "set by a time server; a clock of its own" in found["clock"].words) == (
        "61 °C",
        True,
    )


def test_heat_and_a_weak_supply_are_wrong_and_what_to_do_is_said(board):
    (board / "sys/class/thermal/thermal_zone0/temp").write_text("83200")
    found = looked(board, "throttled=0x50005")
    assert (found["temperature"].state, found["supply"].state) == ("wrong", "wrong")
    assert "under-voltage" in found["supply"].words
    assert found["temperature"].do
    assert found["supply"].do


def test_what_a_machine_does_not_have_is_absent_and_no_fault(tmp_path):
    def firmware(*_: str) -> str:
        raise NotHere("no such program")

    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("model name : Some processor\n")
    found = {one.what: one for one in doctor.machine(tmp_path, Machine(tmp_path, firmware))}
    assert {found[what].state for what in ("temperature", "supply", "clock")} == {"absent"}
    there = {one.what: one for one in doctor.devices(tmp_path, lambda _: None)}
    assert {there[what].state for what in ("camera", "relay")} == {"absent"}
    assert all(there[what].do for what in ("camera", "relay"))


def test_cameras_and_a_relay_are_named(board):
    there = {one.what: one for one in doctor.devices(board, lambda _: object())}
    assert "/dev/video0, picamera2" in there["camera"].words
    assert (there["relay"].state, "gpiochip0" in there["relay"].words) == ("ok", True)


def test_too_little_room_is_wrong(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "LEAST_MB", 1 << 40)
    found = doctor.disk(tmp_path / "not" / "yet")
    assert (found.state, found.words.startswith(str(tmp_path))) == ("wrong", True)


def test_of_a_site_it_says_what_is_missing_in_one_document_and_ends_with_1(tmp_path):
    (tmp_path / "site.toml").write_text(TAGS)
    done = CliRunner().invoke(app, ["doctor", "--config", str(tmp_path / "site.toml"), "--json"])
    document = json.loads(done.stdout)
    wrong = {one["what"]: one["words"] for one in document["found"] if one["state"] == "wrong"}
    assert (done.exit_code, document["ok"]) == (1, False)
    assert {"gate", "reader"} <= wrong.keys()
    assert "threshold enrol" in wrong["gate"]
    assert "reads.jsonl" in wrong["reader"]
