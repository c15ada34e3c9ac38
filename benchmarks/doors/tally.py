"""What columns come to, a number for each repetition: the definitions, once, for all lanes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.doors.columns import REASONS, Columns
from benchmarks.doors.queue import longest
from benchmarks.doors.ways import METHODS
from benchmarks.scenario import Doors

Numbers = NDArray[np.float64]

SHARES = {
    "legitimate-failures": ("failed", "present"),
    "attendance-errors": ("misrecorded", "person_mornings"),
    "unauthorised-entries": ("entered", "tries"),
    "late": ("late", "present"),
}
"""Outcomes that are shares: which count of which."""
AMOUNTS = ("transaction-p50", "transaction-p95", "wait-p50", "wait-p95", "longest-queue", "persons-per-minute")


@dataclass(slots=True)
class Tally:
    """One lane at one setting: counts and amounts by repetition, in the order in which they were added."""

    reasons: Counter[str] = field(default_factory=Counter)
    """Why legitimate failures happened, over all repetitions."""
    _parts: dict[str, list[Numbers]] = field(default_factory=dict)

    def add(self, columns: Columns, doors: Doors) -> None:
        """Columns of whole repetitions. Only some thirty numbers a repetition are kept."""
        mornings = doors.mornings

        def by_repetition(mask: NDArray[np.bool_] | Numbers) -> Numbers:
            return np.asarray(mask.reshape(-1, mornings * mask.shape[1]).sum(axis=1), np.float64)

        present, opened = columns.present, columns.opened
        failed = columns.failed
        bell = 60.0 * doors.window_minutes
        self._note("present", by_repetition(present))
        self._note("person_mornings", by_repetition(np.ones_like(present)))
        self._note("failed", by_repetition(failed))
        self._note("misrecorded", by_repetition(columns.misrecorded))
        # Came before the bell and were inside only after it; who comes after it is late whatever the lane does.
        self._note("late", by_repetition(present & (columns.arrived <= bell) & (columns.inside > bell)))
        self._note("tries", by_repetition(np.ones_like(columns.try_opened)))
        self._note("entered", by_repetition(columns.try_opened))
        for code, method in enumerate(METHODS):
            of = columns.try_method == code
            self._note(f"tries {method}", by_repetition(of))
            self._note(f"entered {method}", by_repetition(of & columns.try_opened & ~columns.try_tailed))
            self._note(f"untailed {method}", by_repetition(of & ~columns.try_tailed))
        transaction = np.where(opened & columns.queued, columns.decided - columns.entered, np.inf)
        wait = np.where(columns.queued, columns.entered - columns.arrived, np.inf)
        for name, values in (("transaction", transaction), ("wait", wait)):
            ranked = np.sort(values.reshape(-1, mornings * values.shape[1]), axis=1)
            count = np.isfinite(ranked).sum(axis=1)
            for quantile, q in (("p50", 0.5), ("p95", 0.95)):
                self._note(f"{name}-{quantile}", _ranked(ranked, count, q))
        most = longest(columns.arrived, columns.turn, columns.queued)
        self._note("longest-queue", most.reshape(-1, mornings).mean(axis=1))
        crossed, taken = by_repetition(opened), by_repetition(columns.service)
        with np.errstate(divide="ignore", invalid="ignore"):
            self._note("persons-per-minute", np.where(taken > 0, 60.0 * crossed / taken, np.nan))
        codes = np.bincount(columns.reason[failed], minlength=len(REASONS))
        self.reasons.update({REASONS[code]: int(count) for code, count in enumerate(codes) if count})

    def extend(self, other: Tally) -> None:
        """Add what another counted: its repetitions come after this one's."""
        self.reasons.update(other.reasons)
        for name, parts in other._parts.items():
            self._parts.setdefault(name, []).extend(parts)

    def __getitem__(self, name: str) -> Numbers:
        """A count or amount by repetition; NaN where a repetition has none (nobody was let in)."""
        return np.concatenate(self._parts[name])

    def share(self, outcome: str) -> Numbers:
        """An outcome's share by repetition."""
        numerator, denominator = SHARES[outcome]
        return self[numerator] / self[denominator]

    def _note(self, name: str, values: Numbers) -> None:
        parts = self._parts.setdefault(name, [])
        parts.append(values)
        if len(parts) > 50:  # many short arrays take more room than what is in them
            self._parts[name] = [np.concatenate(parts)]


def _ranked(ranked: Numbers, count: NDArray[np.intp], q: float) -> Numbers:
    """The smallest value with at least a share q at or below it (numpy's "inverted_cdf"); rows in rising order."""
    # The tolerance keeps 0.07 * 100 = 7.000000000000001 from asking for an eighth value.
    place = np.maximum(np.ceil(q * count * (1 - 1e-12)).astype(np.int64) - 1, 0)
    found = np.take_along_axis(ranked, place[:, None], axis=1)[:, 0]
    return np.where(count > 0, found, np.nan)
