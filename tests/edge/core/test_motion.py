"""Motion: equal to its definition, sees who comes, and isn't fooled by the light."""

from __future__ import annotations

import numpy as np
import pytest

from edge.core.frame import Frame
from edge.core.motion import COLUMNS, LEAST, ROWS, Motion, PlainMotion
from edge.core.source import converted
from edge.entrance import Entrance

STEP_NS = 66_666_667


def cells(level: float = 100.0, seed: int = 0, noise: float = 1.0) -> np.ndarray:
    picture = np.linspace(level - 40, level + 40, COLUMNS)[None] + np.zeros((ROWS, 1))
    return np.clip(picture + np.random.default_rng(seed).normal(0, noise, picture.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def entrance():
    source = Entrance(tuple(range(12)), 3, "single", 320, 180, 15.0, gap_s=(4, 5))
    return [
        (frame, Frame(0, frame.time_ns, 0, converted(frame.pixels, "I420")).luma(COLUMNS, ROWS)) for frame in source
    ]


def test_it_equals_its_definition(entrance):
    fast, plain = Motion(), PlainMotion()
    different = 0
    for frame, luma in entrance:
        one, other = fast.update(luma, frame.time_ns), plain.update(luma, frame.time_ns)
        assert one.moving == other.moving or abs(one.count - other.count) <= 2
        different += int((one.cells != other.cells).sum())
    assert different < 1e-4 * len(entrance) * ROWS * COLUMNS


def test_whoever_shows_a_face_moves(entrance):
    motion = Motion()
    told = [(frame, motion.update(luma, frame.time_ns)) for frame, luma in entrance]
    seen = [change.moving for frame, change in told if frame.truth]
    assert len(seen) > 100
    assert np.mean(seen) > 0.99


def test_most_of_an_empty_scene_is_still(entrance):
    motion = Motion()
    told = [(frame, motion.update(luma, frame.time_ns)) for frame, luma in entrance]
    still = [change.moving for frame, change in told if not frame.visit and not frame.moving]
    assert len(still) > 50
    assert np.mean(still) < 0.5


def test_noise_alone_does_not_move():
    motion = Motion()
    assert not any(motion.update(cells(seed=number), number * STEP_NS).moving for number in range(100))


@pytest.mark.parametrize("factor", [0.6, 0.9, 1.3])
def test_another_light_does_not_move_and_someone_in_it_does(factor):
    motion = Motion()
    for number in range(20):
        motion.update(cells(seed=number), number * STEP_NS)
    changed = np.clip(cells(seed=20) * factor, 0, 255).astype(np.uint8)
    assert not motion.update(changed, 20 * STEP_NS).moving
    someone = changed.copy()
    someone[20:40, 30:40] //= 2
    assert motion.update(someone, 21 * STEP_NS).count >= 150


def test_a_little_thing_is_no_motion_and_a_larger_one_is():
    for size, moving in ((2, False), (3, True)):
        motion = Motion()
        motion.update(cells(), 0)
        thing = cells(seed=1)
        thing[10 : 10 + size, 10 : 10 + size] += 60
        change = motion.update(thing, STEP_NS)
        assert change.moving is moving
        assert change.count >= size**2
        assert (size**2 < LEAST) is not moving


def test_what_stays_becomes_background():
    motion = Motion()
    motion.update(cells(), 0)
    left = cells()
    left[10:20, 10:20] += 80
    moving = [motion.update(left, number * STEP_NS).moving for number in range(1, 60)]
    assert moving[0]
    assert not any(moving[40:])


def test_after_a_reset_the_next_frame_is_the_background():
    motion = Motion()
    motion.update(cells(60), 0)
    motion.reset()
    assert motion.update(cells(200), STEP_NS).count == 0


def test_stamps_that_jump_back_are_survived():
    motion = Motion()
    for time_ns in (10**9, 0, -(10**9), 10**12):
        motion.update(cells(), time_ns)
    assert not motion.update(cells(seed=1), 2 * 10**12).moving
