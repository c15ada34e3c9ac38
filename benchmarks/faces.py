"""The face lane of a scenario: threshold fixed on one crew, everything measured on another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from benchmarks.accuracy import used
from benchmarks.crew import Crew, Crews, FacesError
from benchmarks.mornings import Mornings
from benchmarks.people import ArchivePeople, People
from benchmarks.recipe import Recipe
from benchmarks.rows import Rows
from benchmarks.scenario import Scenario
from benchmarks.session import SESSIONS, Progress, Session, pseudonym, saturated, visit
from benchmarks.share import Spread, gather
from edge.acquire import Missed
from edge.clock import SkippingClock
from edge.embed import unit
from edge.face import Picture, Template
from edge.gallery import Gallery
from edge.identification import FaceIdentification
from edge.lane import Visit, transact
from edge.transaction import Transaction
from edge.vision import open_embedder
from models.registry import Installed, Network
from policy.archive import Archive
from policy.gate import Gate


@dataclass(frozen=True, slots=True)
class Faces:
    """What the face lane needs: people with pictures (a listed set's archive, or synthetic) and two networks."""

    people: Archive | People
    detector: Installed
    embedder: Installed
    recipe: Recipe = field(default_factory=Recipe)
    stronger: tuple[Network, ...] = ()
    """What evidence should use in their place; a report shows it beside them."""
    spread: Spread | None = None
    """Where the templates of a listed set's people are computed that no time is measured of; here, where None."""


class FaceRun:
    """The lane `face-1n` over one crew, its threshold fixed on the other."""

    def __init__(
        self,
        scenario: Scenario,
        mornings: Mornings,
        faces: Faces,
        gate: Gate,
        progress: Progress,
    ) -> None:
        self._scenario, self._mornings, self._gate = scenario, mornings, gate
        self._people: People = ArchivePeople(faces.people) if isinstance(faces.people, Archive) else faces.people
        self._progress = progress
        self._crews: Crews = self._people.crews(scenario)
        networks = (faces.detector.network, faces.embedder.network)
        self._permit, self._overlap = self._people.admit(gate, networks, self._crews)
        self.networks = (*(used(network) for network in networks), *self._people.networks)
        self.sets, self.source, self.grade = self._people.sets, self._people.name, self._people.grade
        recipe = faces.recipe
        self._acquirer = recipe.acquirer(faces.detector)
        self._embedder = open_embedder(faces.embedder, gate, self._permit, mirrored=recipe.mirrored)
        self._recipe = recipe
        self._faces = faces
        self._computed: dict[str, Template | None] = {}

    def run(self, rows: Rows) -> dict[str, Any]:
        """All sessions, then the strangers; returns the lane's settings."""
        scenario, crew = self._scenario, self._crews.evaluation
        self._compute()
        threshold = self._threshold()
        gallery, failed = self._enrol(crew, "enrolment")
        lane = FaceIdentification(self._acquirer, self._embedder, gallery, threshold)
        tick = self._progress("face-1n", len(SESSIONS) * scenario.persons * scenario.mornings + scenario.strangers)
        for session in SESSIONS:

            def coming(person_: int, morning: int, session: Session = session) -> Visit[Picture]:
                picture = self._picture(crew.mornings[person_][morning])
                return visit(self._mornings, session, "face.present", person_, morning, picture)

            rows.extend(saturated(self._mornings, lane, coming, tick))
        rows.extend(self._strangers(crew, lane, tick))
        return {
            "threshold": threshold,
            "threshold_fixed": "on the development crew, which has no person in common with the evaluation crew",
            "gallery": len(gallery),
            "fpir_target": scenario.fpir_target,
            "enrolment_failures": len(failed),
            "attempts": 1,
            "overlap_with_training": self._overlap,
            "recipe": asdict(self._recipe),
            "unable": failed,
            "pictures": self.source,
            "grade": self.grade,
        }

    def _picture(self, name: str) -> Picture:
        return self._people.picture(name)

    def _compute(self) -> None:
        """What no time is measured of, elsewhere: references, and the strangers that fix the threshold. The mornings
        and the strangers of the evaluation stay here, as a decision's time is one machine's."""
        spread, archive = self._faces.spread, self._faces.people
        if spread is None or not isinstance(archive, Archive):
            return
        development, evaluation = self._crews.development, self._crews.evaluation
        enrolled = [name for crew in (development, evaluation) for names in crew.enrolment for name in names]
        names = sorted({*enrolled, *development.strangers})
        tick = self._progress("templates", len(names))
        networks = self._faces.detector, self._faces.embedder
        found, _ = gather(spread, "evaluate", archive, names, *networks, self._recipe, self._gate, self._permit, tick)
        self._computed = dict.fromkeys(found.missed) | dict(zip(found.names, found.templates, strict=True))

    def _template(self, name: str) -> Template | None:
        if name in self._computed:
            return self._computed[name]
        acquired = self._acquirer.acquire(self._picture(name))
        return None if isinstance(acquired, Missed) else self._embedder.embed([acquired.crop])[0]

    def _enrol(self, crew: Crew, what: str) -> tuple[Gallery, list[str]]:
        tick = self._progress(what, len(crew.enrolment))
        references: dict[str, Template] = {}
        for index, names in enumerate(crew.enrolment):
            templates = [template for name in names if (template := self._template(name)) is not None]
            if templates:
                references[pseudonym(index)] = unit(np.sum(templates, axis=0, keepdims=True))[0]
            tick()
        if not references:
            raise FacesError(
                f"{self._people.name}: expected faces to enrol, found none in the pictures of "
                f"{len(crew.enrolment)} people. Is the detector made for pictures like these?"
            )
        failed = [who for index in range(len(crew.enrolment)) if (who := pseudonym(index)) not in references]
        return Gallery(references, self._gate, self._permit), failed

    def _threshold(self) -> float:
        """The lowest threshold at which at most the target's share of the development crew's strangers would open."""
        crew = self._crews.development
        gallery, _ = self._enrol(crew, "enrolment (development)")
        tick = self._progress("strangers (development)", len(crew.strangers))
        scores: list[float] = []
        for name in crew.strangers:
            template = self._template(name)
            scores.append(-1.0 if template is None else gallery.best(template).score)
            tick()
        allowed = int(self._scenario.fpir_target * len(scores))
        # Just above the first score that must not open: a score equal to the threshold opens.
        return float(np.nextafter(np.float32(sorted(scores, reverse=True)[allowed]), np.float32(2.0)))

    def _strangers(self, crew: Crew, lane: FaceIdentification, tick: Callable[[], None]) -> Iterator[Transaction]:
        session = Session("middle", "middle")
        clock = SkippingClock()
        for index, name in enumerate(crew.strangers):
            with clock.paused():
                picture = self._picture(name)
            # A stranger walks as the first person of the crew did that morning; only the decision is read.
            who = index % self._scenario.persons
            yield transact(
                lane,
                Visit(
                    id=f"strangers/x{index:04d}",
                    session="strangers",
                    origin="simulation",
                    subject=f"x{index:04d}",
                    enrolled=False,
                    approach_s=self._mornings.present_s("face.present", who, 0, session.level),
                    passage_s=self._mornings.passage_s(who, 0, session.passage),
                    presentation=picture,
                ),
                clock,
            )
            tick()
