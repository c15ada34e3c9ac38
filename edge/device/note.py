"""What a device was while it wrote a session's rows: settings and networks, beside them. Nobody's name, no address."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge.transaction import Lane, Origin

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LaneNote(_Value):
    """One lane's settings; None where it has none of the kind."""

    lane: Lane
    threshold: float | None = None
    """The cosine from which a face was recognised."""
    window_s: float | None = None
    """For how long after the tag its owner's face was looked for, seconds."""


class DeviceNote(_Value):
    """One session's device."""

    schema_: Literal["threshold/device-note/1"] = Field(default="threshold/device-note/1", alias="schema")
    session: str
    """As its rows name it."""
    program: str
    origin: Origin
    lanes: tuple[LaneNote, ...]
    networks: dict[str, Digest]
    """SHA-256 of the networks that were opened, by id, as `models/` lists them."""
    detect_px: int | None = None
    """Width of the picture that faces were searched in, px; None without a camera."""
    reader: str | None = None
    """Of which kind; None without one."""
    door: str | None = None
    """Of which kind; None where attendance alone is noted."""
