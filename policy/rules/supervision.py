"""Decisions, open cases and orders of an authority; and what all findings report beside the verdict."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from policy.kleene import Truth, among, both, day, either, every, negate, some, stated, yes
from policy.rule import Milder, rule
from policy.rules.conditions import MINOR, PUPIL, minor, pupil
from policy.view import Item, View

STEPS = ("copied_on", "handed_over_on", "closed_on", "erased_on", "confirmed")


def _stands(view: View, order: Item) -> Truth:
    """Was it issued, and not lifted, by the day of assessment?"""
    lifted = order["lifted_on"]
    return both(
        either(negate(stated(order["issued"])), day(order["issued"], latest=view.as_of)),
        None if lifted == "unknown" else not (isinstance(lifted, date) and lifted <= view.as_of),
    )


def _copied_before_erased(view: View) -> Truth:
    orders = view.each("sup.orders")
    if orders is None:
        return None
    answers: list[Truth] = []
    for order in orders:
        copied, erased = order["copied_on"], order["erased_on"]
        if erased == "unknown":
            answers.append(None)
        elif erased == "none":
            answers.append(True)
        else:
            answers.append(day(copied, latest=erased))
    return every(answers)


@rule(
    "comparable-decision",
    asks="Every point of a decision on the same system or processing is remedied.",
    fails="A decision on the same system or processing is known and not every point of it is remedied; going on weighs "
    "heavily.",
    cites=("GDPR Art 83(2)(b)", "Act 90/2018 Art 47(1)(2)", "EDPB Guidelines 04/2022 ch. 4.2.2"),
    source="law.md 1.5; K: IV.1",
    outcome="suspend",
    family="supervision",
    reads=("sup.prior_decisions[].adverse", "sup.prior_decisions[].remedied"),
    tier=0,
)
def comparable_decision(view: View) -> Truth:
    decisions = view.each("sup.prior_decisions")
    if decisions is None:
        return None
    return every(either(_false(decision["adverse"]), yes(decision["remedied"])) for decision in decisions)


def _false(fact: object) -> Truth:
    return None if fact == "unknown" else fact is False


@rule(
    "open-supervision",
    asks="No case on the same technology is open at an authority.",
    fails="A case on the same technology is open. Wait for it.",
    cites=("prudence, no article",),
    source="law.md 1.5; M: Sammanfattning; both committees",
    outcome="warn",
    family="supervision",
    reads=("sup.open_cases",),
    tier=0,
)
def open_supervision(view: View) -> Truth:
    cases = view["sup.open_cases"]
    return None if cases == "unknown" else cases in ("none", ())


@rule(
    "order-suspend",
    asks="No order to suspend stands.",
    fails="An order to suspend stands: all operations stop, and that is confirmed to the authority.",
    cites=("GDPR Art 58(2)(f)", "Act 90/2018 Art 42(6), (9)"),
    source="law.md 1.5; K: I",
    outcome="suspend",
    family="supervision",
    reads=("sup.orders[].kind", "sup.orders[].issued", "sup.orders[].lifted_on"),
)
def order_suspend(view: View) -> Truth:
    orders = view.each("sup.orders")
    if orders is None:
        return None
    return negate(some(both(among(order["kind"], "suspend", "none"), _stands(view, order)) for order in orders))


@rule(
    "order-erase-sequence",
    asks="An order to erase is carried out in order: copied, handed over, closed, erased, confirmed in time.",
    fails="An order to erase stands and is not carried out in order: copy and verify, hand over or archive, close, "
    "erase, "
    "confirm in time. Repair comes first; nothing is erased before it is copied.",
    cites=("GDPR Art 58(2)(g)", "GDPR Art 17", "Act 90/2018 Art 42(6)-(7)"),
    source="law.md 1.5; K: III.7; orders of that decision withdrawn 2025-05-27",
    outcome="refuse",
    family="supervision",
    reads=("sup.orders[].kind", "sup.orders[].issued", "sup.orders[].lifted_on", "sup.orders[].due",
           *(f"sup.orders[].{step}" for step in STEPS)),
    milder=(
        Milder(
            _copied_before_erased,
            "suspend",
            "Nothing was erased before it was copied, so the processing waits until the order is carried out.",
        ),
    ),
)  # fmt: skip
def order_erase_sequence(view: View) -> Truth:
    orders = view.each("sup.orders")
    if orders is None:
        return None
    return every(
        either(negate(among(order["kind"], "erase", "none")), negate(_stands(view, order)), _in_order(view, order))
        for order in orders
    )


def _in_order(view: View, order: Item) -> Truth:
    days = [order[step] for step in STEPS]
    return both(
        *(day(when, latest=view.as_of) for when in days),
        *(day(later, earliest=earlier) if isinstance(earlier, date) else None for earlier, later in pairwise(days)),
        day(days[-1], latest=order["due"]),
    )


@rule(
    "pilot-no-waiver",
    asks="A trial has no lighter rules.",
    fails="This is stated to be a trial. That grants nothing: every rule holds as it does for good.",
    cites=("GDPR Art 5", "GDPR Art 9", "GDPR Art 35"),
    source="law.md 1.5; K: II.8 (argued in vain)",
    outcome="warn",
    family="supervision",
    kind="report",
    reads=("dep.status",),
    tier=0,
)
def pilot_no_waiver(view: View) -> Truth:
    return among(view["dep.status"], "pilot")


@rule(
    "children-strict-mode",
    asks="Where a minor is concerned, what would be a warning on purpose, necessity or minimisation is a refusal.",
    fails="A minor or pupil is concerned, or may be: warnings on purpose, necessity and minimisation are refusals.",
    cites=("GDPR Art 5(1)(c)", "GDPR Art 6(1)", "GDPR rec. 38"),
    source="law.md 1.2; K: III.2, III.4.1",
    outcome="warn",
    family="supervision",
    kind="report",
    reads=("dep.age_min", *PUPIL, *MINOR),
    tier=0,
)
def children_strict_mode(view: View) -> Truth:
    low = view["dep.age_min"]
    return either(minor(view), pupil(view), None if low in ("none", "unknown") else low < 18)


@rule(
    "exposure",
    asks="The failed rules are mapped to the tiers of fines.",
    fails="The tier of fines that the failed rules fall under stands in the verdict, as a ceiling and no forecast.",
    cites=("GDPR Art 83(4)-(5)", "Act 90/2018 Art 46(2)-(3)"),
    source="law.md 1.5; K: II.8, IV.1",
    outcome="warn",
    family="supervision",
    kind="report",
    reads=(),
    tier=0,
)
def exposure(view: View) -> Truth:
    return True


@rule(
    "factors",
    asks="What mitigates and what aggravates is listed.",
    fails="What mitigates and what aggravates stands in the verdict.",
    cites=("GDPR Art 83(2)", "Act 90/2018 Art 47(1)"),
    source="law.md 1.5; K: IV.1",
    outcome="warn",
    family="supervision",
    kind="report",
    reads=(),
    tier=0,
)
def factors(view: View) -> Truth:
    return True
