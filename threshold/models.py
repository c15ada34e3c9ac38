"""`threshold models`: which networks there are, bringing them here, checking them, and reading about them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from threshold.output import JSON_HELP, console, emit, progress, tables

if TYPE_CHECKING:
    from models.registry import Network, Registry

app = typer.Typer(
    help="The networks: list, fetch, verify, and what is known of the people they were trained on.",
    epilog="Example: threshold models fetch yunet-2023mar mobilefacenet-foamliu",
    no_args_is_help=True,
)

Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        metavar="DIR",
        help="The models folder; else $THRESHOLD_DATA/models, else threshold/models in the user's data folder.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]


@app.command("list", epilog="Example: threshold models list --json")
def list_networks(folder: Folder = None, json: Json = False) -> None:
    """List the networks, and which of them are here."""
    registry, place = _registry(), _folder(folder)
    rows = [_summary(registry, network, place) for network in registry]
    if json:
        emit({"folder": str(place), "networks": rows})
        return
    _table(
        f"Networks, and what is in {place}",
        ("id", "role", "size, B", "licence", "installed"),
        [
            (row["id"], row["role"], f"{row['size']:,}", row["licence"], "yes" if row["installed"] else "no")
            for row in rows
        ],
    )


@app.command(
    epilog="Example: threshold models fetch yunet-2023mar mobilefacenet-foamliu. "
    "Where there is no network: THRESHOLD_MODELS_MIRROR=/media/usb threshold models fetch --all"
)
def fetch(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Networks, as `list` names them.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All networks.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Replace a file that isn't the manifest's.")] = False,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Fetch networks from their publishers, or from the folder or address in THRESHOLD_MODELS_MIRROR.

    One that comes with the program is there already: it is checked, and nothing is fetched.
    """
    from models.fetch import fetch as bring

    if bool(ids) == every:
        raise typer.BadParameter("expected at least one ID, or --all and no ID")
    registry, place = _registry(), _folder(folder)
    wanted = list(registry) if every else [registry[name] for name in dict.fromkeys(ids or ())]
    paths = []
    with progress() as bars:
        for network in wanted:
            if (carried := registry.carried(network.id)) is not None:  # comes with the program: nothing to bring
                carried.read()
                paths.append(carried.path)
                continue
            bar = bars.add_task(network.id, total=network.size)
            paths.append(
                bring(
                    network,
                    place,
                    again=again,
                    progress=lambda done, total, bar=bar: bars.update(bar, completed=done, total=total),  # type: ignore[misc]
                )
            )
            bars.update(bar, completed=network.size)
    if json:
        emit([{"id": network.id, "path": str(path)} for network, path in zip(wanted, paths, strict=True)])
        return
    for network, path in zip(wanted, paths, strict=True):
        console().print(f"{network.id}: {path}, checked", soft_wrap=True)


@app.command(epilog="Example: threshold models verify --folder /var/lib/threshold/models")
def verify(folder: Folder = None, json: Json = False) -> None:
    """Check the size and SHA-256 of every network that is here; exit 1 when one isn't the manifest's."""
    from models.errors import MismatchError, NotInstalled, UnreadableError

    registry, place = _registry(), _folder(folder)
    rows: list[dict[str, Any]] = []
    for network in registry:
        try:
            registry.locate(network.id, place).read()
            state, reason = "right", None
        except NotInstalled:
            state, reason = "not installed", None
        except (MismatchError, UnreadableError) as error:
            state, reason = "wrong", str(error)
        rows.append({"id": network.id, "state": state, "reason": reason})
    wrong = [row for row in rows if row["state"] == "wrong"]
    if json:
        emit({"folder": str(place), "ok": not wrong, "networks": rows})
    else:
        _table(f"Networks in {place}", ("id", "state"), [(row["id"], row["state"]) for row in rows])
        for row in wrong:
            console().print(row["reason"], soft_wrap=True, markup=False)
    if wrong:
        raise typer.Exit(1)


@app.command(epilog="Example: threshold models card mobilefacenet-foamliu")
def card(
    id: Annotated[  # noqa: A002
        str, typer.Argument(metavar="ID", help="A network, as `list` names it; or drawn-people, which aren't one.")
    ],
    json: Json = False,
) -> None:
    """Show a network's card: contracts, licence, provenance, and what is known of its training people."""
    from models.card import DRAWN_PEOPLE, drawn_people
    from models.card import card as page

    if id == DRAWN_PEOPLE:
        if json:
            emit({"network": None, "markdown": drawn_people()})
        else:
            typer.echo(drawn_people(), nl=False)
        return
    network = _registry()[id]
    if json:
        emit({"network": network.model_dump(mode="json"), "markdown": page(network)})
        return
    typer.echo(page(network), nl=False)


def _registry() -> Registry:
    from models.registry import Registry

    return Registry.bundled()


def _folder(folder: Path | None) -> Path:
    from models.registry import models_folder

    return models_folder() if folder is None else folder


def _summary(registry: Registry, network: Network, place: Path) -> dict[str, Any]:
    from models.errors import NotInstalled, UnreadableError

    try:
        installed = bool(registry.locate(network.id, place))
    except (NotInstalled, UnreadableError):
        installed = False
    kept = ("id", "role", "file", "size", "sha256", "licence", "address", "page")
    return {key: getattr(network, key) for key in kept} | {"installed": installed}


def _table(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right" if column.startswith("size") else "left", no_wrap=column == "id")
    for row in rows:
        table.add_row(*row)
    tables().print(table)
