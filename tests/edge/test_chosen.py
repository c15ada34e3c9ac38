"""What a race chose is remembered for this file, machine and versions, and for nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from edge.backend import chosen, versions
from edge.backend.chosen import Choice, ChosenError, Settings, chosen_file, forget, read, remember, runtime_of
from edge.machine import identity, processor
from models.registry import Registry
from models.runtime import DEFAULT, Runtime
from threshold.networks import installed

NETWORK = Registry.bundled()["bundled-detector"]
OTHER = Registry.bundled()["bundled-embedder"]


def choice(network=NETWORK, runtime: Runtime = Runtime("opencv", 2), **changed) -> Choice:  # noqa: B008  frozen
    facts = {
        "network": network.id,
        "sha256": network.sha256,
        "machine": identity(),
        "versions": versions(),
        "runtime": Settings(backend=runtime.backend, threads=runtime.threads, spin=runtime.spin),
        "cpu_ratio": (0.7, 0.6, 0.8),
        "measured": datetime(2026, 11, 22, tzinfo=UTC),
    }
    return Choice(**(facts | changed))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "deep" / "backends.json"


def test_what_is_remembered_is_used(file):
    remember(file, {NETWORK.sha256: choice()})
    assert read(file) == (choice(),)
    assert runtime_of(NETWORK, read(file)) == Runtime("opencv", 2)
    assert runtime_of(OTHER, read(file)) == DEFAULT
    assert not list(file.parent.glob("*.part"))


@pytest.mark.parametrize(
    "changed",
    [
        {"sha256": "0" * 64},
        {"machine": identity() | {"processor": "Raspberry Pi 5 Model B Rev 1.0"}},
        {"machine": identity() | {"cores": 99}},
        {"versions": versions() | {"onnxruntime": "0.1"}},
        {"versions": versions() | {"another": "1.0"}},
    ],
)
def test_another_file_machine_or_version_means_the_default(changed):
    assert runtime_of(NETWORK, (choice(),)) != DEFAULT
    assert runtime_of(NETWORK, (choice(**changed),)) == DEFAULT


def test_a_newer_choice_replaces_this_machine_s_older_one_alone(file):
    elsewhere = choice(machine={"processor": "another"})
    remember(file, {NETWORK.sha256: elsewhere})
    remember(file, {NETWORK.sha256: choice(), OTHER.sha256: choice(OTHER)})
    remember(file, {NETWORK.sha256: choice(runtime=DEFAULT, cpu_ratio=None)})
    kept = read(file)
    assert sorted((each.network, each.machine == identity()) for each in kept) == [
        (NETWORK.id, False),
        (NETWORK.id, True),
        (OTHER.id, True),
    ]
    assert runtime_of(NETWORK, kept) == DEFAULT


def test_no_file_is_no_choice(file):
    assert read(file) == ()
    assert runtime_of(NETWORK, ()) == DEFAULT


def test_it_can_be_forgotten(file):
    remember(file, {NETWORK.sha256: choice()})
    assert forget(file)
    assert not forget(file)
    assert read(file) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file: Invalid JSON"),
        ("[]", "the file: Input should be an object"),
        ('{"format": 1, "choices": [{}]}', "choices.0.network: Field required"),
        ('{"format": 2, "choices": []}', "format: expected 1, found 2"),
    ],
)
def test_a_file_that_is_none_is_named_with_what_to_do(file, text, said):
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(ChosenError) as caught:
        read(file)
    assert str(caught.value).startswith(f"{file}: {said}")
    assert "threshold bench core --forget" in str(caught.value)


@pytest.mark.parametrize(
    "runtime",
    [
        {"backend": "torch", "threads": 1, "spin": False},
        {"backend": "onnxruntime", "threads": 0, "spin": False},
        {"backend": "onnxruntime", "threads": 1, "spin": "yes"},
        {"backend": "onnxruntime", "threads": 1, "spin": True},
    ],
)
def test_settings_that_cannot_be_are_not_taken_from_a_file(file, runtime):
    remember(file, {NETWORK.sha256: choice()})
    document = json.loads(file.read_text())
    document["choices"][0]["runtime"] = runtime
    file.write_text(json.dumps(document))
    with pytest.raises(ChosenError, match=r"choices\.0\.runtime"):
        read(file)


def test_a_file_that_cannot_be_read_or_written_is_named(tmp_path):
    with pytest.raises(ChosenError, match="expected a file of chosen backends that can be read"):
        read(tmp_path)
    (tmp_path / "backends.json.part").mkdir()
    with pytest.raises(ChosenError, match="can't be written"):
        remember(tmp_path / "backends.json", {NETWORK.sha256: choice()})
    with pytest.raises(ChosenError, match="can't be deleted"):
        forget(tmp_path)


def test_the_place_is_the_data_folder_s_or_the_user_s_for_state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("THRESHOLD_DATA", raising=False)
    assert chosen_file() == tmp_path / "threshold" / "backends.json"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert chosen_file() == tmp_path / "home" / ".local" / "state" / "threshold" / "backends.json"
    monkeypatch.setenv("THRESHOLD_DATA", str(tmp_path / "data"))
    assert chosen_file() == tmp_path / "data" / "backends.json"


def test_a_verb_s_networks_carry_what_was_chosen(tmp_path, monkeypatch):
    monkeypatch.setenv("THRESHOLD_DATA", str(tmp_path))
    registry = Registry.bundled()
    assert installed(registry, "detector", "bundled", None).runtime == DEFAULT
    remember(chosen_file(), {NETWORK.sha256: choice()})
    assert installed(registry, "detector", "bundled", None).runtime == Runtime("opencv", 2)
    assert installed(registry, "embedder", "bundled", None).runtime == DEFAULT
    monkeypatch.setattr(chosen, "versions", lambda: {"onnxruntime": "another"})
    assert installed(registry, "detector", "bundled", None).runtime == DEFAULT


def test_a_board_s_name_comes_before_the_processor_s(tmp_path):
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/cpuinfo").write_text("processor\t: 0\nmodel name\t: Some processor\n")
    assert processor(tmp_path) == "Some processor"
    (tmp_path / "proc/device-tree/model").write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    assert processor(tmp_path) == "Raspberry Pi 5 Model B Rev 1.0"


def test_more_or_fewer_threads_than_remembered():
    spinning = Runtime("onnxruntime", 4, spin=True)
    assert spinning.on(None) == spinning
    assert spinning.on(2) == replace(spinning, threads=2)
    assert spinning.on(1) == DEFAULT
