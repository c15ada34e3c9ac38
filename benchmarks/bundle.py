"""An evidence bundle of results: packed from what lies on disk, verified by counting every figure again."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import ValidationError

from benchmarks import rows
from benchmarks.attached import attached
from benchmarks.errors import BenchmarkError
from benchmarks.evidence import Results, Transactions, weaker
from benchmarks.language import LANGUAGES, Language
from benchmarks.machine import code
from benchmarks.paper import PaperError, paper
from benchmarks.pilot.outcome import Pilot
from benchmarks.pilot.packed import recount as recount_pilot
from benchmarks.pilot.report import render as render_pilot
from benchmarks.recount import differences, recount, settings
from benchmarks.report import ReportError, known, render
from benchmarks.session import Progress
from benchmarks.traps import caught
from models.errors import UnknownNetworkError
from models.registry import Registry
from policy import bundle as packed
from policy.bundle import Broken, Bundle, Manifest
from policy.errors import PolicyError
from policy.ledger import Anchor
from policy.schema import SchemaError, upgrade
from policy.signer import fingerprint

RESULTS, REPORT, PDF, RECORD = "results.json", "report.html", "report.pdf", "record.yaml"
_CHART = r"<svg.*?</svg>"


class NoBundleError(BenchmarkError, ValueError):
    """Error raised for results of which no bundle can be made: names what was expected and found."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a bundle shows. `broken` is empty where everything fits."""

    bundle: Bundle
    broken: tuple[Broken, ...]
    notes: tuple[str, ...]
    """What was not looked at, and what else a reader should know."""
    figures: int
    """Numbers that were counted again and compared."""

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.broken


def references(results: Results) -> dict[str, Transactions]:
    """All files of rows that results refer to, by name."""
    told = [lane.transactions for lane in results.lanes.values()]
    told += [door.transactions for door in results.doors.lanes.values()] if results.doors else []
    return {each.file: each for each in told if each is not None}


def pack(
    results: Results,
    folder: Path,
    out: Path,
    key: Ed25519PrivateKey,
    language: str = "en",
    record: Path | None = None,
    pdf: bytes | None = None,
) -> Manifest:
    """Pack results, the rows beside them in `folder`, their report, and the processing record of their verdict.

    Raises NoBundleError, RowsError for rows that aren't those of the results, ReportError, BundleError.
    """
    if results.doors is None or "doors" not in results.scenario:
        raise NoBundleError(
            f"{folder / RESULTS}: expected results that hold their whole scenario, found some from before bundles. "
            "Run threshold evaluate again."
        )
    files: dict[str, bytes] = {
        RESULTS: (results.model_dump_json(by_alias=True, indent=2) + "\n").encode(),
        REPORT: render(results, known(language)).encode(),
    }
    for name, reference in references(results).items():
        rows.verified(folder, reference)
        files[name] = (folder / name).read_bytes()
    if results.verdict is not None:
        content = None if record is None else record.read_bytes()
        if content is None or hashlib.sha256(content).hexdigest() != results.verdict.sha256:
            raise NoBundleError(
                f"{folder / RESULTS}: expected the processing record of its verdict (SHA-256 "
                f"{results.verdict.sha256[:16]}…) with --record, found {'none' if content is None else 'another'}."
            )
        files[RECORD] = content
    if pdf is not None:
        files[PDF] = pdf
    given = settings(results)
    document: dict[str, Any] = {
        "created": results.created,
        "program": f"threshold {version('threshold')}",
        "code": code(),
        "grade": _grade(results),
        "networks": {network.id: network.sha256 for network in results.networks},
        "settings": {**given, "language": known(language)},
        "fixed": list(_fixed(given["scenario"])),
        "fixed_by": "scenario",
        "marks": _marks(results),
    }
    return packed.write(out, document, files, key)


def verify(
    path: Path,
    key: Ed25519PublicKey,
    anchor: Anchor | None = None,
    registry: Registry | None = None,
    progress: Progress = lambda what, total: lambda: None,
) -> Verified:
    """Check signature, digests, ledger, networks and lint, and count every figure again from the transactions.

    Raises UnknownSigner, BundleError. All else that is wrong is told, one by one.
    """
    bundle = packed.read(path, key)
    manifest = bundle.manifest
    broken, notes = list(bundle.broken), []
    if manifest.ledger is not None and (problem := manifest.ledger.problem(anchor)):
        broken.append(Broken("ledger", "manifest.ledger", "a whole chain", problem))
    if manifest.code != code():
        notes.append(
            f"The code isn't the one that made the bundle ({manifest.program}, digest {manifest.code[:16]}…; here "
            f"{code()[:16]}…): what it counts differently is told below as if it were altered."
        )
    if RESULTS not in manifest.files:
        again = recount_pilot(bundle, registry or Registry.bundled())
        broken += again.broken
        if again.pilot is not None:
            broken += _verdict(bundle, again.pilot)
            page = partial(render_pilot, again.pilot)
            broken += _report(bundle, page)
            notes += _pictures(bundle, page, again.pilot.last)
            notes.append(
                f"The device's own {len(again.pilot.sources)} files of rows aren't in the bundle; their digests are."
                if again.pilot.sheet
                else "No observer's sheet is in the bundle: that the rows are of whom they say rests on the signer."
            )
        return Verified(bundle, tuple(dict.fromkeys(broken)), tuple(notes), again.figures)
    stated, problems = _stated(bundle)
    broken += problems
    counted = 0
    if stated is not None:
        results, document = stated
        found, counted, left = recount(bundle.files, document, manifest.settings, progress)
        broken += found
        notes += left
        broken += _beside(bundle, results, registry or Registry.bundled())
        broken += _report(bundle, partial(render, results))
        notes += _pictures(bundle, partial(render, results), results.created)
    if manifest.fixed_by == "scenario":
        notes.append("Margins are the scenario's own; no ledger stands behind them.")
    return Verified(bundle, tuple(dict.fromkeys(broken)), tuple(notes), counted)


def signer(bundle: Bundle) -> str:
    """Fingerprint of the key that signed it."""
    return fingerprint(bytes.fromhex(bundle.manifest.public))


def _grade(results: Results) -> Any:
    """The weakest grade that a comparison stands on."""
    grades = [each.difference.grade for each in results.comparisons]
    grades += [each.difference.grade for each in results.doors.comparisons] if results.doors else []
    return weaker("pilot", *grades) if grades else "simulated"


def _fixed(scenario: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for outcome, margin in {**scenario["doors"]["margins"], **scenario["margins"]}.items():
        yield {"outcome": outcome, "margin": margin}


def _marks(results: Results) -> list[tuple[int, str, str]]:
    return [(trap.number, one.where, one.plainly()) for trap, one in caught(results) if one.weight == "mark"]


def _stated(bundle: Bundle) -> tuple[tuple[Results, dict[str, Any]] | None, list[Broken]]:
    content = bundle.files.get(RESULTS)
    if content is None:
        return None, []  # named already
    try:
        document = upgrade(json.loads(content), "results", RESULTS)
        return (Results.model_validate(document), document), []
    except (ValueError, RecursionError, SchemaError, ValidationError) as error:
        return None, [Broken("results unreadable", RESULTS, "threshold/results/1", str(error).splitlines()[0])]


def _beside(bundle: Bundle, results: Results, registry: Registry) -> Iterator[Broken]:
    """What the manifest says twice, or somebody else knows: networks, margins, marks, grade, rows, verdict."""
    manifest = bundle.manifest
    for name, reference in sorted(references(results).items()):
        content = bundle.files.get(name)
        if content is None:
            if name not in manifest.files:
                yield Broken("file missing", name, "the rows that the results refer to", "none")
            continue
        found = hashlib.sha256(content).hexdigest()
        if found != reference.sha256:
            yield Broken("rows replaced", name, f"SHA-256 {reference.sha256} as the results say", found)
        if len(content.splitlines()) != reference.count:
            yield Broken("rows counted", name, f"{reference.count} rows", f"{len(content.splitlines())}")
    used = {network.id: network.sha256 for network in results.networks}
    for name in sorted({*used, *manifest.networks}):
        says, stated = manifest.networks.get(name, "none"), used.get(name, "none")
        if says != stated:
            yield Broken("network swapped", name, f"SHA-256 {says} as the manifest says", f"{stated} in the results")
        try:
            known = registry[name].sha256
        except UnknownNetworkError:
            continue  # somebody's own network; its digest stands in the bundle
        for digest in {says, stated} - {known}:
            yield Broken("network swapped", name, f"SHA-256 {known} as models/ lists it", digest)
    yield from _fits("fixed", list(_fixed(manifest.settings["scenario"])), _told(manifest))
    yield from _fits("marks", [list(each) for each in _marks(results)], [list(each) for each in manifest.marks])
    yield from _fits("grade", _grade(results), manifest.grade)
    for trap, one in caught(results):
        if one.weight == "refuse":
            yield Broken("lint", one.where, f"results that don't fall into trap {trap.number}", one.plainly())
    if results.verdict is not None:
        yield from _verdict(bundle, results)


def _told(manifest: Manifest) -> list[dict[str, Any]]:
    return [{"outcome": each.outcome, "margin": each.margin} for each in manifest.fixed]


def _fits(what: str, expected: object, found: object) -> Iterator[Broken]:
    for each in differences(expected, found, f"manifest.{what}"):
        yield Broken("manifest", each.where, each.expected, each.found)


def _verdict(bundle: Bundle, results: Results | Pilot) -> Iterator[Broken]:
    """The gate's verdict, asked for again."""
    stated, content = results.verdict, bundle.files.get(RECORD)
    if stated is None or content is None:
        if stated is not None and RECORD not in bundle.manifest.files:
            yield Broken("file missing", RECORD, "the record that the verdict is of", "none")
        return
    with tempfile.TemporaryDirectory(prefix="threshold-") as temporary:
        path = Path(temporary) / RECORD
        path.write_bytes(content)
        try:
            found = attached(path, date.fromisoformat(stated.as_of), stated.profile)
        except (PolicyError, ValueError) as error:
            yield Broken("verdict", RECORD, "a processing record", str(error).splitlines()[0])
            return
    expected = {**found.model_dump(mode="json"), "record": stated.record}
    yield from differences(expected, stated.model_dump(mode="json"), "verdict")


def _report(bundle: Bundle, page: Callable[[Language], str]) -> Iterator[Broken]:
    """The page written again, and compared line by line where the same code writes it; pictures apart, which
    another matplotlib draws otherwise: each has its table."""
    content = bundle.files.get(REPORT)
    language = bundle.manifest.settings.get("language")
    if content is None or language not in LANGUAGES:
        return
    try:
        again = _text(page(known(language)))
    except ReportError as error:
        yield Broken("report", REPORT, "a report of these results", str(error).splitlines()[0])
        return
    found = _text(content.decode("utf-8", "replace"))
    for number, (one, other) in enumerate(zip(again, found, strict=False), start=1):
        if one != other:
            yield Broken("report", f"{REPORT}, line {number} of its text", one[:160], other[:160])
    if len(again) != len(found):
        yield Broken("report", REPORT, f"{len(again)} lines of text", f"{len(found)}")


def _pictures(bundle: Bundle, again: Callable[[Language], str], created: str) -> Iterator[str]:
    """What is compared to the byte, and may differ between machines without anybody's doing: charts and the PDF."""
    content, language = bundle.files.get(REPORT), bundle.manifest.settings.get("language")
    if content is None or language not in LANGUAGES:
        return
    try:
        page = again(known(language))
    except ReportError:
        return  # told already
    if re.findall(_CHART, page, re.DOTALL) != re.findall(_CHART, content.decode("utf-8", "replace"), re.DOTALL):
        yield f"{REPORT}: drawn again here, its charts differ in some byte. Each has its table, which was compared."
    if PDF in bundle.files:
        try:
            same = paper(page, created) == bundle.files[PDF]
        except PaperError as error:
            yield f"{PDF}: its digest was checked, its content wasn't: {error}"
            return
        if not same:
            yield f"{PDF}: made again here it differs in some byte. Go by {REPORT}, whose text was compared."


def _text(page: str) -> list[str]:
    return re.sub(_CHART, "", page, flags=re.DOTALL).splitlines()
