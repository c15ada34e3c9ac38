"""Being noted as present: another purpose, agreed to by itself, with a key and pseudonyms of its own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from house import SITE, Hands, enrolled, laboratory, noting, opened, tag, volunteer
from records import FOLDER

from policy.enrolment import NotEnrolled, enrol_tag
from policy.gate import Refused
from policy.keyring import SubjectKeys
from policy.record import Subjects, read
from policy.running import beginning, running
from policy.store import Store

BOTH = ("door", "attendance")
DAY = date(2026, 9, 1)
LATER = datetime(2026, 11, 22, 12, tzinfo=UTC)
"""After the day on which the product's records were stated."""


@pytest.fixture
def store(tmp_path):
    with opened(tmp_path / "store") as made:
        made.adopt(noting())
        yield made


def rule(caught) -> str:
    return caught.value.verdict.findings[0].rule


def tagged(store: Store, *purposes: str, reference: str = "volunteer-07") -> str:
    return enrol_tag(store, volunteer(reference, purposes=purposes), tag(reference))


# --- pseudonyms ---


def test_presence_has_a_pseudonym_of_its_own_for_each_day_and_slot(store):
    subject = tagged(store, *BOTH)
    present = [store.present(subject, day, slot) for day in (DAY, DAY + timedelta(days=1)) for slot in ("a", "b")]
    assert len({subject, store.pseudonym(subject), *present}) == 6
    assert store.present(subject, DAY, "a") == present[0]


def test_its_key_goes_when_it_is_no_longer_agreed_to(store):
    subject = tagged(store, *BOTH)
    known, door = store.present(subject, DAY, "a"), store.pseudonym(subject)
    file = store.file(subject)
    store.change(subject, file.model_copy(update={"keep_until": file.keep_until + timedelta(days=1)}))
    assert store.present(subject, DAY, "a") == known, "another change leaves it"
    store.change(subject, store.file(subject).model_copy(update={"purposes": ("door",)}))
    store.change(subject, store.file(subject).model_copy(update={"purposes": BOTH}))
    assert store.present(subject, DAY, "a") != known
    assert store.pseudonym(subject) == door


def test_keys_from_before_there_was_attendance_open_and_a_key_is_there_once_it_is_agreed_to(store, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(SubjectKeys, "pack", lambda keys: keys.file + keys.link + keys.face + keys.tag)
        subject = tagged(store, "door")
    assert store.owner(tag()) == subject
    store.change(subject, store.file(subject).model_copy(update={"purposes": BOTH}))
    assert store.present(subject, DAY, "a") == store.present(subject, DAY, "a")


# --- the record ---


def test_a_record_without_attendance_allows_none_and_one_of_attendance_alone_opens_no_door(tmp_path):
    grown = {"subj": Subjects(role="volunteer", age=34)}
    with opened(tmp_path / "store") as store:
        store.adopt(SITE.model_copy(update=grown))
        assert running(store, "tag").verdict == "allow"
        assert running(store, "tag", "attendance").findings[0].rule == "operation-in-record"
        both = noting().model_copy(update=grown)
        store.adopt(both)
        assert {running(store, "tag", purpose).verdict for purpose in BOTH} == {"allow"}
        alone = [op for op in both.op if op.kind == "enrol" or op.purpose == "presence"]
        store.adopt(both.model_copy(update={"op": tuple(alone)}))
        assert running(store, "tag", "attendance").verdict == "allow"
        assert running(store, "tag").findings[0].rule == "operation-in-record"
        silent = [op for op in both.op if op.id != "log-presence"]
        store.adopt(both.model_copy(update={"op": tuple(silent)}))
        assert "kind log for the purpose attendance" in running(store, "tag", "attendance").findings[0].message


def test_the_rules_are_asked_of_attendance_as_of_anything(tmp_path):
    """The product's own rules: a laboratory of adults may note by tag; by face it doesn't where a tag does; and a
    school's pupils are refused as ever."""
    with Store(tmp_path / "tags", now=Hands(LATER)) as store:
        store.adopt(read(FOLDER / "lab-attendance.yaml"))
        assert {beginning(store, "tag", purpose).verdict for purpose in BOTH} == {"allow"}
    grown = noting(laboratory())
    subj = grown.subj.model_copy(update={"role": "pupil", "attested_role": "pupil"})
    for record, against in (
        (grown, "least-intrusive-first"),
        (grown.model_copy(update={"subj": subj}), "minor-biometric-entry"),
    ):
        with Store(tmp_path / against, now=Hands(LATER)) as store:
            store.adopt(record)
            verdict = beginning(store, "1:1", "attendance")
            assert verdict.verdict == "refuse"
            assert against in {one.rule for one in verdict.findings if one.weight == "refuse"}


# --- the person ---


def test_who_is_enrolled_for_the_door_alone_gets_no_permit_for_attendance_nor_the_other_way_round(store):
    door = tagged(store, "door")
    noted = tagged(store, "attendance", reference="volunteer-08")
    with pytest.raises(Refused) as caught:
        store.permit("match", door, "tag", purpose="attendance")
    assert rule(caught) == "purpose-agreed"
    with pytest.raises(Refused) as caught:
        store.permit("match", noted, "tag")
    assert rule(caught) == "purpose-agreed"
    store.gate.require(store.permit("match", noted, "tag", purpose="attendance"), "match", purpose="attendance")


def test_a_permit_for_one_purpose_is_none_for_the_other(store):
    subject = tagged(store, *BOTH)
    for given, wanted in (BOTH, BOTH[::-1]):
        with pytest.raises(Refused) as caught:
            store.gate.require(store.permit("match", subject, "tag", purpose=given), "match", purpose=wanted)
        assert rule(caught) == "permit-purpose"


def test_nobody_is_enrolled_for_attendance_under_a_record_without_it(tmp_path):
    with opened(tmp_path / "store") as store:
        with pytest.raises(NotEnrolled) as caught:
            tagged(store, *BOTH)
        assert rule(caught) == "operation-in-record"
        assert not list(store.subjects())


def test_a_face_kept_for_attendance_alone_comes_with_the_persons_export_and_is_renewed(store):
    subject = enrolled(store, purposes=("attendance",))
    assert store.export(subject)["references"][0]["content"] is not None
    assert store.renew() == (1, 0)


def test_a_store_of_before_reads_people_as_enrolled_for_the_door(tmp_path):
    with opened(tmp_path / "store") as store:
        assert store.record == SITE
        subject = enrolled(store)
        written = store.file(subject).model_dump(mode="json")
        del written["purposes"]
        assert type(store.file(subject)).model_validate(written).purposes == ("door",)
