"""Asking the gate about a person of the store: what it would say, and for a permit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from policy.entry import Modality, Permitted
from policy.gate import Gate, Refused
from policy.ledger import Ledger
from policy.permit import Comparison, Permit, Purpose
from policy.standing import Standing, enrolled, finding
from policy.subject import File
from policy.verdict import Verdict


class Permission:
    """The gate, asked for people who are here; permits to enrol are written down."""

    def __init__(self, gate: Gate, standing: Standing, ledger: Ledger) -> None:
        self.gate, self._standing, self._ledger = gate, standing, ledger

    def assess(self, file: File, modality: Modality) -> Verdict:
        """See policy.store.Store.assess."""
        record = self._standing.in_force()
        try:
            enrolled(record, file, modality)
        except Refused as refused:
            return refused.verdict
        return self.gate.assess(file.personal(record, self._ledger.clock.now().date(), modality))

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
        """See policy.store.Store.permit."""
        contents = tuple(contents)
        if self._ledger.demonstration and modality == "face":
            for digest in contents:
                self._drawn(drawn, digest)
        permit = self.gate.personal(kind, subject, modality, contents, mode=mode, token=token, purpose=purpose)
        if kind == "enrol":
            self._ledger.append(
                Permitted(
                    permit=permit.id, subject=subject, record=permit.record, modality=modality, expires=permit.expires
                )
            )
        return permit

    def _drawn(self, permit: Permit | None, digest: bytes) -> None:
        if permit is None or permit.kind != "synthetic":
            raise Refused(
                Verdict.of(
                    finding(
                        "synthetic-people",
                        "This store is a demonstration: it takes pictures that the gate drew again itself.",
                    )
                )
            )
        self.gate.require(permit, "template", digest)
