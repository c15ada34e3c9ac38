"""Doors are closed unless someone was let in a moment ago."""

from __future__ import annotations

import threading
import time

import pytest

from edge.door import LONGEST_S, Door, DoorError, FakeDoor, PulsedDoor, RelayDoor


def wait_for(what, seconds: float = 2.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.005)
    return False


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("door-")]


def test_a_pulse_ends_by_itself() -> None:
    with FakeDoor() as door:
        door.open(0.1)
        assert door.released
        assert wait_for(lambda: not door.released)
        (begun, first), (ended, last) = door.history
        assert (first, last) == (True, False)
        # A timer of Python is late by scheduling alone: tens of milliseconds on a busy machine.
        assert 0.1 <= (ended - begun) / 1e9 < 0.6
    assert not threads()


def test_a_second_pulse_lengthens_the_first_and_never_shortens_it() -> None:
    with FakeDoor() as door:
        door.open(0.5)
        door.open(0.05)
        time.sleep(0.2)
        assert door.released
        assert wait_for(lambda: not door.released)
        assert door.opened == 1
        assert [released for _, released in door.history] == [True, False]


@pytest.mark.parametrize("seconds", [0, -1, LONGEST_S + 0.1, float("inf"), float("nan")])
def test_a_silly_pulse_opens_nothing(seconds: float) -> None:
    with FakeDoor() as door:
        with pytest.raises(DoorError, match="stays closed"):
            door.open(seconds)
        assert not door.history


def test_closing_ends_the_pulse_at_once_and_twice_is_fine() -> None:
    door: Door = FakeDoor()
    door.open(5)
    door.close()
    door.close()
    assert not door.released
    assert not threads()
    with pytest.raises(DoorError, match="closed"):
        door.open(1)


def test_an_error_inside_leaves_the_door_closed() -> None:
    def broken(door: FakeDoor) -> None:
        with door:
            door.open(5)
            raise RuntimeError("the loop broke")

    door = FakeDoor()
    with pytest.raises(RuntimeError, match="loop"):
        broken(door)
    assert [released for _, released in door.history] == [True, False]


class Stuck(PulsedDoor):
    """Fails at what it is told to."""

    def __init__(self, at: bool) -> None:
        self.at = at
        super().__init__("stuck")

    def _drive(self, released: bool) -> None:
        if released is self.at:
            raise OSError("no answer")


def test_a_door_that_fails_to_open_says_so_and_is_shut() -> None:
    with Stuck(True) as door:
        with pytest.raises(DoorError, match="no answer"):
            door.open(1)
        assert not door.released


def test_a_door_that_failed_to_shut_is_told_at_the_next_turn_and_at_the_end() -> None:
    door = Stuck(False)
    door.open(0.05)
    assert wait_for(lambda: door._fault)
    assert door.released
    with pytest.raises(DoorError, match="couldn't be closed before"):
        door.open(1)
    with pytest.raises(DoorError, match="expected it to close"):
        door.close()


def test_a_door_that_failed_to_shut_is_tried_again_until_it_does() -> None:
    door = Stuck(False)
    with door:
        door.open(0.05)
        assert wait_for(lambda: door.fault)
        door.at = True
        assert wait_for(lambda: not door.released)
        assert door.fault == ""


def test_a_relay_without_its_library_or_pin_says_what_to_do() -> None:
    with pytest.raises(DoorError, match=r"python3-gpiozero|group gpio"):
        RelayDoor(17)


@pytest.mark.parametrize("active_high", [True, False])
def test_a_relay_pulses_its_pin_and_is_off_at_the_end(active_high: bool) -> None:
    mock = pytest.importorskip("gpiozero.pins.mock", reason="gpiozero is absent here")
    factory = mock.MockFactory()
    try:
        door = RelayDoor(17, active_high=active_high, factory=factory)
        pin = factory.pin(17)
        door.open(0.1)
        assert wait_for(lambda: not door.released)
        pulsed = [state.state for state in pin.states]
        door.open(5)
        door.close()
        level = 1 if active_high else 0
        assert [bool(state) for state in pulsed][-3:] == [bool(1 - level), bool(level), bool(1 - level)]
        assert bool(pin.states[-1].state) is bool(1 - level) or pin.function == "input"
    finally:
        factory.close()
