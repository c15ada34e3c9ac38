"""Accountability: what is stated is shown, and paper, contract and settings agree (Articles 5(2), 24, 30)."""

from __future__ import annotations

from policy.kleene import Truth, both, contains, day, either, every, holds, negate, some, stated, yes
from policy.rule import rule
from policy.rules.conditions import CONSENT, DUE, any_consent, assessment_due
from policy.view import View


@rule(
    "assertion-has-evidence",
    asks="Each part of the record is shown by a dated document.",
    fails="A part of the record is stated and not shown: list a dated document for it under doc.",
    cites=("GDPR Art 5(2)", "GDPR Art 24", "Act 90/2018 Art 8(2), 23"),
    source="law.md 1.3; K: III.4.1, III.4.2",
    outcome="suspend",
    family="roles",
    reads=("doc[].shows", "doc[].date", *CONSENT, "proc", *DUE),
)
def assertion_has_evidence(view: View) -> Truth:
    documents = view.each("doc")
    if documents is None:
        return None

    def shown(part: str) -> Truth:
        return some(
            both(holds(document["shows"], part), day(document["date"], latest=view.as_of)) for document in documents
        )

    return both(
        shown("op"),
        shown("notice"),
        either(negate(any_consent(view)), shown("cons")),
        either(negate(stated(view["proc"])), shown("proc")),
        either(negate(assessment_due(view)), both(shown("dpia"), shown("alt"))),
    )


@rule(
    "register-covers-contract",
    asks="Every data field in a contract stands in the record of processing activities.",
    fails="A contract names data fields that the record of processing activities lacks.",
    cites=("GDPR Art 30", "GDPR Art 5(2)"),
    source="law.md 1.3; K: II.4 (noted, no numbered violation)",
    outcome="suspend",
    family="roles",
    reads=("proc[].contract.data_types", "reg.fields"),
    mark="inference",
    tier=1,
    applies=lambda view: stated(view["proc"]),
)
def register_covers_contract(view: View) -> Truth:
    processors = view.each("proc")
    if processors is None:
        return None
    return every(contains(view["reg.fields"], processor["contract.data_types"]) for processor in processors)


@rule(
    "config-matches-paper",
    asks="The storage region is the same in the settings, the contract and the record of processing.",
    fails="Settings, contract and record name different storage regions.",
    cites=("GDPR Art 5(2)", "GDPR Art 44"),
    source="law.md 1.3; K: II.7",
    outcome="suspend",
    family="roles",
    reads=("sec.region", "reg.region", "proc[].contract.region"),
)
def config_matches_paper(view: View) -> Truth:
    processors = view.each("proc")
    if processors is None:
        return None
    region = view["sec.region"]
    others = (view["reg.region"], *(processor["contract.region"] for processor in processors))
    return both(stated(region), *(None if "unknown" in (region, other) else other == region for other in others))


@rule(
    "identity-overview",
    asks="An authority has an overview of its identity systems.",
    fails="The authority has no overview of its identity systems.",
    cites=("GDPR Art 24", "GDPR Art 25"),
    source="law.md 1.5; M: Ett förslag på programdirektiv",
    outcome="warn",
    family="roles",
    reads=("ctl.is_public_authority", "ctl.identity_overview"),
    mark="inference",
    tier=1,
    applies=lambda view: yes(view["ctl.is_public_authority"]),
)
def identity_overview(view: View) -> Truth:
    return yes(view["ctl.identity_overview"])
