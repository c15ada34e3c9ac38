"""An evidence bundle of results: packed from what lies on disk, verified by counting every figure again."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import ValidationError

from benchmarks import rows
from benchmarks.attached import attached
from benchmarks.errors import BenchmarkError
from benchmarks.evidence import Results, Transactions, weaker
from benchmarks.gains import PilotError, begun, first_transaction, gains
from benchmarks.interval import RateError
from benchmarks.language import LANGUAGES
from benchmarks.machine import code
from benchmarks.paper import PaperError, paper
from benchmarks.recount import differences, parsed, recount, settings
from benchmarks.report import ReportError, known, render
from benchmarks.session import Progress
from benchmarks.traps import caught
from edge.transaction import Transaction
from models.errors import UnknownNetworkError
from models.registry import Registry
from policy import bundle as packed
from policy.bundle import Broken, Bundle, Fixed, Manifest
from policy.declaration import Declaration, chain
from policy.errors import PolicyError
from policy.ledger import Anchor
from policy.measured import MEASURED, signed
from policy.schema import SchemaError, upgrade
from policy.signer import fingerprint

RESULTS, REPORT, PDF, RECORD = "results.json", "report.html", "report.pdf", "record.yaml"
PILOT = "pilot-{}.jsonl"
"""Rows of a pilot, file by file."""
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


def pack_pilot(rows_files: Sequence[Path], database: Path, out: Path, key: Ed25519PrivateKey) -> Manifest:
    """Pack a pilot's rows, what they show of faces beside the declared alternatives, and the ledger behind it.

    Margin and need are those that the ledger in `database` held before the first transaction. Raises PilotError,
    RowsError, LedgerError, DatabaseError, BundleError.
    """
    files: dict[str, bytes] = {}
    for number, path in enumerate(rows_files, start=1):
        try:
            files[PILOT.format(number)] = path.read_bytes()
        except OSError as error:
            raise NoBundleError(f"{path}: expected rows of a pilot, found none that can be read ({error}).") from error
    told, broken = _pilot_rows(files)
    if broken:
        raise NoBundleError(f"{rows_files[0].parent}: {broken[0]}")
    first = first_transaction(told)
    ledger = chain(database, first)
    declared = ledger.in_force(first)
    document = gains(told, declared)
    files[MEASURED] = (json.dumps(signed(document, key), indent=2) + "\n").encode()
    manifest = {
        "created": max(map(begun, told)),
        "program": f"threshold {version('threshold')}",
        "code": code(),
        "grade": "pilot",
        "networks": {},
        "settings": {},
        "fixed": [_declared(each) for each in declared],
        "fixed_by": "ledger",
        "ledger": ledger,
    }
    return packed.write(out, manifest, files, key)


def _declared(each: Declaration) -> dict[str, Any]:
    body = each.body
    return {
        "outcome": body.measure,
        "alternative": body.alternative,
        "margin": body.margin,
        "need": body.need,
        "entry": each.seq,
        "at": each.at,
    }


def _pilot_rows(files: Mapping[str, bytes]) -> tuple[list[Transaction], list[Broken]]:
    told: list[Transaction] = []
    broken: list[Broken] = []
    for name, content in files.items():
        if name.startswith("pilot-"):
            found, unreadable = parsed(name, content)
            told += found
            broken += unreadable
    return told, broken


def _pilot(bundle: Bundle) -> tuple[list[Broken], int]:
    """A pilot's gains counted again, with margin and need as its ledger held them before the first transaction."""
    manifest = bundle.manifest
    told, broken = _pilot_rows(bundle.files)
    content = bundle.files.get(MEASURED)
    if manifest.ledger is None:
        return [*broken, Broken("ledger", "manifest.ledger", "the ledger that the margins come from", "none")], 0
    if content is None or broken or manifest.ledger.problem():
        return broken, 0  # named already
    try:
        first = first_transaction(told)
        declared = manifest.ledger.in_force(first)
        expected = gains(told, declared)
        stated = {key: value for key, value in json.loads(content).items() if key != "signature"}
    except (PilotError, RateError, ValueError, AttributeError) as error:
        return [Broken("pilot", MEASURED, "gains that follow from the rows", str(error).splitlines()[0])], 0
    broken += differences(expected, stated)
    fixed = [Fixed.model_validate(_declared(each)).model_dump(mode="json") for each in declared]
    broken += _fits("fixed", fixed, [each.model_dump(mode="json") for each in manifest.fixed])
    return broken, sum(5 for _ in expected["comparisons"])


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
        problems, counted = _pilot(bundle)
        return Verified(bundle, tuple(dict.fromkeys([*broken, *problems])), tuple(notes), counted)
    stated, problems = _stated(bundle)
    broken += problems
    counted = 0
    if stated is not None:
        results, document = stated
        found, counted, left = recount(bundle.files, document, manifest.settings, progress)
        broken += found
        notes += left
        broken += _beside(bundle, results, registry or Registry.bundled())
        page = _written_again(bundle, results)
        if isinstance(page, Broken):
            broken.append(page)
        elif page is not None:
            broken += _report(bundle, page)
            notes += _pictures(bundle, results, page)
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


def _verdict(bundle: Bundle, results: Results) -> Iterator[Broken]:
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


def _written_again(bundle: Bundle, results: Results) -> str | Broken | None:
    """The page as the same code writes it now; what is wrong where these results make none; None where the bundle has
    no page, or in a language that isn't known."""
    language = bundle.manifest.settings.get("language")
    if REPORT not in bundle.files or language not in LANGUAGES:
        return None
    try:
        return render(results, language)
    except ReportError as error:
        return Broken("report", REPORT, "a report of these results", str(error).splitlines()[0])


def _report(bundle: Bundle, page: str) -> Iterator[Broken]:
    """The page compared line by line with the one written again; pictures apart, which another matplotlib draws
    otherwise: each has its table."""
    again, found = _text(page), _text(bundle.files[REPORT].decode("utf-8", "replace"))
    for number, (one, other) in enumerate(zip(again, found, strict=False), start=1):
        if one != other:
            yield Broken("report", f"{REPORT}, line {number} of its text", one[:160], other[:160])
    if len(again) != len(found):
        yield Broken("report", REPORT, f"{len(again)} lines of text", f"{len(found)}")


def _pictures(bundle: Bundle, results: Results, page: str) -> Iterator[str]:
    """What is compared to the byte, and may differ between machines without anybody's doing: charts and the PDF."""
    content = bundle.files[REPORT].decode("utf-8", "replace")
    if re.findall(_CHART, page, re.DOTALL) != re.findall(_CHART, content, re.DOTALL):
        yield f"{REPORT}: drawn again here, its charts differ in some byte. Each has its table, which was compared."
    if PDF in bundle.files:
        try:
            same = paper(page, results.created) == bundle.files[PDF]
        except PaperError as error:
            yield f"{PDF}: its digest was checked, its content wasn't: {error}"
            return
        if not same:
            yield f"{PDF}: made again here it differs in some byte. Go by {REPORT}, whose text was compared."


def _text(page: str) -> list[str]:
    return re.sub(_CHART, "", page, flags=re.DOTALL).splitlines()
