"""The tracker: on few detections the same identities as the plain one with a detection in every frame."""

from __future__ import annotations

import numpy as np
import pytest

from edge.core.track import LOST_S, PlainTracker, Tracker, likeness
from edge.face import Box, Face

RATE = 30.0


def face(x: float, y: float, width: float = 60.0, height: float | None = None) -> Face:
    height = width * 1.2 if height is None else height
    return Face(Box(x - width / 2, y - height / 2, width, height), np.zeros((5, 2), np.float32), 0.9)


def ns(seconds: float) -> int:
    return round(seconds * 1e9)


def test_a_face_keeps_its_track():
    tracker = Tracker()
    ids = {tracker.update([face(100 + 5 * n, 100)], ns(n / RATE))[0].id for n in range(30)}
    assert ids == {1}
    assert tracker.tracks[0].seen == 30


def test_a_prediction_follows_the_speed():
    tracker = Tracker()
    for n in range(10):
        tracker.update([face(100 + 40 * n, 200 - 20 * n)], ns(n * 0.1))
    track = tracker.tracks[0]
    x, y = track.at(ns(1.0)).centre
    assert x == pytest.approx(500, abs=8)
    assert y == pytest.approx(0, abs=8)
    assert track.speed == pytest.approx((400, -200), rel=0.1)


def test_a_face_that_comes_nearer_grows_in_the_prediction():
    tracker = Tracker()
    for n in range(8):
        tracker.update([face(300, 200, 40 * 1.1**n)], ns(n * 0.1))
    assert tracker.tracks[0].at(ns(0.8)).width == pytest.approx(40 * 1.1**8, rel=0.06)


def test_speeds_are_not_believed_for_long():
    tracker = Tracker()
    for n in range(5):
        tracker.update([face(100 + 40 * n, 200)], ns(n * 0.1))
    track = tracker.tracks[0]
    assert track.at(ns(30)).centre[0] == track.at(track.last_ns + ns(0.5)).centre[0]
    assert track.at(0).centre[0] == track.box.centre[0]  # and never backwards


def test_uncertainty_grows_with_time_and_shrinks_with_good_predictions():
    tracker = Tracker()
    track = tracker.update([face(100, 100)], 0)[0]
    assert track.uncertainty(0) == 0
    assert track.uncertainty(ns(0.2)) > 0.25
    for n in range(1, 12):
        tracker.update([face(100 + 6 * n, 100)], ns(n * 0.1))
    assert track.uncertainty(track.last_ns + ns(0.2)) < 0.15
    tracker.update([face(400, 100)], track.last_ns + ns(0.4))
    assert [one.id for one in tracker.tracks] == [1, 2]


def test_a_turn_makes_a_track_unsure():
    tracker = Tracker()
    for n in range(12):
        track = tracker.update([face(100 + 10 * n, 100)], ns(n * 0.1))[0]
    sure = track.uncertainty(track.last_ns + ns(0.2))
    tracker.update([face(180, 130)], ns(1.2))
    assert track.uncertainty(track.last_ns + ns(0.2)) > 1.5 * sure


def test_a_track_not_seen_for_long_enough_ends_once():
    tracker = Tracker()
    tracker.update([face(100, 100)], 0)
    assert tracker.expire(ns(100)) == []  # nobody looked
    tracker.update([], ns(0.5))
    assert tracker.expire(ns(LOST_S)) == []
    assert [track.id for track in tracker.expire(ns(LOST_S) + 1)] == [1]
    assert tracker.expire(ns(10)) == []
    assert tracker.tracks == []


def test_missing_once_is_forgiven():
    tracker = Tracker()
    tracker.update([face(100, 100)], 0)
    assert tracker.update([], ns(0.1)) == []
    assert tracker.tracks[0].missed == 1
    assert tracker.update([face(102, 100)], ns(0.2))[0].id == 1
    assert tracker.tracks[0].missed == 0


def settled(carries: str = "decision", speed: float = 0.0) -> tuple[Tracker, int]:
    """A tracker with one track that has been followed for a second, and the time of its last sight."""
    tracker = Tracker()
    for n in range(11):
        tracker.update([face(200 + speed * n * 0.1, 100)], ns(n * 0.1))
    tracker.tracks[0].carries = carries
    return tracker, ns(1.0)


def test_who_was_decided_on_keeps_the_track_while_in_sight():
    tracker, now = settled(speed=100)
    for n in range(1, 6):
        assert [one.id for one in tracker.update([face(300 + 50 * n, 100 + n)], now + ns(0.5 * n))] == [1]


def test_who_appears_where_somebody_was_decided_on_and_missed_is_somebody_new():
    tracker, now = settled()
    assert tracker.update([], now + ns(0.1)) == []
    assert [one.id for one in tracker.update([face(200, 100)], now + ns(0.2))] == [2]
    assert [one.id for one in tracker.expire(now + ns(0.2))] == [1]
    assert [one.id for one in tracker.update([face(201, 100)], now + ns(0.3))] == [2]


@pytest.mark.parametrize("carries", ["evidence", "decision"])
@pytest.mark.parametrize(
    ("other", "after"),
    [
        (face(240, 100), 0.3),  # a face and a half's breadth away at once
        (face(200, 140), 0.3),
        (face(200, 100, 90), 0.3),
        (face(200, 100, 40), 0.3),
        (face(200, 100), 0.8),  # nobody looked for that long
    ],
)
def test_a_jump_of_place_size_or_time_is_somebody_new(carries, other, after):
    tracker, now = settled(carries)
    assert [one.id for one in tracker.update([other], now + ns(after))] == [2]


def test_of_two_who_cross_neither_inherits():
    tracker, now = settled()
    seen = tracker.update([face(185, 100), face(215, 100)], now + ns(0.3))
    assert sorted(one.id for one in seen) == [2, 3]


def test_a_face_between_two_tracks_inherits_from_neither():
    tracker = Tracker()
    for n in range(11):
        tracker.update([face(200, 100), face(250, 100)], ns(n * 0.1))
    for track in tracker.tracks:
        track.carries = "decision"
    assert [one.id for one in tracker.update([face(225, 100)], ns(1.3))] == [3]


def test_neighbours_who_were_decided_on_keep_their_tracks():
    tracker = Tracker()
    for n in range(30):
        seen = tracker.update([face(100 + 64 * who, 100 + n % 2) for who in range(12)], ns(n * 0.1))
        for track in seen:
            track.carries = "decision"
    assert {track.id for track in tracker.tracks} == set(range(1, 13))


def test_evidence_survives_a_miss_at_the_same_place():
    tracker, now = settled("evidence")
    tracker.update([], now + ns(0.1))
    assert [one.id for one in tracker.update([face(205, 102)], now + ns(0.2))] == [1]


def test_two_faces_side_by_side_are_two_tracks():
    tracker = Tracker()
    for n in range(20):
        seen = tracker.update([face(100 + 3 * n, 100), face(170 + 3 * n, 100)], ns(n / RATE))
        assert [track.id for track in sorted(seen, key=lambda track: track.box.left)] == [1, 2]


def test_one_face_is_not_given_to_two_tracks():
    tracker = Tracker()
    tracker.update([face(100, 100), face(120, 100)], 0)
    assert len(tracker.update([face(110, 100)], ns(0.1))) == 1
    assert len(tracker.tracks) == 2


@pytest.mark.parametrize(
    ("other", "least", "most"),
    [
        (face(100, 100), 1.0, 1.0),
        (face(130, 100), 0.3, 0.4),
        (face(165, 100), 0.1, 0.3),
        (face(300, 100), 0.0, 0.0),
        (face(100, 100, 300), 0.0, 0.2),
        (face(100, 100, 0.0, 0.0), 0.0, 0.01),
    ],
)
def test_likeness_is_overlap_and_a_little_nearness(other, least, most):
    assert least - 1e-9 <= likeness(face(100, 100).box, other.box) <= most + 1e-9


def paths(seed: int, people: int = 5):
    """People who walk up at their own speed and turn aside: x, y, width by time."""
    chance = np.random.default_rng(seed)
    lanes = (np.arange(people) + 0.5) * 1280 / people
    begin, sway, phase = chance.uniform(0, 2, people), chance.uniform(5, 25, people), chance.uniform(0, 6, people)

    def at(time_s: float) -> dict[int, Face]:
        there = {}
        for who in range(people):
            since = time_s - begin[who]
            if not 0 <= since < 4:
                continue
            near = min(1.0, since / 3)
            x = lanes[who] + sway[who] * np.sin(3 * since + phase[who])
            there[who] = face(x, 250 + 30 * near, 40 + 60 * near)
        return there

    return at


def identities(tracker: Tracker, at, every: int, seed: int) -> dict[int, set[int]]:
    """Which tracks each person had, with a detection in every so manyth frame, exact to 2 % of the width."""
    chance = np.random.default_rng([seed, 1])
    tracks: dict[int, set[int]] = {}
    for number in range(round(7 * RATE)):
        if number % every:
            continue
        there = at(number / RATE)
        faces = {}
        for who, one in there.items():
            dx, dy, dw = chance.normal(0, 0.02, 3) * one.box.width
            faces[who] = face(one.box.centre[0] + dx, one.box.centre[1] + dy, one.box.width + dw)
        tracker.expire(ns(number / RATE))
        tracker.update(list(faces.values()), ns(number / RATE))
        for who, one in faces.items():
            track = next(track for track in tracker.tracks if track.face is one)
            tracks.setdefault(who, set()).add(track.id)
    return tracks


@pytest.mark.parametrize("seed", range(8))
def test_on_every_sixth_frame_it_tells_people_apart_as_the_plain_one_on_all(seed):
    at = paths(seed)
    plain = identities(PlainTracker(), at, 1, seed)
    ours = identities(Tracker(), at, 6, seed)
    assert all(len(ids) == 1 for ids in plain.values())
    assert {who: len(ids) for who, ids in ours.items()} == dict.fromkeys(plain, 1)
    assert len(set.union(*ours.values())) == len(plain)
