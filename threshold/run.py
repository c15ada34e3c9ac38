"""`threshold run`: a pilot device at work, until it is told to stop; or on drawn people, on any machine."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from threshold.ending import Ending, at_once
from threshold.output import JSON_HELP, console, emit, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edge.attendance import Sheets
    from edge.core.source import Source
    from edge.core.watch import Off
    from edge.detect import Detector
    from edge.device.keeper import Keeper
    from edge.device.loop import Parts
    from edge.device.roll import Roll
    from edge.door import Door
    from edge.live.lane import LiveLane
    from edge.reader import TagReader
    from edge.site import Attendance, Camera, LaneSettings, ReaderSettings, Settings
    from models.registry import Installed, Role
    from policy.running import Mode
    from policy.store import Store
    from policy.verdict import Verdict

EXAMPLE = (
    "Example: threshold run --demo --seconds 30   For a site: threshold run --template > site.toml, fill it in, "
    "threshold run --config site.toml --check, threshold run --config site.toml"
)
DEMO = "demo.toml"
STORE_S = 0.5
"""How long opening the store may wait for another process: the loop stands still meanwhile."""


def run(
    config: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="The site's settings (TOML).")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Drawn people, a replayed reader, a door that is none.")] = False,
    template: Annotated[bool, typer.Option("--template", help="Print settings to fill in, commented.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Check settings, gate and devices; the door isn't opened.")
    ] = False,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="Stop by itself after so long.")] = None,
    measure: Annotated[
        bool | None,
        typer.Option(help="Measure stages and cost; unless said, with --seconds, --demo or a table [metrics]."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Run a device: camera, reader, lanes, gate, journal and door. SIGTERM or Ctrl-C ends it within two seconds."""
    if template:
        typer.echo((resources.files("edge") / "sites" / "template.toml").read_text(encoding="utf-8"), nl=False)
        return
    if demo == (config is not None):
        raise typer.BadParameter("expected one of --config FILE and --demo, found both or neither")
    from edge.site import parse, read

    if config is None or (config.name == DEMO and not config.exists()):
        inside = resources.files("edge") / "sites" / DEMO
        settings, base = parse(inside.read_text(encoding="utf-8"), Path(DEMO)), Path("out/run")
    else:
        settings, base = read(config), config.resolve().parent
    with Ending(partial(console().print, markup=False)) as ending:
        site = Site(settings, base)
        if check:
            site.check(json)
            return
        site.work(ending, seconds, demo or seconds is not None if measure is None else measure, json)


@dataclass
class Site:
    """Settings, made into a device."""

    settings: Settings
    base: Path

    # --- what a person asks for ---

    def work(self, ending: Ending, seconds: float | None, measure: bool, json: bool) -> None:
        """Run the device and say how it went. Exit 1 where the gate refuses."""
        from edge.core.watch import Off, Stopwatch
        from edge.device.loop import Device
        from edge.health import Monitor
        from threshold.outcome import line, quiet, show, summary

        out = console()
        kinds = self._allowed(json)
        parts = self.parts(kinds)
        watch: Off = Stopwatch() if measure or self.settings.metrics else Off()
        # Where nobody looks on, lines go to a log that keeps them for as long as it likes: no pseudonym goes there.
        named = self.drawn is not None or sys.stdout.isatty()
        device = Device(parts, watch, quiet if json else partial(line, named), partial(out.print, markup=False))
        monitor = Monitor(every_s=1.0) if measure and seconds is not None else None
        with ExitStack() as stack:
            stack.enter_context(parts.door)
            if self.settings.metrics is not None and isinstance(watch, Stopwatch):
                from edge.device.metrics import Served

                served = stack.enter_context(
                    Served(device, watch, self.settings.metrics.address, self.settings.metrics.port)
                )
                out.print(f"Metrics: http://{served.address}:{served.port}/metrics, health: /health", markup=False)
            if monitor is not None:
                stack.enter_context(monitor)
            out.print(f"{self.settings.site.name}: {', '.join(kinds)}. Ctrl-C ends it.", markup=False)
            ending.door, ending.device, ending.code = parts.door, device, int(json)
            ended = device.run(ending.stop, float("inf") if seconds is None else seconds)
        document = summary(device, watch, monitor, ended)
        if json:
            emit(document)
        else:
            show(document)
        # Door and files are closed by now; a thread inside a camera's library could keep the process from ending.
        at_once(0)

    def check(self, json: bool) -> None:
        """Look at everything that `run` needs, and say of each whether it is there. Exit 1 if something isn't."""
        found = self.checks()
        if json:
            emit({"ok": all(one["ok"] for one in found), "checks": found})
        else:
            for one in found:
                words = f"{'ok' if one['ok'] else 'WRONG':6}{one['what']}: {one['words']}"
                tables().print(words, markup=False, soft_wrap=True)
        if not all(one["ok"] for one in found):
            raise typer.Exit(1)

    def checks(self) -> list[dict[str, Any]]:
        """Of all that `run` needs: what it is, whether it is there (`ok`), and in words. The door stays shut."""
        from policy.gate import Refused

        found: list[dict[str, Any]] = [{"what": "settings", "ok": True, "words": "complete and consistent"}]

        def look(what: str, at: Callable[[], str]) -> None:
            from edge.errors import EdgeError
            from models.errors import ModelError
            from policy.errors import PolicyError

            try:
                found.append({"what": what, "ok": True, "words": at()})
            except (EdgeError, ModelError, PolicyError) as error:
                found.append({"what": what, "ok": False, "words": str(error)})

        kinds: Sequence[str] = ()

        def gate() -> str:
            nonlocal kinds
            kinds, refused = self._asked()
            if refused:
                raise Refused(next(iter(refused.values())))
            return f"may run: {', '.join(kinds)}"

        look("gate", gate)
        faces = any(kind != "tag-uid" for kind in kinds)
        look("journal", self._journal_checked)
        if self.settings.faces:
            look("networks", lambda: " + ".join(self._installed(role).network.id for role in ("detector", "embedder")))
            look("liveness", lambda: spoofs.network.id if (spoofs := self._liveness()) else "not installed")
        if self.settings.camera is not None:
            camera = partial(self._camera_checked, self.settings.camera)
            look("camera", camera if faces else lambda: "not opened: no face lane may run")
        if self.settings.reader is not None:
            look("reader", partial(self._reader_checked, self.settings.reader))
        if self.settings.door is not None:
            look("door", self._door_checked)
        if self.settings.attendance is not None:
            look("attendance", partial(self._attendance_checked, self.settings.attendance))
        return found

    # --- the gate, before anything is opened ---

    @property
    def drawn(self) -> int | None:
        """The seed of a demonstration's drawn people; None at a real entrance."""
        camera = self.settings.camera
        if camera is None or not camera.address.startswith("synthetic"):
            return None
        seed = camera.address.partition(":")[2] or "0"
        return int(seed) if seed.isdigit() else 0

    def _kinds(self) -> tuple[str, ...]:
        return tuple(lane.kind for lane in self.settings.lane)

    def _asked(self) -> tuple[tuple[str, ...], dict[str, Verdict]]:
        """(lanes that may run, verdicts on the others)."""
        if self.drawn is not None:
            return self._kinds(), {}
        from policy.running import beginning

        refused: dict[str, Verdict] = {}
        with self._open_store() as store:
            for kind in self._kinds():
                for purpose in self.settings.site.purpose:
                    verdict = beginning(store, _mode(kind), purpose)
                    if verdict.verdict != "allow":
                        refused.setdefault(kind, verdict)
        return tuple(kind for kind in self._kinds() if kind not in refused), refused

    def _allowed(self, json: bool) -> tuple[str, ...]:
        """The lanes that may run. Exit 1 with the verdicts where one may not and the settings don't go on without."""
        allowed, refused = self._asked()
        if not refused or (allowed and self.settings.site.continue_without):
            for kind, verdict in refused.items():
                console().print(f"{kind} doesn't run: {_words(verdict)}", markup=False)
            return allowed
        if json:
            told = {kind: verdict.model_dump(mode="json") for kind, verdict in refused.items()}
            words = " ".join(f"{kind}: {_words(verdict)}" for kind, verdict in refused.items())
            emit({"error": {"kind": "Refused", "message": words}, "verdicts": told})
        for kind, verdict in refused.items():
            console().print(f"threshold: {kind} may not run here. {_words(verdict)}", markup=False)
        if allowed:
            console().print(f"To run {', '.join(allowed)} alone: continue_without = true in [site].", markup=False)
        raise typer.Exit(1)

    def _open_store(self) -> Store:
        from policy.store import NAME, Store, StoreError

        folder = self._path(self.settings.site.store)
        if not (folder / NAME).is_file():
            raise StoreError(
                f"{folder}: expected the store of who is enrolled, found none. Enrol somebody first: threshold enrol "
                "--store DIR; or name another folder at store in [site]."
            )
        return Store(folder, patience_s=STORE_S)

    # --- its parts ---

    def parts(self, kinds: tuple[str, ...]) -> Parts:
        """What the device is made of. Files of networks, camera and reader are opened by the device, not here."""
        from edge.core.loop import Settings as CoreSettings
        from edge.device.journal import Journal
        from edge.device.keeper import StoreKeeper, lent
        from edge.device.loop import Parts
        from edge.vision import open_liveness

        site, lanes = self.settings.site, {str(lane.kind): lane for lane in self.settings.lane}
        faces = [kind for kind in kinds if kind != "tag-uid"]
        detector = core = liveness = None
        open_source: Callable[[], Source] | None = None
        if faces and self.settings.camera is not None:
            camera, lane = self.settings.camera, lanes[faces[0]]
            detector = self._detector()
            if lane.kind != "tag-uid":
                core = CoreSettings(lane.threshold, camera.detect_px, alone=lane.kind == "face-tag")
            open_source = partial(self._source, camera)
            if self.drawn is None and (found := self._liveness()) is not None:  # drawn people are no case for it
                liveness = open_liveness(found)
        folder = self._path(site.store)

        def from_store() -> Keeper:
            return StoreKeeper(self._open_store(), partial(self._furnish, kinds))

        open_keeper: Callable[[], Keeper] = from_store
        reader = self.settings.reader
        if self.drawn is not None:
            from threshold.demonstration import Crowd, DrawnKeeper

            crowd = Crowd(self.drawn)
            open_source = crowd.open_source
            window_s = getattr(lanes.get("face-tag"), "window_s", 5.0)
            open_keeper = partial(
                DrawnKeeper, crowd, kinds, detector or self._detector(), self._installed("embedder"), window_s
            )
        note = self.note(kinds)
        return Parts(
            open_keeper=open_keeper,
            open_journal=lambda: Journal(self._path(site.journal), site.name, site.keep_days, note=note),
            door=self._door(),
            open_s=0.0 if self.settings.door is None else self.settings.door.open_s,
            lent=partial(lent, folder) if self.drawn is None else bool,
            open_source=open_source,
            detector=detector,
            core=core,
            liveness=liveness,
            open_reader=None if reader is None else partial(self._reader, reader),
            least_free_bytes=site.least_free_mb << 20,
            origin=self.settings.origin,
            roll=self._roll(),
            opens="door" in site.purpose,
        )

    def note(self, kinds: tuple[str, ...]) -> dict[str, Any]:
        """What stands beside the rows of what made them: settings and networks, no address and nobody's name."""
        from importlib.metadata import version

        from edge.device.note import DeviceNote, LaneNote

        settings = self.settings
        networks = {}
        if any(kind != "tag-uid" for kind in kinds):
            spoofs = self._liveness() if self.drawn is None else None
            found = [self._installed("detector"), self._installed("embedder"), spoofs]
            networks = {each.network.id: each.network.sha256 for each in found if each is not None}
        note = DeviceNote(
            session="none",  # the journal knows it
            program=f"threshold {version('threshold')}",
            origin=settings.origin,
            lanes=tuple(
                LaneNote(
                    lane=lane.kind, threshold=getattr(lane, "threshold", None), window_s=getattr(lane, "window_s", None)
                )
                for lane in settings.lane
                if lane.kind in kinds
            ),
            networks=networks,
            detect_px=settings.camera.detect_px if settings.camera is not None else None,
            reader=None if settings.reader is None else settings.reader.kind,
            door=None if settings.door is None else settings.door.kind,
        )
        return note.model_dump(mode="json", by_alias=True)

    def _furnish(self, kinds: tuple[str, ...], store: Store) -> list[LiveLane]:
        """Of the lanes the device began with those that the record in force allows now: another process may have
        adopted another one meanwhile. Raises policy.gate.Refused where the settings don't go on without one."""
        from policy.gate import Refused
        from policy.running import running

        lanes = []
        for lane in self.settings.lane:
            if lane.kind not in kinds:
                continue
            against = [
                verdict
                for purpose in self.settings.site.purpose
                if (verdict := running(store, _mode(lane.kind), purpose)).verdict != "allow"
            ]
            if not against:
                lanes.append(self._lane(lane, store))
            elif not self.settings.site.continue_without:
                raise Refused(against[0])
            else:
                console().print(f"{lane.kind} doesn't run any more: {_words(against[0])}", markup=False)
        return lanes

    def _lane(self, lane: LaneSettings, store: Store) -> LiveLane:
        from edge.live.central import Central
        from edge.live.network import Network
        from edge.live.tag import TagLane
        from edge.live.verification import TokenFirst
        from edge.vision import open_embedder

        # At a device that does both, who is recognised is to be let in; being noted is asked for by itself.
        purpose = self.settings.site.purpose[0] if len(self.settings.site.purpose) == 1 else "door"
        if lane.kind == "tag-uid":
            return TagLane(store, purpose)
        installed = self._installed("embedder")
        network = Network(lambda permit: open_embedder(installed, store.gate, permit), installed.network.sha256)
        if lane.kind == "face-tag":
            return TokenFirst(store, network, lane.window_s, purpose)
        return Central(store, network, purpose)

    def _source(self, camera: Camera) -> Source:
        from edge.core.sources import open_source

        return open_source(camera.address)

    def _reader(self, settings: ReaderSettings) -> TagReader:
        if settings.kind == "replay":
            from edge.reader import TimedReader, recording

            return TimedReader(recording(self._path(settings.recording)))
        if settings.kind == "pcsc":
            from edge.card import CardReader

            return CardReader(settings.name)
        from edge.osdp import OsdpReader, read_key

        return OsdpReader(settings.port, read_key(self._path(settings.key_file)), settings.baud, settings.address)

    def _roll(self) -> Roll | None:
        from edge.attendance import Slot
        from edge.device.roll import Roll

        wanted = self.settings.attendance
        if wanted is None:
            return None
        slots = [Slot(slot.name, slot.begins, slot.ends) for slot in wanted.slot]
        return Roll(self._sheets(wanted), slots, wanted.least)

    def _sheets(self, wanted: Attendance) -> Sheets:
        from edge.attendance import Sheets

        return Sheets(self._path(wanted.sheets), self.settings.site.name, self.settings.origin, wanted.keep_days)

    def _door(self) -> Door:
        from edge.door import FakeDoor, RelayDoor

        settings = self.settings.door
        if settings is None or settings.kind == "fake":
            return FakeDoor()
        return RelayDoor(settings.pin, active_high=settings.active_high)

    def _detector(self) -> Detector:
        from edge.vision import open_detector

        return open_detector(self._installed("detector"))

    def _installed(self, role: Role) -> Installed:
        from models.registry import Registry
        from threshold.networks import installed

        wanted = self.settings.networks
        name = wanted.detector if role == "detector" else wanted.embedder
        return installed(Registry.bundled(), role, name, self._path(wanted.folder) if wanted.folder else None)

    def _liveness(self) -> Installed | None:
        from edge.vision import installed_liveness
        from models.registry import Registry

        folder = self.settings.networks.folder
        return installed_liveness(Registry.bundled(), self._path(folder) if folder else None)

    def _path(self, said: str) -> Path:
        path = self.base / Path(said).expanduser()
        inside = resources.files("edge") / "sites" / said
        if not path.exists() and self.drawn is not None and inside.is_file():  # the demonstration's own recording
            return Path(str(inside))
        return path

    # --- checks ---

    def _journal_checked(self) -> str:
        from edge.device.journal import Journal

        site = self.settings.site
        with Journal(self._path(site.journal), site.name, site.keep_days) as journal:
            room = journal.room() >> 20
        if room < site.least_free_mb:
            from edge.device.journal import JournalError

            raise JournalError(f"expected {site.least_free_mb} MiB free, found {room} MiB. Make room.")
        return f"{journal.folder}, {room} MiB free"

    def _camera_checked(self, camera: Camera) -> str:
        from edge.core.source import SourceError, masked

        source = self._source(camera)
        try:
            frame = source.read()
        finally:
            source.close()
        if frame is None:
            raise SourceError(
                f"{masked(camera.address)}: expected a frame, found the end. Is it a film without pictures?"
            )
        return f"{frame.main.width} × {frame.main.height}, {frame.main.format}"

    def _reader_checked(self, settings: ReaderSettings) -> str:
        self._reader(settings).close()
        return f"{settings.kind} is there"

    def _door_checked(self) -> str:
        self._door().close()
        return f"{self.settings.door.kind if self.settings.door else 'none'}, shut; not opened"

    def _attendance_checked(self, wanted: Attendance) -> str:
        from edge.attendance import AttendanceError

        sheets = self._sheets(wanted)
        with self._open_store() as store:
            people = sum("attendance" in file.purposes for _, file in store.subjects())
            for day in sheets.days():
                sheets.of(day, store.ledger.id)
        if not people:
            raise AttendanceError("expected somebody to be noted, found nobody. Enrol them: enrol --for attendance.")
        few = f"; fewer than {wanted.least}, so that every note will say the day alone" if people < wanted.least else ""
        return f"{sheets.folder}, {people} people to be noted{few}"


def _mode(kind: str) -> Mode:
    modes: dict[str, Mode] = {"tag-uid": "tag", "face-tag": "1:1", "face-1n": "1:N"}
    return modes[kind]


def _words(verdict: Verdict) -> str:
    from policy.gate import Refused

    return str(Refused(verdict))
