"""What a bench says of liveness: not installed, or a plumbing test that calls itself one."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from benchmarks.clip import Clip, Seen, Truth
from benchmarks.core import settings
from benchmarks.limits import cannot_show
from benchmarks.liveness import counted, plumbing
from edge.core.loop import Decided
from edge.entrance import Entrance
from edge.face import Box
from models.registry import Registry
from threshold.command import app

HERE, ELSEWHERE = Box(10, 10, 40, 50), Box(200, 10, 40, 50)


def decided(number: int, spoof: float | None, box: Box = HERE) -> Decided:
    reason = "spoof-suspected" if spoof is not None and spoof >= 0.5 else "below-threshold"
    at = number * 125_000_000
    return Decided(1, reason, None, None, 0, box, at, at, at, 1, spoof=spoof)


def test_a_visit_is_suspected_once_and_by_its_kind(tmp_path):
    entrance = Entrance(tuple(range(40)), 40, "single", 320, 180, 8.0, 0, 0.6)
    who = {kind: [walk.person for walk in entrance.walks if walk.attack == kind] for kind in (None, "print", "phone")}
    shown = [who[None][0], who[None][1], who["print"][0], who["phone"][0]]
    clip = Clip("x", entrance, tmp_path / "none", tuple(Truth(True, (Seen(one, HERE, 1.0),)) for one in shown))
    told = counted(
        clip,
        [
            decided(0, 0.1),
            decided(0, 0.9),
            decided(0, 0.8),
            decided(1, None),
            decided(2, 0.2),
            decided(3, 0.9, ELSEWHERE),
        ],
    )
    assert told["live"] == {"visits": len(who[None]), "looked_at": 1, "suspected": 1}
    assert told["print"] == {"visits": len(who["print"]), "looked_at": 1, "suspected": 0}
    assert told["phone"] == {"visits": len(who["phone"]), "looked_at": 0, "suspected": 0}


def test_the_plumbing_test_goes_the_whole_way_and_says_what_it_is(tiny_networks, tmp_path):
    registry = Registry.bundled()
    networks = registry.locate("bundled-detector"), registry.locate("bundled-embedder")
    told = plumbing(
        tiny_networks.liveness, networks, settings("bundled-embedder", 320), tmp_path, lambda *_: lambda: None
    )
    assert told["network"] == "tiny-liveness"
    assert sum(count["visits"] for count in told["visits"].values()) == 6
    assert all(count["visits"] >= count["looked_at"] >= 1 for count in told["visits"].values())
    assert told["looks"] >= sum(count["looked_at"] for count in told["visits"].values())
    assert 0 < told["cpu_ms_per_look"] < 1000
    assert told["note"].startswith("A plumbing test: ")
    json.dumps(told, allow_nan=False)


def test_the_command_prints_that_it_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setenv("THRESHOLD_DATA", str(tmp_path / "none"))
    size = ("--seconds", "6", "--width", "320", "--height", "180", "--rate", "5", "--no-pace", "--clip", "single")
    done = CliRunner().invoke(app, ["bench", "core", *size, "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "Liveness: not installed" in done.stdout


@pytest.mark.parametrize(
    ("installed", "said"), [(None, "liveness-not-installed"), ("minifas-98.20", "liveness-not-run")]
)
def test_an_evaluation_with_faces_says_how_it_stands(installed, said):
    from results_example import results

    from benchmarks.scenario import embedded

    example = results(True)
    found = cannot_show(embedded(), example.lanes, True, True, installed)
    assert said in {limit["id"] for limit in found}
    assert not any("liveness" in limit["id"] for limit in cannot_show(embedded(), example.lanes, False))
