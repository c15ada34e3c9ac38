"""The page of a pilot: a view of what was counted, for people who decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from markupsafe import Markup

from benchmarks import terms as names
from benchmarks.charts import Chart, Dot, Group, Row, svg
from benchmarks.evidence import Rate
from benchmarks.language import Language
from benchmarks.pilot.outcome import Compared, Pilot, PilotLane, networks
from benchmarks.pilot.page import matches
from benchmarks.pilot.shows import Shows
from benchmarks.report import environment
from benchmarks.terms import MEASURES, QUANTILES, Terms, few
from edge.transaction import Lane

COMMAND = "threshold report --pilot"


def render(pilot: Pilot, language: Language) -> str:
    """The page."""
    words = Terms(language)
    measures = list(dict.fromkeys(each.measure for each in pilot.compared))
    charts = [_gains(words, measure, [one for one in pilot.compared if one.measure == measure]) for measure in measures]
    charts.append(_failures(words, pilot))
    timed = any(one.rates.users.time for one in pilot.lanes.values())
    if timed:
        charts.append(_times(words, pilot))
    return (
        environment()
        .get_template("pilot-report.html")
        .render(
            _=words.say,
            t=words,
            terms=names,
            code=Markup("<code>{}</code>").format,
            pilot=pilot,
            results={"reproduce": COMMAND, "verdict": pilot.verdict},
            measures=measures,
            methods=list(dict.fromkeys(each.difference.method for each in pilot.compared)),
            charts={chart.name: svg(chart) for chart in charts},
            few=few,
            rates=[told for lane, one in pilot.lanes.items() for told in _rates(lane, one)],
            timed=timed,
            observed=any(one.observed for one in pilot.lanes.values()),
            settings=_settings(pilot),
            networks=sorted(networks(pilot.devices).items()),
            enough=matches(Shows(persons=pilot.persons, each=1, lanes=len(pilot.lanes)), words),
        )
        .lstrip()
    )


def _rates(lane: Lane, one: PilotLane) -> list[tuple[Lane, str, Rate]]:
    rates = one.rates
    told = (("FTE", rates.fte), ("FTA", rates.fta), ("FNIR", rates.fnir), ("MIR", rates.misidentification),
            ("FPIR", rates.fpir))  # fmt: skip
    return [
        (lane, name, rate) for name, rate in told if rate is not None and (lane.startswith("face-") or name == "FPIR")
    ]


def _settings(pilot: Pilot) -> list[tuple[Lane, float | None, float | None, int]]:
    """Each setting of each lane, and in how many sessions it was so."""
    counted = Counter((one.lane, one.threshold, one.window_s) for note in pilot.devices for one in note.lanes)
    return [(*key, count) for key, count in sorted(counted.items(), key=lambda each: repr(each[0]))]


def _gains(words: Terms, measure: str, each: Sequence[Compared]) -> Chart:
    """The differences of a measure, with the margin where all have the same."""
    unit = each[0].difference.unit
    scale = 100 if unit == "share" else 1
    margins = {one.margin for one in each}
    rows, said = [], []
    for one in each:
        low, high = one.difference.interval
        rows.append(Row(words.way_in(one.other), (Dot(scale * one.difference.value, scale * low, scale * high),)))
        span = words.amount_span(one.difference.interval, unit, signed=True)
        said.append(f"{words.way_in(one.other)}: {words.with_unit(one.difference.value, unit, signed=True)} ({span})")
    margin = words.with_unit(each[0].margin, unit)
    return Chart(
        name=f"gain-{measure}-chart",
        title=words.term(MEASURES, measure),
        said="; ".join(said) + ".",
        axis=words.say("Face − the other, {unit}", unit=words.unit(unit)),
        groups=(Group(words.term(MEASURES, measure), tuple(rows)),),
        tick=lambda value: words.number(value, 3, signed=True, shortest=True),
        zero=True,
        band=(scale * each[0].margin, words.say("Margin fixed beforehand: ± {margin}", margin=margin))
        if len(margins) == 1
        else None,
    )


def _failures(words: Terms, pilot: Pilot) -> Chart:
    kinds = (words.say("all of them"), words.say("those who can use it"))
    rows, said = [], []
    for lane, one in pilot.lanes.items():
        dots = []
        for kind, served in enumerate((one.rates.assigned, one.rates.users)):
            rate = served.failures
            if rate is None:
                continue
            dots.append(Dot(100 * rate.value, 100 * rate.interval[0], 100 * rate.interval[1], kind))
            said.append(f"{words.way_in(lane)}, {kinds[kind]}: {words.share(rate)} ({words.share_span(rate)})")
        rows.append(Row(words.way_in(lane), tuple(dots)))
    return Chart(
        name="failures-chart",
        title=words.say("Turned away, by way in"),
        said="; ".join(said) + ".",
        axis=words.say("% of transactions"),
        groups=(Group("", tuple(rows)),),
        tick=lambda value: words.number(value, 3, shortest=True),
        kinds=kinds,
    )


def _times(words: Terms, pilot: Pilot) -> Chart:
    rows, said = [], []
    for lane, one in pilot.lanes.items():
        dots = []
        for kind, name in enumerate(QUANTILES):
            time = one.rates.users.time.get(name)
            if time is None:
                continue
            dots.append(Dot(time.value, *time.interval, kind))
            told = f"{words.with_unit(time.value, 's')} ({words.quantity_span(time)})"
            said.append(f"{words.way_in(lane)}, {words.term(QUANTILES, name)}: {told}")
        if dots:
            rows.append(Row(words.way_in(lane), tuple(dots)))
    return Chart(
        name="times-chart",
        title=words.say("Seconds until the door opened, by way in"),
        said="; ".join(said) + ".",
        axis=words.say("Seconds from entering the zone to opening"),
        groups=(Group("", tuple(rows)),),
        tick=lambda value: words.number(value, 3, shortest=True),
        kinds=tuple(words.term(QUANTILES, name) for name in QUANTILES),
    )
