"""Fetching a network: from its publisher or from a mirror, checked before it gets its name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote, unquote, urlsplit

import httpx

from models.errors import (
    ConnectionLostError,
    FetchError,
    MirrorError,
    MismatchError,
    NoSourceError,
    NotInstalled,
    RefusedError,
    TruncatedError,
    UnreachableError,
    WrongSizeError,
)
from models.network import Network
from models.part import CHUNK, Part, part
from models.registry import Installed

MIRROR = "THRESHOLD_MODELS_MIRROR"
"""Environment variable: a folder, a file:// address or an http(s) address under which the networks' files lie."""

_KEEP = (KeyboardInterrupt, ConnectionLostError, UnreachableError, RefusedError, NoSourceError, MirrorError)
"""After these NAME.part is of use still: it goes on being what it was before, or what came before the end."""

Progress = Callable[[int, int], None]


def fetch(
    network: Network,
    folder: Path,
    *,
    mirror: str | None = None,
    progress: Progress | None = None,
    timeout_s: float = 30.0,
    again: bool = False,
) -> Path:
    """Bring the network's file into `folder` and return its path; a right one that is there already is left alone.

    It comes from `mirror` (else from $THRESHOLD_MODELS_MIRROR, else from the publisher's address), as NAME.part, and
    gets its name once its SHA-256 is right: until then a file of that name is as it was. `progress` is told the bytes
    so far and in all. `timeout_s` bounds every single wait for the other side, not the whole.

    NAME.part stays after a lost connection or Ctrl-C, and the next fetch goes on from there; every other failure takes
    it away, or leaves one from before as it was when nothing could be asked.

    Raises the leaves of FetchError, and of MismatchError: when what came isn't the manifest's file, and when a wrong
    file is there already and `again` isn't set.
    """
    final = folder / network.file
    if _there(network, final, again):
        return final
    source = _source(network, mirror)
    with part(network, folder) as unfinished:
        if _there(network, final, again):  # by a fetch that ended while this one waited for its turn
            unfinished.remove()
            return final
        try:
            _bring(network, source, unfinished, progress or (lambda done, total: None), timeout_s)
            unfinished.finish(final)
        except _KEEP:
            raise
        except BaseException:
            unfinished.remove()
            raise
    return final


def _there(network: Network, final: Path, again: bool) -> bool:
    try:
        Installed(network, final).read()
    except NotInstalled:
        return False
    except MismatchError:
        if again:
            return False
        raise
    return True


def _source(network: Network, mirror: str | None) -> Path | str:
    """A file, or an http(s) address."""
    mirror = mirror or os.environ.get(MIRROR)
    if not mirror:
        if network.address is None:
            raise NoSourceError(
                f"{network.id}: expected a publisher's address in the manifest, found none; set {MIRROR}"
            )
        return network.address
    address = urlsplit(mirror)
    if address.scheme in ("http", "https") and address.netloc:
        return f"{mirror.rstrip('/')}/{quote(network.file)}"
    if address.scheme == "file" and address.netloc in ("", "localhost"):
        return Path(unquote(address.path)) / network.file
    if "://" in mirror:
        raise NoSourceError(f"{MIRROR}: expected a folder, file:///FOLDER or an http(s) address, found {mirror}")
    return Path(mirror) / network.file


def _bring(network: Network, source: Path | str, unfinished: Part, progress: Progress, timeout_s: float) -> None:
    if isinstance(source, Path):
        _copy(network, source, unfinished, progress)
        return
    if unfinished.size > network.size:
        unfinished.restart()
    resumed = unfinished.size > 0
    if unfinished.size < network.size:
        _download(network, source, unfinished, progress, timeout_s)
    if resumed and unfinished.digest() != network.sha256:
        # What a download once left may be of another file (a login page, say): the old part is to blame first.
        unfinished.restart()
        _download(network, source, unfinished, progress, timeout_s)


def _copy(network: Network, source: Path, unfinished: Part, progress: Progress) -> None:
    try:
        with source.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size != network.size:
                kind = TruncatedError if size < network.size else WrongSizeError
                raise kind(f"{network.id}: expected {network.size:,} B in the mirror's {source}, found {size:,} B")
            unfinished.restart()
            unfinished.reserve()
            progress(0, network.size)
            while chunk := file.read(CHUNK):
                unfinished.write(chunk)
                progress(unfinished.size, network.size)
    except FetchError:
        raise
    except (FileNotFoundError, NotADirectoryError) as error:
        what = "this file in the mirror" if source.parent.is_dir() else "this folder of the mirror"
        raise MirrorError(f"{network.id}: expected {what}, found none: {source}; {MIRROR} names the mirror") from error
    except OSError as error:
        raise MirrorError(f"{network.id}: expected a file that can be read in the mirror, found: {error}") from error


def _download(network: Network, address: str, unfinished: Part, progress: Progress, timeout_s: float) -> None:
    """One conversation with a server, two when it won't go on where the part ends."""
    # The bytes are checked as they lie at the publisher's; a compressed transfer would make Range mean something else.
    headers = {"Accept-Encoding": "identity", "User-Agent": "threshold"}
    before = unfinished.size
    try:
        with httpx.Client(timeout=timeout_s, follow_redirects=True, headers=headers) as client:
            if unfinished.size and not _receive(network, client, address, unfinished, progress, resume=True):
                unfinished.restart()
            if unfinished.size < network.size:
                _receive(network, client, address, unfinished, progress, resume=False)
    except httpx.InvalidURL as error:
        raise NoSourceError(f"{network.id}: expected an address, found {address}: {error}") from error
    except (httpx.TooManyRedirects, httpx.UnsupportedProtocol) as error:
        raise RefusedError(f"{network.id}: expected the file at {address}, found: {error}") from error
    except httpx.TransportError as error:
        if unfinished.size != before:
            _lost(network, address, unfinished, error)
        raise UnreachableError(
            f"{network.id}: expected an answer from {address}, found none ({type(error).__name__}: {error}); "
            f"check the network, or set {MIRROR} to a folder that has the file"
        ) from error
    if unfinished.size < network.size:
        _lost(network, address, unfinished, None)


def _lost(network: Network, address: str, unfinished: Part, error: Exception | None) -> NoReturn:
    why = f" ({type(error).__name__}: {error})" if error else ""
    raise ConnectionLostError(
        f"{network.id}: expected {network.size:,} B from {address}, the connection ended after {unfinished.size:,} B"
        f"{why}; what came is kept: fetch again to go on from there"
    ) from error


def _receive(
    network: Network, client: httpx.Client, address: str, unfinished: Part, progress: Progress, *, resume: bool
) -> bool:
    """Read one answer into the part; False when the server won't resume and its answer is of no use."""
    headers = {"Range": f"bytes={unfinished.size}-"} if resume else {}
    with client.stream("GET", address, headers=headers) as answer:
        if resume and answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return False
        if resume and answer.status_code == httpx.codes.PARTIAL_CONTENT:
            if not _continues(network, answer, unfinished.size):
                return False
        elif answer.status_code == httpx.codes.OK:
            unfinished.restart()
        else:
            raise RefusedError(
                f"{network.id}: expected the file at {address}, the server answered "
                f"{answer.status_code} {answer.reason_phrase}"
            )
        length = answer.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) != network.size - unfinished.size:
            unfinished.restart()
            raise WrongSizeError(
                f"{network.id}: expected {network.size:,} B from {address}, the server announces {int(length):,} B; "
                "it isn't the file the manifest names"
            )
        unfinished.reserve()
        progress(unfinished.size, network.size)
        for chunk in answer.iter_raw():  # as it comes: with a size given, a lost connection would lose the rest of it
            unfinished.write(chunk)
            progress(unfinished.size, network.size)
    return True


def _continues(network: Network, answer: httpx.Response, start: int) -> bool:
    given = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", answer.headers.get("Content-Range", ""))
    return (
        given is not None
        and int(given[1]) == start
        and int(given[2]) == network.size - 1
        and given[3] in ("*", str(network.size))
    )
