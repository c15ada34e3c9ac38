"""What lanes cost, from results, prices and draws over both: the evidence that the report shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.cost.draws import CostError, draw
from benchmarks.cost.formula import Numbers, Site, Values, bill, pays_back
from benchmarks.cost.prices import Prices
from benchmarks.cost.swings import swings
from benchmarks.evidence import Cost, CostPair, LaneCost, Quantity, Results
from benchmarks.interval import Interval
from edge.transaction import LANES, Lane

DRAWS = 4000
OVER_RANGES = "percentiles of draws over the ranges put in"
PAIRS: tuple[tuple[Lane, Lane], ...] = (
    ("face-1n", "tag-uid"),
    ("face-1n", "tag-auth"),
    ("face-tag", "tag-auth"),
    ("face-on-tag", "tag-auth"),
    ("tag-uid", "register"),
)
"""Faces and the other way in against tags alone; and tags against the list, apart, so that what automation saves isn't
booked as what faces save."""

Array = NDArray[np.float64]


def costed(results: Results, prices: Prices, sha256: str, draws: int = DRAWS) -> Cost:
    """The cost of every lane at one entrance. Raises CostError."""
    seed, days = results.scenario.get("seed"), results.scenario.get("school_days_per_year")
    if not isinstance(seed, int) or not isinstance(days, int):
        raise CostError(
            "scenario: expected seed and school_days_per_year, found not both: run threshold evaluate again."
        )
    site = Site(prices.persons, prices.doors, prices.years, days, prices.alternative)
    values = draw(results, prices, draws, seed)
    source = f"prices {sha256[:12]}, scenario {results.scenario.get('id')}"
    bills = {lane: bill(lane, values, site) for lane in LANES}

    def money(value: Numbers, unit: str = prices.currency) -> Quantity:
        drawn = np.broadcast_to(np.asarray(value, np.float64), (draws,))
        low, high = np.quantile(drawn, (0.025, 0.975))
        interval = Interval(float(low), float(high), 0.95, OVER_RANGES)
        return Quantity.of(float(drawn.mean()), unit, draws, interval, source, "simulated")

    lanes = {
        lane: LaneCost(
            total=money(one.total(site.years)),
            once=money(one.first),
            yearly=money(one.recurring),
            terms={name: float(np.mean(value)) for name, value in one.terms(site.years).items()},
            alternative=site.alternative if one.alternative else None,
        )
        for lane, one in bills.items()
    }
    pairs = []
    for first, second in PAIRS:
        a, b = bills[first], bills[second]
        extra = np.asarray(a.total(site.years) - b.total(site.years), np.float64)
        years = pays_back(a.first - b.first, b.recurring - a.recurring)
        avoided = _failures(second, values, site) - _failures(first, values, site)
        some = avoided > 0.0
        pairs.append(
            CostPair(
                first=first,
                second=second,
                difference=money(extra),
                pays_back=_at(years, 0.5),
                pays_back_span=(_at(years, 0.025), _at(years, 0.975)),
                never=float(np.isinf(years).mean()),
                avoided=money(avoided, "failures a year"),
                per_failure=_per_failure(extra[some] / (site.years * avoided[some]), prices.currency, source),
                none_avoided=float(1.0 - some.mean()),
                swings=swings(results, prices, site, first, second),
            )
        )
    return Cost(
        currency=prices.currency,
        years=site.years,
        persons=site.persons,
        doors=site.doors,
        days=days,
        draws=draws,
        seed=seed,
        sha256=sha256,
        prices=prices.price,
        lanes=lanes,
        pairs=tuple(pairs),
    )


def _failures(lane: Lane, v: Values, site: Site) -> Array:
    """Legitimate failures a year of all persons: of those who use the lane, and of the others at the alternative."""
    mornings = site.persons * site.days * (1.0 - v["absence"])
    barred, failed = v[f"barred {lane}"], v[f"failed {lane}"]
    return np.asarray(mornings * ((1.0 - barred) * failed + barred * v[f"failed {site.alternative}"]), np.float64)


def _per_failure(values: Array, currency: str, source: str) -> Quantity | None:
    """The median, which a few draws with next to no failure avoided don't move; None without any draw."""
    if not values.size:
        return None
    low, middle, high = np.quantile(values, (0.025, 0.5, 0.975))
    interval = Interval(float(low), float(high), 0.95, OVER_RANGES)
    return Quantity.of(float(middle), currency, int(values.size), interval, source, "simulated")


def _at(years: Array, q: float) -> float | None:
    """A quantile of years; None: never."""
    found = float(np.quantile(years, q, method="inverted_cdf"))
    return None if np.isinf(found) else found
