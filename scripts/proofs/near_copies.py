"""Are synthetic people near copies of the training faces? In pixels and in embedding, leading and all components."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.people.basis import Basis, bundled
from models.people.canvas import MEAN, PATCH
from models.people.head import bare, draw, moved, shaped
from models.people.identity import identity_of
from models.training.looks import Looks, shown
from models.training.people import LIGHT
from models.training.portraits import held_out, portraits
from scripts.proofs._data import claim, lfw, models, pictures

SAMPLES = 600
LEADING = 20
"""Of the components of light, dark and tint; the others, and the shape's, stay at their means."""


def pixels(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The face as it looks, 32 × 40 grey, zero mean, unit length: two are as far apart as √(2 − 2 correlation)."""
    left, top, right, bottom = PATCH
    grey = cv2.cvtColor(picture[top:bottom, left:right], cv2.COLOR_BGR2GRAY)
    small = cv2.GaussianBlur(grey, (0, 0), 2.0)[2::4, 2::4].astype(np.float32)
    y, x = np.mgrid[-1 : 1 : small.shape[0] * 1j, -1 : 1 : small.shape[1] * 1j]
    face = small[np.hypot(x / 0.8, y / 0.85) < 1]
    face -= face.mean()
    return np.asarray(face / np.linalg.norm(face), np.float32)


def nearest(ours: NDArray[np.float32], training: NDArray[np.float32]) -> NDArray[np.float32]:
    """From each row (unit length) the distance to the nearest training row."""
    return np.asarray(np.sqrt(np.clip(2 - 2 * (ours @ training.T).max(1), 0, None)), np.float32)


def sampled(basis: Basis, looks: Looks, leading: bool, painted: bool) -> tuple[NDArray[np.float32], ...]:
    """Pixels and templates of SAMPLES synthetic people, as they are drawn or as the components alone give them."""
    flat, templates = [], []
    for seed in range(SAMPLES):
        who = identity_of(seed, basis)
        if leading:
            kept = np.where(np.arange(len(who.latents)) < LEADING, who.latents, 0).astype(np.float32)
            who = replace(who, latents=kept)
        if painted:
            head = draw(who, basis)
            picture, points = shown(head), head.points
        else:
            points, back = shaped(who, basis)
            picture = np.clip(moved(bare(who, basis), back), 0, 255).astype(np.uint8)
        flat.append(pixels(picture))
        templates.append(looks.template(picture, points))
    return np.stack(flat), np.stack(templates)


def prove() -> dict[str, Any]:
    folder = pictures()
    if not folder.is_dir():
        raise SystemExit(f"{folder}: expected the unpacked folder of photographs. Set THRESHOLD_PROOF_LFW to it.")
    lines = (lfw() / "view1-train-people.txt").read_text(encoding="utf-8").splitlines()
    people = [line.split()[0] for line in lines if line.strip()]
    detector, embedder = models() / "face_detection_yunet_2023mar.onnx", models() / "mobilefacenet_foamliu.onnx"
    looks = Looks(detector, embedder)
    flat: dict[bool, list[NDArray[np.float32]]] = {False: [], True: []}
    templates: dict[bool, list[NDArray[np.float32]]] = {False: [], True: []}
    for portrait in portraits(folder, people, detector):
        out = held_out(portrait.person)
        flat[out].append(pixels(portrait.upright))
        templates[out].append(looks.template(portrait.upright, MEAN + portrait.offsets))
    basis = bundled()
    claims = []
    for name, leading, painted in (
        (f"the {LEADING} leading of {LIGHT} components, as rendered", True, True),
        ("all components, as rendered", False, True),
        (f"the {LEADING} leading of {LIGHT} components alone, nothing painted", True, False),
        ("all components alone, nothing painted", False, False),
    ):
        for space, ours, real in zip(
            ("pixels", "embedding"), sampled(basis, looks, leading, painted), (flat, templates), strict=True
        ):
            training = np.stack(real[False])
            limit = float(np.percentile(nearest(np.stack(real[True]), training), 1))
            distances = nearest(ours, training)
            share = float((distances < limit).mean())
            claims.append(
                claim(
                    f"share of synthetic people nearer to a training face than the 1st percentile of held-out people, "
                    f"in {space}, {name}",
                    {
                        "share": share,
                        "limit": round(limit, 4),
                        "nearest": round(float(distances.min()), 4),
                        "median": round(float(np.median(distances)), 4),
                        "of": len(distances),
                        "training": len(training),
                        "held_out": len(real[True]),
                    },
                    "share at most 0.01",
                    share <= 0.01,
                )
            )
    return {"claims": claims, "generator": basis.digest}
