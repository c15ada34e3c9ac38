"""The report: one self-contained page that is a view of `results.json`, and of nothing else."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, NoReturn

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmarks import pictures, terms
from benchmarks.charts import Chart, svg
from benchmarks.errors import BenchmarkError
from benchmarks.evidence import SCHEMA, Comparison, DoorComparison, LaneResult, NetworkFigure, Results
from benchmarks.language import LANGUAGES, Language
from benchmarks.necessity import necessity
from benchmarks.paper import paper
from benchmarks.terms import Terms
from benchmarks.traps import TRAPS, caught
from benchmarks.traps.trap import compared
from policy.schema import SchemaError, upgrade

MODELS = ("yunet-2023mar", "mobilefacenet-foamliu")
"""The networks that the report tells people to fetch when the face lane wasn't run."""


class ReportError(BenchmarkError, ValueError):
    """Error raised when results can't be read, shown or written: names file and key, what was expected and found."""


class _Scenario(BaseModel):
    """What the report shows of a scenario."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    title: str
    persons: int
    mornings: int
    strangers: int
    enrolment: int | None = None
    seed: int
    school_days_per_year: int
    fpir_target: float
    time_spread: float
    margins: dict[Literal["legitimate-failures", "transaction-time-p50"], float] = Field(min_length=1)


def read(path: Path) -> Results:
    """Results from a file that `threshold evaluate` wrote. Raises ReportError."""
    try:
        document = json.loads(path.read_bytes(), parse_constant=_no_number)
    except OSError as error:
        raise ReportError(f"{path}: expected results.json, found none that can be read ({error}).") from error
    except (ValueError, RecursionError) as error:
        raise ReportError(
            f"{path}: expected a whole JSON document, found what isn't one or was cut off ({error}). "
            "Run threshold evaluate again."
        ) from error
    try:
        results = Results.model_validate(upgrade(document, "results", str(path)))
    except SchemaError as error:
        raise ReportError(str(error)) from error
    except ValidationError as error:
        _refuse(str(path), error)
    _scenario(results, str(path))
    return results


def write(results: Results, path: Path, language: str) -> None:
    """Render to `path`, whole or not at all. Raises ReportError, also for a language there is no catalogue of, and for
    results that fall into a trap no sentence on the page can mend: each is named."""
    _lint(results, path)
    page = render(results, known(language))
    part: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False, encoding="utf-8"
        ) as file:
            part = Path(file.name)
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)  # a temporary file is its owner's alone; a report is to be read
        part.replace(path)
    except OSError as error:
        if part is not None:
            part.unlink(missing_ok=True)
        raise ReportError(f"{path}: expected a place to write the report to, found none ({error}).") from error


def as_pdf(results: Results, path: Path, language: str) -> bytes:
    """The same page as a tagged PDF; `path` is for errors. Raises ReportError as `write` does, PaperError."""
    _lint(results, path)
    return paper(render(results, known(language)), results.created)


def known(language: str) -> Language:
    """A language that there is a catalogue of. Raises ReportError."""
    for each in LANGUAGES:
        if language == each:
            return each
    raise ReportError(f"language: expected one of {', '.join(LANGUAGES)}, found {language!r}.")


def _lint(results: Results, path: Path) -> None:
    found = [(trap, one) for trap, one in caught(results) if one.weight == "refuse"]
    if found:
        lines = "\n".join(f"  trap {trap.number} ({trap.title}), {one.where}: {one.plainly()}" for trap, one in found)
        raise ReportError(
            f"{path}: no report is written of these results, which mislead:\n{lines}\n"
            "threshold report --explain says what each trap is. Nothing was written."
        )


def render(results: Results, language: Language) -> str:
    """The page. Raises ReportError for results that lack what it shows."""
    words = Terms(language)
    scenario = _scenario(results, "results")
    ran: dict[str, LaneResult] = {
        lane: result for lane, result in sorted(results.lanes.items()) if result.status == "ran"
    }
    page = environment().get_template("report.html")
    text = page.render(
        _=words.say,
        t=words,
        terms=terms,
        code=Markup("<code>{}</code>").format,
        results=results,
        scenario=scenario,
        ran=ran,
        face=ran.get("face-1n"),
        synthetic=_synthetic(ran.get("face-1n")),
        needs=results.lanes["face-1n"].needs if "face-1n" in results.lanes else (),
        models=MODELS,
        beside=_beside(results),
        created=words.moment(results.created),
        need=necessity(results),
        marks=[(trap, found) for trap, found in caught(results) if found.weight == "mark"],
        traps=len(TRAPS),
        attendance=_compared(results, "attendance"),
        unauthorised=_compared(results, "unauthorised"),
        charts={chart.name: svg(chart) for chart in _charts(results, words, ran)},
        few=terms.few,
        few_pairs=lambda compared: any(_few_pair(results, comparison) for comparison in compared),
        middle=pictures.middle,
        passages=pictures.passages,
        door_levels=pictures.levels,
        door_blocked=pictures.blocked,
        door_pairs=_door_pairs(results),
        timed=[
            point.transaction_time["p50"] for lane in ran.values() for point in lane.points if point.transaction_time
        ],
    )
    return text.lstrip()  # macros leave empty lines before the doctype


def _beside(results: Results) -> list[tuple[str, NetworkFigure, NetworkFigure]]:
    """The figures that were measured of this run's networks and of the stronger ones alike."""
    here, there = (
        {figure.id: figure for network in networks for figure in network.figures}
        for networks in (results.networks, results.stronger)
    )
    return [(key, here[key], there[key]) for key in terms.FIGURES if key in here and key in there]


def _charts(results: Results, words: Terms, ran: Mapping[str, LaneResult]) -> list[Chart]:
    drawn = [
        picture(results, words)
        for picture in (pictures.failures, pictures.times, pictures.throughput, pictures.machine)
    ]
    drawn += [
        pictures.difference(results, words, outcome)
        for outcome in dict.fromkeys(comparison.outcome for comparison in results.comparisons)
    ]
    if results.doors:
        drawn += [pictures.glance(results, words), pictures.doors(results, words)]
    if results.cost:
        drawn.append(pictures.cost(results.cost, words))
        if results.cost.pairs and results.cost.pairs[0].swings:
            drawn.append(pictures.swings(results.cost, words))
    face = ran.get("face-1n")
    return [*drawn, pictures.errors(face, words)] if face and face.rates else drawn


def _compared(results: Results, outcome: str) -> bool:
    """Whether a face lane was compared with another in an outcome of that name."""
    return any(each.outcome.startswith(outcome) and each.first.startswith("face-") for each in compared(results))


def _door_pairs(results: Results) -> list[tuple[str, list[tuple[DoorComparison, list[DoorComparison]]]]]:
    """For each pair that the report shows and each outcome: the difference with everything at its middle level, and
    all that there are of it."""
    found = results.doors.comparisons if results.doors else ()
    told = []
    for pair, name in terms.PAIRS.items():
        outcomes: dict[str, list[DoorComparison]] = {}
        for each in found:
            if (each.first, each.second) == pair:
                outcomes.setdefault(each.outcome, []).append(each)
        shown = [
            (each, group)
            for group in outcomes.values()
            for each in group
            if each.first_level == each.second_level == each.scene_level == "middle"
        ]
        if shown:
            told.append((name, shown))
    return told


def _synthetic(face: LaneResult | None) -> bool:
    """Whether the face lane was shown people who don't exist."""
    return face is not None and any(rate.grade == "synthetic" for rate in face.rates.values())


def _few_pair(results: Results, comparison: Comparison) -> bool:
    """Whether a difference of failures stands on fewer errors than the rule of 30 asks for, in either lane."""
    sides = ((comparison.first, comparison.first_level), (comparison.second, comparison.second_level))
    return comparison.outcome == "legitimate-failures" and any(
        terms.few(point.legitimate_failures)
        for lane, level in sides
        for point in results.lanes[lane].points
        if point.level == level
    )


@cache
def environment() -> Environment:
    """The templates of all pages: escaped, and strict about what is missing."""
    # Everything is escaped, whatever a file is called; an absent value is an error and no empty place on the page.
    return Environment(
        loader=PackageLoader("benchmarks"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _scenario(results: Results, name: str) -> _Scenario:
    """The scenario, once all that the page shows beyond what the schema asks for has been found in the results."""
    try:
        scenario = _Scenario.model_validate(results.scenario)
    except ValidationError as error:
        _refuse(name, error, "scenario")
    for lane, result in results.lanes.items():
        if result.status == "ran":
            _whole(lane, result, name)
    if not any(result.status == "ran" for result in results.lanes.values()):
        raise ReportError(f"{name}: key lanes: expected at least one lane that ran, found none.")
    for comparison in results.comparisons:
        if not {comparison.first, comparison.second} <= set(results.lanes):
            raise ReportError(
                f"{name}: key comparisons: expected lanes of these results, found {comparison.first} and "
                f"{comparison.second}."
            )
    try:
        Terms("en").moment(results.created)
    except ValueError as error:
        raise ReportError(f"{name}: key created: expected a time as ISO 8601, found {results.created!r}.") from error
    return scenario


def _whole(lane: str, result: LaneResult, name: str) -> None:
    key = f"lanes.{lane}"
    levels = [point.level for point in result.points]
    if levels != list(terms.LEVELS):
        raise ReportError(f"{name}: key {key}.points: expected the levels {', '.join(terms.LEVELS)}, found {levels}.")
    quantiles = [result.machine_time, *(point.transaction_time for point in result.points)]
    for found in quantiles:
        # A lane that opened for fewer than two persons has no times; one that has some has them all.
        if found and not set(terms.QUANTILES) <= set(found):
            raise ReportError(
                f"{name}: key {key}: expected times with {', '.join(terms.QUANTILES)}, found {sorted(found)}."
            )
    if any(point.transaction_time and "middle" not in point.persons_per_minute for point in result.points):
        raise ReportError(f"{name}: key {key}.points: expected persons_per_minute at the middle passage, found none.")


def _refuse(name: str, error: ValidationError, *above: str) -> NoReturn:
    first = error.errors(include_url=False)[0]
    key = ".".join(map(str, (*above, *first["loc"])))
    more = f" ({error.error_count() - 1} more like it)" if error.error_count() > 1 else ""
    found = "nothing" if first["type"] == "missing" else _short(first["input"])
    raise ReportError(
        f"{name}: key {key}: expected what {SCHEMA} says ({first['msg']}), found {found}{more}."
    ) from error


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number that JSON knows")
