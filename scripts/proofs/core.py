"""The frame core: processor time a visit beside plain loops, and latency, on clips of the drawn entrance."""

from __future__ import annotations

import os
from typing import Any

from benchmarks.clip import entrance, prepared
from benchmarks.core import measure, prepare, present, settings
from scripts.proofs._core import OUT, ROUNDS, SECONDS, SIZE, about, latency, networks, ratios, stepped
from scripts.proofs._data import claim
from threshold.output import progress

FULL_SECONDS = float(os.environ.get("THRESHOLD_PROOF_FULL_SECONDS", "20"))
"""Of the clips on which whole frames are searched: that takes longer than the frames do to come."""
LIMITS = {"single": 1 / 8, "bus": 1 / 12}


def prove() -> dict[str, Any]:
    pair = networks()
    chosen = settings(pair[1].network.id)
    claims, details, clips = [], {}, []
    with progress() as bar:
        steps = stepped(bar)
        for name, limit in LIMITS.items():
            drawn = entrance(name, SECONDS, *SIZE, 30.0, 0)
            clip = prepared(name, drawn, OUT, steps(f"drawing {name}", len(drawn)))
            bench = prepare(clip, *pair, chosen, steps)
            details[name] = told = measure(bench, present(), False, steps, ROUNDS)
            claims += [*ratios(name, told, limit), *latency(name, bench)]
            clips.append(f"{name}: {about(clip)}")
            clip.path.unlink()  # larger than most disks have to spare
        for name in LIMITS:
            drawn = entrance(name, FULL_SECONDS, *SIZE, 30.0, 1)
            clip = prepared(f"{name}-short", drawn, OUT, steps(f"drawing {name}, short", len(drawn)))
            told = measure(prepare(clip, *pair, chosen, steps), ("opencv_loop_full_size",), False, steps)
            clip.path.unlink()
            claims.append(
                claim(
                    f"{name}: CPU a visit, core / plain loop on whole frames (a′), {len(clip)} frames",
                    round(told["ratio"]["cpu_per_visit_vs_opencv_loop_full_size"], 4),
                    "printed",
                    None,
                )
            )
    return {
        "claims": claims,
        "missing": [
            "accuracy kept: make prove-core-accuracy",
            "photographs for faces: make prove-core-portraits",
            "memory, nonsense, the gallery's size: make prove-core-steady",
            "a Raspberry Pi: stage times, temperature, throttle word, joules",
        ],
        "note": (
            f"{'; '.join(clips)}; processor time by the operating system's account, source subtracted, frames with "
            f"nobody left out, medians of {ROUNDS} rounds in turn, not paced; latency and drops from a paced run; "
            "bundled networks, one thread each; all people are drawn: no evidence about people"
        ),
        "clips": details,
    }
