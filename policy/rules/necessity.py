"""Necessity: can the aim be met with less (Articles 5(1)(c), 6(1), 35(7)(b))?"""

from __future__ import annotations

from policy.kleene import Truth, among, both, contains, either, every, negate, no, some, stated, yes
from policy.rule import Milder, rule
from policy.rules.conditions import (
    BIOMETRIC,
    CHOSEN,
    CONSENT,
    GDANSK_WHY,
    PURPOSE,
    RESEARCH,
    SCHOOL,
    STATUTE,
    adult_research,
    biometric,
    chosen,
    on_consent,
    school,
    tolerated,
    weighed,
)
from policy.view import Item, View

LENIENT = (*CHOSEN, *CONSENT, "dep.jurisdiction")
_CHOSEN = Milder(
    lambda view: chosen(view, view.op),
    "warn",
    "An adult chose this freely with another way as good: Article 6(1)(a) asks no necessity, Article 5(1)(c) still "
    "minimises (inference).",
)
_GDANSK = Milder(lambda view: both(on_consent(view.op), tolerated(view)), "warn", GDANSK_WHY, escalates=False)
MILDER = (_CHOSEN, _GDANSK)
CARRIED = ("tag", "pin", "qr", "system")
"""Ways in that a pilot measures beside faces."""


@rule(
    "necessity-recorded",
    asks="Necessity is assessed for the operation, in writing, with evidence.",
    fails="The necessity assessment is missing or not complete: the interest, the alternatives, why they are not "
    "enough, "
    "and the evidence.",
    cites=("GDPR Art 6(1)(e)", "GDPR Art 5(1)(c)", "GDPR Art 5(2)"),
    source="law.md 1.3; K: III.4.1",
    outcome="refuse",
    family="necessity",
    scope="operation",
    reads=tuple(f"op[].necessity.{name}" for name in ("interest", "alternatives", "why_insufficient", "evidence")),
)
def necessity_recorded(view: View) -> Truth:
    return both(
        *(stated(view.op[f"necessity.{name}"]) for name in ("interest", "alternatives", "why_insufficient", "evidence"))
    )


@rule(
    "necessity-vs-alternatives",
    asks="Tags, keys or codes, and a manual way are each compared with the operation.",
    fails="Not every less intrusive way was compared: tags, keys or codes, and a manual way. Compare them first.",
    cites=("GDPR Art 5(1)(c)", "GDPR Art 6(1)", "GDPR Art 35(7)(b)"),
    source="law.md 1.3; K: III.4.1; M: both committees",
    outcome="refuse",
    family="necessity",
    scope="operation",
    reads=(*BIOMETRIC, "alt[].id", "alt[].compared", "measured", *LENIENT),
    milder=MILDER,
    applies=lambda view: biometric(view.op),
)
def necessity_vs_alternatives(view: View) -> Truth:
    ways = view.each("alt")
    if ways is None:
        return None

    def compared(*ids: str) -> Truth:
        return some(either(stated(way["compared"]), _measured(view, way["id"])) for way in ways if way["id"] in ids)

    return both(compared("tag"), compared("key", "pin"), compared("manual", "staffed"))


def _measured(view: View, alternative: str) -> Truth:
    """Is there evidence on it that counts?"""
    return any(measurement.shown for measurement in view.measured(alternative))


@rule(
    "necessity-marginal-gain",
    asks="What faces add over the best other way was measured, and exceeds the need declared beforehand.",
    fails="The gain over the other ways is not shown to exceed the declared need.",
    cites=("GDPR Art 5(1)(c)",),
    source="law.md 1.3; M: Grundskolenämnden; Gymnasie- och vuxenutbildningsnämnden",
    outcome="refuse",
    family="necessity",
    scope="operation",
    reads=(*BIOMETRIC, "alt[].id", "measured", *STATUTE, *RESEARCH, *LENIENT),
    mark="inference",
    milder=MILDER,
    applies=lambda view: both(biometric(view.op), negate(adult_research(view, view.op))),
)
def necessity_marginal_gain(view: View) -> Truth:
    return either(weighed(view, view.op), _gain(view))


def _gain(view: View) -> Truth:
    """Is the lower end of the gain above the declared need, over every way that a pilot can measure?"""
    ways = view.each("alt")
    if ways is None:
        return None
    carried = [way["id"] for way in ways if way["id"] in CARRIED]
    return both(bool(carried), every(_exceeds(view, way) for way in carried))


def _exceeds(view: View, alternative: str) -> Truth:
    found = view.measured(alternative)
    return some(measurement.shown and measurement.low > measurement.need for measurement in found) if found else None


@rule(
    "necessity-shared-residual",
    asks="Risks that faces don't remove, such as tailgating and an open door, stand on both sides of the comparison.",
    fails="Risks that stay with faces too, such as tailgating and an open door, are left out of the comparison.",
    cites=("GDPR Art 35(7)(c)",),
    source="law.md 1.3; M: Grundskolenämnden",
    outcome="warn",
    family="necessity",
    scope="operation",
    reads=(*BIOMETRIC, *PURPOSE, "purp[].kind", "op[].necessity.shared_risks"),
    mark="inference",
    applies=lambda view: both(biometric(view.op), among(view.purpose(view.op)["kind"], "entrance", "security", "none")),
)
def necessity_shared_residual(view: View) -> Truth:
    return stated(view.op["necessity.shared_risks"])


@rule(
    "tag-capabilities-counted",
    asks="It is counted in tags' favour that a lost one is blocked at once and that doors lock on demand.",
    fails="What tags can do was not counted: blocking a lost one at once, locking doors on demand.",
    cites=("GDPR Art 5(1)(c)",),
    source="law.md 1.3; M: Grundskolenämnden",
    outcome="warn",
    family="necessity",
    scope="operation",
    reads=(*BIOMETRIC, "alt[].id", "alt[].credits"),
    mark="inference",
    applies=lambda view: biometric(view.op),
)
def tag_capabilities(view: View) -> Truth:
    ways = view.each("alt")
    if ways is None:
        return None
    return some(contains(way["credits"], ("fast_revocation", "lock_on_demand")) for way in ways if way["id"] == "tag")


@rule(
    "convenient-is-not-necessary",
    asks="The interest is more than efficiency or convenience.",
    fails="The only interest is efficiency or convenience; what suits is not thereby necessary.",
    cites=("GDPR Art 6(1)", "GDPR Art 5(1)(c)"),
    source="law.md 1.3; K: III.2",
    outcome="refuse",
    family="necessity",
    scope="operation",
    reads=("op[].necessity.interest_kinds", *LENIENT),
    milder=MILDER,
)
def convenient(view: View) -> Truth:
    kinds = view.op["necessity.interest_kinds"]
    if kinds == "unknown":
        return None
    return isinstance(kinds, tuple) and any(kind not in ("efficiency", "convenience") for kind in kinds)


@rule(
    "existing-system-works",
    asks="No faces are used where a system that works is in use or procured for the same purpose.",
    fails="A system that works is already in use or procured for this purpose. Use it.",
    cites=("GDPR Art 5(1)(c)",),
    source="law.md 1.3, 1.6; M: Grundskolenämnden, Sammantagen bedömning",
    outcome="refuse",
    family="necessity",
    scope="operation",
    reads=(*BIOMETRIC, "dep.status", *SCHOOL, *STATUTE, "alt[].sufficient", "alt[].in_use", *RESEARCH, *LENIENT),
    mark="inference",
    milder=MILDER,
    applies=lambda view: both(
        biometric(view.op),
        either(among(view["dep.status"], "production", "none"), school(view)),
        negate(adult_research(view, view.op)),
    ),
)
def existing_system_works(view: View) -> Truth:
    ways = view.each("alt")
    # A way whose use or sufficiency isn't stated at all counts as one that works.
    working = None if ways is None else some(negate(either(no(way["in_use"]), no(way["sufficient"]))) for way in ways)
    return either(weighed(view, view.op), negate(working))


@rule(
    "least-intrusive-first",
    asks="The way that takes the least data of those that are enough is chosen.",
    fails="A way that takes less data is enough, or is not shown not to be. Choose it.",
    cites=("GDPR Art 5(1)(c)", "GDPR Art 25"),
    source="law.md 1.3; M: Sammantagen bedömning (words it wider than Article 25)",
    outcome="refuse",
    family="necessity",
    scope="operation",
    reads=(*BIOMETRIC, "alt[].id", "alt[].sufficient", "measured", *STATUTE, *RESEARCH, *LENIENT),
    mark="inference",
    milder=MILDER,
    applies=lambda view: both(biometric(view.op), negate(adult_research(view, view.op))),
)
def least_intrusive(view: View) -> Truth:
    ways = view.each("alt")
    if ways is None:
        less: Truth = None
    else:
        less = both(bool(ways), every(_insufficient(view, way) for way in ways))
    return either(weighed(view, view.op), less)


def _insufficient(view: View, way: Item) -> Truth:
    """Stated not to be enough, and for a way that a pilot can measure, shown to be."""
    said = None if way["sufficient"] == "unknown" else way["sufficient"] is False
    return both(said, _exceeds(view, way["id"])) if way["id"] in CARRIED else said


@rule(
    "net-admin-effect",
    asks="The benefit is counted net of the manual way for those who decline.",
    fails="The benefit leaves out that those who decline still need the manual way.",
    cites=("GDPR Art 5(1)(c)", "GDPR Art 35(7)(b)"),
    source="law.md 1.3; M: Grundskolenämnden, Sammantagen bedömning",
    outcome="warn",
    family="necessity",
    scope="operation",
    reads=(*BIOMETRIC, "op[].necessity.net_of_manual"),
    mark="inference",
    applies=lambda view: biometric(view.op),
)
def net_admin_effect(view: View) -> Truth:
    return yes(view.op["necessity.net_of_manual"])


@rule(
    "cost-compared",
    asks="The cost is stated beside that of the planned alternative.",
    fails="The cost is not stated beside that of the alternative.",
    cites=("GDPR Art 5(1)(c)",),
    source="law.md 1.3; M: Grundskolenämnden (proportionality)",
    outcome="warn",
    family="necessity",
    scope="operation",
    reads=(*BIOMETRIC, "op[].necessity.costs"),
    mark="inference",
    applies=lambda view: biometric(view.op),
)
def cost_compared(view: View) -> Truth:
    return stated(view.op["necessity.costs"])
