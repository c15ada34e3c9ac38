"""`threshold policy replay`: decided cases, judged by the rules of this version; expected beside got."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from threshold.output import JSON_HELP, console, emit, tables

if TYPE_CHECKING:
    from policy.replay import Replayed

EXAMPLE = "Example: threshold policy replay --as-of 2026-11-21"


def replay(
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], metavar="DATE", help="The day that counts as today; else today."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Judge decided cases at their own date and today; exit 1 when one is not as expected.

    A refusal is tried again on what the sources state alone, everything assumed made unknown. An allow lists the
    assumptions that it needs. Each case says what became of it and what it is no evidence for.
    """
    from policy.replay import replay as run

    today = datetime.now(UTC).date() if as_of is None else as_of.date()
    rows = run(today)
    if json:
        emit(summary(today, rows))
    else:
        _show(today, rows)
    if any(row.problems for row in rows):
        raise typer.Exit(1)


def summary(today: date, rows: tuple[Replayed, ...]) -> dict[str, Any]:
    """The JSON document of a replay."""
    return {
        "today": today.isoformat(),
        "as_expected": not any(row.problems for row in rows),
        "allows": sum(row.got.verdict == "allow" for row in rows),
        "rows": [
            {
                "case": row.case.id,
                "variant": row.row.variant,
                "title": row.case.title,
                "as_of": row.as_of.isoformat(),
                "date": row.row.as_of,
                "profile": row.row.profile,
                "ask": row.row.ask,
                "stated": row.stated,
                "assumed": row.assumed,
                "expected": row.row.verdict,
                "got": row.got.verdict,
                "problems": list(row.problems),
                "why_expected": row.row.words,
                "mark": row.row.mark,
                "changed": row.row.changed,
                "decided_by": list(row.decided_by),
                "not_known": list(row.unknown),
                "stops_on_stated_facts": list(row.on_stated_facts),
                "needs_assumptions": list(row.needs),
                "no_evidence_for": list(row.no_evidence_for),
                "fate": [entry.model_dump(mode="json", exclude={"facts"}) for entry in row.case.fate],
            }
            for row in rows
        ],
    }


def _show(today: date, rows: tuple[Replayed, ...]) -> None:
    from rich.table import Table

    table = Table(title=f"Decided cases, as of their own date and of {today.isoformat()}", title_justify="left")
    for column in ("case", "as of", "law", "stated", "assumed", "expected", "got", "decided by, on stated facts"):
        table.add_column(column, justify="right" if column in ("stated", "assumed") else "left", overflow="fold")
    for row in rows:
        verdict = row.got.verdict if not row.problems else f"{row.got.verdict} ✗"
        rules = row.decided_by if row.got.verdict == "allow" else row.on_stated_facts
        rules = tuple(sorted(rules, key=lambda rule: rule not in row.row.because))  # those that were expected first
        shown = ", ".join(rules[:4]) + (f" and {len(rules) - 4} more" if len(rules) > 4 else "")
        about = f"warns: {shown}" if row.got.verdict == "allow" and shown else shown
        table.add_row(
            row.name,
            row.as_of.isoformat(),
            row.row.profile,
            str(row.stated),
            str(row.assumed),
            row.row.verdict,
            verdict,
            about or "–",
        )
    out = tables()
    out.print(table)
    for case in {row.case.id: row.case for row in rows}.values():
        own = [row for row in rows if row.case is case]
        out.print(f"\n[bold]{case.id}[/]: {case.title}. {case.authority}, {', '.join(case.citations)}.", soft_wrap=True)
        out.print(f"  Decided: {case.decided}", soft_wrap=True, markup=False)
        for entry in case.fate:
            day = entry.date.isoformat() if entry.date else "day not read"
            mark = f" [{entry.mark}]" if entry.mark else ""
            out.print(f"  {day}, {entry.status}: {entry.what}{mark} ({entry.source})", soft_wrap=True, markup=False)
        for row in own:
            if row.needs:
                parts = Counter(re.split(r"[.\[]", path)[0] for path in row.needs)
                counts = ", ".join(f"{part} {count}" for part, count in parts.items())
                needs = f"the allow needs {len(row.needs)} assumptions ({counts}); --json lists them"
                out.print(f"  {row.name} as of {row.as_of}: {needs}", soft_wrap=True, markup=False)
            for problem in row.problems:
                out.print(f"  ✗ {row.name} as of {row.as_of}: {problem}", soft_wrap=True, markup=False)
        out.print(f"  No evidence for: {'; '.join(own[0].no_evidence_for)}.", soft_wrap=True, markup=False)
    allows = sum(row.got.verdict == "allow" for row in rows)
    wrong = sum(bool(row.problems) for row in rows)
    console().print(f"{len(rows)} verdicts, {allows} of them allow; {wrong} not as expected.")
