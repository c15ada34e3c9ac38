"""How good a shot is: every part falls when what it looks at gets worse, and a good one costs nothing."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from edge.align import TEMPLATE
from edge.core.crop import luma_crop
from edge.core.evidence import Evidence
from edge.core.shot import Quality, light_of, pose_of, sharpness_of, size_of
from edge.core.source import converted
from edge.core.watch import KEPT, Off, Stopwatch, spread
from edge.face import Box, Face
from models.people.render import View, render, truth
from models.people.view import Light, Pose


def drawn(seed: int = 5, **view) -> np.ndarray:
    """A drawn person's crop's brightness."""
    seen = View(**({"face_px": 94.0, "noise": 2.0} | view))
    return luma_crop(converted(render(seed, seen), "I420"), truth(seed, seen).points)


def falls(values) -> bool:
    return all(before >= after for before, after in pairwise(values)) and values[0] > values[-1] + 0.2


def test_size_is_the_narrower_side():
    def of(width: float, height: float) -> float:
        return size_of(Face(Box(0, 0, width, height), np.zeros((5, 2), np.float32), 1.0), 24, 112)

    assert [of(24, 99), of(68, 99), of(112, 112), of(300, 400), of(5, 5)] == [0.0, 0.5, 1.0, 1.0, 0.0]


def test_pose_falls_with_the_turn_and_not_with_leaning():
    assert pose_of(TEMPLATE) == 1.0
    # Of several people: one's own proportions (a low nose) can weigh as much as a slight turn.
    turned = [
        float(np.mean([pose_of(truth(seed, View(pose=Pose(yaw=yaw))).points) for seed in range(16)]))
        for yaw in (0, 30, 45)
    ]
    assert falls(turned)
    for roll in (30, 90, 180):
        c, s = np.cos(np.radians(roll)), np.sin(np.radians(roll))
        assert pose_of((TEMPLATE @ np.array([[c, s], [-s, c]])).astype(np.float32)) == pytest.approx(1.0, abs=1e-3)


def test_points_in_one_place_have_no_pose():
    assert pose_of(np.full((5, 2), 7, np.float32)) == 0.0


def test_sharpness_falls_with_blur_and_does_not_rise_with_noise():
    for seed in (5, 6, 7):
        assert falls([sharpness_of(drawn(seed, blur=blur)) for blur in (0.6, 1.5, 2.5, 4.0)])
        assert sharpness_of(drawn(seed, blur=4.0, noise=6.0)) < sharpness_of(drawn(seed, blur=0.6, noise=0.0))


def test_sharpness_falls_along_a_motion():
    sharp = drawn()
    swept = [cv2.blur(sharp, (width, 1)) for width in (1, 5, 9, 15)]
    assert falls([sharpness_of(luma) for luma in swept])


def test_light_is_best_in_the_middle():
    assert light_of(drawn()) == 1.0
    assert falls([light_of(drawn(light=Light(gain=gain))) for gain in (1.0, 0.35, 0.2, 0.05)])
    assert light_of(np.full((112, 112), 250, np.uint8)) == 0.0
    assert light_of(np.full((112, 112), 16, np.uint8)) == 0.0


def test_the_score_is_the_product():
    assert Quality(0.5, 0.5, 1.0, 0.8).score == pytest.approx(0.2)


def test_a_flat_crop_is_worth_nothing():
    assert sharpness_of(np.full((112, 112), 120, np.uint8)) == 0.0


def test_evidence_is_the_weighted_mean_direction():
    one, other = np.eye(2, 4, dtype=np.float32)
    evidence = Evidence()
    assert np.array_equal(evidence.add(one, 0.4), one)
    together = evidence.add(other, 0.8)
    assert together == pytest.approx(np.array([1, 2, 0, 0]) / 5**0.5, abs=1e-6)
    assert evidence.shots == 2


def test_a_shot_of_no_quality_does_not_divide_by_zero():
    assert np.isfinite(Evidence().add(np.eye(1, 4, dtype=np.float32)[0], 0.0)).all()


def test_a_spread_says_its_percentiles_and_nothing_of_nothing():
    told = spread([number * 1_000_000 for number in range(1, 101)])
    assert (told.n, told.p50_ms, told.max_ms, told.sum_s) == (100, 50.5, 100.0, pytest.approx(5.05))
    assert told.p95_ms == pytest.approx(95.05)
    assert spread([]) is None


def test_a_stopwatch_counts_each_stage():
    watch = Stopwatch()
    for _ in range(3):
        watch.begin(0)
        watch.lap("one")
        watch.lap("two")
    watch.note("other", 2_000_000)
    assert {stage: told.n for stage, told in watch.wall().items()} == {"one": 3, "two": 3, "other": 1}
    assert set(watch.cpu()) == {"one", "two"}
    assert watch.wall()["other"].p50_ms == 2.0


def test_a_stopwatch_s_memory_is_bounded():
    watch = Stopwatch()
    for _ in range(KEPT + 10):
        watch.note("x", 1)
    assert watch.wall()["x"].n == KEPT


def test_switched_off_it_does_nothing():
    off = Off()
    off.begin(0)
    off.decision(0, 1)
    off.lap("x")
    off.note("x", 1)
    assert not hasattr(off, "_wall")
