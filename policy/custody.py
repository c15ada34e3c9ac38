"""References in and scores out, each under a permit that holds at that moment; out as they are for an export alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from policy.entry import Enrolled, Modality, Renewed
from policy.errors import StoreError
from policy.gate import Refused
from policy.people import People
from policy.permission import Permission
from policy.permit import Permit
from policy.reference import Kept, References
from policy.rotation import Template, turn, turn_back
from policy.seal import SealBroken
from policy.subject import File
from policy.vault import Vault


class Custody:
    """What may be done with references; the gate is asked at every use."""

    def __init__(self, vault: Vault, people: People, references: References, permission: Permission) -> None:
        self._vault, self._people, self._references, self._permission = vault, people, references, permission
        self._gate = permission.gate

    def seal(self, permit: Permit, template: Template, network: str) -> None:
        """See policy.store.Store.seal."""
        self._may_store(permit, "face")
        if template.dtype != np.float32 or template.ndim != 1 or not 0.99 < float(template @ template) < 1.01:
            raise StoreError(f"expected a template of unit length, float32, found {template.dtype} {template.shape}.")
        rotation, secret = self._references.rotation()
        self._keep(permit, "face", Kept(turn(secret, template).tobytes(), network, permit.record, rotation))

    def keep_tag(self, permit: Permit, uid: bytes) -> None:
        """See policy.store.Store.keep_tag."""
        self._may_store(permit, "tag")
        if not 4 <= len(uid) <= 10:
            raise StoreError(f"expected a tag identifier of 4 to 10 bytes, found {len(uid)}.")
        if self._references.holder(uid) not in (None, permit.subject):
            raise StoreError("expected a tag that is nobody's yet, found somebody's.")
        self._keep(permit, "tag", Kept(uid, "", permit.record, "", self._references.lookup(uid)))

    def score(self, permit: Permit, probe: Template, network: str) -> float:
        """See policy.store.Store.score."""
        self._gate.require(permit, "match", mode="1:1")
        return self._compared(permit, probe, network)

    def search(self, permits: Iterable[Permit], probe: Template, network: str) -> tuple[str, float]:
        """See policy.store.Store.search."""
        best: tuple[str, float] | None = None
        for permit in permits:
            self._gate.require(permit, "match", mode="1:N")
            score = self._compared(permit, probe, network)
            if best is None or score > best[1]:
                best = permit.subject, score
        if best is None:
            raise StoreError("expected permits to match somebody, found none.")
        return best

    def disclose(self, subject: str, modality: Modality) -> tuple[dict[str, Any], list[float] | str]:
        """See policy.store.Store.disclose."""
        if modality == "face":
            self._openable(subject, self._people.file(subject))
        row, content = self._references.open(subject, modality)
        if modality == "tag":
            return row, content.hex()
        return row, [float(number) for number in self._template(row, content)]

    def renew(self) -> tuple[int, int]:
        """See policy.store.Store.renew."""
        renewed = left = 0
        with self._vault.superseding() as connection:
            fresh, secret = self._references.another_rotation(connection)
            for pseudonym, file in list(self._people.subjects()):
                if "face" not in file.references:
                    continue
                try:
                    self._openable(pseudonym, file)
                    row, content = self._references.open(pseudonym, "face")
                except (Refused, SealBroken):
                    left += 1
                    continue
                turned = turn(secret, self._template(row, content)).tobytes()
                self._references.keep(connection, pseudonym, "face", Kept(turned, row["network"], row["record"], fresh))
                renewed += 1
            connection.execute(
                "DELETE FROM rotation WHERE id <> ? AND id NOT IN (SELECT rotation FROM reference)", (fresh,)
            )
            self._vault.ledger.append(Renewed(references=renewed, left=left))
        return renewed, left

    def _openable(self, subject: str, file: File) -> None:
        """Raise policy.gate.Refused unless the person's face may be compared, for whichever purpose it is kept."""
        self._gate.require(self._permission.permit("match", subject, "face", purpose=file.purposes[0]), "match")

    def _may_store(self, permit: Permit, modality: Modality) -> None:
        self._gate.require(permit, "store")
        if permit.kind != "enrol" or permit.modality != modality:
            raise StoreError(f"expected a permit to enrol a {modality}, found: {permit.kind} {permit.modality}.")

    def _keep(self, permit: Permit, modality: Modality, kept: Kept) -> None:
        replacing = modality in self._people.file(permit.subject).references
        with self._vault.superseding() if replacing else self._vault.database.writing() as connection:
            file, keys = self._references.keep(connection, permit.subject, modality, kept, state="active")
            self._vault.ledger.append(
                Enrolled(
                    permit=permit.id,
                    subject=permit.subject,
                    modality=modality,
                    record=permit.record,
                    network=kept.network or None,
                    witness=keys.other(file.attestation.witness),
                    document=file.attestation.document,
                    attested_on=file.attestation.on,
                )
            )

    def _compared(self, permit: Permit, probe: Template, network: str) -> float:
        if permit.kind != "match" or permit.modality != "face":
            raise StoreError(f"expected a permit to match a face, found one to {permit.kind} a {permit.modality}.")
        row, content = self._references.open(permit.subject, "face")
        if row["network"] != network:
            raise StoreError(
                f"expected a reference of the network in use ({network[:16]}…), found one of {row['network'][:16]}…. "
                "Enrol again."
            )
        reference = np.frombuffer(content, np.float32)
        if probe.shape != reference.shape:
            raise StoreError(f"expected a probe of {len(reference)} numbers, found {probe.shape}.")
        return float(turn(self._references.secret(row["rotation"]), probe) @ reference)

    def _template(self, row: dict[str, Any], content: bytes) -> Template:
        return turn_back(self._references.secret(row["rotation"]), np.frombuffer(content, np.float32))
