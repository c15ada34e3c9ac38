"""ModelError and its leaves: the networks and their registry.

Every leaf also inherits the built-in a caller would expect, and says what was named, expected, found, and what to do.
"""

from __future__ import annotations


class ModelError(Exception):
    """Base of every error this package raises on purpose; the command prints it and ends with 1."""
