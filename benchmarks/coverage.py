"""How often an interval holds the truth, by simulation: regimes whose truth is known, methods beside each other.

A regime says how data arise, dependent trials included; its default method is what `benchmarks.method` gives for such
data. A default passes with 93 to 97 %, or from 93 % up where it is conservative by design; 2,000 runs tell ±1 point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import expit, roots_hermitenorm
from scipy.stats import beta, norm

from benchmarks import bootstrap, clustered, method
from benchmarks.comparisons import Comparisons, false_matches, false_nonmatches, threshold_at_fmr
from benchmarks.interval import Interval, agresti_coull, clopper_pearson, newcombe_paired, newcombe_unpaired, wilson

RUNS = 2000
REPLICATES = 300
"""Of a bootstrap within a run: enough for a 95 % interval in a comparison of methods."""
LOW, HIGH = 0.93, 0.97

Draw = np.random.Generator
Method = Callable[..., Interval]
Shares = npt.NDArray[np.float64]


class Sample(NamedTuple):
    """One run's data, as arguments of every method, and the truth."""

    data: tuple[Any, ...]
    truth: float


@dataclass(frozen=True, slots=True)
class Regime:
    """`default` names the method that `benchmarks.method` takes; `conservative`: it may cover more than 97 %."""

    name: str
    about: str
    draw: Callable[[Draw], Sample]
    methods: Mapping[str, Method]
    conservative: bool = False

    @property
    def default(self) -> str:
        """The name of the first method."""
        return next(iter(self.methods))


@dataclass(frozen=True, slots=True)
class Covered:
    """What a method did over all runs of a regime; `below` and `above`: shares of runs in which the truth lay there."""

    share: float
    below: float
    above: float
    width: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """A regime's methods over `runs` runs from `seed`."""

    regime: str
    about: str
    default: str
    conservative: bool
    runs: int
    seed: int
    methods: dict[str, Covered]

    @property
    def met(self) -> bool:
        """Whether the default covers what it should."""
        share = self.methods[self.default].share
        return share >= LOW and (self.conservative or share <= HIGH)


def simulate(name: str, runs: int = RUNS, seed: int = 1) -> Outcome:
    """All methods of one regime on the same runs. KeyError for a regime that isn't in `REGIMES`."""
    regime = BY_NAME[name]
    # A regime's stream comes from its name: one more beside it changes nothing.
    draw = np.random.default_rng([seed, *name.encode()])
    misses = {key: [0, 0] for key in regime.methods}
    widths = dict.fromkeys(regime.methods, 0.0)
    for _ in range(runs):
        data, truth = regime.draw(draw)
        for key, make in regime.methods.items():
            interval = make(*data)
            misses[key][0] += truth < interval.low
            misses[key][1] += truth > interval.high
            widths[key] += interval.high - interval.low
    covered = {
        key: Covered(1.0 - (low + high) / runs, low / runs, high / runs, widths[key] / runs)
        for key, (low, high) in misses.items()
    }
    return Outcome(regime.name, regime.about, regime.default, regime.conservative, runs, seed, covered)


def simulate_all(
    runs: int = RUNS, seed: int = 1, processes: int = 2, names: Sequence[str] | None = None
) -> Iterator[Outcome]:
    """Every regime (or those named), in order, on as many processes; each has its own stream from the seed."""
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(partial(simulate, runs=runs, seed=seed), names or [regime.name for regime in REGIMES])


# --- how data arise


def subjects_rates(draw: Draw, n: int, p: float, rho: float) -> Shares:
    """Each subject's own error rate, beta with mean p; two trials of a subject correlate by rho."""
    if rho == 0.0:
        return np.full(n, p)
    return draw.beta(p * (1 - rho) / rho, (1 - p) * (1 - rho) / rho, n)


def independent(draw: Draw, n: int, p: float) -> Sample:
    """One trial from each of n subjects."""
    return Sample((draw.random(n) < p, np.arange(n)), p)


def repeated(draw: Draw, n: int, m: int, p: float, rho: float, *, unequal: bool = False) -> Sample:
    """m trials from each of n subjects, or 1 to 2m-1 of them."""
    trials = draw.integers(1, 2 * m, n) if unequal else np.full(n, m)
    whose = np.repeat(np.arange(n), trials)
    return Sample((draw.random(whose.size) < subjects_rates(draw, n, p, rho)[whose], whose), p)


def two_kinds(draw: Draw, n: int, m: int, p: float, share: float, failing: float) -> Sample:
    """A `share` of the subjects fails at the rate `failing`, the others so that the mean is p."""
    whose = np.repeat(np.arange(n), m)
    rates = np.where(draw.random(n) < share, failing, (p - share * failing) / (1 - share))
    return Sample((draw.random(whose.size) < rates[whose], whose), p)


def logistic(draw: Draw, n: int, m: int, p: float, spread: float) -> Sample:
    """Logits of the subjects' rates are normal with this standard deviation; the mean rate is p."""
    whose = np.repeat(np.arange(n), m)
    rates = expit(_middle_logit(p, spread) + spread * draw.standard_normal(n))
    return Sample((draw.random(whose.size) < rates[whose], whose), p)


@cache
def _middle_logit(p: float, spread: float) -> float:
    nodes, weights = roots_hermitenorm(80)
    weights = weights / weights.sum()
    return float(brentq(lambda middle: float(weights @ expit(middle + spread * nodes)) - p, -40.0, 40.0))


def crossings(draw: Draw, n: int, p: float, effect: float) -> Sample:
    """All pairs of n subjects; each subject has `effect` of a score's variance, so that some resemble many."""
    first, second = np.triu_indices(n, 1)
    own = draw.standard_normal(n) * np.sqrt(effect)
    scores = own[first] + own[second] + draw.standard_normal(first.size) * np.sqrt(1 - 2 * effect)
    order = np.argsort(-scores)
    threshold = float(norm.isf(p))
    compared = Comparisons(
        np.zeros(0, np.float32),
        np.zeros(0, np.int32),
        scores[order].astype(np.float32),
        first[order].astype(np.int32),
        second[order].astype(np.int32),
        n,
        first.size,
        images=np.ones(n, np.int64),
    )
    return Sample((compared, threshold), p)


def found_threshold(draw: Draw, n: int, m: int, target: float, distance: float, effect: float) -> Sample:
    """All pairs of n subjects and m mated scores of each; the threshold is to be found on them. `distance` is that of
    the mated scores' mean from the true threshold, in standard deviations; `effect` the subjects' share of variance."""
    (compared, threshold), _ = crossings(draw, n, target, effect)
    whose = np.repeat(np.arange(n), m)
    own = draw.standard_normal(n)[whose] * np.sqrt(effect)
    mated = threshold + distance + own + draw.standard_normal(whose.size) * np.sqrt(1 - effect)
    order = np.argsort(mated)
    scores = replace(compared, mated=mated[order].astype(np.float32), mated_subject=whose[order].astype(np.int32))
    return Sample((scores, target), float(norm.sf(distance)))


def two_lanes(draw: Draw, n: int, m: int, p1: float, p2: float, rho: float, shared: float) -> Sample:
    """m mornings of n subjects at two lanes; a `shared` part of the subjects has the same rank of rate at both."""
    rank = draw.random(n)
    other = np.where(draw.random(n) < shared, rank, draw.random(n))
    rates = [
        beta.ppf(place, p * (1 - rho) / rho, (1 - p) * (1 - rho) / rho) if rho else np.full(n, p)
        for place, p in ((rank, p1), (other, p2))
    ]
    whose = np.repeat(np.arange(n), m)
    first, second = (draw.random(whose.size) < rate[whose] for rate in rates)
    return Sample((first, second, whose), p1 - p2)


def two_groups(draw: Draw, sizes: tuple[int, int], m: int, p1: float, p2: float, rho: float) -> Sample:
    """m trials of each subject of two groups."""
    one, other = repeated(draw, sizes[0], m, p1, rho), repeated(draw, sizes[1], m, p2, rho)
    return Sample((*one.data, *other.data), p1 - p2)


_CV = 0.5
_SIGMA = float(np.sqrt(np.log(1 + _CV**2)))


def times(draw: Draw, n: int, m: int, own: float, truth: float) -> Sample:
    """Lognormal times with median 1 and a coefficient of variation of 0.5; `own` of the log variance is the subject's.

    `truth` is the quantile asked for, or 0 for the mean.
    """
    whose = np.repeat(np.arange(n), m)
    logs = np.sqrt(own) * draw.standard_normal(n)[whose] + np.sqrt(1 - own) * draw.standard_normal(whose.size)
    right = np.exp(_SIGMA * norm.ppf(truth)) if truth else np.exp(_SIGMA**2 / 2)
    return Sample((np.exp(_SIGMA * logs), whose), float(right))


def two_times(draw: Draw, n: int, m: int, own: float, shift: float) -> Sample:
    """The same subjects' times at two lanes; the second lane's are longer by the factor 1 + shift."""
    whose = np.repeat(np.arange(n), m)
    person = np.sqrt(own) * draw.standard_normal(n)[whose]
    first, second = (np.exp(_SIGMA * (person + np.sqrt(1 - own) * draw.standard_normal(whose.size))) for _ in range(2))
    return Sample((first, whose, (1 + shift) * second, whose), -shift)


# --- methods beside the defaults


def _naive(make: Callable[[int, int], Interval]) -> Method:
    return lambda errors, _subjects: make(int(np.sum(errors)), len(errors))


def _naive_crossed(compared: Comparisons, threshold: float) -> Interval:
    return clopper_pearson(false_matches(compared, threshold), compared.nonmated_trials)


def _found_naive(compared: Comparisons, target: float) -> Interval:
    missed = false_nonmatches(compared, threshold_at_fmr(compared, target))
    return wilson(missed, compared.mated.size)


def _one_end(ends: Callable[[clustered.Tally], tuple[float, float]]) -> Method:
    def make(errors: npt.ArrayLike, subjects: npt.ArrayLike) -> Interval:
        counted = clustered.tally(errors, subjects)
        if counted.share in {0.0, 1.0}:
            return clustered.nothing_varies(counted.share, counted.subjects, 0.95)
        return Interval(*ends(counted), 0.95, "")

    return make


def _newcombe(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_], _subjects: Any) -> Interval:
    return newcombe_paired(
        int((first & second).sum()),
        int((first & ~second).sum()),
        int((~first & second).sum()),
        int((~first & ~second).sum()),
    )


def _newcombe_groups(first: Shares, _one: Any, second: Shares, _other: Any) -> Interval:
    return newcombe_unpaired(int(np.sum(first)), len(first), int(np.sum(second)), len(second))


_ONE: dict[str, Method] = {
    "default": method.rate,
    "Wilson": _naive(wilson),
    "Clopper-Pearson": _naive(clopper_pearson),
    "Agresti-Coull": _naive(agresti_coull),
}
_REPEATED: dict[str, Method] = {
    "default": method.rate,
    "Wilson, trials as independent": _naive(wilson),
    "percentile bootstrap": partial(bootstrap.proportion, replicates=REPLICATES, seed=1),
    "effective sample alone": _one_end(clustered.effective),
    "two kinds alone": _one_end(clustered.two_kinds),
}
_CROSSED: dict[str, Method] = {
    "default": method.false_match_rate,
    "Clopper-Pearson, trials as independent": _naive_crossed,
    "two-way percentile bootstrap": partial(bootstrap.fmr_at, replicates=REPLICATES, seed=1),
}
_FOUND: dict[str, Method] = {
    "default": partial(method.fnmr_at_fmr, replicates=REPLICATES, seed=1),
    "Wilson, trials as independent, threshold as fixed": _found_naive,
}
_PAIRED: dict[str, Method] = {
    "default": method.paired_difference,
    "Newcombe, pairs as independent": _newcombe,
    "paired percentile bootstrap": partial(bootstrap.paired_difference, replicates=REPLICATES, seed=1),
}
_GROUPS: dict[str, Method] = {
    "default": method.unpaired_difference,
    "Newcombe, trials as independent": _newcombe_groups,
}


def _quantiles(q: float) -> dict[str, Method]:
    return {
        "default": partial(method.quantile, q=q),
        "percentile bootstrap": partial(bootstrap.quantile, q=q, replicates=REPLICATES, seed=1),
    }


_MEANS: dict[str, Method] = {
    "default": method.mean,
    "percentile bootstrap": partial(bootstrap.mean, replicates=REPLICATES, seed=1),
}
_MEDIANS: dict[str, Method] = {
    "default": partial(method.quantile_difference, q=0.5),
    "paired percentile bootstrap": partial(bootstrap.quantile_difference, q=0.5, replicates=REPLICATES, seed=1),
}


def _regimes() -> Iterator[Regime]:
    for n, p, said in (
        (50, 0.05, "small n"),
        (300, 0.00055, "mostly no error"),
        (300, 0.01, "few errors"),
        (300, 0.03, "few errors"),
        (1000, 0.05, "many errors"),
        (3000, 0.02, "many errors"),
    ):
        about = f"{n} subjects, one trial each, p = {p:g}: {said}"
        yield Regime(f"independent-{n}-{p:g}", about, partial(independent, n=n, p=p), _ONE, conservative=True)
    for n, m, p, rho, said in (
        (30, 10, 0.003, 0.1, "mostly no error"),
        (30, 10, 0.02, 0.0, "no dependence"),
        (30, 10, 0.02, 0.1, "few errors"),
        (30, 10, 0.1, 0.1, "many errors"),
        (16, 20, 0.03, 0.1, "small n"),
        (60, 20, 0.01, 0.3, "few persons err, and often"),
        (60, 20, 0.03, 0.1, "many errors"),
        (200, 5, 0.01, 0.3, "few errors"),
        (200, 5, 0.05, 0.1, "many errors"),
    ):
        about = f"{n} subjects x {m} trials, p = {p:g}, rho = {rho:g}: {said}"
        draw = partial(repeated, n=n, m=m, p=p, rho=rho)
        yield Regime(f"repeated-{n}x{m}-{p:g}-{rho:g}", about, draw, _REPEATED, conservative=True)
    yield Regime(
        "repeated-unequal",
        "40 subjects x 1 to 19 trials, p = 0.05, rho = 0.1",
        partial(repeated, n=40, m=10, p=0.05, rho=0.1, unequal=True),
        _REPEATED,
        conservative=True,
    )
    yield Regime(
        "two-kinds",
        "60 subjects x 20 trials, p = 0.05: one in twenty fails half the time",
        partial(two_kinds, n=60, m=20, p=0.05, share=0.05, failing=0.5),
        _REPEATED,
        conservative=True,
    )
    yield Regime(
        "logistic",
        "60 subjects x 20 trials, p = 0.03, logits of the rates normal with standard deviation 1.5",
        partial(logistic, n=60, m=20, p=0.03, spread=1.5),
        _REPEATED,
        conservative=True,
    )
    for n, p, effect, said in (
        (30, 0.01, 0.1, "few errors"),
        (30, 0.05, 0.25, "strong subjects"),
        (100, 0.0005, 0.1, "few errors"),
        (100, 0.002, 0.25, "few errors, strong subjects"),
        (100, 0.01, 0.0, "no dependence"),
        (100, 0.01, 0.25, "strong subjects"),
    ):
        about = f"all {n * (n - 1) // 2} pairs of {n} subjects, FMR = {p:g}, a subject's share {effect:g}: {said}"
        yield Regime(
            f"crossed-{n}-{p:g}-{effect:g}",
            about,
            partial(crossings, n=n, p=p, effect=effect),
            _CROSSED,
            conservative=True,
        )
    for n, m, target, distance in ((60, 3, 0.01, 1.7), (60, 3, 0.01, 2.3), (150, 2, 0.001, 1.7)):
        yield Regime(
            f"fnmr-at-fmr-{n}x{m}-{target:g}-{distance:g}",
            f"FNMR {norm.sf(distance):.3f} at FMR {target:g}, threshold found on the same scores: {n} subjects x {m} "
            "mated, all pairs, a subject's share 0.2",
            partial(found_threshold, n=n, m=m, target=target, distance=distance, effect=0.2),
            _FOUND,
            conservative=True,
        )
    for n, m, p1, p2, rho, shared in (
        (300, 1, 0.03, 0.05, 0.0, 0.0),
        (2000, 1, 0.025, 0.045, 0.0, 0.0),
        (30, 10, 0.02, 0.05, 0.1, 0.5),
        (30, 10, 0.03, 0.002, 0.3, 0.8),
        (80, 5, 0.005, 0.01, 0.2, 0.0),
        (60, 20, 0.02, 0.02, 0.1, 0.5),
        (60, 20, 0.1, 0.08, 0.2, 0.0),
    ):
        yield Regime(
            f"paired-{n}x{m}-{p1:g}-{p2:g}-{rho:g}",
            f"{n} subjects x {m} mornings at two lanes, {p1:g} and {p2:g}, rho = {rho:g}, ranks shared by {shared:g}",
            partial(two_lanes, n=n, m=m, p1=p1, p2=p2, rho=rho, shared=shared),
            _PAIRED,
            conservative=True,
        )
    yield Regime(
        "groups-40-60",
        "40 and 60 subjects x 10 trials, 0.05 and 0.02, rho = 0.1",
        partial(two_groups, sizes=(40, 60), m=10, p1=0.05, p2=0.02, rho=0.1),
        _GROUPS,
        conservative=True,
    )
    for n, m, own in ((30, 10, 0.5), (60, 5, 0.3), (300, 1, 0.0)):
        about = f"{n} subjects x {m} times, {own:g} of the variance their own"
        yield Regime(f"mean-{n}x{m}", f"mean: {about}", partial(times, n=n, m=m, own=own, truth=0.0), _MEANS)
        for q in (0.5, 0.95):
            yield Regime(
                f"p{100 * q:.0f}-{n}x{m}",
                f"p{100 * q:.0f}: {about}",
                partial(times, n=n, m=m, own=own, truth=q),
                _quantiles(q),
                conservative=True,
            )
        yield Regime(
            f"median-difference-{n}x{m}",
            f"difference of two lanes' medians: {about}",
            partial(two_times, n=n, m=m, own=own, shift=0.2),
            _MEDIANS,
            conservative=True,
        )


REGIMES = tuple(_regimes())
BY_NAME = {regime.name: regime for regime in REGIMES}
