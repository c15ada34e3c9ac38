"""Where a research set's pictures are on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from models.registry import models_folder
from policy.errors import PolicyError
from policy.research import ResearchSet, UnknownSet, named


class SetNotFound(PolicyError, FileNotFoundError):
    """Error raised when a listed set isn't on this machine: says where it was looked for and what to do."""


def sets_folder() -> Path:
    """The folder for sets when none is named: `$THRESHOLD_SETS`, else `sets` in the data folder."""
    named_folder = os.environ.get("THRESHOLD_SETS")
    return Path(named_folder) if named_folder else models_folder().with_name("sets")


def find(wanted: str, listed: Iterable[ResearchSet]) -> Path:
    """The folder or tar of a set, from its id, an alias, or a path; a folder may also hold the set as `ID` or `ID.tar`.

    Raises SetNotFound, and UnknownSet for what is neither a path nor a listed name.
    """
    known = tuple(listed)
    path = Path(wanted)
    if path.exists():
        held = next((found for entry in known if (found := _held(path, entry))), None) if path.is_dir() else None
        return held or path
    try:
        entry = named(wanted, known)
    except UnknownSet as error:
        raise UnknownSet(f"{wanted}: expected a path, or a listed set. {error}") from error
    held = _held(sets_folder(), entry)
    if held is None:
        raise SetNotFound(
            f"{entry.id}: expected {sets_folder() / entry.id} (a folder) or {entry.id}.tar beside it, found neither. "
            f"Get the set from its publisher ({entry.publisher}), then name its path, or set THRESHOLD_SETS to the "
            "folder that holds it."
        )
    return held


def _held(folder: Path, entry: ResearchSet) -> Path | None:
    for path in (folder / entry.id, folder / f"{entry.id}.tar"):
        if path.exists():
            return path
    return None
