"""`threshold pilot`: a pilot with adult volunteers, planned before anyone is asked to take part."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from threshold.evaluate import Language
from threshold.output import JSON_HELP, console, emit, tables

if TYPE_CHECKING:
    from benchmarks.pilot.schedule import Plan

app = typer.Typer(
    help="A pilot with adult volunteers: who goes which way when, and what each day can show.",
    epilog="Example: threshold pilot plan --persons 30 --days 10 --out plan.html",
    no_args_is_help=True,
)
PLAN = (
    "Example: threshold pilot plan --persons 30 --days 10 --record record.yaml --out plan.html   "
    "For a spreadsheet: --out plan.csv"
)


@app.callback()
def pilot() -> None:
    """A pilot with adult volunteers."""


@app.command("plan", epilog=PLAN)
def plan(
    persons: Annotated[int, typer.Option(help="Adult volunteers who will come every day.")],
    days: Annotated[int, typer.Option(help="Days; ten show what getting used to it does.")],
    lanes: Annotated[
        str | None,
        typer.Option(metavar="LANE,LANE…", help="The lanes, with commas between; all but the open door else."),
    ] = None,
    rounds: Annotated[int, typer.Option(help="Transactions of each person at each lane, a day.")] = 1,
    attempts: Annotated[int, typer.Option(help="Presentations that a transaction may have.")] = 3,
    seed: Annotated[int, typer.Option(help="Of the lot that puts people to sequences.")] = 20190724,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The pilot's processing record: its verdict and its papers.")
    ] = None,
    lang: Annotated[Language, typer.Option(help="The page's language.")] = Language.en,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A page to print (.html), or a list for a spreadsheet (.csv).")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Print the counter-balanced schedule, the notices needed, sample sizes, and what each day can show."""
    from benchmarks.pilot.page import page, table
    from benchmarks.pilot.schedule import PilotError
    from benchmarks.pilot.schedule import plan as planned
    from edge.transaction import LANES
    from threshold.files import write_text

    chosen: Any = (
        tuple(lane.strip() for lane in lanes.split(",")) if lanes else tuple(lane for lane in LANES if lane != "open")
    )
    if out is not None and out.suffix not in (".html", ".csv"):
        raise PilotError(f"{out}: expected a name that ends in .html or .csv, found {out.suffix or 'no ending'}.")
    found = planned(persons, days, chosen, rounds, attempts, seed)
    commands, refused = _beforehand(found, record)
    if out is not None:
        write_text(out, table(found) if out.suffix == ".csv" else page(found, lang.value, commands, refused))
    if json:
        emit(_document(found, commands, refused))
    else:
        _print(found, commands, refused)
    if out is not None:
        console().print(f"Written: {out}", markup=False)


def _beforehand(plan: Plan, path: Path | None) -> tuple[list[str], str | None]:
    """The commands to run before the first day, and the gate's verdict where it isn't allow."""
    name = "RECORD" if path is None else str(path)
    kinds, refused = ["notice", "sign", "register"], None
    if path is not None:
        from datetime import UTC, datetime

        from policy.engine import ground, verdict
        from policy.papers import KINDS, reason
        from policy.record import read

        record = read(path)
        kinds = [kind for kind in KINDS if reason(kind, record) is None]
        said = verdict(ground(record, datetime.now(UTC).date(), None))
        refused = None if said.verdict == "allow" else said.verdict
    who = plan.persons[0]
    commands = [
        *([f"threshold policy template --out {name}"] if path is None else []),
        f"threshold policy assess {name}",
        *(f"threshold policy notice {name} --kind {kind} --out papers" for kind in kinds),
        f"threshold policy dpia {name} --out dpia.html",
        f"threshold enrol {who} --record {name} --witness NAME --document passport --age AGE --role volunteer "
        "--tag UID",
        "threshold ledger verify",
    ]
    return commands, refused


def _document(plan: Plan, commands: list[str], refused: str | None) -> dict[str, Any]:
    return {
        "lanes": plan.lanes,
        "persons": plan.persons,
        "rounds": plan.rounds,
        "attempts": plan.attempts,
        "seed": plan.seed,
        "balanced": plan.balanced,
        "uneven": plan.uneven,
        "sequences": plan.sequences,
        "days": [
            {
                "day": day.number,
                "arrivals": day.arrivals,
                "light": day.light,
                "clothing": day.clothing,
                "habituation": day.habituation,
                "sequence": dict(zip(plan.persons, day.rows, strict=True)),
                "shows": day.shows.document(),
            }
            for day in plan.days
        ],
        "beforehand": commands,
        "refused": refused,
    }


def _print(plan: Plan, commands: list[str], refused: str | None) -> None:
    from rich.table import Table

    from benchmarks.pilot.page import letter, sentence
    from benchmarks.terms import Terms

    out = tables()
    words = Terms("en")
    orders = Table(title="Sequences: the order of lanes", title_justify="left")
    for column in ("", *map(str, range(1, len(plan.lanes) + 1))):
        orders.add_column(column)
    for row, sequence in enumerate(plan.sequences):
        orders.add_row(letter(row), *sequence)
    out.print(orders)
    shown = Table(title="Days, and what all until then can show for each lane", title_justify="left")
    for column in (
        "day",
        "arrivals",
        "light",
        "clothing",
        "n",
        "times ±",
        "failures 5 % ±, pp",
        "with people's habits",
    ):
        shown.add_column(column)
    for day in plan.days:
        shows = day.shows
        shown.add_row(
            f"{day.number} ({day.habituation})",
            day.arrivals,
            day.light,
            day.clothing,
            f"{shows.per_lane}",
            f"{100 * shows.time:.1f} %",
            f"{100 * shows.half_width:.1f}",
            f"{100 * shows.half_width_clustered:.1f} (design effect {shows.design_effect:.1f})",
        )
    out.print(shown)
    out.print(sentence(plan.shows, words).unescape())
    out.print(
        "Balanced: every lane follows every other equally often."
        if plan.balanced
        else f"Not balanced: how often two orders come differs by up to {plan.uneven}. People in a multiple of "
        f"{len(plan.sequences)}, or {len(plan.sequences)} days, make it so."
    )
    if refused:
        out.print(f"The gate says “{refused}” of this record: nobody may be enrolled until it says “allow”.")
    out.print("Before the first day:")
    for command in commands:
        out.print(f"  {command}", markup=False)
