"""The machine's own condition while it works: heat, supply, throttling, watts, and time given to other machines.

Everything is read from files under a root directory and from one program, so that recorded ones can stand in; what
isn't there says so, and why. Where the kernel has no file for a Raspberry Pi's value, a process is started (vcgencmd),
which takes time: it is done beside the work, by `Monitor`, once a second.
"""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from edge.errors import EdgeError

T = TypeVar("T")

STEAL = 0.05
"""A run in which the machine gave away more than this share of its time to other machines is void."""
THROTTLE = {
    0: "under-voltage",
    1: "clock capped",
    2: "throttled",
    3: "soft temperature limit",
}
"""Bits of the throttle word, now; the same plus 16: since the machine began (raspberrypi/linux#2367 and its
documentation of get_throttled)."""
RAILS_FACTOR, RAILS_CONSTANT_W = 1.1451, 0.5879
"""Watts of a Raspberry Pi 5 from the sum of its twelve rails' volts times amperes, fitted by jfikar/RPi5-power and
quoted in pi-top's documentation. Not verified here: a figure made with it says `derived`."""
_RAIL = re.compile(r"^\s*(\w+)_([AV])\s+(?:current|volt)\(\d+\)=([0-9.]+)[AV]\s*$", re.MULTILINE)


class NotHere(EdgeError, LookupError):
    """Error raised when a machine doesn't have what is asked: says what, and why. Not a fault."""


def vcgencmd(*words: str) -> str:
    """What the Raspberry Pi's firmware says. Raises NotHere where there is no such program or it fails."""
    try:
        done = subprocess.run(["vcgencmd", *words], capture_output=True, text=True, timeout=2, check=False)  # noqa: S603, S607
    except FileNotFoundError as error:
        raise NotHere(f"vcgencmd {' '.join(words)}: no such program, which comes with Raspberry Pi OS") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotHere(f"vcgencmd {' '.join(words)}: {error}") from error
    if done.returncode or "error" in done.stdout:
        raise NotHere(f"vcgencmd {' '.join(words)}: {(done.stdout or done.stderr).strip()}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the values are read: files under `root`, the firmware's through `firmware`."""

    root: Path = Path("/")
    firmware: Callable[..., str] = vcgencmd

    def celsius(self) -> float:
        """The processor's temperature, °C: the hottest of its zones. Raises NotHere."""
        zones = sorted((self.root / "sys/class/thermal").glob("thermal_zone*/temp"))
        found = []
        for zone in zones:
            try:
                found.append(int(zone.read_text("ascii")) / 1000)
            except (OSError, ValueError):  # a zone whose sensor is asleep gives an error: the others count
                continue
        if not found:
            raise NotHere(f"temperature: no zone that can be read in {self.root / 'sys/class/thermal'}")
        return max(found)

    def throttle(self) -> int:
        """The throttle word, see THROTTLE: the kernel's file, else the firmware. Raises NotHere."""
        # `soc` up to the Pi 4, `soc@107c000000` on a Pi 5 (from memory).
        for file in sorted((self.root / "sys/devices/platform").glob("soc*/soc*:firmware/get_throttled")):
            text = file.read_text("ascii").strip()
            return _hexadecimal(text, str(file))
        said = self.firmware("get_throttled")
        return _hexadecimal(said.partition("=")[2].strip(), f"vcgencmd get_throttled: {said.strip()!r}")

    def watts(self) -> float:
        """What the board draws, W, derived from its rails (RAILS_FACTOR). Raises NotHere; only a Pi 5 has it."""
        said = self.firmware("pmic_read_adc")
        amperes: dict[str, float] = {}
        volts: dict[str, float] = {}
        for rail, unit, value in _RAIL.findall(said):
            (amperes if unit == "A" else volts)[rail] = float(value)
        rails = amperes.keys() & volts.keys()
        if not rails or amperes.keys() - volts.keys():
            raise NotHere(f"vcgencmd pmic_read_adc: expected volts and amperes of each rail, found {said[:80]!r}")
        return sum(amperes[rail] * volts[rail] for rail in rails) * RAILS_FACTOR + RAILS_CONSTANT_W

    def ticks(self) -> tuple[int, int]:
        """Time given to other machines, and all time of all processors, in ticks since the machine began. Raises
        NotHere."""
        try:
            fields = [int(value) for value in (self.root / "proc/stat").read_text("ascii").split("\n")[0].split()[1:9]]
        except (OSError, ValueError) as error:
            raise NotHere(f"time given to other machines: {error}") from error
        if len(fields) < 8:
            raise NotHere(f"time given to other machines: expected 8 columns in proc/stat, found {len(fields)}")
        return fields[7], sum(fields)


def _hexadecimal(text: str, where: str) -> int:
    try:
        return int(text, 16)
    except ValueError as error:
        raise NotHere(f"throttle word: expected a hexadecimal number, found {text!r} ({where})") from error


def throttle_words(word: int) -> list[str]:
    """A throttle word in words: what is so now, and what was since the machine began."""
    now = [name for bit, name in THROTTLE.items() if word >> bit & 1]
    since = [f"{name} since the machine began" for bit, name in THROTTLE.items() if word >> (bit + 16) & 1]
    return [*now, *(words for words in since if words.removesuffix(" since the machine began") not in now)]


@dataclass(frozen=True, slots=True)
class Condition:
    """How the machine was in a run of `seconds`. None: not available here, and `absent` says why.

    `celsius`: at the beginning, and the most. `throttle`: all bits that were set at any look. `joules`: watts by the
    trapezoid rule over `looks`, of the whole board. `steal`: share of time given to other machines.
    """

    seconds: float
    looks: int
    celsius: tuple[float, float] | None
    throttle: int | None
    joules: float | None
    steal: float | None
    absent: tuple[str, ...] = ()

    @property
    def watts(self) -> float | None:
        """Mean, W."""
        return None if self.joules is None or not self.seconds else self.joules / self.seconds

    @property
    def void(self) -> tuple[str, ...]:
        """Why a figure of this run counts for nothing; empty when it may count."""
        reasons = []
        if self.throttle:
            reasons.append(f"throttle word {self.throttle:#x}: {', '.join(throttle_words(self.throttle))}")
        if self.steal is not None and self.steal > STEAL:
            reasons.append(f"{self.steal:.1%} of the time was given to other machines (at most {STEAL:.0%})")
        return tuple(reasons)


@dataclass
class Monitor:
    """Looks after the machine while something is measured; a context manager. `condition` is there afterwards.

    On a Raspberry Pi 5 each look starts a process for the rails, and that shows in this process's time, too: a few ms.
    What the machine doesn't have at the beginning isn't asked for again. Where only /proc/stat is there, no thread
    runs: it is read at the beginning and at the end.
    """

    machine: Machine = field(default_factory=Machine)
    every_s: float = 1.0
    condition: Condition | None = None
    _celsius: list[float] = field(default_factory=list)
    _watts: list[tuple[float, float]] = field(default_factory=list)
    _word: int | None = None
    _absent: dict[str, str] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _looks: int = 0

    def __enter__(self) -> Monitor:
        self._began = time.monotonic()
        self._ticks = self._try("steal", self.machine.ticks)
        self._look()
        self._done = threading.Event()
        self._thread = None
        if {"celsius", "throttle", "watts"} - self._absent.keys():
            self._thread = threading.Thread(target=self._watch, name="machine", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join(timeout=10.0)  # a look at the board takes two seconds at most
        self._look()
        steal = None
        ticks = self._try("steal", self.machine.ticks)
        if ticks is not None and self._ticks is not None:
            passed = ticks[1] - self._ticks[1]
            steal = (ticks[0] - self._ticks[0]) / passed if passed else 0.0
        pairs = zip(self._watts, self._watts[1:], strict=False)
        self.condition = Condition(
            seconds=time.monotonic() - self._began,
            looks=self._looks,
            celsius=(self._celsius[0], max(self._celsius)) if self._celsius else None,
            throttle=self._word,
            joules=sum((t1 - t0) * (w0 + w1) / 2 for (t0, w0), (t1, w1) in pairs) if len(self._watts) > 1 else None,
            steal=steal,
            absent=tuple(self._absent.values()),
        )

    def _watch(self) -> None:
        while not self._done.wait(self.every_s):
            self._look()

    def _look(self) -> None:
        self._looks += 1
        if (celsius := self._try("celsius", self.machine.celsius)) is not None:
            self._celsius.append(celsius)
        if (word := self._try("throttle", self.machine.throttle)) is not None:
            self._word = (self._word or 0) | word
        if (watts := self._try("watts", self.machine.watts)) is not None:
            self._watts.append((time.monotonic(), watts))

    def _try(self, what: str, read: Callable[[], T]) -> T | None:
        if what in self._absent and what not in self._seen:
            return None
        try:
            value = read()
        except NotHere as error:
            # What was there at the beginning is asked for again, and its loss is told beside what was read.
            self._absent[what] = f"at some looks: {error}" if what in self._seen else str(error)
            return None
        self._seen.add(what)
        return value
