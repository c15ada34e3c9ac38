"""The sealed store: in under a permit, out as a score under one that holds, and gone when erased."""

from __future__ import annotations

import inspect
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from house import (
    DIMENSIONS,
    NETWORK,
    NOON,
    SHOT,
    SITE,
    Hands,
    assess,
    enrolled,
    matching,
    opened,
    score,
    template,
    volunteer,
)

from policy.clock import ClockBehind
from policy.database import Busy, DatabaseError
from policy.entry import Enrolled, Erased, Ordered, Revoked
from policy.epoch import RolledBack
from policy.gate import Facts, Gate, Refused
from policy.keys import SecretError
from policy.ledger import LedgerError, verify
from policy.rotation import matrix, turn, turn_back
from policy.seal import SealBroken, seal, unseal
from policy.store import NAME, Store, StoreError, UnknownSubject


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def store(tmp_path, hands):
    with opened(tmp_path / "store", hands) as made:
        yield made


def rule(caught: pytest.ExceptionInfo[Refused]) -> str:
    (finding,) = caught.value.verdict.findings
    return finding.rule


def sql(store: Store, *statements: str) -> None:
    """What somebody with the file could do."""
    with closing(sqlite3.connect(store.folder / NAME)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def everything(folder: Path) -> bytes:
    """The raw bytes of every live file."""
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())


# --- sealing ---


def test_what_is_sealed_opens_with_its_key_in_its_place_alone():
    sealed = seal(bytes(32), b"content", "facts", "a", 1)
    assert unseal(bytes(32), sealed, "facts", "a", 1) == b"content"
    for key, blob, context in [
        (bytes(31) + b"\x01", sealed, ("facts", "a", 1)),
        (bytes(32), sealed[:-1] + bytes([sealed[-1] ^ 1]), ("facts", "a", 1)),
        (bytes(32), sealed, ("facts", "b", 1)),
        (bytes(32), sealed, ("facts", "a", 2)),
        (bytes(32), sealed, ("facts", "a1")),
        (bytes(32), b"", ("facts", "a", 1)),
    ]:
        with pytest.raises(SealBroken, match="It stays closed"):
            unseal(key, blob, *context)


def test_the_same_twice_is_sealed_differently():
    assert seal(bytes(32), b"content", "facts") != seal(bytes(32), b"content", "facts")


# --- rotation ---


def test_scores_are_unchanged_by_the_rotation():
    first, second = template(1), template(2)
    for size in (128, 512):
        first, second = template(1, size), template(2, size)
        turned = turn(b"s" * 32, first) @ turn(b"s" * 32, second)
        assert abs(float(turned) - float(first @ second)) < 1e-6
        assert np.allclose(turn_back(b"s" * 32, turn(b"s" * 32, first)), first, atol=1e-6)


def test_the_matrix_is_orthogonal_and_its_own_secrets():
    traces = [np.trace(matrix(bytes([n] * 32), 32)) for n in range(200)]
    assert abs(np.mean(traces)) < 4 / np.sqrt(200)
    assert 0.8 < np.std(traces) < 1.2
    turned = matrix(b"a" * 32, DIMENSIONS)
    assert np.abs(turned @ turned.T - np.eye(DIMENSIONS)).max() < 1e-12
    assert np.abs(turned - matrix(b"b" * 32, DIMENSIONS)).max() > 0.1
    assert not turned.flags.writeable


def test_old_and_new_references_cant_be_linked():
    """One person's old and new are as far apart as anybody's, so a search for the pair does no better than chance."""
    people = np.stack([template(seed) for seed in range(400)])
    old = np.stack([turn(b"old" + bytes(29), person) for person in people])
    new = np.stack([turn(b"new" + bytes(29), person) for person in people])
    scores = old @ new.T
    own = np.diag(scores)
    spread = 1 / np.sqrt(DIMENSIONS)
    # Its expectation is trace / d, and the trace of a uniform rotation has mean 0 and variance 1 (Diaconis 1994).
    assert abs(own.mean()) < 4 * np.hypot(1 / DIMENSIONS, spread / np.sqrt(len(own)))
    assert abs(own.std() - spread) < 0.15 * spread
    hits = int((scores.argmax(1) == np.arange(400)).sum())
    assert hits <= 8, "expected 1 by chance; more than 8 has a probability below 1e-5 (Poisson)"
    assert np.diag(old @ old.T).min() > 0.999, "linked within one installation, as they must be"


# --- in and out ---


def test_a_reference_goes_in_and_its_score_comes_out(store):
    subject = enrolled(store)
    assert score(store, subject) == pytest.approx(1, abs=1e-6)
    assert score(store, subject, seed=8) == pytest.approx(float(template(7) @ template(8)), abs=1e-6)


def test_it_is_there_after_a_restart(store, hands):
    subject = enrolled(store)
    store.close()
    with opened(store.folder, hands) as again:
        assert again.find("volunteer-07") == subject
        assert score(again, subject) == pytest.approx(1, abs=1e-6)


def test_no_file_holds_the_name_the_witness_or_the_template(store):
    enrolled(store, "Anna Karin Jónsdóttir")
    raw = everything(store.folder)
    secret = store._references.rotation()[1]
    turned = turn(secret, template(7))
    words = ("Anna Karin", "Jónsdóttir", "Witness", "volunteer")
    numbers = (template(7), template(7)[:4], turned, turned[:4])
    for clear in (*(word.encode() for word in words), *(part.tobytes() for part in numbers)):
        assert clear not in raw


def test_files_are_the_owners_alone(store):
    enrolled(store)
    modes = {path.name: path.stat().st_mode & 0o077 for path in store.folder.iterdir()}
    assert {name: mode for name, mode in modes.items() if mode and name != "anchor.json"} == {}


def test_the_ledger_tells_the_enrolment_without_a_name(store):
    subject = enrolled(store)
    entry = next(entry.body for entry in store.ledger if isinstance(entry.body, Enrolled))
    assert (entry.subject, entry.document, entry.modality, entry.network) == (subject, "passport", "face", NETWORK)
    assert entry.witness == store.link(subject, "W. Witness")
    assert verify(store.folder / NAME).good


def test_pseudonyms_of_two_purposes_differ(store):
    subject = enrolled(store)
    assert store.pseudonym(subject) != subject


def test_a_tag_goes_in_and_opens_for_its_owner(store):
    subject = store.admit(volunteer())
    store.keep_tag(store.permit("enrol", subject, "tag"), b"\x04\x11\x22\x33")
    assert store.owner(b"\x04\x11\x22\x33") == subject
    assert store.owner(b"\x04\x11\x22\x34") is None
    assert b"\x04\x11\x22\x33" not in everything(store.folder)


def test_a_tag_is_one_persons(store):
    first, second = store.admit(volunteer("1")), store.admit(volunteer("2"))
    store.keep_tag(store.permit("enrol", first, "tag"), b"\x04\x11\x22\x33")
    permit = store.permit("enrol", second, "tag")
    with pytest.raises(StoreError, match="found somebody's"):
        store.keep_tag(permit, b"\x04\x11\x22\x33")
    with pytest.raises(StoreError, match="4 to 10 bytes"):
        store.keep_tag(permit, b"\x04")


@pytest.mark.parametrize(
    "wrong", [template(7) * 2, template(7).astype(np.float64), np.zeros(DIMENSIONS, np.float32), template(7)[None]]
)
def test_what_is_no_template_is_not_kept(store, wrong):
    permit = store.permit("enrol", store.admit(volunteer()), "face", [SHOT])
    with pytest.raises(StoreError, match="unit length"):
        store.seal(permit, wrong, NETWORK)


def test_another_networks_probe_is_not_compared(store):
    permit = matching(store, enrolled(store))
    with pytest.raises(StoreError, match="Enrol again"):
        store.score(permit, template(7), "0" * 64)
    with pytest.raises(StoreError, match="numbers"):
        store.score(permit, template(7, 64), NETWORK)


def test_a_person_is_admitted_once(store):
    enrolled(store)
    with pytest.raises(StoreError, match="found one by that reference"):
        store.admit(volunteer())


# --- permits ---


def test_without_a_record_nothing_is_allowed(tmp_path, hands):
    with Store(tmp_path / "bare", assess=assess, now=hands) as bare:
        subject = bare.admit(volunteer())
        with pytest.raises(StoreError, match="expected a processing record in force"):
            bare.permit("enrol", subject, "face")


def test_a_refusal_makes_no_permit(store):
    subject = store.admit(volunteer(attestation={"age": 15}))
    with pytest.raises(Refused) as caught:
        store.permit("enrol", subject, "face")
    assert rule(caught) == "minor-biometric-entry"


def test_permits_of_a_face_cover_the_pictures_just_taken_and_no_other(store):
    permit = store.permit("enrol", store.admit(volunteer()), "face", [SHOT])
    store.gate.require(permit, "template", SHOT)
    with pytest.raises(Refused) as caught:
        store.gate.require(permit, "template", b"another picture".ljust(32))
    assert rule(caught) == "permit-contents"


def test_each_kind_does_what_it_is_for(store):
    subject = enrolled(store)
    assert store.permit("enrol", subject, "face").operations == {"template", "store"}
    assert store.permit("match", subject, "face").operations == {"template", "match"}
    assert store.permit("probe-only", subject, "face").operations == {"template", "match"}
    assert store.permit("enrol", subject, "tag").operations == {"store"}


def test_an_enrol_permit_is_good_for_one_reference(store):
    subject = store.admit(volunteer())
    permit = store.permit("enrol", subject, "face", [SHOT])
    store.seal(permit, template(7), NETWORK)
    with pytest.raises(Refused) as caught:
        store.seal(permit, template(8), NETWORK)
    assert rule(caught) == "permit-record"


@pytest.mark.parametrize("kind", ["match", "probe-only"])
def test_a_permit_of_another_kind_stores_nothing(store, kind):
    subject = enrolled(store)
    permit = store.permit(kind, subject, "face", [SHOT])
    with pytest.raises(Refused) as caught:
        store.seal(permit, template(8), NETWORK)
    assert rule(caught) == "permit-operation"


def test_a_probe_only_permit_opens_no_reference(store):
    permit = store.permit("probe-only", enrolled(store), "face", [SHOT])
    with pytest.raises(Refused) as caught:
        store.score(permit, template(7), NETWORK)
    assert rule(caught) == "permit-mode"


def test_a_simulated_or_tag_permit_stores_no_face(store):
    with pytest.raises(StoreError, match="expected a permit to enrol a face"):
        store.seal(store.gate.simulated("x"), template(7), NETWORK)
    permit = store.permit("enrol", store.admit(volunteer()), "tag")
    with pytest.raises(StoreError, match="expected a permit to enrol a face"):
        store.seal(permit, template(7), NETWORK)


def test_a_borrowed_permit_does_not_open_another_persons(store):
    first, second = enrolled(store, "1", 1), enrolled(store, "2", 2)
    borrowed = replace(matching(store, first), subject=second)
    with pytest.raises(Refused) as caught:
        store.score(borrowed, template(2), NETWORK)
    assert rule(caught) == "permit-genuine"


class Lenient:
    """Somebody's own register: everybody is an adult volunteer, and nothing stands against anyone."""

    def __init__(self, bound: str) -> None:
        self.bound = bound

    def facts(self, subject, modality, kind, purpose) -> Facts:
        return Facts(volunteer().personal(SITE, NOON.date()), self.bound, NOON + timedelta(days=1))

    def against(self, permit) -> None:
        return None


def test_another_gates_permit_is_worth_nothing(store):
    subject = enrolled(store)
    gate = Gate([], assess=assess, register=Lenient(store._standing.bound(subject)), now=Hands())
    permit = gate.personal("match", subject, "face")
    gate.require(permit, "match")
    with pytest.raises(Refused) as caught:
        store.score(permit, template(7), NETWORK)
    assert rule(caught) == "permit-genuine"


def test_the_stores_own_gate_is_shown_no_other_facts(store):
    """It asks the store for them: a call has no place to put a kinder record."""
    subject = store.admit(volunteer(attestation={"age": 15}))
    assert set(inspect.signature(store.gate.personal).parameters) == {
        "kind", "subject", "modality", "contents", "mode", "token", "purpose",
    }  # fmt: skip
    with pytest.raises(Refused) as caught:
        store.gate.personal("enrol", subject, "face", [SHOT])
    assert rule(caught) == "minor-biometric-entry"


def test_a_gate_that_knows_no_persons_makes_no_persons_permit():
    with pytest.raises(Refused) as caught:
        Gate([], assess=assess, now=Hands()).personal("match", "0" * 32, "face")
    assert rule(caught) == "permit-standing"


def test_the_rules_are_asked_once_a_day_for_the_same_facts(tmp_path, hands):
    asked = []

    def counted(record, as_of):
        asked.append(as_of)
        return assess(record, as_of)

    with opened(tmp_path / "counted", hands, assess=counted) as store:
        subject = enrolled(store, keep_until=NOON.date() + timedelta(days=900))
        asked.clear()
        score(store, subject)
        score(store, subject)
        assert asked == [NOON.date()]
        hands.at += timedelta(days=1)
        score(store, subject)
        store.adopt(SITE.model_copy(update={"dep": SITE.dep.model_copy(update={"status": "pilot"})}))
        score(store, subject)
        assert asked == [NOON.date(), *[NOON.date() + timedelta(days=1)] * 2]


def revoked_by(store: Store, change) -> str:
    subject = enrolled(store)
    permit = matching(store, subject)
    store.gate.require(permit, "match")
    change(subject)
    with pytest.raises(Refused) as caught:
        store.score(permit, template(7), NETWORK)
    return rule(caught)


def test_a_changed_record_revokes(store):
    other = SITE.model_copy(update={"dep": SITE.dep.model_copy(update={"status": "pilot"})})
    assert revoked_by(store, lambda _: store.adopt(other)) == "permit-record"


def test_a_record_that_is_refused_closes_everything_until_it_is_mended(store):
    subject = enrolled(store)
    store.adopt(SITE.model_copy(update={"dep": SITE.dep.model_copy(update={"jurisdiction": "gb"})}))
    with pytest.raises(Refused):
        score(store, subject)
    store.adopt(SITE)
    assert score(store, subject) == pytest.approx(1, abs=1e-6)


def test_changed_facts_revoke(store):
    def suspend(subject):
        file = store.file(subject)
        store.change(subject, file.model_copy(update={"state": "suspended"}))

    assert revoked_by(store, suspend) == "permit-record"
    with pytest.raises(Refused) as caught:
        score(store, store.find("volunteer-07"))
    assert rule(caught) == "subject-suspended"


def test_an_order_revokes(store):
    order = Ordered(order="0" * 16, what="suspend", event="received", due=NOON.date())
    assert revoked_by(store, lambda _: store.note(order)) == "order-suspend"
    store.note(Ordered(order="0" * 16, what="suspend", event="lifted"))
    assert score(store, store.find("volunteer-07")) == pytest.approx(1, abs=1e-6)


def test_erasure_revokes(store):
    assert revoked_by(store, lambda subject: store.erase(subject, "withdrawal")) == "permit-subject"


def test_time_revokes(store, hands):
    def later(_):
        hands.at += timedelta(minutes=2)

    assert revoked_by(store, later) == "permit-in-time"


def test_no_permit_outlives_the_day_as_rules_may_start_tomorrow(store, hands):
    subject = enrolled(store)
    hands.at = NOON.replace(hour=23, minute=59, second=30)
    permit = matching(store, subject)
    assert permit.expires == NOON.replace(hour=0) + timedelta(days=1)
    hands.at = permit.expires
    with pytest.raises(Refused) as caught:
        store.score(permit, template(7), NETWORK)
    assert rule(caught) == "permit-in-time"


def test_a_rules_start_date_revokes(tmp_path, hands):
    def stricter(record, as_of):
        return assess(record if as_of <= NOON.date() else SITE, as_of)

    with opened(tmp_path / "dated", hands, assess=stricter) as dated:
        subject = enrolled(dated)
        assert score(dated, subject) == pytest.approx(1, abs=1e-6)
        hands.at += timedelta(days=1)
        with pytest.raises(Refused):
            score(dated, subject)


def test_majority_revokes_what_a_guardian_agreed_to(tmp_path, hands):
    def anybody(record, as_of):
        return assess(record.model_copy(update={"subj": volunteer().personal(SITE, as_of).subj}), as_of)

    with opened(tmp_path / "minors", hands, assess=anybody) as minors:
        subject = enrolled(
            minors,
            attestation={"age": 17},
            agreement={"by": "both", "guardians": ("G. Guardian",), "child": "agreed"},
            keep_until=NOON.date() + timedelta(days=900),
        )
        assert minors.file(subject).majority == NOON.date() + timedelta(days=1)
        assert score(minors, subject) == pytest.approx(1, abs=1e-6)
        hands.at += timedelta(days=1)
        with pytest.raises(Refused) as caught:
            score(minors, subject)
        assert rule(caught) == "guardian-consent-lapses-at-18"


def test_a_clock_set_back_refuses(store, hands):
    subject = enrolled(store)
    hands.at = NOON - timedelta(seconds=61)
    with pytest.raises(ClockBehind):
        score(store, subject)
    store.close()
    with pytest.raises(ClockBehind):
        opened(store.folder, hands)


# --- erasure ---


def test_erasure_leaves_no_trace_of_what_was_wrapped_or_sealed(store):
    subject = enrolled(store)
    enrolled(store, "volunteer-08", 8)
    row = store._people.row(subject)
    sealed = store.database.connection.execute("SELECT sealed FROM reference WHERE subject = ?", (subject,)).fetchone()[
        0
    ]
    secret = (store.folder / "epoch").read_bytes()
    raw = everything(store.folder)
    assert all(part in raw for part in (*row, sealed, secret)), "there before, in database or log"
    store.erase(subject, "request")
    raw = everything(store.folder)
    for gone in (*row, sealed, secret, store._people.handle("volunteer-07")):
        assert gone not in raw
        assert gone[:16] not in raw
    with pytest.raises(UnknownSubject):
        score(store, subject)
    assert store.database.connection.execute("PRAGMA freelist_count").fetchone()[0] == 0
    assert score(store, store.find("volunteer-08"), 8) == pytest.approx(1, abs=1e-6)


def test_after_erasure_the_chain_verifies_and_the_pseudonym_leads_nowhere(store):
    subject = enrolled(store)
    store.erase(subject, "withdrawal")
    assert verify(store.folder / NAME, store.ledger.anchor()).good
    assert [entry.body.subject for entry in store.ledger if isinstance(entry.body, Erased)] == [subject]
    with pytest.raises(UnknownSubject):
        store.find("volunteer-07")
    again = enrolled(store)
    assert again != subject, "the same person enrolled anew is somebody else to the ledger"


def test_a_face_goes_and_the_tag_stays(store):
    subject = enrolled(store)
    store.keep_tag(store.permit("enrol", subject, "tag"), b"\x04\x11\x22\x33")
    store.erase(subject, "withdrawal", "face")
    assert store.owner(b"\x04\x11\x22\x33") == subject
    with pytest.raises(Refused):
        score(store, subject)
    store.erase(subject, "withdrawal", "tag")
    with pytest.raises(UnknownSubject):
        store.file(subject)


def test_nobody_is_erased_twice(store):
    subject = enrolled(store)
    store.erase(subject, "request")
    with pytest.raises(UnknownSubject):
        store.erase(subject, "request")


def test_a_reader_holds_the_scrubbing_up_and_that_is_said(store, hands):
    subject = enrolled(store)
    with closing(sqlite3.connect(store.folder / NAME, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM subject").fetchone()
        store.database.connection.execute("PRAGMA busy_timeout = 50")
        with pytest.raises(Busy, match="old pages can't be overwritten yet"):
            store.erase(subject, "request")
    with pytest.raises(UnknownSubject):
        store.file(subject)
    store.close()
    with opened(store.folder, hands) as again:
        assert again.database.connection.execute("SELECT 1 FROM meta WHERE name = 'scrub'").fetchone() is None
        assert list(again.subjects()) == []


def test_retention_runs_by_itself(store, hands):
    subject = enrolled(store)
    kept = enrolled(store, "volunteer-08", 8, keep_until=NOON.date() + timedelta(days=900))
    store.close()
    hands.at = NOON + timedelta(days=90)
    with opened(store.folder, hands) as again:
        assert [name for name, _ in again.subjects()] == [kept]
        (gone,) = [entry.body for entry in again.ledger if isinstance(entry.body, Erased)]
        assert (gone.subject, gone.reason) == (subject, "retention")


def test_an_unfinished_enrolment_leaves_nothing(store, hands):
    store.admit(volunteer())
    store.close()
    with opened(store.folder, hands) as again:
        assert list(again.subjects()) == []


# --- renewal ---


def test_renewal_keeps_scores_and_leaves_nothing_of_the_old(store):
    subject = enrolled(store)
    before = store.database.connection.execute("SELECT sealed, rotation FROM reference").fetchone()
    old = store._references.secret(before[1])
    assert store.renew() == (1, 0)
    after = store.database.connection.execute("SELECT sealed, rotation, version FROM reference").fetchone()
    assert (after[1] != before[1], after[2]) == (True, 2)
    assert score(store, subject) == pytest.approx(1, abs=1e-6)
    assert before[0] not in everything(store.folder)
    assert store.database.connection.execute("SELECT count(*) FROM rotation").fetchone()[0] == 1
    new = store._references.secret(after[1])
    assert abs(float(turn(old, template(7)) @ turn(new, template(7)))) < 6 / np.sqrt(DIMENSIONS)


def test_renewal_leaves_what_no_permit_opens(store):
    enrolled(store)
    held = enrolled(store, "volunteer-08", 8)
    store.change(held, store.file(held).model_copy(update={"state": "suspended"}))
    assert store.renew() == (1, 1)
    store.change(held, store.file(held).model_copy(update={"state": "active"}))
    assert score(store, held, 8) == pytest.approx(1, abs=1e-6)
    assert store.renew() == (2, 0)


# --- export and status ---


def test_export_gives_a_person_everything(store):
    subject = enrolled(store)
    store.keep_tag(store.permit("enrol", subject, "tag"), b"\x04\x11\x22\x33")
    document = store.export(subject)
    assert document["facts"]["reference"] == "volunteer-07"
    face, tag = sorted(document["references"], key=lambda one: one["modality"])
    assert np.allclose(face["content"], template(7), atol=1e-6)
    assert tag["content"] == "04112233"
    assert {entry["kind"] for entry in document["ledger"]} == {"permitted", "enrolled"}
    store.note(Ordered(order="0" * 16, what="suspend", event="received"))
    closed = {one["modality"]: one["content"] for one in store.export(subject)["references"]}
    assert closed == {"face": None, "tag": "04112233"}


def test_status_counts_and_names_nobody(store):
    enrolled(store)
    shown = store.status()
    assert (shown["people"], shown["references"], shown["unreadable"]) == ({"active": 1}, {"face": 1}, 0)
    assert "volunteer-07" not in str(shown)


# --- the files put together otherwise ---


def test_a_blob_moved_to_another_row_opens_nothing(store):
    first, second = enrolled(store, "1", 1), enrolled(store, "2", 2)
    sql(
        store,
        f"UPDATE reference SET sealed = (SELECT sealed FROM reference WHERE subject = '{first}') "
        f"WHERE subject = '{second}'",
    )
    with pytest.raises(SealBroken):
        score(store, second, 1)


def test_a_row_given_to_another_person_opens_nothing(store):
    first, second = enrolled(store, "1", 1), enrolled(store, "2", 2)
    sql(
        store,
        f"DELETE FROM reference WHERE subject = '{second}'",
        f"UPDATE reference SET subject = '{second}' WHERE subject = '{first}'",
    )
    with pytest.raises(SealBroken):
        score(store, second, 1)


def test_keys_moved_to_another_person_open_nothing(store):
    first, second = enrolled(store, "1", 1), enrolled(store, "2", 2)
    sql(
        store,
        f"UPDATE subject SET keys = (SELECT keys FROM subject WHERE pseudonym = '{first}'), "
        f"file = (SELECT file FROM subject WHERE pseudonym = '{first}') WHERE pseudonym = '{second}'",
    )
    with pytest.raises(SealBroken):
        score(store, second, 2)
    assert store.status()["unreadable"] == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [("network", "'x'"), ("record", "'x'"), ("version", "2"), ("rotation", "'x'"), ("modality", "'tag'")],
)
def test_a_changed_column_opens_nothing(store, column, value):
    subject = enrolled(store)
    sql(store, f"UPDATE reference SET {column} = {value}")
    with pytest.raises((SealBroken, StoreError, UnknownSubject)):
        store.score(matching(store, subject), template(7), "x" if column == "network" else NETWORK)


def test_somebody_elses_reference_name_finds_nobody(store):
    first, second = enrolled(store, "1", 1), enrolled(store, "2", 2)
    sql(
        store,
        f"UPDATE subject SET handle = x'00' WHERE pseudonym = '{first}'",
        f"UPDATE subject SET handle = x'{store._people.handle('1').hex()}' WHERE pseudonym = '{second}'",
    )
    with pytest.raises(UnknownSubject):
        store.find("1")


def test_somebody_elses_tag_opens_nothing(store):
    first, second = store.admit(volunteer("1")), store.admit(volunteer("2"))
    store.keep_tag(store.permit("enrol", first, "tag"), b"\x04\x11\x22\x33")
    store.keep_tag(store.permit("enrol", second, "tag"), b"\x04\x11\x22\x44")
    lookup = store.keys.digest("tag", b"\x04\x11\x22\x33").hex()
    sql(
        store,
        f"UPDATE reference SET lookup = NULL WHERE subject = '{first}'",
        f"UPDATE reference SET lookup = x'{lookup}' WHERE subject = '{second}'",
    )
    assert store.owner(b"\x04\x11\x22\x33") is None


def test_a_record_edited_in_the_database_closes_it(store, hands):
    store.close()
    sql(
        store,
        "UPDATE meta SET value = CAST(replace(CAST(value AS TEXT), 'unknown', 'none') AS BLOB) WHERE name = 'record'",
    )
    with pytest.raises(RolledBack, match="changed by other means"):
        opened(store.folder, hands)


def test_yesterdays_database_does_not_open_after_an_erasure(store, hands):
    subject = enrolled(store)
    store.database.scrub()
    yesterday = (store.folder / NAME).read_bytes()
    store.erase(subject, "request")
    store.close()
    for path in store.folder.glob(f"{NAME}-*"):
        path.unlink()
    (store.folder / NAME).write_bytes(yesterday)
    with pytest.raises(RolledBack, match="older copy was put back"):
        opened(store.folder, hands)


def test_a_ledger_cut_behind_an_order_does_not_open(store, hands):
    enrolled(store)
    store.note(Ordered(order="0" * 16, what="suspend", event="received"))
    seq = store.ledger.anchor().seq
    store.close()
    sql(store, "DROP TRIGGER entry_stays", f"DELETE FROM entry WHERE seq >= {seq}")
    with pytest.raises(RolledBack, match="cut off or another"):
        opened(store.folder, hands)


def test_a_ledger_broken_anywhere_does_not_open(store, hands):
    enrolled(store)
    store.close()
    sql(store, "DROP TRIGGER entry_stays", "DELETE FROM entry WHERE seq = 2")
    with pytest.raises(LedgerError, match="entry 2 is missing"):
        opened(store.folder, hands)


def test_a_folder_put_back_whole_shows_with_an_anchor_from_elsewhere(store, hands):
    import shutil

    subject = enrolled(store)
    store.close()
    copy = store.folder.with_name("copy")
    shutil.copytree(store.folder, copy)
    with opened(store.folder, hands) as now:
        now.erase(subject, "request")
        anchor = now.ledger.anchor()
    with pytest.raises(LedgerError, match="older copy was put back"):
        opened(copy, hands, anchor=anchor)


def test_without_its_device_key_it_does_not_open(store, hands):
    store.close()
    (store.folder / "device.key").unlink()
    with pytest.raises(SecretError, match="found none"):
        opened(store.folder, hands)
    assert not (store.folder / "device.key").exists()


def test_without_its_epoch_it_does_not_open(store, hands):
    enrolled(store)
    store.close()
    (store.folder / "epoch").unlink()
    with pytest.raises(RolledBack):
        opened(store.folder, hands)


def test_a_key_that_others_may_read_is_not_used(store, hands):
    store.close()
    (store.folder / "device.key").chmod(0o640)
    with pytest.raises(SecretError, match="mode 0640"):
        opened(store.folder, hands)


def test_a_systemd_credential_takes_the_files_place_and_another_ones_is_refused(tmp_path, hands, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "threshold.device-key").write_bytes(bytes(range(32)))
    with opened(tmp_path / "store", hands) as store:
        enrolled(store)
    assert not (tmp_path / "store" / "device.key").exists()
    (tmp_path / "threshold.device-key").write_bytes(bytes(32))
    with pytest.raises(LedgerError, match="signed with another key"):
        opened(tmp_path / "store", hands)


def test_a_second_process_gets_nothing(store):
    with pytest.raises(Busy, match="another process has it"):
        opened(store.folder)


def test_a_full_disk_keeps_what_was_and_says_so(store):
    subject = enrolled(store)
    connection = store.database.connection
    connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0]}")

    def fill() -> None:
        for number in range(100):
            enrolled(store, f"more-{number}", number)

    with pytest.raises(DatabaseError, match="disk is full, so nothing was changed"):
        fill()
    assert score(store, subject) == pytest.approx(1, abs=1e-6)
    assert verify(store.folder / NAME).good


def test_lower_age_stated_later_is_a_tombstone_for_backups(store):
    subject = enrolled(store)
    store.change(
        subject, store.file(subject).model_copy(update={"later_age": 16}), Revoked(subject=subject, reason="lower-age")
    )
    with pytest.raises(Refused):
        score(store, subject)


@pytest.mark.skipif(os.geteuid() == 0, reason="needs a user whom permissions bind, is root here")
def test_a_read_only_disk_is_said_and_nothing_changes(store, hands):
    enrolled(store)
    store.close()
    store.folder.chmod(0o500)
    for path in store.folder.iterdir():
        path.chmod(0o400)
    try:
        with pytest.raises(DatabaseError, match=r"can be written to|can't be written to|readonly"):
            opened(store.folder, hands)
    finally:
        store.folder.chmod(0o700)
        for path in store.folder.iterdir():
            path.chmod(0o600)
    with opened(store.folder, hands) as again:
        assert score(again, again.find("volunteer-07")) == pytest.approx(1, abs=1e-6)


def test_facts_are_changed_of_the_same_person_with_the_same_references_only(store):
    subject = enrolled(store)
    file = store.file(subject)
    for other in ({"reference": "volunteer-08"}, {"references": {}}, {"references": {"face": "0" * 64}}):
        with pytest.raises(StoreError, match="the same person with the same references"):
            store.change(subject, file.model_copy(update=other))
