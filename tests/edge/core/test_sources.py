"""A source by its address, and what is said where there is none."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.core.source import Drawn, Paced, SourceError, Video, masked
from edge.core.sources import is_live, open_source, synthetic

SECRETS = {
    "rtsp://door:secret@10.0.0.2/stream": "rtsp://door:…@10.0.0.2/stream",
    "rtsp://door:sec/ret@10.0.0.2/stream": "rtsp://door:…@10.0.0.2/stream",
    "rtsp://door:secr@et@10.0.0.2/stream": "rtsp://door:…@10.0.0.2/stream",
    "rtsp://door:sec?a=ret@10.0.0.2/stream": "rtsp://door:…@10.0.0.2/stream",
    "rtsp://secret@10.0.0.2/stream": "rtsp://…@10.0.0.2/stream",
    "rtsp:/door:secret@10.0.0.2/stream": "rtsp:/door:…@10.0.0.2/stream",
    "door:secret@10.0.0.2/stream": "door:…@10.0.0.2/stream",
    "http://10.0.0.2/video?user=a&password=secret": "http://10.0.0.2/video?user=…&password=…",
    "http://10.0.0.2:8080/video?token=secret#x=secret": "http://10.0.0.2:8080/video?token=…#x=…",
}


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48))
    for level in range(0, 100, 25):
        writer.write(np.full((48, 64, 3), level, np.uint8))
    writer.release()
    return path


@pytest.mark.parametrize("address", SECRETS)
def test_what_may_be_a_secret_is_masked(address):
    assert masked(address) == SECRETS[address]


@pytest.mark.parametrize("address", ["clip.mp4", "/home/a@b/clip.mp4", "/dev/video0", "synthetic:3", "http://h:80/a.b"])
def test_an_address_without_a_secret_stays(address):
    assert masked(address) == address


@pytest.mark.parametrize("address", SECRETS)
def test_no_secret_in_an_error_nor_on_stderr(address, capfd):
    address = address.replace("10.0.0.2:8080", "10.0.0.2").replace("10.0.0.2", "127.0.0.1:9")
    with pytest.raises(SourceError) as caught:
        open_source(address)
    said = capfd.readouterr()
    for text in (str(caught.value), repr(caught.value), said.out, said.err):
        assert "secret" not in text
        assert "ret@" not in text
        assert "password=s" not in text


def test_a_file_by_its_path(clip):
    source = open_source(str(clip), paced=False)
    assert isinstance(source, Video)
    assert repr(source) == f"<Video {clip}>"
    read = [source.read() for _ in range(5)]
    source.close()
    assert [one is None for one in read] == [False] * 4 + [True]
    paced = open_source(str(clip))
    assert isinstance(paced, Paced)
    paced.close()


def test_the_synthetic_entrance_by_its_seed():
    source = open_source("synthetic:7", width=160, height=96, rate=5, pixels="NV12", paced=False)
    assert isinstance(source, Drawn)
    assert source.entrance == synthetic(7, width=160, height=96, rate=5)
    frame = source.read()
    assert (frame.main.width, frame.main.height, frame.main.format) == (160, 96, "NV12")
    assert not set(synthetic(7).people) & set(synthetic(8).people)
    assert open_source("synthetic", paced=False).entrance == synthetic(0)


@pytest.mark.parametrize(
    ("address", "live"),
    [
        ("picamera2:0", True),
        ("picamera2", True),
        ("/dev/video3", True),
        ("RTSP://door/1", True),
        ("https://door/1.mjpg", True),
        ("clip.mp4", False),
        ("a:b.mp4", False),
        ("synthetic:3", False),
    ],
)
def test_which_are_live(address, live):
    assert is_live(address) is live


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "empty address"),
        ("ftp://a/b", "expected picamera2:0, .* found ftp"),
        ("picamera2:front", "expected a number from 0 after the colon, found 'front'"),
        ("synthetic:-1", "expected a number from 0"),
        ("synthetic:", "expected a number from 0"),
        ("/dev/video987", r"expected a camera, found nothing there \(of /dev/video\*: "),
        ("/dev/fd", "found what is no device"),
        ("none.mp4", "found nothing there"),
        (".", "found what is no file"),
    ],
)
def test_an_address_that_is_none_says_what_was_expected(address, said):
    with pytest.raises(SourceError, match=said):
        open_source(address)


def test_a_device_that_is_no_camera(capfd):
    with pytest.raises(SourceError, match=r"/dev/zero: expected frames, .* Is it a camera"):
        open_source("/dev/zero")
    capfd.readouterr()


def test_a_file_without_permission_says_so(clip):
    if os.geteuid() == 0:
        pytest.skip("needs a user whom permissions bind, is root here")
    Path(clip).chmod(0)
    with pytest.raises(SourceError, match="no permission"):
        open_source(str(clip))


def test_a_camera_without_permission_says_so(monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(SourceError, match=r"/dev/zero: .* no permission\. Is the user in the group video"):
        open_source("/dev/zero")
