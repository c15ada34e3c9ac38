"""The Pi's source on the real picamera2 and libcamera, whose virtual camera shows pictures from files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HOME = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "threshold" / "virtual-camera"
CHILD = Path(__file__).with_name("virtual_camera.py")


@pytest.fixture(scope="module")
def told() -> dict:
    tag = f"cpython-{sys.version_info[0]}{sys.version_info[1]}"
    bindings = list((HOME / "libcamera").glob(f"lib/python3*/*-packages/libcamera/_libcamera.{tag}-*.so"))
    if not bindings or not (HOME / "complete").exists():
        pytest.skip("needs libcamera's virtual camera, absent here (scripts/virtual-camera builds it)")
    root = Path(__file__).parents[3]
    python = [str(root), str(bindings[0].parents[1]), str(HOME / "python")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(python),
        "LD_LIBRARY_PATH": str(HOME / "libcamera" / "lib"),
        "LD_PRELOAD": str(HOME / "dmabuf.so"),
        "LIBCAMERA_LOG_LEVELS": "*:ERROR",
    }
    run = subprocess.run([sys.executable, str(CHILD)], env=environment, capture_output=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr.decode()[-4000:]
    return json.loads(run.stdout.decode().splitlines()[-1])


def test_two_streams_of_one_exposure_as_the_camera_shows_them(told):
    assert told["camera"] == "<PiCamera picamera2:0, 640 × 480 NV12 and 320 × 240 NV12>"
    seen = np.array(told["frames"])
    main, small, blue, small_blue = seen[:, 3:].T
    assert np.abs(main - small).max() <= 2  # never of two frames: those differ by 20
    assert len(set(main.tolist())) >= 3
    shown = np.array([40 + 20 * number for number in range(8)])
    assert np.abs(main[:, None] - shown).min(axis=1).max() <= 12  # full range in, read as limited: up to 12 levels
    assert min(blue.min(), small_blue.min()) > 200


def test_numbers_and_stamps_rise_on_the_machines_clock(told):
    seen = np.array(told["frames"])
    assert seen[0, 0] == 0
    assert (np.diff(seen[:, 0]) > 0).all()
    assert (np.diff(seen[:, 1]) > 0).all()
    age_ms = (seen[:, 2] - seen[:, 1]) / 1e6
    assert age_ms.min() > 0
    assert age_ms.max() < 1000


def test_frames_are_lent_and_copied_only_while_many_are_held(told):
    # This camera gives four buffers, whatever it is asked for.
    assert told["copied"] == 0
    assert told["copied_while_held"] == 8 + 20
    assert told["copied_later"] == told["copied_while_held"]
    assert told["kept"]
    assert told["outlives"]


def test_it_can_be_opened_again_and_captured(told):
    assert (told["captured"], told["state"]) == (20, "running")


def test_what_it_can_not_give_is_refused(told):
    colours, kind, number = told["refused"]
    assert "expected YUV in the colour space" in colours
    assert "Rec709" in colours
    assert "main stream: expected the format YUV420, found NV12" in kind
    assert "expected a camera of that number, found: 0 Virtual Video Device" in number
