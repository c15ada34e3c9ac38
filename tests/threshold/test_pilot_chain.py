"""A pilot from its plan to signed evidence, with the real command line; nothing is typed by hand in between.

The device runs with a replayed reader, so that its rows are recordings, and no report of a pilot is made of them. Only
here are they called a pilot's, and only here does somebody write rows of a face lane: by the device's own journal.
"""

from __future__ import annotations

import csv
import io
import json
import re
import stat
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from test_bundle_command import command
from test_run_command import ATTESTED, TAG, lab, threshold

from benchmarks.gains import PilotError
from benchmarks.pilot.join import JoinError
from benchmarks.pilot.outcome import OutcomeError
from benchmarks.pilot.sheet import SheetError
from edge.device.journal import Journal
from edge.device.note import DeviceNote, LaneNote
from edge.transaction import Stamp, Transaction
from models.registry import Registry

__all__ = ["lab"]

PEOPLE = [f"volunteer-{number:02d}" for number in range(1, 5)]
EMBEDDER = Registry.bundled()["bundled-embedder"]


@dataclass(frozen=True)
class Lab:
    """A laboratory after its one day: what lies where."""

    folder: Path
    record: Path
    begun: datetime

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    @property
    def store(self) -> tuple[str, Path]:
        return "--store", self.folder / "store"

    @property
    def journals(self) -> list[Path]:
        return sorted((self.folder / "journal").glob("transactions-*.jsonl"))

    def join(self, *words: str | Path, rows: list[Path] | None = None) -> tuple[int, str, object]:
        return command(
            "pilot", "join", *(rows or self.journals), "--sheet", self / "sheet.csv", "--people", self / "people.csv",
            "--out", self / "pilot.jsonl", *words,
        )  # fmt: skip

    def report(self, *words: str | Path) -> tuple[int, str, object]:
        return command(
            "report", "--pilot", self / "pilot.jsonl", "--sheet", self / "sheet.csv", *self.store, *words
        )  # fmt: skip

    def fill(self, **changes: dict[str, str]) -> None:
        """The observer writes: everybody came and was let in by the lane, but for `changes` by person and lane."""
        rows = list(csv.DictReader(io.StringIO((self / "empty.csv").read_text())))
        for row in rows:
            at = self.begun + timedelta(seconds=1)
            row.update({"time": at.astimezone().strftime("%H:%M:%S"), "let_in": "lane"})
            row.update(changes.get(f"{row['person']}/{row['lane']}", {}))
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        (self / "sheet.csv").write_text(text.getvalue())


FORGOTTEN = {"volunteer-04/tag-uid": {"let_in": "hand", "reason": "forgotten", "seconds": "25"}}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory, lab: Path) -> Lab:
    """Plan, sheet, enrolment, declaration, and one run of a real device: three tags, and somebody else's."""
    folder = tmp_path_factory.mktemp("pilot")
    plan, store = folder / "plan.csv", ("--store", folder / "store")
    assert (
        command("pilot", "plan", "--persons", "4", "--days", "1", "--lanes", "face-tag,tag-uid", "--out", plan)[0] == 0
    )
    begun = datetime.now(UTC)
    today = begun.astimezone().date().isoformat()
    assert command("pilot", "sheet", "--plan", plan, "--dates", today, "--out", folder / "empty.csv")[0] == 0
    for number, person in enumerate([*PEOPLE[:3], "caretaker-01"]):
        code, _, error = command(
            "enrol", person, "--tag", f"04a1b2c{number}", "--record", lab, *ATTESTED, *store
        )  # fmt: skip
        assert code == 0, error
    declare = ("ledger", "declare", "--alternative", "tag", "--measure", "denied", "--margin", "0.005")
    assert command(*declare, "--need", "0.01", *store)[0] == 0
    (folder / "site.toml").write_text(TAG)
    reads = [{"at_s": 0.3 + 0.3 * number, "uid": f"04a1b2c{number}"} for number in range(4)]
    (folder / "reads.jsonl").write_text("".join(json.dumps(one) + "\n" for one in reads))
    begun = datetime.now(UTC)
    done = threshold("run", "--config", folder / "site.toml", "--seconds", "3", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == 4
    assert command("pilot", "people", "--plan", plan, "--out", folder / "people.csv", *store)[0] == 0
    site = Lab(folder, lab, begun)
    site.fill(**FORGOTTEN)
    return site


@pytest.fixture(scope="module")
def pilot(day: Lab) -> Lab:
    """The same day, its rows called a pilot's, with a face lane at which the third person isn't recognised at first."""
    for path in day.journals:
        note = path.with_name(f"device-{path.stem.removeprefix('transactions-')}.json")
        for each in (path, note):
            each.write_text(each.read_text().replace('"recording"', '"pilot"'))
    people = dict(list(csv.reader(io.StringIO((day / "people.csv").read_text())))[1:])
    note = DeviceNote(
        session="none",
        program="threshold",
        origin="pilot",
        lanes=(LaneNote(lane="face-tag", threshold=0.57, window_s=5.0),),
        networks={EMBEDDER.id: EMBEDDER.sha256},
        detect_px=480,
        reader="pcsc",
        door="relay",
    )
    begun = datetime.now(UTC)
    at = max(0, round((day.begun - begun).total_seconds() * 1e9))
    with Journal(
        day / "journal", "face-door", 30, lambda: day.begun, note.model_dump(mode="json", by_alias=True)
    ) as rows:
        for number, (person, opened) in enumerate([(0, True), (1, True), (2, False), (2, True)], start=1):
            second = at + number * 2_000_000_000
            rows.append(
                Transaction(
                    id=f"{rows.session}-{number}",
                    lane="face-tag",
                    origin="pilot",
                    session=rows.session,
                    entered=Stamp.at(second),
                    presented=Stamp.at(second + 400_000_000),
                    decided=Stamp.at(second + 900_000_000),
                    crossed=Stamp.absent("not-observed"),
                    attempts=1,
                    claimed=people[PEOPLE[person]],
                    decided_subject=people[PEOPLE[person]] if opened else None,
                    outcome="opened" if opened else "denied",
                    reason="matched" if opened else "below-threshold",
                )
            )
    day.fill(
        **FORGOTTEN, **{"volunteer-04/face-tag": {"let_in": "hand", "reason": "refused", "seconds": "20", "time": ""}}
    )
    return day


def test_a_recording_is_joined_and_stays_one(day: Lab) -> None:
    code, _, error = day.join()
    assert code == 0, error
    rows = [Transaction.model_validate_json(line) for line in (day / "pilot.jsonl").read_text().splitlines()]
    assert {row.origin for row in rows} == {"recording"}, "what the observer adds is no stronger than the device's rows"
    code, _, error = day.report()
    assert (code, isinstance(error, PilotError)) == (1, True)
    assert "expected a row of a pilot, found one of a recording" in str(error)
    assert not (day / "pilot.html").exists()


def test_from_a_plan_to_evidence_that_the_gate_reads(pilot: Lab, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in (*pilot.journals, pilot / "sheet.csv", pilot / "people.csv")}
    code, said, error = pilot.join("--json")
    assert code == 0, error
    told = json.loads(said)
    assert (told["count"], told["known"], told["elsewhere"], told["left"]) == (8, 8, 1, [])
    assert {path: path.read_bytes() for path in before} == before, "nothing that came in was touched"
    text = (pilot / "pilot.jsonl").read_text()
    assert not re.search(r"\b[0-9a-f]{32}\b", text), "the store's pseudonyms stay in the laboratory"
    assert stat.S_IMODE((pilot / "pilot.jsonl").stat().st_mode) == 0o600
    rows = {(row.true_subject, row.lane): row for row in map(Transaction.model_validate_json, text.splitlines())}
    assert rows["volunteer-04", "tag-uid"].reason == "forgotten"
    assert rows["volunteer-04", "face-tag"].reason == "refused"
    assert rows["volunteer-03", "face-tag"].attempts == 2
    assert rows["volunteer-03", "face-tag"].outcome == "opened"

    words = ("--record", pilot.record, "--bundle", pilot / "b", "--key", pilot / "k")
    code, said, error = pilot.report(*words, "--new-key", "--json")
    assert code == 0, error
    (compared,) = json.loads(said)["compared"]
    assert (compared["sentence"], compared["difference"]["grade"]) == ("not shown", "pilot")
    assert compared["difference"]["value"] == 0.0  # each lane turned one of four away
    page = (pilot / "pilot.html").read_text()
    assert "not shown" in page
    assert EMBEDDER.sha256 in page
    assert "volunteer-0" not in page, "a page for a council has nobody on it"

    code, said, error = command("verify", pilot / "b", "--key", f"{pilot / 'k'}.pub", "--json")
    found = json.loads(said)
    assert (code, found["broken"], found["grade"]) == (0, [], "pilot")
    assert found["figures"] > 100

    code, said, error = command(
        "policy", "assess", pilot.record, "--evidence", pilot / "b", "--key", f"{pilot / 'k'}.pub", "--json"
    )
    assert error is None or isinstance(error, SystemExit), error
    assert json.loads(said)["verdict"] in ("allow", "refuse", "suspend")

    for language in ("sv", "is"):
        code, _, error = pilot.report("--lang", language, "--out", tmp_path / f"{language}.html", "--format", "pdf")
        assert code == 0, error
        assert (tmp_path / f"{language}.html").read_bytes().startswith(b"%PDF-1.7")


def test_what_was_declared_after_the_first_transaction_counts_for_nothing(pilot: Lab) -> None:
    pilot.join()
    late = ("ledger", "declare", "--alternative", "tag", "--measure", "denied", "--margin", "0.3", "--need", "0.001")
    assert command(*late, *pilot.store)[0] == 0
    code, said, _ = pilot.report("--json")
    assert code == 0
    assert [each["margin"] for each in json.loads(said)["compared"]] == [0.005]


def test_what_does_not_belong_together_is_refused(pilot: Lab, tmp_path: Path) -> None:
    pilot.join()
    code, _, error = command("report", "--pilot", pilot / "pilot.jsonl", *pilot.store)
    assert (code, isinstance(error, OutcomeError), "--sheet" in str(error)) == (1, True, True)
    (tmp_path / "other.csv").write_text((pilot / "sheet.csv").read_text().replace(",25,", ",26,"))
    code, _, error = command(
        "report", "--pilot", pilot / "pilot.jsonl", "--sheet", tmp_path / "other.csv", *pilot.store
    )
    assert (code, "sheet swapped" in str(error)) == (1, True)
    whole = (pilot / "pilot.jsonl").read_text()
    (pilot / "pilot.jsonl").write_text("".join(whole.splitlines(keepends=True)[1:]))
    code, _, error = pilot.report()
    assert (code, "transaction removed" in str(error)) == (1, True)
    with_names = (pilot / "sheet.csv").read_text()
    (pilot / "sheet.csv").write_text(with_names.replace("volunteer-01", "Eva Lind"))
    code, _, error = pilot.join()
    (pilot / "sheet.csv").write_text(with_names)
    assert (code, isinstance(error, SheetError), "Eva" in str(error)) == (1, True, False)
    note = next(path for path in (pilot / "journal").glob("device-face-door-*.json"))
    said = note.read_text()
    note.write_text(said.replace('"pilot"', '"recording"'))
    code, _, error = pilot.join()
    note.write_text(said)
    assert (code, isinstance(error, JoinError), "of a recording, as its device noted" in str(error)) == (1, True, True)


def test_wrong_use_is_exit_2(pilot: Lab) -> None:
    assert pilot.join("--out", pilot / "sheet.csv")[0] == 2
    assert pilot.join("--lanes", "turnstile")[0] == 2
    assert pilot.report("--bundle", pilot / "b")[0] == 2
    assert pilot.report("--prices", pilot / "p.toml")[0] == 2
    assert command("report", pilot / "r.json", "--sheet", pilot / "sheet.csv")[0] == 2
    assert command("pilot", "sheet", "--plan", pilot / "plan.csv", "--out", pilot / "s.txt")[0] == 2
    assert command("pilot", "sheet", "--plan", pilot / "plan.csv", "--out", pilot / "s.csv", "--dates", "x")[0] == 2
