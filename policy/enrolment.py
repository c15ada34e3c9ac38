"""Enrolment: live, witnessed, through the gate; and its ends: withdrawal, a lower age stated later, coming of age.

The gate is asked before a camera is looked at, and again, for a permit over the very pictures, before an embedder is.
Whoever is refused leaves nothing behind but a count.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Literal, Protocol, TypeVar

from policy.entry import By, Child, Consented, Failed, Failure, Modality, Refused, Revoked
from policy.errors import PolicyError
from policy.gate import Refused as NotAllowed
from policy.permit import Permit
from policy.rotation import Template
from policy.store import Store, StoreError, UnknownSubject
from policy.subject import ADULT, Agreement, File
from policy.verdict import Finding, Verdict


class Shot(Protocol):
    """A picture just taken of the person in front of the witness."""

    @property
    def digest(self) -> bytes:
        """SHA-256 of its pixels."""
        ...


ShotT = TypeVar("ShotT", bound=Shot)


class NotEnrolled(NotAllowed):
    """Error raised when the gate doesn't allow an enrolment; `policy.refusal` puts it into words."""

    def __init__(self, file: File, modality: Modality, verdict: Verdict) -> None:
        super().__init__(verdict)
        self.modality = modality
        self.pupil = file.attestation.role == "pupil"
        self.minor = file.attestation.age < ADULT or (file.later_age or ADULT) < ADULT


class CaptureFailed(PolicyError, RuntimeError):
    """Error raised when no usable picture of the one person in front of the camera came; nothing of them is kept."""

    def __init__(self, message: str, reason: Failure) -> None:
        super().__init__(message)
        self.reason = reason


def enrol_face(
    store: Store,
    file: File,
    capture: Callable[[], Sequence[ShotT]],
    embed: Callable[[Permit, Sequence[ShotT]], Template],
    network: str,
    drawn: Callable[[Sequence[ShotT]], Permit] | None = None,
) -> str:
    """Enrol a face; the person's pseudonym. `file` is the person's facts, as just attested.

    `capture` is called when the gate allows it, `embed` with the permit that covers what was captured; `network` is the
    embedder's SHA-256. In a demonstration `drawn` has the gate draw the pictures again. Raises NotEnrolled,
    CaptureFailed (counted, without the person), StoreError, and whatever the three raise; then nothing of the person is
    kept.
    """
    subject, before = _admitted(store, file, "face")
    try:
        shots = capture()
        if not shots:
            raise CaptureFailed(
                "expected pictures of one person in front of the camera, found none. Try again.", "no-face"
            )
        cover = None if drawn is None else drawn(shots)
        permit = _permit(store, subject, file, "face", [shot.digest for shot in shots], drawn=cover)
        store.seal(permit, embed(permit, shots), network)
    except BaseException as error:
        _left(store, subject, before)
        if isinstance(error, CaptureFailed):
            store.ledger.append(Failed(modality="face", reason=error.reason))
        elif isinstance(error, NotAllowed):
            store.ledger.append(Refused(modality="face", rules=_against(error.verdict)))
        raise
    return subject


def enrol_tag(store: Store, file: File, uid: bytes) -> str:
    """Enrol a tag by its identifier; the person's pseudonym. Raises NotEnrolled, StoreError."""
    subject, before = _admitted(store, file, "tag")
    try:
        store.keep_tag(_permit(store, subject, file, "tag", []), uid)
    except BaseException:
        _left(store, subject, before)
        raise
    return subject


def admit_probe(store: Store, file: File) -> str:
    """Take in an adult whose face may be compared with others' references and who leaves none; the pseudonym.

    Of each visit a template is computed in memory, under a `probe-only` permit. Raises NotEnrolled, StoreError.
    """
    subject, before = _admitted(store, file.model_copy(update={"probes": True}), "face")
    try:
        _permit(store, subject, file, "face", [], "probe-only")
        admitted = store.file(subject).model_copy(update={"state": "active"})
        store.change(subject, admitted)
    except BaseException:
        _left(store, subject, before)
        raise
    return subject


def declined(store: Store, by: By, child: Child, notice: str) -> None:
    """Note that somebody said no: how many did, after which notice, is part of the account of consent (Art 7(1)), and
    of whether it is free. Who it was is not kept."""
    store.ledger.append(Consented(subject=secrets.token_hex(16), decision="refused", by=by, child=child, notice=notice))


def withdraw(store: Store, reference: str, by: By, child: Child, modality: Modality | Literal["all"] = "all") -> None:
    """Consent is withdrawn, as easily as it was given: what rested on it is erased at once. Raises UnknownSubject."""
    subject = store.find(reference)
    file = store.file(subject)
    consent = _withdrawn(store, subject, file, by, child)
    store.erase(subject, "withdrawal", modality, consent, Revoked(subject=subject, reason="withdrawal"))


def withdraw_attendance(store: Store, reference: str, by: By, child: Child) -> None:
    """Consent to being noted as present is withdrawn: its key goes at once, the references stay for the door; who
    agreed to nothing else is erased. Raises StoreError where there was none, UnknownSubject."""
    subject = store.find(reference)
    file = store.file(subject)
    if "attendance" not in file.purposes:
        raise StoreError(f"{reference!r}: expected a person who is noted as present, found one who isn't.")
    rest = tuple(purpose for purpose in file.purposes if purpose != "attendance")
    if not rest:
        withdraw(store, reference, by, child)
        return
    store.change(
        subject,
        file.model_copy(update={"purposes": rest}),
        _withdrawn(store, subject, file, by, child),
        Revoked(subject=subject, reason="withdrawal"),
    )


def lower_age(store: Store, reference: str, age: int) -> None:
    """Somebody states a lower age than was attested: permits end, the face goes, and a witness is to attest anew.

    Raises StoreError for an age that isn't lower, UnknownSubject.
    """
    subject = store.find(reference)
    file = store.file(subject)
    if age >= file.age(store.clock.now().date()):
        raise StoreError(
            f"expected an age below the {file.age(store.clock.now().date())} that was attested, found {age}."
        )
    lowered = file.model_copy(update={"later_age": age})
    store.change(subject, lowered, Revoked(subject=subject, reason="lower-age"))
    if "face" in file.references:
        store.erase(subject, "lower-age", "face")


def reconfirm(store: Store, reference: str, attested: File) -> None:
    """The person, attested to be of age, confirms what a guardian agreed to. Raises StoreError, UnknownSubject."""
    subject = store.find(reference)
    file = store.file(subject)
    agreement = attested.agreement
    if attested.attestation.age < ADULT or agreement is None or agreement.by != "subject":
        raise StoreError("expected a person attested to be of age who agrees alone, found another.")
    _witnessed(store, attested, "face")
    today = store.clock.now().date()
    confirmed = agreement.model_copy(update={"reconfirmed_on": today})
    store.change(
        subject,
        file.model_copy(update={"attestation": attested.attestation, "agreement": confirmed}),
        Consented(subject=subject, decision="reconfirmed", by="subject", child="adult", notice=agreement.notice),
    )


def _admitted(store: Store, file: File, modality: Modality) -> tuple[str, File | None]:
    """The person's pseudonym once the gate has allowed the enrolment, and the facts kept of them before, if any; until
    it is done, who is new is pending."""
    _witnessed(store, file, modality)
    verdict = store.assess(file, modality)
    if verdict.verdict != "allow":
        store.ledger.append(Refused(modality=modality, rules=_against(verdict)))
        raise NotEnrolled(file, modality, verdict)
    try:
        subject = store.find(file.reference)
    except UnknownSubject:
        return store.admit(file.model_copy(update={"state": "pending", "references": {}})), None
    known = store.file(subject)
    if known.later_age is not None and file.attestation.on <= known.attestation.on:
        raise StoreError("expected an attestation after a lower age was stated, found an older one.")
    store.change(subject, file.model_copy(update={"state": "active", "references": known.references}))
    return subject, known


def _permit(
    store: Store,
    subject: str,
    file: File,
    modality: Modality,
    contents: Sequence[bytes],
    kind: Literal["enrol", "probe-only"] = "enrol",
    drawn: Permit | None = None,
) -> Permit:
    agreement = file.agreement
    with store.database.writing():
        permit = store.permit(kind, subject, modality, contents, drawn=drawn)
        if agreement is not None:
            store.ledger.append(
                Consented(
                    subject=subject,
                    decision="given",
                    by=agreement.by,
                    guardians=_guardians(store, subject, file),
                    child=agreement.child,
                    notice=agreement.notice,
                    record=permit.record,
                )
            )
    return permit


def _withdrawn(store: Store, subject: str, file: File, by: By, child: Child) -> Consented:
    return Consented(
        subject=subject,
        decision="withdrawn",
        by=by,
        guardians=_guardians(store, subject, file),
        child=child,
        notice="0" if file.agreement is None else file.agreement.notice,
    )


def _guardians(store: Store, subject: str, file: File) -> tuple[str, ...]:
    agreement: Agreement | None = file.agreement
    return () if agreement is None else tuple(store.link(subject, name) for name in agreement.guardians)


def _left(store: Store, subject: str, before: File | None) -> None:
    """An enrolment came to nothing: who was new to the store leaves it, of the others all is as it was before."""
    now = store.file(subject)
    if not now.references:
        store.erase(subject, "unfinished")
    elif before is not None and now.references == before.references:
        store.change(subject, before)


def _witnessed(store: Store, file: File, modality: Modality) -> None:
    """Raise NotEnrolled unless a witness who is somebody else attested age and role today."""
    attested, today = file.attestation, store.clock.now().date()
    problem = None
    if attested.on != today:
        problem = f"Age and role were attested on {attested.on}, and an enrolment is witnessed on its day ({today})."
    elif attested.witness.strip().casefold() == file.reference.strip().casefold():
        problem = "The witness is the person to be enrolled; another person has to attest age and role."
    if problem is not None:
        finding = Finding(
            rule="age-attested",
            outcome="refuse",
            citations=("GDPR Art 5(1)(d)", "GDPR Art 5(2)"),
            facts=("subj.attested_by", "subj.attested_on"),
            message=problem,
            mark="project-rule",
        )
        store.ledger.append(Refused(modality=modality, rules=("age-attested",)))
        raise NotEnrolled(file, modality, Verdict.of(finding))


def _against(verdict: Verdict) -> tuple[str, ...]:
    standing = (f.rule for f in verdict.findings if f.weight in ("refuse", "suspend"))
    return tuple(dict.fromkeys(standing))
