"""What `threshold run` says: a line a decision, and at its end how it went."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from threshold.output import tables

if TYPE_CHECKING:
    from edge.core.watch import Off
    from edge.device.loop import Device
    from edge.device.tally import Told
    from edge.health import Monitor


def quiet(_: Told) -> None:
    """For machines: the summary says it all."""


def line(named: bool, told: Told) -> None:
    """A decision, as a line."""
    from datetime import datetime

    known = told.person is not None or told.noted
    who = "somebody unknown" if not known else told.person[:8] if named and told.person else "somebody known"
    what = "OPEN  " if told.opened else "noted " if told.noted else "closed"
    now = datetime.now().astimezone().strftime("%H:%M:%S")
    typer.echo(f"{now}  {told.lane:8}  {what}  {told.reason:16}  {who:16}  {told.took_ms:7.1f} ms")


def summary(device: Device, watch: Off, monitor: Monitor | None, ended: str) -> dict[str, Any]:
    """How a run went, as a document: counts, times, cost, the machine's condition. Nobody is in it."""
    from edge.core.watch import Stopwatch

    tally, counts = device.tally, device.counts
    document: dict[str, Any] = {
        "schema": "threshold/run/1",
        "ended": ended,
        "decisions": [
            {"lane": lane, "opened": opened, "reason": reason, "count": count}
            for (lane, opened, reason), count in sorted(tally.decisions.items())
        ],
        "rows": tally.rows,
        "noted": device.noted,
        "anonymous": dict(tally.anonymous),
        "frames": None if counts is None else asdict(counts),
        "tags": {"read": tally.tags, "dropped": device.tags_dropped, "stale": tally.stale},
        "store_lent": tally.lent,
        "health": device.health.document(),
        "measured": None,
        "machine": None,
    }
    if isinstance(watch, Stopwatch):
        account = watch.account()
        document["measured"] = {
            "stages": {stage: asdict(told) for stage, told in watch.wall().items()},
            "pacing_ms": [list(row) for row in watch.pacing.table()],
            "frames": account.frames,
            "visits": account.visits,
            "cpu_s_per_frame": account.cpu_s_per_frame,
            "cpu_s_per_visit": account.cpu_s_per_visit,
        }
    if monitor is not None and monitor.condition is not None:
        document["machine"] = asdict(monitor.condition) | {"void": list(monitor.condition.void)}
    return document


def show(document: dict[str, Any]) -> None:
    from rich.table import Table

    out = tables()
    decisions = Table(title=f"Ended: {document['ended']}", title_justify="left")
    for column in ("lane", "door", "reason", "tries"):
        decisions.add_column(column, justify="right" if column == "tries" else "left")
    for one in document["decisions"]:
        decisions.add_row(one["lane"], "opened" if one["opened"] else "closed", one["reason"], str(one["count"]))
    out.print(decisions)
    unknown = sum(document["anonymous"].values())
    out.print(f"{document['rows']} rows on disk; {unknown} tries of nobody known, counted only.")
    if document["noted"] is not None:
        out.print(f"{document['noted']} notes of attendance on disk.")
    frames, measured = document["frames"], document["measured"]
    if frames is not None:
        out.print(
            f"Frames: {frames['arrived']} came, {frames['taken']} looked at, {frames['dropped']} dropped, "
            f"{frames['late']} taken late."
        )
    if measured is not None:
        stages = Table(title="Milliseconds", title_justify="left")
        for column in ("stage", "n", "p50", "p95", "p99", "most"):
            stages.add_column(column, justify="left" if column == "stage" else "right")
        for stage, told in measured["stages"].items():
            times = (told["p50_ms"], told["p95_ms"], told["p99_ms"], told["max_ms"])
            stages.add_row(stage, str(told["n"]), *(f"{time:.2f}" for time in times))
        out.print(stages)
        if measured["cpu_s_per_frame"] is not None:
            visit = measured["cpu_s_per_visit"]
            out.print(
                f"Processor: {1000 * measured['cpu_s_per_frame']:.2f} ms a frame"
                + ("" if visit is None else f", {1000 * visit:.0f} ms a visit ({measured['visits']} visits)")
                + ", of the whole process."
            )
    machine = document["machine"]
    if machine is not None:
        shown = {
            "temperature": machine["celsius"] and f"{machine['celsius'][0]:.0f} to {machine['celsius'][1]:.0f} °C",
            "throttle word": machine["throttle"] is not None and f"{machine['throttle']:#x}",
            "energy": machine["joules"] and f"{machine['joules']:.1f} J",
            "given to other machines": machine["steal"] is not None and f"{machine['steal']:.1%}",
        }
        out.print("Machine: " + ", ".join(f"{what} {told or 'not available here'}" for what, told in shown.items()))
    for one in document["health"]["conditions"]:
        out.print(f"{one['part']} {one['state']}: {one['words']}", markup=False)
