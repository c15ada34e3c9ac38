"""What the lanes take of people, from results and a processing record: the evidence that the report shows."""

from __future__ import annotations

import hashlib
from pathlib import Path

from benchmarks.cost.draws import BARRED
from benchmarks.evidence import Privacy, Results
from benchmarks.privacy.dominance import dominators, entries, outcomes
from benchmarks.privacy.footprint import DRAWS, footprint, standings
from benchmarks.privacy.vector import vectors
from benchmarks.privacy.weights import declared
from edge.transaction import Lane
from policy.record import read


def private(results: Results, path: Path) -> Privacy:
    """The vector of every lane, dominance, and the one number where its weights were fixed before the results.

    Raises RecordError for a record that can't be read.
    """
    record = read(path)
    weights, digest = declared()
    scenario = results.scenario
    subjects = int(results.doors.settings["persons"] if results.doors else scenario["persons"])
    vector = vectors(record, weights, subjects, _declined(results, subjects))
    known = {lane: entries(one) for lane, one in vector.items()}
    both = {lane: (*own, *outcomes(results.doors, lane)) for lane, own in known.items()} if results.doors else {}
    found = Privacy(
        record=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        vector=vector,
        milder=dominators(known),
        dominated=dominators(both),
    )
    if not weights.before(results.created):
        return found
    seed = int(scenario["seed"])
    return found.model_copy(
        update={
            "footprint": {lane: footprint(one, weights) for lane, one in vector.items()},
            "weights_fixed": weights.fixed.isoformat(),
            "weights_sha256": digest,
            "standing": standings(vector, weights, seed),
            "draws": DRAWS,
            "seed": seed,
        }
    )


def _declined(results: Results, subjects: int) -> dict[Lane, int]:
    """How many of the subjects don't take part, at the middle level; nobody where nothing is simulated."""
    told: dict[Lane, int] = {}
    for lane, door in results.doors.lanes.items() if results.doors else ():
        for run in door.runs:
            if run.lane_level == run.scene_level == "middle" and not run.fallback_blocks:
                away = sum(run.failure_reasons.get(reason, 0) for reason in BARRED)
                told[lane] = round(subjects * away / run.legitimate_failures.denominator)
    return told
