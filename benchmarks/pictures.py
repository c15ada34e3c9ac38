"""Which charts a report has, made from its results: one function a picture."""

from __future__ import annotations

from benchmarks.charts import Chart, Dot, Group, Row
from benchmarks.evidence import Comparison, Cost, DoorLane, DoorRun, LaneResult, Point, Quantity, Rate, Results
from benchmarks.terms import LEVELS, PASSAGES, QUANTILES, Terms


def failures(results: Results, terms: Terms) -> Chart:
    """Legitimate failures by lane and level."""
    groups, said = [], []
    for lane, result in _ran(results):
        rows = []
        for point in result.points:
            rate = point.legitimate_failures
            rows.append(Row(terms.term(LEVELS, point.level), (_share(rate, _kind(lane)),)))
            said.append(
                f"{terms.lane(lane)}, {terms.term(LEVELS, point.level)}: {terms.share(rate)} ({terms.share_span(rate)})"
            )
        groups.append(Group(terms.lane(lane), tuple(rows)))
    return Chart(
        name="failures-chart",
        title=terms.say("Legitimate failures by lane and level, with their intervals"),
        said="; ".join(said) + ".",
        axis=terms.say("% of person-mornings"),
        groups=tuple(groups),
        tick=lambda value: terms.number(value, 3, shortest=True),
    )


def difference(results: Results, terms: Terms, outcome: str) -> Chart:
    """The nine paired differences of an outcome, grouped by the face lane's level."""
    chosen = [comparison for comparison in results.comparisons if comparison.outcome == outcome]
    unit = chosen[0].difference.unit
    scale = 100 if unit == "share" else 1
    margin = terms.with_unit(chosen[0].margin, unit)
    groups = []
    for level in dict.fromkeys(comparison.first_level for comparison in chosen):
        rows = [
            Row(
                terms.say("tag {level}", level=terms.term(LEVELS, comparison.second_level)),
                (_dot(comparison.difference, 0, scale),),
            )
            for comparison in chosen
            if comparison.first_level == level
        ]
        groups.append(Group(terms.say("Face {level}", level=terms.term(LEVELS, level)), tuple(rows)))
    title = {
        "legitimate-failures": terms.say("Paired difference of legitimate failures, face − tag, with its margin"),
        "transaction-time-p50": terms.say("Paired difference of median transaction times, face − tag, with its margin"),
    }[outcome]
    return Chart(
        name=f"{outcome}-difference-chart",
        title=title,
        said="; ".join(_said(comparison, terms) for comparison in chosen) + ".",
        axis=terms.say("Face − tag, {unit}", unit=terms.unit(unit)),
        groups=tuple(groups),
        tick=lambda value: terms.number(value, 3, signed=True, shortest=True),
        zero=True,
        band=(scale * chosen[0].margin, terms.say("Margin fixed beforehand: ± {margin}", margin=margin)),
    )


def times(results: Results, terms: Terms) -> Chart:
    """Transaction times by lane and level: median and two high percentiles."""
    groups, said = [], []
    for lane, result in _ran(results):
        rows = []
        for point in result.points:
            quantities = point.transaction_time
            if not quantities:  # too few were let in
                continue
            rows.append(Row(terms.term(LEVELS, point.level), _by_quantile(quantities)))
            said.append(f"{terms.lane(lane)}, {terms.term(LEVELS, point.level)}: {_quantiles_said(quantities, terms)}")
        groups.append(Group(terms.lane(lane), tuple(rows)))
    return Chart(
        name="times-chart",
        title=terms.say("Transaction times by lane and level, with their intervals"),
        said="; ".join(said) + ".",
        axis=terms.say("Seconds from entering the zone to opening"),
        groups=tuple(groups),
        tick=lambda value: terms.number(value, 3, shortest=True),
        kinds=tuple(terms.term(QUANTILES, name) for name in QUANTILES),
    )


def throughput(results: Results, terms: Terms) -> Chart:
    """Persons per minute by lane, level and how long the passage takes."""
    groups, said = [], []
    for lane, result in _ran(results):
        rows = []
        for point, passage, quantity in passages(result):
            label = _setting(point, passage, terms)
            rows.append(Row(label, (_dot(quantity, _kind(lane), 1),)))
            amount = terms.with_unit(quantity.value, quantity.unit)
            said.append(f"{terms.lane(lane)}, {label}: {amount} ({terms.quantity_span(quantity)})")
        groups.append(Group(terms.lane(lane), tuple(rows)))
    return Chart(
        name="throughput-chart",
        title=terms.say("Persons per minute by lane, level and passage, with their intervals"),
        said="; ".join(said) + ".",
        axis=terms.say("Persons per minute, somebody always waiting"),
        groups=tuple(groups),
        tick=lambda value: terms.number(value, 3, shortest=True),
    )


def doors(results: Results, terms: Terms) -> Chart:
    """Persons per minute of every lane at the simulated doors, by level."""
    groups, said = [], []
    for lane, result in results.doors.lanes.items() if results.doors else ():
        rows = []
        for run in levels(result):
            quantity = run.persons_per_minute
            label = terms.term(LEVELS, run.lane_level)
            rows.append(Row(label, (_dot(quantity, _kind(lane), 1),)))
            amount = terms.with_unit(quantity.value, quantity.unit)
            said.append(f"{terms.way_in(lane)}, {label}: {amount} ({terms.quantity_span(quantity)})")
        groups.append(Group(terms.way_in(lane), tuple(rows)))
    return Chart(
        name="doors-chart",
        title=terms.say("Persons per minute of one door, all ways in, with their intervals"),
        said="; ".join(said) + ".",
        axis=terms.say("Persons per minute, somebody always waiting"),
        groups=tuple(groups),
        tick=lambda value: terms.number(value, 3, shortest=True),
    )


def glance(results: Results, terms: Terms) -> Chart:
    """Who is kept out wrongly and who is let in wrongly, every lane: middle level, and a line from best to worst."""
    kinds = (terms.say("kept out wrongly"), terms.say("let in wrongly"))
    rows, said = [], []
    for lane, result in results.doors.lanes.items() if results.doors else ():
        runs = levels(result)
        found = [[run.legitimate_failures for run in runs], [run.unauthorised_entries for run in runs]]
        dots = []
        for kind, (best, middle_, worst) in enumerate(found):
            ends = sorted((100 * best.value, 100 * middle_.value, 100 * worst.value))
            dots.append(Dot(100 * middle_.value, ends[0], ends[-1], kind))
            span = terms.span(terms.share(best), terms.share(worst))
            said.append(f"{terms.way_in(lane)}, {kinds[kind]}: {terms.share(middle_)} ({span})")
        rows.append(Row(terms.way_in(lane), tuple(dots)))
    return Chart(
        name="glance-chart",
        title=terms.say("All ways in: who is kept out wrongly, and who is let in wrongly"),
        said="; ".join(said) + ".",
        axis=terms.say("% of person-mornings, % of tries"),
        groups=(Group("", tuple(rows)),),
        tick=lambda value: terms.number(value, 3, shortest=True),
        kinds=kinds,
    )


def cost(cost: Cost, terms: Terms) -> Chart:
    """What every lane costs over the whole time: mean and 95 % of the draws; face lanes with the other way in."""
    rows, said = [], []
    for lane, one in cost.lanes.items():
        low, high = (end / 1000 for end in one.total.interval)
        label = terms.way_in(lane)
        rows.append(Row(label, (Dot(one.total.value / 1000, low, high, 0 if lane.startswith("face-") else 1),)))
        span = terms.span(terms.number(1000 * low, 0), terms.number(1000 * high, 0))
        said.append(f"{label}: {terms.number(one.total.value, 0)} {cost.currency} ({span})")
    return Chart(
        name="cost-chart",
        title=terms.say("What each way in costs, with 95% of the draws"),
        said="; ".join(said) + ".",
        axis=_thousands(cost, terms),
        groups=(Group("", tuple(rows)),),
        tick=lambda value: terms.number(value, 0),
        kinds=(terms.say("by face, with the other way in"), terms.say("without faces")),
    )


def _thousands(cost: Cost, terms: Terms) -> str:
    """What an axis of costs counts."""
    years = terms.number(cost.years, 1, shortest=True)
    return terms.say("Thousand {currency} over {years} years", currency=cost.currency, years=years)


def swings(cost: Cost, terms: Terms) -> Chart:
    """Which price decides what the first pair's lanes lie apart: the ten that move it most, one at a time."""
    pair = cost.pairs[0]
    rows, said = [], []
    for swing in pair.swings[:10]:
        low, high = sorted(end / 1000 for end in swing.difference)
        label = terms.priced(swing.id)
        rows.append(Row(label, (Dot((low + high) / 2, low, high),)))
        span = terms.span(*(terms.number(end, 0, signed=True) for end in swing.difference))
        said.append(f"{label}: {span}")
    return Chart(
        name="swings-chart",
        title=terms.say("Which price decides"),
        said="; ".join(said) + ".",
        axis=_thousands(cost, terms),
        groups=(Group("", tuple(rows)),),
        tick=lambda value: terms.number(value, 0, signed=True),
        zero=True,
    )


def levels(result: DoorLane) -> list[DoorRun]:
    """A lane's runs at the doors from its best to its worst level, the scene at its middle, fallback aside."""
    found = {run.lane_level: run for run in result.runs if run.scene_level == "middle" and not run.fallback_blocks}
    return [found[level] for level in ("best", "middle", "worst")]


def blocked(result: DoorLane) -> DoorRun:
    """The run in which whoever isn't let in waits in the lane."""
    return next(run for run in result.runs if run.fallback_blocks)


def machine(results: Results, terms: Terms) -> Chart:
    """The machine's time beside the whole transaction, on a logarithmic axis."""
    groups, said = [], []
    for lane, result in _ran(results):
        rows = []
        for label, quantities, scale in (
            (terms.say("machine"), result.machine_time, 1.0),
            (terms.say("in all"), middle(result).transaction_time, 1000.0),
        ):
            if not quantities:
                continue
            rows.append(Row(label, _by_quantile(quantities, scale)))
            said.append(f"{terms.lane(lane)}, {label}: {_quantiles_said(quantities, terms)}")
        groups.append(Group(terms.lane(lane), tuple(rows)))
    return Chart(
        name="machine-chart",
        title=terms.say("The machine's time beside the whole transaction's, by lane"),
        said="; ".join(said) + ".",
        axis=terms.say("Milliseconds; each line ten times the last"),
        groups=tuple(groups),
        tick=lambda value: terms.number(value, 3, shortest=True),
        kinds=tuple(terms.term(QUANTILES, name) for name in QUANTILES),
        logarithmic=True,
    )


def errors(result: LaneResult, terms: Terms) -> Chart:
    """The biometric error rates of a lane."""
    target = result.settings.get("fpir_target")
    return Chart(
        name="errors-chart",
        title=terms.say("Errors of the face part, with their intervals"),
        said="; ".join(
            f"{name}: {terms.percent(rate.value, 2)} ({terms.span(*(terms.percent(end, 2) for end in rate.interval))})"
            for name, rate in result.rates.items()
        )
        + ".",
        axis=terms.say("% of trials"),
        groups=(
            Group(
                terms.say("Face lane"),
                tuple(
                    Row(name, (_share(rate, 0),), 100 * target if target and name == "FPIR" else None)
                    for name, rate in result.rates.items()
                ),
            ),
        ),
        tick=lambda value: terms.number(value, 3, shortest=True),
        target=terms.say("FPIR aimed at: {share}", share=terms.percent(target, 2, shortest=True)) if target else None,
    )


def middle(result: LaneResult) -> Point:
    """A lane's point at the middle level."""
    return next(point for point in result.points if point.level == "middle")


def passages(result: LaneResult) -> list[tuple[Point, str, Quantity]]:
    """A lane's persons per minute: each level, and at the middle one each passage, the middle passage before others."""
    order = ("middle", "best", "worst")
    return [
        (point, passage, point.persons_per_minute[passage])
        for point in result.points
        for passage in order
        if passage in point.persons_per_minute
    ]


def _setting(point: Point, passage: str, terms: Terms) -> str:
    level = terms.term(LEVELS, point.level)
    return level if passage == "middle" else f"{level}, {terms.term(PASSAGES, passage)}"


def _ran(results: Results) -> list[tuple[str, LaneResult]]:
    return [(lane, result) for lane, result in sorted(results.lanes.items()) if result.status == "ran"]


def _kind(lane: str) -> int:
    # A lane looks the same whether or not the other ran.
    return 0 if lane == "face-1n" else 1


def _share(rate: Rate, kind: int) -> Dot:
    return Dot(100 * rate.value, 100 * rate.interval[0], 100 * rate.interval[1], kind)


def _dot(quantity: Quantity, kind: int, scale: float) -> Dot:
    low, high = quantity.interval
    return Dot(scale * quantity.value, scale * low, scale * high, kind)


def _by_quantile(quantities: dict[str, Quantity], scale: float = 1.0) -> tuple[Dot, ...]:
    return tuple(_dot(quantities[name], kind, scale) for kind, name in enumerate(QUANTILES) if name in quantities)


def _quantiles_said(quantities: dict[str, Quantity], terms: Terms) -> str:
    return ", ".join(
        f"{terms.term(QUANTILES, name)} {terms.with_unit(shown.value, shown.unit)} ({terms.quantity_span(shown)})"
        for name, shown in quantities.items()
    )


def _said(comparison: Comparison, terms: Terms) -> str:
    difference = comparison.difference
    pair = terms.say(
        "face {first}, tag {second}",
        first=terms.term(LEVELS, comparison.first_level),
        second=terms.term(LEVELS, comparison.second_level),
    )
    ends = terms.amount_span(difference.interval, difference.unit, signed=True)
    return f"{pair}: {terms.with_unit(difference.value, difference.unit, signed=True)} ({ends})"
