"""The law before the Regulation, as far as two decided cases need it."""

from __future__ import annotations

from datetime import date, timedelta

from policy.kleene import Truth, both, some, stated, yes
from policy.rule import GDPR, NATIONAL_START, rule
from policy.rules.conditions import BIOMETRIC, any_biometric
from policy.view import View

BEFORE = ("cons.given_by", "alt[].id")


def _optional(view: View) -> Truth:
    """Consent, and a card or other way beside it."""
    ways = view.each("alt")
    return both(
        stated(view["cons.given_by"]),
        None if ways is None else some(way["id"] != "no_control" for way in ways),
    )


@rule(
    "pul-consent",
    asks="Under the Personal Data Act (1998:204) a school's fingerprints rested on consent, with a card beside them.",
    fails="Under the Personal Data Act (1998:204) this was allowed with consent and another way only.",
    cites=("Personuppgiftslagen (1998:204)", "RÅ 2008:83"),
    source="law.md 2 (se-uddevalla-RA-2008-83)",
    outcome="refuse",
    family="lawfulness",
    reads=(*BIOMETRIC, *BEFORE),
    mark="inference",
    profiles=("se",),
    since=date(1998, 10, 24),
    until=GDPR - timedelta(days=1),
    national={},
    tier=0,
    applies=any_biometric,
)
def pul_consent(view: View) -> Truth:
    return _optional(view)


@rule(
    "act77-consent",
    asks="Under Act 77/2000 a canteen's fingerprints by consent, with a meal card as good, drew no objection.",
    fails="Under Act 77/2000 only optional use by consent, with another way as good, drew no objection.",
    cites=("Act 77/2000 (Iceland)", "Persónuvernd opinion 2007/584"),
    source="law.md 2 (is-hafnarfjordur-2007)",
    outcome="refuse",
    family="lawfulness",
    reads=(*BIOMETRIC, *BEFORE, "cons.alternative_equal"),
    mark="inference",
    profiles=("is",),
    since=date(2001, 1, 1),
    until=NATIONAL_START["is"] - timedelta(days=1),
    national={},
    tier=0,
    applies=any_biometric,
)
def act77_consent(view: View) -> Truth:
    return both(_optional(view), yes(view["cons.alternative_equal"]))
