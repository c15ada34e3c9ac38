"""V4L2 through OpenCV, on a camera that Linux' own vivid driver pretends, in a virtual machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "threshold" / "virtual-video"
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def told() -> dict:
    if not (HOME / "complete").exists() or shutil.which("qemu-system-x86_64") is None:
        pytest.skip("needs a virtual machine with a V4L2 camera, absent here (scripts/virtual-video builds it)")
    folders = {"usr": "/usr", "python": sys.base_prefix, "venv": sys.prefix, "project": str(ROOT)}
    if sys.base_prefix == "/usr":
        del folders["python"]
    if Path(sys.prefix).is_relative_to(ROOT):
        del folders["venv"]
    command = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "1024", "-smp", "1", "-nographic"]
    command += ["-no-reboot", "-nodefaults", "-serial", "stdio", "-kernel", str(HOME / "vmlinuz")]
    command += ["-initrd", str(HOME / "initrd.gz")]
    for tag, path in folders.items():
        share = f"local,path={path},mount_tag={tag},security_model=none,readonly=on,multidevs=remap"
        command += ["-virtfs", share]
    words = ["console=ttyS0", "quiet", "panic=-1", *(f"share={tag}:{path}" for tag, path in folders.items())]
    words += [f"python={sys.executable}", f"project={ROOT}", f"run={Path(__file__).with_name('v4l2_camera.py')}"]
    run = subprocess.run([*command, "-append", " ".join(words)], capture_output=True, timeout=400, check=False)
    lines = run.stdout.decode(errors="replace").splitlines()
    found = [line for line in lines if line.startswith('{"')]
    assert found, "\n".join([*lines[-40:], run.stderr.decode()[-2000:]])
    return json.loads(found[-1])


def test_frames_of_the_size_asked_for(told):
    assert told["sizes"] == [[640, 360]]
    assert told["numbers"] == list(range(10))
    assert told["stamps"] == sorted(set(told["stamps"]))
    assert told["contrast"] > 20  # colour bars
    assert told["asked"][:2] == [[1280, 720, 1280, 720], [320, 180, 320, 180]]
    assert told["asked"][2][2:] == [320, 180]  # the nearest it can


def test_a_camera_in_use_and_a_device_that_gives_no_frames_are_named(told):
    assert told["busy"].startswith("/dev/video0: expected frames, but it can't be opened. Is it a camera, and not in")
    assert told["output"].startswith("/dev/video1: expected frames")  # vivid's output
    assert "of /dev/video*: /dev/video0, /dev/video1" in told["absent"]


def test_a_camera_unplugged_is_lost_at_once_and_found_when_it_is_plugged_in_again(told):
    assert told["lost_s"] < 2.0
    assert told["why"].startswith("/dev/video0: ")
    assert told["state"] == "running"
    assert told["found_s"] < 20
