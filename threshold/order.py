"""`threshold order`: an authority's order, received and carried out step by step."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from threshold.output import console, emit
from threshold.site import Json, StoreFolder, open_store

app = typer.Typer(
    help="An authority's order: receive, offer repair, lift; or copy, hand over, close, erase, confirm, in that order.",
    epilog="Example: threshold order receive erase --due 2026-12-01",
    no_args_is_help=True,
)
Order = Annotated[str, typer.Argument(metavar="ORDER", help="Its id, as `receive` and `threshold status` give it.")]
Folder = Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write to.")]


class What(StrEnum):
    """What is ordered."""

    suspend = "suspend"
    repair = "repair"
    erase = "erase"


@app.command(epilog="Example: threshold order receive erase --due 2026-12-01")
def receive(
    what: Annotated[What, typer.Argument(help="What is ordered.")],
    due: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="By when it must be confirmed.")] = None,
    store: StoreFolder = None,
    json: Json = False,
) -> None:
    """Note an order. One to suspend or erase stops enrolment and matching at once."""
    from policy import compliance

    with open_store(store) as opened:
        order = compliance.receive(opened, what.value, None if due is None else due.date())
        _told(order, opened.orders[order].next, json)


@app.command(epilog="Example: threshold order offer 0123456789abcdef")
def offer(order: Order, store: StoreFolder = None, json: Json = False) -> None:
    """Note that suspension and repair were offered in place of erasure."""
    from policy import compliance

    with open_store(store) as opened:
        compliance.offer(opened, order)
        _told(order, opened.orders[order].next, json)


@app.command(epilog="Example: threshold order lift 0123456789abcdef")
def lift(order: Order, store: StoreFolder = None, json: Json = False) -> None:
    """Note that the authority took the order back or declared it fulfilled."""
    from policy import compliance

    with open_store(store) as opened:
        compliance.lift(opened, order)
        _told(order, None, json)


@app.command(epilog="Example: threshold order copy 0123456789abcdef --out /media/usb")
def copy(order: Order, out: Folder, store: StoreFolder = None, json: Json = False) -> None:
    """Step 1: a copy of everything kept of people, verified. It holds personal data in clear."""
    from policy import compliance

    with open_store(store) as opened:
        path = compliance.copy(opened, order, out)
        _told(order, opened.orders[order].next, json, path)


@app.command(
    "hand-over", epilog="Example: threshold order hand-over 0123456789abcdef --copy /archive/copy.json --receipt r.txt"
)
def hand_over(
    order: Order,
    copied: Annotated[Path, typer.Option("--copy", metavar="FILE", help="The copy, as it arrived.")],
    receipt: Annotated[Path, typer.Option(metavar="FILE", help="Who took it, or where it was archived.")],
    store: StoreFolder = None,
    json: Json = False,
) -> None:
    """Step 2: the copy was handed over or archived."""
    from policy import compliance

    with open_store(store) as opened:
        compliance.hand_over(opened, order, copied, receipt)
        _told(order, opened.orders[order].next, json)


@app.command(epilog="Example: threshold order close 0123456789abcdef")
def close(order: Order, store: StoreFolder = None, json: Json = False) -> None:
    """Step 3: close every account."""
    from policy import compliance

    with open_store(store) as opened:
        compliance.close(opened, order)
        _told(order, opened.orders[order].next, json)


@app.command(epilog="Example: threshold order erase 0123456789abcdef")
def erase(order: Order, store: StoreFolder = None, json: Json = False) -> None:
    """Step 4: destroy everyone's keys."""
    from policy import compliance

    with open_store(store) as opened:
        compliance.erase(opened, order)
        _told(order, opened.orders[order].next, json)


@app.command(epilog="Example: threshold order confirm 0123456789abcdef --out /media/usb")
def confirm(order: Order, out: Folder, store: StoreFolder = None, json: Json = False) -> None:
    """Step 5: write the signed confirmation for the authority."""
    from policy import compliance

    with open_store(store) as opened:
        path = compliance.confirm(opened, order, out)
        _told(order, opened.orders[order].next, json, path)


def _told(order: str, due: str | None, json: bool, path: Path | None = None) -> None:
    if json:
        emit({"order": order, "next": due, "file": None if path is None else str(path)})
        return
    if path is not None:
        console().print(f"Written: {path}", soft_wrap=True)
    console().print(f"Order {order}: {'nothing more is due' if due is None else f'next is {due}'}.", soft_wrap=True)
