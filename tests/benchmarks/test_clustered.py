"""Intervals over subjects: known answers, limits that must hold, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binomtest, t
from scipy.stats import norm as normal

from benchmarks import clustered
from benchmarks.bootstrap import NO_DIFFERENCE, NO_ERROR, ONLY_ERRORS
from benchmarks.clustered import Tally, crossed, paired_difference, proportion, tally
from benchmarks.interval import RateError, rule_of_three


def counted(errors: list[int], trials: list[int]) -> Tally:
    return Tally(np.array(errors, np.int64), np.array(trials, np.int64))


def test_a_tally_counts_by_subject() -> None:
    made = tally([True, False, True, True], ["b", "a", "b", "a"])
    assert (made.errors.tolist(), made.trials.tolist(), made.subjects, made.share) == ([1, 2], [2, 2], 2, 0.75)


@pytest.mark.parametrize(
    ("errors", "subjects", "said"),
    [
        ([True], ["a", "b"], "one length"),
        ([], [], "one length"),
        ([0.5, 1.0], ["a", "b"], "only 0 and 1"),
        ([True, False], ["a", "a"], "at least 2"),
    ],
)
def test_what_can_not_be_tallied_is_refused(errors, subjects, said) -> None:
    with pytest.raises(RateError, match=said):
        tally(errors, subjects)


def test_the_variance_of_equal_subjects_is_that_of_their_means() -> None:
    made = counted([1, 0, 3, 2], [5, 5, 5, 5])
    assert clustered.variance(made) == pytest.approx(np.var([0.2, 0.0, 0.6, 0.4], ddof=1) / 4)


def test_the_design_effect_of_subjects_who_always_or_never_fail_is_their_number_of_trials() -> None:
    # n/(n-1) aside, which the variance has for its few subjects.
    assert clustered.design_effect(counted([10] * 50 + [0] * 50, [10] * 100)) == pytest.approx(10 * 100 / 99)


def test_without_dependence_the_effective_sample_is_clopper_pearson_but_for_t() -> None:
    low, high = clustered.over_effective(0.1, 0.1 * 0.9 / 400, 400, 10_000_000, 0.95)
    exact = binomtest(40, 400).proportion_ci(0.95, method="exact")
    assert (low, high) == pytest.approx((exact.low, exact.high), rel=1e-5)


def test_few_subjects_cost_the_square_of_t_over_z() -> None:
    size = 400 * (normal.isf(0.025) / t.isf(0.025, 9)) ** 2
    assert clustered.over_effective(0.1, 0.1 * 0.9 / 400, 400, 10, 0.95) == pytest.approx(
        (beta.ppf(0.025, 0.1 * size, 0.9 * size + 1), beta.ppf(0.975, 0.1 * size + 1, 0.9 * size))
    )


def test_a_sample_is_worth_no_more_than_its_trials() -> None:
    # Every subject fails exactly once in ten: no variance between subjects, and still only 100 trials.
    low, high = clustered.effective(counted([1] * 10, [10] * 10))
    exact = binomtest(10, 100).proportion_ci(0.95, method="exact")
    assert low < exact.low < exact.high < high


def test_the_likelihood_of_two_kinds_reckons_with_a_kind_that_was_not_seen() -> None:
    seen = counted([1] * 6 + [0] * 24, [10] * 30)
    low, high = clustered.two_kinds(seen)
    naive = binomtest(6, 300).proportion_ci(0.95, method="wilson")
    assert low < 0.02 < high
    assert high > naive.high  # one person in thirty may be of another kind


def test_one_person_who_always_fails_tells_of_persons_and_not_of_trials() -> None:
    interval = proportion(counted([20] + [0] * 59, [20] * 60))
    assert interval.low < 0.001
    assert interval.high > 0.08  # about Clopper and Pearson's upper end of 1 in 60


def test_nothing_seen_gives_the_rule_of_3_on_subjects_one_sided() -> None:
    none, all_ = proportion(counted([0] * 20, [5] * 20)), proportion(counted([5] * 20, [5] * 20))
    assert (none.low, none.high, none.method) == (0.0, rule_of_three(20).high, NO_ERROR)
    assert (all_.low, all_.high, all_.method) == (1.0 - rule_of_three(20).high, 1.0, ONLY_ERRORS)
    assert "one-sided" in none.method


SUBJECTS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6)).map(lambda p: (p[0], p[0] + p[1] + 1)), min_size=3, max_size=25
)


@settings(deadline=None, max_examples=60)
@given(SUBJECTS)
def test_a_rate_lies_in_its_interval_within_0_and_1(pairs: list[tuple[int, int]]) -> None:
    made = counted([errors for errors, _ in pairs], [trials for _, trials in pairs])
    interval = proportion(made)
    assert 0.0 <= interval.low <= made.share + 1e-12
    assert made.share - 1e-12 <= interval.high <= 1.0


@settings(deadline=None, max_examples=30)
@given(SUBJECTS)
def test_more_confidence_is_a_wider_interval(pairs: list[tuple[int, int]]) -> None:
    made = counted([errors for errors, _ in pairs], [trials for _, trials in pairs])
    less, more = proportion(made, 0.8), proportion(made, 0.99)
    assert more.low <= less.low + 1e-9
    assert less.high <= more.high + 1e-9


def test_as_many_subjects_again_make_it_narrower() -> None:
    one, four = counted([2, 0, 0, 1, 0] * 6, [10] * 30), counted([2, 0, 0, 1, 0] * 24, [10] * 120)
    assert (proportion(four).high - proportion(four).low) < 0.7 * (proportion(one).high - proportion(one).low)


def test_a_large_sample_of_a_research_set_is_done_in_time_and_holds_its_rate() -> None:
    draw = np.random.default_rng(1)
    trials = np.minimum(draw.geometric(0.1, 1680), 530).astype(np.int64)
    errors = draw.binomial(trials, draw.beta(0.3, 10, 1680))
    made = Tally(errors.astype(np.int64), trials)
    interval = proportion(made)
    assert interval.low < made.share < interval.high
    assert interval.high - interval.low < 0.02


def test_the_jackknife_of_a_mean_is_its_variance() -> None:
    values = np.array([1.0, 4.0, 2.0, 7.0])
    without = (values.sum() - values) / 3
    assert clustered.jackknife(without) == pytest.approx(np.var(values, ddof=1) / 4)


def pairs_of(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = len(matrix)
    return matrix.sum(axis=1).astype(np.int64), np.full(n, n - 1, np.int64)


def test_crossed_is_wider_where_one_subject_resembles_everyone() -> None:
    spread, wolf = np.zeros((20, 20)), np.zeros((20, 20))
    for first in range(0, 20, 2):
        spread[first, first + 1] = spread[first + 1, first] = 1
    wolf[0, 1:11] = wolf[1:11, 0] = 1
    one, other = crossed(*pairs_of(spread)), crossed(*pairs_of(wolf))
    assert one.high - one.low < other.high - other.low
    assert one.low < 10 / 190 < one.high


def test_crossed_without_a_match_takes_the_rule_of_3_on_subjects() -> None:
    assert crossed(*pairs_of(np.zeros((30, 30)))).high == rule_of_three(30).high


def test_two_subjects_alone_tell_nothing_of_others() -> None:
    interval = crossed(np.array([1, 1]), np.array([4, 4]))
    assert (interval.low, interval.high, interval.method) == (0.0, 1.0, clustered.TWO_ALONE)


@pytest.mark.parametrize(
    ("errors", "trials", "said"),
    [
        ([0], [2], "2 subjects or more"),
        ([1, 0, 0], [2, 2, 2], "at both its subjects"),
        ([0, 0, 0], [0, 0, 0], "at least one"),
        ([3, 0, 1], [2, 2, 2], "at both its subjects"),
        ([1, 1, 0], [2, 2, 0], "left when one subject"),
    ],
)
def test_comparisons_that_do_not_add_up_are_refused(errors, trials, said) -> None:
    with pytest.raises(RateError, match=said):
        crossed(np.array(errors, np.int64), np.array(trials, np.int64))


def test_swapping_two_lanes_mirrors_their_difference() -> None:
    one, other = counted([2, 0, 1, 0, 4] * 5, [10] * 25), counted([1, 3, 0, 0, 5] * 5, [10] * 25)
    there, back = paired_difference(one, other), paired_difference(other, one)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert there.low < one.share - other.share < there.high


def test_lanes_that_fail_with_the_same_persons_differ_less_surely_apart() -> None:
    # The same failures, at the other lane by the same persons or by others: together they tell more of a difference.
    one = counted([4, 0, 0, 0, 0] * 6, [10] * 30)
    same, others = counted([3, 0, 0, 0, 0] * 6, [10] * 30), counted([0, 0, 3, 0, 0] * 6, [10] * 30)
    together, apart = paired_difference(one, same), paired_difference(one, others)
    assert together.high - together.low < apart.high - apart.low
    assert clustered.correlation(one, same) == pytest.approx(1.0)


def test_two_lanes_without_an_error_may_still_differ_to_both_sides() -> None:
    none = counted([0] * 20, [5] * 20)
    interval = paired_difference(none, none)
    assert (interval.low, interval.high) == (-rule_of_three(20).high, rule_of_three(20).high)
    assert interval.method == NO_DIFFERENCE
    with pytest.raises(RateError, match="the same in both"):
        paired_difference(none, counted([0] * 3, [5] * 3))


def test_the_mean_of_one_value_each_is_students() -> None:
    values = [1.0, 2.0, 4.0, 9.0]
    interval = clustered.mean(values, list("abcd"))
    reach = t.isf(0.025, 3) * np.std(values, ddof=1) / 2
    assert (interval.low, interval.high) == pytest.approx((4.0 - reach, 4.0 + reach))


def test_a_quantile_of_independent_values_has_binomial_ends() -> None:
    values = np.arange(1000.0)
    interval = clustered.quantile(values, np.arange(1000), 0.5)
    assert interval.low == pytest.approx(500 - 1.96 * np.sqrt(250), abs=3)
    assert interval.high == pytest.approx(500 + 1.96 * np.sqrt(250), abs=3)


def test_a_quantile_over_subjects_who_repeat_themselves_is_as_sure_as_their_number() -> None:
    values = np.repeat(np.arange(50.0), 20)
    whole = clustered.quantile(values, np.repeat(np.arange(50), 20), 0.5)
    once = clustered.quantile(np.arange(50.0), np.arange(50), 0.5)
    assert (whole.low, whole.high) == pytest.approx((once.low, once.high), abs=1.0)


def test_values_that_are_all_alike_have_a_point_for_a_quantile() -> None:
    interval = clustered.quantile([2.0] * 6, list("aabbcc"), 0.95)
    assert (interval.low, interval.high) == (2.0, 2.0)


def test_the_difference_of_two_lanes_quantiles_knows_slow_persons() -> None:
    draw = np.random.default_rng(3)
    pace = np.repeat(draw.normal(size=40), 5)
    one, other = pace + 0.1 * draw.normal(size=200), pace + 1 + 0.1 * draw.normal(size=200)
    whose = np.repeat(np.arange(40), 5)
    paired = clustered.quantile_difference(one, whose, other, whose, 0.5)
    strangers = clustered.quantile_difference(one, whose, other, whose + 1000, 0.5)
    assert paired.high - paired.low < 0.7 * (strangers.high - strangers.low)
    assert paired.low < np.median(one) - np.median(other) < paired.high


@pytest.mark.parametrize("q", [0.0, 1.0, float("nan")])
def test_a_quantile_outside_0_to_1_is_refused(q: float) -> None:
    with pytest.raises(RateError, match="q: expected"):
        clustered.quantile([1.0, 2.0], ["a", "b"], q)


@pytest.mark.parametrize(
    ("values", "subjects"), [([1.0], ["a", "b"]), ([np.nan, 1.0], ["a", "b"]), ([1.0, 2.0], ["a", "a"])]
)
def test_values_that_have_no_mean_over_subjects_are_refused(values, subjects) -> None:
    with pytest.raises(RateError, match="expected"):
        clustered.mean(values, subjects)
