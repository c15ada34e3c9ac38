"""Five points onto the template: the least-squares similarity, which turns, scales and shifts but never mirrors."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.align import SIZE, TEMPLATE, AlignError, align, similarity
from edge.face import Box, Face
from edge.picture import of_pixels
from models.network import TEMPLATE_112


def moved(points, degrees=0.0, scale=1.0, shift=(0.0, 0.0)):
    turn = np.deg2rad(degrees)
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return (points @ matrix.T + shift).astype(np.float32)


def applied(matrix, points):
    return points @ matrix[:, :2].T + matrix[:, 2]


def by_lstsq(points, template=TEMPLATE):
    """The same least squares as a linear system in a, b, c, d of [[a, −b, c], [b, a, d]]."""
    rows, right = [], []
    for (x, y), (u, v) in zip(points.astype(float), template.astype(float), strict=True):
        rows += [[x, -y, 1, 0], [y, x, 0, 1]]
        right += [u, v]
    a, b, c, d = np.linalg.lstsq(np.array(rows), np.array(right), rcond=None)[0]
    return np.array([[a, -b, c], [b, a, d]])


def test_the_template_is_the_networks_contract_and_can_not_be_changed():
    np.testing.assert_array_equal(TEMPLATE, np.array(TEMPLATE_112, np.float32))
    with pytest.raises(ValueError, match="read-only"):
        TEMPLATE[0, 0] = 0


def test_points_on_the_template_stay():
    np.testing.assert_allclose(similarity(TEMPLATE), [[1, 0, 0], [0, 1, 0]], atol=1e-9)


@pytest.mark.parametrize("degrees", [0, 17, 90, 180, -133])
@pytest.mark.parametrize(("scale", "shift"), [(1, (0, 0)), (0.1, (3, -4)), (7, (-900, 2000))])
def test_a_known_turn_scale_and_shift_is_undone(degrees, scale, shift):
    points = moved(TEMPLATE, degrees, scale, shift)
    matrix = similarity(points)
    np.testing.assert_allclose(applied(matrix, points.astype(float)), TEMPLATE, atol=1e-3)
    assert np.sqrt(np.linalg.det(matrix[:, :2])) == pytest.approx(1 / scale, rel=1e-5)


COORDINATE = st.floats(-500, 500, width=32)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(COORDINATE, COORDINATE), min_size=5, max_size=5))
def test_any_points_give_the_least_squares_solution_and_no_mirror(rows):
    points = np.array(rows, np.float32)
    if np.ptp(points, axis=0).max() < 1:
        return
    matrix, expected = similarity(points), by_lstsq(points)
    np.testing.assert_allclose(matrix, expected, atol=1e-5 * (1 + np.abs(expected).max()))
    (a, minus_b), (b, d) = matrix[:, :2]
    assert (a, minus_b) == (d, -b)  # a turn and a scale
    assert np.linalg.det(matrix[:, :2]) >= 0


def test_a_mirrored_face_is_not_mirrored_back():
    mirrored = (TEMPLATE * [-1, 1] + [SIZE, 0]).astype(np.float32)
    matrix = similarity(mirrored)
    assert np.linalg.det(matrix[:, :2]) > 0
    assert np.abs(applied(matrix, mirrored) - TEMPLATE).max() > 10


def test_another_template_is_aimed_at():
    np.testing.assert_allclose(similarity(TEMPLATE, TEMPLATE * 2), [[2, 0, 0], [0, 2, 0]], atol=1e-4)


@pytest.mark.parametrize("value", [0.0, 55.5, -1e6])
def test_points_all_in_one_place_are_refused(value):
    with pytest.raises(AlignError, match="expected five points apart from each other, found"):
        similarity(np.full((5, 2), value, np.float32))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("axis", [0, 1])
def test_points_that_are_not_finite_are_refused(value, axis):
    points = TEMPLATE.copy()
    points[2, axis] = value
    with pytest.raises(AlignError, match="expected five points apart from each other, found"):
        similarity(points)


# --- the crop ---


def face_at(points) -> Face:
    return Face(Box(0, 0, 100, 100), points, 1.0)


def dots(points, width, height):
    """A black picture with a soft white dot on each point."""
    rows, columns = np.mgrid[:height, :width]
    distance = (columns - points[:, 0, None, None]) ** 2 + (rows - points[:, 1, None, None]) ** 2
    pixels = (255 * np.exp(-distance / 18).max(axis=0)).round().astype(np.uint8)
    return of_pixels(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), "dots")


@pytest.mark.parametrize("interpolation", ["nearest", "linear", "cubic", "lanczos"])
@pytest.mark.parametrize(("degrees", "scale", "shift"), [(0, 1, (0, 0)), (25, 1.5, (140, 40)), (-60, 2, (60, 240))])
def test_drawn_points_come_to_lie_on_the_template(degrees, scale, shift, interpolation):
    points = moved(TEMPLATE, degrees, scale, shift)
    crop = align(dots(points, 400, 400), face_at(points), interpolation).pixels[..., 0].astype(float)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    for x, y in TEMPLATE:
        near = crop * ((columns - x) ** 2 + (rows - y) ** 2 < 64)
        found = np.array([(near * columns).sum(), (near * rows).sum()]) / near.sum()
        assert np.abs(found - (x, y)).max() < 0.5


def test_a_crop_is_112_by_112_read_only_and_carries_the_picture_s_digest():
    source = of_pixels(np.full((50, 60, 3), 200, np.uint8), "x", b"digest")
    crop = align(source, face_at(moved(TEMPLATE, scale=0.4)))
    assert (crop.pixels.shape, crop.pixels.dtype, crop.digest) == ((112, 112, 3), np.uint8, b"digest")
    with pytest.raises(ValueError, match="read-only"):
        crop.pixels[0, 0] = 0


def test_colours_keep_their_order():
    source = of_pixels(np.full((112, 112, 3), (10, 120, 230), np.uint8), "x")
    assert align(source, face_at(TEMPLATE)).pixels[56, 56].tolist() == [10, 120, 230]


def test_what_lies_outside_the_picture_is_black():
    source = of_pixels(np.full((112, 112, 3), 200, np.uint8), "x")
    pixels = align(source, face_at(moved(TEMPLATE, shift=(50, 0)))).pixels
    assert (pixels[:, :61].min(), pixels[:, 63:].max()) == (200, 0)


def test_a_face_wholly_outside_is_black():
    source = of_pixels(np.full((50, 50, 3), 200, np.uint8), "x")
    assert align(source, face_at(moved(TEMPLATE, shift=(5000, 5000)))).pixels.max() == 0


def test_a_face_without_extent_is_refused():
    with pytest.raises(AlignError):
        align(of_pixels(np.zeros((50, 50, 3), np.uint8), "x"), face_at(np.zeros((5, 2), np.float32)))
