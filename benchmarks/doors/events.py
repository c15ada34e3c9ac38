"""The same entrance, plain: every person a process that goes through it, one event after another (simpy).

Slow and easy to read. Tests and `make prove-queue` hold the columns to it on the same draws. It needs simpy, which
comes with the tools of development (docs/decisions/0014-doors-in-columns.md); nothing else imports it.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy

from benchmarks.doors.columns import REASONS, Columns, Model
from benchmarks.doors.draws import DAYS_BEFORE, Draws
from benchmarks.doors.ways import REASON, SLOTS, WAYS, Way
from edge.transaction import Lane


@dataclass(slots=True)
class Event:
    """What happened to one person on one morning; times in s, None where there is none."""

    person: int
    arrived: float
    entered: float | None = None
    decided: float | None = None
    inside: float | None = None
    attempts: int = 0
    opened: bool = False
    reason: str = "absent"
    recorded: str = "nobody"


@dataclass(frozen=True, slots=True)
class Served:
    """Starts of service in the order of coming, and the most people waiting at once."""

    start: list[float]
    longest: int


def served(arrived: Any, service: Any, parallel: int) -> Served:
    """One queue before `parallel` doors; `arrived` in order, s. The oracle for benchmarks.doors.queue."""
    world = simpy.Environment()
    doors = simpy.Resource(world, capacity=parallel)
    start = [0.0] * len(arrived)
    longest = 0

    def person(index: int) -> Generator[Any, Any, None]:
        nonlocal longest
        yield world.timeout(float(arrived[index]))
        with doors.request() as turn:
            longest = max(longest, len(doors.queue))
            yield turn
            start[index] = world.now
            yield world.timeout(float(service[index]))

    for index in range(len(arrived)):
        world.process(person(index))
    world.run()
    return Served(start, longest)


def morning(model: Model, draws: Draws, lane: Lane, day: int) -> list[Event]:
    """One morning at one lane, by person; `draws` of one repetition, `day` from 0."""
    return _Morning(model, draws, WAYS[lane], day).run()


class _Morning:
    def __init__(self, model: Model, draws: Draws, way: Way, day: int) -> None:
        self.model, self.draws, self.way, self.day = model, draws, way, day
        self.doors, self.v = model.doors, model.values
        self.world = simpy.Environment()
        self.turnstile = simpy.Resource(self.world, capacity=self.doors.parallel)
        self.power = not (way.powered and draws.power[day] < self.v["outage.power"])
        self.network = not (way.networked and draws.network[day] < self.v["outage.network"])

    def run(self) -> list[Event]:
        events = [Event(person, self.comes(person)) for person in range(self.doors.persons)]
        for event in sorted(events, key=lambda event: event.arrived):
            if not self.draws.absent[self.day, event.person] < self.v["absence"]:
                self.world.process(self.person(event))
        self.world.run()
        return events

    def comes(self, person: int) -> float:
        window, peak = 60 * self.doors.window_minutes, 60 * self.doors.peak_minutes
        u = float(self.draws.comes[self.day, person])
        buses = math.ceil(self.doors.persons * self.v["bus.share"] / self.doors.bus_riders)
        if buses and self.draws.rides[0, person] < self.v["bus.share"]:
            bus = float(self.draws.buses[self.day, int(self.draws.bus[0, person] * buses)])
            return bus * max(0.0, window - self.doors.bus_spread_s) + u * self.doors.bus_spread_s
        if u < peak / window:
            return math.sqrt(u * window * peak)
        return window - math.sqrt((1 - u) * window * (window - peak))

    def person(self, event: Event) -> Generator[Any, Any, None]:
        who = event.person
        yield self.world.timeout(event.arrived)
        walk = self.slow("walk", who) * self.v["passage"]
        desk = self.slow("desk", who) * self.v["fallback.time"]
        event.reason = self.standing(who)
        aside = event.reason in ("lane-down", "refused", "not-enrolled", "no-telephone")
        if aside and not self.model.run.blocks:
            yield self.world.timeout(desk + walk)
        else:
            with self.turnstile.request() as turn:
                yield turn
                event.entered = self.world.now
                yield from self.zone(event)
                if event.opened:
                    event.decided = self.world.now
                    yield self.world.timeout(walk)
                elif self.model.run.blocks:
                    yield self.world.timeout(desk + walk)
            if not event.opened and not self.model.run.blocks:
                yield self.world.timeout(desk + walk)
        event.inside = self.world.now
        self.note(event)

    def standing(self, who: int) -> str:
        """How the person stands before presenting anything; "" where they have all it takes."""
        if not (self.power and self.network):
            return "door-left-open" if self.doors.without_power == "open" else "lane-down"
        if self.way.lane == "open":
            return "open"
        if self.draws.follows[self.day, who] < self.v["following"]:
            return "followed"
        return self.barred(who) or self.without(who) or self.forgetful(who)

    def barred(self, who: int) -> str:
        d, v = self.draws, self.v
        if self.way.lane.startswith("face"):
            if d.refuses[0, who] < v["face.refused"]:
                return "refused"
            if d.enrols[0, who] < v["face.not-enrolled"]:
                return "not-enrolled"
        return "no-telephone" if self.way.lane == "qr" and d.refuses[0, who] < v["qr.none"] else ""

    def without(self, who: int) -> str:
        """Lost, or left at home."""
        d, v = self.draws, self.v
        thing = "key" if self.way.lane == "key" else "tag" if self.way.lost else ""
        if thing:
            daily = 1 - (1 - v[f"{thing}.lost"]) ** (1 / self.model.scenario.school_days_per_year)
            today = DAYS_BEFORE + self.day
            for ago in range(round(v["tag.days-until-replaced"])):
                if d.loses[0, who, today - ago] < daily:
                    return f"{thing}-lost"
            if d.forgets[self.day, who] < v[f"{thing}.forgotten"]:
                return f"{thing}-forgotten"
        return "qr-absent" if self.way.lane == "qr" and d.forgets[self.day, who] < v["qr.absent"] else ""

    def forgetful(self, who: int) -> str:
        typed = self.way.lane in ("pin", "tag-pin")
        return "pin-forgotten" if typed and self.draws.forgets_pin[self.day, who] < self.v["pin.forgotten"] else ""

    def zone(self, event: Event) -> Generator[Any, Any, None]:
        who = event.person
        pace = self.slow("pace", who)
        first = sum(self.v[factor] for factor in self.way.present)
        if event.reason in ("followed", "door-left-open"):
            event.opened = True
        elif event.reason in ("lane-down", "refused", "not-enrolled", "no-telephone"):
            pass
        elif event.reason not in ("", "open"):
            yield self.world.timeout(pace * first)  # looks for what isn't there
        else:
            for attempt in range(self.doors.attempts):
                event.attempts += 1
                yield self.world.timeout(pace * (self.v["retry"] if attempt else first) + self.machine(who))
                failure = self.failure(who, attempt)
                event.decided = self.world.now
                if failure is None:
                    event.opened = True
                    event.reason = "open" if self.way.lane == "open" else "opened"
                    return
                event.reason = REASON[failure]

    def failure(self, who: int, attempt: int) -> str | None:
        for factor in self.way.fails:
            slot = SLOTS[factor]
            table = self.model.prone[factor]
            prone = table[int(self.draws.prone[slot, 0, who] * len(table))]
            if self.draws.presents[attempt, slot, self.day, who] < prone:
                return factor
        return None

    def machine(self, who: int) -> float:
        seconds = 0.0
        for whose in self.way.machine:
            measured = self.model.measured.get(whose)
            if measured is not None:
                seconds += float(measured[int(self.draws.machine[self.day, who] * measured.size)])
            elif whose == "face":
                seconds += self.v["face.decide"]
        return seconds

    def slow(self, what: str, who: int) -> float:
        variance = math.log1p(self.model.scenario.time_spread**2)
        return math.exp(math.sqrt(variance) * getattr(self.draws, what)[self.day, who] - variance / 2)

    def note(self, event: Event) -> None:
        who, d, v, day = event.person, self.draws, self.v, self.day
        if self.way.records == "none" or event.reason in ("followed", "door-left-open"):
            event.recorded = "nobody"
        elif not event.opened:
            event.recorded = "nobody" if d.noted[day, who] < v["fallback.not-noted"] else "self"
        elif self.way.records == "list":
            event.recorded = "other" if d.listed[day, who] < v["register.wrong"] else "self"
        elif (
            self.way.gallery
            and d.has_sibling[0, who] < v["siblings"]
            and d.confused[day, who] < v["face.taken-for-sibling"]
        ):
            event.recorded = "other"
        else:
            event.recorded = "self"


def same(event: Event, columns: Columns, day: int) -> list[str]:
    """Where the columns differ from an event, in words; times may differ by a microsecond."""
    place = int(np.nonzero(columns.person[day] == event.person)[0][0])
    wrong = []
    for name in ("arrived", "entered", "decided", "inside"):
        found, expected = float(getattr(columns, name)[day, place]), getattr(event, name)
        if (expected is None) != math.isnan(found) or (expected is not None and abs(found - expected) > 1e-6):
            wrong.append(f"{name}: {found} in the columns, {expected} by events")
    for name, shown in (
        ("attempts", int(columns.attempts[day, place])),
        ("opened", bool(columns.opened[day, place])),
        ("reason", REASONS[columns.reason[day, place]]),
        ("recorded", ("nobody", "self", "other")[columns.recorded[day, place]]),
    ):
        if shown != getattr(event, name):
            wrong.append(f"{name}: {shown} in the columns, {getattr(event, name)} by events")
    return wrong
