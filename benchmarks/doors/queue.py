"""One queue, first come first served, before one or several doors: when each person's turn comes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]


def turns(arrived: Times, service: Times, parallel: int) -> Times:
    """When each person enters the zone, s; rows are queues of their own, columns persons by arrival.

    Kiefer and Wolfowitz's recursion over the doors' times of becoming free, kept in order; with one door it is
    Lindley's. Someone with service 0 who comes while a door is free, or is let pass, holds up nobody.
    """
    rows, persons = arrived.shape
    start = np.empty((persons, rows))
    a, s = np.ascontiguousarray(arrived.T), np.ascontiguousarray(service.T)
    free = np.zeros((parallel, rows))
    end, low = np.empty(rows), np.empty(rows)
    for n in range(persons):
        begin = start[n]
        np.maximum(a[n], free[0], out=begin)
        np.add(begin, s[n], out=end)
        for door in range(1, parallel):
            np.minimum(end, free[door], out=low)
            np.maximum(end, free[door], out=end)
            free[door - 1] = low
        free[parallel - 1] = end
    return np.ascontiguousarray(start.T)


def longest(arrived: Times, start: Times, counts: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The most people waiting at once, of those that `counts` says are in the queue; one number a row.

    Waiting: come, and not yet in the zone. It is looked at when someone comes: nowhere else can it be longest.
    """
    rows, persons = arrived.shape
    # Rows are set apart in time, so that one sorted list serves all of them.
    apart = np.arange(rows)[:, None] * (float(start.max(initial=0.0)) + float(arrived.max(initial=0.0)) + 1.0)
    begun = np.searchsorted((start + apart).ravel(), (arrived + apart).ravel(), side="right").reshape(rows, persons)
    begun -= np.arange(rows)[:, None] * persons
    so_far = np.zeros((rows, persons + 1), np.int64)
    np.cumsum(counts, axis=1, out=so_far[:, 1:])
    waiting = so_far[:, 1:] - np.take_along_axis(so_far, begun, axis=1)
    return np.asarray(waiting.max(axis=1), np.int64)
