"""Run by test_virtual_camera.py in a process of its own: the source on the real picamera2 and libcamera.

Adapted for the virtual camera, which has no raw stream, wants buffers of two planes and no screen: that much is not
picamera2's own. Prints what was seen as JSON.
"""

from __future__ import annotations

import json
import sys
import types
from typing import Any

kms = types.ModuleType("pykms")  # for previews on a screen; has no wheels
kms.PixelFormat = type("PixelFormat", (type,), {"__getattr__": lambda _, name: name})("PixelFormat", (), {})
sys.modules["pykms"] = kms

import picamera2  # noqa: E402
from picamera2.allocators.libcameraallocator import LibcameraAllocator  # noqa: E402

from edge.core.capture import Capture, Patience  # noqa: E402
from edge.core.frame import bgr  # noqa: E402
from edge.core.picamera import PiCamera, Wanted  # noqa: E402
from edge.core.source import SourceError  # noqa: E402

WANTED = Wanted(640, 480, 30.0, 320, "NV12", "NV12", any_colours=True)


class Adapted(picamera2.Picamera2):
    """See this module's first lines."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.allocator = LibcameraAllocator(self.camera)

    def _get_raw_modes(self) -> list[dict[str, Any]]:
        return [{"format": "SRGGB8", "size": (640, 480)}]


def refused(index: int, wanted: Wanted) -> str:
    """What is said of a camera that can't be had."""
    try:
        PiCamera(index, wanted).close()
    except SourceError as error:
        return str(error)
    return ""


def levels(frame: Any) -> list[int]:
    """Brightness of the middle of both streams, and blueness of the bar in both."""
    main, small = bgr(frame.main), bgr(frame.small)
    return [int(part) for part in (main[240, 400, 1], small[120, 200, 1], main[240, 30, 0], small[120, 15, 0])]


def main() -> None:
    picamera2.Picamera2 = Adapted
    camera = PiCamera(0, WANTED)
    told: dict[str, Any] = {"camera": repr(camera)}
    frames = []
    for _ in range(40):
        frame = camera.read()
        frames.append([frame.number, frame.time_ns, frame.arrived_ns, *levels(frame)])
    told["frames"], told["copied"] = frames, camera.copied
    del frame
    held = [camera.read() for _ in range(10)]
    before = [levels(frame) for frame in held]
    for _ in range(20):
        camera.read()
    told["kept"] = before == [levels(frame) for frame in held]
    told["copied_while_held"] = camera.copied
    held.clear()
    for _ in range(20):
        camera.read()
    camera.read()
    told["copied_later"] = camera.copied
    last = camera.read()
    before = levels(last)
    camera.close()
    told["outlives"] = levels(last) == before
    with Capture(lambda: PiCamera(0, WANTED), Patience()) as capture:
        told["captured"] = sum(capture.take(2.0) is not None for _ in range(20))
        told["state"] = capture.state
    told["refused"] = [
        refused(0, Wanted(640, 480, 30.0, 0, "NV12")),
        refused(0, Wanted(640, 480, 30.0, 0, "I420", any_colours=True)),
        refused(7, WANTED),
    ]
    print(json.dumps(told))  # noqa: T201


main()
