"""The end of a device: the door first, whatever the loop is at; and a limit to everything after it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from support import REPOSITORY

from edge.door import DoorError, FakeDoor
from threshold import ending
from threshold.ending import Ending

HANGS = """
import os, sys, time
import edge.device.journal as journal
import edge.door as door

drive = door.FakeDoor._drive

def told(self, released):
    drive(self, released)
    print("DOOR", "released" if released else "closed", flush=True)

door.FakeDoor._drive = told
sync = os.fsync

def slow(handle):  # a disk that takes a minute for a row
    sync(handle)
    if "journal" in os.readlink(f"/proc/self/fd/{handle}") and os.path.exists("slow"):
        print("SLOW", flush=True)
        time.sleep(60)

journal.os.fsync = slow
from threshold.command import main
sys.argv[1:] = ["run", "--demo", *sys.argv[1:]]
main()
"""


def test_the_door_is_closed_at_once_and_the_end_comes_by_the_limit_although_the_disk_hangs(tmp_path: Path) -> None:
    environment = {
        "PYTHONPATH": str(REPOSITORY) + os.pathsep + os.environ.get("PYTHONPATH", ""),
        "PYTHONUNBUFFERED": "1",
    }
    with subprocess.Popen(
        [sys.executable, "-c", HANGS],
        cwd=tmp_path,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = iter(process.stdout)
        assert any("DOOR released" in line for line in lines)
        (tmp_path / "slow").touch()
        assert any("SLOW" in line for line in lines)  # the main thread is stuck inside the journal
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        said = list(lines)
        took = time.monotonic() - begun
    assert process.returncode == 0, said
    assert ending.LIMIT_S <= took < 2.5  # half a second for a machine that has other things to do, too
    assert "DOOR closed\n" in said
    assert not any("released" in line or "OPEN" in line for line in said)
    assert any("Ended 1.5 s after it was told to" in line and "door was closed first" in line for line in said), said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_closes_the_door_and_asks_the_loop_to_stop_and_handlers_are_put_back(number: signal.Signals) -> None:
    class Looping:
        looping = True

    before = signal.getsignal(number)
    door = FakeDoor()
    with Ending(pytest.fail) as asked:
        asked.device, asked.door = Looping(), door  # type: ignore[assignment]
        door.open(5)
        os.kill(os.getpid(), number)
        assert asked.stop.wait(5)
        until = time.monotonic() + 5
        while door.released:
            assert time.monotonic() < until
            time.sleep(0.005)
    assert signal.getsignal(number) is before
    assert signal.set_wakeup_fd(-1) == -1
    assert "ending" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(DoorError, match="closed"):
        door.open(1)


def test_before_the_loop_runs_setting_up_is_broken_off() -> None:
    def set_up() -> None:
        with Ending(pytest.fail):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)

    with pytest.raises(KeyboardInterrupt):
        set_up()


def test_other_signals_end_nothing() -> None:
    with Ending(pytest.fail) as asked:
        before = signal.signal(signal.SIGUSR1, lambda *_: None)
        try:
            os.kill(os.getpid(), signal.SIGUSR1)
            assert not asked.stop.wait(0.1)
            os.kill(os.getpid(), signal.SIGUSR1)
            assert not asked.stop.wait(0.1)
        finally:
            signal.signal(signal.SIGUSR1, before)


def test_a_door_that_does_not_close_is_said() -> None:
    class Stuck(FakeDoor):
        def _drive(self, released: bool) -> None:
            if not released:
                raise OSError("the relay doesn't answer")

    said: list[str] = []
    asked = Ending(said.append, limit_s=0.0)
    asked.door = Stuck()
    asked._end()
    assert "expected it to close, found: the relay doesn't answer" in said[0]
    assert asked.stop.is_set()


def test_in_somebody_else_s_process_nothing_ends_at_once() -> None:
    assert not ending._own
    ending.at_once(3)  # or pytest would be gone
    with ending.own_process():
        assert ending._own
    ending.at_once(3)
