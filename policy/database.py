"""The one SQLite file behind ledger and store: how it is opened, who may write, and how its form moves forward.

Write-ahead log and full synchronisation: what a call returned from is on disk. Freed content is overwritten
(secure_delete). One writer, by a lock on a file beside it that the kernel lets go when the process dies. Whoever wants
the lock says so by another one, and a process that runs for long (a device) gives way: see `awaited`.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from policy.errors import PolicyError

APPLICATION = 0x54485245  # "THRE", in the header of every file of ours
_POLL_S = 0.02


class DatabaseError(PolicyError, OSError):
    """Error raised when the database can't be used: names the file, what was expected, what was found, what to do."""


class Busy(DatabaseError):
    """Error raised while another process writes, or still reads what has to be scrubbed."""


class Database:
    """A connection that writes, with the lock, waited for at most `patience_s` seconds. A context manager. Not for use
    by several threads."""

    def __init__(self, path: Path, forms: Sequence[str], patience_s: float = 0.0) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._locks = _locks(path, patience_s)
        try:
            with self.asked():
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
                self._connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
                for setting in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "temp_store=MEMORY",
                                "foreign_keys=ON", "trusted_schema=OFF"):  # fmt: skip
                    self._connection.execute(f"PRAGMA {setting}")
                self._whole()
                self._forward(forms)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let go of the lock. May be called twice."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        while self._locks:  # the writer's lock first: whoever gave way waits for the other one
            os.close(self._locks.pop(0))

    @property
    def connection(self) -> sqlite3.Connection:
        """The open connection. Raises DatabaseError after close."""
        if self._connection is None:
            raise DatabaseError(f"{self.path}: expected an open database, found it closed.")
        return self._connection

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Whatever SQLite or the disk refuses becomes a DatabaseError that names the file."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, PolicyError):
                raise
            raise DatabaseError(f"{self.path}: {_advice(error, self.path)}.") from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, on disk at its end, or nothing of it. Joins the one in progress. Raises DatabaseError."""
        with self.asked():
            connection = self.connection
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def scrub(self) -> None:
        """Leave no freed content in the file, and nothing in the write-ahead log. Raises Busy while someone reads."""
        with self.asked():
            connection = self.connection
            for step in ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                row = connection.execute(step).fetchone()
                if row is not None and row[0]:
                    raise Busy(f"{self.path}: another process still reads it, so old pages can't be overwritten yet.")

    def _whole(self) -> None:
        found = self.connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise DatabaseError(
                f"{self.path}: expected a whole database, found: {found}. Put it aside and restore a backup: "
                "threshold restore."
            )

    def _forward(self, forms: Sequence[str]) -> None:
        connection = self.connection
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        kind = connection.execute("PRAGMA application_id").fetchone()[0]
        empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
        if kind != APPLICATION and not (empty and kind == 0 and version == 0):
            raise DatabaseError(f"{self.path}: expected a database of Threshold, found another. Name another folder.")
        if version > len(forms):
            raise DatabaseError(
                f"{self.path}: was written by a later Threshold (form {version}, this one reads to {len(forms)}): use "
                "that one, or a later one."
            )
        for number, form in enumerate(forms[version:], start=version + 1):
            # A script of one transaction: killed in between, the file is of the form before.
            connection.executescript(
                f"BEGIN IMMEDIATE; {form}; PRAGMA application_id={APPLICATION}; PRAGMA user_version={number}; COMMIT;"
            )


def _locks(path: Path, patience_s: float = 0.0) -> list[int]:
    """The writer's lock, and where another process had it, that of waiting for it. Raises Busy, DatabaseError."""
    until = time.monotonic() + patience_s
    lock = _file(path, "lock")
    if _taken(lock):
        return [lock]
    waiting = _file(path, "waiting")
    for one in (waiting, lock):  # waiting in turn, and then for the one who works to give way
        while not _taken(one):
            if time.monotonic() >= until:
                os.close(lock)
                os.close(waiting)
                raise Busy(f"{path}: another process has it. End that one, or wait for it.")
            time.sleep(_POLL_S)
    return [lock, waiting]


def awaited(path: Path) -> bool:
    """Whether another process waits for this database, or has it after having waited.

    A process that keeps a database open for long asks this ten times a second or so, closes it when somebody waits, and
    opens it again when nobody does any more: so consent can be withdrawn while a door is at work. Raises DatabaseError.
    """
    waiting = _file(path, "waiting")
    try:
        return not _taken(waiting, fcntl.LOCK_SH)
    finally:
        os.close(waiting)


def _file(path: Path, what: str) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(path.with_name(f"{path.name}.{what}"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DatabaseError(
            f"{path}: expected a folder that can be written to, found one that can't ({error.strerror}). Nothing was "
            "changed. Is its disk mounted writable, is there room, is the folder yours?"
        ) from error


def _taken(lock: int, how: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """The writer's lock without the database. Raises Busy, DatabaseError."""
    (lock, *_) = _locks(path)
    try:
        yield
    finally:
        os.close(lock)


def reading(path: Path) -> sqlite3.Connection:
    """A connection that only reads, without the lock; from a disk that is read-only, too. Raises DatabaseError."""
    if not path.is_file():
        raise DatabaseError(f"{path}: expected a database, found none. Name its folder with --store.")
    log = path.with_name(path.name + "-wal")
    still = not os.access(path.parent, os.W_OK)
    if still and log.exists() and log.stat().st_size:
        raise DatabaseError(
            f"{path}: expected a database that was closed, or a folder that can be written to, found a write-ahead log "
            "on a read-only disk. Copy the folder to a writable place and look at the copy."
        )
    # Nobody changes it on a read-only disk; without saying so SQLite would want to write its index of the log.
    mode = "mode=ro&immutable=1" if still else "mode=ro"
    try:
        connection = sqlite3.connect(f"file:{path}?{mode}", uri=True, timeout=5.0, isolation_level=None)
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
            connection.close()
            raise DatabaseError(f"{path}: expected a database of Threshold, found another. Name another with --store.")
    except sqlite3.Error as error:
        raise DatabaseError(f"{path}: {_advice(error, path)}.") from error
    return connection


ROOM = 64 * 1024
"""Bytes below which a disk counts as full: a small write-ahead log with its index."""


def _advice(error: Exception, path: Path) -> str:
    words = str(error)
    if "decode" in words:  # SQLite's message quotes what is stored
        return "it is damaged: a text in it is none. Put it aside and restore a backup: threshold restore"
    # A memory-mapped index that finds no room is told as an error of the disk, not as a full one.
    if "full" in words or "No space" in words or "quota" in words or ("disk I/O" in words and _room(path) < ROOM):
        return f"the disk is full, so nothing was changed. Make room ({words})"
    if "readonly" in words or "Read-only" in words:
        return f"it can't be written to, so nothing was changed. Mount its disk writable ({words})"
    if "malformed" in words or "not a database" in words:
        return f"it is damaged. Put it aside and restore a backup: threshold restore ({words})"
    if "disk I/O" in words:
        return (
            f"the disk answers with an error. See what the kernel says of it (dmesg), and restore on another ({words})"
        )
    return f"expected a database that answers ({words})"


def _room(path: Path) -> int:
    try:
        found = os.statvfs(path.parent)
    except OSError:
        return ROOM
    return found.f_bavail * found.f_frsize
