"""A rule: one atomic, pure check with its citation, where and when it holds, and the facts it reads.

    @rule("basis-per-operation", outcome="refuse", scope="operation", reads=("op[].basis6",), ...)
    def basis_per_operation(view: View) -> Truth:
        return stated(view.op["basis6"])

The function returns true (fulfilled), false (not), or None (not known). It is built of policy.kleene's connectives over
what `view` gives, so that a fact made unknown takes its result away at most. It reads no clock, no file, no other fact
than those it declares: the view raises Undeclared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from policy.errors import PolicyError
from policy.kleene import Truth
from policy.view import View

Check = Callable[[View], Truth]
Failing = Literal["refuse", "suspend", "warn"]
Scope = Literal["person", "operation", "deployment"]
Kind = Literal["check", "report"]
Family = Literal[
    "lawfulness",
    "purpose",
    "necessity",
    "minimisation",
    "transparency",
    "roles",
    "security",
    "assessment",
    "transfer",
    "supervision",
    "camera",
    "ai",
    "project",
]

STRICT: tuple[Family, ...] = ("necessity", "minimisation", "purpose")
"""Families in which a warning becomes a refusal where any minor is concerned (rule `children-strict-mode`)."""

PROFILES = ("se", "is", "dk", "no", "pl", "gb", "eu")

GDPR = date(2018, 5, 25)
"""Day from which the Regulation applies (Art 99(2))."""
NATIONAL_START: Mapping[str, date] = {"is": date(2018, 7, 15), "no": date(2018, 7, 20)}
"""Where the Regulation's law came later, by way of the EEA. Act 90/2018; personopplysningsloven. [from memory]"""


class ProfileError(PolicyError, ValueError):
    """Error raised for a jurisdiction that no rules are of."""


class UnknownRule(PolicyError, LookupError):
    """Error raised for a rule that doesn't exist; says which are close."""


@dataclass(frozen=True, slots=True)
class Milder:
    """A lighter outcome where a condition is known to hold."""

    when: Check
    outcome: Literal["warn", "suspend"]
    why: str
    """Shown with the finding; English text, translated by the catalogue."""
    escalates: bool = True
    """Does `children-strict-mode` still turn it into a refusal?"""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Texts are English and keys of the catalogues."""

    id: str
    asks: str
    """What the law asks for, one sentence."""
    fails: str
    """What is wrong where it isn't fulfilled, and what to do: one or two sentences."""
    citations: tuple[str, ...]
    source: str
    """Where the project's research has it from."""
    outcome: Failing
    check: Check
    reads: frozenset[str]
    family: Family
    scope: Scope = "deployment"
    kind: Kind = "check"
    applies: Check | None = None
    mark: str | None = None
    """None: text that was read; `unverified`: from memory; `inference`: concluded, no source says it; `weakened`: a
    court faulted what it stands on; `project-rule`: beside the law."""
    profiles: tuple[str, ...] = PROFILES
    since: date = GDPR
    until: date | None = None
    """The last day on which it holds."""
    national: Mapping[str, date] = field(default_factory=lambda: NATIONAL_START)
    milder: tuple[Milder, ...] = ()
    tier: Literal[0, 1, 2] = 2
    """Of fines: 1 Article 83(4), 2 Article 83(5), 0 neither."""
    unconfirmed: tuple[str, ...] = ()
    """Profiles in which it isn't confirmed to be in force."""

    @property
    def facts(self) -> frozenset[str]:
        """Every fact that can change its finding: what it reads, and what says where and how strictly it holds."""
        more = {"dep.jurisdiction"} if self.profiles != PROFILES or self.national or self.unconfirmed else set()
        if self.family in STRICT:
            more |= MINORS
        return self.reads | more

    def starts(self, profile: str) -> date:
        """The first day on which it holds under a profile."""
        return max(self.since, self.national.get(profile, self.since))

    def window(self, profile: str, as_of: date) -> Truth:
        """Does it hold on that day under that profile? None where that depends on an unknown profile."""
        candidates = PROFILES if profile == "unknown" else (profile,)
        holding = {
            candidate in self.profiles
            and self.starts(candidate) <= as_of
            and (self.until is None or as_of <= self.until)
            for candidate in candidates
        }
        return holding.pop() if len(holding) == 1 else None


MINORS = frozenset({"subj.age", "subj.attested_age", "subj.later_age", "subj.role", "dep.age_min"})
"""The facts that say whether a minor is concerned."""

_RULES: dict[str, Rule] = {}


def rule(
    name: str,
    *,
    asks: str,
    fails: str,
    cites: Iterable[str],
    source: str,
    outcome: Failing,
    family: Family,
    reads: Iterable[str],
    scope: Scope = "deployment",
    kind: Kind = "check",
    applies: Check | None = None,
    mark: str | None = None,
    profiles: tuple[str, ...] = PROFILES,
    since: date = GDPR,
    until: date | None = None,
    national: Mapping[str, date] = NATIONAL_START,
    milder: tuple[Milder, ...] = (),
    tier: Literal[0, 1, 2] = 2,
    unconfirmed: tuple[str, ...] = (),
) -> Callable[[Check], Check]:
    """Register the decorated function as a rule; see Rule for the parameters."""

    def register(check: Check) -> Check:
        if name in _RULES:
            raise ValueError(f"the rule {name} is there twice")
        _RULES[name] = Rule(
            name, asks, fails, tuple(cites), source, outcome, check, closed(reads), family, scope, kind, applies, mark,
            profiles, since, until, national, milder, tier, unconfirmed,
        )  # fmt: skip
        return check

    return register


def closed(reads: Iterable[str]) -> frozenset[str]:
    """The declared facts with the lists they stand in: `proc[].sub[].country` reads `proc` and `proc[].sub` too."""
    facts = set(reads)
    for fact in tuple(facts):
        facts |= {fact[: match.start()] for match in re.finditer(r"\[\]", fact)}
    return frozenset(facts)


def rules() -> Mapping[str, Rule]:
    """All rules by id, in the order of the law's table."""
    import policy.rules  # noqa: F401, PLC0415  registers them; it needs this module first

    return _RULES


def find(name: str) -> Rule:
    """The rule of that name. Raises UnknownRule."""
    from difflib import get_close_matches  # noqa: PLC0415  only when a person asks

    known = rules()
    if name not in known:
        close = ", ".join(get_close_matches(name, known, n=3, cutoff=0.4)) or "threshold policy explain lists them"
        raise UnknownRule(f"{name}: expected the id of a rule, found none of that name. Close: {close}.")
    return known[name]
