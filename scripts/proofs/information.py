"""Value of information on cases with a known answer: how often an input that decides nothing is named."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.sensitivity import information
from benchmarks.sensitivity.sample import saltelli
from scripts.proofs._data import claim

Rows = NDArray[np.float64]
INPUTS = 24
BLOCKS = (8, 32, 64)
TRIALS = 10 if os.environ.get("THRESHOLD_PROOF_SMALL") else 100
MOST = 0.1
"""Of trials that may name an input in vain. 5 % is what the test of chance asks for; 100 trials of it stay below 10."""


def _noise(_: Rows, luck: np.random.Generator, rows: int) -> Rows:
    return np.exp(2 * luck.standard_normal((rows, 3)))


def _one(x: Rows, _: np.random.Generator, rows: int) -> Rows:
    return np.stack([np.full(rows, 0.5), x[:, 0], np.full(rows, 0.9)], axis=1)


def _one_beside_others(x: Rows, _: np.random.Generator, rows: int) -> Rows:
    level = 5 * x[:, 1] + 5 * x[:, 2]
    apart = 0.5 * (x[:, 3] - 0.5) * (x[:, 4] - 0.5)
    return np.stack([level + 0.5, level + x[:, 0], level + 0.75 + apart], axis=1)


def _pair(x: Rows, _: np.random.Generator, rows: int) -> Rows:
    apart = (x[:, 1] - 0.5) * (x[:, 2] - 0.5)
    return np.stack([apart, -apart], axis=1)


def _pairs(x: Rows, _: np.random.Generator, rows: int) -> Rows:
    apart = np.sum((x[:, : INPUTS - 1] - 0.5) * (x[:, 1:INPUTS] - 0.5), axis=1)
    return np.stack([apart, -apart, 0 * apart + 0.01], axis=1)


CASES: dict[str, tuple[Callable[[Rows, np.random.Generator, int], Rows], bool]] = {
    "noise of a heavy tail": (_noise, False),
    "one input decides": (_one, True),
    "one decides, two move all options alike, two act together": (_one_beside_others, True),
    "two decide only together": (_pair, False),
    "all decide only together": (_pairs, False),
}
"""Losses of rows × options, and whether the first input alone decides. No other ever does."""


def prove() -> dict[str, Any]:
    vain: dict[str, dict[int, float]] = {}
    found: dict[str, dict[int, float]] = {}
    for name, (losses, decides) in CASES.items():
        for blocks in BLOCKS:
            luck = np.random.default_rng(blocks)
            wrong = right = 0
            for trial in range(TRIALS):
                rows = saltelli(INPUTS, blocks, seed=trial)
                told = [
                    each.told
                    for each in information.worths(rows, losses(rows, luck, len(rows)), range(INPUTS), seed=trial)
                ]
                right += told[0] and decides
                wrong += any(told[1:] if decides else told)
            vain.setdefault(name, {})[blocks] = wrong / TRIALS
            if decides:
                found.setdefault(name, {})[blocks] = right / TRIALS
    return {
        "claims": [
            claim(
                f"share of {TRIALS} trials that name an input which decides nothing, by blocks",
                vain, f"≤ {MOST}", all(share <= MOST for each in vain.values() for share in each.values()),
            ),
            claim(
                "share of trials that name the one which decides, by blocks",
                found, "printed", None,
            ),
        ],
        "settings": {"inputs": INPUTS, "blocks": BLOCKS, "trials": TRIALS},
    }  # fmt: skip
