"""Rates from rates, as the standard defines them."""

import pytest

from benchmarks import rates
from benchmarks.interval import RateError


def test_far_and_frr_of_one_attempt() -> None:
    assert rates.false_accept(0.01, 0.2) == pytest.approx(0.008)
    assert rates.false_reject(0.05, 0.02) == pytest.approx(0.02 + 0.98 * 0.05)


def test_generalised_rates_have_failures_to_enrol_in_them() -> None:
    assert rates.generalised_false_accept(0.01, 0.2, 0.1) == pytest.approx(0.9 * 0.8 * 0.01)
    assert rates.generalised_false_reject(0.05, 0.02, 0.1) == pytest.approx(0.1 + 0.9 * 0.02 + 0.9 * 0.98 * 0.05)
    assert rates.generalised_false_reject(0.0, 0.0, 1.0) == 1.0
    assert rates.generalised_false_accept(1.0, 0.0, 1.0) == 0.0


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
def test_what_is_no_share_is_named(wrong: float) -> None:
    with pytest.raises(RateError, match="fmr"):
        rates.false_accept(wrong, 0.0)
    with pytest.raises(RateError, match="fte"):
        rates.generalised_false_reject(0.1, 0.1, wrong)
