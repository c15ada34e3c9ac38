"""Frames: views of the camera's memory in three formats, and crops that equal those of the whole picture converted."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest

from edge.align import TEMPLATE, AlignError
from edge.core.crop import crop, crop_plainly, luma_crop
from edge.core.frame import Frame, FrameError, Planes, bgr, of_bgr, of_i420, of_nv12, region
from edge.core.source import converted

FORMATS = ("I420", "NV12", "BGR")
SIZES = ((640, 360), (1920, 1080), (258, 146))


def textured(width: int, height: int) -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 3)


def face(x: float, y: float, scale: float, turn: float = 0.1) -> np.ndarray:
    """Five points of a face whose template's middle lies at (x, y), `scale` px a template px."""
    around = (TEMPLATE - 56) * scale
    c, s = np.cos(turn), np.sin(turn)
    return (around @ np.array([[c, s], [-s, c]]) + (x, y)).astype(np.float32)


@pytest.mark.parametrize("kind", FORMATS)
def test_planes_are_views_of_the_camera_s_memory(kind):
    buffer = np.zeros(64 * 48 * 3, np.uint8)
    made = {
        "I420": lambda: of_i420(buffer, 64, 48),
        "NV12": lambda: of_nv12(buffer, 64, 48),
        "BGR": lambda: of_bgr(buffer.reshape(48, 64, 3)),
    }[kind]()
    assert (made.width, made.height) == (64, 48)
    for plane in made.planes:
        assert np.shares_memory(plane, buffer)
        assert not plane.flags.writeable


@pytest.mark.parametrize("kind", ["I420", "NV12"])
def test_padded_rows_give_the_same_picture(kind):
    width, height, stride = 180, 96, 256
    tight = converted(textured(width, height), kind)
    buffer = np.full(stride * height * 3 // 2, 77, np.uint8)
    buffer[: stride * height].reshape(height, stride)[:, :width] = tight.planes[0]
    if kind == "I420":
        for chroma, at in zip(tight.planes[1:], (4, 5), strict=True):
            part = buffer[stride * height * at // 4 :][: stride * height // 4]
            part.reshape(height // 2, stride // 2)[:, : width // 2] = chroma
    else:
        part = buffer[stride * height :].reshape(height // 2, stride)
        part[:, :width] = tight.planes[1].reshape(height // 2, width)
    padded = (of_i420 if kind == "I420" else of_nv12)(buffer, width, height, stride)
    assert np.array_equal(bgr(padded), bgr(tight))
    assert padded.digest() == tight.digest()


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_crop_equals_that_of_the_whole_picture_converted(kind, width, height):
    planes = converted(textured(width, height), kind)
    for x, y, scale, turn in ((0.5, 0.5, 0.5, 0.1), (0.3, 0.6, 0.9, -0.4), (0.7, 0.4, 2.0, 3.0), (0.5, 0.5, 0.2, 0)):
        points = face(x * width, y * height, scale, turn)
        assert np.array_equal(crop(planes, points), crop_plainly(planes, points))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(("x", "y"), [(0, 0), (640, 360), (-30, 180), (320, 390), (-500, 100), (3000, 3000)])
def test_a_face_cut_off_by_the_edge_is_black_beyond_it(kind, x, y):
    planes = converted(textured(640, 360), kind)
    cut = crop(planes, face(x, y, 1.0))
    assert np.array_equal(cut, crop_plainly(planes, face(x, y, 1.0)))
    assert (cut == 0).all(2).any()


def test_points_in_one_place_are_no_face():
    with pytest.raises(AlignError):
        crop(converted(textured(64, 64), "I420"), np.zeros((5, 2), np.float32))


@pytest.mark.parametrize("kind", FORMATS)
def test_the_brightness_of_a_crop_is_that_of_its_colours(kind):
    planes = converted(textured(640, 360), kind)
    points = face(300, 180, 0.8)
    grey = cv2.cvtColor(crop_plainly(planes, points), cv2.COLOR_BGR2GRAY).astype(float)
    luma = luma_crop(planes, points).astype(float)
    if kind != "BGR":
        luma = (luma - 16) * 255 / 219  # limited range
    assert np.abs(luma - grey).mean() < 2


@pytest.mark.parametrize("kind", FORMATS)
def test_a_region_is_the_whole_picture_s_part(kind):
    planes = converted(textured(320, 180), kind)
    assert np.array_equal(region(planes, 20, 10, 120, 90), bgr(planes)[10:90, 20:120])


@pytest.mark.parametrize("box", [(0, 0, 0, 10), (10, 0, 2, 10), (0, 0, 400, 10), (-2, 0, 10, 10), (1, 0, 10, 10)])
def test_a_region_that_is_none_is_refused(box):
    with pytest.raises(FrameError, match="expected a rectangle"):
        region(converted(textured(320, 180), "I420"), *box)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_small_stream_made_here_looks_like_the_exact_mean(kind):
    pixels = textured(1280, 720)
    frame = Frame(0, 0, 0, converted(pixels, kind))
    small = frame.colours(320)
    exact = cv2.resize(pixels, (320, 180), interpolation=cv2.INTER_AREA)
    assert small.shape == (180, 320, 3)
    assert np.abs(small.astype(int) - exact).mean() < 3
    assert frame.luma(80, 45).shape == (45, 80)


def test_the_source_s_own_small_stream_is_used():
    main, small = (converted(textured(width, width * 9 // 16), "I420") for width in (1280, 320))
    assert np.array_equal(Frame(0, 0, 0, main, small).colours(320), bgr(small))


def test_the_source_s_own_small_stream_is_made_smaller_where_less_is_enough():
    main, small = (converted(textured(width, width * 9 // 16), "I420") for width in (1280, 640))
    frame = Frame(0, 0, 0, main, small)
    assert frame.colours(480).shape == (360, 640, 3)
    assert frame.colours(192).shape == (108, 192, 3)
    exact = cv2.resize(bgr(small), (192, 108), interpolation=cv2.INTER_AREA)
    assert np.array_equal(frame.colours(192), exact)


def test_a_small_stream_of_another_shape_is_refused():
    main, small = converted(textured(1280, 720), "I420"), converted(textured(320, 240), "I420")
    with pytest.raises(FrameError, match="same field of view"):
        Frame(0, 0, 0, main, small)


def test_the_digest_is_that_of_the_bytes_in_order():
    buffer = np.random.default_rng(0).integers(0, 256, 64 * 48 * 3 // 2, dtype=np.uint8)
    expected = hashlib.sha256(buffer.tobytes()).digest()
    assert of_i420(buffer, 64, 48).digest() == expected
    assert of_nv12(buffer, 64, 48).digest() == expected


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: of_i420(np.zeros(10, np.uint8), 64, 48), "expected 4608 contiguous bytes, found 10"),
        (lambda: of_i420(np.zeros(9999, np.uint16), 64, 48), "found 9999 of uint16"),
        (lambda: of_i420(np.zeros((99, 198), np.uint8)[:, ::2], 64, 48), "scattered"),
        (lambda: of_i420(np.zeros(9999, np.uint8), 63, 48), "even width and height"),
        (lambda: of_nv12(np.zeros(9999, np.uint8), 64, 48, 32), "stride of at least the width"),
        (lambda: of_i420(np.zeros(9999, np.uint8), 64, 48, 65), "even stride"),
        (lambda: of_bgr(np.zeros((4, 4), np.uint8)), "expected planes"),
        (lambda: of_bgr(np.zeros((0, 4, 3), np.uint8)), "expected planes"),
        (lambda: Planes("I420", ()), "expected planes"),
    ],
)
def test_what_makes_no_frame_is_refused(make, said):
    with pytest.raises(FrameError, match=said):
        make()
