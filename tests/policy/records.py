"""Facts to judge in tests and proofs: records at hand, and records generated from the values a fact can have."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from policy.domains import Place, domain, get, places, put, values
from policy.record import facts, read

FOLDER = Path(__file__).parents[2] / "policy" / "records"
TODAY = date(2026, 11, 20)


def load(name: str) -> dict[str, Any]:
    """The facts of a record in policy/records."""
    return facts(read(FOLDER / f"{name}.yaml"))


def known(base: dict[str, Any]) -> list[tuple[Place, str]]:
    """The single facts of a record that are not unknown; names of entries are no facts, they can't be unknown."""
    return [(place, path) for place, path in places(base) if get(base, place) != "unknown" and domain(path)]


def generated(bases: list[dict[str, Any]], count: int, seed: int, as_of: date = TODAY) -> Iterator[dict[str, Any]]:
    """Records near to and far from the bases: each fact is changed with a probability drawn for the record, and whole
    lists may be none, unknown or shorter."""
    random = Random(seed)  # noqa: S311  a repeatable choice, no secret
    fixed = [list(places(base)) for base in bases]
    tables = [[(place, path, values(base, place, path, as_of)) for place, path in at]
              for base, at in zip(bases, fixed, strict=True)]  # fmt: skip
    for _ in range(count):
        chosen = random.randrange(len(bases))
        made, share = bases[chosen], random.choice((0.005, 0.02, 0.1, 0.5, 1.0))
        for place, _, options in tables[chosen]:
            if options and random.random() < share:
                made = put(made, place, random.choice(options))
        for name in ("purp", "op", "field", "alt", "proc", "joint", "xfer", "doc"):
            if random.random() < share / 8:
                made = put(made, (name,), random.choice(("none", "unknown")))
        yield made
