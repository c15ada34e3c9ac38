"""`threshold policy notice` and `threshold policy dpia`: what is written, and when nothing is."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from threshold.command import app

HALL = Path(__file__).parents[1] / "policy" / "records" / "hall.yaml"
KINDS = ("notice", "child", "sign", "essence", "register")


def run(*arguments: object):
    return CliRunner().invoke(app, ["policy", *(str(argument) for argument in arguments)])


def broken(folder: Path, old: str, new: str) -> Path:
    text = HALL.read_text(encoding="utf-8")
    assert old in text
    path = folder / "record.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


@pytest.mark.parametrize("verb", ["notice", "dpia"])
def test_help_has_an_example(verb):
    result = run(verb, "--help")
    assert result.exit_code == 0
    assert f"Example: threshold policy {verb}" in " ".join(result.stdout.split())


def test_all_papers_are_written(tmp_path):
    result = run("notice", HALL, "--lang", "sv", "--out", tmp_path / "papers", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert [Path(path).name for path in document["papers"]] == [f"{kind}.sv.html" for kind in KINDS]
    assert all('<html lang="sv">' in Path(path).read_text(encoding="utf-8") for path in document["papers"])
    assert (document["left_out"], document["long"]) == ({}, [])


def test_one_paper_is_written_where_one_is_named(tmp_path):
    assert run("notice", HALL, "--kind", "sign", "--out", tmp_path).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["sign.en.html"]


def test_nothing_is_written_while_an_element_is_missing(tmp_path):
    record = broken(tmp_path, "duty: voluntary", "duty: unknown")
    result = run("notice", record, "--out", tmp_path / "papers", "--json")
    assert result.exit_code == 1
    error = json.loads(result.stdout)["error"]
    assert {"fact": "paper.duty", "citation": "GDPR Art 13(2)(e)", "paper": "notice"} in error["missing"]
    assert (
        "paper.duty: expected a value (child: GDPR Art 13(2)(e), notice: GDPR Art 13(2)(e)), found none"
        in result.stderr
    )
    assert not (tmp_path / "papers").exists()


def test_a_paper_that_is_not_called_for_is_left_out_or_refused(tmp_path):
    record = broken(tmp_path, "age_min: 10", "age_min: 18")
    left_out = json.loads(run("notice", record, "--out", tmp_path / "all", "--json").stdout)["left_out"]
    assert left_out == {"child": "dep.age_min is 18: no one under 18 is concerned"}
    result = run("notice", record, "--kind", "child", "--out", tmp_path / "one")
    assert result.exit_code == 1
    assert "no one under 18 is concerned" in result.stderr
    assert not (tmp_path / "one").exists()


def test_the_assessment_is_a_page_or_a_document(tmp_path):
    assert run("dpia", HALL, "--lang", "is", "--out", tmp_path / "dpia.html").exit_code == 0
    assert '<html lang="is">' in (tmp_path / "dpia.html").read_text(encoding="utf-8")
    assert run("dpia", HALL, "--out", tmp_path / "dpia.json").exit_code == 0
    assert len(json.loads((tmp_path / "dpia.json").read_text(encoding="utf-8"))["sections"]) == 10


def test_an_assessment_without_a_residual_level_is_refused(tmp_path):
    result = run("dpia", broken(tmp_path, "residual: medium", "residual: unknown"), "--out", tmp_path / "dpia.html")
    assert result.exit_code == 1
    assert "dpia.risks[2].residual" in result.stderr
    assert not (tmp_path / "dpia.html").exists()


CHROMIUM = shutil.which("chromium")


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, absent here (scripts/system-packages installs it)")
@pytest.mark.parametrize("kind", KINDS)
def test_a_paper_prints_on_one_page(kind, tmp_path):
    # Icelandic is the longest of the three.
    assert run("notice", HALL, "--lang", "is", "--kind", kind, "--out", tmp_path).exit_code == 0
    printed = tmp_path / "printed.pdf"
    subprocess.run(
        [
            str(CHROMIUM),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--no-pdf-header-footer",
            f"--print-to-pdf={printed}",
            (tmp_path / f"{kind}.is.html").as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert b"/Count 1\n" in printed.read_bytes()
