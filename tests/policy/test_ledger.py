"""The ledger: what is changed, cut, forged or put back shows; what it can't show it says."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from policy.clock import Clock, ClockBehind
from policy.database import Busy, Database, DatabaseError
from policy.entry import KEEP, Consented, Refused
from policy.keys import Keys
from policy.ledger import FORM, Ledger, LedgerError, _hash, _statement, read_anchor, verify

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEYS = Keys(bytes(range(32)))
REFUSED = Refused(modality="face", rules=("minor-biometric-entry",))


class Hands:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "threshold.db"


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def ledger(path, hands):
    with Database(path, [FORM]) as database:
        yield Ledger(database, KEYS.signer(), hands)


def fill(ledger: Ledger, count: int = 5) -> None:
    for _ in range(count):
        ledger.append(REFUSED)


def tamper(path: Path, *statements: str) -> None:
    """Direct SQL, as somebody with the file would; the triggers are no obstacle to them."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER entry_stays")
        connection.execute("DROP TRIGGER entry_same")
        for statement in statements:
            connection.execute(statement)


def test_a_ledger_verifies_and_says_what_it_cannot_show(path, ledger):
    fill(ledger)
    found = verify(path)
    assert (found.good, found.entries, found.intact, found.anchored) == (True, 6, 6, None)
    assert str(found) == "intact up to entry 6, completeness not shown"
    assert found.ledger == ledger.id


def test_with_an_anchor_from_elsewhere_it_is_complete_up_to_there(path, ledger):
    fill(ledger)
    anchor = ledger.anchor()
    fill(ledger, 2)
    found = verify(path, anchor)
    assert (found.good, found.intact, found.anchored) == (True, 8, 6)
    assert str(found) == "intact up to entry 8, complete up to entry 6, where the anchor stands"


def test_it_goes_on_where_it_was_after_a_restart(path):
    for _ in range(3):
        with Database(path, [FORM]) as database:
            Ledger(database, KEYS.signer()).append(REFUSED)
    assert verify(path).intact == 4


def test_entries_of_one_call_are_kept_all_or_none(path, ledger):
    def half_done() -> None:
        with ledger._database.writing():
            ledger.append(REFUSED, REFUSED)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half_done()
    assert verify(path).entries == 1


CHANGES = {
    "content": ("UPDATE entry SET body = replace(body, 'minor', 'major') WHERE seq = 3", 2, "content was changed"),
    "stamp": ("UPDATE entry SET at = '2026-06-01T12:00:01+00:00' WHERE seq = 3", 2, "hash isn't that"),
    "kind": ("UPDATE entry SET kind = 'exported' WHERE seq = 3", 2, "hash isn't that"),
    "digest": ("UPDATE entry SET digest = zeroblob(32) WHERE seq = 3", 2, "hash isn't that"),
    "link": ("UPDATE entry SET previous = zeroblob(32) WHERE seq = 3", 2, "doesn't follow"),
    "hash": ("UPDATE entry SET hash = zeroblob(32) WHERE seq = 3", 2, "hash isn't that"),
    "signature": ("UPDATE entry SET signature = zeroblob(64) WHERE seq = 3", 2, "isn't signed"),
    "one taken out": ("DELETE FROM entry WHERE seq = 3", 2, "entry 3 is missing; entry 4 follows"),
    "the first taken out": ("DELETE FROM entry WHERE seq = 1", 0, "entry 1 is missing; entry 2 follows"),
    "all taken out": ("DELETE FROM entry", 0, "no entry at all"),
    "swapped": ("UPDATE entry SET seq = 13 - seq WHERE seq IN (6, 6)", 5, "entry 6 is missing; entry 7 follows"),
    "content before its time": ("UPDATE entry SET body = NULL WHERE seq = 3", 2, "missing before its retention"),
    "no stamp": ("UPDATE entry SET at = 'noon' WHERE seq = 6", 5, "no entry"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_first_break_is_found(path, ledger, change):
    fill(ledger)
    statement, intact, problem = CHANGES[change]
    tamper(path, statement)
    found = verify(path)
    assert (found.good, found.intact) == (False, intact)
    assert problem in found.problem
    assert str(found) == f"broken: {found.problem} Intact up to entry {intact}."


def test_the_database_itself_stops_mistakes(path, ledger):
    fill(ledger)
    with closing(sqlite3.connect(path)) as connection:
        for statement in ("DELETE FROM entry", "UPDATE entry SET body = 'x'", "UPDATE entry SET at = 'x', body = NULL"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)


def test_an_entry_forged_by_someone_who_knows_the_form_is_not_signed(path, ledger):
    fill(ledger)
    anchor = ledger.anchor()
    content = json.dumps({"kind": "refused", "modality": "face", "rules": [], "salt": "00"})
    with closing(sqlite3.connect(path)) as connection, connection:
        digest = hashlib.sha256(content.encode()).digest()
        previous = bytes.fromhex(anchor.hash)
        at = NOON.isoformat()
        hash_ = _hash(ledger.id, 7, at, "refused", digest, previous)
        signature = Keys(bytes(32)).signer().sign(_statement(hash_))
        row = (7, at, "refused", digest, previous, hash_, signature, content)
        connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    found = verify(path)
    assert (found.intact, found.problem) == (6, "entry 7: it isn't signed with this ledger's key.")


def test_a_tail_cut_off_shows_only_with_an_anchor(path, ledger):
    fill(ledger)
    anchor = ledger.anchor()
    tamper(path, "DELETE FROM entry WHERE seq > 4")
    assert str(verify(path)) == "intact up to entry 4, completeness not shown"
    found = verify(path, anchor)
    assert not found.good
    assert "saw entry 6, and the ledger ends at 4: its end was cut" in found.problem


def test_yesterdays_copy_that_went_on_shows_with_an_anchor(path, ledger, hands):
    fill(ledger, 2)
    older = sqlite3.connect(":memory:")
    with closing(sqlite3.connect(path)) as source:
        source.backup(older)
    fill(ledger, 2)
    anchor = ledger.anchor()
    ledger._database.close()
    path.unlink()
    with closing(sqlite3.connect(path)) as target:
        older.backup(target)
    older.close()
    with Database(path, [FORM]) as database:
        fill(Ledger(database, KEYS.signer(), hands), 4)
    assert verify(path).good
    assert "entry 5 isn't the one the anchor" in verify(path, anchor).problem


def test_a_ledger_made_anew_shows_with_an_anchor(path, ledger, tmp_path):
    fill(ledger)
    with Database(tmp_path / "other.db", [FORM]) as database:
        fill(Ledger(database, KEYS.signer()))
    assert "was made anew" in verify(tmp_path / "other.db", ledger.anchor()).problem


def test_a_ledger_of_another_key_does_not_go_on(path, ledger):
    ledger._database.close()
    with Database(path, [FORM]) as database, pytest.raises(LedgerError, match="signed with another key"):
        Ledger(database, Keys(bytes(32)).signer())


def test_an_anchor_goes_through_a_file(path, ledger, tmp_path):
    fill(ledger)
    file = tmp_path / "anchor.json"
    file.write_text(ledger.anchor().model_dump_json(by_alias=True))
    assert read_anchor(file) == ledger.anchor()
    file.write_text(file.read_text().replace(ledger.anchor().hash, "00" * 32))
    with pytest.raises(LedgerError, match="found another signature"):
        read_anchor(file)
    file.write_text("{}")
    with pytest.raises(LedgerError, match="expected an anchor"):
        read_anchor(file)


# --- retention ---


def test_content_goes_when_its_time_has_run_out_and_the_chain_still_verifies(path, ledger, hands):
    fill(ledger, 3)
    anchor = ledger.anchor()
    hands.at = NOON + KEEP["refused"] + timedelta(days=1)
    assert ledger.forget() == 3
    assert [entry.body for entry in ledger][1:] == [None, None, None]
    assert not verify(path).good, "nothing yet shows that the time has passed"
    ledger.append(REFUSED)
    assert verify(path, anchor).good


def test_content_stays_until_then(ledger, hands):
    fill(ledger, 3)
    hands.at = NOON + KEEP["refused"]
    assert ledger.forget() == 0


def test_the_first_entry_and_tombstones_stay(ledger, hands):
    hands.at = NOON + timedelta(days=36500)
    ledger.forget()
    assert next(iter(ledger)).body is not None
    assert "erased" not in KEEP
    assert "restored" not in KEEP


# --- no names ---


@pytest.mark.parametrize(
    "field",
    [{"subject": "Anna Karin"}, {"guardians": ("Björk",)}, {"notice": "as Anna said"}, {"comment": "Anna"}],
    ids=["subject", "guardian", "notice", "another field"],
)
def test_an_entry_has_no_room_for_a_name(field):
    fine = {"subject": "0" * 32, "decision": "refused", "by": "subject", "child": "adult", "notice": "1.2"}
    Consented(**fine)
    with pytest.raises(ValidationError):
        Consented(**(fine | field))


def test_rules_are_ids():
    with pytest.raises(ValidationError):
        Refused(modality="face", rules=("Anna Karin",))


# --- the clock ---


def test_stamps_never_go_back_and_a_clock_far_behind_is_refused(path, ledger, hands):
    fill(ledger, 1)
    hands.at = NOON - timedelta(seconds=60)
    fill(ledger, 1)
    assert ledger.last() == NOON
    hands.at = NOON - timedelta(seconds=61)
    with pytest.raises(ClockBehind, match=r"12:00:00.* was stamped already"):
        ledger.append(REFUSED)
    hands.at = NOON
    fill(ledger, 1)
    assert verify(path).intact == 4


def test_a_clock_set_back_while_running_is_refused_too():
    hands = Hands()
    clock = Clock(now=hands)
    hands.at = NOON + timedelta(hours=1)
    assert clock.now() == hands.at
    hands.at = NOON
    with pytest.raises(ClockBehind):
        clock.now()


# --- the file ---


def test_one_process_writes(path, ledger):
    with pytest.raises(Busy, match="another process has it"):
        Database(path, [FORM])


def test_readers_need_no_lock(path, ledger):
    assert verify(path).good


def test_settings_are_what_they_are_said_to_be(ledger):
    asked = {
        name: ledger._database.connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "secure_delete")
    }
    assert asked == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}
    assert ledger._database.path.stat().st_mode & 0o077 == 0


def test_another_programs_database_is_left_alone(tmp_path):
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE mine (x)")
    with pytest.raises(DatabaseError, match="expected a database of Threshold"):
        Database(other, [FORM])
    with pytest.raises(DatabaseError, match="expected a database of Threshold"):
        verify(other)


def test_a_later_form_is_not_touched(path):
    with Database(path, [FORM, "CREATE TABLE more (x TEXT) STRICT"]):
        pass
    with pytest.raises(DatabaseError, match="later Threshold"):
        Database(path, [FORM])


def test_forms_move_forward_and_content_stays(path):
    with Database(path, [FORM]) as database:
        fill(Ledger(database, KEYS.signer()))
    with Database(path, [FORM, "CREATE TABLE more (x TEXT) STRICT"]) as database:
        assert database.connection.execute("PRAGMA user_version").fetchone()[0] == 2
        assert Ledger(database, KEYS.signer()).append(REFUSED) == 7


def test_a_damaged_file_says_so(path):
    with Database(path, [FORM]) as database:
        fill(Ledger(database, KEYS.signer()), 50)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)
    with pytest.raises(DatabaseError, match=r"damaged|expected a whole database"):
        Database(path, [FORM])


def test_a_full_disk_changes_nothing(path, ledger):
    fill(ledger)
    connection = ledger._database.connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DatabaseError, match="disk is full, so nothing was changed"):
        fill(ledger, 1000)
    assert verify(path).good


def test_what_is_gone_says_so(tmp_path):
    with pytest.raises(DatabaseError, match="found none"):
        verify(tmp_path / "nothing.db")
    database = Database(tmp_path / "a.db", [FORM])
    database.close()
    with pytest.raises(DatabaseError, match="found it closed"):
        Ledger(database, KEYS.signer())
