"""Recordings as they are found: of varying rate, of changing size, joined, cut off, damaged."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.core.frame import Frame
from edge.core.source import SourceError
from edge.core.sources import open_source


def frames(path: Path) -> list[Frame]:
    """All of a file's frames; after its end comes nothing more."""
    source = open_source(str(path), paced=False)
    read = []
    while (frame := source.read()) is not None:
        read.append(frame)
    assert source.read() is None
    source.close()
    stamps = [frame.time_ns for frame in read]
    assert stamps == sorted(set(stamps))
    assert [frame.number for frame in read] == list(range(len(read)))
    return read


def encode(path: Path, size: str = "160x120", count: int = 40, *options: str) -> Path:
    """A test picture in motion, H.264, 30 frames/s unless the options say otherwise."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg, absent here (scripts/system-packages installs it)")
    drawn = ["-f", "lavfi", "-i", f"testsrc=size={size}:rate=30", "-frames:v", str(count)]
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-threads", "1", *drawn, *options, "-c:v", "libx264"]
    subprocess.run([*command, "-bf", "2", str(path)], check=True)
    return path


def quarters(size: tuple[int, int]) -> bytes:
    """A JPEG, red on the left, green above blue on the right."""
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:, : width // 2] = (0, 0, 255)
    picture[: height // 2, width // 2 :] = (0, 255, 0)
    picture[height // 2 :, width // 2 :] = (255, 0, 0)
    return cv2.imencode(".jpg", picture)[1].tobytes()


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
def test_a_varying_rate_keeps_its_own_stamps(tmp_path, kind):
    # The first ten frames, then one in five: as cameras do that save frames when nothing moves.
    varying = ("-vf", "select='lt(n,10)+not(mod(n,5))'", "-fps_mode", "vfr")
    read = frames(encode(tmp_path / f"varying.{kind}", "160x120", 20, *varying))
    expected = np.array([*range(10), *range(10, 60, 5)]) / 30
    assert np.allclose([frame.time_ns / 1e9 for frame in read], expected, atol=0.001)  # Matroska counts whole ms


def test_two_recordings_joined_go_on(tmp_path):
    one = encode(tmp_path / "one.ts")
    joined = tmp_path / "joined.ts"
    joined.write_bytes(one.read_bytes() * 3)
    stamps = np.array([frame.time_ns / 1e9 for frame in frames(joined)])
    assert np.allclose(stamps, np.arange(120) / 30, atol=0.002)


@pytest.mark.parametrize("second", [(320, 240), (80, 60), (120, 200)])
def test_another_size_on_the_way_is_brought_to_the_first(tmp_path, second):
    # OpenCV's doing (opencv-python issue 1176): should it ever tell of it, this fails, and docs/core.md can say more.
    path = tmp_path / "sizes.mjpeg"
    path.write_bytes(quarters((160, 120)) * 3 + quarters(second) * 3)
    read = frames(path)
    assert [(frame.main.width, frame.main.height) for frame in read] == [(160, 120)] * 6
    for frame in read:
        places = [frame.main.planes[0][y, x].argmax() for y, x in ((30, 40), (90, 40), (30, 120), (90, 120))]
        assert places == [2, 2, 1, 0]  # whole, neither cut nor shifted


def test_a_recording_cut_off_gives_what_is_there(tmp_path):
    whole = encode(tmp_path / "whole.mkv")
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert 5 < len(frames(cut)) < 40


def test_a_damaged_recording_gives_what_can_be_decoded(tmp_path):
    content = bytearray(encode(tmp_path / "whole.ts", "320x240").read_bytes())
    chance = np.random.default_rng(0)
    for place in chance.integers(5000, len(content), 200):
        content[place] = chance.integers(256)
    damaged = tmp_path / "damaged.ts"
    damaged.write_bytes(content)
    assert 10 < len(frames(damaged)) <= 41  # a torn frame may come as two


@pytest.mark.parametrize("content", [b"", b"\0" * 100_000, b"not a video" * 1000])
@pytest.mark.parametrize("kind", ["mp4", "avi", "ts", "mjpeg"])
def test_what_is_no_recording_is_named(tmp_path, content, kind):
    path = tmp_path / f"none.{kind}"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=rf"none\.{kind}: expected"):
        frames(path)


def test_an_mp4_cut_off_before_its_index_is_named(tmp_path):
    whole = encode(tmp_path / "whole.mp4")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(SourceError, match=r"cut\.mp4: expected frames, .* whole\?"):
        open_source(str(cut))
