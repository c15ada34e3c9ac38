"""Which backend runs a network on this machine: what a race chose, remembered in a small file that people can read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.backend import versions
from edge.errors import EdgeError
from edge.machine import identity
from models.registry import Network
from models.runtime import DEFAULT, BackendName, Runtime


class ChosenError(EdgeError, ValueError):
    """Error raised when the file of choices can't be read or written: names the file and what to do."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Settings(_Entry):
    """A models.runtime.Runtime, as a file has it."""

    backend: BackendName
    threads: Annotated[int, Field(ge=1, le=64)]
    spin: bool


class Choice(_Entry):
    """What a race chose for one network, and under what conditions that holds: this very file, machine and versions.

    `cpu_ratio` is the chosen one's processor time an inference over the default's, median and interval; None where the
    default was kept.
    """

    network: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    machine: dict[str, str | int]
    versions: dict[str, str]
    runtime: Settings
    cpu_ratio: tuple[float, float, float] | None
    measured: datetime


class _File(_Entry):
    format: int
    choices: tuple[Choice, ...]


def chosen_file() -> Path:
    """`$THRESHOLD_DATA/backends.json`, else backends.json in the user's folder for state (XDG)."""
    if data := os.environ.get("THRESHOLD_DATA"):
        return Path(data) / "backends.json"
    # The XDG base directory specification has relative paths ignored.
    home = Path(os.environ.get("XDG_STATE_HOME", ""))
    return (home if home.is_absolute() else Path.home() / ".local" / "state") / "threshold" / "backends.json"


def read(path: Path) -> tuple[Choice, ...]:
    """All choices of a file, of whatever machine; none where there is no file. Raises ChosenError."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ChosenError(f"{path}: expected a file of chosen backends that can be read: {error}") from error
    try:
        kept = _File.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ChosenError(
            f"{path}: {where}: {first['msg']}. Delete it with: threshold bench core --forget; measure again with: "
            "threshold bench core --race"
        ) from error
    if kept.format != 1:
        raise ChosenError(f"{path}: format: expected 1, found {kept.format}. See threshold bench core --forget")
    return kept.choices


def remember(path: Path, choices: Mapping[str, Choice]) -> None:
    """Keep choices, by the networks' SHA-256, in place of this machine's older ones. Raises ChosenError."""
    here = identity()
    others = [each for each in read(path) if each.sha256 not in choices or each.machine != here]
    text = _File(format=1, choices=(*others, *choices.values())).model_dump_json(indent=2) + "\n"
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise ChosenError(f"{path}: the chosen backends can't be written: {error}") from error


def forget(path: Path) -> bool:
    """Delete the file; False where there was none. Raises ChosenError."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ChosenError(f"{path}: the chosen backends can't be deleted: {error}") from error
    return True


def runtime_of(network: Network, choices: tuple[Choice, ...]) -> Runtime:
    """What was chosen for this very file on this machine with these versions; the default where anything differs."""
    if not choices:
        return DEFAULT
    here, with_ = identity(), versions()
    for each in choices:
        if each.sha256 == network.sha256 and each.machine == here and each.versions == with_:
            return Runtime(**each.runtime.model_dump())
    return DEFAULT
