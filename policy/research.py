"""Listed research sets: which whole sets of pictures may be measured, and on whose responsibility."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from policy.errors import PolicyError

Use = Literal["bench accuracy", "bench core", "evaluate", "training"]
"""What a listed set is listed for: three commands, and the training of the bundled networks."""


class UnknownSet(PolicyError, KeyError):
    """Error raised when a research set is asked for by a name that isn't listed."""

    def __str__(self) -> str:
        return str(self.args[0])


class ResearchSet(BaseModel):
    """One listed set: its digest, whose pictures, on what terms."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    files: int
    people: int
    digest: str
    licence: str
    publisher: str
    consent: str
    basis: str
    layout: str


def parse(text: str) -> tuple[ResearchSet, ...]:
    """Sets from the TOML form of `policy/sets.toml`: one table a set, named by its id."""
    tables = [{"id": key, **table} for key, table in tomllib.loads(text).items()]
    return TypeAdapter(tuple[ResearchSet, ...]).validate_python(tables)


@cache
def listed() -> tuple[ResearchSet, ...]:
    """The sets of `policy/sets.toml`."""
    return parse((files("policy") / "sets.toml").read_text(encoding="utf-8"))


def named(name: str, among: Iterable[ResearchSet]) -> ResearchSet:
    """The set of that id or alias. Raises UnknownSet."""
    known = list(among)
    for entry in known:
        if name in (entry.id, *entry.aliases):
            return entry
    raise UnknownSet(f"{name!r} is no listed research set. Listed are: {', '.join(entry.id for entry in known)}.")


def set_digest(digests: Mapping[str, bytes]) -> str:
    """SHA-256, in hexadecimal, over the sorted hexadecimal SHA-256 digests of a set's files, one a line."""
    lines = "".join(f"{digest.hex()}\n" for digest in sorted(digests.values()))
    return hashlib.sha256(lines.encode()).hexdigest()
