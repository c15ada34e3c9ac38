"""Decided cases: files, expectations, replay at both dates, refusals on stated facts alone, what allows stand on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

from policy import case as cases_module
from policy import paths
from policy.case import Case, CaseError, cases, expected, read
from policy.places import options
from policy.record import Record
from policy.replay import STOPS, Replayed, judge, replay, stated_only, verdict
from policy.rule import rules

# Every sheet of the research on decided cases, positive controls included.
SHEETS = {
    "malmo-2019-attendance",
    "malmo-2019-intruders",
    "kopavogur-seesaw-2023",
    "reykjavik-seesaw-2021-24",
    "skelleftea-2019",
    "north-ayrshire-2023",
    "gdansk-sp2-2020-24",
    "dk-brondby-2019-23",
    "is-hafnarfjordur-2007",
    "se-uddevalla-RA-2008-83",
}


@pytest.fixture(scope="module")
def replayed() -> tuple[Replayed, ...]:
    return replay(expected().today)


@pytest.fixture(scope="module")
def skelleftea() -> Case:
    return next(case for case in cases() if case.id == "skelleftea-2019")


def named(rows: tuple[Replayed, ...]) -> list[tuple[str, str]]:
    return [(row.name, row.row.as_of) for row in rows]


def test_every_sheet_has_its_case_and_its_rows_at_both_dates() -> None:
    assert {case.id for case in cases()} == SHEETS
    for entry in expected().case:
        variants = {row.variant for row in entry.row}
        assert {(row.variant, row.as_of) for row in entry.row} == {
            (variant, when) for variant in variants for when in ("own", "today")
        }, entry.id
        assert all(row.words.endswith(".") for row in entry.row), entry.id


def test_expectations_name_rules_that_exist() -> None:
    known = set(rules())
    for entry in expected().case:
        for row in entry.row:
            assert set(row.because) | set(row.not_because) <= known, entry.id


def test_all_are_as_expected_at_their_own_date_and_today(replayed: tuple[Replayed, ...]) -> None:
    wrong = {(row.name, row.as_of.isoformat()): row.problems for row in replayed if row.problems}
    assert not wrong


def test_both_verdicts_occur_at_both_dates(replayed: tuple[Replayed, ...]) -> None:
    allows = [row.row.as_of for row in replayed if row.got.verdict == "allow"]
    assert allows.count("own") >= 3
    assert allows.count("today") >= 1
    assert {row.got.verdict for row in replayed} == {"allow", "suspend", "refuse"}


def test_a_fallen_order_speaks_until_it_falls_and_not_after() -> None:
    entry = next(entry for entry in expected().case if entry.id == "reykjavik-seesaw-2021-24")
    case = next(case for case in cases() if case.id == entry.id)
    fell = date(2024, 12, 9)
    for day, speaks in ((fell - timedelta(days=1), True), (fell, False)):
        got = judge(case, entry.row[0], entry.no_evidence_for, day).got
        found = {f.rule for f in got.findings if f.outcome in STOPS}
        assert ("order-erase-sequence" in found) is speaks


def refusals(rows: tuple[Replayed, ...]) -> Iterator[tuple[Replayed, dict[str, Any]]]:
    for row in rows:
        if row.got.verdict != "allow" and row.row.verdict != "open":
            yield row, stated_only(row.case, row.case.document(row.as_of, row.row.variant), row.as_of, row.row.variant)


def test_each_refusal_holds_on_stated_facts_alone(replayed: tuple[Replayed, ...]) -> None:
    for row, bare in refusals(replayed):
        got = verdict(bare, row.row, row.as_of)
        outright = [f for f in got.findings if f.outcome in STOPS]
        assert outright, row.name
        # They rest on nothing that isn't stated.
        assert all(not f.missing for f in outright), row.name
        assert row.assumed == 0 or not row.case.assumed(bare, row.as_of, row.row.variant), row.name


def test_no_random_filling_in_of_what_is_not_stated_clears_a_refusal(replayed: tuple[Replayed, ...]) -> None:
    chance = random.Random(20190820)  # noqa: S311  no secret: which completions are tried
    for row, bare in refusals(replayed):
        for _ in range(25):
            filled = {"schema": bare["schema"], **fill(bare, Record, chance)}
            assert verdict(filled, row.row, row.as_of).verdict == row.got.verdict, (row.name, filled)


def fill(value: Any, kind: Any, chance: random.Random) -> Any:
    """A completion: what is known stays, each unknown fact gets some value of its type, or `none`."""
    if isinstance(value, dict):
        model = next(part for part in options(kind) if isinstance(part, type) and issubclass(part, BaseModel))
        fields = {field.alias or key: field for key, field in model.model_fields.items()}
        return {key: fill(item, fields[key].annotation, chance) for key, item in value.items() if key != "schema"}
    if isinstance(value, list):
        inner = next(get_args(part)[0] for part in options(kind) if get_origin(part) is tuple)
        return [fill(item, inner, chance) for item in value]
    return some_value(kind, chance) if value == "unknown" else value


def some_value(kind: Any, chance: random.Random) -> Any:
    part = chance.choice([part for part in options(kind) if "unknown" not in get_args(part)] or ["none"])
    if part == "none" or ("none" in get_args(kind) and chance.random() < 0.1):
        return "none"
    if get_origin(part) is Literal:
        return chance.choice(get_args(part))
    if get_origin(part) is tuple:
        count = 2 if get_args(part)[-1] is not ... else chance.randrange(3)
        entries = [some_value(get_args(part)[0], chance) for _ in range(count)]
        labels = [entry.get("id") if isinstance(entry, dict) else index for index, entry in enumerate(entries)]
        return entries if len(set(labels)) == len(labels) else entries[:1]
    if issubclass(part, BaseModel):
        return {
            field.alias or key: f"x{chance.randrange(1000)}"
            if key in ("id", "country") and get_origin(field.annotation) is not Literal
            else some_value(field.annotation, chance)
            for key, field in part.model_fields.items()
        }
    plain: dict[type, Any] = {
        bool: lambda: chance.random() < 0.5,
        int: lambda: chance.choice((0, 1, 15, 18, 40)),
        float: chance.random,
        str: lambda: chance.choice(("x", "enrolment", "attendance", "dk-7-4-stadium")),
        date: lambda: chance.choice(("2000-01-01", "2019-01-01", "2026-01-01", "2099-12-31")),
    }
    return plain[part]()


# Kindness to the controller one fact at a time, and all at once: what Skellefteå relied on changes nothing.
DEFENCES: dict[str, dict[str, Any]] = {
    "in the pupils' own hands": {"bio.template_location": "subject"},
    "in the cloud": {"bio.template_location": "cloud"},
    "no way to opt out": {"cons.alternative_equal": False, "cons.detriment": True},
    "guardians alone consent": {"cons.given_by": "guardian"},
    "guardians do not consent": {"cons.given_by": "subject", "cons.guardians": "none"},
    "guardians are on record and the child was heard": {"cons.guardians": ["g1", "g2"], "cons.child_heard": True},
    "the wording is not explicit": {"cons.explicit": False},
    "the wording is of a public task": {"op[0].basis6": "e", "op[1].basis6": "e"},
    "the wording is of a substantial public interest": {"op[0].basis9": "g", "op[1].basis9": "g"},
    "the wording is of case handling": {
        "op[0].basis9": "g",
        "op[1].basis9": "g",
        "op[0].statute": "3:3 dataskyddslagen",
        "op[1].statute": "3:3 dataskyddslagen",
        "purp[0].statute_ref": "3:3 dataskyddslagen",
    },
    "said to be outside ordinary activity": {"purp[0].ordinary_activity": False},
    "in production": {"dep.status": "production"},
}


@pytest.mark.parametrize("defence", [*DEFENCES, "all of a kind at once"])
@pytest.mark.parametrize("when", ["own", "today"])
def test_skelleftea_is_refused_whatever_it_relies_on(skelleftea: Case, defence: str, when: str) -> None:
    entry = next(entry for entry in expected().case if entry.id == skelleftea.id)
    row = next(row for row in entry.row if row.as_of == when)
    day = skelleftea.date if when == "own" else expected().today
    changes: dict[str, Any] = {}
    for name in DEFENCES if defence == "all of a kind at once" else [defence]:
        if defence == name or name in (
            "in the pupils' own hands",
            "guardians are on record and the child was heard",
            "said to be outside ordinary activity",
        ):
            changes |= DEFENCES[name]
    got = verdict(paths.changed(skelleftea.document(day), changes), row, day)
    assert got.verdict == "refuse"
    legal = {f.rule for f in got.findings if f.outcome == "refuse" and f.mark != "project-rule"}
    assert legal, "refused by the project's own rules alone"


def test_an_allow_is_lost_without_any_of_the_assumptions_it_lists(replayed: tuple[Replayed, ...]) -> None:
    for row in replayed:
        if row.got.verdict != "allow":
            assert row.needs == ()
            continue
        whole = row.case.document(row.as_of, row.row.variant)
        for path in row.needs:
            assert verdict(paths.without(whole, {path}), row.row, row.as_of).verdict != "allow"
        idle = set(row.case.assumed(whole, row.as_of, row.row.variant)) - set(row.needs)
        kept = verdict(paths.without(whole, idle), row.row, row.as_of)
        assert kept.verdict == "allow", (row.name, idle)


def test_a_case_whose_facts_have_no_source_is_no_case(tmp_path: Any) -> None:
    text = (cases_module.folder() / "skelleftea-2019.yaml").read_text(encoding="utf-8")
    broken = tmp_path / "case.yaml"
    broken.write_text(text.replace("  dep: {jurisdiction: se, ", "  dep: {jurisdiction: se, age_min: 16, "), "utf-8")
    with pytest.raises(CaseError, match=r"record\.dep\.age_min: expected an entry in provenance"):
        read(broken)
    broken.write_text(text.replace("  - facts: [alt]", "  - facts: [alt, xfer]"), "utf-8")
    with pytest.raises(CaseError, match="over none: \\['xfer'\\]"):
        read(broken)
    broken.write_text(text.replace("title:", "titel:"), "utf-8")
    with pytest.raises(CaseError, match="did you mean title"):
        read(broken)
