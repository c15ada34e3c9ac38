"""A person's facts as the store keeps them, sealed, and the processing record that they complete.

Ages are attested in whole years on a day. What lies between is taken to the person's protection: for being of age the
lowest age that fits counts, for a guardian's say to lapse the earliest birthday that fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from policy.entry import By, Child, Digest, DocumentKind, Modality, Version
from policy.permit import Purpose
from policy.record import Record, Role

ADULT = 18
OWN_CONSENT = (
    "given_by", "guardians", "child_heard", "explicit", "informed_on", "withdrawn_on", "reconfirmed_on",
    "recruiter_is_superior", "notice_version",
)  # fmt: skip
"""What a record says of one person's consent; what else it says of consent holds for everyone."""
DRAWN = r"synthetic:(\d{1,9})"
"""What a drawn person is called, by their seed."""
BIOMETRIC = ("face", "fingerprint", "iris", "voice")
"""Modalities of a record's operations that recognise a body."""
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
Years = Annotated[int, Field(strict=True, ge=0, le=130)]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Attestation(_Value):
    """Who saw which document, when, and what it said."""

    witness: Name
    """The named witness, who is not the person."""
    document: DocumentKind
    age: Years
    role: Role
    on: date


class Agreement(_Value):
    """Consent: whose, how, after which notice."""

    by: By
    guardians: tuple[Name, ...] = ()
    child: Child
    explicit: bool
    informed_on: date
    notice: Version
    recruiter_is_superior: bool
    """Was the person asked by someone who decides over their work or grades?"""
    reconfirmed_on: date | None = None
    """When the person confirmed it after coming of age."""


class File(_Value):
    """Everything kept about one person, sealed under that person's key."""

    reference: Name
    """What the site calls the person: a number of its own, or a name."""
    state: Literal["pending", "active", "suspended"]
    attestation: Attestation
    agreement: Agreement | None
    """None where nothing rests on consent."""
    later_age: Years | None = None
    """A lower age stated after the attestation."""
    probes: bool = False
    """An adult who agreed to be compared with others' references, without leaving one."""
    purposes: Annotated[tuple[Purpose, ...], Field(min_length=1)] = ("door",)
    """What the person is to be recognised for, each agreed to by itself."""
    keep_until: date
    references: Mapping[Modality, Digest] = {}
    """SHA-256 of each sealed reference, so that one that is damaged, or another put in its place, is counted without
    opening any."""

    def age(self, on: date) -> int:
        """The least age in years that the person can have on a day."""
        attested = self.attestation
        passed = on.year - attested.on.year - ((on.month, on.day) < (attested.on.month, attested.on.day))
        least = attested.age + max(passed, 0)
        return least if self.later_age is None else min(least, self.later_age)

    @property
    def majority(self) -> date | None:
        """The first day on which a guardian's say may no longer carry; None where the person stands for themselves."""
        guarded = self.agreement is not None and self.agreement.by != "subject"
        attested = self.attestation
        if attested.age >= ADULT and not guarded:
            return None
        if self.agreement is not None and self.agreement.reconfirmed_on is not None and not guarded:
            return None
        return _years_later(attested.on, max(ADULT - 1 - attested.age, 0)) + timedelta(days=1)

    def personal(self, site: Record, today: date, modality: Modality = "face") -> Record:
        """The site's record with this person's facts in it; for a tag without what the site does with faces."""
        fields = site.model_dump(by_alias=True)
        if modality == "tag":
            _without_faces(fields)
        attested, agreement = self.attestation, self.agreement
        fields["subj"] = {
            "role": attested.role,
            "age": self.age(today),
            "attested_age": attested.age,
            "attested_role": attested.role,
            "attested_by": "a named witness, sealed with the person's file",
            "attested_document": attested.document,
            "attested_on": attested.on,
            "later_age": "none" if self.later_age is None else self.later_age,
            "enrolled": bool(self.references),
            "consent_ref": "none" if agreement is None else "sealed with the person's file",
        }
        if agreement is not None:
            fields["cons"] |= {
                "given_by": agreement.by,
                "guardians": tuple(f"guardian {n}" for n in range(1, len(agreement.guardians) + 1)) or "none",
                "child_heard": "none" if agreement.child == "adult" else agreement.child in ("agreed", "objected"),
                "explicit": agreement.explicit,
                "informed_on": agreement.informed_on,
                "withdrawn_on": "none",
                "reconfirmed_on": agreement.reconfirmed_on or "none",
                "recruiter_is_superior": agreement.recruiter_is_superior,
                "notice_version": agreement.notice,
            }
        else:  # the site's record says how consent is asked for, never that this person gave any
            fields["cons"] |= dict.fromkeys(OWN_CONSENT, "none")
        return Record.model_validate(fields)


def _years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def for_modality(site: Record, modality: Modality) -> Record:
    """The site's record as it concerns one modality: for tags without what the site does with faces."""
    fields = site.model_dump(by_alias=True)
    if modality == "tag":
        _without_faces(fields)
    return Record.model_validate(fields)


def _without_faces(fields: dict[str, Any]) -> None:
    if isinstance(fields["op"], tuple):
        fields["op"] = tuple(op for op in fields["op"] if op["modality"] not in BIOMETRIC)
    fields["bio"] = dict.fromkeys(fields["bio"], "none")
