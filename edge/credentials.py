"""Which tag belongs to whom, in SQLite: what was acknowledged is on disk."""

from __future__ import annotations

import sqlite3
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
    """Error raised when a credential can't be kept: a tag that is somebody else's, or no tag identifier."""


class Credentials:
    """Tags by identifier. A tag is personal data too: adding one asks the gate. A context manager; one writer.

    Write-ahead log with full synchronisation: a pulled plug loses nothing that `add` or `block` returned from.
    """

    def __init__(self, path: Path, gate: Gate) -> None:
        self._gate = gate
        self._connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(_SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def add(self, tags: dict[bytes, str], permit: Permit) -> None:
        """Keep these tags (identifier → subject), all or none. Raises policy.gate.Refused, CredentialError."""
        self._gate.require(permit, "store")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT INTO credential (uid, subject) VALUES (?, ?)", tags.items())
            self._connection.execute("COMMIT")
        except sqlite3.IntegrityError as error:
            self._connection.execute("ROLLBACK")
            raise CredentialError(
                f"expected tags of 4 to 10 bytes that are nobody's yet, found another ({error}). Nothing was kept."
            ) from error

    def block(self, uid: bytes) -> None:
        """From now on the tag opens nothing. Raises CredentialError for a tag that isn't known."""
        if self._connection.execute("UPDATE credential SET blocked = 1 WHERE uid = ?", (uid,)).rowcount == 0:
            raise CredentialError(f"expected a known tag, found {uid.hex()}.")

    def owner(self, uid: bytes) -> tuple[str, bool] | None:
        """(subject, whether blocked) of a tag; None when it is nobody's."""
        row = self._connection.execute("SELECT subject, blocked FROM credential WHERE uid = ?", (uid,)).fetchone()
        return None if row is None else (str(row[0]), bool(row[1]))
