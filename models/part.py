"""NAME.part: the unfinished file of one fetch. Nobody takes it for the network; only a checked one gets the name."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from models.errors import BusyError, DiskFullError, NotWritableError, WrongDigestError, WrongSizeError
from models.network import Network

CHUNK = 64 * 1024
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""The disk is full, the quota is used up, the file would be larger than the process may write."""


class Part:
    """An unfinished file, locked for as long as it is open: one fetch of a network into a folder at a time.

    Not made directly: `with part(network, folder) as unfinished: …`.
    """

    def __init__(self, network: Network, path: Path, handle: int) -> None:
        self._network, self._path, self._handle = network, path, handle
        self.size = os.fstat(handle).st_size
        self._gone = False

    def restart(self) -> None:
        """Throw away what has come so far."""
        os.ftruncate(self._handle, 0)
        self.size = 0

    def reserve(self) -> None:
        """Raise DiskFullError when what is still to come doesn't fit on the disk."""
        free, wanted = shutil.disk_usage(self._path.parent).free, self._network.size - self.size
        if free < wanted:
            raise DiskFullError(
                f"{self._network.id}: expected {wanted:,} B free in {self._path.parent}, found {free:,} B; "
                "make room, or name another folder with --folder"
            )

    def write(self, chunk: bytes) -> None:
        """Append. Never writes more than the network's size: WrongSizeError then. DiskFullError, NotWritableError."""
        if self.size + len(chunk) > self._network.size:
            raise WrongSizeError(
                f"{self._network.id}: expected {self._network.size:,} B, found a source that sends more; "
                "it isn't the file the manifest names"
            )
        write(self._handle, self.size, chunk, self._network.id)
        self.size += len(chunk)

    def digest(self) -> str:
        """The SHA-256 of what is in the file, read back from it: a resumed part was written by someone else."""
        state, place = sha256(), 0
        while chunk := os.pread(self._handle, CHUNK, place):
            state.update(chunk)
            place += len(chunk)
        return state.hexdigest()

    def finish(self, final: Path) -> None:
        """Check the SHA-256 and give the file its name, which then survives a pulled plug. Raises WrongDigestError."""
        if (found := self.digest()) != self._network.sha256:
            raise WrongDigestError(
                f"{self._network.id}: expected SHA-256 {self._network.sha256}, found {found} in what came; it was "
                "thrown away: the publisher has another file there now, or something on the way changed it"
            )
        try:
            os.fsync(self._handle)
            self._path.replace(final)
            self._gone = True
            folder = os.open(final.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise _translated(error, self._network.id) from error

    def remove(self) -> None:
        """Take the unfinished file away; once, as another fetch may make its own under this name right after."""
        if not self._gone:
            self._gone = True
            with contextlib.suppress(OSError):
                self._path.unlink()


@contextlib.contextmanager
def part(network: Network, folder: Path) -> Iterator[Part]:
    """Open and lock `folder`/NAME.part, making the folder. Raises BusyError, NotWritableError, DiskFullError.

    Left with an error, an empty part is taken away; one with something in it is the caller's to keep or remove.
    """
    path = folder / f"{network.file}.part"
    handle = _locked(network, path)
    unfinished = Part(network, path, handle)
    try:
        yield unfinished
    finally:
        if unfinished.size == 0:
            unfinished.remove()
        os.close(handle)


def _locked(network: Network, path: Path) -> int:
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise _translated(error, network.id) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Between opening and locking another fetch may have finished: then this is the network's own file by now.
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        except BlockingIOError as error:
            os.close(handle)
            raise BusyError(
                f"{network.id}: expected to be the only fetch into {path.parent}, found another under way; "
                "wait for it, or name another folder with --folder"
            ) from error
        except FileNotFoundError:
            pass  # renamed or removed between the two looks at the path: open anew
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def write(handle: int, place: int, chunk: bytes, name: str) -> None:
    """Write all of `chunk` at `place`; a disk that fills up takes a piece first and refuses then."""
    view = memoryview(chunk)
    try:
        while view:
            written = os.pwrite(handle, view, place)
            view, place = view[written:], place + written
    except OSError as error:
        raise _translated(error, name) from error


def _translated(error: OSError, name: str) -> DiskFullError | NotWritableError:
    if error.errno in _NO_ROOM:
        return DiskFullError(f"{name}: expected room for the file, found: {error}; make room, or use --folder")
    return NotWritableError(f"{name}: expected a folder that can be written to, found: {error}; use --folder")
