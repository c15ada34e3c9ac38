"""Ways round the gate that no other file tries; docs/red-team.md lists all, and is held to name tests that exist."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import cv2
import pytest
from house import NETWORK, NOON, SHOT, SITE, Hands, assess, enrolled, matching, opened, score, tag, template, volunteer
from support import REPOSITORY

from models import tiny
from policy import compliance
from policy.backup import BackupError, backup, restore
from policy.clock import ClockBehind
from policy.database import DatabaseError
from policy.entry import Ordered
from policy.epoch import RolledBack
from policy.gate import Gate, Refused
from policy.keys import SecretError
from policy.ledger import LedgerError, verify
from policy.seal import SealBroken
from policy.store import NAME, Store, UnknownSubject

COMMAND = [sys.executable, "-c", "from threshold.command import main; main()"]
LIST = REPOSITORY / "docs" / "red-team.md"


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def store(tmp_path, hands):
    with opened(tmp_path / "store", hands) as made:
        yield made


def sql(path: Path, *statements: tuple[str, tuple[object, ...]] | str) -> None:
    """Direct SQL, with the triggers out of the way."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for trigger in ("entry_stays", "entry_same"):
            connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for statement in statements:
            connection.execute(*((statement,) if isinstance(statement, str) else statement))


def row(path: Path, query: str) -> tuple:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchone()


# --- rows of yesterday put back into today's database ---


def test_a_persons_row_from_before_a_suspension_put_back_opens_nothing(store):
    subject = enrolled(store)
    path = store.folder / NAME
    keys, file = row(path, "SELECT keys, file FROM subject")
    store.change(subject, store.file(subject).model_copy(update={"state": "suspended"}))
    sql(path, ("UPDATE subject SET keys = ?, file = ?", (keys, file)))
    with pytest.raises(SealBroken):
        score(store, subject)


def test_the_facts_alone_from_before_a_suspension_put_back_open_nothing(store):
    subject = enrolled(store)
    path = store.folder / NAME
    (file,) = row(path, "SELECT file FROM subject")
    store.change(subject, store.file(subject).model_copy(update={"state": "suspended"}))
    sql(path, ("UPDATE subject SET file = ?", (file,)))
    with pytest.raises(SealBroken):
        score(store, subject)


def test_a_reference_from_before_a_renewal_put_back_opens_nothing(store):
    subject = enrolled(store)
    path = store.folder / NAME
    old = row(path, "SELECT * FROM reference")
    store.renew()
    sql(path, ("INSERT OR REPLACE INTO reference VALUES (?, ?, ?, ?, ?, ?, ?, ?)", old))
    with pytest.raises(SealBroken):
        score(store, subject)


def test_a_reference_replaced_since_put_back_opens_nothing(store):
    subject = enrolled(store)
    matching(store, subject)
    path = store.folder / NAME
    for modality in ("face", "tag"):
        old = row(path, f"SELECT * FROM reference WHERE modality = '{modality}'")
        permit = store.permit("enrol", subject, modality, [SHOT])
        if modality == "face":
            store.seal(permit, template(8), NETWORK)
        else:
            store.keep_tag(permit, b"another")
        sql(path, ("INSERT OR REPLACE INTO reference VALUES (?, ?, ?, ?, ?, ?, ?, ?)", old))
    assert store.owner(tag()) is None
    with pytest.raises(SealBroken):
        store.disclose(subject, "face")
    assert store.unreadable() == 2


def test_every_reference_has_a_key_that_sealed_no_other(store):
    """Why a reference of before opens no more: its key is gone with it, whatever else is put back."""
    subject = enrolled(store)
    used = [store._people.keys(subject)]

    def another() -> None:
        used.append(store._people.keys(subject))

    matching(store, subject)
    another()
    store.seal(store.permit("enrol", subject, "face", [SHOT]), template(8), NETWORK)
    another()
    store.keep_tag(store.permit("enrol", subject, "tag"), b"another")
    another()
    store.renew()
    another()
    store.erase(subject, "withdrawal", "face")
    another()
    assert len({keys.file for keys in used}) == 6, "the facts' as often as they are written"
    assert [keys.face for keys in used[:2]] == [used[0].face] * 2, "one kind's key stays when the other's is drawn"
    assert len({keys.face for keys in used}) == 4, "enrolled, again, renewed, erased"
    assert len({keys.tag for keys in used}) == 3, "none yet, enrolled, again"


def test_an_erased_person_put_back_by_rows_opens_nothing(store):
    subject = enrolled(store)
    path = store.folder / NAME
    person, reference = row(path, "SELECT * FROM subject"), row(path, "SELECT * FROM reference")
    store.erase(subject, "withdrawal")
    sql(
        path,
        ("INSERT INTO subject VALUES (?, ?, ?, ?)", person),
        ("INSERT INTO reference VALUES (?, ?, ?, ?, ?, ?, ?, ?)", reference),
    )
    with pytest.raises((SealBroken, UnknownSubject)):
        score(store, subject)
    assert store.status()["unreadable"] == 1


def test_keys_from_a_backup_put_into_the_database_open_nothing(store, tmp_path):
    subject = enrolled(store)
    file = backup(store, tmp_path / "usb")
    wrapped = row(file, "SELECT keys FROM subject")
    person, reference = row(file, "SELECT * FROM subject"), row(file, "SELECT * FROM reference")
    sql(store.folder / NAME, ("UPDATE subject SET keys = ?", wrapped))
    with pytest.raises(SealBroken):
        score(store, subject)
    assert person[0] == reference[0] == subject


def test_an_erased_persons_rows_moved_from_an_old_backup_into_a_new_one_open_nothing(store, tmp_path, hands):
    subject = enrolled(store)
    first = backup(store, tmp_path / "usb")
    person, reference = row(first, "SELECT * FROM subject"), row(first, "SELECT * FROM reference")
    store.erase(subject, "withdrawal")
    second = backup(store, tmp_path / "usb")
    sql(
        second,
        ("INSERT INTO subject VALUES (?, ?, ?, ?)", person),
        ("INSERT INTO reference VALUES (?, ?, ?, ?, ?, ?, ?, ?)", reference),
    )
    store.close()
    restore(second, store.folder, now=hands)
    with opened(store.folder, hands) as again:
        assert list(again.subjects()) == []
        with pytest.raises(SealBroken):
            again.file(subject)


def test_an_old_backup_renamed_as_a_new_one_does_not_go_back(store, tmp_path, hands):
    subject = enrolled(store)
    first = backup(store, tmp_path / "usb")
    old = first.with_name("old")
    shutil.copy(first, old)
    store.erase(subject, "withdrawal")
    second = backup(store, tmp_path / "usb")
    shutil.copy(old, second)
    store.close()
    for path in store.folder.glob(f"{NAME}*"):
        path.unlink()
    with pytest.raises((LedgerError, BackupError, DatabaseError)):
        restore(second, store.folder, now=hands)


# --- the ledger written by other hands ---


def test_a_lifting_of_an_order_written_by_hand_does_not_open(store, hands):
    enrolled(store)
    order = compliance.receive(store, "suspend", None)
    store.close()
    anchor = row(store.folder / NAME, "SELECT seq, at, hash FROM entry ORDER BY seq DESC LIMIT 1")
    body = json.dumps({"kind": "ordered", "order": order, "what": "suspend", "event": "lifted", "salt": "00"})
    entry = (anchor[0] + 1, anchor[1], "ordered", bytes(32), anchor[2], os.urandom(32), bytes(64), body)
    sql(store.folder / NAME, ("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", entry))
    with pytest.raises(LedgerError, match="broken"):
        opened(store.folder, hands)


def test_an_order_lifted_in_the_ledger_of_yesterday_does_not_carry_over(store, hands):
    """The entries of a lifted order, replayed behind another order, don't follow from it."""
    first = compliance.receive(store, "suspend", None)
    compliance.lift(store, first)
    lifted = row(store.folder / NAME, "SELECT * FROM entry ORDER BY seq DESC LIMIT 1")
    compliance.receive(store, "suspend", None)
    seq = store.ledger.anchor().seq
    store.close()
    sql(
        store.folder / NAME,
        ("INSERT INTO entry VALUES (?, ?, ?, ?, ?, randomblob(32), ?, ?)", (seq + 1, *lifted[1:5], *lifted[6:])),
    )
    with pytest.raises(LedgerError, match="doesn't follow"):
        opened(store.folder, hands)


def test_a_ledger_cut_where_nothing_was_revoked_shows_with_an_anchor(store, hands):
    enrolled(store)
    anchor = store.ledger.anchor()
    store.close()
    sql(store.folder / NAME, f"DELETE FROM entry WHERE seq = {anchor.seq}")
    with pytest.raises(LedgerError, match="its end was cut off"):
        opened(store.folder, hands, anchor=anchor)
    with opened(store.folder, hands) as again:
        assert str(verify(again.folder / NAME)).endswith("completeness not shown")


def test_the_ledger_and_the_record_set_back_together_do_not_open(store, hands):
    """A record that was replaced since, with the ledger cut back to its adoption."""
    (old,) = row(store.folder / NAME, "SELECT value FROM meta WHERE name = 'record'")
    seq = store.ledger.anchor().seq
    store.adopt(SITE.model_copy(update={"dep": SITE.dep.model_copy(update={"jurisdiction": "gb"})}))
    store.close()
    sql(
        store.folder / NAME,
        f"DELETE FROM entry WHERE seq > {seq}",
        ("UPDATE meta SET value = ? WHERE name = 'record'", (old,)),
    )
    with pytest.raises(RolledBack, match="cut off or another"):
        opened(store.folder, hands)


def test_a_form_set_back_does_not_open(store, hands):
    enrolled(store)
    store.close()
    sql(store.folder / NAME, "PRAGMA user_version = 1")
    with pytest.raises(DatabaseError):
        opened(store.folder, hands)


# --- keys and places ---


def test_the_database_alone_on_another_machine_opens_nothing(store, tmp_path, hands):
    enrolled(store)
    store.close()
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(store.folder / NAME, other / NAME)
    with pytest.raises(SecretError):
        opened(other, hands)
    with opened(tmp_path / "third", hands) as third:
        enrolled(third)
    shutil.copy(store.folder / NAME, tmp_path / "third" / NAME)
    with pytest.raises(LedgerError, match="signed with another key"):
        opened(tmp_path / "third", hands)


def test_yesterdays_epoch_put_back_does_not_open_todays_database(store, hands):
    subject = enrolled(store)
    old = (store.folder / "epoch").read_bytes()
    store.erase(subject, "withdrawal")
    store.close()
    (store.folder / "epoch").write_bytes(old)
    with pytest.raises(RolledBack):
        opened(store.folder, hands)


def test_the_whole_folder_put_back_is_found_with_an_anchor_only(store, tmp_path, hands):
    """Stated as not defended without one: everything on the device is as it was yesterday, the person too."""
    subject = enrolled(store)
    store.close()
    shutil.copytree(store.folder, tmp_path / "yesterday")
    with opened(store.folder, hands) as today:
        today.erase(subject, "withdrawal")
        anchor = today.ledger.anchor()
    shutil.rmtree(store.folder)
    shutil.copytree(tmp_path / "yesterday", store.folder)
    with pytest.raises(LedgerError, match="an older copy was put back"):
        opened(store.folder, hands, anchor=anchor)
    with opened(store.folder, hands) as unanchored:
        assert score(unanchored, subject) == pytest.approx(1, abs=1e-6)


def test_a_store_of_ones_own_asks_the_same_gate(tmp_path, hands):
    with Store(tmp_path / "mine", now=hands) as mine:
        mine.adopt(SITE)
        subject = mine.admit(volunteer())
        with pytest.raises(Refused):
            mine.permit("enrol", subject, "face", [SHOT])


def test_a_permit_from_before_a_restart_is_worth_nothing(store, hands):
    subject = enrolled(store)
    permit = matching(store, subject)
    store.close()
    with opened(store.folder, hands) as again, pytest.raises(Refused, match="permit-genuine"):
        again.score(permit, template(7), NETWORK)


def test_the_clock_set_forward_and_back_opens_nothing(store, hands):
    subject = enrolled(store, keep_until=NOON.date() + timedelta(days=900))
    hands.at = NOON + timedelta(days=300)
    store.retain()
    store.change(subject, store.file(subject))
    store.note(Ordered(order="0" * 16, what="repair", event="received"))
    hands.at = NOON
    with pytest.raises(ClockBehind):
        score(store, subject)


def test_a_tag_permit_computes_no_template(store):
    subject = store.admit(volunteer())
    permit = store.permit("enrol", subject, "tag", [SHOT])
    with pytest.raises(Refused, match="permit-operation"):
        store.gate.require(permit, "template", SHOT)


def test_a_permit_asked_without_pictures_covers_none(store):
    permit = store.permit("match", enrolled(store), "face")
    with pytest.raises(Refused, match="permit-contents"):
        store.gate.require(permit, "template", SHOT)


def test_a_research_or_synthetic_permit_stores_no_reference(store):
    gate = store.gate
    for kind in ("research", "synthetic"):
        permit = gate._sign(kind, {"template", "match"}, "evaluate", "x", frozenset({SHOT}))
        with pytest.raises(Refused, match="permit-operation"):
            store.seal(permit, template(7), NETWORK)
        with pytest.raises(Refused, match="permit-mode"):
            store.score(permit, template(7), NETWORK)


def test_no_call_of_the_store_hands_a_template_out(store):
    """Every public method, called as far as it can be: none gives back the reference but a person's own export."""
    subject = enrolled(store)
    secret = store._references.rotation()[1]
    from policy.rotation import turn

    clear = [part.tobytes() for part in (template(7), turn(secret, template(7)))]
    shown = [repr(store.file(subject)), repr(list(store.subjects())), repr(store.status()), repr(store.record),
             repr(store.orders), repr(list(store.ledger))]  # fmt: skip
    for text in shown:
        assert not any(part.hex() in text or repr(part)[2:-1] in text for part in clear)
        assert f"{float(template(7)[0]):.6f}" not in text


# --- commands, environment, interpreter ---


def threshold(
    *words: str | Path, code: list[str] | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*(code or COMMAND), *map(str, words)], capture_output=True, text=True, timeout=120, check=False,
        cwd=REPOSITORY, env={**os.environ, "COLUMNS": "120", "TERM": "dumb", **environment},
    )  # fmt: skip


@pytest.fixture
def site(tmp_path) -> Path:
    fields = json.dumps(SITE.model_dump(mode="json", by_alias=True))
    (tmp_path / "site.yaml").write_text(fields)
    return tmp_path


def minor(site: Path) -> list[str | Path]:
    """The words that would enrol a pupil's face."""
    return ["enrol", "elev-1", "--face", "--record", site / "site.yaml", "--witness", "Eva Lind", "--document",
            "school-register", "--age", "13", "--role", "pupil", "--notice", "1.2", "--by", "both", "--guardian", "G",
            "--child", "agreed", "--store", site / "store", "--json"]  # fmt: skip


SWITCHES = {
    name: value
    for name in (
        "FORCE",
        "DEBUG",
        "DEV",
        "TEST",
        "UNSAFE",
        "SKIP_GATE",
        "NO_GATE",
        "ALLOW",
        "ENV",
        "CI",
        "DISABLE_POLICY",
    )
    for name, value in ((name, "1"), (f"THRESHOLD_{name}", "1"))
}


def test_no_environment_switch_lets_a_pupil_in(site):
    done = threshold(*minor(site), **SWITCHES)
    assert (done.returncode, json.loads(done.stdout)["enrolled"]) == (1, False)


@pytest.mark.parametrize("flags", [["-O"], ["-OO"], ["-I"]], ids=str)
def test_no_interpreter_switch_lets_a_pupil_in(site, flags):
    code = [sys.executable, *flags, "-c", f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); {COMMAND[2]}"]
    done = threshold(*minor(site), code=code)
    assert (done.returncode, json.loads(done.stdout)["enrolled"]) == (1, False), done.stderr


def test_there_is_no_force(site):
    for switch in ("--force", "--yes", "--unsafe", "--no-gate", "--skip-policy"):
        assert threshold(*minor(site), switch).returncode == 2


def test_the_environment_variables_that_are_read_are_known():
    """Whoever adds one meets this list, and thinks of what it opens: none of these touches the gate."""
    known = {
        "CREDENTIALS_DIRECTORY",  # where systemd puts the device key; another key opens nothing
        "OMP_WAIT_POLICY",  # set, not read: ncnn's threads sleep while they wait
        "OPENCV_IO_MAX_IMAGE_PIXELS",
        "THRESHOLD_DATA",
        "THRESHOLD_MODELS_MIRROR",
        "THRESHOLD_SETS",
        "XDG_DATA_HOME",
        "XDG_STATE_HOME",  # where it is remembered which backend runs a network best
    }
    found = set()
    for package in ("policy", "edge", "models", "benchmarks", "threshold"):
        for path in (REPOSITORY / package).rglob("*.py"):
            text = path.read_text()
            if "environ" in text and "training" not in path.parts:
                found |= set(re.findall(r"(?:environ|getenv)[^\n]*?\"([A-Z][A-Z0-9_]{3,})\"", text))
                found |= set(re.findall(r"\"([A-Z][A-Z0-9_]{3,})\"[^\n]*?(?:environ|getenv)", text))
                found |= set(re.findall(r"^MIRROR = \"([A-Z_]+)\"", text, re.MULTILINE))
    assert found == known


def test_a_pupil_of_age_is_a_pupil(site):
    words = ["19" if word == "13" else word for word in minor(site)]
    done = threshold(*words)
    document = json.loads(done.stdout)
    assert (done.returncode, set(document["letters"])) == (1, {"school", "person"})


needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="needs strace, absent here (scripts/system-packages installs it)"
)
BIOMETRIC = re.compile(r"\.onnx$|/onnxruntime/|/dev/video|/dev/media|libcamera")


def traced(site: Path, *words: str | Path) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """What a command opened, at the system-call level, from the start of its process to its end."""
    trace = site / "trace"
    code = ["strace", "-f", "-q", "-e", "trace=openat,open,openat2", "-o", str(trace), *COMMAND]
    done = threshold(*words, code=code)
    return done, re.findall(r'open(?:at2?)?\([^"]*"([^"]+)"', trace.read_text())


@needs_strace
def test_a_refused_enrolment_opens_no_network_and_no_camera(site):
    done, files = traced(site, *minor(site))
    assert (done.returncode, json.loads(done.stdout)["enrolled"]) == (1, False), done.stderr
    assert any(name.endswith("threshold.db") for name in files), "the trace sees what is opened"
    assert [name for name in files if BIOMETRIC.search(name)] == []


@needs_strace
def test_a_folder_of_photographs_opens_no_network(site):
    networks, people = site / "models", site / "people" / "Somebody"
    networks.mkdir()
    people.mkdir(parents=True)
    for number in range(2):
        cv2.imwrite(str(people / f"Somebody_{number:04d}.png"), tiny.card(number))
    for name in ("mobilefacenet_foamliu.onnx", "face_detection_yunet_2023mar.onnx"):
        (networks / name).write_bytes(b"never read")
    done, files = traced(
        site, "bench", "accuracy", "--images", people.parent, "--models", networks, "--out", site / "out"
    )
    assert done.returncode == 1
    assert "no listed research set" in done.stderr
    assert any(name.endswith("Somebody_0001.png") for name in files), "the trace sees what is opened"
    assert [name for name in files if BIOMETRIC.search(name)] == []


# --- the list ---


def test_the_list_names_at_least_40_ways_and_a_test_for_each():
    tests = set()
    for path in (REPOSITORY / "tests").rglob("test_*.py"):
        tests |= {
            f"{path.name}::{node.name}"
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        }
    ways = re.findall(r"^\| (\d+) \| .*\| `(.+?)` \|$", LIST.read_text(), re.MULTILINE)
    assert [int(number) for number, _ in ways] == list(range(1, len(ways) + 1))
    assert len(ways) >= 40
    named = [name for _, cell in ways for name in cell.split("`, `")]
    assert [name for name in named if name not in tests] == []


def test_a_gate_made_by_hand_with_other_rules_is_not_the_stores(store):
    from test_store import Lenient

    subject = store.admit(volunteer(attestation={"age": 15}))
    forged = Gate([], now=Hands(), assess=assess, register=Lenient(store._standing.bound(subject))).personal(
        "enrol", subject, "face", [SHOT]
    )
    with pytest.raises(Refused, match="permit-genuine"):
        store.seal(forged, template(7), NETWORK)
