"""The networks that come along beside the public pair: View 1 test, its 1,000 pairs and all pairs of its people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.accuracy import Accuracy, Protocol, measure
from models.registry import Registry
from policy.archive import Archive
from policy.gate import Gate
from scripts.proofs._data import card, claim, lfw, models, pictures
from threshold.networks import installed
from threshold.output import progress

PAIRS = {
    "bundled": ("bundled", "bundled"),
    "public detector, bundled embedder": ("yunet-2023mar", "bundled"),
    "public": ("yunet-2023mar", "mobilefacenet-foamliu"),
}


def prove() -> dict[str, Any]:
    claims = []
    cards = []
    with Archive(pictures()) as archive:
        for name, (detector, embedder) in PAIRS.items():
            pairs = _run(archive, detector, embedder, Protocol(pairs=lfw() / "view1-test-pairs.txt"))
            people = _run(archive, detector, embedder, Protocol(not_people=lfw() / "view1-train-people.txt"))
            ours = name == "bundled"
            right = pairs.accuracy
            if right is not None:
                claims.append(
                    claim(
                        f"{name}: accuracy on the 1,000 pairs, best threshold on them",
                        {"value": right.value, "interval": right.interval},
                        "lower bound >= 0.92 (aim 0.94)" if ours else "printed",
                        right.interval[0] >= 0.92 if ours else None,
                    )
                )
            for point in people.operating_points:
                aimed = ours and point.target_fmr == 1e-3
                claims.append(
                    claim(
                        f"{name}: FNMR at FMR {point.target_fmr:g}, all test people",
                        {"value": round(point.fnmr.value, 4), "interval": point.fnmr.interval},
                        "aim 0.25" if aimed else "printed",
                        point.fnmr.value <= 0.25 if aimed else None,
                    )
                )
            if detector != "yunet-2023mar" or embedder != "bundled":
                cards.append(_card(detector, embedder, pairs, people))
            claims.append(
                claim(
                    f"{name}: failures to acquire, of {people.fta.denominator}", people.fta.numerator, "printed", None
                )
            )
    return {"claims": claims, "cards": cards}


def _card(detector: str, embedder: str, pairs: Accuracy, people: Accuracy) -> dict[str, Any]:
    """The embedder's figures, with the detector that goes with it."""
    found_by = f"faces found by {'bundled-detector' if detector == 'bundled' else detector}"
    figures = []
    if pairs.accuracy is not None:
        low, high = pairs.accuracy.interval
        figures.append({
            "id": "view1-accuracy",
            "what": "accuracy, best threshold on the pairs",
            "value": pairs.accuracy.value,
            "low": round(low, 4),
            "high": round(high, 4),
            "on": f"LFW View 1, 1,000 test pairs, {found_by}",
        })  # fmt: skip
    for point in people.operating_points:
        low, high = point.fnmr.interval
        figures.append({
            "id": f"view1-fnmr-{point.target_fmr:g}",
            "what": f"FNMR at FMR {point.target_fmr:g}",
            "value": round(point.fnmr.value, 4),
            "low": round(low, 4),
            "high": round(high, 4),
            "on": f"LFW View 1, all pairs of the test people, {found_by}",
        })  # fmt: skip
    registry = Registry.bundled()
    network = registry["bundled-embedder" if embedder == "bundled" else embedder]
    return card(network, "make prove-bundled-pair", figures)


def _run(archive: Archive, detector: str, embedder: str, protocol: Protocol) -> Accuracy:
    registry, folder = Registry.bundled(), models()

    def place(name: str) -> Path | None:
        return None if name == "bundled" else folder

    with progress() as bar:

        def steps(total: int) -> Any:
            task = bar.add_task(f"{detector} + {embedder}", total=total)
            return lambda: bar.advance(task)

        return measure(
            archive,
            protocol,
            installed(registry, "detector", detector, place(detector)),
            installed(registry, "embedder", embedder, place(embedder)),
            Gate(),
            progress=steps,
        ).document
