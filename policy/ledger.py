"""The ledger: append-only, each entry chained to the one before by its hash, and signed.

Every signature is a statement about all entries so far, so the last one, kept elsewhere, is an anchor. Entries hold no
names (policy.entry). An entry's hash covers the digest of its content, and the content holds 16 random bytes: when its
retention has run out the content goes, and the digest that stays can't be guessed back to it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from policy.clock import Clock
from policy.database import Database, reading
from policy.entry import BODY, KEEP, Body, Digest, Id, Opened
from policy.errors import PolicyError

FORM = """
CREATE TABLE entry (
    seq INTEGER PRIMARY KEY CHECK (seq > 0),
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    previous BLOB NOT NULL CHECK (length(previous) = 32),
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    body TEXT
) STRICT;
CREATE TRIGGER entry_stays BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER entry_same BEFORE UPDATE ON entry
WHEN NEW.body IS NOT NULL OR NEW.seq IS NOT OLD.seq OR NEW.at IS NOT OLD.at OR NEW.kind IS NOT OLD.kind
    OR NEW.digest IS NOT OLD.digest OR NEW.previous IS NOT OLD.previous OR NEW.hash IS NOT OLD.hash
    OR NEW.signature IS NOT OLD.signature
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END
"""
"""The triggers stop mistakes; what stops intent is the chain, which somebody without the key can't mend."""

START = bytes(32)


class LedgerError(PolicyError, ValueError):
    """Error raised when an anchor or a ledger can't be read: names the file, what was expected and found."""


class Anchor(BaseModel):
    """A signed statement of how far the ledger reached; worth something where it is kept off the device."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Literal["threshold/anchor/1"] = Field(default="threshold/anchor/1", alias="schema")
    ledger: Id
    seq: int = Field(ge=1)
    at: str
    hash: Digest
    public: Digest
    signature: str = Field(pattern=r"^[0-9a-f]{128}$")

    def genuine(self) -> bool:
        """Whether the key it names signed it. Whose key that is, only its place of keeping can say."""
        return _signed(bytes.fromhex(self.public), bytes.fromhex(self.signature), bytes.fromhex(self.hash))


def read_anchor(path: Path) -> Anchor:
    """An anchor file. Raises LedgerError."""
    try:
        anchor = Anchor.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError, ValueError) as error:
        raise LedgerError(f"{path}: expected an anchor as `threshold ledger anchor` writes it ({error}).") from error
    if not anchor.genuine():
        raise LedgerError(f"{path}: expected an anchor signed by the key it names, found another signature.")
    return anchor


def newest_anchor(path: Path) -> Anchor:
    """How far the ledger in a database has come. Raises DatabaseError, LedgerError."""
    with closing(reading(path)) as connection:
        try:
            return _last(connection)
        except (sqlite3.Error, ValueError, TypeError) as error:
            raise LedgerError(f"{path}: expected a ledger, found none that can be read ({error}).") from error


def _last(connection: sqlite3.Connection) -> Anchor:
    seq, at, hash_, signature = connection.execute(
        "SELECT seq, at, hash, signature FROM entry ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    opened = BODY.validate_python(_content(connection.execute("SELECT body FROM entry WHERE seq = 1").fetchone()[0])[1])
    if not isinstance(opened, Opened):
        raise ValueError("its first entry doesn't say whose it is")
    return Anchor(
        ledger=opened.ledger, seq=seq, at=at, hash=hash_.hex(), public=opened.public, signature=signature.hex()
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger; `body` is None where its retention has run out."""

    seq: int
    at: datetime
    body: Body | None
    kind: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What a ledger shows. `intact` is the number of entries up to which everything fits."""

    ledger: str | None
    entries: int
    intact: int
    problem: str | None
    """The first break, and where; None where there is none."""
    anchored: int | None
    """The entry up to which an anchor from elsewhere shows that nothing is missing."""

    @property
    def good(self) -> bool:
        """Whether no break was found."""
        return self.problem is None

    def __str__(self) -> str:
        if self.problem is not None:
            return f"broken: {self.problem} Intact up to entry {self.intact}."
        if self.anchored is None:
            return f"intact up to entry {self.intact}, completeness not shown"
        return f"intact up to entry {self.intact}, complete up to entry {self.anchored}, where the anchor stands"


class Ledger:
    """The writing end, on a database whose form has FORM. Entries are on disk when `append` returns, unless they were
    appended inside `database.writing()`: then when that ends."""

    def __init__(
        self,
        database: Database,
        signer: Ed25519PrivateKey,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        demonstration: bool = False,
    ) -> None:
        self._database, self._signer = database, signer
        self.clock = Clock(self.last, now)
        public = signer.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        with database.asked():
            first = database.connection.execute("SELECT body FROM entry WHERE seq = 1").fetchone()
        if first is None:
            self.id, self.demonstration = secrets.token_hex(16), demonstration
            self.append(Opened(ledger=self.id, public=public.hex(), demonstration=demonstration))
        else:
            opened = _opened(first[0])
            if opened is None:
                raise LedgerError(
                    f"{database.path}: expected a ledger whose first entry says whose it is, found another."
                )
            self.id, self.demonstration = opened.ledger, opened.demonstration
            if opened.public != public.hex():
                raise LedgerError(
                    f"{database.path}: expected a ledger of this device, found one signed with another key. Is "
                    "$CREDENTIALS_DIRECTORY or device.key another device's?"
                )

    def last(self) -> datetime | None:
        """The last stamp."""
        with self._database.asked():
            row = self._database.connection.execute("SELECT at FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
        return None if row is None else datetime.fromisoformat(row[0])

    def append(self, *bodies: Body) -> int:
        """Add entries, all or none; the number of the last. Raises policy.clock.ClockBehind, DatabaseError."""
        with self._database.writing() as connection:
            row = connection.execute("SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
            seq, previous = (0, START) if row is None else (int(row[0]), bytes(row[1]))
            for body in bodies:
                seq += 1
                at = self.clock.now().isoformat()
                content = _canonical({"salt": secrets.token_hex(16), **body.model_dump(mode="json")})
                digest = hashlib.sha256(content.encode()).digest()
                hash_ = _hash(self.id, seq, at, body.kind, digest, previous)
                connection.execute(
                    "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (seq, at, body.kind, digest, previous, hash_, self._signer.sign(_statement(hash_)), content),
                )
                previous = hash_
        return seq

    def anchor(self) -> Anchor:
        """How far the ledger has come, to be kept elsewhere."""
        with self._database.asked():
            return _last(self._database.connection)

    def __iter__(self) -> Iterator[Entry]:
        with self._database.asked():
            rows = self._database.connection.execute("SELECT seq, at, kind, body FROM entry ORDER BY seq").fetchall()
        for seq, at, kind, content in rows:
            body = None if content is None else BODY.validate_python(_content(content)[1])
            yield Entry(seq, datetime.fromisoformat(at), body, kind)

    def forget(self) -> int:
        """Take out the content of entries whose retention has run out; how many."""
        now, gone = self.clock.now(), 0
        with self._database.writing() as connection:
            for kind, period in KEEP.items():
                gone += connection.execute(
                    "UPDATE entry SET body = NULL WHERE kind = ? AND body IS NOT NULL AND at < ?",
                    (kind, (now - period).isoformat()),
                ).rowcount
        return gone


def verify(path: Path, anchor: Anchor | None = None) -> Verification:
    """Check a ledger from its first entry to its last, without any secret. Raises DatabaseError.

    Chain and signatures show that nothing in it was changed. That its end was not cut off, and that it is not
    yesterday's, shows only an anchor that was kept elsewhere.
    """
    with closing(reading(path)) as connection:
        try:
            return examine(connection, anchor)
        except sqlite3.Error as error:
            raise LedgerError(f"{path}: expected a ledger, found none that can be read ({error}).") from error


def examine(connection: sqlite3.Connection, anchor: Anchor | None = None, *, every: bool = True) -> Verification:
    """`verify` on an open database. Without `every` only the last signature is checked: through the chain it stands for
    all entries ahead of it."""
    rows = connection.execute(
        "SELECT seq, at, kind, digest, previous, hash, signature, body FROM entry ORDER BY seq"
    ).fetchall()
    last = rows[-1][1] if rows else ""
    ledger, intact, previous, public, before = None, 0, START, b"", ""
    hashes: dict[int, bytes] = {}
    for expected, (seq, at, kind, digest, linked, found, signature, content) in enumerate(rows, start=1):
        problem = _formed(seq, at, kind, (digest, linked, found, signature), content)
        if problem is None and seq != expected:
            problem = f"entry {expected} is missing; entry {seq} follows."
        if problem is None and seq == 1:
            ledger, public, problem = _first(kind, content)
        if problem is None:
            problem = (
                "it doesn't follow from the entry ahead of it." if linked != previous
                else "its hash isn't that of what it holds."
                if found != _hash(ledger or "", seq, at, kind, digest, linked)
                else "it isn't signed with this ledger's key."
                if (every or expected == len(rows)) and not _signed(public, signature, found)
                else "its stamp is before the one ahead of it." if at < before
                else _fits(kind, at, last, content, digest)
            )  # fmt: skip
            problem = problem and f"entry {seq}: {problem}"
        if problem is not None:
            return Verification(ledger, len(rows), intact, problem, None)
        intact, previous, before, hashes[seq] = seq, found, at, found
    if not rows:
        return Verification(None, 0, 0, "it has no entry at all; its first is missing.", None)
    if anchor is None:
        return Verification(ledger, len(rows), intact, None, None)
    problem = _held(anchor, ledger, public, hashes)
    return Verification(ledger, len(rows), intact, problem, None if problem else anchor.seq)


def linked(
    ledger: str, public: bytes, previous: bytes, seq: int, at: str, kind: str, digest: bytes, signature: bytes
) -> bytes | None:
    """The hash of an entry that follows `previous`, where the ledger's key signed it; else None."""
    hash_ = _hash(ledger, seq, at, kind, digest, previous)
    return hash_ if _signed(public, signature, hash_) else None


def body_of(content: str, digest: bytes) -> Body | None:
    """What an entry's content says, where it is the content of that digest; else None."""
    if hashlib.sha256(content.encode()).digest() != digest:
        return None
    try:
        return BODY.validate_python(_content(content)[1])
    except (ValidationError, ValueError):
        return None


def _formed(seq: object, at: object, kind: object, bytes_: tuple[object, ...], content: object) -> str | None:
    """Whether a row has the types of an entry; somebody else's table need not."""
    try:
        if not (isinstance(seq, int) and isinstance(kind, str) and isinstance(content, str | None)):
            raise TypeError
        if not all(isinstance(value, bytes) for value in bytes_) or not isinstance(at, str):
            raise TypeError
        datetime.fromisoformat(at)
    except (TypeError, ValueError):
        return f"entry {seq}: it is no entry."
    return None


def _opened(content: str | None) -> Opened | None:
    """The first entry's content, where it is one."""
    try:
        opened = BODY.validate_python(_content(content or "")[1])
    except (ValidationError, ValueError):
        return None
    return opened if isinstance(opened, Opened) else None


def _first(kind: str, content: str | None) -> tuple[str | None, bytes, str | None]:
    """(ledger id, public key, problem) of the first entry."""
    opened = _opened(content)
    if kind != "opened" or opened is None:
        return None, b"", "entry 1: it doesn't say whose ledger this is."
    return opened.ledger, bytes.fromhex(opened.public), None


def _fits(kind: str, at: str, last: str, content: str | None, digest: bytes) -> str | None:
    if content is None:
        period = KEEP.get(kind)  # a last entry that isn't one is found in its turn, and no period has run out by it
        try:
            over = period is not None and datetime.fromisoformat(at) <= datetime.fromisoformat(last) - period
        except (TypeError, ValueError):
            over = False
        if not over:
            return "its content is missing before its retention has run out."
        return None
    if hashlib.sha256(content.encode()).digest() != digest:
        return "its content was changed."
    try:
        if BODY.validate_python(_content(content)[1]).kind != kind:
            return "its kind isn't its content's."
    except (ValidationError, ValueError):
        return "its content is of no kind that is known."
    return None


def _held(anchor: Anchor, ledger: str | None, public: bytes, hashes: dict[int, bytes]) -> str | None:
    """What an anchor from elsewhere says against a ledger that fits together in itself."""
    if anchor.ledger != ledger or anchor.public != public.hex():
        return f"the anchor is of ledger {anchor.ledger}, and this is another or was made anew."
    if not anchor.genuine():
        return "the anchor isn't signed by the key it names."
    if anchor.seq not in hashes:
        return (
            f"the anchor of {anchor.at} saw entry {anchor.seq}, and the ledger ends at {max(hashes)}: its end was cut "
            "off, or an older copy was put back."
        )
    if hashes[anchor.seq].hex() != anchor.hash:
        return (
            f"entry {anchor.seq} isn't the one the anchor of {anchor.at} saw: an older copy was put back and went on, "
            "or this is another device restored from the same backup."
        )
    return None


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _content(text: str) -> tuple[str, dict[str, Any]]:
    fields = json.loads(text)
    if not isinstance(fields, dict):
        raise ValueError("expected an entry's fields")
    return str(fields.pop("salt", "")), fields


def _hash(ledger: str, seq: int, at: str, kind: str, digest: bytes, previous: bytes) -> bytes:
    fields = [ledger, seq, at, kind, digest.hex(), previous.hex()]
    return hashlib.sha256(b"threshold/ledger/1\n" + _canonical(fields).encode()).digest()


def _statement(hash_: bytes) -> bytes:
    return b"threshold/anchor/1\n" + hash_


def _signed(public: bytes, signature: bytes, hash_: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, _statement(hash_))
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True
