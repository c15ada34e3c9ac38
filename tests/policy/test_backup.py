"""Backups: put back, they bring back nobody who was erased, and no order is forgotten."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from house import SITE, Hands, enrolled, opened, score

from policy.backup import BackupError, backup, restore
from policy.database import Busy
from policy.entry import Ordered, Restored
from policy.gate import Refused
from policy.ledger import LedgerError, read_anchor, verify
from policy.store import NAME, UnknownSubject


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def store(tmp_path, hands):
    with opened(tmp_path / "store", hands) as made:
        yield made


def lose(folder: Path) -> None:
    """The database is gone; keys and anchor are still there."""
    for path in folder.glob(f"{NAME}*"):
        path.unlink()


def test_a_backup_brings_the_store_back(store, tmp_path, hands):
    subject = enrolled(store)
    file = backup(store, tmp_path / "usb")
    enrolled(store, "volunteer-08", 8)
    entries = store.ledger.anchor().seq
    store.close()
    assert restore(file, store.folder, now=hands) == 0
    with opened(store.folder, hands) as again:
        assert score(again, subject) == pytest.approx(1, abs=1e-6)
        with pytest.raises(UnknownSubject):
            again.find("volunteer-08")
        (told,) = [entry for entry in again.ledger if isinstance(entry.body, Restored)]
        assert told.seq == entries + 1, "nothing that the ledger said is lost"
        assert verify(store.folder / NAME).good
    left = {path.name for path in store.folder.iterdir()}
    assert left <= {NAME, f"{NAME}.lock", f"{NAME}.restoring.lock", "device.key", "epoch", "anchor.json"}


def test_a_backup_holds_nobody_in_clear_and_opens_with_its_own_key_alone(store, tmp_path):
    enrolled(store, "Anna Karin")
    file = backup(store, tmp_path / "usb")
    assert b"Anna" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(file)) as copy:
        kept = copy.execute("SELECT keys FROM subject").fetchone()[0]
    assert kept != store.database.connection.execute("SELECT keys FROM subject").fetchone()[0]


def test_erasure_takes_the_key_out_of_backups(store, tmp_path, hands):
    subject, other = enrolled(store), enrolled(store, "volunteer-08", 8)
    file = backup(store, tmp_path / "usb")
    with closing(sqlite3.connect(file)) as copy:
        wrapped = copy.execute("SELECT keys FROM subject WHERE pseudonym = ?", (subject,)).fetchone()[0]
    assert wrapped in file.read_bytes()
    store.erase(subject, "request")
    assert wrapped not in file.read_bytes()
    assert {path.suffix for path in file.parent.iterdir()} == {".backup", ".tail"}
    store.close()
    restore(file, store.folder, now=hands)
    with opened(store.folder, hands) as again:
        assert [name for name, _ in again.subjects()] == [other]


def test_a_backup_out_of_reach_is_named_and_caught_up_with_later(store, tmp_path, hands):
    subject = enrolled(store)
    file = backup(store, tmp_path / "usb")
    away = file.parent.with_name("away")
    file.parent.rename(away)
    store.erase(subject, "request")
    assert store.status()["backups_behind"] == [str(file)]
    store.close()
    away.rename(file.parent)
    with opened(store.folder, hands) as again:
        assert again.status()["backups_behind"] == []
    with closing(sqlite3.connect(file)) as copy:
        assert copy.execute("SELECT count(*) FROM subject").fetchone()[0] == 0


def copied(file: Path) -> Path:
    """A copy of backup and tail that nobody here knows of."""
    elsewhere = file.parent.with_name("elsewhere")
    shutil.copytree(file.parent, elsewhere)
    return elsewhere / file.name


def test_a_copy_of_a_backup_brings_nobody_back_while_the_ledger_is_there(store, tmp_path, hands):
    subject = enrolled(store)
    copy = copied(backup(store, tmp_path / "usb"))
    store.erase(subject, "request")
    store.close()
    assert restore(copy, store.folder, now=hands) == 1
    with opened(store.folder, hands) as again, pytest.raises(UnknownSubject):
        again.file(subject)


def test_nor_when_the_database_is_gone_as_the_tail_falls_short_of_the_anchor(store, tmp_path, hands):
    subject = enrolled(store)
    file = backup(store, tmp_path / "usb")
    copy = copied(file)
    store.erase(subject, "request")
    store.close()
    lose(store.folder)
    with pytest.raises(LedgerError, match="Nothing was put back"):
        restore(copy, store.folder, now=hands)
    assert restore(file, store.folder, now=hands) == 0, (
        "with its own tail it reaches the anchor, and nobody is left in it"
    )
    with opened(store.folder, hands) as again:
        assert list(again.subjects()) == []


def test_nor_with_the_new_tail_beside_the_old_backup(store, tmp_path, hands):
    subject = enrolled(store)
    file = backup(store, tmp_path / "usb")
    copy = copied(file)
    store.erase(subject, "request")
    store.close()
    lose(store.folder)
    shutil.copy(file.with_suffix(".tail"), copy.with_suffix(".tail"))
    assert restore(copy, store.folder, now=hands) == 1
    with opened(store.folder, hands) as again:
        assert list(again.subjects()) == []


def test_without_any_anchor_nothing_is_put_back(store, tmp_path, hands):
    enrolled(store)
    file = backup(store, tmp_path / "usb")
    store.close()
    lose(store.folder)
    (store.folder / "anchor.json").unlink()
    with pytest.raises(BackupError, match="only an anchor shows"):
        restore(file, store.folder, now=hands)


def test_a_tail_that_was_tampered_with_is_found(store, tmp_path, hands):
    subject = enrolled(store)
    file = backup(store, tmp_path / "usb")
    copy = copied(file)
    store.erase(subject, "request")
    store.close()
    lose(store.folder)
    tail = json.loads(file.with_suffix(".tail").read_text())
    for entry in tail["entries"]:
        if entry[2] == "erased":
            entry[7] = entry[7].replace(subject, "0" * 32)
    copy.with_suffix(".tail").write_text(json.dumps(tail))
    with pytest.raises(LedgerError, match="content was changed"):
        restore(copy, store.folder, now=hands)


def test_an_order_given_after_the_backup_still_stands(store, tmp_path, hands):
    subject = enrolled(store)
    file = backup(store, tmp_path / "usb")
    store.note(Ordered(order="0" * 16, what="suspend", event="received"))
    store.close()
    restore(file, store.folder, now=hands)
    with opened(store.folder, hands) as again, pytest.raises(Refused):
        score(again, subject)


def test_a_record_adopted_after_the_backup_is_to_be_adopted_again(store, tmp_path, hands):
    enrolled(store)
    file = backup(store, tmp_path / "usb")
    store.adopt(SITE.model_copy(update={"dep": SITE.dep.model_copy(update={"status": "pilot"})}))
    store.close()
    restore(file, store.folder, now=hands)
    with opened(store.folder, hands, adopt=False) as again:
        assert again.record is None


def test_retention_holds_for_what_comes_out_of_a_backup(store, tmp_path, hands):
    enrolled(store)
    file = backup(store, tmp_path / "usb")
    store.close()
    hands.at += timedelta(days=90)
    restore(file, store.folder, now=hands)
    with opened(store.folder, hands) as again:
        assert list(again.subjects()) == []


def test_two_devices_restored_from_one_backup_are_told_apart(store, tmp_path, hands):
    enrolled(store)
    file = backup(store, tmp_path / "usb")
    store.note(Ordered(order="0" * 16, what="repair", event="received"))
    store.close()
    other = tmp_path / "other"
    other.mkdir()
    for name in ("device.key", "anchor.json"):
        shutil.copy(store.folder / name, other / name)
    restore(file, store.folder, now=hands)
    restore(file, other, now=hands)
    with opened(store.folder, hands) as first, opened(other, hands) as second:
        assert first.ledger.id == second.ledger.id
        anchor = first.ledger.anchor()
        assert "another device restored from the same backup" in verify(other / NAME, anchor).problem
        assert second.ledger.anchor().seq == anchor.seq


def test_another_devices_backup_stays_closed(store, tmp_path, hands):
    enrolled(store)
    store.note(Ordered(order="0" * 16, what="repair", event="received"))
    file = backup(store, tmp_path / "usb")
    with opened(tmp_path / "other", hands) as other:
        enrolled(other)
        other.note(Ordered(order="0" * 16, what="repair", event="received"))
    with pytest.raises(BackupError, match="its device key doesn't open"):
        restore(file, tmp_path / "other")


def test_what_is_no_backup_is_not_put_back(store, tmp_path):
    enrolled(store)
    store.note(Ordered(order="0" * 16, what="repair", event="received"))
    store.close()
    plain = tmp_path / "plain"
    shutil.copy(store.folder / NAME, plain)
    with pytest.raises(BackupError, match="expected a backup"):
        restore(plain, store.folder)
    with pytest.raises(BackupError, match="can be read"):
        restore(tmp_path / "none", store.folder)


def test_a_store_in_use_is_not_replaced(store, tmp_path, hands):
    file = backup(store, tmp_path / "usb")
    with pytest.raises(Busy):
        restore(file, store.folder, now=hands)


def test_a_backup_needs_a_place(store, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(BackupError, match="Name another folder"):
        backup(store, tmp_path / "taken")


def test_an_anchor_from_elsewhere_counts_too(store, tmp_path, hands):
    subject = enrolled(store)
    copy = copied(backup(store, tmp_path / "usb"))
    store.erase(subject, "request")
    kept = tmp_path / "kept.json"
    kept.write_text(store.ledger.anchor().model_dump_json(by_alias=True))
    store.close()
    lose(store.folder)
    (store.folder / "anchor.json").unlink()
    with pytest.raises(LedgerError, match="Nothing was put back"):
        restore(copy, store.folder, read_anchor(kept))
