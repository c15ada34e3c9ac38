"""Sobol's indices: how much of an outcome's spread comes from each parameter, alone and together with others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from SALib.analyze import sobol

from benchmarks.sensitivity.sample import problem

LEVEL = 0.95
RESAMPLES = 200


@dataclass(frozen=True, slots=True)
class Index:
    """One parameter's; each with half the width of its interval (SALib: bootstrap, normal, 95 %)."""

    first: float
    first_half: float
    total: float
    total_half: float


def indices(values: NDArray[np.float64], count: int, seed: int) -> list[Index] | None:
    """Of `count` parameters; `values` in SALib's order, n × (count + 2). None where nothing moves, or a value lacks.

    Jansen's total and Saltelli's first index (SALib). An index may come out a little below 0 or above 1: an estimate.
    """
    if not np.isfinite(values).all() or float(np.ptp(values)) <= 1e-12:
        return None
    found = sobol.analyze(
        problem(count),
        np.asarray(values, np.float64),
        calc_second_order=False,
        num_resamples=RESAMPLES,
        conf_level=LEVEL,
        seed=seed,
    )
    return [Index(*(float(found[key][place]) for key in ("S1", "S1_conf", "ST", "ST_conf"))) for place in range(count)]
