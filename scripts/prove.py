#!/usr/bin/env python3
"""Measure one of the project's claims again and write docs/proof/NAME.json: figures, targets, met, machine, commit.

    make prove-list                the names
    make prove-lfw-view2           one of them

Heavy ones need the development data: folders with the public networks and LFW, by default ../shared/models and
../shared/lfw beside the checkout, or THRESHOLD_PROOF_MODELS and THRESHOLD_PROOF_LFW.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts import proofs  # noqa: E402  the path must be set first


def commit() -> str:
    """The commit measured, and whether files were changed beside it (the proofs themselves aside)."""
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--", ".", ":!docs/proof"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return (head.stdout.strip() or "unknown") + (" with uncommitted changes" if changed.stdout.strip() else "")


def main(name: str) -> int:
    known = {
        module.name.replace("_", "-"): module.name
        for module in pkgutil.iter_modules(proofs.__path__)
        if not module.name.startswith("_")
    }
    if name == "list" or name not in known:
        for key, module in known.items():
            about = (importlib.import_module(f"scripts.proofs.{module}").__doc__ or "").splitlines()[0]
            print(f"make prove-{key:<22}{about}")
        return 0 if name == "list" else 2
    from benchmarks.machine import describe

    begun = datetime.now(UTC)
    claims = importlib.import_module(f"scripts.proofs.{known[name]}").prove()
    document = {
        "name": name,
        "command": f"make prove-{name}",
        "met": all(claim["met"] for claim in claims["claims"] if claim["met"] is not None),
        **claims,
        "machine": describe(),
        "commit": commit(),
        "begun": begun.isoformat(timespec="seconds"),
        "wall_s": round((datetime.now(UTC) - begun).total_seconds(), 1),
    }
    path = ROOT / "docs" / "proof" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    for claim in claims["claims"]:
        verdict = {True: "met", False: "NOT met", None: "printed"}[claim["met"]]
        print(f"{verdict:8} {claim['claim']}: {claim['figure']} (target: {claim['target']})")
    print(f"written: {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "list"))
