"""What the gate says, and why: findings, and the verdict made of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

Outcome = Literal["pass", "warn", "suspend", "refuse", "unknown", "not-applicable", "report"]
Decision = Literal["allow", "suspend", "refuse"]
Mode = Literal["start", "continue"]


class Finding(BaseModel):
    """What one rule said and which facts it read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    outcome: Outcome
    citations: tuple[str, ...]
    facts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    message: str
    mark: str | None = None
    """How sure the rule itself is: `project-rule`, `unverified`, `inference`, `weakened`, or None for text that was
    read; `not-confirmed-in-force` where that is so under the record's jurisdiction."""
    counts_as: Literal["refuse", "suspend", "warn"] | None = None
    """Of an unknown finding: the rule's fail, which it counts as; refuse unless said."""
    operation: str | None = None
    """The id of the operation it is about; None: the person or the whole deployment."""
    escalated: bool = False
    """Was a warning turned into a refusal because a minor is concerned?"""
    why: str = ""
    """Why the outcome is lighter or heavier than the rule's own."""
    source: str = ""

    @property
    def weight(self) -> Outcome:
        """The outcome it counts as."""
        return (self.counts_as or "refuse") if self.outcome == "unknown" else self.outcome


class Exposure(BaseModel):
    """Which tier of fines the failed rules fall under; a ceiling, no forecast."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tier: Literal[0, 1, 2]
    ceiling: str
    citation: str
    mark: str | None = None
    rules: tuple[str, ...]


class Change(BaseModel):
    """Facts that, so set together, change the verdict."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    facts: Mapping[str, str]
    """Fact → the value it would have, in words."""
    verdict: Decision


class Changes(BaseModel):
    """The shortest sets of facts that would change the verdict, as far as they were looked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    searched: int
    """The largest number of facts that were changed together."""
    sets: tuple[Change, ...]
    complete: bool
    """Were all sets up to that size tried? False where the search ended at its bound."""


class Verdict(BaseModel):
    """Allow, refuse or suspend; with every finding, and what would have to be shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdict: Decision
    warnings: tuple[str, ...] = ()
    findings: tuple[Finding, ...]
    needs: tuple[str, ...] = ()
    mode: Mode = "start"
    as_of: date | None = None
    profile: str = "unknown"
    operations: Mapping[str, Decision] = {}
    """For each operation: what its own findings and those on the whole say."""
    exposure: Exposure | None = None
    mitigating: tuple[str, ...] = ()
    aggravating: tuple[str, ...] = ()
    changes: Changes | None = None
    """None: not asked for."""

    @classmethod
    def of(cls, *findings: Finding, mode: Mode = "start") -> Verdict:
        """Refuse outweighs suspend outweighs allow, unknown counts as the rule's fail (refuse unless it says another),
        and that no rule was asked refuses. Who asks to continue is suspended where a start would be refused.
        """
        return cls(
            verdict=decide(findings, mode),
            warnings=tuple(finding.message for finding in findings if finding.weight == "warn"),
            findings=findings,
            needs=tuple(dict.fromkeys(fact for finding in findings for fact in finding.missing)),
            mode=mode,
        )


def decide(findings: tuple[Finding, ...], mode: Mode = "start") -> Decision:
    """What findings come to; see Verdict.of."""
    weights = {finding.weight for finding in findings}
    if not weights or "refuse" in weights:
        return "suspend" if mode == "continue" else "refuse"
    return "suspend" if "suspend" in weights else "allow"
