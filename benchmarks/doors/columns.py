"""Transactions as columns: what happens to each person-morning at one lane, all of them at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from benchmarks.doors.draws import DAYS_BEFORE, Draws
from benchmarks.doors.queue import turns
from benchmarks.doors.ways import METHODS, REASON, SLOTS, WAYS, Values, Way, accepted, revocation
from benchmarks.scenario import Doors, Level, Scenario
from edge.transaction import Lane

Bools = NDArray[np.bool_]
Times = NDArray[np.float64]
Measured = Mapping[str, Times]
"""Decision times of this device by whose they are (`face`, `tag`), s, sorted; they replace the stated ones."""

REASONS = (
    "absent",
    "lane-down",
    "door-left-open",
    "followed",
    "open",
    "opened",
    "refused",
    "not-enrolled",
    "no-telephone",
    "tag-lost",
    "key-lost",
    "tag-forgotten",
    "qr-absent",
    "key-forgotten",
    "pin-forgotten",
    *dict.fromkeys(REASON.values()),
)
"""What a row can say; a column holds the place in this list."""
CODE = {reason: code for code, reason in enumerate(REASONS)}
NOBODY, SELF, OTHER = 0, 1, 2
"""Whom the record of a morning names."""
_STEPS = 4096
"""Equally likely propensities that stand for the whole Beta distribution; their mean is the share exactly."""


@dataclass(frozen=True, slots=True)
class Run:
    """The setting of one simulation: levels of the lane's own factors and of the scene, whether fallback blocks."""

    lane: Level = "middle"
    scene: Level = "middle"
    blocks: bool = False

    @property
    def name(self) -> str:
        """As it stands in rows and results."""
        return f"{self.lane}/scene-{self.scene}{'/fallback-blocks' if self.blocks else ''}"


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Who comes when: D × N, in the order of coming."""

    order: NDArray[np.int64]
    """Which person."""
    at: Times
    """s after the window opens."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows of one lane, D mornings × N persons in the order of coming; times in s, NaN where there is none."""

    way: Way
    run: Run
    person: NDArray[np.int64]
    present: Bools
    """Whether the person came at all that morning."""
    queued: Bools
    """Whether the person stood in the lane's queue."""
    arrived: Times
    turn: Times
    """When the queue came to the person's place in it, whether or not they stood there."""
    presented: Times
    """The first presentation; NaN where there was none."""
    decided: Times
    """The last decision; NaN without a presentation."""
    inside: Times
    """Crossed, by the lane or by hand; NaN for who is absent."""
    service: Times
    """How long the lane was taken, s."""
    attempts: NDArray[np.int64]
    opened: Bools
    reason: NDArray[np.int64]
    """Codes into REASONS."""
    recorded: NDArray[np.int64]
    """NOBODY, SELF or OTHER."""
    lent: Bools
    """An absent person's credential was presented by someone else, and taken."""
    try_opened: Bools
    """D × T: whether the one who may not enter got in."""
    try_tailed: Bools
    try_method: NDArray[np.int64]
    """Codes into METHODS."""

    @property
    def entered(self) -> Times:
        """In the zone; NaN for who didn't queue."""
        return np.where(self.queued, self.turn, np.nan)

    @property
    def failed(self) -> Bools:
        """Legitimate failure: someone who may enter came, and the lane didn't open."""
        return self.present & ~self.opened

    @property
    def misrecorded(self) -> Bools:
        """Attendance error against an observer: present and not noted, or noted as another; absent and noted."""
        return np.where(self.present, self.recorded != SELF, self.lent)


def arrivals(draws: Draws, doors: Doors, values: Values) -> Arrivals:
    """When people come: by bus, its riders within `bus_spread_s`; the others by a triangular distribution that begins
    at 0, is highest at `peak_minutes` and ends at `window_minutes`. Those who will be absent have a place as well."""
    mornings = doors.mornings
    window, peak = 60.0 * doors.window_minutes, 60.0 * doors.peak_minutes
    u = draws.comes.astype(np.float64)
    turn = peak / window
    alone = np.where(u < turn, np.sqrt(u * window * peak), window - np.sqrt((1.0 - u) * window * (window - peak)))
    share = values["bus.share"]
    buses = math.ceil(doors.persons * share / doors.bus_riders)
    if buses:
        which = np.repeat((draws.bus * buses).astype(np.int64), mornings, axis=0)
        comes = np.take_along_axis(draws.buses.astype(np.float64), which, axis=1) * max(
            0.0, window - doors.bus_spread_s
        )
        rides = np.repeat(draws.rides < share, mornings, axis=0)
        alone = np.where(rides, comes + u * doors.bus_spread_s, alone)
    order = np.argsort(alone, axis=1, kind="stable")
    return Arrivals(order, np.take_along_axis(alone, order, axis=1))


@lru_cache(maxsize=256)
def propensities(share: float, correlation: float) -> NDArray[np.float32]:
    """`_STEPS` equally likely shares of failed presentations, a person's own: Beta with mean `share` and correlation
    `correlation` between two presentations of one person (0 ≤ ρ < 1); in rising order, their mean is `share`."""
    if share in (0.0, 1.0) or correlation == 0.0:
        return _kept(np.full(_STEPS, share))
    more = (1.0 - correlation) / correlation
    middles = (np.arange(_STEPS) + 0.5) / _STEPS
    table = betaincinv(share * more, (1.0 - share) * more, middles)
    for _ in range(50):  # the middles' mean is a little off; scaled up, some reach 1 and are cut off there
        off = share / float(table.mean())
        table = np.minimum(table * off, 1.0)
        if abs(off - 1.0) < 1e-9:
            break
    return _kept(table)


def _kept(table: NDArray[np.float64]) -> NDArray[np.float32]:
    """Settings share it: nobody may write to it."""
    kept = np.asarray(table, np.float32)
    kept.flags.writeable = False
    return kept


class Model:
    """A scenario's entrance at one setting: turns draws into columns, for each lane by the same definitions."""

    def __init__(self, scenario: Scenario, run: Run, measured: Measured | None = None) -> None:
        self.scenario, self.run, self.doors = scenario, run, scenario.doors
        self.values = scenario.values(run.lane, run.scene)
        self.measured = measured or {}
        self.prone = {factor: propensities(self.values[factor], self.values["retry.correlation"]) for factor in REASON}
        """By factor, how likely a presentation fails: equally likely kinds of persons."""
        variance = math.log1p(scenario.time_spread**2)
        self.sigma, self.shift = math.sqrt(variance), -variance / 2.0

    def columns(self, draws: Draws, lanes: tuple[Lane, ...] = tuple(WAYS)) -> dict[Lane, Columns]:
        """All lanes over the same draws."""
        come = arrivals(draws, self.doors, self.values)
        shared = _Shared(self, draws, come)
        before = {lane: self._visit(WAYS[lane], shared) for lane in lanes}
        rows = come.at.shape[0]
        # One pass through the queue for all lanes: each is so many more rows.
        service = np.concatenate([before[lane]["service"] for lane in lanes])
        start = turns(np.tile(come.at, (len(lanes), 1)), service, self.doors.parallel)
        told = {}
        for index, lane in enumerate(lanes):
            told[lane] = self._timed(WAYS[lane], shared, before[lane], start[index * rows : (index + 1) * rows])
        return told

    def _visit(self, way: Way, on: _Shared) -> dict[str, Any]:
        """What happens to each person, apart from when."""
        v = self.values
        down = on.down(way)
        closed = down & (self.doors.without_power == "closed")
        follows = on.follows & ~closed
        reason = np.full(on.shape, CODE["open" if way.lane == "open" else "opened"], np.int64)
        settled = np.zeros(on.shape, np.bool_)

        def settle(who: Bools, why: str) -> None:
            new = who & ~settled
            reason[new] = CODE[why]
            np.logical_or(settled, who, out=settled)

        settle(~on.present, "absent")
        settle(np.broadcast_to(closed, on.shape), "lane-down")
        settle(np.broadcast_to(down, on.shape), "door-left-open")
        if way.lane != "open":
            settle(follows, "followed")
        for share, why in way.barred:
            settle(on.person("refuses" if why != "not-enrolled" else "enrols") < v[share], why)
        barred = settled & (reason >= CODE["refused"]) | (on.present & closed)
        if way.lost:
            settle(on.lost(way.lost[0]), way.lost[1])
        for (share, why), what in zip(way.forgotten, _forgetting(way), strict=True):
            settle(on.drawn(what) < v[share], why)
        tried = ~settled
        attempts, failing = self._present(way, on)
        attempts = np.where(tried, attempts, 0)
        for factor, fails in failing.items():
            settle(fails, REASON[factor])
        opened = np.isin(reason, _OPENED)
        presenting = tried | (reason >= CODE["tag-lost"]) & (reason <= CODE["pin-forgotten"])
        zone = self._zone(way, on, attempts, presenting)
        by_hand = on.present & ~opened
        taken = np.where(opened, zone + on.walk, zone)
        if self.run.blocks:
            taken += np.where(by_hand, on.desk + on.walk, 0.0)
        taken = np.where(on.present, taken, 0.0)
        return {
            "reason": reason,
            "opened": opened,
            "attempts": attempts,
            "tried": tried,
            "queued": on.present & (self.run.blocks | ~barred),
            "zone": zone,
            "service": taken,
            "recorded": self._recorded(way, on, reason, opened),
        }

    def _present(self, way: Way, on: _Shared) -> tuple[NDArray[np.int64], dict[str, Bools]]:
        """Attempts taken, and on which failure the last one ended, by factor."""
        if not way.fails:
            return np.ones(on.shape, np.int64), {}
        attempts = np.ones(on.shape, np.int64)
        still = np.ones(on.shape, np.bool_)
        ended: dict[str, Bools] = {}
        for attempt in range(self.doors.attempts):
            if attempt:
                attempts += still
            ended = {}
            stumbled = np.zeros(on.shape, np.bool_)
            for factor in way.fails:
                here = still & ~stumbled & on.fails(factor, attempt)
                ended[factor] = here
                stumbled |= here
            still = stumbled
            if not still.any():
                break
        return attempts, ended

    def _zone(self, way: Way, on: _Shared, attempts: NDArray[np.int64], presenting: Bools) -> Times:
        """Seconds from entering the zone to the last decision."""
        v = self.values
        seconds = on.pace * (self._first(way) + v["retry"] * np.maximum(attempts - 1, 0))
        for whose in way.machine:
            seconds = seconds + attempts * on.machine(whose)
        return np.where(presenting & on.present, seconds, 0.0)

    def _first(self, way: Way) -> float:
        """Mean seconds until the first presentation."""
        return sum((self.values[factor] for factor in way.present), 0.0)

    def _recorded(self, way: Way, on: _Shared, reason: NDArray[np.int64], opened: Bools) -> NDArray[np.int64]:
        v = self.values
        by_hand = np.where(on.drawn("noted") < v["fallback.not-noted"], NOBODY, SELF)
        if way.records == "none":
            by_lane: Any = NOBODY
        elif way.records == "list":
            by_lane = np.where(on.drawn("listed") < v["register.wrong"], OTHER, SELF)
        elif way.gallery:
            sibling = on.person("has_sibling") < v["siblings"]
            by_lane = np.where(sibling & (on.drawn("confused") < v["face.taken-for-sibling"]), OTHER, SELF)
        else:
            by_lane = SELF
        unseen = (reason == CODE["followed"]) | (reason == CODE["door-left-open"])
        # Where nobody keeps a record, the person who opens by hand doesn't begin one.
        by_hand = np.where(way.records == "none", NOBODY, by_hand)
        noted = np.where(opened, np.where(unseen, NOBODY, by_lane), by_hand)
        return np.asarray(np.where(on.present, noted, NOBODY), np.int64)

    def _timed(self, way: Way, on: _Shared, visit: dict[str, Any], start: Times) -> Columns:
        queued, opened = visit["queued"], visit["opened"]
        # Who needn't queue goes to the person who opens by hand at once.
        begins = np.where(queued, start, on.at)
        by_hand = np.where(opened, 0.0, on.desk)
        inside = np.where(on.present, begins + visit["zone"] + by_hand + on.walk, np.nan)
        decided = np.where(visit["tried"] | (opened & queued), begins + visit["zone"], np.nan)
        presented = np.where(visit["tried"], begins + on.pace * self._first(way), np.nan)
        shares = accepted(way.lane, self.values, self.doors.persons, self.doors.attempts, self.doors.pin_digits)
        lent = ~on.present & (on.drawn("lends") < self.values["lending"]) & (on.drawn("lent") < shares["lent"][0])
        if way.records == "none":
            lent = np.zeros(on.shape, np.bool_)
        down = on.down(way)
        lent = lent & ~down
        tried, tailed, method = self._tries(way, on, down)
        return Columns(
            way,
            self.run,
            on.order,
            on.present,
            queued,
            on.at,
            start,
            presented,
            decided,
            inside,
            visit["service"],
            visit["attempts"],
            opened,
            visit["reason"],
            visit["recorded"],
            lent,
            tried,
            tailed,
            method,
        )

    def _tries(self, way: Way, on: _Shared, down: Bools) -> tuple[Bools, Bools, NDArray[np.int64]]:
        """Who may not enter and gets in: behind someone else, or by deceiving the lane."""
        d, v = on.draws, self.values
        shares = accepted(way.lane, v, self.doors.persons, self.doors.attempts, self.doors.pin_digits)
        equipped = 1 + (d.method * (len(METHODS) - 1)).astype(np.int64)
        method = np.where(d.equipped < v["threat.equipped"], equipped, 0)
        share = np.array([shares[name][0] for name in METHODS])[method]
        while_valid = np.array([shares[name][1] for name in METHODS])[method]
        valid = d.hours * v["found.hours"] < revocation(way.lane, v)
        deceived = (d.accepted < share) & (valid | ~while_valid)
        deceived = np.where(down, self.doors.without_power == "open", deceived)
        tailed = d.tails < v["tailgating"]
        return tailed | deceived, tailed, method


_OPENED = [CODE[reason] for reason in ("door-left-open", "followed", "open", "opened")]


def _forgetting(way: Way) -> tuple[str, ...]:
    """Which draw decides on each kind of forgetting: a thing left at home, or a PIN that doesn't come to mind."""
    return tuple("forgets_pin" if why == "pin-forgotten" else "forgets" for _, why in way.forgotten)


class _Shared:
    """The draws in the order of coming, and what all lanes have in common; each is computed when first asked for."""

    def __init__(self, model: Model, draws: Draws, come: Arrivals) -> None:
        self._model, self.draws, self.order, self.at = model, draws, come.order, come.at
        self.shape = come.at.shape
        self._kept: dict[Any, Any] = {}
        values = model.values
        self.present = self.drawn("absent") >= values["absence"]
        self.follows = self.drawn("follows") < values["following"]
        self.pace = self._spread("pace")
        self.walk = self._spread("walk") * values["passage"]
        self.desk = self._spread("desk") * values["fallback.time"]

    def drawn(self, name: str) -> Any:
        """A draw of person-mornings, D × N."""
        return self._keep(name, lambda: np.take_along_axis(getattr(self.draws, name), self.order, axis=1))

    def person(self, name: str) -> Any:
        """A draw of persons, for each of their mornings, D × N."""
        mornings = self._model.doors.mornings
        return self._keep(
            name,
            lambda: np.take_along_axis(np.repeat(getattr(self.draws, name), mornings, axis=0), self.order, axis=1),
        )

    def fails(self, factor: str, attempt: int) -> Any:
        """Whether that presentation fails for that reason, D × N."""

        def made() -> Any:
            slot = SLOTS[factor]
            table = self._model.prone[factor]
            prone = table[(self.draws.prone[slot] * _STEPS).astype(np.int64)]
            prone = np.repeat(prone, self._model.doors.mornings, axis=0)
            return np.take_along_axis(self.draws.presents[attempt, slot] < prone, self.order, axis=1)

        return self._keep((factor, attempt), made)

    def lost(self, factor: str) -> Any:
        """Whether the person's thing was lost and isn't replaced yet, D × N."""

        def made() -> Any:
            scenario, values = self._model.scenario, self._model.values
            # From a yearly share to a daily one: 1 − (1 − λ)^(1 / school days).
            daily = 1.0 - (1.0 - values[factor]) ** (1.0 / scenario.school_days_per_year)
            days = round(values["tag.days-until-replaced"])  # at most DAYS_BEFORE: the scenario sees to it
            mornings = self._model.doors.mornings
            so_far = np.cumsum(self.draws.loses < daily, axis=2)
            so_far = np.concatenate([np.zeros_like(so_far[..., :1]), so_far], axis=2)
            last = DAYS_BEFORE + 1 + np.arange(mornings)
            missing = so_far[..., last] > so_far[..., last - days]
            by_morning = np.moveaxis(missing, 2, 1).reshape(self.shape)
            return np.take_along_axis(by_morning, self.order, axis=1)

        return self._keep(("lost", factor), made)

    def machine(self, whose: str) -> Any:
        """A decision's time, s: of this device where it was measured; the stated one for faces, within the time of
        presenting for tags."""
        measured = self._model.measured.get(whose)
        if measured is not None and measured.size:
            return self._keep(
                ("machine", whose), lambda: measured[(self.drawn("machine") * measured.size).astype(np.int64)]
            )
        return self._model.values["face.decide"] if whose == "face" else 0.0

    def down(self, way: Way) -> Bools:
        """On which mornings the lane has no power, or no network where it needs one; D × 1."""
        values = self._model.values
        power = way.powered & (self.draws.power < values["outage.power"])
        network = way.networked & (self.draws.network < values["outage.network"])
        return np.asarray(power | network)[:, None]

    def _spread(self, name: str) -> Any:
        """Lognormal about 1."""
        return np.exp(self._model.sigma * self.drawn(name) + self._model.shift)

    def _keep(self, key: Any, made: Any) -> Any:
        if key not in self._kept:
            self._kept[key] = made()
        return self._kept[key]
