"""What the ledger can say: kinds of entries with their fields. None has room for a name.

Persons appear by pseudonym, a keyed hash whose key is destroyed with the person's data; every other field is a digest,
a date, a count, or a word of a list. Content is kept for KEEP of its kind, and may then be taken out: the chain holds
its digest, so it stays verifiable.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Pseudonym = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""HMAC-SHA-256, cut to 128 bits, in hexadecimal: see policy.store."""
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{16,32}$")]
Rule = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Version = Annotated[str, Field(pattern=r"^[0-9]{1,4}([.-][0-9]{1,4}){0,3}$")]
"""Numbers and dots or hyphens, such as 1.2 or 2026-08-20: no room for a name."""
Count = Annotated[int, Field(ge=0)]

DocumentKind = Literal["passport", "national-id", "driving-licence", "school-register", "staff-register"]
Modality = Literal["face", "tag"]
By = Literal["subject", "guardian", "both"]
Child = Literal["agreed", "objected", "no-answer", "adult"]
"""The child's own say; `adult` where the subject is none."""
Step = Literal["copy", "hand-over", "close", "erase", "confirm"]
Failure = Literal[
    "no-face", "several-faces", "cut-off", "too-small", "turned-away", "light", "blurred", "unlike", "camera", "time"
]
"""Why an enrolment that was allowed came to nothing (failure to enrol, ISO/IEC 19795-1). `unlike`: the pictures didn't
agree with each other."""
AlternativeId = Literal["tag", "key", "pin", "qr", "manual", "staffed", "system", "no_control"]
"""What faces are compared with."""
Measure = Literal["denied", "wrong_in", "seconds"]
"""In what: shares of those turned away wrongly and let in wrongly, and seconds to open."""


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Opened(_Body):
    """The ledger's first entry: whose it is."""

    kind: Literal["opened"] = "opened"
    ledger: Id
    public: Digest
    """The Ed25519 public key that every signature is checked with."""
    demonstration: bool = False
    """Whether it is of drawn people alone. Said once, in the entry that every other one follows from."""


class Adopted(_Body):
    """From here on another processing record is the one that the gate asks."""

    kind: Literal["adopted"] = "adopted"
    record: Digest


class Permitted(_Body):
    """The gate allowed an enrolment and signed a permit for it.

    Permits to match aren't written down: with their times they would be an attendance list.
    """

    kind: Literal["permitted"] = "permitted"
    permit: Id
    subject: Pseudonym
    record: Digest
    modality: Modality
    expires: datetime


class Refused(_Body):
    """Somebody was not enrolled. Nobody is named, not even by pseudonym."""

    kind: Literal["refused"] = "refused"
    modality: Modality
    rules: tuple[Rule, ...]


class Failed(_Body):
    """Somebody was allowed to be enrolled, and no usable picture came. Nobody is named, not even by pseudonym."""

    kind: Literal["failed"] = "failed"
    modality: Modality
    reason: Failure


class Consented(_Body):
    """The consent ledger: given, refused, withdrawn or confirmed after coming of age."""

    kind: Literal["consented"] = "consented"
    subject: Pseudonym
    decision: Literal["given", "refused", "withdrawn", "reconfirmed"]
    by: By
    guardians: tuple[Pseudonym, ...] = ()
    child: Child
    notice: Version
    record: Digest | None = None


class Enrolled(_Body):
    """A reference was sealed, under whose eyes."""

    kind: Literal["enrolled"] = "enrolled"
    permit: Id
    subject: Pseudonym
    modality: Modality
    record: Digest
    network: Digest | None = None
    witness: Pseudonym
    document: DocumentKind
    attested_on: date


class Revoked(_Body):
    """A subject's permits hold no longer."""

    kind: Literal["revoked"] = "revoked"
    subject: Pseudonym
    reason: Literal["withdrawal", "lower-age", "request", "order", "record"]


class Erased(_Body):
    """A subject's key was destroyed. It is the tombstone that a restored backup is held to."""

    kind: Literal["erased"] = "erased"
    subject: Pseudonym
    modality: Literal["face", "tag", "all"]
    reason: Literal["withdrawal", "request", "retention", "order", "lower-age", "unfinished"]


class Exported(_Body):
    """A subject got a copy of their data."""

    kind: Literal["exported"] = "exported"
    subject: Pseudonym


class Corrected(_Body):
    """A note of somebody's presence was put right by hand, before a witness. Which day it was isn't said: with it these
    entries would be an attendance list, kept for longer than the notes."""

    kind: Literal["corrected"] = "corrected"
    subject: Pseudonym
    change: Literal["noted", "struck"]
    witness: Pseudonym


class Ordered(_Body):
    """An order of an authority, and each step taken under it."""

    kind: Literal["ordered"] = "ordered"
    order: Id
    what: Literal["suspend", "repair", "erase"]
    event: Literal["received", "offered", "lifted", "copy", "hand-over", "close", "erase", "confirm"]
    due: date | None = None
    digest: Digest | None = None
    """Of the copy or of the confirmation."""
    count: Count | None = None


class BackedUp(_Body):
    """A backup was made."""

    kind: Literal["backed-up"] = "backed-up"
    backup: Id
    at_entry: Count
    """The ledger's last entry in it."""
    subjects: Count


class Restored(_Body):
    """A backup was put back; tombstones were applied first."""

    kind: Literal["restored"] = "restored"
    backup: Id
    at_entry: Count
    """The ledger's last entry when the backup was made."""
    tombstones: Count
    branch: Id
    """Drawn anew at each restoration: two devices restored from one backup differ from here on."""


class Renewed(_Body):
    """References were sealed anew under another rotation."""

    kind: Literal["renewed"] = "renewed"
    references: Count
    left: Count
    """Left as they were, since no permit to open them holds."""


class Declared(_Body):
    """Before a pilot: what difference from an alternative still counts as none, and how much better faces must be."""

    kind: Literal["declared"] = "declared"
    alternative: AlternativeId
    measure: Measure
    margin: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """In shares, or s for `seconds`."""
    need: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """The same unit."""


Body = (
    Opened
    | Adopted
    | Permitted
    | Refused
    | Failed
    | Consented
    | Enrolled
    | Revoked
    | Erased
    | Exported
    | Corrected
    | Ordered
    | BackedUp
    | Restored
    | Renewed
    | Declared
)
BODY: TypeAdapter[Body] = TypeAdapter(Annotated[Body, Field(discriminator="kind")])

YEAR = timedelta(days=365)
KEEP: Mapping[str, timedelta] = {
    # Our choice where no law gives a figure; the Swedish Camera Surveillance Act asks for five years after
    # surveillance ends (since 2025-04-01), which is where the five come from.
    "permitted": 5 * YEAR,
    "enrolled": 5 * YEAR,
    "revoked": 5 * YEAR,
    "consented": 5 * YEAR,
    "exported": 5 * YEAR,
    "corrected": 1 * YEAR,
    "refused": 1 * YEAR,
    "failed": 1 * YEAR,
}
"""How long an entry's content is kept. What isn't here stays: it concerns nobody (records, orders, backups), or is a
tombstone, without which a backup couldn't be judged and whose pseudonym can't be tied to anyone any more."""
