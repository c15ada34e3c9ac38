"""The machine this runs on, by what decides the speed of a network."""

from __future__ import annotations

import os
import platform
from pathlib import Path

ROOT = Path("/")


def identity(root: Path = ROOT) -> dict[str, str | int]:
    """Processor or board, architecture, and the cores that this process may use."""
    return {
        "processor": processor(root),
        "architecture": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
    }


def processor(root: Path = ROOT) -> str:
    """A board's name (device tree), else the processor's (/proc/cpuinfo), else `unknown`."""
    model = root / "proc/device-tree/model"
    if model.is_file():
        return model.read_text(encoding="utf-8").strip("\0")
    for line in (root / "proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"
