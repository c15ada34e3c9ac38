#!/usr/bin/env python3
"""Write models/figures.json, the figures on the networks' cards, from what the proofs in docs/proof measured.

    python scripts/figures.py            after a proof was measured again
    python scripts/figures.py --check    exit 1 if the file isn't what the proofs say

A figure belongs to the file that was measured, by its digest: one of an older file goes away.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "models" / "figures.json"


def collected(folder: Path) -> str:
    """The file's text: of every network measured, its figures in the order of the proofs' names."""
    by_network: dict[tuple[str, str], list[object]] = {}
    for path in sorted(folder.glob("*.json")):
        for card in json.loads(path.read_text(encoding="utf-8")).get("cards", []):
            by_network.setdefault((card["network"], card["sha256"]), []).extend(card["figures"])
    entries = [
        {"network": network, "sha256": sha256, "figures": figures}
        for (network, sha256), figures in sorted(by_network.items())
    ]
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"


def main(words: list[str]) -> int:
    text = collected(ROOT / "docs" / "proof")
    if "--check" in words:
        same = FILE.is_file() and FILE.read_text(encoding="utf-8") == text
        sys.stdout.write("" if same else f"{FILE}: expected what docs/proof says: python scripts/figures.py\n")
        return 0 if same else 1
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
