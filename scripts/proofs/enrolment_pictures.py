"""How many pictures a reference wants: drawn people sit down, and are compared with themselves on later days."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from edge.core.evidence import Evidence
from edge.core.source import Drawn
from edge.face import Template
from edge.sitter import Sitter, draw
from edge.sitting import Shot, Sitting, Terms
from edge.vision import open_detector, open_embedder
from models.registry import Registry
from policy.gate import Gate
from policy.synthetic import Claim
from scripts.proofs._data import claim

PEOPLE = int(os.environ.get("THRESHOLD_PROOF_PEOPLE", "40"))
COUNTS = (1, 2, 3, 5, 7)
"""Pictures a reference is made of."""
DAYS = (1, 2, 3, 4)
"""Later sittings, one picture each: other light, glasses, head."""
RATE, LONGEST_S = 5.0, 20.0


def sat(person: int, day: int, pictures: int, sitting: Sitting) -> tuple[Sitter, tuple[Shot, ...]]:
    """A drawn person's pictures of one day."""
    who = Sitter((person,), rate=RATE, seed=day)
    sitting.terms, source = Terms(pictures=pictures), Drawn(who, "BGR")
    sitting.interrupted()
    for _ in range(int(LONGEST_S * RATE)):
        frame = source.read()
        if frame is None:
            break
        sitting.step(frame)
        if sitting.done(frame.time_ns):
            return who, sitting.shots
    return who, sitting.shots


def measure(people: int) -> dict[str, Any]:
    """For each number of pictures: cosines with the person's later pictures and with the nearest other person."""
    registry = Registry.bundled()
    finder = open_detector(registry.locate("bundled-detector"))
    gate = Gate([], render=draw)
    references: dict[int, dict[int, Template]] = {count: {} for count in COUNTS}
    probes: dict[int, list[Template]] = {}
    seconds: dict[int, list[float]] = {count: [] for count in COUNTS}
    agreement: list[float] = []
    incomplete = 0
    for person in range(100, 100 + people):
        days = [sat(person, 0, max(COUNTS), Sitting(finder)), *(sat(person, day, 1, Sitting(finder)) for day in DAYS)]
        if len(days[0][1]) < max(COUNTS):
            incomplete += 1
            continue
        shown = [Claim(shot.number, who, draw(shot.number, who)) for who, shots in days for shot in shots]
        network = open_embedder(
            registry.locate("bundled-embedder"), gate, gate.synthetic(shown, "prove enrolment pictures")
        )
        first, *later = [network.embed([shot.crop for shot in shots]) for _, shots in days]
        shots = days[0][1]
        agreement.append(min(float(first[one] @ first[other]) for one in range(3) for other in range(one)))
        together = Evidence()
        for number, (template, shot) in enumerate(zip(first, shots, strict=True), start=1):
            whole = together.add(template, shot.quality.score)
            if number in COUNTS:
                references[number][person] = whole
                seconds[number].append((shot.time_ns - shots[0].time_ns) / 1e9)
        probes[person] = [templates[0] for templates in later if len(templates)]
    found: dict[str, Any] = {}
    for count in COUNTS:
        own = [float(references[count][person] @ probe) for person, seen in probes.items() for probe in seen]
        other = [
            max(float(reference @ probe) for name, reference in references[count].items() if name != person)
            for person, seen in probes.items() for probe in seen
        ]  # fmt: skip
        found[str(count)] = {
            "own_mean": round(float(np.mean(own)), 4),
            "own_p5": round(float(np.percentile(own, 5)), 4),
            "nearest_other_mean": round(float(np.mean(other)), 4),
            "seconds_between_first_and_last": round(float(np.mean(seconds[count])), 2),
            "comparisons": len(own),
        }
    return {
        "people": people - incomplete,
        "incomplete": incomplete,
        "pictures": found,
        "least_agreement_of_3": round(min(agreement), 4),
    }


def prove() -> dict[str, Any]:
    found = measure(PEOPLE)
    margins = {int(count): one["own_p5"] - one["nearest_other_mean"] for count, one in found["pictures"].items()}
    chosen = Terms().pictures
    return {
        "claims": [
            claim("people measured", found["people"], "> 0", found["people"] > 0),
            claim(
                f"what {max(COUNTS)} pictures gain over {chosen} (5th percentile of one's own cosines, less the mean "
                "of the nearest other's)",
                round(margins[max(COUNTS)] - margins[chosen], 4), None, None,
            ),
            claim(f"what {chosen} gain over 1", round(margins[chosen] - margins[1], 4), None, None),
        ],
        "not_shown": "Anything about people: drawn ones sit still and are lit evenly, and the networks are the small "
        "ones that come with the program.",
        **found,
    }  # fmt: skip
