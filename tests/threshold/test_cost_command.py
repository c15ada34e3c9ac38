"""`threshold cost`, `report --prices --record` and `pilot plan`, as people call them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from policy.schema import schema

COMMAND = [sys.executable, "-c", "from threshold.command import main; main()"]
RECORD = Path(__file__).parents[2] / "policy" / "records" / "lab-volunteers.yaml"


def threshold(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, words)], capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluated")
    prices = folder / "prices.toml"
    assert threshold("cost", "--template", "--out", prices).returncode == 0
    done = threshold("evaluate", "--quick", "--faces", "none", "--out", folder, "--prices", prices)
    assert done.returncode == 0, done.stderr
    return folder / "results.json"


def test_costs_go_into_results_and_report(results: Path) -> None:
    document = json.loads(results.read_text(encoding="utf-8"))
    jsonschema.validate(document, schema("results"))
    assert document["cost"]["lanes"]["face-1n"]["alternative"] == "tag-auth"
    assert document["privacy"] is None
    page = results.with_name("report.html").read_text(encoding="utf-8")
    assert 'id="cost-pairs-table"' in page
    assert 'data-trap="18"' not in page


def test_a_record_brings_its_privacy_vector_and_other_prices_other_costs(results: Path) -> None:
    prices = results.with_name("prices.toml")
    before = json.loads(results.read_text(encoding="utf-8"))["cost"]
    dearer = results.with_name("dearer.toml")
    dearer.write_text(prices.read_text(encoding="utf-8").replace("high = 40000.0", "high = 90000.0"), encoding="utf-8")
    done = threshold("report", results, "--prices", dearer, "--record", RECORD, "--as-of", "2026-12-01")
    assert done.returncode == 0, done.stderr
    document = json.loads(results.read_text(encoding="utf-8"))
    jsonschema.validate(document, schema("results"))
    assert document["cost"]["lanes"]["face-1n"]["total"]["value"] > before["lanes"]["face-1n"]["total"]["value"]
    assert document["cost"]["lanes"]["tag-uid"] == before["lanes"]["tag-uid"] | {
        "total": document["cost"]["lanes"]["tag-uid"]["total"],
        "once": document["cost"]["lanes"]["tag-uid"]["once"],
        "yearly": document["cost"]["lanes"]["tag-uid"]["yearly"],
    }
    assert len(document["privacy"]["vector"]) == 11
    assert 'id="privacy-table"' in results.with_name("report.html").read_text(encoding="utf-8")
    assert threshold("cost", results, "--prices", prices, "--json").returncode == 0


def test_a_mistake_in_the_prices_is_told_before_the_long_work(tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text('currency = "EUR"\n', encoding="utf-8")
    done = threshold("evaluate", "--quick", "--out", tmp_path, "--prices", prices)
    assert done.returncode == 1
    assert "key persons" in done.stderr
    assert not (tmp_path / "results.json").exists()


def test_a_template_never_writes_over_a_file(tmp_path: Path) -> None:
    out = tmp_path / "prices.toml"
    out.write_text("mine", encoding="utf-8")
    done = threshold("cost", "--template", "--out", out)
    assert (done.returncode, out.read_text(encoding="utf-8")) == (1, "mine")
    assert threshold("cost").returncode == 2


def test_a_template_for_machines_is_one_document(tmp_path: Path) -> None:
    from benchmarks.cost.prices import template

    assert json.loads(threshold("cost", "--template", "--json").stdout) == {"template": template()}
    out = tmp_path / "prices.toml"
    assert json.loads(threshold("cost", "--template", "--out", out, "--json").stdout) == {"written": str(out)}
    assert out.read_text(encoding="utf-8") == template()


def test_a_pilot_is_planned(tmp_path: Path) -> None:
    page, rows = tmp_path / "plan.html", tmp_path / "plan.csv"
    done = threshold("pilot", "plan", "--persons", 30, "--days", 10, "--record", RECORD, "--out", page, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["balanced"] is True
    assert document["days"][-1]["shows"]["per_lane"] == 300
    assert any("--kind sign" in command for command in document["beforehand"])
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    said = threshold(
        "pilot", "plan", "--persons", 5, "--days", 2, "--lanes", "tag-uid,tag-auth,face-tag", "--out", rows
    )
    assert said.returncode == 0, said.stderr
    assert "Not balanced" in said.stdout
    assert len(rows.read_text(encoding="utf-8").splitlines()) == 1 + 5 * 2 * 3
    assert threshold("pilot", "plan", "--persons", 5, "--days", 2, "--out", tmp_path / "x.doc").returncode == 1
    assert threshold("pilot", "plan", "--persons", 5, "--days", 2, "--lanes", "stairs").returncode == 1
