"""People's files in the store: each person's facts, sealed under keys of that person's own."""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import replace

from policy.entry import Body
from policy.errors import StoreError, UnknownSubject
from policy.keyring import SubjectKeys
from policy.keys import SIZE
from policy.seal import SealBroken, seal, unseal
from policy.subject import DRAWN, File
from policy.vault import Vault


class People:
    """The rows of people: found by a digest of what the site calls them, opened with the vault's key."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def admit(self, file: File) -> str:
        """See policy.store.Store.admit."""
        demonstration = self._vault.ledger.demonstration
        if demonstration != (re.fullmatch(DRAWN, file.reference) is not None):
            raise StoreError(
                f"{file.reference!r}: expected a drawn person, called synthetic: and a number, as this store is a "
                "demonstration." if demonstration
                else f"{file.reference!r}: expected a person, found the name of a drawn one. Drawn people have a store "
                "of their own."
            )  # fmt: skip
        handle = self.handle(file.reference)
        keys = SubjectKeys.draw()
        pseudonym = keys.pseudonym("ledger")
        with self._vault.database.writing() as connection:
            if connection.execute("SELECT 1 FROM subject WHERE handle = ?", (handle,)).fetchone():
                raise StoreError("expected a person who isn't here yet, found one by that reference.")
            connection.execute(
                "INSERT INTO subject VALUES (?, ?, ?, ?)",
                (pseudonym, handle, self._wrapped(pseudonym, keys), self._sealed(file, keys, pseudonym)),
            )
        return pseudonym

    def find(self, reference: str) -> str:
        """See policy.store.Store.find."""
        with self._vault.database.asked():
            row = self._vault.database.connection.execute(
                "SELECT pseudonym FROM subject WHERE handle = ?", (self.handle(reference),)
            ).fetchone()
        if row is not None and self.file(row[0]).reference == reference:
            return str(row[0])
        raise UnknownSubject(f"{reference!r}: expected a person who is here, found nobody, or nobody any more.")

    def open(self, pseudonym: str) -> tuple[File, SubjectKeys]:
        """A person's facts and keys. Raises UnknownSubject, policy.seal.SealBroken."""
        sealed_keys, sealed_file = self.row(pseudonym)
        keys = SubjectKeys.unpack(self._vault.unwrap(sealed_keys, "subject keys", pseudonym))
        content = unseal(keys.file, sealed_file, "facts", self._vault.ledger.id, pseudonym)
        return File.model_validate_json(content), keys

    def file(self, pseudonym: str) -> File:
        """A person's facts. Raises UnknownSubject, policy.seal.SealBroken."""
        return self.open(pseudonym)[0]

    def keys(self, pseudonym: str) -> SubjectKeys:
        """A person's keys. Raises UnknownSubject, policy.seal.SealBroken."""
        return self.open(pseudonym)[1]

    def digest(self, pseudonym: str) -> str:
        """SHA-256 of a person's facts as they are sealed. Raises UnknownSubject."""
        return hashlib.sha256(self.row(pseudonym)[1]).hexdigest()

    def subjects(self) -> Iterator[tuple[str, File]]:
        """See policy.store.Store.subjects."""
        with self._vault.database.asked():
            names = self._vault.database.connection.execute(
                "SELECT pseudonym FROM subject ORDER BY pseudonym"
            ).fetchall()
        for (name,) in names:
            try:
                yield name, self.file(name)
            except SealBroken:  # a row put there by other hands: nothing of it opens, `status` counts it
                continue

    def count(self) -> int:
        """How many rows there are, with those that don't open."""
        with self._vault.database.asked():
            return int(self._vault.database.connection.execute("SELECT count(*) FROM subject").fetchone()[0])

    def change(self, pseudonym: str, file: File, *bodies: Body) -> None:
        """See policy.store.Store.change."""
        before, keys = self.open(pseudonym)
        if (file.reference, file.references) != (before.reference, before.references):
            raise StoreError("expected facts of the same person with the same references, found others.")
        with self._vault.superseding() as connection:
            self.rekey(connection, pseudonym, keys, file)
            self._vault.ledger.append(*bodies)
        self._vault.scrub_backups()

    def rekey(self, connection: sqlite3.Connection, pseudonym: str, keys: SubjectKeys, file: File) -> None:
        """A person's keys and facts from now on, in the transaction of `connection`; the facts under a fresh key, so
        that the former ones don't open with the present keys. Who isn't noted has a fresh key for attendance, too: what
        was noted before can't be told any more."""
        keys = replace(keys, file=secrets.token_bytes(SIZE))
        if "attendance" not in file.purposes:
            keys = replace(keys, attendance=secrets.token_bytes(SIZE))
        connection.execute(
            "UPDATE subject SET keys = ?, file = ? WHERE pseudonym = ?",
            (self._wrapped(pseudonym, keys), self._sealed(file, keys, pseudonym), pseudonym),
        )

    def handle(self, reference: str) -> bytes:
        """What a person's row is found by."""
        return self._vault.keys.digest("handle", reference.encode())

    def row(self, pseudonym: str) -> tuple[bytes, bytes]:
        """A person's (keys, facts), sealed. Raises UnknownSubject."""
        with self._vault.database.asked():
            row = self._vault.database.connection.execute(
                "SELECT keys, file FROM subject WHERE pseudonym = ?", (pseudonym,)
            ).fetchone()
        if row is None:
            raise UnknownSubject(f"{pseudonym}: expected a person who is here, found nobody, or nobody any more.")
        return row[0], row[1]

    def _wrapped(self, pseudonym: str, keys: SubjectKeys) -> bytes:
        return self._vault.wrap(keys.pack(), "subject keys", pseudonym)

    def _sealed(self, file: File, keys: SubjectKeys, pseudonym: str) -> bytes:
        return seal(keys.file, file.model_dump_json().encode(), "facts", self._vault.ledger.id, pseudonym)
