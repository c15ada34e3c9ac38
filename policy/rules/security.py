"""Security, design and default, breaches, and who can let in whom the door refused (Articles 22, 25, 32 to 34)."""

from __future__ import annotations

from policy.kleene import Truth, both, yes
from policy.rule import rule
from policy.view import View

MEASURES = ("encrypted", "access_control", "resilient", "restore", "tested")


@rule(
    "security-measures",
    asks="Data are encrypted or pseudonymised, access is limited, systems are resilient, restorable and tested.",
    fails="A measure of security is missing: encryption, limited access, resilience, restoring, regular tests.",
    cites=("GDPR Art 32(1)-(2)", "GDPR Art 5(1)(f)", "Act 90/2018 Art 27(1), 8(1)(6)"),
    source="law.md 1.4; K: III.5, III.5.2",
    outcome="suspend",
    family="security",
    reads=tuple(f"sec.{name}" for name in MEASURES),
    tier=1,
)
def security_measures(view: View) -> Truth:
    return both(*(yes(view[f"sec.{name}"]) for name in MEASURES))


@rule(
    "design-default",
    asks="Privacy settings are on by default and the way with the least data comes first.",
    fails="Privacy settings are not on by default, or the way with the least data does not come first.",
    cites=("GDPR Art 25(1)-(2)", "EDPB Guidelines 4/2019"),
    source="law.md 1.4; M: Sammantagen bedömning; K: II.5.3, II.8 (suspected only)",
    outcome="suspend",
    family="security",
    reads=("design.private_by_default", "design.lowest_data_first"),
    mark="inference",
    tier=1,
)
def design_default(view: View) -> Truth:
    return both(yes(view["design.private_by_default"]), yes(view["design.lowest_data_first"]))


@rule(
    "no-solely-automated-exclusion",
    asks="A person can always let in whom the door refused.",
    fails="Nobody can let in whom the door refused. Put a person within reach.",
    cites=("GDPR Art 22",),
    source="law.md 3.4",
    outcome="suspend",
    family="security",
    reads=("design.human_path",),
    mark="unverified",
)
def no_automated_exclusion(view: View) -> Truth:
    return yes(view["design.human_path"])


@rule(
    "breach-clock",
    asks="There is a process that reports a breach within 72 hours and tells people where the risk is high.",
    fails="There is no process that reports a breach within 72 hours.",
    cites=("GDPR Art 33", "GDPR Art 34"),
    source="law.md 3.4",
    outcome="suspend",
    family="security",
    reads=("sec.breach_process",),
    mark="unverified",
    tier=1,
)
def breach_clock(view: View) -> Truth:
    return yes(view["sec.breach_process"])
