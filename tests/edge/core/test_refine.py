"""The second look: nearer to the truth than the first, and the first where it finds nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from edge.core.frame import Frame
from edge.core.loop import enlarged
from edge.core.refine import SIZE_PX, refined
from edge.core.source import converted
from edge.entrance import Entrance
from edge.face import Box, Face, Picture
from edge.vision import open_detector
from models.registry import Registry


@dataclass
class Finds:
    """Finds the same faces in every picture."""

    faces: tuple[Face, ...] = ()
    seen: list[Picture] = field(default_factory=list)

    def detect(self, picture: Picture) -> tuple[Face, ...]:
        self.seen.append(picture)
        return self.faces


def face(left: float, top: float, width: float, height: float) -> Face:
    points = np.array([(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)], np.float32)
    return Face(Box(left, top, width, height), points * (width, height) + np.float32((left, top)), 0.9)


PLANES = converted(np.full((360, 640, 3), 120, np.uint8), "I420")


def test_points_get_nearer_to_the_truth():
    detector = open_detector(Registry.bundled().locate("bundled-detector"))
    source = Entrance(tuple(range(300, 304)), 4, "single", 1280, 720, 6.0, seed=5)
    first, second = [], []
    for drawn in source:
        if len(drawn.truth) != 1 or drawn.truth[0].visible < 1:
            continue
        truth, frame = drawn.truth[0], Frame(0, 0, 0, converted(drawn.pixels, "I420"))
        found = detector.detect(Picture(frame.colours(320), "frame", b""))
        if len(found) != 1:
            continue
        coarse = enlarged(found[0], 4, 4)
        for errors, one in ((first, coarse), (second, refined(detector, frame.main, coarse))):
            errors.append(float(np.abs(one.points - truth.points).mean() / truth.box.width))
    assert len(first) >= 15
    assert np.mean(second) < 0.9 * np.mean(first)


def test_where_nothing_is_found_the_face_stays_as_it_was():
    given = face(200, 100, 60, 72)
    assert refined(Finds(), PLANES, given) is given


def test_another_face_in_the_window_is_not_taken_for_it():
    given = face(200, 100, 60, 72)
    assert refined(Finds((face(5, 5, 20, 24),)), PLANES, given) is given


def test_what_is_found_is_told_in_px_of_the_frame():
    given, finder = face(200, 100, 60, 72), Finds((face(44, 40, 74, 89),))
    found = refined(finder, PLANES, given)
    assert finder.seen[0].pixels.shape == (SIZE_PX, SIZE_PX, 3)
    assert found.box.left == pytest.approx(200, abs=3)
    assert found.box.width == pytest.approx(60, abs=2)
    assert found.points == pytest.approx(given.points, abs=4)


@pytest.mark.parametrize(("left", "top"), [(-40, -40), (620, 340), (2000, 2000), (-500, 10)])
def test_at_the_edge_the_window_is_cut(left, top):
    given = face(left, top, 60, 72)
    assert refined(Finds(), PLANES, given) is given
