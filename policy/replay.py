"""Decided cases, judged by the rules of this version: at their own date and today, expected beside got.

A refusal counts only when it holds on what the sources state: every assumed fact is made unknown, and a rule must still
refuse outright, without pleading that something is missing. Filling the unknown facts in cannot clear it, since a rule
answers outright only when no value of what it doesn't know could change the answer (a test fills them in at random). An
allow lists the assumptions without which it would be lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from policy import paths
from policy.case import Case, CaseError, Row, cases, expected
from policy.engine import assess
from policy.record import Record
from policy.verdict import Verdict

SPEAKS_AGAINST = frozenset({"refuse", "suspend", "unknown", "warn", "report"})
STOPS = frozenset({"refuse", "suspend"})


@dataclass(frozen=True, slots=True)
class Replayed:
    """One case at one date: what was expected, what the rules say, and what that rests on."""

    case: Case
    row: Row
    no_evidence_for: tuple[str, ...]
    as_of: date
    got: Verdict
    stated: int
    assumed: int
    on_stated_facts: tuple[str, ...]
    """Rules that stop it outright when every assumed fact is unknown; of an allow, none."""
    needs: tuple[str, ...]
    """Of an allow: the assumed facts that it would be lost without."""
    problems: tuple[str, ...]
    """In which ways this is not as expected; empty when it is."""

    @property
    def name(self) -> str:
        """The case, and the variant where there is one."""
        return self.case.id if self.row.variant is None else f"{self.case.id}, {self.row.variant}"

    @property
    def decided_by(self) -> tuple[str, ...]:
        """The rules whose findings make the verdict, or warn in an allow."""
        if self.got.verdict == "allow":
            return tuple(dict.fromkeys(finding.rule for finding in self.got.findings if finding.weight == "warn"))
        return tuple(dict.fromkeys(finding.rule for finding in self.got.findings if finding.outcome in STOPS))

    @property
    def unknown(self) -> tuple[str, ...]:
        """The rules that could not answer because a fact they read is missing."""
        return tuple(dict.fromkeys(finding.rule for finding in self.got.findings if finding.outcome == "unknown"))


def replay(today: date) -> tuple[Replayed, ...]:
    """Every row of expected.toml; rows of `today` are judged as of that day. Raises policy.case.CaseError."""
    known = {case.id: case for case in cases()}
    return tuple(
        judge(known[entry.id], row, entry.no_evidence_for, known[entry.id].date if row.as_of == "own" else today)
        for entry in expected().case
        for row in entry.row
    )


def judge(case: Case, row: Row, no_evidence_for: tuple[str, ...], as_of: date) -> Replayed:
    """One row as of a day."""
    whole = case.document(as_of, row.variant)
    if whole["dep"]["jurisdiction"] != row.profile:
        raise CaseError(
            f"{case.id}, {row.variant or 'as decided'}: expected the record under {row.profile}, as its row in "
            f"expected.toml says, found {whole['dep']['jurisdiction']}. Mend one of them."
        )
    assumed = case.assumed(whole, as_of, row.variant)
    got = verdict(whole, row, as_of)
    holding: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    if got.verdict == "allow":
        needs = tuple(path for path in assumed if verdict(paths.without(whole, {path}), row, as_of).verdict != "allow")
    else:
        bare = verdict(stated_only(case, whole, as_of, row.variant), row, as_of)
        holding = tuple(dict.fromkeys(finding.rule for finding in bare.findings if finding.outcome in STOPS))
    return Replayed(
        case=case,
        row=row,
        no_evidence_for=no_evidence_for,
        as_of=as_of,
        got=got,
        stated=len(paths.known(whole)) - len(assumed),
        assumed=len(assumed),
        on_stated_facts=holding,
        needs=needs,
        problems=tuple(_problems(row, got, holding)),
    )


def stated_only(case: Case, whole: dict[str, Any], as_of: date, variant: str | None) -> dict[str, Any]:
    """The document with every assumed fact unknown, and every list that may be incomplete too."""
    return paths.without(whole, set(case.assumed(whole, as_of, variant)) | case.open_lists())


def verdict(whole: dict[str, Any], row: Row, as_of: date) -> Verdict:
    """What the rules say of a record as its row asks."""
    return assess(Record.model_validate(whole), as_of=as_of, mode=row.ask)


def _problems(row: Row, got: Verdict, holding: tuple[str, ...]) -> Iterator[str]:
    if row.verdict not in ("open", got.verdict):
        yield f"expected {row.verdict}, got {got.verdict}"
    against = {finding.rule for finding in got.findings if finding.outcome in SPEAKS_AGAINST}
    if missing := [rule for rule in row.because if rule not in against]:
        yield f"expected to speak against it: {', '.join(missing)}"
    if extra := [rule for rule in row.not_because if rule in against]:
        yield f"expected to be silent by then: {', '.join(extra)}"
    if got.verdict != "allow" and row.verdict != "open" and not holding:
        yield "no rule stops it on the stated facts alone"
