"""The sealed store: people's facts and references, each under keys of their own, behind the gate.

A reference goes in, and a score comes out, under a permit that holds at that moment; no call hands a reference out but
the person's own export.
What is kept of a person is sealed under that person's keys (AES-256-GCM), bound to its place, so that it opens in no
other row; the keys are wrapped under the device's (policy.epoch). Erasing destroys them. The file of a person names the
digests of that person's references, so that an older one put back by hand isn't taken for it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np

from policy.account import export, status
from policy.backup import rewrap, scrub
from policy.database import Database
from policy.entry import (
    Adopted,
    Body,
    Declared,
    Enrolled,
    Erased,
    Modality,
    Ordered,
    Permitted,
    Renewed,
    Revoked,
)
from policy.epoch import Epoch, RolledBack
from policy.errors import PolicyError
from policy.gate import Assess, Facts, Gate
from policy.gate import Refused as NotAllowed
from policy.keyring import SubjectKeys
from policy.keys import SIZE, device_keys
from policy.ledger import FORM as LEDGER
from policy.ledger import Anchor, Ledger, LedgerError, examine
from policy.order import Order, fold
from policy.permit import Kind, Permit
from policy.record import Record
from policy.research import ResearchSet
from policy.rotation import Template, turn, turn_back
from policy.seal import SealBroken, seal, unseal
from policy.subject import ADULT, File
from policy.synthetic import Render
from policy.verdict import Finding, Verdict

STORE = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE subject (
    pseudonym TEXT PRIMARY KEY,
    handle BLOB NOT NULL UNIQUE,
    keys BLOB NOT NULL,
    file BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE rotation (id TEXT PRIMARY KEY, secret BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE reference (
    subject TEXT NOT NULL REFERENCES subject ON DELETE CASCADE,
    modality TEXT NOT NULL CHECK (modality IN ('face', 'tag')),
    network TEXT NOT NULL,
    record TEXT NOT NULL,
    version INTEGER NOT NULL,
    rotation TEXT NOT NULL,
    sealed BLOB NOT NULL,
    lookup BLOB UNIQUE,
    PRIMARY KEY (subject, modality)
) STRICT, WITHOUT ROWID;
CREATE TABLE backup (id TEXT PRIMARY KEY, path TEXT NOT NULL, upto INTEGER NOT NULL) STRICT, WITHOUT ROWID
"""
FORMS = (LEDGER, STORE)
"""The database's forms, one step each; later ones are added at the end."""

NAME = "threshold.db"
MODALITIES: tuple[Modality, ...] = ("face", "tag")
Reason = Literal["withdrawal", "request", "retention", "order", "lower-age", "unfinished"]


class StoreError(PolicyError, ValueError):
    """Error raised when something doesn't fit what the store holds: names it, what was expected, what was found."""


class UnknownSubject(StoreError):
    """Error raised when nobody by that reference or pseudonym is here, or no longer."""


class Store:
    """One folder's store, ledger and gate. A context manager; one process at a time, one thread.

    Opening it finishes what a crash interrupted, erases what is due, and raises policy.database.DatabaseError,
    policy.keys.SecretError, policy.ledger.LedgerError, policy.epoch.RolledBack or policy.clock.ClockBehind when folder,
    keys, ledger or clock aren't as they were left. With an anchor that was kept elsewhere, an older copy of the whole
    folder is found, too.
    """

    def __init__(
        self,
        folder: Path,
        *,
        assess: Assess | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sets: Iterable[ResearchSet] | None = None,
        render: Render | None = None,
        anchor: Anchor | None = None,
    ) -> None:
        self.folder = folder
        self._record: Record | None = None
        self._adopted: str | None = None
        self._orders: dict[str, Order] = {}
        self.database = Database(folder / NAME, FORMS)
        try:
            with self.database.asked():
                fresh = self.database.connection.execute("SELECT 1 FROM entry").fetchone() is None
            self.keys = device_keys(folder, make=fresh)
            self.ledger = Ledger(self.database, self.keys.signer(), now)
            self.clock = self.ledger.clock
            self._checked(anchor)
            self._epoch = Epoch(self.database, self.keys, self.ledger.id, self._rewrap)
            self._read_ledger()
            self.gate = Gate(sets, self.clock.now, render, assess, self)
            self._tidy()
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
        """Close it. May be called twice."""
        self.database.close()

    # --- the site's record, and what the gate asks ---

    @property
    def record(self) -> Record | None:
        """The processing record in force; None before one was adopted."""
        return self._record

    def adopt(self, record: Record) -> None:
        """From now on this is the record the gate asks. Permits under another one hold no longer."""
        content = _canonical(record)
        digest = hashlib.sha256(content).hexdigest()
        with self._epoch.superseding() as connection:  # so that the ledger can't be cut back to the record before
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('record', ?)", (content,))
            self.ledger.append(Adopted(record=digest))
        self._record, self._adopted = record, digest
        self.scrub_backups()

    @property
    def adopted(self) -> str | None:
        """SHA-256 of the record in force."""
        return self._adopted

    @property
    def orders(self) -> Mapping[str, Order]:
        """Orders by id."""
        return self._orders

    def note(self, *bodies: Ordered) -> None:
        """Write what happened under an order; nothing written before it opens any more."""
        with self._epoch.superseding():
            self.ledger.append(*bodies)
        self._orders = fold(self._orders, bodies)
        self.scrub_backups()

    def declare(self, *bodies: Declared) -> int:
        """Write what margin and need a pilot is held to; the number of the last entry."""
        with self._epoch.superseding():
            last = self.ledger.append(*bodies)
        self.scrub_backups()
        return last

    def against(self, permit: Permit) -> Finding | None:
        """See policy.gate.Register."""
        if any(order.stops for order in self._orders.values()):
            return _finding("order-suspend", "An order of the authority stands: nothing is enrolled or matched.")
        try:
            file, _ = self._opened(permit.subject)
            bound = self._bound(permit.subject)
        except (UnknownSubject, SealBroken):
            return _finding("permit-subject", "The person of this permit isn't here, or no longer.")
        if permit.record != bound:
            return _finding(
                "permit-record", "The processing record or the person's facts changed after the permit was signed."
            )
        return self._facts_against(file, permit)

    def facts(self, subject: str, modality: Modality, kind: Kind) -> Facts:
        """See policy.gate.Register."""
        if self._record is None:
            raise StoreError("expected a processing record in force, found none. Adopt one first: enrol --record FILE.")
        file = self.file(subject)
        _named(self._record, "enrol" if kind == "enrol" else "match", modality)
        ends = [file.keep_until, *(() if file.majority is None else (file.majority,))]
        return Facts(
            record=file.personal(self._record, self.clock.now().date(), modality),
            bound=self._bound(subject),
            until=datetime.combine(min(ends), time(), UTC),
        )

    def _facts_against(self, file: File, permit: Permit) -> Finding | None:
        today = self.clock.now().date()
        if file.state == "suspended":
            return _finding("subject-suspended", "This person's references are suspended.")
        if permit.kind == "match" and permit.modality not in file.references:
            return _finding("permit-subject", "Nothing of that kind is enrolled of this person, or no longer.")
        if file.majority is not None and today >= file.majority:
            return _finding(
                "guardian-consent-lapses-at-18",
                f"The person may be of age since {file.majority}: what was attested and agreed for a minor is to be "
                "confirmed by the person.",
            )
        if today >= file.keep_until:
            return _finding("retention", f"The time for which this may be kept ended on {file.keep_until}.")
        if permit.kind == "probe-only" and file.age(today) < ADULT:
            return _finding("probe-only-adults", "Templates without enrolment are computed of adults only.")
        return None

    def _bound(self, pseudonym: str) -> str:
        """Hash of the record in force and the person's sealed facts: what a permit is bound to."""
        facts = hashlib.sha256(self._row(pseudonym)["file"]).hexdigest()
        return hashlib.sha256(f"{self._adopted}\n{facts}\n".encode()).hexdigest()

    @property
    def wrapping(self) -> bytes:
        """The key that people's keys are wrapped with, for a backup's copy."""
        return self._epoch.key

    # --- people ---

    def admit(self, file: File) -> str:
        """Take a person's facts in, without any reference yet; the pseudonym. Raises StoreError where one is here."""
        handle = self._handle(file.reference)
        keys = SubjectKeys.draw()
        pseudonym = keys.pseudonym("ledger")
        with self.database.writing() as connection:
            if connection.execute("SELECT 1 FROM subject WHERE handle = ?", (handle,)).fetchone():
                raise StoreError("expected a person who isn't here yet, found one by that reference.")
            connection.execute(
                "INSERT INTO subject VALUES (?, ?, ?, ?)",
                (pseudonym, handle, self._wrapped(pseudonym, keys), self._sealed(file, keys, pseudonym)),
            )
        return pseudonym

    def find(self, reference: str) -> str:
        """The pseudonym of the person the site calls so. Raises UnknownSubject."""
        with self.database.asked():
            row = self.database.connection.execute(
                "SELECT pseudonym FROM subject WHERE handle = ?", (self._handle(reference),)
            ).fetchone()
        if row is not None and self._opened(row[0])[0].reference == reference:
            return str(row[0])
        raise UnknownSubject(f"{reference!r}: expected a person who is here, found nobody, or nobody any more.")

    def file(self, pseudonym: str) -> File:
        """A person's facts. Raises UnknownSubject, policy.seal.SealBroken."""
        return self._opened(pseudonym)[0]

    def pseudonym(self, subject: str, purpose: Literal["door", "attendance"]) -> str:
        """A person's pseudonym for one purpose."""
        return self._opened(subject)[1].pseudonym(purpose)

    def link(self, subject: str, name: str) -> str:
        """Pseudonym of somebody who has to do with a person (witness, guardian); with that person's key, and gone with
        it."""
        return self._opened(subject)[1].other(name)

    def change(self, pseudonym: str, file: File, *bodies: Body) -> None:
        """Other facts of a person from now on, and what the ledger says of it.

        The former facts open no more, and no permit signed before holds.
        """
        before, keys = self._opened(pseudonym)
        if (file.reference, file.references) != (before.reference, before.references):
            raise StoreError("expected facts of the same person with the same references, found others.")
        with self._epoch.superseding() as connection:
            self._rekeyed(connection, pseudonym, replace(keys, file=secrets.token_bytes(SIZE)), file)
            self.ledger.append(*bodies)
        self.scrub_backups()

    def subjects(self) -> Iterator[tuple[str, File]]:
        """Everyone whose facts open: (pseudonym, facts)."""
        with self.database.asked():
            names = self.database.connection.execute("SELECT pseudonym FROM subject ORDER BY pseudonym").fetchall()
        for (name,) in names:
            try:
                yield name, self._opened(name)[0]
            except SealBroken:  # a row put there by other hands: nothing of it opens, `status` counts it
                continue

    # --- permits ---

    def assess(self, file: File, modality: Modality) -> Verdict:
        """What the gate says of enrolling somebody, before anything of them is kept."""
        if self._record is None:
            raise StoreError("expected a processing record in force, found none. Adopt one first: enrol --record FILE.")
        try:
            _named(self._record, "enrol", modality)
        except NotAllowed as refused:
            return refused.verdict
        return self.gate.assess(file.personal(self._record, self.clock.now().date(), modality))

    def permit(
        self,
        kind: Literal["enrol", "match", "probe-only"],
        subject: str,
        modality: Modality,
        contents: Iterable[bytes] = (),
    ) -> Permit:
        """Ask the gate for a permit for one person and the pictures just taken. Raises policy.gate.Refused."""
        permit = self.gate.personal(kind, subject, modality, contents)
        if kind == "enrol":
            self.ledger.append(
                Permitted(
                    permit=permit.id, subject=subject, record=permit.record, modality=modality, expires=permit.expires
                )
            )
        return permit

    # --- references ---

    def seal(self, permit: Permit, template: Template, network: str) -> None:
        """Keep a face's template (float32 (d,), unit length) of a network (SHA-256, hexadecimal) as the reference.

        Raises policy.gate.Refused without an `enrol` permit for a face that holds; StoreError for what is no template.
        """
        self._may_store(permit, "face")
        if template.dtype != np.float32 or template.ndim != 1 or not 0.99 < float(template @ template) < 1.01:
            raise StoreError(f"expected a template of unit length, float32, found {template.dtype} {template.shape}.")
        rotation, secret = self._rotation()
        self._keep(permit, turn(secret, template).tobytes(), network, rotation, None)

    def keep_tag(self, permit: Permit, uid: bytes) -> None:
        """Keep a tag's identifier as a person's. Raises policy.gate.Refused, StoreError."""
        self._may_store(permit, "tag")
        if not 4 <= len(uid) <= 10:
            raise StoreError(f"expected a tag identifier of 4 to 10 bytes, found {len(uid)}.")
        lookup = self.keys.digest("tag", uid)
        with self.database.asked():
            row = self.database.connection.execute(
                "SELECT subject FROM reference WHERE lookup = ?", (lookup,)
            ).fetchone()
        if row is not None and row[0] != permit.subject:
            raise StoreError("expected a tag that is nobody's yet, found somebody's.")
        self._keep(permit, uid, "", "", lookup)

    def score(self, permit: Permit, probe: Template, network: str) -> float:
        """Cosine of a probe with the reference of the permit's person, −1 to 1.

        Raises policy.gate.Refused without a `match` permit for a face that holds; UnknownSubject, StoreError,
        policy.seal.SealBroken.
        """
        self.gate.require(permit, "match")
        if permit.kind != "match" or permit.modality != "face":
            raise StoreError(f"expected a permit to match a face, found one to {permit.kind} a {permit.modality}.")
        row, content = self._reference(permit.subject, "face")
        if row["network"] != network:
            raise StoreError(
                f"expected a reference of the network in use ({network[:16]}…), found one of {row['network'][:16]}…. "
                "Enrol again."
            )
        reference = np.frombuffer(content, np.float32)
        if probe.shape != reference.shape:
            raise StoreError(f"expected a probe of {len(reference)} numbers, found {probe.shape}.")
        return float(turn(self._secret(row["rotation"]), probe) @ reference)

    def disclose(self, subject: str, modality: Modality) -> tuple[dict[str, Any], list[float] | str]:
        """(what is kept beside it, content) of a reference, for the person's own export: the one way it comes out.

        A face's numbers as the network gave them, a tag's identifier in hexadecimal. Raises policy.gate.Refused where
        no permit to match the face holds, UnknownSubject, policy.seal.SealBroken.
        """
        if modality == "face":
            self.gate.require(self.permit("match", subject, "face"), "match")
        row, content = self._reference(subject, modality)
        if modality == "tag":
            return row, content.hex()
        template = turn_back(self._secret(row["rotation"]), np.frombuffer(content, np.float32))
        return row, [float(number) for number in template]

    def owner(self, uid: bytes) -> str | None:
        """Pseudonym of the person whose tag it is; None where it opens nothing: unknown, blocked, suspended, lapsed."""
        with self.database.asked():
            row = self.database.connection.execute(
                "SELECT subject FROM reference WHERE lookup = ?", (self.keys.digest("tag", uid),)
            ).fetchone()
        if row is None or any(order.stops for order in self._orders.values()):
            return None
        try:
            _, content = self._reference(row[0], "tag")
            file = self.file(row[0])
        except (SealBroken, UnknownSubject):
            return None
        if content != uid or file.state != "active" or self.clock.now().date() >= file.keep_until:
            return None
        return str(row[0])

    # --- the ends of it ---

    def erase(self, pseudonym: str, reason: Reason, modality: Modality | Literal["all"] = "all", *bodies: Body) -> None:
        """Destroy a person's keys, or those of one kind of reference, here and in the backups that can be reached.

        `bodies` are what the ledger says ahead of it.

        When this returns, the keys are gone from the live files and from those backups. Raises UnknownSubject;
        policy.database.Busy when all is destroyed, but another process still reads pages that are to be overwritten.
        """
        with self._epoch.superseding() as connection:
            self.ledger.append(*bodies)
            self._erase(connection, pseudonym, reason, modality)
        self.scrub_backups()

    def erase_all(self, order: Ordered) -> int:
        """Erase everyone, under an order, in one step with its entry; how many."""
        with self._epoch.superseding() as connection:
            names = [name for (name,) in connection.execute("SELECT pseudonym FROM subject").fetchall()]
            for name in names:
                self._erase(connection, name, "order", "all")
            self.ledger.append(order.model_copy(update={"count": len(names)}))
        self._orders = fold(self._orders, [order])
        self.scrub_backups()
        return len(names)

    def suspend_all(self, order: Ordered) -> int:
        """Close everyone's account, under an order, in one step with its entry; how many."""
        people = list(self.subjects())
        with self._epoch.superseding() as connection:
            for name, file in people:
                keys = replace(self._opened(name)[1], file=secrets.token_bytes(SIZE))
                self._rekeyed(connection, name, keys, file.model_copy(update={"state": "suspended"}))
                self.ledger.append(Revoked(subject=name, reason="order"))
            told = order.model_copy(update={"count": len(people)})
            self.ledger.append(told)
        self._orders = fold(self._orders, [told])
        self.scrub_backups()
        return len(people)

    def _erase(
        self, connection: sqlite3.Connection, pseudonym: str, reason: Reason, modality: Modality | Literal["all"]
    ) -> None:
        held = {row[0] for row in connection.execute("SELECT modality FROM reference WHERE subject = ?", (pseudonym,))}
        if modality == "all" or not held - {modality}:
            if not connection.execute("DELETE FROM subject WHERE pseudonym = ?", (pseudonym,)).rowcount:
                raise UnknownSubject(f"{pseudonym}: expected a person who is here, found nobody, or nobody any more.")
            self.ledger.append(Erased(subject=pseudonym, modality="all", reason=reason))
            return
        file, keys = self._opened(pseudonym)
        connection.execute("DELETE FROM reference WHERE subject = ? AND modality = ?", (pseudonym, modality))
        keys = replace(keys, file=secrets.token_bytes(SIZE), **{modality: secrets.token_bytes(SIZE)})
        references = {kind: digest for kind, digest in file.references.items() if kind != modality}
        self._rekeyed(connection, pseudonym, keys, file.model_copy(update={"references": references}))
        self.ledger.append(Erased(subject=pseudonym, modality=modality, reason=reason))

    def retain(self) -> int:
        """Erase whatever has been kept to its end, and the content of old entries; how many people."""
        today, gone = self.clock.now().date(), 0
        for pseudonym, file in list(self.subjects()):
            if today >= file.keep_until:
                self.erase(pseudonym, "retention")
                gone += 1
        self.ledger.forget()
        return gone

    def export(self, pseudonym: str) -> dict[str, Any]:
        """All that is kept of a person, for that person (Article 15); the template while a permit to open it holds."""
        return export(self, pseudonym)

    def renew(self) -> tuple[int, int]:
        """Turn references by another rotation and seal them anew; (renewed, left since no permit to open them holds).

        The old rotation goes with the last reference that needs it.
        """
        renewed = left = 0
        with self._epoch.superseding() as connection:
            fresh, secret = secrets.token_hex(8), secrets.token_bytes(SIZE)
            connection.execute("INSERT INTO rotation VALUES (?, ?)", (fresh, self._wrapped_secret(fresh, secret)))
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('rotation', ?)", (fresh.encode(),))
            for pseudonym, file in list(self.subjects()):
                if "face" not in file.references:
                    continue
                try:
                    self.gate.require(self.permit("match", pseudonym, "face"), "match")
                    row, content = self._reference(pseudonym, "face")
                except (NotAllowed, SealBroken):
                    left += 1
                    continue
                template = turn_back(self._secret(row["rotation"]), np.frombuffer(content, np.float32))
                _, keys = self._opened(pseudonym)
                keys = replace(keys, file=secrets.token_bytes(SIZE), face=secrets.token_bytes(SIZE))
                digest = self._insert(
                    connection, pseudonym, keys, "face", turn(secret, template).tobytes(), row["network"],
                    row["record"], fresh, None,
                )  # fmt: skip
                references = {**file.references, "face": digest}
                self._rekeyed(connection, pseudonym, keys, file.model_copy(update={"references": references}))
                renewed += 1
            connection.execute(
                "DELETE FROM rotation WHERE id <> ? AND id NOT IN (SELECT rotation FROM reference)", (fresh,)
            )
            self.ledger.append(Renewed(references=renewed, left=left))
        return renewed, left

    def status(self) -> dict[str, Any]:
        """What is here, in numbers; nobody is named."""
        return status(self)

    def scrub_backups(self) -> list[Path]:
        """Take out of the backups made here what was erased since; those that can't be reached, to be tried again."""
        return scrub(self)

    # --- inside ---

    def _checked(self, anchor: Anchor | None) -> None:
        with self.database.asked():
            found = examine(self.database.connection, anchor, every=False)
        if not found.good:
            raise LedgerError(
                f"{self.database.path}: the ledger is {found} Nothing is opened. Keep these files for whoever looks "
                "into it, and restore a backup."
            )

    def _read_ledger(self) -> None:
        bodies = [entry.body for entry in self.ledger]
        self._orders = fold({}, bodies)
        adopted = [body.record for body in bodies if isinstance(body, Adopted)]
        self._adopted = adopted[-1] if adopted else None
        with self.database.asked():
            row = self.database.connection.execute("SELECT value FROM meta WHERE name = 'record'").fetchone()
        if row is not None and hashlib.sha256(row[0]).hexdigest() != self._adopted:
            raise RolledBack(
                f"{self.database.path}: expected the processing record that the ledger names, found another: it was "
                "changed by other means than adopting one. Nothing is opened. Restore a backup."
            )
        if row is not None:
            self._record = Record.model_validate_json(row[0])

    def _tidy(self) -> None:
        self._epoch.scrub()
        for pseudonym, file in list(self.subjects()):
            if file.state == "pending":  # an enrolment that a crash cut short: nothing of it stays
                self.erase(pseudonym, "unfinished")
            elif file.later_age is not None and "face" in file.references:  # so was the answer to a lower age
                self.erase(pseudonym, "lower-age", "face")
        self.retain()
        self.scrub_backups()

    def _handle(self, reference: str) -> bytes:
        return self.keys.digest("handle", reference.encode())

    def _row(self, pseudonym: str) -> dict[str, bytes]:
        with self.database.asked():
            row = self.database.connection.execute(
                "SELECT keys, file FROM subject WHERE pseudonym = ?", (pseudonym,)
            ).fetchone()
        if row is None:
            raise UnknownSubject(f"{pseudonym}: expected a person who is here, found nobody, or nobody any more.")
        return {"keys": row[0], "file": row[1]}

    def _opened(self, pseudonym: str) -> tuple[File, SubjectKeys]:
        row = self._row(pseudonym)
        keys = SubjectKeys.unpack(unseal(self._epoch.key, row["keys"], "subject keys", self.ledger.id, pseudonym))
        return File.model_validate_json(unseal(keys.file, row["file"], "facts", self.ledger.id, pseudonym)), keys

    def _wrapped(self, pseudonym: str, keys: SubjectKeys) -> bytes:
        return seal(self._epoch.key, keys.pack(), "subject keys", self.ledger.id, pseudonym)

    def _wrapped_secret(self, rotation: str, secret: bytes) -> bytes:
        return seal(self._epoch.key, secret, "rotation", self.ledger.id, rotation)

    def _rewrap(self, connection: sqlite3.Connection, before: bytes, after: bytes) -> None:
        rewrap(connection, self.ledger.id, before, after)

    def _rekeyed(self, connection: sqlite3.Connection, pseudonym: str, keys: SubjectKeys, file: File) -> None:
        connection.execute(
            "UPDATE subject SET keys = ?, file = ? WHERE pseudonym = ?",
            (self._wrapped(pseudonym, keys), self._sealed(file, keys, pseudonym), pseudonym),
        )

    def _sealed(self, file: File, keys: SubjectKeys, pseudonym: str) -> bytes:
        return seal(keys.file, file.model_dump_json().encode(), "facts", self.ledger.id, pseudonym)

    def _may_store(self, permit: Permit, modality: Modality) -> None:
        self.gate.require(permit, "store")
        if permit.kind != "enrol" or permit.modality != modality:
            raise StoreError(f"expected a permit to enrol a {modality}, found: {permit.kind} {permit.modality}.")

    def _keep(self, permit: Permit, content: bytes, network: str, rotation: str, lookup: bytes | None) -> None:
        modality: Modality = "face" if permit.modality == "face" else "tag"
        subject = permit.subject
        file, keys = self._opened(subject)
        replacing = modality in file.references
        with self._epoch.superseding() if replacing else self.database.writing() as connection:
            keys = replace(keys, file=secrets.token_bytes(SIZE), **{modality: secrets.token_bytes(SIZE)})
            digest = self._insert(
                connection, subject, keys, modality, content, network, permit.record, rotation, lookup
            )
            self._rekeyed(
                connection,
                subject,
                keys,
                file.model_copy(update={"references": {**file.references, modality: digest}, "state": "active"}),
            )
            self.ledger.append(
                Enrolled(
                    permit=permit.id,
                    subject=subject,
                    modality=modality,
                    record=permit.record,
                    network=network or None,
                    witness=keys.other(file.attestation.witness),
                    document=file.attestation.document,
                    attested_on=file.attestation.on,
                )
            )

    def _insert(
        self, connection: sqlite3.Connection, subject: str, keys: SubjectKeys, modality: Modality, content: bytes,
        network: str, record: str, rotation: str, lookup: bytes | None,
    ) -> str:  # fmt: skip
        """Seal a reference into its row; the digest by which the person's file knows it."""
        row = connection.execute(
            "SELECT version FROM reference WHERE subject = ? AND modality = ?", (subject, modality)
        ).fetchone()
        version = 1 if row is None else int(row[0]) + 1
        place = (self.ledger.id, subject, modality, network, record, version, rotation)
        sealed = seal(keys.of(modality), content, "reference", *place)
        connection.execute(
            "INSERT OR REPLACE INTO reference VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (subject, modality, network, record, version, rotation, sealed, lookup),
        )
        return hashlib.sha256(sealed).hexdigest()

    def _reference(self, subject: str, modality: Modality) -> tuple[dict[str, Any], bytes]:
        """(row, content) of a reference. Raises UnknownSubject, policy.seal.SealBroken."""
        file, keys = self._opened(subject)
        with self.database.asked():
            row = self.database.connection.execute(
                "SELECT network, record, version, rotation, sealed FROM reference WHERE subject = ? AND modality = ?",
                (subject, modality),
            ).fetchone()
        if row is None or modality not in file.references:
            raise UnknownSubject(f"{subject}: expected an enrolled {modality}, found none.")
        network, record, version, rotation, sealed = row
        if hashlib.sha256(sealed).hexdigest() != file.references[modality]:
            raise SealBroken("reference: expected the one the person's file names, found another. It stays closed.")
        place = (self.ledger.id, subject, modality, network, record, version, rotation)
        content = unseal(keys.of(modality), sealed, "reference", *place)
        return {"network": network, "record": record, "version": version, "rotation": rotation}, content

    def _rotation(self) -> tuple[str, bytes]:
        """(id, secret) of the present rotation; the first is drawn here."""
        with self.database.writing() as connection:
            row = connection.execute("SELECT value FROM meta WHERE name = 'rotation'").fetchone()
            if row is not None:
                name = bytes(row[0]).decode()
                return name, self._secret(name)
            name, secret = secrets.token_hex(8), secrets.token_bytes(SIZE)
            connection.execute("INSERT INTO rotation VALUES (?, ?)", (name, self._wrapped_secret(name, secret)))
            connection.execute("INSERT INTO meta VALUES ('rotation', ?)", (name.encode(),))
        return name, secret

    def _secret(self, rotation: str) -> bytes:
        with self.database.asked():
            row = self.database.connection.execute("SELECT secret FROM rotation WHERE id = ?", (rotation,)).fetchone()
        if row is None:
            raise SealBroken(f"rotation: expected {rotation}, found none. References turned by it stay closed.")
        return unseal(self._epoch.key, row[0], "rotation", self.ledger.id, rotation)


def _finding(rule: str, message: str) -> Finding:
    return Finding(
        rule=rule,
        outcome="refuse",
        citations=("GDPR Art 5(2)", "GDPR Art 25"),
        message=message,
        mark="project-rule",
    )


def _named(record: Record, kind: str, modality: Modality) -> None:
    """Raise Refused unless the record names that operation: what it doesn't name it can't allow."""
    if not isinstance(record.op, tuple) or not any(op.kind == kind and op.modality == modality for op in record.op):
        finding = _finding(
            "operation-in-record",
            f"The processing record names no operation of kind {kind} and modality {modality}, so nothing allows one.",
        )
        raise NotAllowed(Verdict.of(finding.model_copy(update={"missing": ("op",)})))


def _canonical(record: Record) -> bytes:
    return json.dumps(
        record.model_dump(mode="json", by_alias=True), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()
