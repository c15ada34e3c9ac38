"""The Pi's camera, against a pretended picamera2 that behaves as the real one where it matters; the real one is tried
with libcamera's virtual camera in test_virtual_camera.py."""

from __future__ import annotations

import gc
import sys
import threading
import time

import numpy as np
import pretend_picamera2
import pytest

from edge.core.capture import Capture, Patience
from edge.core.frame import bgr, cut
from edge.core.picamera import PiCamera, Wanted, same_field
from edge.core.source import SourceError, converted
from edge.core.sources import open_source

SIZE = Wanted(width=200, height=120, small_px=100, rate=25.0)


@pytest.fixture
def machine(monkeypatch):
    return pretend_picamera2.install(monkeypatch)


def given_back(camera: PiCamera) -> int:
    """Buffers that the camera can fill."""
    camera._take_back()
    return len(camera._camera.free)


@pytest.mark.parametrize("kind", ["I420", "NV12", "BGR"])
def test_two_streams_of_one_request_with_padded_rows(machine, kind):
    camera = PiCamera(0, Wanted(200, 120, small_px=100, pixels=kind, small_pixels=kind))
    frame = camera.read()
    assert (frame.main.width, frame.main.height, frame.small.width, frame.small.height) == (200, 120, 100, 60)
    assert camera.streams[0].stride > (600 if kind == "BGR" else 200)
    if kind == "BGR":
        assert np.array_equal(np.unique(frame.main.planes[0].reshape(-1, 3), axis=0), [[16, 2, 3]])
        assert np.array_equal(np.unique(frame.small.planes[0].reshape(-1, 3), axis=0), [[15, 2, 3]])
    else:
        for planes, level in ((frame.main, 16), (frame.small, 15)):
            assert np.array_equal(
                planes.planes[0], np.tile(level + np.arange(planes.width) * 20 // planes.width, (planes.height, 1))
            )
            chroma = [part for plane in planes.planes[1:] for part in np.moveaxis(np.atleast_3d(plane), 2, 0)]
            assert [np.unique(part).tolist() for part in chroma] == [[100], [150]]
    camera.close()


def test_the_camera_is_asked_for_what_the_core_needs(machine):
    PiCamera(0, Wanted(1280, 720, 25.0, 384, "I420", "NV12", buffers=5, sensor=(2304, 1296))).close()
    asked = machine.cameras[0].asked
    assert asked["main"] == {"size": (1280, 720), "format": "YUV420"}
    assert asked["lores"] == {"size": (384, 216), "format": "NV12"}
    assert str(asked["colour_space"]) == "SMPTE170M"
    assert asked["controls"] == {"FrameDurationLimits": (40_000, 40_000)}
    assert asked["sensor"] == {"output_size": (2304, 1296)}
    assert (asked["queue"], asked["raw"], asked["display"], asked["buffer_count"]) == (False, None, None, 5)


def test_without_a_small_stream_or_a_rate(machine):
    machine.controls = ()
    camera = PiCamera(0, Wanted(200, 120, small_px=0))
    assert camera.read().small is None
    assert machine.cameras[0].asked["controls"] == {}
    assert machine.cameras[0].asked["lores"] is None


def test_planes_are_the_cameras_memory_and_can_not_be_written(machine):
    camera = PiCamera(0, SIZE)
    frame = camera.read()
    memory = machine.cameras[0]
    assert len(memory.free) == 5
    with pytest.raises(ValueError, match="read-only"):
        frame.main.planes[0][0, 0] = 1
    assert camera.copied == 0


def test_a_frame_lent_stays_as_it_is_and_goes_back_when_nobody_looks_at_it(machine):
    camera = PiCamera(0, SIZE)
    first = camera.read()
    luma = first.main.planes[0][4:8, 4:8]  # the last that is looked at
    kept = luma.copy()
    del first
    for _ in range(20):
        camera.read()
    assert np.array_equal(luma, kept)
    assert given_back(camera) == 5
    del luma
    assert given_back(camera) == 6
    assert camera.copied == 0


def test_the_small_stream_alone_keeps_the_request(machine):
    camera = PiCamera(0, SIZE)
    small = camera.read().small
    assert given_back(camera) == 5
    del small
    assert given_back(camera) == 6


def test_a_cut_out_part_keeps_the_request(machine):
    camera = PiCamera(0, SIZE)
    part = cut(camera.read().main, 10, 10, 20, 20)
    assert given_back(camera) == 5
    del part
    assert given_back(camera) == 6


@pytest.mark.parametrize("buffers", [6, 4, 2, 1])
def test_holding_many_frames_never_stops_the_camera(machine, buffers):
    machine.buffers = buffers  # whatever was asked for
    camera = PiCamera(0, SIZE)
    held = [camera.read() for _ in range(30)]
    assert camera.copied == 30 - max(0, buffers - 2)
    assert [int(frame.main.planes[0][0, 0]) for frame in held] == [16 + 4 * n for n in range(30)]
    assert [int(frame.small.planes[0][0, 0]) for frame in held] == [15 + 4 * n for n in range(30)]
    del held
    assert given_back(camera) == buffers


def test_a_thousand_frames_leave_nothing_behind(machine):
    camera = PiCamera(0, SIZE)
    for _ in range(1000):
        camera.read()
    assert given_back(camera) == 6
    assert not camera._lent
    assert not camera._returned


def test_a_frame_dropped_in_another_thread_is_given_back_by_the_reader(machine):
    camera = PiCamera(0, SIZE)
    held = [camera.read()]
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()
    assert len(machine.cameras[0].free) == 5  # not yet: that thread may be inside picamera2
    camera.read()
    assert given_back(camera) == 6


def test_a_frame_outlives_its_camera(machine):
    camera = PiCamera(0, SIZE)
    frame = camera.read()
    camera.close()
    assert not machine.cameras[0].is_open
    assert int(frame.main.planes[0][0, 0]) == 16
    del camera
    gc.collect()
    assert int(frame.main.planes[0][-1, 0]) == 16


def test_numbers_follow_the_sensor_and_begin_at_0(machine):
    camera = PiCamera(0, SIZE)
    assert [camera.read().number for _ in range(3)] == [0, 1, 2]
    machine.skip = 2
    assert [camera.read().number for _ in range(3)] == [3, 6, 9]
    machine.cameras[0].sequence = 0
    assert camera.read().number > 9


@pytest.mark.parametrize("clock", [time.CLOCK_MONOTONIC, time.CLOCK_BOOTTIME])
@pytest.mark.parametrize("suspended_s", [0, 3600])
def test_stamps_are_on_the_monotonic_clock(machine, monkeypatch, clock, suspended_s):
    real = time.clock_gettime_ns
    monkeypatch.setattr(
        time,
        "clock_gettime_ns",
        lambda id_: real(time.CLOCK_MONOTONIC) + (id_ == time.CLOCK_BOOTTIME) * suspended_s * 10**9,
    )
    machine.clock = clock
    frame = PiCamera(0, SIZE).read()
    assert 4_000_000 < frame.arrived_ns - frame.time_ns < 500_000_000


def test_stamps_always_rise(machine):
    camera = PiCamera(0, SIZE)
    stamps = [camera.read().time_ns]
    for behind in (400_000_000, 300_000_000, 1_000_000):
        machine.behind_ns = behind
        stamps.append(camera.read().time_ns)
    assert stamps == sorted(set(stamps))
    assert stamps[1] == stamps[0] + 1


def test_a_stamp_of_no_known_clock_is_refused(machine):
    machine.behind_ns = 3600 * 10**9
    camera = PiCamera(0, SIZE)
    with pytest.raises(SourceError, match=r"picamera2:0: expected a frame's stamp within a second"):
        camera.read()
    gc.collect()
    assert given_back(camera) == 6


def test_the_same_field_of_view_needs_no_cut():
    small = converted(np.zeros((216, 384, 3), np.uint8), "I420")
    assert same_field(small, None) is small
    assert same_field(small, [(0, 0, 4608, 2592)]) is small
    assert same_field(small, [(8, 8, 4608, 2592), (8, 8, 4608, 2592)]) is small


@pytest.mark.parametrize("kind", ["I420", "NV12", "BGR"])
def test_a_wider_small_stream_is_cut_to_what_main_shows(kind):
    # Main takes the middle half of the sensor each way, the small stream all of it.
    pixels = np.zeros((216, 384, 3), np.uint8)
    pixels[54:162, 96:288] = 200
    small = same_field(converted(pixels, kind), [(1000, 500, 2000, 1000), (0, 0, 4000, 2000)])
    assert (small.width, small.height) == (192, 108)
    assert bgr(small).min() > 190


def test_a_box_found_in_the_cut_stream_is_where_main_shows_it(machine):
    # Main: a quarter of the sensor's width, off the middle; a point there must land on the same point of the sensor.
    machine.crops = [(1152, 648, 2304, 1296), (0, 0, 4608, 2592)]
    frame = PiCamera(0, Wanted(1280, 720, small_px=384)).read()
    assert (frame.small.width, frame.small.height) == (192, 108)
    # The ramp in the small stream: what is left of it begins a quarter in.
    assert int(frame.small.planes[0][0, 0]) == 15 + 96 * 20 // 384
    assert frame.main.width / frame.small.width == pytest.approx(frame.main.height / frame.small.height, rel=0.02)


@pytest.mark.parametrize(
    "crops",
    [
        [(0, 0, 4000, 2000), (1000, 500, 2000, 1000)],
        [(0, 0, 2000, 1000), (100, 0, 2000, 1000)],
        [(0, 0, 0, 0), (0, 0, 2000, 1000)],
    ],
)
def test_a_small_stream_that_shows_less_than_main_is_refused(machine, crops):
    machine.crops = crops
    camera = PiCamera(0, SIZE)
    with pytest.raises(SourceError, match="shows all that the main one does"):
        camera.read()
    gc.collect()
    assert given_back(camera) == 6


def test_without_picamera2_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "libcamera", None)
    with pytest.raises(SourceError, match=r"picamera2:0: expected picamera2.*sudo apt install python3-picamera2"):
        open_source("picamera2:0")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"models": ()}, r"found: none\. Is the cable seated"),
        ({"models": ("imx219",)}, r"picamera2:1: expected a camera of that number, found: 0 imx219\."),
        ({"fails": {"list": RuntimeError("no media device")}}, "expected a list of cameras from libcamera: no media"),
        ({"fails": {"open": RuntimeError("Could not open any dmaHeap device")}}, "group video"),
        ({"fails": {"configure": RuntimeError("Invalid camera configuration: {…}")}}, "Invalid camera configuration"),
        ({"fails": {"configure": OSError(12, "Cannot allocate memory")}}, "fewer buffers or a smaller main"),
        ({"fails": {"start": RuntimeError("Failed to start camera: Device or resource busy")}}, "Another program"),
        ({"fails": {"start": RuntimeError("a"), "close": RuntimeError("b")}}, "it says: a.; and picamera2:1: can't be"),
        ({"colours": "Rec709"}, r"expected YUV in the colour space SMPTE170M, found Rec709\."),
        ({"format": "YVU420"}, r"main stream: expected the format YUV420, found YVU420\."),
    ],
)
def test_what_goes_wrong_on_opening_is_said(monkeypatch, settings, said):
    two = {"models": ("imx219", "imx708")}
    machine = pretend_picamera2.install(monkeypatch, **{**two, **settings})
    with pytest.raises(SourceError, match=said):
        open_source("picamera2:1", width=200, height=120, small_px=100)
    assert not any(camera.is_open for camera in machine.cameras) or "close" in machine.fails


def test_the_cause_of_a_failed_constructor_is_told(machine):
    cause = RuntimeError("Failed to acquire camera: Device or resource busy")
    error = RuntimeError("Camera __init__ sequence did not complete.")
    error.__cause__ = cause
    machine.fails["open"] = error
    with pytest.raises(SourceError, match=r"did not complete: Failed to acquire camera.*Another program has"):
        PiCamera(0, SIZE)


def test_other_colours_can_be_asked_for(monkeypatch):
    pretend_picamera2.install(monkeypatch, colours="Rec709")
    PiCamera(0, Wanted(200, 120, small_px=100, any_colours=True)).close()
    PiCamera(0, Wanted(200, 120, small_px=0, pixels="BGR")).close()


@pytest.mark.parametrize("what", ["capture", "get_metadata", "map"])
def test_a_failure_while_reading_is_a_lost_camera_and_leaves_nothing(machine, what):
    camera = PiCamera(0, SIZE)
    camera.read()
    machine.fails[what] = RuntimeError("gone")
    with pytest.raises(SourceError, match=r"picamera2:0: .*gone\."):
        camera.read()
    machine.fails.clear()
    assert given_back(camera) == 6
    camera.close()


def test_a_silent_camera_is_lost_and_its_job_is_cancelled(machine):
    camera = PiCamera(0, SIZE)
    machine.silent = True
    with pytest.raises(SourceError, match=r"expected a frame within 5 s, found none\."):
        camera.read()
    assert machine.cameras[0].jobs == []


def test_a_closed_camera_says_so(machine):
    camera = PiCamera(0, SIZE)
    assert repr(camera) == "<PiCamera picamera2:0, 200 × 120 I420 and 100 × 60 I420>"
    camera.close()
    camera.close()
    assert repr(camera) == "<PiCamera picamera2:0, closed>"
    with pytest.raises(SourceError, match="found it closed"):
        camera.read()


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"width": 201}, "even"), ({"rate": 0.0}, "rate"), ({"small_px": 300}, "small_px"), ({"buffers": 2}, "buffers")],
)
def test_what_can_not_be_asked_for(settings, said):
    with pytest.raises(SourceError, match=said):
        Wanted(**{"width": 200, "height": 120, "small_px": 100, **settings})


def test_through_the_capture_all_in_one_thread_and_opened_again(machine):
    quick = Patience(stale_s=0.5, first_pause_s=0.05, longest_pause_s=0.1)
    with Capture(lambda: PiCamera(0, SIZE), quick) as capture:
        taken = [capture.take(2.0) for _ in range(5)]
        assert all(frame is not None for frame in taken)
        machine.silent = True
        begun = time.monotonic()
        while capture.state != "lost":
            assert time.monotonic() - begun < 3
            capture.take(0.05)
        machine.silent = False
        while capture.state != "running":
            assert time.monotonic() - begun < 5
            capture.take(0.05)
        assert capture.counts.opened >= 2
    assert all(len(camera.threads) <= 1 for camera in machine.cameras)
    assert not any(camera.is_open for camera in machine.cameras)
