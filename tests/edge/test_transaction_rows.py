"""A row: stamps in order, each a time or a reason; written and read back as it was."""

from __future__ import annotations

import json
from itertools import combinations

import jsonschema
import pytest
from pydantic import ValidationError

from edge.transaction import LANES, Stamp, Transaction
from policy.schema import schema

ROW = {
    "schema": "threshold/transaction/1",
    "id": "v1",
    "lane": "tag-uid",
    "origin": "simulation",
    "session": "m1",
    "entered": {"t_ns": 0},
    "presented": {"t_ns": 10},
    "decided": {"t_ns": 20},
    "crossed": {"t_ns": 30},
    "attempts": 1,
    "outcome": "opened",
    "reason": "tag-known",
}
STAMPS = ("entered", "presented", "decided", "crossed")
NO = {"none": "not seen"}


def row(**changes) -> Transaction:
    return Transaction.model_validate(ROW | changes)


def refusal(**changes) -> str:
    with pytest.raises(ValidationError) as caught:
        row(**changes)
    return str(caught.value)


def test_a_row_has_what_it_was_given_and_nothing_else_is_known():
    made = row()
    assert [getattr(made, name).t_ns for name in STAMPS] == [0, 10, 20, 30]
    assert (made.claimed, made.decided_subject, made.true_subject, made.enrolled) == (None, None, None, None)


@pytest.mark.parametrize(
    "made",
    [
        row(),
        row(claimed="s1", decided_subject="s2", true_subject="s3", enrolled=False),
        row(presented=NO, decided=NO, crossed=NO, outcome="abandoned", reason="tag-forgotten", attempts=0),
    ],
    ids=["plain", "all known", "abandoned"],
)
def test_a_row_survives_json_and_fits_the_published_schema(made):
    text = made.model_dump_json(by_alias=True)
    assert Transaction.model_validate_json(text) == made
    jsonschema.validate(json.loads(text), schema("transaction"))


@pytest.mark.parametrize(("earlier", "later"), list(combinations(STAMPS, 2)))
def test_no_stamp_comes_before_an_earlier_one(earlier, later):
    others = {name: NO for name in STAMPS if name not in (earlier, later)}
    message = refusal(**{earlier: {"t_ns": 11}, later: {"t_ns": 10}}, **others, outcome="denied")
    assert f"expected {later} not before {earlier}, found 10 ns before 11 ns" in message


def test_stamps_may_be_one():
    assert row(**{name: {"t_ns": 7} for name in STAMPS}).opened_ns == 0


@pytest.mark.parametrize("stamp", [{}, {"t_ns": 1, "none": "why"}, {"t_ns": None, "none": None}])
def test_a_stamp_is_a_time_or_a_reason(stamp):
    assert "expected either a time t_ns or the reason why there is none, found both or neither" in refusal(
        crossed=stamp
    )


@pytest.mark.parametrize("stamp", [{"t_ns": -1}, {"t_ns": 1.5}, {"t_ns": "soon"}, {"none": ""}, {"at": 1}, None, 5])
def test_a_stamp_of_another_kind_is_refused(stamp):
    assert "crossed" in refusal(crossed=stamp)


def test_a_door_does_not_open_undecided():
    assert "expected a time of decision for a door that opened, found none" in refusal(decided=NO)


@pytest.mark.parametrize("outcome", ["denied", "abandoned"])
def test_another_outcome_may_be_undecided(outcome):
    assert row(decided=NO, outcome=outcome).opened_ns is None


def test_the_time_to_open_is_from_entering_to_the_decision():
    assert row(entered={"t_ns": 5}).opened_ns == 15


@pytest.mark.parametrize("changes", [{"outcome": "denied"}, {"entered": NO}])
def test_without_opening_or_entering_there_is_no_time_to_open(changes):
    assert row(**changes).opened_ns is None


@pytest.mark.parametrize("lane", LANES)
def test_every_lane_has_rows(lane):
    assert row(lane=lane).lane == lane


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": "threshold/transaction/2"},
        {"lane": "window"},
        {"lane": ""},
        {"origin": "hearsay"},
        {"outcome": "ajar"},
        {"attempts": -1},
        {"emotion": "glad"},
        {"id": None},
    ],
)
def test_what_no_row_can_be_is_refused_by_its_key(changes):
    (key,) = changes
    assert key in refusal(**changes)


@pytest.mark.parametrize("key", [key for key in ROW if key != "schema"])
def test_a_row_lacks_nothing(key):
    with pytest.raises(ValidationError, match=f"{key}\n  Field required"):
        Transaction.model_validate({name: value for name, value in ROW.items() if name != key})


def test_a_row_can_not_be_changed():
    made = row()
    with pytest.raises(ValidationError, match="frozen"):
        made.outcome = "denied"
    with pytest.raises(ValidationError, match="frozen"):
        made.crossed.t_ns = 5


def test_a_stamp_is_made_of_a_time_or_of_a_reason():
    assert (Stamp.at(0).t_ns, Stamp.at(0).none) == (0, None)
    assert (Stamp.absent("why").t_ns, Stamp.absent("why").none) == (None, "why")
