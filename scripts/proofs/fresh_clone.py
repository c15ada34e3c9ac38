"""`make evaluate` and `make test` in a fresh clone with an empty home: exit codes, times, what came down, skips."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from scripts.proofs._data import claim

ROOT = Path(__file__).resolve().parents[2]


def size_mb(folder: Path) -> float:
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20)


def waited(clone: Path, environment: dict[str, str]) -> tuple[int, resource.struct_rusage]:
    """`make evaluate` with what it and all it started used."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(["make", "evaluate"], cwd=clone, env=environment, stdout=said, stderr=said)
        timer = threading.Timer(3000, process.kill)
        timer.start()
        try:
            _, status, spent = os.wait4(process.pid, 0)
        finally:
            timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, spent


def prove() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as place:
        clone = Path(place) / "threshold"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True, timeout=120)
        environment = {"HOME": home, "PATH": os.environ["PATH"]}
        claims, details = [], {}
        for target in ("evaluate", "test"):
            begun = time.monotonic()
            done = subprocess.run(
                ["make", target], cwd=clone, env=environment, capture_output=True, text=True, timeout=3000, check=False
            )
            seconds = round(time.monotonic() - begun)
            print(done.stdout[-3000:], done.stderr[-1500:], sep="\n")
            claims.append(claim(f"make {target}: exit", done.returncode, 0, done.returncode == 0))
            claims.append(claim(f"make {target}: seconds, set-up included", seconds, "printed", None))
            details[target] = done.stdout
        begun = time.monotonic()
        code, spent = waited(clone, environment)
        wall, cpu = round(time.monotonic() - begun, 1), round(spent.ru_utime + spent.ru_stime, 1)
        memory = round(spent.ru_maxrss / 1024)
        claims += [
            claim("make evaluate again, nothing to set up: exit", code, 0, code == 0),
            claim("make evaluate again: seconds", wall, "< 240", wall < 240),
            claim("make evaluate again: CPU seconds", cpu, "printed", None),
            claim("make evaluate again: peak memory of its largest process, MiB", memory, "< 1000", memory < 1000),
        ]
        results = json.loads((clone / "out" / "evaluate" / "results.json").read_text(encoding="utf-8"))
        ran = {lane: result["status"] for lane, result in results["lanes"].items()}
        as_programs = all(ran[lane] == "ran" for lane in ("face-1n", "tag-uid"))
        claims.append(claim("lanes", ran, "face-1n and tag-uid ran, the others are simulated", as_programs))
        sizes = {
            str(path.relative_to(clone)): path.stat().st_size
            for path in sorted((clone / "models").rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }
        claims.append(claim("everything in models/, bytes", sum(sizes.values()), "printed", None))
        report = clone / "out" / "evaluate" / "report.html"
        claims.append(
            claim("report written, bytes", report.stat().st_size if report.is_file() else 0, "> 0", report.is_file())
        )
        packages = subprocess.run(
            [clone / ".venv" / "bin" / "python", "-m", "pip", "list", "--format=freeze"],
            env=environment, capture_output=True, text=True, timeout=120, check=True,
        ).stdout.splitlines()  # fmt: skip
        claims.append(
            claim(
                "brought from the package registry: packages, MiB installed",
                [len(packages) - 1, size_mb(clone / ".venv")],
                "packages only",
                None,
            )
        )
    summary = next((line for line in reversed(details["test"].splitlines()) if re.search(r"\d+ passed", line)), "")
    skips: Counter[str] = Counter()
    for count, reason in re.findall(r"^SKIPPED \[(\d+)\] [^ ]+: (.*)$", details["test"], re.MULTILINE):
        skips[reason] += int(count)
    return {"claims": claims, "pytest": summary.strip("= "), "skips": dict(skips), "models": sizes}
