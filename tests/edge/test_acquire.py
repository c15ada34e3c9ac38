"""From a picture to one face, or the reason why there is none; every reason, and where each begins."""

from __future__ import annotations

import numpy as np
import pytest
from support import picture, scene

from edge.acquire import Acquired, Acquirer, Missed, central
from edge.align import AlignError, align
from edge.face import Box, Face
from edge.picture import of_pixels
from models import tiny

SMALL, LARGE = tiny.card(1, 64), tiny.card(2, 128)
TWO = picture((SMALL, 120, 90), (LARGE, 190, 60))
"""A small card near the middle, and a large one beside it."""


class Found:
    """Stands in for a detector whose faces are known, to try boxes that no picture gives exactly."""

    def __init__(self, *faces: Face) -> None:
        self.faces = faces

    def detect(self, _picture) -> tuple[Face, ...]:
        return self.faces


def face(left, top, width, height, points=None) -> Face:
    if points is None:
        points = np.array([(left, top), (left + width, top), (left, top + height), (left + 1, top), (left, top + 1)])
    return Face(Box(left, top, width, height), points.astype(np.float32), 0.9)


def missed(*faces: Face, **settings) -> Missed | None:
    found = Acquirer(Found(*faces), **settings).acquire(picture(width=100, height=100))
    return found if isinstance(found, Missed) else None


def side_of(acquired) -> int:
    assert isinstance(acquired, Acquired)
    return round(acquired.face.box.width)


# --- with the tiny detector ---


def test_one_card_is_aligned(tiny_networks):
    source = picture((LARGE, 100, 60))
    acquired = tiny_networks.acquirer().acquire(source)
    assert (side_of(acquired), acquired.faces, acquired.crop.digest) == (128, 1, source.digest)
    np.testing.assert_array_equal(acquired.crop.pixels, align(source, acquired.face).pixels)
    difference = acquired.crop.pixels.astype(int) - align(picture((LARGE, 0, 0)), acquired.face).pixels
    assert np.abs(difference).mean() > 10  # it is the card and not just any crop


def test_an_empty_scene_has_no_face(tiny_networks):
    assert tiny_networks.acquirer().acquire(picture()) == Missed("no-face", 0)


def test_of_two_the_largest_is_taken_unless_told(tiny_networks):
    acquired = tiny_networks.acquirer().acquire(TWO)
    assert (side_of(acquired), acquired.faces) == (128, 2)


def test_of_two_the_central_one_can_be_taken(tiny_networks):
    acquired = tiny_networks.acquirer(choice="central").acquire(TWO)
    assert (side_of(acquired), acquired.faces) == (64, 2)


def test_of_two_none_can_be_taken(tiny_networks):
    assert tiny_networks.acquirer(choice="only").acquire(TWO) == Missed("several-faces", 2)


def test_alone_is_what_only_takes(tiny_networks):
    assert side_of(tiny_networks.acquirer(choice="only").acquire(picture((SMALL, 120, 90)))) == 64


def test_a_card_smaller_than_asked_is_too_small(tiny_networks):
    assert tiny_networks.acquirer(smallest_px=65.0).acquire(picture((SMALL, 120, 90))) == Missed("too-small", 1)


def test_a_card_at_the_edge_is_cut_off(tiny_networks):
    whole = scene((LARGE, 100, 60))
    cut = of_pixels(whole[:, 130:], "x")  # its marker, from 132, is still there
    assert tiny_networks.acquirer(inside=0.9).acquire(cut) == Missed("cut-off", 1)


def test_the_interpolation_is_the_one_asked_for(tiny_networks):
    source = picture((tiny.card(1, 64, variant=1), 100, 60))
    nearest = tiny_networks.acquirer(interpolation="nearest").acquire(source)
    np.testing.assert_array_equal(nearest.crop.pixels, align(source, nearest.face, "nearest").pixels)
    assert (nearest.crop.pixels != tiny_networks.acquirer().acquire(source).crop.pixels).any()


# --- the limits themselves ---


@pytest.mark.parametrize(("side", "reason"), [(23.99, "too-small"), (24.0, None), (24.01, None)])
def test_too_small_begins_below_the_limit(side, reason):
    for box in (face(10, 10, side, 50), face(10, 10, 50, side)):
        found = missed(box)
        assert (found and found.reason) == reason


@pytest.mark.parametrize(("left", "reason"), [(-20, None), (-20.1, "cut-off"), (70, None), (70.1, "cut-off")])
def test_cut_off_begins_below_the_share_inside(left, reason):
    found = missed(face(left, 30, 40, 40), inside=0.5) if left < 0 else missed(face(left, 30, 60, 60), inside=0.5)
    assert (found and found.reason) == reason


def test_a_face_wholly_outside_is_cut_off():
    assert missed(face(-50, -50, 40, 40)) == Missed("cut-off", 1)


def test_too_small_is_said_before_cut_off():
    assert missed(face(-10, -10, 15, 15)) == Missed("too-small", 1)


def test_a_box_without_area_is_too_small():
    assert missed(face(10, 10, 0, 0)) == Missed("too-small", 1)
    assert Box(10, 10, 0, 0).inside(100, 100) == 0.0


def test_only_the_chosen_face_is_judged():
    assert missed(face(0, 0, 90, 90), face(10, 10, 5, 5)) is None
    assert missed(face(0, 0, 90, 90), face(45, 45, 10, 10), choice="central") == Missed("too-small", 2)


def test_points_in_one_place_are_an_error_and_no_person_s_failure():
    broken = face(10, 10, 50, 50, np.full((5, 2), 30.0))
    with pytest.raises(AlignError):
        missed(broken)


@pytest.mark.parametrize(
    ("box", "share"),
    [
        ((0, 0, 100, 100), 1.0),
        ((10, 10, 5, 5), 1.0),
        ((-5, -5, 10, 10), 0.25),
        ((95, 0, 10, 10), 0.5),
        ((-100, -100, 300, 300), 1 / 9),
        ((100, 0, 10, 10), 0.0),
        ((-50, 0, 10, 10), 0.0),
    ],
)
def test_the_share_inside_is_that_of_the_box(box, share):
    assert Box(*box).inside(100, 100) == pytest.approx(share)


def test_the_central_face_is_the_one_whose_centre_is_nearest_whatever_its_size():
    near, far = face(45, 45, 10, 10), face(0, 0, 90, 90)
    assert central([far, near], picture(width=100, height=100)) is near
    assert central([near, far], picture(width=92, height=92)) is far
