"""Enrolment: the gate first, then a camera, then an embedder; whoever is refused leaves a count and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from house import NETWORK, NOON, Hands, enrolled, opened, score, tag, template, volunteer

from policy.database import DatabaseError
from policy.enrolment import (
    CaptureFailed,
    NotEnrolled,
    declined,
    enrol_face,
    enrol_tag,
    lower_age,
    reconfirm,
    withdraw,
)
from policy.entry import Consented, Erased, Refused
from policy.gate import Refused as NotAllowed
from policy.refusal import letters
from policy.store import Store, StoreError, UnknownSubject

UID = b"\x04\x11\x22\x33"


@dataclass
class Booth:
    """A camera and an embedder that don't exist, and what was asked of them in which order."""

    store: Store
    asked: list[str]
    shots: Sequence[bytes] = (b"first", b"second")

    def capture(self) -> list[Picture]:
        self.asked.append("capture")
        return [Picture(content) for content in self.shots]

    def embed(self, permit, shots):
        for shot in shots:
            self.store.gate.require(permit, "template", shot.digest)
        self.asked.append("embed")
        return template(7)

    def enrol(self, file) -> str:
        return enrol_face(self.store, file, self.capture, self.embed, NETWORK)


@dataclass
class Picture:
    content: bytes

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.content).digest()


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def store(tmp_path, hands):
    with opened(tmp_path / "store", hands) as made:
        yield made


@pytest.fixture
def booth(store) -> Booth:
    return Booth(store, [])


def kinds(store: Store) -> list[str]:
    return [entry.kind for entry in store.ledger]


def test_an_adult_volunteer_is_enrolled(store, booth):
    subject = booth.enrol(volunteer())
    assert booth.asked == ["capture", "embed"]
    assert store.file(subject).state == "active"
    assert score(store, subject) == pytest.approx(1, abs=1e-6)
    assert kinds(store) == ["opened", "adopted", "permitted", "consented", "enrolled"]


@pytest.mark.parametrize(
    ("attestation", "readers"),
    [
        ({"age": 15, "role": "pupil"}, {"guardian", "school"}),
        ({"age": 19, "role": "pupil"}, {"school", "person"}),
        ({"age": 17, "role": "volunteer"}, {"guardian", "school"}),
        ({"age": 40, "role": "visitor"}, {"person"}),
    ],
    ids=["a minor", "a pupil of age", "a minor volunteer", "a visitor"],
)
def test_a_refusal_comes_before_the_camera_and_leaves_a_count(store, booth, attestation, readers):
    with pytest.raises(NotEnrolled) as caught:
        booth.enrol(volunteer(attestation=attestation))
    assert booth.asked == []
    assert list(store.subjects()) == []
    last = [entry.body for entry in store.ledger][-1]
    assert isinstance(last, Refused)
    assert set(last.model_dump()) == {"kind", "modality", "rules"}
    assert sum(store.status()["refusals"].values()) == 1
    for language in ("en", "sv", "is"):
        assert set(letters(caught.value, language)) == readers


def test_the_letters_say_it_in_three_languages(store, booth):
    with pytest.raises(NotEnrolled) as caught:
        booth.enrol(volunteer(attestation={"age": 15, "role": "pupil"}))
    english, swedish, icelandic = (letters(caught.value, language) for language in ("en", "sv", "is"))
    assert english["guardian"].startswith("Your child was not registered for face recognition.")
    assert swedish["guardian"].startswith("Ditt barn registrerades inte för ansiktsigenkänning.")
    assert icelandic["guardian"].startswith("Barnið þitt var ekki skráð fyrir andlitsgreiningu.")
    for texts in (english, swedish, icelandic):
        assert "minor-biometric-entry" in texts["school"]
        assert "minor-biometric-entry" not in texts["guardian"]
        assert not any("{" in text for text in texts.values())


@pytest.mark.parametrize("language", ["en", "sv", "is"])
@pytest.mark.parametrize(("age", "readers"), [(15, {"guardian", "school"}), (40, {"person"})])
def test_the_letters_about_a_tag_speak_of_no_face(store, language, age, readers):
    with pytest.raises(NotEnrolled) as caught:
        enrol_tag(store, volunteer(attestation={"age": age, "role": "visitor"}), UID)
    texts = letters(caught.value, language)
    assert set(texts) == readers
    for text in texts.values():
        assert not any(word in text for word in ("face recognition", "ansiktsigenkänning", "andlitsgreining", "{"))
        assert "minor-biometric-entry" in text


@pytest.mark.parametrize(
    "attestation",
    [{"on": NOON.date() - timedelta(days=1)}, {"on": NOON.date() + timedelta(days=1)}, {"witness": "Volunteer-07 "}],
)
def test_age_and_role_are_attested_today_by_somebody_else(booth, attestation):
    with pytest.raises(NotEnrolled, match="age-attested"):
        booth.enrol(volunteer(attestation=attestation))
    assert booth.asked == []


def test_without_a_picture_nothing_is_kept(store, booth):
    booth.shots = ()
    with pytest.raises(CaptureFailed):
        booth.enrol(volunteer())
    assert list(store.subjects()) == []
    assert [entry.body.reason for entry in store.ledger if isinstance(entry.body, Erased)] == ["unfinished"]


def test_when_the_embedder_fails_nothing_is_kept(store, booth):
    def broken(permit, shots):
        raise RuntimeError("no face")

    with pytest.raises(RuntimeError, match="no face"):
        enrol_face(store, volunteer(), booth.capture, broken, NETWORK)
    assert list(store.subjects()) == []


def test_a_tag_of_a_person_goes_beside_the_face(store, booth):
    subject = booth.enrol(volunteer())
    assert enrol_tag(store, volunteer(), tag()) == subject
    assert set(store.file(subject).references) == {"face", "tag"}
    assert score(store, subject) == pytest.approx(1, abs=1e-6)


def test_enrolling_again_replaces_the_reference(store, booth):
    subject = booth.enrol(volunteer())
    assert booth.enrol(volunteer()) == subject
    assert score(store, subject) == pytest.approx(1, abs=1e-6)


def test_a_failed_second_enrolment_keeps_the_first(store, booth):
    subject = booth.enrol(volunteer())
    booth.shots = ()
    with pytest.raises(CaptureFailed):
        booth.enrol(volunteer())
    assert score(store, subject) == pytest.approx(1, abs=1e-6)


def test_a_record_that_names_no_face_operation_allows_none(store, booth):
    site = store.record
    store.adopt(site.model_copy(update={"op": tuple(op for op in site.op if op.modality == "tag")}))
    with pytest.raises(NotEnrolled, match="operation-in-record"):
        booth.enrol(volunteer())
    enrol_tag(store, volunteer(), UID)


def test_a_tag_is_judged_without_what_the_site_does_with_faces(store):
    record = volunteer().personal(store.record, NOON.date(), "tag")
    assert {op.modality for op in record.op} == {"tag"}
    assert set(record.bio.model_dump().values()) == {"none"}


# --- the consent ledger, and the ends of it ---


def test_consent_is_told_with_guardians_and_the_childs_own_say(tmp_path, hands):
    from house import assess

    def anybody(record, as_of):
        return assess(volunteer().personal(record, as_of), as_of)

    with opened(tmp_path / "minors", hands, assess=anybody) as store:
        agreement = {"by": "both", "guardians": ("G. Guardian", "H. Guardian"), "child": "objected"}
        subject = Booth(store, []).enrol(volunteer(attestation={"age": 15}, agreement=agreement))
        (given,) = [entry.body for entry in store.ledger if isinstance(entry.body, Consented)]
        assert (given.subject, given.by, given.child, given.notice) == (subject, "both", "objected", "1.2")
        assert given.guardians == (store.link(subject, "G. Guardian"), store.link(subject, "H. Guardian"))
        assert given.record is not None


def test_a_no_is_kept_and_nobody_with_it(store):
    declined(store, "guardian", "objected", "1.2")
    declined(store, "guardian", "objected", "1.2")
    first, second = [entry.body for entry in store.ledger if isinstance(entry.body, Consented)]
    assert (first.decision, first.child) == ("refused", "objected")
    assert first.subject != second.subject


def test_withdrawal_erases_the_face_and_keeps_the_tag(store, booth):
    subject = booth.enrol(volunteer())
    enrol_tag(store, volunteer(), UID)
    withdraw(store, "volunteer-07", "subject", "adult", "face")
    assert store.owner(UID) == subject
    assert kinds(store)[-3:] == ["consented", "revoked", "erased"]
    withdraw(store, "volunteer-07", "subject", "adult")
    assert store.owner(UID) is None
    with pytest.raises(UnknownSubject):
        withdraw(store, "volunteer-07", "subject", "adult")


def test_a_lower_age_ends_permits_and_erases_the_face(store, booth):
    booth.enrol(volunteer())
    enrol_tag(store, volunteer(), UID)
    lower_age(store, "volunteer-07", 16)
    subject = store.find("volunteer-07")
    assert set(store.file(subject).references) == {"tag"}
    with pytest.raises(NotAllowed):
        store.permit("enrol", subject, "face")
    with pytest.raises(StoreError, match="expected an age below the 16"):
        lower_age(store, "volunteer-07", 30)
    with pytest.raises(StoreError, match="expected an attestation after"):
        booth.enrol(volunteer())


def test_a_lower_age_is_carried_through_after_a_crash(store, hands, monkeypatch):
    subject = enrolled(store)

    def crash(*_):
        raise DatabaseError("crash")

    with monkeypatch.context() as patched:
        patched.setattr(store, "erase", crash)
        with pytest.raises(DatabaseError):
            lower_age(store, "volunteer-07", 16)
    store.close()
    with opened(store.folder, hands) as again, pytest.raises(UnknownSubject):
        again.file(subject)


def test_who_comes_of_age_confirms_alone(tmp_path, hands):
    from house import assess

    def anybody(record, as_of):
        return assess(volunteer().personal(record, as_of), as_of)

    with opened(tmp_path / "minors", hands, assess=anybody) as store:
        agreement = {"by": "both", "guardians": ("G. Guardian",), "child": "agreed"}
        kept = NOON.date() + timedelta(days=900)
        subject = Booth(store, []).enrol(volunteer(attestation={"age": 17}, agreement=agreement, keep_until=kept))
        hands.at += timedelta(days=100)
        with pytest.raises(NotAllowed, match="guardian-consent-lapses-at-18"):
            score(store, subject)
        with pytest.raises(StoreError, match="of age who agrees alone"):
            reconfirm(store, "volunteer-07", volunteer(attestation={"age": 17, "on": hands.at.date()}))
        reconfirm(store, "volunteer-07", volunteer(attestation={"age": 18, "on": hands.at.date()}))
        assert score(store, subject) == pytest.approx(1, abs=1e-6)
        assert store.file(subject).keep_until == kept
