"""The records that come along, what the rules say of them, and what would change it; the empty one."""

from __future__ import annotations

from datetime import date
from html import unescape
from statistics import median
from time import perf_counter

import jsonschema
import pytest
from records import FOLDER, TODAY, load

from policy.changes import Search, changes, decision
from policy.domains import get, places, put, values
from policy.engine import assess, ground, judge, verdict
from policy.language import LANGUAGES
from policy.papers import papers
from policy.record import Record, parse, read
from policy.rule import rules
from policy.schema import schema
from policy.statutes import statutes
from policy.template import template
from policy.view import Ground

EXPECTED = {
    "school-tags": ("refuse", {"consent-school-imbalance", "guardian-consent-not-cure", "art9-default-deny",
                               "existing-system-works", "least-intrusive-first", "minor-biometric-entry"}),
    "lab-attendance": ("allow", {"consent-employee-imbalance"}),
    "lab-volunteers": ("allow", {"consent-employee-imbalance"}),
    "lab-lanes": ("allow", {"consent-employee-imbalance", "template-location"}),
    "threshold-lab": ("allow", {"consent-employee-imbalance"}),
    "gym-no-alternative": ("refuse", {"alternative-non-biometric"}),
    "gym": ("allow", {"existing-system-works", "convenient-is-not-necessary"}),
    "gym-fifteen": ("refuse", {"minor-biometric-entry"}),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_a_record_that_comes_along_is_judged_as_expected(name):
    decided, because = EXPECTED[name]
    found = assess(read(FOLDER / f"{name}.yaml"), as_of=TODAY)
    assert found.verdict == decided
    assert because <= {f.rule for f in found.findings if f.weight not in ("pass", "not-applicable", "report")}
    if decided == "allow":
        assert found.warnings


def test_every_record_that_comes_along_is_expected():
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(EXPECTED)


def test_the_laboratory_s_only_warning_is_about_employment():
    found = assess(read(FOLDER / "lab-volunteers.yaml"), as_of=TODAY)
    assert [f.rule for f in found.findings if f.weight == "warn"] == ["consent-employee-imbalance"]


# --- the empty one ---


def test_the_template_is_a_record_in_which_all_is_unknown():
    record = parse(template(), "template")
    facts = ground(record, TODAY).facts
    known = [path for place, path in places(facts) if get(facts, place) != "unknown"]
    assert {path.split(".")[-1] for path in known} <= {"id", "country"}
    assert assess(record, as_of=TODAY).verdict == "refuse"


def test_the_template_names_and_explains_every_fact():
    lines = template().splitlines()
    for index, line in enumerate(lines):
        if line.rstrip().endswith(": unknown"):
            key = line.split(":")[0].strip(" -")
            # A list's entry keeps its dash on the first key; its comment stands above.
            assert lines[index - 1].lstrip().startswith("#"), key
    filled = parse(template(), "template").model_dump()
    empty = Record(schema="threshold/processing-record/1").model_dump()
    assert {name for name, value in filled.items() if value == "unknown"} == set()
    assert set(filled) == set(empty)


# --- what would change it ---


def test_the_gym_is_refused_by_one_fact_and_which():
    found = changes(ground(read(FOLDER / "gym.yaml"), TODAY))
    assert (found.searched, found.complete) == (1, True)
    sets = [dict(change.facts) for change in found.sets]
    assert {"cons.alternative_equal": "false"} in sets
    assert {"subj.role": "pupil"} in sets
    assert all(len(facts) == 1 for facts in sets)


def test_one_missing_fact_is_what_would_change_a_refusal():
    facts = put(load("gym"), ("op", 0, "basis6"), "none")
    found = changes(Ground(facts, TODAY, statutes()))
    assert [(dict(change.facts), change.verdict) for change in found.sets] == [({"op[0].basis6": "a"}, "allow")]


def test_two_missing_facts_are_found_together():
    facts = put(put(load("lab-volunteers"), ("op", 0, "wider_than_needed"), True), ("sec", "tested"), False)
    facts = put(facts, ("field", 0, "period"), "none")
    found = changes(Ground(facts, TODAY, statutes()))
    wanted = {"op[0].wider_than_needed": "false", "field[0].period": "stated"}
    assert found.searched == 2
    assert wanted in [dict(change.facts) for change in found.sets]
    assert not any(len(change.facts) != 2 for change in found.sets)
    assert {change.verdict for change in found.sets} == {"suspend"}  # untested security still stands


def test_where_nothing_small_helps_it_says_so():
    found = changes(ground(read(FOLDER / "school-tags.yaml"), TODAY))
    assert (found.sets, found.searched) == ((), 2)
    short = changes(ground(read(FOLDER / "gym.yaml"), TODAY), bound=10)
    assert not short.complete


def test_asking_only_the_rules_that_read_a_fact_finds_the_same():
    for name in ("gym", "school-tags"):
        search = Search(Ground(load(name), TODAY, statutes()))
        for place, path in search.places[::23]:
            for value in values(search.ground.facts, place, path, TODAY)[:2]:
                whole = judge(Ground(put(search.ground.facts, place, value), TODAY, statutes()))
                weights = {j.weight for _, _, j in whole}
                expected = "refuse" if "refuse" in weights else "suspend" if "suspend" in weights else "allow"
                assert search.decided((place, path, value)) == expected, path


def test_no_finding_changes_whose_rule_does_not_read_the_fact():
    for name in ("gym", "lab-volunteers", "school-tags"):
        facts = load(name)
        before = {(r.id, i): j for r, i, j in judge(Ground(facts, TODAY, statutes()))}
        for place, path in list(places(facts))[::17]:
            for value in values(facts, place, path, TODAY)[:1]:
                for rule, index, judgement in judge(Ground(put(facts, place, value), TODAY, statutes())):
                    old = before.get((rule.id, index))
                    if old is None or (old.outcome, old.weight) != (judgement.outcome, judgement.weight):
                        assert path in rule.facts, (rule.id, path)


def test_continuing_is_decided_as_suspension():
    search = Search(Ground(load("school-tags"), TODAY, statutes()))
    assert (decision(search.judged), decision(search.judged, "continue")) == ("refuse", "suspend")


def test_a_full_record_is_assessed_quickly():
    record = read(FOLDER / "school-tags.yaml")
    times = []
    for _ in range(15):
        begun = perf_counter()
        assess(record, as_of=TODAY)
        times.append(perf_counter() - begun)
    assert median(times) < 0.2  # ten times the target: a busy machine must not fail a test; the proof measures it


def test_every_rule_speaks_in_every_verdict():
    for name in EXPECTED:
        found = verdict(Ground(load(name), date(2019, 1, 1)))
        assert {finding.rule for finding in found.findings} == set(rules())


@pytest.mark.parametrize("name", EXPECTED)
def test_a_record_that_comes_along_fits_its_json_schema(name):
    record = read(FOLDER / f"{name}.yaml")
    jsonschema.validate(record.model_dump(mode="json", by_alias=True), schema("processing-record"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_laboratory_of_three_lanes_can_tell_people_all_it_keeps_and_where(language):
    record = read(FOLDER / "lab-lanes.yaml")
    told = {field.id: field.said for field in record.paper.fields}
    assert {name for op in record.op for name in op.fields} == set(told)
    notice = papers(record, language, ["notice"])["notice"]
    assert getattr(told["template"], "is_" if language == "is" else language) in unescape(notice)
    assert (record.bio.template_location, "card" in told["template"].en) == ("controller", False)
