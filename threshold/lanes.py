"""`threshold bench lanes`: all eleven lanes at one simulated entrance, by the same definitions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from threshold.output import CLUSTER, JSON_HELP, PROCESSES, console, emit, progress, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.evidence import DoorRun, Doors, Quantity, Rate

EXAMPLE = (
    "Example: threshold bench lanes --person-mornings 1000000   "
    "A scenario of one's own: threshold bench lanes --scenario my.toml"
)


def lanes(
    scenario: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A scenario of one's own in place of the embedded one.")
    ] = None,
    person_mornings: Annotated[
        int | None,
        typer.Option(
            "--person-mornings", min=1, help="At each setting, rounded up to whole repetitions; else the scenario's."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Other draws than the scenario's.")] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where lanes.json and the samples of rows go.")] = Path(
        "out/lanes"
    ),
    processes: PROCESSES = None,
    cluster: CLUSTER = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Simulate all lanes at one entrance: failures, records, who gets in unasked, times, queues, persons per minute.

    Everything here is simulated, from the scenario's factors: it says how lanes differ in this model, with these
    inputs, and nothing about a real entrance. Every lane stands at its middle level; from best to worst in brackets.
    """
    from benchmarks import scenario as scenarios
    from benchmarks.doors.simulate import repetitions, simulate
    from benchmarks.spread import place
    from threshold.files import write_text

    chosen = scenarios.read(scenario) if scenario else scenarios.embedded()
    doors = chosen.doors
    if person_mornings is not None:
        doors = doors.model_copy(update={"repetitions": repetitions(chosen, person_mornings)})
    chosen = chosen.model_copy(update={"doors": doors} | ({"seed": seed} if seed is not None else {}))
    with progress() as bar, place(processes, cluster) as where:

        def steps(what: str, total: int) -> Callable[[], None]:
            task = bar.add_task(what, total=total)
            return lambda: bar.advance(task)

        told = simulate(chosen, out, progress=steps, where=where)
    write_text(out / "lanes.json", told.model_dump_json(by_alias=True, indent=2) + "\n")
    if json:
        emit(told.model_dump(mode="json", by_alias=True))
    else:
        show(told)
        console().print(f"Written: {out / 'lanes.json'} and a sample of rows beside it")


def show(told: Doors) -> None:
    """The lanes side by side, then face − tag and manual − tag apart from each other."""
    from rich.table import Table

    size = next(iter(told.lanes.values())).person_mornings
    table = Table(
        title=f"All lanes, {size:,} simulated person-mornings each, seed {told.seed}: middle level (best to worst)",
        title_justify="left",
    )
    for column in ("lane", "not let in, %", "wrong record, %", "got in unasked, %", "to open, s", "persons/min"):
        table.add_column(column)
    queues = Table(title="The queue on those mornings", title_justify="left")
    for column in ("lane", "wait p50, s", "wait p95, s", "longest queue", "late, %", "p95, fallback in the lane"):
        queues.add_column(column)
    for lane, result in told.lanes.items():
        best, middle, worst, blocked = (_at(result.runs, *key) for key in _SHOWN)
        runs = (best, middle, worst)
        table.add_row(
            lane,
            _rates([run.legitimate_failures for run in runs]),
            _rates([run.attendance_errors for run in runs]),
            _rates([run.unauthorised_entries for run in runs]),
            _amounts([run.transaction_time.get("p50") for run in runs]),
            _amounts([run.persons_per_minute for run in runs]),
        )
        queues.add_row(
            lane,
            _amounts([run.wait.get("p50") for run in runs]),
            _amounts([run.wait.get("p95") for run in runs]),
            _amounts([run.longest_queue for run in runs]),
            _rates([run.late for run in runs]),
            _amounts([blocked.wait.get("p95")]),
        )
    tables().print(table)
    tables().print(queues)
    for first, second, name in (("face-1n", "tag-uid", "face − tag"), ("register", "tag-uid", "manual − tag")):
        for each in told.comparisons:
            levels = {each.first_level, each.second_level, each.scene_level}
            if (each.first, each.second) == (first, second) and levels == {"middle"}:
                share = each.difference.unit == "share"
                scale, unit = (100.0, "percentage points") if share else (1.0, each.difference.unit)
                low, high = (scale * end for end in each.difference.interval)
                tables().print(
                    f"{name}, {each.outcome}: {scale * each.difference.value:+.2f} {unit} "
                    f"(95 %: {low:+.2f} to {high:+.2f}): {each.sentence}"
                )
    console().print("Intervals say how exact the simulation is; the brackets how much hangs on what nobody published.")


_SHOWN = (("best", False), ("middle", False), ("worst", False), ("middle", True))


def _at(runs: tuple[DoorRun, ...], level: str, blocks: bool) -> DoorRun:
    return next(
        run for run in runs if run.lane_level == level and run.scene_level == "middle" and run.fallback_blocks == blocks
    )


def _rates(rates: list[Rate]) -> str:
    best, middle, worst = (f"{100 * rate.value:.1f}" for rate in rates)
    return f"{middle} ({best} to {worst})"


def _amounts(found: list[Quantity | None]) -> str:
    said = [f"{quantity.value:.1f}" if quantity else "–" for quantity in found]
    return f"{said[1]} ({said[0]} to {said[2]})" if len(said) == 3 else said[0]
