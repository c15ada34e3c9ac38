"""`threshold evaluate`: the main job, face lane and tag lane as programs, all eleven lanes at simulated doors."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from threshold.bench import MODELS
from threshold.output import JSON_HELP, PRIVATE_CLUSTER, PROCESSES, console, emit, progress, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.evidence import Quantity, Rate, Results

EXAMPLE = "Example: threshold evaluate --faces lfw --models models/ --lang sv"


DRAWN, NONE = "drawn", "none"


class Language(StrEnum):
    """The languages of a report."""

    en = "en"
    sv = "sv"
    is_ = "is"


def evaluate(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where results.json, the report and the rows go.")] = Path(
        "out/evaluate"
    ),
    lang: Annotated[Language, typer.Option(help="The report's language.")] = Language.en,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer people: seconds instead of a minute.")] = False,
    faces: Annotated[
        str,
        typer.Option(
            metavar="drawn|SET|PATH|none",
            help="Whom the face lane sees: drawn people, who don't exist, with the networks that come along; a listed "
            "research set (its id, folder or tar); or none: the tag lane alone.",
        ),
    ] = DRAWN,
    models: MODELS = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A processing record, for pictures that are no listed set.")
    ] = None,
    detector: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The detector; bundled for drawn people, yunet-2023mar for a research set."),
    ] = None,
    embedder: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The embedder; bundled, or mobilefacenet-foamliu for a research set."),
    ] = None,
    scenario: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A scenario of one's own in place of the embedded one.")
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Prices (threshold cost --template): costs go into the results.")
    ] = None,
    processes: PROCESSES = None,
    cluster: PRIVATE_CLUSTER = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Run both lanes over the same person-mornings, simulate all eleven, and write results.json and the report.

    By default the face lane sees drawn people, with nothing to download; that shows that everything works, and is no
    evidence about people. With --faces SET it sees photographs, through stronger networks; with --faces none it isn't
    run, and the report says how to run it.

    --processes and --cluster spread the simulation of the doors, and of a research set the templates of references and
    of the strangers that fix the threshold; what a decision takes is timed here, one after another.
    """
    from benchmarks.report import write
    from threshold.cost import priced
    from threshold.files import write_text

    paid = priced(prices) if prices else None  # a mistake in it is told before the long work
    results = run(out, quick, faces, models, record, detector, embedder, scenario, processes, cluster)
    if paid:
        from benchmarks.cost.costed import costed

        results = results.model_copy(update={"cost": costed(results, *paid)})
    write_text(out / "results.json", results.model_dump_json(by_alias=True, indent=2) + "\n")
    write(results, out / "report.html", lang.value)
    on_paper = _on_paper(out / "report.html", out / "report.pdf", results.created)
    if json:
        emit(results.model_dump(mode="json", by_alias=True))
    else:
        _print(results)
    console().print(f"Written: {out / 'results.json'}, {out / 'report.html'}{on_paper}")


def _on_paper(page: Path, path: Path, created: str) -> str:
    """The page as a PDF beside it, where the extra `pdf` is there; what is said of it. Raises PaperError."""
    from importlib.util import find_spec

    from benchmarks.paper import paper
    from threshold.files import write_bytes

    if find_spec("typst") is None:
        there = " The one that lies there is of another run." if path.exists() else ""
        how = "pip install 'threshold\\[pdf]'; make development has it"
        return f". No {path.name}: it needs the extra `pdf` ({how}).{there}"
    write_bytes(path, paper(page.read_text(encoding="utf-8"), created))
    return f", {path}"


def run(
    out: Path,
    quick: bool = False,
    faces: str = DRAWN,
    models: Path | None = None,
    record: Path | None = None,
    detector: str | None = None,
    embedder: str | None = None,
    scenario: Path | None = None,
    processes: int | None = None,
    cluster: str | None = None,
) -> Results:
    """The evaluation with its progress bars; what `threshold demo` also runs when there is nothing to show yet."""
    from contextlib import ExitStack
    from dataclasses import replace

    from benchmarks import scenario as scenarios
    from benchmarks.evaluation import evaluate as measure
    from benchmarks.faces import Faces
    from benchmarks.recipe import Recipe
    from benchmarks.sets import find
    from benchmarks.share import spread
    from benchmarks.spread import place
    from benchmarks.synthetic import SyntheticPeople
    from edge.vision import installed_liveness
    from models.people.render import render
    from models.registry import Registry
    from policy.archive import Archive
    from policy.gate import Gate
    from policy.record import read
    from threshold.networks import installed

    gate = Gate(render=render)
    if record:
        gate.recorded(read(record))
    chosen = scenarios.read(scenario) if scenario else scenarios.embedded()
    with ExitStack() as stack:
        crew = None
        registry = Registry.bundled()
        if faces == DRAWN:
            networks = (
                installed(registry, "detector", detector or "bundled", models),
                installed(registry, "embedder", embedder or "bundled", models),
            )
            better = tuple(registry[each.network.stronger] for each in networks if each.network.stronger)
            crew = Faces(SyntheticPeople(), *networks, Recipe(choice="largest", least_px=0), better)
        elif faces != NONE:
            archive = stack.enter_context(Archive(find(faces, gate.sets)))
            # The gate is asked before the networks are looked for: a refusal must not depend on what is installed.
            gate.research(archive, "evaluate")
            crew = Faces(
                archive,
                installed(registry, "detector", detector or "yunet-2023mar", models),
                installed(registry, "embedder", embedder or "mobilefacenet-foamliu", models),
            )
        # Before the lanes run: an address where nobody answers should be known at once.
        real_people = crew is not None and faces != DRAWN
        where = stack.enter_context(place(processes, cluster, real_people))
        if crew is not None and real_people:
            crew = replace(crew, spread=spread(where, faces, models))
        bar = stack.enter_context(progress())

        def steps(what: str, total: int) -> Callable[[], None]:
            task = bar.add_task(what, total=total)
            return lambda: bar.advance(task)

        return measure(
            chosen.sized(quick, drawn=faces == DRAWN),
            gate,
            out,
            crew,
            reproduce=_command(quick, faces),
            progress=steps,
            liveness=found.network.id if (found := installed_liveness(registry, models)) else None,
            where=where,
        )


def _command(quick: bool, faces: str) -> str:
    """The command to run again; a path of this machine means nothing on another, so the set is named by its id."""
    faces_option = {DRAWN: "", NONE: "--faces none"}.get(faces, "--faces SET --models DIR")
    words = ["threshold evaluate", "--quick" if quick else "", faces_option]
    return " ".join(word for word in words if word)


def _print(results: Results) -> None:
    from rich.table import Table

    from threshold.lanes import show

    table = Table(title="Two lanes as programs, simulated person-mornings (95 % intervals)", title_justify="left")
    for column in ("lane", "level", "legitimate failures, %", "median time to open, s", "persons/min, saturated"):
        table.add_column(column, no_wrap=True)
    for lane, result in results.lanes.items():
        if result.status == "not_run":
            table.add_row(lane, "not run", *[""] * 3)
        for point in result.points:
            table.add_row(
                lane,
                point.level,
                _rate(point.legitimate_failures),
                _quantity(point.transaction_time.get("p50")),
                _quantity(point.persons_per_minute.get("middle")),
            )
    tables().print(table)
    for lane, result in results.lanes.items():
        if result.status == "not_run":
            console().print(f"{lane} was not run. It needs:")
            for need in result.needs:
                console().print(f"  {need}")
    if "synthetic" in {rate.grade for result in results.lanes.values() for rate in result.rates.values()}:
        console().print(
            "The face lane saw drawn people, who don't exist: it works, and that is no evidence about people. "
            "For that: threshold evaluate --faces SET"
        )
    for comparison in results.comparisons:
        if comparison.first_level == comparison.second_level == "middle":
            difference = comparison.difference
            scale, unit = (100, "percentage points") if difference.unit == "share" else (1, difference.unit)
            low, high = (scale * end for end in difference.interval)
            tables().print(
                f"{comparison.first} − {comparison.second}, {comparison.outcome}, both at their middle level: "
                f"{scale * difference.value:+.2f} {unit} (95 %: {low:+.2f} to {high:+.2f}): {comparison.sentence}"
            )
    if results.doors:
        show(results.doors)


def _rate(rate: Rate) -> str:
    low, high = (100 * end for end in rate.interval)
    return f"{100 * rate.value:.1f} ({low:.1f} to {high:.1f})"


def _quantity(quantity: Quantity | None) -> str:
    if quantity is None:
        return "too few opened"
    low, high = quantity.interval
    return f"{quantity.value:.2f} ({low:.2f} to {high:.2f})"
