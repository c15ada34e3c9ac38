"""Purpose limitation (Article 5(1)(b))."""

from __future__ import annotations

from policy.kleene import Truth, among, both, either, every, no, some, stated, yes
from policy.rule import rule
from policy.rules.conditions import PURPOSE
from policy.view import View

EMPTY_PHRASES = ("provide the service", "provide our service", "improve the service", "business purposes")
"""Purposes that delimit nothing; a text with one of them is refused whatever else is stated."""


@rule(
    "purpose-narrow",
    asks="Each operation has one narrow purpose that tells which data are needed and for how long.",
    fails="The purpose is missing or so wide that nobody can say which data it needs. State one that delimits.",
    cites=("GDPR Art 5(1)(b)", "Act 90/2018 Art 8(1)(2)"),
    source="law.md 1.3; K: III.2, III.3.2, III.4.2",
    outcome="refuse",
    family="purpose",
    scope="operation",
    reads=(*PURPOSE, "purp[].text", "purp[].narrow"),
)
def purpose_narrow(view: View) -> Truth:
    purpose = view.purpose(view.op)
    text = purpose["text"]
    empty = None if text == "unknown" else any(phrase in str(text).lower() for phrase in EMPTY_PHRASES)
    return both(stated(text), yes(purpose["narrow"]), None if empty is None else not empty)


@rule(
    "purpose-not-unilateral",
    asks="Only the controller can change the purposes; the contract's documents are pinned by their hashes.",
    fails="The vendor can change purposes or terms, or the contract's documents are not pinned. Pin them, and take the "
    "right to change away.",
    cites=("GDPR Art 28(3)(a)", "GDPR Art 5(1)(b)", "Act 90/2018 Art 25(3)"),
    source="law.md 1.3; K: III.3.2, III.4.1, III.4.2",
    outcome="refuse",
    family="purpose",
    reads=("purp[].changeable_by", "proc[].contract.docs", "proc[].contract.unilateral_change"),
)
def purpose_not_unilateral(view: View) -> Truth:
    purposes, processors = view.each("purp"), view.each("proc")
    return both(
        None if purposes is None else every(among(purpose["changeable_by"], "controller") for purpose in purposes),
        None
        if processors is None
        else every(
            both(stated(processor["contract.docs"]), no(processor["contract.unilateral_change"]))
            for processor in processors
        ),
    )


@rule(
    "purpose-no-vendor-own-use",
    asks="The vendor uses the data for nothing of its own, or has an arrangement and a basis of its own for it.",
    fails="The vendor uses the data for its own purposes. Forbid it, or show a joint arrangement and its own basis.",
    cites=("GDPR Art 5(1)(b)", "GDPR Art 6(1)", "GDPR Art 26"),
    source="law.md 1.3; K: III.3.1, III.4.2",
    outcome="refuse",
    family="purpose",
    reads=("proc[].own_purposes", "proc[].own_basis", "joint[].arrangement_ref"),
)
def purpose_no_vendor_use(view: View) -> Truth:
    processors, joint = view.each("proc"), view.each("joint")
    arranged = None if joint is None else some(stated(entry["arrangement_ref"]) for entry in joint)
    if processors is None:
        return None
    return every(
        either(_nothing(processor["own_purposes"]), both(stated(processor["own_basis"]), arranged))
        for processor in processors
    )


def _nothing(fact: object) -> Truth:
    return None if fact == "unknown" else fact in ("none", ())
