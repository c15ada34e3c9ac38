"""The clocks: what passes, what is skipped, what stands still."""

from __future__ import annotations

import time

import pytest

from edge.clock import FakeClock, MachineClock, SkippingClock

SECOND = 1_000_000_000
SLACK = SECOND // 4
"""What a loaded machine may take for nothing."""


def test_a_fake_clock_stands_still_until_told():
    clock = FakeClock()
    stamps = [clock.now_ns(), clock.now_ns()]
    for seconds in (1.5, 0, 1e-9, 3600):
        clock.wait(seconds)
        stamps.append(clock.now_ns())
    assert stamps == [0, 0, 1_500_000_000, 1_500_000_000, 1_500_000_001, 3_601_500_000_001]


def test_a_machine_s_wait_takes_its_time():
    clock = MachineClock()
    assert clock.now_ns() < SLACK
    begun = time.monotonic_ns()
    clock.wait(0.05)
    assert time.monotonic_ns() - begun >= 50_000_000
    assert 50_000_000 <= clock.now_ns() < 50_000_000 + SLACK


def test_a_skipping_clock_counts_waits_and_does_not_wait():
    clock = SkippingClock()
    begun = time.monotonic_ns()
    clock.wait(3600)
    assert time.monotonic_ns() - begun < SLACK
    assert 3600 * SECOND <= clock.now_ns() < 3600 * SECOND + SLACK


def test_a_skipping_clock_counts_the_time_that_work_takes():
    clock = SkippingClock()
    time.sleep(0.05)
    assert clock.now_ns() >= 50_000_000


def test_what_runs_while_paused_takes_no_time():
    clock = SkippingClock()
    with clock.paused():
        time.sleep(SLACK / SECOND)
    assert clock.now_ns() < SLACK


def test_a_wait_while_paused_takes_no_time_either():
    clock = SkippingClock()
    with clock.paused():
        clock.wait(3600)
    assert clock.now_ns() < SLACK


def test_pauses_within_pauses_do_not_turn_time_back():
    clock = SkippingClock()
    clock.wait(10)
    before = clock.now_ns()
    with clock.paused(), clock.paused():
        time.sleep(0.05)
    assert before <= clock.now_ns() < before + SLACK


def fail_while_paused(clock: SkippingClock) -> None:
    with clock.paused():
        time.sleep(SLACK / SECOND)
        raise KeyError


def test_time_goes_on_after_a_pause_that_ended_in_an_error():
    clock = SkippingClock()
    with pytest.raises(KeyError):
        fail_while_paused(clock)
    after = clock.now_ns()
    assert after < SLACK
    time.sleep(0.01)
    assert clock.now_ns() >= after + 10_000_000


@pytest.mark.parametrize("kind", [FakeClock, MachineClock, SkippingClock])
@pytest.mark.parametrize("seconds", [-1e-9, -5, float("nan")])
def test_no_clock_waits_backwards(kind, seconds):
    with pytest.raises(ValueError):  # noqa: PT011  the machine's own words in one of them
        kind().wait(seconds)


@pytest.mark.parametrize("kind", [FakeClock, SkippingClock])
def test_a_clock_that_skips_does_not_skip_for_ever(kind):
    with pytest.raises(ValueError, match="seconds: expected 0 or more, found inf"):
        kind().wait(float("inf"))
