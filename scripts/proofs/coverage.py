"""Coverage of every interval the report prints, by simulation: 2,000 runs a regime, dependent trials included."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.coverage import HIGH, LOW, REGIMES, RUNS, simulate_all
from scripts.proofs._data import claim
from threshold.output import progress

PAGE = Path(__file__).resolve().parents[2] / "docs" / "statistics.md"
BEGIN, END = "<!-- coverage: written by make prove-coverage -->", "<!-- end of coverage -->"
SEED = 1
PROCESSES = 2


def prove() -> dict[str, Any]:
    runs = int(os.environ.get("THRESHOLD_PROOF_RUNS", RUNS))
    claims, regimes = [], []
    with progress() as bar:
        task = bar.add_task("regimes", total=len(REGIMES))
        for outcome in simulate_all(runs, SEED, PROCESSES):
            bar.advance(task)
            default = outcome.methods[outcome.default]
            target = (
                f"{LOW:.0%} or more, conservative by design" if outcome.conservative else f"{LOW:.0%} to {HIGH:.0%}"
            )
            claims.append(claim(outcome.about, round(default.share, 4), target, outcome.met))
            regimes.append(
                {
                    "regime": outcome.regime,
                    "about": outcome.about,
                    "conservative": outcome.conservative,
                    "methods": {
                        name: {
                            "covers": round(covered.share, 4),
                            "truth_below": round(covered.below, 4),
                            "truth_above": round(covered.above, 4),
                            "mean_width": round(covered.width, 5),
                        }
                        for name, covered in outcome.methods.items()
                    },
                }
            )
    missed = [row["about"] for row, made in zip(regimes, claims, strict=True) if not made["met"]]
    if runs == RUNS:
        write(table(runs, SEED, regimes))
    return {"claims": claims, "runs": runs, "seed": SEED, "missed": missed, "regimes": regimes}


def table(runs: int, seed: int, regimes: Sequence[dict[str, Any]]) -> str:
    """The regimes as a Markdown table."""
    missed = [row["about"] for row in regimes if not _met(row)]
    lines = [
        f"{runs:,} runs a regime, seed {seed}; the bootstraps within them have 300 replicates. "
        + ("Regimes that the default misses: " + "; ".join(missed) + "." if missed else "No regime is missed."),
        "",
        "| regime | default covers | width | others: covers, width |",
        "|---|---|---|---|",
    ]
    for row in regimes:
        (_, default), *others = row["methods"].items()
        beside = "; ".join(f"{name}: {_percent(other['covers'])}, {other['mean_width']:.4f}" for name, other in others)
        mark = "" if _met(row) else " **missed**"
        lines.append(
            f"| {row['about']} | {_percent(default['covers'])}{mark} | {default['mean_width']:.4f} | {beside} |"
        )
    return "\n".join(lines)


def write(text: str) -> None:
    """Put the table into docs/statistics.md, between its marks."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def _met(row: dict[str, Any]) -> bool:
    covers: float = next(iter(row["methods"].values()))["covers"]
    return covers >= LOW and (row["conservative"] or covers <= HIGH)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
