"""A search among everyone: in a laboratory whose zone holds adults who agreed, and nowhere else."""

from __future__ import annotations

from importlib.resources import files

import pytest
from doorway import BOOTED_NS, Door, Stay, uid
from house import NETWORK, SHOT, laboratory, template

from edge.core.loop import Request
from edge.live.central import Central
from edge.live.tag import TagLane
from edge.live.verification import TokenFirst
from edge.reader import TagRead
from policy.enrolment import NotEnrolled, admit_probe, withdraw
from policy.gate import Refused
from policy.record import read

HERE = Stay(0, 0.0, 4.0)


def reasons(decisions):
    return [decision.reason for decision in decisions]


def lane_of(door):
    return Central(door.store, door.network)


def rules(caught) -> set[str]:
    return {finding.rule for finding in caught.value.verdict.findings if finding.weight == "refuse"}


def test_in_a_laboratory_an_enrolled_adult_is_found(search):
    made = search.visit(lane_of(search), HERE, Stay(1, 5.0, 9.0), seconds=10)
    assert [(one.opened, one.reason, one.subject, one.claimed) for one in made] == [
        (True, "matched", search.store.find("volunteer-00"), None),
        (True, "matched", search.store.find("volunteer-01"), None),
    ]


def test_the_laboratorys_record_that_comes_along_runs_all_three_lanes(search):
    search.store.adopt(read(files("policy") / "records" / "lab-lanes.yaml"))
    subject = search.store.find("volunteer-00")
    assert TagLane(search.store).present(TagRead(uid(0)), BOOTED_NS).opened
    for lane, reads in ((TokenFirst(search.store, search.network), {1.0: uid(0)}), (lane_of(search), {})):
        (decision,) = search.visit(lane, HERE, seconds=4, reads=reads)
        assert (decision.opened, decision.subject) == (True, subject)


def test_two_abreast_are_both_found(search):
    made = search.visit(lane_of(search), HERE, Stay(1, 0.0, 4.0, x=430), seconds=5)
    assert {one.subject for one in made} == {search.store.find("volunteer-00"), search.store.find("volunteer-01")}


def test_who_is_not_found_leaves_a_count_and_nothing_else(search):
    lane = lane_of(search)
    ledger, people = search.store.ledger.anchor().seq, list(search.store.subjects())
    files = {path.name: path.read_bytes() for path in search.folder.iterdir() if path.is_file()}
    assert search.visit(lane, Stay(3, 0.0, 5.0), seconds=7) == []
    assert search.network.computed, "else nothing was searched"
    assert lane.unmatched == 1
    assert (search.store.ledger.anchor().seq, list(search.store.subjects())) == (ledger, people)
    assert {path.name: path.read_bytes() for path in search.folder.iterdir() if path.is_file()} == files
    assert (lane._searches, search.core._visits) == ({}, {})


@pytest.mark.parametrize(
    "change",
    [
        {"mode": "1:1"},
        {"mode": "unknown"},
        {"zone_includes_non_enrolled": True},
        {"zone_includes_non_enrolled": "unknown"},
        {"template_of_non_enrolled": True},
        {"template_of_non_enrolled": "unknown"},
    ],
    ids=str,
)
def test_where_others_can_walk_past_or_that_is_not_known_nothing_is_computed(search, change):
    record = laboratory(**({"mode": "1:N"} | change))
    search.store.adopt(record)
    assert search.visit(lane_of(search), HERE, seconds=4) == []
    assert search.core.tally.detections > 0
    assert search.untouched()


def school(**bio):
    return laboratory("school-tags", **({"mode": "1:N"} | bio))


def said_to_be_a_laboratory(record):
    return record.model_copy(update={"ctl": record.ctl.model_copy(update={"kind": "laboratory"})})


def with_research(record):
    purposes = tuple(purpose.model_copy(update={"kind": "research"}) for purpose in record.purp)
    return record.model_copy(update={"purp": purposes})


@pytest.mark.parametrize(
    "record",
    [
        school(),
        school(zone_includes_non_enrolled=True),
        said_to_be_a_laboratory(school()),
        with_research(said_to_be_a_laboratory(school())),
    ],
    ids=["a school's", "a school's open zone", "said to be a laboratory", "said to research, too"],
)
def test_a_schools_entrance_searches_nobody_whatever_word_is_changed(search, record):
    """People enrolled under a laboratory's record, then another record is adopted, edited a word at a time."""
    search.store.adopt(record)
    assert search.visit(lane_of(search), HERE, seconds=4) == []
    assert search.untouched()
    with pytest.raises(Refused):
        search.store.permit("match", search.store.find("volunteer-00"), "face", [SHOT], mode="1:N")


def test_the_gate_names_the_rule(search):
    search.store.adopt(laboratory(mode="1:N", zone_includes_non_enrolled=True))
    with pytest.raises(Refused) as caught:
        search.store.permit("match", search.store.find("volunteer-00"), "face", [SHOT], mode="1:N")
    assert "search-adults-alone" in rules(caught)


def test_a_record_that_speaks_of_one_to_one_makes_no_permit_to_search(door):
    with pytest.raises(Refused, match="states no search") as caught:
        door.store.permit("match", door.store.find("volunteer-00"), "face", [SHOT], mode="1:N")
    assert rules(caught) == {"search-adults-alone"}


def test_a_face_tag_permit_searches_nobody(search):
    store = search.store
    people = [store.find(f"volunteer-0{person}") for person in (0, 1)]
    permits = [
        store.permit("match", subject, "face", [SHOT], mode="1:1", token=uid(person))
        for person, subject in enumerate(people)
    ]
    with pytest.raises(Refused, match="permit-mode"):
        store.search(permits, template(7), NETWORK)


def test_nor_does_a_permit_to_search_compare_with_one(search):
    permit = search.store.permit("match", search.store.find("volunteer-00"), "face", [SHOT], mode="1:N")
    with pytest.raises(Refused, match="permit-mode"):
        search.store.score(permit, template(7), NETWORK)


def test_without_the_persons_tag_there_is_no_permit_to_compare_with_one(search):
    """So a loop over everybody, one at a time, needs everybody's tag."""
    subject = search.store.find("volunteer-00")
    for token in (b"", uid(1), uid(99)):
        with pytest.raises(Refused, match="token-first"):
            search.store.permit("match", subject, "face", [SHOT], mode="1:1", token=token)


def test_who_withdrew_is_not_searched_for(search):
    withdraw(search.store, "volunteer-00", "subject", "adult", "face")
    lane = lane_of(search)
    assert search.visit(lane, HERE, seconds=5) == []
    assert lane.unmatched == 1
    assert {whose for whose, _ in search.network.computed} == {search.store.find("volunteer-01")}


def test_with_nobody_enrolled_nothing_is_computed(tmp_path):
    empty = Door(tmp_path / "store", laboratory(mode="1:N"))
    assert empty.visit(lane_of(empty), HERE, seconds=3) == []
    assert empty.untouched()
    empty.store.close()


# --- adults without a reference ---


def probe(search, person: int) -> str:
    subject = admit_probe(search.store, search.file(person))
    search.store.keep_tag(search.store.permit("enrol", subject, "tag"), uid(person))
    return subject


def test_an_announced_adult_without_a_reference_is_a_transaction_and_nothing_is_kept(search):
    subject = probe(search, 4)
    (decision,) = search.visit(lane_of(search), Stay(4, 1.0, 6.0), seconds=8, reads={0.5: uid(4)})
    assert (decision.opened, decision.reason, decision.claimed) == (False, "below-threshold", subject)
    assert {whose for whose, _ in search.network.computed} == {subject}, "under that person's own permit"
    assert "face" not in search.store.file(subject).references


def test_an_announced_enrolled_adult_is_known_to_the_study(search):
    subject = search.store.find("volunteer-00")
    (decision,) = search.visit(lane_of(search), Stay(0, 1.0, 5.0), seconds=6, reads={0.5: uid(0)})
    assert (decision.opened, decision.subject, decision.claimed) == (True, subject, subject)


def test_an_announced_visit_with_two_faces_computes_nothing(search):
    probe(search, 4)
    made = search.visit(lane_of(search), Stay(4, 1.0, 15.0), Stay(3, 1.0, 15.0, x=430), seconds=16, reads={0.5: uid(4)})
    assert reasons(made) == ["several-faces"]
    assert search.untouched()


def test_a_tag_alone_is_no_agreement_to_be_searched(search):
    subject = search.enrol(5, face=False)
    made = search.visit(lane_of(search), seconds=2, reads={0.5: uid(5)})
    assert [(one.opened, one.reason, one.claimed) for one in made] == [(False, "no-permit", subject)]
    with pytest.raises(Refused, match="probe-only-agreed"):
        search.store.permit("probe-only", subject, "face", [SHOT], mode="1:N")


def test_an_adult_admitted_without_a_reference_stays_over_a_restart_and_goes_when_asked(search):
    subject = probe(search, 4)
    search.store.close()
    search.__post_init__()
    assert search.store.file(subject).probes
    withdraw(search.store, "volunteer-04", "subject", "adult")
    assert search.store.owner(uid(4)) is None


@pytest.mark.parametrize("age", [15, 17])
def test_no_minor_is_admitted_without_a_reference_either(search, age):
    file = search.file(6)
    young = file.model_copy(update={"attestation": file.attestation.model_copy(update={"age": age})})
    with pytest.raises(NotEnrolled):
        admit_probe(search.store, young)
    assert len(list(search.store.subjects())) == 2


def test_a_probe_only_permit_opens_no_reference_in_a_search(search):
    subject = probe(search, 4)
    permit = search.store.permit("probe-only", subject, "face", [SHOT], mode="1:N")
    from policy.store import StoreError

    with pytest.raises(StoreError, match="expected a permit to match a face"):
        search.store.search([permit], template(7), NETWORK)


def test_an_unknown_tag_and_a_second_one_announce_nobody(search):
    lane = lane_of(search)
    assert lane.present(TagRead(uid(99)), BOOTED_NS).reason == "tag-unknown"
    assert lane.present(TagRead(uid(0)), BOOTED_NS) is None
    assert lane.present(TagRead(uid(0)), BOOTED_NS + 1) is None
    assert lane.present(TagRead(uid(1)), BOOTED_NS + 2).reason == "busy"
    assert lane.windows == 1
    assert reasons(lane.tick(BOOTED_NS + 20_000_000_000)) == ["no-face"]


def test_refused_it_asks_again_a_second_later(search, monkeypatch):
    lane, asked = lane_of(search), []
    search.store.adopt(laboratory())
    permits = lane.permits
    monkeypatch.setattr(lane, "permits", lambda pictures: asked.append(pictures) or permits(pictures))
    for tenth in range(30):
        assert lane.ask(Request(1, 1, 0, BOOTED_NS + tenth * 100_000_000)) is None
    assert len(asked) == 3
    search.store.adopt(laboratory(mode="1:N"))
    assert lane.ask(Request(1, 1, 0, BOOTED_NS + 4_000_000_000)) is not None
