"""The frame core on photographs: processor time a visit with portraits of a listed research set for faces."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.clip import draw, entrance
from benchmarks.core import measure, present, settings
from benchmarks.portraits import Portraits, cast, prepare, staged
from policy.archive import Archive
from policy.gate import Gate
from scripts.proofs._core import OUT, ROUNDS, SECONDS, SIZE, about, latency, networks, ratios, stepped
from scripts.proofs._data import pictures
from threshold.output import progress

LIMITS = {"single": 1 / 8, "bus": 1 / 12}


def prove() -> dict[str, Any]:
    pair = networks()
    claims, details, clips = [], {}, []
    OUT.mkdir(parents=True, exist_ok=True)
    with progress() as bar, Archive(pictures()) as archive:
        steps = stepped(bar)
        gate = Gate(render=draw)
        _, listed = gate.research(archive, "bench core")  # refused before anything is drawn
        for name, limit in LIMITS.items():
            drawn = entrance(name, SECONDS, *SIZE, 30.0, 0)
            roles = cast(archive, sorted(set(drawn.people)))
            # Photographs: on disk only while they are measured.
            with TemporaryDirectory(dir=OUT) as folder:
                shown = Portraits(archive, roles)
                clip = staged(name, drawn, shown, Path(folder), steps(f"drawing {name}", len(drawn)))
                bench = prepare(gate, clip, archive, roles, *pair, settings(pair[1].network.id), steps)
                details[name] = told = measure(bench, present(), False, steps, ROUNDS)
                claims += [*ratios(f"portraits, {name}", told, limit), *latency(f"portraits, {name}", bench)]
            clips.append(f"{name}: {about(clip)}")
    return {
        "claims": claims,
        "missing": ["people who turn and are lit as they walk: a portrait is one view, moved and scaled"],
        "note": (
            f"{'; '.join(clips)}; faces are photographs of {listed.name} ({listed.licence}; {listed.consent} "
            f"{listed.basis}); templates in memory only, clips removed; otherwise as make prove-core"
        ),
        "clips": details,
    }
