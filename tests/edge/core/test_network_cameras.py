"""Network cameras: a real RTSP server with a password, and ffmpeg's motion JPEG; killed, frozen, and back again."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.core.capture import Capture, Patience
from edge.core.source import SourceError
from edge.core.sources import open_source

SERVER = Path(__file__).with_name("rtsp_server.py")
PASSWORD = "corr:ect/horse@1"  # noqa: S105  written as %3A and so on in an address
WRITTEN = "corr%3Aect%2Fhorse%401"
NOTICED_S = 2.0
"""A frozen camera is noticed within this time: the goal."""


class Server:
    """A process that serves a camera, on the same port each time."""

    def __init__(self) -> None:
        self.port = 0
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = ["/usr/bin/python3", str(SERVER), str(self.port), "door", PASSWORD]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        if not line and self.process.wait(10) == 3:
            pytest.skip("needs gst-rtsp-server, absent here (scripts/system-packages installs it)")
        self.port = int(line)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process.stdout.close()
            self.process = None

    def address(self, password: str = WRITTEN) -> str:
        return f"rtsp://door:{password}@127.0.0.1:{self.port}/door"


@pytest.fixture
def server() -> Iterator[Server]:
    if not Path("/usr/bin/python3").exists():
        pytest.skip("needs gst-rtsp-server, absent here (scripts/system-packages installs it)")
    served = Server()
    try:
        served.start()
        yield served
    finally:
        served.stop()


def until(capture: Capture, state: str, timeout_s: float) -> float:
    """Seconds until the capture says so."""
    begun = time.monotonic()
    while capture.state != state:
        assert time.monotonic() - begun < timeout_s, f"{capture} after {timeout_s} s, expected {state}"
        capture.take(0.02)
    return time.monotonic() - begun


def test_rtsp_with_a_password(server):
    source = open_source(server.address())
    frames = [source.read() for _ in range(20)]
    source.close()
    assert {(frame.main.width, frame.main.height) for frame in frames} == {(320, 240)}
    assert [frame.number for frame in frames] == list(range(20))
    stamps = [frame.time_ns for frame in frames]
    assert stamps == sorted(set(stamps))
    assert repr(source) == f"<Video rtsp://door:…@127.0.0.1:{server.port}/door>"


@pytest.mark.parametrize("password", ["wrong", ""])
def test_rtsp_with_the_wrong_password_says_so_and_not_which(server, password, capfd):
    with pytest.raises(SourceError, match="name and password right") as caught:
        open_source(server.address(password))
    said = str(caught.value) + "".join(capfd.readouterr())
    assert "wrong" not in said.replace("went wrong", "")


def test_a_killed_rtsp_camera_is_lost_at_once_and_found_again(server):
    with Capture(lambda: open_source(server.address()), Patience(longest_pause_s=2.0)) as capture:
        until(capture, "running", 15)
        server.stop()
        assert until(capture, "lost", 5) < NOTICED_S
        assert PASSWORD not in capture.why
        assert WRITTEN not in repr(capture)
        time.sleep(1.0)
        failures = capture.counts.failures
        server.start()
        until(capture, "running", 20)
        assert capture.take(5.0) is not None
        assert capture.counts.opened == 2
        assert failures >= 1


def test_a_frozen_rtsp_camera_is_noticed_within_two_seconds_and_found_again(server):
    with Capture(lambda: open_source(server.address()), Patience(longest_pause_s=2.0)) as capture:
        until(capture, "running", 15)
        begun = time.monotonic()
        while time.monotonic() - begun < 1.0:
            capture.take(0.1)
        server.signal(signal.SIGSTOP)
        noticed = until(capture, "frozen", 5)
        assert noticed <= NOTICED_S, f"noticed after {noticed:.2f} s"
        assert capture.counts.frozen == 1
        server.signal(signal.SIGCONT)
        until(capture, "running", 25)
        assert capture.take(5.0) is not None


def test_an_rtsp_camera_that_is_frozen_from_the_start_is_told(server):
    server.signal(signal.SIGSTOP)
    with Capture(lambda: open_source(server.address()), Patience()) as capture:
        assert until(capture, "lost", 8) < 6
        assert "can't be opened" in capture.why
        server.signal(signal.SIGCONT)
        until(capture, "running", 25)


@pytest.fixture
def motion_jpeg(tmp_path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """ffmpeg as an HTTP camera for one viewer."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg, absent here (scripts/system-packages installs it)")
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    address = f"http://127.0.0.1:{port}/camera.mjpg"
    source = ["-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=15"]
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", *source, "-c:v", "mjpeg", "-f", "mpjpeg", "-listen", "1"]
    process = subprocess.Popen([*command, address], stderr=subprocess.DEVNULL)
    try:
        _listening(port)
        yield address, process
    finally:
        process.kill()
        process.wait(10)


def _listening(port: int) -> None:
    """Wait until a process listens there, without becoming its one viewer."""
    begun = time.monotonic()
    while not re.search(rf":{port:04X} [0-9A-F]+:0000 0A ", Path("/proc/net/tcp").read_text()):
        assert time.monotonic() - begun < 10, "ffmpeg doesn't listen"
        time.sleep(0.05)


def test_motion_jpeg_over_http_frozen_and_killed(motion_jpeg):
    address, process = motion_jpeg
    with Capture(lambda: open_source(address), Patience()) as capture:
        until(capture, "running", 15)
        taken = [capture.take(2.0) for _ in range(10)]
        assert {(frame.main.width, frame.main.height) for frame in taken} == {(320, 240)}
        process.send_signal(signal.SIGSTOP)
        noticed = until(capture, "frozen", 5)
        assert noticed <= NOTICED_S, f"noticed after {noticed:.2f} s"
        process.kill()
        until(capture, "lost", 15)  # nobody there to be opened again
        assert address.split("?")[0] in capture.why
