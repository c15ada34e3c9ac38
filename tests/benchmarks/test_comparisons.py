"""Scores and rates against double loops and exhaustive searches."""

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import comparisons
from benchmarks.comparisons import (
    ComparisonError,
    Comparisons,
    TailError,
    crossed,
    det,
    far,
    fmr,
    fnmr,
    frr,
    listed,
    threshold_at_fmr,
)


def faces(images: int, people: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    who = draw.integers(0, people, images)
    vectors = draw.normal(size=(people, 16))[who] + draw.normal(size=(images, 16))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), who


def of_scores(mated: list[float], nonmated: list[float]) -> Comparisons:
    """Everyone mated is subject 0; the non-mated pairs are 0 and 1."""
    count = len(mated)
    return listed(
        mated + nonmated, [0] * (count + len(nonmated)), [0] * count + [1] * len(nonmated),
        [True] * count + [False] * len(nonmated),
    )  # fmt: skip


def double_loop(vectors: np.ndarray, who: np.ndarray) -> tuple[list[tuple], list[tuple]]:
    mated, nonmated = [], []
    for i, j in itertools.combinations(range(len(who)), 2):
        score = float(vectors[i].astype(np.float64) @ vectors[j].astype(np.float64))
        if who[i] == who[j]:
            mated.append((score, who[i]))
        else:
            nonmated.append((score, who[i], who[j]))
    return sorted(mated), sorted(nonmated, reverse=True)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparisons, "_ROWS", 7)


@pytest.mark.usefixtures("small_blocks")
def test_crossed_keeps_all_mated_pairs_of_a_double_loop() -> None:
    vectors, who = faces(40, 6)
    c, (mated, _) = crossed(vectors, who, 0.1), double_loop(vectors, who)
    np.testing.assert_allclose(c.mated, [pair[0] for pair in mated], atol=1e-6)
    assert c.mated_subject.tolist() == [pair[1] for pair in mated]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("tail", [0.01, 0.1, 1.0])
def test_crossed_keeps_the_upper_tail_of_a_double_loop(tail: float) -> None:
    vectors, who = faces(40, 6)
    c, (_, nonmated) = crossed(vectors, who, tail), double_loop(vectors, who)
    expected = nonmated[: int(np.ceil(tail * len(nonmated)))]
    np.testing.assert_allclose(c.nonmated, [pair[0] for pair in expected], atol=1e-6)
    assert list(zip(c.nonmated_first, c.nonmated_second, strict=True)) == [pair[1:] for pair in expected]
    assert c.nonmated_trials == len(nonmated)


@pytest.mark.usefixtures("small_blocks")
def test_crossed_keeps_ties_at_the_floor_together() -> None:
    axes = np.eye(4, dtype=np.float32)[[0, 0, 0, 1, 2, 3]]
    c = crossed(axes, np.arange(6), tail=0.1)
    assert c.nonmated.tolist() == [1.0, 1.0, 1.0]  # 2 asked, three images are alike


def test_crossed_stays_small_in_memory() -> None:
    vectors, who = faces(4000, 200)  # the whole matrix would be 64 MB, its indices 128 MB
    tracemalloc.start()
    crossed(vectors, who, 0.01)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6


def test_crossed_takes_out_copies_of_one_subject_from_the_total_weight() -> None:
    c = crossed(*faces(12, 4), 1.0)
    weights = np.array([2, 0, 3, 1])
    listed_weight = sum(weights[i] * weights[j] for i, j in zip(c.nonmated_first, c.nonmated_second, strict=True))
    assert c.nonmated_weight(weights) == listed_weight


def test_crossed_counts_the_trials_that_images_without_a_face_cost() -> None:
    vectors, who = faces(4, 1)
    c = crossed(vectors, who, 1.0, attempted=[5, 2])
    assert (c.mated_lost, c.nonmated_lost) == (10 + 1 - 6, 10)


def test_a_subject_without_any_acquired_image_stays_a_subject() -> None:
    assert crossed(*faces(4, 1), 1.0, attempted=[5, 2]).subjects == 2


@pytest.mark.parametrize("tail", [0.0, -0.1, 1.1, float("nan")])
def test_crossed_refuses_a_tail_that_is_no_share(tail: float) -> None:
    with pytest.raises(ComparisonError, match="tail"):
        crossed(*faces(4, 2), tail)


def test_crossed_refuses_embeddings_that_are_not_unit_length() -> None:
    vectors, who = faces(4, 2)
    with pytest.raises(ComparisonError, match=r"unit length.*row 2"):
        crossed(vectors * np.array([[1], [1], [2], [1]], np.float32), who, 1.0)


def test_crossed_refuses_a_single_image() -> None:
    with pytest.raises(ComparisonError, match="at least 2"):
        crossed(*faces(1, 1), 1.0)


def test_crossed_refuses_more_images_acquired_than_attempted() -> None:
    with pytest.raises(ComparisonError, match="attempted"):
        crossed(*faces(4, 1), 1.0, attempted=[3])


def test_crossed_refuses_subjects_of_another_length() -> None:
    with pytest.raises(ComparisonError, match="subjects"):
        crossed(faces(4, 1)[0], [0, 0], 1.0)


def test_a_score_equal_to_the_threshold_matches() -> None:
    c = of_scores([0.5], [0.5])
    assert (fmr(c, 0.5), fnmr(c, 0.5)) == (1.0, 0.0)


def test_a_threshold_between_two_float32_numbers_is_not_rounded() -> None:
    c = of_scores([0.5], [0.5])
    assert fmr(c, 0.5 + 1e-12) == 0.0
    assert fnmr(c, 0.5 + 1e-12) == 1.0


def test_listed_counts_nan_as_lost_and_in_no_rate() -> None:
    c = of_scores([0.9, np.nan, 0.1], [np.nan, 0.2])
    assert (c.mated_lost, c.nonmated_lost, fnmr(c, 0.5), fmr(c, 0.1)) == (1, 1, 0.5, 1.0)


def test_false_reject_rate_is_fta_plus_what_fnmr_leaves() -> None:
    c = of_scores([0.9, np.nan, 0.1, 0.8], [0.2])
    assert frr(c, 0.5) == pytest.approx(1 / 4 + 1 / 3 * (1 - 1 / 4))


def test_false_accept_rate_is_fmr_of_what_was_acquired() -> None:
    c = of_scores([0.9], [0.6, 0.2, np.nan, np.nan])
    assert far(c, 0.5) == pytest.approx(0.5 * (1 - 0.5))


def test_minus_infinity_is_a_comparison_that_never_matches() -> None:
    assert fnmr(of_scores([-np.inf, 0.9], [0.2]), -100.0) == 0.5


def test_listed_refuses_a_mated_pair_of_two_people() -> None:
    with pytest.raises(ComparisonError, match="pair 1"):
        listed([0.1, 0.2], [0, 0], [0, 1], [True, True])


@pytest.mark.parametrize(
    ("scores", "first", "mask"),
    [([], [], []), ([0.1], [0, 1], [True]), ([0.1], [-1], [True]), ([0.1], [0.5], [True]), ([0.1], [0], [1])],
)
def test_listed_refuses_what_is_no_list_of_pairs(scores, first, mask) -> None:
    with pytest.raises(ComparisonError):
        listed(scores, first, first, mask)


def test_listed_refuses_an_infinite_match() -> None:
    with pytest.raises(ComparisonError, match=r"\+inf"):
        of_scores([np.inf], [0.1])


def test_listed_refuses_fewer_subjects_than_named() -> None:
    with pytest.raises(ComparisonError, match="highest index 3"):
        listed([0.1], [3], [3], [True], subjects=3)


def test_a_rate_over_no_trial_is_refused() -> None:
    with pytest.raises(ComparisonError, match="mated trials"):
        fnmr(of_scores([np.nan], [0.1]), 0.5)


def test_a_nan_threshold_is_refused() -> None:
    with pytest.raises(ComparisonError, match="NaN"):
        fmr(of_scores([0.5], [0.1]), float("nan"))


def test_scores_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="read-only"):
        of_scores([0.5], [0.1]).mated[0] = 1.0


def test_a_threshold_below_the_tail_is_refused_with_the_floor() -> None:
    c = crossed(*faces(40, 6), 0.1)
    with pytest.raises(TailError, match="tail"):
        fmr(c, c.floor - 0.01)


def test_an_fmr_beyond_the_tail_is_refused_with_the_tail_to_ask_for() -> None:
    vectors, who = faces(40, 6)
    with pytest.raises(TailError, match=r"tail of 0\.2"):
        threshold_at_fmr(crossed(vectors, who, 0.1), 0.2)
    assert threshold_at_fmr(crossed(vectors, who, 0.21), 0.2) > -1


@pytest.mark.parametrize("target", [-0.1, 1.0, float("nan")])
def test_a_target_that_is_no_rate_is_refused(target: float) -> None:
    with pytest.raises(ComparisonError, match="target"):
        threshold_at_fmr(of_scores([0.5], [0.1]), target)


def test_the_threshold_for_no_false_match_is_just_above_the_highest() -> None:
    c = of_scores([0.5], [0.1, 0.3])
    assert threshold_at_fmr(c, 0.0) == np.nextafter(np.float32(0.3), np.float32(1))


def test_a_target_that_floats_round_badly_is_still_met_exactly() -> None:
    c = of_scores([0.5], [i / 128 for i in range(100)])  # 0.29 * 100 is 28.999999999999996
    assert fmr(c, threshold_at_fmr(c, 0.29)) == 0.29


TIED = st.lists(st.integers(-8, 8).map(lambda i: i / 8), min_size=1, max_size=30)


@settings(deadline=None)
@given(TIED, st.integers(0, 30).map(lambda i: i / 31))
def test_the_threshold_is_the_lowest_that_meets_the_target(nonmated: list[float], target: float) -> None:
    c = of_scores([0.0], nonmated)
    threshold = threshold_at_fmr(c, target)
    lower = float(np.nextafter(np.float32(threshold), np.float32(-np.inf)))
    assert fmr(c, threshold) <= target < fmr(c, lower)


@settings(deadline=None)
@given(TIED, TIED, st.floats(-1, 1), st.floats(-1, 1))
def test_a_higher_threshold_never_raises_fmr_nor_lowers_fnmr(mated, nonmated, one, other) -> None:
    c, (low, high) = of_scores(mated, nonmated), sorted((one, other))
    assert fmr(c, low) >= fmr(c, high)
    assert fnmr(c, low) <= fnmr(c, high)


@settings(deadline=None)
@given(TIED, TIED, st.floats(-1.5, 1.5))
def test_rates_are_plain_shares_of_the_scores(mated, nonmated, threshold) -> None:
    c = of_scores(mated, nonmated)
    assert fmr(c, threshold) == np.mean([score >= threshold for score in nonmated])
    assert fnmr(c, threshold) == np.mean([score < threshold for score in mated])


@settings(deadline=None)
@given(st.integers(0, 50), st.sampled_from([0.02, 0.1, 0.5]), st.floats(0, 1))
def test_above_its_floor_a_tail_answers_as_all_scores_do(seed: int, tail: float, place: float) -> None:
    vectors, who = faces(20, 4, seed)
    part, whole = crossed(vectors, who, tail), crossed(vectors, who, 1.0)
    threshold = part.floor + place * (1 - part.floor)
    assert fmr(part, threshold) == fmr(whole, threshold)


def test_det_points_are_the_rates_at_their_thresholds() -> None:
    c = crossed(*faces(40, 6), 0.5)
    for false_matches, misses, threshold in zip(*det(c, 20), strict=True):
        assert (fmr(c, threshold), fnmr(c, threshold)) == (false_matches, misses)


def test_det_starts_without_a_false_match_and_rises() -> None:
    curve = det(crossed(*faces(40, 6), 1.0), 20)
    assert curve.fmr[0] == 0.0
    assert (np.diff(curve.fmr) > 0).all()
    assert (np.diff(curve.fnmr) <= 0).all()


def test_det_refuses_a_single_point() -> None:
    with pytest.raises(ComparisonError, match="points"):
        det(of_scores([0.5], [0.1]), 1)
