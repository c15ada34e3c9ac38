"""`threshold version`: the program's version."""

from __future__ import annotations

EXAMPLE = "Example: threshold version"


def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    print(installed("threshold"))
