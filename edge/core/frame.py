"""Frames as cameras give them: planes in YUV 4:2:0 or BGR, looked at where they lie, and a small stream beside."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import EdgeError
from edge.face import Pixels, frozen

Format = Literal["I420", "NV12", "BGR"]
"""`I420`: planes Y, U, V, chroma at half the size each way (picamera2 calls it YUV420). `NV12`: Y, and U and V in turn.
`BGR`: one plane of three channels (what picamera2 calls RGB888)."""
Plane = NDArray[np.uint8]


class FrameError(EdgeError, ValueError):
    """Error raised when bytes make no frame: names the format, what was expected and found."""


@dataclass(frozen=True, slots=True)
class Planes:
    """One picture in the camera's format; read-only views of the camera's memory, nothing is copied.

    `planes`: I420 Y (h × w), U and V (h/2 × w/2); NV12 Y (h × w) and UV (h/2 × w/2 × 2); BGR (h × w × 3); uint8. YUV is
    taken as BT.601 of limited range (Y 16 to 235), as OpenCV does: ask the camera for that (Smpte170m).
    """

    format: Format
    planes: tuple[Plane, ...] = field(repr=False)

    def __post_init__(self) -> None:
        height, width = self.planes[0].shape[:2] if self.planes else (0, 0)
        half = (height // 2, width // 2)
        expected = {
            "I420": ((height, width), half, half),
            "NV12": ((height, width), (*half, 2)),
            "BGR": ((height, width, 3),),
        }[self.format]
        shapes = tuple(plane.shape for plane in self.planes)
        if shapes != expected or any(plane.dtype != np.uint8 for plane in self.planes) or not width or not height:
            raise FrameError(f"{self.format}: expected planes {expected} of uint8, found {shapes}.")
        if self.format != "BGR" and (width % 2 or height % 2):
            raise FrameError(f"{self.format}: expected an even width and height, found {width} × {height}.")
        for plane in self.planes:
            frozen(plane)

    @property
    def width(self) -> int:
        """In px."""
        return int(self.planes[0].shape[1])

    @property
    def height(self) -> int:
        """In px."""
        return int(self.planes[0].shape[0])

    def digest(self) -> bytes:
        """SHA-256 of the planes' bytes, one after another, row by row without padding: by it a permit covers the
        frame. Takes about 1.7 ms for 1080p, so it is computed for the frames of which a template is made, and no more.
        """
        said = hashlib.sha256()
        for plane in self.planes:
            said.update(np.ascontiguousarray(plane).data)  # copied only where rows are padded
        return said.digest()


def of_i420(buffer: Plane, width: int, height: int, stride: int | None = None) -> Planes:
    """Planes in a buffer of Y, then U, then V, whose luma rows begin every `stride` bytes and chroma rows every half.

    `stride` is `width` unless the camera pads its rows (picamera2: stream_configuration(name)["stride"]). Raises
    FrameError.
    """
    step = _stride("I420", width, height, stride)
    if step % 2:
        raise FrameError(f"I420: expected an even stride, found {step}.")
    flat = _flat("I420", buffer, step * height * 3 // 2)
    luma, chroma = step * height, step * height // 4
    rows = (height // 2, step // 2)
    blue, red = (flat[at : at + chroma].reshape(rows)[:, : width // 2] for at in (luma, luma + chroma))
    return Planes("I420", (flat[:luma].reshape(height, step)[:, :width], blue, red))


def of_nv12(buffer: Plane, width: int, height: int, stride: int | None = None) -> Planes:
    """Planes in a buffer of Y, then U and V in turn; all rows begin every `stride` bytes. Raises FrameError."""
    step = _stride("NV12", width, height, stride)
    flat = _flat("NV12", buffer, step * height * 3 // 2)
    luma = step * height
    chroma = flat[luma : luma + step * height // 2].reshape(height // 2, step)[:, :width]
    return Planes("NV12", (flat[:luma].reshape(height, step)[:, :width], chroma.reshape(height // 2, width // 2, 2)))


def of_bgr(pixels: Plane) -> Planes:
    """A picture of height × width × 3; rows may be padded (a view of a wider array). Raises FrameError."""
    return Planes("BGR", (pixels,))


def _stride(kind: Format, width: int, height: int, stride: int | None) -> int:
    if width < 2 or height < 2 or width % 2 or height % 2:
        raise FrameError(f"{kind}: expected an even width and height from 2, found {width} × {height}.")
    step = width if stride is None else stride
    if step < width:
        raise FrameError(f"{kind}: expected a stride of at least the width ({width}), found {step}.")
    return step


def _flat(kind: Format, buffer: Plane, needed: int) -> Plane:
    if buffer.dtype != np.uint8 or not buffer.flags.c_contiguous or buffer.size < needed:
        raise FrameError(
            f"{kind}: expected {needed} contiguous bytes, found {buffer.size} of {buffer.dtype}, "
            f"{'contiguous' if buffer.flags.c_contiguous else 'scattered'}. Is the frame whole, and the stride right?"
        )
    return buffer.reshape(-1)


def bgr(planes: Planes) -> Pixels:
    """The whole picture as BGR, the plain way: what the core avoids, and what its crops are held to."""
    if planes.format == "BGR":
        return planes.planes[0]
    return region(planes, 0, 0, planes.width, planes.height)


def cut(planes: Planes, left: int, top: int, right: int, bottom: int) -> Planes:
    """A rectangle of the planes (px, right and bottom exclusive, even numbers for YUV); a view. Raises FrameError."""
    _inside(planes, left, top, right, bottom)
    half = np.s_[top // 2 : bottom // 2, left // 2 : right // 2]
    return Planes(planes.format, (planes.planes[0][top:bottom, left:right], *(one[half] for one in planes.planes[1:])))


def region(planes: Planes, left: int, top: int, right: int, bottom: int) -> Pixels:
    """BGR of a rectangle (px, right and bottom exclusive), converted from its part of the planes alone.

    Expects 0 ≤ left < right ≤ width and the same of top and bottom, even numbers for YUV: chroma has half the places.
    Raises FrameError.
    """
    _inside(planes, left, top, right, bottom)
    first = planes.planes[0][top:bottom, left:right]
    if planes.format == "BGR":
        return first
    half = np.s_[top // 2 : bottom // 2, left // 2 : right // 2]
    if planes.format == "NV12":
        converted = cv2.cvtColorTwoPlane(first, planes.planes[1][half], cv2.COLOR_YUV2BGR_NV12)
    else:
        converted = cv2.cvtColor(_packed(first, planes.planes[1][half], planes.planes[2][half]), cv2.COLOR_YUV2BGR_I420)
    pixels: Pixels = converted.astype(np.uint8, copy=False)
    return pixels


def _inside(planes: Planes, left: int, top: int, right: int, bottom: int) -> None:
    inside = 0 <= left < right <= planes.width and 0 <= top < bottom <= planes.height
    if not inside or (planes.format != "BGR" and (left | top | right | bottom) % 2):
        raise FrameError(
            f"{planes.format}: expected a rectangle (even numbers for YUV) in {planes.width} × {planes.height}, found "
            f"({left}, {top}) to ({right}, {bottom})."
        )


def _packed(luma: Plane, blue: Plane, red: Plane) -> Plane:
    """Three planes in one array of h·3/2 × w, as OpenCV reads I420."""
    height, width = luma.shape
    packed = np.empty(height * width * 3 // 2, np.uint8)
    size, quarter = height * width, height * width // 4
    packed[:size].reshape(height, width)[:] = luma
    packed[size : size + quarter].reshape(blue.shape)[:] = blue
    packed[size + quarter :].reshape(red.shape)[:] = red
    return packed.reshape(height * 3 // 2, width)


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame in two resolutions, both of the same field of view.

    `time_ns` is the source's own stamp, `arrived_ns` the machine's monotonic clock when the frame came to this program;
    `number` counts up from 0 at the source, so that a gap is a frame that never came. `small` is the small stream where
    the source has one (the camera's second output); else `luma` and `colours` take it from `main` when they are asked.
    """

    number: int
    time_ns: int
    arrived_ns: int
    main: Planes
    small: Planes | None = None

    def __post_init__(self) -> None:
        main, small = self.main, self.small
        # Boxes found in one would lie elsewhere in the other.
        if small is not None and abs(small.width * main.height / (small.height * main.width) - 1) > 0.02:
            raise FrameError(
                f"small stream: expected the shape of {main.width} × {main.height}, found {small.width} × "
                f"{small.height}. Ask the camera for the same field of view."
            )

    def luma(self, width: int, height: int) -> Plane:
        """The brightness in width × height px, each the mean of four samples: for motion, not for looking at."""
        planes = self.main if self.small is None else self.small
        first = planes.planes[0]
        if planes.width > 2 * width and planes.height > 2 * height:
            first = np.asarray(cv2.resize(first, (2 * width, 2 * height), interpolation=cv2.INTER_NEAREST), np.uint8)
        if planes.format == "BGR":
            first = np.asarray(cv2.cvtColor(first, cv2.COLOR_BGR2GRAY), np.uint8)
        return np.asarray(cv2.resize(first, (width, height), interpolation=cv2.INTER_AREA), np.uint8)

    def colours(self, width: int) -> Pixels:
        """The small stream as BGR, for the detector: the source's own, or made `width` px wide from `main`."""
        if self.small is not None:
            return bgr(self.small)
        width = min(width, self.main.width) // 2 * 2
        height = max(2, round(self.main.height * width / self.main.width / 2) * 2)
        first = reduced(self.main.planes[0], width, height)
        if self.main.format == "BGR":
            return first
        chroma = [reduced(plane, width // 2, height // 2) for plane in self.main.planes[1:]]
        if self.main.format == "NV12":
            return np.asarray(cv2.cvtColorTwoPlane(first, chroma[0], cv2.COLOR_YUV2BGR_NV12), np.uint8)
        return np.asarray(cv2.cvtColor(_packed(first, *chroma), cv2.COLOR_YUV2BGR_I420), np.uint8)


def reduced(plane: Plane, width: int, height: int) -> Plane:
    """A plane made smaller: linear to twice the size asked for, then the mean of each 2 × 2 px.

    So each px is the mean of 16 where 1080p becomes 180 rows, in less than half the time of the exact mean (INTER_AREA,
    the plain way), with little more aliasing.
    """
    high, wide = plane.shape[:2]
    if wide > 2 * width and high > 2 * height:
        plane = np.asarray(cv2.resize(plane, (2 * width, 2 * height), interpolation=cv2.INTER_LINEAR), np.uint8)
    if plane.shape[:2] == (height, width):
        return plane
    return np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
