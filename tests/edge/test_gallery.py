"""The gallery: exact search, only under a permit to match, and nothing that makes no gallery."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from house import SHOT, enrolled, laboratory, matching, opened

from edge.embed import unit
from edge.gallery import Candidate, Gallery, GalleryError
from policy.gate import LIFETIME, Gate, Refused

AXES = {"a": np.array([1, 0, 0], np.float32), "b": np.array([0, 1, 0], np.float32)}


@pytest.fixture
def gate() -> Gate:
    return Gate([])


def gallery(gate: Gate, references=AXES) -> Gallery:
    return Gallery(references, gate, gate.simulated("x"))


def test_the_most_alike_reference_is_found(gate):
    assert gallery(gate).best(np.array([0.6, 0.8, 0], np.float32)) == Candidate("b", pytest.approx(0.8))


def test_a_reference_finds_itself_among_many(gate):
    rows = unit(np.random.default_rng(0).standard_normal((500, 32), np.float32))
    everyone = gallery(gate, {f"s{index}": row for index, row in enumerate(rows)})
    assert len(everyone) == 500
    found = [everyone.best(row) for row in rows]
    assert [candidate.subject for candidate in found] == [f"s{index}" for index in range(500)]
    assert min(candidate.score for candidate in found) == pytest.approx(1, abs=1e-6)


def test_of_equals_the_first_is_taken(gate):
    assert gallery(gate, {"first": AXES["a"], "second": AXES["a"]}).best(AXES["a"]).subject == "first"


def test_someone_opposite_has_a_negative_score(gate):
    assert gallery(gate, {"a": AXES["a"]}).best(-AXES["a"]) == Candidate("a", -1.0)


def test_a_reference_changed_afterwards_does_not_change_the_gallery(gate):
    reference = AXES["a"].copy()
    made = gallery(gate, {"a": reference})
    reference[:] = 0
    assert made.best(AXES["a"]).score == 1.0


@pytest.mark.parametrize("references", [{}, {"a": AXES["a"], "b": np.array([1, 0], np.float32)}])
def test_no_references_or_unequal_ones_make_no_gallery(gate, references):
    with pytest.raises(GalleryError, match=f"expected references of one length, found {len(references)} of"):
        gallery(gate, references)


def test_a_probe_of_another_length_is_an_error(gate):
    with pytest.raises(GalleryError, match="expected a template of 3 numbers"):
        gallery(gate).best(np.array([1, 0], np.float32))


def test_without_a_permit_to_match_none_is_made(gate):
    with pytest.raises(Refused, match="permit-genuine"):
        Gallery(AXES, gate, Gate([]).simulated("x"))


def test_a_permit_that_ran_out_finds_nobody_any_more():
    now = datetime(2026, 6, 1, tzinfo=UTC)
    made = gallery(Gate([], now=lambda: now))
    made.best(AXES["a"])
    now += LIFETIME
    with pytest.raises(Refused, match="permit-in-time"):
        made.best(AXES["a"])


@pytest.mark.parametrize("kind", ["match", "probe-only"])
def test_a_persons_permit_makes_no_gallery(tmp_path, kind):
    """People's references are compared in the store; copies of them in memory, from whatever export, are not."""
    with opened(tmp_path / "store") as store:
        subject = enrolled(store)
        one = matching(store, subject) if kind == "match" else store.permit("probe-only", subject, "face", [SHOT])
        with pytest.raises(GalleryError, match="found a person's"):
            Gallery(AXES, store.gate, one)
        store.adopt(laboratory(mode="1:N"))
        with pytest.raises(GalleryError, match="found a person's"):
            Gallery(AXES, store.gate, store.permit(kind, subject, "face", [SHOT], mode="1:N"))
