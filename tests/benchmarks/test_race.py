"""The race: who may run, who wins, and that nothing is chosen by chance or on a machine in trouble."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks import race as racing
from benchmarks.race import contestants, distance, document, middle, race
from edge.backend.chosen import read
from edge.network import NetworkError
from edge.vision import open_backend
from models.registry import Registry
from models.runtime import DEFAULT, Runtime
from threshold.command import app


def quiet(_: str, __: int):
    return lambda: None


@pytest.fixture(scope="module")
def networks():
    registry = Registry.bundled()
    return registry.locate("bundled-detector"), registry.locate("bundled-embedder")


class Changed:
    """A backend with something wrong or slow about it."""

    def __init__(self, backend, seconds=0.0, add=0.0):
        self.backend, self.seconds, self.add = backend, seconds, add

    def run(self, tensor):
        until = time.thread_time() + self.seconds
        while time.thread_time() < until:
            pass
        return {name: output + np.float32(self.add) for name, output in self.backend.run(tensor).items()}


def entered(monkeypatch, **ways):
    """Let backends stand in: by name a function of the plain one."""

    def opened(model, name, runtime):
        plain = open_backend(model, name, DEFAULT)
        return ways.get(runtime.backend, lambda backend: backend)(plain) if runtime != DEFAULT else ways_plain(plain)

    ways_plain = ways.pop("plain", lambda backend: backend)
    monkeypatch.setattr("edge.vision.open_backend", opened)
    return [DEFAULT, *(Runtime(name) for name in ways)]


def test_each_backend_runs_on_one_two_and_all_cores():
    told = contestants(4, ["onnxruntime", "opencv"])
    assert told[0] == DEFAULT
    assert [(each.backend, each.threads, each.spin) for each in told] == [
        ("onnxruntime", 1, False),
        ("onnxruntime", 2, False),
        ("onnxruntime", 2, True),
        ("onnxruntime", 4, False),
        ("onnxruntime", 4, True),
        ("opencv", 1, False),
        ("opencv", 2, False),
        ("opencv", 4, False),
    ]
    assert [each.threads for each in contestants(1, ["onnxruntime", "ncnn"])] == [1, 1]


def test_one_that_takes_less_is_chosen(networks, monkeypatch):
    slow = entered(monkeypatch, plain=lambda backend: Changed(backend, seconds=0.01), opencv=lambda backend: backend)
    for told in race(*networks, quiet, rounds=12, entered=slow):
        assert told.condition.void or told.winner == Runtime("opencv")
        if not told.condition.void:
            assert told.shown.high < 1
            assert told.choice().runtime.backend == "opencv"
            assert told.choice().sha256 == told.sha256


def test_one_that_takes_more_is_not_and_the_default_is_kept(networks, monkeypatch):
    slow = entered(monkeypatch, opencv=lambda backend: Changed(backend, seconds=0.01))
    for told in race(*networks, quiet, rounds=12, entered=slow):
        assert told.winner == DEFAULT
        assert told.shown is None
        assert told.choice().cpu_ratio is None
        assert told.figures[1].cpu_ratio.median > 1


def test_other_outputs_keep_a_backend_out_however_fast(networks, monkeypatch):
    wrong = entered(monkeypatch, plain=lambda b: Changed(b, seconds=0.005), opencv=lambda b: Changed(b, add=0.01))
    for told in race(*networks, quiet, rounds=12, entered=wrong):
        assert told.winner == DEFAULT
        assert [each.runtime for each in told.figures] == [DEFAULT]
        ((out, why),) = told.out
        assert out == Runtime("opencv")
        assert "apart from the default's, at most 0.0001: " in why


def test_one_that_cannot_run_a_network_is_out_and_says_why(networks, monkeypatch):
    def broken(_):
        raise NetworkError("x: expected operations that can be carried over to ncnn, found Einsum.")

    for told in race(*networks, quiet, rounds=12, entered=entered(monkeypatch, ncnn=broken)):
        assert told.out == (
            (Runtime("ncnn"), "x: expected operations that can be carried over to ncnn, found Einsum."),
        )


def test_on_a_machine_that_throttles_nothing_is_chosen(networks, monkeypatch):
    slow = entered(monkeypatch, plain=lambda b: Changed(b, seconds=0.005), opencv=lambda backend: backend)
    monkeypatch.setattr("edge.health.Machine.throttle", lambda _: 0x4)
    for told in race(*networks, quiet, rounds=12, entered=slow):
        assert told.winner == DEFAULT
        assert told.condition.void == ("throttle word 0x4: throttled",)


def test_the_networks_run_as_the_program_runs_them(networks):
    detector, embedder = race(*networks, quiet, rounds=12, entered=[DEFAULT])
    assert detector.input == (1, 3, 288, 480)
    assert embedder.input == (1, 3, 112, 112)


def test_what_was_chosen_before_does_not_decide_who_is_the_default(networks):
    remembered = [replace(each, runtime=Runtime("opencv")) for each in networks]
    for told in race(*remembered, quiet, rounds=12, entered=[DEFAULT]):
        assert told.figures[0].runtime == DEFAULT


def test_too_few_rounds_are_refused(networks):
    with pytest.raises(ValueError, match="rounds: expected at least 12, found 11"):
        race(*networks, quiet, rounds=11)


class Outputs:
    def __init__(self, **outputs):
        self.outputs = {name: np.array(value, np.float32) for name, value in outputs.items()}

    def run(self, _):
        return self.outputs


@pytest.mark.parametrize(
    ("found", "apart"),
    [
        ({"a": [1.0, 3.0]}, 0.0),
        ({"a": [1.0, 3.4]}, 0.1),
        ({"a": [np.nan, 3.0]}, np.inf),
        ({"a": [np.inf, 3.0]}, np.inf),
        ({"a": [1.0]}, np.inf),
        ({"b": [1.0, 3.0]}, np.inf),
        ({"a": [1.0, 3.0], "b": [0.0]}, np.inf),
    ],
)
def test_distance_is_the_worst_of_all_outputs(found, apart):
    tensor = np.zeros((1, 3, 2, 2), np.float32)
    told, _ = distance(Outputs(**found), [tensor], [{"a": np.array([1.0, 3.0], np.float32)}])
    assert told == pytest.approx(apart)


def test_a_median_s_interval_covers_the_truth_as_often_as_it_says():
    chance = np.random.default_rng(0)
    inside = 0
    for _ in range(1000):
        told = middle(chance.lognormal(0.0, 1.0, 20), 0.9)
        assert told.low <= told.median <= told.high
        inside += told.low <= 1.0 <= told.high
    assert inside / 1000 >= 0.88  # 0.9, and what a thousand can show


def test_too_few_values_have_no_interval():
    told = middle([1.0, 2.0, 3.0], 0.99)
    assert (told.median, told.low, told.high) == (2.0, -np.inf, np.inf)
    assert racing._range(told) == {"median": 2.0, "low": None, "high": None}


def test_the_document_is_json(networks):
    told = document(race(*networks, quiet, rounds=12, entered=[DEFAULT]), {"processor": "x"})
    assert json.loads(json.dumps(told, allow_nan=False))["races"][0]["winner"]["backend"] == "onnxruntime"


def test_the_command_remembers_what_won_and_forgets_it(tmp_path, monkeypatch):
    monkeypatch.setenv("THRESHOLD_DATA", str(tmp_path))
    monkeypatch.setattr("benchmarks.race.backends", lambda: ("onnxruntime",))
    file = tmp_path / "backends.json"
    arguments = ["bench", "core", "--race", "--rounds", "12", "--out", str(tmp_path / "out"), "--json"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert json.loads((tmp_path / "out" / "race.json").read_text()) == told
    counted = [each["network"] for each in told["races"] if not each["void"]]
    assert [each.network for each in (read(file) if file.exists() else ())] == counted
    forgotten = CliRunner().invoke(app, ["bench", "core", "--forget", "--json"])
    assert json.loads(forgotten.stdout) == {"forgotten": bool(counted), "file": str(file)}
    assert not file.exists()


def test_the_table_names_the_winner_and_what_is_not_here(tmp_path, monkeypatch):
    monkeypatch.setenv("THRESHOLD_DATA", str(tmp_path))
    monkeypatch.setattr("benchmarks.race.backends", lambda: ("onnxruntime",))
    done = CliRunner().invoke(app, ["bench", "core", "--race", "--rounds", "12", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "bundled-detector, input 1 × 3 × 288 × 480, 12 rounds" in done.stdout
    assert "→ onnxruntime" in done.stdout
