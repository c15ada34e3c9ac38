"""What all findings together come to beside the verdict: the tier of fines, and what weighs for and against."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from policy.language import Words
from policy.verdict import Exposure
from policy.view import Ground

if TYPE_CHECKING:
    from policy.engine import Judged

CEILINGS: dict[str, tuple[tuple[str, str, str | None], tuple[str, str, str | None]]] = {
    "is": (
        ("ISK 100,000 to 1.2 billion, or 2 % of turnover", "Act 90/2018 Art 46(2)", None),
        ("ISK 100,000 to 2.4 billion, or 4 % of turnover", "Act 90/2018 Art 46(3)", None),
    ),
    "se": (
        (
            "SEK 5 million for an authority; others EUR 10 million or 2 % of turnover",
            "SFS 2018:218 6:2; GDPR Art 83(4)",
            "unverified",
        ),
        (
            "SEK 10 million for an authority; others EUR 20 million or 4 % of turnover",
            "SFS 2018:218 6:2; GDPR Art 83(5)",
            None,
        ),
    ),
}
"""By profile and tier: ceiling, where it stands, mark."""
GENERAL = (
    ("EUR 10 million or 2 % of turnover", "GDPR Art 83(4)", None),
    ("EUR 20 million or 4 % of turnover", "GDPR Art 83(5)", None),
)
NOTHING = "No failed rule falls under fines."

NO_HARM = "No one is known to have come to harm."
SECURE = "Security was found adequate by the record's own statements."
OBEYED = "Every order was confirmed to the authority."
WARNED = "A comparable decision is known and not every point of it is remedied."
CHILDREN = "A minor or pupil is concerned, or may be."
SENSITIVE = "Biometric data are processed to identify people."
UNSAFE = "Data leave the EEA without what makes that safe."

TEXTS = (NOTHING, NO_HARM, SECURE, OBEYED, WARNED, CHILDREN, SENSITIVE, UNSAFE,
         *(row[0] for row in GENERAL), *(row[0] for rows in CEILINGS.values() for row in rows))  # fmt: skip


def exposure(ground: Ground, judged: Iterable[Judged], words: Words) -> Exposure:
    """The highest tier of the rules that failed or could not be judged."""
    failed = {rule.id: rule.tier for rule, _, judgement in judged if judgement.weight in ("refuse", "suspend")}
    tier = max(failed.values(), default=0)
    if tier == 0:
        return Exposure(tier=0, ceiling=words.say(NOTHING), citation="GDPR Art 83", rules=())
    ceiling, citation, mark = CEILINGS.get(ground.profile, GENERAL)[tier - 1]
    return Exposure(
        tier=tier,
        ceiling=words.say(ceiling),
        citation=citation,
        mark=mark,
        rules=tuple(name for name, own in failed.items() if own == tier),
    )


def factors(ground: Ground, judged: Iterable[Judged], words: Words) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What mitigates and what aggravates, Article 83(2); what isn't known mitigates nothing."""
    worst: dict[str, str] = {}
    for rule, _, judgement in judged:
        if judgement.weight in ("refuse", "suspend", "warn") or rule.id not in worst:
            worst[rule.id] = judgement.weight
    sup = ground.facts.get("sup", {})
    orders = sup.get("orders", "unknown")
    confirmed = [entry.get("confirmed") not in ("none", "unknown") for entry in orders if isinstance(orders, tuple)]
    failing = ("refuse", "suspend", "warn")
    mitigating = [
        (sup.get("harm_seen") is False, NO_HARM),
        (worst.get("security-measures") == "pass", SECURE),
        (bool(confirmed) and all(confirmed), OBEYED),
    ]
    aggravating = [
        (worst.get("comparable-decision") in failing, WARNED),
        (worst.get("children-strict-mode") == "report", CHILDREN),
        (worst.get("art9-default-deny") in ("pass", *failing), SENSITIVE),
        (any(worst.get(name) in failing for name in ("transfer-tool", "transfer-supplement")), UNSAFE),
    ]
    return (
        tuple(words.say(text) for true, text in mitigating if true),
        tuple(words.say(text) for true, text in aggravating if true),
    )
