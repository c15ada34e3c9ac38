"""An OSDP reader: the real library at both ends of a pseudo-terminal, with its secure channel."""

from __future__ import annotations

import os
import pty
import secrets
import subprocess
import sys
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import osdp as ours
from edge.osdp import OsdpReader, read_key
from edge.reader import ReaderError, TagRead

pytest.importorskip("osdp_sys", reason="needs the extra readers (libosdp), absent here")

KEY = secrets.token_bytes(16)
READER = """
import os, sys, time
import osdp
key, handle = bytes.fromhex(sys.argv[1]), int(sys.argv[2])
os.set_blocking(handle, False)
class Channel(osdp.Channel):
    def read(self, most):
        try:
            return os.read(handle, most)
        except OSError:
            return b""
    def write(self, data):
        try:
            return os.write(handle, data)
        except OSError:
            return 0
    def flush(self):
        pass
can = osdp.Capability
capabilities = osdp.PDCapabilities([(can.CardDataFormat, 1, 1), (can.CommunicationSecurity, 1, 1)])
device = osdp.PeripheralDevice(
    osdp.PDInfo(101, Channel(), scbk=key, flags=[osdp.LibFlag.EnforceSecure]), capabilities, osdp.LogLevel.Emergency
)
device.start()
device.sc_wait(20)
for line in sys.stdin:
    length, data = line.split()
    device.submit_event({"event": osdp.Event.CardRead, "reader_no": 0, "direction": 0,
                         "format": osdp.CardFormat.Wiegand, "length": int(length), "data": bytes.fromhex(data)})
device.stop()
"""


class Wall:
    """A reader on the wall, in a process of its own."""

    def __init__(self, key: bytes) -> None:
        master, slave = pty.openpty()
        tty.setraw(slave)
        self.port = os.ttyname(slave)
        self._slave = slave
        self.process = subprocess.Popen(
            [sys.executable, "-c", READER, key.hex(), str(master)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            pass_fds=[master],
        )
        os.close(master)

    def hold(self, bits: int, data: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{bits} {data}\n")
        self.process.stdin.flush()

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        os.close(self._slave)


@pytest.fixture
def wall() -> Iterator[Wall]:
    made = Wall(KEY)
    yield made
    made.close()


def read(reader: OsdpReader, seconds: float) -> TagRead | None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = reader.read(0.25)
        if found is not None:
            return found
    return None


def test_cards_come_through_the_secure_channel(wall: Wall) -> None:
    with OsdpReader(wall.port, KEY, 115200, 101) as reader:
        assert not reader.secure
        wall.hold(26, "123456ff")
        assert read(reader, 12) == TagRead(bytes.fromhex("123456c0")), "26 bits, the rest is zero"
        assert reader.secure
        wall.hold(56, "04a1b2c3d4e580")
        assert read(reader, 5) == TagRead(bytes.fromhex("04a1b2c3d4e580"))
        wall.hold(16, "1234")
        assert read(reader, 0.6) is None, "too short for an identifier"


def test_a_reader_with_another_key_is_not_listened_to(wall: Wall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "ONLINE_S", 4.0)
    with OsdpReader(wall.port, secrets.token_bytes(16), 115200, 101) as reader:
        wall.hold(26, "12345680")
        with pytest.raises(ReaderError, match="with this key"):
            read(reader, 15)
        assert not reader.secure


def test_a_line_that_is_gone_is_said(wall: Wall) -> None:
    with OsdpReader(wall.port, KEY, 115200, 101) as reader:
        wall.hold(26, "12345680")
        assert read(reader, 12) is not None
        wall.process.kill()
        wall.process.wait(5)
        with pytest.raises(ReaderError, match=r"plugged in|on the line"):
            read(reader, 15)


def test_a_closed_reader_says_so(wall: Wall) -> None:
    reader = OsdpReader(wall.port, KEY, 9600, 101)
    reader.close()
    reader.close()
    with pytest.raises(ReaderError, match="closed"):
        reader.read(0.1)


def test_what_is_no_serial_device_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReaderError, match="expected a serial device"):
        OsdpReader(str(tmp_path / "ttyUSB0"), KEY)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ReaderError, match="expected a serial device"):
        OsdpReader(str(tmp_path / "file"), KEY)


def test_a_key_is_sixteen_bytes_in_a_file_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "osdp.key"
    path.write_text(KEY.hex() + "\n")
    path.chmod(0o600)
    assert read_key(path) == KEY
    path.chmod(0o640)
    with pytest.raises(ReaderError, match="chmod 600"):
        read_key(path)
    path.chmod(0o600)
    for wrong in ("", "00" * 15, "zz" * 16):
        path.write_text(wrong)
        with pytest.raises(ReaderError, match="openssl rand -hex 16") as told:
            read_key(path)
        assert KEY.hex() not in str(told.value)
