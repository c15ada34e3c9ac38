"""Versioned documents: what was written once stays readable, and the schemas on disk are those of the code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from benchmarks.evidence import Results
from benchmarks.pilot.join import Join
from benchmarks.pilot.outcome import Pilot
from benchmarks.sensitivity.document import Sensitivity
from edge.attendance import Sheet
from edge.device.note import DeviceNote
from edge.transaction import Transaction
from policy.bundle import Manifest
from policy.case import Case
from policy.measured import MeasuredAlternatives
from policy.record import Record
from policy.schema import CURRENT, SchemaError, schema, upgrade

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted((Path(__file__).parent / "documents").glob("*.json"))
MODELS = {
    "transaction": Transaction,
    "results": Results,
    "processing-record": Record,
    "measured-alternatives": MeasuredAlternatives,
    "decided-case": Case,
    "bundle": Manifest,
    "sensitivity": Sensitivity,
    "attendance": Sheet,
    "pilot": Pilot,
    "pilot-join": Join,
    "device-note": DeviceNote,
}


def kind(path: Path) -> tuple[str, int]:
    name, _, version = path.stem.rpartition("-")
    return name, int(version)


def test_there_is_a_document_of_every_version_ever_written() -> None:
    assert {kind(path) for path in DOCUMENTS} == {
        (name, version) for name, newest in CURRENT.items() for version in range(1, newest + 1)
    }


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_of_an_older_version_is_read_today(path: Path) -> None:
    name, _ = kind(path)
    document = upgrade(json.loads(path.read_text()), name, path.name)
    assert document["schema"] == f"threshold/{name}/{CURRENT[name]}"
    MODELS[name].model_validate(document)
    jsonschema.validate(document, schema(name))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_fits_the_schema_of_its_own_version(path: Path) -> None:
    jsonschema.validate(json.loads(path.read_text()), schema(*kind(path)))


@pytest.mark.parametrize("name", CURRENT)
def test_a_document_without_its_schema_fits_none(name: str) -> None:
    document = json.loads(next(path for path in DOCUMENTS if kind(path)[0] == name).read_text())
    del document["schema"]
    with pytest.raises(jsonschema.ValidationError, match="'schema' is a required property"):
        jsonschema.validate(document, schema(name))


def test_the_schemas_on_disk_are_those_of_the_code() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/schemas.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_steps_are_taken_one_after_another() -> None:
    current = {"results": 3}
    steps = {
        ("results", 1): lambda document: {**document, "seen": [1]},
        ("results", 2): lambda document: {**document, "seen": [*document["seen"], 2]},
    }
    document = {"schema": "threshold/results/1"}
    assert upgrade(document, "results", "x", current, steps) == {"schema": "threshold/results/3", "seen": [1, 2]}
    assert document == {"schema": "threshold/results/1"}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"schema": "threshold/results/2"}, "later Threshold"),
        ({"schema": "threshold/transaction/1"}, "expected 'threshold/results/1', found 'threshold/transaction/1'"),
        ({"schema": "threshold/results/one"}, "found 'threshold/results/one'"),
        ({"schema": "threshold/results/0"}, "found 'threshold/results/0'"),
        ({"schema": 1}, "found none"),
        ({}, "found none"),
        ([], "found none"),
        (None, "found none"),
    ],
)
def test_what_is_no_such_document_is_refused_by_name(document: object, message: str) -> None:
    with pytest.raises(SchemaError, match=f"old.json.*{message}"):
        upgrade(document, "results", "old.json")


def test_an_unknown_schema_is_an_error() -> None:
    with pytest.raises(SchemaError, match="results 99"):
        schema("results", 99)
