"""Liveness: does a face before the camera look like a picture held up? Optional; a network of the registry's role."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, isfinite

import cv2
import numpy as np

from edge.core.frame import Planes, region
from edge.embed import Scaling
from edge.face import Box, Face, Pixels, frozen
from edge.network import Backend, NetworkError

LIMIT = 0.5
"""The share of "spoof" from which a face is suspected: the surer of two classes. No error rate stands behind it: a
site that relies on it measures its own, on real prints and screens (ISO/IEC 30107-3)."""


class Liveness:
    """One look at one shot. It makes no template and names nobody. Not for use by several threads at once.

    `scale` and `side`: the square cut out is `scale` times the face box's longer side, and `side` px in the network;
    `classes` are the network's, one of them "spoof". Raises NetworkError.
    """

    def __init__(
        self, backend: Backend, scaling: Scaling, scale: float, side: int, classes: Sequence[str], limit: float = LIMIT
    ) -> None:
        if "spoof" not in classes or len(classes) < 2:
            raise NetworkError(f"liveness: expected classes with one called spoof, found {', '.join(classes)}.")
        if not 0.0 < limit <= 1.0:
            raise ValueError(f"limit: expected more than 0 and at most 1, found {limit}")
        self._backend, self._scaling = backend, scaling
        self._scale, self._side = scale, side
        self._classes = tuple(classes)
        self.limit = limit

    def cut(self, planes: Planes, face: Face) -> Pixels:
        """The square around a face (px of `planes`) as the network wants it, side × side, BGR; what lies outside of
        the frame is mirrored, and only the part that is needed is converted. Raises NetworkError for a face outside."""
        left, top, width = square(face.box, self._scale)
        inside = max(0, left), max(0, top), min(planes.width, left + width), min(planes.height, top + width)
        if width < 2 or inside[0] + 1 >= inside[2] or inside[1] + 1 >= inside[3]:
            raise NetworkError(f"liveness: expected a face in the frame, found one at {face.box}.")
        even = inside[0] // 2 * 2, inside[1] // 2 * 2, -(-inside[2] // 2) * 2, -(-inside[3] // 2) * 2
        if planes.format == "BGR":
            even = inside
        pixels = region(planes, *even)[inside[1] - even[1] :, inside[0] - even[0] :]
        pixels = pixels[: inside[3] - inside[1], : inside[2] - inside[0]]
        whole = cv2.copyMakeBorder(
            pixels,
            inside[1] - top,
            top + width - inside[3],
            inside[0] - left,
            left + width - inside[2],
            cv2.BORDER_REFLECT_101,
        )
        # As the publisher's own preprocessing does it: means when made smaller, Lanczos when enlarged.
        how = cv2.INTER_AREA if width >= self._side else cv2.INTER_LANCZOS4
        cut = np.asarray(cv2.resize(whole, (self._side, self._side), interpolation=how), np.uint8)
        frozen(cut)
        return cut

    def spoof(self, cut: Pixels) -> float:
        """How much a cut looks like a picture held up, 0 to 1 (softmax). Raises NetworkError."""
        given = list(self._backend.run(self._scaling.tensor([cut])).values())
        if len(given) != 1 or given[0].size != len(self._classes):
            raise NetworkError(
                f"liveness: expected one output of {len(self._classes)} logits, found "
                f"{[output.shape for output in given]}. Is it a network for liveness?"
            )
        logits = [float(value) for value in given[0].reshape(-1)]
        if not all(isfinite(value) for value in logits):
            raise NetworkError("liveness: the network gave what is no number. Is it whole?")
        most = max(logits)
        shares = [exp(value - most) for value in logits]
        return shares[self._classes.index("spoof")] / sum(shares)


def square(box: Box, scale: float) -> tuple[int, int, int]:
    """Left, top and side (px) of the square around a box; may reach beyond the picture's edges."""
    longer = max(box.width, box.height)
    x, y = box.centre
    return int(x - longer * scale / 2), int(y - longer * scale / 2), int(longer * scale)
