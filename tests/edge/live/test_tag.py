"""The lane `tag-uid` on the sealed store: through the gate, nothing in clear."""

from __future__ import annotations

import pytest
from doorway import BOOTED_NS, uid
from test_verification import behind, erased, lapsed, ordered, suspended

from edge.core.loop import Request
from edge.live.tag import TagLane
from edge.reader import TagRead
from policy.enrolment import withdraw


def read(door, tag=0):
    return TagLane(door.store).present(TagRead(uid(tag)), BOOTED_NS)


def test_an_enrolled_tag_opens_for_its_owner(door):
    owner = door.store.find("volunteer-00")
    decision = read(door)
    assert (decision.opened, decision.reason, decision.subject, decision.claimed) == (True, "tag-known", owner, owner)


def test_an_unknown_tag_opens_nothing(door):
    decision = read(door, 99)
    assert (decision.opened, decision.reason, decision.claimed) == (False, "tag-unknown", None)


@pytest.mark.parametrize("end", [erased, suspended, lapsed])
def test_a_tag_taken_back_suspended_or_kept_to_its_end_is_unknown(door, end):
    end(door, door.store.find("volunteer-00"))
    assert read(door).reason == "tag-unknown"


@pytest.mark.parametrize("end", [ordered, behind])
def test_nothing_opens_under_an_order_or_a_clock_set_back(door, end):
    end(door)
    decision = read(door)
    assert decision.opened is False
    assert decision.reason in ("tag-unknown", "no-permit")


def test_a_record_that_names_no_matching_of_tags_allows_none(door):
    """The gate is asked at each read, and not only when the tag was enrolled."""
    record = door.store.record
    ops = tuple(op for op in record.op if op.modality != "tag")
    door.store.adopt(record.model_copy(update={"op": ops}))
    decision = read(door)
    assert (decision.opened, decision.reason) == (False, "no-permit")
    assert decision.claimed == door.store.find("volunteer-00")


def test_the_face_may_go_and_the_tag_stays(door):
    withdraw(door.store, "volunteer-00", "subject", "adult", "face")
    assert read(door).opened


def test_it_looks_at_no_face_and_opens_no_window(door):
    lane = TagLane(door.store)
    lane.present(TagRead(uid(0)), BOOTED_NS)
    assert lane.ask(Request(1, 1, 0, BOOTED_NS)) is None
    assert (lane.windows, lane.tick(BOOTED_NS)) == (0, [])


def test_no_identifier_of_a_tag_is_on_disk_in_clear(door):
    read(door)
    raw = b"".join(path.read_bytes() for path in door.folder.iterdir() if path.is_file())
    assert uid(0) not in raw
    assert uid(0).hex().encode() not in raw
