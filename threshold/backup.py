"""`threshold backup | restore`: a copy that no erasure misses, and putting it back without bringing anyone back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from threshold.output import console, emit
from threshold.site import AnchorFile, Json, StoreFolder, open_store


def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to.")],
    store: StoreFolder = None,
    json: Json = False,
) -> None:
    """Make a backup and its tail. Keep the store's device.key elsewhere as well, or it opens on this device alone."""
    from policy.backup import backup as make

    with open_store(store) as opened:
        path = make(opened, folder)
    if json:
        emit({"file": str(path), "tail": str(path.with_suffix(".tail"))})
    else:
        console().print(f"Written: {path} and its tail beside it.", soft_wrap=True)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")],
    store: StoreFolder = None,
    anchor: AnchorFile = None,
    json: Json = False,
) -> None:
    """Put a backup in the place of the store; whoever was erased or revoked since is taken out of it first."""
    from policy.backup import restore as put_back
    from policy.ledger import read_anchor
    from threshold.files import store_database

    taken = put_back(file, store_database(store).parent, None if anchor is None else read_anchor(anchor))
    if json:
        emit({"restored": True, "taken_out": taken})
    else:
        console().print(f"Restored. Taken out first, as erased or revoked since: {taken} people.", soft_wrap=True)
