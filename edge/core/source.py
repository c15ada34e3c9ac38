"""Where frames come from: one small interface, and the sources behind it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from edge.core.frame import Format, Frame, Planes, of_bgr, of_i420, of_nv12
from edge.entrance import Entrance
from edge.errors import EdgeError
from edge.face import Pixels

OPEN_TIMEOUT_MS, READ_TIMEOUT_MS = 4000, 2000
"""How long OpenCV may take over a network camera. It keeps to neither by itself (a frozen RTSP server: 9 s), which is
why `edge.core.capture` watches the frames' age."""


class SourceError(EdgeError, OSError):
    """Error raised when a camera or file can't be opened or read any more: names it, and what to look at."""


class Source(Protocol):
    """Gives frames one after another. Used by one thread; `close` may be called twice."""

    def read(self) -> Frame | None:
        """The next frame, when it is there; None at the end. Raises SourceError when the source is lost."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


def masked(address: str) -> str:
    """An address without its password, for messages."""
    return re.sub(r"(//[^/:@\s]*:)[^@/\s]*@", r"\1…@", address)


class Video:
    """A file, a network camera (rtsp, http) or a V4L2 device (`/dev/videoN`), through OpenCV; frames are BGR.

    A file's stamps are its own, whatever its rate; where two stamps don't rise, the later frame gets the earlier's
    stamp and 1 ns. Another size in mid-stream is simply another frame's size: who looks at the frames has to ask.
    """

    def __init__(self, address: str) -> None:
        self._name = masked(address)
        self._live = "://" in address
        device = address.startswith("/dev/video")
        if not self._live and not Path(address).exists():
            raise SourceError(f"{self._name}: expected a video file or a camera, found nothing there.")
        if device:
            self._live = True
            self._video = cv2.VideoCapture(address, cv2.CAP_V4L2)
        else:
            settings = [cv2.CAP_PROP_N_THREADS, 1]
            if self._live:
                settings += [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_TIMEOUT_MS]
                settings += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_TIMEOUT_MS]
            self._video = cv2.VideoCapture(address, cv2.CAP_FFMPEG, settings)
        if not self._video.isOpened():
            self._video.release()
            raise SourceError(
                f"{self._name}: expected frames, but it can't be opened. Is it on, reachable, of a kind this OpenCV "
                "reads? Are name and password right?"
            )
        self._number = 0
        self._last_ns = -1

    def read(self) -> Frame | None:
        """See Source. The end of a file is None; a live camera that gives nothing more is lost."""
        fine, pixels = self._video.read()
        arrived = time.monotonic_ns()
        if not fine:
            if self._live:
                raise SourceError(f"{self._name}: the camera gives no more frames. Is it on and reachable?")
            if not self._number:
                raise SourceError(f"{self._name}: expected a video, found no frame that can be decoded.")
            return None
        stamp = arrived if self._live else round(self._video.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
        self._last_ns = stamp = max(stamp, self._last_ns + 1)
        frame = Frame(self._number, stamp, arrived, of_bgr(np.asarray(pixels, np.uint8)))
        self._number += 1
        return frame

    @property
    def recorded(self) -> bool:
        """Whether it says how many frames it has: a camera can't, a recording does."""
        return self._video.get(cv2.CAP_PROP_FRAME_COUNT) > 0

    def close(self) -> None:
        """See Source."""
        self._video.release()


class Drawn:
    """The synthetic entrance as a source, in any format."""

    def __init__(self, entrance: Entrance, kind: Format = "I420") -> None:
        self._frames: Iterator[tuple[int, Frame]] | None = None
        self._entrance, self._kind = entrance, kind
        self._number = 0

    def read(self) -> Frame | None:
        """See Source."""
        if self._number >= len(self._entrance):
            return None
        drawn = self._entrance.frame(self._number)
        main = converted(drawn.pixels, self._kind)
        frame = Frame(self._number, drawn.time_ns, time.monotonic_ns(), main)
        self._number += 1
        return frame

    def close(self) -> None:
        """See Source."""


def converted(pixels: Pixels, kind: Format) -> Planes:
    """A BGR picture in a camera's format (BT.601, limited range). Raises FrameError for odd sizes in YUV."""
    if kind == "BGR":
        return of_bgr(pixels)
    height, width = pixels.shape[:2]
    if width % 2 or height % 2:
        return of_i420(np.empty(0, np.uint8), width, height)  # says what is wrong with it
    packed = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2YUV_I420), np.uint8)
    planes = of_i420(packed, width, height)
    if kind == "I420":
        return planes
    chroma = np.stack(planes.planes[1:], axis=2).reshape(-1)
    return of_nv12(np.concatenate([planes.planes[0].reshape(-1), chroma]), width, height)


class Paced:
    """Another source as a live camera gives it: each frame when its stamp is due, no sooner.

    `speed` 2 plays twice as fast. A consumer that is slow loses frames, as it would with a camera.
    """

    def __init__(self, source: Source, speed: float = 1.0) -> None:
        if not 0 < speed < float("inf"):
            raise ValueError(f"speed: expected more than 0, found {speed}")
        self._source, self._speed = source, speed
        self._begun_ns: int | None = None

    def read(self) -> Frame | None:
        """See Source. `arrived_ns` is when the frame was due and given."""
        frame = self._source.read()
        if frame is None:
            return None
        if self._begun_ns is None:
            self._begun_ns = time.monotonic_ns() - round(frame.time_ns / self._speed)
        due = self._begun_ns + round(frame.time_ns / self._speed)
        if (early := due - time.monotonic_ns()) > 0:
            time.sleep(early / 1e9)
        return Frame(frame.number, frame.time_ns, time.monotonic_ns(), frame.main, frame.small)

    def close(self) -> None:
        """See Source."""
        self._source.close()
