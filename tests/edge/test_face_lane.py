"""The lane `face-1n` from picture to row, with the tiny networks on drawn cards under a real permit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support import ENROLLED, STRANGERS, TinyNetworks, picture

from edge.acquire import Missed
from edge.clock import FakeClock
from edge.gallery import Candidate, Gallery
from edge.identification import FaceIdentification
from edge.lane import Decision, Visit, transact
from edge.vision import open_embedder
from models import tiny
from policy.gate import Refused


def lane_for(networks: TinyNetworks, cards, threshold: float = 0.0) -> FaceIdentification:
    """Enrolled: the clean card of each identity."""
    acquirer = networks.acquirer(choice="only")
    embedder = open_embedder(networks.embedder, cards.gate, cards.permit)
    references = {
        f"s{identity}": embedder.embed([acquirer.acquire(cards.picture(f"{identity}/0.png")).crop])[0]
        for identity in ENROLLED
    }
    return FaceIdentification(acquirer, embedder, Gallery(references, cards.gate, cards.permit), threshold)


def names(identities) -> list[str]:
    return [f"{identity}/{variant}.png" for identity in identities for variant in (1, 2)]


@pytest.fixture
def lane(tiny_networks, cards) -> FaceIdentification:
    """With a threshold halfway between the least alike enrolled and the most alike stranger."""
    made = lane_for(tiny_networks, cards)
    mated = [made.search(cards.picture(name)).score for name in names(ENROLLED)]
    strange = [made.search(cards.picture(name)).score for name in names(STRANGERS)]
    assert max(strange) + 0.05 < min(mated)
    return replace(made, threshold=(max(strange) + min(mated)) / 2)


def test_a_morning_of_enrolled_strangers_and_nobody(lane, cards):
    clock = FakeClock()
    people = [*names(ENROLLED), *names(STRANGERS), "empty.png"]
    rows = [
        transact(lane, Visit(name, "m1", "simulation", name, True, 1.0, 2.0, cards.picture(name)), clock)
        for name in people
    ]
    assert [(row.id, row.lane, row.outcome, row.reason, row.decided_subject) for row in rows] == [
        *((name, "face-1n", "opened", "matched", f"s{name.split('/')[0]}") for name in names(ENROLLED)),
        *((name, "face-1n", "denied", "below-threshold", None) for name in names(STRANGERS)),
        ("empty.png", "face-1n", "denied", "no-face", None),
    ]
    assert {(row.claimed, row.attempts) for row in rows} == {(None, 1)}
    opened, denied = len(names(ENROLLED)), len(names(STRANGERS)) + 1
    assert clock.now_ns() == (opened * 3 + denied) * 1_000_000_000


def test_of_a_stranger_nothing_is_said_but_that_it_is_none(lane, cards):
    assert lane.decide(cards.picture("100/1.png")) == Decision(opened=False, reason="below-threshold")


def test_searching_gives_the_best_whatever_its_score(lane, cards):
    found = lane.search(cards.picture("100/1.png"))
    assert isinstance(found, Candidate)
    assert found.score < lane.threshold
    assert lane.search(cards.picture("empty.png")) == Missed("no-face", 0)


def test_a_score_at_the_threshold_opens_and_just_below_does_not(lane, cards):
    probe = cards.picture("2/1.png")
    score = lane.search(probe).score
    assert replace(lane, threshold=score).decide(probe) == Decision(opened=True, reason="matched", subject="s2")
    above = float(np.nextafter(np.float32(score), np.float32(2)))
    assert replace(lane, threshold=above).decide(probe).reason == "below-threshold"


def test_a_threshold_that_is_no_number_opens_nothing(lane, cards):
    decision = replace(lane, threshold=float("nan")).decide(cards.picture("2/0.png"))
    assert decision == Decision(opened=False, reason="below-threshold")


def test_a_reference_that_is_no_number_opens_nothing(lane, cards):
    spoilt = Gallery({"s0": np.full(128, np.nan, np.float32)}, cards.gate, cards.permit)
    assert replace(lane, gallery=spoilt).decide(cards.picture("0/0.png")).opened is False


def test_each_failure_to_acquire_is_the_row_s_reason(lane, cards, tiny_networks):
    two = picture((tiny.card(1), 20, 20), (tiny.card(2), 200, 120))
    small = replace(lane, acquirer=tiny_networks.acquirer(smallest_px=200.0))
    decisions = [lane.decide(two), small.decide(cards.picture("1/0.png"))]
    assert decisions == [Decision(opened=False, reason="several-faces"), Decision(opened=False, reason="too-small")]


def test_a_picture_that_is_not_of_the_set_is_refused_and_no_decision(lane):
    with pytest.raises(Refused, match="permit-contents"):
        lane.decide(picture((tiny.card(2), 60, 50)))


def test_mirrored_templates_tell_the_same_people_apart(tiny_networks, cards):
    acquirer = tiny_networks.acquirer()
    embedder = open_embedder(tiny_networks.embedder, cards.gate, cards.permit, mirrored=True)

    def template(name):
        return embedder.embed([acquirer.acquire(cards.picture(name)).crop])[0]

    gallery = Gallery({f"s{i}": template(f"{i}/0.png") for i in ENROLLED}, cards.gate, cards.permit)
    found = [gallery.best(template(f"{identity}/1.png")).subject for identity in ENROLLED]
    assert found == [f"s{identity}" for identity in ENROLLED]
