"""The tag lane of a scenario: a real database, the replaying reader, the same lane code as at a door."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from benchmarks.mornings import Mornings
from benchmarks.rows import Rows
from benchmarks.session import SESSIONS, Progress, Session, pseudonym, saturated, visit
from edge.credentials import Credentials
from edge.lane import Visit
from edge.reader import ReplayingReader, TagRead
from edge.tag import TagIdentifier
from policy.gate import Gate


def run(mornings: Mornings, gate: Gate, rows: Rows, progress: Progress) -> None:
    """All sessions of the lane `tag-uid`; tags fail as the scenario says. Raises policy.gate.Refused."""
    scenario = mornings.scenario
    numbers = random.Random(scenario.seed)  # noqa: S311  identifiers of tags that don't exist, the same in each run
    tags = {pseudonym(index): b"\x04" + numbers.randbytes(6) for index in range(scenario.persons)}
    tick = progress("tag-uid", len(SESSIONS) * scenario.persons * scenario.mornings)
    with (
        tempfile.TemporaryDirectory(prefix="threshold-") as temporary,
        Credentials(Path(temporary) / "credentials.sqlite", gate) as credentials,
        ReplayingReader() as reader,
    ):
        credentials.add({uid: subject for subject, uid in tags.items()}, gate.simulated("evaluate"))
        lane = TagIdentifier(reader, credentials)
        for session in SESSIONS:

            def coming(person_: int, morning: int, session: Session = session) -> Visit[object]:
                subject, level = pseudonym(person_), session.level
                missing = mornings.tag_missing(person_, morning, level)
                if missing is None:
                    read = mornings.tag_read(person_, morning, level)
                    reader.present(TagRead(tags[subject]) if read else None)
                return visit(
                    mornings, session, "tag.present", person_, morning, lane if missing is None else None, missing
                )

            rows.extend(saturated(mornings, lane, coming, tick))
