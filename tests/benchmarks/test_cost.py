"""Costs: the formula by hand, prices with their mistakes, and what must hold whatever the prices are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from results_example import doors, priced_by_template, results

from benchmarks.cost.costed import PAIRS, costed
from benchmarks.cost.draws import CostError, draw, middles, triangular
from benchmarks.cost.formula import ALTERNATIVE, Site, bill, lost, pays_back
from benchmarks.cost.lanes import CREDENTIALS, PARTS, PRICES
from benchmarks.cost.prices import PriceError, Prices, parse, read, template
from benchmarks.cost.swings import swings
from benchmarks.evidence import Cost
from edge.transaction import LANES

FULL = results(faces=True, doors=doors())
PRICES_, DIGEST = priced_by_template()
SITE = Site(persons=600, doors=2, years=5, days=178, alternative="tag-auth")


def changed(name: str, factor: float) -> Prices:
    """The template's prices with one of them multiplied."""
    price = PRICES_[name]
    dearer = price.model_copy(update={end: getattr(price, end) * factor for end in ("low", "middle", "high")})
    return PRICES_.model_copy(update={"price": tuple(dearer if one.id == name else one for one in PRICES_.price)})


def cost(prices: Prices = PRICES_, draws: int = 400) -> Cost:
    return costed(FULL, prices, DIGEST, draws=draws)


def values(**given_: float) -> dict[str, float]:
    """Every value the formula reads: prices at 1, nobody fails, unless told."""
    plain = dict.fromkeys(PRICES, 1.0) | {"absence": 0.0, "fallback.time": 60.0, "tag.lost": 0.1, "key.lost": 0.1}
    for lane in LANES:
        plain |= {f"failed {lane}": 0.0, f"barred {lane}": 0.0, f"wrong {lane}": 0.0}
    return plain | given_


@pytest.mark.parametrize(("share", "tags", "money"), [(0.08, 48, 312), (0.19, 114, 741)])
def test_what_lost_tags_cost_is_the_worked_example(share: float, tags: int, money: int) -> None:
    assert round(600 * share) == tags
    assert lost(600, share, 4.0, 5.0, 30.0) == pytest.approx(money)


def test_a_tag_lane_by_hand() -> None:
    v = values(**{"failed tag-uid": 0.02, "wrong tag-uid": 0.01, "wage": 60.0})
    one = bill("tag-uid", v, SITE)
    assert one.once == pytest.approx({"equipment": 4.0, "credentials": 600.0, "enrolment": 600.0, "law": 1.0})
    mornings = 600 * 178
    assert one.yearly == pytest.approx(
        {
            "upkeep": 4.0 + 2 * 2.0,
            "lost": 60 * 2.0,
            "again": 0.0,
            "fallback": mornings * 0.02,
            "mending": mornings * 0.01,
            "staff": 0.0,
            "mishaps": 1.0,
        }
    )
    assert one.total(5) == pytest.approx(sum(one.once.values()) + 5 * sum(one.yearly.values()))


def test_the_alternative_is_for_those_who_decline_and_buys_no_part_twice() -> None:
    v = values(**{"barred face-1n": 0.1, "barred face-tag": 0.1})
    alone, shared = bill("face-1n", v, SITE).alternative, bill("face-tag", v, SITE).alternative
    assert alone is not None
    assert shared is not None
    assert alone.once["credentials"] == pytest.approx(60.0)
    assert alone.once["equipment"] == pytest.approx(2.0)  # a reader at each door; the lock is there
    assert shared.once["equipment"] == 0.0


def test_the_other_way_in_is_always_in_a_face_lanes_cost_even_if_nobody_declines() -> None:
    for barred in (0.0, 0.1, 1.0):
        v = values(**{f"barred {lane}": barred for lane in LANES if lane.startswith("face-")})
        for lane in LANES:
            one = bill(lane, v, SITE)
            assert (one.alternative is not None) == lane.startswith("face-")
            if one.alternative:
                assert one.alternative.total(5) > 0
                assert one.terms(5)[ALTERNATIVE] == one.alternative.total(5)
    for lane, told in cost().lanes.items():
        assert (told.alternative == "tag-auth") == lane.startswith("face-")
        assert (told.terms.get("alternative", 0.0) > 0) == lane.startswith("face-")
        assert sum(told.terms.values()) == pytest.approx(told.total.value)


@pytest.mark.parametrize("name", ["credential.tag-auth", "credential.tag", "minutes.replace"])
def test_a_dearer_tag_never_makes_faces_dearer_beside_it(name: str) -> None:
    before, after = cost(), cost(changed(name, 3.0))
    for pair in PAIRS:
        if pair[0] == "face-1n" and pair[1] == "tag-auth":
            one, other = (
                next(found for found in both.pairs if (found.first, found.second) == pair) for both in (before, after)
            )
            assert other.difference.value <= one.difference.value + 1e-6
            assert other.never <= one.never


@pytest.mark.parametrize("name", PRICES)
def test_no_lane_gets_cheaper_when_something_gets_dearer(name: str) -> None:
    dearer = changed(name, 2.0 if name == "upkeep" else 5.0)
    before, after = cost(draws=50), cost(dearer, draws=50)
    more = {lane for lane in LANES if after.lanes[lane].total.value > before.lanes[lane].total.value}
    assert all(after.lanes[lane].total.value >= before.lanes[lane].total.value for lane in LANES)
    assert more, name


def test_more_who_decline_need_more_of_the_other_way() -> None:
    bills = [bill("face-1n", values(**{"barred face-1n": share}), SITE).alternative for share in (0.0, 0.1, 0.3)]
    totals = [one.total(5) for one in bills if one]
    assert totals == sorted(totals)
    assert len(set(totals)) == 3


def test_twice_the_years_cost_no_more_than_twice() -> None:
    for lane in LANES:
        one = bill(lane, values(), SITE)
        assert one.total(10) <= 2 * one.total(5)
        assert one.total(10) - one.total(5) == pytest.approx(5 * one.recurring)


@pytest.mark.parametrize(
    ("extra", "saved", "years"),
    [(100, 50, 2), (100, 0, np.inf), (100, -5, np.inf), (0, 5, 0), (-5, 0, 0), (0, 0, 0), (-5, -1, np.inf)],
)
def test_years_until_something_has_paid_for_itself(extra: float, saved: float, years: float) -> None:
    assert pays_back(extra, saved) == years


@given(low=st.floats(0, 100), width=st.floats(0, 100), place=st.floats(0, 1), u=st.lists(st.floats(0, 1), min_size=2))
def test_a_draw_stays_in_its_range_and_rises_with_its_quantile(
    low: float, width: float, place: float, u: list[float]
) -> None:
    found = triangular(np.sort(u), low, low + place * width, low + width)
    assert (found >= low - 1e-9).all()
    assert (found <= low + width + 1e-9).all()
    assert (np.diff(found) >= -1e-9).all()


def test_a_triangular_draw_has_the_mean_of_the_distribution() -> None:
    u = (np.arange(100_000) + 0.5) / 100_000
    assert triangular(u, 1.0, 2.0, 9.0).mean() == pytest.approx(4.0, abs=1e-3)
    assert np.array_equal(triangular(u, 9.0, 2.0, 1.0), triangular(1 - u, 1.0, 2.0, 9.0))


def test_the_same_seed_gives_the_same_cost_and_wider_ranges_give_wider_intervals() -> None:
    assert cost() == cost()
    price = PRICES_["law.face"]
    sure = price.model_copy(update={"low": price.middle, "high": price.middle, "status": "verified"})
    narrow = PRICES_.model_copy(update={"price": tuple(sure if p.id == "law.face" else p for p in PRICES_.price)})
    wide_, narrow_ = (found.lanes["face-1n"].once.interval for found in (cost(), cost(narrow)))
    assert wide_[1] - wide_[0] > narrow_[1] - narrow_[0]


def test_outcomes_of_lanes_of_one_kind_move_together() -> None:
    drawn = draw(FULL, PRICES_, 500, 7)
    assert np.corrcoef(drawn["failed tag-uid"], drawn["failed tag-auth"])[0, 1] > 0.7
    assert abs(np.corrcoef(drawn["failed tag-uid"], drawn["failed face-1n"])[0, 1]) < 0.2


def test_the_records_of_those_who_decline_go_wrong_at_the_other_way_in_alone() -> None:
    assert FULL.doors is not None
    run = next(
        run
        for run in FULL.doors.lanes["face-1n"].runs
        if run.lane_level == run.scene_level == "middle" and not run.fallback_blocks
    )
    not_noted = next(factor.middle for factor in FULL.factors if factor.id == "fallback.not-noted")
    came, records = run.legitimate_failures.denominator, run.attendance_errors.denominator
    found = middles(FULL, PRICES_)
    barred = found["barred face-1n"]
    assert barred > 0.05
    # Counted together again, they are what the simulation counted.
    theirs = barred * not_noted * came / records
    assert found["wrong face-1n"] * (1 - barred) + theirs == pytest.approx(run.attendance_errors.value)
    assert found["failed face-1n"] * (1 - barred) + barred == pytest.approx(run.legitimate_failures.value)
    for lane in ("tag-uid", "register"):
        assert found[f"barred {lane}"] == 0.0


def test_the_price_that_decides_most_comes_first_and_both_cost_the_same_where_it_says() -> None:
    site = Site(PRICES_.persons, PRICES_.doors, PRICES_.years, SITE.days, PRICES_.alternative)
    found = swings(FULL, PRICES_, site, "face-1n", "tag-uid")
    assert {"wage", "tag.lost", "law.face", "credential.tag", "fallback.time"} <= {each.id for each in found}
    widths = [abs(each.difference[1] - each.difference[0]) for each in found]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] > 0
    middle = middles(FULL, PRICES_)
    told = 0
    for each in found:
        for value, difference in zip(each.ends, each.difference, strict=True):
            v = middle | {each.id: value}
            apart = bill("face-1n", v, site).total(site.years) - bill("tag-uid", v, site).total(site.years)
            assert difference == pytest.approx(apart)
        if each.equal is not None:
            told += 1
            v = middle | {each.id: each.equal}
            one, other = (bill(lane, v, site).total(site.years) for lane in ("face-1n", "tag-uid"))
            assert one == pytest.approx(other)
    assert told > 0
    # A key is nobody's price here.
    assert "credential.key" not in {each.id for each in found}


def test_results_without_doors_have_no_cost() -> None:
    with pytest.raises(CostError, match="doors: expected results with all lanes"):
        costed(results(faces=True), PRICES_, DIGEST)
    with pytest.raises(CostError, match="scenario: expected seed"):
        costed(FULL.model_copy(update={"scenario": {}}), PRICES_, DIGEST)
    with pytest.raises(CostError, match="'absence'"):
        costed(FULL.model_copy(update={"factors": ()}), PRICES_, DIGEST)


def test_the_template_is_whole_and_marks_what_nobody_published() -> None:
    assert parse(template(), "prices.toml") == PRICES_
    assert {price.id for price in PRICES_.price} == set(PRICES)
    assert {f"part.{part}" for parts in PARTS.values() for part in parts} <= set(PRICES)
    assert {f"credential.{what}" for what in CREDENTIALS.values()} <= set(PRICES)
    for price in PRICES_.price:
        assert price.low < price.high or price.status in ("published", "verified")
        assert price.published == ("No published figure" not in price.source and "isn't known" not in price.source)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('currency = "USD"', 'currency = "dollars"', r"line 5, key currency"),
        ('alternative = "tag-auth"', 'alternative = "face-tag"', "expected an alternative without faces"),
        ('alternative = "tag-auth"', 'alternative = "open"', "expected an alternative without faces"),
        ("low = 20.0\nmiddle = 30.0", "low = 40.0\nmiddle = 30.0", "expected low ≤ middle ≤ high, found 40, 30, 45"),
        ("low = 20.0\nmiddle = 30.0\nhigh = 45.0", "low = 30.0\nmiddle = 30.0\nhigh = 30.0", "it is never set"),
        ('id = "wage"', 'id = "wages"', "missing: wage, unknown: wages"),
        ('id = "energy"', 'id = "wage"', "missing: energy.*twice: wage"),
        ("low = 20.0", "low = -1.0", "greater than or equal to 0"),
        ("low = 20.0", "low = nan", r"line 17, key price\.0\.low: Input should be a finite number"),
        ("high = 45.0", "high = inf", r"key price\.0\.high: Input should be a finite number"),
        ("high = 0.2\n", "high = 20\n", "expected upkeep to be a share"),
        ("years = 5", "years = ", "expected TOML"),
        (
            '"USD"',
            '"SKE"',
            r"line 5, key currency: expected a currency's .*ISO 4217, such as SEK, ISK or EUR; found 'SKE'",
        ),
        ("high = 45.0", "high = 1e300", "expected wage to be a price, at most 1e"),
        ("persons = 600", "persons = 99999999999999999999999", "line 6, key persons: .*less than or equal to 1000000"),
        ("doors = 2", "doors = 20000", "line 7, key doors: .*less than or equal to 10000"),
    ],
)
def test_a_mistake_in_the_prices_is_told(old: str, new: str, message: str) -> None:
    assert old in template()
    with pytest.raises(PriceError, match=message):
        parse(template().replace(old, new, 1), "prices.toml")


def test_prices_that_are_not_there_say_how_to_get_some(tmp_path: Any) -> None:
    with pytest.raises(PriceError, match="threshold cost --template"):
        read(tmp_path / "absent.toml")


def test_every_alternative_without_faces_works() -> None:
    for lane in LANES:
        if not lane.startswith("face-") and lane != "open":
            one = bill("face-1n", values(**{"barred face-1n": 0.1}), replace(SITE, alternative=lane))
            assert one.alternative is not None
            assert one.total(5) > 0
