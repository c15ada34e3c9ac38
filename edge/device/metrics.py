"""Figures for Prometheus at /metrics and health for a monitor at /health, over HTTP; off unless a site asks for it.

Nothing is computed before somebody asks. No label names a person: lanes, reasons and stages are words of this program.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, TypeVar

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from edge.core.watch import PACING_MS, Stopwatch
from edge.device.loop import Device
from edge.errors import EdgeError
from edge.health import Machine, NotHere

T = TypeVar("T")
ASKED_S = 5.0
"""A client that takes longer than this to ask is cut off."""


class MetricsError(EdgeError, OSError):
    """Error raised when the port can't be had: names it, and what to do."""


class Figures(Collector):
    """What a device's tally and stopwatch hold, as Prometheus' families; the loop writes it, another thread reads."""

    def __init__(self, device: Device, watch: Stopwatch, machine: Machine | None = None) -> None:
        self._device, self._watch = device, watch
        self._machine = machine or Machine()
        self._absent: set[str] = set()

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client.registry.Collector."""
        yield from self._counts()
        yield from self._times()
        yield from self._condition()

    def _counts(self) -> Iterator[Metric]:
        tally = self._device.tally
        decisions = CounterMetricFamily(
            "threshold_decisions", "Tries at a lane, carried out.", labels=("lane", "opened", "reason")
        )
        for (lane, opened, reason), count in sorted(tally.decisions.copy().items()):
            decisions.add_metric((lane, "yes" if opened else "no", reason), count)
        yield decisions
        frames = CounterMetricFamily("threshold_frames", "Frames by what became of them.", labels=("fate",))
        counts = self._device.counts
        if counts is not None:
            for fate in ("arrived", "taken", "dropped", "late"):
                frames.add_metric((fate,), getattr(counts, fate))
        yield frames
        tags = CounterMetricFamily("threshold_tags", "Tag reads by what became of them.", labels=("fate",))
        for fate, count in (("read", tally.tags), ("dropped", self._device.tags_dropped), ("stale", tally.stale)):
            tags.add_metric((fate,), count)
        yield tags
        yield CounterMetricFamily("threshold_rows", "Transaction rows on disk.", value=tally.rows)
        yield CounterMetricFamily("threshold_store_lent", "Times another process had the store.", value=tally.lent)

    def _times(self) -> Iterator[Metric]:
        stages = SummaryMetricFamily("threshold_stage_seconds", "Time in a stage.", labels=("stage",))
        for stage, told in sorted(_settled(self._watch.wall).items()):
            stages.add_metric((stage,), told.n, told.sum_s)
            for share, value in (
                ("0.5", told.p50_ms),
                ("0.95", told.p95_ms),
                ("0.99", told.p99_ms),
                ("1", told.max_ms),
            ):
                stages.add_sample(
                    "threshold_stage_seconds", {"stage": stage, "quantile": share}, value / 1e3
                )  # of the latest edge.core.watch.KEPT, as are count and sum
        yield stages
        pacing = list(self._watch.pacing.counts)
        ends = [*(f"{end / 1e3:g}" for end in PACING_MS), "+Inf"]
        reached = [sum(pacing[: number + 1]) for number in range(len(pacing))]
        histogram = HistogramMetricFamily("threshold_frame_gap_seconds", "Time between two frames' stamps.")
        histogram.add_metric((), list(zip(ends, reached, strict=True)), None)
        yield histogram
        account = self._watch.account()
        yield CounterMetricFamily("threshold_visits", "Tracks that came to a decision.", value=account.visits)
        yield CounterMetricFamily(
            "threshold_core_cpu_seconds", "Processor time of the thread that looks at frames.", value=account.cpu_s
        )

    def _condition(self) -> Iterator[Metric]:
        wrong = GaugeMetricFamily("threshold_condition", "1 while something is wrong.", labels=("part", "state"))
        for one in self._device.health.conditions:
            wrong.add_metric((one.part, one.state), 1)
        yield wrong
        closed = self._device.health.stopped is not None
        yield GaugeMetricFamily("threshold_door_stays_closed", "1 while nobody is let in.", value=float(closed))
        celsius = self._here("celsius", self._machine.celsius)
        if celsius is not None:
            yield GaugeMetricFamily("threshold_machine_celsius", "The processor's temperature.", value=celsius)
        word = self._here("throttle", self._machine.throttle)
        if word is not None:
            yield GaugeMetricFamily("threshold_machine_throttle_word", "The Pi's throttle word.", value=word)

    def _here(self, what: str, read: Callable[[], float]) -> float | None:
        """What this machine doesn't have is asked for once."""
        if what not in self._absent:
            try:
                return read()
            except NotHere:
                self._absent.add(what)
        return None


def _settled(read: Callable[[], T]) -> T:
    """What another thread writes meanwhile: a table that grew under our hands is read again."""
    for _ in range(5):
        with suppress(RuntimeError):
            return read()
    return read()


class Served:
    """The HTTP server, in threads of its own; a context manager. `port` is the one it got."""

    def __init__(self, device: Device, watch: Stopwatch, address: str = "127.0.0.1", port: int = 9464) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(Figures(device, watch))
        ProcessCollector(registry=self.registry)
        try:
            self._server = ThreadingHTTPServer((address, port), _handler(device, self.registry))
        except OSError as error:
            raise MetricsError(
                f"metrics: expected a free port {port} at {address}, found: {error}. Set another in [metrics]."
            ) from error
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.address, self.port = address, int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="metrics", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving. May be called twice."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(2.0)
        self._server.server_close()


def _handler(device: Device, registry: CollectorRegistry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = ASKED_S
        server_version, sys_version = "threshold", ""

        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
            elif self.path == "/health":
                told = device.health.document() | {"camera": device.camera, "reader": device.reader}
                code = 503 if told["status"] == "closed" else 200
                self._answer(code, "application/json", json.dumps(told).encode() + b"\n")
            else:
                self._answer(404, "text/plain", b"/metrics or /health\n")

        def _answer(self, code: int, kind: str, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's name
            """Nothing: who asks is nobody's business, and a log would fill the card."""

    return Handler
