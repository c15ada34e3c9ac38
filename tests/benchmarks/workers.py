"""Dask schedulers and workers of one thread, started as people start them, for the tests of what runs on them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.spread import Cluster

ROOT = Path(__file__).resolve().parents[2]
PATHS = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "benchmarks"), str(ROOT / "tests")])
TIMEOUT_S = 120.0
MEMORY = {
    "DASK_DISTRIBUTED__WORKER__MEMORY__TARGET": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__SPILL": "False",
}
"""Dask's settings for a worker that keeps results in memory alone."""


@contextmanager
def started(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python module at work."""
    settings = os.environ | {"PYTHONPATH": PATHS} | environment
    # Warnings are errors for our own code; a scheduler's own aren't ours.
    settings.pop("PYTHONWARNINGS", None)
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
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


@contextmanager
def scheduling(*options: str, protocol: str = "tcp") -> Iterator[str]:
    """A scheduler's address on loopback."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"{protocol}://127.0.0.1:{port}"
    words = ("--host", address, "--no-dashboard", *options)
    with started("distributed.cli.dask_scheduler", *words):
        until = time.monotonic() + TIMEOUT_S
        while time.monotonic() < until:
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield address


@contextmanager
def worker(address: str, *options: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker; with the environment's settings of Dask's."""
    words = (address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1", *options)
    with started("distributed.cli.dask_worker", *words, **environment) as process:
        yield process


def joined(where: Cluster, count: int) -> None:
    """Wait until so many workers have come."""
    until = time.monotonic() + TIMEOUT_S
    while len(where.workers()) != count:
        assert time.monotonic() < until, f"expected {count} workers"
        time.sleep(0.1)


def running(pid: int) -> bool:
    """Whether a process is there and not merely waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
