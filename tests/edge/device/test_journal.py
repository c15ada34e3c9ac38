"""What was acknowledged is on disk; what wasn't, isn't; what is too old is gone."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.device.journal import Journal, JournalError, rows_of
from edge.transaction import Stamp, Transaction

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)


def row(number: int = 0) -> Transaction:
    return Transaction(
        id=f"row-{number}",
        lane="tag-uid",
        origin="pilot",
        session="s",
        entered=Stamp.absent("no-camera"),
        presented=Stamp.at(1),
        decided=Stamp.at(2),
        crossed=Stamp.absent("not-observed"),
        attempts=1,
        claimed="0" * 32,
        decided_subject="0" * 32,
        outcome="opened",
        reason="tag-known",
    )


def journal(folder: Path, now: datetime = NOON, keep_days: int = 30) -> Journal:
    return Journal(folder, "north-door", keep_days, lambda: now)


def ids(path: Path) -> list[str]:
    return [Transaction.model_validate_json(line).id for line in path.read_text().splitlines()]


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    with journal(tmp_path / "rows") as kept:
        for number in range(3):
            kept.append(row(number))
    assert ids(kept.path) == ["row-0", "row-1", "row-2"]
    assert Transaction.model_validate_json(kept.path.read_text().splitlines()[1]) == row(1)
    assert json.loads(kept.path.read_text().splitlines()[0])["schema"] == "threshold/transaction/1"
    begun, _, name = kept.session.partition("/")
    assert datetime.fromisoformat(begun) == NOON
    assert datetime.fromisoformat(begun).tzinfo is not None
    assert kept.path.stem == f"transactions-north-door-2026-09-01-{name.removeprefix('north-door-')}"


def test_only_the_owner_may_read_them_and_a_day_without_rows_leaves_no_file(tmp_path: Path) -> None:
    with journal(tmp_path / "rows") as kept:
        assert not list((tmp_path / "rows").iterdir())
        kept.append(row())
    assert kept.path.stat().st_mode & 0o077 == 0
    assert kept.folder.stat().st_mode & 0o077 == 0


def test_after_closing_nothing_is_kept_and_it_says_so(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    kept.append(row())
    kept.close()
    kept.close()
    with pytest.raises(JournalError, match="closed"):
        kept.append(row(1))
    assert ids(kept.path) == ["row-0"]


@pytest.mark.parametrize("fails", ["write", "fsync"])
def test_a_row_that_could_not_be_synchronised_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    kept = journal(tmp_path)
    kept.append(row(0))
    real, calls = getattr(os, fails), []

    def full(handle: int, *words: object) -> int:
        calls.append(handle)
        if len(calls) == 1:
            if fails == "write":
                real(handle, bytes(words[0])[:20])
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(handle, *words)

    monkeypatch.setattr(os, fails, full)
    with pytest.raises(JournalError, match="disk full"):
        kept.append(row(1))
    assert ids(kept.path) == ["row-0"]
    kept.append(row(2))
    kept.close()
    assert ids(kept.path) == ["row-0", "row-2"]


def test_what_a_pulled_plug_left_half_is_cut_off_when_the_next_begins(tmp_path: Path) -> None:
    with journal(tmp_path) as first:
        first.append(row(0))
    with first.path.open("ab") as file:
        file.write(row(1).model_dump_json().encode()[:50])
    with journal(tmp_path) as second:
        assert second.mended == 1
        second.append(row(2))
    assert ids(first.path) == ["row-0"]
    assert ids(second.path) == ["row-2"]
    with journal(tmp_path) as third:
        assert third.mended == 0


def test_rows_are_deleted_when_their_days_are_over_and_nothing_else_is(tmp_path: Path) -> None:
    other = tmp_path / "transactions-face-1n.jsonl"
    other.write_text("{}\n")
    with journal(tmp_path) as kept:
        kept.append(row())
    with journal(tmp_path, NOON + timedelta(days=29)) as later:
        assert later.deleted == 0
    assert kept.path.exists()
    with journal(tmp_path, NOON + timedelta(days=30)) as last:
        assert last.deleted == 1
    assert not kept.path.exists()
    assert other.exists()


def test_journals_of_the_form_before_are_deleted_and_mended_as_well(tmp_path: Path) -> None:
    old, newer = (tmp_path / f"transactions-north-door-2026-0{month}-01-0123abcd.jsonl" for month in (5, 8))
    old.write_text("{}\n")
    newer.write_text('{"id": "half')
    with journal(tmp_path, keep_days=90) as kept:
        assert (kept.deleted, kept.mended) == (1, 1)
    assert not old.exists()


def test_what_the_device_is_stands_beside_its_rows_and_goes_with_them(tmp_path: Path) -> None:
    with Journal(tmp_path, "north-door", 30, lambda: NOON, {"networks": {}}) as kept:
        assert not list(tmp_path.iterdir()), "no row, no note"
        kept.append(row())
    assert json.loads(kept.note_path.read_text()) == {"networks": {}, "session": kept.session}
    assert kept.note_path.stat().st_mode & 0o077 == 0
    assert rows_of(tmp_path, "0" * 32), "it is no file of rows"
    with journal(tmp_path, NOON + timedelta(days=30)) as last:
        assert last.deleted == 1
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "rows").write_text("in the way")
    with pytest.raises(JournalError, match="expected a folder"):
        journal(tmp_path / "rows")


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_journal import journal, row
kept = journal(Path({folder!r}))
number = 0
while True:
    kept.append(row(number))
    print(number, flush=True)  # acknowledged
    number += 1
"""


def test_every_acknowledged_row_outlives_a_killed_process(tmp_path: Path) -> None:
    code = WRITER.format(tests=str(Path(__file__).parent), folder=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "0\n"
        time.sleep(0.3)
        writer.send_signal(signal.SIGKILL)
        acknowledged = [0, *(int(line) for line in writer.stdout.read().splitlines() if line.strip())]
    with journal(tmp_path):
        pass
    (path,) = tmp_path.iterdir()
    kept = ids(path)
    assert len(acknowledged) > 3
    assert kept[: len(acknowledged)] == [f"row-{number}" for number in acknowledged]
    assert len(kept) - len(acknowledged) <= 1


def test_a_persons_rows_are_found_by_pseudonym_whole_ones_alone(tmp_path: Path) -> None:
    with journal(tmp_path) as kept:
        kept.append(row(0))
        kept.append(row(1).model_copy(update={"claimed": "1" * 32, "decided_subject": None}))
        kept.append(row(2).model_copy(update={"decided_subject": None}))
        with kept.path.open("a") as file:
            file.write('{"half a row of ' + "0" * 32)
        assert [one.id for one in rows_of(tmp_path, "0" * 32)] == ["row-0", "row-2"]
        assert rows_of(tmp_path, "2" * 32) == []


def test_a_folder_without_rows_to_read_says_so_and_quotes_nobody(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="expected the folder of a device's rows, found none"):
        rows_of(tmp_path / "nowhere", "0" * 32)
    with journal(tmp_path) as kept:
        kept.append(row())
        kept.path.write_text('{"claimed": "' + "0" * 32 + '"}\n')
        with pytest.raises(JournalError, match="Is it damaged") as told:
            rows_of(tmp_path, "0" * 32)
    assert "0" * 32 not in str(told.value)
