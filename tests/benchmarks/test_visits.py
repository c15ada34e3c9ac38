"""Visits at the synthetic entrance, from frame to decision, with the networks that come along."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.visits import Outcome, Shot, Visits, counts, outcomes, shots, threshold
from edge.picture import of_pixels
from models.registry import Registry
from policy.gate import Refused

FEW = Visits(seed=3, enrolled=3, strangers=2)


@pytest.fixture(scope="module")
def found() -> list[Shot]:
    return shots(FEW, {"bundled": Registry.bundled().locate("bundled-detector")})["bundled"]


def test_everyone_comes_once_and_others_come_under_another_seed() -> None:
    assert sorted(walk.person for walk in FEW.entrance.walks) == sorted(FEW.people)
    assert len(set(FEW.people)) == 5
    assert set(FEW.people) != set(replace(FEW, seed=4).people)
    assert set(replace(FEW, pool=range(7, 12)).people) == {7, 8, 9, 10, 11}
    assert [FEW.is_enrolled(person) for person in FEW.people] == [True] * 3 + [False] * 2


def test_a_visit_ends_in_the_right_name(found: list[Shot]) -> None:
    registry = Registry.bundled()
    assert len({shot.person for shot in found}) == len(found) >= 4
    told = outcomes(FEW, found, registry.locate("bundled-detector"), registry.locate("bundled-embedder"))
    assert [one.person for one in told] == list(FEW.people)
    right = [one for one in told if one.enrolled and one.found == one.person]
    strangers = [one.score for one in told if not one.enrolled]
    assert len(right) >= 2
    assert min(one.score for one in right) > max(strangers) - 0.1


def test_the_gate_refuses_a_frame_that_the_entrance_does_not_draw(found: list[Shot]) -> None:
    registry = Registry.bundled()
    pixels = found[0].picture.pixels.copy()
    pixels[40:120, 40:120] = 255 - pixels[40:120, 40:120]
    altered = replace(found[0], picture=of_pixels(pixels, "altered"))
    with pytest.raises(Refused, match="synthetic-people"):
        outcomes(FEW, [altered], registry.locate("bundled-detector"), registry.locate("bundled-embedder"))


def test_errors_are_counted_by_who_came() -> None:
    told = [
        Outcome(1, True, 1, 0.8),
        Outcome(2, True, 1, 0.7),  # the wrong name
        Outcome(3, True, 3, 0.2),
        Outcome(4, True, None, -1.0),
        Outcome(5, False, 1, 0.6),
        Outcome(6, False, 1, 0.1),
    ]
    got = counts(told, 0.5)
    assert (got.visits, got.no_face, got.enrolled, got.not_identified, got.wrong_name) == (6, 1, 4, 3, 1)
    assert (got.strangers, got.opened) == (2, 1)


def test_a_threshold_lets_through_no_more_than_the_target() -> None:
    told = [Outcome(number, False, 1, number / 100) for number in range(100)]
    at = threshold(told, 0.02)
    assert counts(told, at).opened == 2
    assert counts(told, np.nextafter(np.float32(at), np.float32(0))).opened == 3
