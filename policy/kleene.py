"""Three-valued logic (Kleene's strong one): true, false, or not known (None).

What these functions make of unknown arguments is the one value that all completions agree on, else None. Every rule is
built of them, so a fact that becomes unknown can take a result away but never turn it round.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

Truth = bool | None


def negate(truth: Truth) -> Truth:
    """Not."""
    return None if truth is None else not truth


def every(truths: Iterable[Truth]) -> Truth:
    """And: false as soon as one is, true when all are."""
    known = True
    for truth in truths:
        if truth is False:
            return False
        known = known and truth is not None
    return True if known else None


def some(truths: Iterable[Truth]) -> Truth:
    """Or: true as soon as one is, false when all are false."""
    known = True
    for truth in truths:
        if truth:
            return True
        known = known and truth is not None
    return False if known else None


def both(*truths: Truth) -> Truth:
    """`every`, of what is at hand."""
    return every(truths)


def either(*truths: Truth) -> Truth:
    """`some`, of what is at hand."""
    return some(truths)


def implies(condition: Truth, consequence: Truth) -> Truth:
    """False only where the condition holds and the consequence does not."""
    return either(negate(condition), consequence)


# --- what a fact says: a value, "none" or "unknown" ---


def stated(fact: Any) -> Truth:
    """Is there a value? An empty list or text is none."""
    if fact == "unknown":
        return None
    if fact == "none" or fact in ("", ()):
        return False
    return None if type(fact) is tuple and all(item == "unknown" for item in fact) else True


def yes(fact: Any) -> Truth:
    """Stated true; `none` is no yes."""
    return None if fact == "unknown" else fact is True


def no(fact: Any) -> Truth:
    """Stated false, or stated that there is none."""
    return None if fact == "unknown" else fact is False or fact == "none"


def among(fact: Any, *values: Any) -> Truth:
    """Is it one of these?"""
    return None if fact == "unknown" else fact in values


def holds(facts: Any, value: Any) -> Truth:
    """Does this list contain the value?"""
    if facts == "unknown" or value == "unknown":
        return None
    if type(facts) is not tuple:
        return False
    if value in facts:
        return True
    return None if "unknown" in facts else False


def contains(facts: Any, values: Any) -> Truth:
    """Does this list contain all of these? Of none of them there is nothing to miss."""
    if values == "unknown":
        return None
    return every(holds(facts, value) for value in (values if type(values) is tuple else ()))


def day(fact: Any, earliest: date = date.min, latest: Any = date.max) -> Truth:
    """Is it a date, from `earliest` to `latest` (itself a fact), both included?"""
    if fact == "unknown":
        return None
    if not isinstance(fact, date) or fact < earliest:
        return False
    return None if latest == "unknown" else isinstance(latest, date) and fact <= latest
