"""Points, computed wherever there is room and kept as they come, so that a broken run goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.sensitivity.point import Outcomes, Row, point
from benchmarks.spread import Where, program

PLAN, POINTS = "plan.json", "points.jsonl"


class RunError(BenchmarkError, RuntimeError):
    """Error raised when a run can't be kept or gone on with: names the file, what was expected and found."""


def run(
    shared: str,
    rows: Sequence[Row],
    folder: Path,
    where: Where,
    resume: bool = False,
    tick: Callable[[int], None] = lambda done: None,
    task: Callable[[str, Row], Outcomes] = point,
) -> tuple[list[Outcomes], int]:
    """`task(shared, row)` of every row, in their order, and how many of them a broken run had kept.

    Each result is a line of `points.jsonl`, written before `tick` hears how many are new; `resume` takes over the lines
    of a broken run of the very same plan.

    Raises RunError, benchmarks.spread.SpreadError.
    """
    plan = _plan(shared, rows)
    done = _begin(folder, plan, resume)
    taken = len(done)
    tick(taken)
    # What was taken over is written anew, so that a line cut off by the break is gone.
    part = folder / f"{POINTS}.part"
    try:
        with part.open("w", encoding="utf-8") as file:
            file.writelines(_line(index, outcomes) for index, outcomes in sorted(done.items()))
            _on_disk(file.fileno(), file.flush)
        part.replace(folder / POINTS)
        with (folder / POINTS).open("a", encoding="utf-8") as file:
            left = [(index, row) for index, row in enumerate(rows) if index not in done]
            for index, outcomes in where.run(task, shared, left):
                file.write(_line(index, outcomes))
                file.flush()
                done[index] = outcomes
                tick(1)
            _on_disk(file.fileno(), file.flush)
    except OSError as error:
        raise RunError(f"{folder}: expected a folder to keep points in, found: {error}.") from error
    return [done[index] for index in range(len(rows))], taken


def digest(results: Sequence[Outcomes]) -> str:
    """SHA-256 over all results in the order of their points: equal digests, equal numbers to the last bit."""
    return hashlib.sha256(lines(results).encode()).hexdigest()


def lines(results: Sequence[Outcomes]) -> str:
    """All results in the order of their points, as they are kept: one a line."""
    return "".join(_line(index, outcomes) for index, outcomes in enumerate(results))


def _plan(shared: str, rows: Sequence[Row]) -> str:
    points = hashlib.sha256(json.dumps([list(row) for row in rows]).encode()).hexdigest()
    plan = {"settings": hashlib.sha256(shared.encode()).hexdigest(), "points": points, "program": program()}
    return json.dumps(plan | {"count": len(rows)}, indent=2) + "\n"


def _begin(folder: Path, plan: str, resume: bool) -> dict[int, Outcomes]:
    at = folder / PLAN
    try:
        folder.mkdir(parents=True, exist_ok=True)
        before = at.read_text(encoding="utf-8") if at.is_file() else None
        if resume and before is not None:
            if before != plan:
                raise RunError(
                    f"{at}: expected the plan of this run, found another (other settings, points or program). "
                    "Name another folder with --out, or leave out --resume to begin anew."
                )
            return kept(folder / POINTS, json.loads(plan)["count"])
        (folder / POINTS).unlink(missing_ok=True)
        at.write_text(plan, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{folder}: expected a folder to keep points in, found: {error}. Use another --out.") from error
    return {}


def kept(path: Path, count: int) -> dict[int, Outcomes]:
    """The points of a run, by number: what a broken one kept, or all. A last line may be cut off and is then none, any
    other must be whole. Raises RunError, OSError."""
    if not path.is_file():
        return {}
    told_lines = path.read_text(encoding="utf-8").split("\n")
    found: dict[int, Outcomes] = {}
    for number, line in enumerate(told_lines[:-1], start=1):
        try:
            told = json.loads(line)
            index, outcomes = told["point"], told["outcomes"]
            if not (isinstance(index, int) and 0 <= index < count and isinstance(outcomes, list)):
                raise ValueError("no point of this plan")
        except (ValueError, KeyError, TypeError) as error:
            raise RunError(
                f"{path}, line {number}: expected a point of this plan, found {line[:60]!r} ({error}). "
                "Leave out --resume to begin anew."
            ) from error
        found[index] = outcomes
    return found


def _line(index: int, outcomes: Outcomes) -> str:
    # Python writes the shortest digits that give back the same number: nothing is lost on the way through the file.
    return json.dumps({"point": index, "outcomes": outcomes}, separators=(",", ":"), allow_nan=False) + "\n"


def _on_disk(descriptor: int, flush: Callable[[], None]) -> None:
    flush()
    os.fsync(descriptor)
