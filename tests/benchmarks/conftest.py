"""A listed set of drawn people: folders of cards that the tiny networks tell apart. No network, no photographs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from markupsafe import Markup

import benchmarks.report
from benchmarks.charts import Chart
from benchmarks.faces import Faces
from benchmarks.recipe import Recipe
from benchmarks.scenario import Scenario, embedded
from models import tiny
from models.registry import Registry
from policy.archive import Archive
from policy.gate import Gate
from policy.research import ResearchSet, set_digest

REGULARS, PICTURES, OTHERS = 12, 5, 40


@dataclass(frozen=True)
class Cards:
    """A set on disk, a gate that lists it, and networks for it."""

    folder: Path
    gate: Gate
    registry: Registry
    models: Path

    def faces(self, archive: Archive) -> Faces:
        return Faces(
            archive,
            self.registry.locate("tiny-detector", self.models),
            self.registry.locate("tiny-embedder", self.models),
            Recipe(least_px=0),  # the tiny detector knows cards of one size
        )


def scene(identity: int, variant: int) -> np.ndarray:
    picture = np.full((160, 160, 3), 128, np.uint8)
    picture[32:128, 32:128] = tiny.card(identity, variant=variant)
    return picture


def listed(folder: Path) -> ResearchSet:
    with Archive(folder) as archive:
        return ResearchSet(
            id="cards",
            name="Drawn cards",
            files=len(archive),
            people=REGULARS + OTHERS,
            digest=set_digest(archive.digests()),
            licence="Apache-2.0",
            publisher="these tests",
            consent="Nobody is pictured.",
            basis="None is needed.",
            layout="PERSON/PERSON_0001.png",
        )


@pytest.fixture(scope="session")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Cards:
    root = tmp_path_factory.mktemp("cards")
    folder, networks = root / "set", root / "models"
    for identity in range(REGULARS + OTHERS):
        who = f"P{identity:02d}"
        (folder / who).mkdir(parents=True)
        for variant in range(PICTURES if identity < REGULARS else 1):
            cv2.imwrite(str(folder / who / f"{who}_{variant + 1:04d}.png"), scene(identity, variant))
    networks.mkdir()
    return Cards(folder, Gate(sets=[listed(folder)]), tiny.make(networks), networks)


@pytest.fixture(scope="session")
def small() -> Scenario:
    return embedded().model_copy(
        update={"persons": 6, "mornings": 3, "enrolment": 2, "strangers": 20, "fpir_target": 0.05}
    )


DRAWN: dict[object, Markup] = {}


@pytest.fixture(autouse=True)
def charts_drawn_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page's charts, nine tenths of its cost, are drawn once a run where they are the same: most tests are about its
    words. Those about charts' bytes ask for `every_chart_drawn`; tests/benchmarks/test_charts.py draws by itself."""
    if "every_chart_drawn" in request.fixturenames:
        return
    draw = benchmarks.report.svg

    def remembered(chart: Chart) -> Markup:
        dots = [dot for group in chart.groups for row in group.rows for dot in row.dots]
        ticks = tuple(chart.tick(value) for dot in dots for value in (dot.low, dot.value, dot.high))
        key = replace(chart, tick=str), ticks, type(chart.title), type(chart.said)
        if key not in DRAWN:
            DRAWN[key] = draw(chart)
        return DRAWN[key]

    monkeypatch.setattr("benchmarks.report.svg", remembered)


@pytest.fixture
def every_chart_drawn() -> None:
    """For a test about charts' bytes: each is drawn."""
