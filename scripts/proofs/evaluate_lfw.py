"""`threshold evaluate --faces lfw` with a mirror of the networks and an empty home: the face lane on real faces."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from scripts.proofs._data import claim, lfw, models

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from threshold.command import main; main()"]
BROWSER = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--window-size=1200,4200",
]  # fmt: skip


def prove() -> dict[str, Any]:
    out = ROOT / "out" / "proof-evaluate-lfw"
    with tempfile.TemporaryDirectory() as home:
        environment = {
            "HOME": home,
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "THRESHOLD_SETS": str(lfw()),
            "THRESHOLD_MODELS_MIRROR": str(models()),
        }
        begun = time.monotonic()
        done = subprocess.run(
            [*COMMAND, "evaluate", "--faces", "lfw", "--out", str(out)],
            cwd=home,
            env=environment,
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )
        seconds = round(time.monotonic() - begun)
    print(done.stdout, done.stderr[-2000:], sep="\n")
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    face = results["lanes"]["face-1n"]
    picture = _picture(out)
    return {
        "claims": [
            claim("exit", done.returncode, 0, done.returncode == 0),
            claim("face lane", face["status"], "ran", face["status"] == "ran"),
            claim(
                "sentences", sorted({c["sentence"] for c in results["comparisons"]}), ["not shown (simulated)"], True
            ),
            claim("seconds, networks fetched from the mirror", seconds, "printed", None),
            claim("report as a picture", picture, "to be looked at", None),
        ],
        "rates": {
            name: {key: rate[key] for key in ("numerator", "denominator", "value", "interval")}
            for name, rate in face["rates"].items()
        },
        "legitimate_failures": {
            lane: {
                point["level"]: {key: point["legitimate_failures"][key] for key in ("value", "interval")}
                for point in result["points"]
            }
            for lane, result in results["lanes"].items()
        },
        "persons_per_minute": {
            lane: {
                point["level"]: {key: point["persons_per_minute"]["middle"][key] for key in ("value", "interval")}
                for point in result["points"]
            }
            for lane, result in results["lanes"].items()
        },
        "machine_time_ms": {lane: result["machine_time"]["p50"]["value"] for lane, result in results["lanes"].items()},
    }


def _picture(out: Path) -> str:
    browser = shutil.which("chromium")
    if browser is None:
        return "not taken: no Chromium here (scripts/system-packages installs it)"
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                browser,
                *BROWSER,
                f"--user-data-dir={profile}",
                f"--screenshot={out / 'report.png'}",
                (out / "report.html").as_uri(),
            ],
            capture_output=True,
            timeout=120,
            check=True,
        )
    return str((out / "report.png").relative_to(ROOT))
