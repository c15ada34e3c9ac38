"""The machine a figure was taken on, and what a process used of it."""

from __future__ import annotations

import hashlib
import os
import platform
import resource
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from edge.backend import versions
from edge.machine import identity
from models.registry import Installed


def describe() -> dict[str, Any]:
    """Processor, cores, memory, system and the versions that decide speed and numbers."""
    return {
        **identity(),
        "memory_mb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("numpy", "onnxruntime", "opencv-python-headless", "scipy")}
        | {name: told for name, told in versions().items() if name == "ncnn"},
    }


def run_with(*networks: Installed) -> dict[str, Any]:
    """With which backend each network is run: onnxruntime on one thread, unless a race chose another here."""
    return {"runtimes": {each.network.id: asdict(each.runtime) for each in networks}}


@cache
def code(*suffixes: str) -> str:
    """SHA-256 over names and digests of all files of the installed packages, or of those with these suffixes: which
    code it was, to the letter."""
    told = hashlib.sha256()
    for package in ("benchmarks", "edge", "models", "policy", "threshold"):
        spec = find_spec(package)
        for root in sorted(spec.submodule_search_locations or ()) if spec else ():
            for path in sorted(Path(root).rglob("*")):
                name = path.relative_to(Path(root).parent).as_posix()
                if path.is_file() and "__pycache__" not in name and (not suffixes or path.suffix in suffixes):
                    told.update(f"{hashlib.sha256(path.read_bytes()).hexdigest()} {name}\n".encode())
    return told.hexdigest()


def peak_memory_mb() -> float:
    """The most resident memory this process has had so far, MiB (getrusage, ru_maxrss in KiB on Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cpu_seconds() -> float:
    """Processor time of this process so far, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
