"""The liveness network in the core, on drawn people, prints and phones: a plumbing test, and what a look costs.

Nothing here says whether a print or a phone would be noticed at a door: the network learned from photographs, and all
that it is shown is drawn. Error rates of attack detection (ISO/IEC 30107-3: APCER, BPCER) need real ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.clip import Clip, ClipSource, prepared
from benchmarks.core import Meter, Steps, prepare
from edge.core.loop import Core, Decided, Settings
from edge.core.track import likeness
from edge.entrance import Entrance
from edge.network import Backend
from edge.vision import open_liveness
from models.registry import Installed

NOTE = (
    "A plumbing test: people, prints and phones are drawn. It shows that liveness runs, and on what; it says nothing "
    "about attacks."
)
VISITS, SEED = 6, 16
"""Of the entrance drawn for it; among its visits are all three kinds."""


def plumbing(
    liveness: Installed, networks: tuple[Installed, Installed], settings: Settings, folder: Path, steps: Steps
) -> dict[str, Any]:
    """Visits by kind (live, print, phone): how many there were, were looked at, were suspected; and a look's time.

    `networks`: detector and embedder; the clip is kept in `folder`. Raises policy.gate.Refused, ModelError,
    NetworkError.
    """
    first = 7_000_000
    source = Entrance(tuple(range(first, first + VISITS)), VISITS, "single", 640, 360, 8.0, SEED, 0.6)
    clip = prepared("liveness", source, folder, steps("drawing liveness", len(source)))
    bench = prepare(clip, *networks, settings, steps)
    meters: list[Meter] = []

    def metered(backend: Backend) -> Backend:
        meters.append(Meter(backend))
        return meters[-1]

    watcher = open_liveness(liveness, around=metered)
    core = Core(bench.detector, lambda _: bench.recogniser, settings, liveness=watcher)
    decided = _play(core, clip, steps("liveness", len(clip)))
    return {
        "network": liveness.network.id,
        "limit": watcher.limit,
        "looks": core.tally.liveness,
        "cpu_ms_per_look": meters[0].cpu_ns / meters[0].calls / 1e6 if meters[0].calls else None,
        "visits": counted(clip, decided),
        "note": NOTE,
    }


def _play(core: Core, clip: Clip, tick: Callable[[], None]) -> list[Decided]:
    decided: list[Decided] = []
    source, last = ClipSource(clip), None
    try:
        while (frame := source.read()) is not None:
            decided += core.step(frame)
            last = frame
            tick()
    finally:
        source.close()
    return decided + (core.finish(last) if last is not None else [])


def counted(clip: Clip, decided: list[Decided]) -> dict[str, dict[str, int]]:
    """By kind of visit; a visit was looked at, or suspected, if any of the decisions about its face was."""
    kinds = {walk.person: walk.attack or "live" for walk in clip.entrance.walks}
    looked: set[int] = set()
    suspected: set[int] = set()
    for one in decided:
        number = min(len(clip) - 1, round(one.seen_ns * clip.entrance.rate / 1e9))
        for face in clip.truth[number].faces:
            if one.spoof is not None and likeness(face.box, one.box) >= 0.3:
                looked.add(face.person)
                if one.reason == "spoof-suspected":
                    suspected.add(face.person)
    there, seen, doubted = (Counter(kinds[who] for who in some) for some in (kinds, looked, suspected))
    return {
        kind: {"visits": there[kind], "looked_at": seen[kind], "suspected": doubted[kind]}
        for kind in ("live", "print", "phone")
    }
