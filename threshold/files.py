"""Writing what a verb leaves behind: whole or not at all."""

from __future__ import annotations

from pathlib import Path

from benchmarks.errors import BenchmarkError


class OutputError(BenchmarkError, OSError):
    """Error raised when a result can't be written: names the file and what to do."""


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
