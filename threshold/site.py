"""The store of this device, opened for a verb; what several verbs ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from threshold.output import JSON_HELP

if TYPE_CHECKING:
    from policy.store import Store

StoreFolder = Annotated[
    Path | None,
    typer.Option(
        "--store",
        metavar="DIR",
        help="The store's folder; else $THRESHOLD_DATA/store, else threshold/store in the user's data folder.",
    ),
]
AnchorFile = Annotated[
    Path | None,
    typer.Option(
        "--anchor", metavar="FILE", help="An anchor kept off the device: an older copy put back whole is then found."
    ),
]
PATIENCE_S = 10.0
"""How long a verb waits for the store. A device at work gives way within a second; another verb is soon done."""
TRACES = ("threshold.db", "anchor.json", "epoch", "device.key")
"""Where one of them lies a store is, or was; the store itself says what became of the rest."""
Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]


def open_store(
    folder: Path | None, anchor: Path | None = None, demonstration: bool | None = None, begin: bool = False
) -> Store:
    """The store in a folder, or in the default one of its kind, with the product's own rules.

    `demonstration`: expected to be of drawn people (True), of people (False); or whichever it is. Unless it is to
    `begin` one, raises StoreError where none is: who is looked for in a misspelt folder isn't found there, and an
    erasure would be thought done.
    """
    from policy.ledger import read_anchor
    from policy.store import Store, StoreError
    from threshold.files import store_database

    database = store_database(folder, "demonstration" if demonstration else "store")
    if not begin and not any((database.parent / name).exists() for name in TRACES):
        raise StoreError(
            f"{database.parent}: expected a store, found none. Name its folder with --store; "
            "a new one begins with somebody's enrolment: threshold enrol --record FILE --store DIR."
        )
    return Store(
        database.parent,
        anchor=None if anchor is None else read_anchor(anchor),
        demonstration=demonstration,
        render=_draw,
        patience_s=PATIENCE_S,
    )


def _draw(number: int, view: Any) -> Any:
    from edge.sitter import draw

    return draw(number, view)
