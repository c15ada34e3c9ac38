"""Development and evaluation people: thresholds are fixed on the first, everything is reported on the second."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from benchmarks.errors import BenchmarkError


class SplitError(BenchmarkError, ValueError):
    """Error raised when people can't be split, or when the two parts share one."""


class Split(NamedTuple):
    """Two sets of subjects without a common one."""

    development: frozenset[str]
    evaluation: frozenset[str]


def by_subject(subjects: Iterable[str], seed: int, share: float = 0.5) -> Split:
    """Subjects by a digest of seed and name, so that neither order nor alphabet chooses, and a subject that comes later
    changes nobody else's part. `share`: about so much of them is for development.

    SplitError: a share outside (0, 1), a part without anyone.
    """
    if not 0.0 < share < 1.0:
        raise SplitError(f"share: expected one strictly between 0 and 1, such as 0.5, found {share!r}")
    everyone = frozenset(subjects)
    development = frozenset(subject for subject in everyone if _place(seed, subject) < share)
    if not development or development == everyone:
        raise SplitError(
            f"subjects: expected some in both parts, found {len(development)} of {len(everyone)} for development. "
            "Take more subjects or another seed."
        )
    return Split(development, everyone - development)


def require_apart(development: Iterable[str], evaluation: Iterable[str]) -> None:
    """Raise SplitError where a subject is in both: a threshold fixed on people flatters the same people."""
    both = sorted(set(development) & set(evaluation))
    if both:
        raise SplitError(
            f"development and evaluation: expected no common subject, found {len(both)}, such as {both[0]!r}. "
            "Split by subject, not by transaction."
        )


def _place(seed: int, subject: str) -> float:
    return int.from_bytes(hashlib.sha256(f"{seed}:{subject}".encode()).digest()[:8]) / 2.0**64
