"""`threshold cost`: what the lanes cost, by prices of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from threshold.output import JSON_HELP, console, emit, tables

if TYPE_CHECKING:
    from benchmarks.cost.prices import Prices
    from benchmarks.evidence import Cost, Quantity

EXAMPLE = (
    "Example: threshold cost --template --out prices.toml   "
    "Edit it, then: threshold cost out/evaluate/results.json --prices prices.toml   "
    "Into the report: threshold report out/evaluate/results.json --prices prices.toml"
)


def cost(
    results: Annotated[
        Path | None, typer.Argument(metavar="RESULTS", help="results.json, as threshold evaluate wrote it.")
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Currency, prices and choices (TOML); the template's else.")
    ] = None,
    template: Annotated[bool, typer.Option("--template", help="Write the file with the prices, to fill in.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where the template goes; else to stdout.")] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Count what each lane costs, the way in that must stay beside faces included, with how sure that is."""
    from benchmarks.cost.costed import costed
    from benchmarks.cost.prices import template as empty
    from benchmarks.report import read as read_results

    if template:
        _template(empty(), out, json)
        return
    if results is None or out is not None:
        raise typer.BadParameter("expected RESULTS, such as out/evaluate/results.json, or --template (with --out FILE)")
    found = costed(read_results(results), *priced(prices))
    if json:
        emit(found.model_dump(mode="json"))
    else:
        _print(found)


def priced(path: Path | None) -> tuple[Prices, str]:
    """Prices from a file, or those that come with the program, and the SHA-256 of their text."""
    import hashlib

    from benchmarks.cost.prices import parse, read, template

    if path is not None:
        return read(path)
    text = template()
    return parse(text, "prices.toml"), hashlib.sha256(text.encode()).hexdigest()


def _template(text: str, out: Path | None, json: bool) -> None:
    from threshold.files import OutputError, write_text

    if out is None:
        if json:
            emit({"template": text})
        else:
            print(text, end="")
    elif out.exists():
        raise OutputError(f"{out}: expected a new file, found one there. Name another with --out, or move it away.")
    else:
        write_text(out, text)
        if json:
            emit({"written": str(out)})
        console().print(f"Written: {out}", markup=False)


def _print(cost: Cost) -> None:
    from rich.table import Table

    size = f"{cost.persons} persons, {cost.doors} doors, {cost.years:g} years"
    title = f"{size}, {cost.currency} (95 % of {cost.draws} draws)"
    table = Table(title=title, title_justify="left")
    for column in ("lane", "in all", "at the start", "a year", "other way in"):
        table.add_column(column, no_wrap=True)
    for lane, one in cost.lanes.items():
        other = f"{one.terms['alternative']:,.0f} ({one.alternative})" if one.alternative else "none needed"
        table.add_row(lane, *(_money(amount) for amount in (one.total, one.once, one.yearly)), other)
    tables().print(table)
    for pair in cost.pairs:
        said = "never" if pair.pays_back is None else f"after {pair.pays_back:.1f} years"
        none = f"none is avoided in {100 * pair.none_avoided:.0f} % of draws"
        per = f"{_money(pair.per_failure)}; {none}" if pair.per_failure and pair.none_avoided < 0.5 else none
        tables().print(
            f"{pair.first} above {pair.second}: {_money(pair.difference)}; pays for itself: {said} (never in "
            f"{100 * pair.never:.0f} % of draws); for a failure avoided: {per}"
        )
        deciding = "; ".join(
            f"{swing.id} {swing.ends[0]:g} to {swing.ends[1]:g} ({swing.unit}): {swing.difference[0]:+,.0f} to "
            f"{swing.difference[1]:+,.0f}, both cost the same at "
            f"{'no value' if swing.equal is None else f'{swing.equal:,.4g}'}"
            for swing in pair.swings[:3]
        )
        tables().print(f"  decided most by {deciding}", markup=False)
    assumed = [price.id for price in cost.prices if price.status == "assumption"]
    console().print(f"{len(assumed)} of {len(cost.prices)} prices are assumptions: {', '.join(assumed)}")


def _money(amount: Quantity) -> str:
    low, high = amount.interval
    return f"{amount.value:,.0f} ({low:,.0f} to {high:,.0f})"
