"""What several test files need: drawn scenes, files of pictures, and the development data beside the checkout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.acquire import Acquirer
from edge.face import Picture
from edge.network import OnnxRuntime
from edge.picture import of_pixels
from edge.vision import open_detector
from models.anysize import any_size
from models.registry import Installed, Registry
from policy.archive import Archive
from policy.research import ResearchSet, set_digest

REPOSITORY = Path(__file__).parents[1]
MODELS = REPOSITORY.parent / "shared" / "models"
LFW = REPOSITORY.parent / "shared" / "lfw" / "lfw-deepfunneled.tar"
needs_models = pytest.mark.skipif(not MODELS.is_dir(), reason="needs ../shared/models, absent here")
needs_lfw = pytest.mark.skipif(not LFW.is_file(), reason="needs ../shared/lfw, absent here")

ENROLLED = range(6)
STRANGERS = range(100, 108)
"""The drawn cards of tests/edge/conftest.py, by identity."""


@dataclass(frozen=True)
class TinyNetworks:
    """The tiny networks' files, made once a run."""

    folder: Path
    registry: Registry

    @property
    def detector(self) -> Installed:
        return self.registry.locate("tiny-detector", self.folder)

    @property
    def embedder(self) -> Installed:
        return self.registry.locate("tiny-embedder", self.folder)

    @property
    def liveness(self) -> Installed:
        return self.registry.locate("tiny-liveness", self.folder)

    def acquirer(self, **settings) -> Acquirer:
        return Acquirer(open_detector(self.detector), **settings)

    def detector_backend(self) -> OnnxRuntime:
        return OnnxRuntime(any_size(self.detector.read()), "tiny-detector")

    def embedder_backend(self) -> OnnxRuntime:
        return OnnxRuntime(self.embedder.read(), "tiny-embedder")


def scene(*cards, width=320, height=256) -> np.ndarray:
    """A grey wall with cards: (card, left, top)."""
    pixels = np.full((height, width, 3), 110, np.uint8)
    for card, left, top in cards:
        pixels[top : top + len(card), left : left + len(card)] = card
    return pixels


def picture(*cards, width=320, height=256) -> Picture:
    """The scene as a decoded picture."""
    return of_pixels(scene(*cards, width=width, height=height), "scene")


def encoded(pixels: np.ndarray, kind: str = ".png", *flags: int) -> bytes:
    """The bytes of a picture file."""
    fine, data = cv2.imencode(kind, pixels, list(flags))
    assert fine
    return data.tobytes()


def textured(width=160, height=120) -> np.ndarray:
    """A smooth colourful picture that compresses as photographs do."""
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 2)


def list_set(folder: Path, name: str = "drawn") -> ResearchSet:
    """The entry that would list the files of `folder` as a research set."""
    with Archive(folder) as archive:
        digests = archive.digests()
    return ResearchSet(
        id=name,
        name="Drawn pictures",
        files=len(digests),
        people=0,
        digest=set_digest(digests),
        licence="Apache-2.0",
        publisher="this test",
        consent="Nobody is pictured.",
        basis="Nobody is pictured.",
        layout="any",
    )
