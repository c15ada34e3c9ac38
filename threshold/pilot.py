"""`threshold pilot`: a pilot with adult volunteers, planned before anyone is asked to take part."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from threshold.evaluate import Language
from threshold.output import JSON_HELP, console, emit, tables
from threshold.site import StoreFolder

if TYPE_CHECKING:
    from benchmarks.pilot.join import Join
    from benchmarks.pilot.schedule import Plan
    from benchmarks.pilot.sheet import Planned

app = typer.Typer(
    help="A pilot with adult volunteers: who goes which way when, the observer's sheet, and who truly came.",
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


SHEET = "Example: threshold pilot sheet --plan plan.csv --dates 2026-03-02,2026-03-03 --out sheet.csv"
PEOPLE = "Example: threshold pilot people --plan plan.csv --store store --out people.csv"
JOIN = (
    "Example: threshold pilot join journal/transactions-*.jsonl --sheet sheet.csv --people people.csv --out pilot.jsonl"
    "   Then: threshold report --pilot pilot.jsonl --sheet sheet.csv"
)
PlanFile = Annotated[
    Path, typer.Option("--plan", metavar="FILE", help="The plan: threshold pilot plan --out plan.csv.")
]


@app.command("sheet", epilog=SHEET)
def sheet(
    plan: PlanFile,
    out: Annotated[Path, typer.Option(metavar="FILE", help="A page to print (.html), or a spreadsheet's (.csv).")],
    dates: Annotated[
        str | None, typer.Option(metavar="DATE,DATE…", help="Of the plan's days, in order; else to be filled in.")
    ] = None,
    lang: Annotated[Language, typer.Option(help="The printed page's language.")] = Language.en,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """The observer's sheet: what a device can't know, a line for each planned transaction, by pseudonym."""
    from datetime import date

    from benchmarks.pilot.page import sheet_page
    from benchmarks.pilot.sheet import write_sheet
    from threshold.files import write_private

    if out.suffix not in (".html", ".csv"):
        raise typer.BadParameter(f"expected a name that ends in .html or .csv, found {out}", param_hint="--out")
    try:
        known = [date.fromisoformat(one.strip()) for one in dates.split(",")] if dates else []
    except ValueError as error:
        raise typer.BadParameter(f"expected dates (2026-03-02) with commas between, found {dates}") from error
    planned = _planned(plan)
    write_private(out, write_sheet(planned, known) if out.suffix == ".csv" else sheet_page(planned, known, lang.value))
    if json:
        emit({"sheet": str(out), "lines": len(planned), "persons": len({each.person for each in planned})})
    console().print(f"Written: {out}, {len(planned)} lines. Pseudonyms alone: no names on it, ever.", markup=False)


@app.command("people", epilog=PEOPLE)
def people(
    plan: PlanFile,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to (.csv), for its owner alone.")],
    store: StoreFolder = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Who of the plan is which pseudonym in a device's rows. It stays in the laboratory and goes with the store."""
    from benchmarks.pilot.sheet import write_people
    from policy.errors import UnknownSubject
    from threshold.files import write_private
    from threshold.site import open_store

    persons = list(dict.fromkeys(each.person for each in _planned(plan)))
    found: list[tuple[str, str | None]] = []
    with open_store(store) as opened:
        for person in persons:
            try:
                found.append((person, opened.pseudonym(opened.find(person))))
            except UnknownSubject:
                found.append((person, None))
    write_private(out, write_people(found))
    absent = [person for person, pseudonym in found if pseudonym is None]
    if json:
        emit({"people": str(out), "found": len(found) - len(absent), "absent": absent})
    console().print(f"Written: {out}, {len(found) - len(absent)} of {len(found)} persons.", markup=False)
    if absent:
        told = ", ".join(absent)
        console().print(f"Not in the store: {told}. Who said no is noted on the sheet.", markup=False)


@app.command("join", epilog=JOIN)
def join(
    rows: Annotated[list[Path], typer.Argument(metavar="ROWS…", help="A device's files of rows, from its journal.")],
    sheet: Annotated[Path, typer.Option(metavar="FILE", help="The observer's sheet, filled in (CSV).")],
    people: Annotated[Path, typer.Option(metavar="FILE", help="Who is which pseudonym: threshold pilot people.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to. What comes in isn't touched.")],
    lanes: Annotated[
        str | None,
        typer.Option(metavar="LANE,LANE…", help="Only these come out: one face lane and what it is compared with."),
    ] = None,
    within: Annotated[
        float, typer.Option(min=1, max=3600, help="Seconds between the sheet's time and the row's, at most.")
    ] = 60.0,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Put who truly came to a device's rows, by what the observer saw. What isn't clear is named, and not guessed."""
    from benchmarks.pilot.join import JoinError, companion, devices_of, written
    from benchmarks.pilot.join import join as put_together
    from benchmarks.pilot.sheet import read_people, read_sheet
    from edge.transaction import LANES
    from threshold.files import write_private

    if out.resolve() in {path.resolve() for path in (*rows, sheet, people)}:
        raise typer.BadParameter(f"expected another file than those that come in, found {out}", param_hint="--out")
    if len({path.name for path in rows}) < len(rows):
        raise typer.BadParameter("expected files of different names, so that each row has a place to be named by")
    wanted = [one.strip() for one in lanes.split(",")] if lanes else []
    if unknown := [one for one in wanted if one not in LANES]:
        raise typer.BadParameter(f"expected some of {', '.join(LANES)}, found {unknown[0]}", param_hint="--lanes")
    content = _content(sheet, JoinError)
    found, told = put_together(
        {path.name: _content(path, JoinError) for path in rows},
        (sheet.name, content, read_sheet(content, sheet.name)),
        read_people(_content(people, JoinError), people.name),
        devices_of(rows),
        within,
        [lane for lane in LANES if lane in wanted],
    )
    write_private(out, written(found).decode())
    write_private(companion(out), told.model_dump_json(by_alias=True, indent=1) + "\n")
    known = sum(row.true_subject is not None for row in found)
    if json:
        emit({"rows": str(out), "join": str(companion(out)), "count": len(found), "known": known,
              "elsewhere": told.elsewhere, "left": [one.model_dump(mode="json") for one in told.left]})  # fmt: skip
    else:
        _print_join(told)
    console().print(
        f"Written: {out}, {len(found)} rows, {known} of them with who came; {companion(out)}.", markup=False
    )


def _print_join(told: Join) -> None:
    out = tables()
    for one in told.left:
        row = f" [row {one.row}]" if one.row else ""
        out.print(
            f"{one.kind}: {one.file}, line {one.line} ({one.lane}): {one.says}{row}", markup=False, soft_wrap=True
        )
    if told.left:
        out.print(
            "These are as they were, and count in nothing. Where you know better, write the row's id (or none) into "
            "the sheet's column row, and join again."
        )
    if told.left and all(row.startswith("sheet-") for row in told.lines.values()):
        clocks = ", ".join(sorted({note.session.partition("/")[0] for note in told.devices})[:3]) or "unknown"
        out.print(
            f"No line fits a row by its time. Is the sheet's time by the device's clock? Sessions began: {clocks}."
        )
    if told.elsewhere:
        out.print(f"{told.elsewhere} rows of people who aren't in the plan stay where they are.")


def _planned(path: Path) -> list[Planned]:
    from benchmarks.pilot.sheet import SheetError, read_plan

    return read_plan(_content(path, SheetError), path.name)


def _content(path: Path, error: type[Exception]) -> bytes:
    try:
        return path.read_bytes()
    except OSError as found:
        raise error(f"{path}: expected a file that can be read, found none ({found}).") from found


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
        "--notice VERSION --tag UID",
        "threshold ledger declare --alternative tag --measure denied --margin MARGIN --need NEED",
        "threshold ledger anchor --out ANCHOR",
        "threshold pilot sheet --plan plan.csv --out sheet.csv",
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
