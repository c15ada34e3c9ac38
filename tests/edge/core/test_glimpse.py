"""Glimpses: the same head in other light is the same, another head isn't, and edges of the frame are survived."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.core.glimpse import ALIKE, APART, PATCHES, apart, glimpse
from edge.face import Box
from models.people.render import View, render, truth


def head(person: int, **how) -> np.ndarray:
    view = View(width=200, height=200, face_px=80, noise=2.0, **how)
    box = truth(person, view).box
    return glimpse(render(person, view), Box(*box))


def test_the_same_head_is_near_and_most_others_are_apart():
    heads = [head(person) for person in range(40, 60)]
    assert apart(heads[0], heads[0]) == 0
    others = [apart(one, other) for i, one in enumerate(heads) for j, other in enumerate(heads) if i != j]
    # All in one pose and light: harder than visitors who walk.
    assert np.mean(np.array(others) >= APART) > 0.5
    assert np.mean(np.array(others) < ALIKE) < 0.1


@pytest.mark.parametrize("gain", [0.6, 0.8, 1.15])
def test_a_change_of_light_makes_no_other_head(gain):
    pixels = cv2.GaussianBlur(np.random.default_rng(1).integers(20, 200, (90, 90, 3), dtype=np.uint8), (0, 0), 6)
    pixels = np.clip((pixels.astype(float) - 110) * 6 + 110, 10, 215)
    box = Box(20, 20, 50, 50)
    one, other = glimpse(pixels.astype(np.uint8), box), glimpse((gain * pixels).astype(np.uint8), box)
    assert apart(one, other) < 0.1


@pytest.mark.parametrize("box", [Box(-30, -30, 50, 50), Box(80, 80, 50, 50), Box(300, 300, 9, 9), Box(5, 5, 0, 0)])
def test_a_head_beyond_the_edge_is_what_shows_of_it(box):
    seen = glimpse(np.full((100, 100, 3), 90, np.uint8), box)
    assert seen.shape == (PATCHES, PATCHES, 3)
    assert np.all((seen == 90) | (seen == 0))
