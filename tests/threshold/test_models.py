"""`threshold models`: what people read, what machines read, and when it fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models import tiny
from models.errors import MirrorError, ModelError, UnknownNetworkError
from models.registry import Registry
from threshold.models import app


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror with the tiny networks, which stand in for the bundled ones."""
    registry = tiny.make(tmp_path / "mirror")
    monkeypatch.setattr(Registry, "bundled", lambda: registry)
    monkeypatch.setenv("THRESHOLD_MODELS_MIRROR", str(tmp_path / "mirror"))
    return tmp_path / "mirror"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


def run(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("verb", ["list", "fetch", "verify", "card"])
def test_every_verb_has_help_with_an_example(verb):
    result = run(verb, "--help")
    assert result.exit_code == 0
    assert f"Example: threshold models {verb}" in " ".join(result.stdout.split())


def test_list_shows_the_networks():
    result = run("list")
    assert result.exit_code == 0
    assert "mobilefacenet-foamliu" in result.stdout


def test_list_says_what_is_installed(mirror):
    (mirror / "tiny_embedder.onnx").unlink()
    document = json.loads(run("list", "--json", "--folder", mirror).stdout)
    assert document["folder"] == str(mirror)
    assert {row["id"]: row["installed"] for row in document["networks"]} == {
        "tiny-detector": True,
        "tiny-embedder": False,
        "tiny-liveness": True,
    }


def test_list_looks_in_the_data_folder(mirror, tmp_path, monkeypatch):
    monkeypatch.setenv("THRESHOLD_DATA", str(tmp_path))
    assert json.loads(run("list", "--json").stdout)["folder"] == str(tmp_path / "models")


def test_fetch_brings_a_network(mirror, folder):
    result = run("fetch", "tiny-detector", "--folder", folder, "--json")
    assert json.loads(result.stdout) == [{"id": "tiny-detector", "path": str(folder / "tiny_detector.onnx")}]
    assert [path.name for path in folder.iterdir()] == ["tiny_detector.onnx"]


def test_fetch_tells_people_on_stderr(mirror, folder):
    result = run("fetch", "tiny-detector", "tiny-detector", "--folder", folder)
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"tiny-detector: {folder / 'tiny_detector.onnx'}, checked" in result.stderr


def test_fetch_brings_all(mirror, folder):
    assert run("fetch", "--all", "--folder", folder).exit_code == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "tiny_detector.onnx",
        "tiny_embedder.onnx",
        "tiny_liveness.onnx",
    ]


def test_fetch_leaves_alone_what_comes_with_the_program(mirror, folder):
    (mirror / "bundled").mkdir()
    (mirror / "tiny_embedder.onnx").rename(mirror / "bundled" / "tiny_embedder.onnx")
    rows = json.loads(run("fetch", "--all", "--folder", folder, "--json").stdout)
    assert {row["id"]: row["path"] for row in rows} == {
        "tiny-detector": str(folder / "tiny_detector.onnx"),
        "tiny-embedder": str(mirror / "bundled" / "tiny_embedder.onnx"),
        "tiny-liveness": str(folder / "tiny_liveness.onnx"),
    }
    assert sorted(path.name for path in folder.iterdir()) == ["tiny_detector.onnx", "tiny_liveness.onnx"]
    assert json.loads(run("verify", "--folder", folder, "--json").stdout)["ok"]


@pytest.mark.parametrize("arguments", [[], ["tiny-detector", "--all"]])
def test_fetch_wants_ids_or_all(mirror, arguments):
    result = run("fetch", *arguments)
    assert result.exit_code == 2
    assert "--all and no ID" in " ".join(result.stderr.split())


def test_fetch_of_an_unknown_network_fails(mirror, folder):
    assert isinstance(run("fetch", "tiny-detectr", "--folder", folder).exception, UnknownNetworkError)


def test_fetch_from_a_mirror_without_the_file_fails(mirror, folder):
    (mirror / "tiny_detector.onnx").unlink()
    error = run("fetch", "tiny-detector", "--folder", folder).exception
    assert isinstance(error, MirrorError)
    assert isinstance(error, ModelError)


def test_fetch_again_replaces_a_wrong_file(mirror, folder):
    folder.mkdir()
    (folder / "tiny_detector.onnx").write_bytes(b"wrong")
    assert run("fetch", "tiny-detector", "--folder", folder).exit_code == 1
    assert run("fetch", "tiny-detector", "--folder", folder, "--again").exit_code == 0
    assert run("verify", "--folder", folder).exit_code == 0


def test_verify_passes_what_is_right_and_what_is_not_there(mirror):
    (mirror / "tiny_embedder.onnx").unlink()
    result = run("verify", "--folder", mirror, "--json")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["ok"]) == (0, True)
    assert [row["state"] for row in document["networks"]] == ["right", "not installed", "right"]


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_verify_fails_and_lists_what_is_wrong(mirror, form):
    for path in mirror.glob("*.onnx"):
        path.write_bytes(b"wrong")
    result = run("verify", "--folder", mirror, *form)
    assert result.exit_code == 1
    said = result.stdout if form else result.stderr
    assert "tiny-detector: expected" in said
    assert "tiny-embedder: expected" in said


def test_verify_with_json_keeps_stdout_a_document(mirror):
    (mirror / "tiny_detector.onnx").write_bytes(b"wrong")
    document = json.loads(run("verify", "--folder", mirror, "--json").stdout)
    assert document["ok"] is False


def test_card_is_the_page():
    result = run("card", "mobilefacenet-foamliu")
    assert result.stdout.startswith("# mobilefacenet-foamliu\n")
    assert "account to verify before print" in result.stdout


def test_card_as_a_document():
    document = json.loads(run("card", "sface-2021dec", "--json").stdout)
    assert document["network"]["output"]["dimension"] == 128
    assert document["markdown"].startswith("# sface-2021dec\n")


def test_card_of_an_unknown_network_fails():
    assert isinstance(run("card", "sface").exception, UnknownNetworkError)
