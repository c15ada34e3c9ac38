"""Decided cases: expected and got at both dates, refusals on stated facts alone, the share of allows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from policy import paths
from policy.case import expected
from policy.mutation import Subject, allowed, declares, mutations
from policy.record import read
from policy.replay import replay
from scripts.proofs._data import claim

RECORDS = Path(__file__).resolve().parents[2] / "policy" / "records"


def prove() -> dict[str, Any]:
    today = expected().today
    rows = replay(today)
    settled = [row for row in rows if row.row.verdict != "open"]
    against = [row for row in settled if row.got.verdict != "allow"]
    holding = [row for row in against if row.on_stated_facts]
    files = sorted(RECORDS.glob("*.yaml"))
    records = {path.stem: Subject(path.stem, paths.document(read(path)), today) for path in files}
    changed = [mutation for subject in allowed(RECORDS) for mutation in mutations(subject)]
    undeclared = [
        (mutation.fact, rule) for mutation in changed for rule in mutation.rules if not declares(rule, mutation.fact)
    ]
    verdicts = {
        "replay": Counter(row.got.verdict for row in rows),
        "records": Counter(subject.verdict().verdict for subject in records.values()),
        "mutations": Counter(mutation.verdict for mutation in changed),
    }
    together = sum(verdicts.values(), Counter[str]())
    alone = verdicts["replay"] + verdicts["records"]
    share = together["allow"] / together.total()
    sheets, amiss = len({row.case.id for row in rows}), sum(bool(row.problems) for row in rows)
    changed_rows = [row for row in rows if row.row.changed is not None]
    wrong = [f"{row.name} as of {row.as_of}: {problem}" for row in rows for problem in row.problems]
    return {
        "claims": [
            claim("sheets with a case", sheets, 10, sheets == 10),
            claim("verdicts as expected, at both dates", f"{len(settled) - amiss} of {len(settled)}", "all", not wrong),
            claim("beside them open, as no source gives a verdict", len(rows) - len(settled), "printed", None),
            claim("expectations changed after a result was seen", len(changed_rows), "printed", None),
            claim(
                "refusals and suspensions that hold on stated facts alone",
                f"{len(holding)} of {len(against)}",
                "all",
                len(holding) == len(against),
            ),
            claim("changes of a finding whose rule declares no such fact", len(undeclared), 0, not undeclared),
            claim("share of allows over replay, records and mutations", round(share, 3), "≥ 0.2", share >= 0.2),
            claim("the same over replay and records alone", round(alone["allow"] / alone.total(), 3), "printed", None),
            *(
                claim(f"verdicts, {kind}", dict(sorted(counted.items())), "printed", None)
                for kind, counted in verdicts.items()
            ),
        ],
        "today": today.isoformat(),
        "not as expected": wrong,
        "cases": [
            {
                "case": row.name,
                "as_of": row.as_of.isoformat(),
                "stated": row.stated,
                "assumed": row.assumed,
                "expected": row.row.verdict,
                "got": row.got.verdict,
                "stops on stated facts": list(row.on_stated_facts),
                "assumptions needed": list(row.needs),
                "changed": row.row.changed,
            }
            for row in rows
        ],
    }
