"""A reader in its thread: reads wait in order, a reader that is gone comes back, and nothing is left running."""

from __future__ import annotations

import threading
import time

import pytest

from edge.device import presented
from edge.device.presented import WAITING, Watched
from edge.reader import ReaderError, ReplayingReader, TagRead


def tag(number: int) -> TagRead:
    return TagRead(bytes([4, 0, 0, number]))


def wait_for(what, seconds: float = 3.0) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it didn't happen in time"
        time.sleep(0.005)


def running() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "tag-reader"]


class Slow(ReplayingReader):
    """As a real one: nothing to read takes time."""

    def read(self, timeout_s: float) -> TagRead | None:
        read = super().read(timeout_s)
        if read is None:
            time.sleep(0.01)
        return read


def forever(reads):
    yield from reads
    while True:
        yield None


def test_reads_come_in_order_with_their_times_and_ring() -> None:
    rung = threading.Event()
    begun = time.monotonic_ns()
    with Watched(lambda: Slow(forever([tag(1), tag(2)])), rung.set) as watched:
        wait_for(lambda: watched.reads == 2)
        assert rung.is_set()
        first, second = watched.take(), watched.take()
        assert first is not None
        assert second is not None
        assert (first.read, second.read) == (tag(1), tag(2))
        assert begun < first.at_ns <= second.at_ns <= time.monotonic_ns()
        assert watched.take() is None
        assert watched.state == "ready"
    assert watched.state == "closed"
    assert not running()


def test_the_queue_is_short_and_what_falls_out_is_counted() -> None:
    with Watched(lambda: Slow(forever([tag(number) for number in range(WAITING + 3)]))) as watched:
        wait_for(lambda: watched.reads == WAITING + 3)
        taken = []
        while (one := watched.take()) is not None:
            taken.append(one.read)
        assert taken == [tag(number) for number in range(3, WAITING + 3)]
        assert watched.dropped == 3


def test_a_reader_that_is_gone_is_told_and_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presented, "FIRST_PAUSE_S", 0.02)
    opened = []

    def open_reader() -> Slow:
        opened.append(1)
        if len(opened) == 2:
            raise ReaderError("PC/SC: expected a reader, found none.")
        return Slow([tag(1)] if len(opened) == 1 else forever([tag(2)]))  # the first runs out: a ReaderError

    with Watched(open_reader) as watched:
        wait_for(lambda: watched.reads == 2)
        assert watched.state == "ready"
        assert watched.failures == 2
        assert watched.why == ""


def test_while_it_is_gone_the_words_are_the_reader_s() -> None:
    def gone() -> Slow:
        raise ReaderError("PC/SC: expected a reader, found none.")

    with Watched(gone) as watched:
        wait_for(lambda: watched.state == "gone")
        assert watched.why == "PC/SC: expected a reader, found none."
        begun = time.monotonic()
    assert time.monotonic() - begun < 0.5
    assert not running()


def test_a_fault_in_the_program_is_raised_where_reads_are_taken() -> None:
    def broken() -> Slow:
        raise KeyError("a fault")

    with Watched(broken) as watched:
        wait_for(lambda: not running())
        with pytest.raises(KeyError, match="a fault"):
            watched.take()


def test_a_reader_that_hangs_is_silent_and_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presented, "SILENT_S", 0.1)
    monkeypatch.setattr(presented, "GIVE_UP_S", 0.1)
    let_go = threading.Event()

    class Hanging(Slow):
        def read(self, timeout_s: float) -> TagRead | None:
            let_go.wait(10)
            return None

    watched = Watched(Hanging)
    with watched:
        wait_for(lambda: watched.state == "silent")
        assert "no answer" in watched.why
        assert not watched.close()
    let_go.set()
    wait_for(lambda: not running())
