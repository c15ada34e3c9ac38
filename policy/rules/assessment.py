"""The impact assessment, prior consultation, the data protection officer (Articles 35, 36, 38, 39)."""

from __future__ import annotations

from policy.kleene import Truth, among, both, contains, day, either, every, holds, negate, no, some, stated, yes
from policy.rule import rule
from policy.rules.conditions import ASSESSED, assessed, assessment_due
from policy.view import View


def _there(view: View) -> Truth:
    """Is one due, and is there one? Whether it is missing altogether is what dpia-required says."""
    return both(assessment_due(view), assessed(view))


@rule(
    "dpia-required",
    asks="There is an impact assessment from before the start, as children, new technology, sensitive data or the "
    "authority's list demand it.",
    fails="An impact assessment is due and there is none from before the start.",
    cites=(
        "GDPR Art 35(1)",
        "GDPR Art 35(3)-(4)",
        "Act 90/2018 Art 29(1)-(2)",
        "IS notice 828/2019 Art 3 items 4, 8, 9",
    ),
    source="law.md 1.5; K: III.5.1",
    outcome="refuse",
    family="assessment",
    reads=(*ASSESSED, "dep.started_on"),
    tier=1,
    applies=assessment_due,
)
def dpia_required(view: View) -> Truth:
    start = view["dep.started_on"]
    return day(view["dpia.date"], latest=view.as_of if start == "none" else start)


@rule(
    "dpia-7a",
    asks="The impact assessment describes operations and purposes systematically.",
    fails="The impact assessment does not describe operations and purposes systematically.",
    cites=("GDPR Art 35(7)(a)",),
    source="law.md 1.5; K: III.5.1",
    outcome="refuse",
    family="assessment",
    reads=(*ASSESSED, "dpia.description"),
    tier=1,
    applies=_there,
)
def dpia_7a(view: View) -> Truth:
    return yes(view["dpia.description"])


@rule(
    "dpia-7b",
    asks="The impact assessment weighs necessity and proportionality of each operation.",
    fails="The impact assessment does not weigh necessity and proportionality of each operation.",
    cites=("GDPR Art 35(7)(b)",),
    source="law.md 1.5; K: III.5.1",
    outcome="refuse",
    family="assessment",
    reads=(*ASSESSED, "dpia.ops", "op[].id"),
    tier=1,
    applies=_there,
)
def dpia_7b(view: View) -> Truth:
    ops = view.each("op")
    return None if ops is None else both(bool(ops), *(holds(view["dpia.ops"], op["id"]) for op in ops))


@rule(
    "dpia-7c",
    asks="The impact assessment says of each risk what it does to people's rights and freedoms.",
    fails="The impact assessment names no risks, or not what they do to people's rights and freedoms.",
    cites=("GDPR Art 35(7)(c)",),
    source="law.md 1.5; K: III.5.1",
    outcome="refuse",
    family="assessment",
    reads=(*ASSESSED, "dpia.risks[].rights_effect"),
    tier=1,
    applies=_there,
)
def dpia_7c(view: View) -> Truth:
    risks = view.each("dpia.risks")
    return None if risks is None else both(bool(risks), *(stated(risk["rights_effect"]) for risk in risks))


@rule(
    "dpia-7d",
    asks="The measures against each risk answer that risk.",
    fails="A risk has no measures, or measures that don't answer it.",
    cites=("GDPR Art 35(7)(d)",),
    source="law.md 1.5; K: III.5.1",
    outcome="suspend",
    family="assessment",
    reads=(*ASSESSED, "dpia.risks[].measures", "dpia.risks[].measures_answer"),
    tier=1,
    applies=_there,
)
def dpia_7d(view: View) -> Truth:
    risks = view.each("dpia.risks")
    if risks is None:
        return None
    return every(both(stated(risk["measures"]), yes(risk["measures_answer"])) for risk in risks)


@rule(
    "dpia-like-risks-alike",
    asks="Risks of one class have one level, or a reason why not.",
    fails="Risks of one class have different levels and no reason is given.",
    cites=("GDPR Art 35(7)(c)",),
    source="law.md 1.5; K: III.5.1, II.6.1",
    outcome="suspend",
    family="assessment",
    reads=(*ASSESSED, "dpia.risks[].class", "dpia.risks[].level", "dpia.risks[].level_reason"),
    tier=1,
    applies=_there,
)
def dpia_like_risks(view: View) -> Truth:
    risks = view.each("dpia.risks")
    if risks is None:
        return None
    told = [(risk["class"], risk["level"], stated(risk["level_reason"])) for risk in risks]
    return both(
        *(both(stated(kind), stated(level)) for kind, level, _ in told),
        *(
            either(negate(_same(a[0], b[0])), _same(a[1], b[1]), a[2], b[2])
            for place, a in enumerate(told)
            for b in told[place + 1 :]
        ),
    )


def _same(one: object, other: object) -> Truth:
    return None if "unknown" in (one, other) else one == other


@rule(
    "dpia-measure-exists",
    asks="Each measure stands in the document that is cited for it.",
    fails="A measure does not stand in the document that is cited for it.",
    cites=("GDPR Art 35(7)(d)", "GDPR Art 5(2)"),
    source="law.md 1.5; K: III.5.1",
    outcome="suspend",
    family="assessment",
    reads=(*ASSESSED, "dpia.risks[].measures_found"),
    tier=1,
    applies=_there,
)
def dpia_measure_exists(view: View) -> Truth:
    risks = view.each("dpia.risks")
    return None if risks is None else every(yes(risk["measures_found"]) for risk in risks)


@rule(
    "dpia-residual",
    asks="Each risk has a level after measures, and the whole a conclusion.",
    fails="A risk has no level after measures, or the assessment no conclusion.",
    cites=("GDPR Art 35(7)(c)-(d)", "GDPR Art 36(1)"),
    source="law.md 1.5; K: II.6.1 (in the facts)",
    outcome="suspend",
    family="assessment",
    reads=(*ASSESSED, "dpia.risks[].residual", "dpia.conclusion"),
    mark="inference",
    tier=1,
    applies=_there,
)
def dpia_residual(view: View) -> Truth:
    risks = view.each("dpia.risks")
    return both(
        stated(view["dpia.conclusion"]), None if risks is None else every(stated(risk["residual"]) for risk in risks)
    )


@rule(
    "dpia-formal-approval",
    asks="The impact assessment is formally approved: by whom, when, in which document.",
    fails="The impact assessment is not formally approved.",
    cites=("GDPR Art 35", "GDPR Art 24", "GDPR Art 5(2)"),
    source="law.md 1.5; K: II.6.1 (fact, no holding)",
    outcome="suspend",
    family="assessment",
    reads=(*ASSESSED, "dpia.approved_by", "dpia.approved_on", "dpia.approval_doc"),
    mark="inference",
    tier=1,
    applies=_there,
)
def dpia_formal_approval(view: View) -> Truth:
    return both(
        stated(view["dpia.approved_by"]),
        day(view["dpia.approved_on"], latest=view.as_of),
        stated(view["dpia.approval_doc"]),
    )


@rule(
    "dpia-subprocessors",
    asks="The impact assessment treats the risk of sub-processors.",
    fails="There are sub-processors and the impact assessment leaves their risk out.",
    cites=("GDPR Art 35(7)(c)",),
    source="law.md 1.5; K: III.5.1",
    outcome="suspend",
    family="assessment",
    reads=(*ASSESSED, "proc[].sub", "dpia.subprocessors"),
    tier=1,
    applies=lambda view: both(_there(view), _subprocessed(view)),
)
def dpia_subprocessors(view: View) -> Truth:
    return yes(view["dpia.subprocessors"])


def _subprocessed(view: View) -> Truth:
    processors = view.each("proc")
    return None if processors is None else some(stated(processor["sub"]) for processor in processors)


@rule(
    "dpia-device-link",
    asks="The impact assessment treats links to devices and flows between systems.",
    fails="There are links to devices or flows between systems and the impact assessment leaves them out.",
    cites=("GDPR Art 35(7)(c)",),
    source="law.md 1.5; K: III.5.1",
    outcome="suspend",
    family="assessment",
    reads=(*ASSESSED, "dep.device_links", "dpia.device_link"),
    tier=1,
    applies=lambda view: both(_there(view), negate(no(view["dep.device_links"]))),
)
def dpia_device_link(view: View) -> Truth:
    return yes(view["dpia.device_link"])


@rule(
    "dpia-learned",
    asks="The impact assessment answers each defect of comparable decisions.",
    fails="A comparable decision is known and the impact assessment does not answer each of its defects.",
    cites=("GDPR Art 35", "GDPR Art 35(11)"),
    source="law.md 1.5; K: III.5.1",
    outcome="suspend",
    family="assessment",
    reads=(*ASSESSED, "sup.prior_decisions[].id", "dpia.learned"),
    tier=1,
    applies=lambda view: both(_there(view), stated(view["sup.prior_decisions"])),
)
def dpia_learned(view: View) -> Truth:
    decisions = view.each("sup.prior_decisions")
    if decisions is None:
        return None
    return contains(view["dpia.learned"], tuple(decision["id"] for decision in decisions))


@rule(
    "representatives-heard",
    asks="People concerned, or those who represent them, were heard, or it is said why not.",
    fails="Neither the people concerned nor those who represent them were heard, and no reason is given.",
    cites=("GDPR Art 35(9)",),
    source="law.md 3.4",
    outcome="warn",
    family="assessment",
    reads=(*ASSESSED, "dpia.representatives_heard", "dpia.representatives_reason"),
    mark="unverified",
    tier=1,
    applies=_there,
)
def representatives_heard(view: View) -> Truth:
    return either(yes(view["dpia.representatives_heard"]), stated(view["dpia.representatives_reason"]))


@rule(
    "art36-consult",
    asks="Where a high risk remains, or no assessment shows that none does, the authority was consulted first.",
    fails="A high risk remains, or no assessment shows that none does, and the authority was not consulted.",
    cites=("GDPR Art 36(1)",),
    source="law.md 1.5; K: II.3 (contract clause only); decided in DI-2019-2221",
    outcome="refuse",
    family="assessment",
    reads=(*ASSESSED, "dpia.risks[].residual", "sup.consultation"),
    mark="inference",
    tier=1,
    applies=lambda view: both(assessment_due(view), either(negate(assessed(view)), _high(view))),
)
def art36_consult(view: View) -> Truth:
    return among(view["sup.consultation"], "closed")


def _high(view: View) -> Truth:
    risks = view.each("dpia.risks")
    return None if risks is None else some(among(risk["residual"], "high") for risk in risks)


@rule(
    "dpo-advice",
    asks="The data protection officer's advice is on record, and followed or answered with a reason.",
    fails="The data protection officer's advice is missing, or was not followed and no reason is documented.",
    cites=("GDPR Art 35(2)", "GDPR Art 38-39"),
    source="law.md 1.5; K: I (item 9), II.5.2, II.7",
    outcome="suspend",
    family="assessment",
    reads=("ctl.has_dpo", "ctl.is_public_authority", "ctl.dpo_advice.text", "ctl.dpo_advice.date",
           "ctl.dpo_advice.followed", "ctl.dpo_advice.deviation_reason"),
    mark="inference",
    tier=1,
    applies=lambda view: either(yes(view["ctl.has_dpo"]), yes(view["ctl.is_public_authority"])),
)  # fmt: skip
def dpo_advice(view: View) -> Truth:
    return both(
        stated(view["ctl.dpo_advice.text"]),
        day(view["ctl.dpo_advice.date"], latest=view.as_of),
        either(yes(view["ctl.dpo_advice.followed"]), stated(view["ctl.dpo_advice.deviation_reason"])),
    )
