"""Every published or independently computed figure that the statistics must reproduce, with figure and target."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import norm

from benchmarks import comparisons, identification, interval, planner
from benchmarks.attempts import all_fail
from benchmarks.identification import Searches
from benchmarks.planner import Assumed, plan
from scripts.proofs._data import claim


class Oracle(NamedTuple):
    """`within`: how far the figure may be from the target, set by the target's printed digits."""

    what: str
    figure: float
    target: float
    within: float


def oracles() -> Iterator[Oracle]:
    """All of them, in the order of docs/statistics.md."""
    yield from _intervals()
    yield from _rules()
    yield from _plans()
    yield from _doors()
    yield from _bob()


def _intervals() -> Iterator[Oracle]:
    def ends(what: str, found: interval.Interval, low: float, high: float, within: float) -> Iterator[Oracle]:
        yield Oracle(f"{what}, lower", found.low, low, within)
        yield Oracle(f"{what}, upper", found.high, high, within)

    yield from ends("Wilson 3/300", interval.wilson(3, 300), 0.003407, 0.028983, 5e-7)
    yield Oracle("Clopper-Pearson 0/300, upper", interval.clopper_pearson(0, 300).high, 0.012221, 5e-7)
    yield from ends("Newcombe unpaired 56/70 - 48/80", interval.newcombe_unpaired(56, 70, 48, 80), 0.0524, 0.3339, 5e-5)
    yield from ends("Newcombe paired (1,1,7,12)", interval.newcombe_paired(1, 1, 7, 12), -0.5069, -0.0256, 5e-5)
    yield from ends(
        "Newcombe paired, 2,000 mornings, 50 against 90 failures",
        interval.newcombe_paired(2, 48, 88, 1862),
        -0.0317,
        -0.0086,
        5e-5,
    )
    z = float(norm.isf(0.1))
    yield Oracle("cPP 5/174, 80 %: Wald's z", z, 1.2816, 5e-5)
    wald = 5 / 174 + z * math.sqrt(5 / 174 * 169 / 174 / 174)
    yield Oracle("cPP 5/174, 80 %: Wald's upper, as printed there (Threshold never prints Wald)", wald, 0.045, 5e-4)
    yield Oracle("cPP 5/174, 80 %: Wilson's upper", interval.wilson(5, 174, 0.8).high, 0.0499, 5e-5)
    yield Oracle("cPP 5/174, 80 %: Clopper-Pearson's upper", interval.clopper_pearson(5, 174, 0.8).high, 0.0526, 5e-5)
    pair = interval.mcnemar(48, 88)
    yield Oracle("McNemar exact 48 against 88 = twice the binomial tail", pair, _twice_tail(48, 136), 1e-12)


def _twice_tail(errors: int, trials: int) -> float:
    return min(1.0, 2.0 * sum(math.comb(trials, k) for k in range(errors + 1)) / 2.0**trials)


def _rules() -> Iterator[Oracle]:
    for limit, trials in ((0.05, 59), (0.03, 99), (0.01, 299), (0.003, 998), (0.001, 2995), (0.0001, 29956)):
        yield Oracle(f"rule of 3: trials without error for {limit:g}", planner.trials_without_error(limit), trials, 0)
    for trials, ordered, subjects in ((29956, True, 174), (29956, False, 246), (2995, True, 56), (2995, False, 78)):
        how = "ordered" if ordered else "unordered"
        yield Oracle(
            f"subjects whose {how} pairs are {trials:,}", planner.crossing(trials, ordered=ordered), subjects, 0
        )
    yield Oracle("rule of 30: half width of a 90 % interval over the rate", norm.isf(0.05) / math.sqrt(30), 0.300, 5e-4)
    yield Oracle("rule of 30: the same at 95 %", norm.isf(0.025) / math.sqrt(30), 0.36, 5e-3)
    for limit, attacks in ((0.07, 42), (0.15, 19), (0.2, 14)):
        yield Oracle(f"attacks without success for IAPAR {limit:g}", planner.trials_without_error(limit), attacks, 0)
    yield Oracle("435 pairs without error: upper bound", interval.rule_of_three(435).high, 0.0069, 5e-5)
    for correlation, chance in ((0.1, 0.0016), (0.3, 0.0082), (0.5, 0.018)):
        within = 5e-4 if correlation == 0.5 else 5e-5
        yield Oracle(
            f"three failures at 5 %, correlation {correlation:g}", all_fail(0.05, correlation, 3), chance, within
        )
    yield Oracle("three failures at 5 %, independent", all_fail(0.05, 0.0, 3), 0.000125, 1e-12)


def _plans() -> Iterator[Oracle]:
    """The targets are printed rounded to the nearest; a plan rounds up, so it may be one more."""
    for text, independent, clustered, subjects in (
        ("FRR 3% ± 1pp", 1118, 3242, 163),
        ("FRR 5% ± 1pp", 1825, 5292, 265),
        ("LFR 1% ± 0.5pp", 1521, 4411, 221),
        ("FRR face 2% vs tag 5%", 591, 1714, 86),
    ):
        made = plan(text, Assumed(attempts=20, correlation=0.1))
        yield Oracle(f"plan {text}: independent", made.independent, independent, 1)
        yield Oracle(f"plan {text}: 20 each, rho 0.1", made.trials, clustered, 1)
        yield Oracle(f"plan {text}: subjects", made.subjects, subjects, 0)
    yield Oracle("plan FRR face 2% vs tag 3%", plan("FRR face 2% vs tag 3%").independent, 3828, 0)
    both = Assumed(first=0.02, second=0.03)
    yield Oracle("plan FRR face - tag ± 1pp at 2 and 3 %", plan("FRR face - tag ± 1pp", both).independent, 1871, 0)
    yield Oracle("plan FRR face - tag ± 0.5pp at 2 and 3 %", plan("FRR face - tag ± 0.5pp", both).independent, 7484, 1)
    yield Oracle("plan time ± 5%, CV 0.5", plan("time ± 5%").independent, 385, 0)
    yield Oracle("plan time ± 5%, CV 0.8", plan("time ± 5%", Assumed(spread=0.8)).independent, 984, 0)
    yield Oracle("plan tailgating 10% ± 2pp", plan("tailgating 10% ± 2pp").independent, 865, 0)


def _doors() -> Iterator[Oracle]:
    """FPIR = 1-(1-FMR)^N, and the FMR that an FPIR needs; the targets' digits are the printed table's."""
    printed = {
        30: ("2.96", "0.30", "0.03", "0.003", "1.0e-4", "3.3e-5"),
        300: ("25.9", "2.96", "0.30", "0.03", "1.0e-5", "3.3e-6"),
        600: ("45.1", "5.82", "0.60", "0.06", "5.0e-6", "1.7e-6"),
        1200: ("69.9", "11.3", "1.19", "0.12", "2.5e-6", "8.3e-7"),
    }
    for (size, row), (place, fmr) in product(printed.items(), enumerate((1e-3, 1e-4, 1e-5, 1e-6))):
        figure = 100 * identification.fpir_formula(fmr, size)
        yield Oracle(f"FPIR in percent, N = {size}, FMR {fmr:g}", figure, float(row[place]), _digits(row[place]))
    for (size, row), (place, fpir) in product(printed.items(), ((4, 0.003), (5, 0.001))):
        figure = identification.fmr_for(fpir, size)
        yield Oracle(f"FMR for FPIR {fpir:g} at N = {size}", figure, float(row[place]), _digits(row[place]))


def _digits(printed: str) -> float:
    """Half a unit in the last printed place."""
    mantissa, _, power = printed.partition("e")
    return 0.5 * 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2])) * (1 + 1e-9)


def _bob() -> Iterator[Oracle]:
    """Examples that bob.measure (Idiap) publishes in its guide and its tests; figures, no code, were taken over."""
    for errors, trials, low, high in (
        (9856, 10000, 0.98306835053282549, 0.98784270928084694),
        (1, 2, 0.01257911709342505, 0.98742088290657493),
        (10, 10, 0.69150289218123917, 1.0),
        (0, 10, 0.0, 0.30849710781876077),
    ):
        found = interval.clopper_pearson(errors, trials)
        yield Oracle(f"bob.measure: Clopper-Pearson {errors}/{trials}, lower", found.low, low, 1e-8)
        yield Oracle(f"bob.measure: Clopper-Pearson {errors}/{trials}, upper", found.high, high, 1e-8)
    positives = [0.0] * 4 + [0.1, 0.2, 0.3, 0.4, 0.5]
    negatives = [0.5, 0.6, 0.7, 0.8, 0.9] + [1.0] * 4
    compared = _compared(positives, negatives)
    # Their threshold is the score 1.0 itself, ours lies just above 0.9: the same comparisons match.
    yield Oracle("bob.measure: FAR at the threshold for FAR 0.5", _fmr(compared, 0.5), 4 / 9, 1e-12)
    yield Oracle("bob.measure: FAR at the threshold for FAR 0.4", _fmr(compared, 0.4), 0.0, 1e-12)
    plain = _compared([float(n) for n in range(10, 20)], [float(n) for n in range(10)])
    for step in range(20):
        target = step / 20
        yield Oracle(
            f"bob.measure: FAR found for {target:g} on 0 to 9", _fmr(plain, target), math.floor(target * 10) / 10, 1e-12
        )
    recognised = _searches(
        [((0.3, 1.1, 0.5), 0.7), ((1.4, -1.3, 0.6), 0.2), ((0.8, 0.0, 1.5), 1.8), ((2.0, 1.3, 1.6, 0.9), 2.4)]
    )
    found_rate = 1.0 - float(recognised.false_negatives(-math.inf).mean())
    yield Oracle("bob.measure: recognition rate at rank 1", found_rate, 0.5, 1e-12)


def _compared(positives: list[float], negatives: list[float]) -> comparisons.Comparisons:
    scores = np.array(positives + negatives, np.float32)
    mated = np.arange(scores.size) < len(positives)
    first = np.arange(scores.size)
    return comparisons.listed(scores, first, np.where(mated, first, first + scores.size), mated)


def _fmr(c: comparisons.Comparisons, target: float) -> float:
    return comparisons.fmr(c, comparisons.threshold_at_fmr(c, target))


def _searches(probes: list[tuple[tuple[float, ...], float]]) -> Searches:
    own = np.array([mated for _, mated in probes], np.float32)
    other = np.array([max(others) for others, _ in probes], np.float32)
    return Searches(4, own, other, np.arange(own.size), np.zeros(0, np.float32), np.zeros(0, np.int64))


def prove() -> dict[str, Any]:
    return {
        "claims": [
            claim(
                oracle.what,
                float(f"{oracle.figure:.8g}"),
                f"{oracle.target:.8g} ± {oracle.within:.2g}" if oracle.within else f"{oracle.target:.8g}",
                bool(abs(oracle.figure - oracle.target) <= oracle.within),
            )
            for oracle in oracles()
        ]
    }
