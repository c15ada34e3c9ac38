#!/usr/bin/env python3
"""Write docs/policy/rules.md: each rule in plain words, from the rules themselves.

python scripts/rules.py            after a rule has changed
python scripts/rules.py --check    exit 1 if the page isn't what the rules say
"""

from __future__ import annotations

import sys
from datetime import date
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from policy.rule import PROFILES, Rule, rules  # noqa: E402  the path must be set first

FILE = ROOT / "docs" / "policy" / "rules.md"
HEAD = """# What each rule means

Written by `make rules` from the rules themselves; `threshold policy explain RULE` has the same and the facts a rule
reads. Not legal advice. Outcome: what follows where a rule isn't fulfilled; *report* where it only says something.
Mark: *unverified* from memory, *inference* concluded with no source that says it, *weakened* a court faulted what it
stands on, *project-rule* beside the law; none: text that was read.
"""


def page() -> str:
    """The whole page."""
    known = list(rules().values())
    lines = [HEAD, f"{len(known)} rules.\n"]
    for subject, group in groupby(known, key=lambda rule: rule.check.__module__.rpartition(".")[2]):
        lines += [
            f"## {subject.capitalize()}\n",
            "| rule | asks | outcome | citation | holds | mark |",
            "|---|---|---|---|---|---|",
        ]
        lines += [_row(rule) for rule in group]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _row(rule: Rule) -> str:
    where = "everywhere" if rule.profiles == PROFILES else ", ".join(rule.profiles)
    when = "" if rule.since == date.min else f" from {rule.since}"
    until = f" until {rule.until}" if rule.until else ""
    outcome = "report" if rule.kind == "report" else rule.outcome
    cells = (f"`{rule.id}`", rule.asks, outcome, "; ".join(rule.citations), where + when + until, rule.mark or "")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main(words: list[str]) -> int:
    text = page()
    if "--check" in words:
        same = FILE.is_file() and FILE.read_text(encoding="utf-8") == text
        sys.stdout.write("" if same else f"{FILE}: expected what the rules say: make rules\n")
        return 0 if same else 1
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
