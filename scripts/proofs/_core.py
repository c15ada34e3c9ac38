"""What the frame core's proofs share: their settings, and the claims read off a measurement."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
from rich.progress import Progress

from benchmarks.clip import Clip, ClipSource
from benchmarks.core import Bench
from benchmarks.peers import Threshold
from edge.core.capture import Capture
from edge.core.loop import Core
from edge.core.source import Paced
from edge.core.watch import spread
from models.registry import Installed, Registry
from scripts.proofs._data import claim

SIZE: tuple[int, int] = tuple(int(value) for value in os.environ.get("THRESHOLD_PROOF_SIZE", "1920x1080").split("x"))  # type: ignore[assignment]
SECONDS = float(os.environ.get("THRESHOLD_PROOF_SECONDS", "120"))
ROUNDS = int(os.environ.get("THRESHOLD_PROOF_ROUNDS", "1"))
OUT = Path(__file__).resolve().parents[2] / "out" / "core" / "clips"


def networks() -> tuple[Installed, Installed]:
    registry = Registry.bundled()
    return registry.locate("bundled-detector"), registry.locate("bundled-embedder")


def stepped(bar: Progress) -> Callable[[str, int], Callable[[], None]]:
    """Progress by named pieces of work."""

    def steps(what: str, total: int) -> Callable[[], None]:
        task = bar.add_task(what, total=total)
        return lambda: bar.advance(task)

    return steps


def about(clip: Clip) -> str:
    width, height, frames = clip.entrance.width, clip.entrance.height, len(clip)
    return (
        f"{frames} frames of {width} × {height}, {clip.entrance.rate:g} a second, "
        f"{frames * clip.frame_bytes / 1e9:.1f} GB on disk while it is measured"
    )


def ratios(name: str, told: dict[str, Any], limit: float) -> list[dict[str, Any]]:
    """The processor time a visit beside the other ways', and what is the core's own in it."""
    ratio = {key.removeprefix("cpu_per_visit_vs_"): round(value, 4) for key, value in told["ratio"].items()}
    against = ratio["opencv_loop"]
    overhead, empty = told["overhead_ms_per_frame"], told["empty_ms_per_frame"]
    crowd = limit < 0.1
    # The source by itself took longer than the source and a loop: a clip larger than the page cache does that.
    void = min(*ratio.values(), overhead, 0.0 if empty is None else empty) < 0
    return [
        claim(
            f"{name}: source's cost measured well enough to be taken off",
            "void: less than nothing is left without it" if void else "yes",
            "yes",
            not void,
        ),
        claim(
            f"{name}: CPU a visit, core / plain OpenCV loop (a)",
            against,
            f"≤ {limit:.4f}",
            not void and against <= limit,
        ),
        claim(
            f"{name}: the same / plain loop on the core's own detector backend",
            ratio["opencv_loop_own_backend"],
            "printed",
            None,
        ),
        claim(
            f"{name}: CPU a visit, core / face_recognition's own loop (b)",
            ratio.get("face_recognition", "not installed"),
            "printed",
            None,
        ),
        claim(f"{name}: CPU a visit, core / Frigate's schedule (d)", ratio["frigate_schedule"], "aim ≤ 0.5", None),
        claim(f"{name}: CPU a visit, core / floor (c)", ratio["floor"], "aim ≤ 6", None),
        claim(
            f"{name}: own overhead, ms a frame with someone there",
            round(overhead, 3),
            "≤ 2" if crowd else "printed",
            not void and overhead <= 2 if crowd else None,
        ),
        claim(
            f"{name}: everything, ms a frame with nobody there",
            None if empty is None else round(empty, 3),
            "≤ 0.67",
            None if empty is None else not void and empty <= 0.67,
        ),
        claim(
            f"{name}: people compared and recognised at one threshold, each way",
            {loop: figures["visits"] for loop, figures in told["loops"].items()},
            "printed",
            None,
        ),
        claim(f"{name}: where the core's time goes, ms a visit", _profile(told), "printed", None),
    ]


def _profile(told: dict[str, Any]) -> dict[str, float]:
    """By stage, dearest first; over all frames, those with nobody there too."""
    visits = told["visits"] * told["rounds"]
    spent = {stage: 1e3 * figures["sum_s"] / visits for stage, figures in told["stages_cpu"].items()}
    return {stage: round(value, 2) for stage, value in sorted(spent.items(), key=lambda item: -item[1])}


def latency(name: str, bench: Bench) -> list[dict[str, Any]]:
    """A paced run of the core alone: arrival to decision, drops, late frames, threads left."""
    ours = Threshold(Core(bench.detector, lambda _: bench.recogniser, bench.settings))
    before = threading.active_count()
    cv2.setNumThreads(1)
    with Capture(lambda: Paced(ClipSource(bench.clip))) as capture:
        for frame in capture:
            ours.step(frame)
        counts = capture.counts
    told = spread(ours.decided_ns)
    drops = counts.dropped / counts.arrived
    left = threading.active_count() - before
    return [
        claim(
            f"{name}, paced: frame's arrival to the decision on it, ms",
            {key: round(value, 2) for key, value in asdict(told).items() if key != "sum_s"} if told else "no decision",
            "printed",
            None,
        ),
        claim(
            f"{name}, paced: frames dropped", f"{counts.dropped} of {counts.arrived}", "≤ 1 %, else void", drops <= 0.01
        ),
        claim(f"{name}, paced: frames taken late", f"{counts.late} of {counts.taken}", "printed", None),
        claim(f"{name}, paced: threads left after close", left, 0, left == 0),
    ]
