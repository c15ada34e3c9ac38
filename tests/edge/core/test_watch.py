"""The stopwatch's accounts: how evenly frames came, what frames and visits cost, from sensor to decision."""

from __future__ import annotations

import time

import numpy as np
import pytest

from edge.core.watch import PACING_MS, Account, Pacing, Stopwatch


def paced(*stamps_ms: float) -> Pacing:
    pacing = Pacing()
    for stamp in stamps_ms:
        pacing.frame(round(stamp * 1e6))
    return pacing


def test_even_frames_fall_in_one_bucket():
    pacing = paced(*(number * 1000 / 30 for number in range(31)))
    assert pacing.table() == [(30.0, 36.0, 30)]
    assert pacing.backwards == 0
    assert pacing.longest_ms == pytest.approx(33.33, abs=0.01)


def test_a_frame_that_never_came_and_a_hurried_one_show():
    assert paced(0, 33, 99, 101).table() == [(0.0, 4.0, 1), (30.0, 36.0, 1), (50.0, 66.0, 1)]


def test_longer_than_all_buckets_is_counted_too():
    assert paced(0, 5000).table() == [(1000.0, None, 1)]


def test_a_bucket_s_upper_end_belongs_to_it():
    assert paced(0, 4).table() == [(0.0, 4.0, 1)]
    assert paced(0, 4.01).table() == [(4.0, 8.0, 1)]


def test_stamps_that_jump_back_are_counted_apart():
    pacing = paced(100, 133, 0, 33, 33)
    assert pacing.backwards == 2
    assert pacing.table() == [(30.0, 36.0, 2)]


def test_the_first_frame_has_no_time_before_it():
    assert paced(12345).table() == []


def test_every_time_is_counted_once():
    chance = np.random.default_rng(0)
    gaps = chance.exponential(60, 5000)
    pacing = paced(*np.concatenate([[0.0], np.cumsum(gaps)]))
    assert sum(count for _, _, count in pacing.table()) == 5000
    expected, _ = np.histogram(gaps, [0.0, *PACING_MS, np.inf])
    assert pacing.counts == pytest.approx(expected.tolist(), abs=1)  # stamps are whole ns


def test_frames_and_visits_are_charged_with_processor_time():
    watch = Stopwatch()
    for number in range(4):
        watch.begin(number)
        until = time.thread_time_ns() + 2_000_000
        while time.thread_time_ns() < until:
            pass
        watch.lap("work")
    watch.decision(0, time.monotonic_ns())
    watch.decision(0, time.monotonic_ns())
    told = watch.account()
    assert (told.frames, told.visits) == (4, 2)
    assert 0.008 <= told.cpu_s <= told.process_cpu_s < 1
    assert told.cpu_s_per_frame == pytest.approx(told.process_cpu_s / 4)
    assert told.cpu_s_per_visit == pytest.approx(told.process_cpu_s / 2)


def test_nothing_seen_costs_nothing_and_is_no_mean():
    told = Stopwatch().account()
    assert told == Account(0, 0, 0.0, 0.0)
    assert told.cpu_s_per_frame is told.cpu_s_per_visit is None


def test_from_the_sensor_on_only_where_the_clocks_are_one():
    watch = Stopwatch()
    now = time.monotonic_ns()
    watch.decision(now - 40_000_000, now - 10_000_000)  # a camera
    watch.decision(0, now - 10_000_000)  # a file
    watch.decision(now + 5_000_000, now)  # another clock
    told = watch.wall()
    assert told["frame-to-decision"].n == 3
    assert told["sensor-to-decision"].n == 1
    assert told["sensor-to-decision"].p50_ms >= 40.0
