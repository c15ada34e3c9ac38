"""Writing what a verb leaves behind: whole or not at all."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from benchmarks.errors import BenchmarkError


def store_database(folder: Path | None, name: str = "store") -> Path:
    """The database in a store's folder; by default the one of that name beside the networks' folder."""
    from models.registry import models_folder

    return (models_folder().with_name(name) if folder is None else folder) / "threshold.db"


class OutputError(BenchmarkError, OSError):
    """Error raised when a result can't be written: names the file and what to do."""


def write_private(path: Path, text: str) -> None:
    """Write UTF-8 text for its owner alone (mode 0600), whole or not at all. Raises OutputError."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        part.touch(mode=0o600, exist_ok=False)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise OutputError(f"{path}: can't be written ({error}). Name another place with --out.") from error


def write_bytes(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file under a temporary name with that mode, then give it the real one. Raises OutputError."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        part.touch(mode=mode, exist_ok=False)
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise OutputError(f"{path}: can't be written ({error}). Name another place with --out.") from error


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text under a temporary name, then give it the real one. Raises OutputError."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(f"{path}: can't be written ({error}). Name another place with --out.") from error
