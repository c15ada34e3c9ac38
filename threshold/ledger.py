"""`threshold ledger`: is it whole, and how far did it reach."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from threshold.output import console, emit
from threshold.site import Json, StoreFolder


class Alternative(StrEnum):
    """What faces are compared with."""

    tag = "tag"
    key = "key"
    pin = "pin"
    qr = "qr"
    manual = "manual"
    staffed = "staffed"
    system = "system"
    no_control = "no_control"


class Measure(StrEnum):
    """In what."""

    denied = "denied"
    wrong_in = "wrong_in"
    seconds = "seconds"


app = typer.Typer(
    help="The ledger: check its chain and signatures; write an anchor to keep off the device.",
    epilog="Example: threshold ledger verify --anchor /media/usb/anchor.json",
    no_args_is_help=True,
)


@app.command(epilog="Example: threshold ledger verify --anchor /media/usb/anchor.json")
def verify(
    store: StoreFolder = None,
    anchor: Annotated[Path | None, typer.Option(metavar="FILE", help="An anchor that was kept off the device.")] = None,
    json: Json = False,
) -> None:
    """Find the first break in chain and signatures; with an anchor kept elsewhere also a cut end and a roll-back."""
    from policy.ledger import read_anchor
    from policy.ledger import verify as check
    from threshold.files import store_database

    found = check(store_database(store), None if anchor is None else read_anchor(anchor))
    if json:
        emit(
            {
                "good": found.good,
                "ledger": found.ledger,
                "entries": found.entries,
                "intact": found.intact,
                "complete": found.anchored,
                "problem": found.problem,
                "says": str(found),
            }
        )
    else:
        typer.echo(str(found))
    if not found.good:
        raise typer.Exit(1)


@app.command(epilog="Example: threshold ledger declare --alternative tag --measure denied --margin 0.005 --need 0.01")
def declare(
    alternative: Annotated[Alternative, typer.Option(help="What faces are compared with.")],
    measure: Annotated[Measure, typer.Option(help="Shares turned away or let in wrongly, or seconds to open.")],
    margin: Annotated[float, typer.Option(help="What still counts as equal: a share (0.005 is half a point), or s.")],
    need: Annotated[float, typer.Option(help="How much better faces must be to be worth it, in the same unit.")],
    store: StoreFolder = None,
    json: Json = False,
) -> None:
    """Note, before a pilot's first transaction, what its figures will be held to. Afterwards counts for nothing."""
    from pydantic import ValidationError

    from policy.entry import Declared
    from threshold.site import open_store

    try:
        body = Declared(alternative=alternative.value, measure=measure.value, margin=margin, need=need)
    except ValidationError as error:
        raise typer.BadParameter(f"expected margin and need above 0, found {margin:g} and {need:g}") from error
    with open_store(store) as opened:
        seq = opened.declare(body)
    if json:
        emit({"entry": seq, **body.model_dump(mode="json")})
    else:
        console().print(f"Noted as entry {seq}. An anchor now, kept elsewhere, shows later that it was there.")


@app.command("anchor", epilog="Example: threshold ledger anchor --out /media/usb/anchor.json")
def write_anchor(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to; keep it off the device.")],
    store: StoreFolder = None,
    json: Json = False,
) -> None:
    """Write the last entry's signature to a file that is worth keeping elsewhere. It holds no personal data."""
    from policy.ledger import newest_anchor
    from threshold.files import store_database, write_text

    anchor = newest_anchor(store_database(store))
    write_text(out, anchor.model_dump_json(by_alias=True, indent=2) + "\n")
    if json:
        emit(anchor.model_dump(mode="json", by_alias=True))
    else:
        console().print(f"Written: {out}, up to entry {anchor.seq}. Keep it off the device.", soft_wrap=True)
