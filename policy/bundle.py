"""An evidence bundle: one zip of flat files, whose manifest names each by digest and is signed (Ed25519).

It comes from somebody else's machine and is opened so: names, number and sizes are bounded before anything is read,
nothing is unpacked to disk, and no file is looked at before the manifest's signature fits a pinned key. The same bundle
made twice is the same bytes: names sorted, one time for all entries, no compression level of the day.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from policy.declaration import Chain
from policy.entry import AlternativeId, Digest
from policy.errors import PolicyError
from policy.measured import canonical
from policy.schema import SchemaError, upgrade
from policy.signer import fingerprint, raw

MANIFEST = "manifest.json"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
"""Flat, lower case, no way out of a folder and no two names that one file system takes for the same."""
FILES = 100
SIZE, TOTAL, MANIFEST_SIZE = 256 << 20, 512 << 20, 32 << 20
"""Bytes: the most of one file, of all, of the manifest. The embedded scenario's bundle holds some 20 MB."""
_MOMENT = (1980, 1, 1, 0, 0, 0)
"""The time of every entry: the oldest that a zip can say."""

Grade = Literal["pilot", "recording", "technology", "simulated", "synthetic"]


class BundleError(PolicyError, ValueError):
    """Error raised for a bundle that can't be opened or made: names it, what was expected and found."""


class UnknownSigner(BundleError):
    """Another key than the pinned one signed the bundle."""


class File(BaseModel):
    """One file of the bundle."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: Digest
    size: Annotated[int, Field(ge=0, le=SIZE)]


class Fixed(BaseModel):
    """A margin, and the need declared with it, and what says when they were fixed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: str
    alternative: AlternativeId | None = None
    margin: float
    need: float | None = None
    """None where a scenario holds a margin alone."""
    entry: int | None = None
    """Its number in the ledger; None: no ledger stands behind it."""
    at: AwareDatetime | None = None


class Manifest(BaseModel):
    """What is in a bundle."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    schema_: Literal["threshold/bundle/1"] = Field(alias="schema")
    created: AwareDatetime
    program: str
    code: Digest
    """Of all files of the installed packages: benchmarks.machine.code."""
    grade: Grade
    files: dict[str, File]
    networks: dict[str, Digest]
    """Networks that took part, by id; the files themselves aren't here."""
    settings: dict[str, Any]
    """All that the figures follow from beside the transactions."""
    fixed: tuple[Fixed, ...]
    fixed_by: Literal["scenario", "ledger"]
    """`scenario`: the scenario's own margins; no ledger stands behind them."""
    ledger: Chain | None = None
    marks: tuple[tuple[int, str, str], ...] = ()
    """What the lint of reports said: number of the trap, key, sentence."""
    public: Digest
    """The signer's public key; it counts only where the reader pinned the same."""
    signature: str = ""
    """Ed25519 over the canonical JSON of everything else, in base64."""


@dataclass(frozen=True, slots=True)
class Broken:
    """What doesn't fit, and where."""

    kind: str
    where: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Bundle:
    """An open bundle with the pinned signer's manifest."""

    path: Path
    manifest: Manifest
    files: Mapping[str, bytes]
    broken: tuple[Broken, ...]
    """Files that are missing, that nobody signed for, or that aren't those that were signed for."""


def write(path: Path, manifest: Mapping[str, Any], files: Mapping[str, bytes], key: Ed25519PrivateKey) -> Manifest:
    """Sign `manifest` (its files, public key and signature are filled in) and write the bundle, whole or not at all.

    Raises BundleError.
    """
    for name, content in files.items():
        if not NAME.fullmatch(name) or name == MANIFEST or len(content) > SIZE:
            raise BundleError(
                f"{name}: expected a flat name in lower case and at most {SIZE >> 20} MiB, found {len(content)} bytes."
            )
    document = Manifest.model_validate(
        {
            **manifest,
            "schema": "threshold/bundle/1",
            "files": {name: _digest(content) for name, content in sorted(files.items())},
            "public": raw(key.public_key()).hex(),
        }
    ).model_dump(mode="json", by_alias=True)
    document["signature"] = base64.b64encode(key.sign(canonical(document))).decode()
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n"
    if len(text) > MANIFEST_SIZE:
        raise BundleError(f"{MANIFEST}: expected at most {MANIFEST_SIZE >> 20} MiB, found {len(text)} bytes.")
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
            for name, content in sorted({**files, MANIFEST: text}.items()):
                entry = zipfile.ZipInfo(name, _MOMENT)
                entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
                packed.writestr(entry, content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise BundleError(f"{path}: expected a place to write the bundle to, found none ({error}).") from error
    return Manifest.model_validate(document)


def read(path: Path, key: Ed25519PublicKey) -> Bundle:
    """Open a bundle that `key` signed. Raises UnknownSigner, BundleError; a file that isn't the one that was signed
    for raises nothing: it is named in `broken`, so that all that is wrong can be told at once."""
    try:
        with zipfile.ZipFile(path) as packed:
            entries = {entry.filename: entry for entry in _bounded(path, packed.infolist())}
            if MANIFEST not in entries:
                raise BundleError(f"{path}: expected {MANIFEST} in the bundle, found none.")
            manifest = _signed(path, _content(packed, entries.pop(MANIFEST), MANIFEST_SIZE), key)
            files = {name: _content(packed, entry, SIZE) for name, entry in sorted(entries.items())}
    except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise BundleError(f"{path}: expected an evidence bundle (zip), found none that is whole ({error}).") from error
    return Bundle(path, manifest, files, tuple(_compared(manifest, files)))


def is_bundle(path: Path) -> bool:
    """Whether a file begins as a zip does."""
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError:
        return False


def _digest(content: bytes) -> File:
    return File(sha256=hashlib.sha256(content).hexdigest(), size=len(content))


def _bounded(path: Path, entries: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """The entries, once none of them can surprise. Raises BundleError."""
    if len(entries) > FILES:
        raise BundleError(f"{path}: expected at most {FILES} files, found {len(entries)}.")
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        shown = ascii(name)
        if not NAME.fullmatch(name) or entry.orig_filename != name:
            raise BundleError(f"{path}: expected flat names in lower case, found {shown}: it may lead out of a folder.")
        if name in seen:
            raise BundleError(f"{path}: expected each file once, found {shown} twice.")
        if entry.flag_bits & 0x1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BundleError(f"{path}: expected files stored or deflated, found {shown} otherwise.")
        if entry.file_size > (MANIFEST_SIZE if name == MANIFEST else SIZE):
            raise BundleError(f"{path}: expected at most {SIZE >> 20} MiB, found {shown} of {entry.file_size} bytes.")
        seen.add(name)
    total = sum(entry.file_size for entry in entries)
    if total > TOTAL:
        raise BundleError(f"{path}: expected at most {TOTAL >> 20} MiB in all, found {total} bytes.")
    return entries


def _content(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    with packed.open(entry) as file:
        content = file.read(most + 1)
    if len(content) != entry.file_size:
        raise BundleError(f"{entry.filename}: expected {entry.file_size} bytes as it says, found {len(content)}.")
    return content


def _signed(path: Path, text: bytes, key: Ed25519PublicKey) -> Manifest:
    """The manifest, once its signature fits. Raises UnknownSigner, BundleError."""
    try:
        document = upgrade(json.load(io.BytesIO(text)), "bundle", f"{path}, {MANIFEST}")
        signature = base64.b64decode(str(document.get("signature", "")), validate=True)
        told = canonical(document)
    except (ValueError, RecursionError, binascii.Error, SchemaError) as error:
        raise BundleError(
            f"{path}: expected {MANIFEST} of an evidence bundle, found none to read ({error})."
        ) from error
    pinned = raw(key).hex()
    try:
        key.verify(signature, told)
    except InvalidSignature as error:
        claimed = str(document.get("public", ""))
        if claimed == pinned:
            raise BundleError(
                f"{path}: {MANIFEST} was altered: expected what the pinned key signed, found something else."
            ) from error
        whose = fingerprint(bytes.fromhex(claimed)) if re.fullmatch("[0-9a-f]{64}", claimed) else "no key at all"
        raise UnknownSigner(
            f"{path}: unknown signer: expected a signature by the pinned key {fingerprint(raw(key))}, found {whose}. "
            "Nothing in the bundle was looked at."
        ) from error
    try:
        return Manifest.model_validate(document)
    except ValidationError as error:
        raise BundleError(f"{path}: expected {MANIFEST} as threshold/bundle/1 says, found: {error}") from error


def _compared(manifest: Manifest, files: Mapping[str, bytes]) -> Iterator[Broken]:
    for name in sorted({*manifest.files, *files}):
        signed, content = manifest.files.get(name), files.get(name)
        if content is None:
            yield Broken("file missing", name, "the file that was signed for", "none")
        elif signed is None:
            yield Broken("file added", name, "nothing of that name", f"{len(content)} bytes that nobody signed for")
        elif (found := _digest(content)) != signed:
            yield Broken("file altered", name, f"SHA-256 {signed.sha256}", found.sha256)
