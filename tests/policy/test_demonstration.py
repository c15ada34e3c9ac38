"""A store of drawn people: the same rules, the same gate, pictures that the gate drew again itself; nothing else."""

from __future__ import annotations

import json

import numpy as np
import pytest
from house import NETWORK, SHOT, Hands, enrolled, opened, tag, template, volunteer

from policy.backup import backup, restore
from policy.entry import Opened
from policy.gate import Refused
from policy.ledger import LedgerError
from policy.store import NAME, Store, StoreError
from policy.synthetic import Claim


def draw(seed: int, view: int) -> np.ndarray:
    return np.random.default_rng([seed, view]).integers(0, 256, (32, 32, 3), np.uint8)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def store(tmp_path, hands):
    with opened(tmp_path / "store", hands, demonstration=True, render=draw) as made:
        yield made


def covered(store: Store, seed: int = 7) -> tuple[object, bytes]:
    claim = Claim(seed, 0, draw(seed, 0))
    return store.gate.synthetic([claim], "enrolment in a demonstration"), claim.digest


def test_a_drawn_person_goes_in_under_the_same_rules(store):
    subject = store.admit(volunteer("synthetic:7"))
    drawn, digest = covered(store)
    store.seal(store.permit("enrol", subject, "face", [digest], drawn=drawn), template(7), NETWORK)
    store.keep_tag(store.permit("enrol", subject, "tag"), tag("synthetic:7"))
    match = store.permit("match", subject, "face", [digest], mode="1:1", token=tag("synthetic:7"), drawn=drawn)
    assert store.score(match, template(7), NETWORK) == pytest.approx(1, abs=1e-6)
    minor = store.admit(volunteer("synthetic:8", attestation={"age": 13, "role": "pupil"}))
    with pytest.raises(Refused, match="minor-biometric-entry"):
        store.permit("enrol", minor, "face", [digest], drawn=drawn)


@pytest.mark.parametrize("kind", ["enrol", "match", "probe-only"])
def test_pictures_that_the_gate_did_not_draw_get_no_permit(store, kind):
    subject = store.admit(volunteer("synthetic:7"))
    drawn, digest = covered(store)
    store.seal(store.permit("enrol", subject, "face", [digest], drawn=drawn), template(7), NETWORK)
    for other in (None, store.gate.simulated("x"), store.permit("match", subject, "face")):
        with pytest.raises(Refused, match="synthetic-people"):
            store.permit(kind, subject, "face", [SHOT], drawn=other)
    with pytest.raises(Refused, match="permit-contents"):
        store.permit(kind, subject, "face", [SHOT], drawn=drawn)
    with pytest.raises(Refused, match="permit-contents"):
        store.permit(kind, subject, "face", [digest, SHOT], drawn=drawn)


def test_no_person_goes_in(store):
    for name in ("volunteer-07", "Synthetic:7", "synthetic:", "synthetic:Anna", "synthetic:7 Anna"):
        with pytest.raises(StoreError, match="expected a drawn person"):
            store.admit(volunteer(name))


def test_no_drawn_person_goes_into_a_store_of_people(tmp_path, hands):
    with opened(tmp_path / "people", hands) as people, pytest.raises(StoreError, match="the name of a drawn one"):
        people.admit(volunteer("synthetic:7"))


def test_the_one_kind_is_never_opened_as_the_other(store, tmp_path, hands):
    store.close()
    with pytest.raises(StoreError, match="expected a store of people, found one of drawn people"):
        opened(store.folder, hands, demonstration=False)
    with opened(tmp_path / "people", hands) as people:
        enrolled(people)
    with pytest.raises(StoreError, match="expected a store of drawn people, a demonstration, found one of people"):
        opened(tmp_path / "people", hands, demonstration=True)
    with opened(store.folder, hands) as either:
        assert either.status()["demonstration"] is True


def test_what_it_is_cannot_be_changed_afterwards(store, hands):
    """Said in the first entry, signed, and every other entry follows from it."""
    from test_red_team import row, sql

    store.close()
    (body,) = row(store.folder / NAME, "SELECT body FROM entry WHERE seq = 1")
    fields = json.loads(body)
    assert fields["demonstration"] is True
    changed = json.dumps(fields | {"demonstration": False}, sort_keys=True, separators=(",", ":"))
    sql(store.folder / NAME, ("UPDATE entry SET body = ? WHERE seq = 1", (changed,)))
    with pytest.raises(LedgerError, match="its content was changed"):
        opened(store.folder, hands)


def test_a_backup_of_it_comes_back_as_one(store, tmp_path, hands):
    file = backup(store, tmp_path / "usb")
    store.close()
    restore(file, store.folder, now=hands)
    with opened(store.folder, hands, demonstration=True) as again:
        first = next(iter(again.ledger)).body
        assert isinstance(first, Opened)
        assert first.demonstration
