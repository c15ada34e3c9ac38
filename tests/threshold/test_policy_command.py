"""`threshold policy`: assess, template, explain; exit codes and one JSON document."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

RECORDS = Path(__file__).parents[2] / "policy" / "records"
AS_OF = ("--as-of", "2026-11-20")


def threshold(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from threshold.command import main; main()", "policy", *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=Path(__file__).parents[2],
    )


@pytest.mark.parametrize(("name", "code", "said"), [("gym", 0, "allow"), ("school-tags", 1, "refuse")])
def test_assess_says_it_in_json_and_by_its_exit_code(name: str, code: int, said: str) -> None:
    done = threshold("assess", str(RECORDS / f"{name}.yaml"), *AS_OF, "--json")
    assert (done.returncode, done.stderr) == (code, "")
    document = json.loads(done.stdout)
    assert (document["verdict"], document["as_of"], document["mode"]) == (said, "2026-11-20", "start")
    assert {"rule", "outcome", "citations", "facts", "missing", "message", "mark"} <= set(document["findings"][0])
    assert {"warnings", "needs", "operations", "exposure", "changes"} <= set(document)


def test_assess_shows_a_person_the_rules_in_the_way_and_what_would_change() -> None:
    done = threshold("assess", str(RECORDS / "gym.yaml"), *AS_OF)
    assert done.returncode == 0
    assert done.stdout.startswith("ALLOW")
    said = " ".join(done.stdout.split())
    for words in (
        "existing-system-works",
        "One other fact makes it refuse:",
        "cons.alternative_equal;",
        "no legal advice",
    ):
        assert words in said


def test_continuing_is_suspended_and_another_law_can_be_asked() -> None:
    done = threshold("assess", str(RECORDS / "school-tags.yaml"), *AS_OF, "--continue", "--profile", "is", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["verdict"], document["profile"]) == (1, "suspend", "is")


def test_a_template_filled_in_by_nobody_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "record.yaml"
    assert threshold("template", "--out", str(out)).returncode == 0
    assert out.read_text(encoding="utf-8") == threshold("template").stdout
    again = threshold("template", "--out", str(out))
    assert (again.returncode, "expected a new file" in again.stderr) == (1, True)
    done = threshold("assess", str(out), *AS_OF)
    assert (done.returncode, done.stdout.startswith("REFUSE")) == (1, True)


def test_explain_says_what_a_rule_asks_and_what_is_close_to_none() -> None:
    done = threshold("explain", "consent-school-imbalance", "--json")
    assert done.returncode == 0
    assert {"asks", "citations", "reads", "certainty"} <= set(json.loads(done.stdout))
    assert len(json.loads(threshold("explain", "--json").stdout)) > 100
    wrong = threshold("explain", "consent-shool")
    assert (wrong.returncode, "consent-school-imbalance" in wrong.stderr) == (1, True)


@pytest.mark.parametrize(
    "words", [("assess",), ("assess", "x.yaml", "--as-of", "yesterday"), ("explain", "--lang", "fi")]
)
def test_wrong_use_is_2(words: tuple[str, ...]) -> None:
    assert threshold(*words).returncode == 2


def test_a_record_that_can_not_be_read_is_1_by_line(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("schema: threshold/processing-record/1\ndep:\n  jurisdiktion: se\n", encoding="utf-8")
    done = threshold("assess", str(path))
    assert done.returncode == 1
    assert "line 3: dep.jurisdiktion" in done.stderr
    assert "did you mean jurisdiction?" in done.stderr


def test_a_record_that_comes_along_can_be_had_by_name_and_no_other(tmp_path: Path) -> None:
    out = tmp_path / "lab.yaml"
    assert threshold("template", "lab-lanes", "--out", str(out)).returncode == 0
    assert threshold("assess", str(out), "--as-of", "2026-11-22").returncode == 0
    wrong = threshold("template", "labb")
    assert (wrong.returncode, "lab-lanes" in wrong.stderr) == (2, True)
