"""Transaction rows on disk: JSON lines, each synchronised before the door opens; deleted when their time is over."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge.disk import sync
from edge.errors import EdgeError
from edge.transaction import Transaction
from policy.keys import SecretError, write_secret

_NAME = re.compile(r"transactions-.+-(\d{4}-\d{2}-\d{2})-[0-9a-f]{8}\.jsonl")
_NOTE = re.compile(r"device-.+-(\d{4}-\d{2}-\d{2})-[0-9a-f]{8}\.json")
"""What the device was, beside its rows, by the same name."""


class JournalError(EdgeError, OSError):
    """Error raised when a row can't be kept: names the file, and what to do. The door stays closed then."""


class Journal:
    """One session's rows in a folder (0700), in a file (0600) of their own; the first row makes it. A context manager.

    A session is a site's day: rows of one day belong together, and a file can be deleted whole when `keep_days` are
    over. It is called by the moment it began, with its zone (`2026-03-02T07:30:00.250+01:00/north-door-1a2b3c4d`), and
    `begun_ns` is that moment by time.monotonic_ns: stamps count from there, whatever becomes of the time of day. `note`
    says what the device is; it goes on disk beside the first row, before it. What a plug pulled in mid-row left of it
    in older files is cut off when a journal is opened: it was never acknowledged.
    """

    def __init__(
        self,
        folder: Path,
        site: str,
        keep_days: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        note: Mapping[str, Any] | None = None,
    ) -> None:
        self.folder, self._keep, self._note = folder, timedelta(days=keep_days), note
        begun, self.begun_ns = now(), time.monotonic_ns()
        self.day = begun.date()
        name = f"{site}-{self.day.isoformat()}-{(key := secrets.token_hex(4))}"
        self.session = f"{begun.astimezone().isoformat(timespec='milliseconds')}/{site}-{key}"
        self.path, self.note_path = folder / f"transactions-{name}.jsonl", folder / f"device-{name}.json"
        self.rows = 0
        self._size = 0
        self._file = -1
        self._closed = self._broken = False
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.mended, self.deleted = self._tidied()
        except OSError as error:
            raise JournalError(f"{folder}: expected a folder to keep rows in, found: {error}.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, row: Transaction) -> None:
        """Keep a row. When this returns it is on disk; when it raises JournalError nothing of it is."""
        if self._closed:
            raise JournalError(f"{self.path}: expected an open journal, found it closed. Open a new one.")
        line = row.model_dump_json(by_alias=True).encode() + b"\n"
        try:
            if self._broken:
                raise OSError("half a row couldn't be taken out again")
            if self._file < 0:
                self._noted()
                self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                sync(self.folder)
            self._write(line)
        except OSError as error:
            raise JournalError(
                f"{self.path}: expected a row to be kept, found: {error}. Is the disk full or read-only?"
            ) from error
        self._size += len(line)
        self.rows += 1

    def room(self) -> int:
        """Bytes left on the disk for this user. Raises JournalError."""
        try:
            return shutil.disk_usage(self.folder).free
        except OSError as error:
            raise JournalError(f"{self.folder}: expected a folder to keep rows in, found: {error}.") from error

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._closed = True
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _noted(self) -> None:
        if self._note is None or self.note_path.exists():
            return
        text = json.dumps({**self._note, "session": self.session}, indent=1, sort_keys=True) + "\n"
        try:
            write_secret(self.note_path, text.encode())
        except SecretError as error:
            raise OSError(str(error)) from error

    def _write(self, line: bytes) -> None:
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(self._file, left) :]
            os.fsync(self._file)
        except OSError:
            self._broken = True
            os.ftruncate(self._file, self._size)
            os.lseek(self._file, self._size, os.SEEK_SET)
            os.fsync(self._file)
            self._broken = False
            raise

    def _tidied(self) -> tuple[int, int]:
        """(files mended, files deleted)."""
        mended = deleted = 0
        for path in sorted(self.folder.iterdir()):
            rows = _NAME.fullmatch(path.name)
            name = rows or _NOTE.fullmatch(path.name)
            if name is None:
                continue
            if self.day - date.fromisoformat(name[1]) >= self._keep:
                path.unlink()
                deleted += rows is not None
            elif rows is not None and _mended(path):
                mended += 1
        sync(self.folder)
        return mended, deleted


def rows_of(folder: Path, person: str) -> list[Transaction]:
    """A person's rows in a folder, by the pseudonym they have there; also while a device writes there. Raises
    JournalError where the folder or a row in it can't be read."""
    if not folder.is_dir():
        raise JournalError(f"{folder}: expected the folder of a device's rows, found none. It is `journal` in [site].")
    found = []
    for path in sorted(folder.iterdir()):
        if _NAME.fullmatch(path.name) is None:
            continue
        try:
            whole = path.read_bytes().rpartition(b"\n")[0]  # a row that is being written isn't one yet
            rows = [Transaction.model_validate_json(line) for line in whole.splitlines()]
        except (OSError, ValueError) as error:
            raise JournalError(
                f"{path}: expected rows of a device, found: {type(error).__name__}. Is it damaged?"
            ) from error
        found += [row for row in rows if person in (row.claimed, row.decided_subject, row.true_subject)]
    return found


def _mended(path: Path) -> bool:
    """Whether the file's last line was cut off, and now isn't there any more."""
    with path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        whole = end
        while whole:
            file.seek(whole - 1)
            if file.read(1) == b"\n":
                break
            whole -= 1
        if whole == end:
            return False
        file.truncate(whole)
        os.fsync(file.fileno())
        return True
