"""Finding faces: the same as OpenCV's own decoder finds, in pictures of any size, and none where there is none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import LFW, MODELS, needs_lfw, needs_models, picture, scene, textured

from edge.detect import DetectError, Detector, suppress
from edge.detect import decode as decode_heads
from edge.network import NetworkError, OnnxRuntime
from edge.picture import decode, of_pixels
from edge.vision import open_detector
from models import tiny
from models.anysize import any_size
from models.registry import Registry
from policy.archive import Archive


def ours(detector: Detector, pixels: np.ndarray) -> np.ndarray:
    """Faces as FaceDetectorYN's rows: box, five points, score; sorted by place."""
    faces = detector.detect(of_pixels(pixels, "x"))
    rows = [[f.box.left, f.box.top, f.box.width, f.box.height, *f.points.reshape(10).tolist(), f.score] for f in faces]
    return by_place(np.array(rows, np.float32).reshape(-1, 15))


def opencv_s(model, pixels: np.ndarray, score: float = 0.6, overlap: float = 0.3) -> np.ndarray:
    height, width = pixels.shape[:2]
    _, faces = cv2.FaceDetectorYN.create(str(model), "", (width, height), score, overlap).detect(pixels)
    return by_place(np.zeros((0, 15), np.float32) if faces is None else faces)


def by_place(rows: np.ndarray) -> np.ndarray:
    return rows[np.lexsort((rows[:, 1], rows[:, 0]))]


def same(found: np.ndarray, expected: np.ndarray) -> None:
    assert len(found) == len(expected)
    np.testing.assert_allclose(found[:, :14], expected[:, :14], atol=0.01)  # px
    np.testing.assert_allclose(found[:, 14], expected[:, 14], atol=1e-4)


# --- against OpenCV. Its suppression truncates boxes to whole pixels first, so that a pair whose overlap is near the
# limit can be judged otherwise. Cards don't overlap, and no pair in the photographs chosen is near; in noise and in
# small pictures, where some are, nothing is suppressed on either side. ---

CARDS = [(tiny.card(1), 61, 47), (tiny.card(2, 64), 200, 130), (tiny.card(3, 128), 40, 170)]


@pytest.mark.parametrize(("width", "height"), [(320, 320), (333, 307), (641, 479), (288, 301), (1000, 300)])
def test_cards_are_found_as_opencv_finds_them(tiny_networks, width, height):
    pixels = scene(*CARDS, width=width, height=height)
    found = ours(open_detector(tiny_networks.detector, longest_px=1024), pixels)
    assert len(found) == 3
    same(found, opencv_s(tiny_networks.detector.path, pixels))


@pytest.fixture(scope="module")
def yunet():
    return Registry.bundled().locate("yunet-2023mar", MODELS)


@pytest.mark.shared
@needs_models
@pytest.mark.parametrize(("width", "height"), [(320, 320), (333, 307), (97, 641), (64, 64)])
def test_yunet_finds_in_drawn_noise_what_opencv_finds(yunet, width, height):
    pixels = textured(width, height)
    backend = OnnxRuntime(any_size(yunet.read()), yunet.network.id)
    found = ours(Detector(backend, score=0.03, overlap=1.0, longest_px=1024), pixels)
    assert len(found) >= 1  # at a score this low noise has some
    same(found, opencv_s(yunet.path, pixels, 0.03, 1.0))


@pytest.mark.shared
@needs_models
@needs_lfw
@pytest.mark.parametrize(
    ("width", "height", "overlap"), [(250, 250, 0.3), (320, 240, 0.3), (201, 333, 0.3), (64, 80, 1.0)]
)
def test_yunet_finds_in_photographs_what_opencv_finds(yunet, width, height, overlap):
    detector = Detector(OnnxRuntime(any_size(yunet.read()), yunet.network.id), score=0.6, overlap=overlap)
    total = 0
    with Archive(LFW) as archive:
        for name in archive.names[::331]:
            pixels = cv2.resize(decode(archive.read(name), name).pixels, (width, height), interpolation=cv2.INTER_AREA)
            found = ours(detector, pixels)
            same(found, opencv_s(yunet.path, pixels, 0.6, overlap))
            total += len(found)
    assert total >= 40


# --- sizes ---


def only(detector: Detector, pixels: np.ndarray) -> np.ndarray:
    (row,) = ours(detector, pixels)
    return row


def test_a_picture_longer_than_the_limit_gives_the_box_in_its_own_pixels(tiny_networks):
    pixels = cv2.resize(scene((tiny.card(1), 101, 83)), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    row = only(open_detector(tiny_networks.detector, longest_px=320), pixels)
    np.testing.assert_allclose(row[:4], [202, 166, 192, 192], atol=1)
    expected = only(open_detector(tiny_networks.detector), scene((tiny.card(1), 101, 83)))
    np.testing.assert_allclose(row[4:14], expected[4:14] * 2, atol=1)


def test_a_picture_shorter_than_the_least_is_enlarged_and_scaled_back(tiny_networks):
    small = cv2.resize(scene((tiny.card(1, 128), 100, 60)), (160, 128), interpolation=cv2.INTER_AREA)
    small = cv2.resize(small, (80, 64), interpolation=cv2.INTER_AREA)  # a card of 32 px: too small to be found as it is
    assert len(ours(open_detector(tiny_networks.detector), small)) == 0
    row = only(open_detector(tiny_networks.detector, least_px=240), small)
    np.testing.assert_allclose(row[:4], [25, 15, 32, 32], atol=1)


def test_sides_are_scaled_back_each_by_its_own_rounding(tiny_networks):
    # Searched at 640 × 95.6, so 96: a fifth of the width, and a little more than a fifth of the height.
    pixels = cv2.resize(scene((tiny.card(1), 40, 0), width=640, height=96), (3200, 478), interpolation=cv2.INTER_CUBIC)
    row = only(open_detector(tiny_networks.detector, longest_px=640), pixels)
    np.testing.assert_allclose(row[:4], [200, 0, 480, 478], atol=0.7)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (5, 700), (3000, 100), (31, 33), (1, 2000), (2000, 1)])
@pytest.mark.parametrize("least", [0, 640])
def test_pictures_of_any_shape_have_no_face_where_there_is_none(tiny_networks, width, height, least):
    detector = open_detector(tiny_networks.detector, longest_px=640, least_px=least)
    assert detector.detect(picture(width=width, height=height)) == ()


def test_a_picture_of_the_limit_s_length_is_not_resized(tiny_networks):
    class Noting:
        def __init__(self):
            self.inner, self.shapes = tiny_networks.detector_backend(), []

        def run(self, tensor):
            self.shapes.append(tensor.shape)
            return self.inner.run(tensor)

    backend = Noting()
    for longest, least in ((320, 0), (319, 0), (640, 0), (640, 320), (640, 640)):
        Detector(backend, longest_px=longest, least_px=least).detect(picture(width=320, height=200))
    assert backend.shapes == [
        (1, 3, 224, 320),
        (1, 3, 224, 320),  # 319 × 199, padded
        (1, 3, 224, 320),
        (1, 3, 224, 320),
        (1, 3, 416, 640),
    ]


# --- what comes out ---


def doubtful(extra: int) -> np.ndarray:
    """A marker at the largest the tiny detector knows; the more px extra, the less sure it is."""
    pixels = scene()
    pixels[77:148, 108:180] = pixels[148, 108 : 108 + extra] = tiny.MARKER
    return pixels


def test_the_surest_face_comes_first(tiny_networks):
    both = np.concatenate([doubtful(8), scene((tiny.card(1), 61, 47)), doubtful(0)], axis=1)
    scores = [
        face.score for face in open_detector(tiny_networks.detector, longest_px=1024).detect(of_pixels(both, "x"))
    ]
    assert len(scores) == 3
    assert scores[0] > scores[1] + 0.05 > scores[2] + 0.1


def test_a_centre_between_four_cells_is_one_face(tiny_networks):
    (face,) = open_detector(tiny_networks.detector).detect(picture((tiny.card(1), 80, 48)))
    assert (face.box.left, face.box.top) == (pytest.approx(80, abs=0.1), pytest.approx(48, abs=0.1))


def test_a_score_below_the_least_is_no_face(tiny_networks):
    unsure = of_pixels(doubtful(8), "x")
    (face,) = open_detector(tiny_networks.detector, score=0.1).detect(unsure)
    assert 0.2 < face.score < 0.98
    assert len(open_detector(tiny_networks.detector, score=face.score - 0.001).detect(unsure)) == 1
    assert open_detector(tiny_networks.detector, score=face.score + 0.001).detect(unsure) == ()


def test_points_are_read_only(tiny_networks):
    (face,) = open_detector(tiny_networks.detector).detect(picture((tiny.card(1), 80, 48)))
    with pytest.raises(ValueError, match="read-only"):
        face.points[0, 0] = 0


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"score": 0.0}, "score: expected more than 0 and at most 1, found 0.0."),
        ({"score": 1.01}, "score: expected more than 0 and at most 1, found 1.01."),
        ({"score": float("nan")}, "score: expected more than 0 and at most 1, found nan."),
        ({"overlap": -0.3}, "overlap: expected more than 0 and at most 1, found -0.3."),
        ({"longest_px": 31}, "longest_px: expected at least 32, found 31."),
        ({"least_px": -1}, "least_px: expected 0 to longest_px (640), found -1."),
        ({"least_px": 641}, "least_px: expected 0 to longest_px (640), found 641."),
        ({"longest_px": 100, "least_px": 101}, "least_px: expected 0 to longest_px (100), found 101."),
    ],
)
def test_settings_that_can_not_be_are_named(tiny_networks, setting, message):
    with pytest.raises(DetectError) as caught:
        Detector(tiny_networks.detector_backend(), **setting)
    assert str(caught.value) == message


@pytest.mark.parametrize("setting", [{"score": 1.0, "overlap": 1.0}, {"longest_px": 32, "least_px": 32}])
def test_settings_at_their_ends_are_fine(tiny_networks, setting):
    Detector(tiny_networks.detector_backend(), **setting).detect(picture())


def test_an_embedder_is_no_detector(tiny_networks):
    with pytest.raises(NetworkError, match="tiny-embedder: expected a network for the role detector, found one for"):
        open_detector(tiny_networks.embedder)


# --- decoding ---


def heads(width: int, height: int, **cells) -> dict[str, np.ndarray]:
    """The outputs of a network that found nothing, but for `HEAD_STRIDE={cell: values}`."""
    sizes = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
    outputs = {
        f"{head}_{stride}": np.zeros((1, (width // stride) * (height // stride), size), np.float32)
        for head, size in sizes.items()
        for stride in (8, 16, 32)
    }
    for name, values in cells.items():
        for cell, value in values.items():
            outputs[name][0, cell] = value
    return outputs


def test_a_cell_is_decoded_as_the_contract_says():
    cell = {"cls_16": {7: 0.64}, "obj_16": {7: 1.0}, "bbox_16": {7: (0.5, 0.25, 0.0, np.log(2))}}
    outputs = heads(96, 64, **cell, kps_16={7: (0, 0, 1, 0, 0.5, 0.5, 0, 1, -1, 2)})
    scores, boxes, points = decode_heads(outputs, 96, 64, 0.6)  # cell 7 of 6 a row: column 1, row 1
    np.testing.assert_allclose(scores, [0.8])
    np.testing.assert_allclose(boxes, [[16 * 1.5 - 8, 16 * 1.25 - 16, 16, 32]], rtol=1e-6)
    np.testing.assert_allclose(points, [[(16, 16), (32, 16), (24, 24), (16, 32), (0, 48)]])


def test_scores_are_clipped_before_they_are_multiplied():
    outputs = heads(64, 64, cls_32={0: 4.0, 1: -2.0}, obj_32={0: 0.25, 1: -2.0})
    np.testing.assert_allclose(decode_heads(outputs, 64, 64, 0.1)[0], [0.5])


def test_nothing_found_decodes_to_nothing():
    scores, boxes, points = decode_heads(heads(64, 32), 64, 32, 0.01)
    assert (scores.shape, boxes.shape, points.shape) == ((0,), (0, 4), (0, 5, 2))


# --- suppression ---


def naive(scores: list[float], boxes: list[tuple[float, ...]], overlap: float) -> list[int]:
    kept: list[int] = []
    for index in sorted(range(len(scores)), key=lambda index: -scores[index]):
        left, top, width, height = boxes[index]
        for other in kept:
            left2, top2, width2, height2 = boxes[other]
            across = max(0.0, min(left + width, left2 + width2) - max(left, left2))
            down = max(0.0, min(top + height, top2 + height2) - max(top, top2))
            common = across * down
            if common / (width * height + width2 * height2 - common) > overlap:
                break
        else:
            kept.append(index)
    return kept


# Whole numbers, which float32 holds exactly, so that no rounding decides between the two.
SIDE = st.integers(1, 20)
PLACE = st.integers(-10, 40)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), PLACE, PLACE, SIDE, SIDE), max_size=25), st.sampled_from([0.25, 0.5, 0.75, 1])
)
def test_suppression_is_the_naive_one(rows, overlap):
    scores, boxes = [row[0] / 8 for row in rows], [row[1:] for row in rows]
    found = suppress(np.array(scores, np.float32), np.array(boxes, np.float32).reshape(-1, 4), overlap)
    assert found == naive(scores, boxes, overlap)


def test_of_nothing_nothing_is_kept():
    assert suppress(np.zeros(0, np.float32), np.zeros((0, 4), np.float32), 0.3) == []


def test_an_overlap_of_exactly_the_limit_is_kept():
    boxes = np.array([(0, 0, 2, 1), (1, 0, 2, 1)], np.float32)  # 1 in common of 3
    scores = np.array([0.9, 0.8], np.float32)
    assert suppress(scores, boxes, 0.34) == [0, 1]
    assert suppress(scores, boxes, 0.33) == [0]
    assert suppress(scores, np.array([(0, 0, 3, 1), (1, 0, 3, 1)], np.float32), 0.5) == [0, 1]
