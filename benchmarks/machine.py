"""The machine a figure was taken on, and what a process used of it."""

from __future__ import annotations

import os
import platform
import resource
from importlib.metadata import version
from typing import Any

from edge.machine import identity


def describe() -> dict[str, Any]:
    """Processor, cores, memory, system and the versions that decide speed and numbers."""
    return {
        **identity(),
        "memory_mb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("numpy", "onnxruntime", "opencv-python-headless", "scipy")},
    }


def peak_memory_mb() -> float:
    """The most resident memory this process has had so far, MiB (getrusage, ru_maxrss in KiB on Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cpu_seconds() -> float:
    """Processor time of this process so far, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
