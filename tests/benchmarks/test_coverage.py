"""The simulation itself: its data are what they say, its verdicts can fail, and it repeats."""

import numpy as np
import pytest

from benchmarks import clustered, coverage, method
from benchmarks.coverage import BY_NAME, REGIMES, Covered, Outcome, Regime, simulate
from benchmarks.interval import Interval
from scripts.proofs.coverage import PAGE, table

DRAW = np.random.default_rng(7)


@pytest.mark.parametrize("regime", REGIMES, ids=[regime.name for regime in REGIMES])
def test_every_regime_has_a_default_and_another_method_and_runs(regime: Regime) -> None:
    outcome = simulate(regime.name, runs=2)
    assert outcome.default == "default"
    assert len(outcome.methods) > 1
    assert all(0.0 <= covered.share <= 1.0 and covered.width >= 0.0 for covered in outcome.methods.values())


def test_no_two_regimes_have_one_name() -> None:
    assert len(BY_NAME) == len(REGIMES)


def test_a_run_repeats_and_another_seed_does_not() -> None:
    once = simulate("repeated-30x10-0.02-0.1", runs=30)
    assert once == simulate("repeated-30x10-0.02-0.1", runs=30)
    assert once != simulate("repeated-30x10-0.02-0.1", runs=30, seed=2)


def test_an_unknown_regime_is_an_error() -> None:
    with pytest.raises(KeyError):
        simulate("nothing")


@pytest.mark.parametrize(
    ("share", "conservative", "met"),
    [(0.95, False, True), (0.92, False, False), (0.99, False, False), (0.99, True, True), (0.92, True, False)],
)
def test_what_a_default_must_cover(share: float, conservative: bool, met: bool) -> None:
    covered = {"default": Covered(share, 0.0, 1 - share, 0.1)}
    assert Outcome("r", "", "default", conservative, 100, 1, covered).met is met


def test_an_interval_that_misses_is_counted_on_its_side(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {
        "default": lambda *_: Interval(0.5, 0.6, 0.95, ""),
        "high": lambda *_: Interval(0.0, 0.001, 0.95, ""),
        "all": lambda *_: Interval(0.0, 1.0, 0.95, ""),
    }
    regime = Regime("odd", "", lambda draw: coverage.independent(draw, 10, 0.1), made)
    monkeypatch.setitem(BY_NAME, "odd", regime)
    outcome = simulate("odd", runs=5)
    assert outcome.methods["default"] == Covered(0.0, 1.0, 0.0, pytest.approx(0.1))
    assert outcome.methods["high"].above == 1.0
    assert outcome.methods["all"].share == 1.0
    assert not outcome.met


@pytest.mark.parametrize(
    ("draw", "p"),
    [
        (lambda: coverage.repeated(DRAW, 4000, 10, 0.05, 0.2), 0.05),
        (lambda: coverage.repeated(DRAW, 4000, 10, 0.05, 0.0, unequal=True), 0.05),
        (lambda: coverage.two_kinds(DRAW, 4000, 10, 0.05, 0.05, 0.5), 0.05),
        (lambda: coverage.logistic(DRAW, 4000, 10, 0.05, 1.5), 0.05),
    ],
)
def test_data_have_the_rate_that_they_say(draw, p: float) -> None:
    (errors, _), truth = draw()
    assert truth == p
    assert np.mean(errors) == pytest.approx(p, abs=0.006)


def test_subjects_trials_correlate_as_they_say() -> None:
    (errors, subjects), _ = coverage.repeated(DRAW, 4000, 10, 0.1, 0.2)
    assert clustered.design_effect(clustered.tally(errors, subjects)) == pytest.approx(1 + 9 * 0.2, rel=0.1)


def test_crossings_have_the_fmr_that_they_say_and_subjects_who_resemble_many() -> None:
    (compared, threshold), truth = coverage.crossings(DRAW, 600, 0.05, 0.2)
    interval = method.false_match_rate(compared, threshold)
    assert interval.low < truth < interval.high
    (alike, same), _ = coverage.crossings(DRAW, 600, 0.05, 0.0)
    plain = method.false_match_rate(alike, same)
    assert interval.high - interval.low > 2 * (plain.high - plain.low)


def test_times_have_the_quantile_that_they_say() -> None:
    for q in (0.5, 0.95):
        (values, _), truth = coverage.times(DRAW, 20_000, 1, 0.0, q)
        assert np.quantile(values, q) == pytest.approx(truth, rel=0.03)
    (values, _), truth = coverage.times(DRAW, 20_000, 1, 0.0, 0.0)
    assert values.mean() == pytest.approx(truth, rel=0.02)
    assert values.std() / values.mean() == pytest.approx(0.5, rel=0.05)


def test_taking_dependent_trials_as_independent_is_caught() -> None:
    outcome = simulate("repeated-60x20-0.01-0.3", runs=150)
    assert outcome.methods["Wilson, trials as independent"].share < 0.7
    assert outcome.methods["default"].share > 0.9


def test_the_page_has_every_regime_and_no_other() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = [line.split(" | ")[0].removeprefix("| ") for line in page.partition("| regime |")[2].splitlines()[2:]]
    assert [row for row in rows if row and not row.startswith("<")] == [regime.about for regime in REGIMES]


def test_the_table_names_what_the_default_misses() -> None:
    methods = {"default": {"covers": 0.9, "mean_width": 0.1}, "other": {"covers": 0.95, "mean_width": 0.2}}
    row = {"about": "a hard one", "conservative": True, "methods": methods}
    made = table(2000, 1, [row])
    assert "the default misses: a hard one." in made
    assert "| 90.0 % **missed** | 0.1000 | other: 95.0 %, 0.2000 |" in made
    assert "No regime is missed" in table(2000, 1, [{**row, "methods": {"default": methods["other"]}}])
