"""Where frames come from: one small interface, and the sources behind it."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
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

TRIES, TRY_S = 30, 0.5
"""So often on end a frame that can't be decoded is passed over; of a camera, in so many seconds at most: one that
answers nothing takes READ_TIMEOUT_MS each time."""
JUMP_S = 0.5
"""A file's stamps that jump back by more than this belong to another recording."""
LONGEST_GAP_S = 1.0
"""What `Paced` waits for a frame at most."""


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
    """An address for messages: what could be a password or a token is left out.

    That is all before the last `@` but the user's name, and each value after a `?`; more than needed, if in doubt.
    """
    match = re.fullmatch(r"([A-Za-z][A-Za-z0-9+.-]*:/*)?(.*)", address, re.DOTALL)
    kind, rest = (match[1] or "", match[2]) if match else ("", address)
    if not kind and ":" not in rest:  # a file's path
        return address
    secret, at, place = rest.rpartition("@")
    if at:
        name, colon, _ = secret.partition(":")
        secret = f"{name}:…" if colon else "…"
    return f"{kind}{secret}{at}" + re.sub(r"([?&;#][^=&;#]*)=[^&;#]*", r"\1=…", place)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a V4L2 camera is asked for, px and frames a second; it may give another size, and the frames say which."""

    width: int
    height: int
    rate: float


class Video:
    """A file, a network camera (rtsp, http) or a V4L2 device (`/dev/videoN`), through OpenCV; frames are BGR.

    A file's stamps are its own, whatever its rate; where two stamps don't rise, the later frame gets the earlier's
    stamp and 1 ns, and where they jump back by more than JUMP_S (two recordings joined) they go on from there, a
    frame's time later. What can't be decoded is passed over, TRIES times on end: then it is the file's end, or the
    camera is lost. Where a stream changes its size on the way, OpenCV (since 4.7) gives all frames in the first one's,
    stretched if need be, and tells nobody; a camera opened again has its new size. `wish` is for V4L2 alone. Raises
    SourceError.
    """

    def __init__(self, address: str, wish: Wish | None = None) -> None:
        self._name = masked(address)
        self._number = self._since_ns = 0
        self._last_ns = -1
        self._frame_ns = 1
        network = "://" in address
        device = not network and (address.startswith("/dev/") or Path(address).is_char_device())
        self._live = network or device
        settings: list[int] = []
        if device:
            _camera_file(address)
        elif not network:
            _video_file(address)
            settings = [cv2.CAP_PROP_N_THREADS, 1]
        else:
            settings = [cv2.CAP_PROP_N_THREADS, 1, cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_TIMEOUT_MS]
            settings += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_TIMEOUT_MS]
        self._video = cv2.VideoCapture(address, cv2.CAP_V4L2 if device else cv2.CAP_FFMPEG, settings)
        if not self._video.isOpened():
            self._video.release()
            hint = "Is it on and reachable? Are name and password right?" if network else ""
            hint = hint or ("Is it a camera, and not in use elsewhere?" if device else "Is it a video, and whole?")
            raise SourceError(f"{self._name}: expected frames, but it can't be opened. {hint}")
        if device and wish is not None:  # a camera that can't takes the nearest it can
            for setting, value in (
                (cv2.CAP_PROP_FRAME_WIDTH, wish.width),
                (cv2.CAP_PROP_FRAME_HEIGHT, wish.height),
                (cv2.CAP_PROP_FPS, wish.rate),
            ):
                self._video.set(setting, value)

    def __repr__(self) -> str:
        return f"<Video {self._name}>"

    def read(self) -> Frame | None:
        """See Source. The end of a file is None; a live camera that gives nothing more is lost."""
        pixels = self._next()
        arrived = time.monotonic_ns()
        if pixels is None:
            if self._live:
                raise SourceError(f"{self._name}: the camera gives no more frames. Is it on and reachable?")
            if not self._number:
                raise SourceError(f"{self._name}: expected a video, found no frame that can be decoded.")
            return None
        stamp = arrived if self._live else self._own_stamp()
        frame_ns = stamp - self._last_ns
        self._last_ns = stamp = max(stamp, self._last_ns + 1)
        if self._number and frame_ns > 0:
            self._frame_ns = frame_ns
        frame = Frame(self._number, stamp, arrived, of_bgr(pixels))
        self._number += 1
        return frame

    def _next(self) -> Pixels | None:
        begun = time.monotonic()
        for _ in range(TRIES):
            fine, pixels = self._video.read()
            if fine:
                return np.asarray(pixels, np.uint8)
            if self._live and time.monotonic() - begun > TRY_S:
                break
        return None

    def _own_stamp(self) -> int:
        stamp = round(self._video.get(cv2.CAP_PROP_POS_MSEC) * 1e6) + self._since_ns
        if stamp < self._last_ns - JUMP_S * 1e9:
            self._since_ns += self._last_ns + self._frame_ns - stamp
            stamp = self._last_ns + self._frame_ns
        return stamp

    @property
    def recorded(self) -> bool:
        """Whether it says how many frames it has: a camera can't, a recording does."""
        return self._video.get(cv2.CAP_PROP_FRAME_COUNT) > 0

    def close(self) -> None:
        """See Source."""
        self._video.release()


def _camera_file(address: str) -> None:
    """Raise SourceError unless a V4L2 device could be there: OpenCV's own word is that it can't be opened."""
    path = Path(address)
    if not path.exists():
        here = ", ".join(sorted(str(other) for other in Path("/dev").glob("video*"))) or "none"
        raise SourceError(f"{address}: expected a camera, found nothing there (of /dev/video*: {here}). Plugged in?")
    if not path.is_char_device():
        raise SourceError(f"{address}: expected a camera, found what is no device. A video file lies elsewhere.")
    if not os.access(path, os.R_OK | os.W_OK):
        raise SourceError(f"{address}: expected to be let in, found no permission. Is the user in the group video?")


def _video_file(address: str) -> None:
    path, name = Path(address), masked(address)
    if not path.exists():
        raise SourceError(f"{name}: expected a video file or a camera, found nothing there.")
    if not path.is_file():
        raise SourceError(f"{name}: expected a video file, found what is no file.")
    if not os.access(path, os.R_OK):
        raise SourceError(f"{name}: expected a video file that can be read, found no permission.")


class Drawn:
    """The synthetic entrance as a source, in any format."""

    def __init__(self, entrance: Entrance, kind: Format = "I420") -> None:
        self.entrance, self._kind = entrance, kind
        self._number = 0

    def __repr__(self) -> str:
        return f"<Drawn {self.entrance.width} × {self.entrance.height}, seed {self.entrance.seed}>"

    def read(self) -> Frame | None:
        """See Source."""
        if self._number >= len(self.entrance):
            return None
        drawn = self.entrance.frame(self._number)
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

    `speed` 2 plays twice as fast. A consumer that is slow loses frames, as it would with a camera. A gap of more than
    LONGEST_GAP_S between two frames isn't waited out: whoever watches the frames' age would take it for a freeze.
    """

    def __init__(self, source: Source, speed: float = 1.0) -> None:
        if not 0 < speed < float("inf"):
            raise ValueError(f"speed: expected more than 0, found {speed}")
        self._source, self._speed = source, speed
        self._begun_ns: int | None = None

    def __repr__(self) -> str:
        return f"<Paced {self._source!r}>"

    def read(self) -> Frame | None:
        """See Source. `arrived_ns` is when the frame was due and given."""
        frame = self._source.read()
        if frame is None:
            return None
        if self._begun_ns is None:
            self._begun_ns = time.monotonic_ns() - round(frame.time_ns / self._speed)
        due = self._begun_ns + round(frame.time_ns / self._speed)
        early = due - time.monotonic_ns()
        if early > LONGEST_GAP_S * 1e9:
            self._begun_ns -= early - round(LONGEST_GAP_S * 1e9)
            early = round(LONGEST_GAP_S * 1e9)
        if early > 0:
            time.sleep(early / 1e9)
        return Frame(frame.number, frame.time_ns, time.monotonic_ns(), frame.main, frame.small)

    def close(self) -> None:
        """See Source."""
        self._source.close()
