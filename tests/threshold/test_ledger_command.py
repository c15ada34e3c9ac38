"""`threshold ledger`: what it says, and its exit codes."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from policy.database import Database
from policy.entry import Refused
from policy.keys import Keys
from policy.ledger import FORM, Ledger
from threshold.command import app

REFUSED = Refused(modality="tag", rules=("age-attested",))


@pytest.fixture
def folder(tmp_path) -> Path:
    with Database(tmp_path / "store" / "threshold.db", [FORM]) as database:
        Ledger(database, Keys(bytes(32)).signer()).append(REFUSED, REFUSED)
    return tmp_path / "store"


def ledger(folder: Path, *words: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["ledger", *map(str, words), "--store", str(folder)])
    return done.exit_code, done.stdout


def test_an_intact_ledger(folder):
    assert ledger(folder, "verify") == (0, "intact up to entry 3, completeness not shown\n")
    code, text = ledger(folder, "verify", "--json")
    found = json.loads(text)
    assert (code, found["good"], found["intact"], found["complete"]) == (0, True, 3, None)


def test_with_an_anchor(folder, tmp_path):
    assert ledger(folder, "anchor", "--out", tmp_path / "anchor.json")[0] == 0
    says = "intact up to entry 3, complete up to entry 3, where the anchor stands\n"
    assert ledger(folder, "verify", "--anchor", tmp_path / "anchor.json") == (0, says)
    with closing(sqlite3.connect(folder / "threshold.db")) as connection, connection:
        connection.execute("DROP TRIGGER entry_stays")
        connection.execute("DELETE FROM entry WHERE seq = 3")
    code, text = ledger(folder, "verify", "--anchor", tmp_path / "anchor.json", "--json")
    assert code == 1
    assert "its end was cut off" in json.loads(text)["problem"]
    assert ledger(folder, "verify") == (0, "intact up to entry 2, completeness not shown\n")


def test_without_a_ledger_it_fails_with_a_reason(tmp_path):
    done = CliRunner().invoke(app, ["ledger", "verify", "--store", str(tmp_path)])
    assert done.exit_code == 1
    assert "found none. Name its folder with --store." in str(done.exception)
