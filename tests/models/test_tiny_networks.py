"""The tiny networks: the real ones' contracts, and they really find and tell apart what they were made for."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest

from models import tiny
from models.network import TEMPLATE_112
from models.registry import Registry


@dataclass(frozen=True)
class Tiny:
    """Both networks, loaded from their checked bytes."""

    folder: Path
    registry: Registry
    detector: onnxruntime.InferenceSession
    embedder: onnxruntime.InferenceSession

    def detect(self, picture, least=0.5):
        """Rows of (left, top, width, height, ten point coordinates, score, stride), decoded as YuNet's are."""
        height, width = picture.shape[:2]
        names = [output.name for output in self.detector.get_outputs()]
        tensor = picture.transpose(2, 0, 1)[None].astype(np.float32)
        heads = dict(zip(names, self.detector.run(names, {"input": tensor}), strict=True))
        found = []
        for stride in (8, 16, 32):
            rows, columns = np.divmod(np.arange(width // stride * (height // stride)), width // stride)
            corner = np.stack([columns, rows], 1)
            score = np.sqrt(np.clip(heads[f"cls_{stride}"], 0, 1) * np.clip(heads[f"obj_{stride}"], 0, 1))[0, :, 0]
            bbox = heads[f"bbox_{stride}"][0]
            centre, size = (corner + bbox[:, :2]) * stride, np.exp(bbox[:, 2:]) * stride
            points = (np.tile(corner, 5) + heads[f"kps_{stride}"][0]) * stride
            strides = np.full((len(score), 1), stride)
            every = np.hstack([centre - size / 2, size, points, score[:, None], strides])
            found.append(every[score >= least])
        return np.vstack(found)

    def embed(self, picture):
        """The unit vector of the first card found in the picture."""
        points = self.detect(picture)[0, 4:14].reshape(5, 2)
        matrix, _ = cv2.estimateAffinePartial2D(points, np.array(TEMPLATE_112), method=cv2.LMEDS)
        crop = cv2.warpAffine(picture, matrix, (112, 112))
        tensor = (crop[..., ::-1] / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
        vector = self.embedder.run(None, {"input0": tensor.transpose(2, 0, 1)[None].astype(np.float32)})[0][0]
        return vector / np.linalg.norm(vector)


def load(folder: Path, seed: int = 0) -> Tiny:
    registry = tiny.make(folder, seed)
    sessions = [
        onnxruntime.InferenceSession(registry.locate(name, folder).read(), providers=["CPUExecutionProvider"])
        for name in ("tiny-detector", "tiny-embedder")
    ]
    return Tiny(folder, registry, *sessions)


@pytest.fixture(scope="module")
def networks(tmp_path_factory) -> Tiny:
    return load(tmp_path_factory.mktemp("tiny"))


def scene(*cards, width=320, height=256):
    """A grey wall with cards: (card, left, top)."""
    picture = np.full((height, width, 3), 110, np.uint8)
    for card, left, top in cards:
        picture[top : top + len(card), left : left + len(card)] = card
    return picture


# --- the files ---


def test_they_are_small_and_their_manifest_is_their_registry(networks):
    assert networks.registry.ids == ("tiny-detector", "tiny-embedder", "tiny-liveness")
    assert max(network.size for network in networks.registry) < 100_000
    assert Registry.from_file(networks.folder / "manifest.toml") == networks.registry


def test_a_seed_makes_the_same_bytes_again_and_another_one_others(networks, tmp_path):
    same, other = tiny.make(tmp_path / "same"), tiny.make(tmp_path / "other", seed=1)
    assert same["tiny-embedder"] == networks.registry["tiny-embedder"]
    for name in ("tiny-embedder", "tiny-liveness"):
        assert other[name].sha256 != networks.registry[name].sha256


def test_nobody_was_trained_on(networks):
    assert {network.overlap("lfw-deepfunneled", ["Anyone"]).state for network in networks.registry} == {"none"}


def test_the_detector_has_yunet_s_contract(networks):
    real, made = Registry.bundled()["yunet-2023mar"], networks.registry["tiny-detector"]
    assert (made.input.model_copy(update={"note": real.input.note}), made.output) == (real.input, real.output)
    assert tuple(output.name for output in networks.detector.get_outputs()) == real.output.names


def test_the_embedder_has_mobilefacenet_s_contract(networks):
    real, made = Registry.bundled()["mobilefacenet-foamliu"], networks.registry["tiny-embedder"]
    assert (made.input, made.output) == (real.input, real.output)
    assert [entry.shape for entry in networks.embedder.get_outputs()] == [[1, 128]]


def test_the_liveness_network_has_minifas_contract(networks):
    real, made = Registry.bundled()["minifas-98.20"], networks.registry["tiny-liveness"]
    assert (made.input, made.output) == (real.input, real.output)


@pytest.mark.parametrize(("width", "height"), [(32, 32), (320, 256), (96, 160)])
def test_the_heads_have_yunet_s_shapes_at_any_size(networks, width, height):
    heads = networks.detector.run(None, {"input": np.zeros((1, 3, height, width), np.float32)})
    cells = [(width // stride) * (height // stride) for stride in (8, 16, 32)]
    assert [head.shape for head in heads] == [(1, count, size) for size in (1, 1, 4, 10) for count in cells]
    assert {head.dtype for head in heads} == {np.dtype(np.float32)}


def test_without_onnx_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match="development extra"):
        tiny.make(tmp_path)


# --- finding ---


@pytest.mark.parametrize("size", [64, 80, 96, 128])
@pytest.mark.parametrize(("left", "top"), [(0, 0), (17, 5), (64, 64), (101, 77), (192, 128)])
def test_a_card_is_found_where_it_is(networks, size, left, top):
    found = networks.detect(scene((tiny.card(1, size), left, top)))
    np.testing.assert_allclose(found[:, :4], [[left, top, size, size]] * len(found), atol=0.1)
    points = np.array([left, top]) + np.array(TEMPLATE_112) * size / 112
    np.testing.assert_allclose(found[:, 4:14], [points.reshape(-1)] * len(found), atol=0.1)


def test_a_card_off_the_cells_borders_fires_one_cell_of_stride_32(networks):
    found = networks.detect(scene((tiny.card(1), 60, 50)), least=0.01)
    assert found[:, 14:].tolist() == [[pytest.approx(1, abs=1e-4), 32]]


def test_a_centre_on_a_corner_of_four_cells_gives_the_same_box_four_times(networks):
    found = networks.detect(scene((tiny.card(1), 128 - 48, 96 - 48)))
    assert len(found) == 4
    np.testing.assert_allclose(found[:, :4], [[80, 48, 96, 96]] * 4, atol=0.1)


def test_no_offset_is_missed(networks):
    for left in range(64, 96):
        assert 1 <= len(networks.detect(scene((tiny.card(left), left, 64 + (left * 7) % 32)))) <= 4


@pytest.mark.parametrize(("size", "gap"), [(64, 16), (88, 0), (96, 0), (128, 0)])
def test_two_cards_side_by_side_are_two(networks, size, gap):
    for left in range(32):
        right = left + size + gap
        found = networks.detect(scene((tiny.card(1, size), left, 60), (tiny.card(2, size), right, 60)))
        assert set(np.round(found[:, 0]).tolist()) == {left, right}


@pytest.mark.parametrize("variant", range(1, 6))
def test_a_variant_is_found_within_its_shift(networks, variant):
    found = networks.detect(scene((tiny.card(4, variant=variant), 60, 50)))
    np.testing.assert_allclose(found[:, :4], [[60, 50, 96, 96]] * len(found), atol=2.6)


def test_a_card_is_found_through_blur_and_compression(networks):
    picture = cv2.GaussianBlur(scene((tiny.card(4), 60, 50)), (0, 0), 1.5)
    picture = cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])[1], cv2.IMREAD_COLOR)
    np.testing.assert_allclose(networks.detect(picture)[0, :4], [60, 50, 96, 96], atol=4)


@pytest.mark.parametrize("size", [40, 160])
def test_cards_outside_the_limits_are_not_found(networks, size):
    assert len(networks.detect(scene((tiny.card(1, size), 60, 50)))) == 0


def test_nothing_is_found_in_noise_or_plain_colours(networks):
    chance = np.random.default_rng(0)
    pictures = [chance.integers(0, 256, (256, 320, 3), np.uint8)]
    pictures += [np.full((256, 320, 3), colour, np.uint8) for colour in [(0, 0, 0), (255, 255, 255), (255, 0, 0)]]
    assert [len(networks.detect(picture)) for picture in pictures] == [0, 0, 0, 0]


def test_opencv_s_own_decoder_finds_the_same(networks):
    detector = cv2.FaceDetectorYN.create(str(networks.folder / "tiny_detector.onnx"), "", (320, 256), 0.6)
    picture = scene((tiny.card(1), 61, 47), (tiny.card(2), 200, 130))
    _, faces = detector.detect(picture)
    ours = networks.detect(picture)[:, :15]
    np.testing.assert_allclose(faces[np.argsort(faces[:, 0])], ours[np.argsort(ours[:, 0])], atol=0.01)


def test_opencv_takes_other_sizes_too(networks):
    detector = cv2.FaceDetectorYN.create(str(networks.folder / "tiny_detector.onnx"), "", (320, 256), 0.6)
    detector.setInputSize((640, 470))
    _, faces = detector.detect(scene((tiny.card(1), 401, 300), width=640, height=470))
    np.testing.assert_allclose(faces[:, :4], [[401, 300, 96, 96]], atol=0.1)


# --- telling apart ---


def test_a_card_is_drawn_the_same_every_time():
    assert (tiny.card(3, variant=2) == tiny.card(3, variant=2)).all()
    assert tiny.card(3).shape == (96, 96, 3)
    assert tiny.card(3).dtype == np.uint8


def test_variants_differ_a_little():
    difference = np.abs(tiny.card(3, variant=1).astype(int) - tiny.card(3, variant=2)).mean()
    assert 1 < difference < 40


@pytest.mark.parametrize(("size", "variant"), [(95, 0), (0, 0), (96, -1)])
def test_a_card_that_can_not_be_drawn_is_refused(size, variant):
    with pytest.raises(ValueError, match=f"found {size} and {variant}"):
        tiny.card(1, size, variant=variant)


@pytest.mark.parametrize("seed", [0, 1])
def test_captures_of_one_identity_are_closest_to_each_other(tmp_path, seed):
    networks = load(tmp_path, seed)
    chance = np.random.default_rng(1)
    identities = np.repeat(np.arange(30), 3)
    vectors = []
    for capture, identity in enumerate(identities):
        size = int(chance.choice([64, 96, 128]))
        left, top = (int(number) for number in chance.integers(0, [320 - size, 256 - size]))
        vectors.append(networks.embed(scene((tiny.card(int(identity), size, variant=capture % 3), left, top))))
    likeness = np.array(vectors) @ np.array(vectors).T
    mated = identities[:, None] == identities
    assert likeness[mated].min() > 0.85
    assert likeness[~mated].max() < 0.75
