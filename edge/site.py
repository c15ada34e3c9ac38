"""A site's settings: which lanes run on this device, with which camera, reader and door. Checked once, when it starts.

A mistake in them is told with file, line, column, key, what was expected, what was found and what to do; all at once.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from edge.attendance import DAY, SlotName
from edge.core.source import SourceError, masked
from edge.core.sources import is_live
from edge.errors import EdgeError
from edge.transaction import Origin
from edge.where import Key, place, places
from policy.permit import Purpose

LONGEST_S = 10.0
"""The longest that a door may be told to stay open."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, str_strip_whitespace=True)


def _alone(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _clock(value: object) -> object:
    if isinstance(value, time) or (isinstance(value, str) and re.fullmatch(r"\d\d:\d\d(:\d\d)?", value)):
        return value
    raise ValueError('a time of day such as "08:00"')


class Site(_Table):
    """`[site]`: what this device is, and where it keeps things."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    """Small letters, digits and hyphens. It stands in file names; it names a door, never a person."""
    purpose: Annotated[tuple[Purpose, ...], BeforeValidator(_alone), Field(min_length=1)] = ("door",)
    """What a decision is for: it opens the door, notes attendance, or both."""
    store: str = "store"
    """The sealed store's folder: who is enrolled. Relative to this file."""
    journal: str = "journal"
    """The folder of the transaction rows. Relative to this file."""
    keep_days: Annotated[int, Field(strict=True, ge=1, le=90)] = 90
    """Rows older than that are deleted. Threshold's own record says 90 days at most."""
    continue_without: Annotated[bool, Field(strict=True)] = False
    """Whether the other lanes run when the gate refuses one."""
    least_free_mb: Annotated[int, Field(strict=True, ge=1)] = 200
    """With less room than that on the journal's disk the door stays closed."""


class TagLane(_Table):
    """`[[lane]]` of kind tag-uid: opens for a known identifier."""

    kind: Literal["tag-uid"]


class _FaceLane(_Table):
    threshold: Annotated[float, Field(ge=-1, le=1)]
    """The cosine from which a face is recognised: from this site's own evaluation, for the embedder in use."""


class TokenLane(_FaceLane):
    """`[[lane]]` of kind face-tag: a tag opens a short window for its owner's face."""

    kind: Literal["face-tag"]
    window_s: Annotated[float, Field(ge=1, le=15)] = 5.0
    """For how long after the tag the owner's face is looked for, seconds."""


class CentralLane(_FaceLane):
    """`[[lane]]` of kind face-1n: a face is searched among all references. For a laboratory."""

    kind: Literal["face-1n"]


LaneSettings = Annotated[TagLane | TokenLane | CentralLane, Field(discriminator="kind")]


class Camera(_Table):
    """`[camera]`: where frames come from."""

    address: Annotated[str, Field(min_length=1)]
    """/dev/video0, rtsp://…, http://…, picamera2:0, or synthetic:SEED (drawn people, no camera)."""
    detect_px: Annotated[int, Field(strict=True, ge=96, le=1920)] = 480
    """Width of the picture that faces are searched in, px."""


class Networks(_Table):
    """`[networks]`: what finds and compares faces."""

    detector: str = "bundled"
    """As `threshold models list` names it, or bundled."""
    embedder: str = "bundled"
    """As `threshold models list` names it, or bundled."""
    folder: str = ""
    """The folder with the networks' files; empty: where `threshold models fetch` puts them."""


class ReplayReader(_Table):
    """`[reader]` of kind replay: a recording in place of a device."""

    kind: Literal["replay"]
    recording: Annotated[str, Field(min_length=1)]
    """JSON lines with at_s and uid (hexadecimal). Relative to this file."""


class CardReader(_Table):
    """`[reader]` of kind pcsc: any contactless reader that pcscd knows."""

    kind: Literal["pcsc"]
    name: str = ""
    """A part of the reader's name, where there are several; empty: the first."""


class OsdpReader(_Table):
    """`[reader]` of kind osdp: a wall reader on RS-485."""

    kind: Literal["osdp"]
    port: Annotated[str, Field(min_length=1)]
    """The serial device, such as /dev/ttyUSB0."""
    baud: Literal[9600, 19200, 38400, 57600, 115200] = 9600
    """Bits per second."""
    address: Annotated[int, Field(strict=True, ge=0, le=126)] = 0
    """The reader's address on the line."""
    key_file: Annotated[str, Field(min_length=1)]
    """A file (mode 0600) with the secure channel's key, 32 hexadecimal digits. Relative to this file."""


ReaderSettings = Annotated[ReplayReader | CardReader | OsdpReader, Field(discriminator="kind")]
_OpenFor = Annotated[float, Field(ge=0.2, le=LONGEST_S)]


class FakeDoor(_Table):
    """`[door]` of kind fake: notes what a door would have done."""

    kind: Literal["fake"]
    open_s: _OpenFor = 3.0
    """For how long the door is released, seconds."""


class RelayDoor(_Table):
    """`[door]` of kind relay: a relay on a GPIO pin."""

    kind: Literal["relay"]
    pin: Annotated[int, Field(strict=True, ge=2, le=27)]
    """The pin's BCM number."""
    active_high: Annotated[bool, Field(strict=True)] = True
    """Whether a high level releases the door."""
    open_s: _OpenFor = 3.0
    """For how long the door is released, seconds."""


DoorSettings = Annotated[FakeDoor | RelayDoor, Field(discriminator="kind")]


class SlotSettings(_Table):
    """`[[attendance.slot]]`: a part of the day in which somebody was there or wasn't, by the device's local time."""

    name: SlotName
    """Small letters, digits and hyphens. It stands beside each note."""
    begins: Annotated[time, BeforeValidator(_clock), Field(alias="from")]
    """When it begins, such as "08:00"."""
    ends: Annotated[time, BeforeValidator(_clock), Field(alias="to")]
    """When it is over, on the same day."""


class Attendance(_Table):
    """`[attendance]`: who was there is noted, by day and slot, without a time."""

    slot: Annotated[tuple[SlotSettings, ...], Field(min_length=1, max_length=24)]
    sheets: str = "attendance"
    """The folder of the sheets. Relative to this file."""
    keep_days: Annotated[int, Field(strict=True, ge=1, le=90)] = 90
    """Sheets older than that are deleted. Threshold's own record says 90 days at most."""
    least: Annotated[int, Field(strict=True, ge=2, le=100)] = 5
    """Of fewer people than that in a slot only the day is noted: who reads times of one at a door knows who it was."""


class Metrics(_Table):
    """`[metrics]`: figures for Prometheus and health for a monitor, over HTTP; off unless this table is there."""

    port: Annotated[int, Field(strict=True, ge=0, le=65535)] = 9464
    """0 takes any free one and says which."""
    address: str = "127.0.0.1"
    """The interface. Anything but loopback shows others on the network how busy the door is, without a password."""


class Settings(_Table):
    """One device's settings, whole and consistent."""

    site: Site
    lane: tuple[LaneSettings, ...]
    door: DoorSettings | None = None
    attendance: Attendance | None = None
    camera: Camera | None = None
    networks: Networks = Networks()
    reader: ReaderSettings | None = None
    metrics: Metrics | None = None

    @property
    def faces(self) -> bool:
        """Whether a lane needs a camera."""
        return any(lane.kind != "tag-uid" for lane in self.lane)

    @property
    def origin(self) -> Origin:
        """What its rows are: of drawn people a simulation; with a recording for camera or reader no pilot either."""
        if self.camera is not None and self.camera.address.startswith("synthetic"):
            return "simulation"
        replayed = self.reader is not None and self.reader.kind == "replay"
        filmed = self.camera is not None and not _live(self.camera.address)
        return "recording" if replayed or filmed else "pilot"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where, which key, what was expected and found, what to do. Line and column count from 1."""

    line: int | None
    column: int | None
    key: str
    expected: str
    found: str
    advice: str

    def __str__(self) -> str:
        return f"{self.key}: expected {self.expected}, found {self.found}. {self.advice}"


class SiteError(EdgeError, ValueError):
    """Error raised when a site's settings can't be used; `problems` holds all of them."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.path = path
        self.problems = tuple(sorted(problems, key=lambda one: (one.line or 0, one.column or 0)))
        super().__init__("\n".join(f"{path}:{_at(problem)} {problem}" for problem in self.problems))


def _at(problem: Problem) -> str:
    return "" if problem.line is None else f"{problem.line}:{problem.column}:"


def read(path: Path) -> Settings:
    """The settings in a TOML file. Raises SiteError with every problem in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        advice = "Write one: threshold run --template > site.toml."
        raise SiteError(path, [Problem(None, None, "file", "settings in TOML", str(error), advice)]) from error
    return parse(text, path)


def parse(text: str, path: Path) -> Settings:
    """The settings in TOML text; `path` is named in messages. Raises SiteError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"line (\d+), column (\d+)", str(error))
        line, column = (int(where[1]), int(where[2])) if where else (len(text.splitlines()), 1)
        said = str(error).partition(" (at ")[0]
        raise SiteError(path, [Problem(line, column, "file", "TOML", said, "Mend that line.")]) from error
    found = places(text)
    problems = []
    settings = None
    try:
        settings = Settings.model_validate(document)
    except ValidationError as error:
        for told in error.errors(include_url=False):
            key = _key(document, told["loc"])
            problems.append(_problem(found, key, document, dict(told)))
    problems += [_told(found, *told) for told in _apart(document)]
    if settings is None or problems:
        raise SiteError(path, problems)
    return settings


def _told(found: dict[Key, tuple[int, int]], key: Key, expected: str, what: str, advice: str) -> Problem:
    line, column = place(found, key) or (None, None)
    return Problem(line, column, _name(key), expected, what, advice)


def _apart(document: Mapping[str, Any]) -> Iterator[tuple[Key, str, str, str]]:
    """What one table alone can't know: (key, expected, found, advice)."""
    lanes = document.get("lane")
    kinds = [one.get("kind") for one in lanes if isinstance(one, dict)] if isinstance(lanes, list) else []
    for number, kind in enumerate(kinds):
        if kind in kinds[:number]:
            yield ("lane", number, "kind"), "each kind of lane once", f"{kind!r} again", "Take one of them out."
    if lanes == []:
        yield ("lane",), "at least one lane", "none", "Add a table [[lane]]."
    faces = [kind for kind in kinds if kind in ("face-tag", "face-1n")]
    tags = [kind for kind in kinds if kind in ("tag-uid", "face-tag")]
    if len(faces) == 2:
        yield (
            ("lane", kinds.index(faces[1]), "kind"),
            "one face lane a camera",
            "face-tag and face-1n",
            "Take one out, or run the other on a device of its own.",
        )
    if faces and "camera" not in document:
        told = f"a camera, as the lane {faces[0]} needs one"
        yield ("camera",), told, "no table [camera]", "Add it, or drop the lane."
    if tags and "reader" not in document:
        told = f"a reader, as the lane {tags[0]} needs one"
        yield ("reader",), told, "no table [reader]", "Add it, or drop the lane."
    yield from _recorded(document)
    yield from _purposes(document)


def _purposes(document: Mapping[str, Any]) -> Iterator[tuple[Key, str, str, str]]:
    """Each purpose has its table, and no table is there without its purpose."""
    site, camera = document.get("site"), document.get("camera")
    said = _alone(site.get("purpose", "door")) if isinstance(site, dict) else ()
    purposes = list(said) if isinstance(said, (list, tuple)) else []
    for number, purpose in enumerate(purposes):
        if purpose in purposes[:number]:
            yield ("site", "purpose"), "each purpose once", f"{purpose!r} again", "Take one of them out."
    for purpose in ("door", "attendance"):
        if (purpose in purposes) == (purpose in document) or not purposes:
            continue
        if purpose in document:
            advice = 'Take it out, or name the purpose: purpose = ["door", "attendance"] in [site].'
            yield (purpose,), f"no table, as the purpose is {purposes[0]} alone", f"[{purpose}]", advice
        else:
            yield (purpose,), "a table, as it is a purpose of the site", f"no table [{purpose}]", "Add it."
    address = camera.get("address") if isinstance(camera, dict) else None
    if "attendance" in purposes and isinstance(address, str) and address.startswith("synthetic"):
        yield ("camera", "address"), "a camera, as attendance is noted", "drawn people", "Drawn people are nowhere."
    yield from _slots(document)


def _slots(document: Mapping[str, Any]) -> Iterator[tuple[Key, str, str, str]]:
    """Slots of a day that don't overlap, each with a name of its own."""
    table = document.get("attendance")
    slots = table.get("slot") if isinstance(table, dict) else None
    known: list[tuple[str, str, str]] = []
    for number, slot in enumerate(slots if isinstance(slots, list) else ()):
        if not isinstance(slot, dict):
            continue
        name, begins, ends = (str(slot.get(key, "")) for key in ("name", "from", "to"))
        if name == DAY:
            advice = "That is what a note says that names no slot. Choose another."
            yield ("attendance", "slot", number, "name"), "a slot's name", f"{DAY!r}", advice
        if name in [one for one, _, _ in known]:
            yield ("attendance", "slot", number, "name"), "each name once", f"{name!r} again", "Choose another."
        if not begins < ends:
            told = "an end after its beginning, on the same day"
            yield ("attendance", "slot", number, "to"), told, f"{begins!r} to {ends!r}", "Change it."
        for other, since, until in known:
            if begins < until and since < ends:
                told = f"slots that don't overlap, as {other} is from {since} to {until}"
                yield ("attendance", "slot", number, "from"), told, f"{begins!r} to {ends!r}", "Change it."
        known.append((name, begins, ends))


def _recorded(document: Mapping[str, Any]) -> Iterator[tuple[Key, str, str, str]]:
    """A recording opens no real door: whoever could put one there would need neither tag nor face."""
    door, reader, camera = (document.get(name) for name in ("door", "reader", "camera"))
    if not isinstance(door, dict) or door.get("kind") in ("fake", None):
        return
    advice = "Use a device, or a door of kind fake."
    if isinstance(reader, dict) and reader.get("kind") == "replay":
        yield ("reader", "kind"), "a reader, as the door is a real one", "a recording", advice
    address = camera.get("address") if isinstance(camera, dict) else None
    if isinstance(address, str) and address and not _live(address):
        yield ("camera", "address"), "a camera, as the door is a real one", masked(repr(address)), advice


def _live(address: str) -> bool:
    try:
        return is_live(address)
    except SourceError:
        return False


def _problem(found: dict[Key, tuple[int, int]], key: Key, document: Mapping[str, Any], told: dict[str, Any]) -> Problem:
    kind, context = told["type"], told.get("ctx", {})
    line, column = place(found, key) or (None, None)
    if kind == "extra_forbidden":
        known = _known(document, key[:-1])
        near = difflib.get_close_matches(str(key[-1]), known, n=1)
        advice = f"Did you mean {near[0]}?" if near else "Take it out."
        return Problem(line, column, _name(key), f"one of {', '.join(known)}", "an unknown key", advice)
    if kind == "missing":
        return Problem(line, column, _name(key), "a value", "nothing", "Add it: threshold run --template.")
    if kind.startswith("union_tag"):
        tags = str(context.get("expected_tags", "")).replace("'", "")
        what = _shown(context["tag"]) if "tag" in context else "no kind"
        return _told(found, (*key, "kind"), f"one of {tags}" if tags else "a kind", what, "Choose one of them.")
    said = "small letters, digits and hyphens" if kind == "string_pattern_mismatch" else str(told["msg"])
    expected = said.removeprefix("Input should be ").removeprefix("Value should ").removeprefix("String should ")
    return Problem(line, column, _name(key), expected, _shown(told["input"]), "Change it.")


def _key(document: Any, location: tuple[str | int, ...]) -> Key:
    """pydantic's location without the kinds of unions that it puts in between."""
    here, key = document, []
    for part in location:
        if isinstance(here, dict) and part not in here and part == here.get("kind"):
            continue
        key.append(part)
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            here = None
    return tuple(key)


_TABLES: dict[str, type[_Table] | tuple[type[_Table], ...]] = {
    "site": Site,
    "camera": Camera,
    "networks": Networks,
    "metrics": Metrics,
    "attendance": Attendance,
    "lane": (TagLane, TokenLane, CentralLane),
    "reader": (ReplayReader, CardReader, OsdpReader),
    "door": (FakeDoor, RelayDoor),
}


def _known(document: Mapping[str, Any], key: Key) -> list[str]:
    """The keys of the table that `key` names."""
    if not key:
        return list(Settings.model_fields)
    models = SlotSettings if key[:2] == ("attendance", "slot") else _TABLES[str(key[0])]
    if not isinstance(models, tuple):
        return [field.alias or name for name, field in models.model_fields.items()]
    here: Any = document
    for part in key:
        here = here[part]
    for model in models:
        (kind,) = model.model_fields["kind"].annotation.__args__  # type: ignore[union-attr]  # a Literal of one word
        if kind == here.get("kind"):
            return list(model.model_fields)
    return ["kind"]


def _name(key: Key) -> str:
    """As a person would say it: lane[2].kind, counted from 1."""
    text = ""
    for part in key:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _shown(value: Any) -> str:
    """As TOML would have it, without a camera's password."""
    if isinstance(value, bool):
        return str(value).lower()
    return masked(repr(value))
