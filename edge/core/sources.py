"""A source by its address: what a person writes in a settings file or on the command line."""

from __future__ import annotations

from edge.core.frame import Format
from edge.core.picamera import PiCamera, Wanted
from edge.core.source import Drawn, Paced, Source, SourceError, Video, Wish, masked
from edge.entrance import Entrance

KINDS = "picamera2:0, /dev/video0, rtsp://…, http://…, a video file's path, or synthetic:SEED"
"""The addresses there are, for messages and help."""

_NETWORK = ("rtsp", "rtsps", "http", "https")


def open_source(
    address: str,
    *,
    width: int = 1280,
    height: int = 720,
    rate: float = 30.0,
    small_px: int = 384,
    pixels: Format = "I420",
    paced: bool = True,
) -> Source:
    """Open what `address` names (see KINDS). The caller closes it; `edge.core.capture.Capture` does.

    `width`, `height` (px, even) and `rate` (frames/s) are asked of the Pi's camera, a V4L2 camera and the synthetic
    entrance; a network camera and a file have their own. `small_px`: width of the Pi camera's second stream; other
    sources have none. `pixels`: the format of the Pi's streams and of drawn frames; what OpenCV reads is BGR.
    `paced`: a file and the synthetic entrance give each frame when it is due, as a camera does; else as fast as they
    are read, for whoever must see every frame.

    Raises SourceError: what was expected, found, and what to look at; passwords are left out.
    """
    kind, rest = _kind(address)
    if kind == "picamera2":
        index = _number(address, rest)
        return PiCamera(index, Wanted(width, height, rate, small_px, pixels, pixels))
    if kind == "synthetic":
        drawn = Drawn(synthetic(_number(address, rest), width=width, height=height, rate=rate), pixels)
        return Paced(drawn) if paced else drawn
    if kind == "file":
        video = Video(address)
        return Paced(video) if paced else video
    return Video(address, Wish(width, height, rate))


def is_live(address: str) -> bool:
    """Whether it is a camera, of whom frames are lost that nobody takes, and which is opened again when it is lost;
    a file and the synthetic entrance have an end instead. Raises SourceError for what is no address."""
    return _kind(address)[0] in ("picamera2", "device", "network")


def synthetic(seed: int, *, width: int = 1280, height: int = 720, rate: float = 30.0, visits: int = 8) -> Entrance:
    """The entrance behind `synthetic:SEED`: so many visits, each by somebody else; for the gate, which draws it again.

    Raises edge.entrance.EntranceError.
    """
    first = 1_000_000 * (seed + 1)  # another seed, other people
    return Entrance(tuple(range(first, first + visits)), visits, "single", width, height, rate, seed)


def _kind(address: str) -> tuple[str, str]:
    """What kind of source, and what follows the colon."""
    if not address:
        raise SourceError(f"source: expected {KINDS}, found an empty address.")
    head, colon, rest = address.partition(":")
    if colon and rest.startswith("//"):
        if head.lower() not in _NETWORK:
            raise SourceError(f"{masked(address)}: expected {KINDS}, found {head}.")
        return "network", rest
    if head in ("picamera2", "synthetic"):
        return head, rest if colon else "0"
    return ("device" if address.startswith("/dev/") else "file"), ""


def _number(address: str, text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise SourceError(f"{masked(address)}: expected a number from 0 after the colon, found {masked(text)!r}.")
    return int(text)
