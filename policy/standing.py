"""What stands: the processing record in force, the authority's orders, and what the gate is told of one person.

The gate asks here (policy.gate.Register) whenever a permit is made or used, and is told what is kept at that moment.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time

from policy.entry import Adopted, Declared, Modality, Ordered
from policy.epoch import RolledBack
from policy.errors import StoreError, UnknownSubject
from policy.gate import Facts, Refused
from policy.order import Order, fold
from policy.people import People
from policy.permit import Kind, Permit, Purpose
from policy.record import Operation, Record
from policy.reference import References
from policy.seal import SealBroken
from policy.subject import ADULT, File
from policy.vault import Vault
from policy.verdict import Finding, Verdict


class Standing:
    """The record and the orders as the ledger has them, and the gate's register. Raises policy.epoch.RolledBack where
    the record in the database isn't the one the ledger names."""

    def __init__(self, vault: Vault, people: People, references: References) -> None:
        self._vault, self._people, self._references = vault, people, references
        self.record: Record | None = None
        """See policy.store.Store.record."""
        self.adopted: str | None = None
        """SHA-256 of it."""
        self.orders: Mapping[str, Order] = {}
        """Orders by id."""
        self._read()

    def adopt(self, record: Record) -> None:
        """See policy.store.Store.adopt."""
        content = _canonical(record)
        digest = hashlib.sha256(content).hexdigest()
        with self._vault.superseding() as connection:  # so that the ledger can't be cut back to the record before
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('record', ?)", (content,))
            self._vault.ledger.append(Adopted(record=digest))
        self.record, self.adopted = record, digest
        self._vault.scrub_backups()

    def note(self, *bodies: Ordered) -> None:
        """See policy.store.Store.note."""
        with self._vault.superseding():
            self._vault.ledger.append(*bodies)
        self.noted(bodies)
        self._vault.scrub_backups()

    def declare(self, *bodies: Declared) -> int:
        """See policy.store.Store.declare."""
        with self._vault.superseding():
            last = self._vault.ledger.append(*bodies)
        self._vault.scrub_backups()
        return last

    def noted(self, bodies: Iterable[Ordered]) -> None:
        """What the ledger says of orders since: from now on it stands."""
        self.orders = fold(self.orders, bodies)

    @property
    def stopped(self) -> bool:
        """Does an order stand that stops everything?"""
        return any(order.stops for order in self.orders.values())

    def in_force(self) -> Record:
        """The processing record in force. Raises StoreError before one was adopted."""
        if self.record is None:
            raise StoreError("expected a processing record in force, found none. Adopt one first: enrol --record FILE.")
        return self.record

    def against(self, permit: Permit) -> Finding | None:
        """See policy.gate.Register."""
        if self.stopped:
            return finding("order-suspend", "An order of the authority stands: nothing is enrolled or matched.")
        try:
            file = self._people.file(permit.subject)
            bound = self.bound(permit.subject)
        except (UnknownSubject, SealBroken):
            return finding("permit-subject", "The person of this permit isn't here, or no longer.")
        if permit.record != bound:
            return finding(
                "permit-record", "The processing record or the person's facts changed after the permit was signed."
            )
        return self._facts_against(file, permit)

    def facts(self, subject: str, modality: Modality, kind: Kind, purpose: Purpose) -> Facts:
        """See policy.gate.Register."""
        record = self.in_force()
        file = self._people.file(subject)
        if kind == "enrol":
            enrolled(record, file, modality)
        else:
            named(record, "match", modality, purpose)
            if purpose not in file.purposes:
                said = f"This person is to be recognised for {' and '.join(file.purposes)}, not for {purpose}."
                raise Refused(Verdict.of(finding("purpose-agreed", said)))
        ends = [file.keep_until, *(() if file.majority is None else (file.majority,))]
        return Facts(
            record=file.personal(record, self._vault.today(), modality),
            bound=self.bound(subject),
            until=datetime.combine(min(ends), time(), UTC),
        )

    def owner(self, uid: bytes) -> str | None:
        """See policy.store.Store.owner."""
        subject = self._references.holder(uid)
        if subject is None or self.stopped:
            return None
        try:
            _, content = self._references.open(subject, "tag")
            file = self._people.file(subject)
        except (SealBroken, UnknownSubject):
            return None
        if content != uid or file.state != "active" or self._vault.today() >= file.keep_until:
            return None
        return subject

    def bound(self, pseudonym: str) -> str:
        """Hash of the record in force and the person's sealed facts: what a permit is bound to."""
        return hashlib.sha256(f"{self.adopted}\n{self._people.digest(pseudonym)}\n".encode()).hexdigest()

    def _facts_against(self, file: File, permit: Permit) -> Finding | None:
        today = self._vault.today()
        if file.state == "suspended":
            return finding("subject-suspended", "This person's references are suspended.")
        if permit.kind == "match" and permit.modality not in file.references:
            return finding("permit-subject", "Nothing of that kind is enrolled of this person, or no longer.")
        if file.majority is not None and today >= file.majority:
            return finding(
                "guardian-consent-lapses-at-18",
                f"The person may be of age since {file.majority}: what was attested and agreed for a minor is to be "
                "confirmed by the person.",
            )
        if today >= file.keep_until:
            return finding("retention", f"The time for which this may be kept ended on {file.keep_until}.")
        return self._probe_against(file) if permit.kind == "probe-only" else None

    def _probe_against(self, file: File) -> Finding | None:
        if file.age(self._vault.today()) < ADULT:
            return finding("probe-only-adults", "Templates without enrolment are computed of adults only.")
        if not file.probes and "face" not in file.references:
            return finding(
                "probe-only-agreed", "This person agreed to something else than to be compared without a reference."
            )
        return None

    def _read(self) -> None:
        bodies = [entry.body for entry in self._vault.ledger]
        self.orders = fold({}, bodies)
        adopted = [body.record for body in bodies if isinstance(body, Adopted)]
        self.adopted = adopted[-1] if adopted else None
        database = self._vault.database
        with database.asked():
            row = database.connection.execute("SELECT value FROM meta WHERE name = 'record'").fetchone()
        if row is not None and hashlib.sha256(row[0]).hexdigest() != self.adopted:
            raise RolledBack(
                f"{database.path}: expected the processing record that the ledger names, found another: it was "
                "changed by other means than adopting one. Nothing is opened. Restore a backup."
            )
        if row is not None:
            self.record = Record.model_validate_json(row[0])


def finding(rule: str, message: str) -> Finding:
    """What stands against something by a rule of the program's own."""
    return Finding(
        rule=rule,
        outcome="refuse",
        citations=("GDPR Art 5(2)", "GDPR Art 25"),
        message=message,
        mark="project-rule",
    )


def enrolled(record: Record, file: File, modality: Modality) -> None:
    """Raise policy.gate.Refused unless the record names this enrolment, and what the person is to be noted for."""
    named(record, "enrol", modality)
    if "attendance" in file.purposes:
        named(record, "match", modality, "attendance")


def named(record: Record, kind: str, modality: Modality, purpose: Purpose | None = None) -> None:
    """Raise policy.gate.Refused unless the record names that operation: what it doesn't name it can't allow.

    For attendance a purpose of that kind must be named, with the comparison and the log of it; such a comparison opens
    no door, as one operation has one purpose.
    """
    said = "" if purpose is None else f" for the purpose {purpose}"
    if not any(op.kind == kind and op.modality == modality for op in _serving(record, purpose)):
        words = f"no operation of kind {kind} and modality {modality}{said}"
    elif purpose == "attendance" and not any(op.kind == "log" for op in _serving(record, purpose)):
        words = f"no operation of kind log{said}"
    else:
        return
    missing = finding("operation-in-record", f"The processing record names {words}, so nothing allows one.")
    raise Refused(Verdict.of(missing.model_copy(update={"missing": ("op",)})))


def _serving(record: Record, purpose: Purpose | None) -> list[Operation]:
    """The record's operations for a purpose; None: all."""
    operations = record.op if isinstance(record.op, tuple) else ()
    noting = {one.id for one in record.purp if one.kind == "attendance"} if isinstance(record.purp, tuple) else set()
    return [op for op in operations if purpose is None or (op.purpose in noting) == (purpose == "attendance")]


def _canonical(record: Record) -> bytes:
    return json.dumps(
        record.model_dump(mode="json", by_alias=True), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()
