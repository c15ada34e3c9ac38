"""The store under the product's own rules: an adult volunteer of a laboratory gets in, a minor and a pupil don't."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.resources import files

import pytest
from house import NETWORK, SHOT, Hands, laboratory, template, volunteer

from policy.enrolment import CaptureFailed, NotEnrolled, enrol_face, enrol_tag
from policy.gate import Refused
from policy.record import Record, parse
from policy.refusal import letters
from policy.store import Store
from policy.subject import OWN_CONSENT

DAY = datetime(2026, 11, 22, 12, tzinfo=UTC)
LAB = (files("policy") / "records" / "lab-volunteers.yaml").read_text(encoding="utf-8")


@dataclass
class Picture:
    digest: bytes = SHOT


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "store", now=Hands(DAY)) as made:
        made.adopt(parse(LAB, "lab-volunteers"))
        yield made


def file(reference="volunteer-07", age=34, role="staff", **agreement):
    return volunteer(
        reference,
        attestation={"age": age, "role": role, "on": DAY.date()},
        agreement={"informed_on": DAY.date()} | agreement,
    )


def enrol(store: Store, who) -> str:
    return enrol_face(store, who, lambda: [Picture()], lambda permit, shots: template(7), NETWORK)


def test_an_adult_volunteer_is_enrolled_and_matched(store):
    store.adopt(laboratory())
    subject = enrol(store, file())
    assert enrol_tag(store, file(), b"\x04\x11\x22\x33") == subject
    permit = store.permit("match", subject, "face", [SHOT], mode="1:1", token=b"\x04\x11\x22\x33")
    assert store.score(permit, template(7), NETWORK) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("age", "role", "agreement", "rule"),
    [
        (15, "pupil", {"by": "both", "guardians": ("G",), "child": "agreed"}, "minor-biometric-entry"),
        (17, "volunteer", {"by": "both", "guardians": ("G",), "child": "agreed"}, "minor-biometric-entry"),
        (19, "pupil", {}, "minor-biometric-entry"),
    ],
    ids=["a pupil", "a minor volunteer", "a pupil of age"],
)
def test_a_minor_or_pupil_is_refused_whatever_the_guardian_says(store, age, role, agreement, rule):
    with pytest.raises(NotEnrolled) as caught:
        enrol(store, file(age=age, role=role, **agreement))
    assert rule in {finding.rule for finding in caught.value.verdict.findings if finding.weight == "refuse"}
    assert rule in letters(caught.value, "sv")["school"]
    assert list(store.subjects()) == []


def test_a_lower_age_stated_later_is_refused_by_the_rules_too(store):
    subject = enrol(store, file())
    store.change(subject, store.file(subject).model_copy(update={"later_age": 16}))
    with pytest.raises(Refused, match="age-attested"):
        store.permit("match", subject, "face", [SHOT])


def tags(record: str = LAB) -> Record:
    """The laboratory's record, had it tags where it has faces."""
    return parse(record.replace("modality: face", "modality: tag").replace("basis9: a", "basis9: none"), "tags")


def test_a_tag_passes_under_lighter_rules(store):
    store.adopt(tags())
    subject = enrol_tag(store, file(role="volunteer"), b"\x04\x11\x22\x33")
    assert store.owner(b"\x04\x11\x22\x33") == subject


def test_a_childs_tag_needs_a_guardian_and_a_notice_for_children_and_no_more(store):
    store.adopt(tags())
    pupil = file("elev-1", 15, "pupil")
    with pytest.raises(NotEnrolled) as caught:
        enrol_tag(store, pupil, b"\x04\x11\x22\x33")
    against = {finding.rule for finding in caught.value.verdict.findings if finding.weight in ("refuse", "suspend")}
    assert against == {"guardian-involved", "notice-child-version"}
    store.adopt(
        tags(
            LAB.replace("child_version: none", "child_version: true").replace(
                "child_version: false", "child_version: true"
            )
        )
    )
    heard = file("elev-1", 15, "pupil", by="both", guardians=("G. Guardian",), child="agreed")
    assert enrol_tag(store, heard, b"\x04\x11\x22\x33") == store.find("elev-1")


def test_an_order_in_the_record_stops_as_one_in_the_ledger_does(store):
    subject = enrol(store, file())
    order = {"kind": "suspend", "issued": "2026-11-01", "due": "2026-12-01", "lifted_on": "none"}
    fields = parse(LAB, "lab-volunteers").model_dump(by_alias=True)
    fields["sup"]["orders"] = [order]
    store.adopt(Record.model_validate(fields))
    with pytest.raises(Refused, match="order-suspend"):
        store.permit("match", subject, "face", [SHOT])


@pytest.mark.parametrize("modality", ["face", "tag"])
def test_who_agreed_to_nothing_is_not_enrolled_on_what_the_sites_record_says_of_consent(store, modality):
    store.adopt(laboratory())
    silent = file().model_copy(update={"agreement": None})
    looked: list[str] = []
    face = partial(enrol_face, store, silent, lambda: looked.append("camera") or [], lambda *_: template(7), NETWORK)
    tag = partial(enrol_tag, store, silent, b"\x04\x11\x22\x33")
    with pytest.raises(NotEnrolled) as refused:
        (face if modality == "face" else tag)()
    assert "consent-provable" in {one.rule for one in refused.value.verdict.findings if one.outcome == "refuse"}
    assert (looked, store.status()["people"]) == ([], {})


def test_without_an_agreement_the_records_facts_of_one_persons_consent_are_none_and_the_sites_stay():
    silent = file().model_copy(update={"agreement": None})
    site = laboratory()
    said = silent.personal(site, DAY.date()).cons
    assert {name: getattr(said, name) for name in OWN_CONSENT} == dict.fromkeys(OWN_CONSENT, "none")
    assert (said.alternative_equal, said.withdrawal_route) == (site.cons.alternative_equal, site.cons.withdrawal_route)


@pytest.mark.parametrize("how", [KeyboardInterrupt(), CaptureFailed("none came", "no-face")])
def test_an_enrolment_that_comes_to_nothing_leaves_the_facts_of_who_was_here_as_they_were(store, how):
    store.adopt(laboratory())
    known = file().model_copy(update={"keep_until": DAY.date() + timedelta(days=10)})
    subject = enrol_tag(store, known, b"\x04\x11\x22\x33")
    before = store.file(subject)
    later = file(age=35, notice="9").model_copy(update={"keep_until": DAY.date() + timedelta(days=3000)})

    def camera():
        raise how

    with pytest.raises(type(how)):
        enrol_face(store, later, camera, lambda *_: template(7), NETWORK)
    assert store.file(subject) == before
    store.gate.require(store.permit("match", subject, "tag"), "match")
