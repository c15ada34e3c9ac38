"""Synthetic people pass the gate only as pictures that it draws again itself."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from models import tiny
from models.people.render import View, render
from policy.gate import Gate, Refused
from policy.synthetic import LEVELS, TILE, TILE_LEVELS, Claim

VIEW = View(width=160, height=160)


@pytest.fixture(scope="module")
def gate() -> Gate:
    return Gate([], render=render)


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    return render(3, VIEW)


def rule(gate: Gate, *claims: Claim) -> str:
    with pytest.raises(Refused) as caught:
        gate.synthetic(claims, "evaluate")
    (finding,) = caught.value.verdict.findings
    assert caught.value.verdict.verdict == "refuse"
    return f"{finding.rule}: {finding.message}"


def test_a_synthetic_person_gets_a_permit_for_the_very_pixels(gate, drawn):
    permit = gate.synthetic([Claim(3, VIEW, drawn)], "evaluate")
    digest = hashlib.sha256(drawn.tobytes()).digest()
    assert (permit.kind, permit.operations, permit.contents) == ("synthetic", {"template", "match"}, {digest})
    gate.require(permit, "template", digest)
    with pytest.raises(Refused, match="not for 'store'"):
        gate.require(permit, "store")
    with pytest.raises(Refused, match="not among those"):
        gate.require(permit, "template", hashlib.sha256(b"another").digest())


def test_what_another_machine_draws_is_within_the_levels(gate, drawn):
    other = drawn.astype(np.int16) + np.random.default_rng(0).integers(-1, 2, drawn.shape)
    gate.synthetic([Claim(3, VIEW, np.clip(other, 0, 255).astype(np.uint8))], "evaluate")


def test_a_photograph_that_claims_to_be_synthetic_is_refused(gate):
    photograph = np.full((160, 160, 3), 128, np.uint8)
    photograph[32:128, 32:128] = tiny.card(7)
    said = rule(gate, Claim(3, VIEW, photograph))
    assert said.startswith("synthetic-people: A picture claims to be synthetic person 3, but drawn again it differs by")
    assert "--record FILE" in said


def test_one_photograph_among_synthetic_people_refuses_them_all(gate, drawn):
    rule(gate, Claim(3, VIEW, drawn), Claim(4, VIEW, np.zeros_like(drawn)))


@pytest.mark.parametrize("seed", [4, -3])
def test_another_person_than_claimed_is_refused(gate, drawn, seed):
    rule(gate, Claim(seed, VIEW, drawn))


def test_a_small_face_pasted_into_a_large_picture_is_refused(gate):
    view = View(width=900, height=900, face_px=200)
    picture = render(3, view).copy()
    picture[10:74, 10:74] = tiny.card(7, 64)
    again = render(3, view)
    assert np.abs(picture.astype(int) - again).mean() < LEVELS
    assert "in its worst part" in rule(gate, Claim(3, view, picture))


def test_the_last_row_and_column_count(gate, drawn):
    view = View(width=TILE * 5 + 1, height=TILE * 5 + 1)
    picture = render(3, view).copy()
    picture[-1] = np.where(picture[-1] > 128, 0, 255)
    assert TILE_LEVELS < 127
    rule(gate, Claim(3, view, picture))


@pytest.mark.parametrize(
    "other",
    [np.zeros((10, 10, 3), np.uint8), np.zeros((160, 160), np.uint8), np.zeros((160, 160, 3), np.float32)],
    ids=["another size", "grey", "floats"],
)
def test_another_size_or_type_is_refused(gate, other):
    assert "another size or type" in rule(gate, Claim(3, VIEW, other))


def test_nothing_shown_is_refused(gate):
    assert "No picture" in rule(gate)


def test_a_gate_without_a_renderer_refuses(drawn):
    assert "nothing to draw synthetic people with" in rule(Gate([]), Claim(3, VIEW, drawn))
