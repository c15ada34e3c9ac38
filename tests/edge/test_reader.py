"""The replaying reader: in order, what was put in front first, and an error when there is nothing to replay."""

from __future__ import annotations

import pytest

from edge.errors import EdgeError
from edge.reader import ReaderError, ReplayingReader, TagRead, recording

ONE, TWO, THREE = (TagRead(bytes([number]) * 7) for number in (1, 2, 3))


def test_reads_come_in_order_and_none_among_them():
    reader = ReplayingReader([ONE, None, TWO, ONE])
    assert [reader.read(1.0) for _ in range(4)] == [ONE, None, TWO, ONE]


def test_a_recording_that_ran_out_says_so_again_and_again():
    reader = ReplayingReader([ONE])
    reader.read(1.0)
    for _ in range(2):
        with pytest.raises(ReaderError, match="the recording has no more reads"):
            reader.read(1.0)


def test_an_empty_recording_has_no_reads():
    with pytest.raises(ReaderError, match="no more reads"):
        ReplayingReader().read(0.0)


def test_presentations_come_before_the_recording_in_their_order():
    reader = ReplayingReader([ONE, TWO])
    first = reader.read(1.0)
    reader.present(THREE)
    reader.present(None)
    assert [first, *(reader.read(1.0) for _ in range(3))] == [ONE, THREE, None, TWO]


def test_a_presentation_goes_on_after_the_recording_ran_out():
    reader = ReplayingReader()
    with pytest.raises(ReaderError):
        reader.read(1.0)
    reader.present(TWO)
    assert reader.read(1.0) == TWO


def test_a_closed_reader_reads_nothing_more():
    reader = ReplayingReader([ONE])
    reader.present(TWO)
    reader.close()
    reader.close()
    with pytest.raises(ReaderError, match="is closed; open a new one"):
        reader.read(1.0)


def test_leaving_the_context_closes():
    with ReplayingReader([ONE, ONE]) as reader:
        reader.read(1.0)
    with pytest.raises(ReaderError, match="closed"):
        reader.read(1.0)


def test_reads_are_taken_one_by_one_from_what_gives_them():
    taken = []

    def presented():
        for read in (ONE, TWO):
            taken.append(read)
            yield read

    ReplayingReader(presented()).read(1.0)
    assert taken == [ONE]


def test_a_reader_s_error_is_the_device_s_and_the_system_s():
    assert issubclass(ReaderError, EdgeError)
    assert issubclass(ReaderError, OSError)


@pytest.mark.parametrize(
    "line",
    ['{"at_s": "soon", "uid": "04a1b2c3"}', '{"uid": "04a1b2c3"}', '{"at_s": -1, "uid": "04a1b2c3"}', '"04a1b2c3"'],
)
def test_a_recording_that_cannot_be_read_puts_no_tag_into_a_log(tmp_path, line):
    (tmp_path / "reads.jsonl").write_text(line)
    with pytest.raises(ReaderError, match=r"reads\.jsonl:1: expected") as told:
        recording(tmp_path / "reads.jsonl")
    assert "04a1b2c3" not in str(told.value)
