"""Lawfulness: a basis for each operation, before it starts (Article 6)."""

from __future__ import annotations

from datetime import date

from policy.kleene import Truth, among, both, day, every, implies, no, stated, yes
from policy.rule import GDPR, NATIONAL_START, PROFILES, rule
from policy.rules.conditions import PURPOSE
from policy.view import View


@rule(
    "operations-stated",
    asks="The record names the operations it is about.",
    fails="The record names no operation, so there is nothing that could be allowed. List them under op.",
    cites=("GDPR Art 5(2)", "GDPR Art 30(1)"),
    source="DESIGN",
    outcome="refuse",
    family="project",
    reads=("op",),
    mark="project-rule",
    since=date.min,
    national={},
    tier=0,
)
def operations_stated(view: View) -> Truth:
    return stated(view["op"])


COVERED = {"se": date(1998, 10, 24), "is": date(2001, 1, 1), "no": NATIONAL_START["no"]}
"""The first day that these rules know the law of; elsewhere the day from which the Regulation applies."""


@rule(
    "law-covered",
    asks="The day of assessment lies in a time whose law these rules know.",
    fails="These rules don't know the law of that day in that country, so nothing can be allowed.",
    cites=("GDPR Art 5(2)",),
    source="DESIGN",
    outcome="refuse",
    family="project",
    reads=("dep.jurisdiction",),
    mark="project-rule",
    since=date.min,
    national={},
    tier=0,
)
def law_covered(view: View) -> Truth:
    return every(implies(view.under(profile), view.as_of >= COVERED.get(profile, GDPR)) for profile in PROFILES)


@rule(
    "authority-stated",
    asks="A municipality or an authority is stated to be a public authority.",
    fails="The controller is a municipality or an authority and is stated not to be a public authority. Mend one of "
    "the two: what holds for authorities follows from it.",
    cites=("GDPR Art 5(2)", "GDPR Art 4(7)"),
    source="DESIGN",
    outcome="refuse",
    family="project",
    reads=("ctl.kind", "ctl.is_public_authority"),
    mark="project-rule",
    tier=0,
)
def authority_stated(view: View) -> Truth:
    return implies(among(view["ctl.kind"], "municipality", "authority"), yes(view["ctl.is_public_authority"]))


@rule(
    "basis-before-start",
    asks="Purpose and legal basis are decided before the processing begins, and that can be shown.",
    fails="A basis or purpose was not fixed before the processing began. Decide and date both first.",
    cites=("GDPR Art 5(1)(a)", "GDPR Art 6(1)", "Act 90/2018 Art 8(1)(1)-(2), 9"),
    source="law.md 1.2; K: III.4.1",
    outcome="refuse",
    family="lawfulness",
    scope="operation",
    reads=("op[].basis6", "op[].basis_fixed_on", "dep.started_on", *PURPOSE, "purp[].fixed_on"),
)
def basis_before_start(view: View) -> Truth:
    start = view["dep.started_on"]
    latest = view.as_of if start == "none" else start
    fixed = (view.op["basis_fixed_on"], view.purpose(view.op)["fixed_on"])
    return both(stated(view.op["basis6"]), *(day(when, latest=latest) for when in fixed))


@rule(
    "basis-per-operation",
    asks="Each operation has its own legal basis; one lawful part does not carry another.",
    fails="This operation has no legal basis of its own under Article 6(1). State one, or leave the operation out.",
    cites=("GDPR Art 6(1)", "GDPR Art 5(2)", "Act 90/2018 Art 9, 8(2)"),
    source="law.md 1.2; K: III.4.1",
    outcome="refuse",
    family="lawfulness",
    scope="operation",
    reads=("op[].basis6",),
)
def basis_per_operation(view: View) -> Truth:
    return stated(view.op["basis6"])


@rule(
    "basis-6c-law-prescribes",
    asks="A legal obligation is a basis only where the law requires this very processing.",
    fails="No law is shown to require this very processing. An authority's task normally rests on Article 6(1)(e).",
    cites=("GDPR Art 6(1)(c)", "Act 90/2018 Art 9(3)"),
    source="law.md 1.2; K: III.4.1",
    outcome="warn",
    family="lawfulness",
    scope="operation",
    reads=("op[].basis6", "op[].law_prescribes", *PURPOSE, "purp[].statute_ref"),
    applies=lambda view: among(view.op["basis6"], "c"),
)
def basis_6c(view: View) -> Truth:
    return both(yes(view.op["law_prescribes"]), stated(view.purpose(view.op)["statute_ref"]))


@rule(
    "basis-6e-inside-task",
    asks="A public task covers each operation that rests on it, the vendor's part too.",
    fails="This operation lies outside the public task. Find another basis or leave it out.",
    cites=("GDPR Art 6(1)(e)", "Act 90/2018 Art 9(5)"),
    source="law.md 1.2; K: III.4.1, III.7 (second)",
    outcome="refuse",
    family="lawfulness",
    scope="operation",
    reads=("op[].basis6", "op[].within_task"),
    applies=lambda view: among(view.op["basis6"], "e"),
)
def basis_6e(view: View) -> Truth:
    return yes(view.op["within_task"])


@rule(
    "no-6f-for-authority",
    asks="A public authority does not rest its tasks on legitimate interests.",
    fails="A public authority can't rest this on legitimate interests. Find a basis in law, or leave it out.",
    cites=("GDPR Art 6(1) last subparagraph",),
    source="law.md 3.4",
    outcome="refuse",
    family="lawfulness",
    scope="operation",
    reads=("op[].basis6", "ctl.is_public_authority"),
    mark="unverified",
    applies=lambda view: among(view.op["basis6"], "f"),
)
def no_6f(view: View) -> Truth:
    return no(view["ctl.is_public_authority"])
