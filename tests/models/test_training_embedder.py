"""Training the bundled embedder: a few steps on drawn people, taken up again; what is exported; what is bundled."""

from __future__ import annotations

import json
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
from support import REPOSITORY, list_set, scene

from edge.align import SIZE
from edge.network import OnnxRuntime
from models import tiny
from models.network import TEMPLATE_112
from models.registry import Registry
from policy.gate import Refused

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="needs torch, absent here")
PEOPLE = [f"Person_{number:02d}" for number in range(24)]
LOG = REPOSITORY / "models" / "training" / "embedder.json"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    """24 drawn people, two pictures each; four of them are on no list."""
    folder = tmp_path_factory.mktemp("drawn")
    for seed, person in enumerate(PEOPLE):
        (folder / "set" / person).mkdir(parents=True)
        for variant in (1, 2):
            pixels = scene((tiny.card(seed, 128, variant=variant), 190, 190), width=512, height=512)
            cv2.imwrite(str(folder / "set" / person / f"{person}_{variant:04d}.png"), pixels)
    (folder / "people.txt").write_text("".join(f"{person}\t2\n" for person in PEOPLE[:20]))
    return folder


@pytest.fixture(scope="module")
def trained(drawn, tiny_networks, tmp_path_factory):
    """Two steps in one go, then a third after a resume."""
    from models.training.embedder import main

    out = tmp_path_factory.mktemp("trained")

    def train(*more: str):
        options = {
            "--images": drawn / "set",
            "--people": drawn / "people.txt",
            "--models": tiny_networks.folder,
            "--detector": "tiny-detector",
            "--teacher": "tiny-embedder",
            "--out": out,
            "--batch": 8,
            "--blends": 6,
        }
        words = [str(word) for option in options.items() for word in option]
        return main([*words, *more], registry=tiny_networks.registry, sets=[list_set(drawn / "set")])

    return out, train("--steps", "2", "--keep"), train("--steps", "3", "--resume", "--keep")


@needs_torch
def test_the_people_listed_are_learned_from_and_one_in_ten_or_so_held_out(trained):
    from models.training.faces import is_held_out, load

    out, first, _ = trained
    assert first["prepared"]["people"] == 20
    assert first["prepared"]["faces"] == 40
    assert set(load(out / "faces.npz").whose) == set(PEOPLE[:20])
    held = {person for person in PEOPLE[:20] if is_held_out(person)}
    assert (first["people_learned_from"], first["people_held_out"]) == (20 - len(held), len(held))
    assert 0.05 < np.mean([is_held_out(f"Somebody_{number}") for number in range(2000)]) < 0.15


@needs_torch
def test_a_resumed_training_goes_on_from_its_checkpoint(trained):
    _, first, second = trained
    assert (first["steps"], second["steps"]) == (2, 3)
    assert second["images_seen"] == 24
    assert [point["step"] for point in second["curve"]] == [2, 3]
    assert second["sha256"] != first["sha256"]


@needs_torch
def test_the_same_seed_gives_the_same_blends_and_targets(trained, drawn, tiny_networks):
    from models.training import faces
    from policy.archive import Archive
    from policy.gate import Gate

    out, _, _ = trained
    gate = Gate(sets=[list_set(drawn / "set")])
    with Archive(drawn / "set") as archive:
        permit, _ = gate.research(archive, "training")
    shop = faces.workshop(tiny_networks.detector, tiny_networks.embedder, gate, permit, 1)
    again = faces.blends(faces.load(out / "faces.npz").part(held_out=False), 6, 1, shop, lambda: None)
    kept = faces.load(out / "blends.npz")
    assert np.array_equal(again.pixels, kept.pixels)
    np.testing.assert_allclose(again.targets, kept.targets, atol=1e-6)


@needs_torch
def test_a_target_is_the_teacher_s_word_on_the_template_s_part_of_a_face(trained, tiny_networks):
    from models.training import faces

    kept = faces.load(trained[0] / "faces.npz")
    inner = kept.pixels[0, faces.MARGIN : -faces.MARGIN, faces.MARGIN : -faces.MARGIN]
    contract = tiny_networks.registry["tiny-embedder"].input
    scaled = (inner / contract.divisor - contract.mean) / contract.deviation
    both = [scaled, scaled[:, ::-1]]
    given = sum(said(tiny_networks.embedder_backend(), view.transpose(2, 0, 1)) for view in both)
    assert given @ kept.targets[0] / np.linalg.norm(given) > 0.999


@needs_torch
def test_the_exported_network_says_what_the_student_says(trained):
    import torch

    from models.training.embedder_export import difference
    from models.training.student import Student

    out, _, last = trained
    student = Student()
    student.load_state_dict(torch.load(out / "checkpoint.pt", weights_only=True)["average"])
    content = (out / "embedder.onnx").read_bytes()
    assert difference(student, content, seed=100) < 1e-4
    assert last["sha256"] == sha256(content).hexdigest()


@needs_torch
def test_faces_and_templates_go_when_the_training_ends(drawn, tiny_networks, tmp_path):
    from models.training.embedder import main

    options = {
        "--images": drawn / "set",
        "--people": drawn / "people.txt",
        "--models": tiny_networks.folder,
        "--detector": "tiny-detector",
        "--teacher": "tiny-embedder",
        "--out": tmp_path,
        "--batch": 8,
        "--blends": 2,
        "--steps": 1,
    }
    words = [str(word) for option in options.items() for word in option]
    main(words, registry=tiny_networks.registry, sets=[list_set(drawn / "set")])
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"checkpoint.pt", "embedder.json", "embedder.onnx", "prepared.json"}


@needs_torch
def test_pictures_of_no_listed_set_are_refused(drawn, tiny_networks, tmp_path):
    from models.training.embedder import main

    options = {
        "--images": drawn / "set",
        "--people": drawn / "people.txt",
        "--models": tiny_networks.folder,
        "--detector": "tiny-detector",
        "--teacher": "tiny-embedder",
        "--out": tmp_path,
    }
    with pytest.raises(Refused, match="no listed research set"):
        main([str(word) for option in options.items() for word in option], registry=tiny_networks.registry)
    assert not list(tmp_path.iterdir())


@needs_torch
def test_augmented_faces_differ_and_are_the_same_for_the_same_seed():
    import torch

    from models.training.augment import augmented, plain
    from models.training.faces import SIDE

    pixels = torch.randint(0, 256, (4, SIDE, SIDE, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    one, two = (augmented(pixels, torch.Generator().manual_seed(7)) for _ in range(2))
    assert one.shape == plain(pixels).shape == (4, 3, SIZE, SIZE)
    assert torch.equal(one, two)
    assert not torch.equal(one, augmented(pixels, torch.Generator().manual_seed(8)))
    assert float(one.abs().max()) <= 1.0


@needs_torch
def test_the_learning_rate_rises_and_falls():
    from models.training.settings import Settings, rate

    settings = Settings(rate=1e-3, warm=0.1)
    rates = [rate(progress, settings) for progress in (0.0, 0.05, 0.1, 0.5, 1.0)]
    assert rates[0] < rates[1] < rates[2] == pytest.approx(1e-3)
    assert rates[2] > rates[3] > rates[4] == pytest.approx(0.0, abs=1e-9)


# --- what is bundled ---


def said(backend: OnnxRuntime, scaled: np.ndarray) -> np.ndarray:
    (output,) = backend.run(np.ascontiguousarray(scaled[None], np.float32)).values()
    return output[0]


def on_template(seed: int, variant: int) -> np.ndarray:
    """A card as the aligned crop shows it: the five points of the detector's card are the template's."""
    assert len(TEMPLATE_112) == 5
    return cv2.resize(tiny.card(seed, 128, variant=variant), (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def test_the_bundled_embedder_is_the_manifest_s_and_small(tmp_path):
    installed = Registry.bundled().locate("bundled-embedder", tmp_path)
    content = installed.read()
    assert installed.path.parent == REPOSITORY / "models" / "bundled"
    assert sha256(content).hexdigest() == installed.network.sha256
    assert len(content) == installed.network.size <= 2_000_000


def test_the_log_is_of_the_bundled_embedder():
    log = json.loads(LOG.read_text("utf-8"))
    assert log["sha256"] == Registry.bundled()["bundled-embedder"].sha256
    assert log["largest_difference_from_torch"] <= 1e-4
    assert log["prepared"]["people"] == 4038
    assert log["images_seen"] == log["steps"] * log["settings"]["batch"]


def test_its_training_people_are_known_by_digest():
    network = Registry.bundled()["bundled-embedder"]
    overlap = network.overlap("lfw-deepfunneled", ["Aaron_Eckhart", "Nobody_At_All"])
    assert (overlap.state, overlap.names) == ("known", ("Aaron_Eckhart",))
    assert network.overlap("lfw-deepfunneled", ["Nobody_At_All"]).state == "none"


def test_the_bundled_embedder_tells_pictures_apart():
    installed = Registry.bundled().locate("bundled-embedder")
    contract, backend = installed.network.input, OnnxRuntime(installed.read(), "bundled-embedder")
    templates = []
    for seed in range(8):
        for variant in (0, 1):
            pixels = on_template(seed, variant)[..., ::-1]
            scaled = (pixels / contract.divisor - contract.mean) / contract.deviation
            given = said(backend, scaled.transpose(2, 0, 1))
            assert given.shape == (128,)
            assert np.isfinite(given).all()
            templates.append(given / np.linalg.norm(given))
    likeness = np.stack(templates) @ np.stack(templates).T
    # To a network of faces all cards look much alike; still, a card's other capture is the likest of them all.
    assert (likeness[::2, 1::2].argmax(axis=1) == np.arange(8)).all()
    assert likeness[::2, ::2][~np.eye(8, dtype=bool)].max() < likeness[::2, 1::2].diagonal().min()
