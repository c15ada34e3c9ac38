"""The draws behind person-mornings: the same for lanes and levels, at the rates that the scenario states."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.mornings import Mornings
from benchmarks.scenario import Scenario, embedded

PEOPLE, DAYS = 3000, 5


@pytest.fixture(scope="module")
def mornings() -> Mornings:
    return Mornings.draw(embedded().model_copy(update={"persons": PEOPLE, "mornings": DAYS}))


def missing(mornings: Mornings, level: str) -> list[str | None]:
    return [mornings.tag_missing(p, m, level) for p in range(PEOPLE) for m in range(DAYS)]  # type: ignore[arg-type]


def test_tags_are_forgotten_at_the_stated_rate(mornings: Mornings) -> None:
    for level, rate in (("best", 0.005), ("middle", 0.02), ("worst", 0.05)):
        share = np.mean([reason == "tag-forgotten" for reason in missing(mornings, level)])
        assert share == pytest.approx(rate, abs=4 * np.sqrt(rate / (PEOPLE * DAYS)))


def test_tags_are_lost_at_the_yearly_rate_times_the_days_without(mornings: Mornings) -> None:
    for level, yearly, days in (("best", 0.08, 1), ("worst", 0.19, 5)):
        daily = 1 - (1 - yearly) ** (1 / 178)
        expected = 1 - (1 - daily) ** days
        share = np.mean([reason == "tag-lost" for reason in missing(mornings, level)])
        assert share == pytest.approx(expected, abs=5 * np.sqrt(expected * days / (PEOPLE * DAYS)))


def test_a_morning_that_fails_at_best_fails_at_worst(mornings: Mornings) -> None:
    pairs = zip(missing(mornings, "best"), missing(mornings, "worst"), strict=True)
    assert all(worst is not None for best, worst in pairs if best is not None)


def test_a_lost_tag_stays_lost_until_it_is_replaced(mornings: Mornings) -> None:
    lost = np.array([[mornings.tag_missing(p, m, "worst") == "tag-lost" for m in range(DAYS)] for p in range(PEOPLE)])
    # Lost in the week and replaced after five days: missing on every day that follows in it.
    begins = np.argwhere(lost[:, 1:] & ~lost[:, :-1])
    assert len(begins) > 0
    assert all(lost[person, day + 1 :].all() for person, day in begins)


def test_reading_fails_at_the_stated_rate(mornings: Mornings) -> None:
    reads = [mornings.tag_read(p, m, "worst") for p in range(PEOPLE) for m in range(DAYS)]
    assert 1 - np.mean(reads) == pytest.approx(0.02, abs=0.005)
    assert all(mornings.tag_read(p, 0, "best") for p in range(PEOPLE))


def test_times_have_the_stated_mean_and_spread(mornings: Mornings) -> None:
    times = np.array([mornings.present_s("tag.present", p, m, "middle") for p in range(PEOPLE) for m in range(DAYS)])
    assert times.mean() == pytest.approx(1.5, rel=0.02)
    assert times.std() / times.mean() == pytest.approx(0.5, rel=0.05)


def test_a_slow_person_is_slow_at_either_lane(mornings: Mornings) -> None:
    tag = [mornings.present_s("tag.present", p, 0, "middle") for p in range(50)]
    face = [mornings.present_s("face.present", p, 0, "middle") for p in range(50)]
    assert np.allclose(np.array(tag) / np.array(face), 1.5)


def test_everyone_comes_once_each_morning(mornings: Mornings) -> None:
    assert all(sorted(order) == list(range(PEOPLE)) for order in mornings.order.tolist())


def test_another_seed_draws_other_mornings() -> None:
    def first(seed: int) -> list[int]:
        scenario: Scenario = embedded().model_copy(update={"seed": seed})
        return Mornings.draw(scenario).order[0].tolist()

    assert first(1) == first(1) != first(2)
