"""The main job: two lanes as programs, all eleven at simulated doors, and the evidence that comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from benchmarks import tags
from benchmarks.accuracy import used
from benchmarks.difference import differences
from benchmarks.doors.columns import Measured, Times
from benchmarks.doors.simulate import simulate
from benchmarks.evidence import Comparison, Crew, Doors, Grade, LaneResult, NetworkUsed, Results, SetUsed
from benchmarks.faces import FaceRun, Faces
from benchmarks.limits import cannot_show
from benchmarks.machine import describe, run_with
from benchmarks.mornings import Mornings
from benchmarks.rows import Rows
from benchmarks.scenario import Scenario
from benchmarks.session import Progress
from benchmarks.spread import Where
from benchmarks.summary import MIDDLE, face_rates, lane_result
from edge.transaction import LANES
from edge.transaction import Lane as LaneName
from policy.gate import Gate

_PEOPLE: dict[str, Literal["drawn", "research-set"]] = {"synthetic": "drawn", "technology": "research-set"}
"""Who stood before the camera, by the grade of their pictures."""
FACE_NEEDS = (
    "nothing more for drawn people: threshold evaluate",
    "for a research set, --faces SET: its pictures (threshold evaluate --help)",
    "and --models DIR: the networks yunet-2023mar and mobilefacenet-foamliu (threshold models fetch)",
)


@dataclass(frozen=True, slots=True)
class Figures:
    """The keys of `results.json` that are counted."""

    lanes: dict[LaneName, LaneResult]
    comparisons: tuple[Comparison, ...]
    doors: Doors
    cannot_show: tuple[dict[str, Any], ...]


def evaluate(
    scenario: Scenario,
    gate: Gate,
    folder: Path,
    faces: Faces | None = None,
    reproduce: str = "threshold evaluate",
    progress: Progress = lambda what, total: lambda: None,
    liveness: str | None = None,
    where: Where | None = None,
) -> Results:
    """Run the scenario and write the rows of each lane to `folder`; the results refer to them by file and digest.

    The lanes that run as programs have all their rows there, and put their decision times into the simulation of the
    doors; of that, which is far larger, a sample of rows is kept for every lane, and the counts of all of it.

    `progress` is told what is done and how many steps it has, and gives what to call after each. `liveness` is the id
    of an installed liveness network: still pictures are no case for it, so the results say that it wasn't run.
    `where` is where the simulation of the doors runs (here, unless told); it makes no difference to the numbers.
    Raises policy.gate.Refused, FacesError, OverlapError, and the errors of networks and files.
    """
    mornings = Mornings.draw(scenario)
    networks: tuple[NetworkUsed, ...] = ()
    sets: tuple[SetUsed, ...] = ()
    with Rows(folder, "tag-uid") as tag_rows:
        tags.run(mornings, gate, tag_rows, progress)
    ran = None
    grade: Grade = "technology"
    if faces is not None:
        run = FaceRun(scenario, mornings, faces, gate, progress)
        networks, sets, grade = run.networks, run.sets, run.grade
        with Rows(folder, "face-1n") as face_rows:
            ran = face_rows, run.run(face_rows)
    found = figures(scenario, folder, tag_rows, ran, progress, liveness, where)
    return Results(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        program=f"threshold {version('threshold')}",
        machine=describe() | (run_with(faces.detector, faces.embedder) if faces else {}),
        scenario=scenario.model_dump(mode="json", exclude={"factor"}),
        factors=scenario.factor,
        lanes=found.lanes,
        comparisons=found.comparisons,
        doors=found.doors,
        networks=networks,
        stronger=tuple(used(network) for network in faces.stronger) if faces else (),
        sets=sets,
        cannot_show=found.cannot_show,
        crew=crew(grade if faces else None),
        reproduce=reproduce,
    )


def crew(grade: str | None) -> Crew:
    """Who was measured, by the grade of the face lane's pictures (None: no face lane ran), and for whom."""
    people = "simulated" if grade is None else _PEOPLE.get(grade, "simulated")
    return Crew(people=people, intended="children", arrivals=("single", "burst"))


def figures(
    scenario: Scenario,
    folder: Path,
    tag: Rows,
    face: tuple[Rows, Mapping[str, Any]] | None,
    progress: Progress = lambda what, total: lambda: None,
    liveness: str | None = None,
    where: Where | None = None,
) -> Figures:
    """All figures that follow from the scenario, the rows of the lanes that ran, and the face lane's settings.

    `evaluate` states them, and `benchmarks.recount` finds them again: they have one way to be counted. `folder` is
    where the doors' sample goes. Raises RowsError, DoorsError.
    """
    lanes: dict[LaneName, LaneResult] = {"tag-uid": lane_result(scenario, tag, "tag.")}
    comparisons: tuple[Comparison, ...] = ()
    measured: dict[str, Times] = {"tag": _decision_times(tag)}
    grade: Grade = "technology"
    if face is None:
        lanes["face-1n"] = LaneResult(status="not_run", needs=FACE_NEEDS)
    else:
        rows, settings = face
        grade = settings["grade"]
        result = lane_result(scenario, rows, "face.", grade, frozenset(settings["unable"]))
        rates = face_rates(scenario, rows, settings, settings["pictures"], grade)
        lanes["face-1n"] = result.model_copy(update={"rates": rates, "settings": dict(settings)})
        comparisons = tuple(differences(scenario, rows, tag, grade))
        measured["face"] = _decision_times(rows)
    doors = simulate(scenario, folder, cast(Measured, measured), progress, where)
    for lane in LANES:
        if lane not in lanes:
            lanes[lane] = LaneResult(status="simulated", transactions=doors.lanes[lane].transactions)
    return Figures(
        lanes={lane: lanes[lane] for lane in LANES},
        comparisons=comparisons,
        doors=doors,
        cannot_show=cannot_show(scenario, lanes, face is not None, grade == "synthetic", liveness),
    )


def _decision_times(rows: Rows) -> Times:
    """Of presentations at the middle level, s, sorted."""
    return np.sort(
        [
            ((row.decided.t_ns or 0) - row.presented.t_ns) / 1e9
            for row in rows.of(MIDDLE.name)
            if row.presented.t_ns is not None
        ]
    )
