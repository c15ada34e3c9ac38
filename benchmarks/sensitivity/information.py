"""The value of information: what knowing a parameter before choosing would save, in the outcome's own unit.

The decision is one choice among options; its loss is one outcome's value, less is better, no weights between outcomes.
Choosing now: the option with the least expected loss over everything that isn't known. Knowing parameter x perfectly
first, one would choose for each x; the expected saving is the expected value of partial perfect information,

    EVPPI(x) = min_d E[L_d] − E_x[ min_d E[L_d | x] ]   ≥ 0

(Raiffa and Schlaifer's preposterior analysis; by regression on a sample, after Strong, Oakley and Brennan, Medical
Decision Making 2014). What is regressed is what changes in a loss where x alone moves: Saltelli's arrangement has that
for every x. A fit to the losses themselves would name inputs that do nothing: among some fifty columns of a short
Sobol sequence some are all but functions of each other, and what the one does is taken for the other's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

DEGREE = 3
PER_DEGREE = 8
"""Blocks for each degree: fewer give a straight line or a parabola."""
SHUFFLES = 200
FOLDS = 8
_EVEN = (np.arange(256) + 0.5) / 256
"""u over which expectations are taken."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What knowing one parameter saves."""

    value: float
    """EVPPI, in the unit of the losses."""
    chance: float
    """What the luckiest of all parameters seems to save in 95 % of the cases where they say nothing: a value that isn't
    above it may be the estimate's own luck."""
    held_out: float
    """What choosing by the parameter really saves at points that had no part in the fit; below 0 it costs."""

    @property
    def told(self) -> bool:
        """Whether it stands out from chance, and saves where it wasn't fitted."""
        return self.value > self.chance and self.held_out > 0.0


def independent(values: Numbers, count: int) -> Numbers:
    """The first and the last row of each block of Saltelli's arrangement over `count` parameters: points of their own,
    where the rows between repeat the first in all but one parameter."""
    blocks = _blocks(values, count)
    return blocks[:, [0, -1]].reshape(-1, values.shape[1])


def perfect(losses: Numbers) -> float:
    """What knowing everything would save; `losses` are independent points × options."""
    return _above(float(losses.mean(axis=0).min() - losses.min(axis=1).mean()), losses)


def worths(xs: Numbers, losses: Numbers, places: Sequence[int], seed: int) -> list[Worth]:
    """Of the parameters at `places`. `xs`: points × parameters, their u; `losses`: points × options; both in Saltelli's
    order, blocks of a row, that row with each parameter moved in turn, and a second row.

    For what chance shows, what the fits leave over is given random signs, block by block (a wild bootstrap), fitted
    again, and the largest saving over all parameters is taken: many are looked at, and one of them would otherwise
    stand out every time. Raises ValueError for rows in another order.
    """
    count = xs.shape[1]
    x, y = _blocks(xs, count), _blocks(losses, count)
    for place in range(count):
        others = [other for other in range(count) if other != place]
        if not np.array_equal(x[:, 1 + place, others], x[:, 0, others]):
            raise ValueError(f"rows: expected Saltelli's order, found more than parameter {place} moved in its row")
    mean = independent(losses, count).mean(axis=0)
    degree = min(DEGREE, max(1, len(x) // PER_DEGREE))
    even = _basis(_EVEN, degree)
    fits = [_Fit.of(x[:, 0, place], x[:, 1 + place, place], y[:, 1 + place] - y[:, 0], degree) for place in places]
    g = np.random.default_rng(seed)
    most = []
    for _ in range(SHUFFLES):
        signs = g.choice((-1.0, 1.0), (len(x), 1))
        most.append(max((_saved(mean, even @ (fit.solve @ (signs * fit.left))) for fit in fits), default=0.0))
    chance = _above(float(np.quantile(most, 0.95)), losses)
    fold = np.arange(len(x)) * FOLDS // len(x)
    return [
        Worth(
            _above(_saved(mean, even @ fit.coefficients), losses),
            chance,
            _held_out(x[:, [0, -1], place], y[:, [0, -1]], fit, fold),
        )
        for place, fit in zip(places, fits, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Fit:
    """Least squares of what changes in the losses on what changes in a parameter's polynomials."""

    moved: Numbers
    """Blocks × degrees."""
    changed: Numbers
    """Blocks × options."""
    solve: Numbers
    """Degrees × blocks: from changes to coefficients."""
    coefficients: Numbers
    """Degrees × options: E[L | x] − E[L] over Legendre's polynomials, whose means are 0."""
    left: Numbers
    """What the fit leaves over, as wide as if nothing had been fitted."""

    @classmethod
    def of(cls, before: Numbers, after: Numbers, changed: Numbers, degree: int) -> _Fit:
        moved = _basis(after, degree) - _basis(before, degree)
        solve = np.asarray(np.linalg.pinv(moved), np.float64)
        coefficients = solve @ changed
        free = max(1, len(moved) - degree)
        return cls(moved, changed, solve, coefficients, (changed - moved @ coefficients) * (len(moved) / free) ** 0.5)


def _saved(mean: Numbers, effect: Numbers) -> float:
    """What choosing by a parameter saves where it shifts the mean losses by `effect`, points × options."""
    return float(mean.min() - (mean + effect - effect.mean(axis=0)).min(axis=1).mean())


def _held_out(x: Numbers, y: Numbers, fit: _Fit, fold: NDArray[np.int64]) -> float:
    """The mean loss of the choice without the parameter, less that of the choice by it, both made from other folds."""
    basis = _basis(x, fit.moved.shape[1])
    saved = np.zeros(x.shape)
    for each in np.unique(fold):
        here, there = fold == each, fold != each
        coefficients, *_ = np.linalg.lstsq(fit.moved[there], fit.changed[there], rcond=None)
        mean = y[there].mean(axis=(0, 1))
        chosen = (mean + basis[here] @ coefficients).argmin(axis=-1)
        by_it = np.take_along_axis(y[here], chosen[..., None], axis=-1)[..., 0]
        saved[here] = y[here][..., mean.argmin()] - by_it
    return float(saved.mean())


def _blocks(values: Numbers, count: int) -> Numbers:
    """Blocks × rows × columns."""
    if len(values) % (count + 2):
        raise ValueError(f"rows: expected blocks of {count + 2}, found {len(values)} rows")
    return values.reshape(-1, count + 2, values.shape[1])


def _above(saved: float, losses: Numbers) -> float:
    """0 for what is only the sums' rounding: both terms are means of the same losses."""
    return saved if saved > 1e-9 * float(np.abs(losses).max()) else 0.0


def _basis(u: Numbers, degree: int) -> Numbers:
    """Legendre's polynomials from the first on, whose means over 0 to 1 are 0, behind the dimensions of u."""
    return np.asarray(legendre.legvander(2.0 * u - 1.0, degree)[..., 1:], np.float64)
