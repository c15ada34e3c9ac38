"""Which settings are looked at: one parameter at a time, a grid over a few, and a Sobol sample over many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from SALib.sample import sobol

from benchmarks.sensitivity.point import Row
from benchmarks.sensitivity.space import Parameter, SpaceError


@dataclass(frozen=True, slots=True)
class Design:
    """All points of a run, in one order: the base, then both ends of each parameter, then a grid, then the sample."""

    rows: tuple[Row, ...]
    ends: int
    """Where the ends begin: 2 for each parameter, low and high."""
    grid: int
    """Where the grid begins, its last axis moving fastest."""
    sample: int
    """Where the sample begins: N × (varied + 2), in SALib's order."""


def design(
    space: Sequence[Parameter], varied: Sequence[int], n: int, seed: int, axes: Sequence[tuple[int, Sequence[float]]]
) -> Design:
    """`varied`: places of the parameters that the sample varies; `n`, a power of 2, how often (0: no sample); `axes`:
    place and values of u of each axis of the grid (none: no grid). Whatever isn't varied stays at its base."""
    base = tuple(parameter.base for parameter in space)
    rows = [base]
    for place, parameter in enumerate(space):
        last = 1.0 - 0.5 / len(parameter.values) if parameter.values else 1.0
        rows += [_with(base, {place: u}) for u in (0.0, last)]
    grid = len(rows)
    if axes:
        mesh = np.meshgrid(*(np.asarray(values, np.float64) for _, values in axes), indexing="ij")
        for point in np.stack([each.ravel() for each in mesh], axis=1):
            rows.append(_with(base, {place: float(u) for (place, _), u in zip(axes, point, strict=True)}))
    sample = len(rows)
    if n:
        for point in saltelli(len(varied), n, seed):
            rows.append(_with(base, {place: float(u) for place, u in zip(varied, point, strict=True)}))
    return Design(tuple(rows), 1, grid, sample)


def saltelli(count: int, n: int, seed: int) -> NDArray[np.float64]:
    """Saltelli's arrangement for first and total indices, n × (count + 2) rows, over a scrambled Sobol sequence."""
    if n < 2 or n & (n - 1):
        raise SpaceError(f"points of the sample: expected a power of 2 (the sequence is balanced there), found {n}.")
    return np.asarray(sobol.sample(problem(count), n, calc_second_order=False, scramble=True, seed=seed))


def problem(count: int) -> dict[str, object]:
    """SALib's description: so many parameters, each even on 0 to 1."""
    return {"num_vars": count, "names": [f"u{place}" for place in range(count)], "bounds": [[0.0, 1.0]] * count}


def _with(base: Row, changed: dict[int, float]) -> Row:
    return tuple(changed.get(place, u) for place, u in enumerate(base))
