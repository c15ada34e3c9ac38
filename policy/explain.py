"""One rule in plain words."""

from __future__ import annotations

from policy.language import Words
from policy.rule import STRICT, Rule

OUTCOMES = {
    "refuse": "Where it is not fulfilled, the operation must not run.",
    "suspend": "Where it is not fulfilled, what runs stops until it is repaired.",
    "warn": "Where it is not fulfilled, it runs and the finding stays in the report.",
    "report": "It reports or modifies; it neither passes nor fails.",
}
SCOPES = {
    "person": "It is asked for each person.",
    "operation": "It is asked for each operation.",
    "deployment": "It is asked once for the whole.",
}
MARKS = {
    "unverified": "From memory, not verified against the text.",
    "inference": "The project's own inference: no source says it in these words.",
    "weakened": "A court faulted what it stands on.",
    "project-rule": "A rule of this project beside the law.",
}
STRICT_NOTE = "A warning becomes a refusal where a minor is concerned (children-strict-mode)."
TEXTS = (*OUTCOMES.values(), *SCOPES.values(), *MARKS.values(), STRICT_NOTE)


def explained(rule: Rule, language: str = "en") -> dict[str, object]:
    """What a rule asks, where it stands, when and where it holds, which facts it reads."""
    words = Words(language)
    return {
        "rule": rule.id,
        "asks": words.say(rule.asks),
        "where not": words.say(rule.fails),
        "outcome": words.say(OUTCOMES["report" if rule.kind == "report" else rule.outcome]),
        "lighter": [words.say(milder.why) for milder in rule.milder],
        "stricter": words.say(STRICT_NOTE) if rule.family in STRICT else "",
        "asked": words.say(SCOPES[rule.scope]),
        "citations": list(rule.citations),
        "holds under": list(rule.profiles),
        "holds from": "" if rule.since.year == 1 else rule.since.isoformat(),
        "holds until": "" if rule.until is None else rule.until.isoformat(),
        "not confirmed in force under": list(rule.unconfirmed),
        "family": rule.family,
        "reads": sorted(rule.facts),
        "certainty": "" if rule.mark is None else words.say(MARKS[rule.mark]),
        "source": rule.source,
    }
