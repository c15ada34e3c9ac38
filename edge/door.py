"""Doors: the interface, a relay on a GPIO pin, and a fake that notes what it was told. All of them fail secure.

A door is closed when it is made, after each pulse, on any error and when it is closed for good; the end of a pulse
doesn't depend on the loop that asked for it. What no program can promise (a process killed in mid-pulse, a relay stuck)
is for the hardware: a relay with a one-shot timer, and `dtparam=strict_gpiod` in config.txt.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any, Protocol, Self

from edge.errors import EdgeError

LONGEST_S = 10.0
"""No pulse is longer, whoever asks."""
_AGAIN_NS = 200_000_000


class DoorError(EdgeError, OSError):
    """Error raised when a door can't be opened or let go of: names it, what was expected and found, what to do."""


class Door(Protocol):
    """What lets people in. A context manager; `close` may be called twice."""

    def open(self, seconds: float) -> None:
        """Release the door for so long, from now; returns at once. Raises DoorError, and then the door is closed."""
        ...

    @property
    def released(self) -> bool:
        """Whether it can be pushed open now."""
        ...

    @property
    def fault(self) -> str:
        """Why it couldn't be closed when it should have been, as long as that is so; empty: it could."""
        ...

    def close(self) -> None:
        """Closed, and never opened again."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class PulsedDoor:
    """A door that is released by one level and closed by another; subclasses set the level in `_drive`.

    The end of a pulse is a timer's work; what can't be closed is tried again, five times a second. A pulse within a
    pulse lengthens it, to at most LONGEST_S from now.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._until_ns = 0
        self._closed = self._released = False
        self._fault = ""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name} {'closed for good' if self._closed else self._state()}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def released(self) -> bool:
        """See Door."""
        return self._released

    @property
    def fault(self) -> str:
        """See Door."""
        return self._fault

    def open(self, seconds: float) -> None:
        """See Door."""
        if not 0 < seconds <= LONGEST_S:
            raise DoorError(
                f"{self._name}: expected a pulse of up to {LONGEST_S:g} s, found {seconds}. It stays closed."
            )
        with self._lock:
            if self._closed:
                raise DoorError(f"{self._name}: expected an open connection, found it closed. Open a new one.")
            if self._fault:
                raise DoorError(f"{self._name}: it couldn't be closed before ({self._fault}). Look at the relay.")
            self._until_ns = max(self._until_ns, time.monotonic_ns() + round(seconds * 1e9))
            # The end is armed before the beginning: no path leaves a released door without a timer behind it.
            if self._timer is None:
                self._arm()
            try:
                self._drive(True)
                self._released = True
            except Exception as error:
                self._drop()
                raise DoorError(f"{self._name}: expected a door that can be released, found: {error}.") from error

    def close(self) -> None:
        """See Door. Raises DoorError when it can't be closed."""
        with self._lock:
            timer, self._timer = self._timer, None
            if timer is not None:
                timer.cancel()
            if self._closed:
                return
            self._closed = True
            self._drop()
        if timer is not None and timer is not threading.current_thread():
            timer.join(1.0)
        self._let_go()
        if self._fault:
            raise DoorError(f"{self._name}: expected it to close, found: {self._fault}. Look at relay and wiring.")

    def _state(self) -> str:
        return "released" if self._released else "shut"

    def _arm(self) -> None:
        left_s = max(0.0, (self._until_ns - time.monotonic_ns()) / 1e9)
        self._timer = threading.Timer(left_s, self._due)
        self._timer.name, self._timer.daemon = f"door-{self._name}", True
        self._timer.start()

    def _due(self) -> None:
        with self._lock:
            self._timer = None
            if self._closed:
                return
            if time.monotonic_ns() < self._until_ns:  # lengthened since
                self._arm()
                return
            self._drop()
            if self._fault:
                self._until_ns = time.monotonic_ns() + _AGAIN_NS
                self._arm()

    def _drop(self) -> None:
        try:
            self._drive(False)
            self._released, self._fault = False, ""
        except Exception as error:  # noqa: BLE001  told in `open` and `close`: a timer has nobody to raise to
            self._fault = str(error) or type(error).__name__

    def _drive(self, released: bool) -> None:
        """Set the level. May raise anything."""
        raise NotImplementedError

    def _let_go(self) -> None:
        """Give the device back."""


class FakeDoor(PulsedDoor):
    """No door: `history` holds (when by time.monotonic_ns, released) of every change. Closes like a real one."""

    def __init__(self, name: str = "fake door") -> None:
        self.history: list[tuple[int, bool]] = []
        super().__init__(name)

    @property
    def opened(self) -> int:
        """How often it went from shut to released."""
        return sum(released for _, released in self.history)

    def _drive(self, released: bool) -> None:
        if released is not self._released:
            self.history.append((time.monotonic_ns(), released))


class RelayDoor(PulsedDoor):
    """A relay on a GPIO pin (BCM number), through gpiozero. Raises DoorError where there is no such pin.

    `factory` is gpiozero's pin factory; None takes gpiozero's own choice.
    """

    def __init__(self, pin: int, *, active_high: bool = True, factory: Any = None) -> None:
        name = f"relay on GPIO {pin}"
        try:
            from gpiozero import OutputDevice  # noqa: PLC0415  optional: `pip install threshold[pi]`
        except ImportError as error:
            raise DoorError(
                f"{name}: expected gpiozero, which drives the pin, found none. On a Pi: apt install python3-gpiozero."
            ) from error
        try:
            self._device = OutputDevice(pin, active_high=active_high, initial_value=False, pin_factory=factory)
        except Exception as error:
            raise DoorError(
                f"{name}: expected a pin that can be driven, found: {error}. Is this a Pi, is the pin free, may this "
                "user use GPIO (group gpio)?"
            ) from error
        super().__init__(name)

    def _drive(self, released: bool) -> None:
        if released:
            self._device.on()
        else:
            self._device.off()

    def _let_go(self) -> None:
        self._device.close()
