"""Accuracy over folds, as the LFW benchmark states it: each fold judged at a threshold found on the others.

After Huang, Ramesh, Berg and Learned-Miller 2007, "Labeled Faces in the Wild" (view 2): mean accuracy over the folds
and its standard error. It says how a pipeline compares with published ones, and nothing about a door.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.errors import BenchmarkError


class FoldError(BenchmarkError, ValueError):
    """Pairs and folds that no accuracy can be made of."""


@dataclass(frozen=True, slots=True, eq=False)
class FoldAccuracy:
    """Accuracy by fold, in the order of the fold numbers."""

    accuracies: npt.NDArray[np.float64]
    """(folds,) share of the fold's pairs judged rightly."""
    thresholds: npt.NDArray[np.float64]
    """(folds,) found on the other folds; a score >= threshold matches."""
    mean: float
    deviation: float
    """Sample standard deviation of the accuracies (ddof = 1)."""
    standard_error: float
    """deviation / sqrt(folds), what LFW prints after the plus-minus sign."""
    not_completed: int
    """Pairs without a score, judged as non-matches."""


def fold_accuracy(scores: npt.ArrayLike, mated: npt.ArrayLike, folds: npt.ArrayLike) -> FoldAccuracy:
    """Accuracy over all pairs: `scores` (n,) with NaN = not completed, `mated` (n,) bool, `folds` (n,) any labels.

    A pair that was not completed counts as a non-match (NIST's convention): wrong if mated, right if not. For each
    fold the threshold is the one with the best accuracy on all other folds, see `best_threshold`.
    FoldError: shapes that differ, no pairs, an infinite score, fewer than two folds.
    """
    values = np.asarray(scores, np.float64)
    same = np.asarray(mated)
    labels = np.asarray(folds)
    if values.ndim != 1 or values.size == 0 or same.shape != values.shape or labels.shape != values.shape:
        raise FoldError(
            "scores, mated and folds: expected three lists of one length, at least 1, found "
            f"{values.shape}, {same.shape} and {labels.shape}"
        )
    if same.dtype != np.bool_:
        raise FoldError(f"mated: expected booleans, found {same.dtype}")
    if np.isinf(values).any():
        raise FoldError("scores: expected finite numbers or NaN, found an infinite one")
    names = np.unique(labels)
    if names.size < 2:
        raise FoldError(f"folds: expected at least 2, found {names.size}")
    accuracies, thresholds = np.zeros(names.size), np.zeros(names.size)
    for index, name in enumerate(names):
        here = labels == name
        thresholds[index] = best_threshold(values[~here], same[~here])
        # NaN >= threshold is false: not completed, no match.
        accuracies[index] = np.mean((values[here] >= thresholds[index]) == same[here])
    deviation = float(np.std(accuracies, ddof=1))
    return FoldAccuracy(
        accuracies,
        thresholds,
        float(accuracies.mean()),
        deviation,
        deviation / float(np.sqrt(names.size)),
        int(np.isnan(values).sum()),
    )


def best_threshold(scores: npt.NDArray[np.float64], mated: npt.NDArray[np.bool_]) -> float:
    """The threshold with the most pairs judged rightly; NaN scores never match.

    Only where it falls between scores matters: it is set half way between its two neighbours. Of several equally good
    gaps the middle one is taken (the lower of two). To accept all it is the lowest score, to accept none just above
    the highest. FoldError: no pair was completed.
    """
    completed = ~np.isnan(scores)
    if not completed.any():
        raise FoldError("scores: expected a completed pair outside each fold, found none")
    cuts, whose = np.unique(scores[completed], return_inverse=True)
    match = np.bincount(whose, weights=mated[completed], minlength=cuts.size)
    other = np.bincount(whose, weights=~mated[completed], minlength=cuts.size)
    # gap g: scores from cuts[g] on match, those before don't. g = len(cuts): none does.
    right = np.concatenate([[0.0], np.cumsum(other)]) + np.concatenate([np.cumsum(match[::-1])[::-1], [0.0]])
    best = np.flatnonzero(right == right.max())
    gap = int(best[(best.size - 1) // 2])
    if gap == 0:
        return float(cuts[0])
    if gap == cuts.size:
        return float(np.nextafter(cuts[-1], np.inf))
    middle = cuts[gap - 1] + (cuts[gap] - cuts[gap - 1]) / 2
    return float(middle if middle > cuts[gap - 1] else cuts[gap])
