"""The lane `tag-uid`: every reason, and nothing decided by anything but the reader and the credentials."""

from __future__ import annotations

import pytest

from edge.clock import FakeClock
from edge.credentials import CredentialError, Credentials
from edge.lane import Decision, Visit, transact
from edge.reader import ReaderError, ReplayingReader, TagRead
from edge.tag import TagIdentifier
from policy.gate import Gate

KNOWN, BLOCKED, UNKNOWN = (bytes([4, number]) + bytes(5) for number in (1, 2, 3))


@pytest.fixture
def credentials(tmp_path):
    gate = Gate([])
    with Credentials(tmp_path / "credentials.sqlite", gate) as opened:
        opened.add({KNOWN: "s1", BLOCKED: "s2"}, gate.simulated("test"))
        opened.block(BLOCKED)
        yield opened


def decide(credentials, *reads) -> list[Decision]:
    lane = TagIdentifier(ReplayingReader(reads), credentials)
    return [lane.decide(None) for _ in reads]


def test_every_presentation_has_its_reason(credentials):
    reads = [TagRead(KNOWN), None, TagRead(UNKNOWN), TagRead(BLOCKED), TagRead(KNOWN)]
    known = Decision(opened=True, reason="tag-known", subject="s1", claimed="s1")
    assert decide(credentials, *reads) == [
        known,
        Decision(opened=False, reason="tag-not-read"),
        Decision(opened=False, reason="tag-unknown"),
        Decision(opened=False, reason="tag-blocked", claimed="s2"),
        known,
    ]


def test_a_copy_of_a_tag_opens_as_well(credentials):
    assert decide(credentials, TagRead(bytes(bytearray(KNOWN))))[0].opened


@pytest.mark.parametrize("uid", [b"", KNOWN[:-1], KNOWN + b"\x00", KNOWN[::-1]])
def test_what_is_nearly_a_known_identifier_is_unknown(credentials, uid):
    assert decide(credentials, TagRead(uid)) == [Decision(opened=False, reason="tag-unknown")]


def test_a_tag_blocked_meanwhile_opens_no_more(credentials):
    lane = TagIdentifier(ReplayingReader([TagRead(KNOWN)] * 2), credentials)
    first = lane.decide(None)
    credentials.block(KNOWN)
    assert (first.opened, lane.decide(None).reason) == (True, "tag-blocked")


def test_what_is_said_to_be_presented_does_not_matter(credentials):
    lane = TagIdentifier(ReplayingReader([TagRead(UNKNOWN)]), credentials)
    assert not lane.decide(TagRead(KNOWN)).opened


def test_the_reader_is_given_the_lane_s_time(credentials):
    class Waiting(ReplayingReader):
        def read(self, timeout_s):
            clock.wait(timeout_s)

    clock = FakeClock()
    lane = TagIdentifier(Waiting(), credentials, timeout_s=2.5)
    visit = Visit("v1", "m1", "simulation", "s1", True, 1.0, 3.0, "a tag that isn't read")
    row = transact(lane, visit, clock)
    assert (row.presented.t_ns, row.decided.t_ns) == (1_000_000_000, 3_500_000_000)
    assert (row.outcome, row.reason, row.crossed.none) == ("denied", "tag-not-read", "tag-not-read")


def test_a_closed_reader_is_the_lane_s_failure_and_not_a_denial(credentials):
    reader = ReplayingReader([TagRead(KNOWN)])
    reader.close()
    with pytest.raises(ReaderError):
        TagIdentifier(reader, credentials).decide(None)


def test_closed_credentials_are_the_lane_s_failure_and_not_a_denial(credentials):
    credentials.close()
    with pytest.raises(CredentialError):
        decide(credentials, TagRead(KNOWN))
