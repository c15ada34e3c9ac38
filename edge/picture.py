"""From a file's bytes to a picture: any size, grey or colour, 8 or 16 bits, with or without transparency."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np

from edge.errors import EdgeError
from edge.face import Picture, Pixels, frozen

_JPEG_START, _JPEG_END, _JPEG_SCAN = b"\xff\xd8", b"\xff\xd9", 0xDA
_PNG_START, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"


class PictureError(EdgeError, ValueError):
    """Error raised when bytes are no whole picture: names the file, what was expected and what was found."""


def decode(data: bytes, name: str) -> Picture:
    """The picture in `data` (JPEG, PNG, WebP, TIFF, BMP …) as 8-bit BGR, turned upright as its EXIF says.

    Grey becomes three equal channels, 16 bits per channel the upper 8 (colour TIFF: at most one level beside them),
    transparency is dropped. Raises PictureError when `data` is empty, no picture, or cut off: half a picture is not
    guessed at.
    """
    if not data:
        raise PictureError(f"{name}: expected a picture, found an empty file. Copy it again.")
    for kind, start, whole in (("JPEG", _JPEG_START, _whole_jpeg), ("PNG", _PNG_START, _whole_png)):
        # Decoders fill what is missing with grey and only warn; a grey half can still hold a face that isn't there.
        if data.startswith(start) and not whole(data):
            raise PictureError(
                f"{name}: expected a whole {kind}, found one that is cut off or damaged ({len(data)} bytes). "
                "Copy it again."
            )
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise PictureError(f"{name}: expected a picture, found one that can't be decoded ({error.err}).") from error
    if pixels is None:
        raise PictureError(
            f"{name}: expected a picture, found {len(data)} bytes that begin with {data[:8]!r}. Is it one, and whole?"
        )
    upright: Pixels = pixels.astype(np.uint8, copy=False)
    frozen(upright)
    return Picture(upright, name, hashlib.sha256(data).digest())


def _whole_jpeg(data: bytes) -> bool:
    """Whether there is an end behind the picture's first scan; a thumbnail in the headers has an end of its own."""
    at = len(_JPEG_START)
    while (at := data.find(b"\xff", at)) >= 0 and at + 4 <= len(data):
        if data[at + 1] == _JPEG_SCAN:
            return data.find(_JPEG_END, at) >= 0
        # A segment's length is behind its marker; 0xFF fills, and what is between segments is stepped over.
        at += 1 if data[at + 1] == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return False


def _whole_png(data: bytes) -> bool:
    return _PNG_END in data


def of_pixels(pixels: np.ndarray, name: str, digest: bytes | None = None) -> Picture:
    """A picture of an array: uint8 or uint16; height × width (grey), × 1, × 3 (BGR) or × 4 (BGRA, A is dropped).

    The pixels are copied. Without `digest`, that of their own bytes is used. Raises PictureError for any other type or
    shape.
    """
    if pixels.size == 0 or pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (1, 3, 4)):
        raise PictureError(f"{name}: expected height × width (× 1, 3 or 4) pixels, found the shape {pixels.shape}.")
    given = pixels
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.dtype != np.uint8:
        raise PictureError(f"{name}: expected 8 or 16 bits a channel (uint8, uint16), found {pixels.dtype}.")
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    elif pixels.shape[2] == 4:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR)
    bgr: Pixels = np.ascontiguousarray(pixels)
    if np.may_share_memory(bgr, given):
        bgr = bgr.copy()  # a camera fills its buffer again
    frozen(bgr)
    return Picture(bgr, name, hashlib.sha256(bgr.tobytes()).digest() if digest is None else digest)
