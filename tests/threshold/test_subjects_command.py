"""`threshold enrol | revoke | export | erase | status | order | backup | restore`, as an operator calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from policy.gate import Gate
from policy.verdict import Finding, Verdict
from threshold.command import app

RECORD = """
schema: threshold/processing-record/1
op:
  - {id: enrol-tag, kind: enrol, modality: tag}
  - {id: match-tag, kind: match, modality: tag}
  - {id: enrol-face, kind: enrol, modality: face}
"""
ATTESTED = ["--witness", "Eva Lind", "--document", "passport", "--role", "volunteer", "--notice", "1.2"]


@pytest.fixture
def lenient(monkeypatch):
    """Rules of which a test knows what they say; the program itself has no way to have others."""

    def assess(self, record):
        fine = isinstance(record.subj.age, int) and record.subj.age >= 18
        finding = Finding(
            rule="age-attested" if fine else "minor-biometric-entry",
            outcome="pass" if fine else "refuse",
            citations=("GDPR Art 9(1)",),
            message="stand-in",
        )
        return Verdict.of(finding)

    monkeypatch.setattr(Gate, "assess", assess)


@pytest.fixture
def site(tmp_path) -> Path:
    (tmp_path / "site.yaml").write_text(RECORD)
    return tmp_path


def run(site: Path, *words: str | Path, store: str = "store") -> tuple[int, dict]:
    done = CliRunner().invoke(app, [*map(str, words), "--store", str(site / store), "--json"])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        return done.exit_code, {"error": str(done.exception)}
    return done.exit_code, json.loads(done.stdout) if done.stdout else {}


def enrol(site: Path, reference: str = "volunteer-07", uid: str = "04a1b2c3", age: int = 34) -> tuple[int, dict]:
    return run(site, "enrol", reference, "--tag", uid, "--age", age, "--record", site / "site.yaml", *ATTESTED)


def test_a_tag_from_enrolment_to_erasure(site, lenient):
    code, found = enrol(site)
    assert (code, found["enrolled"]) == (0, True)
    assert run(site, "status")[1]["references"] == {"tag": 1}
    code, found = run(site, "export", "volunteer-07", "--out", site / "mine.json")
    assert code == 0
    document = json.loads((site / "mine.json").read_text())
    assert document["references"][0]["content"] == "04a1b2c3"
    assert (site / "mine.json").stat().st_mode & 0o077 == 0
    assert run(site, "erase", "volunteer-07") == (0, {"erased": True, "backups_behind": []})
    code, found = run(site, "export", "volunteer-07", "--out", site / "mine.json")
    assert (code, "found nobody" in found["error"]) == (1, True)
    assert run(site, "ledger", "verify")[1]["good"] is True


def test_a_minor_is_refused_with_letters_and_counted(site, lenient):
    words = ["--age", "15", "--record", site / "site.yaml", "--lang", "sv", *ATTESTED]
    code, found = run(site, "enrol", "elev-1", "--face", *words)
    assert (code, found["enrolled"], set(found["letters"])) == (1, False, {"guardian", "school"})
    assert found["letters"]["guardian"].startswith("Ditt barn registrerades inte för ansiktsigenkänning.")
    shown = run(site, "status")[1]
    assert (shown["people"], shown["refusals"]) == ({}, {"face: minor-biometric-entry": 1})
    assert "elev-1" not in json.dumps(shown)


def test_with_the_programs_own_rules_this_record_enrols_nobody(site):
    code, found = enrol(site)
    assert (code, found["enrolled"], found["verdict"]["verdict"]) == (1, False, "refuse")


def test_a_face_that_is_allowed_needs_a_camera(site, lenient):
    code, found = run(site, "enrol", "volunteer-07", "--face", "--age", "34", "--record", site / "site.yaml", *ATTESTED)
    assert (code, "/dev/video0" in found["error"]) == (1, True)
    assert run(site, "status")[1]["people"] == {}


def test_withdrawal_and_a_lower_age(site, lenient):
    enrol(site)
    assert run(site, "revoke", "volunteer-07", "--lower-age", "16")[0] == 0
    assert enrol(site)[0] == 1
    assert run(site, "revoke", "volunteer-07")[1]["revoked"] is True
    assert run(site, "status")[1]["people"] == {}


def test_wrong_use(site):
    for words in (["--tag", "04a1"], ["--tag", "04a1b2c3", "--face"], []):
        done = CliRunner().invoke(app, ["enrol", "x", *words, "--age", "34", *ATTESTED])
        assert done.exit_code == 2, words
    done = CliRunner().invoke(app, ["enrol", " ", "--tag", "04a1b2c3", "--age", "34", *ATTESTED, "--store", str(site)])
    assert done.exit_code == 2


def test_an_order_from_receipt_to_confirmation(site, lenient):
    enrol(site)
    _, found = run(site, "order", "receive", "erase", "--due", "2099-01-01")
    order = found["order"]
    assert enrol(site, "volunteer-08", "04a1b2c4")[0] == 1
    assert run(site, "order", "erase", order)[0] == 1
    assert run(site, "order", "offer", order)[1]["next"] == "copy"
    _, found = run(site, "order", "copy", order, "--out", site)
    (site / "receipt").write_text("Stadsarkivet")
    assert run(site, "order", "hand-over", order, "--copy", found["file"], "--receipt", site / "receipt")[0] == 0
    assert run(site, "order", "close", order)[1]["next"] == "erase"
    assert run(site, "order", "erase", order)[1]["next"] == "confirm"
    code, found = run(site, "order", "confirm", order, "--out", site)
    assert (code, found["next"]) == (0, None)
    assert json.loads(Path(found["file"]).read_text())["in_time"] is True
    assert run(site, "status")[1]["orders"][0]["stands"] is False


def test_an_order_is_lifted(site, lenient):
    enrol(site)
    order = run(site, "order", "receive", "suspend")[1]["order"]
    assert run(site, "order", "lift", order)[0] == 0
    assert enrol(site)[0] == 0


def test_a_backup_goes_out_and_comes_back(site, lenient):
    enrol(site)
    _, found = run(site, "backup", site / "usb")
    run(site, "erase", "volunteer-07")
    assert run(site, "restore", found["file"])[1] == {"restored": True, "taken_out": 0}
    assert run(site, "status")[1]["people"] == {}


@pytest.mark.parametrize(
    "words",
    [
        ("revoke", "volunteer-07"), ("erase", "volunteer-07"), ("status",), ("renew",), ("backup", "copies"),
        ("order", "receive", "erase"), ("export", "volunteer-07", "--out", "mine.json"),
    ],
)  # fmt: skip
def test_a_misspelt_store_is_not_begun_by_who_looks_for_somebody(site, lenient, words, monkeypatch):
    monkeypatch.chdir(site)
    assert enrol(site)[0] == 0
    code, found = run(site, *words, store="stroe")
    assert (code, "stroe: expected a store, found none" in found["error"]) == (1, True)
    assert {path.name for path in site.iterdir()} == {"site.yaml", "store"}


def test_a_consent_withdrawn_to_what_is_not_enrolled_is_not_said_to_be_done(site, lenient):
    enrol(site)
    entries = run(site, "status")[1]["ledger"]["entries"]
    code, found = run(site, "revoke", "volunteer-07", "--what", "face")
    assert (code, "expected a face that is enrolled, found tag" in found["error"]) == (1, True)
    assert run(site, "status")[1]["ledger"]["entries"] == entries
    assert run(site, "revoke", "volunteer-07", "--what", "tag") == (0, {"revoked": True, "backups_behind": []})
