"""A network as the manifest describes it: its file, what goes in and out, and what is known of its training people."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationInfo, field_validator, model_validator

TEMPLATE_112 = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)
"""`alignment = "five-point-112"`: where a detector's five points come to lie in the 112×112 crop, (x, y) in px."""

POINTS = ("right eye", "left eye", "nose tip", "right mouth corner", "left mouth corner")
"""The order of the five points. Right and left are the subject's, so the right eye is on the picture's left."""

Role = Literal["detector", "embedder", "liveness"]
Side = Annotated[int, Field(gt=0)] | Literal["any multiple of 32"]
Numbers3 = Annotated[tuple[float, float, float], Field(strict=False)]
Names = Annotated[tuple[str, ...], Field(strict=False, min_length=1)]


class Entry(BaseModel):
    """Base of everything in a manifest: no unknown keys, no silent conversions, no changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SquareCrop(Entry):
    """A square around the face box: its side is the box's longer side × `scale`; what lies outside is mirrored."""

    scale: Annotated[float, Field(gt=0)]
    border: Literal["reflect-101"]


class InputContract(Entry):
    """One float32 tensor, 1 × 3 × height × width; each channel is (pixel / divisor − mean) / deviation, pixel 0…255.

    `mean` and `deviation` are in the order of `colour`. `name` is None where the file wasn't looked into; the network
    has a single input then. `alignment` or `crop` say how the picture is cut out; neither means the whole picture.
    """

    name: str | None = None
    width: Side
    height: Side
    colour: Literal["RGB", "BGR"]
    layout: Literal["NCHW"] = "NCHW"
    divisor: Annotated[float, Field(gt=0)]
    mean: Numbers3
    deviation: Numbers3
    alignment: Literal["five-point-112"] | None = None
    crop: SquareCrop | None = None
    note: str | None = None

    @field_validator("deviation")
    @classmethod
    def _divides(cls, value: tuple[float, float, float]) -> tuple[float, float, float]:
        if min(value) <= 0:
            raise ValueError("three numbers above 0")
        return value

    def fits(self, width: int, height: int) -> bool:
        """Whether a picture of width × height px goes in without being resized."""
        return all(
            wanted == size if isinstance(wanted, int) else size > 0 and size % 32 == 0
            for wanted, size in ((self.width, width), (self.height, height))
        )


class YunetOutput(Entry):
    """YuNet's heads: for each stride s a row a cell, H/s × W/s cells: cls and obj (1), bbox (4), kps (10), float32.

    A cell at (column, row) scores √(cls · obj), both clipped to 0…1; its box's centre is ((column, row) + bbox₀₁) · s
    and its size exp(bbox₂₃) · s; its point k lies at ((column, row) + kps₂ₖ,₂ₖ₊₁) · s. All px of the input tensor.
    """

    kind: Literal["yunet"]
    strides: Annotated[tuple[int, ...], Field(strict=False, min_length=1)]
    names: Names
    points: Names

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.names != tuple(f"{head}_{stride}" for head in ("cls", "obj", "bbox", "kps") for stride in self.strides):
            raise ValueError("names: cls, obj, bbox, kps, each for all strides, in this order")
        if self.points != POINTS:
            raise ValueError(f"points: {', '.join(POINTS)}")
        return self


class EmbeddingOutput(Entry):
    """One vector, 1 × dimension, float32. Not of unit length: divide by the norm first, then compare by cosine."""

    kind: Literal["embedding"]
    name: str | None = None
    dimension: Annotated[int, Field(gt=0)]
    compare: Literal["cosine"]
    unit_length: bool


class LogitsOutput(Entry):
    """One row of logits, 1 × classes, float32; a softmax over them gives the probabilities."""

    kind: Literal["logits"]
    name: str | None = None
    classes: Names


class Training(Entry):
    """What is known of the people whose pictures the network was trained on.

    `verified` is false where the account is still to be verified before it is printed as fact.
    """

    set: str
    asked: Literal["yes", "no", "unknown", "nobody to ask"]
    withdrawn: Literal["yes", "no", "unknown", "nothing to withdraw"]
    account: str
    verified: bool


class Figure(Entry):
    """One measured figure of a network: what, how much, with which 95 % interval, on what, and the command for it.

    `id` names those that a report shows beside a stronger network's.
    """

    id: str | None = None
    what: str
    value: float
    low: float | None = None
    high: float | None = None
    on: str
    command: str


class About(Entry):
    """What a network of the project's own is for, what it cost, and where it ends."""

    purpose: str
    cost: str
    limits: str
    not_for: str


class TrainedOn(Entry):
    """Which identities of a listed research set the network was trained on.

    `identities` is none, unknown, all, or the name of a file in `identities/` beside the manifest, which has one
    truncated SHA-256 (16 hexadecimal digits) of an identity's UTF-8 name a line; lines that start with # are comments.
    """

    set: str
    identities: str
    _digests: frozenset[str] = PrivateAttr(default=frozenset())

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> Self:
        if self.identities not in ("none", "unknown", "all"):
            if Path(self.identities).name != self.identities:
                raise ValueError("identities: none, unknown, all or the plain name of a file in identities/")
            folder: Path = (info.context or {}).get("folder", Path())
            path = folder / "identities" / self.identities
            try:
                lines = path.read_text("ascii").split("\n")
            except (OSError, ValueError) as error:
                raise ValueError(f"identities: none, unknown, all or a readable file ({path}: {error})") from error
            digests = frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))
            if wrong := next((line for line in sorted(digests) if not re.fullmatch("[0-9a-f]{16}", line)), None):
                raise ValueError(f"identities: 16 hexadecimal digits a line ({path} has {wrong!r})")
            self._digests = digests
        return self

    def knows(self, name: str) -> bool:
        """Whether the identity `name` is in the identities file."""
        return digest(name) in self._digests


@dataclass(frozen=True, slots=True)
class Overlap:
    """Who of an evaluation's people the network was trained on.

    `state` is `none` (none of them), `known` (those in `names`, sorted) or `unknown`: then an overlap can't
    be ruled out, and whoever measures on the set has to say so. `set_id` names the research set.
    """

    set_id: str
    state: Literal["none", "known", "unknown"]
    names: tuple[str, ...] = ()

    @property
    def count(self) -> int | None:
        """How many overlap; None where it can't be said."""
        return None if self.state == "unknown" else len(self.names)


class Network(Entry):
    """One network: identity, file, provenance and contracts."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    role: Role
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    size: Annotated[int, Field(gt=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    licence: str
    publisher: str
    address: Annotated[str, Field(pattern=r"^https://")] | None = None
    page: Annotated[str, Field(pattern=r"^https://")] | None = None
    input: InputContract
    output: Annotated[YunetOutput | EmbeddingOutput | LogitsOutput, Field(discriminator="kind")]
    training: Training
    trained_on: Annotated[tuple[TrainedOn, ...], Field(strict=False)] = ()
    figures: Annotated[tuple[Figure, ...], Field(strict=False)] = ()
    about: About | None = None
    stronger: str | None = None
    """The id of the network of the same role that evidence should use instead; None: nothing is said."""

    @model_validator(mode="after")
    def _role_and_output_agree(self) -> Self:
        kind = {"detector": "yunet", "embedder": "embedding", "liveness": "logits"}[self.role]
        if self.output.kind != kind:
            raise ValueError(f"output.kind: {kind}, as the role is {self.role}")
        return self

    def overlap(self, set_id: str, names: Iterable[str]) -> Overlap:
        """Which of `names` (identities of the research set `set_id`) the network was trained on.

        A set that the manifest doesn't list for this network is unknown.
        """
        entry = next((entry for entry in self.trained_on if entry.set == set_id), None)
        if entry is None or entry.identities == "unknown":
            return Overlap(set_id, "unknown")
        if entry.identities == "none":
            return Overlap(set_id, "none")
        found = tuple(sorted({name for name in names if entry.identities == "all" or entry.knows(name)}))
        return Overlap(set_id, "known" if found else "none", found)


def digest(name: str) -> str:
    """An identity's line in an identities file: the first 16 hexadecimal digits of its UTF-8 name's SHA-256."""
    return sha256(name.encode()).hexdigest()[:16]
