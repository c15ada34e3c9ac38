"""`threshold sensitivity`, as people and scripts call it: what it writes, says and refuses; kills and resumes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from policy.schema import schema

COMMAND = [sys.executable, "-c", "from threshold.command import main; main()", "sensitivity"]
SMALL = ["--sample", "2", "--person-mornings", "2500", "--vary", "tailgating,tag.forgotten"]


def threshold(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "COLUMNS": "120", "TERM": "dumb"},
    )


def test_it_writes_document_and_page_and_a_killed_run_goes_on(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    done = threshold(*SMALL, "--out", str(whole), "--json", "--lang", "sv")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    jsonschema.validate(document, schema("sensitivity"))
    assert json.loads((whole / "sensitivity.json").read_text()) == document
    assert '<html lang="sv">' in (whole / "sensitivity.html").read_text()
    assert document["reproduce"] == " ".join(["threshold sensitivity", *SMALL])
    assert document["computed"]["taken_over"] == 0

    process = subprocess.Popen(
        [*COMMAND, *SMALL, "--out", str(broken)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    points, until = broken / "points.jsonl", time.monotonic() + 120
    while not points.is_file() or points.read_bytes().count(b"\n") < 20:
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    assert not (broken / "sensitivity.json").exists()

    done = threshold(*SMALL, "--out", str(broken), "--resume", "--json")
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    assert again["computed"]["taken_over"] >= 20
    assert again["computed"]["digest"] == document["computed"]["digest"]
    for part in ("base", "tornado", "spread", "surface", "flips", "decisions"):
        assert again[part] == document[part], part


def test_whoever_stops_it_is_told_how_it_goes_on(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, *SMALL, "--out", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    points, until = tmp_path / "points.jsonl", time.monotonic() + 120
    while not points.is_file() or points.read_bytes().count(b"\n") < 3:
        assert process.poll() is None, "it ended before it could be stopped"
        assert time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert f"kept in {tmp_path}: the same command with --resume goes on" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--vary", "nonsense"], "parameter 'nonsense': expected one that is swept"),
        (["--sample", "3"], "expected a power of 2"),
        (["--first", "face"], "option 'face': expected one of"),
        (["--first", "tag-uid"], "expected two to compare"),
        (["--cluster", "tcp://127.0.0.1:1"], "expected a Dask scheduler"),
        (["--cluster", "tcp://127.0.0.1:1", "--processes", "2"], "expected --processes or --cluster, found both"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(tmp_path: Path, words: list[str], said: str) -> None:
    done = threshold(*words, "--out", str(tmp_path), "--json")
    assert done.returncode == 1
    assert said in json.loads(done.stdout)["error"]["message"]


def test_evaluate_says_at_once_that_nobody_answers(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *COMMAND[:-1],
            "evaluate",
            "--quick",
            "--faces",
            "none",
            "--cluster",
            "tcp://127.0.0.1:1",
            "--out",
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "expected a Dask scheduler" in done.stderr
    assert not list(tmp_path.iterdir())
