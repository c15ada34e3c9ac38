"""Synthetic people: a seed is one person everywhere, seen as asked, and the file is as small as promised."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
import pytest
from support import MODELS, needs_models

from models.errors import ViewError
from models.people import basis as bases
from models.people.canvas import MEAN, shifted
from models.people.head import head
from models.people.identity import chosen, identity, latents
from models.people.render import View, render, truth
from models.people.view import Light, Pose, seen

BUNDLED = Path(bases.FILE)


def test_the_same_seed_and_view_give_the_same_picture():
    view = View(pose=Pose(12, -5, 4), light=Light(30, 40, 0.4), glasses=True, noise_seed=3)
    first = render(17, view)
    for forget in (seen, head, identity):
        forget.cache_clear()
    assert np.array_equal(render(17, view), first)
    assert first.shape == (250, 250, 3)
    assert first.dtype == np.uint8


@pytest.mark.parametrize("seed", [0, 1, -1, -(2**70), 2**80, 123_456_789_012])
def test_any_whole_number_is_a_person(seed):
    assert render(seed, View(width=64, height=64, face_px=24)).std() > 5


def test_people_differ_and_negative_seeds_are_other_people():
    view = View(noise=0)
    for one, other in ((1, 2), (1, -1), (0, len(bases.bundled().seeds))):
        assert np.abs(render(one, view).astype(int) - render(other, view)).mean() > 2


def test_no_two_seeds_share_a_drawn_number():
    basis = bases.bundled()
    listed = len(basis.seeds)
    assert listed >= 1000
    seeds = [*range(-50, 3 * listed), *range(10_000_000, 10_000_000 + listed), *basis.seeds.tolist()]
    assert len({chosen(seed, basis) for seed in seeds}) == len(set(seeds))


def test_complexions_are_even():
    """Broad patches of forehead, cheeks and chin differ by little from their mean: nobody wears a mask."""
    basis = bases.bundled()
    for seed in range(100):
        patch = np.log(basis.patch(latents(seed, basis)[: basis.latents]))
        spots = [(64, 34), (64, 44), (34, 84), (94, 84), (30, 100), (98, 100), (64, 138)]
        tones = np.array([patch[y - 5 : y + 5, x - 6 : x + 6].reshape(-1, 3).mean(0) for x, y in spots])
        assert tones.std(0).mean() < 0.18


def test_latents_stay_within_what_looks_like_somebody():
    basis = bases.bundled()
    rows = np.stack([latents(seed, basis) for seed in range(50)])
    assert np.abs(rows).max() < 2.6
    assert rows.shape[1] == len(basis.spread)


@pytest.mark.parametrize(
    "change",
    [
        {"pose": Pose(20)},
        {"pose": Pose(0, 10)},
        {"pose": Pose(0, 0, 10)},
        {"light": Light(-60, 20, 0.5)},
        {"light": Light(gain=0.6)},
        {"light": Light(warmth=0.8)},
        {"glasses": True},
        {"hat": True},
        {"blur": 3.0},
        {"noise": 8.0},
        {"noise_seed": 9},
        {"face_px": 60.0},
        {"aside": 20.0},
        {"wall": (40, 40, 40)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_everything_a_view_says_is_seen(change):
    plain = View()
    assert np.abs(render(5, replace(plain, **change)).astype(int) - render(5, plain)).mean() > 0.2


@pytest.mark.parametrize("pose", [Pose(), Pose(35, 0, 0), Pose(-35, 12, 0), Pose(0, -20, 20)])
def test_the_truth_is_in_the_picture_and_in_order(pose):
    view = View(pose=pose)
    where = truth(8, view)
    left, top, width, height = where.box
    assert left > 0
    assert top > 0
    assert left + width < 250
    assert top + height < 250
    right_eye, left_eye, nose, right_mouth, left_mouth = where.points
    assert right_eye[0] < left_eye[0]
    assert right_mouth[0] < left_mouth[0]
    assert nose[1] > max(right_eye[1], left_eye[1])
    assert (where.points[:, 0] > left).all()
    assert (where.points[:, 0] < left + width).all()


def test_turning_to_the_right_moves_the_nose_to_the_right():
    assert truth(8, View(pose=Pose(25))).points[2, 0] > truth(8, View()).points[2, 0] + 5 > 0


def test_the_face_is_as_wide_as_asked():
    for px in (40.0, 80.0, 160.0, 300.0):
        widths = [truth(seed, View(face_px=px, width=600, height=600)).box[2] for seed in range(12)]
        assert np.mean(widths) == pytest.approx(px, rel=0.12)


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ({"pose": Pose(60)}, "pose.yaw"),
        ({"pose": Pose(0, float("nan"))}, "pose.pitch"),
        ({"light": Light(strength=2)}, "light.strength"),
        ({"face_px": 0.0}, "face_px"),
        ({"width": 0}, "width"),
        ({"noise": -1.0}, "noise"),
        ({"aside": float("inf")}, "aside"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(setting, name):
    with pytest.raises(ViewError, match=name):
        View(**setting)


def test_a_head_beyond_the_edge_is_cut_off():
    away = render(2, View(aside=1000, noise=0, blur=0))
    assert np.ptp(away, axis=1).max() == 0


def test_five_points_move_exactly_as_told():
    offsets = np.random.default_rng(0).normal(0, 3, (5, 2)).astype(np.float32)
    dx, dy = shifted(offsets)
    for (x, y), (right, down) in zip(MEAN, offsets, strict=True):
        at = (slice(round(y), round(y) + 1), slice(round(x), round(x) + 1))
        assert dx[at].item() == pytest.approx(right, abs=0.25)
        assert dy[at].item() == pytest.approx(down, abs=0.25)


def test_the_bundled_file_is_small_and_its_card_names_it():
    content = BUNDLED.read_bytes()
    assert len(content) <= 6_000_000
    card = BUNDLED.with_suffix(".md").read_text(encoding="utf-8")
    assert sha256(content).hexdigest() in card
    assert f"{len(content):,} B" in card
    assert "weren't asked" in card


@needs_models
def test_the_public_detector_finds_them_where_they_are():
    finder = cv2.FaceDetectorYN.create(str(MODELS / "face_detection_yunet_2023mar.onnx"), "", (250, 250), 0.6)
    found = 0
    for seed in range(24):
        view = View(pose=Pose((seed % 5 - 2) * 8, (seed % 3 - 1) * 6), noise_seed=seed)
        _, rows = finder.detect(render(seed, view))
        points = truth(seed, view).points
        found += rows is not None and bool(np.abs(rows[0][4:14].reshape(5, 2) - points).mean() < 6)
    assert found >= 22
