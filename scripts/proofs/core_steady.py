"""The frame core at length: memory over ten minutes' frames, frames of nonsense, and the gallery's size."""

from __future__ import annotations

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.clip import ClipSource, entrance, prepared
from benchmarks.core import Bench, prepare, settings
from edge.core.frame import Frame, of_i420
from edge.core.loop import Core
from edge.embed import unit
from edge.gallery import Gallery
from edge.vision import open_detector
from models.registry import Installed
from policy.gate import Gate
from scripts.proofs._core import SIZE, networks, stepped
from scripts.proofs._data import claim
from threshold.output import progress

LONG = int(os.environ.get("THRESHOLD_PROOF_FRAMES", "18000"))
"""Frames of ten minutes at 30 a second."""


def prove() -> dict[str, Any]:
    pair = networks()
    with progress() as bar, TemporaryDirectory() as folder:
        steps = stepped(bar)
        drawn = entrance("bus", 10, *SIZE, 30.0, 0)
        clip = prepared("bus", drawn, Path(folder), steps("drawing", len(drawn)))
        claims = steady(prepare(clip, *pair, settings(pair[1].network.id), steps), steps("frames", LONG))
        claims += nonsense(pair[0])
        claims += galleries()
    return {
        "claims": claims,
        "missing": ["ten minutes of a real camera"],
        "note": (
            f"the first 240 frames of twelve people at {SIZE[0]} × {SIZE[1]}, again and again, not paced; "
            "bundled networks; drawn people; random references"
        ),
    }


def resident_mb() -> float:
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def steady(bench: Bench, tick: Any) -> list[dict[str, Any]]:
    """As many frames as ten minutes have, one after another, through one core: memory after the first tenth and at the
    end."""
    core = Core(bench.detector, lambda _: bench.recogniser, bench.settings)
    source = ClipSource(bench.clip)
    frames: list[Frame] = []
    while len(frames) < 240 and (frame := source.read()) is not None:
        frames.append(frame)
    source.close()
    begun, middle = time.process_time(), 0.0
    for number in range(LONG):
        shown = frames[number % len(frames)]
        core.step(Frame(number, round(number * 1e9 / 30), time.monotonic_ns(), shown.main))
        tick()
        if number == LONG // 10:
            middle = resident_mb()
    grown = resident_mb() - middle
    return [
        claim(f"resident memory's growth over {LONG} frames (from a tenth on), MiB", round(grown, 2), "< 1", grown < 1),
        claim(
            "processor time of those, ms a frame", round(1e3 * (time.process_time() - begun) / LONG, 3), "printed", None
        ),
    ]


def nonsense(detector: Installed) -> list[dict[str, Any]]:
    """10,000 frames of noise, of one colour, and torn: nothing breaks, nothing grows."""
    chance = np.random.default_rng(0)
    core = Core(open_detector(detector), lambda _: None, settings("bundled-embedder"))
    size = 320 * 180 * 3 // 2
    noise = [chance.integers(0, 256, size, dtype=np.uint8) for _ in range(16)]
    middle = 0.0
    for number in range(10_000):
        buffer = noise[number % 16] if number % 3 == 0 else np.full(size, number % 256, np.uint8)
        if number % 3 == 2:
            buffer = np.concatenate([buffer[: size // 3], noise[number % 16][size // 3 :]])
        core.step(Frame(number, round(number * 1e9 / 30), 0, of_i420(buffer, 320, 180)))
        if number == 1000:
            middle = resident_mb()
    grown = resident_mb() - middle
    return [claim("10,000 frames of nonsense: memory's growth, MiB (no crash)", round(grown, 2), "< 1", grown < 1)]


def galleries() -> list[dict[str, Any]]:
    """Match time, memory, and the same answers as a plain search, of 1 k, 10 k and 100 k references of 128 numbers."""
    gate, chance = Gate(sets=[]), np.random.default_rng(0)
    permit = gate.simulated("bench core")
    figures, equal = {}, True
    for size in (1_000, 10_000, 100_000):
        rows = unit(chance.standard_normal((size, 128), np.float32))
        gallery = Gallery({str(index): row for index, row in enumerate(rows)}, gate, permit)
        exact = rows.astype(np.float64)
        probes = unit(rows[chance.integers(0, size, 40)] + 0.6 * chance.standard_normal((40, 128), np.float32) / 11.3)
        taken = []
        for probe in probes:
            begun = time.perf_counter_ns()
            found = gallery.best(probe)
            taken.append(time.perf_counter_ns() - begun)
            scores = (exact @ probe.astype(np.float64)).tolist()
            plain = scores.index(max(scores))
            equal &= found.subject == str(plain)
        figures[str(size)] = {"p50_ms": round(float(np.median(taken)) / 1e6, 3), "mb": round(rows.nbytes / 2**20, 1)}
    return [
        claim("gallery: match time and memory by size", figures, "printed", None),
        claim("gallery: the same answers as the plain search", equal, True, equal),
    ]
