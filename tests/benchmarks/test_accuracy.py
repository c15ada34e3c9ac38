"""`bench accuracy` on drawn people and tiny networks, and under the gate's conditions."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks.accuracy import OverlapError, Protocol, measure
from benchmarks.errors import BenchmarkError
from benchmarks.pairs import PairsError
from benchmarks.recipe import Recipe
from models.network import TrainedOn, digest
from models.registry import Installed
from policy.archive import Archive
from policy.gate import Gate, Refused

RECIPE = Recipe(least_px=0)


def run(cards: Any, protocol: Protocol | None = None, gate: Gate | None = None, **options: Any) -> Any:
    with Archive(cards.folder) as archive:
        faces = cards.faces(archive)
        return measure(
            archive,
            protocol or Protocol(),
            faces.detector,
            options.pop("embedder", faces.embedder),
            gate or cards.gate,
            RECIPE,
            targets=(0.01,),
            replicates=100,
            **options,
        )


def names(path: Path, *people: str) -> Path:
    path.write_text("\n".join(people) + "\n")
    return path


def test_all_pairs_are_compared_and_the_tiny_networks_tell_them_apart(cards: Any) -> None:
    document = run(cards).document
    pictures = 12 * 5 + 40
    assert document.protocol["pictures"] == pictures
    assert document.protocol["mated_completed"] == 12 * 10
    assert document.protocol["nonmated_completed"] == pictures * (pictures - 1) // 2 - 12 * 10
    assert document.fta.numerator == 0
    assert document.operating_points[0].fnmr.value < 0.05
    assert document.operating_points[0].threshold_fixed == "threshold on the test set"


def test_people_can_be_chosen_or_left_out(cards: Any, tmp_path: Path) -> None:
    few = names(tmp_path / "few", "P00", "P01", "P02")
    assert run(cards, Protocol(people=few)).document.protocol["pictures"] == 15
    assert run(cards, Protocol(not_people=few)).document.protocol["pictures"] == 85


def test_choosing_nobody_is_an_error(cards: Any, tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="found none"):
        run(cards, Protocol(people=names(tmp_path / "none", "Nobody")))


def test_a_list_of_pairs_must_belong_to_the_set(cards: Any, tmp_path: Path) -> None:
    pairs = names(tmp_path / "pairs", "1", "P00 1 2", "P00 1 P01 1")
    with pytest.raises(PairsError, match=r"P00/P00_0001\.jpg"):  # the set has .png
        run(cards, Protocol(pairs=pairs))


def test_the_document_is_json_without_nan(cards: Any) -> None:
    document = run(cards).document
    parsed = json.loads(document.model_dump_json(by_alias=True))
    assert parsed["schema"] == "threshold/accuracy/1"
    assert set(parsed["time"]["stage_s"]) == {"read", "decode", "acquire", "embed"}


def test_pictures_of_no_listed_set_are_refused(cards: Any) -> None:
    with pytest.raises(Refused, match="no listed research set"):
        run(cards, gate=Gate(sets=[]))


def test_no_embedder_file_is_opened_before_the_gate_allows(cards: Any) -> None:
    opened: list[str] = []
    watching = True

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event == "open" and isinstance(arguments[0], str):
            opened.append(arguments[0])

    sys.addaudithook(hook)  # it can't be taken off again, only told to look away
    try:
        with pytest.raises(Refused):
            run(cards, gate=Gate(sets=[]))
        refused = list(opened)
        run(cards)
    finally:
        watching = False
    assert not [path for path in refused if path.endswith("tiny_embedder.onnx")]
    assert [path for path in opened if path.endswith("tiny_embedder.onnx")]


def test_a_network_is_not_measured_on_people_it_was_trained_on(cards: Any, tmp_path: Path) -> None:
    with Archive(cards.folder) as archive:
        installed = cards.faces(archive).embedder
    (tmp_path / "identities").mkdir()
    (tmp_path / "identities" / "seen.txt").write_text(f"{digest('P03')}\n")
    seen = TrainedOn.model_validate({"set": "cards", "identities": "seen.txt"}, context={"folder": tmp_path})
    trained = Installed(installed.network.model_copy(update={"trained_on": (seen,)}), installed.path)
    with pytest.raises(OverlapError, match=r"trained on 1 of the people.*P03"):
        run(cards, embedder=trained)
    others = Protocol(not_people=names(tmp_path / "seen", "P03"))
    assert run(cards, others, embedder=trained).document.overlap["tiny-embedder"] == "none"


def test_pictures_without_a_face_are_failures_to_acquire_and_lost_trials(cards: Any, tmp_path: Path) -> None:
    from policy.research import ResearchSet, set_digest

    folder = tmp_path / "set"
    for name in ("P00/P00_0001.png", "P00/P00_0002.png", "P01/P01_0001.png", "P01/P01_0002.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((cards.folder / name).read_bytes())
    cv2.imwrite(str(folder / "P01" / "P01_0003.png"), np.full((160, 160, 3), 90, np.uint8))
    with Archive(folder) as archive:
        entry = cards.gate.sets[0].model_copy(update={"digest": set_digest(archive.digests())})
        assert isinstance(entry, ResearchSet)
        faces = cards.faces(archive)
        document = measure(
            archive, Protocol(), faces.detector, faces.embedder, Gate(sets=[entry]), RECIPE, (0.5,), 100
        ).document
    assert (document.fta.numerator, document.fta.denominator) == (1, 5)
    assert document.fta_reasons == {"no-face": 1}
    assert (document.protocol["mated_completed"], document.protocol["mated_lost"]) == (2, 2)
    point = document.operating_points[0]
    assert point.frr == pytest.approx((2 + point.fnmr.numerator) / 4)
