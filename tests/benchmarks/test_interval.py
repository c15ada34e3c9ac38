"""Intervals against published and independently computed figures."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.errors import BenchmarkError
from benchmarks.interval import (
    Interval,
    RateError,
    agresti_coull,
    clopper_pearson,
    mcnemar,
    newcombe_paired,
    newcombe_unpaired,
    rule_of_three,
    upper_bound,
    wilson,
)


def ends(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high


def test_clopper_pearson_reproduces_the_figures_of_bob_measure() -> None:
    assert ends(clopper_pearson(9856, 10000)) == pytest.approx((0.98306835, 0.98784271), abs=5e-9)


def test_clopper_pearson_of_no_error_in_300() -> None:
    assert ends(clopper_pearson(0, 300)) == pytest.approx((0.0, 0.012221), abs=5e-7)


def test_clopper_pearson_upper_of_5_in_174_at_80_percent() -> None:
    assert clopper_pearson(5, 174, level=0.8).high == pytest.approx(0.0526, abs=5e-5)


def test_wilson_of_3_in_300() -> None:
    assert ends(wilson(3, 300)) == pytest.approx((0.003407, 0.028983), abs=5e-7)


def test_wilson_upper_of_5_in_174_at_80_percent() -> None:
    assert wilson(5, 174, level=0.8).high == pytest.approx(0.0499, abs=5e-5)


def test_newcombe_unpaired_reproduces_56_of_70_against_48_of_80() -> None:
    assert ends(newcombe_unpaired(56, 70, 48, 80)) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_newcombe_paired_reproduces_method_10_with_a_negative_difference() -> None:
    assert ends(newcombe_paired(1, 1, 7, 12)) == pytest.approx((-0.5069, -0.0256), abs=5e-5)


def test_newcombe_paired_of_2000_mornings_at_two_lanes() -> None:
    # Both fail 2, the first lane alone 48, the second alone 88: -2.00 points (-3.17, -0.86).
    assert ends(newcombe_paired(2, 48, 88, 1862)) == pytest.approx((-0.0317, -0.0086), abs=5e-5)


def test_newcombe_paired_with_an_empty_margin_takes_no_correlation() -> None:
    low, high = ends(newcombe_paired(0, 0, 0, 20))
    assert low == pytest.approx(-high)


@pytest.mark.parametrize(
    ("largest", "trials"), [(0.05, 59), (0.03, 99), (0.01, 299), (0.003, 998), (0.001, 2995), (0.0001, 29956)]
)
def test_rule_of_three_needs_exactly_so_many_trials(largest: float, trials: int) -> None:
    assert rule_of_three(trials).high <= largest < rule_of_three(trials - 1).high


def test_rule_of_three_says_that_it_is_one_sided() -> None:
    assert "one-sided" in rule_of_three(100).method


def test_rule_of_three_is_close_to_three_over_n() -> None:
    assert rule_of_three(3000).high == pytest.approx(3 / 3000, rel=0.003)


@pytest.mark.parametrize("make", [wilson, clopper_pearson])
@pytest.mark.parametrize(("k", "n"), [(4, 3), (-1, 3), (0, 0), (0, -2), (0.5, 3), (1, 3.0)])
def test_counts_that_make_no_rate_are_refused(make, k, n) -> None:
    with pytest.raises(RateError, match="expected"):
        make(k, n)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 95, float("nan")])
def test_a_level_outside_0_to_1_is_refused(level: float) -> None:
    with pytest.raises(RateError, match="level"):
        wilson(1, 3, level)


def test_rule_of_three_over_nothing_is_refused() -> None:
    with pytest.raises(RateError, match="at least one trial"):
        rule_of_three(0)


def test_newcombe_unpaired_names_the_group_that_is_wrong() -> None:
    with pytest.raises(RateError, match="k2"):
        newcombe_unpaired(1, 2, 3, 2)


def test_newcombe_paired_of_no_pairs_is_refused() -> None:
    with pytest.raises(RateError, match="pairs"):
        newcombe_paired(0, 0, 0, 0)


def test_mcnemar_looks_at_pairs_that_disagree_alone() -> None:
    assert mcnemar(0, 0) == mcnemar(7, 7) == 1.0
    assert mcnemar(1, 9) == pytest.approx(2 * (1 + 10) / 2**10)
    assert mcnemar(9, 1) == mcnemar(1, 9)
    with pytest.raises(RateError, match="second_only"):
        mcnemar(1, -1)


def test_agresti_coull_is_wilsons_middle_with_more_width() -> None:
    here, there = agresti_coull(20, 100), wilson(20, 100)
    assert here.low + here.high == pytest.approx(there.low + there.high)
    assert here.low < there.low < there.high < here.high
    assert agresti_coull(0, 10).low == 0.0


@pytest.mark.parametrize(("k", "n"), [(0, 59), (2, 100), (40, 41), (5, 5)])
def test_the_one_sided_bound_is_the_rule_of_3_without_an_error_and_half_the_doubt_of_a_two_sided_one(k, n) -> None:
    bound = upper_bound(k, n)
    assert bound.high == pytest.approx(clopper_pearson(k, n, 0.9).high, abs=1e-6)
    assert k or bound.high == pytest.approx(rule_of_three(n).high, abs=1e-6)
    assert (bound.low, "one-sided" in bound.method) == (0.0, True)


def test_rate_error_is_both_a_benchmark_error_and_a_value_error() -> None:
    assert issubclass(RateError, BenchmarkError)
    assert issubclass(RateError, ValueError)


COUNTS = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(deadline=None)
@given(COUNTS)
def test_one_proportion_lies_in_its_intervals(counts: tuple[int, int]) -> None:
    k, n = counts
    for interval in (wilson(k, n), clopper_pearson(k, n)):
        assert 0.0 <= interval.low <= k / n + 1e-12
        assert k / n - 1e-12 <= interval.high <= 1.0


@settings(deadline=None)
@given(*[st.integers(0, 30)] * 3, st.integers(1, 30))
def test_swapping_the_two_lanes_mirrors_the_paired_interval(a: int, b: int, c: int, d: int) -> None:
    low, high = ends(newcombe_paired(a, b, c, d))
    assert ends(newcombe_paired(a, c, b, d)) == pytest.approx((-high, -low))


@settings(deadline=None)
@given(*[st.integers(0, 30)] * 3, st.integers(1, 30))
def test_a_paired_difference_lies_in_its_interval_within_minus_1_and_1(a: int, b: int, c: int, d: int) -> None:
    low, high = ends(newcombe_paired(a, b, c, d))
    assert -1.0 - 1e-12 <= low <= (b - c) / (a + b + c + d) + 1e-12
    assert (b - c) / (a + b + c + d) - 1e-12 <= high <= 1.0 + 1e-12
