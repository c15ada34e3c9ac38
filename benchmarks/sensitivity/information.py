"""The value of information: what knowing a parameter before choosing would save, in the outcome's own unit.

The decision is one choice among options; its loss is one outcome's value, less is better, no weights between outcomes.
Choosing now: the option with the least expected loss over everything that isn't known. Knowing parameter x perfectly
first, one would choose for each x; the expected saving is the expected value of partial perfect information,

    EVPPI(x) = min_d E[L_d] − E_x[ min_d E[L_d | x] ]   ≥ 0

(Raiffa and Schlaifer's preposterior analysis; estimated by regression on a sample as Strong, Oakley and Brennan did,
Medical Decision Making 2014). E[L_d | x] is a least-squares cubic in x's u, or each value's mean where there are few.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

DEGREE = 3
SHUFFLES = 200
FOLDS = 8
FEW = 8
"""Up to so many values a parameter's means are taken value by value."""


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


def perfect(losses: Numbers) -> float:
    """What knowing everything would save; `losses` are points × options."""
    return _above(float(losses.mean(axis=0).min() - losses.min(axis=1).mean()), losses)


def worths(xs: Numbers, losses: Numbers, blocks: NDArray[np.int64], seed: int) -> list[Worth]:
    """Of each parameter. `xs`: points × parameters, their u; `losses`: points × options; `blocks`: points that aren't
    independent of each other (a row of Saltelli's arrangement and those made from it) have one number.

    For what chance shows, the losses of whole blocks are dealt anew to the settings, and the largest saving over all
    parameters is taken: many are looked at, and one of them would otherwise stand out every time. Raises ValueError for
    blocks that aren't as long as each other.
    """
    bases = [_basis(x) for x in xs.T]
    inverses = [np.linalg.pinv(basis.T @ basis) for basis in bases]
    g = np.random.default_rng(seed)
    names, inverse = np.unique(blocks, return_inverse=True)
    sizes = np.bincount(inverse)
    if len(set(sizes.tolist())) != 1:
        raise ValueError(f"blocks: expected all as long as each other, found lengths {sorted(set(sizes.tolist()))}")
    # Blocks × their points, each in its own order: dealt as whole blocks.
    order = np.argsort(inverse, kind="stable").reshape(len(names), -1)
    most = []
    for _ in range(SHUFFLES):
        dealt = np.empty_like(losses)
        dealt[order] = losses[order[g.permutation(len(names))]]
        most.append(max(_saved(basis, gram, dealt) for basis, gram in zip(bases, inverses, strict=True)))
    chance = float(np.quantile(most, 0.95))
    fold = inverse * FOLDS // len(names)
    return [
        Worth(_saved(basis, gram, losses), chance, _held_out(basis, losses, fold))
        for basis, gram in zip(bases, inverses, strict=True)
    ]


def _saved(basis: Numbers, inverse_gram: NDArray[np.floating], losses: Numbers) -> float:
    """E[losses | x] by least squares, at each point, and what choosing by it saves."""
    expected = basis @ (inverse_gram @ (basis.T @ losses))
    # The fit keeps each option's mean, so that the two terms stand on the same numbers.
    return _above(float(expected.mean(axis=0).min() - expected.min(axis=1).mean()), losses)


def _held_out(basis: Numbers, losses: Numbers, fold: NDArray[np.int64]) -> float:
    """The mean loss of the choice without the parameter, less that of the choice by it, both made from other folds."""
    saved = np.zeros(len(losses))
    for each in np.unique(fold):
        here, there = fold == each, fold != each
        coefficients, *_ = np.linalg.lstsq(basis[there], losses[there], rcond=None)
        chosen = (basis[here] @ coefficients).argmin(axis=1)
        before = losses[there].mean(axis=0).argmin()
        saved[here] = losses[here, before] - np.take_along_axis(losses[here], chosen[:, None], axis=1)[:, 0]
    return float(saved.mean())


def _above(saved: float, losses: Numbers) -> float:
    """0 for what is only the sums' rounding: both terms are means of the same losses."""
    return saved if saved > 1e-9 * float(np.abs(losses).max()) else 0.0


def _basis(x: Numbers) -> Numbers:
    """Points × functions of x: one for each value where there are few, Legendre's polynomials up to the cubic else."""
    values, which = np.unique(x, return_inverse=True)
    if values.size <= FEW:
        return np.eye(values.size)[which]
    return np.asarray(np.polynomial.legendre.legvander(2.0 * x - 1.0, DEGREE))
