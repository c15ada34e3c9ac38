"""Finding faces: a network of YuNet's contract, decoded here, in pictures of any size."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import EdgeError
from edge.face import Box, Face, Picture, frozen
from edge.network import Backend, Tensor

STRIDES = (8, 16, 32)
_GRID = 32
"""The network halves its input five times: sizes are padded to multiples of 32 px."""


class DetectError(EdgeError, ValueError):
    """Error raised when a detector's settings can't be: names the setting, what was expected and found."""


class Detector:
    """Faces in pictures. Not for use by several threads at once.

    `score` is the least detector score of a face, 0 to 1; of two faces that overlap by more than `overlap`
    (intersection over union) only the surer is kept. OpenCV's FaceDetectorYN has the defaults 0.9 and 0.3; the score
    here is lower, for the reasons in docs/decisions/0004-vision-choices.md. A picture longer than `longest_px` is
    made smaller for the search (and the results scaled back), which bounds the time; one whose longer side is less
    than `least_px` is enlarged to it, which steadies the five points of small pictures (0: never).
    """

    def __init__(
        self, backend: Backend, score: float = 0.6, overlap: float = 0.3, longest_px: int = 640, least_px: int = 0
    ) -> None:
        for name, value in (("score", score), ("overlap", overlap)):
            if not 0.0 < value <= 1.0:
                raise DetectError(f"{name}: expected more than 0 and at most 1, found {value}.")
        if longest_px < _GRID:
            raise DetectError(f"longest_px: expected at least {_GRID}, found {longest_px}.")
        if not 0 <= least_px <= longest_px:
            raise DetectError(f"least_px: expected 0 to longest_px ({longest_px}), found {least_px}.")
        self._backend, self._score, self._overlap = backend, score, overlap
        self._longest_px, self._least_px = longest_px, least_px

    def detect(self, picture: Picture) -> tuple[Face, ...]:
        """All faces, the surest first; none is an empty tuple. Boxes may reach beyond the picture's edges.

        Raises NetworkError when the network fails.
        """
        pixels = picture.pixels
        longer = max(picture.width, picture.height)
        scale = min(max(longer, self._least_px), self._longest_px) / longer
        if scale != 1.0:
            how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC
            size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
            pixels = cv2.resize(pixels, size, interpolation=how).astype(np.uint8, copy=False)
        height, width = pixels.shape[:2]
        padded = np.zeros((-(-height // _GRID) * _GRID, -(-width // _GRID) * _GRID, 3), np.float32)
        padded[:height, :width] = pixels
        outputs = self._backend.run(np.ascontiguousarray(padded.transpose(2, 0, 1)[None]))
        scores, boxes, points = decode(outputs, padded.shape[1], padded.shape[0], self._score)
        back = np.array([picture.width / width, picture.height / height], np.float32)
        faces = []
        for index in suppress(scores, boxes, self._overlap):
            left, top, across, down = (boxes[index].reshape(2, 2) * back).reshape(4)
            where = points[index] * back
            frozen(where)
            faces.append(Face(Box(float(left), float(top), float(across), float(down)), where, float(scores[index])))
        return tuple(faces)


def decode(
    outputs: Mapping[str, Tensor], width: int, height: int, least: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Scores (n,), boxes (n, 4: left, top, width, height) and points (n, 5, 2), px of the padded input, of all cells
    whose score reaches `least`.

    Each cell of stride s at (column, row) gives its score √(cls·obj), its box's centre ((column, row) + b₀₁)·s and size
    exp(b₂₃)·s, and its points ((column, row) + k)·s (YuNet, Wu et al. 2023, as in OpenCV's FaceDetectorYN).
    """
    found = []
    for stride in STRIDES:
        columns, rows = width // stride, height // stride
        cls, obj = (np.clip(outputs[f"{part}_{stride}"].reshape(-1), 0.0, 1.0) for part in ("cls", "obj"))
        score = np.sqrt(cls * obj)
        (cell,) = np.nonzero(score >= least)
        corner = np.stack([cell % columns, cell // columns], axis=1).astype(np.float32)
        box = outputs[f"bbox_{stride}"].reshape(rows * columns, 4)[cell]
        centre, size = (corner + box[:, :2]) * stride, np.exp(box[:, 2:]) * stride
        point = (corner[:, None] + outputs[f"kps_{stride}"].reshape(rows * columns, 5, 2)[cell]) * stride
        found.append((score[cell], np.concatenate([centre - size / 2, size], axis=1), point))
    scores, boxes, points = (np.concatenate(part) for part in zip(*found, strict=True))
    return scores, boxes, points


def suppress(scores: NDArray[np.float32], boxes: NDArray[np.float32], overlap: float) -> list[int]:
    """Indices of the faces to keep, the surest first: greedy non-maximum suppression by intersection over union."""
    order = [int(index) for index in np.argsort(-scores, kind="stable")]
    left, top = boxes[:, 0], boxes[:, 1]
    right, bottom, area = left + boxes[:, 2], top + boxes[:, 3], boxes[:, 2] * boxes[:, 3]
    kept: list[int] = []
    for index in order:
        if kept:
            across = np.minimum(right[kept], right[index]) - np.maximum(left[kept], left[index])
            down = np.minimum(bottom[kept], bottom[index]) - np.maximum(top[kept], top[index])
            common = np.maximum(across, 0.0) * np.maximum(down, 0.0)
            if bool(np.any(common > overlap * (area[kept] + area[index] - common))):
                continue
        kept.append(index)
    return kept
