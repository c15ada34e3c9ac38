"""The 24 traps: results that fall into each, and what becomes of their report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from results_example import RECORD, comparison, doors, lane, priced_by_template, quantity, rate, results

from benchmarks.cost.costed import costed
from benchmarks.evidence import Attached, Claim, Crew, Factor, Results
from benchmarks.interval import wilson
from benchmarks.privacy.private import private
from benchmarks.report import ReportError, render, write
from benchmarks.traps import TRAPS, caught

GOOD = results(faces=True)
FACE = GOOD.lanes["face-1n"]


def face(**changes: Any) -> Results:
    """The example with another face lane."""
    return results(faces=True, lanes=dict(GOOD.lanes) | {"face-1n": FACE.model_copy(update=changes)})


def rates(**changes: Any) -> Results:
    kept = {name: one for name, one in FACE.rates.items() if changes.get(name, one) is not None}
    return face(rates=kept | {name: one for name, one in changes.items() if one is not None})


ANSWERED = ("tailgat", "lend", "lent", "sibling", "attack", "outage", "revocation")


def factors(*ids: str) -> Results:
    """The example with none of the factors that traps look for, but those named."""
    plain = tuple(factor for factor in GOOD.factors if not any(word in factor.id for word in ANSWERED))
    extra = tuple(
        Factor(id=name, unit="share", best=0.0, middle=0.1, worst=0.2, source="by hand", published=False)
        for name in ids
    )
    return results(faces=True, factors=(*plain, *extra))


def compared(**changes: Any) -> Results:
    first, *rest = GOOD.comparisons
    return results(faces=True, comparisons=(first.model_copy(update=changes), *rest))


def paired(*pairs: tuple[str, str]) -> Results:
    base = comparison("legitimate-failures", "best", "best", -0.02)
    lanes = dict(GOOD.lanes) | {
        "register": lane("register", (1, 2, 3), 2.0),
        "tag-auth": lane("tag-auth", (1, 2, 3), 1),
    }
    return results(
        faces=True,
        lanes=lanes,
        comparisons=tuple(base.model_copy(update={"first": first, "second": second}) for first, second in pairs),
    )


def priced(key: str, value: Any) -> Results:
    """The example with costs, one of the face lane's changed."""
    full = results(faces=True, doors=doors())
    cost = costed(full, *priced_by_template(), draws=50)
    lanes = dict(cost.lanes) | {"face-1n": cost.lanes["face-1n"].model_copy(update={key: value})}
    return full.model_copy(update={"cost": cost.model_copy(update={"lanes": lanes})})


def test_costs_with_the_other_way_in_take_the_mark_away() -> None:
    full = results(faces=True, doors=doors())
    counted = full.model_copy(update={"cost": costed(full, *priced_by_template(), draws=50)})
    assert 18 in numbers(full, "mark")
    assert 18 not in numbers(counted, "mark") | numbers(counted, "refuse")


def test_a_footprint_after_its_vector_and_its_weights_is_let_through() -> None:
    assert 21 not in numbers(privacy(weights_fixed="2026-03-01T00:00:00+00:00"), "refuse")


def privacy(**changes: Any) -> Results:
    """The example with a privacy vector and its number, changed."""
    later = results(faces=True, created="2026-12-01T00:00:00+00:00")
    found = private(later, RECORD).model_copy(update=changes)
    return GOOD.model_copy(update={"privacy": found})


REFUSED: dict[int, list[Callable[[], Results]]] = {
    1: [lambda: rates(FPIR=None), lambda: rates(FPIR=None, rank1=rate(199, 200))],
    2: [lambda: rates(accuracy=rate(5900, 6000, "technology"))],
    3: [lambda: rates(FTA=None), lambda: rates(FTE=None), lambda: rates(FNIR=rate(2, 150))],
    4: [
        lambda: face(
            points=tuple(
                point.model_copy(
                    update={
                        "persons_per_minute": {"middle": quantity(60e3 / FACE.machine_time["p50"].value, "persons/min")}
                    }
                )
                for point in FACE.points
            )
        ),
        lambda: face(points=tuple(point.model_copy(update={"persons_per_minute": {}}) for point in FACE.points)),
    ],
    5: [lambda: factors("tag.tailgating")],
    6: [lambda: factors("tag.lent")],
    12: [lambda: rates(**{name: one.model_copy(update={"grade": "synthetic"}) for name, one in FACE.rates.items()})],
    13: [
        lambda: face(settings=FACE.settings | {"threshold_fixed": "on the evaluation crew"}),
        lambda: face(settings=FACE.settings | {"threshold_fixed": "at the equal error rate of the development crew"}),
        lambda: face(settings={key: value for key, value in FACE.settings.items() if key != "threshold_fixed"}),
    ],
    14: [
        lambda: rates(MIR=FACE.rates["MIR"].model_copy(update={"interval": (0.0, 0.0)})),
        lambda: rates(FNIR=FACE.rates["FNIR"].model_copy(update={"method": wilson(1, 2).method})),
    ],
    16: [
        lambda: face(
            points=tuple(point.model_copy(update={"legitimate_failures": rate(3, 180)}) for point in FACE.points)
        )
    ],
    17: [lambda: paired(("face-1n", "register")), lambda: paired(("face-1n", "register"), ("face-1n", "tag-uid"))],
    18: [lambda: priced("alternative", None), lambda: priced("terms", {"equipment": 1.0})],
    20: [lambda: rates(FPIR=FACE.rates["FPIR"].model_copy(update={"source": "the vendor's brochure"}))],
    21: [
        lambda: privacy(vector={}),
        lambda: privacy(weights_fixed=None),
        lambda: privacy(weights_fixed="2027-01-01T00:00:00+00:00"),
        lambda: privacy(weights_fixed="2026-03-29T00:00:00-03:00"),
        lambda: privacy(weights_fixed="long ago"),
        lambda: privacy(standing={}),
    ],
    22: [lambda: factors("face.outage.power")],
    23: [
        lambda: compared(sentence="equivalent within the margin"),
        lambda: compared(sentence="better by"),
        lambda: compared(margin=0.0),
    ],
}

MARKED: dict[int, list[Callable[[], Results]]] = {
    1: [lambda: face(settings=FACE.settings | {"gallery": 20})],
    2: [lambda: GOOD],
    5: [factors],
    6: [factors],
    7: [lambda: GOOD, lambda: paired(("face-1n", "tag-uid"))],
    8: [lambda: GOOD],
    9: [lambda: GOOD],
    10: [lambda: GOOD, lambda: results(faces=True, crew=Crew(people="pupils", intended="children", gap_days=3))],
    11: [lambda: GOOD],
    12: [
        lambda: results(
            faces=True,
            lanes=dict(GOOD.lanes) | {"face-1n": FACE.model_copy(update={"rates": _synthetic()})},
            comparisons=tuple(
                one.model_copy(update={"difference": one.difference.model_copy(update={"grade": "synthetic"})})
                for one in GOOD.comparisons
            ),
        )
    ],
    13: [lambda: rates(FPIR=rate(0, 150, "technology"))],
    15: [
        lambda: results(faces=True, crew=Crew(people="staff", intended="children")),
        lambda: results(faces=True, crew=Crew(people="adults", intended="children", arrivals=("burst",))),
        lambda: GOOD,
    ],
    17: [lambda: GOOD],
    18: [lambda: GOOD],
    19: [lambda: GOOD],
    20: [lambda: results(faces=True, claims=(Claim(who="A seller", says="99.5 %", source="a manual"),))],
    22: [factors],
    24: [lambda: GOOD, lambda: results(faces=True, verdict=ATTACHED)],
}

ATTACHED: Attached = Attached(
    record="The school", sha256="ab" * 32, verdict="refuse", profile="se", as_of="2026-01-01", against={"en": ("a: b",)}
)


def _synthetic() -> dict[str, Any]:
    return {name: one.model_copy(update={"grade": "synthetic"}) for name, one in FACE.rates.items()}


def numbers(form: Results, weight: str) -> set[int]:
    return {trap.number for trap, found in caught(form) if found.weight == weight}


def test_there_are_24_and_each_is_tried() -> None:
    assert [trap.number for trap in TRAPS] == list(range(1, 25))
    assert set(REFUSED) | set(MARKED) == set(range(1, 25))


@pytest.mark.parametrize(("number", "make"), [(number, make) for number, makes in REFUSED.items() for make in makes])
def test_a_report_that_falls_into_it_is_not_written(number: int, make: Callable[[], Results], tmp_path: Path) -> None:
    form = make()
    assert number in numbers(form, "refuse")
    with pytest.raises(ReportError, match=rf"trap {number}\b"):
        write(form, tmp_path / "report.html", "en")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("number", "make"), [(number, make) for number, makes in MARKED.items() for make in makes])
@pytest.mark.parametrize("language", ["en", "sv", "is"])
def test_a_report_that_needs_a_mark_carries_it_at_its_top(
    number: int, make: Callable[[], Results], language: Any
) -> None:
    form = make()
    assert number in numbers(form, "mark")
    page = render(form, language)
    top = page.index('id="bear-in-mind"')
    assert top < page.index(f'data-trap="{number}"')
    assert page.index(f'data-trap="{number}"') < page.index('id="n1"')


def test_good_results_are_refused_for_nothing() -> None:
    assert numbers(GOOD, "refuse") == set()
    assert numbers(results(faces=False), "refuse") == set()


def test_what_answers_a_mark_takes_it_away() -> None:
    crew = Crew(people="pupils", intended="children", gap_days=400, first_day=True, arrivals=("single", "burst"))
    allowed = ATTACHED.model_copy(update={"verdict": "allow"})
    full = paired(("face-1n", "tag-uid"), ("face-1n", "register"), ("register", "tag-uid"))
    better = full.model_copy(
        update={
            "crew": crew,
            "verdict": allowed,
            "sets": (),
            "factors": (*factors("tailgating", "tag.lent", "face.sibling", "outage.power").factors,),
        }
    )
    assert numbers(better, "refuse") == set()
    assert numbers(better, "mark").isdisjoint({2, 5, 6, 9, 10, 11, 15, 17, 22, 24})


def test_every_sentence_takes_its_values() -> None:
    for makes in (*REFUSED.values(), *MARKED.values()):
        for make in makes:
            for _, found in caught(make()):
                assert "{" not in found.plainly()
