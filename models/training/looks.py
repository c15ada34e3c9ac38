"""How a public detector and embedder see drawn heads: for choosing people who look apart, at build time only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from models.network import TEMPLATE_112
from models.people.basis import Basis
from models.people.canvas import WIDTH
from models.people.head import Head, draw
from models.people.identity import identity_of
from models.people.view import Light, lit
from models.training.portraits import similarity

Floats = NDArray[np.float32]
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
_OFF_PX = 4.0
"""A head whose found points lie farther from the true ones, on average, isn't drawn clearly enough."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Templates (n × 128, unit length) of drawn heads, and whether each may be chosen: found by the detector
    where it is."""

    templates: Floats
    fit: NDArray[np.bool_]


class Looks:
    """The two networks. The embedder takes RGB 112 × 112, of values from 0 to 1 less `mean` by `deviation`; by default
    as mobilefacenet-foamliu does."""

    def __init__(
        self, detector: Path, embedder: Path, mean: Floats | None = None, deviation: Floats | None = None
    ) -> None:
        self._mean = _MEAN if mean is None else mean
        self._deviation = _DEVIATION if deviation is None else deviation
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(embedder), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self._finder = cv2.FaceDetectorYN.create(str(detector), "", (WIDTH, WIDTH), 0.6, 0.3)

    def template(self, pixels: NDArray[np.uint8], points: Floats) -> Floats:
        """The template (128,) of the face with those five points, px of `pixels` (BGR)."""
        crop = cv2.warpAffine(
            pixels, similarity(points, np.array(TEMPLATE_112, np.float32)), (112, 112), flags=cv2.INTER_CUBIC
        )
        scaled = (crop[..., ::-1].astype(np.float32) / 255 - self._mean) / self._deviation
        (raw,) = self._session.run(None, {self._input: scaled.transpose(2, 0, 1)[None].astype(np.float32)})
        return np.asarray(raw[0] / np.linalg.norm(raw[0]), np.float32)

    def finds(self, pixels: NDArray[np.uint8], points: Floats) -> bool:
        """Whether the detector's surest face has its points there."""
        self._finder.setInputSize((pixels.shape[1], pixels.shape[0]))
        _, rows = self._finder.detect(pixels)
        return rows is not None and float(np.abs(rows[0][4:14].reshape(5, 2) - points).mean()) < _OFF_PX

    def at(self, seeds: range, basis: Basis) -> Seen:
        """The heads of `seeds`, straight on, before grey."""
        templates, fit = [], []
        for seed in seeds:
            head = draw(identity_of(seed, basis), basis)
            pixels = shown(head)
            templates.append(self.template(pixels, head.points))
            fit.append(self.finds(pixels, head.points))
        return Seen(np.stack(templates), np.array(fit))


def shown(head: Head) -> NDArray[np.uint8]:
    """A head straight on, in even light, before grey: BGR uint8."""
    cover = head.cover[..., None]
    return np.clip(lit(head.colour, Light(strength=0.2), 0.0) * cover + (1 - cover) * 150, 0, 255).astype(np.uint8)
