"""What counts as a camera for an enrolment: devices of the kernel's video drivers and rtsp addresses, nothing else."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from edge.camera import VIDEO_MAJOR, LiveVideo, live, opened
from edge.core.source import SourceError
from policy.gate import Refused

SERVER = Path(__file__).with_name("core") / "rtsp_server.py"


@pytest.fixture
def recording(tmp_path) -> Path:
    path = tmp_path / "recording.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for level in range(10):
        writer.write(np.full((48, 64, 3), 20 * level, np.uint8))
    writer.release()
    return path


def refused(address: str | Path, **places: Path) -> str:
    with pytest.raises(Refused) as caught:
        live(str(address), **places)
    (finding,) = caught.value.verdict.findings
    assert finding.rule == "live-enrolment-only"
    assert "before a camera and a witness" in finding.message
    return finding.message


def test_a_file_is_a_recording(recording):
    assert "is a file" in refused(recording)


def test_so_is_a_link_to_one_that_is_called_a_device(recording, tmp_path):
    devices = tmp_path / "dev"
    devices.mkdir()
    (devices / "video0").symlink_to(recording)
    said = refused(devices / "video0", devices=devices)
    assert f"leads to {recording}, which is a file" in said


def test_so_is_a_path_that_begins_like_a_devices(recording):
    assert "is a file" in refused(f"/dev/video/../..{recording}")


def test_a_pipe_is_none_under_any_name(tmp_path):
    devices = tmp_path / "dev"
    devices.mkdir()
    os.mkfifo(devices / "video0")
    assert "is a pipe" in refused(devices / "video0", devices=devices)


def test_another_device_is_none():
    assert "is no camera" in refused("/dev/zero")


def test_what_is_not_there_is_none_and_a_camera_that_is_unplugged_is_told_when_it_is_opened(tmp_path):
    assert "nothing is there" in refused(tmp_path / "video0")
    assert live(str(tmp_path / "video9"), devices=tmp_path) == str(tmp_path / "video9")
    with pytest.raises(SourceError, match="found nothing there"):
        LiveVideo(str(tmp_path / "video9"))


@pytest.mark.parametrize(
    "address",
    ["http://camera/feed.mjpg", "https://host/film.mp4", "file:///tmp/film.avi", "concat:a|b", "tcp://host:9"],
)
def test_an_address_that_serves_files_is_none(address):
    refused(address)


def test_its_password_is_not_shown():
    assert "secret" not in refused("http://admin:secret@camera/feed")


@pytest.mark.parametrize("address", ["rtsp://10.0.0.7/stream", "RTSPS://camera.example/1", "picamera2:0"])
def test_a_network_camera_and_the_pis_own_are_taken_at_their_word(address):
    assert live(address) == address


@pytest.fixture
def device(tmp_path, monkeypatch) -> partial[str]:
    """A video device, as the kernel would show it; a test needs no root to have one."""
    devices, system = tmp_path / "dev", tmp_path / "sys"
    devices.mkdir()
    system.mkdir()
    (devices / "video0").touch()
    real = Path.stat

    def stated(path: Path, **options):
        found = real(path, **options)
        if path == devices / "video0":
            return SimpleNamespace(st_mode=stat.S_IFCHR | 0o660, st_rdev=os.makedev(VIDEO_MAJOR, 0))
        return found

    monkeypatch.setattr(Path, "stat", stated)
    return partial(live, devices=devices, system=system)


def test_a_device_of_the_video_drivers_is_one_and_a_link_to_it_is_opened_by_its_own_name(device, tmp_path):
    assert device(str(tmp_path / "dev" / "video0")) == str(tmp_path / "dev" / "video0")
    (tmp_path / "dev" / "entrance").symlink_to(tmp_path / "dev" / "video0")
    assert device(str(tmp_path / "dev" / "entrance")) == str(tmp_path / "dev" / "video0")


def test_a_loopback_device_is_none(device, tmp_path):
    place = tmp_path / "sys" / "devices" / "virtual" / "video4linux" / "video0"
    place.mkdir(parents=True)
    (tmp_path / "sys" / "video0").symlink_to(place)
    with pytest.raises(Refused, match="another program plays"):
        device(str(tmp_path / "dev" / "video0"))


def test_a_stream_that_says_how_long_it_is_plays_a_recording(recording):
    """As a file or a film behind an rtsp address does."""
    with pytest.raises(Refused, match="says how long it is"):
        LiveVideo(str(recording))


@pytest.mark.parametrize("address", ["picamera2:", "picamera2:../film.avi", "picamera2:0/../../film", "picamera2:42"])
def test_what_only_begins_like_the_pis_camera_is_none(address):
    refused(address)


def test_the_pis_camera_is_opened_by_its_number(monkeypatch):
    monkeypatch.setattr("edge.core.picamera.PiCamera", lambda index: f"camera {index}")
    assert opened("picamera2:1") == "camera 1"


@pytest.fixture
def network(tmp_path) -> Iterator[str]:
    """The address of a real RTSP server, with a camera at /door and a film at /film."""
    absent = "needs gst-rtsp-server, absent here (scripts/system-packages installs it)"
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg, absent here (scripts/system-packages installs it)")
    if not Path("/usr/bin/python3").exists():
        pytest.skip(absent)
    film = tmp_path / "film.mp4"
    pattern = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=15:duration=5", "-c:v", "libx264", "-g", "15"]
    subprocess.run(["ffmpeg", "-loglevel", "error", *pattern, str(film)], check=True)
    command = ["/usr/bin/python3", str(SERVER), "0", "door", "secret", str(film)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        if not line and server.wait(10) == 3:
            pytest.skip(absent)
        yield f"rtsp://door:secret@127.0.0.1:{int(line)}"
    finally:
        server.kill()
        server.wait(10)
        server.stdout.close()


def test_a_network_camera_is_told_from_a_film_that_says_its_length(network):
    camera = opened(live(f"{network}/door"))
    frame = camera.read()
    camera.close()
    assert frame is not None
    with pytest.raises(Refused, match="says how long it is") as caught:
        opened(live(f"{network}/film"))
    assert "secret" not in str(caught.value)
