"""The verdict as one printable page: what was decided, why, with the words of the law, and what would change it."""

from __future__ import annotations

from itertools import groupby

from policy import terms
from policy.language import Language, Words
from policy.reading import ABSENT
from policy.record import Record
from policy.rule import rules
from policy.sheet import sheet
from policy.verdict import Decision, Finding, Verdict

SHOWN = ("refuse", "suspend", "warn", "unknown", "report")
"""Findings shown one by one; the others stand in a table."""


def page(verdict: Verdict, record: Record, language: Language) -> str:
    """One self-contained HTML page. The findings' messages are in the language in which the record was assessed."""
    words = Words(language)
    title = record.paper.title
    said = "" if isinstance(title, str) else getattr(title, "is_" if language == "is" else language)
    return sheet(
        "verdict.html",
        language,
        title=words.say("Verdict"),
        subject="" if said in ABSENT else said,
        kind="verdict-page",
        verdict=verdict,
        decision=words.say(terms.DECISIONS[verdict.verdict]),
        asked=words.say("to continue") if verdict.mode == "continue" else words.say("to start"),
        day=words.day(verdict.as_of) if verdict.as_of is not None else words.say("not stated"),
        jurisdiction=words.say(terms.JURISDICTIONS.get(verdict.profile, verdict.profile)),
        operations=[
            (name, _operation(record, name, words), decided, words.say(terms.DECISIONS[decided]))
            for name, decided in verdict.operations.items()
        ],
        groups=[(outcome, words.say(terms.OUTCOMES[outcome]), _merged(verdict, outcome, words)) for outcome in SHOWN],
        quiet=[
            (outcome, words.say(terms.OUTCOMES[outcome]), _merged(verdict, outcome, words))
            for outcome in ("pass", "not-applicable")
        ],
        changes=_changes(verdict),
        weights=terms.WEIGHTS,
        marks={mark: words.say(text) for mark, text in terms.MARKS.items()},
    )


def _operation(record: Record, name: str, words: Words) -> str:
    """What an operation is, in words."""
    for op in record.op if isinstance(record.op, tuple) else ():
        if op.id == name:
            parts = [
                words.say(table[value])
                for table, value in ((terms.OPERATIONS, op.kind), (terms.MODALITIES, op.modality))
                if value in table
            ]
            return ": ".join(parts)
    return ""


def _merged(verdict: Verdict, outcome: str, words: Words) -> list[tuple[Finding, str, list[str], list[str]]]:
    """The findings of an outcome, those of one rule with one message together: the operations, the missing facts."""
    found = [finding for finding in verdict.findings if finding.outcome == outcome]
    found.sort(key=lambda finding: finding.rule)  # stable: the order of the law's table within a rule

    def alike(finding: Finding) -> tuple[str, str, str | None, str]:
        message = finding.message if finding.outcome != "unknown" else ""
        return finding.rule, message, finding.mark, finding.why

    order = {finding.rule: index for index, finding in reversed(list(enumerate(verdict.findings)))}
    rows = []
    for _, same in groupby(
        sorted(found, key=lambda finding: (order[finding.rule], *map(str, alike(finding)))), key=alike
    ):
        group = list(same)
        rows.append(
            (
                group[0],
                _asked(group[0], words),
                [finding.operation for finding in group if finding.operation is not None],
                list(dict.fromkeys(fact for finding in group for fact in finding.missing)),
            )
        )
    return rows


def _changes(verdict: Verdict) -> list[tuple[list[tuple[str, str]], Decision]]:
    """Facts with the values that change the verdict, and what it becomes; a fact alone shows all its values at once."""
    rows: dict[tuple[Decision, tuple[str, ...]], list[tuple[str, ...]]] = {}
    for change in verdict.changes.sets if verdict.changes is not None else ():
        facts, values = tuple(change.facts), tuple(change.facts.values())
        # Values of facts that change together belong together: only a single fact's are listed side by side.
        rows.setdefault((change.verdict, facts if len(facts) == 1 else (*facts, *values)), []).append(values)
    return [
        (list(zip(key, map(", ".join, zip(*values, strict=True)), strict=False)), decision)
        for (decision, key), values in rows.items()
    ]


def _asked(finding: Finding, words: Words) -> str:
    """What a finding says. One for want of facts is shown by what the law asks; the facts stand below it."""
    known = rules()
    return (
        words.say(known[finding.rule].asks)
        if finding.outcome == "unknown" and finding.rule in known
        else finding.message
    )
