"""Whole visits at the synthetic entrance: people walk up, one frame of each visit is chosen, the face lane decides.

Everything is drawn, so the rates are graded `synthetic`: they say that frames, detector, embedder and gallery work
together, and nothing about people. Which face in a frame is whose is read off the truth that comes with the frame (the
tracker that a camera needs is not part of this); which frame is used isn't.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from benchmarks.synthetic import SyntheticPeople
from edge.acquire import Acquirer, Missed
from edge.align import align
from edge.detect import Detector
from edge.embed import unit
from edge.entrance import Entrance, Frame
from edge.face import Face, Picture, Pixels, Template
from edge.gallery import Gallery
from edge.picture import of_pixels
from edge.vision import open_detector, open_embedder
from edge.walk import Walk
from models.people.render import View, render
from models.registry import Installed
from policy.gate import Gate
from policy.synthetic import Claim

ENROLMENT = 3
"""Pictures a person is enrolled with."""
OVERLAP = 0.4
"""Intersection over union from which a face found is the true one."""
SMALLEST = 24.0
"""Width (px) below which a face is not used."""

CHOSEN = range(1040)
"""Seeds of the people whom the generator's list keeps apart (models/bundled/people.md)."""

Tick = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Visits:
    """Who comes: so many enrolled people, and strangers, each once, seen by a camera of `width` × `height` px.

    They are drawn from `pool` (seeds of people) anew for each `seed`, as are the walks.
    """

    seed: int
    enrolled: int = 200
    strangers: int = 100
    pool: range = CHOSEN
    width: int = 640
    height: int = 360
    rate: float = 4.0

    @property
    def people(self) -> tuple[int, ...]:
        """The enrolled first, then the strangers."""
        drawn = np.random.default_rng([0x766973, self.seed]).permutation(np.array(self.pool))
        return tuple(int(person) for person in drawn[: self.enrolled + self.strangers])

    def is_enrolled(self, person: int) -> bool:
        """Whether the person is one of the enrolled."""
        return person in self.people[: self.enrolled]

    @property
    def entrance(self) -> Entrance:
        """As many frames as it takes for everyone to come."""
        return Entrance(
            self.people, len(self.people), "single", self.width, self.height, self.rate, self.seed, gap_s=(0.5, 1.0)
        )


@dataclass(frozen=True, slots=True)
class Shot:
    """The frame chosen of a visit, its number, and the face in it."""

    person: int
    number: int
    picture: Picture = field(repr=False)
    face: Face = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One visit: the most alike of the enrolled and its cosine; None where no usable face was found."""

    person: int
    enrolled: bool
    found: int | None
    score: float


def draw(seed: int, view: View | Entrance) -> Pixels:
    """What the gate draws again: a person's picture, or the frame number `seed` of an entrance."""
    return view.frame(seed).pixels if isinstance(view, Entrance) else render(seed, view)


def shots(visits: Visits, detectors: Mapping[str, Installed], tick: Tick = lambda: None) -> dict[str, list[Shot]]:
    """Of each visit the frame in which the detector's face is largest, for each detector; visits without one are left
    out. A face that reaches out of the frame is not taken. `tick` is called after each visit."""
    opened = {name: open_detector(installed) for name, installed in detectors.items()}
    entrance = visits.entrance
    chosen: dict[str, list[Shot]] = {name: [] for name in opened}
    for walk in entrance.walks:
        best: dict[str, Shot] = {}
        for number in _numbers(walk, entrance.rate):
            frame = entrance.frame(number)
            picture = of_pixels(frame.pixels, f"frame {number}")
            for name, detector in opened.items():
                face = _own(detector, picture, frame, walk.person)
                if face and (name not in best or face.box.area > best[name].face.box.area):
                    best[name] = Shot(walk.person, number, picture, face)
        for name, shot in best.items():
            chosen[name].append(shot)
        tick()
    return chosen


def _numbers(walk: Walk, rate: float) -> Iterable[int]:
    """The frames from half-way up to the moment the person turns away."""
    begin = walk.start_s + 0.5 * walk.approach_s
    end = walk.start_s + walk.approach_s + walk.stand_s
    return range(int(np.ceil(begin * rate)), int(end * rate) + 1)


def _own(detector: Detector, picture: Picture, frame: Frame, person: int) -> Face | None:
    """The person's own face, if it was found whole and large enough."""
    true = next((seen.box for seen in frame.truth if seen.identity == person), None)
    if true is None:
        return None
    for face in detector.detect(picture):
        if (
            face.box.overlap(true) >= OVERLAP
            and face.box.width >= SMALLEST
            and face.box.inside(picture.width, picture.height) >= 0.95
        ):
            return face
    return None


def outcomes(
    visits: Visits,
    chosen: list[Shot],
    detector: Installed,
    embedder: Installed,
    tick: Tick = lambda: None,
) -> list[Outcome]:
    """Enrol, then compare the shot of each visit with everyone enrolled. `tick` is called after each person.

    The gate draws every picture that a template is made of again, and only then gives its permit.
    Raises policy.gate.Refused, and the errors of the networks' files.
    """
    source = SyntheticPeople(seed=0)
    enrolment = {
        person: [source.view(f"{person}/enrolment-{number}") for number in range(ENROLMENT)]
        for person in visits.people
        if visits.is_enrolled(person)
    }
    gate = Gate(sets=[], render=draw)
    entrance = visits.entrance
    pictures = {
        person: [of_pixels(draw(seed, view), f"{person}") for seed, view in views]
        for person, views in enrolment.items()
    }
    claims = [
        Claim(seed, view, picture.pixels)
        for person, views in enrolment.items()
        for (seed, view), picture in zip(views, pictures[person], strict=True)
    ]
    claims += [Claim(shot.number, entrance, shot.picture.pixels) for shot in chosen]
    permit = gate.synthetic(claims, "evaluate")
    network = open_embedder(embedder, gate, permit)
    acquirer = Acquirer(open_detector(detector))
    references: dict[str, Template] = {}
    for person, shown in pictures.items():
        found = [acquirer.acquire(picture) for picture in shown]
        crops = [acquired.crop for acquired in found if not isinstance(acquired, Missed)]
        if crops:
            references[str(person)] = unit(network.embed(crops).sum(0, keepdims=True))[0]
        tick()
    gallery = Gallery(references, gate, permit)
    of = {shot.person: shot for shot in chosen}
    told = []
    for person in visits.people:
        shot = of.get(person)
        if shot is None:
            told.append(Outcome(person, visits.is_enrolled(person), None, -1.0))
        else:
            candidate = gallery.best(network.embed([align(shot.picture, shot.face)])[0])
            told.append(Outcome(person, visits.is_enrolled(person), int(candidate.subject), candidate.score))
        tick()
    return told


def threshold(told: Iterable[Outcome], target: float) -> float:
    """The lowest threshold at which at most the share `target` of these strangers' visits would open."""
    scores = sorted((one.score for one in told if not one.enrolled), reverse=True)
    return float(np.nextafter(np.float32(scores[int(target * len(scores))]), np.float32(2.0)))


@dataclass(frozen=True, slots=True)
class Counts:
    """Of visits: no usable face (FTA); enrolled people not opened for, or for someone else's name (FNIR, with those
    without a usable face); of these the wrong name; strangers opened for (FPIR)."""

    visits: int
    no_face: int
    enrolled: int
    not_identified: int
    wrong_name: int
    strangers: int
    opened: int


def counts(told: Iterable[Outcome], at: float) -> Counts:
    """The errors at a threshold: a score at or above it opens."""
    rows = list(told)
    enrolled = [one for one in rows if one.enrolled]
    strangers = [one for one in rows if not one.enrolled]
    return Counts(
        visits=len(rows),
        no_face=sum(one.found is None for one in rows),
        enrolled=len(enrolled),
        not_identified=sum(one.score < at or one.found != one.person for one in enrolled),
        wrong_name=sum(one.score >= at and one.found != one.person for one in enrolled),
        strangers=len(strangers),
        opened=sum(one.score >= at for one in strangers),
    )
