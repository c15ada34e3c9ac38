"""A set of files in a folder or an uncompressed tar, read the same way, without unpacking."""

from __future__ import annotations

import hashlib
import tarfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from policy.errors import PolicyError

_Content = TypeVar("_Content")


class ArchiveError(PolicyError, ValueError):
    """Error raised when a folder or tar that should hold a set of files can't be read as one."""


class Archive:
    """The regular files below a folder, or in an uncompressed tar, by their names from the set's root.

    Leading folders that hold everything are not part of the names, so `set/A/1.jpg` in a tar and `A/1.jpg` in the
    unpacked folder are one name. Links and special files are refused: they could show other content
    the second time they are read. Safe to read from several threads. A context manager; `close` may be called twice.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._tar: tarfile.TarFile | None = None
        self._members: dict[str, tarfile.TarInfo] = {}
        self._files: dict[str, Path] = {}
        if path.is_dir():
            self._files = _strip_root(dict(_folder(path)))
        elif path.is_file():
            try:
                self._tar = tarfile.open(path, mode="r:")  # noqa: SIM115  closed by close
                self._members = _strip_root(dict(_members(self._tar, path)))
            except ArchiveError:
                self.close()
                raise
            except (OSError, tarfile.TarError) as error:
                self.close()
                raise ArchiveError(
                    f"{path}: expected a folder or an uncompressed tar of pictures, found neither ({error}). "
                    "Unpack it and name the folder."
                ) from error
        else:
            raise ArchiveError(f"{path}: expected a folder or a tar of pictures, found nothing there. Check the path.")
        self.names: tuple[str, ...] = tuple(sorted(self._files or self._members))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._files or name in self._members

    def close(self) -> None:
        """Let go of the tar, if there is one."""
        if self._tar is not None:
            self._tar.close()

    def read(self, name: str) -> bytes:
        """The bytes of one file. Raises ArchiveError when the set has no such name, or it can't be read any more."""
        if name not in self:
            raise ArchiveError(
                f"{self.path}: has no file {name!r}. It holds {len(self)} files, such as {self.names[:1]}."
            )
        try:
            if self._tar is None:
                return self._files[name].read_bytes()
            with self._lock:  # one file position is shared by all readers of a tar
                handle = self._tar.extractfile(self._members[name])
                if handle is None:
                    raise ArchiveError(f"{self.path}: {name!r} is not a regular file.")
                return handle.read()
        except (OSError, tarfile.TarError) as error:
            raise ArchiveError(
                f"{self.path}: {name!r} can't be read ({error}). Was the set closed, or changed meanwhile?"
            ) from error

    def digests(self) -> Mapping[str, bytes]:
        """SHA-256 (32 bytes) of every file, by name."""
        return {name: hashlib.sha256(self.read(name)).digest() for name in self.names}


def _folder(root: Path) -> Iterator[tuple[str, Path]]:
    for path in root.rglob("*"):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ArchiveError(f"{path}: a set holds plain files only, found a link or special file. Take it out.")
        if path.is_file():
            yield path.relative_to(root).as_posix(), path


def _members(tar: tarfile.TarFile, path: Path) -> Iterator[tuple[str, tarfile.TarInfo]]:
    for member in tar:
        if member.isfile():
            yield member.name.removeprefix("./"), member
        elif not member.isdir():
            raise ArchiveError(f"{path}: a set holds plain files only, found {member.name!r}. Make the tar anew.")


def _strip_root(files: dict[str, _Content]) -> dict[str, _Content]:
    while files and all("/" in name for name in files) and len({name.split("/", 1)[0] for name in files}) == 1:
        files = {name.split("/", 1)[1]: value for name, value in files.items()}
    return files
