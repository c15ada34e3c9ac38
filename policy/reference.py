"""Sealed references and the rotations that faces among them are turned by: rows that open in their place alone.

Every reference is sealed under a key that seals no other one: a fresh one is drawn whenever a reference is kept,
renewed or erased, and the old one goes with the epoch. So an older reference put back by hand does not open. The
digest of it in the person's file is for counting what doesn't open without opening anything.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from dataclasses import dataclass, replace
from typing import Any

from policy.entry import Modality
from policy.errors import UnknownSubject
from policy.keyring import SubjectKeys
from policy.keys import SIZE
from policy.people import People
from policy.seal import SealBroken, seal, unseal
from policy.subject import File
from policy.vault import Vault


@dataclass(frozen=True, slots=True)
class Kept:
    """What is to be kept as a reference."""

    content: bytes
    """A face's turned template, float32 (d,); a tag's identifier."""
    network: str
    """SHA-256 of the embedder; "" of a tag."""
    record: str
    """What the permit was bound to."""
    rotation: str
    """Id of what a face was turned by; "" of a tag."""
    lookup: bytes | None = None
    """What a tag is found by."""


class References:
    """The rows of references and rotations. Who may see them is asked elsewhere (policy.custody)."""

    def __init__(self, vault: Vault, people: People) -> None:
        self._vault, self._people = vault, people

    def keep(
        self, connection: sqlite3.Connection, subject: str, modality: Modality, kept: Kept, **changes: Any
    ) -> tuple[File, SubjectKeys]:
        """Seal a reference into its row, under a key of its own, and have the person's file name it, in the transaction
        of `connection`; `changes` are further ones of the file. The person's facts before and keys."""
        file, keys = self._people.open(subject)
        keys = replace(keys, **{modality: secrets.token_bytes(SIZE)})
        row = connection.execute(
            "SELECT version FROM reference WHERE subject = ? AND modality = ?", (subject, modality)
        ).fetchone()
        version = 1 if row is None else int(row[0]) + 1
        place = (self._vault.ledger.id, subject, modality, kept.network, kept.record, version, kept.rotation)
        sealed = seal(keys.of(modality), kept.content, "reference", *place)
        connection.execute(
            "INSERT OR REPLACE INTO reference VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (subject, modality, kept.network, kept.record, version, kept.rotation, sealed, kept.lookup),
        )
        references = {**file.references, modality: hashlib.sha256(sealed).hexdigest()}
        self._people.rekey(connection, subject, keys, file.model_copy(update={"references": references, **changes}))
        return file, keys

    def drop(self, connection: sqlite3.Connection, subject: str, modality: Modality) -> None:
        """Take a reference out, and its key, in the transaction of `connection`; the person stays."""
        file, keys = self._people.open(subject)
        connection.execute("DELETE FROM reference WHERE subject = ? AND modality = ?", (subject, modality))
        keys = replace(keys, **{modality: secrets.token_bytes(SIZE)})
        references = {kind: digest for kind, digest in file.references.items() if kind != modality}
        self._people.rekey(connection, subject, keys, file.model_copy(update={"references": references}))

    def open(self, subject: str, modality: Modality) -> tuple[dict[str, Any], bytes]:
        """(row, content) of a reference. Raises UnknownSubject, policy.seal.SealBroken."""
        file, keys = self._people.open(subject)
        with self._vault.database.asked():
            row = self._vault.database.connection.execute(
                "SELECT network, record, version, rotation, sealed FROM reference WHERE subject = ? AND modality = ?",
                (subject, modality),
            ).fetchone()
        if row is None or modality not in file.references:
            raise UnknownSubject(f"{subject}: expected an enrolled {modality}, found none.")
        network, record, version, rotation, sealed = row
        place = (self._vault.ledger.id, subject, modality, network, record, version, rotation)
        content = unseal(keys.of(modality), sealed, "reference", *place)
        return {"network": network, "record": record, "version": version, "rotation": rotation}, content

    def lookup(self, uid: bytes) -> bytes:
        """What a tag's row is found by."""
        return self._vault.keys.digest("tag", uid)

    def holder(self, uid: bytes) -> str | None:
        """Whose row a tag is found in, as the row says: nothing is opened here."""
        with self._vault.database.asked():
            row = self._vault.database.connection.execute(
                "SELECT subject FROM reference WHERE lookup = ?", (self.lookup(uid),)
            ).fetchone()
        return None if row is None else str(row[0])

    def unreadable(self) -> int:
        """See policy.store.Store.unreadable."""
        rows = self._people.count()
        with self._vault.database.asked():
            held = self._vault.database.connection.execute(
                "SELECT subject, modality, rotation, sealed FROM reference"
            ).fetchall()
        kept = {(subject, modality): (rotation, sealed) for subject, modality, rotation, sealed in held}
        people = list(self._people.subjects())
        broken = 0
        for name, file in people:
            for modality, digest in file.references.items():
                rotation, sealed = kept.get((name, modality), ("", b""))
                try:
                    if rotation:
                        self.secret(rotation)
                    broken += hashlib.sha256(sealed).hexdigest() != digest
                except SealBroken:
                    broken += 1
        return rows - len(people) + broken

    def rotation(self) -> tuple[str, bytes]:
        """(id, secret) of the present rotation; the first is drawn here."""
        with self._vault.database.writing() as connection:
            row = connection.execute("SELECT value FROM meta WHERE name = 'rotation'").fetchone()
            if row is not None:
                name = bytes(row[0]).decode()
                return name, self.secret(name)
            return self.another_rotation(connection)

    def another_rotation(self, connection: sqlite3.Connection) -> tuple[str, bytes]:
        """(id, secret) of a rotation that is the present one from now on, in the transaction of `connection`."""
        name, secret = secrets.token_hex(8), secrets.token_bytes(SIZE)
        connection.execute("INSERT INTO rotation VALUES (?, ?)", (name, self._vault.wrap(secret, "rotation", name)))
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('rotation', ?)", (name.encode(),))
        return name, secret

    def secret(self, rotation: str) -> bytes:
        """The secret of a rotation. Raises policy.seal.SealBroken."""
        with self._vault.database.asked():
            row = self._vault.database.connection.execute(
                "SELECT secret FROM rotation WHERE id = ?", (rotation,)
            ).fetchone()
        if row is None:
            raise SealBroken(f"rotation: expected {rotation}, found none. References turned by it stay closed.")
        return self._vault.unwrap(row[0], "rotation", rotation)
