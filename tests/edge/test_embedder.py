"""From aligned faces to templates: the gate first, always, and then plain arithmetic."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from support import list_set

from edge.embed import Embedder, Scaling, cosine, unit
from edge.face import Crop
from edge.network import NetworkError
from edge.vision import open_embedder
from policy.archive import Archive
from policy.gate import LIFETIME, Gate, Refused

PLAIN = Scaling(rgb=False, divisor=1.0, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
IMAGENET = Scaling(rgb=True, divisor=255.0, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
PIXELS = np.random.default_rng(0).integers(0, 256, (3, 112, 112, 3), dtype=np.uint8)


class Counting:
    """A backend that counts its runs; without `inner` it answers with what it was told to."""

    def __init__(self, inner=None, answer=(3.0, 4.0)) -> None:
        self.inner, self.answer, self.runs, self.opened = inner, np.array([answer], np.float32), 0, 0

    def __call__(self) -> Counting:
        self.opened += 1
        return self

    def run(self, tensor):
        self.runs += 1
        return {"out": self.answer} if self.inner is None else self.inner.run(tensor)


def crops(cards, *pixels) -> list[Crop]:
    """Crops under the digest of a picture that the permit covers."""
    digest = next(iter(cards.permit.contents))
    return [Crop(each, digest) for each in (pixels or PIXELS)]


# --- the gate first ---


@pytest.mark.parametrize("kind", ["simulated", "forged", "another gate's"])
def test_without_a_good_permit_the_network_is_not_opened(cards, kind):
    permit = {
        "simulated": cards.gate.simulated("evaluate"),
        "forged": replace(cards.gate.simulated("evaluate"), operations=frozenset({"template"})),
        "another gate's": Gate([]).simulated("evaluate"),
    }[kind]
    backend = Counting()
    with pytest.raises(Refused):
        Embedder(backend, PLAIN, cards.gate, permit)
    assert (backend.opened, backend.runs) == (0, 0)


def test_a_permit_that_ran_out_opens_nothing(cards, card_folder):
    now = datetime(2026, 6, 1, tzinfo=UTC)
    gate = Gate([list_set(card_folder)], now=lambda: now)
    with Archive(card_folder) as archive:
        permit, _ = gate.research(archive, "evaluate")
    now += LIFETIME
    backend = Counting()
    with pytest.raises(Refused, match="permit-in-time"):
        Embedder(backend, PLAIN, gate, permit)
    assert backend.opened == 0


def test_a_permit_that_ran_out_since_computes_nothing_more(cards, card_folder):
    now = datetime(2026, 6, 1, tzinfo=UTC)
    gate = Gate([list_set(card_folder)], now=lambda: now)
    with Archive(card_folder) as archive:
        permit, _ = gate.research(archive, "evaluate")
    backend = Counting()
    embedder = Embedder(backend, PLAIN, gate, permit)
    embedder.embed(crops(cards))
    now += LIFETIME - timedelta(seconds=1)
    embedder.embed(crops(cards))
    now += timedelta(seconds=1)
    with pytest.raises(Refused, match="permit-in-time"):
        embedder.embed(crops(cards))
    assert (backend.opened, backend.runs) == (1, 6)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_picture_that_is_not_covered_stops_all_before_anything_is_computed(cards, place):
    backend = Counting()
    embedder = Embedder(backend, PLAIN, cards.gate, cards.permit)
    mixed = crops(cards)
    mixed[place] = Crop(PIXELS[0], b"\x00" * 32)
    with pytest.raises(Refused, match=r"\[permit-contents\] The picture 0000000000000000… is not among those"):
        embedder.embed(mixed)
    assert backend.runs == 0


def test_a_crop_of_an_acquired_picture_is_covered(tiny_networks, cards):
    embedder = open_embedder(tiny_networks.embedder, cards.gate, cards.permit)
    acquired = tiny_networks.acquirer().acquire(cards.picture("3/1.png"))
    assert embedder.embed([acquired.crop]).shape == (1, 128)


AUDIT = """
import json, sys
from pathlib import Path
from dataclasses import replace
from edge.network import OnnxRuntime
from edge.vision import open_embedder
from models.registry import Registry
from policy.archive import Archive
from policy.gate import Gate, Refused
from policy.research import ResearchSet

networks, pictures, entry = Path(sys.argv[1]), Path(sys.argv[2]), ResearchSet.model_validate_json(sys.argv[3])
gate = Gate([entry])
with Archive(pictures) as archive:
    good, _ = gate.research(archive, "evaluate")
bad = [gate.simulated("x"), replace(good, operations=frozenset({"template", "store"})), Gate([entry]).simulated("x")]
installed = Registry.from_file(networks / "manifest.toml").locate("tiny-embedder", networks)
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
refused = 0
for permit in bad:
    try:
        open_embedder(installed, gate, permit)
    except Refused:
        refused += 1
before = opened.count(str(installed.path))
open_embedder(installed, gate, good)
print(json.dumps([refused, before, opened.count(str(installed.path))]))
"""


def test_a_refused_permit_never_opens_the_embedder_s_file(tiny_networks, cards):
    entry = cards.gate.sets[0].model_dump_json()
    command = [sys.executable, "-c", AUDIT, str(tiny_networks.folder), str(cards.folder), entry]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == [3, 0, 1]


def test_a_refused_permit_is_refused_even_where_the_file_is_gone(tiny_networks, cards, tmp_path):
    gone = replace(tiny_networks.embedder, path=Path(tmp_path / "gone.onnx"))
    with pytest.raises(Refused):
        open_embedder(gone, cards.gate, cards.gate.simulated("x"))


def test_a_detector_is_no_embedder(tiny_networks, cards):
    with pytest.raises(NetworkError, match="expected a network for the role embedder, found one for detector"):
        open_embedder(tiny_networks.detector, cards.gate, cards.permit)


# --- the arithmetic ---


def test_a_template_is_the_network_s_output_at_unit_length(tiny_networks, cards):
    backend = tiny_networks.embedder_backend()
    raw = np.concatenate([backend.run(IMAGENET.tensor([pixels]))["output0"] for pixels in PIXELS])
    found = Embedder(lambda: backend, IMAGENET, cards.gate, cards.permit).embed(crops(cards))
    np.testing.assert_allclose(found, raw / np.linalg.norm(raw, axis=1, keepdims=True), atol=1e-6)
    assert (found.dtype, found.shape) == (np.float32, (3, 128))


def test_mirrored_adds_the_mirror_image_before_unit_length(tiny_networks, cards):
    backend = Counting(tiny_networks.embedder_backend())

    def raw(pixels):
        return backend.inner.run(IMAGENET.tensor([pixels]))["output0"][0]

    expected = np.stack([raw(pixels) + raw(pixels[:, ::-1]) for pixels in PIXELS])
    found = Embedder(backend, IMAGENET, cards.gate, cards.permit, mirrored=True).embed(crops(cards))
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-6)
    assert backend.runs == 6


def test_open_embedder_scales_as_the_manifest_says(tiny_networks, cards):
    opened = open_embedder(tiny_networks.embedder, cards.gate, cards.permit).embed(crops(cards))
    plain = Embedder(tiny_networks.embedder_backend, IMAGENET, cards.gate, cards.permit).embed(crops(cards))
    np.testing.assert_array_equal(opened, plain)


def test_templates_are_read_only(cards):
    found = Embedder(Counting(), PLAIN, cards.gate, cards.permit).embed(crops(cards))
    with pytest.raises(ValueError, match="read-only"):
        found[0, 0] = 0


def test_no_crops_give_no_templates_and_no_run(cards):
    backend = Counting()
    assert Embedder(backend, PLAIN, cards.gate, cards.permit).embed([]).shape == (0, 0)
    assert backend.runs == 0


@pytest.mark.parametrize("shape", [(112, 112), (112, 112, 1), (111, 112, 3), (224, 224, 3), (0, 0, 3)])
def test_a_crop_of_another_size_is_refused(cards, shape):
    backend = Counting()
    embedder = Embedder(backend, PLAIN, cards.gate, cards.permit)
    with pytest.raises(NetworkError, match=r"expected a crop of 112 × 112 × 3, found \("):
        embedder.embed(crops(cards, PIXELS[0], np.zeros(shape, np.uint8)))
    assert backend.runs == 0


@pytest.mark.parametrize("answer", [(0.0, 0.0), (1e-20, 0.0), (np.nan, 1.0), (np.inf, 1.0), (-np.inf, np.inf)])
def test_an_output_without_direction_is_an_error(cards, answer):
    embedder = Embedder(Counting(answer=answer), PLAIN, cards.gate, cards.permit)
    with pytest.raises(NetworkError, match="a vector without direction"):
        embedder.embed(crops(cards))


def test_a_face_and_its_mirror_image_that_cancel_out_are_an_error(cards):
    class Opposite(Counting):
        def run(self, tensor):
            return {"out": super().run(tensor)["out"] * (-1) ** self.runs}

    embedder = Embedder(Opposite(), PLAIN, cards.gate, cards.permit, mirrored=True)
    with pytest.raises(NetworkError, match="a vector without direction"):
        embedder.embed(crops(cards, PIXELS[0]))


def test_one_row_without_direction_spoils_all():
    with pytest.raises(NetworkError):
        unit(np.array([[1, 0], [0, 0]], np.float32))


def test_unit_length_keeps_the_direction():
    np.testing.assert_allclose(unit(np.array([[3, 4], [0, -2]], np.float32)), [[0.6, 0.8], [0, -1]])


def test_cosines_are_dot_products_with_every_reference():
    references = unit(np.array([[1, 0], [0, 1], [-1, 0], [3, 4]], np.float32))
    np.testing.assert_allclose(cosine(references[3], references), [0.6, 0.8, -0.6, 1.0], atol=1e-6)
    assert cosine(references[0], references[:0]).shape == (0,)


@pytest.mark.parametrize("scaling", [PLAIN, IMAGENET, Scaling(True, 128.0, (1.0, 1.0, 1.0), (2.0, 3.0, 4.0))])
def test_scaling_is_what_it_says(scaling):
    found = scaling.tensor(list(PIXELS))
    ordered = PIXELS[..., ::-1] if scaling.rgb else PIXELS
    expected = (ordered.astype(np.float64) / scaling.divisor - scaling.mean) / scaling.std
    np.testing.assert_allclose(found, expected.transpose(0, 3, 1, 2), rtol=1e-5, atol=1e-5)
    assert (found.dtype, found.shape, found.flags.c_contiguous) == (np.float32, (3, 3, 112, 112), True)
