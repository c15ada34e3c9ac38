"""Which tag belongs to whom among simulated subjects, in SQLite, in clear: what was acknowledged is on disk.

Real people's tags are in the sealed store (policy.store), and the lanes of a real door (edge.live) look there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from edge.errors import EdgeError
from policy.gate import Gate
from policy.permit import Permit

_SCHEMA = """
CREATE TABLE IF NOT EXISTS credential (
    uid BLOB PRIMARY KEY CHECK (length(uid) BETWEEN 4 AND 10),
    subject TEXT NOT NULL,
    blocked INTEGER NOT NULL DEFAULT 0 CHECK (blocked IN (0, 1))
) STRICT, WITHOUT ROWID
"""


class CredentialError(EdgeError, ValueError):
    """Error raised when a credential can't be kept (a tag that is somebody else's, or no tag identifier), and when the
    database itself fails: names it."""


class Credentials:
    """Tags of simulated subjects by identifier; behind them there is no person, and no other permit than the gate's
    `simulated` is taken. A context manager; one writer.

    Write-ahead log with full synchronisation: a pulled plug loses nothing that `add` or `block` returned from.
    """

    def __init__(self, path: Path, gate: Gate) -> None:
        self._gate, self._path = gate, path
        with self._asked():
            self._connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
        try:
            with self._asked():
                self._connection.execute("PRAGMA journal_mode=WAL")
                self._connection.execute("PRAGMA synchronous=FULL")
                self._connection.execute(_SCHEMA)
        except CredentialError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database. May be called twice."""
        self._connection.close()

    @contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise CredentialError(
                f"{self._path}: expected a database of credentials that answers, found: {error}."
            ) from error

    def add(self, tags: dict[bytes, str], permit: Permit) -> None:
        """Keep these tags (identifier → subject), all or none. Raises policy.gate.Refused, CredentialError."""
        self._gate.require(permit, "store")
        if permit.kind != "simulated":
            raise CredentialError(
                f"expected a permit for simulated subjects, found one to {permit.kind}. People's tags are kept by the "
                "sealed store: threshold enrol --tag."
            )
        with self._asked():
            try:
                with self._connection:  # rolls back whatever goes wrong, so that nothing half lingers
                    self._connection.execute("BEGIN IMMEDIATE")
                    self._connection.executemany("INSERT INTO credential (uid, subject) VALUES (?, ?)", tags.items())
            except sqlite3.IntegrityError as error:
                raise CredentialError(
                    f"expected tags of 4 to 10 bytes that are nobody's yet, found another ({error}). Nothing was kept."
                ) from error

    def block(self, uid: bytes) -> None:
        """From now on the tag opens nothing. Raises CredentialError for a tag that isn't known."""
        with self._asked():
            known = self._connection.execute("UPDATE credential SET blocked = 1 WHERE uid = ?", (uid,)).rowcount
        if not known:
            raise CredentialError(f"expected a known tag, found {uid.hex()}.")

    def owner(self, uid: bytes) -> tuple[str, bool] | None:
        """(subject, whether blocked) of a tag; None when it is nobody's."""
        with self._asked():
            row = self._connection.execute("SELECT subject, blocked FROM credential WHERE uid = ?", (uid,)).fetchone()
        return None if row is None else (str(row[0]), bool(row[1]))
