"""Interpolation, crop, mirrored pair and normalisation compared on the View 1 training people alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import bootstrap, comparisons
from benchmarks.pairs import person, read_people
from edge.acquire import central
from edge.align import SIZE, TEMPLATE, similarity
from edge.embed import Embedder, Scaling, unit
from edge.face import Crop, Face, Picture
from edge.network import OnnxRuntime
from edge.picture import decode
from edge.vision import open_detector
from models.registry import Registry
from policy.archive import Archive
from policy.gate import Gate
from scripts.proofs._data import claim, lfw, models, pictures
from threshold.output import progress

BASE = "base: faces searched at the picture's size, linear, black border, published template, contract's normalisation"
SIGNED = Scaling(rgb=True, divisor=1.0, mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5))


def warp(
    interpolation: int = cv2.INTER_LINEAR, border: int = cv2.BORDER_CONSTANT, zoom: float = 1.0
) -> Callable[[Picture, Face], Crop]:
    """Aligning with one thing changed; `zoom` enlarges the face on the template about its centre."""
    template = ((TEMPLATE - SIZE / 2) * zoom + SIZE / 2).astype(np.float32)

    def align(picture: Picture, face: Face) -> Crop:
        matrix = similarity(face.points, template)
        pixels = cv2.warpAffine(picture.pixels, matrix, (SIZE, SIZE), flags=interpolation, borderMode=border)
        return Crop(pixels.astype(np.uint8, copy=False), picture.digest)

    return align


LINEAR, CUBIC = warp(), warp(cv2.INTER_CUBIC)
ENLARGED = {
    375: "searched at 1.5 times the size",
    500: "searched at twice the size",
    640: "searched at 2.56 times the size",
}
ALIGNMENTS = {
    BASE: LINEAR,
    "interpolation: cubic": CUBIC,
    "interpolation: Lanczos": warp(cv2.INTER_LANCZOS4),
    "crop: face 5 % smaller": warp(zoom=0.95),
    "crop: face 5 % larger": warp(zoom=1.05),
    "crop: border repeated": warp(border=cv2.BORDER_REPLICATE),
}


def mirrored(crop: Crop) -> Crop:
    return Crop(np.ascontiguousarray(crop.pixels[:, ::-1]), crop.digest)


def prove() -> dict[str, Any]:
    registry, gate = Registry.bundled(), Gate()
    yunet, mobilefacenet = (registry.locate(name, models()) for name in ("yunet-2023mar", "mobilefacenet-foamliu"))
    people = read_people(lfw() / "view1-train-people.txt")
    contract = mobilefacenet.network.input
    scaling = Scaling(contract.colour == "RGB", contract.divisor, contract.mean, contract.deviation)
    with Archive(pictures()) as archive, progress() as bar:
        permit, _ = gate.research(archive, "bench accuracy")
        names = [name for name in archive.names if person(name) in people]
        backend = OnnxRuntime(mobilefacenet.read(), mobilefacenet.network.id)
        plain = Embedder(lambda: backend, scaling, gate, permit)
        signed = Embedder(lambda: backend, SIGNED, gate, permit)
        detectors = {least: open_detector(yunet, least_px=least) for least in (0, *ENLARGED)}
        rows: dict[str, list[NDArray[np.float32]]] = {}
        whose: list[str] = []
        missed = 0
        task = bar.add_task("View 1 training people", total=len(names))
        for name in names:
            bar.advance(task)
            picture = decode(archive.read(name), name)
            found = {least: detector.detect(picture) for least, detector in detectors.items()}
            if not all(found.values()):
                missed += 1
                continue
            whose.append(person(name))
            at = {least: central(faces, picture) for least, faces in found.items()}
            crops = {key: align(picture, at[0]) for key, align in ALIGNMENTS.items()}
            crops |= {text: LINEAR(picture, at[least]) for least, text in ENLARGED.items()}
            crops["searched at twice the size, cubic"] = CUBIC(picture, at[500])
            for key in (BASE, ENLARGED[500], "searched at twice the size, cubic"):
                crops[f"mirror image of {key}"] = mirrored(crops[key])
            for key, crop in crops.items():
                rows.setdefault(key, []).append(plain.embed([crop])[0])
            rows.setdefault("normalisation: (x − 127.5) / 127.5", []).append(signed.embed([crops[BASE]])[0])
    subjects = np.unique(whose, return_inverse=True)[1]
    tables = {key: np.stack(templates) for key, templates in rows.items()}
    for key in (BASE, ENLARGED[500], "searched at twice the size, cubic"):
        tables[f"mirrored pair: {key}"] = unit(tables[key] + tables.pop(f"mirror image of {key}"))
    results = []
    for key, templates in tables.items():
        compared = comparisons.crossed(templates, subjects, 0.01)
        row: dict[str, Any] = {"variant": key}
        for target in (1e-3, 1e-4):
            threshold = comparisons.threshold_at_fmr(compared, target)
            interval = bootstrap.fnmr_at_fmr(compared, target, 500, seed=1)
            row[f"fnmr_at_{target:g}"] = round(comparisons.fnmr(compared, threshold), 5)
            row[f"interval_at_{target:g}"] = [round(interval.low, 5), round(interval.high, 5)]
        results.append(row)
        print(row, flush=True)
    results.sort(key=lambda row: row["fnmr_at_0.001"])
    return {
        "claims": [
            claim(
                "best variant by FNMR at FMR 0.001, all pairs of the View 1 training people",
                results[0],
                "printed",
                None,
            )
        ],
        "people": len(people),
        "pictures": len(names),
        "failures_to_acquire": missed,
        "variants": results,
    }
