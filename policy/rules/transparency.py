"""What people are told, where, when and in which words (Articles 5(1)(a), 12 to 14)."""

from __future__ import annotations

from typing import get_args

from policy.kleene import Truth, both, contains, day, either, holds, negate, no, some, stated, yes
from policy.record import Element
from policy.rule import rule
from policy.rules.conditions import MINOR, PUPIL, minor, pupil
from policy.view import View


@rule(
    "notice-elements",
    asks="The notice tells purpose, basis, recipients, third countries, retention and rights.",
    fails="The notice lacks purpose, basis, recipients, third countries, retention or rights.",
    cites=("GDPR Art 5(1)(a)", "GDPR Art 12-14", "Act 90/2018 Art 8(1)(1)"),
    source="law.md 1.4; K: III.4.3",
    outcome="suspend",
    family="transparency",
    reads=("notice.elements",),
)
def notice_elements(view: View) -> Truth:
    return contains(view["notice.elements"], get_args(Element))


@rule(
    "notice-language",
    asks="The notice is in its readers' languages and leads to no page they can't read.",
    fails="The notice is not in every language its readers need, or leads to pages in another.",
    cites=("GDPR Art 12(1)", "GDPR Art 5(1)(a)"),
    source="law.md 1.4; K: III.4.3, II.5.3",
    outcome="suspend",
    family="transparency",
    reads=("dep.language", "notice.language", "notice.foreign_links"),
)
def notice_language(view: View) -> Truth:
    languages = view["dep.language"]
    return both(stated(languages), contains(view["notice.language"], languages), no(view["notice.foreign_links"]))


@rule(
    "notice-one-place",
    asks="Everything is said in one place.",
    fails="One must read several pages, or none exists, to know everything.",
    cites=("GDPR Art 12(1)",),
    source="law.md 1.4; K: III.4.3",
    outcome="warn",
    family="transparency",
    reads=("notice.url_count",),
)
def notice_one_place(view: View) -> Truth:
    count = view["notice.url_count"]
    return None if count == "unknown" else count == 1


@rule(
    "notice-before",
    asks="People are told before the processing begins.",
    fails="People were not told before the processing began.",
    cites=("GDPR Art 13(1)",),
    source="law.md 1.4; K: II.5.3, III.4.3",
    outcome="suspend",
    family="transparency",
    reads=("notice.given_on", "dep.started_on"),
)
def notice_before(view: View) -> Truth:
    start = view["dep.started_on"]
    return day(view["notice.given_on"], latest=view.as_of if start == "none" else start)


@rule(
    "notice-not-misleading",
    asks="The notice does not call a vendor lawful against whom there is a decision.",
    fails="The notice says that the vendor follows the law while a decision says otherwise.",
    cites=("GDPR Art 5(1)(a)", "Act 90/2018 Art 8(1)(1)"),
    source="law.md 1.4; K: III.4.3",
    outcome="suspend",
    family="transparency",
    reads=("notice.claims", "sup.prior_decisions[].adverse"),
)
def notice_not_misleading(view: View) -> Truth:
    decisions = view.each("sup.prior_decisions")
    against = None if decisions is None else some(negate(no(decision["adverse"])) for decision in decisions)
    return either(negate(holds(view["notice.claims"], "vendor_complies")), negate(against))


@rule(
    "notice-child-version",
    asks="Where children are concerned there is a notice that they understand.",
    fails="There is no notice that a child understands.",
    cites=("GDPR Art 12(1)", "GDPR rec. 58"),
    source="law.md 3.4",
    outcome="suspend",
    family="transparency",
    reads=("dep.age_min", *PUPIL, *MINOR, "notice.child_version"),
    mark="unverified",
    applies=lambda view: either(_young(view["dep.age_min"]), minor(view), pupil(view)),
)
def notice_child_version(view: View) -> Truth:
    return yes(view["notice.child_version"])


def _young(age: object) -> Truth:
    return None if age in ("none", "unknown") else isinstance(age, int) and age < 18


@rule(
    "age-range-declared",
    asks="The ages that the processing covers are stated.",
    fails="The ages that the processing covers are not stated, or the youngest is above the oldest.",
    cites=("GDPR Art 35(7)(a)", "GDPR Art 24"),
    source="law.md 1.2; M: Sammantagen bedömning",
    outcome="suspend",
    family="transparency",
    reads=("dep.age_min", "dep.age_max"),
    mark="inference",
    tier=1,
)
def age_range_declared(view: View) -> Truth:
    low, high = view["dep.age_min"], view["dep.age_max"]
    ordered = None if "unknown" in (low, high) else isinstance(low, int) and isinstance(high, int) and low <= high
    return both(stated(low), stated(high), ordered)
