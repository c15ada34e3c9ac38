"""Conditions that several rules share, each with the facts it reads."""

from __future__ import annotations

from datetime import date

from policy.kleene import Truth, among, both, day, either, negate, no, some, stated, yes
from policy.statutes import Statute
from policy.view import Item, View

BIOMETRIC_MODALITIES = ("face", "fingerprint", "iris", "voice")
BIOMETRIC_KINDS = ("template", "enrol", "match", "store", "transfer")
"""Filming and detecting a face measures no one yet (EDPB 05/2022 paras 13-14); a template does."""

BIOMETRIC = ("op[].kind", "op[].modality")
PURPOSE = ("op[].purpose", "purp[].id")
ORDINARY = (*PURPOSE, "purp[].kind", "purp[].ordinary_activity")
PUPIL = ("subj.role", "subj.attested_role")
SCHOOL = ("ctl.relation", "ctl.kind")
MINOR = ("subj.age", "subj.attested_age", "subj.later_age")
CONSENT = ("op[].basis6", "op[].basis9")
IMBALANCE = (*CONSENT, *ORDINARY, *PUPIL, *SCHOOL)
FREE = (*ORDINARY, *PUPIL, *SCHOOL, "dep.jurisdiction")
STATUTE = (
    "op[].basis9", "op[].statute", "op[].kind", "op[].modality", *PURPOSE, "purp[].kind", "ctl.kind",
    "dep.jurisdiction",
)  # fmt: skip
ENTRY = (*PURPOSE, "purp[].kind", "dep.entrance_kind")

GDANSK = date(2024, 10, 10)
"""Polish Supreme Administrative Court, III OSK 4804/21: with valid consent no breach of minimisation could be found."""
GDANSK_WHY = (
    "In Poland a court of last instance found no breach where parents consented to an optional use (III OSK 4804/21); "
    "commentators call it controversial."
)


def biometric(op: Item) -> Truth:
    """Does the operation process biometric data to identify someone? A template or match of nothing stated counts."""
    kind, modality = op["kind"], op["modality"]
    stays = None if kind == "unknown" else kind in ("template", "enrol", "match", "none")
    unsaid = both(among(modality, "none"), stays)
    return both(
        among(kind, *BIOMETRIC_KINDS, "none"),
        either(among(modality, *BIOMETRIC_MODALITIES), unsaid),
    )


def any_biometric(view: View) -> Truth:
    """Is any operation biometric? Reads BIOMETRIC."""
    ops = view.each("op")
    return None if ops is None else some(biometric(op) for op in ops)


def on_consent(op: Item) -> Truth:
    """Does it rest on consent, under Article 6 or 9?"""
    return either(among(op["basis6"], "a"), among(op["basis9"], "a"))


def any_consent(view: View) -> Truth:
    """Does any operation rest on consent? Reads CONSENT."""
    ops = view.each("op")
    return None if ops is None else some(on_consent(op) for op in ops)


def pupil(view: View) -> Truth:
    """Is the person a pupil? A role that isn't stated is not shown to be another."""
    roles = (view["subj.role"], view["subj.attested_role"])
    return either(
        *(among(role, "pupil") for role in roles), None if roles[0] == "none" and roles[1] != "pupil" else False
    )


def school(view: View) -> Truth:
    """Is the controller a school to the person?"""
    return either(among(view["ctl.relation"], "school", "none"), among(view["ctl.kind"], "school"))


def minor(view: View) -> Truth:
    """Is the person under 18? The lowest age stated counts; none stated is not shown to be an adult's."""
    ages = [_under(view["subj.age"]), _under(view["subj.attested_age"])]
    later = view["subj.later_age"]
    return either(*ages, False if later == "none" else _under(later))


def _under(age: object) -> Truth:
    return None if age in ("none", "unknown") else isinstance(age, int) and age < 18


def ordinary(view: View, op: Item) -> Truth:
    """Is it the controller's ordinary activity? Entrance and attendance always are; only a stated no says otherwise."""
    purpose = view.purpose(op)
    said = purpose["ordinary_activity"]
    return either(among(purpose["kind"], "entrance", "attendance"), None if said == "unknown" else said is not False)


def school_consent(view: View, op: Item) -> Truth:
    """A pupil's relation to the school, in its ordinary activity: where consent can't be presumed free."""
    return both(pupil(view), school(view), ordinary(view, op))


def imbalance(view: View, op: Item) -> Truth:
    """Consent between a pupil and the school for its ordinary activity."""
    return both(on_consent(op), school_consent(view, op))


def tolerated(view: View) -> Truth:
    """Does the Polish judgment reach this? Reads dep.jurisdiction."""
    return both(view.under("pl"), view.as_of >= GDANSK)


def free(view: View, op: Item) -> Truth:
    """Can consent be free here at all? Reads FREE."""
    return either(negate(school_consent(view, op)), tolerated(view))


def opening(view: View, op: Item) -> list[tuple[Statute, Truth]]:
    """The listed statutes that hold on the day, and whether each opens Article 9(2) for this operation."""
    purpose = view.purpose(op)
    return [
        (
            statute,
            both(
                view.under(statute.profile),
                among(op["statute"], statute.id),
                among(op["basis9"], statute.basis9),
                among(op["kind"], *statute.operations),
                among(op["modality"], *statute.modalities),
                among(purpose["kind"], *statute.purposes),
                among(view["ctl.kind"], *statute.controllers),
            ),
        )
        for statute in view.ground.statutes
        if statute.valid_from <= view.as_of and (statute.valid_until is None or view.as_of <= statute.valid_until)
    ]


def opened(view: View, op: Item) -> Truth:
    """Does a listed statute open Article 9(2) for it?"""
    return some(truth for _, truth in opening(view, op))


def weighed(view: View, op: Item) -> Truth:
    """Does one open it whose makers weighed necessity?"""
    return some(both(statute.weighs_necessity, truth) for statute, truth in opening(view, op))


def opened_for_minors(view: View, op: Item) -> Truth:
    """Does one open it that reaches minors and pupils?"""
    return some(both(statute.covers_minors, truth) for statute, truth in opening(view, op))


def opened_for_strangers(view: View, op: Item) -> Truth:
    """Does one open it that reaches people who are not enrolled?"""
    return some(both(statute.covers_non_enrolled, truth) for statute, truth in opening(view, op))


def entry(view: View, op: Item) -> Truth:
    """Is it about entrance or attendance? An operation with no stated purpose is; so is all at a named entrance."""
    return either(among(view.purpose(op)["kind"], "entrance", "attendance", "none"), stated(view["dep.entrance_kind"]))


CHOSEN = (
    *CONSENT,
    *BIOMETRIC, *PUPIL, *SCHOOL, *MINOR, "ctl.is_public_authority", "cons.alternative_equal", "cons.detriment",
    "cons.explicit", "cons.withdrawn_on",
)  # fmt: skip


def chosen(view: View, op: Item) -> Truth:
    """An adult's own free choice, outside school, work and authority, with another way as good."""
    return both(
        among(op["basis6"], "a"),
        either(among(op["basis9"], "a"), negate(biometric(op))),
        negate(pupil(view)),
        negate(school(view)),
        negate(minor(view)),
        among(view["ctl.relation"], "other"),
        no(view["ctl.is_public_authority"]),
        yes(view["cons.alternative_equal"]),
        no(view["cons.detriment"]),
        yes(view["cons.explicit"]),
        among(view["cons.withdrawn_on"], "none"),
    )


RESEARCH = (*PURPOSE, "purp[].kind", *PUPIL, *SCHOOL, *MINOR)


def adult_research(view: View, op: Item) -> Truth:
    """Research with adult volunteers outside a school: what it is to find out can't be shown before."""
    return both(
        among(view.purpose(op)["kind"], "research"), negate(pupil(view)), negate(minor(view)), negate(school(view))
    )


def adults_alone(view: View) -> Truth:
    """Is everyone of age whose data this covers, the person asked about too? Reads MINOR and dep.age_min."""
    return both(negate(minor(view)), negate(_under(view["dep.age_min"])))


def in_passing(op: Item) -> Truth:
    """Does the operation recognise people by what a camera sees from afar? A finger has to be put somewhere."""
    return both(biometric(op), negate(among(op["modality"], "fingerprint", "iris", "voice")))


DUE = (
    *BIOMETRIC, "dep.age_min", "dep.new_technology", "dep.on_national_list", *PUPIL, *MINOR,
)  # fmt: skip


def assessment_due(view: View) -> Truth:
    """Must there be an impact assessment: children, new technology, sensitive data, or the authority's list?"""
    return either(
        any_biometric(view),
        _under(view["dep.age_min"]),
        pupil(view),
        minor(view),
        _adverse(view["dep.new_technology"]),
        _adverse(view["dep.on_national_list"]),
    )


ASSESSED = (*DUE, "dpia.date")


def _adverse(fact: object) -> Truth:
    return None if fact == "unknown" else fact is True


def assessed(view: View) -> Truth:
    """Is there one?"""
    return day(view["dpia.date"])


EEA = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "HR",
        "CY",
        "CZ",
        "DK",
        "EE",
        "FI",
        "FR",
        "DE",
        "GR",
        "HU",
        "IE",
        "IS",
        "IT",
        "LV",
        "LI",
        "LT",
        "LU",
        "MT",
        "NL",
        "NO",
        "PL",
        "PT",
        "RO",
        "SK",
        "SI",
        "ES",
        "SE",
    ]
)
"""Member states of the European Economic Area, ISO 3166-1 alpha-2."""
