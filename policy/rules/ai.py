"""The EU's AI Act, Regulation (EU) 2024/1689; not confirmed to be in force in Iceland and Norway."""

from __future__ import annotations

from datetime import date

from policy.kleene import Truth, among, both, day, either, every, negate, no, some, stated, yes
from policy.rule import rule
from policy.rules.conditions import BIOMETRIC, ENTRY, any_biometric, biometric, entry
from policy.view import View

EU = ("se", "is", "dk", "no", "pl", "eu")
UNCONFIRMED = ("is", "no")
PROHIBITIONS = date(2025, 2, 2)
ANNEX_III = date(2027, 12, 2)
"""Moved from 2026-08-02 by the Digital Omnibus on AI; the Official Journal number is not confirmed."""


@rule(
    "enrol-live-only",
    asks="Enrolment images come from a live, witnessed enrolment, never from surveillance or the web.",
    fails="Enrolment images come from surveillance, the web or a photograph. Enrol live, with a witness.",
    cites=("AI Act Art 5(1)(e)",),
    source="law.md 3.2",
    outcome="refuse",
    family="ai",
    reads=(*BIOMETRIC, "bio.enrolment_source"),
    profiles=EU,
    since=PROHIBITIONS,
    national={},
    unconfirmed=UNCONFIRMED,
    tier=0,
    applies=any_biometric,
)
def enrol_live_only(view: View) -> Truth:
    return among(view["bio.enrolment_source"], "live")


@rule(
    "no-emotion-output",
    asks="Nothing infers emotion or attention, not even for debugging.",
    fails="The software infers emotion or attention. Take it out.",
    cites=("AI Act Art 5(1)(f)",),
    source="law.md 3.2",
    outcome="refuse",
    family="ai",
    reads=(*BIOMETRIC, "ai.outputs"),
    mark="inference",
    profiles=EU,
    since=PROHIBITIONS,
    national={},
    unconfirmed=UNCONFIRMED,
    tier=0,
    applies=any_biometric,
)
def no_emotion(view: View) -> Truth:
    return negate(holds_any(view, "emotion", "attention"))


@rule(
    "no-biometric-categorisation",
    asks="Nothing infers age, sex, ethnicity or another category from faces.",
    fails="The software infers age, sex, ethnicity or another category. Take it out.",
    cites=("AI Act Art 5(1)(g)",),
    source="law.md 3.2; DESIGN (for age and sex wider than Art 5)",
    outcome="refuse",
    family="ai",
    reads=(*BIOMETRIC, "ai.outputs"),
    mark="project-rule",
    profiles=EU,
    since=PROHIBITIONS,
    national={},
    unconfirmed=UNCONFIRMED,
    tier=0,
    applies=any_biometric,
)
def no_categorisation(view: View) -> Truth:
    return negate(holds_any(view, "age", "sex", "ethnicity", "category"))


def holds_any(view: View, *values: str) -> Truth:
    """Is any of these among the outputs?"""
    outputs = view["ai.outputs"]
    return None if outputs == "unknown" else isinstance(outputs, tuple) and any(value in outputs for value in values)


@rule(
    "no-police-identification",
    asks="It is neither offered to nor used for law enforcement.",
    fails="It is offered to or used for law enforcement. It never is.",
    cites=("AI Act Art 5(1)(h)",),
    source="law.md 3.2",
    outcome="refuse",
    family="ai",
    reads=(*BIOMETRIC, "ai.police_use"),
    mark="inference",
    profiles=EU,
    since=PROHIBITIONS,
    national={},
    unconfirmed=UNCONFIRMED,
    tier=0,
    applies=any_biometric,
)
def no_police(view: View) -> Truth:
    return no(view["ai.police_use"])


HIGH_RISK = (*BIOMETRIC, "op[].purpose", "purp[].id", "purp[].kind", "bio.mode", "bio.active_involvement")


def high_risk(view: View) -> Truth:
    """Annex III 1(a), recital 17: a person-triggered gate for access alone is outside; a walk-through search, or the
    same match reused for attendance, is treated as inside (inference)."""
    ops = view.each("op")
    if ops is None:
        return None
    outside = both(
        yes(view["bio.active_involvement"]),
        every(
            either(negate(biometric(op)), negate(among(view.purpose(op)["kind"], "attendance", "none"))) for op in ops
        ),
        either(among(view["bio.mode"], "1:1"), yes(view["bio.active_involvement"])),
    )
    return both(any_biometric(view), negate(outside))


@rule(
    "ai-high-risk-remote",
    asks="The person starts the recognition, and for access alone, so that it is no remote identification.",
    fails="This is treated as remote biometric identification (high risk): nobody starts it, or attendance reuses it.",
    cites=("AI Act Annex III 1(a)", "AI Act rec. 17"),
    source="law.md 3.2",
    outcome="warn",
    family="ai",
    reads=HIGH_RISK,
    mark="inference",
    profiles=EU,
    since=PROHIBITIONS,
    national={},
    unconfirmed=UNCONFIRMED,
    tier=0,
    applies=any_biometric,
)
def ai_high_risk(view: View) -> Truth:
    return negate(high_risk(view))


@rule(
    "ai-admission",
    asks="Access to the building is not a decision on admission to the institution.",
    fails="It is unresolved whether letting people in counts as deciding on access to an educational institution.",
    cites=("AI Act Annex III 3(a)",),
    source="law.md 3.2 (unresolved)",
    outcome="warn",
    family="ai",
    reads=(*BIOMETRIC, *ENTRY, "ctl.relation", "ctl.kind"),
    mark="inference",
    profiles=EU,
    since=ANNEX_III,
    national={},
    unconfirmed=UNCONFIRMED,
    tier=0,
    applies=any_biometric,
)
def ai_admission(view: View) -> Truth:
    ops = view.each("op")
    entered = None if ops is None else some(both(biometric(op), entry(view, op)) for op in ops)
    schooling = either(among(view["ctl.relation"], "school"), among(view["ctl.kind"], "school"))
    return negate(both(entered, schooling))


@rule(
    "ai-deployer-duties",
    asks="Whoever deploys a high-risk system follows its instructions under human oversight, keeps logs for six "
    "months, "
    "registers its use and tells people.",
    fails="A deployer's duty is not met: instructions and oversight, logs for six months, registration, telling "
    "people.",
    cites=("AI Act Art 26",),
    source="law.md 3.2",
    outcome="suspend",
    family="ai",
    reads=(*HIGH_RISK, "ai.role", "ai.instructions_followed", "ai.logs_kept", "ai.registered", "ai.persons_informed",
           "ctl.is_public_authority"),
    mark="unverified",
    profiles=EU,
    since=ANNEX_III,
    national={},
    unconfirmed=UNCONFIRMED,
    tier=0,
    applies=high_risk,
)  # fmt: skip
def ai_deployer(view: View) -> Truth:
    return both(
        stated(view["ai.role"]),
        yes(view["ai.instructions_followed"]),
        yes(view["ai.logs_kept"]),
        yes(view["ai.persons_informed"]),
        either(no(view["ctl.is_public_authority"]), yes(view["ai.registered"])),
    )


@rule(
    "ai-rights-assessment",
    asks="A public body assesses the impact on fundamental rights before it first uses a high-risk system.",
    fails="There is no assessment of the impact on fundamental rights from before the first use.",
    cites=("AI Act Art 27",),
    source="law.md 3.2",
    outcome="suspend",
    family="ai",
    reads=(*HIGH_RISK, "ctl.is_public_authority", "ai.fria_on", "dep.started_on"),
    profiles=EU,
    since=ANNEX_III,
    national={},
    unconfirmed=UNCONFIRMED,
    tier=0,
    applies=lambda view: both(yes(view["ctl.is_public_authority"]), high_risk(view)),
)
def ai_rights_assessment(view: View) -> Truth:
    start = view["dep.started_on"]
    return day(view["ai.fria_on"], latest=view.as_of if start == "none" else start)
