"""PolicyError and its leaves: the gate and what it reads.

Every leaf also inherits the built-in a caller would expect, and says what was named, expected, found, and what to do.
"""

from __future__ import annotations


class PolicyError(Exception):
    """Base of every error this package raises on purpose; the command prints it and ends with 1."""
