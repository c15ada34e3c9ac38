"""What the teacher says of each scene: a score for every cell, and box and points where a face may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.detect import STRIDES
from edge.network import OnnxRuntime
from models.training.detector_drawn import drawn
from models.training.detector_scenes import Pixels, plain, scene

CELLS = 64
"""Cells a scene of which box and points are kept, the surest."""
LEAST = 0.3
"""Score of a cell from which its box and points count."""
PLAIN = 0.12
"""Share of the scenes that are a photograph as it is."""
DRAWN = 5
"""One scene in so many is a frame of the synthetic entrance."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Scenes:
    """n scenes of one size, BGR: scores in the order of strides, rows, columns; the surest cells (-1: none), and
    box and points there in the contract's own numbers."""

    pixels: NDArray[np.uint8]
    scores: NDArray[np.float16]
    cells: NDArray[np.int16]
    shapes: Floats

    def __len__(self) -> int:
        return len(self.pixels)


def said(outputs: Mapping[str, Floats]) -> tuple[Floats, NDArray[np.int16], Floats]:
    """Scores, cells and shapes of one picture, from a network of the contract."""
    parts = {
        part: np.concatenate([outputs[f"{part}_{stride}"].reshape(-1, size) for stride in STRIDES])
        for part, size in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10))
    }
    scores = np.sqrt(np.clip(parts["cls"], 0, 1) * np.clip(parts["obj"], 0, 1))[:, 0]
    surest = np.argsort(-scores, kind="stable")[:CELLS]
    surest = surest[scores[surest] >= LEAST]
    cells = np.full(CELLS, -1, np.int16)
    shapes = np.zeros((CELLS, 14), np.float32)
    cells[: len(surest)] = surest
    shapes[: len(surest)] = np.concatenate([parts["bbox"], parts["kps"]], 1)[surest]
    return scores.astype(np.float32), cells, shapes


def prepare(
    folder: Path, photos: Sequence[bytes], teacher: OnnxRuntime, count: int, side: int, seed: int,
    tick: Callable[[], None],
) -> Scenes:  # fmt: skip
    """`count` scenes of side × side px, kept in `folder`; made only once, whole or not at all."""
    done = folder / "scenes.npz"
    if not done.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        pixels = np.lib.format.open_memmap(folder / "pixels.npy", "w+", np.uint8, (count, side, side, 3))
        told: list[tuple[Floats, NDArray[np.int16], Floats]] = []
        for number in range(count):
            chance = np.random.default_rng([seed, side, number])

            def photo(chance: np.random.Generator = chance) -> Pixels:
                return photograph(photos[int(chance.integers(len(photos)))])

            if number % DRAWN == 0:
                canvas = drawn(side, side, seed, number // DRAWN)
            elif chance.random() < PLAIN:
                canvas = plain(photo(), side, side)
            else:
                canvas = scene(photo, side, side, chance)
            pixels[number] = canvas
            told.append(said(teacher.run(tensor(canvas))))
            tick()
        pixels.flush()
        scores, cells, shapes = (np.stack(part) for part in zip(*told, strict=True))
        partial = folder / "scenes.partial"
        with partial.open("wb") as file:
            np.savez(file, scores=scores.astype(np.float16), cells=cells, shapes=shapes)
        partial.replace(done)
    with np.load(done) as kept:
        return Scenes(np.load(folder / "pixels.npy", mmap_mode="r"), kept["scores"], kept["cells"], kept["shapes"])


def photograph(data: bytes) -> Pixels:
    """A photograph's pixels, BGR."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError("expected a photograph, found none that can be decoded")
    return image.astype(np.uint8, copy=False)


def tensor(canvas: Pixels) -> Floats:
    """As a network of the contract takes it."""
    return np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], np.float32)
