"""A verification benchmark's scores, and the error rates read off them.

A score is a similarity: **a comparison matches when its score is at or above the threshold.** FMR and FNMR are over
completed comparisons (ISO/IEC 2382-37). FAR and FRR also count the comparisons lost because an image gave no face:
FAR = FMR (1-FTA), FRR = FTA + FNMR (1-FTA) for one attempt (ISO/IEC 19795-1), with FTA the share of trials lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.errors import BenchmarkError

Scores = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]
Rates = npt.NDArray[np.float64]
Tail = tuple[Scores, Indices, Indices]

# Rows of the score matrix made at once: 256 x 4000 float32 are 4 MB, and the product still runs at full speed.
_ROWS = 256


class ComparisonError(BenchmarkError, ValueError):
    """Scores, embeddings or subjects that don't make a benchmark, or a rate asked where there are no trials."""


class TailError(BenchmarkError, ValueError):
    """A threshold or FMR was asked that lies below the kept tail of the non-mated scores; says which tail would do."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """Completed comparisons with the subjects they belong to; made by `listed` or `crossed`.

    Mated scores are sorted from low to high, non-mated ones from high to low, for every rate is read off a sorted
    list. A score may be -inf: a comparison that completed and can match at no threshold.
    """

    mated: Scores
    """(m,) float32, ascending."""
    mated_subject: Indices
    """(m,) int32: whose comparison it is."""
    nonmated: Scores
    """(t,) float32, descending: every non-mated score at or above `floor`."""
    nonmated_first: Indices
    """(t,) int32."""
    nonmated_second: Indices
    """(t,) int32: never the same subject as the first."""
    subjects: int
    """How many subjects there are; their indices are 0 to subjects-1."""
    nonmated_trials: int
    """All completed non-mated trials, those below `floor` too."""
    floor: float = -np.inf
    """Below this score the non-mated ones weren't kept; -inf where all were."""
    images: npt.NDArray[np.int64] | None = None
    """(subjects,) int64, images per subject, where all images were crossed; None for a list of pairs."""
    mated_lost: int = 0
    """Mated trials that didn't complete: no face found in an image (failure to acquire)."""
    nonmated_lost: int = 0
    """The same of non-mated trials."""

    def nonmated_weight(self, weights: npt.NDArray[np.int64]) -> int:
        """The weight of all non-mated trials when subject i counts `weights[i]` times ((subjects,) int64).

        Crossed images: with v = weights * images, ((sum v)^2 - sum v^2)/2, no score needed. A subject drawn twice
        gives two copies, and a copy against its twin is no non-mated trial: sum v^2 takes those out too.
        """
        if self.images is not None:
            drawn = weights * self.images
            return (int(drawn.sum()) ** 2 - int((drawn * drawn).sum())) // 2
        return int((weights[self.nonmated_first] * weights[self.nonmated_second]).sum())

    def nonmated_by_subject(self) -> npt.NDArray[np.int64]:
        """(subjects,) int64: the completed non-mated trials that each subject takes part in; their sum is twice all."""
        if self.images is None:
            return np.bincount(
                np.concatenate([self.nonmated_first, self.nonmated_second]), minlength=self.subjects
            ).astype(np.int64)
        return self.images * (int(self.images.sum()) - self.images)

    def subjects_mated(self) -> Indices:
        """(s,) int32, ascending: the subjects with at least one completed mated trial."""
        return np.unique(self.mated_subject)

    def subjects_nonmated(self) -> Indices:
        """(s,) int32, ascending: the subjects with at least one completed non-mated trial."""
        if self.images is None:
            return np.unique(np.concatenate([self.nonmated_first, self.nonmated_second]))
        if self.nonmated_trials == 0:
            return np.zeros(0, np.int32)
        return np.flatnonzero(self.images).astype(np.int32)


def listed(
    scores: npt.ArrayLike,
    first_subject: npt.ArrayLike,
    second_subject: npt.ArrayLike,
    mated_mask: npt.ArrayLike,
    subjects: int | None = None,
) -> Comparisons:
    """Comparisons from a list of pairs, as a pairs file gives them.

    `scores` (n,) float32, NaN = not completed (counted as lost, in no FMR or FNMR); `first_subject`,
    `second_subject` (n,) whole numbers from 0; `mated_mask` (n,) bool; `subjects` how many there are, by default the
    highest index + 1. For a rate that counts the lost ones as non-matches give them -inf in place of NaN.
    ComparisonError: shapes that differ, an index out of range, +inf, a pair whose mask and subjects contradict.
    """
    values = np.asarray(scores, np.float32)
    mated = np.asarray(mated_mask)
    if values.ndim != 1 or values.size == 0:
        raise ComparisonError(f"scores: expected a list of at least one score, found shape {values.shape}")
    if mated.shape != values.shape or mated.dtype != np.bool_:
        raise ComparisonError(f"mated_mask: expected {values.size} booleans, found {mated.dtype} of {mated.shape}")
    first = _subject_indices("first_subject", first_subject, values.size)
    second = _subject_indices("second_subject", second_subject, values.size)
    if np.isposinf(values).any():
        raise ComparisonError("scores: expected finite ones, NaN or -inf, found +inf")
    wrong = np.flatnonzero((first == second) != mated)
    if wrong.size:
        raise ComparisonError(
            f"pair {wrong[0]}: mated must mean the same subject twice, found subjects {first[wrong[0]]} and "
            f"{second[wrong[0]]} with mated = {bool(mated[wrong[0]])}"
        )
    count = _subject_count(subjects, max(int(first.max()), int(second.max())))
    completed = ~np.isnan(values)
    same, other = mated & completed, ~mated & completed
    return _sorted(
        values[same],
        first[same],
        values[other],
        first[other],
        second[other],
        subjects=count,
        nonmated_trials=int(other.sum()),
        mated_lost=int((mated & ~completed).sum()),
        nonmated_lost=int((~mated & ~completed).sum()),
    )


def crossed(
    embeddings: npt.NDArray[np.float32],
    subjects: npt.ArrayLike,
    tail: float,
    attempted: npt.ArrayLike | None = None,
) -> Comparisons:
    """Every acquired image against every other, once per unordered pair; the score is the cosine.

    `embeddings` (n, d) float32 of unit length, only of images that gave a face; `subjects` (n,) whole numbers from 0;
    `tail` in (0, 1]: the upper share of the non-mated scores to keep (ties at its floor included). All mated
    scores are kept. Any threshold at or above the floor is answered exactly, a lower one with TailError. `attempted`
    (s,): images tried per subject, those without a face too, from which the lost trials are counted; by default none
    were lost. At n = 4000 and a tail of 1 % about 30 MB are used beside the embeddings.
    ComparisonError: shapes that differ, fewer than two images, a length that isn't 1, a tail outside (0, 1], fewer
    images attempted than acquired.
    """
    if embeddings.ndim != 2 or embeddings.shape[0] < 2 or embeddings.dtype != np.float32:
        raise ComparisonError(
            f"embeddings: expected (n, d) float32 with n of at least 2, found {embeddings.dtype} of {embeddings.shape}"
        )
    if not 0.0 < tail <= 1.0:
        raise ComparisonError(f"tail: expected a share above 0 and at most 1, found {tail!r}")
    lengths = np.linalg.norm(embeddings, axis=1)
    if not (np.abs(lengths - 1.0) < 1e-3).all():  # NaN fails the comparison too
        worst = int(np.argmax(~(np.abs(lengths - 1.0) < 1e-3)))
        raise ComparisonError(f"embeddings: expected unit length, found {lengths[worst]} in row {worst}")
    who = _subject_indices("subjects", subjects, embeddings.shape[0])
    tried = None if attempted is None else np.asarray(attempted)
    count = _subject_count(None if tried is None else tried.size, int(who.max()))
    images = np.bincount(who, minlength=count).astype(np.int64)
    mated_trials, nonmated_trials = _pairs(images)
    mated_lost = nonmated_lost = 0
    if tried is not None:
        if tried.ndim != 1 or tried.dtype.kind not in "iu" or (tried < images).any():
            raise ComparisonError(
                "attempted: expected one whole number per subject, none below the images acquired of that subject"
            )
        mated_tried, nonmated_tried = _pairs(tried.astype(np.int64))
        mated_lost, nonmated_lost = mated_tried - mated_trials, nonmated_tried - nonmated_trials
    mated, mated_subject, kept, floor = _cross(embeddings, who, int(np.ceil(tail * nonmated_trials)), nonmated_trials)
    return _sorted(
        mated,
        mated_subject,
        *kept,
        subjects=count,
        nonmated_trials=nonmated_trials,
        floor=floor,
        images=images,
        mated_lost=mated_lost,
        nonmated_lost=nonmated_lost,
    )


def fmr(c: Comparisons, threshold: float) -> float:
    """False match rate: the share of completed non-mated trials with a score >= `threshold`.

    TailError: a threshold below the kept tail. ComparisonError: no completed non-mated trial, a NaN threshold.
    """
    return false_matches(c, threshold) / _some(c.nonmated_trials, "non-mated")


def fnmr(c: Comparisons, threshold: float) -> float:
    """False non-match rate: the share of completed mated trials with a score < `threshold`.

    ComparisonError: no completed mated trial, a NaN threshold.
    """
    return false_nonmatches(c, threshold) / _some(c.mated.size, "mated")


def false_matches(c: Comparisons, threshold: float) -> int:
    """The numerator of `fmr`; TailError and ComparisonError as there."""
    _check_threshold(threshold)
    if threshold < c.floor:
        raise TailError(
            f"threshold: expected {c.floor:.6g} or above, where the kept tail of the non-mated scores begins, found "
            f"{threshold:.6g}; cross the images again with a tail longer than {_kept_share(c):.3g}"
        )
    # float64 on both sides: a float32 search would round the threshold and move a score across it.
    return int(np.searchsorted(-c.nonmated.astype(np.float64), -np.float64(threshold), side="right"))


def false_nonmatches(c: Comparisons, threshold: float) -> int:
    """The numerator of `fnmr`; ComparisonError for a NaN threshold."""
    _check_threshold(threshold)
    return int(np.searchsorted(c.mated.astype(np.float64), np.float64(threshold), side="left"))


def far(c: Comparisons, threshold: float) -> float:
    """False accept rate of one attempt: FMR (1-FTA), with FTA the share of non-mated trials lost; errors as `fmr`."""
    return fmr(c, threshold) * c.nonmated_trials / (c.nonmated_trials + c.nonmated_lost)


def frr(c: Comparisons, threshold: float) -> float:
    """False reject rate of one attempt: FTA + FNMR (1-FTA), with FTA the share of mated trials lost.

    ComparisonError: no mated trial at all, a NaN threshold.
    """
    return (c.mated_lost + false_nonmatches(c, threshold)) / _some(c.mated.size + c.mated_lost, "mated")


def errors_allowed(target: float, trials: int) -> int:
    """The most errors k among `trials` with k / trials <= `target`, whatever target * trials rounds to."""
    k = min(trials, int(target * trials))
    while k < trials and (k + 1) / trials <= target:
        k += 1
    while k > 0 and k / trials > target:
        k -= 1
    return k


def threshold_at_fmr(c: Comparisons, target: float) -> float:
    """The lowest threshold (a float32 number) whose FMR on these scores is <= `target`, 0 <= target < 1.

    It lies just above the highest non-mated score that must not match; tied scores fall on one side together. A
    target below 1 / trials is met by no false match at all, which says little: see the rules of 3 and of 30.
    TailError: the kept tail is too short. ComparisonError: a target outside [0, 1), no completed non-mated trial.
    """
    check_target(target)
    allowed = errors_allowed(target, _some(c.nonmated_trials, "non-mated"))
    if allowed >= c.nonmated.size:
        raise TailError(
            f"FMR {target:g}: the kept tail holds {c.nonmated.size} of {c.nonmated_trials} non-mated scores, "
            f"{allowed + 1} are needed; cross the images again with a tail of {(allowed + 1) / c.nonmated_trials:.3g} "
            "or more"
        )
    return float(np.nextafter(c.nonmated[allowed], np.float32(np.inf)))


class Det(NamedTuple):
    """The points of a detection error trade-off curve, FMR rising: three (p,) float64 arrays."""

    fmr: Rates
    fnmr: Rates
    threshold: Rates


def det(c: Comparisons, points: int = 200) -> Det:
    """At most `points` points of the DET curve, evenly spread over log FMR as far as the kept tail reaches.

    The first has no false match. Ties merge points, so fewer may come back.
    ComparisonError: fewer than 2 points asked, no completed mated or no kept non-mated trial.
    """
    if points < 2:
        raise ComparisonError(f"points: expected at least 2, found {points}")
    kept = _some(c.nonmated.size, "kept non-mated")
    mated = _some(c.mated.size, "mated")
    ranks = np.unique(np.concatenate([[0], np.geomspace(1, kept, points - 1).round().astype(np.int64) - 1]))
    thresholds = np.unique(np.nextafter(c.nonmated[ranks], np.float32(np.inf)))[::-1].astype(np.float64)
    matches = np.searchsorted(-c.nonmated.astype(np.float64), -thresholds, side="right")
    misses = np.searchsorted(c.mated.astype(np.float64), thresholds, side="left")
    return Det(matches / c.nonmated_trials, misses / mated, thresholds)


def check_target(target: float) -> None:
    """ComparisonError unless 0 <= target < 1."""
    if not 0.0 <= target < 1.0:
        raise ComparisonError(f"target FMR: expected a share from 0 to below 1, found {target!r}")


def _cross(embeddings: Scores, who: Indices, keep: int, total: int) -> tuple[Scores, Indices, Tail, float]:
    """Mated scores, their subjects, the `keep` highest of `total` non-mated scores with both subjects, the floor."""
    mated: list[Scores] = []
    mated_subject: list[Indices] = []
    tail: Tail = (np.zeros(0, np.float32), np.zeros(0, np.int32), np.zeros(0, np.int32))
    floor = -np.inf
    columns = np.arange(who.size)
    for start in range(0, who.size, _ROWS):
        rows = slice(start, start + _ROWS)
        scores = embeddings[rows] @ embeddings[start:].T
        upper = columns[None, start:] > columns[rows, None]
        same = who[rows, None] == who[None, start:]
        mated_here = upper & same
        mated.append(scores[mated_here])
        mated_subject.append(who[rows][np.nonzero(mated_here)[0]])
        row, column = np.nonzero(upper & ~same & (scores >= floor))
        found = (scores[row, column], who[start + row], who[start + column])
        tail = _joined(tail, found)
        if keep < tail[0].size:
            lowest = np.partition(tail[0], tail[0].size - keep)[tail[0].size - keep]
            floor = float(lowest)
            kept = tail[0] >= lowest
            tail = (tail[0][kept], tail[1][kept], tail[2][kept])
    if tail[0].size == total:
        floor = -np.inf
    return np.concatenate(mated), np.concatenate(mated_subject), tail, floor


def _joined(one: Tail, other: Tail) -> Tail:
    return (
        np.concatenate([one[0], other[0]]),
        np.concatenate([one[1], other[1]]),
        np.concatenate([one[2], other[2]]),
    )


def _sorted(
    mated: Scores,
    mated_subject: Indices,
    nonmated: Scores,
    nonmated_first: Indices,
    nonmated_second: Indices,
    *,
    subjects: int,
    nonmated_trials: int,
    floor: float = -np.inf,
    images: npt.NDArray[np.int64] | None = None,
    mated_lost: int = 0,
    nonmated_lost: int = 0,
) -> Comparisons:
    up = np.argsort(mated, kind="stable")
    down = np.argsort(-nonmated, kind="stable")
    arrays = (mated[up], mated_subject[up], nonmated[down], nonmated_first[down], nonmated_second[down])
    for array in arrays:
        array.flags.writeable = False
    if images is not None:
        images.flags.writeable = False
    return Comparisons(*arrays, subjects, nonmated_trials, floor, images, mated_lost, nonmated_lost)


def _pairs(images: npt.NDArray[np.int64]) -> tuple[int, int]:
    """Unordered pairs of images: within one subject, between two."""
    total = int(images.sum())
    within = int((images * (images - 1) // 2).sum())
    return within, total * (total - 1) // 2 - within


def _kept_share(c: Comparisons) -> float:
    return c.nonmated.size / c.nonmated_trials


def _some(trials: int, kind: str) -> int:
    if trials == 0:
        raise ComparisonError(f"{kind} trials: expected at least one that completed, found none")
    return trials


def _check_threshold(threshold: float) -> None:
    if np.isnan(threshold):
        raise ComparisonError("threshold: expected a number, found NaN")


def _subject_indices(name: str, given: npt.ArrayLike, size: int) -> Indices:
    indices = np.asarray(given)
    if indices.shape != (size,) or indices.dtype.kind not in "iu":
        raise ComparisonError(f"{name}: expected {size} whole numbers, found {indices.dtype} of {indices.shape}")
    if indices.min() < 0 or indices.max() >= np.iinfo(np.int32).max:
        raise ComparisonError(f"{name}: expected indices from 0, found {indices.min()} to {indices.max()}")
    return indices.astype(np.int32)


def _subject_count(stated: int | None, highest: int) -> int:
    if stated is None:
        return highest + 1
    if stated <= highest:
        raise ComparisonError(f"subjects: expected more than the highest index {highest}, found {stated}")
    return stated
