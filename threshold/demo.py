"""`threshold demo`: the finished report and the transactions it stands on, as a page on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from threshold.output import console

if TYPE_CHECKING:
    from fastapi import FastAPI

    from edge.page import Language

EXAMPLE = "Example: threshold demo --results out/evaluate --port 8000"


def demo(
    results: Annotated[
        Path, typer.Option(metavar="DIR", help="What `threshold evaluate` wrote; run quickly if there is nothing yet.")
    ] = Path("out/evaluate"),
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on the loopback interface.")] = 8000,
) -> None:
    """Serve the finished report and the lanes' transactions on http://127.0.0.1:PORT until Ctrl-C."""
    import socket

    import uvicorn

    from edge.errors import EdgeError

    class PortError(EdgeError, OSError):
        """Error raised when the port can't be had."""

    if not (results / "results.json").is_file():
        from threshold.evaluate import evaluate

        console().print(f"{results} has no results yet; running: threshold evaluate --quick --out {results}")
        evaluate(out=results, quick=True)
    app = application(results)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise PortError(f"port {port}: expected a free one, found it taken ({error}). Try --port.") from error
    with listener:
        console().print(f"The report: http://127.0.0.1:{port}/  (Ctrl-C ends it)")
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2, access_log=False)
        uvicorn.Server(config).run(sockets=[listener])


def application(folder: Path) -> FastAPI:
    """The page over what `threshold evaluate` left in `folder`. Raises ReportError, RowsError."""
    from functools import cache

    from benchmarks import rows
    from benchmarks.report import read, render
    from edge.page import application as page

    finished = read(folder / "results.json")

    @cache
    def report(language: Language) -> str:
        return render(finished, language)

    held = {
        lane: rows.verified(folder, result.transactions)
        for lane, result in finished.lanes.items()
        if result.transactions is not None
    }
    return page(report, finished.model_dump(mode="json", by_alias=True), held)
