"""The face lane over synthetic people: who is who, through the gate, graded synthetic."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support import MODELS, needs_models

from benchmarks.evaluation import evaluate
from benchmarks.faces import Faces
from benchmarks.scenario import Scenario
from benchmarks.synthetic import SyntheticPeople
from models.people.render import render
from models.registry import Registry
from policy.gate import Gate, Refused


@pytest.fixture
def few(small: Scenario) -> Scenario:
    return small.model_copy(update={"persons": 3, "mornings": 2, "enrolment": 1, "strangers": 2, "fpir_target": 0.5})


def test_nobody_is_in_both_crews_or_twice(small):
    crews = SyntheticPeople().crews(small)
    seen = [
        {SyntheticPeople().view(name)[0] for names in crew.enrolment for name in names}
        | {SyntheticPeople().view(name)[0] for name in crew.strangers}
        for crew in (crews.development, crews.evaluation)
    ]
    assert not seen[0] & seen[1]
    for crew, people in zip((crews.development, crews.evaluation), seen, strict=True):
        assert len(people) == small.persons + small.strangers
        for enrolled, mornings in zip(crew.enrolment, crew.mornings, strict=True):
            assert (len(enrolled), len(mornings)) == (small.enrolment, small.mornings)
            assert len({SyntheticPeople().view(name)[0] for name in (*enrolled, *mornings)}) == 1


def test_other_seeds_are_other_people():
    assert SyntheticPeople(seed=1).view("5/morning-0")[0] != SyntheticPeople().view("5/morning-0")[0]


def test_mornings_differ_and_a_picture_is_always_the_same():
    people = SyntheticPeople()
    assert people.picture("5/morning-0").digest == people.picture("5/morning-0").digest
    assert len({people.picture(f"5/morning-{n}").digest for n in range(4)}) == 4


def test_the_gate_permits_every_picture_of_the_crews_and_no_other(few):
    people, gate = SyntheticPeople(), Gate([], render=render)
    chosen = people.crews(few)
    permit, overlap = people.admit(gate, (), chosen)
    assert (permit.kind, overlap) == ("synthetic", {})
    # Of the development crew nobody comes in the mornings.
    for crew in (replace(chosen.development, mornings=()), chosen.evaluation):
        for name in (*crew.strangers, *(name for names in (*crew.enrolment, *crew.mornings) for name in names)):
            gate.require(permit, "template", people.picture(name).digest)
    with pytest.raises(Refused):
        gate.require(permit, "template", people.picture("999/morning-0").digest)


def test_without_a_renderer_the_gate_refuses(few):
    people = SyntheticPeople()
    with pytest.raises(Refused, match="nothing to draw synthetic people with"):
        people.admit(Gate([]), (), people.crews(few))


@needs_models
def test_every_rate_is_graded_synthetic_and_nothing_is_shown(few, tmp_path: Path):
    scenario = few.model_copy(update={"persons": 8, "strangers": 12})
    registry = Registry.bundled()
    faces = Faces(
        SyntheticPeople(), registry.locate("yunet-2023mar", MODELS), registry.locate("mobilefacenet-foamliu", MODELS)
    )
    results = evaluate(scenario, Gate([], render=render), tmp_path, faces)
    lane = results.lanes["face-1n"]
    assert {rate.grade for rate in lane.rates.values()} == {"synthetic"}
    assert {rate.source for rate in lane.rates.values()} == {"synthetic people"}
    assert lane.rates["FTA"].value < 0.2
    assert lane.rates["FNIR"].value < 0.2
    assert {comparison.difference.grade for comparison in results.comparisons} == {"synthetic"}
    assert {comparison.sentence for comparison in results.comparisons} == {"not shown (simulated)"}
    assert results.sets == ()
    assert "people-not-asked" not in {limit["id"] for limit in results.cannot_show}
