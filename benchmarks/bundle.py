"""An evidence bundle of results: packed from what lies on disk, verified by counting every figure again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ValidationError

from benchmarks import enclosed, rows
from benchmarks.accuracy import used
from benchmarks.enclosed import NoBundleError
from benchmarks.evaluation import crew
from benchmarks.evidence import Results, Transactions, weaker
from benchmarks.language import Language
from benchmarks.machine import code
from benchmarks.pilot.packed import recount as recount_pilot
from benchmarks.pilot.report import render as render_pilot
from benchmarks.recount import differences, recount, settings
from benchmarks.report import known, render
from benchmarks.sensitivity import again, page
from benchmarks.sensitivity import document as sensitive
from benchmarks.sensitivity.again import Afresh
from benchmarks.session import Progress
from benchmarks.traps import caught
from benchmarks.views import PDF, REPORT, pages, pictures, written
from models.errors import UnknownNetworkError
from models.registry import Registry
from policy import bundle as packed
from policy.bundle import Broken, Bundle, Manifest
from policy.ledger import Anchor
from policy.schema import SchemaError, upgrade
from policy.signer import fingerprint

RESULTS, SENSITIVITY = "results.json", "sensitivity.html"
HELD = (
    "Held by the signature alone, since nothing in a bundle can show it: when and on which machine it was made, how "
    "long a sensitivity study took, what a record's file was called, what somebody claims, terms of research sets and "
    "of networks not in models/."
)
__all__ = ("PDF", "REPORT", "NoBundleError", "Verified", "pack", "references", "signer", "verify")


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
    prices: Path | None = None,
    sensitivity: Path | None = None,
) -> Manifest:
    """Pack results, the rows beside them in `folder`, their report, the processing record of their verdict, the prices
    of their costs, and a sensitivity document with its points.

    Raises NoBundleError, RowsError for rows that aren't those of the results, DocumentError, PointsError, ReportError,
    BundleError.
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
    files |= enclosed.enclose(results, folder / RESULTS, record, prices, sensitivity)
    if sensitivity is not None:
        files[SENSITIVITY] = page.render(sensitive.read(sensitivity), known(language)).encode()
    if pdf is not None:
        files[PDF] = pdf
    given = settings(results)
    manifest: dict[str, Any] = {
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
    return packed.write(out, manifest, files, key)


def verify(
    path: Path,
    key: Ed25519PublicKey,
    anchor: Anchor | None = None,
    registry: Registry | None = None,
    progress: Progress = lambda what, total: lambda: None,
    afresh: Afresh | None = None,
) -> Verified:
    """Check signature, digests, ledger, networks and lint, and count every figure again: from the transactions, prices,
    processing record, and points of a sensitivity study, of which `afresh` says how many are computed anew.

    Raises UnknownSigner, BundleError, SpreadError. All else that is wrong is told, one by one.
    """
    bundle = packed.read(path, key)
    manifest = bundle.manifest
    broken, notes = list(bundle.broken), []
    if manifest.ledger is not None and (problem := manifest.ledger.problem(anchor)):
        broken.append(Broken("ledger", "manifest.ledger", "a whole chain", problem))
    if manifest.code != code():
        notes.append(
            f"The code here isn't the one that made the bundle ({manifest.program}, digest {manifest.code[:16]}…; here "
            f"{code()[:16]}…): what it counts or writes otherwise is named as if it were altered. Only the code that "
            "made the bundle can tell the two apart."
        )
    if RESULTS not in manifest.files:
        return _pilot(bundle, broken, notes, registry or Registry.bundled())
    read, problems = _stated(bundle)
    broken += problems
    counted = 0
    if read is not None:
        results, stated = read
        told = recount(bundle.files, stated, manifest.settings, progress)
        derived = enclosed.derived(bundle.files, manifest.files, results, stated, told.found)
        scenario = manifest.settings.get("scenario")
        study = enclosed.sensitivity(bundle.files, manifest.files, scenario, afresh or Afresh(), progress)
        for part in (told, derived, study):
            broken += part.broken
            notes += part.notes
            counted += part.figures
        broken += _beside(bundle, results, registry or Registry.bundled())
        views = written(bundle, _views(bundle, results))
        broken += pages(bundle, views)
        notes += pictures(bundle, views, results.created)
        looked_at = {RESULTS, PDF, *views, *references(results), *enclosed.NAMES}
        if others := sorted(set(bundle.files) - looked_at):
            notes.append(f"{', '.join(others)}: in the bundle, and nothing of it was looked at beyond its digest.")
        notes.append(HELD)
    if manifest.fixed_by == "scenario":
        notes.append("Margins are the scenario's own; no ledger stands behind them.")
    return Verified(bundle, tuple(dict.fromkeys(broken)), tuple(notes), counted)


def _pilot(bundle: Bundle, broken: list[Broken], notes: list[str], registry: Registry) -> Verified:
    """A pilot's bundle: everything that its document and its page say, again from rows, sheet, ledger and record."""
    again = recount_pilot(bundle, registry)
    broken += again.broken
    if again.pilot is not None:
        pilot = again.pilot
        broken += enclosed.verdict(bundle.files, bundle.manifest.files, pilot.verdict)
        views = written(bundle, {REPORT: partial(render_pilot, pilot)})
        broken += pages(bundle, views)
        notes += pictures(bundle, views, pilot.last)
        notes.append(
            f"The device's own {len(pilot.sources)} files of rows aren't in the bundle; their digests are."
            if pilot.sheet
            else "No observer's sheet is in the bundle: that the rows are of whom they say rests on the signer."
        )
    return Verified(bundle, tuple(dict.fromkeys(broken)), tuple(notes), again.figures)


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
        told = upgrade(json.loads(content), "results", RESULTS)
        return (Results.model_validate(told), told), []
    except ValidationError as error:
        return None, [
            Broken(
                "results unreadable",
                f"{RESULTS}: {'.'.join(map(str, each['loc']))}",
                "what threshold/results/1 has there",
                each["msg"],
            )
            for each in error.errors(include_url=False)
        ]
    except (ValueError, RecursionError, SchemaError) as error:
        return None, [Broken("results unreadable", RESULTS, "threshold/results/1", str(error).splitlines()[0])]


def _beside(bundle: Bundle, results: Results, registry: Registry) -> Iterator[Broken]:
    """What the manifest says twice, or somebody else knows: networks, crew, margins, marks, grade, time, rows."""
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
    ran = {network.id: network.sha256 for network in results.networks}
    for name in sorted({*ran, *manifest.networks}):
        says, stated = manifest.networks.get(name, "none"), ran.get(name, "none")
        if says != stated:
            yield Broken("network swapped", name, f"SHA-256 {says} as the manifest says", f"{stated} in the results")
        try:
            known = registry[name].sha256
        except UnknownNetworkError:
            continue  # somebody's own network; its digest stands in the bundle
        for digest in {says, stated} - {known}:
            yield Broken("network swapped", name, f"SHA-256 {known} as models/ lists it", digest)
    yield from _cards(results, registry)
    given = manifest.settings
    face = given.get("face")
    yield from differences(_plain(crew(face["grade"] if face else None)), _plain(results.crew), "crew")
    if isinstance(given.get("scenario"), dict):
        yield from _fits("fixed", list(_fixed(given["scenario"])), _told(manifest))
    yield from _fits("created", _moment(results.created), manifest.created.isoformat())
    yield from _fits("marks", [list(each) for each in _marks(results)], [list(each) for each in manifest.marks])
    yield from _fits("grade", _grade(results), manifest.grade)
    for trap, one in caught(results):
        if one.weight == "refuse":
            yield Broken("lint", one.where, f"results that don't fall into trap {trap.number}", one.plainly())


def _told(manifest: Manifest) -> list[dict[str, Any]]:
    return [{"outcome": each.outcome, "margin": each.margin} for each in manifest.fixed]


def _fits(what: str, expected: object, found: object) -> Iterator[Broken]:
    for each in differences(expected, found, f"manifest.{what}"):
        yield Broken("manifest", each.where, each.expected, each.found)


def _cards(results: Results, registry: Registry) -> Iterator[Broken]:
    """What results say of networks that models/ lists: what was measured of them, licence, training. Digests apart."""
    for key, networks in (("networks", results.networks), ("stronger", results.stronger)):
        for network in networks:
            try:
                card = used(registry[network.id])
            except UnknownNetworkError:
                continue
            card = card.model_copy(update={"sha256": network.sha256})
            yield from differences(_plain(card), _plain(network), f"{key}.{network.id}")


def _moment(told: str) -> str:
    try:
        return datetime.fromisoformat(told).isoformat()
    except ValueError:
        return told


def _plain(model: BaseModel | None) -> object:
    return None if model is None else model.model_dump(mode="json")


def _views(bundle: Bundle, results: Results) -> dict[str, Callable[[Language], str]]:
    """How each page of the bundle is written from what it is a view of."""
    views: dict[str, Callable[[Language], str]] = {REPORT: partial(render, results)}
    content = bundle.files.get(again.DOCUMENT)
    if content is not None:
        views[SENSITIVITY] = lambda language: page.render(sensitive.parse(content, again.DOCUMENT), language)
    return views
