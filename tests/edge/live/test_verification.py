"""Token first: what a tag opens, for whom, and when nothing is computed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from doorway import BOOTED_NS, Stay, uid
from house import SITE, template

from edge.core.loop import Decided, Request
from edge.face import Box
from edge.live.verification import TokenFirst, WindowError
from edge.reader import TagRead
from policy import compliance
from policy.enrolment import withdraw
from policy.gate import Refused

HERE = Stay(0, 0.0, 9.0)
AT = BOOTED_NS


def reasons(decisions):
    return [decision.reason for decision in decisions]


def lane_of(door, window_s=5.0):
    return TokenFirst(door.store, door.network, window_s)


def test_the_owner_of_the_tag_comes_in(door):
    subject = door.store.find("volunteer-00")
    (decision,) = door.visit(lane_of(door), HERE, seconds=4, reads={1.0: uid(0)})
    assert (decision.opened, decision.reason, decision.subject, decision.claimed) == (True, "matched", subject, subject)
    assert door.times[0] < 2.5


def test_templates_are_of_pictures_taken_in_the_window_under_the_owners_permit(door):
    subject = door.store.find("volunteer-00")
    door.visit(lane_of(door), HERE, seconds=4, reads={1.5: uid(0)})
    assert door.network.computed
    for whose, digest in door.network.computed:
        assert whose == subject
        assert door.pictures[digest] >= 1.5


def test_without_a_tag_no_face_is_even_cut_out(door):
    assert door.visit(lane_of(door), HERE, Stay(1, 2.0, 5.0, x=420), seconds=5) == []
    assert door.core.tally.detections > 0
    assert door.untouched()


def test_two_faces_and_nothing_is_computed(door):
    (decision,) = door.visit(lane_of(door), HERE, Stay(1, 0.0, 9.0, x=430), seconds=7, reads={1.0: uid(0)})
    assert (decision.opened, decision.reason) == (False, "several-faces")
    assert decision.claimed == door.store.find("volunteer-00")
    assert door.times == [6.0]
    assert door.untouched()


def test_a_small_face_behind_is_a_second_face(door):
    """About 30 px wide, where the first is 85."""
    made = door.visit(lane_of(door), HERE, Stay(1, 0.0, 9.0, x=430, size=64), seconds=7, reads={1.0: uid(0)})
    assert reasons(made) == ["several-faces"]
    assert door.untouched()


def test_when_the_second_face_leaves_the_window_is_still_open(door):
    made = door.visit(lane_of(door), HERE, Stay(1, 0.0, 2.5, x=430), seconds=6, reads={1.0: uid(0)})
    assert reasons(made) == ["matched"]
    assert min(door.pictures[digest] for _, digest in door.network.computed) >= 2.5


def test_nobody_in_the_zone(door):
    assert reasons(door.visit(lane_of(door), seconds=7, reads={1.0: uid(0)})) == ["no-face"]
    assert door.untouched()


def test_who_comes_after_the_window_is_not_computed(door):
    made = door.visit(lane_of(door, 1.0), Stay(0, 2.5, 6.0), seconds=6, reads={1.0: uid(0)})
    assert reasons(made) == ["no-face"]
    assert door.times == [2.0]
    assert door.untouched()


def test_a_picture_from_before_the_window_is_not_asked_for(door):
    lane = lane_of(door)
    assert lane.present(TagRead(uid(0)), AT + 10) is None
    assert lane.ask(Request(1, 1, 0, AT + 9)) is None
    assert lane.ask(Request(1, 1, 0, AT + 10)) is not None
    assert lane.ask(Request(1, 1, 0, AT + 10 + 5_000_000_000)) is None
    assert lane.ask(Request(1, 2, 0, AT + 11)) is None
    assert lane.ask(Request(1, 0, 0, AT + 11)) is None


def test_an_unknown_tag_is_told_at_once(door):
    assert reasons(door.visit(lane_of(door), HERE, seconds=3, reads={1.0: uid(99)})) == ["tag-unknown"]
    assert door.times == [1.0]
    assert door.untouched()


def erased(door, subject):
    door.store.erase(subject, "withdrawal", "tag")


def suspended(door, subject):
    door.store.change(subject, door.store.file(subject).model_copy(update={"state": "suspended"}))


def lapsed(door, subject):
    door.hands.at += timedelta(days=30)


@pytest.mark.parametrize("end", [erased, suspended, lapsed])
def test_a_tag_taken_back_suspended_or_kept_to_its_end_is_unknown(door, end):
    end(door, door.store.find("volunteer-00"))
    assert reasons(door.visit(lane_of(door), HERE, seconds=3, reads={1.0: uid(0)})) == ["tag-unknown"]
    assert door.untouched()


def test_a_tag_without_a_face_is_not_looked_at(door):
    door.enrol(5, face=False)
    assert reasons(door.visit(lane_of(door), Stay(5, 0.0, 4.0), seconds=4, reads={1.0: uid(5)})) == ["no-reference"]
    assert door.untouched()


def withdrawn(door):
    withdraw(door.store, "volunteer-00", "subject", "adult", "face")


def gone(door):
    withdraw(door.store, "volunteer-00", "subject", "adult")


def ordered(door):
    compliance.receive(door.store, "suspend", None)


def adopted(door):
    door.store.adopt(SITE)


def behind(door):
    door.hands.at -= timedelta(minutes=5)


@pytest.mark.parametrize("end", [withdrawn, gone, ordered, adopted, behind])
def test_what_ends_between_the_tag_and_the_face_ends_before_a_template(door, end):
    """Withdrawal of the face or of all, an order, a record that allows less, a clock set back."""
    made = door.visit(lane_of(door), Stay(0, 2.0, 6.0), seconds=8, reads={1.0: uid(0)}, acts={1.5: lambda: end(door)})
    assert reasons(made) == ["no-permit"]
    assert made[0].opened is False
    assert (door.network.opened, door.network.computed) == (0, [])


def test_what_ends_between_the_template_and_the_decision_opens_nothing(door, monkeypatch):
    lane = lane_of(door)
    decided = lane.decided

    def late(one, now_ns):
        withdrawn(door)
        return decided(one, now_ns)

    monkeypatch.setattr(lane, "decided", late)
    made = door.visit(lane, Stay(0, 0.0, 2.5), seconds=2.5, reads={1.0: uid(0)})
    assert door.network.computed
    assert reasons(made) == ["no-permit"]


@pytest.mark.parametrize("end", [ordered, behind])
def test_a_tag_read_while_nothing_is_allowed_opens_no_window(door, end):
    end(door)
    made = door.visit(lane_of(door), HERE, seconds=3, reads={1.0: uid(0)})
    assert [decision.opened for decision in made] == [False]
    assert reasons(made)[0] in ("tag-unknown", "no-permit")
    assert door.untouched()


def test_a_tag_of_somebody_whose_face_may_not_be_matched_opens_no_window(door):
    """The record names no matching of faces any more; tags go on."""
    record = door.store.record
    ops = tuple(op for op in record.op if (op.kind, op.modality) != ("match", "face"))
    door.store.adopt(record.model_copy(update={"op": ops}))
    lane = lane_of(door)
    assert reasons(door.visit(lane, HERE, seconds=2, reads={1.0: uid(0)})) == ["no-permit"]
    assert (door.times, lane.windows) == ([1.0], 0)
    assert door.untouched()


def test_an_impostor_with_somebodys_tag_stays_out(door):
    (decision,) = door.visit(lane_of(door), Stay(3, 0.0, 9.0), seconds=7, reads={1.0: uid(0)})
    assert (decision.opened, decision.reason, decision.subject) == (False, "below-threshold", None)
    assert decision.claimed == door.store.find("volunteer-00")


def test_another_enrolled_person_with_somebodys_tag_stays_out(door):
    """Compared with the tag's owner alone, however well enrolled the face is."""
    (decision,) = door.visit(lane_of(door), Stay(1, 0.0, 9.0), seconds=7, reads={1.0: uid(0)})
    assert (decision.opened, decision.reason) == (False, "below-threshold")
    assert {whose for whose, _ in door.network.computed} == {door.store.find("volunteer-00")}


def test_a_second_persons_tag_waits_and_the_first_goes_on(door):
    made = door.visit(lane_of(door), Stay(0, 2.0, 9.0), seconds=6, reads={1.0: uid(0), 1.5: uid(1)})
    assert reasons(made) == ["busy", "matched"]
    assert [decision.claimed for decision in made] == [
        door.store.find("volunteer-01"),
        door.store.find("volunteer-00"),
    ]


def test_a_tag_left_on_the_reader_holds_no_window_open(door):
    reads = {number / 10: uid(0) for number in range(10, 60)}
    made = door.visit(lane_of(door, 2.0), seconds=3.1, reads=reads)
    assert reasons(made) == ["no-face"]
    assert door.times == [3.0]


def test_who_was_decided_in_one_window_is_not_decided_by_it_in_the_next(door):
    """Somebody comes in on their own tag, and stays while the next tag is read."""
    made = door.visit(lane_of(door), HERE, seconds=9, reads={1.0: uid(0), 3.0: uid(1)})
    assert reasons(made) == ["matched", "below-threshold"]
    second = [digest for whose, digest in door.network.computed if whose == door.store.find("volunteer-01")]
    assert second
    assert min(door.pictures[digest] for digest in second) >= 3.0


def test_denied_one_can_try_again_with_ones_own_tag(door):
    made = door.visit(lane_of(door), HERE, seconds=9, reads={1.0: uid(1), 6.0: uid(0)})
    assert reasons(made) == ["below-threshold", "matched"]


def test_a_loop_that_forgets_to_renew_opens_nothing_wrongly(door):
    made = door.visit(lane_of(door), HERE, seconds=9, reads={1.0: uid(0), 3.0: uid(1)}, renew=False)
    assert [decision.opened for decision in made] == [True, False]


def test_another_person_who_takes_a_track_over_is_another_person(door):
    """The owner is let in; a stranger steps into the same place at once and reads the same tag again."""
    made = door.visit(lane_of(door), Stay(0, 0.0, 2.5), Stay(3, 2.5, 9.0), seconds=8, reads={1.0: uid(0), 3.0: uid(0)})
    assert reasons(made) == ["matched", "below-threshold"]


def test_a_stranger_seen_before_the_window_lends_the_owner_nothing(door):
    """And the other way round: the owner stood there without a tag, then a stranger holds the owner's."""
    made = door.visit(lane_of(door), Stay(0, 0.0, 2.0), Stay(3, 2.0, 9.0), seconds=8, reads={2.0: uid(0)})
    assert reasons(made) == ["below-threshold"]


def test_a_clock_that_runs_back_closes_the_window(door):
    lane = lane_of(door)
    assert lane.present(TagRead(uid(0)), AT + 100) is None
    assert lane.tick(AT + 200) == []
    (decision,) = lane.tick(AT + 150)
    assert (decision.opened, decision.reason) == (False, "clock-back")
    assert lane.ask(Request(1, 1, 0, AT + 160)) is None


def test_a_tag_read_a_moment_before_the_last_tick_is_no_clock_set_back(door):
    """Its time is the reader's thread's."""
    lane = lane_of(door)
    lane.present(TagRead(uid(0)), AT + 100)
    lane.tick(AT + 200)
    assert lane.present(TagRead(uid(1)), AT + 150).reason == "busy"
    assert lane.present(TagRead(uid(0)), AT + 150) is None
    assert lane.tick(AT + 201) == []
    assert lane.ask(Request(1, 1, 0, AT + 202)) is not None


def test_a_recogniser_kept_from_a_window_that_is_over_computes_nothing(door):
    lane = lane_of(door)
    lane.present(TagRead(uid(0)), AT)
    kept = lane.ask(Request(1, 1, 0, AT))
    lane.tick(AT + 5_000_000_000)
    lane.present(TagRead(uid(1)), AT + 6_000_000_000)
    with pytest.raises(Refused, match="window-open"):
        kept.embed([])
    with pytest.raises(Refused, match="window-open"):
        kept.best(template(7))
    assert door.network.opened == 0


def test_a_decision_on_somebody_else_or_on_nothing_decides_nothing(door):
    lane = lane_of(door)
    lane.present(TagRead(uid(0)), AT)
    lane.ask(Request(1, 1, 0, AT))
    owner = door.store.find("volunteer-00")
    told = Decided(1, "matched", owner, 0.99, 1, Box(0, 0, 1, 1), 0, 0, 0, 0)
    reasons_told = ("matched", "below-threshold", "no-permit", "poor-shots")
    for one in (replace(told, track=track, reason=reason) for track in (1, 2) for reason in reasons_told):
        assert lane.decided(one, AT + 1) is None
    assert reasons(lane.tick(AT + 5_000_000_000)) == ["no-face"]


def test_a_decision_on_the_track_for_somebody_else_opens_nothing(door):
    lane = lane_of(door)
    lane.present(TagRead(uid(0)), AT)
    lane.ask(Request(1, 1, 0, AT)).embed([])
    other = Decided(1, "matched", door.store.find("volunteer-01"), 0.99, 1, Box(0, 0, 1, 1), 0, 0, 0, 0)
    assert lane.decided(other, AT + 1) is None
    assert lane.decided(replace(other, subject=None), AT + 1) is None


def test_what_a_reference_was_made_with_is_another_network(door):
    door.network.digest = "0" * 64
    assert reasons(door.visit(lane_of(door), HERE, seconds=4, reads={1.0: uid(0)})) == ["no-permit"]


@pytest.mark.parametrize("window_s", [0.0, 0.9, 16.0, float("nan")])
def test_windows_are_short(door, window_s):
    with pytest.raises(WindowError, match="window_s"):
        lane_of(door, window_s)


def test_visits_leave_nothing_in_the_ledger(door):
    """With their times, permits to match would be an attendance list."""
    before = door.store.ledger.anchor().seq
    door.visit(lane_of(door), HERE, seconds=4, reads={1.0: uid(0)})
    assert door.store.ledger.anchor().seq == before
