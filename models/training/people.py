"""Fit the synthetic people's components, and choose drawn numbers whose people look apart.

    python -m models.training.people --images DIR --people FILE --detector FILE --embedder FILE

DIR holds a folder of photographs a person; FILE the names of those who may be used (the View 1 training people), the
count after the name ignored. One person in ten stays out, for the near-copy check. Everything is seeded. Three steps:
principal components of the aligned faces; a shift of the latents' mean away from what makes all drawn faces alike to
the embedder (a linear fit over `--first` heads); and a list of the numbers, of `--second` drawn, whose heads are found
by the detector and resemble the fewest others.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.people.bands import REGIONS, STEP, up, windows
from models.people.basis import FILE, Basis, inside, packed, read
from models.people.canvas import MIDDLE, PATCH, WARPS
from models.people.identity import BUILD, latents
from models.training.looks import Looks, Seen
from models.training.portraits import Portrait, held_out, portraits

Floats = NDArray[np.float32]
Arrays = dict[str, NDArray[np.generic]]

COARSE, FINE, SHAPE, SKEWED = 60, 36, 5, 3
"""How many components: of the coarse band, of each fine region, of the points' symmetrical and other shifts."""
GREY = np.array([0.114, 0.587, 0.299], np.float32)
RESEMBLES = 0.30
"""A cosine above this counts as resembling: a margin below 0.335, the embedder's FMR 0.001 threshold on LFW."""


def components(rows: Floats, count: int) -> tuple[Floats, Floats]:
    """The mean (px,) and the leading directions (count × px), each of the length of its deviation."""
    mean = rows.mean(0)
    rows = rows - mean
    # Subspace iteration: as good as the whole decomposition for the leading components, in seconds.
    vectors = np.random.default_rng(0).standard_normal((rows.shape[1], min(count + 8, rows.shape[1])))
    vectors = vectors.astype(np.float32)
    for _ in range(4):
        vectors, _ = np.linalg.qr(rows.T @ (rows @ vectors))
    _, singular, turned = np.linalg.svd(rows @ vectors, full_matrices=False)
    vectors, values = (vectors @ turned.T)[:, :count], singular[:count] ** 2 / len(rows)
    return mean, (vectors * np.sqrt(values)).T.astype(np.float32)


def fit(pixels: NDArray[np.uint8], offsets: Floats) -> Arrays:
    """All components of portraits: n × HEIGHT × WIDTH × 3 BGR, and n × 5 × 2 px."""
    left, top, right, bottom = PATCH
    rows, columns = up()
    down, across = np.linalg.pinv(rows).astype(np.float32), np.linalg.pinv(columns).astype(np.float32)
    n, half = len(pixels), (right - left) // 2
    coarse = np.empty((n, (bottom - top) // STEP, (right - left) // STEP, 3), np.float32)
    fine = np.empty((n, bottom - top, half), np.float16)
    for number, picture in enumerate(pixels):
        patch = picture[top:bottom, left:right].astype(np.float32)
        patch = (patch + patch[:, ::-1]) / 2  # symmetrical: no side light, no parting
        for channel in range(3):
            coarse[number, :, :, channel] = down @ patch[:, :, channel] @ across.T
        fine[number] = (patch @ GREY)[:, :half] - (rows @ (coarse[number] @ GREY) @ columns.T)[:, :half]
    y, x = np.mgrid[top:bottom, left:right]
    oval = np.clip(1.6 - np.hypot((x - MIDDLE) / 50, (y - 114) / 66), 0, 1) ** 0.5
    weight = np.clip(down @ oval @ across.T, 0.02, 1)[None, :, :, None]  # the face, not what is behind it
    part = coarse.shape[2] // 2
    mean, directions = components((coarse * weight).astype(np.float32)[:, :, :part].reshape(n, -1), COARSE)

    def whole(halves: Floats) -> Floats:
        grid = halves.reshape(-1, coarse.shape[1], part, 3)
        return np.asarray(np.concatenate([grid, grid[:, :, ::-1]], axis=2) / weight, np.float32)

    arrays: Arrays = {"coarse_mean": whole(mean)[0].astype(np.float16)}
    arrays |= {f"coarse.{key}": value for key, value in packed(whole(directions)).items()}
    fine_mean = fine.mean(0, dtype=np.float32)
    arrays["fine_mean"] = fine_mean.astype(np.float16)
    for name in REGIONS:
        where = inside(name)
        _, directions = components(
            (fine[:, where].astype(np.float32) - fine_mean[where]) * windows()[name][where], FINE
        )
        arrays |= {f"fine.{name}.{key}": value for key, value in packed(directions).items()}
    mirrored = offsets[:, [1, 0, 2, 4, 3]] * np.array([-1, 1], np.float32)
    even = (offsets + mirrored) / 2
    mean, directions = components(even.reshape(n, -1).astype(np.float32), SHAPE)
    _, skewed = components((offsets - even).reshape(n, -1).astype(np.float32), SKEWED)
    arrays["shape_mean"] = mean.reshape(5, 2)
    arrays["shape"] = np.concatenate([directions, 0.5 * skewed]).reshape(-1, 5, 2)
    return arrays


def spread(count: int) -> Arrays:
    """The latents' mean and deviations before anything is known of how they look."""
    deviations = np.full(count + len(WARPS) + BUILD, 0.8, np.float32)
    deviations[:30] = deviations[COARSE : COARSE + SHAPE + SKEWED] = deviations[count:] = 1.1
    return {"centre": np.zeros(len(deviations), np.float32), "spread": deviations}


def lean(rows: Floats, seen: Seen, far: float = 2.0) -> Floats:
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
    """Indices of `count` heads of those that may be chosen, after the ones that resemble the most others have gone, one
    by one. The last to go would be first: the beginning of the list holds those most apart."""
    kept = np.flatnonzero(seen.fit)
    alike = seen.templates[kept] @ seen.templates[kept].T > RESEMBLES
    np.fill_diagonal(alike, False)
    degree = alike.sum(1).astype(int)
    gone: list[int] = []
    alive = np.ones(len(kept), bool)
    for _ in kept:
        worst = int(np.argmax(np.where(alive, degree, -1)))
        alive[worst] = False
        degree -= alike[worst]
        gone.append(int(kept[worst]))
    return gone[::-1][:count]


def basis_of(arrays: Arrays) -> tuple[Basis, bytes]:
    """The basis as the program will read it, and the file's bytes."""
    file = io.BytesIO()
    # numpy's stub takes any name for its own switch.
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return read(file.getvalue()), file.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("images", "people", "detector", "embedder"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=FILE)
    parser.add_argument("--first", type=int, default=1800)
    parser.add_argument("--second", type=int, default=8000)
    parser.add_argument("--keep", type=int, default=1200)
    options = parser.parse_args()
    people = [line.split()[0] for line in options.people.read_text("utf-8").splitlines() if line.strip()]
    chosen: list[Portrait] = list(
        portraits(options.images, [who for who in people if not held_out(who)], options.detector)
    )
    print(f"portraits: {len(chosen)} of {len({portrait.person for portrait in chosen})} people", file=sys.stderr)
    arrays = fit(np.stack([p.pixels for p in chosen]), np.stack([p.offsets for p in chosen]))
    arrays |= spread(COARSE + SHAPE + SKEWED + FINE * len(REGIONS))
    looks = Looks(options.detector, options.embedder)
    basis, _ = basis_of(arrays)
    first = range(700_000, 700_000 + options.first)
    arrays["centre"] = lean(np.stack([latents(seed, basis) for seed in first]), looks.at(first, basis))
    basis, _ = basis_of(arrays)
    second = range(1_000_000, 1_000_000 + options.second)
    arrays["seeds"] = np.array([second[index] for index in apart(looks.at(second, basis), options.keep)], np.int64)
    _, content = basis_of(arrays)
    options.out.write_bytes(content)
    print(f"{options.out}: {len(content):,} B", file=sys.stderr)


if __name__ == "__main__":
    main()
