"""Which way imports run, and what importing a package doesn't load."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import REPOSITORY

PACKAGES = ("edge", "policy", "models", "benchmarks", "threshold")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    # In a process of its own and from that folder, so that a copy's packages are found before the installed ones.
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c(['--no-cache'])"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def copy(tmp_path) -> Path:
    for package in PACKAGES:
        shutil.copytree(REPOSITORY / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


def test_imports_run_one_way():
    done = lint(REPOSITORY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 kept, 0 broken" in done.stdout


def test_an_unchanged_copy_is_fine_too(copy):
    assert lint(copy).returncode == 0


@pytest.mark.parametrize(
    ("file", "line", "chain"),
    [
        ("policy/verdict.py", "import edge.face", "policy.verdict -> edge.face"),
        ("policy/gate.py", "from models.registry import Registry", "policy.gate -> models.registry"),
        ("models/card.py", "from policy import gate", "models.card -> policy.gate"),
        ("edge/lane.py", "def late():\n    from benchmarks import interval", "edge.lane -> benchmarks.interval"),
        ("benchmarks/det.py", "import threshold.command", "benchmarks.det -> threshold.command"),
    ],
)
def test_an_import_the_other_way_is_found(copy, file, line, chain):
    with (copy / file).open("a") as source:
        source.write(f"\n\n{line}\n")
    done = lint(copy)
    assert done.returncode == 1
    assert chain in " ".join(done.stdout.split())


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that are there after `statement` in a fresh interpreter."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def every_module_of(package: str) -> str:
    modules = sorted(path.stem for path in (REPOSITORY / package).glob("*.py") if path.stem != "__init__")
    assert modules
    return "; ".join(f"import {package}.{module}" for module in modules)


CAMERA_AND_WEB = {"cv2", "onnxruntime", "onnx", "fastapi", "starlette", "uvicorn", "matplotlib", "scipy"}


@pytest.mark.parametrize("package", ["policy", "models"])
def test_all_of_a_ground_package_loads_no_camera_no_network_and_no_web(package):
    others = set(PACKAGES) - {package}
    assert not loaded_by(every_module_of(package)) & (CAMERA_AND_WEB | others)


def test_the_lane_contract_loads_no_web_no_database_and_no_vision():
    assert not loaded_by("import edge.lane") & (CAMERA_AND_WEB | {"sqlite3", "_sqlite3", "policy", "models"})


def test_the_vision_modules_load_no_network_runtime_before_a_network_is_opened():
    loaded = loaded_by("import edge.vision, edge.identification")
    assert "cv2" in loaded
    assert not loaded & {"onnxruntime", "onnx", "fastapi", "sqlite3"}


def test_what_is_loaded_is_really_seen():
    assert {"edge", "sqlite3", "policy"} <= loaded_by("import edge.credentials")
