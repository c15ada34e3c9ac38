"""The Raspberry Pi's camera through picamera2: main and small stream of one request, lent where they lie.

picamera2 comes from the device's own packages and is imported when a camera is opened, nowhere else. What is relied on
was read in picamera2 0.3.36 and 0.3.38 (picamera2.py, request.py, allocators/dmaallocator.py).
"""

from __future__ import annotations

import time
import weakref
from collections import deque
from collections.abc import Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from edge.core.frame import Format, Frame, Plane, Planes, cut, of_bgr, of_i420, of_nv12
from edge.core.source import SourceError

FORMATS: dict[Format, str] = {"I420": "YUV420", "NV12": "NV12", "BGR": "RGB888"}
"""Ours, and picamera2's names; its RGB888 is blue, green, red in memory."""
FIRST_S, NEXT_S = 5.0, 1.2
"""How long the first frame may take after the start, and each later one: then the camera is lost."""

_FAILURES = (RuntimeError, OSError, ValueError, TypeError, LookupError, CancelledError)
"""What picamera2 and libcamera's bindings raise: RuntimeError for nearly everything, TimeoutError (an OSError) for a
frame that doesn't come, the others out of their own checks."""
_CLOCK_NS = 10**9
"""A frame is handed over within this time of its stamp, or the stamp is of another clock."""

Rectangle = tuple[int, int, int, int]
"""Left, top, width, height, in px of the sensor."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the camera is asked for; sizes in px, even. It may settle for another size, and the frames say which.

    `small_px`: the small stream's width, its height in proportion; 0: no small stream. `buffers`: frames in memory, of
    which all but two may be lent at once; a camera may give fewer. `sensor`: size of the sensor's mode, where the
    nearest one shows less than the whole field of view (Camera Module 3: (2304, 1296)). `any_colours` takes YUV that
    isn't known to be BT.601.
    """

    width: int = 1280
    height: int = 720
    rate: float = 30.0
    small_px: int = 384
    pixels: Format = "I420"
    small_pixels: Format = "I420"
    buffers: int = 6
    sensor: tuple[int, int] | None = None
    any_colours: bool = False

    def __post_init__(self) -> None:
        for name, low, high in (
            ("width", 64, 9152),
            ("height", 64, 6944),
            ("rate", 0.1, 1000.0),
            ("small_px", 0, self.width),
            ("buffers", 3, 64),
        ):
            if not low <= getattr(self, name) <= high:
                raise SourceError(f"{name}: expected {low:g} to {high:g}, found {getattr(self, name)}.")
        if self.width % 2 or self.height % 2 or self.small_px % 2:
            raise SourceError(f"size: expected even numbers, found {self.width} × {self.height}, {self.small_px}.")

    @property
    def small(self) -> tuple[int, int] | None:
        """Size of the small stream; of the main one's shape, as near as even numbers come."""
        if not self.small_px:
            return None
        return self.small_px, max(2, round(self.height * self.small_px / self.width / 2) * 2)


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream as the camera agreed to it: rows begin every `stride` bytes."""

    name: str
    kind: Format
    width: int
    height: int
    stride: int

    def planes(self, flat: Plane) -> Planes:
        """Its planes in a buffer; nothing is copied. Raises FrameError."""
        if self.kind == "I420":
            return of_i420(flat, self.width, self.height, self.stride)
        if self.kind == "NV12":
            return of_nv12(flat, self.width, self.height, self.stride)
        rows = flat[: self.stride * self.height].reshape(self.height, self.stride)
        return of_bgr(rows[:, : 3 * self.width].reshape(self.height, self.width, 3))


@dataclass(slots=True, eq=False)
class _Loan:
    """A request whose memory is looked at by `left` arrays still alive."""

    request: Any
    mapped: list[Any] = field(default_factory=list)
    left: int = 0

    def end(self) -> None:
        """Give the memory back to the camera. No array may look at it any more."""
        for mapped in self.mapped:
            mapped.__exit__(None, None, None)
        self.request.release()


class PiCamera:
    """A source of frames in two resolutions, both of one exposure and one field of view.

    A frame's planes are the camera's own memory. It is lent: when the last array that looks at it is gone, the next
    `read` gives it back. While all but two of the buffers are lent, frames are copied instead (`copied` counts them),
    so that holding frames for long never stops the camera. `number` follows the sensor's count, so frames that
    picamera2 passed over in between show as a gap. Raises SourceError.
    """

    def __init__(self, index: int, wanted: Wanted | None = None) -> None:
        self._name = f"picamera2:{index}"
        self._wanted = wanted or Wanted()
        self._lent: set[_Loan] = set()
        self._returned: deque[_Loan] = deque()
        self.copied = 0
        self._clock: Literal["monotonic", "boottime"] | None = None
        self._first: int | None = None
        self._number = self._last_ns = -1
        self._open = False
        picamera2, libcamera = _modules(self._name)
        self._mapped = picamera2.MappedArray
        self._camera = _camera(picamera2, self._name, index)
        self._open = True
        try:
            self._configure(libcamera)
            self._camera.start()
        except SourceError:
            self.close()
            raise
        except _FAILURES as error:
            raise self._closed_after(error) from error

    def __repr__(self) -> str:
        sizes = (
            " and ".join(f"{one.width} × {one.height} {one.kind}" for one in self.streams) if self._open else "closed"
        )
        return f"<PiCamera {self._name}, {sizes}>"

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Main, and the small one where there is one, as the camera agreed to them."""
        return self._streams

    def read(self) -> Frame | None:
        """See Source. Waits for the next frame; a camera that gives none in time is lost. Never None."""
        if not self._open:
            raise SourceError(f"{self._name}: expected an open camera, found it closed.")
        try:
            self._take_back()
            request = self._camera.capture_request(wait=FIRST_S if self._first is None else NEXT_S)
        except TimeoutError as error:
            self._camera.cancel_all_and_flush()  # the job would otherwise take the next frame, and nobody it
            raise SourceError(
                f"{self._name}: expected a frame within {FIRST_S if self._first is None else NEXT_S:g} s, found none. "
                "Is the camera's cable seated? `dmesg` tells of a frontend timeout."
            ) from error
        except _FAILURES as error:
            raise SourceError(f"{self._name}: the camera gives no more frames: {_told(error)}") from error
        arrived = time.monotonic_ns()
        loan = _Loan(request)
        try:
            return self._frame(loan, arrived)
        except SourceError:
            self._abandon(loan)
            raise
        except _FAILURES as error:
            self._abandon(loan)
            raise SourceError(f"{self._name}: a frame can't be read: {_told(error)}") from error

    def close(self) -> None:
        """See Source. Frames still held keep their memory until they are gone."""
        if not self._open:
            return
        self._open = False
        try:
            try:
                self._take_back()
            finally:
                self._camera.close()
        except _FAILURES as error:
            raise SourceError(f"{self._name}: can't be closed: {_told(error)}") from error

    def _closed_after(self, error: BaseException) -> SourceError:
        """What to say of a start that failed, after the camera was closed."""
        said = f"{self._name}: expected the camera to start, it says: {_told(error)}"
        try:
            self.close()
        except SourceError as second:
            said += f"; and {second}"
        return SourceError(said)

    def _configure(self, libcamera: Any) -> None:
        wanted, camera = self._wanted, self._camera
        small = wanted.small
        controls: dict[str, Any] = {}
        if "FrameDurationLimits" in camera.camera_controls:
            duration = round(1e6 / wanted.rate)  # µs
            controls["FrameDurationLimits"] = (duration, duration)
        # OpenCV converts YUV as BT.601 of limited range, and the camera's own default changes with the size.
        colours = libcamera.ColorSpace.Smpte170m()
        settings = camera.create_video_configuration(
            main={"size": (wanted.width, wanted.height), "format": FORMATS[wanted.pixels]},
            lores=None if small is None else {"size": small, "format": FORMATS[wanted.small_pixels]},
            raw=None,
            colour_space=colours,
            buffer_count=wanted.buffers,
            queue=False,  # with a queue, the frame handed out may be an old one
            controls=controls,
            display=None,
            encode=None,
        )
        if wanted.sensor is not None:
            settings["sensor"] = {"output_size": wanted.sensor}
        camera.configure(settings)
        agreed = camera.camera_configuration()
        names: list[tuple[str, Format]] = [("main", wanted.pixels)]
        if small is not None:
            names.append(("lores", wanted.small_pixels))
        # As picamera2 counts its requests: a camera may have given fewer buffers than it was asked for.
        self._buffers = min(len(camera.allocator.buffers(stream)) for stream in camera.streams)
        self._streams = tuple(self._stream(name, kind, agreed[name]) for name, kind in names)
        found = agreed["colour_space"]
        yuv = any(stream.kind != "BGR" for stream in self._streams)
        if yuv and not wanted.any_colours and str(found) != str(colours):
            raise SourceError(
                f"{self._name}: expected YUV in the colour space {colours}, found {found}. Templates of such colours "
                "would drift; ask for BGR, which the camera converts itself."
            )

    def _stream(self, name: str, kind: Format, agreed: dict[str, Any]) -> Stream:
        if agreed["format"] != FORMATS[kind]:
            raise SourceError(
                f"{self._name}: {name} stream: expected the format {FORMATS[kind]}, found {agreed['format']}. "
                f"This camera doesn't give it; others are {', '.join(FORMATS.values())}."
            )
        width, height = agreed["size"]
        return Stream(name, kind, int(width), int(height), int(agreed["stride"]))

    def _frame(self, loan: _Loan, arrived: int) -> Frame:
        request = loan.request
        metadata = request.get_metadata()
        sequence = int(request.request.buffers[request.stream_map["main"]].metadata.sequence)
        if self._first is None:
            self._first = sequence
        # Should the sensor's count ever jump back, ours goes on.
        self._number = max(sequence - self._first, self._number + 1)
        lend = len(self._lent) < self._buffers - 2
        planes: list[Planes] = []
        for stream in self._streams:
            mapped = self._mapped(request, stream.name, reshape=False, write=False)
            mapped.__enter__()
            loan.mapped.append(mapped)
            flat = self._lend(loan, mapped.array) if lend else np.array(mapped.array, np.uint8)
            planes.append(stream.planes(flat))
        if lend:
            self._lent.add(loan)
        else:
            self.copied += 1
            loan.end()
        small = planes[1] if len(planes) > 1 else None
        if small is not None:
            small = same_field(small, metadata.get("ScalerCrops"), self._name)
        stamp = self._stamp(metadata.get("SensorTimestamp"), arrived)
        return Frame(self._number, stamp, arrived, planes[0], small)

    def _lend(self, loan: _Loan, buffer: Plane) -> Plane:
        # All planes are views of this one array (numpy leads every view's `base` back to it), so its end is theirs. The
        # word of it may come in any thread, also inside picamera2's own: it is only left here, for `read` to act on.
        root = np.frombuffer(buffer.data, np.uint8)
        weakref.finalize(root, self._returned.append, loan).atexit = False
        loan.left += 1
        return root

    def _take_back(self) -> None:
        while self._returned:
            loan = self._returned.popleft()
            loan.left -= 1
            if not loan.left and loan in self._lent:
                self._lent.discard(loan)
                loan.end()

    def _abandon(self, loan: _Loan) -> None:
        """A frame that couldn't be made: nobody has its arrays, so the request goes back with the next `read`."""
        if loan.left:
            self._lent.add(loan)
        elif loan.request.request is not None:
            loan.end()

    def _stamp(self, sensor_ns: int | None, arrived: int) -> int:
        """The frame's time on the monotonic clock; always later than the last.

        libcamera's documentation says CLOCK_BOOTTIME, users found CLOCK_MONOTONIC; they differ after a suspend only.
        Raises SourceError for a stamp of neither.
        """
        stamp = arrived
        if sensor_ns is not None:
            monotonic, boot = time.monotonic_ns(), time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            if self._clock is None:
                if 0 <= monotonic - sensor_ns < _CLOCK_NS:
                    self._clock = "monotonic"
                elif 0 <= boot - sensor_ns < _CLOCK_NS:
                    self._clock = "boottime"
                else:
                    raise SourceError(
                        f"{self._name}: expected a frame's stamp within a second before {monotonic} (monotonic) or "
                        f"{boot} (since boot), found {sensor_ns}. Its time can't be told."
                    )
            stamp = sensor_ns if self._clock == "monotonic" else sensor_ns - (boot - monotonic)
        self._last_ns = stamp = max(stamp, self._last_ns + 1)
        return stamp


def same_field(small: Planes, crops: Sequence[Rectangle] | None, name: str = "camera") -> Planes:
    """The part of the small stream that shows what the main one shows; a view, nothing is copied.

    `crops`: libcamera's ScalerCrops, what of the sensor main and small stream show; without two of them both show the
    same (Pi 4 and older have one ScalerCrop for all). Raises SourceError when the small stream shows less.
    """
    if crops is None or len(crops) < 2 or tuple(crops[0]) == tuple(crops[1]):
        return small
    main, wide = crops[0], crops[1]
    across, down = small.width / max(1, wide[2]), small.height / max(1, wide[3])
    left, top = (main[0] - wide[0]) * across, (main[1] - wide[1]) * down
    right, bottom = left + main[2] * across, top + main[3] * down
    if min(left, top) < -1 or right > small.width + 1 or bottom > small.height + 1 or not main[2] or not main[3]:
        raise SourceError(
            f"{name}: expected a small stream that shows all that the main one does, found the sensor's parts "
            f"{tuple(main)} and {tuple(wide)} (ScalerCrops). Ask for two streams of the same shape."
        )
    edges = [max(0, 2 * round(edge / 2)) for edge in (left, top, right, bottom)]
    return cut(small, edges[0], edges[1], min(edges[2], small.width), min(edges[3], small.height))


def _modules(name: str) -> tuple[Any, Any]:
    try:
        import libcamera  # noqa: PLC0415  on a Pi alone
        import picamera2  # noqa: PLC0415
    except ImportError as error:
        raise SourceError(
            f"{name}: expected picamera2, it can't be imported ({error}). On a Raspberry Pi: sudo apt install "
            "python3-picamera2, and a .venv that sees the system's packages (make does that there)."
        ) from error
    return picamera2, libcamera


def _camera(picamera2: Any, name: str, index: int) -> Any:
    """The camera, opened. Its constructor's own words for a missing one are hard to read, so it is looked for first."""
    try:
        found = picamera2.Picamera2.global_camera_info()
    except _FAILURES as error:
        raise SourceError(f"{name}: expected a list of cameras from libcamera: {_told(error)}") from error
    if index >= len(found):
        here = ", ".join(f"{number} {info.get('Model', '?')}" for number, info in enumerate(found)) or "none"
        raise SourceError(
            f"{name}: expected a camera of that number, found: {here}. Is the cable seated at both ends, contacts the "
            "right way? `rpicam-hello --list-cameras` should name it."
        )
    try:
        return picamera2.Picamera2(index)
    except _FAILURES as error:
        raise SourceError(f"{name}: expected the camera to open, it says: {_told(error)}") from error


HINTS = (
    ("dmaHeap", "Memory for frames comes from /dev/dma_heap: is the user in the group video?"),
    ("allocate", "Is there too little memory for frames (CMA)? Ask for fewer buffers or a smaller main stream."),
    ("memory", "Is there too little memory for frames (CMA)? Ask for fewer buffers or a smaller main stream."),
    ("busy", "Another program has the camera."),
    ("acquire", "Another program has the camera."),
    ("Permission", "Is the user in the group video?"),
)
"""What picamera2's and the kernel's words mean, in the order they are looked for."""


def _told(error: BaseException) -> str:
    """An error and what it came from (picamera2 says "did not complete", and why in its cause), with what to do."""
    said: list[str] = []
    one: BaseException | None = error
    while one is not None and len(said) < 5:
        text = str(one).rstrip(".") or type(one).__name__
        if text not in said:
            said.append(text)
        one = one.__cause__
    whole = ": ".join(said) + "."
    hint = next((hint for word, hint in HINTS if word.lower() in whole.lower()), "")
    return f"{whole} {hint}".rstrip()
