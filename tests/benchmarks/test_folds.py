"""Fold accuracy: the threshold from the others, the accuracy from the fold."""

import numpy as np
import pytest

from benchmarks.folds import FoldError, best_threshold, fold_accuracy


def threshold(scores: list[float], mated: list[int]) -> float:
    return best_threshold(np.array(scores, np.float64), np.array(mated, np.bool_))


def test_perfect_scores_give_perfect_accuracy() -> None:
    result = fold_accuracy([0.9, 0.1] * 10, [True, False] * 10, np.repeat(np.arange(10), 2))
    assert (result.accuracies.tolist(), result.mean, result.deviation) == ([1.0] * 10, 1.0, 0.0)


def test_a_fold_is_judged_at_the_threshold_of_the_others() -> None:
    # On fold 1 alone 0.25 would separate; the other fold says 0.75.
    result = fold_accuracy([0.9, 0.6, 0.4, 0.1], [True, False] * 2, [0, 0, 1, 1])
    assert result.thresholds.tolist() == [0.25, 0.75]
    assert result.accuracies.tolist() == [0.5, 0.5]


def test_accuracies_match_an_exhaustive_search() -> None:
    draw = np.random.default_rng(0)
    mated, folds = draw.random(200) < 0.5, np.arange(200) % 5
    scores = draw.normal(size=200) + mated
    result = fold_accuracy(scores, mated, folds)
    for fold in range(5):
        others = folds != fold
        best = max(np.mean((scores[others] >= t) == mated[others]) for t in [*scores, np.inf])
        assert np.mean((scores[others] >= result.thresholds[fold]) == mated[others]) == best


def test_deviation_has_ddof_1_and_the_error_divides_by_root_folds() -> None:
    draw = np.random.default_rng(0)
    mated = draw.random(100) < 0.5
    result = fold_accuracy(draw.normal(size=100) + mated, mated, np.arange(100) % 10)
    assert result.deviation == pytest.approx(np.std(result.accuracies, ddof=1))
    assert result.standard_error == pytest.approx(result.deviation / np.sqrt(10))


def test_a_pair_without_a_score_counts_as_a_non_match() -> None:
    result = fold_accuracy([0.9, 0.1, np.nan, np.nan, 0.9, 0.1], [True, False] * 3, [0, 0, 1, 1, 2, 2])
    assert result.accuracies.tolist() == [1.0, 0.5, 1.0]
    assert result.not_completed == 2


def test_pairs_without_a_score_do_not_move_the_threshold() -> None:
    assert threshold([0.9, 0.1, np.nan], [1, 0, 1]) == threshold([0.9, 0.1], [1, 0])


def test_the_threshold_is_half_way_between_its_neighbours() -> None:
    assert threshold([1.0, 0.5, 0.25, 0.0], [1, 1, 0, 0]) == 0.375


def test_of_several_best_gaps_the_middle_one_is_taken() -> None:
    # One pair is wrong at 0.3, at 0.5 and at 0.7 alike.
    assert threshold([0.2, 0.4, 0.4, 0.6, 0.6, 0.8], [0, 1, 0, 1, 0, 1]) == pytest.approx(0.5)


def test_where_all_should_match_the_threshold_is_the_lowest_score() -> None:
    assert threshold([0.3, 0.7], [1, 1]) == 0.3


def test_where_none_should_match_the_threshold_is_above_the_highest() -> None:
    assert threshold([0.3, 0.7], [0, 0]) > 0.7


def test_neighbouring_floats_are_still_told_apart() -> None:
    low = 0.5
    high = float(np.nextafter(low, 1))
    assert threshold([low, high], [0, 1]) == high


@pytest.mark.parametrize(
    ("scores", "mated", "folds", "words"),
    [
        ([], [], [], "one length"),
        ([0.1, 0.2], [True], [0, 1], "one length"),
        ([0.1, 0.2], [1, 0], [0, 1], "booleans"),
        ([0.1, np.inf], [True, False], [0, 1], "infinite"),
        ([0.1, 0.2], [True, False], [0, 0], "at least 2"),
        ([0.1, np.nan], [True, False], [0, 1], "completed"),
    ],
)
def test_what_gives_no_accuracy_is_refused(scores, mated, folds, words) -> None:
    with pytest.raises(FoldError, match=words):
        fold_accuracy(scores, mated, folds)
