"""What the tests of the store share: a site's record, stand-in rules, volunteers who don't exist, their templates."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from policy.permit import Permit
from policy.record import Record, parse
from policy.store import Store
from policy.subject import Agreement, Attestation, File
from policy.verdict import Finding, Verdict

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
NETWORK = hashlib.sha256(b"a network").hexdigest()
SHOT = hashlib.sha256(b"a picture just taken").digest()
SITE = Record.model_validate(
    {
        "schema": "threshold/processing-record/1",
        "op": [
            {"id": f"{kind}-{modality}", "kind": kind, "modality": modality}
            for modality in ("face", "tag")
            for kind in ("template", "enrol", "match")
        ],
    }
)
"""Of facts only the operations: the stand-in rules look at the person."""
DIMENSIONS = 128


def laboratory(name: str = "lab-volunteers", **bio: Any) -> Record:
    """A record of the product's with tags beside faces, and other facts about faces: the laboratory's unless told."""
    record = parse((files("policy") / "records" / f"{name}.yaml").read_text(encoding="utf-8"), name)
    assert isinstance(record.op, tuple)
    assert isinstance(record.dpia.ops, tuple)
    more = [
        op.model_copy(update={"id": f"{op.id}-tag", "modality": "tag", "basis9": "none"})
        for op in record.op
        if op.kind in ("enrol", "match")
    ]
    dpia = record.dpia.model_copy(update={"ops": (*record.dpia.ops, *(op.id for op in more))})
    return record.model_copy(update={"op": (*record.op, *more), "dpia": dpia, "bio": record.bio.model_copy(update=bio)})


def noting(record: Record = SITE) -> Record:
    """A record with attendance beside its other purposes, noted of whom a tag or a face lets in."""
    fields = record.model_dump(mode="json", by_alias=True)
    known = [one for one in fields["op"] if one["kind"] in ("match", "log")]
    more = [one | {"id": f"{one['id']}-presence", "purpose": "presence"} for one in known]
    if not any(one["kind"] == "log" for one in more):
        more.append({"id": "log-presence", "kind": "log", "modality": "none", "purpose": "presence"})
    purposes = [one for one in fields["purp"] if isinstance(one, dict)]
    purposes.append((purposes[0] if purposes else {}) | {"id": "presence", "kind": "attendance"})
    fields |= {"op": [*fields["op"], *more], "purp": purposes}
    if isinstance(fields["dpia"]["ops"], list):
        fields["dpia"]["ops"] += [one["id"] for one in more]
    return Record.model_validate(fields)


class Hands:
    """A clock that a test sets."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def assess(record: Record, as_of: date) -> Verdict:
    """Stand-in for the rules where a test is about the store: attested adult volunteers pass, nobody else does."""
    subj = record.subj
    grown = isinstance(subj.age, int) and subj.age >= 18 and subj.role in ("volunteer", "staff")
    later = isinstance(subj.later_age, int) and subj.later_age < 18
    fine = grown and not later and record.dep.jurisdiction != "gb"
    return Verdict.of(
        Finding(
            rule="age-attested" if grown else "minor-biometric-entry",
            outcome="pass" if fine else "refuse",
            citations=("GDPR Art 9(1)",),
            message="stand-in",
        )
    )


def volunteer(reference: str = "volunteer-07", **changes: Any) -> File:
    """An adult volunteer who agreed, just attested."""
    attestation = {
        "witness": "W. Witness",
        "document": "passport",
        "age": 34,
        "role": "volunteer",
        "on": NOON.date(),
    } | changes.pop("attestation", {})
    agreement = {
        "by": "subject",
        "child": "adult",
        "explicit": True,
        "informed_on": NOON.date(),
        "notice": "1.2",
        "recruiter_is_superior": False,
    } | changes.pop("agreement", {})
    return File(
        reference=reference,
        state=changes.pop("state", "pending"),
        attestation=Attestation(**attestation),
        agreement=Agreement(**agreement),
        keep_until=changes.pop("keep_until", NOON.date() + timedelta(days=90)),
        **changes,
    )


def template(seed: int, size: int = DIMENSIONS) -> np.ndarray:
    """A unit vector, float32, as a network would give it."""
    raw = np.random.default_rng(seed).standard_normal(size)
    return (raw / np.linalg.norm(raw)).astype(np.float32)


def opened(folder: Path, hands: Hands | None = None, *, adopt: bool = True, **settings: Any) -> Store:
    """The store of a folder under the stand-in rules, with the site's record adopted."""
    store = Store(folder, **({"assess": assess, "now": hands or Hands()} | settings))
    if adopt and store.record is None:
        store.adopt(SITE)
    return store


def tag(reference: str = "volunteer-07") -> bytes:
    """The identifier of the tag of whom the site calls so."""
    return hashlib.sha256(reference.encode()).digest()[:7]


def enrolled(store: Store, reference: str = "volunteer-07", seed: int = 7, **changes: Any) -> str:
    """A volunteer with a sealed face; the pseudonym."""
    subject = store.admit(volunteer(reference, **changes))
    store.seal(store.permit("enrol", subject, "face", [SHOT]), template(seed), NETWORK)
    return subject


def matching(store: Store, subject: str, *contents: bytes) -> Permit:
    """A fresh permit to compare the person's face with the person's reference, after the person's tag; who has no tag
    gets one."""
    file = store.file(subject)
    if "tag" not in file.references:
        store.keep_tag(store.permit("enrol", subject, "tag"), tag(file.reference))
    return store.permit("match", subject, "face", contents or [SHOT], mode="1:1", token=tag(file.reference))


def score(store: Store, subject: str, seed: int = 7) -> float:
    """The score of a template with the person's reference, while a permit to open it holds; as the person's own export
    gives it where there is no tag to compare after."""
    if "tag" in store.file(subject).references:
        return store.score(matching(store, subject), template(seed), NETWORK)
    _, reference = store.disclose(subject, "face")
    return float(np.array(reference, np.float32) @ template(seed))
