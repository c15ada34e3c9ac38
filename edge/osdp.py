"""A wall reader on RS-485 by OSDP with a secure channel (IEC 60839-11-5), through libosdp.

A reader that doesn't prove the key is never listened to, and there is no falling back to the installation key.
"""

from __future__ import annotations

import os
import termios
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge.reader import ReaderError, TagRead

_REFRESH_S = 0.02
"""libosdp wants to be called every 50 ms at least (its manual, "refresh")."""
ONLINE_S = 8.0
"""A secure channel takes about two seconds; without one for so long the line is taken for dead."""
_RATES = {
    9600: termios.B9600,
    19200: termios.B19200,
    38400: termios.B38400,
    57600: termios.B57600,
    115200: termios.B115200,
}


def read_key(path: Path) -> bytes:
    """The secure channel's base key, 16 bytes, from a file of 32 hexadecimal digits for its owner alone.

    Raises ReaderError. Draw one with `openssl rand -hex 16`.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise ReaderError(f"{path}: expected a key file for its owner alone, found others let in. chmod 600 {path}")
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise ReaderError(f"{path}: expected 32 hexadecimal digits (openssl rand -hex 16), found: {error}.") from error
    if len(key) != 16:
        raise ReaderError(f"{path}: expected 32 hexadecimal digits (openssl rand -hex 16), found {2 * len(key)}.")
    return key


class OsdpReader:
    """The reader at `address` (0 to 126) on the serial device `port`, at `baud` bits a second.

    A card's bits are taken as the reader sends them, the first one highest, the last byte filled with zeros. For one
    thread: the line is served inside `read`. Raises ReaderError.
    """

    def __init__(self, port: str, key: bytes, baud: int = 9600, address: int = 0) -> None:
        self._name = f"OSDP {port} address {address}"
        try:
            import osdp  # noqa: PLC0415  optional: pip install threshold[readers]
        except ImportError as error:
            raise ReaderError(f"{self._name}: expected libosdp, found none. pip install libosdp.") from error
        if not hasattr(osdp, "ControlPanel"):
            raise ReaderError(f"{self._name}: expected libosdp, found another package called osdp. Take that one out.")
        self._osdp, self._address = osdp, address
        self._line = _Line(port, baud, self._name)
        flags = [osdp.LibFlag.EnforceSecure]
        info = osdp.PDInfo(address, _channel(osdp, self._line), scbk=key, flags=flags)
        self._panel = osdp.ControlPanel([info], log_level=osdp.LogLevel.Emergency)
        self._secure_s = time.monotonic()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def secure(self) -> bool:
        """Whether the reader has proved the key and is heard now."""
        return not self._closed and bool(self._panel.ctx.sc_status() & 1)

    def read(self, timeout_s: float) -> TagRead | None:
        """See edge.reader.TagReader."""
        until = time.monotonic() + timeout_s
        while True:
            if self._closed:
                raise ReaderError(f"{self._name}: the reader is closed; open a new one.")
            self._panel.ctx.refresh()
            if self._line.broken:
                raise ReaderError(
                    f"{self._name}: expected a serial line, found: {self._line.broken}. Is it plugged in?"
                )
            now_s = time.monotonic()
            if self.secure:
                self._secure_s = now_s
            elif now_s - self._secure_s > ONLINE_S:
                raise ReaderError(
                    f"{self._name}: expected a secure channel within {ONLINE_S:g} s, found none. Is the reader on the "
                    "line, at this address and speed, with this key?"
                )
            event = self._panel.get_event(self._address, -1)
            read = None if event is None else self._card(event)
            if read is not None:
                return read
            if now_s >= until:
                return None
            time.sleep(min(_REFRESH_S, until - now_s))

    def close(self) -> None:
        """See edge.reader.TagReader."""
        if not self._closed:
            self._closed = True
            self._line.close()

    def _card(self, event: dict[str, Any]) -> TagRead | None:
        formats = (self._osdp.CardFormat.Unspecified, self._osdp.CardFormat.Wiegand)
        if event["event"] != self._osdp.Event.CardRead or event["format"] not in formats:
            return None
        bits, data = int(event["length"]), bytes(event["data"])
        size = -(-bits // 8)
        if not 4 <= size <= 10 or len(data) < size:
            return None
        spare = 8 * size - bits
        return TagRead((int.from_bytes(data[:size], "big") >> spare << spare).to_bytes(size, "big"))


class _Line:
    """A serial device: 8 bits, no parity, one stop bit, nothing waited for. What goes wrong is kept in `broken`: it is
    called from inside a library that has no use for an exception."""

    def __init__(self, port: str, baud: int, name: str) -> None:
        self.broken = ""
        try:
            self._file = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise ReaderError(f"{name}: expected a serial device, found: {error}. Is it plugged in?") from error
        try:
            rate = _RATES[baud]
            state = termios.tcgetattr(self._file)
            state[:6] = [0, 0, termios.CS8 | termios.CREAD | termios.CLOCAL, 0, rate, rate]
            termios.tcsetattr(self._file, termios.TCSANOW, state)
            termios.tcflush(self._file, termios.TCIOFLUSH)
        except (termios.error, KeyError) as error:
            os.close(self._file)
            raise ReaderError(
                f"{name}: expected a serial device at one of {', '.join(map(str, _RATES))} bits/s, found: {error!r}."
            ) from error

    def read(self, most: int) -> bytes:
        """What has come, at most so many bytes."""
        try:
            return os.read(self._file, most)
        except BlockingIOError:
            return b""
        except OSError as error:
            self.broken = str(error)
            return b""

    def write(self, data: bytes) -> int:
        """How many bytes went out."""
        try:
            return os.write(self._file, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            self.broken = str(error)
            return 0

    def flush(self) -> None:
        """Throw away what came and wasn't read."""
        try:
            termios.tcflush(self._file, termios.TCIFLUSH)
        except termios.error as error:
            self.broken = str(error)

    def close(self) -> None:
        """Let go of the device."""
        os.close(self._file)


def _channel(osdp: Any, line: _Line) -> Any:
    """The line as libosdp wants it, whose base class is there only where it is installed."""
    methods = {
        "read": lambda _, most: line.read(most),
        "write": lambda _, data: line.write(data),
        "flush": lambda _: line.flush(),
    }
    return type("Channel", (osdp.Channel,), methods)()
