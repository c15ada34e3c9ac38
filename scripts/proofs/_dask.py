"""A Dask scheduler and two workers on this machine, for proofs and tests of what runs on them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from benchmarks.spread import Cluster

ROOT = Path(__file__).resolve().parents[2]
START_S = 120.0
IN_MEMORY = {
    "DASK_DISTRIBUTED__WORKER__MEMORY__TARGET": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__SPILL": "False",
}
"""Dask's settings for workers that keep results in memory alone."""


@contextmanager
def local_cluster(**environment: str) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers of one thread each, on this machine, with these settings in their environment."""
    with ExitStack() as stack:
        address = stack.enter_context(scheduling())
        yield address, [stack.enter_context(worker(address, **environment)) for _ in range(2)]


@contextmanager
def scheduling(*options: str, protocol: str = "tcp", **environment: str) -> Iterator[str]:
    """A scheduler's address on loopback."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"{protocol}://127.0.0.1:{port}"
    with _started("dask_scheduler", "--host", address, "--no-dashboard", *options, **environment):
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield address


@contextmanager
def worker(address: str, *options: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of one thread; with the environment's settings of Dask's."""
    words = (address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1", *options)
    with _started("dask_worker", *words, **environment) as process:
        yield process


@contextmanager
def _started(command: str, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    settings = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    # Warnings are errors for our own code; a scheduler's own aren't ours.
    settings.pop("PYTHONWARNINGS", None)
    process = subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{command}", *arguments],
        env=settings,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=30)


def joined(where: Cluster, count: int) -> None:
    """Wait until there are so many workers."""
    until = time.monotonic() + START_S
    while len(where.workers()) != count:
        if time.monotonic() > until:
            sys.exit(f"expected {count} Dask workers within {START_S:.0f} s, found {len(where.workers())}")
        time.sleep(0.2)
