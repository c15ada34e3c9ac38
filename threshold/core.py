"""`threshold bench core`: what the frame core costs a visit, and how long a decision takes, beside plain ways."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from threshold.output import JSON_HELP, console, emit, progress, tables

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = (
    "Example: threshold bench core --source synthetic --peers   "
    "With stronger networks: threshold bench core --source synthetic --peers --models models/ "
    "--detector yunet-2023mar --embedder mobilefacenet-foamliu"
)


class ClipKind(StrEnum):
    """A clip of the synthetic entrance."""

    single = "single"
    bus = "bus"


def core(
    source: Annotated[
        str,
        typer.Option(metavar="FILE|synthetic", help="`synthetic`: drawn people. A file is a camera's: see --record."),
    ] = "synthetic",
    clip: Annotated[
        list[ClipKind] | None, typer.Option(help="One person at a time, or twelve in view; both unless named.")
    ] = None,
    peers: Annotated[
        bool, typer.Option("--peers", help="Beside it the plain OpenCV loop and Frigate's schedule.")
    ] = False,
    full_size: Annotated[
        bool, typer.Option("--full-size", help="With --peers: the plain loop searching whole frames, too. Slow.")
    ] = False,
    pace: Annotated[
        bool, typer.Option(help="Frames come at the clip's rate, as from a camera; else one after another.")
    ] = True,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="So often all loops run in turn; medians are told.")] = 1,
    seconds: Annotated[float, typer.Option(min=5, max=600, help="About how long a clip is.")] = 30.0,
    width: Annotated[int, typer.Option(min=320, max=3840, help="Of a frame, px.")] = 1280,
    height: Annotated[int, typer.Option(min=180, max=2160, help="Of a frame, px.")] = 720,
    rate: Annotated[float, typer.Option(min=5, max=120, help="Frames per second.")] = 30.0,
    detect_px: Annotated[
        int, typer.Option("--detect-px", min=96, max=1920, help="Width of the picture that faces are searched in.")
    ] = 480,
    seed: Annotated[int, typer.Option(min=0, help="Another seed: other people.")] = 0,
    detector: Annotated[str, typer.Option(metavar="ID", help="As `threshold models list` names it, or bundled.")] = (
        "bundled"
    ),
    embedder: Annotated[str, typer.Option(metavar="ID", help="As `threshold models list` names it, or bundled.")] = (
        "bundled"
    ),
    models: Annotated[
        Path | None,
        typer.Option(
            "--models", metavar="DIR", help="The folder with the networks' files; else where they are installed."
        ),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A processing record, for frames that are not drawn.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where clips are kept, and core.json goes.")] = Path(
        "out/core"
    ),
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Measure the frame core: processor time per visit, latency percentiles, drops; with --peers beside plain loops."""
    if width % 2 or height % 2:
        raise typer.BadParameter(f"expected an even width and height, found {width} × {height}")
    if source != "synthetic":
        _ask(source, record)
    from benchmarks.clip import entrance, prepared
    from benchmarks.core import PEERS, document, measure, prepare, settings
    from benchmarks.liveness import plumbing
    from edge.vision import installed_liveness
    from models.registry import Registry
    from threshold.files import write_text
    from threshold.networks import installed

    registry = Registry.bundled()
    networks = installed(registry, "detector", detector, models), installed(registry, "embedder", embedder, models)
    chosen = settings(networks[1].network.id, detect_px)
    told: dict[str, Any] = {}
    with progress() as bar:

        def steps(what: str, total: int) -> Callable[[], None]:
            task = bar.add_task(what, total=total)
            return lambda: bar.advance(task)

        for kind in clip or list(ClipKind):
            drawn = entrance(kind.value, seconds, width, height, rate, seed)
            made = prepared(kind.value, drawn, out / "clips", steps(f"drawing {kind}", len(drawn)))
            bench = prepare(made, *networks, chosen, steps)
            named = (*PEERS, "opencv_loop_full_size") if full_size else PEERS
            told[kind.value] = measure(bench, named if peers else (), pace, steps, rounds)
        liveness = installed_liveness(registry, models)
        plumbed = plumbing(liveness, networks, chosen, out / "clips", steps) if liveness else None
    whole = document(told, networks, chosen, pace, plumbed)
    write_text(out / "core.json", _text(whole))
    if json:
        emit(whole)
    else:
        _print(whole)
        console().print(f"Written: {out / 'core.json'}")


def _ask(source: str, record: Path | None) -> None:
    """A file's frames are a camera's: only a processing record that the gate allows opens an embedder for them."""
    from edge.core.source import SourceError
    from policy.gate import Gate, Refused
    from policy.record import read
    from policy.verdict import Finding, Verdict

    if not Path(source).is_file():
        raise SourceError(f"{source}: expected `synthetic` or a video file, found neither.")
    if record is not None:
        Gate().recorded(read(record))
    raise Refused(
        Verdict.of(
            Finding(
                rule="frames-of-a-camera",
                outcome="refuse",
                citations=("GDPR Art 9(1)", "GDPR Art 6(1)"),
                facts=("pictures.files",),
                missing=("record",),
                message=(
                    f"{source} shows whoever was before a camera: templates of them need a processing record that the "
                    "gate allows (--record FILE). Use --source synthetic."
                ),
                mark="project-rule",
            )
        )
    )


def _text(whole: dict[str, Any]) -> str:
    from json import dumps

    return dumps(whole, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _print(whole: dict[str, Any]) -> None:
    from rich.table import Table

    for name, told in whole["clips"].items():
        size = " × ".join(str(value) for value in told["size"])
        table = Table(
            title=f"{name}: {told['visits']} visits in {told['frames']} frames of {size}, {told['rate']:g} a second",
            title_justify="left",
        )
        for column in (
            "",
            "CPU ms a visit",
            "core costs",
            "p50 / p95 / p99 a frame, ms",
            "right of enrolled",
            "dropped",
        ):
            table.add_column(column)
        for loop, figures in told["loops"].items():
            ratio = told["ratio"].get(f"cpu_per_visit_vs_{loop}")
            step, drops = figures["step"], figures["drops"]
            table.add_row(
                loop.replace("_", " "),
                f"{1000 * figures['cpu_s_per_visit']:.1f}",
                "" if ratio is None else f"{ratio:.3f} of it",
                f"{step['p50_ms']:.2f} / {step['p95_ms']:.2f} / {step['p99_ms']:.2f}" if step else "",
                f"{figures['visits']['right']} of {figures['visits']['enrolled']}",
                "not paced" if drops is None else f"{drops['dropped']} of {drops['arrived']}",
            )
        floor = told["ratio"]["cpu_per_visit_vs_floor"]
        table.add_row("floor", f"{1000 * told['floor_cpu_s_per_visit']:.1f}", f"{floor:.1f} times it", "", "", "")
        tables().print(table)
        latency = told["loops"]["core"]["frame_to_decision"]
        if latency:
            tables().print(
                f"From a frame's arrival to the decision on it, n = {latency['n']}: p50 {latency['p50_ms']:.1f}, "
                f"p95 {latency['p95_ms']:.1f}, p99 {latency['p99_ms']:.1f}, most {latency['max_ms']:.1f} ms."
            )
        empty = told["empty_ms_per_frame"]
        tables().print(
            f"Overhead (neither network nor source) {told['overhead_ms_per_frame']:.2f} ms a frame with someone there"
            + (f"; all of it {empty:.2f} ms a frame with nobody." if empty is not None else ".")
        )
        for why in told["void"]:
            tables().print(f"VOID: {why}.")
    _print_liveness(whole["liveness"])
    tables().print(whole["note"])


def _print_liveness(told: dict[str, Any] | str) -> None:
    if isinstance(told, str):
        tables().print(f"Liveness: {told}. To install it: threshold models fetch minifas-98.20")
        return
    kinds = ", ".join(f"{count['suspected']} of {count['looked_at']} {kind}" for kind, count in told["visits"].items())
    cost = f"; {told['cpu_ms_per_look']:.1f} ms of CPU a look" if told["cpu_ms_per_look"] is not None else ""
    tables().print(f"Liveness, {told['network']}: suspected {kinds}{cost}. {told['note']}")
