"""All lanes at the doors: the columns against one event after another, each mechanism alone, the evidence."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import rows
from benchmarks.doors import events
from benchmarks.doors.columns import CODE, REASONS, Columns, Model, Run, propensities
from benchmarks.doors.draws import draw, joined
from benchmarks.doors.queue import longest, turns
from benchmarks.doors.sample import BY_HAND
from benchmarks.doors.simulate import PAIRS, RUNS, DoorsError, _rate, repetitions, simulate, tallies
from benchmarks.doors.tally import SHARES, Tally
from benchmarks.doors.ways import METHODS, WAYS, accepted
from benchmarks.evidence import Doors
from benchmarks.scenario import FACTORS, SCENE_FACTORS, Scenario, embedded
from edge.transaction import LANES, Lane

FACE, TAGS, NO_RECORD = ("face-1n", "face-tag", "face-on-tag"), ("tag-uid", "tag-auth", "tag-pin"), ("key", "open")
WITH_TAG = ("face-tag", "face-on-tag", *TAGS)


def school(**doors: Any) -> Scenario:
    """The embedded scenario, its entrance changed."""
    scenario = embedded()
    return scenario.model_copy(update={"doors": scenario.doors.model_copy(update={"persons": 150} | doors)})


def put(scenario: Scenario, **factors: float) -> Scenario:
    """The scenario with factors (their dots and dashes written as underscores) set at all levels."""
    known = {factor.replace(".", "_").replace("-", "_"): factor for factor in FACTORS}
    wanted = {known[name]: value for name, value in factors.items()}
    return scenario.model_copy(
        update={
            "factor": tuple(
                factor.model_copy(update=dict.fromkeys(("best", "middle", "worst"), wanted[factor.id]))
                if factor.id in wanted
                else factor
                for factor in scenario.factor
            )
        }
    )


def shares(scenario: Scenario, run: Run | None = None, **factors: float) -> dict[Lane, dict[str, float]]:
    """Each outcome's pooled share by lane, and sums over repetitions of what the queue came to."""
    told: dict[Lane, dict[str, float]] = {}
    for lane, tally in tallies(put(scenario, **factors), run or Run()).items():
        told[lane] = {name: float(tally[of].sum() / tally[out].sum()) for name, (of, out) in SHARES.items()}
        amounts = {name: tally[name] for name in ("wait-p95", "persons-per-minute", "transaction-p50")}
        told[lane] |= {name: float(values[np.isfinite(values)].sum()) for name, values in amounts.items()}
    return told


OUTCOMES = (*SHARES, "wait-p95", "persons-per-minute", "transaction-p50")


@pytest.fixture(scope="module")
def usual() -> dict[Lane, dict[str, float]]:
    return shares(school(repetitions=20))


# The columns against the plain form


@pytest.mark.parametrize(
    ("run", "doors", "factors"),
    [
        (Run(), {}, {}),
        (Run("worst", "worst"), {"parallel": 1}, {}),
        (Run("worst", "worst", blocks=True), {"parallel": 3, "without_power": "open"}, {"outage_power": 0.5}),
        (Run("best", "middle", blocks=True), {"attempts": 1}, {"outage_network": 0.5}),
        (Run("worst", "best"), {"attempts": 5, "peak_minutes": 0, "bus_spread_s": 0}, {"tag_days_until_replaced": 5}),
    ],
    ids=["middle", "worst", "blocks-open", "one-try", "edges"],
)
def test_columns_are_what_happens_one_event_after_another(
    run: Run, doors: dict[str, Any], factors: dict[str, float]
) -> None:
    scenario = put(school(mornings=2, **doors), **factors)
    draws = draw(scenario.doors, 5, 1)
    model = Model(scenario, run, {"tag": np.array([0.001, 0.4])})
    told = model.columns(draws)
    assert tuple(told) == LANES
    seen = set()
    for lane, columns in told.items():
        for day in range(2):
            went = events.morning(model, draws, lane, day)
            assert len(went) == 150
            assert [(lane, wrong) for event in went for wrong in events.same(event, columns, day)] == []
            seen |= {event.reason for event in went}
    assert len(seen) > 5


def test_a_column_that_is_wrong_is_found_by_the_events() -> None:
    scenario = school(mornings=1)
    draws = draw(scenario.doors, 5, 0)
    model = Model(scenario, Run())
    columns = model.columns(draws)["tag-uid"]
    later = replace(columns, turn=columns.turn + 1e-3, attempts=columns.attempts + 1)
    wrong = {
        message.split(":")[0]
        for event in events.morning(model, draws, "tag-uid", 0)
        for message in events.same(event, later, 0)
    }
    assert wrong == {"entered", "attempts"}


@pytest.mark.parametrize("parallel", [1, 2, 3, 5])
def test_the_queue_is_simpys(parallel: int) -> None:
    g = np.random.default_rng(parallel)
    arrived = np.sort(g.uniform(0, 300, (3, 120)), axis=1)
    service = g.gamma(2.0, 1.2 * parallel, (3, 120)) * (g.random((3, 120)) > 0.2)
    start = turns(arrived, service, parallel)
    lengths = longest(arrived, start, np.ones(arrived.shape, bool))
    for row in range(3):
        plain = events.served(arrived[row], service[row], parallel)
        assert np.allclose(plain.start, start[row], atol=1e-9)
        assert plain.longest == lengths[row]
    assert lengths.min() > 1


@pytest.mark.parametrize(("doors", "rate", "mean", "expected"), [(1, 10 / 60, 3.0, 3.0), (3, 40 / 60, 3.0, 1.333)])
def test_waits_are_erlangs(doors: int, rate: float, mean: float, expected: float) -> None:
    # M/M/1 with 10 arrivals and 20 services a minute: 3.0 s; M/M/3 with 40 and 20: 1.333 s.
    g = np.random.default_rng(3)
    arrived = np.cumsum(g.exponential(1 / rate, (20, 20000)), axis=1)
    start = turns(arrived, g.exponential(mean, arrived.shape), doors)
    assert float((start - arrived)[:, 1000:].mean()) == pytest.approx(expected, rel=0.05)


def test_nobody_counted_makes_no_queue() -> None:
    arrived = np.zeros((1, 4))
    start = turns(arrived, np.full((1, 4), 2.0), 1)
    assert start.tolist() == [[0.0, 2.0, 4.0, 6.0]]
    assert longest(arrived, start, np.array([[True] * 4])).tolist() == [3]
    assert longest(arrived, start, np.array([[True, False, False, True]])).tolist() == [1]


# Each mechanism alone moves what it should, and nothing else


def moved(usual: dict[Lane, dict[str, float]], now: dict[Lane, dict[str, float]]) -> dict[str, set[Lane]]:
    """Which lanes' outcomes differ."""
    return {name: {lane for lane in LANES if usual[lane][name] != now[lane][name]} for name in OUTCOMES}


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        ({"tailgating": 0.4}, {"unauthorised-entries": set(LANES) - {"open"}}),
        ({"tag_uid_copied": 0.0}, {"unauthorised-entries": {"tag-uid", "tag-pin", "face-tag"}}),
        ({"tag_auth_copied": 1.0}, {"unauthorised-entries": {"tag-auth", "face-on-tag"}}),
        ({"face_attack_accepted": 0.9}, {"unauthorised-entries": set(FACE), "attendance-errors": set(FACE)}),
        ({"face_sibling_accepted": 0.0}, {"unauthorised-entries": set(FACE)}),
        ({"face_stranger_let_in": 0.5}, {"unauthorised-entries": {"face-1n"}}),
        # With a PIN or a face besides, hardly one of these tries succeeds either way.
        ({"revocation": 0.0}, {"unauthorised-entries": {"tag-uid", "tag-auth", "qr"}}),
        ({"key_revocation": 0.0}, {"unauthorised-entries": {"key"}}),
        ({"key_copied": 1.0}, {"unauthorised-entries": {"key"}}),
        ({"lending": 0.9}, {"attendance-errors": set(LANES) - set(NO_RECORD)}),
        ({"siblings": 1.0}, {"attendance-errors": {"face-1n"}}),
        ({"fallback_not_noted": 0.9}, {"attendance-errors": set(LANES) - {*NO_RECORD, "register"}}),
        ({"register_wrong": 0.9}, {"attendance-errors": {"register"}}),
        ({"threat_equipped": 1.0}, {"unauthorised-entries": set(LANES) - {"open"}}),
        ({"register_stranger_let_in": 1.0}, {"unauthorised-entries": {"register"}}),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) and "_" in next(iter(value)) else "",
)
def test_what_touches_no_door_moves_no_time_and_no_failure(
    usual: dict[Lane, dict[str, float]], factors: dict[str, float], expected: dict[str, set[Lane]]
) -> None:
    found = moved(usual, shares(school(repetitions=20), **factors))
    assert found == {name: expected.get(name, set()) for name in OUTCOMES}


@pytest.mark.parametrize(
    ("factors", "lanes"),
    [
        ({"tag_forgotten": 0.0}, set(WITH_TAG)),
        ({"tag_lost": 0.0}, set(WITH_TAG)),
        ({"tag_not_read": 0.0}, set(WITH_TAG)),
        ({"face_refused": 0.0}, set(FACE)),
        ({"face_not_enrolled": 0.0}, set(FACE)),
        ({"face_not_matched": 0.0}, set(FACE)),
        ({"face_not_acquired": 0.0}, set(FACE)),
        ({"pin_forgotten": 0.0}, {"pin", "tag-pin"}),
        ({"pin_wrong": 0.0}, {"pin", "tag-pin"}),
        ({"qr_none": 0.0}, {"qr"}),
        ({"qr_absent": 0.0}, {"qr"}),
        ({"key_lost": 0.0}, {"key"}),
        ({"key_forgotten": 0.0}, {"key"}),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_cause_taken_away_lowers_failures_of_its_lanes_alone(
    usual: dict[Lane, dict[str, float]], factors: dict[str, float], lanes: set[Lane]
) -> None:
    scenario = put(school(repetitions=20), **factors)
    told = tallies(scenario, Run())
    after = {lane: float(t["failed"].sum() / t["present"].sum()) for lane, t in told.items()}
    assert {lane for lane in LANES if after[lane] < usual[lane]["legitimate-failures"]} == lanes
    assert {lane for lane in LANES if after[lane] > usual[lane]["legitimate-failures"]} == set()
    gone = next(iter(factors)).replace("_", "-")
    named = {"tag-not-read": "tag-not-read", "face-not-matched": "below-threshold", "face-not-acquired": "no-face"}
    reason = named.get(gone, {"face-refused": "refused", "face-not-enrolled": "not-enrolled"}.get(gone, gone))
    assert all(t.reasons[{"qr-none": "no-telephone"}.get(reason, reason)] == 0 for t in told.values())


def test_without_causes_everyone_is_let_in_and_rightly_recorded() -> None:
    causes = [
        *("tag_forgotten", "tag_lost", "tag_not_read", "face_refused", "face_not_enrolled", "face_not_matched"),
        *("face_not_acquired", "pin_forgotten", "pin_wrong", "qr_none", "qr_absent", "qr_not_read", "key_lost"),
        *("key_forgotten", "outage_power", "outage_network", "following", "lending", "siblings", "register_wrong"),
    ]
    told = shares(school(repetitions=10), **dict.fromkeys(causes, 0.0))
    for lane in LANES:
        assert told[lane]["legitimate-failures"] == 0.0
        assert (told[lane]["attendance-errors"] == 0.0) == (lane not in NO_RECORD)


def test_blocking_fallback_takes_the_lane_and_changes_nobodys_fate(usual: dict[Lane, dict[str, float]]) -> None:
    blocked = shares(school(repetitions=20), Run(blocks=True))
    for lane in LANES:
        for name in ("legitimate-failures", "attendance-errors", "unauthorised-entries", "transaction-p50"):
            assert blocked[lane][name] == pytest.approx(usual[lane][name], abs=1e-9)
        free = usual[lane]["legitimate-failures"] == 0.0
        assert (blocked[lane]["wait-p95"] > usual[lane]["wait-p95"]) != free
        assert (blocked[lane]["persons-per-minute"] < usual[lane]["persons-per-minute"]) != free


def test_blocking_adds_what_the_formula_says() -> None:
    # 2 % who need 30 s in the lane, and their walk: 0.02 × (30 + 1.5) s more for each person.
    scenario = put(school(repetitions=40), tag_forgotten=0.02, tag_lost=0.0, tag_not_read=0.0, fallback_time=30.0)
    means = []
    for blocks in (False, True):
        tally = tallies(scenario, Run(blocks=blocks), lanes=("tag-uid",))["tag-uid"]
        means.append(float((60 / tally["persons-per-minute"]).mean()))
    failed = float(tally["failed"].sum() / tally["present"].sum())
    assert failed == pytest.approx(0.02, abs=0.004)
    assert means[1] - means[0] == pytest.approx(failed / (1 - failed) * 31.5, rel=0.1)


def test_an_outage_closes_what_needs_power_or_leaves_it_open() -> None:
    closed = shares(school(repetitions=4), outage_power=1.0)
    opened = shares(school(repetitions=4, without_power="open"), outage_power=1.0, following=0.0)
    for lane in LANES:
        powered = lane not in ("key", "register", "open")
        assert (closed[lane]["legitimate-failures"] == 1.0) == powered
        assert (opened[lane]["unauthorised-entries"] == 1.0) == (powered or lane == "open")
        if powered:
            assert opened[lane]["legitimate-failures"] == 0.0
            assert opened[lane]["attendance-errors"] > 0.9
    network = shares(school(repetitions=4), outage_network=1.0)
    assert {lane for lane in LANES if network[lane]["legitimate-failures"] == 1.0} == {"face-1n", "qr"}


def test_the_time_it_takes_to_present_moves_times_and_queues_alone(usual: dict[Lane, dict[str, float]]) -> None:
    slow = shares(school(repetitions=20), tag_present=6.0)
    for lane in LANES:
        for name in ("legitimate-failures", "attendance-errors", "unauthorised-entries"):
            assert slow[lane][name] == usual[lane][name]
        assert (slow[lane]["transaction-p50"] > usual[lane]["transaction-p50"]) == (lane in WITH_TAG)
        assert (slow[lane]["persons-per-minute"] < usual[lane]["persons-per-minute"]) == (lane in WITH_TAG)


def test_buses_make_queues_and_nothing_else(usual: dict[Lane, dict[str, float]]) -> None:
    alone = shares(school(repetitions=20), bus_share=0.0)
    buses = shares(school(repetitions=20), bus_share=1.0)
    for lane in LANES:
        for name in ("legitimate-failures", "attendance-errors", "unauthorised-entries"):
            assert alone[lane][name] == pytest.approx(buses[lane][name], abs=0.02)
    assert buses["tag-uid"]["wait-p95"] > 3 * alone["tag-uid"]["wait-p95"]


def test_one_person_who_stumbles_stumbles_again() -> None:
    told = {}
    for correlation in (0.0, 0.5):
        scenario = put(
            school(repetitions=40), face_not_matched=0.2, face_not_acquired=0.0, retry_correlation=correlation
        )
        told[correlation] = tallies(scenario, Run(), lanes=("face-1n",))["face-1n"].reasons["below-threshold"]
    # Three independent tries fail 0.2³ of the time; a person's own tries are nothing like independent.
    assert told[0.5] > 5 * told[0.0]


@pytest.mark.parametrize("share", [0.0, 0.001, 0.05, 0.3, 1.0])
@pytest.mark.parametrize("correlation", [0.0, 0.1, 0.5])
def test_propensities_have_the_stated_mean_and_correlation(share: float, correlation: float) -> None:
    table = propensities(share, correlation).astype(np.float64)
    assert table.mean() == pytest.approx(share, rel=1e-4, abs=1e-12)
    assert (np.diff(table) >= 0).all()
    if 0.0 < share < 1.0 and share * 4096 > 20:
        assert table.var() == pytest.approx(correlation * share * (1 - share), rel=0.05, abs=1e-9)


def test_a_found_tag_opens_as_long_as_it_is_not_blocked() -> None:
    scenario = put(school(repetitions=100), threat_equipped=1.0, tailgating=0.0, revocation=24.0, found_hours=24.0)
    tally = tallies(scenario, Run(), lanes=("tag-uid",))["tag-uid"]
    share = tally["entered found"].sum() / tally["untailed found"].sum()
    assert share == pytest.approx(1 - math.exp(-1), abs=0.03)


def test_a_pin_alone_is_anyones_pin() -> None:
    values = embedded().values("middle", "middle")
    alone, with_tag = (accepted(lane, values, 500, 3, 4) for lane in ("pin", "tag-pin"))
    assert alone["nothing"][0] == pytest.approx(1 - 0.95**3)
    assert with_tag["found"] == (pytest.approx(3e-4), True)
    assert with_tag["nothing"][0] == 0.0


# Seeds, sizes, levels


def test_the_same_seed_gives_the_same_and_another_another() -> None:
    def failed(seed: int) -> list[float]:
        scenario = school(repetitions=3).model_copy(update={"seed": seed})
        return list(tallies(scenario, Run(), lanes=("tag-uid",))["tag-uid"]["failed"])

    assert failed(1) == failed(1) != failed(2)


def test_a_repetition_is_the_same_whatever_stands_beside_it() -> None:
    few = tallies(school(repetitions=3), Run())
    many = tallies(school(repetitions=23), Run())
    for lane in LANES:
        for name in ("failed", "misrecorded", "entered", "wait-p95", "persons-per-minute", "longest-queue"):
            assert np.allclose(few[lane][name], many[lane][name][:3], equal_nan=True, rtol=1e-12)


def test_a_lane_at_its_best_fails_nobody_whom_it_lets_in_at_its_worst() -> None:
    scenario = school()
    draws = joined(draw(scenario.doors, 1, repetition) for repetition in range(4))
    best, worst = (Model(scenario, Run(level, "middle")).columns(draws) for level in ("best", "worst"))
    for lane in ("tag-uid", "tag-auth", "key"):
        assert not (best[lane].failed & ~worst[lane].failed).any()


def test_the_scene_is_the_same_for_every_lane() -> None:
    scenario = school()
    told = Model(scenario, Run()).columns(draw(scenario.doors, 1, 0))
    first = told["tag-uid"]
    for columns in told.values():
        assert (columns.present == first.present).all()
        assert (columns.arrived == first.arrived).all()
        assert (columns.try_tailed == first.try_tailed).all()
        assert (columns.try_method == first.try_method).all()


def test_too_few_person_mornings_for_an_interval_are_refused() -> None:
    assert repetitions(embedded(), 10_000_000) == 4000
    assert repetitions(embedded(), 100_001) == 41
    with pytest.raises(DoorsError, match="expected more than 2500"):
        repetitions(embedded(), 2500)


def test_every_factor_moves_something() -> None:
    # A factor that no lane reads would be an input without effect, and a source for nothing.
    read: set[str] = set()

    class Watched(dict[str, float]):
        def __getitem__(self, key: str) -> float:
            read.add(key)
            return super().__getitem__(key)

    scenario = school(mornings=1)
    model = Model(scenario, Run(blocks=True))
    read |= {"tag.not-read", "qr.not-read", "pin.wrong", "face.not-acquired", "face.not-matched", "retry.correlation"}
    model.values = Watched(model.values)
    model.columns(draw(scenario.doors, 1, 0))
    assert set(FACTORS) == read
    assert set(SCENE_FACTORS) < set(FACTORS)


# The evidence


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Doors, Path]:
    folder = tmp_path_factory.mktemp("doors")
    return simulate(school(repetitions=4, mornings=2), folder), folder


def test_every_lane_stands_at_every_setting(told: tuple[Doors, Path]) -> None:
    doors, _ = told
    assert tuple(doors.lanes) == LANES
    for lane in doors.lanes.values():
        assert [(run.lane_level, run.scene_level, run.fallback_blocks) for run in lane.runs] == [
            (run.lane, run.scene, run.blocks) for run in RUNS
        ]
        assert lane.decision_time == "stated"
        for run in lane.runs:
            assert {run.legitimate_failures.grade, run.wait["p95"].grade} == {"simulated"}
            assert sum(run.failure_reasons.values()) == run.legitimate_failures.numerator
            assert run.wait["p50"].value <= run.wait["p95"].value


def test_the_sample_counted_again_by_its_rows_gives_the_columns_figures(told: tuple[Doors, Path]) -> None:
    doors, folder = told
    scenario = school(repetitions=4, mornings=2)
    draws = draw(scenario.doors, scenario.seed, 0)
    for run in RUNS[:1] + RUNS[-2:]:
        for lane, columns in Model(scenario, run).columns(draws).items():
            kept = rows.verified(folder, doors.lanes[lane].transactions)
            came = [row for row in kept if row.session == f"{run.name}/m0" and row.enrolled]
            lent = [row for row in kept if row.session == f"{run.name}/m0" and row.enrolled is None]
            tries = [row for row in kept if row.session == f"{run.name}/tries/m0"]
            assert len(came) == columns.present[0].sum()
            assert sum(row.outcome != "opened" for row in came) == columns.failed[0].sum()
            right = sum(
                row.decided_subject == row.true_subject if row.outcome == "opened" else row.crossed.none == BY_HAND[1]
                for row in came
            )
            assert len(came) - right + len(lent) == columns.misrecorded[0].sum()
            assert sum(row.outcome == "opened" for row in tries) == columns.try_opened[0].sum()
            times = [row.opened_ns / 1e9 for row in came if row.opened_ns is not None]
            expected = (columns.decided - columns.entered)[0][columns.opened[0] & columns.queued[0]]
            assert sorted(times) == pytest.approx(sorted(expected), abs=2e-9)


def test_rows_say_that_they_are_simulated_and_who_may_not_enter(told: tuple[Doors, Path]) -> None:
    doors, folder = told
    kept = rows.verified(folder, doors.lanes["face-on-tag"].transactions)
    assert {row.origin for row in kept} == {"simulation"}
    assert {row.lane for row in kept} == {"face-on-tag"}
    strangers = [row for row in kept if row.enrolled is False]
    assert len(strangers) == len(RUNS) * school().doors.tries
    assert {row.reason for row in strangers} <= {*METHODS, "tailgated"}


def test_differences_are_paired_and_never_a_finding(told: tuple[Doors, Path]) -> None:
    doors, _ = told
    assert {each.sentence for each in doors.comparisons} == {"not shown (simulated)"}
    assert {(each.first, each.second) for each in doors.comparisons} == set(PAIRS)
    by = {
        (each.first, each.second, each.first_level, each.second_level, each.scene_level): each.difference.value
        for each in doors.comparisons
        if each.outcome == "legitimate-failures"
    }
    nine = [key for key in by if key[:2] == ("face-1n", "tag-uid") and key[4] == "middle"]
    assert len(nine) == 9
    for lane, other in (("face-1n", "tag-uid"), ("register", "tag-uid")):
        ours, theirs = (doors.lanes[name].runs[2].legitimate_failures.value for name in (lane, other))
        assert by[lane, other, "middle", "middle", "middle"] == pytest.approx(ours - theirs, abs=2e-3)


def test_measured_decision_times_take_the_place_of_the_stated(tmp_path: Path) -> None:
    scenario = school(repetitions=2, mornings=1)
    slow = simulate(scenario, tmp_path, {"face": np.array([5.0])})
    assert {lane for lane, each in slow.lanes.items() if each.decision_time == "measured"} == set(FACE)
    assert slow.lanes["face-1n"].runs[2].transaction_time["p50"].value > 5.0
    assert slow.lanes["tag-uid"].runs[2].transaction_time["p50"].value < 3.0


def test_no_error_seen_is_a_bound_and_no_point(told: tuple[Doors, Path]) -> None:
    rate = told[0].lanes["register"].runs[2].legitimate_failures
    assert rate.numerator == 0
    assert rate.interval[0] == 0.0 < rate.interval[1] < 0.01
    assert "rule of 3" in rate.method


def test_shares_that_do_not_vary_have_an_interval_all_the_same() -> None:
    rate = _rate(np.array([2.0, 2.0, 2.0]), np.array([60.0, 60.0, 60.0]), school().doors, "")
    assert (rate.numerator, rate.denominator, rate.method) == (6, 180, "Wilson score")
    assert rate.interval[0] < rate.value < rate.interval[1]
    alone = _rate(np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 6.0]), school().doors, "")
    assert alone.interval[0] < 0.5 < alone.interval[1]


def test_intervals_over_repetitions_cover() -> None:
    # The mean over very many repetitions lies in 95 % of the intervals of 20 each; of 40 intervals, in 33 or more.
    scenario = school(repetitions=800, persons=40, mornings=2)
    tally = tallies(scenario, Run(), lanes=("face-tag",))["face-tag"]
    failed, present = tally["failed"], tally["present"]
    truth = float(failed.sum() / present.sum())
    intervals = [_rate(failed[i : i + 20], present[i : i + 20], scenario.doors, "").interval for i in range(0, 800, 20)]
    assert sum(low <= truth <= high for low, high in intervals) >= 33


def test_reasons_and_codes_are_one_list() -> None:
    assert [CODE[reason] for reason in REASONS] == list(range(len(REASONS)))
    assert tuple(WAYS) == LANES


def test_a_tally_keeps_numbers_and_no_rows() -> None:
    scenario = school(mornings=1)
    sizes = []
    for persons in (100, 400):
        doors = scenario.doors.model_copy(update={"persons": persons})
        tally = Tally()
        columns: Columns = Model(scenario.model_copy(update={"doors": doors}), Run()).columns(draw(doors, 1, 0))["pin"]
        tally.add(columns, doors)
        sizes.append(sum(part.size for parts in tally._parts.values() for part in parts))
    assert sizes[0] == sizes[1]
