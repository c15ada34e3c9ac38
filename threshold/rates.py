"""`threshold bench rates`: a lane's rates from transactions, wherever they come from."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.transaction import LANES
from threshold.output import JSON_HELP, console, emit, tables

if TYPE_CHECKING:
    from benchmarks.evidence import Rate
    from benchmarks.transactions import LaneRates

EXAMPLE = "Example: threshold bench rates pilot.jsonl --lane face-1n --roster roster.csv --exclude exclusions.csv"

LaneName = StrEnum("LaneName", [(lane, lane) for lane in LANES])  # type: ignore[misc]


def rates(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Rows, JSON lines: pilot, recording, simulation.")
    ],
    lane: Annotated[LaneName, typer.Option(help="Whose rates.")],
    roster: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Who was assigned: subject,standing,fallback. Else all who came, enrolled."),
    ] = None,
    exclude: Annotated[Path | None, typer.Option(metavar="CSV", help="Rows to leave out: id,reason.")] = None,
    development: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Rows on which the threshold was fixed.")
    ] = None,
    groups: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV", help="Self-declared labels: subject,self_declared. DELETED once the rates are out."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the document goes.")] = Path("out/rates.json"),
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Rates of a lane with their intervals, over those who can use it and over all who were assigned to it."""
    from benchmarks.groups import delete_labels, read_labels
    from benchmarks.transactions import gather, lane_rates, read_roster
    from threshold.files import write_text

    labels = read_labels(groups, files) if groups else None
    document = lane_rates(
        gather(files, exclude),
        next(known for known in LANES if known == lane.value),
        read_roster(roster) if roster else None,
        gather(development) if development else None,
        labels,
    )
    write_text(out, document.model_dump_json(by_alias=True, indent=2) + "\n")
    if groups:
        delete_labels(groups)
        console().print(f"Deleted: {groups}")
    if json:
        emit(document.model_dump(mode="json", by_alias=True))
    else:
        _print(document)
        console().print(f"Written: {out}")


def _print(document: LaneRates) -> None:
    from rich.table import Table

    table = Table(title=f"{document.lane}, grade {document.grade}", title_justify="left")
    for column in ("", "value", "errors", "interval", "method"):
        table.add_column(column)
    for name, rate in (
        ("failures, of those assigned", document.assigned.failures),
        ("failures, of those who can use it", document.users.failures),
        ("FTE", document.fte),
        ("FTA", document.fta),
        ("FNIR", document.fnir),
        ("misidentification", document.misidentification),
        ("FPIR", document.fpir),
        *((f"failed within {one.attempts} attempts", one.failed) for one in document.attempts),
    ):
        if rate is not None:
            table.add_row(name, *_cells(rate))
    for who, served in (("assigned", document.assigned), ("users", document.users)):
        for name, time in served.time.items():
            low, high = time.interval
            table.add_row(
                f"{name}, {who}", f"{time.value:.2f} s", f"n {time.n:,}", f"{low:.2f} to {high:.2f}", time.method
            )
    for group in document.groups.groups if document.groups else ():
        cells = _cells(group.rate) if group.rate else ("fewer than 30 subjects: not shown", "", "", "")
        table.add_row(f"failures, {group.label}", *cells)
    out = tables()
    out.print(table)
    standing = ", ".join(f"{count} {name}" for name, count in document.standings.items())
    out.print(f"Assigned: {standing}. Never served by the rows: {document.assigned.never_served}.")
    out.print(f"Threshold fixed: {document.threshold_fixed}.")
    for exclusion in document.exclusions:
        out.print(f"Left out: {exclusion.id}: {exclusion.reason}")


def _cells(rate: Rate) -> tuple[str, str, str, str]:
    low, high = rate.interval
    return (
        f"{100 * rate.value:.2f}%",
        f"{rate.numerator} of {rate.denominator:,}",
        f"{100 * low:.2f}% to {100 * high:.2f}%",
        rate.method,
    )
