"""A sensitivity document made again from its points, and some of its points, or all, computed afresh."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from benchmarks.errors import BenchmarkError
from benchmarks.recount import differences, numbers
from benchmarks.scenario import Scenario
from benchmarks.sensitivity import run
from benchmarks.sensitivity.document import Sensitivity
from benchmarks.sensitivity.options import KEPT, OPTIONS
from benchmarks.sensitivity.point import Outcomes, point, shared
from benchmarks.sensitivity.space import SpaceError, chosen, parameters
from benchmarks.sensitivity.study import Settings, planned, stated
from benchmarks.session import Progress
from benchmarks.spread import Here, Where
from policy.bundle import Broken

DOCUMENT, POINTS = "sensitivity.json", "points.jsonl"
COUNT = 12
"""Points that are computed afresh unless told: the base, and others drawn. Whoever altered every tenth point is found
by them in 69 of 100 cases, whoever altered every third in 99."""
APART = ("asked", "computed", "created", "program", "reproduce")
"""Keys that say where the document comes from; `computed.points` and `computed.digest` are looked at by themselves."""


class PointsError(BenchmarkError, ValueError):
    """Error raised for points that aren't those of a document: names the file, what was expected and found."""


@dataclass(frozen=True, slots=True)
class Afresh:
    """Which points are computed afresh."""

    count: int | None = COUNT
    """None: all of them."""
    seed: int | None = None
    """Of the draw; None: one that whoever signed couldn't know."""
    where: Where = field(default_factory=Here)


@dataclass(frozen=True, slots=True)
class Again:
    """What came of it."""

    broken: tuple[Broken, ...] = ()
    figures: int = 0
    """Numbers that were compared."""
    points: tuple[int, ...] = ()
    """Those that were computed afresh, by number."""
    of: int = 0
    seed: int = 0

    def told(self) -> str:
        """Which points were computed afresh, in words."""
        if len(self.points) == self.of:
            return f"{POINTS}: all {self.of} points were computed afresh."
        which = ", ".join(map(str, self.points))
        return (
            f"{POINTS}: {len(self.points)} of {self.of} points were computed afresh (numbers {which}; --seed "
            f"{self.seed} draws the same again, --all-points takes all). The others are held by the signature; what "
            f"{DOCUMENT} says was made again from all of them."
        )


def whole(document: Sensitivity, folder: Path) -> bytes:
    """The points beside a document, one a line in their order. Raises PointsError for those of another run."""
    path = folder / run.POINTS
    try:
        kept = run.kept(path, document.computed.points)
    except (OSError, ValueError, run.RunError) as error:
        raise PointsError(
            f"{path}: expected the points of {DOCUMENT}, found none that can be read ({error})."
        ) from error
    results = [kept[index] for index in range(document.computed.points) if index in kept]
    content = run.lines(results).encode()
    if len(results) != document.computed.points or run.digest(results) != document.computed.digest:
        raise PointsError(
            f"{path}: expected the {document.computed.points} points of {DOCUMENT} beside it (digest "
            f"{document.computed.digest[:16]}…), found {len(results)} of another run. Run threshold sensitivity again."
        )
    return content


def again(
    document: Sensitivity,
    content: bytes,
    afresh: Afresh,
    progress: Progress = lambda what, total: lambda: None,
) -> Again:
    """What of a document doesn't follow from its points, and what of the points not from the scenario.

    `content`: the points, as `whole` gave them.
    """
    asked = document.asked
    if asked is None:
        return Again(
            (_asked("the whole scenario, which inputs vary, and the grid", "none: it is from before bundles"),)
        )
    lines = content.splitlines()
    try:
        scenario = Scenario.model_validate(asked.scenario)
        settings = Settings(
            n=document.sample,
            person_mornings=document.person_mornings,
            varied=asked.varied,
            axes=asked.axes,
            first=document.first,
            second=document.second,
        )
        expected = _count(scenario, settings)
        # Counted before anything is laid out: a document can ask for more than there is memory.
        if expected != len(lines) or expected != document.computed.points:
            found = f"{len(lines)} lines, and {document.computed.points} as {DOCUMENT} says"
            return Again((Broken("points counted", POINTS, f"{expected} points, as what was asked makes", found),))
        rows = planned(scenario, settings).rows
    except ValidationError as error:
        first = error.errors()[0]
        return Again((_asked("a whole scenario", f"{'.'.join(map(str, first['loc']))}: {first['msg']}"),))
    except SpaceError as error:
        return Again((_asked("a study that can be planned", str(error)),))
    results, broken = parsed(lines)
    if broken:
        return Again(tuple(broken))
    if (found := run.digest(results)) != document.computed.digest:
        broken.append(Broken("points replaced", POINTS, f"digest {document.computed.digest} as {DOCUMENT} says", found))
    told = stated(
        scenario,
        settings,
        results,
        created=document.created,
        program=document.program,
        computed=document.computed,
        reproduce=document.reproduce,
    )
    made, says = (each.model_dump(mode="json", by_alias=True, exclude=set(APART)) for each in (told, document))
    broken += differences(made, says, "sensitivity")
    some = _drawn(afresh, len(rows))
    step = progress(f"points computed afresh, {afresh.where.name}", len(some.points))
    text = shared(scenario, settings.person_mornings)
    for index, outcomes in afresh.where.run(point, text, [(index, rows[index]) for index in some.points]):
        step()
        for each in differences(_named(outcomes), _named(results[index]), f"{POINTS}: {index}"):
            broken.append(Broken("point altered", each.where, each.expected, each.found))
    compared = numbers(made) + len(some.points) * len(OPTIONS) * len(KEPT)
    return replace(some, broken=tuple(broken), figures=compared)


def parsed(lines: Sequence[bytes]) -> tuple[list[Outcomes], list[Broken]]:
    """Points from their lines, each where it belongs, and the lines that are none."""
    results: list[Outcomes] = []
    broken: list[Broken] = []
    for number, line in enumerate(lines):
        try:
            told = json.loads(line)
            values = np.array(told["outcomes"], dtype=np.float64)
            if told["point"] != number or values.shape != (len(OPTIONS), len(KEPT)) or np.isinf(values).any():
                raise ValueError("another point, or not of this form")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            where = f"{POINTS}, line {number + 1}"
            wanted = f"point {number}: {len(OPTIONS)} options × {len(KEPT)} outcomes"
            broken.append(Broken("point unreadable", where, wanted, str(error)[:200]))
            continue
        results.append([[None if math.isnan(value) else float(value) for value in row] for row in values])
    return results, broken


def _count(scenario: Scenario, settings: Settings) -> int:
    """How many points a study has: base, ends, grid, sample. Raises SpaceError."""
    space = parameters(scenario)
    varied = chosen(space, settings.varied)
    grid = math.prod(count for _, count in settings.axes) if settings.axes else 0
    return 1 + 2 * len(space) + grid + (settings.n * (len(varied) + 2) if settings.n else 0)


def _drawn(afresh: Afresh, count: int) -> Again:
    """The base, on which most stands, and as many others as were asked for."""
    seed = secrets.randbits(32) if afresh.seed is None else afresh.seed
    if afresh.count is None or afresh.count >= count:
        return Again(points=tuple(range(count)), of=count, seed=seed)
    others = np.random.default_rng(seed).choice(count - 1, afresh.count - 1, replace=False) + 1
    return Again(points=(0, *sorted(int(each) for each in others)), of=count, seed=seed)


def _named(outcomes: Outcomes) -> Mapping[str, Any]:
    return {option.id: dict(zip(KEPT, row, strict=True)) for option, row in zip(OPTIONS, outcomes, strict=True)}


def _asked(expected: str, found: str) -> Broken:
    return Broken("sensitivity", f"{DOCUMENT}: asked", expected, found)
