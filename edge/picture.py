"""From a file's bytes to a picture: any size, grey or colour, 8 or 16 bits, with or without transparency."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np

from edge.errors import EdgeError
from edge.face import Picture, Pixels, frozen

_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_PNG_START, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND"


class PictureError(EdgeError, ValueError):
    """Error raised when bytes are no whole picture: names the file, what was expected and what was found."""


def decode(data: bytes, name: str) -> Picture:
    """The picture in `data` (JPEG, PNG, WebP, TIFF, BMP …) as 8-bit BGR, turned upright as its EXIF says.

    Grey becomes three equal channels, 16 bits per channel the upper 8, transparency is dropped. Raises PictureError
    when `data` is empty, no picture, or cut off: half a picture is not guessed at.
    """
    if not data:
        raise PictureError(f"{name}: expected a picture, found an empty file. Copy it again.")
    for kind, start, end in (("JPEG", _JPEG_START, _JPEG_END), ("PNG", _PNG_START, _PNG_END)):
        # Decoders fill what is missing with grey and only warn; a grey half can still hold a face that isn't there.
        if data.startswith(start) and end not in data[-4096:]:
            raise PictureError(
                f"{name}: expected a whole {kind}, found one cut off after {len(data)} bytes. Copy it again."
            )
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise PictureError(f"{name}: expected a picture, found one that can't be decoded ({error.err}).") from error
    if pixels is None:
        raise PictureError(
            f"{name}: expected a picture, found {len(data)} bytes that begin with {data[:8]!r}. Is it one, and whole?"
        )
    return of_pixels(pixels, name, hashlib.sha256(data).digest())


def of_pixels(pixels: np.ndarray, name: str, digest: bytes | None = None) -> Picture:
    """A picture of an array: uint8 or uint16; height × width (grey), × 1, × 3 (BGR) or × 4 (BGRA, A is dropped).

    Without `digest`, that of the pixels' own bytes is used. Raises PictureError for any other type or shape.
    """
    if pixels.size == 0 or pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (1, 3, 4)):
        raise PictureError(f"{name}: expected height × width (× 1, 3 or 4) pixels, found the shape {pixels.shape}.")
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.dtype != np.uint8:
        raise PictureError(f"{name}: expected 8 or 16 bits a channel (uint8, uint16), found {pixels.dtype}.")
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    elif pixels.shape[2] == 4:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR)
    bgr: Pixels = np.ascontiguousarray(pixels)
    if bgr is pixels or bgr.base is pixels:
        bgr = bgr.view()
    frozen(bgr)
    return Picture(bgr, name, hashlib.sha256(bgr.tobytes()).digest() if digest is None else digest)
