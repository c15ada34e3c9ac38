"""What docs/store.md says of a full, read-only or damaged disk, of clocks, keys and copies: shown on real stores by the
command that a user would type. Each message names the thing, what was expected and found, and what to do."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support import REPOSITORY
from typer.testing import CliRunner

from policy.backup import backup
from policy.entry import Refused
from policy.store import NAME, Store
from threshold.command import app

sys.path.insert(0, str(REPOSITORY / "tests" / "policy"))
from house import enrolled, opened, score

PEOPLE = ("volunteer-01", "volunteer-02")


def now() -> datetime:
    return datetime.now(UTC)


def keep() -> dict[str, object]:
    return {"keep_until": now().date() + timedelta(days=900)}


@pytest.fixture
def folder(tmp_path) -> Path:
    """A store with two volunteers, closed."""
    with opened(tmp_path / "store", now) as store:
        for number, name in enumerate(PEOPLE):
            enrolled(store, name, number, **keep())
    return tmp_path / "store"


def status(folder: Path, *words: str | Path) -> tuple[int, str]:
    """(exit code, what `threshold status` says)."""
    done = CliRunner().invoke(app, ["status", "--store", str(folder), *map(str, words)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        return 1, str(done.exception)
    return done.exit_code, done.output


def says(folder: Path, *parts: str) -> None:
    code, said = status(folder)
    assert code == 1, said
    assert [part for part in parts if part not in said] == [], said


def people(folder: Path) -> list[str]:
    with opened(folder, now) as store:
        return sorted(file.reference for _, file in store.subjects())


# --- disks ---


def own_mounts() -> bool:
    tried = (
        subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False)
        if shutil.which("unshare")
        else None
    )
    return tried is not None and tried.returncode == 0


needs_mounts = pytest.mark.skipif(not own_mounts(), reason="needs mounts of one's own (unshare -rm), absent here")


def mounted(script: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """A shell script with mounts that nobody else sees, which go with it; $1 … are the words."""
    return subprocess.run(
        ["unshare", "-rm", "bash", "-eu", "-c", script, "bash", *map(str, words)],
        capture_output=True, text=True, timeout=300, check=False, cwd=REPOSITORY,
        env={**os.environ, "PYTHON": sys.executable, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "400"},
    )  # fmt: skip


THRESHOLD = 'threshold() { "$PYTHON" -c \'from threshold.command import main; main()\' "$@"; }\n'


@needs_mounts
def test_a_full_disk_is_said_and_nothing_is_lost(folder, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    done = mounted(
        THRESHOLD + """
        mount -t tmpfs -o size=400k tmpfs "$1"; cp -a "$2" "$1/store"
        dd if=/dev/zero of="$1/fill" bs=1k 2>/dev/null || true
        threshold decline --notice 1.2 --store "$1/store" && exit 3
        threshold status --store "$1/store" && exit 4
        rm "$1/fill"
        threshold status --store "$1/store"
        """,
        disk, folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("the disk is full, so nothing was changed. Make room") == 2, done.stderr
    assert "people: active 2" in done.stdout
    assert "declined: 0" in done.stdout


FILLING = """
import sys
from pathlib import Path
from datetime import UTC, datetime
from house import opened
from policy.errors import PolicyError
folder, fill = Path(sys.argv[1]), Path(sys.argv[2])
now = lambda: datetime.now(UTC)
try:
    with opened(folder, now) as store:
        free = __import__("os").statvfs(folder)
        fill.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - int(sys.argv[3]))))
        store.erase(store.find("volunteer-01"), "request")
    said = "done"
except PolicyError as error:
    said = str(error)
fill.unlink(missing_ok=True)
with opened(folder, now) as store:
    here = sorted(file.reference for _, file in store.subjects())
print(repr((said, here)))
"""


@needs_mounts
def test_an_erasure_that_runs_out_of_room_says_truly_whether_it_was_done(folder, tmp_path):
    """With so many bytes left, from none to plenty: never "nothing was changed" of a person who is gone."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = mounted(
        """
        mount -t tmpfs -o size=1000k tmpfs "$1"
        for left in 0 4096 8192 16384 24576 32768 49152 65536 81920 98304 131072 163840 400000; do
            rm -rf "$1"/*; cp -a "$2" "$1/store"
            "$PYTHON" -c "$3" "$1/store" "$1/fill" "$left"
        done
        """,
        disk, folder, FILLING,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = [eval(line) for line in done.stdout.splitlines()]  # noqa: S307  written by the script above
    assert len(found) == 13
    for said, here in found:
        gone = said == "done" or "is done and stays done" in said
        assert here == (["volunteer-02"] if gone else list(PEOPLE)), said
        assert gone or "nothing was changed" in said or "can't be written" in said, said
    outcomes = {"done" if said == "done" else "later" if "stays done" in said else "not" for said, _ in found}
    assert {"done", "not"} <= outcomes, "both ends of the range were met"


@needs_mounts
def test_a_read_only_disk_is_said_and_its_ledger_can_still_be_verified(folder, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    done = mounted(
        THRESHOLD + """
        mount -t tmpfs tmpfs "$1"; cp -a "$2" "$1/store"; mount -o remount,ro "$1"
        threshold status --store "$1/store" && exit 3
        threshold ledger verify --store "$1/store"
        threshold backup "$1/usb" --store "$2" && exit 4
        threshold status --store "$2"
        """,
        disk, folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "found one that can't (Read-only file system). Nothing was changed." in done.stderr
    assert "completeness not shown" in done.stdout
    assert "Name another folder" in done.stderr
    assert "people: active 2" in done.stdout


# --- damage ---


def flip(path: Path, at: int, count: int = 64) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        part = file.read(count)
        file.seek(at)
        file.write(bytes(byte ^ 0xFF for byte in part))


def test_wherever_a_database_is_damaged_it_is_said_or_harmless(folder, tmp_path):
    """Bytes flipped at every kibibyte: either it is said, or the person whose row it hit is counted as unreadable, or
    nobody's score has changed (free space). Never a store that looks whole and lacks somebody."""
    size = (folder / NAME).stat().st_size
    outcomes = {"said": 0, "counted": 0, "harmless": 0}
    for at in range(0, size, 1024):
        copy = tmp_path / "copy"
        shutil.copytree(folder, copy)
        flip(copy / NAME, at)
        code, said = status(copy)
        if code:
            assert str(copy / NAME) in said, (at, said)
            assert "estore" in said, (at, said)
            outcomes["said"] += 1
        elif "can't be read" in said:
            outcomes["counted"] += 1
        else:
            with opened(copy, now) as store:
                for number, name in enumerate(PEOPLE):
                    assert score(store, store.find(name), number) == pytest.approx(1, abs=1e-6), at
            outcomes["harmless"] += 1
        shutil.rmtree(copy)
    assert outcomes["said"] > 5
    assert outcomes["counted"] > 0


@pytest.mark.parametrize("size", [100, 4096, 30000])
def test_a_database_cut_short_does_not_open(folder, size):
    os.truncate(folder / NAME, size)
    says(folder, str(folder / NAME), "damaged", "restore a backup: threshold restore")


@pytest.mark.parametrize("how", ["emptied", "gone"])
def test_a_database_that_is_empty_or_gone_is_not_begun_anew_in_silence(folder, how):
    kept = (folder / "anchor.json").read_bytes(), (folder / "epoch").read_bytes()
    if how == "gone":
        (folder / NAME).unlink()
    else:
        os.truncate(folder / NAME, 0)
    says(folder, str(folder / NAME), "found none or an empty one", "threshold restore", "name another folder")
    assert ((folder / "anchor.json").read_bytes(), (folder / "epoch").read_bytes()) == kept


def unplugged(folder: Path, erase: bool, entries: int = 3) -> Path:
    """A copy of the folder as a pulled plug would leave it: with a write-ahead log that holds what came last."""
    copy = folder.with_name("unplugged")
    with opened(folder, now) as store:
        if erase:
            store.erase(store.find(PEOPLE[0]), "request")
        for _ in range(entries):
            store.ledger.append(Refused(modality="face", rules=("stand-in",)))
        shutil.copytree(folder, copy)
    assert (copy / f"{NAME}-wal").stat().st_size > 0
    return copy


def test_a_pulled_plug_loses_nothing_of_the_log(folder):
    copy = unplugged(folder, erase=False)
    assert "face: stand-in 3" in status(copy)[1]


def test_a_damaged_log_loses_what_came_last_and_an_anchor_shows_it(folder, tmp_path):
    anchor = tmp_path / "anchor.json"
    copy = unplugged(folder, erase=False)
    anchored = CliRunner().invoke(app, ["ledger", "anchor", "--out", str(anchor), "--store", str(copy)])
    assert anchored.exit_code == 0, anchored.output
    shutil.rmtree(copy)
    # The anchor was of a ledger with the same entries, as its log was whole.
    copy = unplugged_again(folder, copy)
    flip(copy / f"{NAME}-wal", 32)
    assert "refusals: none" in status(copy)[1], "the log is not taken from its first damaged page on"
    code, said = status(copy, "--anchor", anchor)
    assert (code, "its end was cut off" in said) == (1, True), said


def unplugged_again(folder: Path, copy: Path) -> Path:
    """The same entries once more: the store was closed meanwhile, so its log is put back from the entries' bytes."""
    whole = folder.with_name("whole")
    shutil.copytree(folder, whole)
    with closing(sqlite3.connect(folder / NAME)) as connection:
        rows = connection.execute("SELECT * FROM entry ORDER BY seq DESC LIMIT 3").fetchall()
    with closing(sqlite3.connect(whole / NAME, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER IF EXISTS entry_stays")
        connection.execute("DELETE FROM entry WHERE seq > ?", (rows[-1][0] - 1,))
    with closing(sqlite3.connect(whole / NAME, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows[::-1])
        shutil.copytree(whole, copy)
    return copy


def test_a_log_damaged_behind_an_erasure_does_not_bring_the_person_back(folder):
    copy = folder.with_name("before")
    shutil.copytree(folder, copy)
    with opened(folder, now) as store:
        store.erase(store.find(PEOPLE[0]), "request")
    # What a damaged log comes to: the database of before, beside the files of today.
    shutil.copy(copy / NAME, folder / NAME)
    says(folder, "an older copy was put back", "restore a backup")


# --- clocks ---


def at(monkeypatch, when: datetime) -> None:
    """The commands' clock. The program has no switch for it."""
    real = Store.__init__

    def set_to(self, folder, **settings):
        real(self, folder, **{**settings, "now": lambda: when})

    monkeypatch.setattr(Store, "__init__", set_to)


def test_a_clock_set_back_refuses_until_it_is_set(folder, monkeypatch):
    with monkeypatch.context() as patched:
        at(patched, now() - timedelta(hours=2))
        says(folder, "the clock says", "was stamped already", "Nothing is allowed until it is set")
    assert people(folder) == list(PEOPLE)


def test_a_clock_far_ahead_once_erases_what_was_due_by_then_and_back_refuses(folder, monkeypatch):
    with opened(folder, now) as store:
        enrolled(store, "volunteer-03", 3, keep_until=now().date() + timedelta(days=4000))
    with monkeypatch.context() as patched:
        at(patched, now() + timedelta(days=1500))
        assert "people: active 1" in status(folder)[1]
    says(folder, "If the clock is right and had run ahead before", "begin anew in another folder")
    later = now() + timedelta(days=1501)
    with opened(folder, lambda: later) as store:
        assert [file.reference for _, file in store.subjects()] == ["volunteer-03"]


# --- keys and copies ---


def test_without_its_key_it_does_not_open_and_makes_no_other(folder):
    (folder / "device.key").unlink()
    says(folder, "device.key", "found none", "put back the one that was kept elsewhere")
    assert not (folder / "device.key").exists()


@pytest.mark.parametrize("name", ["device.key", "epoch"])
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_secret_that_others_may_read_is_not_used(folder, name, mode):
    (folder / name).chmod(mode)
    says(folder, name, "mode 0600", f"{mode:04o}", "chmod 600")
    (folder / name).chmod(0o600)
    assert people(folder) == list(PEOPLE)


@pytest.mark.parametrize("name", ["device.key", "epoch"])
def test_half_a_secret_is_said(folder, name):
    os.truncate(folder / name, 16)
    says(folder, name, "expected 32 bytes, found 16", "it is damaged")


def test_two_devices_from_one_backup_both_go_on_and_an_anchor_tells_them_apart(tmp_path, folder):
    """The same ledger up to the backup and the same pseudonyms, as they are the same people; from there on two
    branches, and erasures on one are not known to the other."""
    with opened(folder, now) as store:
        file = backup(store, tmp_path / "usb")
    other = tmp_path / "other"
    other.mkdir()
    for name in ("device.key", "anchor.json"):
        shutil.copy(folder / name, other / name)
    for place in (folder, other):
        done = CliRunner().invoke(app, ["restore", str(file), "--store", str(place)])
        assert done.exit_code == 0, done.output
    with opened(folder, now) as first, opened(other, now) as second:
        assert first.ledger.id == second.ledger.id
        assert first.find(PEOPLE[0]) == second.find(PEOPLE[0])
        branches = {list(store.ledger)[-1].body.branch for store in (first, second)}
        assert len(branches) == 2
        first.erase(first.find(PEOPLE[0]), "request")
        assert score(second, second.find(PEOPLE[0]), 0) == pytest.approx(1, abs=1e-6)
    anchor = tmp_path / "first.json"
    assert CliRunner().invoke(app, ["ledger", "anchor", "--out", str(anchor), "--store", str(folder)]).exit_code == 0
    code, said = status(other, "--anchor", anchor)
    assert code == 1, said
    assert "its end was cut off, or an older copy was put back" in said or "another device restored" in said, said
    done = CliRunner().invoke(app, ["ledger", "verify", "--anchor", str(anchor), "--store", str(other), "--json"])
    assert json.loads(done.stdout)["good"] is False
