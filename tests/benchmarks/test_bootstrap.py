"""The subject-level bootstrap against physical duplication, known answers and a small simulation."""

import itertools
import time

import numpy as np
import pytest

from benchmarks.bootstrap import (
    NO_DIFFERENCE,
    NO_ERROR,
    ONLY_ERRORS,
    fmr_at,
    fnmr_at,
    fnmr_at_fmr,
    mean,
    paired_difference,
    proportion,
    quantile,
    weighted_fmr,
    weighted_fnmr_at_fmr,
)
from benchmarks.comparisons import ComparisonError, TailError, crossed, fmr, fnmr, listed, threshold_at_fmr
from benchmarks.interval import RateError, rule_of_three, wilson


def faces(images: int, people: int, seed: int = 0, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    who = np.arange(images) % people
    vectors = draw.normal(size=(people, 16))[who] + spread * draw.normal(size=(images, 16))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), who


def duplicated(vectors: np.ndarray, who: np.ndarray, weights: np.ndarray) -> tuple[list[float], list[float]]:
    """Mated and non-mated scores when each subject's images are really there as often as it was drawn."""
    scores = vectors @ vectors.T
    drawn = [(image, copy) for image, person in enumerate(who) for copy in range(weights[person])]
    mated, nonmated = [], []
    for (i, one), (j, other) in itertools.combinations(drawn, 2):
        if who[i] != who[j]:
            nonmated.append(scores[i, j])
        elif one == other:  # another copy of the same person is neither mated nor non-mated
            mated.append(scores[i, j])
    return mated, nonmated


def as_listed(vectors: np.ndarray, who: np.ndarray):
    i, j = np.triu_indices(len(who), 1)
    return listed((vectors @ vectors.T)[i, j], who[i], who[j], who[i] == who[j])


WEIGHTS = [[1, 1, 1, 1, 1], [2, 0, 1, 0, 2], [0, 3, 0, 2, 0], [1, 0, 4, 0, 0]]


@pytest.mark.parametrize("make", [lambda *f: crossed(*f, 1.0), as_listed], ids=["crossed", "listed"])
@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
@pytest.mark.parametrize("target", [0.0, 0.02, 0.1, 0.5])
def test_a_weighted_replicate_is_what_duplicating_the_images_gives(make, weights, target) -> None:
    vectors, who = faces(15, 5)
    mated, nonmated = duplicated(vectors, who, np.array(weights))
    threshold = min(t for t in np.nextafter(nonmated, 2) if np.mean(nonmated >= t) <= target)
    expected = np.mean(np.array(mated) < threshold)
    assert weighted_fnmr_at_fmr(make(vectors, who), target, np.array(weights)) == pytest.approx(expected)


@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
def test_a_weighted_fmr_is_what_duplicating_the_images_gives(weights) -> None:
    vectors, who = faces(15, 5)
    nonmated = duplicated(vectors, who, np.array(weights))[1]
    c = crossed(vectors, who, 1.0)
    assert weighted_fmr(c, 0.1, np.array(weights)) == pytest.approx(np.mean(np.array(nonmated) >= 0.1))


def test_weights_that_leave_one_subject_leave_no_rate() -> None:
    assert np.isnan(weighted_fnmr_at_fmr(crossed(*faces(15, 5), 1.0), 0.1, np.array([5, 0, 0, 0, 0])))


def test_the_search_goes_on_where_the_top_of_the_list_is_not_enough() -> None:
    # 3 000 non-mated scores, and all weight on the thousand that are lowest: 0 to 0.999 between subjects 1 and 2.
    low = np.arange(1000) / 1000
    c = listed(
        np.concatenate([low, low + 1, low + 2, [0.85, 0.95]]),
        np.concatenate([np.repeat([1, 0, 0], 1000), [1, 2]]),
        np.concatenate([np.repeat([2, 2, 1], 1000), [1, 2]]),
        np.arange(3002) >= 3000,
    )
    assert weighted_fnmr_at_fmr(c, 0.1, np.array([0, 1, 1])) == 0.5  # the threshold is just above 0.899


def test_a_long_enough_tail_gives_the_same_interval_as_all_scores() -> None:
    vectors, who = faces(200, 20)
    part, whole = crossed(vectors, who, 0.1), crossed(vectors, who, 1.0)
    assert fnmr_at_fmr(part, 0.01, 200, seed=1) == fnmr_at_fmr(whole, 0.01, 200, seed=1)


def test_the_interval_holds_the_observed_rate_and_has_width() -> None:
    c = crossed(*faces(200, 20), 0.2)
    threshold = threshold_at_fmr(c, 0.01)
    for interval, rate in (
        (fnmr_at_fmr(c, 0.01, seed=1), fnmr(c, threshold)),
        (fnmr_at(c, threshold, seed=1), fnmr(c, threshold)),
        (fmr_at(c, threshold, seed=1), fmr(c, threshold)),
    ):
        assert interval.low < rate < interval.high


def test_the_same_seed_gives_the_same_interval() -> None:
    c = crossed(*faces(60, 10), 1.0)
    assert fmr_at(c, 0.3, seed=3) == fmr_at(c, 0.3, seed=3) != fmr_at(c, 0.3, seed=4)


def test_two_way_is_wider_than_trials_taken_as_independent() -> None:
    c = crossed(*faces(200, 20), 1.0)
    interval, naive = fmr_at(c, 0.5, seed=1), wilson(round(fmr(c, 0.5) * c.nonmated_trials), c.nonmated_trials)
    assert interval.high - interval.low > 1.5 * (naive.high - naive.low)


def test_a_replicate_that_outruns_the_tail_says_which_to_ask_for() -> None:
    with pytest.raises(TailError, match=r"in a replicate.*tail of about"):
        fnmr_at_fmr(crossed(*faces(60, 10), 0.05), 0.049, seed=1)


def test_no_missed_match_gives_the_rule_of_three_on_subjects() -> None:
    c = crossed(*faces(60, 10, spread=0.01), 1.0)
    for interval in (fnmr_at_fmr(c, 0.01, 50, seed=1), fnmr_at(c, 0.9, seed=1)):
        assert (interval.low, interval.high, interval.method) == (0.0, rule_of_three(10).high, NO_ERROR)


def test_only_missed_matches_give_the_rule_of_three_from_above() -> None:
    interval = fnmr_at(crossed(*faces(60, 10), 1.0), 1.01, seed=1)
    assert (interval.low, interval.high, interval.method) == (1 - rule_of_three(10).high, 1.0, ONLY_ERRORS)


def test_no_false_match_gives_the_rule_of_three_on_subjects_not_on_pairs() -> None:
    interval = fmr_at(crossed(*faces(60, 10), 1.0), 1.01, seed=1)
    assert (interval.low, interval.high, interval.method) == (0.0, rule_of_three(10).high, NO_ERROR)


def test_no_miss_at_the_observed_threshold_keeps_the_wider_bootstrap() -> None:
    # 200 people without a miss, but the last false match just below hangs on two of them.
    people = np.arange(200)
    c = listed(
        np.concatenate([np.full(200, 0.5), [0.6], np.full(199, 0.1)]),
        np.concatenate([people, [0], people[:-1]]),
        np.concatenate([people, [1], people[1:]]),
        np.repeat([True, False], 200),
    )
    interval = fnmr_at_fmr(c, 1.5 / 200, 400, seed=1)
    assert fnmr(c, threshold_at_fmr(c, 1.5 / 200)) == 0.0
    assert interval.high == 1.0
    assert "wider than the rule of 3" in interval.method


def test_subjects_without_a_trial_do_not_count_in_the_rule_of_three() -> None:
    c = listed([0.9, 0.9, 0.1], [0, 1, 0], [0, 1, 1], [True, True, False], subjects=1000)
    assert fnmr_at(c, 0.5, seed=1).high == rule_of_three(2).high


def test_mean_of_one_value_a_person_is_the_plain_bootstrap_of_the_mean() -> None:
    values = np.random.default_rng(0).normal(10, 2, 400)
    interval = mean(values, np.arange(400), 4000, seed=1)
    half = 1.96 * values.std() / 20
    assert (interval.low, interval.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.02)


def test_twenty_copies_of_each_value_give_no_narrower_interval() -> None:
    values, people = np.random.default_rng(0).normal(size=50), np.arange(50)
    once, often = mean(values, people, seed=1), mean(np.repeat(values, 20), np.repeat(people, 20), seed=1)
    assert (often.low, often.high) == pytest.approx((once.low, once.high))


def test_subjects_may_be_pseudonyms() -> None:
    names, numbers = ["ash", "elm", "ash", "oak"], [0, 1, 0, 2]
    assert proportion([1, 0, 0, 1], names, seed=1) == proportion([1, 0, 0, 1], numbers, seed=1)


@pytest.mark.parametrize(("error", "method"), [(0, NO_ERROR), (1, ONLY_ERRORS)])
def test_a_proportion_without_variation_gives_the_rule_of_three_on_subjects(error: int, method: str) -> None:
    interval = proportion([error] * 100, np.arange(100) % 25, seed=1)
    assert interval.high - interval.low == pytest.approx(rule_of_three(25).high)
    assert interval.method == method


def test_a_proportion_of_anything_but_0_and_1_is_refused() -> None:
    with pytest.raises(RateError, match="only 0 and 1"):
        proportion([0, 0.5], [0, 1], seed=1)


def test_a_paired_difference_is_the_bootstrap_of_the_mean_difference() -> None:
    draw = np.random.default_rng(0)
    face, tag, people = draw.random(300), draw.random(300), np.arange(300) % 30
    paired, plain = paired_difference(face, tag, people, 500, seed=1), mean(face - tag, people, 500, seed=1)
    assert (paired.low, paired.high) == (plain.low, plain.high)


def test_paired_lanes_of_one_person_cancel_where_the_person_is_the_cause() -> None:
    people = np.repeat(np.arange(40), 10)
    slow = np.random.default_rng(0).normal(5, 2, 40)[people]  # seconds, the person's own
    interval = paired_difference(slow + 0.1 * (np.arange(400) % 2), slow, people, seed=1)
    assert (interval.low, interval.high) == pytest.approx((0.05, 0.05))


def test_no_discordant_morning_gives_the_rule_of_three_to_both_sides() -> None:
    interval = paired_difference([0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1], seed=1)
    bound = rule_of_three(2).high
    assert (interval.low, interval.high, interval.method) == (-bound, bound, NO_DIFFERENCE)


def test_only_discordant_mornings_give_the_rule_of_three_cut_at_one() -> None:
    interval = paired_difference([1, 1, 1], [0, 0, 0], [0, 1, 2], seed=1)
    assert (interval.low, interval.high) == (1 - rule_of_three(3).high, 1.0)


def test_equal_times_are_bounded_by_the_range_of_the_times() -> None:
    interval = paired_difference([2.0, 6.0], [2.0, 6.0], [0, 1], seed=1)
    assert interval.high == pytest.approx(4.0 * rule_of_three(2).high)


def test_lanes_of_different_length_are_refused() -> None:
    with pytest.raises(RateError, match="one length"):
        paired_difference([1, 0], [1], [0, 1], seed=1)


@pytest.mark.parametrize("q", [0.5, 0.9, 0.95])
def test_a_quantile_lies_in_its_interval(q: float) -> None:
    times, people = np.random.default_rng(0).exponential(size=1000), np.arange(1000) % 50
    interval = quantile(times, people, q, seed=1)
    assert interval.low < np.quantile(times, q, method="inverted_cdf") < interval.high


def test_a_quantile_replicate_is_the_quantile_of_the_duplicated_values() -> None:
    values, people = np.array([3.0, 1.0, 4.0, 1.5, 9.0, 2.0]), np.array([0, 0, 1, 1, 2, 2])
    drawn = np.random.default_rng(7).integers(0, 3, 3)
    expected = np.quantile(np.concatenate([values[people == person] for person in drawn]), 0.9, method="inverted_cdf")
    interval = quantile(values, people, 0.9, replicates=1, seed=7)
    assert (interval.low, interval.high) == (expected, expected)


@pytest.mark.parametrize("q", [0.0, 1.0, 95.0, float("nan")])
def test_a_quantile_that_is_no_share_is_refused(q: float) -> None:
    with pytest.raises(RateError, match="q"):
        quantile([1, 2], [0, 1], q, seed=1)


@pytest.mark.parametrize(
    ("values", "subjects", "words"),
    [
        ([], [], "at least 1"),
        ([1, 0], [0], "one length"),
        ([1, np.nan], [0, 1], "finite"),
        ([1, 0], [0, 0], "at least 2"),
    ],
)
def test_values_that_cannot_be_resampled_are_refused(values, subjects, words) -> None:
    with pytest.raises(RateError, match=words):
        mean(values, subjects, seed=1)


@pytest.mark.parametrize("replicates", [0, -5])
def test_no_replicates_are_refused(replicates: int) -> None:
    with pytest.raises(RateError, match="replicates"):
        mean([1, 2], [0, 1], replicates, seed=1)


@pytest.mark.parametrize("level", [0.0, 1.0, 95])
def test_a_level_that_is_no_share_is_refused(level: float) -> None:
    with pytest.raises(RateError, match="level"):
        mean([1, 2], [0, 1], level=level, seed=1)


def test_rates_over_no_trial_are_refused() -> None:
    with pytest.raises(ComparisonError, match="mated trials"):
        fnmr_at(listed([0.1], [0], [1], [False]), 0.5, seed=1)


def test_drawing_subjects_covers_where_trials_taken_as_independent_do_not() -> None:
    # 40 people, 10 tries each, failure 10 % on average with a within-person correlation of 0.3 (beta-binomial).
    draw, people, runs = np.random.default_rng(11), np.repeat(np.arange(40), 10), 300
    covered = {"subjects": 0, "independent": 0}
    for run in range(runs):
        own_rate = draw.beta(0.1 * 7 / 3, 0.9 * 7 / 3, 40)
        failed = draw.random(400) < own_rate[people]
        by_subject, naive = proportion(failed, people, 200, seed=run), wilson(int(failed.sum()), 400)
        covered["subjects"] += by_subject.low <= 0.1 <= by_subject.high
        covered["independent"] += naive.low <= 0.1 <= naive.high
    assert covered["subjects"] / runs > 0.86  # a percentile interval of 40 skewed people stays a little short of 95 %
    assert covered["independent"] / runs < 0.75


def test_a_thousand_replicates_over_a_long_tail_take_seconds() -> None:
    draw = np.random.default_rng(0)
    first, step = draw.integers(0, 500, 165_000), draw.integers(1, 500, 165_000)
    mated = np.arange(165_000) < 25_000
    second = np.where(mated, first, (first + step) % 500)
    scores = draw.normal(size=165_000) + 3 * mated
    start = time.process_time()
    fnmr_at_fmr(listed(scores, first, second, mated), 0.001, seed=1)
    assert time.process_time() - start < 30
