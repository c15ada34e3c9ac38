"""The report as PDF in three languages: PDF/UA-1, tags and reading order by poppler, the page's text to the letter."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from scripts.proofs._data import claim

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from threshold.command import main; main()"]


def prove() -> dict[str, Any]:
    out = ROOT / "out" / "proof-pdf"
    if shutil.which("pdfinfo") is None:
        raise SystemExit("expected poppler's pdfinfo (scripts/system-packages), found none.")
    _run([*COMMAND, "evaluate", "--quick", "--out", str(out)])
    tagged, sizes, counts = {}, {}, {}
    for language in ("en", "sv", "is"):
        path = out / f"report-{language}.pdf"
        words = ["report", str(out / "results.json"), "--format", "pdf", "--lang", language, "--out", str(path)]
        _run([*COMMAND, *words])
        tagged[language] = bool(re.search(r"Tagged: +yes", _run(["pdfinfo", str(path)])))
        tree = _run(["pdfinfo", "-struct", str(path)])
        counts[language] = {tag: len(re.findall(rf"(?m)^ *{tag}\b", tree)) for tag in ("H1", "H2", "Table", "TH", "P")}
        sizes[language] = round(path.stat().st_size / 2**20, 2)
        _run(["pdftoppm", "-r", "60", "-png", str(path), str(out / f"page-{language}")])
    tried = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/benchmarks/test_paper.py"],
        cwd=ROOT, capture_output=True, text=True, timeout=1800, check=False,
    )  # fmt: skip
    return {
        "claims": [
            claim("tagged, as poppler reads it", tagged, "all", all(tagged.values())),
            claim("tags found", counts, "the same in each language", len({str(each) for each in counts.values()}) == 1),
            claim(
                "order, text and numbers against page and JSON, annex apart",
                tried.stdout.strip().splitlines()[-1], "all pass", tried.returncode == 0,
            ),
            claim("size, MiB", sizes, "printed", None),
            claim("pages as pictures", "out/proof-pdf/page-*.png", "to be looked at", None),
        ]
    }  # fmt: skip


def _run(words: list[str]) -> str:
    done = subprocess.run(words, cwd=ROOT, capture_output=True, timeout=900, check=False)
    if done.returncode:
        raise SystemExit(f"{words[0]} ended with {done.returncode}:\n{done.stderr.decode()[-2000:]}")
    return done.stdout.decode("utf-8", "replace")
