"""What a bundle holds beside rows and results, and what is counted again from it: costs from prices, the gate's verdict
and the lanes' privacy from the processing record, the sensitivity from its points."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from benchmarks.attached import attached
from benchmarks.cost.costed import costed
from benchmarks.cost.draws import CostError
from benchmarks.cost.prices import PriceError, parse
from benchmarks.errors import BenchmarkError
from benchmarks.evidence import Attached, Results
from benchmarks.privacy.private import private
from benchmarks.recount import differences, numbers, settings
from benchmarks.sensitivity import again, document
from benchmarks.sensitivity.again import Afresh
from benchmarks.session import Progress
from policy.bundle import Broken
from policy.errors import PolicyError

RECORD, PRICES = "record.yaml", "prices.toml"
NAMES = (RECORD, PRICES, again.DOCUMENT, again.POINTS)
_BEFORE = "; a bundle from before it went in holds none: let its signer pack it again"
SIZES = ("persons", "mornings", "enrolment", "strangers")
"""What a scenario's size is made of; a quick evaluation has another one, and is of the same entrance."""


class NoBundleError(BenchmarkError, ValueError):
    """Error raised for results of which no bundle can be made: names what was expected and found."""


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What came of counting again."""

    broken: tuple[Broken, ...]
    figures: int
    """Numbers that were compared."""
    notes: tuple[str, ...] = ()


def enclose(
    results: Results, path: Path, record: Path | None, prices: Path | None, sensitivity: Path | None
) -> dict[str, bytes]:
    """The files that results in `path` refer to beside their rows, by the names they have in a bundle.

    Raises NoBundleError, DocumentError, PointsError for what isn't what the results, or the document, were made of.
    """
    files: dict[str, bytes] = {}
    for name, wanted, source, what in (
        (RECORD, _of_record(results), record, "the processing record of its verdict with --record"),
        (PRICES, _of_prices(results), prices, "the prices of its costs with --prices"),
    ):
        for key, digest in wanted.items():
            content = None if source is None else source.read_bytes()
            if content is None or hashlib.sha256(content).hexdigest() != digest:
                raise NoBundleError(
                    f"{path}: expected {what} (SHA-256 {digest[:16]}… as {key} says), found "
                    f"{'none' if content is None else f'another, {source}'}."
                )
            files[name] = content
    if sensitivity is not None:
        told = document.read(sensitivity)
        for each in _of_another(told, settings(results)["scenario"]):
            raise NoBundleError(
                f"{sensitivity}: expected the sensitivity of the scenario that {path} is of; {each.where}: expected "
                f"{each.expected}, found {each.found}. Run threshold sensitivity again."
            )
        files[again.DOCUMENT] = sensitivity.read_bytes()
        files[again.POINTS] = again.whole(told, sensitivity.parent)
    return files


def derived(
    files: Mapping[str, bytes],
    signed: Container[str],
    stated: Results,
    raw: Mapping[str, Any],
    found: Mapping[str, Any] | None,
) -> Enclosed:
    """Costs, verdict and privacy again.

    `signed`: names of the files that were signed for. `stated`: the results, and `raw` the same as JSON. `found`:
    the keys of results that were counted again from the rows, None where they couldn't be; costs and privacy follow
    from them, and not from what is stated.
    """
    broken = [
        *_replaced(PRICES, _of_prices(stated), files, signed),
        *_replaced(RECORD, _of_record(stated), files, signed),
    ]
    counted = None if found is None else Results.model_validate({**_plain(stated), **found})
    figures, notes = 0, []
    for key, name in (("cost", PRICES), ("verdict", RECORD), ("privacy", RECORD)):
        said, content = raw.get(key), files.get(name)
        if said is None:
            if content is not None:
                broken.append(Broken("section removed", key, f"what follows from {name}, which is here", "none"))
            continue
        if content is None or (counted is None and key != "verdict"):
            why = f"{name} isn't here" if content is None else "the doors weren't"
            notes.append(f"{key} was not counted again: {why}.")
            continue
        try:
            made = _plain(_made(key, content, stated, counted or stated))
        except (PriceError, CostError, PolicyError, ValueError) as error:
            broken.append(Broken(key, name, "what it can be counted from", str(error).splitlines()[0]))
            continue
        broken += differences(made, said, key)
        figures += numbers(made)
    return Enclosed(tuple(broken), figures, tuple(notes))


def sensitivity(
    files: Mapping[str, bytes],
    signed: Container[str],
    scenario: object,
    afresh: Afresh,
    progress: Progress = lambda what, total: lambda: None,
) -> Enclosed:
    """The sensitivity document again, where there is one. `scenario`: that of the results beside it."""
    content, points = files.get(again.DOCUMENT), files.get(again.POINTS)
    if content is None and points is None:
        return Enclosed((), 0)
    if content is None or points is None:
        there, gone = (again.POINTS, again.DOCUMENT) if content is None else (again.DOCUMENT, again.POINTS)
        missing = Broken("file missing", gone, f"what {there} belongs to", "none")
        note = f"sensitivity was not made again: {gone} isn't here."
        return Enclosed(() if gone in signed else (missing,), 0, (note,))
    try:
        told = document.parse(content, again.DOCUMENT)
    except document.DocumentError as error:
        return Enclosed((Broken("sensitivity", again.DOCUMENT, "threshold/sensitivity/1", str(error)),), 0)
    made = again.again(told, points, afresh, progress)
    broken = (*(_of_another(told, scenario) if isinstance(scenario, dict) else ()), *made.broken)
    return Enclosed(broken, made.figures, (made.told(),) if made.of else ())


def _made(key: str, content: bytes, stated: Results, counted: Results) -> BaseModel:
    """A part of results, made anew. Digest and name of the record's file are those that are stated: the digest is
    compared by itself, once, and in a bundle the file has another name."""
    if key == "cost" and stated.cost is not None:
        return costed(counted, parse(content.decode("utf-8"), PRICES), stated.cost.sha256)
    with tempfile.TemporaryDirectory(prefix="threshold-") as temporary:
        path = Path(temporary) / RECORD
        path.write_bytes(content)
        if key == "verdict" and stated.verdict is not None:
            return _asked(path, stated.verdict)
        told = private(counted, path)
        said = stated.privacy or told
        return told.model_copy(update={"sha256": said.sha256, "record": said.record})


def _asked(path: Path, said: Attached) -> Attached:
    """The gate, asked again. Raises PolicyError, ValueError."""
    verdict = attached(path, date.fromisoformat(said.as_of), said.profile)
    return verdict.model_copy(update={"sha256": said.sha256, "record": said.record})


def verdict(files: Mapping[str, bytes], signed: Container[str], said: Attached | None) -> Iterator[Broken]:
    """A verdict that stands outside of results, such as a pilot's, asked for again."""
    content = files.get(RECORD)
    if said is None:
        if content is not None:
            yield Broken("section removed", "verdict", f"what follows from {RECORD}, which is here", "none")
        return
    yield from _replaced(RECORD, {"verdict.sha256": said.sha256}, files, signed)
    if content is None:
        return
    with tempfile.TemporaryDirectory(prefix="threshold-") as temporary:
        path = Path(temporary) / RECORD
        path.write_bytes(content)
        try:
            made = _asked(path, said)
        except (PolicyError, ValueError) as error:
            yield Broken("verdict", RECORD, "what it can be counted from", str(error).splitlines()[0])
            return
    yield from differences(_plain(made), _plain(said), "verdict")


def _of_record(results: Results) -> dict[str, str]:
    """Digests of the record, by the key that says so."""
    told = {"verdict.sha256": results.verdict, "privacy.sha256": results.privacy}
    return {key: part.sha256 for key, part in told.items() if part is not None}


def _of_prices(results: Results) -> dict[str, str]:
    return {} if results.cost is None else {"cost.sha256": results.cost.sha256}


def _replaced(
    name: str, wanted: Mapping[str, str], files: Mapping[str, bytes], signed: Container[str]
) -> Iterator[Broken]:
    """A file that isn't there, or isn't the one that results were made of."""
    content = files.get(name)
    found = None if content is None else hashlib.sha256(content).hexdigest()
    for key, digest in wanted.items():
        if found is None:
            if name not in signed:  # else it is named where files are compared
                yield Broken("file missing", name, f"what {key} is of (SHA-256 {digest})", f"none{_BEFORE}")
            return
        if found != digest:
            yield Broken(f"{name.partition('.')[0]} replaced", name, f"SHA-256 {digest} as {key} says", found)


def _of_another(told: document.Sensitivity, scenario: Mapping[str, Any]) -> Iterator[Broken]:
    """Where the scenario of a sensitivity document is another than that of the results, sizes apart."""
    if told.asked is not None:
        for each in differences(_unsized(scenario), _unsized(told.asked.scenario), f"{again.DOCUMENT}: asked.scenario"):
            yield Broken("scenario", each.where, each.expected, each.found)


def _unsized(scenario: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in scenario.items() if key not in SIZES}
    if isinstance(doors := kept.get("doors"), dict):
        kept["doors"] = {key: value for key, value in doors.items() if key != "repetitions"}
    return kept


def _plain(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", by_alias=True)
