"""Consent: free, explicit, shown, easy to take back (Articles 4(11), 7, 8)."""

from __future__ import annotations

from policy.kleene import Truth, among, both, day, either, negate, no, stated, yes
from policy.rule import Milder, rule
from policy.rules.conditions import (
    CONSENT,
    GDANSK_WHY,
    IMBALANCE,
    MINOR,
    any_consent,
    biometric,
    imbalance,
    minor,
    on_consent,
    pupil,
    school,
    school_consent,
    tolerated,
)
from policy.view import View

_GDANSK = Milder(tolerated, "warn", GDANSK_WHY, escalates=False)


@rule(
    "consent-school-imbalance",
    asks="Consent is not used between a pupil and the school for the school's ordinary activity, where it can't be "
    "presumed free.",
    fails="Between pupil and school the relation is unequal, so consent can't be presumed free here. Wording, a "
    "guardian's approval, opting out or a trial don't change that. Use a way in that needs no biometrics.",
    cites=("GDPR Art 4(11)", "GDPR Art 6(1)(a)", "GDPR Art 7", "GDPR Art 9(2)(a)", "GDPR rec. 43"),
    source="law.md 1.2; M: Datainspektionen, Sammantagen bedömning",
    outcome="refuse",
    family="lawfulness",
    scope="operation",
    reads=(*IMBALANCE, "dep.jurisdiction"),
    mark="inference",
    milder=(_GDANSK,),
    applies=lambda view: on_consent(view.op),
)
def consent_school_imbalance(view: View) -> Truth:
    return negate(imbalance(view, view.op))


@rule(
    "consent-outside-ordinary",
    asks="Between pupil and school consent works only outside the ordinary activity, with an equal alternative, no "
    "detriment, and a way to withdraw.",
    fails="What would make consent usable between pupil and school is missing: outside the ordinary activity, an equal "
    "alternative, no detriment, a way to withdraw.",
    cites=("GDPR Art 4(11)", "GDPR Art 7", "GDPR rec. 43"),
    source="law.md 1.2; M: Sammantagen bedömning (skolfotografering)",
    outcome="refuse",
    family="lawfulness",
    scope="operation",
    reads=(*IMBALANCE, "cons.alternative_equal", "cons.detriment", "cons.withdrawal_route", "dep.jurisdiction"),
    mark="inference",
    milder=(_GDANSK,),
    applies=lambda view: both(on_consent(view.op), pupil(view), school(view)),
)
def consent_outside_ordinary(view: View) -> Truth:
    return both(
        negate(school_consent(view, view.op)),
        yes(view["cons.alternative_equal"]),
        no(view["cons.detriment"]),
        stated(view["cons.withdrawal_route"]),
    )


@rule(
    "guardian-involved",
    asks="A guardian takes part in a minor's consent, and the child is heard.",
    fails="A minor's consent lacks a guardian's record or the child was not heard.",
    cites=("GDPR Art 4(11)", "GDPR Art 7(1)", "national guardianship law"),
    source="law.md 1.2; M: Sammantagen bedömning",
    outcome="refuse",
    family="lawfulness",
    scope="person",
    reads=(*CONSENT, *MINOR, "cons.guardians", "cons.child_heard"),
    mark="inference",
    applies=lambda view: both(any_consent(view), minor(view)),
)
def guardian_involved(view: View) -> Truth:
    return both(stated(view["cons.guardians"]), yes(view["cons.child_heard"]))


@rule(
    "guardian-consent-not-cure",
    asks="A guardian's consent does not stand in for freedom of choice between pupil and school.",
    fails="A guardian's consent does not cure the imbalance between pupil and school.",
    cites=("GDPR rec. 43",),
    source="law.md 1.2; M: Sammantagen bedömning",
    outcome="refuse",
    family="lawfulness",
    scope="operation",
    reads=(*IMBALANCE, "cons.guardians", "cons.given_by", "dep.jurisdiction"),
    mark="inference",
    milder=(_GDANSK,),
    applies=lambda view: both(
        on_consent(view.op),
        either(stated(view["cons.guardians"]), among(view["cons.given_by"], "guardian", "both")),
    ),
)
def guardian_consent_not_cure(view: View) -> Truth:
    return negate(imbalance(view, view.op))


@rule(
    "guardian-consent-lapses-at-18",
    asks="A guardian's consent is confirmed by the person who has come of age.",
    fails="The person has come of age and has not confirmed what a guardian consented to. Ask the person.",
    cites=("GDPR Art 4(11)", "GDPR Art 7(1)"),
    source="law.md 3.4",
    outcome="refuse",
    family="lawfulness",
    scope="person",
    reads=(*CONSENT, *MINOR, "cons.given_by", "cons.reconfirmed_on"),
    mark="inference",
    applies=lambda view: both(any_consent(view), among(view["cons.given_by"], "guardian"), negate(minor(view))),
)
def guardian_consent_lapses(view: View) -> Truth:
    return day(view["cons.reconfirmed_on"], latest=view.as_of)


@rule(
    "consent-provable",
    asks="Consent can be shown: who gave it, informed beforehand, under which notice; and it has not been withdrawn.",
    fails="Consent can't be shown, or it was withdrawn. Stop, or show who gave it, when informed, and which notice.",
    cites=("GDPR Art 7(1)", "GDPR Art 7(3)", "GDPR Art 4(11)"),
    source="law.md 1.1 (cons.)",
    outcome="refuse",
    family="lawfulness",
    scope="person",
    reads=(*CONSENT, "cons.given_by", "cons.informed_on", "cons.notice_version", "cons.withdrawn_on"),
    mark="inference",
    applies=any_consent,
)
def consent_provable(view: View) -> Truth:
    return both(
        stated(view["cons.given_by"]),
        day(view["cons.informed_on"], latest=view.as_of),
        stated(view["cons.notice_version"]),
        among(view["cons.withdrawn_on"], "none"),
    )


@rule(
    "alternative-non-biometric",
    asks="Who declines biometrics has another way that is as good, at no cost or delay.",
    fails="There is no equal way without biometrics, or declining costs something. Offer one as good to everyone.",
    cites=("EDPB Guidelines 3/2019 ch. 5", "GDPR Art 7(4)", "GDPR Art 4(11)"),
    source="law.md 3.1",
    outcome="refuse",
    family="lawfulness",
    scope="operation",
    reads=(*CONSENT, "op[].kind", "op[].modality", "cons.alternative_equal", "cons.detriment", "dep.jurisdiction"),
    milder=(_GDANSK,),
    applies=lambda view: both(biometric(view.op), on_consent(view.op)),
)
def alternative_non_biometric(view: View) -> Truth:
    return both(yes(view["cons.alternative_equal"]), no(view["cons.detriment"]))


@rule(
    "withdrawal-easy",
    asks="Withdrawing is as easy as consenting, erases the template, and brings another way in the same day.",
    fails="Withdrawing is not as easy as consenting, or leaves the template, or leaves the person outside.",
    cites=("GDPR Art 7(3)", "GDPR Art 17(1)(b)"),
    source="law.md 3.4",
    outcome="suspend",
    family="lawfulness",
    reads=(*CONSENT, "cons.withdrawal_route", "cons.withdrawal_erases", "cons.tag_same_day"),
    mark="unverified",
    applies=any_consent,
)
def withdrawal_easy(view: View) -> Truth:
    return both(
        stated(view["cons.withdrawal_route"]), yes(view["cons.withdrawal_erases"]), yes(view["cons.tag_same_day"])
    )


@rule(
    "art8-not-applicable",
    asks="The age for online services is not used as an argument at a door.",
    fails="The age for online services (Article 8) says nothing about consent at a door. Leave the argument out.",
    cites=("GDPR Art 8",),
    source="law.md 3.3",
    outcome="warn",
    family="lawfulness",
    reads=(*CONSENT, "cons.art8_argument"),
    mark="inference",
    applies=any_consent,
)
def art8_not_applicable(view: View) -> Truth:
    return no(view["cons.art8_argument"])


@rule(
    "consent-employee-imbalance",
    asks="An employer asks for consent only where the one who asks is no superior, declining costs nothing, and "
    "another "
    "way is as good.",
    fails="Consent to one's employer is doubtful: a superior asked, or declining costs something, or no other way "
    "is as "
    "good.",
    cites=("GDPR Art 4(11)", "GDPR Art 7(4)", "GDPR rec. 43"),
    source="law.md 1.6",
    outcome="warn",
    family="project",
    scope="person",
    reads=(*CONSENT, "ctl.relation", "subj.role", "cons.recruiter_is_superior", "cons.detriment",
           "cons.alternative_equal"),
    mark="project-rule",
    applies=lambda view: both(
        any_consent(view), either(among(view["ctl.relation"], "employer"), among(view["subj.role"], "staff"))
    ),
)  # fmt: skip
def consent_employee_imbalance(view: View) -> Truth:
    return both(no(view["cons.recruiter_is_superior"]), no(view["cons.detriment"]), yes(view["cons.alternative_equal"]))


@rule(
    "consent-student-imbalance",
    asks="Who teaches adult students asks for consent only where the one who asks does not grade them, declining costs "
    "nothing, and another way is as good.",
    fails="Consent to one's teachers is doubtful: someone who grades asked, or declining costs something, or no "
    "other way "
    "is as good.",
    cites=("GDPR Art 4(11)", "GDPR Art 7(4)", "GDPR rec. 43"),
    source="law.md 1.6",
    outcome="warn",
    family="project",
    scope="person",
    reads=(*CONSENT, "subj.role", "cons.recruiter_is_superior", "cons.detriment", "cons.alternative_equal"),
    mark="project-rule",
    applies=lambda view: both(any_consent(view), among(view["subj.role"], "student")),
)
def consent_student_imbalance(view: View) -> Truth:
    return both(no(view["cons.recruiter_is_superior"]), no(view["cons.detriment"]), yes(view["cons.alternative_equal"]))
