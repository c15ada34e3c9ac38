"""`threshold policy replay`: the table, the document, and the exit when a case is not as expected."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from policy import replay as replay_module
from policy.case import Expected, expected
from threshold.command import app

TODAY = expected().today.isoformat()


def test_the_document_names_each_case_with_what_it_rests_on() -> None:
    done = CliRunner().invoke(app, ["policy", "replay", "--json", "--as-of", TODAY])
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["today"] == TODAY
    assert document["as_expected"] is True
    assert document["allows"] * 5 >= len(document["rows"])
    for row in document["rows"]:
        assert row["stated"] > 0
        assert row["no_evidence_for"]
        assert row["got"] == "allow" or row["expected"] == "open" or row["stops_on_stated_facts"]
    kopavogur = next(row for row in document["rows"] if row["case"] == "kopavogur-seesaw-2023")
    assert {"2025-05-27"} <= {entry["date"] for entry in kopavogur["fate"]}


def test_the_table_says_what_became_of_a_decision_and_what_it_does_not_show() -> None:
    done = CliRunner().invoke(app, ["policy", "replay", "--as-of", TODAY])
    assert done.exit_code == 0
    assert "2025-05-27, withdrawn" in done.stdout
    assert "No evidence for: biometrics: the decision contains none" in done.stdout
    assert "0 not as expected" in done.stderr


def test_a_case_that_is_not_as_expected_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = expected()
    entry = whole.case[0]
    row = entry.row[0].model_copy(update={"verdict": "allow", "because": ("dpo-advice",)})
    wrong = Expected(today=whole.today, case=(entry.model_copy(update={"row": (row,)}),))
    monkeypatch.setattr(replay_module, "expected", lambda: wrong)
    done = CliRunner().invoke(app, ["policy", "replay", "--as-of", TODAY])
    assert done.exit_code == 1
    assert "expected allow, got refuse" in done.stdout
