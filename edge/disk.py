"""Names on disk: a folder synchronised, so that a file made or moved in it is there after a power cut."""

from __future__ import annotations

import os
from pathlib import Path


def sync(folder: Path) -> None:
    """Wait until the folder's names are on disk. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
