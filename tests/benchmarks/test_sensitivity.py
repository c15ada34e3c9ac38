"""Sensitivity: indices and values with known answers, runs that break off, the document and its page."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from benchmarks.language import LANGUAGES
from benchmarks.scenario import embedded
from benchmarks.sensitivity import breakeven, document, information, run, sobol, tornado
from benchmarks.sensitivity.options import BY_ID, CANDIDATES, KEPT, MILDER, OPTIONS, OUTCOMES
from benchmarks.sensitivity.page import View, render
from benchmarks.sensitivity.point import Outcomes, Row, point, shared
from benchmarks.sensitivity.sample import design, saltelli
from benchmarks.sensitivity.space import VARIED, Parameter, SpaceError, chosen, parameters, settled
from benchmarks.sensitivity.study import Settings, study
from benchmarks.spread import Here
from benchmarks.terms import FACTORS, Terms
from policy.schema import schema

SPACE = parameters(embedded())


def base() -> Row:
    return tuple(parameter.base for parameter in SPACE)


def moved(**values: float) -> Row:
    """The base with some parameters' u changed."""
    named = {name.replace("__", "-").replace("_", "."): u for name, u in values.items()}
    places = {parameter.id: place for place, parameter in enumerate(SPACE)}
    row = list(base())
    for name, u in named.items():
        row[places[name]] = u
    return tuple(row)


def outcome(results: Outcomes, option: str, name: str) -> float:
    value = results[[each.id for each in OPTIONS].index(option)][KEPT.index(name)]
    assert value is not None
    return value


# Sobol's indices


def ishigami(u: np.ndarray, a: float = 7.0, b: float = 0.1) -> np.ndarray:
    x = -math.pi + 2 * math.pi * u
    return np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0])


def test_indices_of_ishigamis_function_are_the_analytic_ones() -> None:
    a, b = 7.0, 0.1
    first = (0.5 * (1 + b * math.pi**4 / 5) ** 2, a**2 / 8, 0.0)
    crossed = b**2 * math.pi**8 * (1 / 18 - 1 / 50)
    variance = sum(first) + crossed
    total = ((first[0] + crossed) / variance, first[1] / variance, crossed / variance)
    found = sobol.indices(ishigami(saltelli(3, 4096, seed=1)), 3, seed=1)
    assert found is not None
    for index, one, all_of_it in zip(found, first, total, strict=True):
        assert index.first == pytest.approx(one / variance, abs=0.02)
        assert index.total == pytest.approx(all_of_it, abs=0.02)
        assert 0.0 <= index.total_half < 0.1


@pytest.mark.parametrize("values", [np.full(20, 3.0), np.array([math.nan, *range(19)])])
def test_what_never_moves_or_lacks_a_value_has_no_indices(values: np.ndarray) -> None:
    assert sobol.indices(values, 3, seed=1) is None


def test_a_sample_that_is_no_power_of_two_is_refused() -> None:
    for n in (1, 3, 100):
        with pytest.raises(SpaceError, match=f"power of 2.*found {n}"):
            saltelli(3, n, seed=1)


# Tornado


def test_the_widest_bar_comes_first_and_what_moves_nothing_is_left_out() -> None:
    bars = tornado.bars(np.array([[1.0, 2.0], [5.0, 5.0], [4.0, 1.0], [math.nan, 1.0]]), range(4))
    assert [(bar.place, bar.low, bar.high) for bar in bars] == [(2, 4.0, 1.0), (0, 1.0, 2.0)]


# Break-even


def test_the_break_even_of_two_straight_lines_is_where_they_cross() -> None:
    axis = np.linspace(0.0, 1.0, 6)
    face, tag = 0.10 + 0.0 * axis, 0.02 + 0.2 * axis  # equal at 0.4
    assert breakeven.crossings(axis.tolist(), (face - tag).tolist()) == [pytest.approx(0.4)]
    assert breakeven.crossings(axis[::-1].tolist(), (face - tag)[::-1].tolist()) == [pytest.approx(0.4)]


@pytest.mark.parametrize(
    ("differences", "found"),
    [
        ([1.0, 2.0, 3.0, 4.0], []),
        ([0.0, 1.0, 2.0, 3.0], []),
        ([1.0, 0.0, 1.0, 1.0], []),
        ([1.0, 0.0, 0.0, -1.0], [1.0]),
        ([-1.0, 1.0, -1.0, math.nan], [0.5, 1.5]),
    ],
)
def test_a_touch_is_no_crossing(differences: list[float], found: list[float]) -> None:
    assert breakeven.crossings([0.0, 1.0, 2.0, 3.0], differences) == pytest.approx(found)


def test_a_place_on_the_grid_has_the_grids_value_and_between_it_is_linear() -> None:
    axes = ((0.0, 1.0, 3.0), (10.0, 0.0))  # the second falls
    values = np.array([[[x * 2.0 + y, 7.0] for y in axes[1]] for x in axes[0]])
    for x, y in ((0.0, 10.0), (2.0, 5.0), (3.0, 0.0), (0.25, 2.5)):
        assert breakeven.at(axes, values, (x, y)) == pytest.approx([2 * x + y, 7.0])
    assert breakeven.at(axes, values, (99.0, -1.0)) == pytest.approx([6.0, 7.0])


# Value of information


def toy(n: int = 512) -> tuple[np.ndarray, np.ndarray]:
    """One option costs 0.5 always, the other x, even on 0 to 1: knowing x saves 0.5 − E[min(0.5, x)] = 1/8."""
    rows = saltelli(3, n, seed=5)
    return rows, np.stack([np.full(len(rows), 0.5), rows[:, 0]], axis=1)


def test_the_value_of_information_of_the_toy_is_an_eighth() -> None:
    rows, losses = toy()
    one, two, three = information.worths(rows, losses, range(3), seed=1)
    assert one.value == pytest.approx(0.125, abs=0.005)
    assert one.held_out == pytest.approx(0.125, abs=0.005)
    assert information.perfect(information.independent(losses, 3)) == pytest.approx(0.125, abs=0.005)
    assert one.told
    assert not two.told
    assert not three.told


def test_the_value_of_information_about_a_sum_is_the_analytic_one() -> None:
    # L = (0, x + y − 1 + c): E[L | x] − E[L] = x − 1/2. Knowing x saves E[max(0, 1/2 − c − x)] = (1/2 − c)² / 2.
    rows = saltelli(4, 256, seed=3)
    c = 0.2
    losses = np.stack([np.zeros(len(rows)), rows[:, 0] + rows[:, 1] - 1.0 + c], axis=1)
    for each in information.worths(rows, losses, (0, 1), seed=1):
        assert each.value == pytest.approx((0.5 - c) ** 2 / 2, abs=0.003)
    # Knowing both: E[max(0, 1 − c − (x + y))] = (1 − c)³ / 6.
    assert information.perfect(information.independent(losses, 4)) == pytest.approx((1 - c) ** 3 / 6, abs=0.003)


def test_an_option_that_is_always_best_makes_knowing_worth_nothing() -> None:
    rows, losses = toy(64)
    worse = np.stack([losses[:, 1] - 1.0, losses[:, 1]], axis=1)
    assert information.perfect(worse) == 0.0
    assert [each.value for each in information.worths(rows, worse, range(3), seed=1)] == [0.0, 0.0, 0.0]


def test_what_says_nothing_stands_out_rarely_however_heavy_the_tail() -> None:
    g = np.random.default_rng(3)
    told = 0
    for trial in range(20):
        rows = saltelli(6, 32, seed=trial)
        losses = np.exp(2.0 * g.standard_normal((len(rows), 3)))
        told += any(each.told for each in information.worths(rows, losses, range(6), seed=trial))
    assert told <= 4


def test_what_one_input_does_is_never_taken_for_anothers() -> None:
    """Among 48 columns of 32 points of a Sobol sequence some are all but functions of each other: a fit to the losses
    themselves named an input that does nothing in every trial."""
    for trial in range(5):
        rows = saltelli(24, 32, seed=trial)
        losses = np.stack([np.full(len(rows), 0.5), rows[:, 0]], axis=1)
        assert [each.told for each in information.worths(rows, losses, range(24), seed=trial)] == [True, *[False] * 23]


def test_rows_in_another_order_are_refused() -> None:
    rows, losses = toy(16)
    with pytest.raises(ValueError, match="rows: expected blocks of 5"):
        information.worths(rows[:-1], losses[:-1], range(3), seed=1)
    with pytest.raises(ValueError, match="rows: expected Saltelli's order"):
        information.worths(rows[::-1], losses[::-1], range(3), seed=1)


# Parameters


def test_a_factor_has_its_three_levels_as_ends_and_median() -> None:
    for parameter in SPACE:
        assert parameter.at(parameter.base) == parameter.middle
        assert parameter.at(0.0) == parameter.low
        assert parameter.at(1.0) == parameter.high
    values = [Parameter("x", "share", 0.0, 0.1, 0.5).at((u + 0.5) / 1000) for u in range(1000)]
    assert sum(value < 0.1 for value in values) == 500


def test_a_choice_has_each_value_as_often() -> None:
    doors = SPACE[chosen(SPACE, ("doors.parallel",))[0]]
    values = [doors.at((u + 0.5) / 300) for u in range(300)]
    assert {value: values.count(value) for value in doors.values} == {1.0: 100, 2.0: 100, 3.0: 100}


def test_every_swept_factor_can_be_varied_and_what_has_one_value_cannot() -> None:
    swept = {factor.id for factor in embedded().factor if factor.best != factor.worst}
    assert {parameter.id for parameter in SPACE if not parameter.chosen} == swept
    assert len(VARIED) >= 12
    chosen(SPACE, VARIED)
    for wrong in ("tag.uid-copied", "nonsense"):
        with pytest.raises(SpaceError, match=wrong):
            chosen(SPACE, (wrong,))
    with pytest.raises(SpaceError, match="each once"):
        chosen(SPACE, ("lending", "lending"))


def test_with_more_persons_a_stranger_is_compared_with_more_faces() -> None:
    scenario = embedded()
    share = scenario.value("face.stranger-let-in", "middle")
    twice = settled(scenario, {"doors.persons": 1000.0}, 100_000)
    assert twice.value("face.stranger-let-in", "best") == pytest.approx(1 - (1 - share) ** 2)
    assert twice.doors.repetitions == 20
    assert settled(scenario, {}, 100_001).doors.repetitions == 41


# Points


def test_a_point_is_the_simulation_of_the_doors_at_that_setting() -> None:
    from benchmarks.doors.columns import Run
    from benchmarks.doors.simulate import tallies

    scenario = embedded()
    found = point(shared(scenario, 25_000), base())
    ten = scenario.model_copy(update={"doors": scenario.doors.model_copy(update={"repetitions": 10})})
    for lane, tally in tallies(ten, Run()).items():
        for name in ("legitimate-failures", "attendance-errors", "unauthorised-entries", "late"):
            numerator, denominator = {
                "legitimate-failures": ("failed", "present"),
                "attendance-errors": ("misrecorded", "person_mornings"),
                "unauthorised-entries": ("entered", "tries"),
                "late": ("late", "present"),
            }[name]
            assert outcome(found, lane, name) == tally[numerator].sum() / tally[denominator].sum(), (lane, name)


def test_third_options_do_what_they_say() -> None:
    text = shared(embedded(), 25_000)
    found = point(text, base())
    assert outcome(found, "second-reader", "minutes") < outcome(found, "tag-uid", "minutes")
    assert outcome(found, "second-reader", "unauthorised-entries") == outcome(found, "tag-uid", "unauthorised-entries")
    for option in ("anti-tailgating", "staff-at-peak"):
        assert outcome(found, option, "unauthorised-entries") < outcome(found, "tag-uid", "unauthorised-entries")
    # Where nobody walks in behind others a barrier changes nothing.
    nobody = point(text, moved(tailgating=0.0, following=0.0))
    assert [outcome(nobody, "anti-tailgating", name) for name in OUTCOMES] == [
        outcome(nobody, "tag-uid", name) for name in OUTCOMES
    ]


def test_minutes_count_everybody_who_came_and_whoever_opens_by_hand() -> None:
    text = shared(embedded(), 10_000)
    short, long = (
        outcome(point(text, moved(fallback_time=u)), "tag-uid", "minutes") for u in (0.0, 1.0)
    )  # 10 s and 90 s
    failed = outcome(point(text, base()), "tag-uid", "legitimate-failures")
    # The person and whoever opens each lose as much: 2 × 80 s for each turned away (of those who came, 95 %).
    assert long - short == pytest.approx(1000 * 0.95 * failed * 2 * 80 / 60, rel=0.1)


# Runs


def plain(text: str, row: Row) -> Outcomes:
    return [[len(text) + row[0], None]]


ROWS: tuple[Row, ...] = tuple((index / 7,) for index in range(20))


def test_a_broken_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole, taken = run.run("abc", ROWS, tmp_path / "whole", Here(), task=plain)
    assert taken == 0

    class BrokenOff(Exception):
        pass

    seen = 0

    def breaking(done: int) -> None:
        nonlocal seen
        seen += done
        if seen == 7:
            raise BrokenOff

    with pytest.raises(BrokenOff):
        run.run("abc", ROWS, tmp_path / "broken", Here(), tick=breaking, task=plain)
    kept = tmp_path / "broken" / run.POINTS
    kept.write_text(kept.read_text() + '{"point":7,"outco')  # and a line cut off
    done: list[int] = []
    again, taken = run.run("abc", ROWS, tmp_path / "broken", Here(), resume=True, tick=done.append, task=plain)
    assert taken == 7
    assert done == [7, *[1] * 13]
    assert run.digest(again) == run.digest(whole)
    assert again == whole
    assert len(kept.read_text().splitlines()) == 20


def test_another_plan_isnt_gone_on_with_and_without_resume_it_begins_anew(tmp_path: Path) -> None:
    run.run("abc", ROWS, tmp_path, Here(), task=plain)
    with pytest.raises(run.RunError, match=r"plan\.json: expected the plan of this run, found another"):
        run.run("abcd", ROWS, tmp_path, Here(), resume=True, task=plain)
    with pytest.raises(run.RunError, match="found another"):
        run.run("abc", ROWS[:-1], tmp_path, Here(), resume=True, task=plain)
    results, taken = run.run("abcd", ROWS, tmp_path, Here(), task=plain)
    assert taken == 0
    assert results[0] == [[4.0, None]]


@pytest.mark.parametrize("line", ["rubbish", '{"point":99,"outcomes":[]}', '{"point":1}', "[]"])
def test_a_spoilt_line_is_named(tmp_path: Path, line: str) -> None:
    run.run("abc", ROWS, tmp_path, Here(), task=plain)
    kept = tmp_path / run.POINTS
    kept.write_text(f"{line}\n{kept.read_text()}")
    with pytest.raises(run.RunError, match="line 1: expected a point of this plan"):
        run.run("abc", ROWS, tmp_path, Here(), resume=True, task=plain)


def test_the_design_has_its_parts_in_order_and_depends_on_the_seed_alone() -> None:
    varied = chosen(SPACE, ("tailgating", "lending"))
    axis = chosen(SPACE, ("tag.forgotten",))[0]
    made = design(SPACE, varied, 4, 7, [(axis, (0.0, 0.5, 1.0))])
    assert made == design(SPACE, varied, 4, 7, [(axis, (0.0, 0.5, 1.0))])
    assert made.rows[0] == base()
    assert (made.grid, made.sample, len(made.rows)) == (1 + 2 * len(SPACE), 4 + 2 * len(SPACE), 4 + 2 * len(SPACE) + 16)
    assert made.rows[made.sample :] != design(SPACE, varied, 4, 8, [(axis, (0.0, 0.5, 1.0))]).rows[made.sample :]
    for place in range(len(SPACE)):
        low, high = made.rows[1 + 2 * place : 3 + 2 * place]
        assert SPACE[place].at(low[place]) == SPACE[place].low
        assert SPACE[place].at(high[place]) == SPACE[place].high


# The document and its page


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> document.Sensitivity:
    settings = Settings(
        n=4,
        person_mornings=2_500,
        varied=("tailgating", "tag.forgotten", "face.refused", "doors.parallel"),
        axes=(("tailgating", 3), ("tag.forgotten", 3)),
    )
    return study(embedded(), settings, tmp_path_factory.mktemp("study"), Here())


def test_the_document_holds_to_its_schema_and_comes_back_whole(told: document.Sensitivity, tmp_path: Path) -> None:
    path = tmp_path / "sensitivity.json"
    path.write_text(told.model_dump_json(by_alias=True), encoding="utf-8")
    jsonschema.validate(json.loads(path.read_text()), schema("sensitivity"))
    assert document.read(path) == told
    assert told.grade == "simulated"
    assert {option.id for option in told.options} == set(BY_ID)
    assert set(CANDIDATES) > set(MILDER)


@pytest.mark.parametrize(
    "text", ["", "{}", '{"schema": "threshold/sensitivity/2"}', '{"schema": "threshold/sensitivity/1"}']
)
def test_what_is_no_such_document_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sensitivity.json"
    path.write_text(text)
    with pytest.raises(document.DocumentError, match=r"sensitivity\.json"):
        document.read(path)


def test_the_surface_answers_as_the_simulation_does(told: document.Sensitivity) -> None:
    assert told.surface is not None
    axes = [axis.values for axis in told.surface.axes]
    values = np.array(told.surface.values, np.float64).reshape(3, 3, len(OPTIONS), len(OUTCOMES))
    text = shared(embedded(), 2_500)
    for u, v in ((0.0, 1.0), (0.5, 0.5)):
        where = (SPACE[chosen(SPACE, ("tailgating",))[0]].at(u), SPACE[chosen(SPACE, ("tag.forgotten",))[0]].at(v))
        found = point(text, moved(tailgating=u, tag_forgotten=v))
        wanted = [[row[KEPT.index(name)] for name in OUTCOMES] for row in found]
        assert breakeven.at(axes, values, where) == pytest.approx(np.array(wanted, np.float64), rel=1e-5)


def test_decisions_rank_unknowns_only(told: document.Sensitivity) -> None:
    for decision in told.decisions:
        assert {worth.parameter for worth in decision.worth} == {"tailgating", "tag.forgotten", "face.refused"}
        assert decision.now == min(decision.expected, key=lambda name: decision.expected[name])
        assert decision.perfect >= 0.0


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_everything_in_its_language_and_reaches_nowhere(
    told: document.Sensitivity, language: Any
) -> None:
    page = render(told, language)
    assert f'<html lang="{language}">' in page
    assert "default-src 'none'" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    terms = Terms(language)
    for text in (
        terms.say(
            "None of this was observed at an entrance: it is “what if” inside a model, good for deciding what to "
            "measure, and no evidence of how people behave."
        ),
        terms.term(FACTORS, "tailgating"),
        told.computed.digest,
        told.reproduce,
    ):
        assert str(text) in page
    for outcome in told.outcomes:
        assert page.count(f'id="tornado-table-{outcome}"') == 1
        assert page.count(f'id="map-table-{outcome}"') == 1


def test_the_paragraph_says_at_which_rate_ranks_flip(told: document.Sensitivity) -> None:
    flips = tuple(
        document.Flip(
            outcome="unauthorised-entries",
            parameter="tailgating",
            face="face-1n",
            milder="anti-tailgating",
            at=(at,),
            better_low=better,
        )
        for at, better in ((0.43, "face"),)
    )
    said = " ".join(map(str, View(told.model_copy(update={"flips": flips}), Terms("en")).paragraph()))
    assert "more than 43% of those without right walk in behind someone else, “Tag, with a barrier" in said
    held = " ".join(map(str, View(told.model_copy(update={"flips": ()}), Terms("en")).paragraph()))
    assert "no way changes places" in held
    assert "from 0% to 50%" in held


def test_nothing_that_stands_out_is_never_told_as_nothing_that_matters(told: document.Sensitivity) -> None:
    quiet = tuple(
        decision.model_copy(update={"worth": tuple(each.model_copy(update={"told": False}) for each in decision.worth)})
        for decision in told.decisions
    )
    said = " ".join(map(str, View(told.model_copy(update={"decisions": quiet}), Terms("en")).paragraph()))
    assert "In this sample of 24 settings no single unknown stands out" in said
    assert "show that none matters" in said
    assert "measure" not in said.split("as the one to measure first")[0]


def test_the_paragraph_says_what_the_simulations_own_chance_does(told: document.Sensitivity) -> None:
    assert (told.tries, told.people) == (100, 500)  # one repetition: 5 mornings of 20 tries, 500 persons
    said = " ".join(map(str, View(told, Terms("en")).paragraph()))
    shares = [told.base[name]["unauthorised-entries"] or 0.0 for name in (told.first, told.second)]
    x = round(1000 * max(1.96 * math.sqrt(p * (1 - p) / 100) for p in shares))
    assert f"move the first two figures by about {x} either way" in said
    older = told.model_copy(update={"tries": 0, "people": 0})
    assert "Chance within" not in " ".join(map(str, View(older, Terms("en")).paragraph()))
