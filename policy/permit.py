"""The gate's signed leave: for which operations, on whose data, until when."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Kind = Literal["research", "simulated", "synthetic", "enrol", "match", "probe-only"]
"""`research`: a listed set, whole, in memory. `simulated`: no person stands behind the data. `synthetic`: pictures that
the gate drew again itself, of people who don't exist. The others are for one person under a processing record: `enrol`
makes a reference, `match` compares with it, `probe-only` computes a template that stays in memory."""

PERSONAL: frozenset[Kind] = frozenset({"enrol", "match", "probe-only"})
"""The kinds that name a subject and a record, and hold only while both stand as they did."""

Comparison = Literal["", "1:1", "1:N"]
"""Of a person's face: with the one whose tag was read, or with everyone's; empty: with none."""

Purpose = Literal["door", "attendance"]
"""What a person is recognised for: to be let in, or to be noted as present. One agrees to each by itself."""

Operation = Literal["template", "match", "store"]
"""`template` computes one from a picture, `match` compares two, `store` keeps a credential on disk."""


@dataclass(frozen=True, slots=True)
class Permit:
    """What the gate allowed. Only a Gate makes one; a changed field no longer fits its signature.

    `contents` are the SHA-256 digests of the very files the permit covers; empty means that it covers no picture.
    `kind` `research` keeps templates in memory: no store, no door (DESIGN, "Two inputs").
    """

    id: str
    kind: Kind
    operations: frozenset[Operation]
    purpose: str
    source: str
    issued: datetime
    expires: datetime
    contents: frozenset[bytes] = field(repr=False)
    subject: str = ""
    """Pseudonym of the one person it is for; empty where nobody stands behind it, or nobody in particular."""
    record: str = ""
    """SHA-256 over the processing record and that person's facts."""
    modality: Literal["", "face", "tag"] = ""
    mode: Comparison = ""
    """With whose references a person's face may be compared."""
    signature: bytes = field(repr=False, default=b"")

    def message(self) -> bytes:
        """The canonical bytes that are signed."""
        # One a line: joined without a mark between them, other digests could give the same bytes.
        contents = hashlib.sha256("".join(f"{digest.hex()}\n" for digest in sorted(self.contents)).encode()).hexdigest()
        fields = {
            "id": self.id,
            "kind": self.kind,
            "operations": sorted(self.operations),
            "purpose": self.purpose,
            "source": self.source,
            "issued": self.issued.isoformat(),
            "expires": self.expires.isoformat(),
            "contents": contents,
            "subject": self.subject,
            "record": self.record,
            "modality": self.modality,
            "mode": self.mode,
        }
        return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
