"""Which price decides: one price or factor at a time from end to end of its range, all else in the middle."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.cost.draws import FACTORS, middles
from benchmarks.cost.formula import Site, bill
from benchmarks.cost.prices import Prices
from benchmarks.evidence import CostSwing, Results
from edge.transaction import Lane


def swings(results: Results, prices: Prices, site: Site, first: Lane, second: Lane) -> tuple[CostSwing, ...]:
    """Of the difference first − second over all years, the widest first; what moves nothing is left out.

    A lane's cost is a sum of products in which each price and factor stands once at most, so that the difference is a
    straight line in each, and the value at which both cost the same is exact. Raises CostError.
    """
    middle = middles(results, prices)

    def difference(name: str, value: float) -> float:
        changed = middle | {name: value}
        return _total(first, changed, site) - _total(second, changed, site)

    ends = {price.id: (price.low, price.high, price.unit) for price in prices.price}
    factors = {factor.id: factor for factor in results.factors}
    for name in FACTORS:
        factor = factors[name]
        ends[name] = (min(factor.best, factor.worst), max(factor.best, factor.worst), factor.unit)
    found = []
    for name, (low, high, unit) in ends.items():
        at_low, at_high = difference(name, low), difference(name, high)
        if abs(at_high - at_low) > 1e-9 * max(abs(at_low), abs(at_high)):
            zero = low + (high - low) * at_low / (at_low - at_high)
            most = 1.0 if unit.startswith("share") else float("inf")
            found.append(
                CostSwing(
                    id=name,
                    unit=unit,
                    ends=(low, high),
                    difference=(at_low, at_high),
                    equal=zero if 0.0 <= zero <= most else None,
                )
            )
    return tuple(sorted(found, key=lambda each: -abs(each.difference[1] - each.difference[0])))


def _total(lane: Lane, values: Mapping[str, float], site: Site) -> float:
    return float(bill(lane, values, site).total(site.years))
