"""What a verb says: people read stderr's progress and stdout's table, machines read one JSON document on stdout."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

PROCESSES = Annotated[
    int | None, typer.Option("--processes", metavar="N", min=1, max=256, help="Processes of this machine.")
]
CLUSTER = Annotated[
    str | None,
    typer.Option("--cluster", metavar="ADDRESS", help="A Dask scheduler: tcp://HOST:PORT (needs the extra: cluster)."),
]
PRIVATE_CLUSTER = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="A Dask scheduler (needs the extra: cluster). Templates of real people go to tls://HOST:PORT, or to "
        "tcp://127.0.0.1:PORT on one machine, alone: docs/cluster.md.",
    ),
]
JSON_HELP = "One JSON document on stdout; everything else goes to stderr."


def console() -> Console:
    """For logs, progress and notes: stderr, so that stdout stays a document."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def tables() -> Console:
    """For what a person asked to see: stdout."""
    from rich.console import Console

    # A table piped into a file keeps its width instead of the 80 columns that rich would assume.
    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=120)


def progress() -> Progress:
    """A progress bar on stderr; on a terminal it moves, elsewhere rich leaves it out."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console(), transient=True)


def emit(document: Any) -> None:
    """Write `document` as the one JSON document of this run; NaN has no place in evidence and raises ValueError."""
    json.dump(document, sys.stdout, ensure_ascii=False, indent=2, allow_nan=False)
    sys.stdout.write("\n")
