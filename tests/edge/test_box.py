"""How much two boxes have in common."""

from __future__ import annotations

import pytest

from edge.face import Box


@pytest.mark.parametrize(
    ("other", "common", "overlap"),
    [
        (Box(0, 0, 10, 20), 200.0, 1.0),
        (Box(5, 0, 10, 20), 100.0, 1 / 3),
        (Box(2, 4, 5, 10), 50.0, 0.25),
        (Box(10, 0, 10, 20), 0.0, 0.0),  # they touch
        (Box(-50, -50, 10, 10), 0.0, 0.0),
        (Box(5, 5, 0, 0), 0.0, 0.0),
    ],
)
def test_common_area_and_overlap(other: Box, common: float, overlap: float) -> None:
    box = Box(0, 0, 10, 20)
    assert box.common(other) == other.common(box) == common
    assert box.overlap(other) == other.overlap(box) == pytest.approx(overlap)


def test_boxes_without_an_area_do_not_overlap() -> None:
    assert Box(3, 3, 0, 0).overlap(Box(3, 3, 0, 0)) == 0.0
