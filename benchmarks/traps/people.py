"""Traps in who was measured: adults for children, staff for pupils, yesterday's picture, drawn faces."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.evidence import GRADES, Results
from benchmarks.language import translatable as _
from benchmarks.traps.trap import Caught, faces, mark, ran, refuse

STRANGERS_A_DAY = 5
"""The worked example of evaluation.md §5, trap 8."""
HALF_A_YEAR = 180
"""Children's scores fall significantly from six months between two pictures (Bahmani, Schuckers: arXiv 2204.01760)."""


def base_rate(results: Results) -> Iterator[Caught]:
    """8: how much a rejection says depends on how many strangers come."""
    face = ran(results).get("face-1n")
    if face is None or not {"FPIR", "FNIR"} <= set(face.rates):
        return
    persons, days = int(results.scenario["persons"]), int(results.scenario.get("school_days_per_year") or 0)
    if not days:
        return
    strangers = STRANGERS_A_DAY * days
    missed, let_in = face.rates["FNIR"].interval, face.rates["FPIR"].interval
    # The ends of both intervals, each turned the way that makes the share smallest and largest.
    shares = [
        miss * persons * days / (miss * persons * days + strangers * (1 - passed))
        for miss, passed in zip(missed, let_in, strict=True)
        if miss * persons + 1 - passed > 0
    ]
    if shares:
        yield mark(
            "lanes.face-1n.rates",
            _(
                "With {strangers} strangers a day and these error rates {low} to {high} of all whom the face lane "
                "turns away would be persons who may come in, and {least} to {most} strangers a year would be let in."
            ),
            strangers=STRANGERS_A_DAY,
            low=min(shares),
            high=max(shares),
            least=round(strangers * let_in[0]),
            most=round(strangers * let_in[1]),
        )


def adults_for_children(results: Results) -> Iterator[Caught]:
    """9: never scaled silently."""
    crew = results.crew
    if not faces(results) or crew is None or crew.intended == "adults" or crew.people == "pupils":
        return
    yield mark(
        "crew",
        _(
            "No child was measured. Children are expected to do worse: published rates of children not recognised "
            "are 30 % at a false match rate of 0.0001 (one network, insightface's own test) and 5.1 % at 0.001 after "
            "three years (MagFace, arXiv 2204.01760)."
        ),
    )


def same_day(results: Results) -> Iterator[Caught]:
    """10: an old picture is another matter."""
    crew = results.crew
    if not faces(results) or crew is None:
        return
    if crew.gap_days is None:
        yield mark(
            "crew.gap_days", _("How long lies between enrolment and test isn't known: ageing isn't in the rates.")
        )
    elif crew.gap_days < HALF_A_YEAR:
        yield mark(
            "crew.gap_days",
            _(
                "Enrolment and test lie {days} days apart. Children's faces are known to match worse from six months "
                "on."
            ),
            days=crew.gap_days,
        )


def mixed_gallery(results: Results) -> Iterator[Caught]:
    """11: pupils of one school resemble each other more than strangers from everywhere."""
    if faces(results) and results.crew is not None and results.crew.people not in ("pupils", "staff"):
        yield mark(
            "crew.people",
            _(
                "The enrolled aren't people of one age and place, or siblings. At a school more of them would be "
                "taken for each other: the rate of false matches is a lower bound."
            ),
        )


def synthetic_as_evidence(results: Results) -> Iterator[Caught]:
    """12: drawn faces test software, and no conclusion rests on them."""
    weakest = {rate.grade for result in faces(results).values() for rate in result.rates.values()}
    if "synthetic" not in weakest:
        return
    for number, comparison in enumerate(results.comparisons):
        drawn = comparison.first.startswith("face-") or comparison.second.startswith("face-")
        if drawn and GRADES.index(comparison.difference.grade) < GRADES.index("synthetic"):
            yield refuse(
                f"comparisons.{number}.difference.grade",
                "The face lane saw drawn people, and the difference is graded {grade}. Expected synthetic: a "
                "difference takes the weaker grade.",
                grade=comparison.difference.grade,
            )
    yield mark(
        "lanes", _("The faces are drawn; nobody is pictured. No conclusion about people rests on these figures.")
    )


def trained_crew(results: Results) -> Iterator[Caught]:
    """15: testers aren't a school on a winter morning."""
    crew = results.crew
    if crew is None:
        return
    if crew.people == "staff":
        yield mark("crew.people", _("Those measured are staff, who know the lanes. Expected first-day users, too."))
    elif not crew.first_day and crew.people in ("adults", "pupils"):
        yield mark("crew.first_day", _("Nobody here used the lanes for the first time: practice flatters every lane."))
    if "burst" not in crew.arrivals:
        yield mark("crew.arrivals", _("People come one at a time here; a bus brings many at once."))


def averages(results: Results) -> Iterator[Caught]:
    """19: one pupil turned away every day is a harm at 0.2 %."""
    for lane, result in ran(results).items():
        if result.points and all(point.often_failed is None for point in result.points):
            yield mark(
                f"lanes.{lane}.points",
                _(
                    "How often the same person is turned away isn't told of every lane: an average can hide one who is "
                    "turned away every day."
                ),
            )
            return
