"""Sources: files of any rate, streams that freeze, and what becomes of the frames on the way."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from edge.core.capture import Capture, Patience, ReaderStuck
from edge.core.frame import Frame, bgr
from edge.core.handover import Latest
from edge.core.source import Drawn, Paced, SourceError, Video, converted, masked
from edge.entrance import Entrance

QUICK = Patience(stale_s=0.3, open_s=2.0, first_pause_s=0.05, longest_pause_s=0.2, give_up_s=5.0)


def frame(number: int = 0, time_ns: int = 0, width: int = 32) -> Frame:
    return Frame(number, time_ns, time.monotonic_ns(), converted(np.zeros((32, width, 3), np.uint8), "I420"))


class Script:
    """Frames, waits (s) and errors in the order given, then the end."""

    def __init__(self, *steps: Frame | float | Exception) -> None:
        self._steps = list(steps)
        self.closed = 0

    def read(self) -> Frame | None:
        while self._steps:
            step = self._steps.pop(0)
            if isinstance(step, Exception):
                raise step
            if isinstance(step, Frame):
                return Frame(step.number, step.time_ns, time.monotonic_ns(), step.main)
            time.sleep(step)
        return None

    def close(self) -> None:
        self.closed += 1


def camera_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("camera-")]


def until(capture: Capture, state: str, timeout_s: float = 5.0) -> float:
    """Seconds of taking until the capture says so."""
    begun = time.monotonic()
    while capture.state != state:
        assert time.monotonic() - begun < timeout_s, f"{capture} after {timeout_s} s, expected {state}"
        capture.take(0.05)
    return time.monotonic() - begun


def test_the_latest_item_wins_and_the_others_are_counted():
    latest = Latest[int]()
    for item in range(5):
        latest.put(item)
    assert (latest.take(0), latest.take(0)) == (4, None)
    assert (latest.put_count, latest.dropped) == (5, 4)


def test_taking_waits_for_what_comes_and_not_longer():
    latest = Latest[int]()
    threading.Timer(0.1, latest.put, [7]).start()
    assert latest.take(5.0) == 7
    begun = time.monotonic()
    assert latest.take(0.1) is None
    assert 0.09 < time.monotonic() - begun < 2


def test_closing_wakes_whoever_waits_and_keeps_what_is_there():
    latest = Latest[int]()
    threading.Timer(0.1, latest.close).start()
    begun = time.monotonic()
    assert latest.take(10.0) is None
    assert time.monotonic() - begun < 5
    full = Latest[int]()
    full.put(1)
    full.close()
    full.put(2)
    assert (full.take(0), full.take(0), full.dropped) == (1, None, 0)


def test_every_frame_of_a_slow_source_arrives_and_the_end_is_said():
    script = Script(*[step for n in range(4) for step in (frame(n), 0.05)])
    with Capture(lambda: script, QUICK) as capture:
        assert [one.number for one in capture] == [0, 1, 2, 3]
        assert capture.state == "ended"
        assert capture.take(0.1) is None
    assert capture.state == "closed"
    assert script.closed == 1
    assert camera_threads() == []
    counts = capture.counts
    assert (counts.arrived, counts.taken, counts.dropped, counts.opened) == (4, 4, 0, 1)


def test_a_slow_consumer_loses_frames_and_they_are_counted():
    with Capture(lambda: Script(*[step for n in range(20) for step in (frame(n), 0.01)]), QUICK) as capture:
        numbers = []
        for one in capture:
            numbers.append(one.number)
            time.sleep(0.05)
    assert numbers == sorted(numbers)
    assert numbers[-1] == 19
    counts = capture.counts
    assert counts.dropped == 20 - len(numbers) > 5
    assert counts.taken + counts.dropped == counts.arrived == 20


def test_a_frame_taken_late_is_counted():
    with Capture(lambda: Script(frame()), QUICK) as capture:
        time.sleep(0.2)
        assert capture.take(1.0) is not None
    assert capture.counts.late == 1


def test_a_lost_camera_is_opened_again_with_growing_pauses():
    opened = []

    def opening() -> Script:
        opened.append(time.monotonic())
        if len(opened) in (2, 3):
            raise SourceError("unplugged")
        return Script(frame(len(opened)), SourceError("gone")) if len(opened) == 1 else Script(frame(len(opened)))

    with Capture(opening, QUICK) as capture:
        assert [one.number for one in capture] == [1, 4]
    pauses = np.diff(opened)
    assert 0.04 < pauses[0] < pauses[1] < pauses[2] < 1.0
    assert (capture.counts.failures, capture.counts.frozen) == (3, 0)


def test_while_it_is_lost_it_says_why():
    def opening() -> Script:
        raise SourceError("camera 3: unplugged")

    with Capture(opening, QUICK) as capture:
        until(capture, "lost")
        assert capture.why == "camera 3: unplugged"
        assert "unplugged" in repr(capture)


def test_a_frozen_camera_is_noticed_and_opened_again():
    scripts = [Script(frame(1), 0.8, frame(2)), Script(frame(3))]
    with Capture(lambda: scripts.pop(0), QUICK) as capture:
        assert capture.take(1.0) is not None
        assert until(capture, "frozen") < 0.3 + 0.3
        late = [one.number for one in capture]
    assert late == [3]  # the frozen camera's late frame is not served
    assert capture.counts.frozen == 1
    assert camera_threads() == []


def test_a_fault_in_the_reader_is_raised_to_the_caller():
    with Capture(lambda: Script(ZeroDivisionError("a fault")), QUICK) as capture, pytest.raises(ZeroDivisionError):
        capture.take(2.0)


def test_a_thread_that_does_not_come_back_is_an_error():
    capture = Capture(lambda: Script(1.0, frame()), Patience(give_up_s=0.1))
    with pytest.raises(ReaderStuck, match="camera-0"), capture:
        capture.take(0.01)


def test_closing_twice_is_fine():
    capture = Capture(lambda: Script(frame()), QUICK)
    with capture:
        pass
    capture.close()


@pytest.mark.parametrize("setting", ["stale_s", "late_s", "give_up_s"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_patience_is_more_than_nothing(setting, value):
    with pytest.raises(ValueError, match=setting):
        Patience(**{setting: value})


def test_a_paced_source_gives_frames_when_they_are_due():
    source = Paced(Script(*[frame(n, n * 50_000_000) for n in range(5)]))
    begun = time.monotonic()
    times = []
    while (one := source.read()) is not None:
        times.append(time.monotonic() - begun)
        assert abs(one.arrived_ns / 1e9 - time.monotonic()) < 0.05
    assert np.all(np.array(times) >= np.arange(5) * 0.05 - 0.005)


def test_a_long_gap_is_not_waited_out():
    source = Paced(Script(*[frame(n, at * 10**9) for n, at in enumerate([0, 3600, 3600, 7200])]))
    begun = time.monotonic()
    read = [source.read() for _ in range(4)]
    assert 1.9 < time.monotonic() - begun < 4
    assert read[3].time_ns == 7200 * 10**9


def test_the_drawn_entrance_is_a_source():
    entrance = Entrance((1, 2), visits=1, width=160, height=96, rate=4)
    source = Drawn(entrance, "NV12")
    frames = []
    while (one := source.read()) is not None:
        frames.append(one)
    assert len(frames) == len(entrance)
    assert frames[1].time_ns == 250_000_000
    assert np.abs(bgr(frames[3].main).astype(int) - entrance.frame(3).pixels).mean() < 3


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48))
    for level in range(0, 250, 25):
        writer.write(np.full((48, 64, 3), level, np.uint8))
    writer.release()
    return path


def test_a_file_gives_its_frames_with_its_own_stamps_and_then_the_end(clip):
    video = Video(str(clip))
    stamps = []
    while (one := video.read()) is not None:
        stamps.append(one.time_ns)
        assert (one.main.width, one.main.height) == (64, 48)
    video.close()
    video.close()
    assert np.allclose(np.diff(stamps), 1e8, atol=1e6)
    assert len(stamps) == 10


def test_stamps_always_rise(clip, monkeypatch):
    video = Video(str(clip))
    stamps = iter([0.0, 40.0, 40.0, 30.0, 200.0])

    class Odd:
        read = staticmethod(video._video.read)
        release = staticmethod(video._video.release)
        get = staticmethod(lambda _: next(stamps))

    monkeypatch.setattr(video, "_video", Odd)
    read = [video.read().time_ns for _ in range(5)]
    assert read == [0, 40_000_000, 40_000_001, 40_000_002, 200_000_000]
    video.close()


def test_a_file_that_is_not_there_or_no_video_is_named(tmp_path):
    with pytest.raises(SourceError, match="found nothing there"):
        Video(str(tmp_path / "none.mp4"))
    odd = tmp_path / "odd.mp4"
    odd.write_bytes(b"not a video" * 100)
    with pytest.raises(SourceError, match=r"odd\.mp4: expected frames"):
        Video(str(odd))


def test_passwords_are_masked():
    assert masked("rtsp://door:secret@10.0.0.2/stream") == "rtsp://door:…@10.0.0.2/stream"
    with pytest.raises(SourceError) as caught:
        Video("http://door:secret@127.0.0.1:9/none")
    assert "secret" not in str(caught.value)


class Camera(BaseHTTPRequestHandler):
    """Motion JPEG at 20 frames a second that freezes after 10, with the connection left open."""

    frozen = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=f")
        self.end_headers()
        jpeg = cv2.imencode(".jpg", np.full((96, 128, 3), 90, np.uint8))[1].tobytes()
        try:
            for number in range(10_000):
                head = f"--f\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
                time.sleep(0.05)
                if number == 10 and not self.server.thawed:
                    self.frozen.wait(30)
                    return
        except (BrokenPipeError, ConnectionResetError):
            return

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def server():
    Camera.frozen.clear()
    served = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    served.daemon_threads = True
    served.thawed = False
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield served
    Camera.frozen.set()
    served.shutdown()
    served.server_close()
    thread.join(5)


def test_a_frozen_network_camera_is_noticed_within_two_seconds_and_comes_back(server):
    address = f"http://127.0.0.1:{server.server_address[1]}/camera.mjpg"
    with Capture(lambda: Video(address)) as capture:
        last = None
        while capture.state != "frozen":
            if capture.take(0.05) is not None:
                last = time.monotonic()
            assert last is None or time.monotonic() - last < 3, f"not noticed: {capture}"
        noticed = time.monotonic() - last
        assert noticed <= 2.0
        server.thawed = True
        Camera.frozen.set()
        until(capture, "running", 15.0)
        assert capture.take(2.0) is not None
        assert capture.counts.frozen == 1
    assert camera_threads() == []
