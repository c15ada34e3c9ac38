"""The report in three languages: axe-core in Chromium, the traps tried, what a script can hold of the results."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from scripts.proofs._data import claim

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from threshold.command import main; main()"]
AXE = "axe-core@4"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BROWSER = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--window-size=1200,4200",
]  # fmt: skip
RATE = {"numerator", "denominator", "value", "interval", "level", "method", "source", "grade"}


def prove() -> dict[str, Any]:
    out = ROOT / "out" / "proof-report"
    browser, npm = shutil.which("chromium"), shutil.which("npm")
    if browser is None or npm is None:
        raise SystemExit("expected chromium (scripts/system-packages) and npm, which brings axe-core; found not both.")
    _run([*COMMAND, "evaluate", "--out", str(out)])
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        _run([npm, "pack", "--silent", AXE, "--pack-destination", folder])
        archive = next(Path(folder).glob("axe-core-*.tgz"))
        with tarfile.open(archive) as packed:
            source = packed.extractfile("package/axe.min.js")
            axe = source.read().decode() if source else ""
        found = {language: _violations(out, language, axe, browser, Path(folder)) for language in ("en", "sv", "is")}
    tried = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/benchmarks/test_traps.py"],
        cwd=ROOT, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    said = tried.stdout.strip().splitlines()[-1]
    doors = results["doors"]["lanes"]
    rates = [run[name] for lane in doors.values() for run in lane["runs"] for name in ("legitimate_failures", "late")]
    held = sum(set(rate) >= RATE for rate in rates)
    broken = {key: value[0] for key, value in found.items()}
    passed = {key: value[1] for key, value in found.items()}
    pictures = [f"out/proof-report/{key}.png" for key in found]
    with_rows = sum(bool(lane["transactions"]) for lane in doors.values())
    return {
        "claims": [
            claim("axe-core violations, by language", broken, "none", not any(broken.values())),
            claim("axe-core rules passed, by language", passed, "printed", None),
            claim("the 24 traps, each refused or marked as it asks", said, "all pass", tried.returncode == 0),
            claim("lanes in results.json with their transactions", with_rows, 11, with_rows == 11),
            claim("rates at the doors in the form of the evidence", held, len(rates), held == len(rates)),
            claim("pages as pictures", pictures, "to be looked at", None),
        ]
    }


def _violations(out: Path, language: str, axe: str, browser: str, folder: Path) -> tuple[list[str], int]:
    """Rules that the page breaks, and how many it keeps. Only the copy that is looked at may run scripts."""
    page = out / f"{language}.html"
    _run([*COMMAND, "report", str(out / "results.json"), "--lang", language, "--out", str(page)])
    script = f"""<script>{axe.replace("</", "<" + chr(92) + "/")}</script><script>
axe.run(document, {{runOnly: {json.dumps(TAGS)}}}).then(found => {{
  const told = document.createElement("pre");
  told.id = "axe";
  const broken = found.violations.map(v => v.id + ": " + v.nodes[0].html.slice(0, 120));
  told.textContent = JSON.stringify([broken, found.passes.length]);
  document.body.append(told);
}});</script></body>"""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text(encoding="utf-8"))
    copy = folder / f"{language}.html"
    copy.write_text(text.replace("</body>", script), encoding="utf-8")
    chromium = [browser, *BROWSER, f"--user-data-dir={folder / language}"]
    shown = _run([*chromium, "--virtual-time-budget=60000", "--dump-dom", copy.as_uri()])
    found = re.search(r'<pre id="axe">(.*?)</pre>', shown, re.DOTALL)
    if found is None:
        raise SystemExit(f"{copy}: expected axe-core's findings in the page, found none: it didn't run to its end.")
    _run([*chromium, f"--screenshot={out / language}.png", page.as_uri()])
    violations, passes = json.loads(found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    return violations, passes


def _run(words: list[str]) -> str:
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        raise SystemExit(f"{words[0]} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout
