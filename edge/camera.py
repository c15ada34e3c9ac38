"""Cameras for an enrolment: what gives pictures of whoever is there now. A recording is none, under whatever name.

What can be known is looked at: a file, a link or a pipe is no device of the kernel's video drivers, a loopback device
plays what another program gives it, and a stream that says how long it is was recorded. What can't be known is whether
somebody plays a recording to a network address, or holds one before the lens: that is what the witness attests.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from edge.core.source import Source, Video, Wish, masked
from policy.gate import Refused
from policy.verdict import Finding, Verdict

VIDEO_MAJOR = 81
"""The device number of Video4Linux (Linux Documentation/admin-guide/devices.txt)."""
SYSTEM = Path("/sys/class/video4linux")
STREAMS = ("rtsp://", "rtsps://")
"""Addresses at which cameras answer. A web address serves a file just as well, so it is none."""


PI = re.compile(r"picamera2:(\d)")
"""A Raspberry Pi's camera, by its number."""


def live(address: str, devices: Path = Path("/dev"), system: Path = SYSTEM) -> str:
    """The address of a camera as it is to be opened. Raises policy.gate.Refused for what isn't one; nothing is opened.

    `devices` and `system` are where the kernel shows devices and what it knows of them.
    """
    if address.lower().startswith(STREAMS) or PI.fullmatch(address):
        return address
    if "://" in address:
        raise _refused(
            f"{masked(address)} is an address at which a recording can be had as well as a camera's pictures. Use the "
            "camera's rtsp:// address, or a camera at this machine (--source /dev/video0)."
        )
    path = Path(os.path.realpath(address))
    try:
        state = path.stat()
    except OSError:
        if Path(address).parent == devices:  # nothing plugged in: opening it says so
            return address
        raise _refused(f"{address} is no camera: nothing is there.") from None
    if not stat.S_ISCHR(state.st_mode) or os.major(state.st_rdev) != VIDEO_MAJOR or not path.is_relative_to(devices):
        kind = "a file" if stat.S_ISREG(state.st_mode) else "a pipe" if stat.S_ISFIFO(state.st_mode) else "no camera"
        found = f"{address} is {kind}" if str(path) == address else f"{address} leads to {path}, which is {kind}"
        raise _refused(f"{found}: what it shows was recorded, or nobody knows when.")
    if (system / path.name).exists() and "virtual" in (system / path.name).resolve().parts:
        raise _refused(f"{address} is a loopback device, which shows what another program plays to it.")
    return str(path)


def opened(address: str) -> Source:
    """The camera at an address that `live` gave. Raises SourceError, policy.gate.Refused."""
    if found := PI.fullmatch(address):
        from edge.core.picamera import PiCamera  # noqa: PLC0415  picamera2 is there on a Raspberry Pi alone

        return PiCamera(int(found[1]))
    return LiveVideo(address)


class LiveVideo(Video):
    """A network camera or a device that gives pictures of now. Raises policy.gate.Refused for a stream with an end."""

    def __init__(self, address: str) -> None:
        super().__init__(address, Wish(1280, 720, 30.0))
        if self.recorded:
            self.close()
            raise _refused(f"{masked(address)} says how long it is, so it plays a recording.")


def _refused(found: str) -> Refused:
    return Refused(
        Verdict.of(
            Finding(
                rule="live-enrolment-only",
                outcome="refuse",
                citations=("AI Act Art 5(1)(e)", "GDPR Art 5(1)(d)", "GDPR Art 25"),
                facts=("pictures.source",),
                message=f"{found} People are enrolled live, before a camera and a witness, and from nothing else.",
                mark="project-rule",
            )
        )
    )
