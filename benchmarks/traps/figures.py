"""Traps in a figure itself: which rate, of how many, read off what."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.evidence import HIGHER_IS_BETTER, Rate, Results, sentence
from benchmarks.interval import Interval
from benchmarks.language import translatable as _
from benchmarks.traps.trap import Caught, compared, faces, mark, ran, refuse

CLOSED = ("rank", "cmc", "identification-rate", "tpir")
OF_A_BENCHMARK = ("accuracy", "10-fold", "view 2", "view2")
BY_SUBJECT = ("subject", "person", "two-way", "effective")
"""Words of the methods that know who gave a trial."""
DEVELOPMENT = ("development", "other people")
MACHINE_ONLY = 0.02
"""Persons per minute so near to 60 s over the machine's time alone can have been made of nothing else."""


def closed_set(results: Results) -> Iterator[Caught]:
    """1: strangers exist."""
    for lane, result in ran(results).items():
        closed = [name for name in result.rates if name.lower().startswith(CLOSED)]
        if closed and "FPIR" not in result.rates:
            yield refuse(
                f"lanes.{lane}.rates",
                "{names} is a rate among enrolled persons only. Expected FPIR beside it: strangers come to a door.",
                names=", ".join(closed),
            )
    if "face-1n" not in ran(results):
        return
    face = results.lanes["face-1n"]
    if "FPIR" not in face.rates:
        yield refuse(
            "lanes.face-1n.rates", "Expected FPIR, as strangers come to an open door, found no rate of that name."
        )
    gallery, persons = face.settings.get("gallery"), results.scenario.get("persons")
    if isinstance(gallery, int) and isinstance(persons, int) and gallery < 0.9 * persons:
        yield mark(
            "lanes.face-1n.settings.gallery",
            _("FPIR was measured with {gallery} enrolled, the scenario has {persons}: with more it is higher."),
            gallery=gallery,
            persons=persons,
        )


def benchmark_for_a_door(results: Results) -> Iterator[Caught]:
    """2: accuracy on listed pairs isn't a door's."""
    for lane, result in ran(results).items():
        for name, rate in result.rates.items():
            if any(word in f"{name} {rate.source} {rate.method}".lower() for word in OF_A_BENCHMARK):
                yield refuse(
                    f"lanes.{lane}.rates.{name}",
                    "{name} is a figure of a benchmark's pairs, found among the rates of a lane. Expected it "
                    "beside the network it belongs to.",
                    name=name,
                )
    for used in results.sets:
        yield mark(
            "sets",
            _("The faces are those of {name}: portraits of a research set, not people at a door."),
            name=used.name,
        )


def failures_dropped(results: Results) -> Iterator[Caught]:
    """3: failures to enrol and to acquire belong beside every rate."""
    for lane, result in faces(results).items():
        lacking = [name for name in ("FTE", "FTA") if name not in result.rates]
        if lacking:
            yield refuse(
                f"lanes.{lane}.rates",
                "Expected FTE and FTA beside the error rates of a face lane, found no {names}.",
                names=", ".join(lacking),
            )
        elif "FNIR" in result.rates:
            tried, lost = result.rates["FTA"].denominator, result.rates["FTA"].numerator
            searched = result.rates["FNIR"].denominator
            if searched not in (tried - lost, tried):
                yield refuse(
                    f"lanes.{lane}.rates.FNIR",
                    "Expected FNIR over all {tried} presentations or over those with a usable face ({usable}), "
                    "found {searched}: some were dropped.",
                    tried=tried,
                    usable=tried - lost,
                    searched=searched,
                )


def verification_time(results: Results) -> Iterator[Caught]:
    """4: the time of a comparison isn't throughput."""
    for lane, result in ran(results).items():
        machine = result.machine_time.get("p50")
        for point in result.points:
            for passage, quantity in point.persons_per_minute.items():
                if machine and abs(quantity.value * machine.value / 60e3 - 1) < MACHINE_ONLY:
                    yield refuse(
                        f"lanes.{lane}.points.{point.level}.persons_per_minute.{passage}",
                        "{value} persons a minute is 60 s over the machine's own time. Expected 60 s over the mean "
                        "headway between crossings.",
                        value=quantity.value,
                    )
        if machine and not any(point.persons_per_minute for point in result.points):
            yield refuse(
                f"lanes.{lane}",
                "Expected persons per minute, from the headway, beside the machine's time, found the machine's "
                "time alone.",
            )


def threshold_on_the_test_set(results: Results) -> Iterator[Caught]:
    """13: where the threshold comes from, and rates below what the trials can show."""
    for lane, result in faces(results).items():
        if "threshold" not in result.settings:
            continue
        fixed = str(result.settings.get("threshold_fixed", ""))
        if not any(word in fixed for word in DEVELOPMENT) or "equal error" in fixed or "EER" in fixed:
            yield refuse(
                f"lanes.{lane}.settings.threshold_fixed",
                "Expected a threshold fixed on other people than it is tested on, for a stated error rate, found: "
                "{found}.",
                found=fixed or "nothing",
            )
        target, rate = result.settings.get("fpir_target"), result.rates.get("FPIR")
        if isinstance(target, float) and rate is not None and rate.denominator * target < 3:
            yield mark(
                f"lanes.{lane}.rates.FPIR",
                _(
                    "{trials} strangers can't show an FPIR of {target}: without a single error the bound would be "
                    "{bound}."
                ),
                trials=rate.denominator,
                target=target,
                bound=3 / rate.denominator,
            )


def attempts_as_independent(results: Results) -> Iterator[Caught]:
    """14: twenty mornings aren't twenty persons, and no error isn't certainty."""
    for where, rate, persons in _rates(results):
        if rate.denominator and rate.interval[0] == rate.interval[1]:
            yield refuse(
                where,
                "Expected an interval that says how much {errors} errors in {trials} trials can mean, found one of "
                "no width.",
                errors=rate.numerator,
                trials=rate.denominator,
            )
        elif persons and rate.denominator > persons and not any(word in rate.method for word in BY_SUBJECT):
            yield refuse(
                where,
                "{trials} trials come from {persons} persons. Expected an interval that resamples or counts "
                "persons, found the method: {method}.",
                trials=rate.denominator,
                persons=persons,
                method=rate.method,
            )


def silence_as_equality(results: Results) -> Iterator[Caught]:
    """23: a sentence follows from interval, margin and grade, and from nothing else."""
    for number, comparison in enumerate(compared(results)):
        found = comparison.difference
        sign = -1.0 if comparison.outcome in HIGHER_IS_BETTER else 1.0
        low, high = sorted(sign * end for end in found.interval)
        interval = Interval(low, high, found.level, found.method)
        if comparison.margin <= 0:
            yield refuse(f"comparisons.{number}.margin", "Expected a margin above 0, fixed beforehand, found none.")
        elif (follows := sentence(interval, comparison.margin, found.grade)) != comparison.sentence:
            yield refuse(
                f"comparisons.{number}.sentence",
                "Expected “{follows}”, which is what interval, margin and grade allow, found “{found}”.",
                follows=follows,
                found=comparison.sentence,
            )


def _rates(results: Results) -> Iterator[tuple[str, Rate, int]]:
    """All rates of lanes with how many persons gave their trials; 0 where a trial is a person, or it isn't known."""
    persons = int(results.scenario.get("persons") or 0)
    for lane, result in ran(results).items():
        for point in result.points:
            yield f"lanes.{lane}.points.{point.level}.legitimate_failures", point.legitimate_failures, persons
        for name, rate in result.rates.items():
            # Strangers come once each.
            yield f"lanes.{lane}.rates.{name}", rate, 0 if name in ("FTE", "FPIR") else persons
