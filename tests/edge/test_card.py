"""A contactless reader through the real pcscd, with a card that a socket plays; and what is said without them."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.card import CardReader
from edge.reader import ReaderError, TagRead

VPCD = 35963
"""Where the virtual reader of vsmartcard-vpcd listens (/etc/reader.conf.d/vpcd)."""
ATR = bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")
"""Of a storage card, PC/SC part 3, 3.1.3.2.3."""
UID = bytes.fromhex("04a1b2c3d4e580")


def here() -> bool:
    try:
        import smartcard  # noqa: F401
    except ImportError:
        return False
    return bool(shutil.which("pcscd")) and Path("/etc/reader.conf.d/vpcd").exists() and os.geteuid() == 0


needs_pcscd = pytest.mark.skipif(not here(), reason="needs pcscd, vpcd and pyscard, absent here")


class Card(threading.Thread):
    """A card in the field while it runs."""

    def __init__(self, uid: bytes) -> None:
        super().__init__(name="card")
        self.uid, self.asked = uid, 0
        self._socket = socket.create_connection(("127.0.0.1", VPCD), 5)
        self._socket.settimeout(None)

    def run(self) -> None:
        while (told := self._told()) is not None:
            if len(told) == 1:  # power off, power on, reset; 4 asks for the ATR
                if told[0] == 4:
                    self._say(ATR)
                continue
            self.asked += 1
            self._say(self.uid + b"\x90\x00" if told[:4] == b"\xff\xca\x00\x00" else b"\x6d\x00")

    def take_away(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self.join(5)
        self._socket.close()

    def _told(self) -> bytes | None:
        header = self._exactly(2)
        return None if header is None else self._exactly(struct.unpack(">H", header)[0])

    def _exactly(self, count: int) -> bytes | None:
        data = b""
        while len(data) < count:
            try:
                more = self._socket.recv(count - len(data))
            except OSError:
                return None
            if not more:
                return None
            data += more
        return data

    def _say(self, data: bytes) -> None:
        self._socket.sendall(struct.pack(">H", len(data)) + data)


class Daemon:
    """pcscd, as a service manager would run it."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(["pcscd", "--foreground"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while True:
            try:
                CardReader("Virtual PCD").close()
            except ReaderError:
                if time.monotonic() > until or self.process.poll() is not None:
                    pytest.fail("pcscd doesn't answer")
                time.sleep(0.1)
            else:
                return

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    running = Daemon()
    yield running
    running.stop()


@pytest.fixture
def card(daemon: Daemon) -> Iterator[Card]:
    played = Card(UID)
    played.start()
    yield played
    played.take_away()


def read(reader: CardReader, seconds: float = 5.0) -> TagRead | None:
    """The next read, waited for as the device does."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = reader.read(0.25)
        if found is not None:
            return found
    return None


@needs_pcscd
def test_a_card_in_the_field_is_read_once(card: Card) -> None:
    with CardReader("Virtual PCD") as reader:
        assert read(reader) == TagRead(UID)
        assert read(reader, 1.5) is None, "left lying there it is still one presentation"


@needs_pcscd
def test_a_card_held_there_again_is_read_again(daemon: Daemon) -> None:
    with CardReader("Virtual PCD") as reader:
        for uid in (UID, UID, bytes.fromhex("04a1b2c4")):
            card = Card(uid)
            card.start()
            assert read(reader) == TagRead(uid)
            card.take_away()
            time.sleep(1.2)


@needs_pcscd
def test_no_card_is_no_read_and_no_error(daemon: Daemon) -> None:
    with CardReader("Virtual PCD") as reader:
        begun = time.monotonic()
        assert reader.read(0.3) is None
        assert 0.3 <= time.monotonic() - begun < 1.5


@needs_pcscd
def test_a_daemon_that_ends_is_said_and_another_reader_opens_when_it_is_back(daemon: Daemon) -> None:
    with CardReader("Virtual PCD") as reader:
        assert reader.read(0.1) is None
        daemon.stop()
        with pytest.raises(ReaderError, match="systemctl start pcscd"):
            read(reader)
    with pytest.raises(ReaderError, match="systemctl start pcscd"):
        CardReader()
    daemon.start()
    card = Card(UID)
    card.start()
    with CardReader("Virtual PCD") as reader:
        assert read(reader) == TagRead(UID)
    card.take_away()


@needs_pcscd
def test_a_closed_reader_says_so(daemon: Daemon) -> None:
    reader = CardReader("Virtual PCD")
    reader.close()
    reader.close()
    with pytest.raises(ReaderError, match="closed"):
        reader.read(0.1)


@needs_pcscd
def test_a_reader_that_is_not_there_is_named_with_those_that_are(daemon: Daemon) -> None:
    with pytest.raises(ReaderError, match=r"ACR1552.*Virtual PCD"):
        CardReader("ACR1552")


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "smartcard.System", None)
    monkeypatch.setitem(sys.modules, "smartcard", None)
    with pytest.raises(ReaderError, match="apt install python3-pyscard pcscd"):
        CardReader()
