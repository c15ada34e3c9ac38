"""A contactless reader behind PC/SC (pcscd), through pyscard, which comes from the device's own packages."""

from __future__ import annotations

import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from edge.reader import ReaderError, TagRead

_GET_UID = [0xFF, 0xCA, 0x00, 0x00, 0x00]
"""PC/SC part 3, 3.2.2.1.3: Get Data, the identifier of the card in the field."""
_POLL_S = 0.05
_AGAIN_S = 1.0
"""A card left lying on the reader is one presentation; after it was away for this long it is another."""


class CardReader:
    """The first reader of pcscd whose name contains `name`. A tag is read once each time it comes into the field.

    Raises ReaderError, when it is made, where pyscard, pcscd or the reader isn't there.
    """

    def __init__(self, name: str = "") -> None:
        try:
            from smartcard.Exceptions import CardConnectionException, NoCardException  # noqa: PLC0415  optional
            from smartcard.pcsc.PCSCExceptions import BaseSCardException  # noqa: PLC0415
            from smartcard.System import readers  # noqa: PLC0415
        except ImportError as error:
            raise ReaderError(
                "PC/SC: expected pyscard, found none. On Debian and Raspberry Pi OS: apt install python3-pyscard pcscd."
            ) from error
        self._no_card: tuple[type[Exception], ...] = (NoCardException, CardConnectionException)
        self._failures: tuple[type[Exception], ...] = (BaseSCardException,)
        self._listed = readers
        self._wanted = name
        self._reader = self._find()
        self._present: bytes | None = None
        self._seen_s = 0.0
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<CardReader {self._reader}{' closed' if self._closed else ''}>"

    def read(self, timeout_s: float) -> TagRead | None:
        """See edge.reader.TagReader."""
        until = time.monotonic() + timeout_s
        while True:
            if self._closed:
                raise ReaderError(f"{self._reader}: the reader is closed; open a new one.")
            uid, now_s = self._field(), time.monotonic()
            if uid is not None:
                fresh = uid != self._present or now_s - self._seen_s > _AGAIN_S
                self._present, self._seen_s = uid, now_s
                if fresh:
                    return TagRead(uid)
            left_s = until - time.monotonic()
            if left_s <= 0:
                return None
            time.sleep(min(_POLL_S, left_s))

    def close(self) -> None:
        """See edge.reader.TagReader. Each read lets go of its card by itself."""
        self._closed = True

    def _find(self) -> Any:
        try:
            names = self._listed()
        except self._failures as error:
            raise ReaderError(
                f"PC/SC: expected pcscd to answer, found: {error}. Is it running? systemctl start pcscd."
            ) from error
        for reader in names:
            if self._wanted in str(reader):
                return reader
        there = ", ".join(str(reader) for reader in names) or "none"
        raise ReaderError(f"PC/SC: expected a reader named like {self._wanted!r}, found: {there}. Is it plugged in?")

    def _field(self) -> bytes | None:
        """The identifier of the card in the field; None: no card, or one that was taken away too soon."""
        # Looked for each time: without pcscd or the reader, connecting fails as it does without a card.
        self._reader = self._find()
        try:
            connection = self._reader.createConnection()
        except self._no_card as error:
            raise ReaderError(f"{self._reader}: expected pcscd to answer, found: {error}.") from error
        try:
            connection.connect()
            try:
                data, one, two = connection.transmit(_GET_UID)
            finally:
                connection.disconnect()
        except self._no_card:
            return None
        except self._failures as error:
            raise ReaderError(f"{self._reader}: expected a reader that answers, found: {error}.") from error
        finally:
            with suppress(*self._no_card):  # what pcscd took away with it needs no release
                connection.release()
        uid = bytes(data)
        return uid if (one, two) == (0x90, 0x00) and 4 <= len(uid) <= 10 else None
