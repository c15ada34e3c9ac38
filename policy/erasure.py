"""The ends of what is kept: erased on withdrawal, request, order or in time, suspended, forgotten.

What is erased is gone by its keys: they leave the database in a transaction after which nothing wrapped before opens
(policy.epoch), and then the backups that can be reached.
"""

from __future__ import annotations

import sqlite3
from typing import Literal

from policy.entry import Body, Erased, Modality, Ordered, Revoked
from policy.errors import UnknownSubject
from policy.people import People
from policy.reference import References
from policy.standing import Standing
from policy.vault import Vault

Reason = Literal["withdrawal", "request", "retention", "order", "lower-age", "unfinished"]


class Erasure:
    """Ends what is kept of one person, of everyone, or of whoever's time is up."""

    def __init__(self, vault: Vault, people: People, references: References, standing: Standing) -> None:
        self._vault, self._people, self._references, self._standing = vault, people, references, standing

    def erase(self, pseudonym: str, reason: Reason, modality: Modality | Literal["all"] = "all", *bodies: Body) -> None:
        """See policy.store.Store.erase."""
        with self._vault.superseding() as connection:
            self._vault.ledger.append(*bodies)
            self._erase(connection, pseudonym, reason, modality)
        self._vault.scrub_backups()

    def erase_all(self, order: Ordered) -> int:
        """See policy.store.Store.erase_all."""
        with self._vault.superseding() as connection:
            names = [name for (name,) in connection.execute("SELECT pseudonym FROM subject").fetchall()]
            for name in names:
                self._erase(connection, name, "order", "all")
            told = order.model_copy(update={"count": len(names)})
            self._vault.ledger.append(told)
        self._standing.noted([told])
        self._vault.scrub_backups()
        return len(names)

    def suspend_all(self, order: Ordered) -> int:
        """See policy.store.Store.suspend_all."""
        people = list(self._people.subjects())
        with self._vault.superseding() as connection:
            for name, file in people:
                suspended = file.model_copy(update={"state": "suspended"})
                self._people.rekey(connection, name, self._people.keys(name), suspended)
                self._vault.ledger.append(Revoked(subject=name, reason="order"))
            told = order.model_copy(update={"count": len(people)})
            self._vault.ledger.append(told)
        self._standing.noted([told])
        self._vault.scrub_backups()
        return len(people)

    def retain(self) -> int:
        """See policy.store.Store.retain."""
        today, gone = self._vault.today(), 0
        for pseudonym, file in list(self._people.subjects()):
            if today >= file.keep_until:
                self.erase(pseudonym, "retention")
                gone += 1
        self._vault.ledger.forget()
        return gone

    def tidy(self) -> None:
        """Finish what a crash interrupted, and erase what is due: done whenever the store is opened."""
        self._vault.scrub()
        for pseudonym, file in list(self._people.subjects()):
            if file.state == "pending":  # an enrolment that a crash cut short: nothing of it stays
                self.erase(pseudonym, "unfinished")
            elif file.later_age is not None and "face" in file.references:  # so was the answer to a lower age
                self.erase(pseudonym, "lower-age", "face")
        self.retain()
        self._vault.scrub_backups()

    def _erase(
        self, connection: sqlite3.Connection, pseudonym: str, reason: Reason, modality: Modality | Literal["all"]
    ) -> None:
        held = {row[0] for row in connection.execute("SELECT modality FROM reference WHERE subject = ?", (pseudonym,))}
        if modality == "all" or not held - {modality}:
            if not connection.execute("DELETE FROM subject WHERE pseudonym = ?", (pseudonym,)).rowcount:
                raise UnknownSubject(f"{pseudonym}: expected a person who is here, found nobody, or nobody any more.")
            self._vault.ledger.append(Erased(subject=pseudonym, modality="all", reason=reason))
            return
        self._references.drop(connection, pseudonym, modality)
        self._vault.ledger.append(Erased(subject=pseudonym, modality=modality, reason=reason))
