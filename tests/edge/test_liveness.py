"""Liveness: what is cut out and what the network says; what the core makes of it is in core/test_watched_shots.py.

The last part is a plumbing test: drawn prints and phones go the whole way through the networks. It says that the parts
fit together, and nothing about whether anyone's print or phone would be noticed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest
from support import MODELS, needs_models

from edge.core.frame import bgr
from edge.core.loop import Core, Settings
from edge.core.source import Drawn, converted
from edge.embed import Scaling, unit
from edge.entrance import Entrance
from edge.face import Box, Face
from edge.gallery import Candidate
from edge.liveness import Liveness, square
from edge.network import NetworkError
from edge.vision import installed_liveness, open_detector, open_liveness
from models.registry import Registry

PLAIN = Scaling(True, 255.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
PICTURE = cv2.GaussianBlur(np.random.default_rng(3).integers(0, 256, (240, 320, 3), dtype=np.uint8), (0, 0), 1.5)


@dataclass
class Told:
    """A network that says what it is told, and keeps what it was shown."""

    logits: tuple[float, ...] = (0.0, 0.0)
    shown: list[np.ndarray] = field(default_factory=list)

    def run(self, tensor: np.ndarray) -> dict[str, np.ndarray]:
        self.shown.append(tensor)
        return {"output": np.array([self.logits], np.float32)}


def liveness(backend: object | None = None, **settings) -> Liveness:
    return Liveness(backend or Told(), PLAIN, 1.5, 128, ("real", "spoof"), **settings)


def face(left: float, top: float, width: float, height: float) -> Face:
    return Face(Box(left, top, width, height), np.zeros((5, 2), np.float32), 0.9)


def plainly(pixels: np.ndarray, box: Box) -> np.ndarray:
    """The definition: every px of the square by its mirrored place in the whole picture, then resized."""
    left, top, side = square(box, 1.5)
    height, width = pixels.shape[:2]
    rows = [cv2.borderInterpolate(top + row, height, cv2.BORDER_REFLECT_101) for row in range(side)]
    columns = [cv2.borderInterpolate(left + column, width, cv2.BORDER_REFLECT_101) for column in range(side)]
    how = cv2.INTER_AREA if side >= 128 else cv2.INTER_LANCZOS4
    return cv2.resize(pixels[rows][:, columns], (128, 128), interpolation=how)


BOXES = [
    (100, 80, 60, 80),
    (101, 83, 61, 77),
    (0, 0, 90, 100),
    (-6, 20, 90, 100),
    (240, 160, 78, 79),
    (20, 10, 200, 215),
    (60, 60, 12, 14),
]


@pytest.mark.parametrize("kind", ["BGR", "I420", "NV12"])
@pytest.mark.parametrize("box", BOXES)
def test_the_square_around_a_face_is_what_the_contract_says(kind, box):
    planes = converted(PICTURE, kind)
    cut = liveness().cut(planes, face(*box))
    assert cut.shape == (128, 128, 3)
    assert np.array_equal(cut, plainly(bgr(planes), Box(*box)))
    with pytest.raises(ValueError, match="read-only"):
        cut[0, 0] = 0


@pytest.mark.parametrize("box", [(-200, 0, 60, 60), (400, 10, 60, 60), (10, 10, 0, 0), (10, 300, 50, 50)])
def test_a_face_outside_of_the_frame_is_an_error(box):
    with pytest.raises(NetworkError, match="expected a face in the frame"):
        liveness().cut(converted(PICTURE, "I420"), face(*box))


def test_the_network_sees_red_green_blue_from_0_to_1():
    backend = Told()
    liveness(backend).spoof(np.full((128, 128, 3), (255, 51, 0), np.uint8))
    assert backend.shown[0].shape == (1, 3, 128, 128)
    assert backend.shown[0][0, :, 5, 5] == pytest.approx([0.0, 0.2, 1.0])


@pytest.mark.parametrize(
    ("logits", "share"), [((0.0, 0.0), 0.5), ((2.0, 0.0), 0.1192), ((-1.0, 1.0), 0.8808), ((1000.0, -1000.0), 0.0)]
)
def test_the_share_of_spoof_is_a_softmax(logits, share):
    assert liveness(Told(logits)).spoof(np.zeros((128, 128, 3), np.uint8)) == pytest.approx(share, abs=1e-4)


def test_the_order_of_classes_is_the_contract_s():
    odd = Liveness(Told((5.0, 0.0, 0.0)), PLAIN, 1.5, 128, ("spoof", "real", "mask"))
    assert odd.spoof(np.zeros((128, 128, 3), np.uint8)) > 0.9


@pytest.mark.parametrize("logits", [(1.0,), (1.0, 2.0, 3.0), (float("nan"), 0.0), (float("inf"), 0.0)])
def test_a_network_that_says_something_else_is_an_error(logits):
    with pytest.raises(NetworkError, match="liveness: "):
        liveness(Told(logits)).spoof(np.zeros((128, 128, 3), np.uint8))


def test_settings_that_can_not_be_are_named():
    with pytest.raises(NetworkError, match="one called spoof, found live, fake"):
        Liveness(Told(), PLAIN, 1.5, 128, ("live", "fake"))
    for limit in (0.0, 1.5, float("nan")):
        with pytest.raises(ValueError, match="limit"):
            liveness(limit=limit)


def test_another_network_is_refused(tiny_networks):
    with pytest.raises(NetworkError, match="expected a network for the role liveness, found one for embedder"):
        open_liveness(tiny_networks.embedder)


def test_what_is_installed_is_found(tiny_networks, tmp_path):
    assert installed_liveness(tiny_networks.registry, tmp_path) is None
    assert installed_liveness(Registry.bundled(), tmp_path) is None
    assert installed_liveness(tiny_networks.registry, tiny_networks.folder) == tiny_networks.liveness


@dataclass
class Teller:
    """A recogniser that finds everyone alike enough."""

    def embed(self, crops: list) -> np.ndarray:
        return unit(np.ones((len(crops), 8), np.float32))

    def best(self, probe: np.ndarray) -> Candidate:
        return Candidate("s1", 0.9)


def play(network: Liveness, entrance: Entrance, detector):
    """All decisions at an entrance, and the core."""
    teller = Teller()
    core = Core(detector, lambda _: teller, Settings(threshold=0.6, detect_px=320), liveness=network)
    source, decided, last = Drawn(entrance), [], None
    while (frame := source.read()) is not None:
        decided += core.step(frame)
        last = frame
    return decided + core.finish(last), core


@pytest.fixture(scope="module")
def detector():
    return open_detector(Registry.bundled().locate("bundled-detector"))


# --- plumbing: drawn prints and phones, not evidence ---


def plumbed(network, detector) -> dict[str | None, list[float]]:
    """What a network makes of the shots of faces at the door, by what was held up."""
    entrance = Entrance(tuple(range(50, 56)), 6, "single", 640, 360, 8.0, 7, attacks=0.6)
    decided, core = play(network, entrance, detector)
    looked = [one for one in decided if one.spoof is not None]
    assert core.tally.liveness >= len(looked)
    found: dict[str | None, list[float]] = {None: [], "print": [], "phone": []}
    for one in looked:
        assert (one.reason == "spoof-suspected") == (one.spoof >= network.limit)
        assert 0.0 <= one.spoof <= 1.0
        for seen in entrance.frame(round(one.seen_ns / 1e9 * entrance.rate)).truth:
            if seen.box.overlap(one.box) > 0.3:
                found[seen.attack].append(one.spoof)
    assert all(found.values()), "a kind that nobody looked at"
    return found


def test_plumbing_a_network_of_random_weights_on_drawn_prints_and_phones(tiny_networks, detector):
    found = plumbed(open_liveness(tiny_networks.liveness), detector)
    assert len({round(value, 4) for values in found.values() for value in values}) > 3  # it looks at the pixels


@pytest.mark.shared
@needs_models
@pytest.mark.parametrize("name", ["minifas-98.20", "minifas-98.20-int8"])
def test_plumbing_a_public_network_on_drawn_prints_and_phones(name, detector):
    network = open_liveness(Registry.bundled().locate(name, MODELS))
    values = [value for values in plumbed(network, detector).values() for value in values]
    assert len({round(value, 4) for value in values}) > 3  # whether they are right is not asked of drawn people
