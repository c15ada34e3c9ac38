"""`bench accuracy`: verification on a listed research set, with errors as the standards define them."""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from benchmarks import comparisons, method
from benchmarks.comparisons import Comparisons
from benchmarks.det import Curve, Mark
from benchmarks.errors import BenchmarkError
from benchmarks.evidence import NetworkFigure, NetworkUsed, Rate, SetUsed, Value
from benchmarks.extract import Extraction, extract
from benchmarks.folds import best_threshold, fold_accuracy
from benchmarks.interval import Interval
from benchmarks.machine import describe, peak_memory_mb, run_with
from benchmarks.pairs import Pairs, person, read_pairs, read_people, require
from benchmarks.recipe import Recipe
from benchmarks.share import Helpers, Spread, gather
from edge.vision import open_embedder
from models.registry import Installed, Network
from policy.archive import Archive
from policy.gate import Gate
from policy.permit import Permit
from policy.research import ResearchSet, Use

SCHEMA = "threshold/accuracy/1"
EMPTY = "the protocol leaves nothing to compare"


class OverlapError(BenchmarkError, ValueError):
    """Error raised when a network was trained on people it would be measured on."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """What is compared with what: a list of pairs, or with none all pairs of the people chosen.

    `people` are the only ones, `not_people` the ones left out of all pairs; None: everyone.
    """

    pairs: Path | None = None
    people: Path | None = None
    not_people: Path | None = None


class OperatingPoint(Value):
    """The errors at the lowest threshold whose FMR on this very set stays at or below the target."""

    target_fmr: float
    threshold: float
    threshold_fixed: Literal["threshold on the test set"] = "threshold on the test set"
    fmr: Rate
    fnmr: Rate
    far: float
    frr: float
    few_errors: bool
    """Fewer than 30 false matches or false non-matches: by the rule of 30 the interval is only a rough guide."""


class Accuracy(Value):
    """The document that `bench accuracy --json` gives."""

    schema_: Literal["threshold/accuracy/1"] = Field(default="threshold/accuracy/1", alias="schema")
    research_set: SetUsed
    protocol: dict[str, Any]
    networks: tuple[NetworkUsed, ...]
    overlap: Mapping[str, str]
    recipe: dict[str, Any]
    machine: dict[str, Any]
    fta: Rate
    fta_reasons: dict[str, int]
    folds: dict[str, Any] | None
    accuracy: Rate | None
    """Of a list of pairs without folds: the share told right at the best threshold on this very set."""
    operating_points: tuple[OperatingPoint, ...]
    unresolved_targets: tuple[float, ...]
    """Targets below one false match in all non-mated comparisons: this protocol can't show them."""
    digest: str
    """SHA-256 over all scores and whose they are: equal digests, equal numbers to the last bit."""
    time: dict[str, Any]
    det: dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Measurement:
    """The document, and the curve and marks for its picture."""

    document: Accuracy
    curve: Curve
    marks: tuple[Mark, ...]


def used(network: Network) -> NetworkUsed:
    """What a report says of a network."""
    return NetworkUsed(
        id=network.id,
        role=network.role,
        sha256=network.sha256,
        licence=network.licence,
        training=network.training.account,
        training_verified=network.training.verified,
        figures=tuple(
            NetworkFigure(id=figure.id, value=figure.value, interval=(figure.low, figure.high), command=figure.command)
            for figure in network.figures
            if figure.id is not None and figure.low is not None and figure.high is not None
        ),
    )


def set_used(research_set: ResearchSet) -> SetUsed:
    """What a report says of a research set."""
    return SetUsed(**research_set.model_dump(include={"id", "name", "licence", "consent", "basis"}))


def admit(
    archive: Archive, gate: Gate, use: Use, networks: Sequence[Network], people: Callable[[], frozenset[str]]
) -> tuple[Permit, ResearchSet, Mapping[str, str]]:
    """The gate's permit for the set, then the check that no network was trained on the `people` measured.

    Raises policy.gate.Refused, OverlapError. The overlap it returns says `none` or `unknown` for each network.
    """
    permit, research_set = gate.research(archive, use)
    states: dict[str, str] = {}
    for network in networks:
        overlap = network.overlap(research_set.id, people())
        if overlap.state == "known":
            raise OverlapError(
                f"{network.id} was trained on {overlap.count} of the people it would be measured on, e.g. "
                f"{overlap.names[0]}: expected none. Measure it on other people (--not-people FILE), or measure "
                "another network."
            )
        states[network.id] = overlap.state
    return permit, research_set, states


def measure(
    images: Archive,
    protocol: Protocol,
    detector: Installed,
    embedder: Installed,
    gate: Gate,
    recipe: Recipe | None = None,
    targets: Sequence[float] = (1e-3, 1e-4),
    replicates: int = 1000,
    seed: int = 1,
    threads: int | None = None,
    progress: Callable[[int], Callable[[], None]] = lambda total: lambda: None,
    spread: Spread | None = None,
) -> Measurement:
    """Run the whole benchmark. `progress` is told how many pictures there are and gives what to call after each.
    Templates are computed in this process, or with `spread` in others; the numbers are the same.

    Raises policy.gate.Refused before the embedder's file is opened when `images` is no listed set; OverlapError;
    PairsError; the errors of the networks' files; ComparisonError where the protocol leaves nothing to compare; with
    `spread` also ShareError and SpreadError.
    """
    recipe = recipe or Recipe()
    pairs = read_pairs(protocol.pairs) if protocol.pairs else None
    names = pairs.pictures if pairs else _chosen(images, protocol)
    if pairs and protocol.pairs:
        require(protocol.pairs, names, images.names)
    permit, research_set, overlap = admit(
        images,
        gate,
        "bench accuracy",
        (detector.network, embedder.network),
        lambda: frozenset(person(name) for name in names),
    )
    run_by = (
        replace(detector, runtime=detector.runtime.on(threads)),
        replace(embedder, runtime=embedder.runtime.on(threads)),
    )
    helpers: Helpers | None = None
    begun = time.perf_counter()
    if spread is None:
        acquirer = recipe.acquirer(detector, threads)
        network = open_embedder(embedder, gate, permit, threads, recipe.mirrored)
        opened = time.perf_counter() - begun
        begun = time.perf_counter()
        extraction = extract(images, names, acquirer, network, tick=progress(len(names)))
    else:
        extraction, helpers = gather(
            spread, "bench accuracy", images, names, *run_by, recipe, gate, permit, tick=progress(len(names))
        )
        opened = helpers.ready_s
    wall = time.perf_counter() - begun
    memory = peak_memory_mb()
    people = {who: index for index, who in enumerate(sorted({person(name) for name in names}))}
    folds = accuracy = None
    if pairs:
        scores = _scores(extraction, pairs)
        compared = comparisons.listed(
            scores,
            [people[person(pair.first)] for pair in pairs.pairs],
            [people[person(pair.second)] for pair in pairs.pairs],
            np.array([pair.mated for pair in pairs.pairs]),
            len(people),
        )
        if pairs.folds > 1:
            folds = _folds(scores, pairs)
        else:
            accuracy = _accuracy(scores, pairs, research_set)
    else:
        attempted = np.bincount([people[person(name)] for name in names], minlength=len(people))
        whose = [people[person(name)] for name in extraction.names]
        # One bootstrap replicate's threshold can lie well below the observed one: keep ten times the target, and of a
        # small set everything.
        trials = max(1, len(whose) * (len(whose) - 1) // 2)
        tail = min(1.0, max(10 * max(targets), 200_000 / trials))
        compared = comparisons.crossed(extraction.templates, whose, tail, attempted)
    resolved = [target for target in targets if target * compared.nonmated_trials >= 1]
    points = tuple(_point(compared, target, research_set, replicates, seed) for target in resolved)
    curve = comparisons.det(compared)
    document = Accuracy(
        research_set=set_used(research_set),
        protocol=_described(protocol, pairs, names, len(people), compared),
        networks=(used(detector.network), used(embedder.network)),
        overlap=overlap,
        recipe=asdict(recipe),
        machine={
            **describe(),
            **run_with(*run_by),
            "load_average": os.getloadavg()[0],
            **({"helpers": asdict(helpers)} if helpers else {}),
        },
        fta=_fta(extraction, research_set),
        fta_reasons=dict(Counter(extraction.missed.values())),
        folds=folds,
        accuracy=accuracy,
        operating_points=points,
        unresolved_targets=tuple(target for target in targets if target not in resolved),
        digest=_digest(compared),
        time=_time(extraction, wall, opened, memory),
        det={"fmr": curve.fmr.tolist(), "fnmr": curve.fnmr.tolist()},
    )
    marks = tuple(
        Mark(
            f"FMR {point.target_fmr:g}",
            point.fmr.value,
            point.fnmr.value,
            fnmr_interval=Interval(*point.fnmr.interval, point.fnmr.level, point.fnmr.method),
        )
        for point in points
    )
    label = f"{detector.network.id} + {embedder.network.id}"
    return Measurement(document, Curve(label, curve.fmr, curve.fnmr), marks)


def _chosen(images: Archive, protocol: Protocol) -> tuple[str, ...]:
    only = read_people(protocol.people) if protocol.people else None
    without = read_people(protocol.not_people) if protocol.not_people else frozenset()
    names = tuple(
        name for name in images.names if person(name) not in without and (only is None or person(name) in only)
    )
    if not names:
        raise BenchmarkError(f"{images.path}: expected pictures of the people chosen, found none. {EMPTY}.")
    return names


def _scores(extraction: Extraction, pairs: Pairs) -> NDArray[np.float32]:
    row = {name: index for index, name in enumerate(extraction.names)}
    scores = np.full(len(pairs.pairs), np.nan, np.float32)
    for index, pair in enumerate(pairs.pairs):
        if pair.first in row and pair.second in row:
            scores[index] = extraction.templates[row[pair.first]] @ extraction.templates[row[pair.second]]
    return scores


def _folds(scores: NDArray[np.float32], pairs: Pairs) -> dict[str, Any]:
    result = fold_accuracy(scores, [pair.mated for pair in pairs.pairs], [pair.fold for pair in pairs.pairs])
    return {
        "mean": result.mean,
        "standard_deviation": result.deviation,
        "standard_error": result.standard_error,
        "accuracies": result.accuracies.tolist(),
        "thresholds": result.thresholds.tolist(),
        "pairs": len(pairs.pairs),
        "not_completed_counted_as_non_match": result.not_completed,
        "threshold": "fixed on the other folds for each fold",
    }


def _accuracy(scores: NDArray[np.float32], pairs: Pairs, research_set: ResearchSet) -> Rate:
    mated = np.array([pair.mated for pair in pairs.pairs])
    threshold = best_threshold(scores.astype(np.float64), mated)
    right = int(((scores >= threshold) == mated).sum())  # a pair that wasn't completed (NaN) doesn't match
    source = f"{research_set.id}, threshold on the test set"
    return Rate.of(right, len(scores), method.independent(right, len(scores)), source, "technology")


def _point(c: Comparisons, target: float, research_set: ResearchSet, replicates: int, seed: int) -> OperatingPoint:
    threshold = comparisons.threshold_at_fmr(c, target)
    false, missed = comparisons.false_matches(c, threshold), comparisons.false_nonmatches(c, threshold)
    source = f"{research_set.id}, threshold on the test set"
    return OperatingPoint(
        target_fmr=target,
        threshold=threshold,
        fmr=Rate.of(
            false,
            c.nonmated_trials,
            method.false_match_rate(c, threshold),
            source,
            "technology",
        ),
        fnmr=Rate.of(missed, c.mated.size, method.fnmr_at_fmr(c, target, replicates, seed=seed), source, "technology"),
        far=comparisons.far(c, threshold),
        frr=comparisons.frr(c, threshold),
        few_errors=min(false, missed) < 30,
    )


def _fta(extraction: Extraction, research_set: ResearchSet) -> Rate:
    lost = len(extraction.missed)
    return Rate.of(
        lost, extraction.attempted, method.independent(lost, extraction.attempted), research_set.id, "technology"
    )


def _digest(c: Comparisons) -> str:
    told = hashlib.sha256()
    for part in (c.mated, c.mated_subject, c.nonmated, c.nonmated_first, c.nonmated_second):
        told.update(f"{part.dtype.str} {part.size}\n".encode() + part.tobytes())
    told.update(f"{c.nonmated_trials} {c.mated_lost} {c.nonmated_lost}\n".encode())
    return told.hexdigest()


def _described(
    protocol: Protocol, pairs: Pairs | None, names: Sequence[str], people: int, c: Comparisons
) -> dict[str, Any]:
    files = {
        key: {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for key, path in (("pairs", protocol.pairs), ("people", protocol.people), ("not_people", protocol.not_people))
        if path
    }
    return {
        "kind": "list of pairs" if pairs else "all pairs",
        "files": files,
        "folds": pairs.folds if pairs else 1,
        "people": people,
        "pictures": len(names),
        "mated_completed": c.mated.size,
        "mated_lost": c.mated_lost,
        "nonmated_completed": c.nonmated_trials,
        "nonmated_lost": c.nonmated_lost,
    }


def _time(extraction: Extraction, wall: float, opened: float, memory: float) -> dict[str, Any]:
    p50, p95, p99 = np.percentile(extraction.durations_ms, [50, 95, 99])
    return {
        "pictures": extraction.attempted,
        "wall_s": wall,
        "pictures_per_s": extraction.attempted / wall,
        "open_networks_s": opened,
        "stage_s": extraction.seconds,
        "stage_ms_per_picture": {
            stage: 1e3 * spent / extraction.attempted for stage, spent in extraction.seconds.items()
        },
        "file_to_aligned_ms": {"p50": p50, "p95": p95, "p99": p99},
        "peak_memory_mb": memory,
    }
