"""The gate's verdict on a processing record, as results carry it beside their figures."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

from benchmarks.evidence import Attached
from benchmarks.language import LANGUAGES
from policy.engine import ground, verdict
from policy.record import read
from policy.verdict import Finding

WEIGHTS = ("refuse", "suspend")
"""Findings that stand in a report; warnings and what is missing are counted."""


def attached(path: Path, as_of: date, profile: str | None = None) -> Attached:
    """What the rules say of the record in `path` as of a day. Raises RecordError for a record that can't be read."""
    record = read(path)
    facts = ground(record, as_of, profile)
    said = verdict(facts)
    return Attached(
        record=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        verdict=said.verdict,
        profile=said.profile,
        as_of=as_of.isoformat(),
        against={language: _against(verdict(facts, "start", language).findings) for language in LANGUAGES},
        warnings=len(said.warnings),
        needs=len(said.needs),
    )


def _against(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    heavy = [finding for weight in WEIGHTS for finding in findings if finding.weight == weight]
    return tuple(dict.fromkeys(f"{finding.rule}: {finding.message}" for finding in heavy))
