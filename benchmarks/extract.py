"""From a set of pictures to templates, with the time each stage took and every failure to acquire."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.acquire import Acquirer, Missed
from edge.embed import Embedder
from edge.picture import decode
from policy.archive import Archive

STAGES = ("read", "decode", "acquire", "embed")
"""`acquire` is detecting, choosing and aligning."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """Templates of the pictures that gave one, and what it took."""

    names: tuple[str, ...]
    """The pictures with a template, in order."""
    templates: NDArray[np.float32] = field(repr=False)
    """float32, len(names) × dimension, unit length."""
    missed: dict[str, str]
    """Failures to acquire: picture → reason."""
    seconds: dict[str, float]
    """Wall time by stage, summed over all pictures."""
    durations_ms: NDArray[np.float64] = field(repr=False)
    """Wall time from file to aligned face, ms, one a picture."""

    @property
    def attempted(self) -> int:
        """How many pictures were tried."""
        return len(self.names) + len(self.missed)


def extract(
    archive: Archive,
    names: Sequence[str],
    acquirer: Acquirer,
    embedder: Embedder,
    tick: Callable[[], None] = lambda: None,
) -> Extraction:
    """Templates of `names`, one by one in order; `tick` is called after each picture.

    Raises PictureError for a broken picture (of a listed set there can't be one), NetworkError, policy.gate.Refused.
    """
    seconds = dict.fromkeys(STAGES, 0.0)
    durations: list[float] = []
    kept: list[str] = []
    missed: dict[str, str] = {}
    templates: list[NDArray[np.float32]] = []
    for name in names:
        begun = time.perf_counter()
        data = archive.read(name)
        read = time.perf_counter()
        picture = decode(data, name)
        decoded = time.perf_counter()
        result = acquirer.acquire(picture)
        acquired = time.perf_counter()
        for stage, took in (("read", read - begun), ("decode", decoded - read), ("acquire", acquired - decoded)):
            seconds[stage] += took
        durations.append((acquired - begun) * 1e3)
        if isinstance(result, Missed):
            missed[name] = result.reason
        else:
            kept.append(name)
            templates.append(embedder.embed([result.crop])[0])
            seconds["embed"] += time.perf_counter() - acquired
        tick()
    return Extraction(
        tuple(kept),
        np.stack(templates) if templates else np.zeros((0, 0), np.float32),
        missed,
        seconds,
        np.array(durations),
    )
