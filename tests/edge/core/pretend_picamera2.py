"""picamera2 and libcamera as far as `edge.core.picamera` uses them, for tests on machines without a camera.

The parts that matter are as in picamera2 0.3.38: a fixed number of buffers that are written anew once their request is
released, a request that raises when it is released twice, strides wider than the picture, colour spaces by name, waits
that end in TimeoutError with the job left in its list, and the words of its errors.
"""

from __future__ import annotations

import mmap
import sys
import threading
import time
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np


@dataclass
class Hardware:
    """What the machine has, and how it fails."""

    models: tuple[str, ...] = ("imx708_wide",)
    align: int = 64
    """Rows begin at multiples of so many bytes (Pi 5)."""
    clock: int = time.CLOCK_MONOTONIC
    behind_ns: int = 5_000_000
    """How far stamps lie behind the clock."""
    crops: Any = None
    controls: tuple[str, ...] = ("FrameDurationLimits", "NoiseReductionMode", "ScalerCrop")
    colours: str | None = None
    """What the camera settles for instead of what it was asked for."""
    format: str | None = None
    buffers: int | None = None
    """What the camera gives instead of the buffers it was asked for (the virtual one: 4)."""
    skip: int = 0
    """Frames of the sensor that nobody sees between two requests."""
    fails: dict[str, Exception] = field(default_factory=dict)
    """Raised by the method of that name."""
    silent: bool = False
    cameras: list[Picamera2] = field(default_factory=list)


HARDWARE = Hardware()


class ColorSpace:
    """libcamera's, by name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def Smpte170m() -> ColorSpace:  # noqa: N802  libcamera's own name
        return ColorSpace("SMPTE170M")


@dataclass(eq=False)
class Buffer:
    """A frame buffer of one stream."""

    memory: mmap.mmap
    metadata: SimpleNamespace


class CompletedRequest:
    """See picamera2/request.py."""

    def __init__(self, request: SimpleNamespace, camera: Picamera2) -> None:
        self.request: SimpleNamespace | None = request
        self.ref_count = 1
        self.picam2 = camera
        self.config = dict(camera.camera_config)
        self.stream_map = dict(camera.stream_map)
        self.mapped = 0

    def get_metadata(self) -> dict[str, Any]:
        fail("get_metadata")
        return dict(self.request.metadata)

    def release(self) -> None:
        self.ref_count -= 1
        if self.ref_count < 0:
            raise RuntimeError("CompletedRequest: lock now has negative ref_count")
        assert self.mapped == 0, "released while mapped"
        self.picam2.free.append(self.request)
        self.request = None
        self.stream_map = {}


class MappedArray:
    """See picamera2/request.py; only without reshaping."""

    def __init__(self, request: CompletedRequest, stream: str, reshape: bool = True, write: bool = True) -> None:
        assert not reshape
        assert not write
        self._request = request
        self._memory = request.request.buffers[request.stream_map[stream]].memory
        self._array: np.ndarray | None = None

    def __enter__(self) -> MappedArray:
        fail("map")
        self._request.mapped += 1
        self._array = np.array(self._memory, copy=False, dtype=np.uint8)
        return self

    def __exit__(self, *_: object) -> None:
        self._request.mapped -= 1
        self._array = None

    @property
    def array(self) -> np.ndarray | None:
        return self._array


def fail(what: str) -> None:
    """Raise what the machine is set to fail with."""
    if what in HARDWARE.fails:
        raise HARDWARE.fails[what]


class Picamera2:
    """See picamera2/picamera2.py."""

    def __init__(self, camera_num: int = 0) -> None:
        fail("open")
        if camera_num >= len(HARDWARE.models):
            raise RuntimeError(f"No camera number {camera_num} found - use ...")
        self.camera_controls = dict.fromkeys(HARDWARE.controls)
        self.camera_config: dict[str, Any] = {}
        self.stream_map: dict[str, str] = {}
        self.free: list[SimpleNamespace] = []
        self.jobs: list[object] = []
        self.is_open, self.started = True, False
        self.sequence = 17  # the sensor has run before
        self.asked: dict[str, Any] = {}
        self.threads: set[int] = set()
        HARDWARE.cameras.append(self)

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        fail("list")
        return [{"Model": model, "Num": number, "Id": f"/base/{model}"} for number, model in enumerate(HARDWARE.models)]

    def create_video_configuration(
        self,
        main: dict[str, Any],
        lores: dict[str, Any] | None = None,
        raw: dict[str, Any] | None = None,
        colour_space: ColorSpace | None = None,
        buffer_count: int = 6,
        controls: dict[str, Any] | None = None,
        display: str | None = "main",
        encode: str | None = "main",
        queue: bool = True,
    ) -> dict[str, Any]:
        return {
            "main": dict(main),
            "lores": None if lores is None else dict(lores),
            "raw": raw,
            "colour_space": colour_space,
            "buffer_count": buffer_count,
            "controls": controls,
            "display": display,
            "encode": encode,
            "queue": queue,
            "sensor": {},
        }

    def configure(self, config: dict[str, Any]) -> None:
        fail("configure")
        assert not config["queue"], "an old frame would be handed out"
        self.asked = {name: dict(part) if isinstance(part, dict) else part for name, part in config.items()}
        main, lores = config["main"], config["lores"]
        if lores and (lores["size"][0] > main["size"][0] or lores["size"][1] > main["size"][1]):
            raise RuntimeError("lores stream dimensions may not exceed main stream")
        for name in ("main", "lores"):
            if (stream := config[name]) is None:
                continue
            width, height = stream["size"]
            stream["format"] = HARDWARE.format or stream["format"]
            rgb = stream["format"] == "RGB888"
            align = 2 * HARDWARE.align if stream["format"] == "YUV420" else HARDWARE.align
            stream["stride"] = -(-width * (3 if rgb else 1) // align) * align
            stream["framesize"] = stream["stride"] * height * (2 if rgb else 3) // 2
            self.stream_map[name] = f"stream of {name}"
        if HARDWARE.colours:
            config["colour_space"] = ColorSpace(HARDWARE.colours)
        self.camera_config = config
        self.streams = list(self.stream_map.values())
        count = HARDWARE.buffers or config["buffer_count"]
        self.allocator = SimpleNamespace(buffers=lambda stream: [None] * count)
        for _ in range(count):
            buffers = {
                self.stream_map[name]: Buffer(mmap.mmap(-1, config[name]["framesize"] + 4096), SimpleNamespace())
                for name in self.stream_map
            }
            self.free.append(SimpleNamespace(buffers=buffers, metadata={}))

    def camera_configuration(self) -> dict[str, Any]:
        return self.camera_config

    def start(self) -> None:
        fail("start")
        self.started = True

    def capture_request(self, wait: float) -> CompletedRequest:
        """The frame's number is its brightness: 16 + 4 · number in main, the same less 1 in the small stream."""
        self.threads.add(threading.get_ident())
        fail("capture")
        self.jobs.append(object())
        if HARDWARE.silent or not self.free:
            raise TimeoutError  # with a camera that stands still it would after `wait` seconds
        self.jobs.pop()
        request = self.free.pop(0)
        number = self.sequence - 17
        for name, key in self.stream_map.items():
            level = 16 + 4 * number % 200 - (name == "lores")
            memory = np.frombuffer(request.buffers[key].memory, np.uint8)
            memory[:] = 255  # padding shows if someone looks at it
            self._draw(memory, self.camera_config[name], level)
            del memory
            request.buffers[key].metadata.sequence = self.sequence
        self.sequence += 1 + HARDWARE.skip
        request.metadata = {"SensorTimestamp": time.clock_gettime_ns(HARDWARE.clock) - HARDWARE.behind_ns}
        if HARDWARE.crops:
            request.metadata |= {"ScalerCrop": HARDWARE.crops[0], "ScalerCrops": HARDWARE.crops}
        return CompletedRequest(request, self)

    @staticmethod
    def _draw(memory: np.ndarray, stream: dict[str, Any], level: int) -> None:
        """A ramp in luma along the rows, starting at `level`; U 100, V 150; or blue, green, red `level`, 2, 3."""
        (width, height), stride = stream["size"], stream["stride"]
        if stream["format"] == "RGB888":
            rows = memory[: stride * height].reshape(height, stride)[:, : 3 * width]
            rows.reshape(height, width, 3)[:] = (level, 2, 3)
            return
        luma = memory[: stride * height].reshape(height, stride)
        luma[:, :width] = level + np.arange(width) * 20 // width
        chroma = memory[stride * height : stride * height * 3 // 2]
        if stream["format"] == "NV12":
            chroma.reshape(height // 2, stride)[:, :width].reshape(height // 2, width // 2, 2)[:] = (100, 150)
            return
        blue, red = chroma.reshape(2, height // 2, stride // 2)
        blue[:, : width // 2], red[:, : width // 2] = 100, 150

    def cancel_all_and_flush(self) -> None:
        self.jobs.clear()

    def close(self) -> None:
        fail("close")
        self.is_open = self.started = False


def install(monkeypatch: Any, **settings: Any) -> Hardware:
    """Put both modules where an import finds them; returns the machine, freshly set."""
    HARDWARE.__init__(**settings)  # type: ignore[misc]
    picamera2, libcamera = ModuleType("picamera2"), ModuleType("libcamera")
    picamera2.Picamera2, picamera2.MappedArray = Picamera2, MappedArray
    libcamera.ColorSpace = ColorSpace
    monkeypatch.setitem(sys.modules, "picamera2", picamera2)
    monkeypatch.setitem(sys.modules, "libcamera", libcamera)
    return HARDWARE
