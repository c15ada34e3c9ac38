"""Which commands can reach an embedder, and that none does without a permit: its file stays shut, no session is made.

Every command is either one that asks for a permit, which is tried without one and with one that nobody signed, or one
that is run to its end and never comes near. Whoever adds a command meets this list.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest
import typer
from support import REPOSITORY, encoded, list_set, picture
from test_subjects_command import ATTESTED, RECORD, lenient
from typer.testing import CliRunner

import edge.vision
from edge.attendance import Sheet, Sheets
from edge.embed import Embedder
from edge.transaction import Stamp, Transaction
from models import tiny
from models.registry import Registry
from policy.gate import Gate, Refused
from policy.store import Store
from policy.verdict import Finding, Verdict
from threshold.command import app

__all__ = ["lenient"]

LAB = REPOSITORY / "policy" / "records" / "lab-volunteers.yaml"
EMBEDDERS = {network.id: network.file for network in Registry.bundled().of("embedder")}


PRESENCE = """
  - {id: match-presence, kind: match, modality: tag, purpose: presence}
  - {id: log-presence, kind: log, modality: none, purpose: presence}
purp:
  - {id: presence, kind: attendance}
"""
"""Attendance, to add to the record of test_subjects_command."""

# --- what is watched ---


@dataclass
class Watch:
    """What came of embedders: asked for, by an Embedder being made; files opened; sessions made, by network's id."""

    asked: int = 0
    files: list[str] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)

    @property
    def reached(self) -> tuple[list[str], list[str]]:
        return self.files, self.sessions


WATCHING: list[Watch] = []


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if WATCHING and event == "open" and Path(str(arguments[0])).name in EMBEDDERS.values():
        WATCHING[-1].files.append(str(arguments[0]))


sys.addaudithook(_audit)  # stays for the process; it looks only while a test watches


@pytest.fixture
def watch(monkeypatch) -> Iterator[Watch]:
    seen = Watch()
    make, begin = edge.vision.open_backend, Embedder.__init__

    def made(model, name, runtime):
        if name in EMBEDDERS:
            seen.sessions.append(name)
        return make(model, name, runtime)

    def begun(self, *arguments, **settings) -> None:
        seen.asked += 1
        begin(self, *arguments, **settings)

    monkeypatch.setattr(edge.vision, "open_backend", made)
    monkeypatch.setattr(Embedder, "__init__", begun)
    WATCHING.append(seen)
    yield seen
    WATCHING.pop()


@pytest.fixture(params=["no permit is made", "nobody signed it"])
def closed(request, monkeypatch) -> None:
    """A gate that gives no leave to compute templates, or a leave that isn't one. Whatever else it signs is good."""
    sign = Gate._sign

    def without(self, kind, operations, *arguments, **settings):
        permit = sign(self, kind, operations, *arguments, **settings)
        if "template" not in operations:
            return permit
        if request.param == "nobody signed it":
            return replace(permit, signature=bytes(64))
        finding = Finding(rule="a-test", outcome="refuse", citations=(), message="No permit is made here.")
        raise Refused(Verdict.of(finding))

    monkeypatch.setattr(Gate, "_sign", without)


# --- the commands ---


def commands(group: object = None, above: tuple[str, ...] = ()) -> Iterator[str]:
    """Every command, as it is typed."""
    group = typer.main.get_command(app) if group is None else group
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*above, name))
        else:
            yield " ".join((*above, name))


def invoke(*words: object) -> tuple[int, str, BaseException | None]:
    done = CliRunner().invoke(app, [str(word) for word in words])
    return done.exit_code, done.stdout, done.exception


BUNDLED = ["--detector", "bundled", "--embedder", "bundled"]
CLIP = ["--clip", "single", "--seconds", 5, "--width", 320, "--height", 240, "--rate", 5, "--no-pace"]
ASKING: dict[str, list[list[object]]] = {
    "bench accuracy": [["--images", "{cards}", *BUNDLED, "--out", "{site}/accuracy"],
                       ["--processes", 2, "--images", "{cards}", *BUNDLED, "--out", "{site}/accuracy"]],
    "bench core": [[*CLIP, "--out", "{site}/core"], ["--race", "--rounds", 12, "--out", "{site}/race"]],
    "demo": [["--results", "{site}/none-yet", "--port", 1]],
    "enrol": [["synthetic:7", "--face", "--source", "synthetic:7", "--age", 34, "--record", LAB, *ATTESTED,
               "--store", "{site}/drawn"]],
    "evaluate": [["--quick", "--out", "{site}/evaluate"],
                 ["--quick", "--faces", "{cards}", *BUNDLED, "--out", "{site}/evaluate"],
                 ["--processes", 2, "--quick", "--faces", "{cards}", *BUNDLED, "--out", "{site}/evaluate"]],
    "run": [["--demo", "--seconds", 20]],
}  # fmt: skip
"""Commands that compute templates where the gate gives leave, each with words for every way that leads there."""
BYTES = {"models verify", "models fetch", "report", "verify", "doctor"}
"""Commands that read networks' files to compare their digests, embedders' among them, and make no session."""


@pytest.fixture(scope="module")
def cards(tmp_path_factory) -> Path:
    """A folder of drawn cards, two of each of two."""
    folder = tmp_path_factory.mktemp("cards")
    for who in range(2):
        (folder / f"card-{who}").mkdir()
        for number in range(2):
            drawn = picture((tiny.card(who, 96, variant=number), 30 + 20 * number, 40))
            (folder / f"card-{who}" / f"card-{who}_{number:04}.png").write_bytes(encoded(drawn.pixels))
    return folder


WAYS = [(name, words) for name, several in ASKING.items() for words in several]


@pytest.mark.parametrize(("name", "words"), WAYS, ids=[f"{name} {words[0]}" for name, words in WAYS])
def test_a_command_that_asks_computes_nothing_without_a_permit(
    name, words, cards, closed, watch, tmp_path, monkeypatch
):
    monkeypatch.setattr("policy.gate.listed", lambda: [list_set(cards, "cards")])
    monkeypatch.chdir(tmp_path)
    filled = [str(word).format(site=tmp_path, cards=cards) for word in words]
    code, shown, error = invoke(*name.split(), *filled)
    assert watch.reached == ([], [])
    assert isinstance(error, Refused) or code == 1, (code, shown, error)


@pytest.mark.parametrize("faces", [["bench", "core", *CLIP], ["enrol", *ASKING["enrol"][0]]], ids=["core", "enrol"])
def test_the_watch_sees_an_embedder_that_is_opened_with_one(faces, watch, tmp_path):
    words = [str(word).format(site=tmp_path) for word in faces]
    invoke(*words, *(["--out", tmp_path] if faces[0] == "bench" else []))
    assert watch.asked > 0
    assert set(watch.sessions) == {"bundled-embedder"}
    assert [Path(name).name for name in watch.files] == [EMBEDDERS["bundled-embedder"]] * len(watch.sessions)


@dataclass
class Everyday:
    """A site at which every command that doesn't ask is run to its end, and none of them asks after all."""

    folder: Path
    watch: Watch
    done: set[str] = field(default_factory=set)

    @property
    def store(self) -> list[object]:
        return ["--store", self.folder / "store"]

    def do(self, name: str, *words: object) -> dict:
        code, shown, error = invoke(*name.split(), *words)
        assert code == 0, (name, shown, error)
        assert (self.watch.asked, self.watch.sessions) == (0, []), name
        assert self.watch.files == [] or name in BYTES, name
        self.watch.files.clear()
        self.done.add(name)
        return json.loads(shown) if "--json" in words else {}

    def order(self, step: str, *words: object) -> dict:
        return self.do(f"order {step}", *words, *self.store, "--json")

    def papers(self) -> None:
        self.do("version")
        self.do("entrance", "--preview", self.folder / "entrance.png", "--people", 2, "--visits", 1)
        self.do("policy assess", LAB)
        self.do("policy explain")
        self.do("policy template")
        self.do("policy replay")
        self.do("policy dpia", LAB, "--out", self.folder / "dpia.html")
        self.do("policy notice", LAB, "--out", self.folder / "notice.html")

    def networks(self) -> None:
        self.do("models list")
        self.do("models card", "bundled-embedder")
        self.do("models verify")
        self.do("models fetch", "bundled-embedder")

    def simulations(self) -> None:
        self.do("bench lanes", "--person-mornings", 2600, "--out", self.folder / "lanes")
        self.do("evaluate", "--quick", "--faces", "none", "--out", self.folder / "evaluated")
        results, bundle, key = (
            self.folder / "evaluated" / "results.json",
            self.folder / "bundle",
            self.folder / "key.pem",
        )
        self.do("report", results, "--bundle", bundle, "--key", key, "--new-key")
        self.do("verify", bundle, "--key", f"{key}.pub")
        self.do("bench rates", results.with_name("transactions-tag-uid.jsonl"), "--lane", "tag-uid")
        self.do("sensitivity", "--quick", "--person-mornings", 2600, "--out", self.folder / "sensitivity")
        self.do("cost", "--template")
        self.do("plan", "--claim", "FRR 3% ± 1pp")
        plan = self.folder / "plan.csv"
        self.do("pilot plan", "--persons", 12, "--days", 1, "--lanes", "tag-uid", "--out", plan)
        self.do("pilot sheet", "--plan", plan, "--dates", "2026-03-02", "--out", self.folder / "sheet.csv")
        self.do("doctor")

    def people(self) -> None:
        (self.folder / "site.yaml").write_text(RECORD + PRESENCE)
        attested = ["--age", 34, *ATTESTED]
        self.do("enrol", "volunteer-07", "--tag", "04a1b2c3", "--record", self.folder / "site.yaml", *attested,
                "--for", "door", "--for", "attendance", *self.store)  # fmt: skip
        self.do("status", *self.store)
        self.pilot()
        self.do("ledger declare", "--alternative", "tag", "--measure", "denied", "--margin", 0.005, "--need", 0.01,
                *self.store)  # fmt: skip
        self.do("decline", "--notice", "1.2", *self.store)
        self.do("renew", *self.store)
        self.do("export", "volunteer-07", "--out", self.folder / "mine.json", *self.store)
        self.do("ledger anchor", "--out", self.folder / "anchor.json", *self.store)
        self.do("ledger verify", *self.store)
        self.do("restore", self.do("backup", self.folder / "usb", *self.store, "--json")["file"], *self.store)
        self.do("reconfirm", "volunteer-07", *attested, *self.store)
        sheets = self.folder / "sheets"
        with Store(self.folder / "store") as store:
            ledger = store.ledger.id
        blank = Sheet(site="lab-door", store=ledger, origin="pilot", day=date(2026, 9, 1), slots={"first": "whole"})
        Sheets(sheets, "lab-door", "pilot", 90).keep(blank)
        note = ["volunteer-07", "--day", "2026-09-01", "--slot", "first", "--witness", "Eva Lind", "--sheets", sheets]
        self.do("attendance note", *note, *self.store)
        self.do("attendance list", "--sheets", sheets, *self.store)
        self.do("attendance strike", *note, *self.store)
        self.do("revoke", "volunteer-07", *self.store)
        self.do("enrol", "volunteer-08", "--tag", "04a1b2c4", *attested, *self.store)
        self.do("erase", "volunteer-08", *self.store)

    def pilot(self) -> None:
        """One row of a device's, and the observer's line of it."""
        people, sheet, rows = (self.folder / name for name in ("people.csv", "sheet.csv", "rows.jsonl"))
        self.do("pilot people", "--plan", self.folder / "plan.csv", "--out", people, *self.store)
        who = next(line.partition(",")[2] for line in people.read_text().splitlines() if "volunteer-07," in line)
        sheet.write_text(sheet.read_text().replace("volunteer-07,1,1,tag-uid,,", "volunteer-07,1,1,tag-uid,07:31,lane"))
        absent = Stamp.absent("no-camera")
        rows.write_text(
            Transaction(
                id="1", lane="tag-uid", origin="pilot", session="2026-03-02T07:31:00+01:00/door", entered=absent,
                presented=Stamp.at(1), decided=Stamp.at(2), crossed=absent, attempts=1, claimed=who,
                decided_subject=who, outcome="opened", reason="tag-known",
            ).model_dump_json(by_alias=True)
        )  # fmt: skip
        out = self.folder / "pilot.jsonl"
        told = self.do("pilot join", rows, "--sheet", sheet, "--people", people, "--out", out, "--json")
        assert (told["count"], told["known"], told["left"]) == (1, 1, [])

    def orders(self) -> None:
        self.order("lift", self.order("receive", "suspend")["order"])
        received = self.order("receive", "erase")["order"]
        self.order("offer", received)
        copied = self.order("copy", received, "--out", self.folder / "usb")["file"]
        (self.folder / "receipt").write_text("Stadsarkivet")
        self.order("hand-over", received, "--copy", copied, "--receipt", self.folder / "receipt")
        self.order("close", received)
        self.order("erase", received)
        self.order("confirm", received, "--out", self.folder / "usb")


def test_every_other_command_runs_to_its_end_without_one(lenient, watch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    site = Everyday(tmp_path, watch)
    for part in (site.papers, site.networks, site.simulations, site.people, site.orders):
        part()
    assert site.done | set(ASKING) == set(commands()), "does a command that is new ask, or does it come nowhere near?"
    assert site.done & set(ASKING) == {"enrol", "evaluate"}, "with a tag, and without faces"


# --- where a network can be opened at all ---

SESSIONS = {"InferenceSession", "readNetFromONNX", "readNet", "readNetFromCaffe", "readNetFromTensorflow", "Net"}
BACKENDS = {"OnnxRuntime", "OpenCv", "Ncnn", "open_backend"}


def calls(wanted: set[str]) -> set[tuple[str, str]]:
    """(file, name) of every call of these names in the program; the making of the bundled networks aside."""
    found = set()
    for package in ("edge", "policy", "models", "benchmarks", "threshold"):
        for path in (REPOSITORY / package).rglob("*.py"):
            if "training" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    if name in wanted:
                        found.add((path.relative_to(REPOSITORY).as_posix(), name))
    return found


def test_a_network_is_opened_in_these_places_alone():
    """So that the watch above sees them all: an embedder is made in one place, behind the gate."""
    assert calls({"Embedder"}) == {("edge/embed.py", "Embedder"), ("edge/vision.py", "Embedder")}
    assert calls(BACKENDS) == {
        ("edge/backend/__init__.py", "Ncnn"),
        ("edge/backend/__init__.py", "OnnxRuntime"),
        ("edge/backend/__init__.py", "OpenCv"),
        ("edge/embed.py", "open_backend"),  # what it was given, once the gate has found the permit good
        ("edge/vision.py", "open_backend"),
    }
    assert calls(SESSIONS) == {
        ("edge/network.py", "InferenceSession"),
        ("edge/backend/opencv.py", "readNetFromONNX"),
        ("edge/backend/ncnn.py", "Net"),
    }
