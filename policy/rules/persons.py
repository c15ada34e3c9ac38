"""The person asked about: age and role attested."""

from __future__ import annotations

from policy.kleene import Truth, among, both, day, either, stated
from policy.rule import rule
from policy.rules.conditions import BIOMETRIC, any_biometric
from policy.view import View


@rule(
    "age-attested",
    asks="Age and role are attested by a named witness who saw a document, on a day, and nothing lower was stated "
    "later.",
    fails="Age or role is not attested by a named witness with kind of document and date, or something else was "
    "stated.",
    cites=("GDPR Art 5(1)(d)", "GDPR Art 5(2)"),
    source="law.md 1.6",
    outcome="refuse",
    family="project",
    scope="person",
    reads=(*BIOMETRIC, "subj.age", "subj.role", "subj.attested_age", "subj.attested_role", "subj.attested_by",
           "subj.attested_document", "subj.attested_on", "subj.later_age"),
    mark="project-rule",
    applies=any_biometric,
)  # fmt: skip
def age_attested(view: View) -> Truth:
    age, attested, later = view["subj.age"], view["subj.attested_age"], view["subj.later_age"]
    role, witnessed = view["subj.role"], view["subj.attested_role"]
    return both(
        stated(age),
        stated(role),
        # Who was attested at some age has since grown at most older.
        _at_least(age, attested),
        None if "unknown" in (role, witnessed) else role == witnessed,
        stated(view["subj.attested_by"]),
        stated(view["subj.attested_document"]),
        day(view["subj.attested_on"], latest=view.as_of),
        either(among(later, "none"), _at_least(later, attested)),
    )


def _at_least(age: object, attested: object) -> Truth:
    if "unknown" in (age, attested):
        return None
    return isinstance(age, int) and isinstance(attested, int) and age >= attested
