"""Measured alternatives: what a signed pilot showed of faces against the tags; anything weaker is not shown.

The document (`threshold/measured-alternatives/1`) comes with the evidence bundle. It counts when it is of grade
`pilot`, signed by the pinned key, and its margin and declared need (above 0) were fixed before the first transaction.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from policy.entry import AlternativeId, Measure
from policy.errors import PolicyError
from policy.schema import SchemaError, upgrade

SCHEMA = "threshold/measured-alternatives/1"
MEASURED = "measured-alternatives.json"
"""Its name in a bundle."""


class MeasuredError(PolicyError, ValueError):
    """Error raised for a document that is none of this schema: names it, what was expected and found."""


class Difference(BaseModel):
    """How much better the face lane was: positive is better, in the unit of `need`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: FiniteFloat
    interval: tuple[FiniteFloat, FiniteFloat]
    level: Annotated[float, Field(ge=0.9, lt=1)]
    n: Annotated[int, Field(ge=1)]


class Comparison(BaseModel):
    """The face lane against one alternative in one measure."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alternative: AlternativeId
    measure: Measure
    unit: str
    margin: FiniteFloat
    """What still counts as equal, in `unit`."""
    need: FiniteFloat
    """How much better faces must be to be worth it, declared beforehand."""
    gain: Difference


class MeasuredAlternatives(BaseModel):
    """The document."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    schema_: Literal["threshold/measured-alternatives/1"] = Field(alias="schema")
    id: str
    grade: Literal["pilot", "recording", "technology", "simulated", "synthetic"]
    fixed_at: AwareDatetime
    """When margin and need were fixed."""
    first_transaction_at: AwareDatetime
    comparisons: tuple[Comparison, ...]
    signature: str | None = None
    """Ed25519 over the canonical JSON of everything else, in base64."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What counts of one comparison."""

    alternative: str
    low: float
    """Lower end of the gain's interval."""
    need: float
    shown: bool
    """Does it count at all?"""
    why_not: str = ""


def canonical(document: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: JSON without `signature`, keys sorted, no spaces, UTF-8."""
    told = {key: value for key, value in document.items() if key != "signature"}
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def signed(document: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """The document with its signature."""
    return {**document, "signature": base64.b64encode(key.sign(canonical(document))).decode()}


def measurements(document: object, name: str, key: Ed25519PublicKey | None) -> tuple[Measurement, ...]:
    """What counts of a document; `key` is the pinned public key of whoever may sign. Raises MeasuredError.

    What is weaker than a signed pilot comes back as not shown, with the reason.
    """
    try:
        read = MeasuredAlternatives.model_validate(upgrade(document, "measured-alternatives", name))
    except (ValidationError, SchemaError) as error:
        raise MeasuredError(f"{name}: expected measured alternatives ({SCHEMA}), found: {error}") from error
    assert isinstance(document, dict)  # noqa: S101  upgrade saw to it
    weak = _weak(read, document, key)
    return tuple(_measurement(comparison, weak) for comparison in read.comparisons)


def read(path: Path, key: Ed25519PublicKey | None) -> tuple[Measurement, ...]:
    """What counts of a document in a file. Raises MeasuredError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise MeasuredError(f"{path}: expected measured alternatives in JSON, found none to read ({error}).") from error
    return measurements(document, str(path), key)


def _weak(read: MeasuredAlternatives, document: Mapping[str, Any], key: Ed25519PublicKey | None) -> str:
    if read.grade != "pilot":
        return f"its grade is {read.grade}, not pilot"
    if read.signature is None:
        return "it is not signed"
    if key is None:
        return "no public key was pinned to verify it"
    try:
        key.verify(base64.b64decode(read.signature, validate=True), canonical(document))
    except (InvalidSignature, binascii.Error, ValueError):
        return "its signature is not by the pinned key"
    if read.fixed_at >= read.first_transaction_at:
        return "margin and need were not fixed before the first transaction"
    return ""


def _measurement(comparison: Comparison, weak: str) -> Measurement:
    low, high = comparison.gain.interval
    if not weak and comparison.need <= 0:
        weak = "the declared need is not above 0"
    if not weak and comparison.margin <= 0:
        weak = "the margin is not above 0"
    if not weak and not low <= comparison.gain.value <= high:
        weak = "its interval does not hold its value"
    return Measurement(comparison.alternative, low, comparison.need, not weak, weak)
