"""The device's web page: the finished report, the lanes' transactions, health. On loopback, read only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from importlib.resources import files
from typing import Annotated, Any, Literal

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, select_autoescape
from pydantic import BaseModel
from starlette.middleware.trustedhost import TrustedHostMiddleware

from edge.transaction import Lane, Transaction

Language = Literal["en", "sv", "is"]
PAGE_ROWS = 50

# A page opened in another tab must not be able to frame, script or feed this one.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Health(BaseModel):
    """Whether the page has what it shows."""

    status: Literal["ok"]
    version: str
    lanes: dict[str, int]
    """Rows by lane."""


class Rows(BaseModel):
    """A page of one lane's transactions."""

    lane: Lane
    total: int
    offset: int
    rows: list[Transaction]


def application(
    report: Callable[[Language], str], results: Mapping[str, Any], rows: Mapping[Lane, Sequence[Transaction]]
) -> FastAPI:
    """The page as an ASGI application, from a report (HTML by language), its results document and the lanes' rows."""
    app = FastAPI(
        title="Threshold",
        version=version("threshold"),
        description="A finished report and the transactions it stands on.",
        docs_url=None,  # the interactive documentation loads scripts from elsewhere; /openapi.json is enough
        redoc_url=None,
    )
    # Another name for 127.0.0.1 would let a foreign page read this one (DNS rebinding).
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])
    template = Environment(autoescape=select_autoescape(default=True)).from_string(
        (files("edge") / "page" / "index.html").read_text(encoding="utf-8")
    )

    @app.middleware("http")
    async def headers(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers.update(_HEADERS)
        return response

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    def index(lane: Lane | None = None, offset: Annotated[int, Query(ge=0)] = 0) -> str:
        shown = lane or next(iter(rows), None)
        page = [_readable(row) for row in rows[shown][offset : offset + PAGE_ROWS]] if shown and shown in rows else []
        return template.render(
            results=results, rows=rows, shown=shown, page=page, offset=offset, size=PAGE_ROWS, version=app.version
        )

    @app.get("/report", response_class=HTMLResponse)
    def finished_report(lang: Language = "en") -> str:
        """The report, in English, Swedish or Icelandic."""
        return report(lang)

    @app.get("/results")
    def results_document() -> dict[str, Any]:
        """`results.json`."""
        return dict(results)

    @app.get("/transactions/{lane}")
    def transactions(
        lane: Lane, offset: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> Rows:
        """One lane's transactions, in order."""
        if lane not in rows:
            raise HTTPException(404, f"{lane} has no transactions here; lanes that have: {', '.join(rows) or 'none'}.")
        return Rows(lane=lane, total=len(rows[lane]), offset=offset, rows=list(rows[lane][offset : offset + limit]))

    @app.get("/health")
    def health() -> Health:
        """Whether the page is up, and what it holds."""
        return Health(status="ok", version=app.version, lanes={lane: len(held) for lane, held in rows.items()})

    return app


def _readable(row: Transaction) -> dict[str, str]:
    def seconds(stamp: Any) -> str:
        return f"{stamp.t_ns / 1e9:.2f}" if stamp.t_ns is not None else f"none: {stamp.none}"

    return {
        "person": row.true_subject or "",
        "session": row.session,
        "entered": seconds(row.entered),
        "presented": seconds(row.presented),
        "decided": seconds(row.decided),
        "crossed": seconds(row.crossed),
        "outcome": row.outcome,
        "reason": row.reason,
    }
