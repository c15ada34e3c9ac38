"""`threshold plan` and `threshold bench rates` as people and scripts call them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.groups import GroupError
from benchmarks.planner import PlanError
from threshold.command import app


def run(*words: str):
    return CliRunner().invoke(app, words)


def test_plan_says_in_words_and_in_json_what_a_claim_takes() -> None:
    words = run("plan", "--claim", "FRR 3% ± 1pp", "--attempts", "20")
    assert words.exit_code == 0
    assert "163 with 20 each" in words.stdout
    assert "two-sided" in words.stdout
    document = json.loads(run("plan", "--claim", "FMR < 0.1%", "--json").stdout)
    assert (document["independent"], document["sided"], document["allowed_errors"]) == (2995, "one-sided", 0)


def test_plan_names_what_it_can_not_read() -> None:
    done = run("plan", "--claim", "FRR 3 ± 1pp")
    assert isinstance(done.exception, PlanError)
    assert "'3' percent" in str(done.exception)


def rows(path: Path, count: int = 40) -> Path:
    stamp = [{"t_ns": time} for time in (0, 1, 10**9)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "".join(
            json.dumps(
                {
                    "schema": "threshold/transaction/1", "id": f"r{n}", "lane": "tag-uid", "origin": "recording",
                    "session": "m0", "entered": stamp[0], "presented": stamp[1], "decided": stamp[2],
                    "crossed": {"none": "not seen"}, "attempts": 1, "true_subject": f"s{n}", "enrolled": True,
                    "outcome": "denied" if n == 0 else "opened", "reason": "tag-not-read" if n == 0 else "tag-known",
                }
            )
            + "\n"
            for n in range(count)
        ),
        encoding="utf-8",
    )  # fmt: skip
    return path


def test_rates_of_rows_go_to_a_file_a_table_or_json(tmp_path: Path) -> None:
    path, out = rows(tmp_path / "rows.jsonl"), tmp_path / "out" / "rates.json"
    table = run("bench", "rates", str(path), "--lane", "tag-uid", "--out", str(out))
    assert table.exit_code == 0, table.output
    assert "1 of 40" in table.stdout
    document = json.loads(run("bench", "rates", str(path), "--lane", "tag-uid", "--out", str(out), "--json").stdout)
    assert document == json.loads(out.read_text(encoding="utf-8"))
    assert document["grade"] == "recording"
    assert run("bench", "rates", str(path), "--lane", "window").exit_code == 2


def test_labels_are_deleted_once_the_rates_are_written_and_kept_when_they_are_not(tmp_path: Path) -> None:
    path, labels = rows(tmp_path / "rows" / "rows.jsonl"), tmp_path / "labels" / "labels.csv"
    labels.parent.mkdir()
    text = "subject,self_declared\n" + "".join(f"s{n},{'a' if n < 32 else 'b'}\n" for n in range(40))
    labels.write_text(text, encoding="utf-8")
    words = ["bench", "rates", str(path), "--lane", "tag-uid", "--groups", str(labels)]
    assert run(*words[:3], "--lane", "face-1n", *words[5:], "--out", str(tmp_path / "r.json")).exit_code == 1
    assert labels.is_file()
    done = run(*words, "--out", str(tmp_path / "r.json"))
    assert done.exit_code == 0, done.output
    assert not labels.exists()
    shown = {
        group["label"]: group["rate"] for group in json.loads((tmp_path / "r.json").read_text())["groups"]["groups"]
    }
    assert shown["a"]["numerator"] == 1
    assert shown["b"] is None
    (path.parent / "labels.csv").write_text(text, encoding="utf-8")
    beside = run(*words[:5], "--groups", str(path.parent / "labels.csv"))
    assert isinstance(beside.exception, GroupError)


@pytest.mark.parametrize("verb", [["plan"], ["bench", "rates"]])
def test_help_has_an_example(verb: list[str]) -> None:
    assert "Example: threshold" in " ".join(run(*verb, "--help").stdout.split())
