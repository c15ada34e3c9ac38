"""`threshold bench core --race`, `--forget` and `--derive`: backends raced, remembered, and a board that isn't here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threshold.output import console, emit, progress, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from benchmarks.race import Race, Range
    from models.registry import Installed


def forget(json: bool) -> None:
    """Delete what was chosen on this machine; the default is used again."""
    from edge.backend.chosen import chosen_file
    from edge.backend.chosen import forget as deleted

    path = chosen_file()
    found = deleted(path)
    if json:
        emit({"forgotten": found, "file": str(path)})
    else:
        console().print(f"Deleted: {path}" if found else f"Nothing is remembered: there is no {path}.")


def race(networks: tuple[Installed, Installed], rounds: int, detect_px: int, seed: int, out: Path, json: bool) -> None:
    """Race the backends on both networks, remember who won, and say so."""
    from json import dumps

    from benchmarks.machine import describe
    from benchmarks.race import document
    from benchmarks.race import race as run
    from edge.backend.chosen import chosen_file, remember
    from threshold.files import write_text

    with progress() as bar:

        def steps(what: str, total: int) -> Callable[[], None]:
            task = bar.add_task(what, total=total)
            return lambda: bar.advance(task)

        races = run(*networks, steps, rounds, detect_px, seed)
    counted = {each.sha256: each.choice() for each in races if not each.condition.void}
    if counted:
        remember(chosen_file(), counted)
    whole = document(races, describe()) | {"remembered_in": str(chosen_file()) if counted else None}
    write_text(out / "race.json", dumps(whole, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
    if json:
        emit(whole)
        return
    for each in races:
        _print(each)
    condition(races[0].condition.absent, [])
    tables().print(whole["note"])
    if counted:
        console().print(f"Remembered in {chosen_file()}; threshold bench core --forget deletes it.")
    console().print(f"Written: {out / 'race.json'}")


def _print(race: Race) -> None:
    from rich.table import Table

    size = " × ".join(str(side) for side in race.input)
    table = Table(title=f"{race.network}, input {size}, {race.rounds} rounds", title_justify="left")
    for column in ("backend", "CPU ms", "CPU, of the default's", "wall ms", "wall, of the default's", "outputs apart"):
        table.add_column(column)
    for each in race.figures:
        table.add_row(
            f"{'→ ' if each.runtime == race.winner else ''}{each.runtime}",
            _range(each.cpu_ms),
            _range(each.cpu_ratio),
            _range(each.wall_ms),
            _range(each.wall_ratio),
            f"{each.worst:.1g}",
        )
    tables().print(table)
    for runtime, why in race.out:
        tables().print(f"Not let in: {runtime}: {why}")
    for why in race.condition.void:
        tables().print(f"VOID, nothing is remembered: {why}.")
    if not race.condition.void:
        kept = "kept: no other is shown to take less" if race.shown is None else "chosen"
        tables().print(f"{race.network}: {race.winner} {kept}.")


def _range(value: Range | None) -> str:
    return "" if value is None else f"{value.median:.2f} ({value.low:.2f} to {value.high:.2f})"


def condition(absent: tuple[str, ...] | list[str], told: list[str]) -> None:
    """What was read of the machine's condition, and what isn't available here."""
    for line in told:
        tables().print(line)
    if absent:
        tables().print(f"Not available here: {'; '.join(absent)}.")


def print_derived(clip: str, told: Mapping[str, Any]) -> None:
    """The derived stage table of a clip."""
    from rich.table import Table

    table = Table(title=f"{clip}: {told['board']}: DERIVED, NOT MEASURED", title_justify="left")
    for column in ("stage", "times a visit", "million multiply-adds", "CPU ms a visit", "at the core's peak"):
        table.add_column(column)
    for each in told["stages"]:
        table.add_row(
            each["stage"],
            f"{each['times']:.1f}",
            f"{each['million']:.1f}",
            f"{each['low_ms']:.0f} to {each['high_ms']:.0f}",
            f"{each['least_ms']:.1f}",
        )
    total, share = told["networks_cpu_ms_per_visit"], told["share_of_four_cores"]
    table.add_row("all networks", "", "", f"{total['low_ms']:.0f} to {total['high_ms']:.0f}", "")
    rest = told["all_else_cpu_ms_per_visit_on_this_machine"]
    table.add_row("all else", "", "", "not derived", f"({rest:.0f} ms on this machine)")
    tables().print(table)
    tables().print(
        f"That is {share['low_ms']:.1%} to {share['high_ms']:.1%} of four cores while somebody is there. {told['note']}"
    )
    for each in told["published"]:
        tables().print(f"  {each['what']}: {each['ms']:g} ms ({each['source']}; not verified): {each['note']}")
    tables().print(f"To be measured on the board with: {told['measure_with']}")
