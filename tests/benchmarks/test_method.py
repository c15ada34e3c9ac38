"""Which interval is taken for which data."""

import numpy as np
import pytest

from benchmarks import clustered, comparisons, method
from benchmarks.bootstrap import NO_DIFFERENCE, NO_ERROR
from benchmarks.interval import RateError, clopper_pearson, newcombe_paired, wilson


@pytest.mark.parametrize(
    ("k", "n", "said"),
    [
        (0, 40, "no error seen: rule of 3 (one-sided)"),
        (40, 40, "only errors seen: rule of 3 (one-sided)"),
        (5, 400, "Clopper-Pearson exact"),
        (395, 400, "Clopper-Pearson exact"),
        (30, 400, "Wilson score"),
    ],
)
def test_independent_trials_by_how_many_errors_there_are(k: int, n: int, said: str) -> None:
    assert method.independent(k, n).method == said


def test_one_trial_a_subject_is_independent_and_several_are_not() -> None:
    errors = np.arange(200) % 5 == 0
    once, often = method.rate(errors, np.arange(200)), method.rate(errors, np.arange(200) // 4)
    assert (once.low, once.high) == (wilson(40, 200).low, wilson(40, 200).high)
    assert often.method == clustered.CLUSTERED
    few = np.arange(200) % 20 == 0
    assert method.rate(few, np.arange(200)).high == clopper_pearson(10, 200).high
    assert method.rate(np.zeros(200), np.arange(200) // 4).method == NO_ERROR


def test_pairs_of_one_morning_each_are_newcombes_and_several_mornings_are_not() -> None:
    one, other = np.arange(60) % 3 == 0, np.arange(60) % 4 == 0
    both = method.paired_difference(one, other, np.arange(60))
    a, b = int((one & other).sum()), int((one & ~other).sum())
    expected = newcombe_paired(a, b, int((~one & other).sum()), 60 - a - b - int((~one & other).sum()))
    assert (both.low, both.high) == (expected.low, expected.high)
    assert method.paired_difference(one, other, np.arange(60) // 2).method == clustered.PAIRED
    nothing = np.zeros(60, bool)
    assert method.paired_difference(nothing, nothing, np.arange(60)).method == NO_DIFFERENCE


def test_the_order_of_rows_changes_nothing() -> None:
    draw = np.random.default_rng(1)
    one, other, whose = draw.random(300) < 0.1, draw.random(300) < 0.2, np.arange(300) // 10
    order = draw.permutation(300)
    assert method.paired_difference(one, other, whose) == method.paired_difference(
        one[order], other[order], whose[order]
    )


def test_false_matches_count_at_both_their_subjects() -> None:
    draw = np.random.default_rng(2)
    vectors = draw.normal(size=(60, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    c = comparisons.crossed(vectors, np.arange(60) % 20, 1.0)
    interval = method.false_match_rate(c, 0.5)
    assert interval.method == clustered.CROSSED
    assert interval.low < comparisons.fmr(c, 0.5) < interval.high
    by_subject = c.nonmated_by_subject()
    assert by_subject.sum() == 2 * c.nonmated_trials
    i, j = np.triu_indices(60, 1)
    whose = np.arange(60) % 20
    listed = comparisons.listed((vectors @ vectors.T)[i, j], whose[i], whose[j], whose[i] == whose[j])
    assert listed.nonmated_by_subject().tolist() == by_subject.tolist()
    assert method.false_match_rate(listed, 0.5) == interval


def test_false_non_matches_are_over_subjects() -> None:
    c = comparisons.listed([0.1, 0.9, 0.8, 0.2, 0.3], [0, 0, 1, 1, 0], [0, 0, 1, 1, 1], [True, True, True, True, False])
    assert method.false_non_match_rate(c, 0.5).method == clustered.CLUSTERED


def test_groups_are_unpaired() -> None:
    low, high = 0.05, 0.4
    draw = np.random.default_rng(4)
    one, other = draw.random(400) < high, draw.random(300) < low
    interval = method.unpaired_difference(one, np.arange(400) // 10, other, np.arange(300) // 10)
    assert interval.method == clustered.UNPAIRED
    assert 0.2 < interval.low < one.mean() - other.mean() < interval.high < 0.5
    with pytest.raises(RateError):
        method.unpaired_difference([True], [0], other, np.arange(300))
