"""Transaction rows on disk: JSON lines, each synchronised before the door opens; deleted when their time is over."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from edge.errors import EdgeError
from edge.transaction import Transaction

_NAME = re.compile(r"transactions-.+-(\d{4}-\d{2}-\d{2})-[0-9a-f]{8}\.jsonl")


class JournalError(EdgeError, OSError):
    """Error raised when a row can't be kept: names the file, and what to do. The door stays closed then."""


class Journal:
    """One session's rows in a folder (0700), in a file (0600) of their own; the first row makes it. A context manager.

    A session is a site's day: rows of one day belong together, and a file can be deleted whole when `keep_days` are
    over. What a plug pulled in mid-row left of it in older files is cut off when a journal is opened: it was never
    acknowledged.
    """

    def __init__(
        self, folder: Path, site: str, keep_days: int, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.folder, self._keep = folder, timedelta(days=keep_days)
        self.day = now().date()
        self.session = f"{site}-{self.day.isoformat()}-{secrets.token_hex(4)}"
        self.path = folder / f"transactions-{self.session}.jsonl"
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
                self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                _sync(self.folder)
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
            name = _NAME.fullmatch(path.name)
            if name is None:
                continue
            if self.day - date.fromisoformat(name[1]) >= self._keep:
                path.unlink()
                deleted += 1
            elif _mended(path):
                mended += 1
        if deleted:
            _sync(self.folder)
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


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
