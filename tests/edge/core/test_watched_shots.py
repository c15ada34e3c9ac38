"""What the core makes of liveness: when it looks, and that a suspicion decides before anything is compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from test_loop import SETTINGS, Script, Someone, Teller, frames

from edge.core.frame import Planes
from edge.core.loop import Core
from edge.face import Face


@dataclass
class Watcher:
    """Liveness that is told what to say, look by look; the last is said again."""

    says: tuple[float, ...]
    cuts: int = 0
    looks: int = 0
    limit: float = 0.5

    def cut(self, planes: Planes, face: Face) -> np.ndarray:
        assert face.box.inside(planes.width, planes.height) > 0.9
        self.cuts += 1
        return np.full((1, 1, 3), self.cuts, np.uint8)

    def spoof(self, cut: np.ndarray) -> float:
        assert int(cut[0, 0, 0]) == self.cuts  # of the latest shot, not of an earlier one
        self.looks += 1
        return self.says[min(self.looks, len(self.says)) - 1]


@dataclass
class Counting(Teller):
    """A recogniser that counts what is compared."""

    compared: int = 0

    def best(self, probe):
        self.compared += 1
        return super().best(probe)


def run(someone, *says, scores=(0.9,), refuses=False, ask=None):
    """Decisions, core, liveness and recogniser."""
    watcher, teller, script = Watcher(says), Counting(list(scores), refuses=refuses), Script((someone,))
    core = Core(script, ask or (lambda _: teller), SETTINGS, liveness=watcher)
    decided, frame = [], None
    for frame in frames(someone):
        script.now = frame.time_ns / 1e9
        decided += core.step(frame)
    return decided + core.finish(frame), core, watcher, teller


GROWING = Someone(width=70, growth=25, end=4.5)
"""Comes nearer, so a better shot follows the first."""


def test_a_suspected_shot_is_decided_on_and_not_compared():
    decided, core, watcher, teller = run(Someone(), 0.7)
    assert [(one.reason, one.subject, one.score, one.shots, one.spoof) for one in decided] == [
        ("spoof-suspected", None, None, 0, 0.7)
    ]
    assert (teller.compared, watcher.looks, core.tally.liveness) == (0, 1, 1)


@pytest.mark.parametrize("spoof", [0.0, 0.49])
def test_a_shot_that_is_not_suspected_goes_on(spoof):
    decided, _, watcher, teller = run(Someone(), spoof)
    assert [(one.reason, one.subject, one.spoof) for one in decided] == [("matched", "s1", spoof)]
    assert (teller.compared, watcher.looks) == (1, 1)


def test_the_limit_itself_is_suspected():
    assert [one.reason for one in run(Someone(), 0.5)[0]] == ["spoof-suspected"]


def test_every_shot_is_looked_at_before_it_is_compared():
    decided, core, watcher, teller = run(GROWING, 0.1, scores=(0.5, 0.7))
    assert [(one.reason, one.shots, one.spoof) for one in decided] == [("matched", 2, 0.1)]
    assert watcher.looks == teller.compared == core.tally.embeddings == core.tally.liveness == 2


def test_the_first_suspicion_decides_and_is_the_last():
    decided, _, watcher, teller = run(GROWING, 0.2, 0.9, 0.1, scores=(0.5, 0.7))
    assert [(one.reason, one.spoof) for one in decided] == [("spoof-suspected", 0.9)]
    assert (watcher.looks, teller.compared) == (2, 1)


def test_nothing_is_looked_at_before_the_lane_has_said_yes():
    decided, core, watcher, _ = run(Someone(), 0.9, ask=lambda _: None)
    assert [(one.reason, one.spoof) for one in decided] == [("no-permit", None)]
    assert (watcher.looks, core.tally.liveness) == (0, 0)


def test_nothing_is_looked_at_that_the_gate_refuses():
    decided, _, watcher, _ = run(Someone(), 0.9, refuses=True)
    assert [(one.reason, one.spoof) for one in decided] == [("no-permit", None)]
    assert watcher.looks == 0
