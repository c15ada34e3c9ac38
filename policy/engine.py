"""The engine: asks every rule about a record as of a day, and makes findings and a verdict of what they say.

The contract, for whoever writes rules, cases or papers on top of it:

- `assess(record, as_of=..., mode="start", profile=None)` gives a Verdict with a finding for each rule, and for each
  operation where the rule is about operations; passed and not applicable ones too. Nothing reads a clock.
- `judge(ground)` gives the same without texts, as (rule, operation index, Judgement), for searches over many records;
  `Ground` holds plain facts (`policy.record.facts`), so a search can change them without building records.
- A rule that doesn't hold on the day, or under the profile, is not applicable and says so. Where the jurisdiction is
  unknown, every profile's rules count.
- Outcomes: true is pass; false is the rule's outcome, made lighter by its first `milder` condition that is known to
  hold, then made heavier again by `children-strict-mode`; not known is `unknown`, which counts as that outcome and puts
  the facts that were missing under `needs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from policy import summing
from policy.kleene import Truth, among, either
from policy.language import Words
from policy.measured import Measurement
from policy.record import Record, facts
from policy.rule import PROFILES, STRICT, Milder, ProfileError, Rule, rules
from policy.statutes import Statute, statutes
from policy.verdict import Finding, Mode, Outcome, Verdict, decide
from policy.view import Ground, View


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a rule came to, without words."""

    outcome: Outcome
    weight: Outcome
    read: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    escalated: bool = False
    milder: Milder | None = None
    dated_out: bool = False
    elsewhere: bool = False


Judged = tuple[Rule, int | None, Judgement]


def ground(
    record: Record,
    as_of: date,
    profile: str | None = None,
    listed: Iterable[Statute] | None = None,
    measured: Iterable[Measurement] = (),
) -> Ground:
    """A record's facts, ready to be judged. `profile` stands in for the record's jurisdiction where given.

    Raises ProfileError for one that isn't known: under it no rule would hold, and nothing would be refused.
    """
    tables = facts(record)
    if profile not in (None, "unknown", *PROFILES):
        raise ProfileError(f"profile: expected one of {', '.join(PROFILES)}, or unknown, found {profile!r}.")
    if profile is not None:
        tables["dep"] = {**tables["dep"], "jurisdiction": profile}
    return Ground(tables, as_of, tuple(statutes() if listed is None else listed), tuple(measured))


def minors(ground: Ground) -> Truth:
    """Is a minor, or a pupil, concerned? An age that is not stated is not shown to be an adult's."""
    subj, dep = ground.facts.get("subj", {}), ground.facts.get("dep", {})
    ages = (subj.get("age", "unknown"), subj.get("attested_age", "unknown"), dep.get("age_min", "unknown"))
    return either(
        *(None if age in ("none", "unknown") else age < 18 for age in ages),
        _later(subj.get("later_age", "unknown")),
        None if subj.get("role") == "none" else among(subj.get("role", "unknown"), "pupil"),
    )


def _later(age: object) -> Truth:
    return None if age == "unknown" else isinstance(age, int) and age < 18


def judge(ground: Ground, asked: Iterable[Rule] | None = None) -> Iterator[Judged]:
    """What each rule comes to; `asked` are all rules unless told."""
    strict = minors(ground) is not False
    entries = ground.facts.get("op", "unknown")
    places = range(len(entries)) if isinstance(entries, tuple) and entries else (0,) if entries == "unknown" else ()
    for rule in rules().values() if asked is None else asked:
        holds = rule.window(ground.profile, ground.as_of)
        if holds is False:
            abroad = ground.profile != "unknown" and ground.profile not in rule.profiles
            yield rule, None, Judgement("not-applicable", "not-applicable", dated_out=not abroad, elsewhere=abroad)
        elif rule.scope == "operation":
            for index in places:
                yield rule, index, _judge(rule, ground, index, holds, strict)
            if not places:
                yield rule, None, Judgement("not-applicable", "not-applicable")
        else:
            yield rule, None, _judge(rule, ground, None, holds, strict)


def _judge(rule: Rule, ground: Ground, index: int | None, holds: Truth, strict: bool) -> Judgement:
    view = View(ground, rule.reads, index)
    applies: Truth = True if rule.applies is None else rule.applies(view)
    if applies is False:
        return Judgement("not-applicable", "not-applicable", tuple(view.read))
    result = rule.check(view)
    if rule.kind == "report":
        outcome: Outcome = "not-applicable" if result is False else "report"
        return Judgement(outcome, outcome, tuple(view.read))
    if result is True:
        return Judgement("pass", "pass", tuple(view.read))
    lighter = next((milder for milder in rule.milder if milder.when(view) is True), None)
    weight: Outcome = rule.outcome if lighter is None else lighter.outcome
    escalated = False
    if strict and rule.family in STRICT and weight == "warn" and (lighter is None or lighter.escalates):
        # Never above the rule's own outcome: what would be lighter than unknown could otherwise come out heavier.
        weight = "refuse" if rule.outcome == "warn" else rule.outcome
        escalated = True
    unknown = result is None or applies is None or holds is None
    missing = tuple(view.missing()) if unknown else ()
    if holds is None:
        missing = tuple(dict.fromkeys((*missing, "dep.jurisdiction")))
    return Judgement("unknown" if unknown else weight, weight, tuple(view.read), missing, escalated, lighter)


def assess(
    record: Record,
    *,
    as_of: date,
    mode: Mode = "start",
    profile: str | None = None,
    listed: Iterable[Statute] | None = None,
    measured: Iterable[Measurement] = (),
    language: str = "en",
) -> Verdict:
    """The verdict on a record as of a day, under its own jurisdiction unless `profile` says another.

    `listed` are the statutes that may open Article 9(2), the product's list unless told; `measured` is what counts of
    attached evidence (policy.measured).
    """
    return verdict(ground(record, as_of, profile, listed, measured), mode, language)


def finding(
    record: Record, name: str, *, as_of: date, listed: Iterable[Statute] | None = None, language: str = "en"
) -> Finding:
    """What one rule about the whole record says as of a day; `listed` as for `assess`."""
    asked = ground(record, as_of, None, listed)
    ((rule, _, judgement),) = judge(asked, [rules()[name]])
    return _finding(rule, judgement, None, asked, Words(language))


def verdict(ground: Ground, mode: Mode = "start", language: str = "en") -> Verdict:
    """The verdict on facts at hand."""
    words, judged = Words(language), list(judge(ground))
    entries = ground.facts.get("op", "unknown")
    names = [entry["id"] for entry in entries] if isinstance(entries, tuple) else []
    findings = tuple(
        _finding(rule, judgement, names[index] if index is not None and names else None, ground, words)
        for rule, index, judgement in judged
    )
    whole = tuple(finding for finding in findings if finding.operation is None)
    made = Verdict.of(*findings, mode=mode)
    mitigating, aggravating = summing.factors(ground, judged, words)
    return made.model_copy(
        update={
            "as_of": ground.as_of,
            "profile": ground.profile,
            "operations": {
                name: decide((*whole, *(f for f in findings if f.operation == name)), mode) for name in names
            },
            "exposure": summing.exposure(ground, judged, words),
            "mitigating": mitigating,
            "aggravating": aggravating,
        }
    )


def _finding(rule: Rule, judgement: Judgement, operation: str | None, ground: Ground, words: Words) -> Finding:
    mark = "not-confirmed-in-force" if ground.profile in rule.unconfirmed else rule.mark
    why = []
    if judgement.milder is not None:
        why.append(words.say(judgement.milder.why))
    if judgement.escalated:
        why.append(words.say(ESCALATED))
    return Finding(
        rule=rule.id,
        outcome=judgement.outcome,
        citations=rule.citations,
        facts=judgement.read,
        missing=judgement.missing,
        message=_message(rule, judgement, ground, words),
        mark=mark,
        counts_as=judgement.weight if judgement.outcome == "unknown" else None,
        operation=operation,
        escalated=judgement.escalated,
        why=" ".join(why),
        source=rule.source,
    )


ESCALATED = "A minor is concerned or may be: what would be a warning is a refusal (children-strict-mode)."
UNKNOWN = "Not known, so it counts as not fulfilled: {facts}."
ABROAD = "This rule does not hold under the jurisdiction {profile}."
NOT_YET = "This rule holds from {since}; the assessment is as of {as_of}."
NO_LONGER = "This rule held until {until}; the assessment is as of {as_of}."
APART = "This does not concern the record as it is stated."
TEXTS = (ESCALATED, UNKNOWN, ABROAD, NOT_YET, NO_LONGER, APART)


def _message(rule: Rule, judgement: Judgement, ground: Ground, words: Words) -> str:
    if judgement.outcome == "unknown":
        return f"{words.say(rule.asks)} {words.say(UNKNOWN, facts=', '.join(judgement.missing))}"
    if judgement.outcome != "not-applicable":
        return words.say(rule.asks if judgement.outcome == "pass" else rule.fails)
    if judgement.elsewhere:
        return words.say(ABROAD, profile=ground.profile)
    if judgement.dated_out and rule.until is not None and ground.as_of > rule.until:
        return words.say(NO_LONGER, until=rule.until, as_of=ground.as_of)
    if judgement.dated_out:
        return words.say(NOT_YET, since=rule.starts(ground.profile), as_of=ground.as_of)
    return words.say(APART)
