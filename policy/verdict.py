"""What the gate says, and why: findings, and the verdict made of them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Outcome = Literal["pass", "warn", "suspend", "refuse", "unknown", "not-applicable", "report"]
Decision = Literal["allow", "suspend", "refuse"]


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
    """How sure the rule itself is: `project-rule`, `unverified`, `inference`, or None for text that was read."""


class Verdict(BaseModel):
    """Allow, refuse or suspend; with every finding, and what would have to be shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdict: Decision
    warnings: tuple[str, ...] = ()
    findings: tuple[Finding, ...]
    needs: tuple[str, ...] = ()

    @classmethod
    def of(cls, *findings: Finding) -> Verdict:
        """Refuse outweighs suspend outweighs allow, unknown counts as refuse, and so does that no rule was asked."""
        outcomes = {finding.outcome for finding in findings}
        decision: Decision = "allow"
        if not outcomes or outcomes & {"refuse", "unknown"}:
            decision = "refuse"
        elif "suspend" in outcomes:
            decision = "suspend"
        return cls(
            verdict=decision,
            warnings=tuple(finding.message for finding in findings if finding.outcome == "warn"),
            findings=findings,
            needs=tuple(dict.fromkeys(fact for finding in findings for fact in finding.missing)),
        )
