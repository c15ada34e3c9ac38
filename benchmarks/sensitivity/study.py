"""The whole study: points from one run, then tornado, Sobol's indices, break-even and the value of information."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.scenario import Scenario
from benchmarks.sensitivity import breakeven, document, information, run, sobol, tornado
from benchmarks.sensitivity.options import BY_ID, CANDIDATES, FACES, KEPT, MILDER, OPTIONS, OUTCOMES
from benchmarks.sensitivity.point import Outcomes, shared, table
from benchmarks.sensitivity.sample import Design, design
from benchmarks.sensitivity.space import VARIED, Parameter, SpaceError, chosen, parameters, settled
from benchmarks.session import Progress
from benchmarks.spread import Where

Numbers = NDArray[np.float64]

AXES: tuple[tuple[str, int], ...] = (("tailgating", 7), ("tag.forgotten", 7), ("fallback.time", 5))
"""The grid: at which rate of walking in behind others, of forgetting, at which time by hand ranks flip. Odd numbers of
values, so that the middle is one of them."""
FIRST, SECOND = "face-1n", "tag-uid"
"""Compared unless something else is asked: the way in by face that asks least of people, and the tag a school has."""
_AMONG: tuple[Literal["pair", "candidates"], ...] = ("pair", "candidates")
UNITS = {
    "legitimate-failures": "share of person-mornings",
    "attendance-errors": "share of person-mornings",
    "unauthorised-entries": "share of tries",
    "minutes": "min per 1,000 person-mornings",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """How large, and what is compared."""

    n: int
    """Of the Sobol sample, a power of 2; 0 for none."""
    person_mornings: int
    varied: tuple[str, ...] = VARIED
    axes: tuple[tuple[str, int], ...] = AXES
    first: str = FIRST
    second: str = SECOND


def study(
    scenario: Scenario,
    settings: Settings,
    folder: Path,
    where: Where,
    resume: bool = False,
    reproduce: str = "threshold sensitivity",
    progress: Progress = lambda what, total: lambda: None,
) -> document.Sensitivity:
    """Everything over one run of points. Raises SpaceError, RunError, SpreadError."""
    plan = planned(scenario, settings)
    begun = time.monotonic()
    step = progress(f"points, {where.name}", len(plan.rows))

    def tick(done: int) -> None:
        for _ in range(done):
            step()

    results, taken = run.run(shared(scenario, settings.person_mornings), plan.rows, folder, where, resume, tick)
    seconds = round(time.monotonic() - begun, 1)
    return stated(
        scenario,
        settings,
        results,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        program=f"threshold {version('threshold')}",
        computed=document.Computed(
            points=len(plan.rows), digest=run.digest(results), where=where.name, seconds=seconds, taken_over=taken
        ),
        reproduce=reproduce,
    )


def stated(
    scenario: Scenario,
    settings: Settings,
    results: Sequence[Outcomes],
    *,
    created: str,
    program: str,
    computed: document.Computed,
    reproduce: str,
) -> document.Sensitivity:
    """The document of points that were computed. `study` states it, and `again` finds it anew: it has one way to be
    made. Raises SpaceError."""
    space = parameters(scenario)
    varied = chosen(space, settings.varied)
    points = _Points(space, planned(scenario, settings), table(results), settings)
    base = settled(scenario, {}, settings.person_mornings).doors
    return document.Sensitivity(
        created=created,
        program=program,
        scenario=scenario.id,
        title=scenario.title,
        seed=scenario.seed,
        person_mornings=settings.person_mornings,
        tries=base.repetitions * base.mornings * base.tries,
        people=base.repetitions * base.persons,
        sample=settings.n,
        first=settings.first,
        second=settings.second,
        inputs=tuple(_input(parameter, place in varied) for place, parameter in enumerate(space)),
        options=tuple(
            document.Way(
                id=option.id,
                lane=option.lane,
                doors=option.doors,
                times=dict(option.times),
                face=option.face,
                candidate=option.id in CANDIDATES,
            )
            for option in OPTIONS
        ),
        outcomes=UNITS,
        base={
            option.id: {
                outcome: None if np.isnan(value := points.of(option.id, outcome)[0]) else float(value)
                for outcome in KEPT
            }
            for option in OPTIONS
        },
        tornado={outcome: points.tornado(outcome) for outcome in OUTCOMES},
        spread=points.spread(varied, scenario.seed) if settings.n else (),
        surface=points.surface() if settings.axes else None,
        flips=points.flips() if settings.axes else (),
        decisions=tuple(
            points.decision(outcome, among, varied, scenario.seed) for among in _AMONG for outcome in OUTCOMES
        )
        if settings.n
        else (),
        computed=computed,
        asked=document.Asked(scenario=scenario.model_dump(mode="json"), varied=settings.varied, axes=settings.axes),
        reproduce=reproduce,
    )


def planned(scenario: Scenario, settings: Settings) -> Design:
    """The points of a study. Raises SpaceError."""
    for option in (settings.first, settings.second):
        if option not in BY_ID:
            raise SpaceError(f"option {option!r}: expected one of {', '.join(BY_ID)}.")
    if settings.first == settings.second:
        raise SpaceError(f"options: expected two to compare, found {settings.first!r} twice.")
    space = parameters(scenario)
    varied = chosen(space, settings.varied)
    if settings.n and not varied:
        raise SpaceError("parameters: expected some to vary, found none.")
    axes = chosen(space, [name for name, _ in settings.axes])
    grid = [(place, tuple(np.linspace(0.0, 1.0, count))) for place, (_, count) in zip(axes, settings.axes, strict=True)]
    return design(space, varied, settings.n, scenario.seed, grid)


def _input(parameter: Parameter, varied: bool) -> document.Input:
    return document.Input(
        id=parameter.id,
        unit=parameter.unit,
        low=parameter.low,
        middle=parameter.middle,
        high=parameter.high,
        values=parameter.values,
        status=parameter.status,
        varied=varied,
    )


class _Points:
    """The points' outcomes and what is made of them."""

    def __init__(self, space: Sequence[Parameter], plan: Design, values: Numbers, settings: Settings) -> None:
        self._space, self._plan, self._values, self._settings = space, plan, values, settings
        self._place = {option.id: place for place, option in enumerate(OPTIONS)}

    def of(self, option: str, outcome: str) -> Numbers:
        """At every point."""
        return np.asarray(self._values[:, self._place[option], KEPT.index(outcome)])

    def _difference(self, outcome: str) -> Numbers:
        return self.of(self._settings.first, outcome) - self.of(self._settings.second, outcome)

    def tornado(self, outcome: str) -> tuple[document.Swing, ...]:
        ends = self._difference(outcome)[self._plan.ends : self._plan.grid].reshape(-1, 2)
        return tuple(
            document.Swing(parameter=self._space[bar.place].id, low=bar.low, high=bar.high)
            for bar in tornado.bars(ends, range(len(self._space)))
        )

    def spread(self, varied: Sequence[int], seed: int) -> tuple[document.Spread, ...]:
        found = []
        for target in ("difference", *(option.id for option in OPTIONS)):
            for outcome in OUTCOMES:
                values = (self._difference(outcome) if target == "difference" else self.of(target, outcome))[
                    self._plan.sample :
                ]
                told = sobol.indices(values, len(varied), seed)
                found.append(
                    document.Spread(
                        target=target,
                        outcome=outcome,
                        mean=float(np.nanmean(values)),
                        standard_deviation=float(np.nanstd(values, ddof=1)),
                        shares=None
                        if told is None
                        else tuple(
                            document.Share(
                                parameter=self._space[place].id,
                                first=index.first,
                                first_half=index.first_half,
                                total=index.total,
                                total_half=index.total_half,
                            )
                            for place, index in zip(varied, told, strict=True)
                        ),
                    )
                )
        return tuple(found)

    def _axes(self) -> list[document.Axis]:
        ids = [parameter.id for parameter in self._space]
        axes = []
        for name, count in self._settings.axes:
            parameter = self._space[ids.index(name)]
            values = tuple(parameter.at(u) for u in np.linspace(0.0, 1.0, count))
            axes.append(document.Axis(parameter=name, values=values, middle=count // 2))
        return axes

    def _grid(self) -> Numbers:
        """Axes × options × OUTCOMES."""
        values = self._values[self._plan.grid : self._plan.sample, :, : len(OUTCOMES)]
        return values.reshape(*(count for _, count in self._settings.axes), len(OPTIONS), len(OUTCOMES))

    def surface(self) -> document.Surface:
        flat = self._grid().ravel()
        return document.Surface(
            axes=tuple(self._axes()),
            options=tuple(option.id for option in OPTIONS),
            outcomes=OUTCOMES,
            values=tuple(None if np.isnan(value) else float(f"{value:.6g}") for value in flat),
        )

    def flips(self) -> tuple[document.Flip, ...]:
        axes, grid = self._axes(), self._grid()
        found = []
        for number, axis in enumerate(axes):
            # Along this axis, the others in the middle.
            line = grid[tuple(slice(None) if other == number else axes[other].middle for other in range(len(axes)))]
            for index, outcome in enumerate(OUTCOMES):
                for face in FACES:
                    for milder in MILDER:
                        d = line[:, self._place[face], index] - line[:, self._place[milder], index]
                        better: Literal["face", "milder", "neither"] = (
                            "face" if d[0] < 0 else "milder" if d[0] > 0 else "neither"
                        )
                        found.append(
                            document.Flip(
                                outcome=outcome,
                                parameter=axis.parameter,
                                face=face,
                                milder=milder,
                                at=tuple(breakeven.crossings(axis.values, d.tolist())),
                                better_low=better,
                            )
                        )
        return tuple(found)

    def decision(
        self, outcome: str, among: Literal["pair", "candidates"], varied: Sequence[int], seed: int
    ) -> document.Decision:
        begin = self._plan.sample
        options = CANDIDATES if among == "candidates" else (self._settings.first, self._settings.second)
        losses = np.stack([self.of(option, outcome)[begin:] for option in options], axis=1)
        rows = np.asarray(self._plan.rows[begin:])[:, list(varied)]
        # Choices are never ranked: nobody measures them.
        places = [place for place, each in enumerate(varied) if not self._space[each].chosen]
        found = information.worths(rows, losses, places, seed)
        worth = [
            document.Worth(
                parameter=self._space[varied[place]].id,
                value=each.value,
                chance=each.chance,
                held_out=each.held_out,
                told=each.told,
            )
            for place, each in zip(places, found, strict=True)
        ]
        independent = information.independent(losses, len(varied))
        expected = independent.mean(axis=0)
        return document.Decision(
            outcome=outcome,
            among=among,
            now=options[int(expected.argmin())],
            expected={option: float(value) for option, value in zip(options, expected, strict=True)},
            perfect=information.perfect(independent),
            worth=tuple(sorted(worth, key=lambda each: -each.value)),
        )
