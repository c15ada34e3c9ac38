"""Dask schedulers and workers that find the tests' own modules, for the tests of what runs on them."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from scripts.proofs import _dask
from scripts.proofs._dask import IN_MEMORY as MEMORY
from scripts.proofs._dask import ROOT, joined
from scripts.proofs._dask import START_S as TIMEOUT_S

PATHS = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "benchmarks"), str(ROOT / "tests")])
scheduling = partial(_dask.scheduling, PYTHONPATH=PATHS)
worker = partial(_dask.worker, PYTHONPATH=PATHS)
__all__ = ("MEMORY", "PATHS", "TIMEOUT_S", "joined", "running", "scheduling", "worker")


def running(pid: int) -> bool:
    """Whether a process is there and not merely waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
