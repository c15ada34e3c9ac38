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
    assert all(factor.best <= factor.middle <= factor.worst for factor in embedded().factor)


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
    ],
)
def test_a_wrong_scenario_is_refused_by_name(change: tuple[str, str], named: str) -> None:
    assert change[0] in TEXT
    with pytest.raises(ScenarioError, match=named):
        parse(TEXT.replace(*change), "embedded.toml")


def test_a_scenario_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"none\.toml"):
        read(tmp_path / "none.toml")
