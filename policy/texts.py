"""Every text that findings, verdicts and explanations are made of: the keys of the catalogues in policy/languages."""

from __future__ import annotations

from policy import engine, explain, summing
from policy.rule import rules


def texts() -> tuple[str, ...]:
    """The English texts, each once, in the order of the rules."""
    own = [text for rule in rules().values() for text in (rule.asks, rule.fails, *(m.why for m in rule.milder))]
    return tuple(dict.fromkeys([*own, *engine.TEXTS, *summing.TEXTS, *explain.TEXTS]))
