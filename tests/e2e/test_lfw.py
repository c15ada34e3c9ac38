"""Real networks on real pictures, where the development data is at hand: a guard, not a proof (make prove-list)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"
LFW, MODELS = SHARED / "lfw", SHARED / "models"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not (LFW / "lfw-deepfunneled.tar").is_file(), reason="needs ../shared/lfw, absent here"),
    pytest.mark.skipif(not MODELS.is_dir(), reason="needs ../shared/models, absent here"),
]


def threshold(*words: str, **environment: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", "from threshold.command import main; main()", *words, "--json"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def view_1(out: Path, *more: str) -> Any:
    return threshold(
        *("bench", "accuracy", "--images", str(LFW), "--pairs", str(LFW / "view1-test-pairs.txt")),
        *("--models", str(MODELS), "--replicates", "200", "--out", str(out), *more),
    )


def test_the_public_pair_reproduces_view_1(tmp_path: Path) -> None:
    document = view_1(tmp_path)
    assert document["fta"]["numerator"] == 0
    # A broken alignment, colour order or normalisation costs whole percents.
    assert document["accuracy"]["value"] > 0.985
    assert document["unresolved_targets"] == [1e-3, 1e-4]  # 500 non-mated pairs can't show them
    assert (tmp_path / "det.svg").stat().st_size > 1000
    # Two processes with gates and permits of their own give the same scores, to the last bit.
    spread = view_1(tmp_path / "two", "--processes", "2")
    assert spread["machine"]["helpers"]["processes"] == 2
    for key in ("digest", "fta", "accuracy", "det"):
        assert spread[key] == document[key]


def test_the_face_lane_runs_on_real_faces_from_a_mirror(tmp_path: Path) -> None:
    document = threshold(
        *("evaluate", "--quick", "--faces", "lfw", "--out", str(tmp_path / "out")),
        THRESHOLD_SETS=str(LFW),
        THRESHOLD_MODELS_MIRROR=str(MODELS),
        THRESHOLD_DATA=str(tmp_path / "data"),
    )
    face = document["lanes"]["face-1n"]
    assert face["status"] == "ran"
    # The published networks tell these people apart; a broken alignment or normalisation would not.
    assert face["rates"]["FNIR"]["value"] < 0.10
    assert face["rates"]["FPIR"]["value"] < 0.10
    assert {c["sentence"] for c in document["comparisons"]} == {"not shown (simulated)"}
    assert "asked" in document["sets"][0]["consent"]
