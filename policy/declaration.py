"""What was declared before a pilot, and the ledger that shows it: its chain from the first entry to the declarations.

The chain's entries come without their content, except the first, which says whose ledger it is, and the declarations:
they concern nobody. Whether the chain is older than the pilot, an anchor kept elsewhere shows (`Chain.problem`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from sqlite3 import Error

from pydantic import BaseModel, ConfigDict, Field

from policy.database import reading
from policy.entry import Declared, Digest, Id, Opened
from policy.ledger import START, Anchor, LedgerError, body_of, examine, linked


class Link(BaseModel):
    """One entry of the chain."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seq: int = Field(ge=1)
    at: str = Field(max_length=40)
    kind: str = Field(max_length=32)
    digest: Digest
    signature: str = Field(pattern=r"^[0-9a-f]{128}$")
    content: str | None = Field(default=None, max_length=4096)
    """Of the first entry and of declarations."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declaration with its place in the ledger."""

    seq: int
    at: datetime
    body: Declared


class Chain(BaseModel):
    """A ledger from its first entry on, as far as an evidence bundle needs it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ledger: Id
    public: Digest
    links: tuple[Link, ...] = Field(min_length=1, max_length=100_000)

    def problem(self, anchor: Anchor | None = None) -> str | None:
        """The first break in numbers, hashes, signatures and stamps, or against an anchor; None where all fits."""
        if anchor is not None and (anchor.ledger, anchor.public) != (self.ledger, self.public):
            return f"the anchor is of ledger {anchor.ledger}, and this is another."
        previous, before = START, ""
        for expected, link in enumerate(self.links, start=1):
            digest, signature = bytes.fromhex(link.digest), bytes.fromhex(link.signature)
            found = linked(
                self.ledger, bytes.fromhex(self.public), previous, link.seq, link.at, link.kind, digest, signature
            )
            wrong = (
                f"it is entry {link.seq}, and {expected} is missing." if link.seq != expected
                else "it doesn't follow from the one ahead of it, or this ledger's key didn't sign it." if found is None
                else "it has no time, or one before the entry ahead of it." if not _timed(link.at, before)
                else "its content was changed or is missing." if not self._told(link)
                else f"it isn't the one that the anchor of {anchor.at} saw."
                if anchor is not None and anchor.seq == link.seq and anchor.hash != found.hex()
                else None
            )  # fmt: skip
            if wrong is not None or found is None:
                return f"entry {expected}: {wrong}"
            previous, before = found, link.at
        return None

    def _told(self, link: Link) -> bool:
        """Whether an entry's content is there where it must be, and its own; the first one's names this ledger."""
        body = None if link.content is None else body_of(link.content, bytes.fromhex(link.digest))
        if link.seq == 1:
            return isinstance(body, Opened) and (body.ledger, body.public) == (self.ledger, self.public)
        return isinstance(body, Declared) if link.kind == "declared" else link.content is None

    def declarations(self) -> Iterator[Declaration]:
        """All of them, in order. For a chain without a problem."""
        for link in self.links:
            body = None if link.content is None else body_of(link.content, bytes.fromhex(link.digest))
            if isinstance(body, Declared):
                yield Declaration(link.seq, datetime.fromisoformat(link.at), body)

    def in_force(self, moment: datetime) -> tuple[Declaration, ...]:
        """The last declaration of each alternative and measure before `moment`; later ones don't count."""
        told = {(each.body.alternative, each.body.measure): each for each in self.declarations() if each.at < moment}
        return tuple(told[key] for key in sorted(told))


def _timed(at: str, before: str) -> bool:
    try:
        return datetime.fromisoformat(at).tzinfo is not None and at >= before
    except ValueError:
        return False


def chain(database: Path, moment: datetime) -> Chain:
    """The ledger in `database` up to its last declaration before `moment`.

    Raises DatabaseError, LedgerError: a ledger that is broken, or without a declaration before then.
    """
    with closing(reading(database)) as connection:
        try:
            checked = examine(connection)
            rows = connection.execute(
                "SELECT seq, at, kind, digest, signature, body FROM entry ORDER BY seq"
            ).fetchall()
        except Error as error:
            raise LedgerError(f"{database}: expected a ledger, found none that can be read ({error}).") from error
    if not checked.good:
        raise LedgerError(f"{database}: expected a whole ledger, found it {checked}")
    declared = [row[0] for row in rows if row[2] == "declared" and datetime.fromisoformat(row[1]) < moment]
    if not declared:
        raise LedgerError(
            f"{database}: expected margin and need declared before the first transaction ({moment.isoformat()}), found "
            "none. `threshold ledger declare` notes them; what is declared afterwards counts for nothing."
        )
    links = tuple(
        Link(
            seq=seq,
            at=at,
            kind=kind,
            digest=digest.hex(),
            signature=signature.hex(),
            content=content if kind in ("opened", "declared") else None,
        )
        for seq, at, kind, digest, signature, content in rows[: declared[-1]]
    )
    opened = body_of(rows[0][5], rows[0][3])
    assert isinstance(opened, Opened)  # noqa: S101  examine saw to it
    return Chain(ledger=opened.ledger, public=opened.public, links=links)
