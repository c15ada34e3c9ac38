"""SIGKILL at random moments of enrolling, erasing, backing up, orders, logging: what was acknowledged holds."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import tempfile
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from policy import compliance
from policy.backup import backup
from policy.entry import Refused
from policy.ledger import verify
from policy.record import Record
from policy.seal import SealBroken
from policy.store import NAME, Store, UnknownSubject
from policy.subject import Agreement, Attestation, File
from policy.verdict import Finding, Verdict
from scripts.proofs._data import claim

KILLS = int(os.environ.get("THRESHOLD_PROOF_KILLS", "1000"))
A_FOLDER = 100
"""Kills before another folder is begun, so that opening it stays quick."""
LONGEST_S = 0.35
"""Between the start of a child and its end, s; drawn evenly. Opening takes about a tenth of it."""
NETWORK = hashlib.sha256(b"a network").hexdigest()
SHOT = hashlib.sha256(b"a picture just taken").digest()
SITE = Record.model_validate(
    {
        "schema": "threshold/processing-record/1",
        "op": [
            {"id": f"{kind}-{modality}", "kind": kind, "modality": modality}
            for modality in ("face", "tag")
            for kind in ("enrol", "match")
        ],
    }
)


def allow(record: Record, as_of: date) -> Verdict:
    """Stand-in rules: this is about the disk, not about the law."""
    return Verdict.of(Finding(rule="stand-in", outcome="pass", citations=(), message="a stand-in that allows"))


def person(reference: str, today: date | None = None) -> File:
    """A volunteer who doesn't exist, attested today."""
    today = datetime.now(UTC).date() if today is None else today
    return File(
        reference=reference,
        state="pending",
        attestation=Attestation(witness="W. Witness", document="passport", age=34, role="volunteer", on=today),
        agreement=Agreement(
            by="subject", child="adult", explicit=True, informed_on=today, notice="1.2", recruiter_is_superior=False
        ),
        keep_until=today + timedelta(days=90),
    )


def template(reference: str) -> Any:
    """A unit vector, float32 (128,), of a reference's own."""
    raw = np.random.default_rng(list(reference.encode())).standard_normal(128)
    return (raw / np.linalg.norm(raw)).astype(np.float32)


class Child:
    """What is killed: works at random and tells each thing begun and each thing done."""

    def __init__(self, store: Store, outside: Path, pipe: int, seed: int) -> None:
        self.store, self.outside, self.pipe = store, outside, pipe
        self.random = random.Random(seed)  # noqa: S311  to be repeatable, not secret

    def tell(self, **what: Any) -> None:
        os.write(self.pipe, (json.dumps(what) + "\n").encode())

    def done(self, act: str, **what: Any) -> None:
        reached = self.store.ledger.anchor()
        self.tell(act=act, done=True, seq=reached.seq, hash=reached.hash, **what)

    def work(self) -> None:
        if self.store.record is None:
            self.store.adopt(SITE)
        number = 0
        while True:
            number += 1
            standing = [order for order in self.store.orders.values() if order.stands]
            if standing:
                self.order(standing[0].id, standing[0].next if standing[0].done else None)
                continue
            people = [file.reference for _, file in self.store.subjects()]
            act = self.random.choices(
                ["enrol", "erase", "log", "backup", "order"], [8, 5 if people else 0, 3, 0.5, 0.7]
            )[0]
            if act == "enrol":
                self.enrol(f"{os.getpid()}-{number}")
            elif act == "erase":
                self.erase(self.random.choice(people))
            elif act == "log":
                self.store.ledger.append(Refused(modality="face", rules=("stand-in",)))
                self.done("log")
            elif act == "backup":
                self.tell(act="backup", done=False)
                backup(self.store, self.outside)
                self.done("backup")
            else:
                self.tell(act="order", done=False, step="receive")
                compliance.receive(self.store, "erase", None)
                self.done("order", step="receive", next=None)

    def enrol(self, reference: str) -> None:
        self.tell(act="enrol", done=False, reference=reference)
        subject = self.store.admit(person(reference))
        self.store.seal(self.store.permit("enrol", subject, "face", [SHOT]), template(reference), NETWORK)
        self.done("enrol", reference=reference)

    def marks(self, reference: str) -> list[str]:
        """What must be found in no file afterwards."""
        subject = self.store.find(reference)
        with self.store.database.asked():
            row = self.store.database.connection.execute(
                "SELECT keys, file, sealed FROM subject JOIN reference ON subject = pseudonym WHERE pseudonym = ?",
                (subject,),
            ).fetchone()
        return [part[:24].hex() for part in row] if row is not None else []

    def erase(self, reference: str) -> None:
        self.tell(act="erase", done=False, references={reference: self.marks(reference)})
        self.store.erase(self.store.find(reference), "request")
        self.done("erase", references=[reference])

    def order(self, order: str, step: str | None) -> None:
        folder = self.outside
        references = {}
        if step == "erase":
            references = {file.reference: self.marks(file.reference) for _, file in self.store.subjects()}
        self.tell(act="order", done=False, step=step or "offer", references=references)
        match step:
            case None:
                compliance.offer(self.store, order)
            case "copy":
                compliance.copy(self.store, order, folder)
            case "hand-over":
                receipt = folder / "receipt"
                receipt.write_text("received")
                compliance.hand_over(self.store, order, folder / f"copy-{order}.json", receipt)
            case "close":
                compliance.close(self.store, order)
            case "erase":
                compliance.erase(self.store, order)
            case "confirm":
                compliance.confirm(self.store, order, folder)
        told = self.store.orders[order]
        self.done("order", step=step or "offer", next=told.next, references=list(references))


class Watch:
    """What has to be true of a folder, from what its children told before they died."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.outside = folder / "store", folder / "outside"
        self.outside.mkdir(parents=True)
        self.entries: dict[int, str] = {}
        self.present: set[str] = set()
        self.gone: dict[str, list[str]] = {}
        self.acts: Counter[str] = Counter()
        self.problems: list[str] = []

    def round(self, seed: int, seconds: float) -> str:
        """One child, killed after so many seconds; in what it was interrupted."""
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            try:
                with Store(self.folder, assess=allow) as store:
                    Child(store, self.outside, write, seed).work()
            except BaseException as error:  # noqa: BLE001  whatever it is, the parent is told
                os.write(write, (json.dumps({"act": "error", "done": False, "error": repr(error)}) + "\n").encode())
            finally:
                os._exit(1)
        os.close(write)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(read, "rb") as pipe:
            told = [json.loads(line) for line in pipe.read().splitlines()]
        return self.judge(told)

    def judge(self, told: list[dict[str, Any]]) -> str:
        """Check the folder against what was told; in what the child was interrupted."""
        for one in told:
            if one["act"] == "error":
                self.problems.append(f"the child failed: {one['error']}")
            if one["done"]:
                self.acts[one["act"]] += 1
                self.entries[one["seq"]] = one["hash"]
        begun = told[-1] if told and not told[-1]["done"] else None
        marks: dict[str, list[str]] = {}
        for one in told:
            references = one.get("references")
            if isinstance(references, dict):
                marks |= references
            elif one["done"] and references:
                for reference in references:
                    self.present.discard(reference)
                    self.gone[reference] = marks[reference]
            if one["done"] and one["act"] == "enrol":
                self.present.add(one["reference"])
        with Store(self.folder, assess=allow) as store:
            self._entries(store)
            self._people(store, begun, marks)
            self._order(store, told, begun)
        return "opening" if not told else "between" if begun is None else str(begun["act"])

    def _entries(self, store: Store) -> None:
        rows = dict(store.database.connection.execute("SELECT seq, hash FROM entry").fetchall())
        for seq, hash_ in self.entries.items():
            if seq not in rows or rows[seq].hex() != hash_:
                self.problems.append(f"entry {seq} was acknowledged and is missing")

    def _people(self, store: Store, begun: dict[str, Any] | None, marks: dict[str, list[str]]) -> None:
        unsure = set()
        if begun is not None:
            unsure = {begun["reference"]} if "reference" in begun else set(begun.get("references") or ())
        for reference in self.present | unsure:
            try:
                subject = store.find(reference)
                closed = store.file(subject).state == "suspended" or any(o.stops for o in store.orders.values())
                if not closed and (found := self._score(store, subject, reference)) < 0.9999:
                    self.problems.append(f"{reference} scores {found}")
                self.present.add(reference)
            except UnknownSubject:
                if reference not in unsure:
                    self.problems.append(f"{reference} was acknowledged and is missing")
                self.present.discard(reference)
                if reference in marks:
                    self.gone[reference] = marks[reference]
            except SealBroken as error:
                self.problems.append(f"{reference} is there and doesn't open: {error}")
        raw = b"".join(path.read_bytes() for path in sorted(self.folder.iterdir()))
        raw += b"".join(path.read_bytes() for path in sorted(self.outside.glob("*.backup")))
        for reference, parts in self.gone.items():
            if any(bytes.fromhex(part) in raw for part in parts):
                self.problems.append(f"something of {reference} is left after the erasure")
            try:
                store.find(reference)
                self.problems.append(f"{reference} was erased and is there")
            except UnknownSubject:
                pass

    @staticmethod
    def _score(store: Store, subject: str, reference: str) -> float:
        """The cosine of what the person's own export gives with what was enrolled: none of these people has a tag."""
        _, kept = store.disclose(subject, "face")
        return float(np.array(kept, np.float32) @ template(reference))

    def _order(self, store: Store, told: list[dict[str, Any]], begun: dict[str, Any] | None) -> None:
        steps = [one for one in told if one["act"] == "order"]
        if not steps:
            return
        done = [one["step"] for one in steps if one["done"]]
        if not store.orders:  # the first was begun and is not there
            if done:
                self.problems.append(f"steps acknowledged and not taken: {done}; there is no order")
            return
        last = list(store.orders.values())[-1]
        missing = [step for step in done if step != "receive" and not self._taken(store, step)]
        if missing:
            self.problems.append(f"steps acknowledged and not taken: {missing}; the order has {last.done}")
        if begun is not None and begun["act"] == "order" and begun["step"] not in ("receive", "offer"):
            expected = {begun["step"]} if begun["step"] not in last.done else set()
            if last.next is not None and expected and last.next not in expected:
                self.problems.append(f"an order interrupted in {begun['step']} goes on with {last.next}")

    @staticmethod
    def _taken(store: Store, step: str) -> bool:
        told = {"offer": "offered"}.get(step, step)
        return any(told in order.done for order in store.orders.values())


def kill(folder: Path, kills: int, seed: int, longest_s: float = LONGEST_S) -> dict[str, Any]:
    """Kill so many children on stores under `folder`; counts, and whatever should not have been."""
    chance = random.Random(seed)  # noqa: S311  to be repeatable, not secret
    acts: Counter[str] = Counter()
    moments: Counter[str] = Counter()
    problems: list[str] = []
    entries = erased = 0
    for first in range(0, kills, A_FOLDER):
        watch = Watch(folder / str(first))
        for number in range(first, min(first + A_FOLDER, kills)):
            moments[watch.round(seed * 1_000_000 + number, chance.uniform(0, longest_s))] += 1
        final = verify(watch.folder / NAME)
        if not final.good:
            watch.problems.append(f"the ledger doesn't verify: {final}")
        entries, erased = entries + final.entries, erased + len(watch.gone)
        acts += watch.acts
        problems += watch.problems
    return {"kills": kills, "acknowledged": dict(acts), "interrupted": dict(moments), "entries": entries,
            "erased": erased, "problems": problems}  # fmt: skip


def prove() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        found = kill(Path(folder), KILLS, seed=1)
    count = len(found["problems"])
    return {
        "claims": [
            claim("children killed", found["kills"], 1000, found["kills"] >= 1000),
            claim("acknowledged entries missing, erased templates left, orders in another step, ledgers broken", count,
                  0, count == 0),
            claim("things done and acknowledged", found["acknowledged"], None, None),
            claim("killed while", found["interrupted"], None, None),
            claim("people erased, searched for in every file byte by byte", found["erased"], None, None),
        ],
        "not_shown": "A killed process loses what it had not written; the kernel's cache survives it. Writes that a "
        "power cut drops from that cache are not part of this proof.",
        **found,
    }  # fmt: skip
