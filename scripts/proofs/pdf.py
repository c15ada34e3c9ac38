"""The report as PDF in three languages: tags, order and numbers checked; sizes, time and memory of making it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from scripts.proofs._data import claim
from scripts.proofs._tagged import counts, problems

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from threshold.command import main; main()"]
LANGUAGES = ("en", "sv", "is")
TESTS = ("test_paper.py", "test_tagged.py", "test_numbers.py")
MEASURED = """
import json, resource, sys, time
from pathlib import Path
from benchmarks.paper import paper
from benchmarks.report import read, render
found = read(Path(sys.argv[1]))
begun = time.perf_counter()
page = render(found, sys.argv[2])
rendered = time.perf_counter()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
made = paper(page, found.created)
print(json.dumps({
    "page, s": round(rendered - begun, 2), "PDF, s": round(time.perf_counter() - rendered, 2),
    "memory before the PDF, MiB": round(before / 1024),
    "memory at most, MiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
}))
"""


def prove() -> dict[str, Any]:
    out = ROOT / "out" / "proof-pdf"
    if shutil.which("pdfinfo") is None:
        raise SystemExit("expected poppler's pdfinfo (scripts/system-packages), found none.")
    results, prices = out / "results.json", out / "prices.toml"
    _run([*COMMAND, "evaluate", "--quick", "--out", str(out)])
    prices.unlink(missing_ok=True)
    _run([*COMMAND, "cost", "--template", "--out", str(prices)])
    whole = ["--record", "policy/records/school-tags.yaml", "--prices", str(prices)]
    tagged, wrong, found, sizes, taken = {}, {}, {}, {}, {}
    for language in LANGUAGES:
        path = out / f"report-{language}.pdf"
        words = ["report", str(results), "--format", "pdf", "--lang", language, "--out", str(path)]
        _run([*COMMAND, *words, *whole])
        tagged[language] = bool(re.search(r"Tagged: +yes", _run(["pdfinfo", str(path)])))
        content = path.read_bytes()
        wrong[language] = {name: told for name, told in problems(content).items() if told}
        found[language] = counts(content)
        sizes[language] = round(len(content) / 2**20, 2)
        taken[language] = json.loads(_run([sys.executable, "-c", MEASURED, str(results), language]))
        _run(["pdftoppm", "-r", "60", "-png", str(path), str(out / f"page-{language}")])
    alike = {
        json.dumps({key: told[key] for key in ("H1", "H2", "H3", "Table", "TR", "TH", "TD", "Figure", "Link")})
        for told in found.values()
    }
    return {
        "claims": [
            claim("tagged, as poppler reads it", tagged, "all", all(tagged.values())),
            claim("wrong with marks, content, headings, kinds, figures, tables, links, fonts", wrong, "nothing",
                  not any(wrong.values())),
            claim("tags found", found, "the same in each language", len(alike) == 1),
            *(claim(what, told, "all pass", passed) for what, told, passed in map(_tests, TESTS)),
            claim("size, MiB", sizes, "printed", None),
            claim("time and memory of page and PDF", taken, "printed", None),
            claim("pages as pictures", "out/proof-pdf/page-*.png", "to be looked at", None),
        ]
    }  # fmt: skip


def _tests(name: str) -> tuple[str, str, bool]:
    """What a file of tests shows, its last line, and whether all of it passed."""
    path = ROOT / "tests" / "benchmarks" / name
    tried = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path)],
        cwd=ROOT, capture_output=True, text=True, timeout=1800, check=False,
    )  # fmt: skip
    about = path.read_text(encoding="utf-8").splitlines()[0].strip('"')
    return about, tried.stdout.strip().splitlines()[-1], tried.returncode == 0 and " skipped" not in tried.stdout


def _run(words: list[str]) -> str:
    done = subprocess.run(words, cwd=ROOT, capture_output=True, timeout=900, check=False)
    if done.returncode:
        raise SystemExit(f"{words[0]} ended with {done.returncode}:\n{done.stderr.decode()[-2000:]}")
    return done.stdout.decode("utf-8", "replace")
