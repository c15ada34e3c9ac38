"""Scenarios: read whole, with every factor's source, or refused with the key named."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from benchmarks.scenario import FACTORS, ScenarioError, embedded, parse, read

TEXT = (files("benchmarks") / "scenarios" / "embedded.toml").read_text(encoding="utf-8")


def test_the_embedded_scenario_has_every_factor_with_a_source() -> None:
    scenario = embedded()
    assert {factor.id for factor in scenario.factor} == set(FACTORS)
    assert all(len(factor.source) > 40 for factor in scenario.factor)


def test_what_is_not_published_says_so_in_its_source() -> None:
    for factor in embedded().factor:
        assert factor.published or "No published" in factor.source


def test_levels_go_from_best_to_worst() -> None:
    for factor in embedded().factor:
        levels = [factor.best, factor.middle, factor.worst]
        # A finder who comes late finds what was lost blocked: more hours are better.
        assert levels == sorted(levels, reverse=factor.id == "found.hours"), factor.id


def test_what_has_no_sure_source_is_swept_and_never_set() -> None:
    for factor in embedded().factor:
        assert factor.status is not None
        if factor.status in ("assumption", "unverified"):
            assert factor.best != factor.worst, factor.id


def test_a_lane_moves_with_its_own_level_and_the_scene_with_its_own() -> None:
    scenario = embedded()
    values = scenario.values("best", "worst")
    assert values["tag.forgotten"] == scenario.value("tag.forgotten", "best")
    assert values["tailgating"] == scenario.value("tailgating", "worst")
    assert values["passage"] == scenario.value("passage", "worst")


def test_quick_is_smaller_and_otherwise_the_same() -> None:
    whole, quick = embedded(), embedded().sized(quick=True)
    assert quick.persons < whole.persons
    assert quick.factor == whole.factor
    assert quick.margins == whole.margins


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("persons = 100", "persons = 1"), "persons"),
        (("persons = 100", "people = 100"), "people"),
        (('id = "tag.lost"', 'id = "tag.eaten"'), "tag.lost"),
        (("fpir_target = 0.003", "fpir_target = 3"), "fpir_target"),
        (("seed = 20190724", "seed = "), "embedded.toml"),
        (("persons = 500", "persons = 1"), r"line \d+, key doors\.persons"),
        (("late = 0.01\n", ""), "doors.*late"),
        (("peak_minutes = 15", "peak_minutes = 45"), "peak_minutes within window_minutes"),
        (('id = "following"', 'id = "tailgating"'), "expected 'tailgating' once"),
        (("worst = 0.05\nsource", "worst = 1.05\nsource"), r"key factor\.0\.worst: .* found 1\.05"),
        (
            ("best = 0.1\nmiddle = 0.3\nworst = 0.5", "best = 0.1\nmiddle = 0.3\nworst = 1.0"),
            "from 0 to 0.99 for 'retry.c",
        ),
        (("worst = 5.0\n", "worst = 11.0\n"), "from 0 to 10 for 'tag.days-until-replaced', found 11"),
        (("worst = 90.0", "worst = inf"), "a finite number of 0 or more for 'fallback.time', found inf"),
        (("worst = 90.0", "worst = nan"), "for 'fallback.time', found nan"),
        (('status = "assumption"\n', ""), r"key factor\.0\.status"),
        (("best = 0.005\nmiddle = 0.02\nworst = 0.05", "value = 0.02"), "swept, never set"),
        (("best = 0.005\nmiddle = 0.02", "value = 0.02\nmiddle = 0.02"), "either value or best, middle and worst"),
        (('published = false\nstatus = "assumption"', 'published = true\nstatus = "assumption"'), "published = false"),
    ],
)
def test_a_wrong_scenario_is_refused_by_name(change: tuple[str, str], named: str) -> None:
    assert change[0] in TEXT
    with pytest.raises(ScenarioError, match=named):
        parse(TEXT.replace(*change), "embedded.toml")


def test_every_mistake_is_told_with_the_line_it_stands_on() -> None:
    lines = TEXT.splitlines()
    wrong = TEXT.replace("attempts = 3", "attempts = 0").replace('id = "lending"\n', 'id = "lending"\nids = 3\n')
    with pytest.raises(ScenarioError) as told:
        parse(wrong, "mine.toml")
    attempts = lines.index("attempts = 3") + 1
    added = lines.index('id = "lending"') + 2
    assert f"mine.toml, line {attempts}, key doors.attempts" in str(told.value)
    assert f"mine.toml, line {added}, key factor." in str(told.value)


def test_the_table_in_the_docs_is_the_scenarios() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "lanes.md").read_text(encoding="utf-8")
    for factor in embedded().factor:
        levels = " | ".join(f"{value:g}" for value in (factor.best, factor.middle, factor.worst))
        assert f"| `{factor.id}`, {factor.unit} | {levels} | {factor.status} |" in text


def test_a_scenario_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"none\.toml"):
        read(tmp_path / "none.toml")
