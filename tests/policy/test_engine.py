"""The engine: rules see what they declare, three values, dates, profiles, lighter and heavier outcomes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from random import Random

import pytest
from records import FOLDER, TODAY, generated, known, load

from policy.domains import put
from policy.engine import assess, judge, verdict
from policy.kleene import both, contains, day, either, every, holds, implies, negate, no, some, stated, yes
from policy.record import Record, parse
from policy.record import read as read_record
from policy.rule import GDPR, Milder, ProfileError, Rule, UnknownRule, closed, find, rules
from policy.statutes import statutes
from policy.view import Ground, Item, Undeclared, View

EMPTY = parse("schema: threshold/processing-record/1", "empty")
SEVERITY = {"pass": 0, "not-applicable": 0, "report": 0, "warn": 1, "suspend": 2, "refuse": 3}


def made(**changed) -> Rule:
    """A rule that reads bio.mode."""
    base = Rule(
        id="made", asks="", fails="", citations=("GDPR Art 5",), source="", outcome="warn",
        check=lambda view: stated(view["bio.mode"]), reads=closed(("bio.mode",)), family="security", national={},
    )  # fmt: skip
    return replace(base, **changed)


def outcome(rule: Rule, facts: dict | None = None, as_of: date = TODAY) -> tuple[str, str]:
    ((_, _, judgement),) = judge(Ground(facts or {}, as_of), [rule])
    return judgement.outcome, judgement.weight


# --- three values ---


def test_connectives_are_what_all_completions_agree_on():
    def completed(truth):
        return (True, False) if truth is None else (truth,)

    for truths in product((True, False, None), repeat=3):
        worlds = list(product(*(completed(truth) for truth in truths)))
        for connective, plain in ((every, all), (some, any)):
            results = {plain(world) for world in worlds}
            assert connective(truths) is (results.pop() if len(results) == 1 else None)
    assert [negate(truth) for truth in (True, False, None)] == [False, True, None]
    assert [implies(a, b) for a, b in product((True, False, None), repeat=2)] == [
        True, False, None, True, True, True, True, None, None,
    ]  # fmt: skip
    assert (both(), either()) == (True, False)


@pytest.mark.parametrize(
    ("fact", "there", "said_yes", "said_no"),
    [
        ("unknown", None, None, None),
        ("none", False, False, True),
        (False, True, False, True),
        (True, True, True, False),
        (0, True, False, False),
        ("", False, False, False),
        ((), False, False, False),
        (("unknown",), None, False, False),
        (("a",), True, False, False),
    ],
)
def test_what_a_fact_says(fact, there, said_yes, said_no):
    assert (stated(fact), yes(fact), no(fact)) == (there, said_yes, said_no)


def test_lists_and_days():
    assert [holds(facts, "a") for facts in (("a",), ("b",), ("b", "unknown"), "none", "unknown")] == [
        True, False, None, False, None,
    ]  # fmt: skip
    assert (contains(("a",), ("a", "b")), contains("unknown", ()), contains("none", "none")) == (False, True, True)
    assert day(TODAY, latest=TODAY) is True
    assert day(TODAY, latest=TODAY - timedelta(1)) is False
    assert day(TODAY, latest="unknown") is None
    assert (day("none"), day("unknown"), day(TODAY, earliest=TODAY + timedelta(1))) == (False, None, False)


# --- what a rule may read ---


def test_reading_what_was_not_declared_raises():
    view = View(Ground({"bio": {"mode": "1:1"}}, TODAY), closed(("bio.mode", "op[].kind")))
    assert view["bio.mode"] == "1:1"
    for read in (
        lambda: view["bio.template_location"],
        lambda: view.op,
        lambda: view.under("se"),
        lambda: view.measured("tag"),
        lambda: view.each("purp"),
        lambda: Item(view, "op[]", "op[0]", {"kind": "match"})["basis6"],
    ):
        with pytest.raises(Undeclared):
            read()


def test_every_read_of_every_rule_is_declared():
    for facts in generated([load("gym"), load("school-tags"), load("lab-volunteers")], 150, seed=1):
        list(judge(Ground(facts, TODAY, statutes())))  # raises Undeclared otherwise


def test_no_rule_declares_what_it_never_reads():
    """A rule that declares more than it reads would take part in mutations it has nothing to do with."""
    read: dict[str, set[str]] = {name: set() for name in rules()}
    for facts in generated([load("gym"), load("school-tags"), load("lab-volunteers"), RICH], 150, seed=2):
        for as_of in (TODAY, date(2010, 1, 1), date(2028, 1, 1)):
            for rule, _, judgement in judge(Ground(facts, as_of, statutes())):
                read[rule.id] |= {re.sub(r"\[\d+\]", "[]", place) for place in judgement.read}
    never = {
        (name, fact)
        for name, rule in rules().items()
        for fact in rule.reads
        if fact not in read[name]
        and not any(other.startswith(fact) for other in rule.reads - {fact})
        and fact != "measured"
    }
    assert not never, sorted(never)


RICH = {
    **load("school-tags"),
    "proc": (
        {
            "contract": {"signed": True},
            "sub": ({"name": "x", "country": "US"},),
            "own_purposes": ("ads",),
            "own_basis": "a",
        },
    ),
    "joint": ({"ops": ("match",), "arrangement_ref": "x", "essence_url": "y"},),
    "xfer": ({"country": "US", "tool": "46_2_c"},),
    "sup": {
        "prior_decisions": ({"id": "d", "adverse": True, "remedied": "unknown"},),
        "open_cases": "none",
        "orders": ({"kind": "erase", "issued": date(2026, 1, 1), "lifted_on": "none"},),
    },
}


# --- outcomes ---


@pytest.mark.parametrize("own", ["warn", "suspend", "refuse"])
def test_unknown_counts_as_the_rule_s_own_fail(own):
    rule = made(outcome=own)
    assert outcome(rule) == ("unknown", own)
    assert outcome(rule, {"bio": {"mode": "none"}}) == (own, own)
    assert outcome(rule, {"bio": {"mode": "1:1"}}) == ("pass", "pass")


def test_a_rule_that_may_not_apply_passes_only_when_it_would_pass_anyway():
    rule = made(applies=lambda view: None)
    assert outcome(rule, {"bio": {"mode": "1:1"}})[0] == "pass"
    assert outcome(rule, {"bio": {"mode": "none"}})[0] == "unknown"
    assert outcome(made(applies=lambda view: False))[0] == "not-applicable"


def test_a_lighter_outcome_needs_its_condition_known():
    for truth, expected in ((True, "warn"), (False, "refuse"), (None, "refuse")):
        rule = made(outcome="refuse", milder=(Milder(lambda view, truth=truth: truth, "warn", "why"),))
        assert outcome(rule, {"bio": {"mode": "none"}})[1] == expected


ADULT = {"subj": {"age": 30, "attested_age": 30, "later_age": "none", "role": "staff"}, "dep": {"age_min": 18}}


@pytest.mark.parametrize(
    ("section", "key", "value", "strict"),
    [
        ("dep", "age_min", 18, False),
        ("dep", "age_min", 17, True),
        ("dep", "age_min", "unknown", True),
        ("dep", "age_min", "none", True),
        ("subj", "age", 17, True),
        ("subj", "age", "none", True),
        ("subj", "attested_age", 12, True),
        ("subj", "later_age", 17, True),
        ("subj", "later_age", "unknown", True),
        ("subj", "role", "pupil", True),
        ("subj", "role", "none", True),
    ],
)
def test_where_a_minor_is_concerned_or_may_be_a_warning_is_a_refusal(section, key, value, strict):
    facts = put({**ADULT, "bio": {"mode": "none"}}, (section, key), value)
    assert outcome(made(family="necessity"), facts)[1] == ("refuse" if strict else "warn")
    assert outcome(made(family="transparency"), facts)[1] == "warn"
    ((_, _, judgement),) = judge(Ground(facts, TODAY), [made(family="necessity")])
    assert judgement.escalated is strict


def test_an_escalation_never_outweighs_unknown():
    lighter = Milder(lambda view: True, "warn", "why")
    assert (
        outcome(made(family="necessity", outcome="suspend", milder=(lighter,)), {"bio": {"mode": "none"}})[1]
        == "suspend"
    )
    final = replace(lighter, escalates=False)
    assert outcome(made(family="necessity", outcome="refuse", milder=(final,)), {"bio": {"mode": "none"}})[1] == "warn"


# --- where and when ---


def test_a_rule_holds_within_its_dates_and_says_so_outside():
    rule = made(since=date(2025, 4, 1), until=date(2027, 1, 1))
    days = {date(2025, 3, 31): "not-applicable", date(2025, 4, 1): "unknown", date(2027, 1, 2): "not-applicable"}
    assert {as_of: outcome(rule, as_of=as_of)[0] for as_of in days} == days
    record = load("lab-volunteers")
    said = {
        as_of.year: next(f.message for f in verdict(Ground(record, as_of)).findings if f.rule == "kbl-register")
        for as_of in (date(2025, 3, 31), TODAY)
    }
    assert said[2025] == "This rule holds from 2025-04-01; the assessment is as of 2025-03-31."
    former = next(f for f in verdict(Ground(record, TODAY)).findings if f.rule == "pul-consent")
    assert former.message == "This rule held until 2018-05-24; the assessment is as of 2026-11-20."


def test_a_rule_holds_under_its_profiles_and_under_all_where_the_law_is_not_known():
    rule = made(profiles=("se",))
    said = {law: outcome(rule, {"dep": {"jurisdiction": law}})[0] for law in ("se", "is", "none", "unknown")}
    assert said == {"se": "unknown", "is": "not-applicable", "none": "unknown", "unknown": "unknown"}


def test_a_law_that_nobody_knows_is_an_error_and_no_allow():
    with pytest.raises(ProfileError, match="found 'xx'"):
        assess(read_record(FOLDER / "school-tags.yaml"), as_of=TODAY, profile="xx")


def test_the_regulation_came_later_by_way_of_the_eea():
    rule = find("basis-per-operation")
    starts = {law: rule.starts(law) for law in ("se", "is", "no")}
    assert starts == {"se": GDPR, "is": date(2018, 7, 15), "no": date(2018, 7, 20)}


def test_before_the_law_that_is_known_nothing_is_allowed():
    for law in ("se", "is", "dk", "no", "pl", "gb", "eu"):
        facts = put(load("lab-volunteers"), ("dep", "jurisdiction"), law)
        assert verdict(Ground(facts, date(1990, 1, 1))).verdict == "refuse"


def test_the_ai_act_is_not_confirmed_in_force_in_iceland_and_norway():
    for law, mark in (("se", None), ("is", "not-confirmed-in-force"), ("no", "not-confirmed-in-force")):
        facts = put(load("gym"), ("dep", "jurisdiction"), law)
        finding = next(f for f in verdict(Ground(facts, TODAY)).findings if f.rule == "enrol-live-only")
        assert (finding.outcome, finding.mark) == ("pass", mark)


# --- the verdict ---


def test_an_empty_record_is_refused_with_every_rule_and_its_needs():
    found = assess(EMPTY, as_of=TODAY)
    assert found.verdict == "refuse"
    assert {finding.rule for finding in found.findings} == set(rules())
    assert {"dep.jurisdiction", "op", "subj.age", "sec.encrypted"} <= set(found.needs)


def test_operations_are_judged_one_by_one():
    facts = put(load("gym"), ("op", 2, "basis6"), "f")
    facts = put(facts, ("ctl", "is_public_authority"), True)
    facts = put(load("lab-volunteers"), ("op", 2, "basis6"), "none")
    found = verdict(Ground(facts, TODAY))
    assert (found.verdict, dict(found.operations)) == ("refuse", {"enrol": "allow", "match": "allow", "log": "refuse"})


def test_who_continues_is_suspended_with_the_findings_kept():
    found = verdict(Ground(load("school-tags"), TODAY), "continue")
    assert found.verdict == "suspend"
    assert "consent-school-imbalance" in {f.rule for f in found.findings if f.outcome == "refuse"}


def test_another_profile_stands_in_for_the_record_s():
    record = Record(schema="threshold/processing-record/1", dep={"jurisdiction": "se"})
    assert assess(record, as_of=TODAY, profile="is").profile == "is"


def test_exposure_and_factors():
    school = verdict(Ground(load("school-tags"), TODAY))
    assert (school.exposure.tier, school.exposure.citation) == (2, "SFS 2018:218 6:2; GDPR Art 83(5)")
    assert "art9-default-deny" in school.exposure.rules
    assert "A minor or pupil is concerned, or may be." in school.aggravating
    assert "Security was found adequate by the record's own statements." in school.mitigating
    lab = verdict(Ground(load("lab-volunteers"), TODAY))
    assert (lab.exposure.tier, lab.aggravating) == (0, ("Biometric data are processed to identify people.",))


def test_a_verdict_survives_json():
    found = verdict(Ground(load("gym"), TODAY))
    assert type(found).model_validate_json(found.model_dump_json()) == found


def test_a_message_holds_nobody_s_data():
    facts = put(load("gym"), ("subj", "attested_by"), "Ada Lovelace")
    facts = put(facts, ("subj", "age"), 97)
    assert not {"Ada", "97"} & set(verdict(Ground(facts, TODAY)).model_dump_json().replace('"', " ").split())


def test_a_rule_that_does_not_exist_is_named_with_close_ones():
    with pytest.raises(UnknownRule, match="consent-school-imbalance"):
        find("consent-shool-imbalance")


# --- the property: unknown never helps ---


def test_a_fact_made_unknown_never_makes_a_finding_or_verdict_milder():
    random_bases = [load("gym"), load("lab-volunteers"), load("school-tags"), RICH]
    random = Random(3)  # noqa: S311  a repeatable choice, no secret
    for facts in generated(random_bases, 300, seed=4):
        place, _ = random.choice(known(facts))
        hidden = put(facts, place, "unknown")
        for as_of in (TODAY, date(2028, 1, 1)):
            before = [(r.id, i, j) for r, i, j in judge(Ground(facts, as_of, statutes()))]
            after = {(r.id, i): j for r, i, j in judge(Ground(hidden, as_of, statutes()))}
            for rule, index, judgement in before:
                # A rule that didn't hold under the known law is asked for each operation once the law is unknown.
                now = [j for (name, at), j in after.items() if name == rule and (index is None or at == index)]
                assert max(SEVERITY[j.weight] for j in now) >= SEVERITY[judgement.weight], (rule, place)
