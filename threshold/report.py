"""`threshold report`: a report of results that lie on disk, or what the lint of reports looks for."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from threshold import annexed
from threshold.evaluate import Language
from threshold.output import JSON_HELP, console, emit, tables
from threshold.piloted import Sources, piloted
from threshold.policy import Profile
from threshold.site import StoreFolder

if TYPE_CHECKING:
    from benchmarks.evidence import Attached, Results

EXAMPLE = (
    "Example: threshold report out/evaluate/results.json --lang sv   "
    "With the gate's verdict: threshold report out/evaluate/results.json --record record.yaml   "
    "With costs: threshold report out/evaluate/results.json --prices prices.toml   "
    "A pilot: threshold report --pilot pilot.jsonl --sheet sheet.csv --record record.yaml   "
    "What is looked for: threshold report --explain"
)


class Form(StrEnum):
    """What a report can be."""

    html = "html"
    pdf = "pdf"


def report(
    results: Annotated[
        Path | None, typer.Argument(metavar="RESULTS", help="results.json, as threshold evaluate wrote it.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where the report goes; else report.html or report.pdf beside the results."),
    ] = None,
    lang: Annotated[Language, typer.Option(help="The report's language.")] = Language.en,
    form: Annotated[
        Form, typer.Option("--format", help="A page, or a tagged PDF (PDF/UA-1, PDF/A-2a) of the very same page.")
    ] = Form.html,
    annex: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where cameras hang and what they see (TOML): a confidential PDF of its own, beside the report.",
        ),
    ] = None,
    annex_template: Annotated[
        bool, typer.Option("--annex-template", help="Write the file for --annex, to fill in (with --out FILE).")
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A processing record: the gate's verdict on it goes into results and report."
        ),
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], metavar="DATE", help="The day of that verdict; else today."),
    ] = None,
    profile: Annotated[Profile | None, typer.Option(help="Whose law, in place of the record's jurisdiction.")] = None,
    prices: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Prices (threshold cost --template): costs go into results and report."),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option(metavar="OUT", help="Pack all of it, signed, for threshold verify on another machine."),
    ] = None,
    sensitivity: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="sensitivity.json, as threshold sensitivity wrote it: packed with its page and points."
        ),
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The private key (PEM, Ed25519) that signs the bundle.")
    ] = None,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Draw that key first; the public one is put beside it (.pub).")
    ] = False,
    pilot: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="ROWS",
            help="In place of RESULTS: a pilot's rows, held to the margin and need that the ledger held before.",
        ),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --pilot: the observer's sheet that the rows were joined with."),
    ] = None,
    store: StoreFolder = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="What a report is looked through for before it is written.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Write the report of results. One that would mislead isn't written, or says so at its top."""
    if explain:
        _explain(json)
        return
    if annex_template:
        annexed.template(out)
        return
    _right_use(results, pilot, sheet, annex, prices, bundle, key, new_key, sensitivity)
    if pilot:
        sources = Sources(pilot, sheet, record, None if record is None else _verdict(record, as_of, profile), store)
        page = out or pilot[0].with_suffix(f".{form.value}")
        piloted(sources, page, form is Form.pdf, lang.value, bundle, key, new_key, json)
        return
    if results is None:
        raise typer.BadParameter("expected RESULTS, such as out/evaluate/results.json, --explain or --annex-template")
    from benchmarks.annex import read as read_annex
    from benchmarks.report import read, write
    from benchmarks.traps import caught
    from threshold.files import write_text

    positions = None if annex is None else read_annex(annex)  # before anything is written
    found = _with(read(results), record, as_of, profile, prices)
    page = results.with_name(f"report.{form.value}") if out is None else out
    pdf = _write_pdf(found, page, lang.value) if form is Form.pdf else None
    if pdf is None:
        write(found, page, lang.value)
    if positions is not None:
        annexed.write(positions, page, lang.value, found.created)
    if record is not None or prices is not None:  # the page is a view of the results and of nothing else
        write_text(results, found.model_dump_json(by_alias=True, indent=2) + "\n")
        _outdated(results, page)
    if bundle is not None and key is not None:
        _pack(found, results, bundle, key, new_key, lang.value, record, pdf, prices, sensitivity)
    marks = [(trap, one) for trap, one in caught(found) if one.weight == "mark"]
    if json:
        emit(
            {
                "report": str(page),
                "marks": [{"trap": trap.number, "where": one.where, "says": one.plainly()} for trap, one in marks],
            }
        )
    else:
        for trap, one in marks:
            tables().print(f"[bold]{trap.number} {trap.title}[/bold]: {one.plainly()}")
    console().print(f"Written: {page}")


def _right_use(
    results: Path | None,
    pilot: list[Path] | None,
    sheet: Path | None,
    annex: Path | None,
    prices: Path | None,
    bundle: Path | None,
    key: Path | None,
    new_key: bool,
    sensitivity: Path | None,
) -> None:
    """Options that only mean something together, or not together."""
    if (bundle is None) != (key is None) or (new_key and key is None):
        raise typer.BadParameter("expected --bundle OUT together with --key FILE")
    if sensitivity is not None and (bundle is None or pilot):
        raise typer.BadParameter(
            "expected --bundle OUT and --key FILE with --sensitivity, and no --pilot: it goes into a bundle of RESULTS"
        )
    if pilot and (results is not None or annex is not None or prices is not None):
        raise typer.BadParameter("expected neither RESULTS, --annex nor --prices with --pilot")
    if sheet is not None and not pilot:
        raise typer.BadParameter("expected --pilot ROWS with --sheet: it is what those rows were joined with")


def _outdated(results: Path, page: Path) -> None:
    """A report in the other form beside the results was written before they changed: say so."""
    for form in Form:
        other = results.with_name(f"report.{form.value}")
        if other != page and other.exists():
            console().print(
                f"{other} is of the results as they were before: threshold report {results} --format {form.value} "
                "writes it again."
            )


def _with(
    found: Results, record: Path | None, as_of: datetime | None, profile: Profile | None, prices: Path | None
) -> Results:
    """The results with the gate's verdict and the privacy of a record in them, and costs at prices."""
    if record is not None:
        from benchmarks.privacy.private import private

        verdict = _verdict(record, as_of, profile)
        found = found.model_copy(update={"verdict": verdict, "privacy": private(found, record)})
    if prices is not None:
        from benchmarks.cost.costed import costed
        from threshold.cost import priced

        found = found.model_copy(update={"cost": costed(found, *priced(prices))})
    return found


def _verdict(record: Path, as_of: datetime | None, profile: Profile | None) -> Attached:
    from benchmarks.attached import attached

    day = (datetime.now(UTC) if as_of is None else as_of).date()
    return attached(record, day, None if profile is None else profile.value)


def _write_pdf(found: Results, path: Path, language: str) -> bytes:
    from benchmarks.report import as_pdf
    from threshold.files import write_bytes

    made = as_pdf(found, path, language)
    write_bytes(path, made)
    return made


def _pack(
    found: Results,
    results: Path,
    bundle: Path,
    key: Path,
    new: bool,
    language: str,
    record: Path | None,
    pdf: bytes | None,
    prices: Path | None,
    sensitivity: Path | None,
) -> None:
    from benchmarks.bundle import pack
    from benchmarks.enclosed import enclose
    from policy.signer import fingerprint, new_signer, private_key, raw

    enclose(found, results, record, prices, sensitivity)  # a file that lacks is told before a key is drawn
    signer = new_signer(key) if new else private_key(key)
    pack(found, results.parent, bundle, signer, language, record, pdf, prices, sensitivity)
    public = fingerprint(raw(signer.public_key()))
    console().print(f"Written: {bundle}, signed by {public}. Readers pin the public key, {key}.pub.")


def _explain(json: bool) -> None:
    from benchmarks.traps import TRAPS

    if json:
        emit([{"trap": trap.number, "title": trap.title, "asks": trap.asks} for trap in TRAPS])
        return
    from rich.table import Table

    table = Table(title="What a report is looked through for before it is written", title_justify="left")
    for column in ("", "trap", "what is looked at, and what follows"):
        table.add_column(column)
    for trap in TRAPS:
        table.add_row(str(trap.number), trap.title, trap.asks)
    tables().print(table)
