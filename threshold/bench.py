"""`threshold bench`: `accuracy`, verification on a listed research set; `core`, what the frame core costs; `lanes`,
all ways in side by side; `rates`, a lane's rates from transactions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from threshold import core, rates
from threshold import lanes as all_lanes
from threshold.output import JSON_HELP, PRIVATE_CLUSTER, PROCESSES, console, emit, progress, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.accuracy import Accuracy

app = typer.Typer(
    help="Benchmarks.",
    epilog="Example: threshold bench accuracy --images lfw --pairs pairs.txt",
    no_args_is_help=True,
)

app.command("core", epilog=core.EXAMPLE)(core.core)
app.command("lanes", epilog=all_lanes.EXAMPLE)(all_lanes.lanes)
app.command("rates", epilog=rates.EXAMPLE)(rates.rates)

MODELS = Annotated[
    Path | None,
    typer.Option("--models", metavar="DIR", help="The folder with the networks' files; else where they are installed."),
]


@app.callback()
def bench() -> None:
    """Benchmarks."""


@app.command(
    epilog="Example: threshold bench accuracy --images lfw --pairs pairs.txt --models models/   "
    "All pairs of some people: threshold bench accuracy --images lfw --not-people peopleDevTrain.txt   "
    "On two processors: threshold bench accuracy --images lfw --processes 2"
)
def accuracy(
    images: Annotated[
        str,
        typer.Option(metavar="SET|PATH", help="A listed research set: its id, folder (one a person) or tar."),
    ],
    pairs: Annotated[
        Path | None, typer.Option(metavar="FILE", help="LFW-style list of pairs; without it all pairs are compared.")
    ] = None,
    people: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Of all pairs only those of these people.")
    ] = None,
    not_people: Annotated[
        Path | None, typer.Option("--not-people", metavar="FILE", help="Of all pairs none of these people's.")
    ] = None,
    detector: Annotated[
        str, typer.Option(metavar="ID", help="As `threshold models list` names it, or bundled.")
    ] = "yunet-2023mar",
    embedder: Annotated[
        str, typer.Option(metavar="ID", help="As `threshold models list` names it, or bundled.")
    ] = "mobilefacenet-foamliu",
    models: MODELS = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A processing record, for pictures that are no listed set.")
    ] = None,
    mirrored: Annotated[bool, typer.Option(help="Add each face's mirror image to its template.")] = True,
    replicates: Annotated[int, typer.Option(min=100, help="Bootstrap replicates for the intervals.")] = 1000,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of a network; else what a race chose on this machine, or 1.")
    ] = None,
    processes: PROCESSES = None,
    cluster: PRIVATE_CLUSTER = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where accuracy.json, det.svg and det.png go.")] = Path(
        "out/accuracy"
    ),
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Measure a detector and an embedder: FTA, FMR, FNMR with intervals, fold accuracy, DET plot, times.

    The numbers are the same wherever templates are computed. Templates are kept nowhere, so there is no --resume: a
    worker that is killed loses nothing, but a run that is itself broken off begins anew.
    """
    if pairs and (people or not_people):
        raise typer.BadParameter("a list of pairs names its people itself: leave out --people and --not-people")
    from dataclasses import replace

    from benchmarks.accuracy import Protocol, measure
    from benchmarks.det import save
    from benchmarks.recipe import Recipe
    from benchmarks.sets import find
    from benchmarks.share import spread
    from benchmarks.spread import place
    from models.registry import Registry
    from policy.archive import Archive
    from policy.gate import Gate
    from policy.record import read
    from threshold.files import write_text
    from threshold.networks import installed

    gate, registry = Gate(), Registry.bundled()
    if record:
        gate.recorded(read(record))
    with Archive(find(images, gate.sets)) as archive:
        # The gate is asked before the networks are looked for: a refusal must not depend on what is installed.
        gate.research(archive, "bench accuracy")
        networks = (
            installed(registry, "detector", detector, models),
            installed(registry, "embedder", embedder, models),
        )
        with place(processes, cluster, real_people=True) as where, progress() as bar:

            def steps(total: int) -> Callable[[], None]:
                task = bar.add_task("pictures", total=total)
                return lambda: bar.advance(task)

            measurement = measure(
                archive,
                Protocol(pairs, people, not_people),
                *networks,
                gate,
                replace(Recipe(), mirrored=mirrored),
                replicates=replicates,
                threads=threads,
                progress=steps,
                spread=spread(where, images, models),
            )
    document = measurement.document
    write_text(out / "accuracy.json", document.model_dump_json(by_alias=True, indent=2) + "\n")
    title = f"{document.research_set.id}: {document.protocol['kind']}"
    for name in ("det.svg", "det.png"):
        save(out / name, [measurement.curve], measurement.marks, title)
    if json:
        emit(document.model_dump(mode="json", by_alias=True))
    else:
        _print(document)
        console().print(f"Written: {out / 'accuracy.json'}, {out / 'det.svg'}, {out / 'det.png'}")


def _print(document: Accuracy) -> None:
    from rich.table import Table

    protocol, time = document.protocol, document.time
    table = Table(title=f"{document.research_set.name}: {protocol['kind']}", title_justify="left", show_header=False)
    table.add_row("networks", " + ".join(network.id for network in document.networks))
    table.add_row("people, pictures", f"{protocol['people']:,}, {protocol['pictures']:,}")
    table.add_row("pairs", f"{protocol['mated_completed']:,} mated, {protocol['nonmated_completed']:,} non-mated")
    fta = document.fta
    table.add_row("FTA", f"{fta.value:.4f} ({fta.numerator} of {fta.denominator:,}), 95 % {_range(fta.interval)}")
    if document.folds:
        folds = document.folds
        table.add_row(
            "accuracy over folds",
            f"{folds['mean']:.4f} ± {folds['standard_deviation']:.4f} (standard deviation), "
            f"± {folds['standard_error']:.4f} (standard error), all {folds['pairs']:,} pairs",
        )
    if document.accuracy:
        right = document.accuracy
        table.add_row(
            "accuracy",
            f"{right.value:.4f} ({right.numerator:,} of {right.denominator:,}), 95 % {_range(right.interval)}; "
            "threshold on the test set",
        )
    for point in document.operating_points:
        table.add_row(
            f"FNMR at FMR {point.target_fmr:g}",
            f"{point.fnmr.value:.4f} ({point.fnmr.numerator} of {point.fnmr.denominator:,}), "
            f"95 % {_range(point.fnmr.interval)}; {point.threshold_fixed} ({point.threshold:.4f})"
            + ("; fewer than 30 errors, a rough guide" if point.few_errors else ""),
        )
    for target in document.unresolved_targets:
        table.add_row(f"FNMR at FMR {target:g}", "not shown: the protocol has fewer non-mated pairs than it takes")
    stages = ", ".join(f"{stage} {ms:.2f}" for stage, ms in time["stage_ms_per_picture"].items())
    table.add_row("time", f"{time['pictures_per_s']:.0f} pictures/s; ms a picture: {stages}")
    table.add_row("peak memory", f"{time['peak_memory_mb']:.0f} MiB")
    if helpers := document.machine.get("helpers"):
        table.add_row(
            "computed by",
            f"{helpers['processes']} other processes on {', '.join(helpers['processors'])}; "
            f"peak memory of one {helpers['peak_memory_mb']:.0f} MiB",
        )
    unknown = [name for name, state in document.overlap.items() if state == "unknown"]
    if unknown:
        table.add_row("overlap", f"not known whether these were trained on people of the set: {', '.join(unknown)}")
    table.add_row("whose pictures", document.research_set.consent)
    table.add_row("legal basis", document.research_set.basis)
    tables().print(table)


def _range(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.4f} to {interval[1]:.4f}"
