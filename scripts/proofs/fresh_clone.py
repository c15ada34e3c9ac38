"""`make evaluate` and `make test` in a fresh clone with an empty home: exit codes, times, what came down, skips."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from scripts.proofs._data import claim

ROOT = Path(__file__).resolve().parents[2]


def size_mb(folder: Path) -> float:
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20)


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
        again = subprocess.run(
            ["make", "evaluate"], cwd=clone, env=environment, capture_output=True, text=True, timeout=3000, check=False
        )
        claims.append(
            claim(
                "make evaluate again, nothing to set up: seconds", round(time.monotonic() - begun, 1), "printed", None
            )
        )
        claims.append(claim("make evaluate again: exit", again.returncode, 0, again.returncode == 0))
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
    return {"claims": claims, "pytest": summary.strip("= "), "skips": dict(skips)}
