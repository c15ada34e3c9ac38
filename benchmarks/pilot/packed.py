"""A pilot's evidence: counted from rows, join, sheet and ledger, packed into a bundle, and counted again from one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from benchmarks.errors import BenchmarkError
from benchmarks.evidence import Attached
from benchmarks.gains import begun, first_transaction, gains
from benchmarks.machine import code
from benchmarks.pilot.join import companion
from benchmarks.pilot.outcome import OutcomeError, Pilot, apart, networks, outcome, read_join
from benchmarks.recount import differences, parsed
from edge.transaction import Transaction
from models.errors import UnknownNetworkError
from models.registry import Registry
from policy import bundle as packed
from policy.bundle import Broken, Bundle, Fixed, Manifest
from policy.declaration import Chain, Declaration, chain
from policy.measured import MEASURED, signed
from policy.schema import SchemaError, upgrade

ROWS, JOIN = "pilot-{}.jsonl", "pilot-{}.join.json"
"""A pilot's rows, file by file, and how each came about."""
SHEET, DOCUMENT, PAGE = "sheet.csv", "pilot.json", "report.html"


@dataclass(frozen=True, slots=True)
class Counted:
    """What a pilot's files show, and the files by the names that a bundle gives them."""

    pilot: Pilot
    rows: tuple[Transaction, ...]
    files: Mapping[str, bytes]
    ledger: Chain
    declared: tuple[Declaration, ...]


def count(
    rows_files: Sequence[Path], database: Path, sheet: Path | None = None, verdict: Attached | None = None
) -> Counted:
    """Count a pilot. Margin and need are those that the ledger in `database` held before the first transaction.

    Rows that were joined have how beside them (`join.companion`), and need the sheet. Raises OutcomeError, PilotError,
    TransactionsError, SheetError, RateError, LedgerError, DatabaseError.
    """
    files: dict[str, bytes] = {}
    for number, path in enumerate(rows_files, start=1):
        files[ROWS.format(number)] = _content(path, "rows of a pilot")
        if companion(path).is_file():
            files[JOIN.format(number)] = _content(companion(path), "how rows were joined")
    if sheet is not None:
        files[SHEET] = _content(sheet, "the observer's sheet")
    told, broken = _rows(files)
    if broken:
        raise OutcomeError(f"{rows_files[0].parent}: {broken[0]}")
    first = first_transaction(told)
    ledger = chain(database, first)
    declared = ledger.in_force(first)
    pilot = _outcome(files, declared, verdict, f"threshold {version('threshold')}")
    return Counted(pilot, tuple(told), files, ledger, declared)


def written(pilot: Pilot) -> bytes:
    """The document as a file."""
    return (pilot.model_dump_json(by_alias=True, indent=2) + "\n").encode()


def pack(
    counted: Counted, out: Path, key: Ed25519PrivateKey, files: Mapping[str, bytes], language: str = "en"
) -> Manifest:
    """Sign and pack what was counted; `files` are those that go with it: the page, and the record of its verdict.

    Raises OutcomeError, BundleError.
    """
    document = signed(gains(counted.rows, counted.declared), key)
    manifest = {
        "created": max(map(begun, counted.rows)),
        "program": counted.pilot.program,
        "code": code(),
        "grade": "pilot",
        "networks": networks(counted.pilot.devices),
        "settings": {"language": language},
        "fixed": [_declared(each) for each in counted.declared],
        "fixed_by": "ledger",
        "ledger": counted.ledger,
    }
    return packed.write(
        out,
        manifest,
        {
            **counted.files,
            **files,
            MEASURED: (json.dumps(document, indent=2) + "\n").encode(),
            DOCUMENT: written(counted.pilot),
        },
        key,
    )


@dataclass(frozen=True, slots=True)
class Recounted:
    """What of a pilot's bundle doesn't follow from its rows, and the document that it states."""

    broken: tuple[Broken, ...]
    figures: int
    pilot: Pilot | None
    """None where it states none that can be read."""


def recount(bundle: Bundle, registry: Registry) -> Recounted:
    """A pilot's figures counted again, with margin and need as its ledger held them before the first transaction."""
    manifest, files = bundle.manifest, bundle.files
    told, broken = _rows(files)
    if manifest.ledger is None:
        broken.append(Broken("ledger", "manifest.ledger", "the ledger that the margins come from", "none"))
        return Recounted(tuple(broken), 0, None)
    stated = _stated(files, broken)
    unreadable = [one for one in broken if one.kind.endswith("unreadable")]
    try:
        joined = [read_join(content, name) for name, content in files.items() if name.endswith(".join.json")]
        if not unreadable:
            broken += apart(
                {name: content for name, content in files.items() if _is_rows(name)}, joined, files.get(SHEET)
            )
    except BenchmarkError as error:
        broken.append(Broken("pilot", DOCUMENT, "a join and a sheet that can be read", _first(error)))
    broken += _whole(manifest)
    if stated is not None:
        broken += _networks(manifest, stated, registry)
    if MEASURED not in files or unreadable or manifest.ledger.problem():
        return Recounted(tuple(broken), 0, stated)  # named already
    figures = 0
    try:
        declared = manifest.ledger.in_force(first_transaction(told))
        expected = gains(told, declared)
        measured = {key: value for key, value in json.loads(files[MEASURED]).items() if key != "signature"}
        broken += differences(expected, measured)
        figures += 5 * len(expected["comparisons"])
        fixed = [Fixed.model_validate(_declared(each)).model_dump(mode="json") for each in declared]
        for each in differences(fixed, [one.model_dump(mode="json") for one in manifest.fixed], "manifest.fixed"):
            broken.append(Broken("manifest", each.where, each.expected, each.found))
        if stated is not None:
            again = _outcome(files, declared, stated.verdict, manifest.program, whole=False)
            broken += differences(_json(again), _json(stated), DOCUMENT)
            figures += _numbers(again)
    except (BenchmarkError, ValueError, AttributeError) as error:
        broken.append(Broken("pilot", DOCUMENT, "figures that follow from the rows", _first(error)))
    return Recounted(tuple(dict.fromkeys(broken)), figures, stated)


def _outcome(
    files: Mapping[str, bytes],
    declared: Sequence[Declaration],
    verdict: Attached | None,
    program: str,
    *,
    whole: bool = True,
) -> Pilot:
    rows = {name: content for name, content in files.items() if _is_rows(name)}
    joined = [read_join(content, name) for name, content in files.items() if name.endswith(".join.json")]
    return outcome(rows, joined, files.get(SHEET), declared, verdict, program, whole=whole)


def _is_rows(name: str) -> bool:
    return name.startswith("pilot-") and name.endswith(".jsonl")


def _rows(files: Mapping[str, bytes]) -> tuple[list[Transaction], list[Broken]]:
    told: list[Transaction] = []
    broken: list[Broken] = []
    for name, content in files.items():
        if _is_rows(name):
            found, unreadable = parsed(name, content)
            told += found
            broken += unreadable
    return told, broken


def _stated(files: Mapping[str, bytes], broken: list[Broken]) -> Pilot | None:
    if DOCUMENT not in files:
        return None  # a bundle from before there was one, or named already
    try:
        return Pilot.model_validate(upgrade(json.loads(files[DOCUMENT]), "pilot", DOCUMENT))
    except (ValueError, RecursionError, SchemaError, ValidationError) as error:
        broken.append(Broken("results unreadable", DOCUMENT, "threshold/pilot/1", _first(error)))
        return None


def _whole(manifest: Manifest) -> Iterator[Broken]:
    """Files of which one needs the other; bundles from before there was a document have neither."""
    joined = {name for name in manifest.files if name.endswith(".join.json")}
    for wanted, needing in (
        (DOCUMENT, {PAGE, SHEET, *joined} & set(manifest.files)),
        (PAGE, {DOCUMENT} & set(manifest.files)),
        (MEASURED, {"pilot-1.jsonl"} & set(manifest.files)),
    ):
        if needing and wanted not in manifest.files:
            yield Broken("file missing", wanted, f"what {sorted(needing)[0]} goes with", "none")


def _networks(manifest: Manifest, stated: Pilot, registry: Registry) -> Iterator[Broken]:
    for note in stated.devices:
        for name, digest in note.networks.items():
            says = manifest.networks.get(name, "none")
            if says != digest:
                where = f"{name}, session {note.session}"
                yield Broken("network swapped", where, f"SHA-256 {says} as the manifest says", digest)
    for name, digest in manifest.networks.items():
        try:
            known = registry[name].sha256
        except UnknownNetworkError:
            continue  # somebody's own network; its digest stands in the bundle
        if digest != known:
            yield Broken("network swapped", name, f"SHA-256 {known} as models/ lists it", digest)


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


def _json(pilot: Pilot) -> Any:
    return pilot.model_dump(mode="json", by_alias=True)


def _numbers(pilot: Pilot) -> int:
    seen: list[str] = []
    json.loads(pilot.model_dump_json(), parse_int=seen.append, parse_float=seen.append)
    return len(seen)


def _first(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _content(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise OutcomeError(f"{path}: expected {what}, found none that can be read ({error}).") from error
