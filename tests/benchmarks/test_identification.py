"""Searches in a gallery: what is counted as what, at which size, and what the formulas say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import identification as idn
from benchmarks.identification import SearchError, Searches


def unit(rows: list[list[float]]) -> np.ndarray:
    vectors = np.array(rows, np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


REFERENCES = unit([[1, 0, 0], [0, 1, 0], [0, 0, 1]])


def test_a_probe_is_mated_when_its_subject_is_in_the_gallery() -> None:
    probes = unit([[1, 0.2, 0], [0, 0.1, 1], [0.5, 1, 0]])
    found = idn.search(REFERENCES, [10, 11, 12], probes, [10, 12, 99], [0, 1])
    assert found.size == 2
    assert found.mated_subject.tolist() == [10]
    assert found.stranger_subject.tolist() == [12, 99]  # 12's reference isn't in this gallery
    assert found.own == pytest.approx([1 / np.sqrt(1.04)])
    assert found.other == pytest.approx([0.2 / np.sqrt(1.04)])
    assert found.stranger == pytest.approx([0.1 / np.sqrt(1.01), 1 / np.sqrt(1.25)])


def test_false_negatives_are_misses_and_wrong_names() -> None:
    found = Searches(
        5,
        np.array([0.9, 0.4, 0.6, 0.7], np.float32),
        np.array([0.1, 0.3, 0.8, 0.7], np.float32),
        np.arange(4),
        np.array([0.5, 0.2], np.float32),
        np.arange(4, 6),
    )
    # right; too low; another is nearer; a tie goes to the other
    assert found.false_negatives(0.5).tolist() == [False, True, True, True]
    assert found.misidentified(0.5).tolist() == [False, False, True, True]
    assert found.misidentified(0.75).tolist() == [False, False, True, False]
    assert found.false_positives(0.5).tolist() == [True, False]  # a score at the threshold is returned
    rated = idn.rated(found, 0.5)
    assert (rated.fpir.errors, rated.fpir.searches, rated.fnir.value, rated.misidentification.errors) == (1, 2, 0.75, 2)


def test_a_probe_without_a_face_is_never_returned() -> None:
    probes = np.concatenate([unit([[1, 0, 0]]), np.zeros((2, 3), np.float32)])
    found = idn.search(REFERENCES, [0, 1, 2], probes, [0, 1, 9], [0, 1, 2])
    assert found.false_negatives(-1.0).tolist() == [False, True]
    assert found.false_positives(-1.0).tolist() == [False]
    assert not found.misidentified(-1.0).any()


@pytest.mark.parametrize(
    ("gallery", "said"),
    [([0], "at least 2"), ([0, 3], "at least 2 indices of 3"), ([0, 0], "each subject once")],
)
def test_galleries_that_are_none_are_refused(gallery, said: str) -> None:
    with pytest.raises(SearchError, match=said):
        idn.search(REFERENCES, [0, 1, 2], REFERENCES, [0, 1, 2], gallery)
    with pytest.raises(SearchError, match="references and probes"):
        idn.search(REFERENCES, [0, 1, 2], np.zeros((1, 4), np.float32), [0], [0, 1])
    with pytest.raises(SearchError, match="subjects"):
        idn.search(REFERENCES, [0, 1], REFERENCES, [0, 1, 2], [0, 1])


def test_rates_without_a_search_are_refused() -> None:
    found = idn.search(REFERENCES, [0, 1, 2], REFERENCES, [0, 1, 2], [0, 1, 2])
    with pytest.raises(SearchError, match="non-mated"):
        idn.rated(found, 0.5)
    with pytest.raises(SearchError, match="NaN"):
        found.false_negatives(math.nan)


@given(st.floats(0.0, 0.999), st.integers(1, 10**6))
def test_the_formula_and_what_an_fpir_needs_undo_each_other(fpir: float, size: int) -> None:
    assert idn.fpir_formula(idn.fmr_for(fpir, size), size) == pytest.approx(fpir, abs=1e-12)


def test_the_formula_at_its_ends() -> None:
    assert (idn.fpir_formula(0.0, 600), idn.fpir_formula(1.0, 600)) == (0.0, 1.0)
    assert idn.fpir_formula(0.25, 1) == pytest.approx(0.25)
    for call in (lambda: idn.fpir_formula(-0.1, 3), lambda: idn.fpir_formula(0.1, 0), lambda: idn.fmr_for(1.0, 3)):
        with pytest.raises(SearchError):
            call()


def independent_scores(size: int, searches: int = 4000) -> tuple[Searches, np.ndarray, np.ndarray]:
    """Searches whose scores really are independent, and scores of the same kind one to one."""
    draw = np.random.default_rng(size)
    own = draw.normal(3, 1, searches)
    other = draw.normal(size=(searches, size - 1)).max(axis=1)
    stranger = draw.normal(size=(searches, size)).max(axis=1)
    found = Searches(
        size, own.astype(np.float32), other.astype(np.float32), np.arange(searches),
        stranger.astype(np.float32), np.arange(searches),
    )  # fmt: skip
    return found, draw.normal(3, 1, 20_000), draw.normal(size=400_000)


@pytest.mark.parametrize("size", [30, 300])
def test_where_references_are_independent_the_formulas_are_right(size: int) -> None:
    found, mated, nonmated = independent_scores(size)
    for threshold in (1.5, 2.5, 3.5):
        fnir, misidentification = idn.mated_formulas(mated, nonmated, threshold, size)
        fpir = idn.fpir_formula(float((nonmated >= threshold).mean()), size)
        assert found.false_positives(threshold).mean() == pytest.approx(fpir, abs=0.03)
        assert found.false_negatives(threshold).mean() == pytest.approx(fnir, abs=0.03)
        assert found.misidentified(threshold).mean() == pytest.approx(misidentification, abs=0.03)


def test_the_upper_part_of_the_scores_is_enough_for_the_formulas() -> None:
    _, mated, nonmated = independent_scores(30)
    part = np.sort(nonmated)[-20_000:]
    assert idn.mated_formulas(mated, part, 2.5, 30, nonmated.size) == idn.mated_formulas(mated, nonmated, 2.5, 30)
    with pytest.raises(SearchError):
        idn.mated_formulas([], nonmated, 2.5, 30)


def test_a_sweep_takes_every_gallery_of_every_size() -> None:
    asked: list[tuple[int, int]] = []

    def draw(size: int, number: int) -> Searches:
        asked.append((size, number))
        return independent_scores(size + number, 200)[0]

    swept = idn.sweep(draw, [30, 100], 2.5, galleries=3)
    assert asked == [(30, 0), (30, 1), (30, 2), (100, 0), (100, 1), (100, 2)]
    assert [entry.fpir.size for entry in swept] == [3, 3]
    assert swept[0].first.fpir.value == swept[0].fpir[0]
    assert swept[0].fpir.mean() < swept[1].fpir.mean()
    with pytest.raises(SearchError, match="galleries"):
        idn.sweep(draw, [30], 2.5, galleries=0)


def test_the_trade_off_runs_from_no_false_positive_to_all() -> None:
    found = independent_scores(100, 500)[0]
    curve = idn.iet(found)
    assert curve.fpir[0] == 0.0
    assert (np.diff(curve.fpir) >= 0).all()
    assert (np.diff(curve.fnir) <= 0).all()
    assert curve.fpir[-1] > 0.99
    for point in (0, 50, -1):
        assert found.false_positives(curve.threshold[point]).mean() == curve.fpir[point]
    with pytest.raises(SearchError):
        idn.iet(found, points=1)


@pytest.mark.parametrize("target", [0.0, 0.01, 0.5])
def test_a_threshold_for_an_fpir_is_the_lowest_that_keeps_it(target: float) -> None:
    found = independent_scores(100, 500)[0]
    threshold = idn.threshold_at_fpir(found, target)
    assert found.false_positives(threshold).mean() <= target
    assert found.false_positives(np.nextafter(np.float32(threshold), np.float32(-9))).mean() > target
    with pytest.raises(SearchError):
        idn.threshold_at_fpir(found, 1.0)
