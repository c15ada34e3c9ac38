"""Fit the synthetic people's components, and choose drawn numbers whose people look apart.

    python -m models.training.people --images DIR --people FILE --detector FILE --embedder FILE

DIR holds a folder of photographs a person; FILE the names of those who may be used (the View 1 training people), the
count after the name ignored. One person in ten stays out, for the near-copy check. Everything is seeded, on one core;
`--checkpoints DIR` keeps each step's result and takes it up again. Steps: photographs aligned by flow; principal
components of light, dark and tint, of those with a quiet mouth in even light, and of shapes; a shift of the latents'
mean away from what makes all drawn faces alike to the embedder (a linear fit over `--first` heads); and a list of the
numbers, of `--second` drawn, whose heads the detector finds where they are and which resemble the fewest others.
models/training/people.json tells what a run took and made.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.people.basis import COLUMNS, FILE, ROWS, TINT_STEP, Basis, packed, read
from models.people.canvas import MIDDLE, PATCH
from models.people.identity import BUILD, latents
from models.training.aligned import Aligned, aligned, components
from models.training.looks import Looks, Seen
from models.training.portraits import Portrait, held_out, portraits

LOG = Path(__file__).with_suffix(".json")
"""What the last run took and made."""

Floats = NDArray[np.float32]
Arrays = dict[str, NDArray[np.generic]]

LIGHT, SHAPE, SKEWED = 160, 24, 4
"""How many components: of light, dark and tint, of the shape's symmetrical and other part."""
GREY = np.array([0.114, 0.587, 0.299], np.float32)
_DARK = 12.0
"""Levels added before a logarithm: noise in the dark counts for little."""
_BROAD = 20.0
"""Px: light that changes more slowly over a face than this is the room's, and the complexion."""
_TINT = 2.0
"""How much a knot's tint counts beside a px's light."""
_MUTED = 0.7
"""What is left of the tint's deviations: those of photographs are half the room's light and the camera's."""
_SHARP, _SHARP_PX = 0.8, 1.5
"""How much of the finest structure is added again, and how fine: what the mean over many faces has blurred."""
RESEMBLES = 0.32
"""A cosine above this counts as resembling: a margin below 0.335, the embedder's FMR 0.001 threshold on LFW."""


def _place(rows: tuple[int, int], reach: int) -> tuple[slice, slice]:
    """The px of a patch between two heights of the canvas, `reach` px to both sides of the middle."""
    left, top, _, _ = PATCH
    middle = round(MIDDLE + 0.5) - left
    return slice(rows[0] - top, rows[1] - top), slice(middle - reach, middle + reach)


def _oval(soft: float) -> Floats:
    """h × w: 1 on the face, 0 beyond."""
    left, top, right, bottom = PATCH
    y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
    return np.asarray(np.clip((1.03 - np.hypot((x - MIDDLE) / 51, (y - 119) / 71)) * soft, 0, 1), np.float32)


def _rest(values: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """What is left of a plane when its broad course over the face is taken away, and that course."""
    blur = cv2.GaussianBlur(values * weight, (0, 0), _BROAD)
    broad = np.asarray(blur / (cv2.GaussianBlur(weight, (0, 0), _BROAD) + 1e-3), np.float32)
    return values - broad, broad


def fit(faces: Aligned) -> Arrays:
    """All components of aligned photographs: of those with a quiet mouth in even light, and of every shape."""
    n, weight = len(faces.pixels), _oval(8.0)
    light = np.empty((n, ROWS, COLUMNS), np.float32)
    broad = np.zeros((ROWS, COLUMNS), np.float32)
    tint = np.empty((n, ROWS // TINT_STEP, COLUMNS // TINT_STEP, 2), np.float32)
    cheeks = _place((94, 144), 44)
    for number, pixels in enumerate(faces.pixels):
        colours = pixels.astype(np.float32)
        light[number], course = _rest(np.log(colours @ GREY + _DARK), weight)
        broad += (course - course[cheeks].mean()) / n
        for place, channel in enumerate((0, 2)):
            ratio, _ = _rest(np.log((colours[..., channel] + _DARK) / (colours[..., 1] + _DARK)), weight)
            smooth = cv2.GaussianBlur(ratio, (0, 0), 2.0)
            tint[number, ..., place] = cv2.resize(smooth, tint.shape[2:0:-1], interpolation=cv2.INTER_AREA)
    quiet, teeth, span = _quiet(light)
    light, tint = light[quiet], tint[quiet]
    light = np.asarray((light + light[:, :, ::-1]) / 2, np.float32)
    tint = np.asarray((tint + tint[:, :, ::-1]) / 2, np.float32)
    inside = _oval(5.0)
    rows = np.concatenate(
        [
            (light * inside)[:, :, : COLUMNS // 2].reshape(len(light), -1),
            _TINT
            * (tint * inside[2::TINT_STEP, 2::TINT_STEP, None])[:, :, : tint.shape[2] // 2].reshape(len(tint), -1),
        ],
        axis=1,
    )
    norms = np.linalg.norm(rows - rows.mean(0), axis=1)
    usual = norms < np.percentile(norms, 90)
    print(f"components: {usual.sum()} quiet faces of {n}", file=sys.stderr)
    mean, directions, deviations = components(rows[usual], LIGHT)
    scores = (rows[usual] - mean) @ directions.T / deviations
    scaled = directions * deviations[:, None]
    for measure, low in ((teeth, 20.0), (span, 20.0)):
        mean, scaled = _closed(mean, scaled, scores, measure[quiet][usual], low)
    split = ROWS * COLUMNS // 2
    course = np.asarray((broad + broad[:, ::-1]) / 2, np.float32)

    def tints(part: Floats) -> Floats:
        return np.asarray(part.reshape(-1, ROWS // TINT_STEP, COLUMNS // TINT_STEP // 2, 2) / _TINT, np.float32)

    sharp = np.concatenate([mean[None], scaled])
    sharp[:, :split] = [_sharp(row.reshape(ROWS, -1)).reshape(-1) for row in sharp[:, :split]]
    sharp[1:, split:] *= _MUTED
    mean, scaled = np.asarray(sharp[0], np.float32), np.asarray(sharp[1:], np.float32)

    arrays: Arrays = {
        "light_mean": (mean[:split].reshape(ROWS, -1) + course[:, : COLUMNS // 2]).astype(np.float16),
        "tint_mean": tints(mean[split:])[0].astype(np.float16),
    }
    arrays |= {f"light.{key}": part for key, part in packed(scaled[:, :split].reshape(LIGHT, ROWS, -1)).items()}
    arrays |= {f"tint.{key}": part for key, part in packed(tints(scaled[:, split:])).items()}
    return arrays | _shapes(faces)


def _sharp(half: Floats) -> Floats:
    whole = np.concatenate([half, half[:, ::-1]], axis=1)
    return np.asarray((whole + _SHARP * (whole - cv2.GaussianBlur(whole, (0, 0), _SHARP_PX)))[:, : half.shape[1]])


def _quiet(light: Floats) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """Which faces have a mouth that is nearly closed and no light from one side; how bright the mouth's middle is, and
    how much light and dark there is down through it."""
    down = light[(slice(None), *_place((140, 160), 9))].mean(2)
    span = np.ptp(down, axis=1)
    teeth = light[(slice(None), *_place((146, 152), 9))].mean((1, 2))
    uneven = np.abs(light - light[:, :, ::-1])[(slice(None), *_place((54, 174), 44))].mean((1, 2))
    quiet = (span < np.percentile(span, 60)) & (teeth < np.percentile(teeth, 85))
    return quiet & (uneven < np.percentile(uneven, 75)), teeth, span


def _closed(mean: Floats, scaled: Floats, scores: Floats, measure: Floats, low: float) -> tuple[Floats, Floats]:
    """The mean and the directions with the mouth's `measure` held at a low percentile: nobody's differs in it."""
    centred = measure - measure.mean()
    slope = np.linalg.solve(scores.T @ scores + 0.05 * len(scores) * np.eye(scores.shape[1]), scores.T @ centred)
    along = (slope / np.linalg.norm(slope)).astype(np.float32)
    far = (np.percentile(measure, low) - measure.mean()) / np.linalg.norm(slope)
    step = along @ scaled
    return np.asarray(mean + far * step, np.float32), np.asarray(scaled - np.outer(along, step), np.float32)


def _shapes(faces: Aligned) -> Arrays:
    """The components of the fields: of their symmetrical part, and of the rest, halved."""
    fields = faces.fields
    mirrored = fields[:, :, ::-1] * np.array([-1, 1], np.float32)
    even = (fields + mirrored) / 2
    weight = cv2.resize(_oval(3.0), even.shape[2:0:-1], interpolation=cv2.INTER_AREA)[None, :, :, None]
    mean, directions, deviations = components((even * weight).reshape(len(even), -1).astype(np.float32), SHAPE)
    _, skewed, skews = components(((fields - even) * weight).reshape(len(even), -1).astype(np.float32), SKEWED)
    shape = np.concatenate([directions * deviations[:, None], 0.5 * skewed * skews[:, None]])
    return {
        "shape_mean": mean.reshape(even.shape[1:]).astype(np.float32),
        "marks": faces.marks,
    } | {f"shape.{key}": part for key, part in packed(shape.reshape(-1, *even.shape[1:]).astype(np.float32)).items()}


def spread() -> Arrays:
    """The latents' mean and deviations. The leading components of light and dark are half the room's, so they vary less
    than in photographs; shapes vary more, for they tell people apart and look calm."""
    deviations = np.full(LIGHT + SHAPE + SKEWED + BUILD, 1.0, np.float32)
    deviations[:6] = 0.75
    deviations[LIGHT : LIGHT + SHAPE] = 1.3
    deviations[-BUILD:] = 1.2
    return {"centre": np.zeros(len(deviations), np.float32), "spread": deviations}


def lean(rows: Floats, seen: Seen, far: float = 1.5) -> Floats:
    """The shift of the latents' mean that takes templates away from their common mean.

    A ridge regression of the share in the mean's direction on the latents (`rows`, n × latents); `far` counts its
    deviations.
    """
    templates, centred = seen.templates, rows - rows.mean(0)
    mean = templates.mean(0)
    share = templates @ (mean / np.linalg.norm(mean))
    slope = np.linalg.solve(centred.T @ centred + 600 * np.eye(rows.shape[1]), centred.T @ (share - share.mean()))
    variance = rows.var(0)
    return np.asarray(-far * slope * variance / np.sqrt((slope**2 * variance).sum()), np.float32)


def apart(seen: Seen, count: int) -> list[int]:
    """Indices of `count` heads of those that may be chosen, in order, after the ones that resemble the most others have
    gone, one by one."""
    kept = np.flatnonzero(seen.fit)
    alike = seen.templates[kept] @ seen.templates[kept].T > RESEMBLES
    np.fill_diagonal(alike, False)
    degree = alike.sum(1).astype(int)
    alive = np.ones(len(kept), bool)
    for _ in range(len(kept) - count):
        worst = int(np.argmax(np.where(alive, degree, -1)))
        alive[worst] = False
        degree -= alike[worst]
    return [int(index) for index in kept[alive]]


def basis_of(arrays: Arrays) -> tuple[Basis, bytes]:
    """The basis as the program will read it, and the file's bytes."""
    file = io.BytesIO()
    # numpy's stub takes any name for its own switch.
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return read(file.getvalue()), file.getvalue()


def stage(file: Path | None, make: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """What a step makes, or what it made when it ran before and was kept."""
    if file is not None and file.is_file():
        print(f"{file}: taken up again", file=sys.stderr, flush=True)
        with np.load(file, allow_pickle=False) as kept:
            return dict(kept)
    made = make()
    if file is not None:
        whole = file.with_suffix(".part.npz")
        np.savez(whole, **made)
        whole.replace(file)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("images", "people", "detector", "embedder"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=FILE)
    parser.add_argument("--first", type=int, default=1400)
    parser.add_argument("--second", type=int, default=12000)
    parser.add_argument("--keep", type=int, default=1040)
    parser.add_argument(
        "--checkpoints", type=Path, help="a folder outside the repository: holds photographs while used"
    )
    options = parser.parse_args()
    started, used = time.monotonic(), time.process_time()
    cv2.setNumThreads(1)
    if options.checkpoints:
        options.checkpoints.mkdir(parents=True, exist_ok=True)

    def kept(name: str, make: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        return stage(options.checkpoints / f"{name}.npz" if options.checkpoints else None, make)

    people = [line.split()[0] for line in options.people.read_text("utf-8").splitlines() if line.strip()]
    people = [who for who in people if not held_out(who)]

    def align() -> Mapping[str, Any]:
        chosen: list[Portrait] = list(portraits(options.images, people, options.detector))
        print(f"portraits: {len(chosen)}", file=sys.stderr, flush=True)
        faces = aligned(np.stack([p.pixels for p in chosen]), np.stack([p.offsets for p in chosen]))
        names = np.array([p.person for p in chosen])
        return {"pixels": faces.pixels, "fields": faces.fields, "marks": faces.marks, "names": names}

    faces = kept("aligned", align)
    arrays = dict(kept("components", lambda: fit(Aligned(faces["pixels"], faces["fields"], faces["marks"])))) | spread()
    looks = Looks(options.detector, options.embedder)

    def look(name: str, seeds: range) -> Seen:
        basis, _ = basis_of(arrays)
        found = [
            kept(f"{name}-{part.start}", lambda part=part: asdict(looks.at(part, basis)))  # type: ignore[misc]
            for part in (seeds[at : at + 1000] for at in range(0, len(seeds), 1000))
        ]
        return Seen(np.concatenate([f["templates"] for f in found]), np.concatenate([f["fit"] for f in found]))

    first, second = range(700_000, 700_000 + options.first), range(1_000_000, 1_000_000 + options.second)
    plain, _ = basis_of(arrays)
    arrays["centre"] = lean(np.stack([latents(seed, plain) for seed in first]), look("first", first))
    seen = look("second", second)
    arrays["seeds"] = np.array([second[index] for index in apart(seen, options.keep)], np.int64)
    basis, content = basis_of(arrays)
    options.out.write_bytes(content)
    log = {
        "file": {"sha256": basis.digest, "bytes": len(content)},
        "inputs": {
            "photographs": len(faces["names"]),
            "people": len(set(faces["names"].tolist())),
            "held_out_people": "one in ten, by a digest of the name",
            "list": sha256(options.people.read_bytes()).hexdigest(),
            "detector": sha256(options.detector.read_bytes()).hexdigest(),
            "embedder": sha256(options.embedder.read_bytes()).hexdigest(),
        },
        "components": {"light_and_tint": LIGHT, "shape": SHAPE + SKEWED, "build": BUILD},
        "heads": {"first": len(first), "second": len(second), "found": int(seen.fit.sum()), "kept": options.keep},
        "seconds": {"wall": round(time.monotonic() - started), "cpu": round(time.process_time() - used)},
        "machine": {
            "system": platform.platform(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "numpy": np.__version__,
            "opencv": cv2.__version__,
        },
    }
    LOG.write_text(json.dumps(log, indent=2) + "\n", "utf-8")
    print(f"{options.out}: {len(content):,} B", file=sys.stderr)


if __name__ == "__main__":
    main()
