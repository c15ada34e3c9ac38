"""Orders in which every lane follows every other equally often (Williams 1949)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise


def williams(count: int) -> list[tuple[int, ...]]:
    """Rows of a Williams design for `count` conditions: each stands at each place, and right after each other one,
    equally often.

    `count` rows where it is even, twice as many where it is odd; one row for one condition. Raises ValueError below 1.
    """
    if count < 1:
        raise ValueError(f"count: expected at least one condition, found {count}")
    first, low, high = [0], 1, count - 1
    while low <= high:
        first.append(low)
        if low < high:
            first.append(high)
        low, high = low + 1, high - 1
    rows = [tuple((place + shift) % count for place in first) for shift in range(count)]
    return rows if count % 2 == 0 or count == 1 else [*rows, *(row[::-1] for row in rows)]


def followed(rows: Iterable[Sequence[int]]) -> Counter[tuple[int, int]]:
    """How often each condition comes right after each other."""
    return Counter(pair for row in rows for pair in pairwise(row))
