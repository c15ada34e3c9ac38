"""The confidential annex of `threshold report`: the file to fill in, and the PDF of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from threshold.output import console

if TYPE_CHECKING:
    from benchmarks.annex import Annex


def template(out: Path | None) -> None:
    """The annex to fill in; a file is for its owner alone from the start."""
    from benchmarks import annex
    from threshold.files import OutputError, write_bytes

    if out is None:
        print(annex.template(), end="")
    elif out.exists():
        raise OutputError(f"{out}: expected a new file, found one there. Name another with --out, or move it away.")
    else:
        write_bytes(out, annex.template().encode(), mode=0o600)
        console().print(f"Written: {out}", markup=False)


def write(told: Annex, report: Path, language: str, created: str) -> None:
    from benchmarks.annex import annex
    from benchmarks.report import known
    from threshold.files import write_bytes

    path = report.with_name(f"{report.stem}-annex.pdf")
    write_bytes(path, annex(told, known(language), created), mode=0o600)
    console().print(f"Written: {path}, for its owner alone. It is confidential, and in no bundle.")
