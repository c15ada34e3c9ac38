"""Run by test_v4l2.py inside a virtual machine that has a V4L2 camera: Linux' own vivid driver. Prints JSON."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from edge.core.capture import Capture, Patience
from edge.core.source import SourceError
from edge.core.sources import open_source

CAMERA = "/dev/video0"
DRIVER = Path("/sys/bus/platform/drivers/vivid")


def refused(address: str) -> str:
    """What is said of a device that can't be had."""
    try:
        open_source(address).close()
    except SourceError as error:
        return str(error)
    return ""


def until(capture: Capture, state: str) -> float:
    """Seconds until the capture says so; at most 60."""
    begun = time.monotonic()
    while capture.state != state and time.monotonic() - begun < 60:
        capture.take(0.02)
    return time.monotonic() - begun


def main() -> None:
    told: dict[str, Any] = {}
    source = open_source(CAMERA, width=640, height=360)
    frames = [source.read() for _ in range(10)]
    told["sizes"] = sorted({(frame.main.width, frame.main.height) for frame in frames})
    told["numbers"] = [frame.number for frame in frames]
    told["stamps"] = [frame.time_ns for frame in frames]
    told["contrast"] = float(frames[5].main.planes[0].std())
    told["busy"] = refused(CAMERA)
    source.close()
    told["asked"] = []
    for width, height in ((1280, 720), (320, 180), (333, 111)):
        source = open_source(CAMERA, width=width, height=height)
        frame = source.read()
        told["asked"].append([width, height, frame.main.width, frame.main.height])
        source.close()
    told["output"] = refused("/dev/video1")
    told["absent"] = refused("/dev/video9")
    device = next(DRIVER.glob("vivid.*")).name
    with Capture(lambda: open_source(CAMERA, width=640, height=360), Patience(longest_pause_s=1.0)) as capture:
        until(capture, "running")
        (DRIVER / "unbind").write_text(device)
        told["lost_s"], told["why"] = until(capture, "lost"), capture.why
        (DRIVER / "bind").write_text(device)
        told["found_s"], told["state"] = until(capture, "running"), capture.state
    print("\n" + json.dumps(told))  # noqa: T201


main()
