"""The gate's signed leave: for which operations, on whose data, until when."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Kind = Literal["research", "simulated", "synthetic"]
"""`research`: a listed set, whole, in memory. `simulated`: no person stands behind the data. `synthetic`: pictures that
the gate drew again itself, of people who don't exist."""

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
        }
        return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
