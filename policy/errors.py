"""PolicyError and its leaves: the gate and what it reads.

Every leaf also inherits the built-in a caller would expect, and says what was named, expected, found, and what to do.
"""

from __future__ import annotations


class PolicyError(Exception):
    """Base of every error this package raises on purpose; the command prints it and ends with 1."""


class StoreError(PolicyError, ValueError):
    """Error raised when something doesn't fit what the store holds: names it, what was expected, what was found."""


class UnknownSubject(StoreError):
    """Error raised when nobody by that reference or pseudonym is here, or no longer."""
