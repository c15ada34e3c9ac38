"""Total cost of ownership, one formula for every lane (terms in docs/cost.md); money throughout, in one currency.

Every value may be a number or an array of draws: the formula is the same. Where the face lane enters, those who can't
or won't take part need another way in, and its cost is part of the lane's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.cost.lanes import CREDENTIALS, PARTS, RECORDS
from edge.transaction import Lane

Numbers = float | NDArray[np.float64]
Values = Mapping[str, Numbers]

ONCE = ("equipment", "credentials", "enrolment", "law")
YEARLY = ("upkeep", "lost", "again", "fallback", "mending", "staff", "mishaps")
ALTERNATIVE = "alternative"


@dataclass(frozen=True, slots=True)
class Site:
    """Who buys how much."""

    persons: int
    doors: int
    years: float
    days: int
    """School days a year."""
    alternative: Lane


@dataclass(frozen=True, slots=True)
class Bill:
    """One lane's costs: `once` at the start, `yearly` for one year, by term."""

    once: dict[str, Numbers] = field(default_factory=dict)
    yearly: dict[str, Numbers] = field(default_factory=dict)
    alternative: Bill | None = None
    """Of those who can't or won't take part; in `first`, `recurring` and `total`."""

    @property
    def first(self) -> Numbers:
        """At the start, the alternative's included."""
        return _sum(self.once) + (self.alternative.first if self.alternative else 0.0)

    @property
    def recurring(self) -> Numbers:
        """Of one year, the alternative's included."""
        return _sum(self.yearly) + (self.alternative.recurring if self.alternative else 0.0)

    def total(self, years: float) -> Numbers:
        """Over `years`."""
        return self.first + years * self.recurring

    def terms(self, years: float) -> dict[str, Numbers]:
        """What adds up to the total over `years`; the alternative in one."""
        told: dict[str, Numbers] = dict(self.once) | {name: years * value for name, value in self.yearly.items()}
        return told | ({ALTERNATIVE: self.alternative.total(years)} if self.alternative else {})


def bill(lane: Lane, v: Values, site: Site) -> Bill:
    """A lane's costs. `v`: prices by id, the factors `absence`, `fallback.time` (s), `tag.lost`, `key.lost`, and by
    lane `failed LANE` (share of those who use it and come whom the lane sends away), `barred LANE` (share who can't or
    won't take part; 0 but for face lanes), `wrong LANE` (share of attendance records)."""
    if not lane.startswith("face-"):
        return _own(lane, v, site, site.persons)
    barred = v[f"barred {lane}"]
    other = site.alternative
    beside = _own(other, v, site, site.persons * barred, PARTS[lane])
    own = _own(lane, v, site, site.persons * (1.0 - barred))
    return Bill(own.once, own.yearly, beside)


def _own(lane: Lane, v: Values, site: Site, persons: Numbers, bought: tuple[str, ...] = ()) -> Bill:
    """Without what others need; `bought` are parts that stand at the door already."""
    face = lane.startswith("face-")
    kind = "face" if face else "other"
    equipment = site.doors * _sum({part: v[f"part.{part}"] for part in PARTS[lane] if part not in bought})
    minute = v["wage"] / 60.0
    credential = CREDENTIALS.get(lane)
    each = v[f"credential.{credential}"] if credential else 0.0
    issue = v["minutes.issue"] if lane not in ("register", "open") else 0.0
    mornings = persons * site.days * (1.0 - v["absence"])
    share = v["key.lost" if lane == "key" else "tag.lost"]
    powered = bool(PARTS[lane]) and lane != "key"
    # A lane at a door that stands already takes no power and no licence of a door of its own.
    doors = site.doors if powered and not set(PARTS[lane]) <= set(bought) else 0
    return Bill(
        once={
            "equipment": equipment,
            "credentials": persons * each,
            "enrolment": persons * minute * (issue + (v["minutes.enrol-face"] if face else 0.0)),
            "law": v[f"law.{kind}"],
        },
        yearly={
            "upkeep": equipment * v["upkeep"] + doors * (v["energy"] + v[f"licence.{kind}"]),
            "lost": lost(persons, share, each, v["minutes.replace"], v["wage"]) if credential else 0.0,
            "again": persons * v["face.again"] * v["minutes.enrol-face"] * minute if face else 0.0,
            "fallback": mornings * v[f"failed {lane}"] * v["fallback.time"] / 60.0 * minute,
            "mending": persons * site.days * v[f"wrong {lane}"] * v["minutes.mend"] * minute
            if lane in RECORDS
            else 0.0,
            "staff": site.days * site.doors * v["minutes.list"] * minute if lane == "register" else 0.0,
            "mishaps": v[f"mishaps.{kind}"] if lane != "open" else 0.0,
        },
    )


def lost(persons: Numbers, share: Numbers, each: Numbers, minutes: Numbers, wage: Numbers) -> Numbers:
    """What lost credentials cost a year: N·λ·(c + t·w), with `share` λ lost a year, `each` c, `minutes` t to replace
    one at `wage` w an hour."""
    return persons * share * (each + minutes * wage / 60.0)


def pays_back(extra: Numbers, saved: Numbers) -> NDArray[np.float64]:
    """Years until what is dearer by `extra` at the start has paid for itself by `saved` a year; inf: never; 0: at once.

    What is cheaper at the start and dearer to run has nothing to pay back and pays back nothing: never, too.
    """
    e, s = np.broadcast_arrays(np.asarray(extra, np.float64), np.asarray(saved, np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((e <= 0) & (s >= 0), 0.0, np.where(s > 0, np.maximum(e, 0.0) / s, np.inf))


def _sum(values: Mapping[str, Numbers]) -> Numbers:
    total: Numbers = 0.0
    for value in values.values():
        total = total + value
    return total
