"""Privacy: the vector from the record, dominance before weights, the number last and only by weights fixed before."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from results_example import RECORD, doors, results

from benchmarks.evidence import PrivacyVector
from benchmarks.privacy.dominance import dominates, dominators, entries, outcomes
from benchmarks.privacy.footprint import footprint, standings
from benchmarks.privacy.private import private
from benchmarks.privacy.vector import ITEMS, days, vectors
from benchmarks.privacy.weights import WeightError, declared, parse
from edge.transaction import LANES, Lane
from policy.record import Record
from policy.record import parse as record
from scripts.proofs import cost_privacy

WEIGHTS, _ = declared()
HEAD = "schema: threshold/processing-record/1\n"
KNOWN = record(cost_privacy.RECORD, "known")
LATER = results(faces=True, doors=doors(), created="2026-12-01T00:00:00+00:00")


def vector(about: Record = KNOWN, declined: int = 0) -> dict[Lane, PrivacyVector]:
    return vectors(about, WEIGHTS, 600, {"face-1n": declined})


def test_the_worked_examples_come_out() -> None:
    assert [claim for claim in cost_privacy.prove()["claims"] if not claim["met"]] == []


def test_what_the_record_does_not_say_is_unknown() -> None:
    empty = vector(record(HEAD, "empty"))
    for lane in LANES:
        if ITEMS[lane]:
            one = empty[lane]
            assert (one.days, one.recipients, one.place, one.opt_out) == (None, None, None, None)
            assert footprint(one, WEIGHTS) is None
    assert empty["face-1n"].bystanders is None
    assert empty["face-1n"].reuse is None
    assert footprint(empty["open"], WEIGHTS) == 0.0


def test_children_raise_every_class_by_a_step_and_so_does_not_saying_whether_there_are_any() -> None:
    text = cost_privacy.RECORD
    adults = vector(record(text.replace("age_min: 6", "age_min: 18"), "adults"))
    silent = vector(record(text.replace("dep: {age_min: 6}\n", ""), "silent"))
    assert [vector()["face-1n"].children, adults["face-1n"].children, silent["face-1n"].children] == [True, False, None]
    assert [item.category for item in vector()["face-1n"].items] == [4, 3]
    assert [item.category for item in adults["face-1n"].items] == [4, 2]
    for lane in LANES:
        assert footprint(silent[lane], WEIGHTS) == footprint(vector()[lane], WEIGHTS)
    # 1 × 0.25 × 600 × 365 and 2 × 0.75 × 600 × 30.
    assert footprint(adults["tag-uid"], WEIGHTS) == 54_750 + 27_000


def test_a_field_without_a_period_leaves_its_kind_unknown() -> None:
    half = record(HEAD + "field: [{id: a, kind: log, period: P30D}, {id: b, kind: event}]\n", "half")
    assert vector(half)["register"].days is None
    whole = record(HEAD + "field: [{id: a, kind: log, period: P30D}, {id: b, kind: event, period: P2M}]\n", "whole")
    assert [item.days for item in vector(whole)["tag-uid"].items] == [None, 60.0]


def test_retention_recipients_and_place_are_the_records() -> None:
    text = HEAD + (
        "field: [{id: t, kind: template, period: P10D}, {id: l, kind: log, period: P3D}, "
        "{id: i, kind: identity, period: P1W}]\n"
        "proc: [{sub: [{name: A}, {name: B}]}]\npaper: {recipients: [{name: x}]}\nsec: {region: EU}\n"
        "bio: {template_location: cloud, non_transferable: false}\ncons: {alternative_equal: true, detriment: true}\n"
        "design: {human_path: true}\n"
    )
    found = vector(record(text, "full"))
    one = found["face-1n"]
    assert [item.days for item in one.items] == [10.0, 3.0]
    assert (one.recipients, one.place, one.reuse, one.opt_out) == (3, "cloud", "high", False)
    assert found["tag-uid"].opt_out is True


@pytest.mark.parametrize(
    ("text", "expected"), [("P30D", 30), ("P1Y", 365), ("P1M1W", 37), ("PT12H", 0.5), ("P", None), ("a week", None)]
)
def test_periods(text: str, expected: float | None) -> None:
    assert days(text) == expected


def test_who_declines_and_walks_past_is_a_bystander_of_the_lane_that_looks_for_everybody() -> None:
    assert (vector(declined=60)["face-1n"].bystanders, vector(declined=60)["face-1n"].bystanders_least) == (None, 60)
    assert {vector(declined=60)[lane].bystanders for lane in LANES if lane != "face-1n"} == {0}
    closed = record(HEAD + "bio: {mode: '1:N', zone_includes_non_enrolled: false}\n", "closed")
    assert vector(closed, 60)["face-1n"].bystanders == 0
    other = record(HEAD + "bio: {mode: '1:1', zone_includes_non_enrolled: false}\n", "about another mode")
    assert vector(other, 60)["face-1n"].bystanders is None


def test_a_template_in_the_persons_hand_is_not_held() -> None:
    template, *_ = vector()["face-on-tag"].items
    assert (template.held, template.days) == (False, 0.0)
    assert vector()["face-on-tag"].article_9
    assert vector()["face-on-tag"].irrevocable


def test_tags_take_less_than_any_face_lane_and_the_open_door_less_than_all() -> None:
    known = dominators({lane: entries(one) for lane, one in vectors(KNOWN, WEIGHTS, 600, {}).items()})
    for lane in LANES:
        if lane.startswith("face-"):
            assert {"tag-uid", "tag-auth", "open"} <= set(known[lane])
        if lane != "open":
            assert "open" in known[lane]
    assert "face-on-tag" in known["face-1n"]
    assert known["open"] == ()


def test_an_unknown_fact_never_helps() -> None:
    """Where a fact becomes unknown no lane comes to dominate another that it didn't before by that fact alone."""
    known, blank = entries(vector()["tag-uid"]), entries(vector(record(HEAD, "empty"))["tag-uid"])
    assert dominates(known, blank)
    assert not dominates(blank, known)


_entries = st.lists(st.sampled_from([0.0, 1.0, 2.0, float("inf")]), min_size=3, max_size=3).map(tuple)


@given(_entries, _entries, _entries)
def test_dominance_is_a_strict_partial_order(a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...]) -> None:
    assert not dominates(a, a)
    assert not (dominates(a, b) and dominates(b, a))
    if dominates(a, b) and dominates(b, c):
        assert dominates(a, c)


def test_a_lane_dominated_with_its_outcomes_is_dominated_without_them_or_equal() -> None:
    found = private(LATER, RECORD)
    for lane in LANES:
        mine = entries(found.vector[lane])
        for other in found.dominated[lane]:
            theirs = entries(found.vector[other])
            assert theirs == mine or dominates(theirs, mine)
    assert len(outcomes(doors(), "face-1n")) == 8


def test_the_number_grows_with_time_people_and_recipients() -> None:
    base = footprint(vector()["face-1n"], WEIGHTS)
    more = vector()["face-1n"].model_copy(update={"subjects": 1200})
    shared = vector()["face-1n"].model_copy(update={"recipients": 1})
    assert base
    assert footprint(more, WEIGHTS) == 2 * base
    assert footprint(shared, WEIGHTS) == 2 * base


def test_places_move_with_the_weights_and_ties_stay_ties() -> None:
    found = standings(vectors(KNOWN, WEIGHTS, 600, {}), WEIGHTS, seed=5, draws=200)
    assert found == standings(vectors(KNOWN, WEIGHTS, 600, {}), WEIGHTS, seed=5, draws=200)
    for one in found.values():
        assert one.span[0] <= one.rank <= one.span[1]
        assert 0.0 <= one.kept <= 1.0
    assert found["open"] == found["open"].model_copy(update={"rank": 1, "span": (1, 1), "kept": 1.0})
    assert found["face-on-tag"] == found["tag-auth"]
    assert any(one.span[0] < one.span[1] for one in found.values())


def test_weights_fixed_after_the_results_give_no_number() -> None:
    before = private(results(faces=True, doors=doors(), created="2020-01-01T00:00:00+00:00"), RECORD)
    assert (before.footprint, before.standing, before.weights_fixed) == ({}, {}, None)
    assert set(before.vector) == set(LANES)
    after = private(LATER, RECORD)
    assert after.weights_fixed is not None
    assert set(after.footprint) == set(LANES)


def test_without_doors_the_vector_is_there_and_nothing_is_said_of_outcomes(tmp_path: Path) -> None:
    found = private(results(faces=True), RECORD)
    assert set(found.milder) == set(LANES)
    assert found.dominated == {}


def test_a_mistake_in_the_weights_is_told() -> None:
    good = "fixed = 2026-11-22T08:30:00+00:00\nirrevocable = 2.0\nrecipients = 1.0\nvulnerable = 1\n"
    for name in ("template", "link", "log", "secret", "account", "name"):
        good += f"[item.{name}]\ncategory = 2\nidentifiability = 0.5\n"
    assert parse(good, "w").item["log"].category == 2
    with pytest.raises(WeightError, match=r"line 6, key item\.template\.category"):
        parse(good.replace("category = 2", "category = 5", 1), "w")
    with pytest.raises(WeightError, match="with its zone"):
        parse(good.replace("+00:00", ""), "w")
    with pytest.raises(WeightError, match="expected TOML"):
        parse("fixed =", "w")
