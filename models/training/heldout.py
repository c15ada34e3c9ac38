"""How good a student is on the people held out: all their pairs, and as many equal as unequal ones."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks import comparisons
from benchmarks.folds import fold_accuracy
from models.training.augment import plain
from models.training.faces import Faces

FOLDS = 10
MOST = 20
"""Mated pairs of one person that go into the accuracy, so that a much-photographed one doesn't decide it."""


def embedded(student: nn.Module, faces: Faces, device: torch.device) -> NDArray[np.float32]:
    """Unit vectors, face and mirror image added, in full precision."""
    student.eval()
    rows = []
    with torch.no_grad():
        for start in range(0, len(faces), 256):
            pixels = plain(torch.from_numpy(faces.pixels[start : start + 256]).to(device))
            rows.append(nn.functional.normalize(student(pixels) + student(pixels.flip(3)), dim=1).float().cpu())
    templates: NDArray[np.float32] = torch.cat(rows).numpy()
    return templates


def judged(templates: NDArray[np.float32], whose: tuple[str, ...]) -> dict[str, float]:
    """FNMR at FMR 0.01 and 0.001 over all pairs; accuracy over ten folds of equally many mated and other pairs."""
    people = np.unique(np.array(whose), return_inverse=True)[1]
    compared = comparisons.crossed(templates, people, 0.1)
    found = {
        f"fnmr_at_fmr_{target:g}": comparisons.fnmr(compared, comparisons.threshold_at_fmr(compared, target))
        for target in (1e-2, 1e-3)
    }
    chance = np.random.default_rng(1)
    mated: list[tuple[int, int]] = []
    for who in np.unique(people):
        rows = np.nonzero(people == who)[0]
        pairs = [(int(a), int(b)) for k, a in enumerate(rows) for b in rows[k + 1 :]]
        mated += [pairs[k] for k in chance.permutation(len(pairs))[:MOST]]
    other: list[tuple[int, int]] = []
    while len(other) < len(mated):
        a, b = (int(k) for k in chance.integers(len(people), size=2))
        if people[a] != people[b]:
            other.append((a, b))
    scores = [float(templates[a] @ templates[b]) for a, b in mated + other]
    same = np.arange(len(scores)) < len(mated)
    found["accuracy"] = fold_accuracy(scores, same, np.arange(len(scores)) % FOLDS).mean if mated else float("nan")
    return found
