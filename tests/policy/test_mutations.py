"""The mutation table: fresh, true to what each rule declares, and with the rule in it that the research names."""

from __future__ import annotations

import csv
import re
import tomllib
from pathlib import Path

import pytest

from policy import paths
from policy.mutation import COLUMNS, Mutation, Subject, allowed, declares, mutations, outcomes, table

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "policy" / "mutations.csv"


@pytest.fixture(scope="module")
def subjects() -> tuple[Subject, ...]:
    return allowed(ROOT / "policy" / "records")


@pytest.fixture(scope="module")
def found(subjects: tuple[Subject, ...]) -> list[Mutation]:
    return [mutation for subject in subjects for mutation in mutations(subject)]


def pattern(path: str) -> str:
    return re.sub(r"\[\d+\]", "[]", path)


def test_the_table_is_fresh(found: list[Mutation]) -> None:
    # Compared first, so that a stale table says so and not two files of half a megabyte.
    same = TABLE.read_text(encoding="utf-8") == table(found)
    assert same, "stale, run make mutations"


def test_every_fact_of_every_allowed_record_is_in_the_table(subjects: tuple[Subject, ...]) -> None:
    with TABLE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert tuple(rows[0]) == COLUMNS
    for subject in subjects:
        changed = {row["fact"] for row in rows if row["record"] == subject.name}
        facts = {path for path in paths.known(subject.document) if paths.steps(path)[-1] not in paths.LABELS}
        assert facts <= changed, subject.name


def test_no_rule_changes_that_does_not_declare_the_fact(found: list[Mutation]) -> None:
    wrong = {
        (rule, pattern(mutation.fact))
        for mutation in found
        for rule in mutation.rules
        if not declares(rule, mutation.fact)
    }
    assert not wrong


def test_the_named_rule_answers(subjects: tuple[Subject, ...], found: list[Mutation]) -> None:
    names = tomllib.loads((Path(__file__).parent / "named-rules.toml").read_text(encoding="utf-8"))["named"]
    passing = {subject.name: passed(subject) for subject in subjects}
    silent, unreached = set(), set()
    for entry in names:
        hits = [
            mutation
            for mutation in found
            if pattern(mutation.fact) == entry["fact"]
            and mutation.subject.name in entry.get("records", [mutation.subject.name])
            and mutation.new == entry["new"]
            and type(mutation.new) is type(entry["new"])
            and ("records" in entry or finding(mutation, entry["rule"]) & passing[mutation.subject.name])
        ]
        if not hits:
            unreached.add((entry["fact"], entry["rule"]))
        missed = [mutation for mutation in hits if entry["rule"] not in mutation.rules]
        silent |= {(mutation.subject.name, mutation.fact, entry["rule"]) for mutation in missed}
    assert not silent
    assert not unreached, "no allowed record has this fact under a rule that passes"


def passed(subject: Subject) -> set[str]:
    return {key for key, outcome in outcomes(subject.verdict()).items() if outcome == "pass"}


def finding(mutation: Mutation, rule: str) -> set[str]:
    """The findings of the rule that the fact is about: of its own operation, where it stands in one."""
    operations = mutation.subject.document["op"]
    place = re.match(r"op\[(\d+)\]", mutation.fact)
    about = [operations[int(place[1])]] if place else operations
    return {rule, *(f"{rule}[{operation['id']}]" for operation in about)}


def test_a_mutation_that_loses_the_allow_says_by_which_finding(found: list[Mutation]) -> None:
    for mutation in found:
        if mutation.verdict != "allow":
            assert any(after in ("refuse", "suspend", "unknown", "absent") for _, _, after in mutation.changes)
