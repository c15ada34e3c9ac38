"""Biometric data: forbidden unless an exception applies, and then still proportionate (Article 9)."""

from __future__ import annotations

from policy.kleene import Truth, among, both, day, either, every, negate, no, some, stated, yes
from policy.rule import rule
from policy.rules.conditions import (
    BIOMETRIC,
    ENTRY,
    FREE,
    MINOR,
    PUPIL,
    RESEARCH,
    STATUTE,
    adult_research,
    adults_alone,
    any_biometric,
    biometric,
    entry,
    free,
    in_passing,
    minor,
    opened,
    opened_for_minors,
    opened_for_strangers,
    pupil,
)
from policy.view import View


@rule(
    "art9-default-deny",
    asks="Identifying people by their bodies is forbidden unless an exception of Article 9(2) holds: explicit and free "
    "consent, or a listed statute.",
    fails="No exception of Article 9(2) holds. Consent must be explicit, informed, free and standing; a statute "
    "must be "
    "in the list for this operation, purpose and controller. Use a way in that needs no biometrics.",
    cites=("GDPR Art 4(14)", "GDPR Art 9(1)", "Act 90/2018 Art 3(3), 11(1)"),
    source="law.md 1.2; M: Datainspektionen, Sammantagen bedömning",
    outcome="refuse",
    family="lawfulness",
    scope="operation",
    reads=(*BIOMETRIC, "op[].basis9", *STATUTE, *FREE, "cons.explicit", "cons.informed_on", "cons.withdrawn_on"),
    mark="inference",
    applies=lambda view: biometric(view.op),
)
def art9_default_deny(view: View) -> Truth:
    consent = both(
        among(view.op["basis9"], "a"),
        yes(view["cons.explicit"]),
        day(view["cons.informed_on"], latest=view.as_of),
        among(view["cons.withdrawn_on"], "none"),
        free(view, view.op),
    )
    return either(consent, opened(view, view.op))


@rule(
    "art9-and-art6",
    asks="Sensitive data need a basis under Article 6 and an exception under Article 9, both.",
    fails="One of the two is missing: the basis under Article 6(1) or the exception under Article 9(2).",
    cites=("GDPR Art 6(1)", "GDPR Art 9(2)", "Act 90/2018 Art 9, 11(1)"),
    source="law.md 1.2; K: III.4; M: Sammantagen bedömning",
    outcome="refuse",
    family="lawfulness",
    scope="operation",
    reads=(*BIOMETRIC, "op[].basis6", "op[].basis9"),
    applies=lambda view: biometric(view.op),
)
def art9_and_art6(view: View) -> Truth:
    return both(stated(view.op["basis6"]), stated(view.op["basis9"]))


@rule(
    "art9-proportionate-anyway",
    asks="Sensitive data that may be processed stay proportionate to the aim.",
    fails="The operation reaches further than is reasonable for its purpose. Narrow it.",
    cites=("GDPR Art 5(1)(c)", "GDPR Art 9(2)"),
    source="law.md 1.2; M: Sammantagen bedömning",
    outcome="refuse",
    family="minimisation",
    scope="operation",
    reads=(*BIOMETRIC, "op[].wider_than_needed"),
    mark="inference",
    applies=lambda view: biometric(view.op),
)
def art9_proportionate(view: View) -> Truth:
    return no(view.op["wider_than_needed"])


@rule(
    "art9-foreseeable-entry",
    asks="Where sensitive data can foreseeably enter, the operation is assessed as if they do.",
    fails="Sensitive data can enter by images or free text and the assessment leaves that out.",
    cites=("GDPR Art 9", "GDPR Art 5", "GDPR Art 32", "Act 90/2018 Art 3(3)"),
    source="law.md 1.2; K: III.1, faulted by Hæstiréttur 18/2024 in the parallel case",
    outcome="warn",
    family="lawfulness",
    scope="operation",
    reads=("op[].sensitive_may_enter", "op[].assessed_as_sensitive"),
    mark="weakened",
)
def art9_foreseeable(view: View) -> Truth:
    return either(no(view.op["sensitive_may_enter"]), yes(view.op["assessed_as_sensitive"]))


@rule(
    "unknown-person-capture",
    asks="Nobody who is not enrolled is registered: no template, no store, no match.",
    fails="People unknown to the system can be registered, and they can't have consented. Take one enrolled person who "
    "starts the capture, after a token, alone in the picture; comparing strangers with everyone computes their "
    "template.",
    cites=("GDPR Art 6(1)", "GDPR Art 9(1)"),
    source="law.md 1.2; M: Sammantagen bedömning",
    outcome="refuse",
    family="lawfulness",
    reads=(*STATUTE, "bio.mode", "bio.zone_includes_non_enrolled", "bio.template_of_non_enrolled"),
    mark="inference",
    applies=any_biometric,
)
def unknown_person_capture(view: View) -> Truth:
    ops = view.each("op")
    covered = (
        None if ops is None else every(either(negate(biometric(op)), opened_for_strangers(view, op)) for op in ops)
    )
    alone = no(view["bio.zone_includes_non_enrolled"])
    token_first = both(among(view["bio.mode"], "1:1"), no(view["bio.template_of_non_enrolled"]))
    return either(alone, token_first, covered)


@rule(
    "search-adults-alone",
    asks="A face is searched among everyone's (1:N) only in a laboratory's research, where enrolled adults, or adults "
    "who agreed to be searched, are alone in the picture.",
    fails="A search among everyone computes a template of whoever comes into the picture, who may never have enrolled. "
    "Compare with one person, after a token (1:1). A search is for a laboratory's research, with such adults alone in "
    "the picture.",
    cites=("GDPR Art 9(1)", "GDPR Art 5(1)(c)", "GDPR Art 25", "EDPB Opinion 11/2024"),
    source="law.md 1.2, 3.1; M: Sammantagen bedömning",
    outcome="refuse",
    family="project",
    reads=(
        *BIOMETRIC, *STATUTE, *RESEARCH, "bio.mode", "bio.zone_includes_non_enrolled", "bio.template_of_non_enrolled",
        "dep.age_min",
    ),
    mark="project-rule",
    applies=lambda view: both(_any_in_passing(view), negate(among(view["bio.mode"], "1:1"))),
)  # fmt: skip
def search_adults_alone(view: View) -> Truth:
    ops = view.each("op")
    laboratory = both(
        among(view["ctl.kind"], "laboratory"),
        None if ops is None else every(either(negate(in_passing(op)), adult_research(view, op)) for op in ops),
        adults_alone(view),
        no(view["bio.zone_includes_non_enrolled"]),
        no(view["bio.template_of_non_enrolled"]),
    )
    covered = (
        None if ops is None else every(either(negate(in_passing(op)), opened_for_strangers(view, op)) for op in ops)
    )
    return either(laboratory, covered)


def _any_in_passing(view: View) -> Truth:
    ops = view.each("op")
    return None if ops is None else some(in_passing(op) for op in ops)


@rule(
    "template-location",
    asks="The template is in the person's own hands, or kept under a key that only the person holds.",
    fails="Templates lie with the controller or elsewhere under a key that others hold. Put them on the tag, or "
    "under a "
    "key that only the person holds.",
    cites=("EDPB Opinion 11/2024", "EDPB Guidelines 3/2019 para 88", "GDPR Art 25", "GDPR Art 32"),
    source="law.md 3.1",
    outcome="warn",
    family="security",
    reads=(*BIOMETRIC, "bio.template_location"),
    mark="inference",
    tier=1,
    applies=any_biometric,
)
def template_location(view: View) -> Truth:
    return among(view["bio.template_location"], "subject", "central_subject_key")


@rule(
    "template-contained",
    asks="A template holds only what its purpose needs, is of no use in another system, and the image is deleted.",
    fails="Templates could be used elsewhere, or images are kept after the template is made.",
    cites=("EDPB Guidelines 3/2019 para 87", "EDPB Guidelines 3/2019 para 90"),
    source="law.md 3.1",
    outcome="suspend",
    family="security",
    reads=(*BIOMETRIC, "bio.non_transferable", "bio.raw_deleted"),
    mark="unverified",
    tier=1,
    applies=any_biometric,
)
def template_contained(view: View) -> Truth:
    return both(yes(view["bio.non_transferable"]), yes(view["bio.raw_deleted"]))


@rule(
    "minor-biometric-entry",
    asks="No minor and no pupil is recognised biometrically at an entrance or for attendance, unless a listed statute "
    "that reaches them opens it.",
    fails="A minor or pupil would be recognised biometrically at an entrance or for attendance, and no listed statute "
    "opens that. Give them a tag.",
    cites=("GDPR Art 9(1)", "GDPR rec. 38", "GDPR rec. 43"),
    source="law.md 1.6",
    outcome="refuse",
    family="project",
    scope="operation",
    reads=(*BIOMETRIC, *ENTRY, *PUPIL, *MINOR, *STATUTE),
    mark="project-rule",
    applies=lambda view: both(biometric(view.op), entry(view, view.op), either(pupil(view), minor(view))),
)
def minor_biometric_entry(view: View) -> Truth:
    return opened_for_minors(view, view.op)
