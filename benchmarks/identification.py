"""Open-set identification at the gallery's real size: FPIR, FNIR, misidentification, and what a formula says of them.

A search compares a probe with every reference of a gallery; it returns the best if its score is at or above the
threshold (rank 1: a door has room for one name). Of a person who isn't in the gallery, any return is a **false
positive**. Of one who is, anything but the own name is a **false negative**; a wrong name is also a
**misidentification**: the door opens and the wrong person is noted.

The formulas take a gallery's references as independent: FPIR = 1-(1-FMR)^N, a bound to look at and never to print
alone (ISO/IEC 19795-1; a class or a family isn't independent). They ask only for FMR and the mated scores of one to
one comparison.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks import method
from benchmarks.errors import BenchmarkError
from benchmarks.interval import Interval

Scores = npt.NDArray[np.float32]
Rates = npt.NDArray[np.float64]


class SearchError(BenchmarkError, ValueError):
    """Scores, galleries or thresholds that make no search: names what was expected and found."""


@dataclass(frozen=True, slots=True, eq=False)
class Searches:
    """The outcome of searches in one gallery of size `size`, before a threshold.

    A probe that gave no face has score -inf everywhere: it is never returned, as NIST counts it.
    """

    size: int
    own: Scores
    """(m,) float32: of each mated search, the score against the own reference."""
    other: Scores
    """(m,) float32: of each mated search, the best score against anyone else."""
    mated_subject: npt.NDArray[np.int64]
    """(m,) whose search it is."""
    stranger: Scores
    """(s,) float32: of each non-mated search, the best score in the gallery."""
    stranger_subject: npt.NDArray[np.int64]
    """(s,) whose search it is."""

    def false_positives(self, threshold: float) -> npt.NDArray[np.bool_]:
        """(s,) of each non-mated search, whether anyone is returned."""
        return _float(self.stranger) >= _number(threshold)

    def false_negatives(self, threshold: float) -> npt.NDArray[np.bool_]:
        """(m,) of each mated search, whether the own name isn't returned; a tie goes to the other."""
        own = _float(self.own)
        return (own < _number(threshold)) | (own <= _float(self.other))

    def misidentified(self, threshold: float) -> npt.NDArray[np.bool_]:
        """(m,) of each mated search, whether another's name is returned."""
        return (_float(self.other) >= _number(threshold)) & (_float(self.own) <= _float(self.other))


class Counted(NamedTuple):
    """A rate of searches: errors, searches, and the interval, given this gallery."""

    errors: int
    searches: int
    interval: Interval

    @property
    def value(self) -> float:
        """errors / searches."""
        return self.errors / self.searches


@dataclass(frozen=True, slots=True)
class Rated:
    """What a gallery's searches give at a threshold."""

    size: int
    threshold: float
    fpir: Counted
    fnir: Counted
    misidentification: Counted


def search(
    references: Scores,
    reference_subject: npt.ArrayLike,
    probes: Scores,
    probe_subject: npt.ArrayLike,
    gallery: npt.ArrayLike,
) -> Searches:
    """All searches of `probes` in the gallery made of the references with the indices `gallery`.

    `references` (r, d), `probes` (p, d) float32 of unit length, or all zeros for a probe that gave no face; the score
    is the cosine. A probe whose subject is in the gallery is a mated search, any other a non-mated one.
    SearchError: shapes that differ, an index twice or out of range, a subject twice in the gallery, fewer than two.
    """
    whose, who = np.asarray(reference_subject, np.int64), np.asarray(probe_subject, np.int64)
    chosen = np.asarray(gallery, np.int64)
    if references.ndim != 2 or probes.ndim != 2 or references.shape[1:] != probes.shape[1:]:
        raise SearchError(
            f"references and probes: expected (r, d) and (p, d), found {references.shape} and {probes.shape}"
        )
    if whose.shape != (references.shape[0],) or who.shape != (probes.shape[0],):
        raise SearchError(
            f"subjects: expected {references.shape[0]} and {probes.shape[0]}, found {whose.shape} and {who.shape}"
        )
    if chosen.ndim != 1 or chosen.size < 2 or chosen.min() < 0 or chosen.max() >= whose.size:
        raise SearchError(f"gallery: expected at least 2 indices of {whose.size} references, found {chosen.shape}")
    enrolled = whose[chosen]
    if np.unique(enrolled).size != enrolled.size:
        raise SearchError("gallery: expected each subject once, found one twice")
    place = {int(subject): index for index, subject in enumerate(enrolled)}
    own_place = np.array([place.get(int(subject), -1) for subject in who], np.int64)
    scores = probes @ references[chosen].T
    scores[~probes.any(axis=1)] = -np.inf
    mated = np.flatnonzero(own_place >= 0)
    rows = scores[mated]
    own = rows[np.arange(mated.size), own_place[mated]].copy()
    rows[np.arange(mated.size), own_place[mated]] = -np.inf
    return Searches(
        chosen.size,
        own,
        rows.max(axis=1) if mated.size else np.zeros(0, np.float32),
        who[mated],
        scores[own_place < 0].max(axis=1) if (own_place < 0).any() else np.zeros(0, np.float32),
        who[own_place < 0],
    )


def rated(searches: Searches, threshold: float, level: float = 0.95) -> Rated:
    """FPIR, FNIR and misidentification at `threshold`, with the intervals that `benchmarks.method` gives.

    They say how sure the rates are for other probes at this gallery; another gallery has other rates (`sweep`).
    SearchError: no mated or no non-mated search, a NaN threshold. RateError: fewer than two subjects.
    """
    for kind, count in (("mated", searches.own.size), ("non-mated", searches.stranger.size)):
        if count == 0:
            raise SearchError(f"{kind} searches: expected at least one, found none")

    def counted(errors: npt.NDArray[np.bool_], subjects: npt.NDArray[np.int64]) -> Counted:
        return Counted(int(errors.sum()), errors.size, method.rate(errors, subjects, level))

    return Rated(
        searches.size,
        threshold,
        counted(searches.false_positives(threshold), searches.stranger_subject),
        counted(searches.false_negatives(threshold), searches.mated_subject),
        counted(searches.misidentified(threshold), searches.mated_subject),
    )


class Swept(NamedTuple):
    """One gallery size over several drawn galleries: the first gallery's rates, and each rate in every gallery."""

    size: int
    first: Rated
    fpir: Rates
    fnir: Rates
    misidentification: Rates


def sweep(
    draw: Callable[[int, int], Searches], sizes: Sequence[int], threshold: float, galleries: int = 20
) -> tuple[Swept, ...]:
    """The rates at each gallery size of `sizes`, over `galleries` galleries each: `draw(size, number)` searches one.

    What differs between galleries is no error of measurement: one school's gallery is one of them.
    SearchError: no gallery, or as `rated`.
    """
    if galleries < 1:
        raise SearchError(f"galleries: expected at least 1, found {galleries}")
    swept = []
    for size in sizes:
        first = rated(draw(size, 0), threshold)
        rates = np.array([[rate.value for rate in (first.fpir, first.fnir, first.misidentification)]])
        for number in range(1, galleries):
            searches = draw(size, number)
            one = [
                float(errors.mean())
                for errors in (
                    searches.false_positives(threshold),
                    searches.false_negatives(threshold),
                    searches.misidentified(threshold),
                )
            ]
            rates = np.vstack([rates, one])
        swept.append(Swept(size, first, *rates.T))
    return tuple(swept)


def fpir_formula(fmr: float, size: int) -> float:
    """1-(1-FMR)^N. SearchError: an FMR outside 0 to 1, a size below 1."""
    if not 0.0 <= fmr <= 1.0 or size < 1:
        raise SearchError(f"FMR and size: expected a share and at least 1, found {fmr!r} and {size!r}")
    return -math.expm1(size * math.log1p(-fmr)) if fmr < 1.0 else 1.0


def fmr_for(fpir: float, size: int) -> float:
    """The FMR that a gallery of this size needs for this FPIR, by the same formula. SearchError: as `fpir_formula`."""
    if not 0.0 <= fpir < 1.0 or size < 1:
        raise SearchError(f"FPIR and size: expected a share below 1 and at least 1, found {fpir!r} and {size!r}")
    return -math.expm1(math.log1p(-fpir) / size)


def mated_formulas(
    mated: npt.ArrayLike, nonmated: npt.ArrayLike, threshold: float, size: int, nonmated_trials: int | None = None
) -> tuple[float, float]:
    """(FNIR, misidentification) of a gallery, from one to one scores and the same independence.

    With F(s) the share of non-mated scores at or above s: a person with mated score s is named rightly when s reaches
    the threshold and none of N-1 others does as well, (1-F(s))^(N-1); another is named when one of them reaches both s
    and the threshold. `nonmated` may be the upper part alone of `nonmated_trials`, down to below the threshold.
    SearchError: no score, a NaN threshold, a size below 1.
    """
    own, others = np.asarray(mated, np.float64), np.sort(np.asarray(nonmated, np.float64))
    trials = nonmated_trials or others.size
    if own.size == 0 or others.size == 0 or trials < others.size or size < 1:
        raise SearchError(
            f"expected mated and non-mated scores and a size of at least 1, found {own.size}, {others.size} and {size}"
        )
    bar = _number(threshold)
    reached = np.maximum(own, bar)
    above = (others.size - np.searchsorted(others, reached, side="left")) / trials
    nobody = np.exp((size - 1) * np.log1p(-np.minimum(above, 1.0 - 1e-15)))
    return float(1.0 - (nobody * (own >= bar)).mean()), float(1.0 - nobody.mean())


class Iet(NamedTuple):
    """The points of an identification error trade-off, FPIR rising: three (p,) float64 arrays."""

    fpir: Rates
    fnir: Rates
    threshold: Rates


def iet(searches: Searches, points: int = 200) -> Iet:
    """FNIR over FPIR at the thresholds between the non-mated searches' scores; the first has no false positive.

    SearchError: fewer than two points, no mated or no non-mated search.
    """
    if points < 2 or searches.own.size == 0 or searches.stranger.size == 0:
        raise SearchError(
            f"expected at least 2 points, a mated and a non-mated search, found {points}, {searches.own.size} and "
            f"{searches.stranger.size}"
        )
    scores = np.sort(searches.stranger[np.isfinite(searches.stranger)])[::-1]
    if scores.size == 0:
        raise SearchError("non-mated searches: expected a probe that gave a face, found none")
    ranks = np.unique(np.geomspace(1, scores.size, points).round().astype(np.int64) - 1)
    # Just above a score: what has this score isn't returned.
    thresholds = np.unique(np.nextafter(scores[ranks], np.float32(np.inf)))[::-1].astype(np.float64)
    return Iet(
        np.array([searches.false_positives(threshold).mean() for threshold in thresholds]),
        np.array([searches.false_negatives(threshold).mean() for threshold in thresholds]),
        thresholds,
    )


def threshold_at_fpir(searches: Searches, target: float) -> float:
    """The lowest threshold whose FPIR on these searches is at most `target`; to be used on other people's.

    SearchError: a target outside [0, 1), no non-mated search.
    """
    if not 0.0 <= target < 1.0 or searches.stranger.size == 0:
        raise SearchError(
            f"target and searches: expected a share below 1 and a non-mated search, found {target!r} and "
            f"{searches.stranger.size}"
        )
    scores = np.sort(searches.stranger)[::-1]
    allowed = min(int(target * scores.size + 1e-9), scores.size - 1)
    return float(np.nextafter(scores[allowed], np.float32(np.inf)))


def _float(scores: Scores) -> npt.NDArray[np.float64]:
    # float64 on both sides: a float32 comparison would round the threshold and move a score across it.
    return scores.astype(np.float64)


def _number(threshold: float) -> float:
    if math.isnan(threshold):
        raise SearchError("threshold: expected a number, found NaN")
    return float(threshold)
