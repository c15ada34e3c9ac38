"""Epochs: the secret under which everything is wrapped, replaced whenever something must never be opened again.

Beside the database lies the file `epoch`. Every erasure, withdrawal, order and renewal draws another secret, wraps
what remains under it and lets the old one go: what was wrapped before, in an older copy of the database as in pages
that were freed, stays closed. The database says, sealed under the present secret, how far the ledger reached at that
moment, so that neither an older database nor a ledger cut off behind it is taken for the present one.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from policy.database import Busy, Database, DatabaseError
from policy.errors import PolicyError
from policy.keys import SIZE, Keys, SecretError, read_secret, sync_folder, write_secret
from policy.ledger import newest_anchor
from policy.seal import SealBroken, seal, unseal

PRESENT, NEXT, ANCHOR = "epoch", "epoch.next", "anchor.json"
"""Files beside the database: the secret, the one that takes its place, and how far the ledger reached then."""

Rewrap = Callable[[sqlite3.Connection, bytes, bytes], None]
"""Wraps everything anew: connection, key so far, key from now on."""


class RolledBack(PolicyError, RuntimeError):
    """Error raised when the database isn't the one this device wrote last: says what to do."""


class Epoch:
    """The present secret of one database, settled when it is made: an interrupted change is finished or dropped."""

    def __init__(self, database: Database, keys: Keys, store: str, rewrap: Rewrap) -> None:
        self._database, self._keys, self._store, self._rewrap = database, keys, store, rewrap
        self._file, self._next = database.path.with_name(PRESENT), database.path.with_name(NEXT)
        self._key = b""
        self._settle()

    @property
    def key(self) -> bytes:
        """What subject keys and rotations are wrapped with."""
        return self._key

    @contextmanager
    def superseding(self) -> Iterator[sqlite3.Connection]:
        """A transaction after which nothing wrapped before it opens. Its end is on disk when this returns.

        Raises policy.database.Busy when all that is done, but another process reads old pages: they are scrubbed when
        the store is opened next.
        """
        fresh = secrets.token_bytes(SIZE)
        write_secret(self._next, fresh)
        key = self._derived(fresh)
        with self._database.writing() as connection:
            yield connection
            self._rewrap(connection, self._key, key)
            _state(connection, key, self._store)
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('scrub', x'01')")
        self._key = key
        try:
            self._replace()
            anchored(self._database)
            self.scrub()
        except (SecretError, DatabaseError) as error:
            if isinstance(error, Busy):
                raise
            raise DatabaseError(
                f"{self._database.path}: what was asked for is done and stays done, but what it freed isn't "
                "overwritten yet. Make room, and open the store again: threshold status. Its cause: "
                f"{error.__cause__ or error}."
            ) from error

    def scrub(self) -> None:
        """Overwrite what the last change freed, if that is still to be done. Raises policy.database.Busy."""
        with self._database.asked():
            connection = self._database.connection
            if connection.execute("SELECT 1 FROM meta WHERE name = 'scrub'").fetchone() is None:
                return
            self._database.scrub()
            connection.execute("DELETE FROM meta WHERE name = 'scrub'")

    def _settle(self) -> None:
        with self._database.asked():
            connection = self._database.connection
            row = connection.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()
            used = connection.execute("SELECT 1 FROM subject UNION SELECT 1 FROM rotation").fetchone()
        if row is None and used is None:
            fresh = secrets.token_bytes(SIZE)
            write_secret(self._file, fresh)
            self._key = self._derived(fresh)
            with self._database.writing() as connection:
                _state(connection, self._key, self._store)
            anchored(self._database)
            return
        for path in (self._file, self._next):
            if row is None or not path.exists():
                continue
            key = self._derived(read_secret(path))
            try:
                state = json.loads(unseal(key, row[0], "epoch", self._store))
            except SealBroken:
                continue
            self._reached(state)
            self._key = key
            if path == self._next:
                self._replace()
                anchored(self._database)
            else:
                self._next.unlink(missing_ok=True)
            return
        raise RolledBack(
            f"{self._database.path}: expected the database that this device wrote last, found one that its file "
            f"{self._file.name} does not open: an older copy was put back, or the file is another's. Nothing in it can "
            "be opened. Put the newest one back, or put this one aside and restore a backup."
        )

    def _reached(self, state: dict[str, object]) -> None:
        row = self._database.connection.execute("SELECT hash FROM entry WHERE seq = ?", (state["seq"],)).fetchone()
        if row is None or row[0].hex() != state["hash"]:
            raise RolledBack(
                f"{self._database.path}: expected the ledger to hold entry {state['seq']} as it was when something was "
                "last erased or ordered, found it cut off or another. Nothing is opened. Restore a backup."
            )

    def _derived(self, secret: bytes) -> bytes:
        return self._keys.derive("wrap", secret)

    def _replace(self) -> None:
        """The next secret takes the place of the old one, which is overwritten as far as the disk lets us."""
        try:
            old = os.open(self._file, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            old = -1
        except OSError as error:
            raise SecretError(f"{self._file}: can't be replaced ({error.strerror}).") from error
        try:
            self._next.replace(self._file)
            sync_folder(self._file.parent)
            if old >= 0:
                os.pwrite(old, bytes(SIZE), 0)
                os.fsync(old)
        except OSError as error:
            raise SecretError(f"{self._file}: can't be replaced ({error.strerror}).") from error
        finally:
            if old >= 0:
                os.close(old)


def begin(database: Database, keys: Keys, store: str, target: Path, secret: bytes) -> bytes:
    """The key of a secret with which a restored database begins, once it has taken `target`'s place."""
    write_secret(target.with_name(NEXT), secret)
    key = keys.derive("wrap", secret)
    _state(database.connection, key, store)
    return key


def anchored(database: Database) -> None:
    """Have an anchor beside the database, for when a backup is put back. Raises SecretError."""
    path = database.path.with_name(ANCHOR)
    text = newest_anchor(database.path).model_dump_json(by_alias=True)
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise SecretError(f"{path}: can't be written ({error.strerror}). Is the disk full or read-only?") from error


def _state(connection: sqlite3.Connection, key: bytes, store: str) -> None:
    seq, hash_ = connection.execute("SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
    value = seal(key, json.dumps({"seq": seq, "hash": hash_.hex()}).encode(), "epoch", store)
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('epoch', ?)", (value,))
