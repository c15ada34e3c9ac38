"""A pilot's part of `threshold report`: its page, its document, and the bundle of both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from threshold.output import console, emit, tables

if TYPE_CHECKING:
    from benchmarks.evidence import Attached


@dataclass(frozen=True, slots=True)
class Sources:
    """What a pilot's report is made of."""

    rows: list[Path]
    sheet: Path | None
    record: Path | None
    verdict: Attached | None
    store: Path | None


def piloted(
    sources: Sources,
    out: Path,
    as_pdf: bool,
    language: str,
    bundle: Path | None,
    key: Path | None,
    new: bool,
    json: bool,
) -> None:
    """The page of a pilot, its document beside it, and the bundle of both."""
    from benchmarks.enclosed import RECORD
    from benchmarks.paper import paper
    from benchmarks.pilot.packed import count, pack, written
    from benchmarks.pilot.report import render
    from benchmarks.report import known
    from benchmarks.views import PDF, REPORT
    from policy.signer import fingerprint, new_signer, private_key, raw
    from threshold.files import store_database, write_bytes

    document = out.with_suffix(".json")
    if document.resolve() == out.resolve() or out.resolve() in {path.resolve() for path in sources.rows}:
        raise typer.BadParameter(f"expected a page's name (pilot.html), found {out}", param_hint="--out")
    counted = count(sources.rows, store_database(sources.store), sources.sheet, sources.verdict)
    page = render(counted.pilot, known(language))
    files = {REPORT: page.encode()}
    if as_pdf:
        files[PDF] = paper(page, counted.pilot.last)
    if sources.record is not None:
        files[RECORD] = sources.record.read_bytes()
    write_bytes(out, files[PDF if as_pdf else REPORT])
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
