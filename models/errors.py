"""ModelError and its leaves: the networks and their registry.

Every leaf also inherits the built-in a caller would expect, and says what was named, expected, found, and what to do.
"""

from __future__ import annotations


class ModelError(Exception):
    """Base of every error this package raises on purpose; the command prints it and ends with 1."""


class ManifestError(ModelError, ValueError):
    """Error raised when a manifest can't be read: names the file, the network, the key, what was expected and found."""


class UnknownNetworkError(ModelError, KeyError):
    """Error raised when a registry has no network of that id: names it, the known ones and the closest."""

    def __str__(self) -> str:
        # KeyError shows its argument's repr, quotes and all; people read this one.
        return str(self.args[0])


class NotInstalled(ModelError, FileNotFoundError):
    """Error raised when a network's file isn't in the models folder: says how to get it."""


class UnreadableError(ModelError, PermissionError):
    """Error raised when a network's file is there and can't be read."""


class MismatchError(ModelError, ValueError):
    """Base of the two ways in which a file isn't the one the manifest names."""


class WrongSizeError(MismatchError):
    """Error raised when a file or an answer has another size than the manifest gives."""


class WrongDigestError(MismatchError):
    """Error raised when a file has the right size and another SHA-256."""


class FetchError(ModelError):
    """Base of what can go wrong on the way here; the network isn't installed afterwards, an older file is as it was."""


class NoSourceError(FetchError, ValueError):
    """Error raised when there is no place to fetch from: no publisher's address, or a mirror of an unknown kind."""


class MirrorError(FetchError, FileNotFoundError):
    """Error raised when a mirror folder is missing or lacks the network's file."""


class TruncatedError(FetchError, EOFError):
    """Error raised when a mirror folder's file is shorter than the manifest says."""


class UnreachableError(FetchError, ConnectionError):
    """Error raised when no connection comes about: no network, no such host, nothing listening, no answer in time."""


class ConnectionLostError(FetchError, ConnectionError):
    """Error raised when a download breaks off: what came stays in NAME.part, and the next fetch goes on from there."""


class RefusedError(FetchError, OSError):
    """Error raised when a server answers with something else than the file (404 Not Found and the like)."""


class DiskFullError(FetchError, OSError):
    """Error raised when the file doesn't fit: on the disk, or within a limit on the size of files."""


class NotWritableError(FetchError, PermissionError):
    """Error raised when the models folder can't be made or written to."""


class BusyError(FetchError, BlockingIOError):
    """Error raised when another fetch of the same network into the same folder is under way."""


class ViewError(ModelError, ValueError):
    """Error raised when a synthetic person is to be seen in a way that can't be drawn: names the setting."""
