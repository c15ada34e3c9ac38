"""Training the bundled detector: a few steps on drawn people, taken up again; what is exported; what is bundled."""

from __future__ import annotations

import json
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
from support import REPOSITORY, list_set, needs_lfw, scene

from edge.network import OnnxRuntime
from edge.picture import decode, of_pixels
from edge.vision import open_detector
from models import tiny
from models.anysize import any_size
from models.registry import Registry
from models.training import detector_judge, detector_scenes, detector_targets
from policy.archive import Archive
from policy.gate import Refused

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="needs torch, absent here")
PEOPLE = [f"Person_{number:02d}" for number in range(24)]
LOG = REPOSITORY / "models" / "training" / "detector.json"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    """24 drawn people; four of them are on no list."""
    folder = tmp_path_factory.mktemp("drawn")
    for seed, person in enumerate(PEOPLE):
        (folder / "set" / person).mkdir(parents=True)
        pixels = scene((tiny.card(seed, 96), 77, 77), width=250, height=250)
        cv2.imwrite(str(folder / "set" / person / f"{person}_0001.png"), pixels)
    (folder / "people.txt").write_text("".join(f"{person}\t1\n" for person in PEOPLE[:20]))
    return folder


def words(drawn: Path, networks, out: Path, *more: str) -> list[str]:
    options = {
        "--images": drawn / "set",
        "--people": drawn / "people.txt",
        "--models": networks.folder,
        "--teacher": "tiny-detector",
        "--out": out,
        "--batch": 2,
        "--scenes": 8,
        "--device": "cpu",
    }
    return [*(str(word) for option in options.items() for word in option), *more]


@pytest.fixture(scope="module")
def trained(drawn, tiny_networks, tmp_path_factory):
    """Two steps in one go, then a third after a resume."""
    from models.training.detector import main

    out = tmp_path_factory.mktemp("trained")

    def train(*more: str):
        return main(
            words(drawn, tiny_networks, out, *more), registry=tiny_networks.registry, sets=[list_set(drawn / "set")]
        )

    return out, train("--steps", "2", "--keep"), train("--steps", "3", "--resume")


@needs_torch
def test_the_people_listed_are_learned_from_and_one_in_ten_or_so_held_out(trained):
    _, first, _ = trained
    held = {person for person in PEOPLE[:20] if detector_scenes.is_held_out(person)}
    assert first["prepared"]["held_out"]["people"] == len(held)
    assert first["prepared"]["learned_from"]["people"] == 20 - len(held)
    assert 0.05 < np.mean([detector_scenes.is_held_out(f"Somebody_{number}") for number in range(2000)]) < 0.15


@needs_torch
def test_a_resumed_training_goes_on_from_its_checkpoint(trained):
    _, first, second = trained
    assert (first["steps"], second["steps"]) == (2, 3)
    assert second["images_seen"] == 6
    assert [point["step"] for point in second["curve"]] == [2, 3]
    assert second["sha256"] != first["sha256"]


@needs_torch
def test_the_scenes_go_when_the_training_ends(trained):
    left = {path.name for path in trained[0].iterdir()}
    assert left == {"checkpoint.pt", "detector.json", "detector.onnx"}


@needs_torch
def test_the_exported_network_says_what_the_student_says(trained):
    import torch

    from models.training.detector_export import difference
    from models.training.detector_network import Finder

    out, _, last = trained
    finder = Finder()
    finder.load_state_dict(torch.load(out / "checkpoint.pt", weights_only=True)["average"])
    content = (out / "detector.onnx").read_bytes()
    assert difference(finder, content, last["score"]["chosen_on_the_people_held_out"], seed=100) < 1e-4
    assert last["sha256"] == sha256(content).hexdigest()


@needs_torch
def test_pictures_of_no_listed_set_are_refused(drawn, tiny_networks, tmp_path):
    from models.training.detector import main

    with pytest.raises(Refused, match="no listed research set"):
        main(words(drawn, tiny_networks, tmp_path / "out"), registry=tiny_networks.registry)
    assert not (tmp_path / "out").exists()


@needs_torch
def test_a_student_that_says_what_the_teacher_says_is_not_reproached():
    import torch

    from models.training.detector_learn import reproaches

    scores = torch.tensor([[0.0, 1.0, 0.5]])
    cells, shapes = torch.tensor([[1, -1]]), torch.rand(1, 2, 14)
    told = torch.zeros(1, 3, 14)
    told[0, 1] = shapes[0, 0]
    score, box, points = reproaches(torch.logit(scores, 1e-6), told, scores, cells, shapes)
    assert float(score) < 1e-4
    assert float(box) == float(points) == 0.0
    assert all(float(part) > 0.1 for part in reproaches(torch.zeros(1, 3), told + 1, scores, cells, shapes))


# --- scenes and targets ---


def drawn_scene(seed: int) -> np.ndarray:
    chance = np.random.default_rng(seed)
    return detector_scenes.scene(lambda: scene((tiny.card(7, 96), 77, 77), width=250, height=250), 256, 320, chance)


def test_a_scene_is_the_same_for_the_same_seed():
    for seed in range(12):
        assert np.array_equal(drawn_scene(seed), drawn_scene(seed))
    assert drawn_scene(1).shape == (256, 320, 3)
    assert drawn_scene(1).dtype == np.uint8
    assert not np.array_equal(drawn_scene(1), drawn_scene(2))


def test_what_the_teacher_says_is_kept_of_its_surest_cells(tiny_networks):
    canvas = scene((tiny.card(3, 96), 80, 96), width=256, height=256)
    backend = OnnxRuntime(any_size(tiny_networks.detector.read()), "tiny-detector")
    scores, cells, shapes = detector_targets.said(backend.run(detector_targets.tensor(canvas)))
    assert scores.shape == (32 * 32 + 16 * 16 + 8 * 8,)
    kept = cells[cells >= 0]
    assert len(kept) >= 1
    assert scores[kept[0]] == scores.max() >= 0.6
    cell = int(kept[0]) - (32 * 32 + 16 * 16)  # the tiny detector finds in cells of 32 px
    assert cell >= 0
    assert (cell % 8 + shapes[0, 0]) * 32 == pytest.approx(128, abs=4)
    assert np.exp(shapes[0, 2]) * 32 == pytest.approx(96, abs=8)


def test_a_detector_is_judged_by_what_it_finds_of_the_teacher_s(tiny_networks):
    content = any_size(tiny_networks.detector.read())
    pixels = [scene((tiny.card(seed, 96), 64 + 8 * seed, 80)) for seed in range(4)]
    sought = detector_judge.seek(pixels, content, 1)
    assert [len(faces) for faces in sought.faces] == [1, 1, 1, 1]
    itself = detector_judge.judged(content, sought)
    figures = itself.at(0.6)
    assert (figures["faces"], figures["found"], figures["point_error"]) == (4, 1.0, 0.0)
    assert figures["false_alarms_per_1000_hidden"] == 0.0
    assert itself.at(1.01)["found"] == 0.0


# --- what is bundled ---


def test_the_bundled_detector_is_the_manifest_s_and_small(tmp_path):
    installed = Registry.bundled().locate("bundled-detector", tmp_path)
    content = installed.read()
    assert installed.path.parent == REPOSITORY / "models" / "bundled"
    assert sha256(content).hexdigest() == installed.network.sha256
    assert len(content) == installed.network.size <= 400_000


def test_the_log_is_of_the_bundled_detector():
    log = json.loads(LOG.read_text("utf-8"))
    assert log["sha256"] == Registry.bundled()["bundled-detector"].sha256
    assert log["largest_difference_from_torch"] <= 1e-4
    assert log["prepared"]["learned_from"]["people"] + log["prepared"]["held_out"]["people"] == 4038


def test_its_training_people_are_known_by_digest():
    network = Registry.bundled()["bundled-detector"]
    overlap = network.overlap("lfw-deepfunneled", ["Aaron_Eckhart", "Nobody_At_All"])
    assert (overlap.state, overlap.names) == ("known", ("Aaron_Eckhart",))


@pytest.mark.parametrize("size", [(320, 256), (250, 250), (33, 70), (640, 480)])
def test_it_takes_pictures_of_any_size_and_finds_nobody_on_an_empty_wall(size):
    width, height = size
    detector = open_detector(Registry.bundled().locate("bundled-detector"))
    assert detector.detect(of_pixels(np.full((height, width, 3), 110, np.uint8), "wall")) == ()


@needs_lfw
def test_it_finds_the_middle_face_of_photographs():
    detector = open_detector(Registry.bundled().locate("bundled-detector"))
    with Archive(REPOSITORY.parent / "shared" / "lfw" / "lfw-deepfunneled.tar") as archive:
        names = archive.names[::661]
        found = 0
        for name in names:
            faces = detector.detect(decode(archive.read(name), name))
            middles = [(f.box.left + f.box.width / 2, f.box.top + f.box.height / 2) for f in faces]
            found += any(abs(across - 125) < 30 and abs(down - 125) < 30 for across, down in middles)
    assert found >= 0.9 * len(names)
