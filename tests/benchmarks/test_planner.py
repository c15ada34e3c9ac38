"""Claims that are read, sizes that answer them, and what is said where one can't be."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from benchmarks.interval import RateError, rule_of_three, upper_bound
from benchmarks.planner import FORMS, Assumed, PlanError, crossing, plan, read, trials_without_error


@pytest.mark.parametrize("text", FORMS)
def test_every_form_that_is_told_can_be_planned(text: str) -> None:
    made = plan(text)
    assert made.claim == text
    assert made.subjects == made.trials == made.independent > 0
    assert made.explanation
    assert (made.sided == "one-sided") == ("<" in text)
    assert any(made.sided in sentence.lower() for sentence in made.explanation) or made.kind == "rate below"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("FRR 3% ± 1pp", "FRR 3 % +/- 1 pp"),
        ("FRR 3% ± 1pp", "FRR 3,0% +- 1pp"),
        ("FMR < 0.1%", "FMR at most 0.001"),
        ("FMR < 0.1%", "FMR ≤ 1:1000"),
        ("FRR face − tag < 2pp", "FRR face - tag below 2pp"),
        ("FRR face − tag < 2pp", "FRR face minus tag under 2pp"),
        ("FRR face 2% vs tag 3%", "FRR face 2% against tag 3%"),
    ],
)
def test_ways_to_write_one_claim(text: str, same: str) -> None:
    assert read(text) == read(same)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "found nothing"),
        ("FRR 3 ± 1pp", "'3' percent"),
        ("FRR 3% ± 1%", "unclear from '1%'"),
        ("3% ± 1pp", "name of a rate first"),
        ("FRR @ 3%", "can't read '@'"),
        ("FRR", "Expected one of"),
        ("FRR < 0%", "above 0%"),
        ("FRR < 100%", "below 100%"),
        ("FRR 200% ± 1pp", "below 100%"),
        ("FMR < 1:0", "above 0 in '1:0'"),
        ("FRR face 2% vs tag 2%", "above 0%"),
    ],
)
def test_what_can_not_be_read_is_named(text: str, named: str) -> None:
    with pytest.raises(PlanError, match="claim") as raised:
        plan(text)
    assert named in str(raised.value)
    assert "Expected one of" in str(raised.value) or "1:0" in text


@pytest.mark.parametrize(
    ("given_", "named"),
    [
        ({"power": 1.0}, "power"),
        ({"first": 0.0}, "first"),
        ({"dropout": 1.0}, "dropout"),
        ({"correlation": -0.1}, "correlation"),
        ({"attempts": 0}, "attempts"),
        ({"spread": 0.0}, "spread"),
        ({"spread": math.inf}, "spread"),
    ],
)
def test_assumptions_that_make_no_sense_are_named(given_, named: str) -> None:
    with pytest.raises(PlanError, match=named):
        Assumed(**given_)
    with pytest.raises(RateError, match="level"):
        Assumed(level=1.0)


@given(st.floats(1e-4, 0.5), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_trials_without_error_are_the_least_that_do(limit: float, level: float) -> None:
    needed = trials_without_error(limit, level)
    assert rule_of_three(needed, level).high <= limit
    assert needed == 1 or rule_of_three(needed - 1, level).high > limit


@given(st.integers(1, 10**9), st.booleans())
def test_crossed_subjects_are_the_least_that_do(trials: int, ordered: bool) -> None:
    subjects = crossing(trials, ordered=ordered)
    pairs = subjects * (subjects - 1) // (1 if ordered else 2)
    fewer = (subjects - 1) * (subjects - 2) // (1 if ordered else 2)
    assert fewer < trials <= pairs


def test_errors_that_are_expected_are_allowed_for() -> None:
    made = plan("FRR < 3%", Assumed(expected=0.015))
    assert made.allowed_errors
    assert upper_bound(made.allowed_errors, made.independent).high <= 0.03
    assert upper_bound(made.allowed_errors, made.independent - 1).high > 0.03
    assert binom.cdf(made.allowed_errors, made.independent, 0.015) >= 0.8
    # With one error fewer to allow the chance would be too small.
    fewer = made.allowed_errors - 1
    least = next(n for n in range(fewer + 1, 10_000) if upper_bound(fewer, n).high <= 0.03)
    assert binom.cdf(fewer, least, 0.015) < 0.8


def test_without_an_error_people_count_if_errors_cluster() -> None:
    made = plan("FRR < 1%", Assumed(attempts=20))
    assert (made.allowed_errors, made.independent, made.subjects_if_clustered) == (0, 299, 299)
    assert made.subjects < 299
    assert made.subjects_crossed_ordered is None  # an FRR isn't got by crossing
    assert plan("FMR < 0.1%").subjects_crossed_unordered == 78


def test_attempts_cost_a_design_effect_and_dropouts_are_invited_too() -> None:
    made = plan("FRR 3% ± 1pp", Assumed(attempts=20, correlation=0.1, dropout=0.2))
    assert made.design_effect == pytest.approx(2.9)
    assert made.subjects == math.ceil(made.trials / 20) == 163
    assert made.subjects_to_invite == math.ceil(163 / 0.8) == 204
    assert plan("FRR 3% ± 1pp", Assumed(attempts=20, correlation=0.0)).trials == 1118


def test_lanes_that_fail_together_need_fewer_pairs() -> None:
    alone, together = plan("FRR face − tag ± 1pp"), plan("FRR face − tag ± 1pp", Assumed(lanes=0.5))
    assert together.independent == pytest.approx(alone.independent / 2, abs=1)
    assert plan("FRR face 2% vs tag 3%", Assumed(lanes=0.3)).independent < 3828


@pytest.mark.parametrize(
    ("text", "assumed", "named"),
    [
        ("FRR < 1%", Assumed(expected=0.01), "at its limit"),
        ("FRR < 1%", Assumed(expected=0.00999), "too near"),
        ("FRR face − tag < 1pp", Assumed(first=0.05, second=0.03), "isn't below"),
        ("FRR face 2% vs tag 30%", Assumed(lanes=0.95), "correlation"),
    ],
)
def test_what_can_not_be_shown_is_said(text: str, assumed: Assumed, named: str) -> None:
    with pytest.raises(PlanError, match=named):
        plan(text, assumed)


def test_a_difference_expected_to_favour_the_first_lane_needs_fewer() -> None:
    favoured = plan("FRR face − tag < 2pp", Assumed(first=0.02, second=0.03))
    assert favoured.independent < plan("FRR face − tag < 2pp").independent
