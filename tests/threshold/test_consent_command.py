"""`threshold reconfirm | decline | renew`, as an operator calls them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from test_subjects_command import ATTESTED, RECORD, lenient, run
from typer.testing import CliRunner

from policy.entry import Consented
from policy.gate import Gate
from policy.store import Store
from policy.verdict import Finding, Verdict
from threshold.command import app

__all__ = ["lenient"]
GROWN = ["--witness", "Eva Lind", "--document", "passport", "--role", "member", "--notice", "1.3"]


@pytest.fixture
def site(tmp_path) -> Path:
    (tmp_path / "site.yaml").write_text(RECORD + "  - {id: match-face, kind: match, modality: face}\n")
    return tmp_path


@pytest.fixture
def anybody(monkeypatch) -> None:
    """Rules that allow anybody, so that what is seen is the store's own."""
    fine = Verdict.of(Finding(rule="stand-in", outcome="pass", citations=(), message="stand-in"))
    monkeypatch.setattr(Gate, "assess", lambda self, record: fine)


def in_years(monkeypatch, years: float) -> None:
    """The commands' clock, so many years on."""
    at = datetime.now(UTC) + timedelta(days=365 * years)
    real = Store.__init__

    def later(self, folder, **settings):
        real(self, folder, **{"now": lambda: at, **settings})

    monkeypatch.setattr(Store, "__init__", later)


def test_who_comes_of_age_confirms_and_is_let_in_again(site, anybody, monkeypatch):
    words = ["--tag", "04a1b2c3", "--record", site / "site.yaml", "--witness", "Eva Lind", "--document", "passport",
             "--role", "member", "--notice", "1.2", "--by", "both", "--guardian", "G. G.", "--child", "agreed",
             "--age", "17", "--keep-days", "3650"]  # fmt: skip
    assert run(site, "enrol", "member-12", *words)[0] == 0
    in_years(monkeypatch, 0.5)
    code, found = run(site, "reconfirm", "member-12", *GROWN, "--age", "17")
    assert (code, "attested to be of age" in found["error"]) == (1, True)
    code, found = run(site, "reconfirm", "member-12", *GROWN, "--age", "18")
    assert (code, found["reconfirmed"]) == (0, True), found
    with Store(site / "store") as store:
        file = store.file(store.find("member-12"))
        assert file.agreement is not None
        assert (file.agreement.by, file.agreement.notice, file.majority) == ("subject", "1.3", None)
        told = [entry.body for entry in store.ledger if isinstance(entry.body, Consented)]
        assert [body.decision for body in told] == ["given", "reconfirmed"]
        assert store.owner(bytes.fromhex("04a1b2c3")) is not None


def test_nobody_confirms_by_their_own_witness_or_without_being_here(site, anybody):
    run(site, "enrol", "member-12", "--tag", "04a1b2c3", "--age", "34", "--record", site / "site.yaml", *ATTESTED)
    code, found = run(site, "reconfirm", "member-13", *GROWN, "--age", "18")
    assert (code, "found nobody" in found["error"]) == (1, True)
    alone = ["member-12" if word == "Eva Lind" else word for word in GROWN]
    code, found = run(site, "reconfirm", "member-12", *alone, "--age", "18")
    assert (code, "another person has to attest" in found["error"]) == (1, True)


def test_a_no_is_counted_and_nobody_is_named(site, anybody):
    assert run(site, "decline", "--notice", "1.2") == (0, {"declined": 1})
    assert run(site, "decline", "--notice", "1.2", "--by", "guardian", "--child", "objected") == (0, {"declined": 2})
    assert run(site, "status")[1]["declined"] == 2
    with Store(site / "store") as store:
        assert list(store.subjects()) == []
    done = CliRunner().invoke(app, ["decline", "Anna", "--notice", "1.2", "--store", str(site / "store")])
    assert done.exit_code == 2
    assert run(site, "decline", "--notice", "said Anna")[0] == 2


def test_renewal_turns_every_face_and_counts_what_nothing_opens(site, anybody):
    drawn = ["--face", "--source", "synthetic:7", "--age", "34", "--record", site / "site.yaml", *ATTESTED]
    assert run(site, "enrol", "synthetic:7", *drawn)[0] == 0
    assert run(site, "renew") == (0, {"renewed": 1, "left": 0, "backups_behind": []})
    run(site, "order", "receive", "suspend")
    assert run(site, "renew") == (0, {"renewed": 0, "left": 1, "backups_behind": []})
