"""A Dask scheduler and two workers on this machine, for the proofs of what runs on them."""

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
START_S = 60.0
IN_MEMORY = {
    "DASK_DISTRIBUTED__WORKER__MEMORY__TARGET": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__SPILL": "False",
}
"""Dask's settings for workers that keep results in memory alone."""


@contextmanager
def local_cluster(**environment: str) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers of one thread each, on this machine, with these settings in their environment."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    with ExitStack() as stack:
        stack.enter_context(_started("dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"))
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        yield (
            address,
            [stack.enter_context(_started("dask_worker", address, *options, **environment)) for _ in range(2)],
        )


@contextmanager
def _started(command: str, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{command}", *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
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
    """Wait until so many workers have come."""
    until = time.monotonic() + START_S
    while len(where.workers()) < count:
        if time.monotonic() > until:
            sys.exit(f"expected {count} Dask workers within {START_S:.0f} s, found fewer")
        time.sleep(0.2)
