"""`threshold report --bundle | --format pdf`, `threshold verify`, `threshold ledger declare`: exit codes and words."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pikepdf
import pytest
from typer.testing import CliRunner

from benchmarks import scenario
from benchmarks.annex import AnnexError
from benchmarks.bundle import NoBundleError
from benchmarks.evaluation import evaluate
from benchmarks.report import read
from policy.bundle import UnknownSigner
from policy.gate import Gate
from policy.measured import MeasuredError
from policy.signer import SignerError, fingerprint, new_signer, private_key, public_key, raw
from scripts.proofs._tagged import spoken
from threshold.command import app, main

HALL = Path(__file__).resolve().parents[1] / "policy" / "records" / "hall.yaml"


@pytest.fixture(scope="module")
def run_(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a very small run with the tag lane alone, packed; and two pairs of keys."""
    folder = tmp_path_factory.mktemp("packed")
    known = scenario.embedded()
    doors = known.doors.model_copy(update={"persons": 40, "mornings": 1, "repetitions": 3})
    small = known.model_copy(update={"persons": 6, "mornings": 3, "doors": doors})
    results = evaluate(small, Gate(), folder)
    (folder / "results.json").write_text(results.model_dump_json(by_alias=True))
    new_signer(folder / "other.pem")
    assert (
        command("report", folder / "results.json", "--bundle", folder / "b", "--key", folder / "k", "--new-key")[0] == 0
    )
    return folder


def command(*words: str | Path) -> tuple[int, str, Any]:
    done = CliRunner().invoke(app, [str(word) for word in words])
    return done.exit_code, done.stdout, done.exception


def test_a_bundle_is_packed_with_a_new_key_and_verifies(run_: Path) -> None:
    assert stat.S_IMODE((run_ / "k").stat().st_mode) == 0o600
    code, said, _ = command("verify", run_ / "b", "--key", run_ / "k.pub")
    assert (code, "All fits" in said) == (0, True)
    assert fingerprint(raw(public_key(run_ / "k.pub"))) in said
    code, said, _ = command("verify", run_ / "b", "--key", run_ / "k.pub", "--json")
    found = json.loads(said)
    assert (code, found["good"], found["broken"], found["grade"]) == (0, True, [], "simulated")


def test_another_key_is_an_unknown_signer_and_exit_1(
    run_: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, error = command("verify", run_ / "b", "--key", run_ / "other.pem.pub")
    assert (code, isinstance(error, UnknownSigner)) == (1, True)
    words = ["threshold", "verify", str(run_ / "b"), "--key", str(run_ / "other.pem.pub"), "--json"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == 1
    assert json.loads(said.out)["error"]["kind"] == "UnknownSigner"
    assert "unknown signer" in said.err


def test_a_bundle_that_was_altered_is_exit_1_and_says_what(run_: Path, tmp_path: Path) -> None:
    good = (run_ / "b").read_bytes()
    (tmp_path / "b").write_bytes(good[:-30])
    assert command("verify", tmp_path / "b", "--key", run_ / "k.pub")[0] == 1


def test_wrong_use_is_exit_2(run_: Path, tmp_path: Path) -> None:
    results = run_ / "results.json"
    assert command("report", results, "--bundle", tmp_path / "b")[0] == 2
    assert command("report", results, "--key", run_ / "k")[0] == 2
    assert command("report", "--pilot", run_ / "x.jsonl", "--bundle", tmp_path / "b")[0] == 2
    assert command("report", results, "--sensitivity", run_ / "sensitivity.json")[0] == 2
    assert command("verify", run_ / "b")[0] == 2


def test_keys_that_others_may_read_or_that_are_none_are_refused(run_: Path, tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes((run_ / "k").read_bytes())
    (tmp_path / "k").chmod(0o644)
    with pytest.raises(SignerError, match="mode 0600"):
        private_key(tmp_path / "k")
    with pytest.raises(SignerError, match="found none"):
        public_key(run_ / "k")  # a private key is no thing to hand to a reader
    with pytest.raises(SignerError, match="--new-key makes one"):
        private_key(tmp_path / "absent")
    with pytest.raises(SignerError, match="place for a new key"):
        new_signer(run_ / "k")  # one that is there stays


def test_costs_are_packed_with_their_prices_or_not_at_all(run_: Path, tmp_path: Path) -> None:
    for path in run_.glob("*.json*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    results, prices = tmp_path / "results.json", tmp_path / "mine.toml"
    assert command("cost", "--template", "--out", prices)[0] == 0
    (tmp_path / "report.pdf").write_bytes(b"of another day")
    done = CliRunner().invoke(app, ["report", str(results), "--prices", str(prices)])
    assert done.exit_code == 0
    assert "report.pdf is of the results as they were before" in " ".join(done.stderr.split())
    packing = ("report", results, "--bundle", tmp_path / "b", "--key", tmp_path / "k", "--new-key")
    code, _, error = command(*packing)
    assert (code, isinstance(error, NoBundleError)) == (1, True)
    assert "--prices" in str(error)
    assert not (tmp_path / "k").exists(), "a key is drawn for a bundle that is made"
    assert command(*packing, "--prices", prices)[0] == 0
    prices.unlink()
    code, said, _ = command("verify", tmp_path / "b", "--key", tmp_path / "k.pub", "--seed", "1", "--json")
    found = json.loads(said)
    assert (code, found["broken"]) == (0, [])
    assert not any("cost" in note for note in found["notes"])


def test_the_gate_refuses_a_simulated_bundle(run_: Path) -> None:
    words = ("policy", "assess", HALL, "--evidence", run_ / "b", "--key", run_ / "k.pub")
    code, _, error = command(*words)
    assert code == 1
    assert isinstance(error, MeasuredError)
    assert "expected a bundle of a pilot" in str(error)


def test_margin_and_need_are_noted_in_the_ledger(tmp_path: Path) -> None:
    where = ("--store", tmp_path / "store")
    words = ("ledger", "declare", "--alternative", "tag", "--measure", "denied", "--margin", "0.005")
    assert command(*words, "--need", "0.01", *where)[0] == 1, "a misspelt folder isn't begun"
    assert command("decline", "--notice", "1.2", *where)[0] == 0
    code, said, _ = command(*words, "--need", "0.01", *where, "--json")
    found = json.loads(said)
    assert (code, found["kind"], found["alternative"], found["need"]) == (0, "declared", "tag", 0.01)
    assert command(*words, "--need", "0", *where)[0] == 2
    assert command("ledger", "verify", *where)[0] == 0


ANNEX = """
site = "Quillbrook academy"
note = ["Zanzibar opens the cabinet."]
[[camera]]
name = "KX17"
where = "Beneath the porphyry gable"
height_m = 2.71828
direction = "Towards Wexcombe"
sees = "Whoever parks a velocipede"
"""
SECRETS = ("Quillbrook", "Zanzibar", "KX17", "porphyry", "Wexcombe", "velocipede")


def test_the_report_as_pdf_and_its_annex_apart(run_: Path, tmp_path: Path) -> None:
    (tmp_path / "annex.toml").write_text(ANNEX)
    for name, more in (("without", ()), ("with", ("--annex", tmp_path / "annex.toml"))):
        words = ("report", run_ / "results.json", "--format", "pdf", "--lang", "is", "--out", tmp_path / name / "r.pdf")
        code, _, error = command(*words, "--bundle", tmp_path / name / "bundle", "--key", run_ / "k", *more)
        assert (code, error) == (0, None)
    annex = tmp_path / "with" / "r-annex.pdf"
    assert annex.read_bytes().startswith(b"%PDF-1.7")
    assert stat.S_IMODE(annex.stat().st_mode) == 0o600
    said = " ".join(text for _, _, text in spoken(annex.read_bytes()))
    assert all(secret in said for secret in SECRETS)
    annex.unlink()
    plain, beside = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (tmp_path / "without", tmp_path / "with")
    )
    assert plain == beside, "report and bundle are the same to the byte, whether there is an annex or not"
    with ZipFile(tmp_path / "with" / "bundle") as packed:
        inside = {name: packed.read(name) for name in packed.namelist()}
    assert {"report.pdf", "results.json", "report.html"} <= inside.keys()
    with pikepdf.open(tmp_path / "with" / "r.pdf") as report:
        held = [each.read_bytes() for each in report.objects if isinstance(each, pikepdf.Stream) and _readable(each)]
        held += [repr(each).encode() for each in report.objects if not isinstance(each, pikepdf.Stream)]
    heard = " ".join(text for _, _, text in spoken((tmp_path / "with" / "r.pdf").read_bytes()))
    for secret in SECRETS:
        assert secret not in heard
        everything = (*held, *beside.values(), *inside.values())
        assert not any(secret.encode(kind) in each for each in everything for kind in ("utf-8", "utf-16-be"))


def _readable(stream: pikepdf.Stream) -> bool:
    """Not a font's program: numbers that may spell anything."""
    return "/Length1" not in stream and stream.get("/Subtype") not in ("/Type1C", "/CIDFontType0C", "/OpenType")


def test_an_annex_that_is_not_filled_in_stops_before_anything_is_written(run_: Path, tmp_path: Path) -> None:
    code, said, _ = command("report", "--annex-template")
    assert (code, "[[camera]]" in said) == (0, True)
    empty = tmp_path / "annex.toml"
    assert command("report", "--annex-template", "--out", empty)[0] == 0
    assert (empty.read_text(), stat.S_IMODE(empty.stat().st_mode)) == (said, 0o600)
    assert command("report", "--annex-template", "--out", empty)[0] == 1, "what is filled in isn't written over"
    words = ("report", run_ / "results.json", "--format", "pdf", "--out", tmp_path / "r.pdf")
    code, _, error = command(*words, "--annex", empty)
    assert (code, isinstance(error, AnnexError), "key site" in str(error)) == (1, True, True)
    assert not (tmp_path / "r.pdf").exists()
    filled = said.replace('= ""', '= "filled"').replace("# height_m", "height_m")
    empty.write_text(filled)
    assert command(*words, "--annex", empty)[0] == 0
    assert (tmp_path / "r-annex.pdf").exists()


@pytest.mark.parametrize("package", ["typst", "pikepdf"])
def test_without_an_extra_it_says_what_to_install(
    run_: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    code, _, error = command("report", run_ / "results.json", "--format", "pdf", "--out", tmp_path / "r.pdf")
    assert code == 1
    assert f"found no {package}" in str(error)
    assert "pip install 'threshold[pdf]'" in str(error)
    assert not (tmp_path / "r.pdf").exists()


def test_evaluate_puts_its_page_on_paper_or_says_what_to_install(
    run_: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("evaluate", "--quick", "--faces", "none", "--lang", "is")
    monkeypatch.setattr("threshold.evaluate.run", lambda *given: read(run_ / "results.json"))
    assert command(*words, "--out", tmp_path)[0] == 0
    pdf = (tmp_path / "report.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-1.7")
    assert command("report", run_ / "results.json", "--lang", "is", "--format", "pdf", "--out", tmp_path / "r")[0] == 0
    assert pdf == (tmp_path / "r").read_bytes()
    monkeypatch.setitem(sys.modules, "typst", None)
    done = CliRunner().invoke(app, [*words, "--out", str(tmp_path)])
    assert done.exit_code == 0
    said = " ".join(done.stderr.split())
    assert "No report.pdf: it needs the extra `pdf` (pip install 'threshold[pdf]'; make development has it)" in said
    assert "is of another run" in said
