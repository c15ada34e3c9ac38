"""`threshold report`: a report of results that lie on disk, or what the lint of reports looks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from threshold.evaluate import Language
from threshold.output import JSON_HELP, console, emit, tables
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
        Form, typer.Option("--format", help="A page, or a tagged PDF (PDF/UA-1) of the very same page.")
    ] = Form.html,
    annex: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where cameras hang and what they see (TOML): a confidential PDF of its own, beside the report.",
        ),
    ] = None,
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
    if (bundle is None) != (key is None) or (new_key and key is None):
        raise typer.BadParameter("expected --bundle OUT together with --key FILE")
    if pilot:
        if results is not None or annex is not None or prices is not None:
            raise typer.BadParameter("expected neither RESULTS, --annex nor --prices with --pilot")
        sources = Sources(pilot, sheet, record, None if record is None else _verdict(record, as_of, profile), store)
        page = out or pilot[0].with_suffix(f".{form.value}")
        _pilot(sources, page, form, lang.value, bundle, key, new_key, json)
        return
    if results is None or sheet is not None:
        raise typer.BadParameter(
            "expected RESULTS, such as out/evaluate/results.json, or --explain; --sheet with --pilot"
        )
    from benchmarks.report import read, write
    from benchmarks.traps import caught
    from threshold.files import write_text

    found = _with(read(results), record, as_of, profile, prices)
    page = results.with_name(f"report.{form.value}") if out is None else out
    pdf = _write_pdf(found, page, lang.value) if form is Form.pdf else None
    if pdf is None:
        write(found, page, lang.value)
    if annex is not None:
        _write_annex(annex, page, lang.value, found.created)
    if record is not None or prices is not None:  # the page is a view of the results and of nothing else
        write_text(results, found.model_dump_json(by_alias=True, indent=2) + "\n")
    if bundle is not None and key is not None:
        _pack(found, results, bundle, key, new_key, lang.value, record, pdf)
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


@dataclass(frozen=True)
class Sources:
    """What a pilot's report is made of."""

    rows: list[Path]
    sheet: Path | None
    record: Path | None
    verdict: Attached | None
    store: Path | None


def _verdict(record: Path, as_of: datetime | None, profile: Profile | None) -> Attached:
    from benchmarks.attached import attached

    day = (datetime.now(UTC) if as_of is None else as_of).date()
    return attached(record, day, None if profile is None else profile.value)


def _pilot(
    sources: Sources,
    out: Path,
    form: Form,
    language: str,
    bundle: Path | None,
    key: Path | None,
    new: bool,
    json: bool,
) -> None:
    """The page of a pilot, its document beside it, and the bundle of both."""
    from benchmarks.bundle import PDF, RECORD, REPORT
    from benchmarks.paper import paper
    from benchmarks.pilot.packed import count, pack, written
    from benchmarks.pilot.report import render
    from benchmarks.report import known
    from policy.signer import fingerprint, new_signer, private_key, raw
    from threshold.files import store_database, write_bytes

    document = out.with_suffix(".json")
    if document.resolve() == out.resolve() or out.resolve() in {path.resolve() for path in sources.rows}:
        raise typer.BadParameter(f"expected a page's name (pilot.html), found {out}", param_hint="--out")
    counted = count(sources.rows, store_database(sources.store), sources.sheet, sources.verdict)
    page = render(counted.pilot, known(language))
    files = {REPORT: page.encode()}
    if form is Form.pdf:
        files[PDF] = paper(page, counted.pilot.last)
    if sources.record is not None:
        files[RECORD] = sources.record.read_bytes()
    write_bytes(out, files[PDF if form is Form.pdf else REPORT])
    write_bytes(document, written(counted.pilot))
    if bundle is not None and key is not None:
        signer = new_signer(key) if new else private_key(key)
        pack(counted, bundle, signer, files, language)
        bundle.chmod(0o600)
        console().print(
            f"Written: {bundle}, signed by {fingerprint(raw(signer.public_key()))}. It holds personal data: who came "
            "when, by pseudonym.",
            soft_wrap=True,
        )
    compared = counted.pilot.compared
    if json:
        emit({
            "report": str(out), "document": str(document), "bundle": None if bundle is None else str(bundle),
            "compared": [each.model_dump(mode="json") for each in compared],
        })  # fmt: skip
    else:
        for each in compared:
            value, unit = (
                (each.difference.value, " s") if each.measure == "seconds" else (100 * each.difference.value, " pp")
            )
            size = f" {abs(value):.2f}{unit}" if each.sentence.endswith("by") else ""
            need = "met" if each.reached else "not shown to be met"
            tables().print(f"{each.face} beside {each.other}, {each.measure}: {each.sentence}{size}; need {need}")
    console().print(f"Written: {out} and {document}", markup=False)


def _write_pdf(found: Results, path: Path, language: str) -> bytes:
    from benchmarks.report import as_pdf
    from threshold.files import write_bytes

    made = as_pdf(found, path, language)
    write_bytes(path, made)
    return made


def _write_annex(source: Path, report: Path, language: str, created: str) -> None:
    from benchmarks.annex import annex, read
    from benchmarks.report import known
    from threshold.files import write_bytes

    path = report.with_name(f"{report.stem}-annex.pdf")
    write_bytes(path, annex(read(source), known(language), created), mode=0o600)
    console().print(f"Written: {path}, for its owner alone. It is confidential, and in no bundle.")


def _pack(
    found: Results,
    results: Path,
    bundle: Path,
    key: Path,
    new: bool,
    language: str,
    record: Path | None,
    pdf: bytes | None,
) -> None:
    from benchmarks.bundle import pack
    from policy.signer import fingerprint, new_signer, private_key, raw

    signer = new_signer(key) if new else private_key(key)
    pack(found, results.parent, bundle, signer, language, record, pdf)
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
