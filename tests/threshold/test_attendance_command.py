"""Attendance as a site has it: a real device on a replayed reader, the commands, and who copies all of the disk."""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
import signal
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from house import laboratory, tag, volunteer
from support import REPOSITORY
from test_run_command import ATTESTED, Process, threshold

from edge.attendance import Sheet
from edge.transaction import Transaction
from policy.enrolment import enrol_tag
from policy.record import read
from policy.store import Store

PEOPLE = [f"volunteer-{number:02}" for number in range(12)]
SETTINGS = """[site]
name = "lab-door"
purpose = {purpose}

[[lane]]
kind = "tag-uid"

[reader]
kind = "replay"
recording = "reads.jsonl"
{door}
[attendance]
least = 3
{slots}
"""
DOOR = '\n[door]\nkind = "fake"\nopen_s = 0.2\n'
BOTH = '["door", "attendance"]'


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of twelve who agreed to door and attendance, and one who agreed to the door alone, under the product's
    own rules."""
    folder = tmp_path_factory.mktemp("noting") / "store"
    with Store(folder) as store:
        store.adopt(read(REPOSITORY / "policy" / "records" / "lab-attendance.yaml"))
        today = store.clock.now().date()
        for who in (*PEOPLE, "door-alone"):
            purposes = ("door",) if who == "door-alone" else ("door", "attendance")
            file = volunteer(who, attestation={"on": today}, agreement={"informed_on": today},
                             keep_until=today + timedelta(days=30), purposes=purposes)  # fmt: skip
            enrol_tag(store, file, tag(who))
    return folder


class Lab:
    """A site's folder, with slots that begin in a moment."""

    def __init__(self, folder: Path, store: Path) -> None:
        self.folder, self.store = folder, Path(shutil.copytree(store, folder / "store"))
        now = datetime.now().astimezone()
        if (now + timedelta(seconds=130)).date() != now.date():  # slots end on the day on which they begin
            time.sleep(131)

    def settings(self, slots: list[tuple[str, float, float]], purpose: str = BOTH) -> Path:
        """Slots by name, from and to in seconds from now."""
        now = datetime.now().astimezone()
        told = "".join(
            f'[[attendance.slot]]\nname = "{name}"\nfrom = "{now + timedelta(seconds=begins):%H:%M:%S}"\n'
            f'to = "{now + timedelta(seconds=ends):%H:%M:%S}"\n'
            for name, begins, ends in slots
        )
        path = self.folder / "site.toml"
        path.write_text(SETTINGS.format(purpose=purpose, slots=told, door=DOOR if "door" in purpose else ""))
        return path

    def reads(self, came: list[tuple[float, str]]) -> None:
        """Who holds a tag up, in seconds from the device's start."""
        rows = [{"at_s": at_s, "uid": tag(who).hex()} for at_s, who in came]
        (self.folder / "reads.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    @property
    def sheet(self) -> Sheet:
        (path,) = (self.folder / "attendance").iterdir()
        return Sheet.model_validate_json(path.read_bytes())

    def people(self, slot: str) -> list[str]:
        """In the sheet's own order."""
        with Store(self.store) as store:
            whose = store.attended([(self.sheet.day, slot)])
            return [store.file(whose[note.person]).reference for note in self.sheet.notes if note.slot == slot]

    @property
    def rows(self) -> list[Transaction]:
        folder = self.folder / "journal"
        paths = sorted(folder.glob("transactions-*.jsonl"))
        return [Transaction.model_validate_json(line) for path in paths for line in path.read_text().splitlines()]


def opened(device: Process, times: int) -> None:
    """The device has opened so often."""
    until = time.monotonic() + 60
    while sum("OPEN" in line for line in device.lines) < times:
        assert time.monotonic() < until, device.lines
        time.sleep(0.02)


@pytest.fixture
def lab(tmp_path: Path, made: Path) -> Lab:
    return Lab(tmp_path, made)


def test_two_slots_of_a_real_device_and_nothing_in_them_that_the_doors_rows_have(lab: Lab) -> None:
    came = random.Random(3).sample(PEOPLE, 12)  # noqa: S311
    first, second = came, came[:2]
    lab.reads([(0.5 + 0.1 * number, who) for number, who in enumerate([*first, "door-alone"])]
              + [(27 + 0.1 * number, who) for number, who in enumerate(second)])  # fmt: skip
    with Process("--config", lab.settings([("first", -60, 25), ("second", 25, 45)])) as device:
        device.wait_for("noted for day", 60)
        code, _ = device.end()
    assert code == 0, device.lines
    assert sum("OPEN" in line for line in device.lines) == 15, device.lines
    assert sorted(lab.people("first")) == sorted(PEOPLE), "and not who is enrolled for the door alone"
    assert sorted(lab.people("day")) == sorted(second), "two are too few to say their slot"
    assert lab.sheet.slots == {"first": "part", "second": "whole"}, "it began after the first slot did"
    assert lab.sheet.origin == "recording"
    text = (next((lab.folder / "attendance").iterdir())).read_text() + "\n".join(device.lines)
    assert len(lab.rows) == 15
    assert not any(row.claimed in text for row in lab.rows if row.claimed), "no pseudonym of the door's"
    assert not any(note.person in "\n".join(device.lines) for note in lab.sheet.notes)


def test_a_device_for_attendance_alone_writes_no_row_and_opens_nothing(lab: Lab) -> None:
    lab.reads([(0.5 + 0.1 * number, who) for number, who in enumerate([*PEOPLE[:4], "door-alone"])])
    path = lab.settings([("first", 0, 120)], '"attendance"')
    with Process("--config", path) as device:
        device.wait_for("no-permit", 60)
        device.end()
    assert any("4 noted for first" in line for line in device.lines), device.lines
    assert not lab.rows
    assert not any("OPEN" in line for line in device.lines)
    assert sum("noted   present" in line for line in device.lines) == 4, device.lines
    assert sum("closed  no-permit" in line for line in device.lines) == 1, device.lines
    assert sorted(lab.people("first")) == PEOPLE[:4]


def test_killed_in_mid_slot_the_next_start_says_so_and_it_is_put_right_by_hand(lab: Lab) -> None:
    lab.reads([(0.5 + 0.1 * number, who) for number, who in enumerate(PEOPLE[:4])])
    path = lab.settings([("first", 0, 120)])
    with Process("--config", path) as device:
        opened(device, 4)
        device.end(signal.SIGKILL)
    assert not lab.sheet.notes
    with Process("--config", path) as device:
        assert "somebody who came may be missing" in device.wait_for("the device stopped in first")
        device.end()
    assert lab.sheet.slots == {"first": "part"}
    day, where = lab.sheet.day.isoformat(), ("--sheets", lab.folder / "attendance", "--store", lab.store)
    words = ("--day", day, "--slot", "first", "--witness", "Eva Lind", *where)
    done = threshold("attendance", "note", PEOPLE[7], *words)
    assert done.returncode == 0, done.stderr
    assert PEOPLE[7] in lab.people("first")
    assert "none yet, found a note" in threshold("attendance", "note", PEOPLE[7], *words).stderr
    listed = threshold("attendance", "list", *where, "--csv").stdout
    assert [day, "first", PEOPLE[7]] in list(csv.reader(io.StringIO(listed)))
    assert threshold("attendance", "strike", PEOPLE[7], *words).returncode == 0
    assert PEOPLE[7] not in lab.people("first")
    with Store(lab.store) as store:
        bodies = [entry.body for entry in store.ledger if entry.body and entry.body.kind == "corrected"]
        assert [body.change for body in bodies] == ["noted", "struck"]
        assert {body.subject for body in bodies} == {store.find(PEOPLE[7])}
        assert "first" not in str(bodies), "neither day nor slot: these entries are kept for longer than notes"


@pytest.fixture
def noted(lab: Lab) -> Lab:
    """A slot in which four came."""
    lab.reads([(0.5 + 0.1 * number, who) for number, who in enumerate(PEOPLE[:4])])
    with Process("--config", lab.settings([("first", 0, 120)])) as device:
        opened(device, 4)
        device.end()  # told to stop, it writes down who waits
    return lab


def test_a_person_gets_a_copy_of_their_own_notes_and_an_erasure_takes_them_out(noted: Lab) -> None:
    where = ("--sheets", noted.folder / "attendance", "--store", noted.store)
    out = noted.folder / "copy.json"
    assert threshold("export", PEOPLE[0], "--out", out, *where).returncode == 0
    assert json.loads(out.read_text())["attendance"] == [{"day": noted.sheet.day.isoformat(), "slot": "first"}]
    assert threshold("export", PEOPLE[9], "--out", out, *where).returncode == 0
    assert json.loads(out.read_text())["attendance"] == []
    untold = threshold("export", PEOPLE[0], "--out", out, "--store", noted.store)
    assert "--sheets DIR" in untold.stderr
    assert "1 notes of attendance deleted" in threshold("erase", PEOPLE[0], *where).stderr
    assert "1 notes" in threshold("revoke", PEOPLE[1], "--what", "attendance", *where).stderr
    assert sorted(noted.people("first")) == PEOPLE[2:4]
    with Store(noted.store) as store:
        file = store.file(store.find(PEOPLE[1]))
        assert (file.purposes, set(file.references)) == (("door",), {"tag"})
    refused = threshold("revoke", PEOPLE[1], "--what", "attendance", *where)
    assert refused.returncode == 1
    assert "found one who isn't" in refused.stderr


def test_an_order_closes_the_list_and_another_store_finds_nobody_in_it(noted: Lab, tmp_path: Path) -> None:
    where = ("--sheets", noted.folder / "attendance")
    told = json.loads(threshold("attendance", "list", *where, "--store", noted.store, "--json").stdout)
    (sheet,) = told["sheets"]
    assert [one["person"] for one in sheet["people"]] == PEOPLE[:4]
    assert sheet["origin"] == "recording"
    assert PEOPLE[0] in threshold("attendance", "list", *where, "--store", noted.store).stdout
    with Store(tmp_path / "other"):
        pass
    other = threshold("attendance", "list", *where, "--store", tmp_path / "other")
    assert (other.returncode, "of another" in other.stderr) == (1, True)
    assert threshold("order", "receive", "suspend", "--store", noted.store).returncode == 0
    done = threshold("attendance", "list", *where, "--store", noted.store)
    assert (done.returncode, "order-suspend" in done.stderr) == (1, True)
    assert not done.stdout


def test_a_record_without_attendance_ends_it_before_a_reader_is_opened(lab: Lab, tmp_path: Path) -> None:
    with Store(lab.store) as store:
        store.adopt(laboratory("lab-volunteers"))
    lab.reads([])
    done = threshold("run", "--config", lab.settings([("first", 0, 5)]), "--seconds", "1")
    assert done.returncode == 1
    assert "for the purpose attendance" in done.stderr
    assert not (lab.folder / "attendance").exists()


def test_check_counts_who_is_to_be_noted(lab: Lab) -> None:
    lab.reads([])
    done = threshold("run", "--config", lab.settings([("first", 0, 5)]), "--check", "--json")
    assert done.returncode == 0, done.stdout
    (one,) = (one for one in json.loads(done.stdout)["checks"] if one["what"] == "attendance")
    assert "12 people to be noted" in one["words"]


def test_enrolled_for_attendance_by_command(lab: Lab) -> None:
    done = threshold("enrol", "volunteer-77", "--tag", "04a1b2c3", *ATTESTED, "--for", "door", "--for", "attendance",
                     "--store", lab.store)  # fmt: skip
    assert done.returncode == 0, done.stderr
    again = threshold("enrol", "volunteer-77", "--tag", "04a1b2c3", *ATTESTED, "--store", lab.store)
    assert again.returncode == 0, again.stderr
    with Store(lab.store) as store:
        assert store.file(store.find("volunteer-77")).purposes == ("door", "attendance"), "as before, unless told"
