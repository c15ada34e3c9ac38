"""The pilot's plan: orders balanced to the first order, what each day shows from its numbers, the page and the list."""

from __future__ import annotations

import csv
import io
from collections import Counter
from itertools import permutations
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.language import LANGUAGES
from benchmarks.pilot.page import letter, page, sentence, table
from benchmarks.pilot.schedule import PilotError, plan
from benchmarks.pilot.shows import Shows
from benchmarks.pilot.square import followed, williams
from benchmarks.terms import Terms
from edge.transaction import LANES

TEN = tuple(lane for lane in LANES if lane != "open")


@pytest.mark.parametrize("count", range(1, 12))
def test_every_condition_follows_every_other_equally_often_and_stands_at_every_place(count: int) -> None:
    rows = williams(count)
    assert len(rows) == (count if count % 2 == 0 or count == 1 else 2 * count)
    assert all(sorted(row) == list(range(count)) for row in rows)
    times = 1 if count % 2 == 0 else 2
    assert followed(rows) == dict.fromkeys(permutations(range(count), 2), times)
    places = Counter((place, condition) for row in rows for place, condition in enumerate(row))
    assert len(places) == count**2
    assert len(set(places.values())) == 1


def test_no_conditions_have_no_order() -> None:
    with pytest.raises(ValueError, match="at least one condition"):
        williams(0)


@given(st.integers(2, 40), st.integers(1, 15), st.integers(1, 11), st.integers(0, 1000))
def test_everyone_goes_every_way_every_day(persons: int, days: int, lanes: int, seed: int) -> None:
    found = plan(persons, days, LANES[:lanes], seed=seed)
    told = list(found.entries())
    assert len(told) == persons * days * lanes == found.shows.total
    assert Counter((day, who, lane) for day, who, _, _, lane in told) == dict.fromkeys(
        [(day, who, lane) for day in range(1, days + 1) for who in found.persons for lane in LANES[:lanes]], 1
    )
    if persons % len(found.sequences) == 0 or days % len(found.sequences) == 0:
        assert found.balanced
        assert found.uneven == 0


def test_too_few_people_for_balance_are_told() -> None:
    found = plan(7, 3, TEN)
    assert not found.balanced
    assert found.uneven > 0
    assert not plan(3, 1, TEN).balanced


def test_the_first_day_and_the_last_differ_in_habit_alone() -> None:
    for days in range(2, 15):
        first, *between, last = plan(30, days, TEN).days
        assert (first.habituation, last.habituation) == ("first", "last")
        assert (first.arrivals, first.light, first.clothing) == (last.arrivals, last.light, last.clothing)
        assert {day.habituation for day in between} <= {"between"}
    assert {(day.arrivals, day.light) for day in plan(30, 13, TEN).days} == {
        (arrivals, light)
        for arrivals in ("single", "pairs", "burst")
        for light in ("indoor", "bright", "backlight", "dark")
    }


def test_the_sentence_comes_out_of_the_numbers() -> None:
    shows = plan(30, 10, TEN).shows
    assert (shows.total, shows.per_lane, shows.each) == (3000, 300, 10)
    assert round(100 * shows.half_width, 1) == 2.5
    assert round(shows.design_effect, 1) == 1.9
    assert round(100 * shows.half_width_clustered, 1) == 3.4
    assert shows.pairs == 435
    assert round(100 * shows.match_bound, 2) == 0.69
    said = str(sentence(shows, Terms("en")).unescape())
    assert said == (
        "30 adults × 10 transactions × 10 lanes = 3,000 transactions: enough for service times (± 7.8%); per lane "
        "(n = 300) a failure rate of 5% ± 2.5 pp (± 3.4 at a design effect of 1.9); not for any claim of FMR or FPIR "
        "(435 pairs without an error bound FMR by 0.69%, FPIR by 9.5%)."
    )


def test_other_numbers_give_other_sentences() -> None:
    words = Terms("en")
    assert "too few for service times" in sentence(Shows(10, 1, 2), words)
    assert "not for any claim of FMR" in sentence(Shows(77, 10, 2), words)
    many = sentence(Shows(78, 10, 2), words)  # 3,003 pairs: the first number that shows 0.1 %
    assert "FMR to at most 0.10% if none of 3,003 pairs errs; not for any claim of FPIR" in many
    assert Shows(1, 5, 1).match_bound == 1.0


@given(st.integers(2, 500), st.integers(1, 30))
def test_more_people_show_more_than_as_many_more_transactions(persons: int, each: int) -> None:
    base, people, more = Shows(persons, each, 3), Shows(2 * persons, each, 3), Shows(persons, 2 * each, 3)
    assert people.half_width_clustered < base.half_width_clustered
    assert people.half_width_clustered < more.half_width_clustered <= base.half_width_clustered
    assert people.match_bound < base.match_bound == more.match_bound


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"persons": 1}, "--persons: expected 2 to 1000, found 1"),
        ({"persons": 10**8}, "--persons: expected 2 to 1000, found 100000000"),
        ({"days": 0}, "--days: expected 1 to 366"),
        ({"days": 10**6}, "--days: expected 1 to 366"),
        ({"rounds": 0}, "--rounds: expected 1 to 20"),
        ({"attempts": 0}, "--attempts: expected 1 to 10"),
        ({"seed": -4}, "--seed: expected 0 or more, found -4"),
        ({"lanes": ("tag-uid", "tag-uid")}, "--lanes: expected each"),
        ({"lanes": ("turnstile",)}, "found 'turnstile'"),
        ({"lanes": ()}, "found none"),
    ],
)
def test_a_plan_that_cannot_be_is_told(given_: dict[str, Any], message: str) -> None:
    base: dict[str, Any] = {"persons": 30, "days": 10, "lanes": TEN}
    with pytest.raises(PilotError, match=message):
        plan(**(base | given_))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_every_person_day_and_command_and_loads_nothing(language: str) -> None:
    found = plan(12, 3, TEN[:4])
    text = page(found, language, ["threshold policy assess record.yaml"], "refuse")
    root = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>"))  # noqa: S314  our own text
    assert root.get("lang") == language
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert all(person in text for person in found.persons)
    assert "threshold policy assess record.yaml" in text
    assert "refused" in ids
    assert not {"script", "link", "img", "iframe"} & {element.tag.rpartition("}")[2] for element in root.iter()}
    assert 'id="refused"' not in page(found, language, [])


def test_a_page_in_a_language_that_is_not_there_is_told() -> None:
    with pytest.raises(PilotError, match="language"):
        page(plan(4, 1, TEN[:2]), "da", [])


def test_the_list_has_a_line_for_each_transaction() -> None:
    found = plan(6, 2, TEN[:3], rounds=2)
    rows = list(csv.DictReader(io.StringIO(table(found))))
    assert len(rows) == found.shows.total == 6 * 2 * 3 * 2
    assert {row["lane"] for row in rows} == set(TEN[:3])
    assert {row["habituation"] for row in rows} == {"first", "last"}


def test_letters() -> None:
    assert [letter(row) for row in (0, 25, 26, 27, 52)] == ["A", "Z", "AA", "AB", "BA"]
