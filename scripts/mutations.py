#!/usr/bin/env python3
"""Write docs/policy/mutations.csv anew from allowed records and rules; `--check` only says whether it is stale."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
TABLE = ROOT / "docs" / "policy" / "mutations.csv"


def main(check: bool) -> int:
    from policy.mutation import allowed, mutations, table

    text = table(found for subject in allowed(ROOT / "policy" / "records") for found in mutations(subject))
    if TABLE.is_file() and TABLE.read_text(encoding="utf-8") == text:
        return 0
    print(f"{'stale, run make mutations' if check else 'written'}: {TABLE.relative_to(ROOT)}")
    if not check:
        TABLE.parent.mkdir(parents=True, exist_ok=True)
        TABLE.write_text(text, encoding="utf-8")
    return 1 if check else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
