"""Whether a lane may run at a site at all: asked when a device starts, before a camera or a network is opened.

It says nothing about any one person: a permit for each is asked for at each try.
"""

from __future__ import annotations

from typing import Literal

from policy.gate import Refused
from policy.permit import Purpose
from policy.search import against as against_search
from policy.standing import named
from policy.store import Store
from policy.subject import for_modality
from policy.verdict import Finding, Verdict

Mode = Literal["tag", "1:1", "1:N"]
"""A tag alone; a face compared with the owner's of the tag that was read; a face searched among everyone's."""


def running(store: Store, mode: Mode, purpose: Purpose = "door") -> Verdict:
    """What the gate says, today, of running a lane of this mode for a purpose under the processing record in force."""
    record = store.record
    if record is None:
        return Verdict.of(
            _finding(
                "record-in-force", "No processing record was adopted here. Adopt one: enrol --record FILE.", "record"
            )
        )
    modality: Literal["face", "tag"] = "tag" if mode == "tag" else "face"
    try:
        named(record, "match", modality, purpose)
    except Refused as refused:
        return refused.verdict
    if mode == "1:N":
        against = against_search(record, store.clock.now().date())
        if against is not None:
            return Verdict.of(against)
    return store.gate.assess(for_modality(record, modality))


def beginning(store: Store, mode: Mode, purpose: Purpose = "door") -> Verdict:
    """The same of a device that is about to start: none does under an order that stops enrolment and matching."""
    return stopped(store) or running(store, mode, purpose)


def stopped(store: Store) -> Verdict | None:
    """The verdict while an order stands that stops enrolment and matching; None: none does."""
    if any(order.stops for order in store.orders.values()):
        words = "An order of the authority stands, so nobody may be matched. `threshold status` says which step is due."
        finding = Finding(
            rule="order-suspend",
            outcome="refuse",
            citations=("GDPR Art 58(2)(f)",),
            message=words,
            facts=("sup.orders",),
        )
        return Verdict.of(finding)
    return None


def _finding(rule: str, message: str, missing: str) -> Finding:
    return Finding(
        rule=rule,
        outcome="refuse",
        citations=("GDPR Art 5(2)", "GDPR Art 25"),
        message=message,
        missing=(missing,),
        mark="project-rule",
    )
