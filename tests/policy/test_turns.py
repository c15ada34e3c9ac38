"""One process at a time has the database; one that keeps it for long sees that another waits, and gives way."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from policy.database import Busy, Database, awaited

FORMS = ("CREATE TABLE one (x INTEGER) STRICT",)


def test_nobody_waits_for_a_database_that_nobody_wants(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    assert not awaited(path)
    with Database(path, FORMS):
        assert not awaited(path)
    assert not awaited(path)


def test_without_patience_it_is_refused_at_once_and_nobody_is_left_waiting(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Database(path, FORMS):
        begun = time.monotonic()
        with pytest.raises(Busy, match="another process has it"):
            Database(path, FORMS)
        assert time.monotonic() - begun < 0.5
        assert not awaited(path)


def test_patience_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Database(path, FORMS), pytest.raises(Busy):
        Database(path, FORMS, patience_s=0.1)
    assert not awaited(path)


def test_who_gives_way_lets_the_other_in_and_sees_when_it_is_done(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    done = []

    def other() -> None:
        with Database(path, FORMS, patience_s=5) as mine:
            mine.connection.execute("INSERT INTO one VALUES (1)")
            time.sleep(0.2)
        done.append(time.monotonic())

    kept = Database(path, FORMS)
    thread = threading.Thread(target=other)
    thread.start()
    while not awaited(path):
        time.sleep(0.01)
    kept.close()
    while awaited(path):
        time.sleep(0.01)
    with Database(path, FORMS, patience_s=1) as again:
        assert again.connection.execute("SELECT x FROM one").fetchall() == [(1,)]
    thread.join(5)
    assert done


def test_two_who_wait_come_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    inside, most = 0, []

    def other() -> None:
        nonlocal inside
        with Database(path, FORMS, patience_s=5):
            inside += 1
            most.append(inside)
            time.sleep(0.05)
            inside -= 1

    with Database(path, FORMS):
        threads = [threading.Thread(target=other) for _ in range(3)]
        for thread in threads:
            thread.start()
        while not awaited(path):
            time.sleep(0.01)
    for thread in threads:
        thread.join(5)
    assert most == [1, 1, 1]


def test_one_who_dies_while_waiting_keeps_nobody_away(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    code = f"from policy.database import Database; from pathlib import Path; Database(Path({str(path)!r}), (), 60)"
    with Database(path, FORMS):
        waiter = subprocess.Popen([sys.executable, "-c", code])
        until = time.monotonic() + 20
        while not awaited(path) and time.monotonic() < until:
            time.sleep(0.02)
        assert awaited(path)
        waiter.kill()
        waiter.wait(10)
        assert not awaited(path)
