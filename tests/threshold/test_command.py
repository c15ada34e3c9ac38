"""The command as people and scripts call it: exit codes, messages, one document on stdout."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import jsonschema
import pytest
from typer.testing import CliRunner

from edge.transaction import LANES
from models import tiny
from policy.schema import schema
from threshold.command import app

COMMAND = [sys.executable, "-c", "from threshold.command import main; main()"]
VERBS = [
    ["evaluate"],
    ["verify"],
    ["demo"],
    ["run"],
    ["doctor"],
    ["sensitivity"],
    ["bench"],
    ["bench", "accuracy"],
    ["bench", "lanes"],
    ["bench", "rates"],
    ["plan"],
    ["cost"],
    ["pilot"],
    *(["pilot", verb] for verb in ("plan", "sheet", "people", "join")),
    ["models"],
    ["models", "list"],
    ["models", "fetch"],
    ["models", "verify"],
    ["models", "card"],
    ["enrol"],
    ["revoke"],
    ["export"],
    ["erase"],
    ["status"],
    ["backup"],
    ["restore"],
    ["attendance"],
    *(["attendance", step] for step in ("list", "note", "strike")),
    ["order"],
    *(["order", step] for step in ("receive", "offer", "lift", "copy", "hand-over", "close", "erase", "confirm")),
    ["ledger"],
    ["ledger", "verify"],
    ["ledger", "anchor"],
    ["ledger", "declare"],
    ["version"],
]


def threshold(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "COLUMNS": "120", "TERM": "dumb", **environment},
    )


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_has_help_with_an_example(verb: list[str]) -> None:
    done = CliRunner().invoke(app, [*verb, "--help"], env={"COLUMNS": "120", "TERM": "dumb"})
    assert done.exit_code == 0
    assert "Example: threshold" in " ".join(done.stdout.split())


def test_wrong_use_ends_with_2() -> None:
    assert threshold("evaluate", "--langg", "en").returncode == 2
    for words in (
        ["evaluate", "--lang", "de"],
        ["bench", "accuracy"],
        ["bench", "accuracy", "--images", "lfw", "--pairs", "a", "--people", "b"],
    ):
        assert CliRunner().invoke(app, words).exit_code == 2, words


@dataclass(frozen=True)
class Evaluated:
    """A run that several tests look at, and none changes."""

    done: subprocess.CompletedProcess[str]
    folder: Path


@pytest.fixture(scope="module")
def without_faces(tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    folder = tmp_path_factory.mktemp("without-faces")
    return Evaluated(threshold("evaluate", "--quick", "--faces", "none", "--out", str(folder), "--json"), folder)


@pytest.fixture(scope="module")
def by_default(tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    folder = tmp_path_factory.mktemp("by-default")
    return Evaluated(threshold("evaluate", "--quick", "--out", str(folder), "--json"), folder)


def test_evaluate_without_faces_ends_with_0_and_says_what_the_face_lane_needs(without_faces: Evaluated) -> None:
    done, tmp_path = without_faces.done, without_faces.folder
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    jsonschema.validate(document, schema("results"))
    assert document["lanes"]["face-1n"]["status"] == "not_run"
    assert document["lanes"]["face-1n"]["needs"]
    assert document["comparisons"] == []
    assert tuple(document["lanes"]) == tuple(document["doors"]["lanes"]) == LANES
    assert {lane for lane, told in document["lanes"].items() if told["status"] == "simulated"} == {*LANES} - {
        "face-1n",
        "tag-uid",
    }
    for lane, told in document["doors"]["lanes"].items():
        kept = (tmp_path / told["transactions"]["file"]).read_bytes()
        assert hashlib.sha256(kept).hexdigest() == told["transactions"]["sha256"], lane
        assert kept.count(b"\n") == told["transactions"]["count"]
    assert document == json.loads((tmp_path / "results.json").read_text())
    assert {path.name for path in tmp_path.iterdir()} == {
        "results.json",
        "report.html",
        "report.pdf",
        "transactions-tag-uid.jsonl",
        *(f"doors-{lane}.jsonl" for lane in LANES),
    }


def test_both_lanes_run_by_default_on_drawn_people_with_nothing_to_download(by_default: Evaluated) -> None:
    done, tmp_path = by_default.done, by_default.folder
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    jsonschema.validate(document, schema("results"))
    face = document["lanes"]["face-1n"]
    assert face["status"] == "ran"
    assert {rate["grade"] for rate in face["rates"].values()} == {"synthetic"}
    for point in face["points"]:
        stated = [
            point["legitimate_failures"],
            *point["transaction_time"].values(),
            *point["persons_per_minute"].values(),
        ]
        assert {figure["grade"] for figure in stated} == {"synthetic"}
    assert {comparison["sentence"] for comparison in document["comparisons"]} == {"not shown (simulated)"}
    assert {comparison["difference"]["grade"] for comparison in document["comparisons"]} == {"synthetic"}
    assert document["sets"] == []
    assert document["reproduce"] == "threshold evaluate --quick"
    assert [network["id"] for network in document["stronger"]] == ["yunet-2023mar", "mobilefacenet-foamliu"]
    assert {path.name for path in tmp_path.iterdir()} == {
        "results.json",
        "report.html",
        "report.pdf",
        "transactions-tag-uid.jsonl",
        *(f"doors-{lane}.jsonl" for lane in LANES),
        "transactions-face-1n.jsonl",
    }
    assert all(figure["interval"] for network in document["networks"] for figure in network["figures"])
    report = (tmp_path / "report.html").read_text()
    assert "Beside a stronger pair" in report
    assert "nobody is pictured" in report
    assert "photographs from a research set" not in report


def test_every_rate_and_quantity_has_the_form_that_a_script_can_hold(without_faces: Evaluated) -> None:
    common = {"value", "interval", "level", "method", "source", "grade"}
    rate, quantity = common | {"numerator", "denominator"}, common | {"unit", "n"}
    found = {"rate": 0, "quantity": 0}

    def hold(part: Any) -> None:
        if isinstance(part, dict):
            if {"value", "interval"} <= set(part) and "command" not in part:
                kind = "rate" if "numerator" in part else "quantity"
                assert set(part) == (rate if kind == "rate" else quantity)
                assert part["interval"][0] <= part["value"] + 1e-12
                assert part["value"] <= part["interval"][1] + 1e-12
                found[kind] += 1
            for inner in part.values():
                hold(inner)
        elif isinstance(part, list):
            for inner in part:
                hold(inner)

    hold(json.loads((without_faces.folder / "results.json").read_text()))
    # Eleven lanes, six settings: four shares and more by method; p50 and p95 of two times, queue, persons a minute.
    assert found["rate"] >= 11 * 6 * 5
    assert found["quantity"] >= 11 * 6 * 6


def test_bench_lanes_prints_all_lanes_and_the_two_differences_apart(tmp_path: Path) -> None:
    done = threshold("bench", "lanes", "--person-mornings", "5000", "--seed", "3", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert all(f" {lane} " in done.stdout for lane in LANES)
    for name in ("face − tag", "manual − tag"):
        for outcome in ("legitimate-failures", "attendance-errors", "unauthorised-entries", "persons-per-minute"):
            assert f"{name}, {outcome}: " in done.stdout
    assert done.stdout.count("not shown (simulated)") == 14
    again = threshold("bench", "lanes", "--person-mornings", "5000", "--seed", "3", "--json", "--out", str(tmp_path))
    document = json.loads(again.stdout)
    assert document == json.loads((tmp_path / "lanes.json").read_text())
    assert document["seed"] == 3
    assert {lane["person_mornings"] for lane in document["lanes"].values()} == {5000}


def test_bench_lanes_says_where_a_scenario_is_wrong(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    text = (files("benchmarks") / "scenarios" / "embedded.toml").read_text(encoding="utf-8")
    own.write_text(text.replace("parallel = 2", "parallel = 0"), encoding="utf-8")
    done = threshold("bench", "lanes", "--scenario", str(own), "--out", str(tmp_path))
    assert done.returncode == 1
    assert f"mine.toml, line {text.splitlines().index('parallel = 2') + 1}, key doors.parallel" in done.stderr
    assert "Traceback" not in done.stderr
    few = threshold("bench", "lanes", "--person-mornings", "100", "--out", str(tmp_path))
    assert few.returncode == 1
    assert "two repetitions" in few.stderr


def test_the_report_is_in_the_language_asked_for(without_faces: Evaluated, tmp_path: Path) -> None:
    assert 'lang="en"' in (without_faces.folder / "report.html").read_text()[:300]
    for language in ("sv", "is"):
        done = threshold("evaluate", "--quick", "--faces", "none", "--out", str(tmp_path), "--lang", language)
        assert done.returncode == 0
        assert f'lang="{language}"' in (tmp_path / "report.html").read_text()[:300]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = threshold("evaluate", "--quick", "--out", str(tmp_path / "file" / "out"))
    assert done.returncode == 1
    assert "--out" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_set_that_is_not_here_is_named_with_what_to_do(tmp_path: Path) -> None:
    done = threshold("evaluate", "--faces", "lfw", "--out", str(tmp_path), THRESHOLD_SETS=str(tmp_path / "sets"))
    assert done.returncode == 1
    assert "lfw-deepfunneled" in done.stderr
    assert "THRESHOLD_SETS" in done.stderr


def test_a_set_that_is_not_listed_is_named(tmp_path: Path) -> None:
    done = threshold("evaluate", "--faces", "megaface", "--out", str(tmp_path))
    assert done.returncode == 1
    assert "'megaface' is no listed research set" in done.stderr


@pytest.fixture
def strangers(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures" / "Somebody"
    folder.mkdir(parents=True)
    for number in (1, 2):
        cv2.imwrite(str(folder / f"Somebody_{number:04d}.png"), tiny.card(number))
    return folder.parent


@pytest.mark.parametrize("verb", [["evaluate", "--faces"], ["bench", "accuracy", "--images"]], ids=lambda verb: verb[0])
def test_a_folder_of_pictures_that_is_no_listed_set_is_refused(
    verb: list[str], strangers: Path, tmp_path: Path
) -> None:
    networks = tmp_path / "models"
    networks.mkdir()
    (networks / "mobilefacenet_foamliu.onnx").write_bytes(b"never read")
    (networks / "face_detection_yunet_2023mar.onnx").write_bytes(b"never read")
    done = threshold(*verb, str(strangers), "--models", str(networks), "--out", str(tmp_path / "out"), "--json")
    assert done.returncode == 1
    assert "no listed research set" in json.loads(done.stdout)["error"]["message"]
    assert "--record FILE" in done.stderr


def test_a_refusal_does_not_depend_on_what_is_installed(strangers: Path, tmp_path: Path) -> None:
    done = threshold("bench", "accuracy", "--images", str(strangers), THRESHOLD_DATA=str(tmp_path / "empty"))
    assert done.returncode == 1
    assert "no listed research set" in done.stderr


def test_bundled_names_the_networks_that_come_along(tmp_path: Path) -> None:
    from models.registry import Registry
    from threshold.networks import installed

    registry = Registry.bundled()
    for role in ("detector", "embedder"):
        found = installed(registry, role, "bundled", None)  # type: ignore[arg-type]
        assert found.network.id == f"bundled-{role}"
        assert len(found.read()) == found.network.size


def test_a_processing_record_is_judged_and_refused_with_what_is_missing(strangers: Path, tmp_path: Path) -> None:
    record = tmp_path / "record.yaml"
    record.write_text("schema: threshold/processing-record/1\ndep: {jurisdiction: se}\n")
    done = threshold("bench", "accuracy", "--images", str(strangers), "--record", str(record))
    assert done.returncode == 1
    assert "[operations-stated]" in done.stderr


def test_a_record_that_is_none_is_refused_by_key(strangers: Path, tmp_path: Path) -> None:
    record = tmp_path / "record.yaml"
    record.write_text("schema: threshold/processing-record/1\ndep: {jurisdiktion: se}\n")
    done = threshold("bench", "accuracy", "--images", str(strangers), "--record", str(record))
    assert done.returncode == 1
    assert "jurisdiktion" in done.stderr


def test_a_broken_off_run_leaves_things_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with subprocess.Popen(
        [*COMMAND, "evaluate", "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        deadline = time.monotonic() + 60
        while not list(out.glob("*.part")) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    left = {path.name for path in out.iterdir()}
    assert not {name for name in left if name.endswith(".part")}
    assert ("results.json" in left) == (process.returncode == 0)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_demo_serves_what_evaluate_wrote_and_ends_within_two_seconds(tmp_path: Path) -> None:
    port = free_port()
    with subprocess.Popen(
        [*COMMAND, "demo", "--results", str(tmp_path), "--port", str(port)], stderr=subprocess.PIPE, text=True
    ) as process:
        health = None
        deadline = time.monotonic() + 60
        while health is None and process.poll() is None and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                    health = json.load(answer)
            except OSError:
                time.sleep(0.1)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert health is not None
    assert health["status"] == "ok"
    assert health["lanes"]["tag-uid"] > 0
    assert time.monotonic() - begun < 5


def test_a_port_that_is_taken_is_named(by_default: Evaluated) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = threshold("demo", "--results", str(by_default.folder), "--port", str(port))
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert "--port" in done.stderr


def test_starting_up_does_not_load_what_a_verb_does_not_need() -> None:
    code = (
        "import sys; import threshold.command; "
        "print([m for m in ('cv2', 'onnxruntime', 'fastapi', 'matplotlib', 'scipy', 'onnx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
