"""The registry: which networks there are, and where a network's file is on this machine."""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from models.errors import (
    ManifestError,
    NotInstalled,
    UnknownNetworkError,
    UnreadableError,
    WrongDigestError,
    WrongSizeError,
)
from models.network import Network, Overlap, Role
from models.runtime import DEFAULT, Runtime

__all__ = ["Installed", "Network", "Overlap", "Registry", "Role", "check", "models_folder"]

FORMAT = 1
"""The manifest's format that this code reads."""


def models_folder() -> Path:
    """The folder for networks when none is named: `$THRESHOLD_DATA/models`, else the user's data folder."""
    if data := os.environ.get("THRESHOLD_DATA"):
        return Path(data) / "models"
    # The XDG base directory specification has relative paths ignored.
    home = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (home if home.is_absolute() else Path.home() / ".local" / "share") / "threshold" / "models"


def check(network: Network, content: bytes, place: Path) -> None:
    """Raise WrongSizeError or WrongDigestError unless `content`, which came from `place`, is the network's file."""
    if len(content) != network.size:
        raise WrongSizeError(
            f"{network.id}: expected {network.size:,} B in {place}, found {len(content):,} B; {_again(network)}"
        )
    if (found := sha256(content).hexdigest()) != network.sha256:
        raise WrongDigestError(
            f"{network.id}: expected SHA-256 {network.sha256} for {place}, found {found}; {_again(network)}"
        )


def _again(network: Network) -> str:
    return f"replace it with: threshold models fetch {network.id} --again"


@dataclass(frozen=True, slots=True)
class Installed:
    """A network and the path of its file here. The file is there; whether it is the right one, `read` says.

    `runtime` is with what it is run; another than the default where a race on this machine has chosen it.
    """

    network: Network
    path: Path
    runtime: Runtime = DEFAULT

    def read(self) -> bytes:
        """The file's bytes, checked: these very bytes have the manifest's size and SHA-256.

        Raises NotInstalled when the file has gone meanwhile, UnreadableError, WrongSizeError and WrongDigestError.
        """
        try:
            with self.path.open("rb") as file:
                # One byte more than it should have is enough to know; a file of many gigabytes isn't read whole.
                content = file.read(self.network.size + 1)
                size = file.seek(0, os.SEEK_END)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise _not_installed(self.network, self.path) from error
        except OSError as error:
            raise UnreadableError(f"{self.network.id}: expected a file that can be read: {error}") from error
        if size > self.network.size:
            raise WrongSizeError(
                f"{self.network.id}: expected {self.network.size:,} B in {self.path}, found {size:,} B; "
                f"{_again(self.network)}"
            )
        check(self.network, content, self.path)
        return content


@dataclass(frozen=True, slots=True)
class Registry:
    """The networks of one manifest, in its order."""

    source: Path
    networks: tuple[Network, ...]

    @classmethod
    def bundled(cls) -> Registry:
        """The manifest that comes with the program."""
        return cls.from_file(Path(__file__).with_name("manifest.toml"))

    @classmethod
    def from_file(cls, path: Path) -> Registry:
        """Read a manifest. Raises ManifestError: file, network, key, expected, found."""
        try:
            with path.open("rb") as file:
                document = tomllib.load(file)
        except OSError as error:
            raise ManifestError(f"{path}: expected a manifest, found none that can be read: {error}") from error
        except ValueError as error:
            raise ManifestError(f"{path}: expected TOML: {error}") from error
        if document.get("format") != FORMAT:
            raise ManifestError(f"{path}: key format: expected {FORMAT}, found {document.get('format')!r}")
        if extra := sorted(set(document) - {"format", "network"}):
            raise ManifestError(f"{path}: key {extra[0]}: expected format and [[network]] alone, found it beside them")
        entries = document.get("network", [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise ManifestError(f"{path}: key network: expected [[network]] tables, found {type(entries).__name__}")
        measured = _figures(path.with_name("figures.json"))
        networks = tuple(_network(path, number, entry, measured) for number, entry in enumerate(entries, start=1))
        for key in ("id", "file"):
            seen: set[str] = set()
            for network in networks:
                if (value := getattr(network, key)) in seen:
                    raise ManifestError(f"{path}: network {network.id}: key {key}: expected once, found again: {value}")
                seen.add(value)
        for network in networks:
            if network.stronger is not None and network.stronger not in {other.id for other in networks}:
                raise ManifestError(
                    f"{path}: network {network.id}: key stronger: expected a network's id, found {network.stronger!r}"
                )
        return cls(path, networks)

    def __getitem__(self, id: str) -> Network:  # noqa: A002  it is the manifest's key
        """The network of this id. Raises UnknownNetworkError."""
        for network in self.networks:
            if network.id == id:
                return network
        close = difflib.get_close_matches(id, self.ids, n=1, cutoff=0.3)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise UnknownNetworkError(f"{id}: expected one of {', '.join(self.ids)}{hint}")

    def __iter__(self) -> Iterator[Network]:
        return iter(self.networks)

    def __len__(self) -> int:
        return len(self.networks)

    def __contains__(self, id: object) -> bool:  # noqa: A002
        return id in self.ids

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids, in the manifest's order."""
        return tuple(network.id for network in self.networks)

    def of(self, role: Role) -> tuple[Network, ...]:
        """The networks of one role, in the manifest's order."""
        return tuple(network for network in self.networks if network.role == role)

    def carried(self, id: str) -> Installed | None:  # noqa: A002
        """The network's file in `bundled/` beside the manifest, where it comes with the program; None: it doesn't.

        Raises UnknownNetworkError.
        """
        network = self[id]
        path = self.source.parent / "bundled" / network.file
        return Installed(network, path) if path.is_file() else None

    def locate(self, id: str, folder: Path | None = None) -> Installed:  # noqa: A002
        """The network's file: a bundled one's beside the manifest, another's in `folder`, or in `models_folder()` when
        none is named; nothing is read yet.

        Raises UnknownNetworkError, UnreadableError, and NotInstalled with how to get it.
        """
        network = self[id]
        if (carried := self.carried(id)) is not None:
            return carried
        path = (models_folder() if folder is None else folder) / network.file
        try:
            there = path.is_file()
        except OSError as error:
            raise UnreadableError(f"{id}: expected a folder that can be read: {error}") from error
        if not there:
            raise _not_installed(network, path)
        return Installed(network, path)


def _not_installed(network: Network, path: Path) -> NotInstalled:
    where = "" if path.parent == models_folder() else f" --folder {path.parent}"
    return NotInstalled(
        f"{network.id}: expected {path}, found no file; get it: threshold models fetch {network.id}{where}"
    )


def _figures(path: Path) -> dict[str, list[dict[str, Any]]]:
    """What the proofs measured, by the digest of the file they measured it of (scripts/figures.py writes it)."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {entry["sha256"]: entry["figures"] for entry in document}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ManifestError(f"{path}: expected figures as scripts/figures.py writes them, found: {error}") from error


def _network(path: Path, number: int, entry: dict[str, Any], measured: dict[str, list[dict[str, Any]]]) -> Network:
    figures = measured.get(str(entry.get("sha256")))
    try:
        return Network.model_validate(
            entry if figures is None else entry | {"figures": figures}, context={"folder": path.parent}
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = entry.get("id") or f"number {number}"
        key = ".".join(str(part) for part in first["loc"]) or "(the whole entry)"
        found = "nothing" if first["type"] == "missing" else repr(first["input"])
        expected = {"missing": "a value", "extra_forbidden": "no such key"}.get(
            first["type"], first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        )
        if len(found) > 120:  # a whole table of a wrong combination: its beginning is enough to recognise it
            found = found[:117] + "..."
        raise ManifestError(f"{path}: network {name}: key {key}: expected {expected}, found {found}") from error
