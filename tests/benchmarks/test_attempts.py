"""Transactions of several attempts are counted, and the formulas beside them say what independence would give."""

import numpy as np
import pytest

from benchmarks.attempts import AttemptsError, all_fail, by_attempts, intraclass
from benchmarks.clustered import tally
from edge.transaction import Stamp, Transaction


def row(subject: str | None, attempts: int, opened: bool, number: int = 0, **more) -> Transaction:
    return Transaction(
        id=f"{subject}-{number}",
        lane="face-tag",
        origin="recording",
        session=f"m{number}",
        entered=Stamp.at(0),
        presented=Stamp.at(1),
        decided=Stamp.at(2),
        crossed=Stamp.absent("not seen"),
        attempts=attempts,
        true_subject=subject,
        outcome="opened" if opened else "denied",
        reason="matched" if opened else "below-threshold",
        **{"enrolled": True, **more},
    )


def test_a_transaction_fails_at_so_many_attempts_when_it_opened_later_or_never() -> None:
    rows = [row("a", 1, True), row("b", 2, True), row("c", 3, True), row("d", 3, False), row("e", 1, False)]
    one, two, three = by_attempts(rows, 3, "test", "recording")
    assert [rate.failed.numerator for rate in (one, two, three)] == [4, 3, 2]
    assert {rate.failed.denominator for rate in (one, two, three)} == {5}
    assert (one.if_independent, two.if_independent) == (0.8, pytest.approx(0.64))
    assert [rate.gave_up for rate in (one, two, three)] == [0, 1, 1]
    assert one.failed.grade == "recording"


def test_strangers_and_who_presented_nothing_are_in_no_rate() -> None:
    rows = [row("a", 1, True), row("b", 1, False), row("x", 1, True, enrolled=False), row("c", 0, False)]
    assert by_attempts(rows, 1, "test", "recording")[0].failed.denominator == 2


def test_rows_that_give_no_rate_are_refused() -> None:
    with pytest.raises(AttemptsError, match="at least 1 allowed"):
        by_attempts([], 3, "test", "pilot")
    with pytest.raises(AttemptsError, match="at least 1 allowed"):
        by_attempts([row("a", 1, True)], 0, "test", "pilot")
    with pytest.raises(AttemptsError, match="true subject"):
        by_attempts([row("a", 1, True), row(None, 1, True)], 1, "test", "pilot")


def test_the_formula_is_the_simulations() -> None:
    draw = np.random.default_rng(1)
    rates = draw.beta(0.05 * 0.7 / 0.3, 0.95 * 0.7 / 0.3, 400_000)
    assert all_fail(0.05, 0.3, 3) == pytest.approx(np.mean(rates**3), rel=0.05)
    assert all_fail(0.2, 0.0, 4) == pytest.approx(0.2**4)
    assert all_fail(0.2, 0.999999, 4) == pytest.approx(0.2, rel=1e-4)


@pytest.mark.parametrize(
    ("rate", "rho", "k"), [(0.0, 0.1, 1), (1.0, 0.1, 1), (0.1, 1.0, 1), (0.1, -0.1, 1), (0.1, 0.1, 0)]
)
def test_what_has_no_formula_is_refused(rate, rho, k) -> None:
    with pytest.raises(AttemptsError):
        all_fail(rate, rho, k)


def test_the_correlation_within_a_person_is_found_again() -> None:
    draw = np.random.default_rng(2)
    rates = np.repeat(draw.beta(0.1 * 4, 0.9 * 4, 3000), 8)  # 1 / (1 + 4) = 0.2
    whose = np.repeat(np.arange(3000), 8)
    assert intraclass(tally(draw.random(whose.size) < rates, whose)) == pytest.approx(0.2, abs=0.03)
    assert intraclass(tally(draw.random(whose.size) < 0.1, whose)) < 0.02


def test_nothing_that_varies_has_no_correlation_and_persons_of_one_kind_all_of_it() -> None:
    assert intraclass(tally([True, False, True], ["a", "b", "c"])) == 0.0
    assert intraclass(tally([False] * 4, list("aabb"))) == 0.0
    assert intraclass(tally([True, True, False, False], list("aabb"))) == pytest.approx(1.0)
