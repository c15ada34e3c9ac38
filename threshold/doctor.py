"""`threshold doctor`: what of a device works on this machine, what isn't here, and what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from threshold.output import JSON_HELP, emit, tables

if TYPE_CHECKING:
    from edge.health import Machine

EXAMPLE = (
    "Example: threshold doctor   Of a site, its camera, reader and store opened: threshold doctor --config site.toml"
)
LEAST_MB = 200
"""As `least_free_mb` is in a site's settings unless set."""
HOT_C = 80.0
"""From there a Raspberry Pi caps its clock (soft limit 80 °C, hard limit 85 °C; not verified)."""


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was looked at. `absent`: not on this machine, which is a fault only where a site needs it."""

    what: str
    state: Literal["ok", "absent", "wrong"]
    words: str
    do: str = ""


def doctor(
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", metavar="FILE", help="A site's settings: what it needs is opened; the door stays shut."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Look at camera, reader, relay, clock, disk, networks and temperature: what works, and what to do. Exit 1 where
    something is wrong; what isn't on this machine is wrong only if the site in --config needs it."""
    found = [*machine(), networks(), *(devices() if config is None else site(config))]
    good = all(one.state != "wrong" for one in found)
    if json:
        emit({"schema": "threshold/doctor/1", "ok": good, "found": [asdict(one) for one in found]})
    else:
        marks = {"ok": "ok", "absent": "-", "wrong": "WRONG"}
        for one in found:
            tables().print(f"{marks[one.state]:6}{one.what}: {one.words}", markup=False, soft_wrap=True)
            if one.do:
                tables().print(f"      → {one.do}", markup=False, soft_wrap=True)
    if not good:
        raise typer.Exit(1)


def machine(root: Path = Path("/"), look: Machine | None = None) -> Iterator[Found]:
    """Board, heat, supply, clock and disk."""
    from edge.health import Machine, NotHere, throttle_words
    from edge.machine import identity

    about = identity(root)
    yield Found("machine", "ok", f"{about['processor']}, {about['architecture']}, {about['cores']} cores")
    look = Machine(root) if look is None else look
    try:
        celsius = look.celsius()
        hot = celsius >= HOT_C
        yield Found("temperature", "wrong" if hot else "ok", f"{celsius:.0f} °C", "Give it a cooler." if hot else "")
    except NotHere as absent:
        yield Found("temperature", "absent", str(absent).removeprefix("temperature: "))
    try:
        told = throttle_words(look.throttle())
        advice = (
            "Take the supply that the board's maker names, and a cooler; then start the machine anew." if told else ""
        )
        yield Found("supply", "wrong" if told else "ok", ", ".join(told) or "no under-voltage, not throttled", advice)
    except NotHere as absent:
        yield Found("supply", "absent", str(absent))
    yield clock(root)
    yield disk()


def clock(root: Path = Path("/")) -> Found:
    """Whether a time server has set it, as far as systemd-timesyncd tells; and whether it goes on without power."""
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    kept = "a clock of its own" if (root / "dev/rtc0").exists() else "no clock of its own that goes on without power"
    if (root / "run/systemd/timesync/synchronized").exists():
        return Found("clock", "ok", f"{now}, set by a time server; {kept}")
    advice = (
        "Compare it with another clock. Start the device after time-sync.target; a wrong clock keeps the door closed."
    )
    return Found("clock", "absent", f"{now}, not known to be set by a time server; {kept}", advice)


def disk(folder: Path | None = None) -> Found:
    """Room where stores lie unless named otherwise."""
    from threshold.files import store_database

    here = store_database(None).parent if folder is None else folder
    while not here.exists():
        here = here.parent
    room = shutil.disk_usage(here).free >> 20
    if room < LEAST_MB:
        return Found("disk", "wrong", f"{here}: expected {LEAST_MB} MiB free, found {room}", "Make room.")
    return Found("disk", "ok", f"{here}: {room} MiB free")


def networks() -> Found:
    """The networks that come along: their files are read and checked by digest."""
    from models.errors import ModelError
    from models.registry import Registry

    registry = Registry.bundled()
    try:
        for name in ("bundled-detector", "bundled-embedder"):
            registry.locate(name).read()
    except ModelError as error:
        return Found("networks", "wrong", str(error))
    return Found(
        "networks", "ok", "bundled-detector, bundled-embedder: as they were published; others: threshold models list"
    )


def devices(root: Path = Path("/"), spec: Callable[[str], object | None] = find_spec) -> Iterator[Found]:
    """Cameras, a reader and a relay, as far as can be seen without a site's settings. No camera is opened."""
    cameras = sorted(path.name for path in (root / "dev").glob("video*"))
    pi = spec("picamera2") is not None
    names = [*(f"/dev/{name}" for name in cameras), *(["picamera2 (the Pi's camera)"] if pi else [])]
    if names:
        yield Found("camera", "ok", f"{', '.join(names)}: not opened", "threshold doctor --config FILE takes a frame.")
    else:
        yield Found("camera", "absent", "no /dev/video*, no picamera2",
                    "A USB camera: plug it in. The Pi's: apt install python3-picamera2.")  # fmt: skip
    from edge.card import CardReader
    from edge.reader import ReaderError

    try:
        with CardReader() as reader:
            yield Found("reader", "ok", repr(reader))
    except ReaderError as absent:
        yield Found("reader", "absent", str(absent))
    chips = sorted(path.name for path in (root / "dev").glob("gpiochip*"))
    if chips and spec("gpiozero") is not None:
        yield Found("relay", "ok", f"{', '.join(chips)}, gpiozero: no pin was touched")
    else:
        lacks = [*([] if chips else ["no /dev/gpiochip*"]), *([] if spec("gpiozero") else ["no gpiozero"])]
        yield Found("relay", "absent", ", ".join(lacks), "On a Pi: apt install python3-gpiozero python3-lgpio.")


def site(config: Path) -> Iterator[Found]:
    """What the settings need, opened one after the other. Raises SiteError for settings that can't be used."""
    from edge.site import read
    from threshold.run import Site

    for one in Site(read(config), config.resolve().parent).checks():
        yield Found(one["what"], "ok" if one["ok"] else "wrong", one["words"])
