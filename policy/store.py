"""The sealed store: people's facts and references, each under keys of their own, behind the gate.

A reference goes in, and a score comes out, under a permit that holds at that moment; no call hands a reference out but
the person's own export.
What is kept of a person is sealed under that person's keys (AES-256-GCM), bound to its place, so that it opens in no
other row; the keys are wrapped under the device's (policy.epoch). Erasing destroys them.

This is the way in. Behind it: what lies under it all and how it is checked when it is opened (policy.vault), people's
files (policy.people), sealed references (policy.reference), what stands and what the gate is told (policy.standing),
how it is asked (policy.permission), what may be done under its permits (policy.custody), and how it all ends
(policy.erasure).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from policy.account import export, status
from policy.custody import Custody
from policy.entry import Body, Declared, Modality, Ordered
from policy.erasure import Erasure, Reason
from policy.errors import StoreError, UnknownSubject
from policy.form import FORMS, NAME
from policy.gate import Assess, Gate
from policy.ledger import Anchor
from policy.order import Order
from policy.people import People
from policy.permission import Permission
from policy.permit import Comparison, Permit, Purpose
from policy.record import Record
from policy.reference import References
from policy.research import ResearchSet
from policy.rotation import Template
from policy.standing import Standing
from policy.subject import File
from policy.synthetic import Render
from policy.vault import Vault
from policy.verdict import Verdict

__all__ = ["FORMS", "NAME", "Reason", "Store", "StoreError", "UnknownSubject"]


class Store:
    """One folder's store, ledger and gate. A context manager; one process at a time, one thread. Another process that
    has it is waited for `patience_s` seconds; a device gives way at once (policy.database.awaited).

    Opening it finishes what a crash interrupted, erases what is due, and raises policy.database.DatabaseError,
    policy.keys.SecretError, policy.ledger.LedgerError, policy.epoch.RolledBack or policy.clock.ClockBehind when folder,
    keys, ledger or clock aren't as they were left. With an anchor that was kept elsewhere, an older copy of the whole
    folder is found, too. `demonstration` says which kind of store is expected, one of drawn people or one of people; a
    new one is made so. StoreError where it is the other kind.
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
        patience_s: float = 0.0,
        demonstration: bool | None = None,
    ) -> None:
        self.folder = folder
        self._vault = Vault(folder, now, anchor, patience_s, demonstration)
        self.database, self.keys = self._vault.database, self._vault.keys
        self.ledger, self.clock = self._vault.ledger, self._vault.clock
        try:
            self._people = People(self._vault)
            self._references = References(self._vault, self._people)
            self._standing = Standing(self._vault, self._people, self._references)
            self.gate = Gate(sets, self.clock.now, render, assess, self._standing)
            self._permission = Permission(self.gate, self._standing, self.ledger)
            self._custody = Custody(self._vault, self._people, self._references, self._permission)
            self._erasure = Erasure(self._vault, self._people, self._references, self._standing)
            self._erasure.tidy()
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
        self._vault.close()

    # --- the site's record and the authority's orders ---

    @property
    def record(self) -> Record | None:
        """The processing record in force; None before one was adopted."""
        return self._standing.record

    @property
    def adopted(self) -> str | None:
        """SHA-256 of the record in force."""
        return self._standing.adopted

    @property
    def orders(self) -> Mapping[str, Order]:
        """Orders by id."""
        return self._standing.orders

    def adopt(self, record: Record) -> None:
        """From now on this is the record the gate asks. Permits under another one hold no longer."""
        self._standing.adopt(record)

    def note(self, *bodies: Ordered) -> None:
        """Write what happened under an order; nothing written before it opens any more."""
        self._standing.note(*bodies)

    def declare(self, *bodies: Declared) -> int:
        """Write what margin and need a pilot is held to; the number of the last entry."""
        return self._standing.declare(*bodies)

    # --- people ---

    def admit(self, file: File) -> str:
        """Take a person's facts in, without any reference yet; the pseudonym. Raises StoreError where one is here, and
        for a drawn person in a store of people, or the other way round."""
        return self._people.admit(file)

    def find(self, reference: str) -> str:
        """The pseudonym of the person the site calls so. Raises UnknownSubject."""
        return self._people.find(reference)

    def file(self, pseudonym: str) -> File:
        """A person's facts. Raises UnknownSubject, policy.seal.SealBroken."""
        return self._people.file(pseudonym)

    def pseudonym(self, subject: str) -> str:
        """A person's pseudonym in the rows of a door."""
        return self._people.keys(subject).pseudonym("door")

    def present(self, subject: str, day: date, slot: str) -> str:
        """A person's pseudonym for having been there in one slot of one day, and in no other; from a key that makes no
        other pseudonyms."""
        return self._people.keys(subject).present(day, slot)

    def attended(self, slots: Iterable[tuple[date, str]]) -> dict[str, str]:
        """Whose each pseudonym would be in these slots of these days: of everyone who is to be noted and whose facts
        open (pseudonym there, person)."""
        wanted = tuple(slots)
        found: dict[str, str] = {}
        for subject, file in self._people.subjects():
            if "attendance" in file.purposes:
                keys = self._people.keys(subject)
                found |= {keys.present(day, slot): subject for day, slot in wanted}
        return found

    def link(self, subject: str, name: str) -> str:
        """Pseudonym of somebody who has to do with a person (witness, guardian); with that person's key, and gone with
        it."""
        return self._people.keys(subject).other(name)

    def change(self, pseudonym: str, file: File, *bodies: Body) -> None:
        """Other facts of a person from now on, and what the ledger says of it.

        The former facts open no more, and no permit signed before holds.
        """
        self._people.change(pseudonym, file, *bodies)

    def subjects(self) -> Iterator[tuple[str, File]]:
        """Everyone whose facts open: (pseudonym, facts)."""
        return self._people.subjects()

    # --- permits ---

    def assess(self, file: File, modality: Modality) -> Verdict:
        """What the gate says of enrolling somebody, before anything of them is kept."""
        return self._permission.assess(file, modality)

    def permit(
        self,
        kind: Literal["enrol", "match", "probe-only"],
        subject: str,
        modality: Modality,
        contents: Iterable[bytes] = (),
        *,
        mode: Comparison = "",
        token: bytes = b"",
        drawn: Permit | None = None,
        purpose: Purpose = "door",
    ) -> Permit:
        """Ask the gate for a permit for one person and the pictures just taken; see Gate.personal.

        In a demonstration the pictures must be drawn ones: `drawn` is the gate's `synthetic` permit that covers them.
        Raises policy.gate.Refused.
        """
        return self._permission.permit(
            kind, subject, modality, contents, mode=mode, token=token, drawn=drawn, purpose=purpose
        )

    # --- references ---

    def seal(self, permit: Permit, template: Template, network: str) -> None:
        """Keep a face's template (float32 (d,), unit length) of a network (SHA-256, hexadecimal) as the reference.

        Raises policy.gate.Refused without an `enrol` permit for a face that holds; StoreError for what is no template.
        """
        self._custody.seal(permit, template, network)

    def keep_tag(self, permit: Permit, uid: bytes) -> None:
        """Keep a tag's identifier as a person's. Raises policy.gate.Refused, StoreError."""
        self._custody.keep_tag(permit, uid)

    def score(self, permit: Permit, probe: Template, network: str) -> float:
        """Cosine of a probe with the reference of the permit's person, −1 to 1.

        Raises policy.gate.Refused without a `match` permit for a face, 1:1, that holds; UnknownSubject, StoreError,
        policy.seal.SealBroken.
        """
        return self._custody.score(permit, probe, network)

    def search(self, permits: Iterable[Permit], probe: Template, network: str) -> tuple[str, float]:
        """(pseudonym, cosine) of the most alike of the references of these permits' people, −1 to 1.

        Every permit is one to `match` a face, 1:N, that holds. Raises policy.gate.Refused, UnknownSubject, StoreError,
        policy.seal.SealBroken.
        """
        return self._custody.search(permits, probe, network)

    def disclose(self, subject: str, modality: Modality) -> tuple[dict[str, Any], list[float] | str]:
        """(what is kept beside it, content) of a reference, for the person's own export: the one way it comes out.

        A face's numbers as the network gave them, a tag's identifier in hexadecimal. Raises policy.gate.Refused where
        no permit to match the face holds, UnknownSubject, policy.seal.SealBroken.
        """
        return self._custody.disclose(subject, modality)

    def owner(self, uid: bytes) -> str | None:
        """Pseudonym of the person whose tag it is; None where it opens nothing: unknown, blocked, suspended, lapsed."""
        return self._standing.owner(uid)

    def renew(self) -> tuple[int, int]:
        """Turn references by another rotation and seal them anew; (renewed, left since no permit to open them holds).

        The old rotation goes with the last reference that needs it.
        """
        return self._custody.renew()

    # --- the ends of it ---

    def erase(self, pseudonym: str, reason: Reason, modality: Modality | Literal["all"] = "all", *bodies: Body) -> None:
        """Destroy a person's keys, or those of one kind of reference, here and in the backups that can be reached.

        `bodies` are what the ledger says ahead of it.

        When this returns, the keys are gone from the live files and from those backups. Raises UnknownSubject;
        policy.database.Busy when all is destroyed, but another process still reads pages that are to be overwritten.
        """
        self._erasure.erase(pseudonym, reason, modality, *bodies)

    def erase_all(self, order: Ordered) -> int:
        """Erase everyone, under an order, in one step with its entry; how many."""
        return self._erasure.erase_all(order)

    def suspend_all(self, order: Ordered) -> int:
        """Close everyone's account, under an order, in one step with its entry; how many."""
        return self._erasure.suspend_all(order)

    def retain(self) -> int:
        """Erase whatever has been kept to its end, and the content of old entries; how many people."""
        return self._erasure.retain()

    # --- account, and copies ---

    def export(self, pseudonym: str) -> dict[str, Any]:
        """All that is kept of a person, for that person (Article 15); the template while a permit to open it holds."""
        return export(self, pseudonym)

    def status(self) -> dict[str, Any]:
        """What is here, in numbers; nobody is named."""
        return status(self)

    def unreadable(self) -> int:
        """How many people and references here don't open: damaged, or put here by other hands. No reference is opened
        for it: the person's file has its digest."""
        return self._references.unreadable()

    @property
    def wrapping(self) -> bytes:
        """The key that people's keys are wrapped with, for a backup's copy."""
        return self._vault.wrapping

    def scrub_backups(self) -> list[Path]:
        """Take out of the backups made here what was erased since; those that can't be reached, to be tried again."""
        return self._vault.scrub_backups()
