"""By pose, light and size of the face: how often the bundled and the public pair don't recognise it (View 1 test)."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import comparisons, method
from benchmarks.pairs import person, read_people
from benchmarks.recipe import Recipe
from edge.acquire import Acquirer, Missed
from edge.face import Picture
from edge.picture import decode, of_pixels
from edge.vision import open_detector, open_embedder
from models.registry import Registry
from policy.archive import Archive
from policy.gate import Gate
from scripts.proofs._data import card, claim, lfw, models, pictures
from scripts.proofs.detector import light, turned
from threshold.output import progress

FMR = 1e-3
TURNS = (0.0, 0.15, 0.3, 9.0)
"""Nose aside of the eyes' middle, share of the eye distance, of the more turned of the two."""
LIGHTS = (0.0, 70.0, 110.0, 256.0)
"""Mean grey level of the darker of the two faces."""
WIDTHS = (64, 40, 28, 20)
"""px of face to which one of the two pictures is made smaller."""
FEW = 100
"""Fewer pairs than this say too little to be printed."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One face: its template, how far it is turned, how light it is, its width in px."""

    template: NDArray[np.float32]
    turn: float
    light: float
    width: float


def prove() -> dict[str, Any]:
    registry = Registry.bundled()
    claims, cards = [], []
    for detector, embedder in (("bundled-detector", "bundled-embedder"), ("yunet-2023mar", "mobilefacenet-foamliu")):
        groups = _measured(registry, detector, embedder)
        figures = []
        for what, (errors, whose) in groups.items():
            if len(errors) < FEW:
                continue
            share = float(np.mean(errors))
            interval = method.rate(errors, whose)
            figure = {"value": round(share, 4), "interval": [round(interval.low, 4), round(interval.high, 4)]}
            claims.append(
                claim(
                    f"{embedder}: FNMR, {what}",
                    figure | {"pairs": len(errors), "people": len(set(whose))},
                    "printed",
                    None,
                )
            )
            figures.append({
                "what": f"FNMR at FMR {FMR:g} of all, {what} ({len(errors)} pairs)",
                "value": figure["value"],
                "low": figure["interval"][0],
                "high": figure["interval"][1],
                "on": f"LFW View 1 test people, faces found by {detector}",
            })  # fmt: skip
        cards.append(card(registry[embedder], "make prove-bundled-groups", figures))
    return {"claims": claims, "cards": cards}


def _measured(registry: Registry, detector: str, embedder: str) -> dict[str, tuple[list[bool], list[str]]]:
    """Group → of each mated pair whether it isn't recognised, and whose it is."""
    gate = Gate()
    recipe = Recipe()
    learned = read_people(lfw() / "view1-train-people.txt")
    found: dict[str, dict[int, Seen]] = defaultdict(dict)
    with Archive(pictures()) as archive, progress() as bar:
        permit, _ = gate.research(archive, "bench accuracy")
        names = [name for name in archive.names if person(name) not in learned]
        names = names[: int(os.environ.get("THRESHOLD_PROOF_PICTURES", len(names)))]
        several = {
            who
            for who, count in zip(*np.unique([person(n) for n in names], return_counts=True), strict=True)
            if count > 1
        }
        acquirer = Acquirer(
            open_detector(registry.locate(detector, models()), 1, recipe.score, recipe.longest_px, recipe.least_px),
            choice=recipe.choice,
            interpolation=recipe.interpolation,
            smallest_px=8.0,
        )
        network = open_embedder(registry.locate(embedder, models()), gate, permit, 1, recipe.mirrored)

        def seen(picture: Picture) -> Seen | None:
            acquired = acquirer.acquire(picture)
            if isinstance(acquired, Missed):
                return None
            face = acquired.face
            return Seen(network.embed([acquired.crop])[0], turned(face), light(picture, face), face.box.width)

        task = bar.add_task(embedder, total=len(names))
        for name in names:
            picture = decode(archive.read(name), name)
            whole = seen(picture)
            if whole is not None:
                found[name][0] = whole
                for width in WIDTHS if person(name) in several else ():
                    scale = width / whole.width
                    small = cv2.resize(picture.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
                    if (less := seen(of_pixels(small, name, picture.digest))) is not None:
                        found[name][width] = less
            bar.advance(task)
    kept = sorted(found)
    templates = np.stack([found[name][0].template for name in kept])
    index = {who: number for number, who in enumerate(sorted({person(name) for name in kept}))}
    crossed = comparisons.crossed(templates, [index[person(name)] for name in kept], 0.02)
    at = comparisons.threshold_at_fmr(crossed, FMR)
    groups: dict[str, tuple[list[bool], list[str]]] = defaultdict(lambda: ([], []))

    def note(group: str, missed: bool, who: str) -> None:
        groups[group][0].append(missed)
        groups[group][1].append(who)

    by_person: dict[str, list[str]] = defaultdict(list)
    for name in kept:
        by_person[person(name)].append(name)
    for who, mine in by_person.items():
        for first, second in combinations(mine, 2):
            one, other = found[first][0], found[second][0]
            missed = bool(one.template @ other.template < at)
            note("all", missed, who)
            note(f"more turned face {_bin(max(one.turn, other.turn), TURNS, 'of the eye distance')}", missed, who)
            note(f"darker face {_bin(min(one.light, other.light), LIGHTS, 'grey levels')}", missed, who)
            for width in WIDTHS:
                # A face that isn't found when it is small isn't recognised either.
                less = found[second].get(width)
                note(f"one face made {width} px wide", less is None or bool(one.template @ less.template < at), who)
    return dict(sorted(groups.items()))


def _bin(value: float, edges: tuple[float, ...], unit: str) -> str:
    low, high = next((low, high) for low, high in pairwise(edges) if low <= value < high or high == edges[-1])
    return f"{low:g} to {'more' if high == edges[-1] else f'{high:g}'} {unit}"
