"""The synthetic entrance: the same frames each time, with true boxes, every kind of scene, and things that move."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edge.backdrop import MOVERS
from edge.entrance import Entrance, EntranceError
from threshold.command import app

PEOPLE = tuple(range(100, 112))


@pytest.fixture(scope="module")
def source() -> Entrance:
    return Entrance(PEOPLE, visits=8, width=320, height=180, rate=4.0, attacks=0.5, seed=7)


@pytest.fixture(scope="module")
def frames(source):
    return list(source)


def test_the_same_seed_draws_the_same_frames(source, frames):
    again = Entrance(PEOPLE, visits=8, width=320, height=180, rate=4.0, attacks=0.5, seed=7)
    for number in (0, 17, len(frames) - 1):
        frame = again.frame(number)
        assert np.array_equal(frame.pixels, frames[number].pixels)
        assert [face.box for face in frame.truth] == [face.box for face in frames[number].truth]
    other = Entrance(PEOPLE, visits=8, width=320, height=180, rate=4.0, seed=3)
    assert not np.array_equal(other.frame(0).pixels, frames[0].pixels)


def test_frames_are_what_they_say(source, frames):
    assert len(frames) == len(source)
    for number, frame in enumerate(frames):
        assert frame.pixels.shape == (180, 320, 3)
        assert frame.pixels.dtype == np.uint8
        assert not frame.pixels.flags.writeable
        assert frame.time_ns == round(number * 1e9 / 4.0)
        for face in frame.truth:
            assert face.identity in PEOPLE
            assert 0 < face.visible <= 1


def test_any_size_and_frame_rate():
    for width, height, rate in ((64, 64, 1.0), (641, 359, 29.97), (240, 426, 0.5)):
        frame = Entrance(PEOPLE, visits=1, width=width, height=height, rate=rate).frame(1)
        assert frame.pixels.shape == (height, width, 3)
        assert frame.time_ns == round(1e9 / rate)


def test_boxes_hold_the_points_and_points_are_a_face(frames):
    for frame in frames:
        for face in frame.truth:
            box, points = face.box, face.points
            assert (points[:, 0] > box.left).all()
            assert (points[:, 0] < box.left + box.width).all()
            assert (points[:, 1] > box.top).all()
            assert (points[:, 1] < box.top + box.height).all()
            assert points[0, 0] < points[1, 0]
            assert max(points[:2, 1]) < points[2, 1] < min(points[3:, 1])


def test_the_true_box_is_where_the_picture_changes():
    """Against the empty scene, a lone visitor's box is filled with something else."""
    source = Entrance(PEOPLE, visits=1, arrivals="single", width=320, height=180, rate=5, noise=0)
    empty = source.frame(len(source) - 1)
    seen = [frame for frame in source if frame.truth and frame.truth[0].visible == 1 and not frame.moving]
    assert len(seen) > 5
    for frame in seen:
        box = frame.truth[0].box
        part = slice(round(box.top), round(box.top + box.height)), slice(round(box.left), round(box.left + box.width))
        changed = np.abs(frame.pixels[part].astype(int) - empty.pixels[part]).max(2) > 6
        assert changed.mean() > 0.85


def test_people_come_singly_in_pairs_and_by_the_bus(frames):
    counts = {len(frame.truth) for frame in frames}
    assert {0, 1, 2} <= counts
    assert max(counts) >= 3


@pytest.mark.parametrize(("arrivals", "least", "most"), [("single", 1, 1), ("pairs", 2, 2), ("bus", 3, 8)])
def test_each_kind_of_arrival(arrivals, least, most):
    source = Entrance(PEOPLE, visits=2, arrivals=arrivals, width=160, height=96, rate=2)
    together = max(
        sum(walk.start_s <= time < walk.end_s for walk in source.walks) for time in np.arange(0, source.seconds, 0.2)
    )
    assert least <= together <= most


def test_prints_and_phones_are_named_and_drawn_of_the_same_people(frames):
    attacks = {face.attack for frame in frames for face in frame.truth}
    assert attacks == {None, "print", "phone"}


def test_without_a_visit_something_else_moves_in_at_least_thirty_percent_of_frames():
    for seed in range(3):
        source = Entrance(PEOPLE, visits=4, width=64, height=64, rate=3, seed=seed, noise=0, arrivals="single")
        quiet = [frame for frame in source if not frame.visit]
        assert len(quiet) > 20
        assert sum(bool(frame.moving) for frame in quiet) / len(quiet) >= 0.3
        assert not any(frame.truth for frame in quiet)


def test_every_kind_of_mover_comes_and_changes_the_picture():
    source = Entrance(PEOPLE, visits=8, arrivals="single", width=160, height=96, rate=6, seed=1, noise=0)
    frames = list(source)
    came = {kind for frame in frames for kind in frame.moving}
    assert came == set(MOVERS)
    still = next(frame.pixels for frame in frames if not frame.visit and not frame.moving)
    for kind in MOVERS:
        shown = [frame.pixels for frame in frames if frame.moving == (kind,) and not frame.visit]
        assert max(np.abs(pixels.astype(int) - still).mean() for pixels in shown) > 0.2


def test_the_sensor_has_noise_and_it_is_new_in_every_frame():
    source = Entrance(PEOPLE, visits=1, width=160, height=96, rate=10, noise=3.0, gap_s=(4.0, 4.0))
    quiet = [frame for frame in source if not frame.visit and not frame.moving]
    differences = [one.pixels.astype(int) - other.pixels for one, other in pairwise(quiet)]
    assert np.median([difference.std() for difference in differences]) == pytest.approx(3.0 * 2**0.5, rel=0.15)


@pytest.mark.parametrize(
    ("setting", "value"), [("people", ()), ("visits", 0), ("width", 10), ("rate", 0.0), ("attacks", 1.5), ("noise", -1)]
)
def test_what_cannot_be_drawn_is_refused_by_name(setting, value):
    with pytest.raises(EntranceError, match=setting):
        Entrance(**{"people": PEOPLE, setting: value})


def preview(*arguments: str):
    return CliRunner().invoke(
        app, ["entrance", "--visits", "1", "--width", "160", "--height", "96", "--rate", "3", *arguments]
    )


def test_the_contact_sheet_is_a_picture(tmp_path):
    file = tmp_path / "new" / "sheet.png"
    done = preview("--preview", str(file), "--json")
    assert done.exit_code == 0, done.output
    assert cv2.imread(str(file)).shape[1] == 4 * 160


def test_the_clip_has_every_frame(tmp_path):
    file = tmp_path / "clip.avi"
    assert preview("--preview", str(file)).exit_code == 0
    clip = cv2.VideoCapture(str(file))
    assert int(clip.get(cv2.CAP_PROP_FRAME_COUNT)) == len(
        Entrance(tuple(range(12)), visits=1, width=160, height=96, rate=3, attacks=0.2)
    )
    clip.release()


def test_another_kind_of_file_is_wrong_use(tmp_path):
    assert preview("--preview", str(tmp_path / "clip.gif")).exit_code == 2
