"""Grades and sentences: what a comparison may say."""

from __future__ import annotations

import pytest

from benchmarks.evidence import GRADES, Rate, sentence, weaker
from benchmarks.interval import Interval, wilson


def between(low: float, high: float) -> Interval:
    return Interval(low, high, 0.95, "test")


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.05, -0.02, "better by"),
        (0.02, 0.05, "worse by"),
        (-0.005, 0.005, "equivalent within the margin"),
        (-0.05, -0.005, "not shown"),  # excludes 0 but not the margin (evaluation.md §4.5, worked example)
        (0.0, 0.02, "not shown"),
        (-0.02, 0.02, "not shown"),
        (-0.01, 0.01, "not shown"),  # the margin itself is not within the margin
    ],
)
def test_a_sentence_needs_the_whole_interval_beyond_or_within_the_margin(
    low: float, high: float, expected: str
) -> None:
    assert sentence(between(low, high), 0.01, "pilot") == expected
    assert sentence(between(low, high), 0.01, "recording") == expected


@pytest.mark.parametrize("grade", ["technology", "simulated", "synthetic"])
def test_below_a_recording_nothing_is_shown(grade: str) -> None:
    assert sentence(between(-0.5, -0.4), 0.01, grade) == "not shown (simulated)"  # type: ignore[arg-type]


def test_a_difference_takes_the_weakest_grade() -> None:
    assert weaker("pilot", "simulated", "technology") == "simulated"
    assert [weaker(grade, "synthetic") for grade in GRADES] == ["synthetic"] * 5


def test_a_rate_carries_its_count_and_interval() -> None:
    rate = Rate.of(3, 300, wilson(3, 300), "test", "pilot")
    assert rate.value == 0.01
    assert rate.interval == pytest.approx((0.003407, 0.028983), abs=1e-6)
    assert rate.method == wilson(3, 300).method
