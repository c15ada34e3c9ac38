"""Every public call of edge/ and policy/ that leads to a template: without a permit that holds, no file of the embedder
is opened and its session isn't called. A call that is new is found in the source and has to be tried here."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from doorway import BOOTED_NS, INSTALLED, Door, Stay, detector, portrait, uid
from support import REPOSITORY

import edge.vision
from edge.acquire import Acquired, Acquirer
from edge.core.loop import Core, Request, Settings
from edge.embed import Embedder, Scaling
from edge.face import Crop
from edge.identification import FaceIdentification
from edge.live.central import Central
from edge.live.network import Network
from edge.live.verification import TokenFirst
from edge.picture import of_pixels
from edge.reader import TagRead
from edge.vision import open_embedder
from models.registry import Installed
from policy.enrolment import NotEnrolled, enrol_face, withdraw
from policy.gate import Gate, Refused
from policy.permit import Permit

PICTURE = of_pixels(portrait(0, "morning-0"), "morning")
SCALING = Scaling(rgb=True, divisor=127.5, mean=(1.0, 1.0, 1.0), std=(1.0, 1.0, 1.0))
HERE = Stay(0, 0.0, 9.0)


@dataclass
class Touched:
    """Of the embedder: how often its file was read, a session made, and one called."""

    read: int = 0
    made: int = 0
    called: int = 0

    @property
    def nothing(self) -> bool:
        return (self.read, self.made, self.called) == (0, 0, 0)


@pytest.fixture
def touched(monkeypatch) -> Touched:
    seen = Touched()
    read, make = Installed.read, edge.vision.open_backend

    class Called:
        def __init__(self, backend) -> None:
            self.backend = backend

        def run(self, tensor):
            seen.called += 1
            return self.backend.run(tensor)

    def reads(self):
        seen.read += self.network.role == "embedder"
        return read(self)

    def makes(model, name, runtime):
        made = make(model, name, runtime)
        if name != INSTALLED.network.id:
            return made
        seen.made += 1
        return Called(made)

    monkeypatch.setattr(Installed, "read", reads)
    monkeypatch.setattr(edge.vision, "open_backend", makes)
    return seen


def leave(door: Door, person: int = 0, **more) -> Permit:
    """The gate's leave to compare PICTURE with a person's reference."""
    subject = door.store.find(f"volunteer-{person:02}")
    return door.store.permit("match", subject, "face", [PICTURE.digest], mode="1:1", token=uid(person))


def crop() -> Crop:
    found = Acquirer(detector()).acquire(PICTURE)
    assert isinstance(found, Acquired)
    return found.crop


def ran_out(door: Door) -> Permit:
    permit = leave(door)
    door.hands.at += timedelta(minutes=3)
    return permit


def withdrawn(door: Door) -> Permit:
    permit = leave(door)
    withdraw(door.store, "volunteer-00", "subject", "adult")
    return permit


BAD: dict[str, Callable[[Door], Permit]] = {
    "nobody signed it": lambda door: replace(leave(door), signature=bytes(64)),
    "changed": lambda door: replace(leave(door), subject=door.store.find("volunteer-01")),
    "another gate's": lambda door: replace(Gate([]).simulated("x"), operations=frozenset({"template", "match"})),
    "for no template": lambda door: door.store.gate.simulated("x"),
    "a tag's": lambda door: door.store.permit("match", door.store.find("volunteer-00"), "tag"),
    "ran out": ran_out,
    "withdrawn since": withdrawn,
}


@pytest.fixture(params=BAD)
def bad(request, door) -> Permit:
    """A permit under which no template may be computed."""
    return BAD[request.param](door)


@pytest.fixture(params=["no permit is made", "nobody signed it"])
def closed(request, door, monkeypatch) -> None:
    """A gate that makes no permit to compute templates, or one that isn't good."""
    sign = Gate._sign

    def without(self, kind, operations, *arguments, **settings):
        permit = sign(self, kind, operations, *arguments, **settings)
        if request.param == "nobody signed it":
            return replace(permit, signature=bytes(64))
        self.require(replace(permit, signature=bytes(64)), "template")
        raise AssertionError("not reached: the line above refuses")

    monkeypatch.setattr(Gate, "_sign", without)


# --- one test for each call ---


def test_an_embedder_is_not_made(door, bad, touched):
    with pytest.raises(Refused):
        Embedder(lambda: pytest.fail("opened"), SCALING, door.store.gate, bad)


def test_nor_opened(door, bad, touched):
    with pytest.raises(Refused):
        open_embedder(INSTALLED, door.store.gate, bad)
    assert touched.nothing


def test_an_open_one_is_not_lent(door, touched):
    embedder = open_embedder(INSTALLED, door.store.gate, leave(door))
    for make in BAD.values():
        if make not in (ran_out, withdrawn):
            with pytest.raises(Refused):
                embedder.under(make(door))
    with pytest.raises(Refused):
        embedder.under(withdrawn(door))
    assert (touched.made, touched.called) == (1, 0)


@pytest.mark.parametrize("ends", [ran_out, withdrawn])
def test_an_open_one_computes_nothing_once_the_permit_ends(door, ends, touched):
    shot = crop()
    embedder = open_embedder(INSTALLED, door.store.gate, leave(door))
    assert embedder.embed([shot]).shape[0] == 1
    called = touched.called
    assert called > 0, "so that a call would be seen"
    ends(door)
    with pytest.raises(Refused):
        embedder.embed([shot])
    assert touched.called == called


def test_nor_of_another_picture(door, touched):
    embedder = open_embedder(INSTALLED, door.store.gate, leave(door))
    with pytest.raises(Refused, match="permit-contents"):
        embedder.embed([Crop(crop().pixels, bytes(32))])
    assert touched.called == 0


def test_the_doors_network_is_not_opened(door, bad, touched):
    network = Network(lambda permit: open_embedder(INSTALLED, door.store.gate, permit), INSTALLED.network.sha256)
    with pytest.raises(Refused):
        network.embed(bad, [crop()])
    assert touched.nothing


class Unsearched:
    """A gallery in which nobody is looked for."""

    def best(self, probe):
        raise AssertionError("nothing was computed that could be looked for")


@pytest.mark.parametrize("ask", ["search", "decide"])
@pytest.mark.parametrize("ends", [ran_out, withdrawn])
def test_the_search_in_memory_computes_nothing(door, ends, ask, touched):
    embedder = open_embedder(INSTALLED, door.store.gate, leave(door))
    lane = FaceIdentification(Acquirer(detector()), embedder, Unsearched(), 0.5)
    ends(door)
    with pytest.raises(Refused):
        getattr(lane, ask)(PICTURE)
    assert touched.called == 0


def test_the_recogniser_behind_a_tag_computes_nothing(door, monkeypatch, touched):
    lane = TokenFirst(door.store, door.network)
    assert lane.present(TagRead(uid(0)), BOOTED_NS) is None
    recogniser = lane.ask(Request(0, 1, 1, BOOTED_NS + 1, 1))
    worthless = door.store.gate.simulated("x")
    monkeypatch.setattr(Gate, "_sign", lambda self, *_, **__: worthless)
    with pytest.raises(Refused):
        recogniser.embed([crop()])
    assert touched.nothing


def test_the_recogniser_of_a_search_computes_nothing(search, monkeypatch, touched):
    lane = Central(search.store, search.network)
    recogniser = lane.ask(Request(0, 1, 1, BOOTED_NS + 1, 1))
    worthless = search.store.gate.simulated("x")
    monkeypatch.setattr(Gate, "_sign", lambda self, *_, **__: worthless)
    with pytest.raises(Refused):
        recogniser.embed([crop()])
    assert touched.nothing


def test_the_core_computes_nothing_while_somebody_is_there(door, closed, touched):
    made = door.visit(TokenFirst(door.store, door.network), HERE, seconds=4, reads={1.0: uid(0)})
    assert not any(decision.opened for decision in made)
    assert door.core.tally.detections > 0
    assert touched.nothing


@dataclass
class Refusing:
    """A recogniser that opens the embedder under a permit nobody signed; and counts."""

    door: Door
    asked: int = 0

    def embed(self, crops: list[Crop]):
        self.asked += 1
        permit = replace(self.door.store.gate.simulated("x"), operations=frozenset({"template"}))
        return open_embedder(INSTALLED, self.door.store.gate, permit).embed(crops)

    def best(self, probe: np.ndarray):
        raise AssertionError("nothing was computed that could be compared")


def test_nor_when_the_frames_end(door, touched):
    """A shot that is held when the source ends is decided on in `finish`."""
    from doorway import frames

    recogniser = Refusing(door)
    core = Core(detector(), lambda request: recogniser, Settings(threshold=0.6, good=1.0, patience_s=60, decide_s=60))
    frame = None
    for frame in frames(HERE, seconds=1.5):
        assert core.step(frame) == []
    assert (recogniser.asked, core.tally.shots > 0) == (0, True)
    decided = core.finish(frame)
    assert ([one.reason for one in decided], recogniser.asked) == (["no-permit"], 1)
    assert touched.nothing


def test_an_enrolment_computes_nothing(door, closed, touched):
    def embed(permit, shots):
        return open_embedder(INSTALLED, door.store.gate, permit).embed([crop()])[0]

    with pytest.raises(Refused):
        enrol_face(door.store, door.file(5), lambda: [PICTURE], embed, INSTALLED.network.sha256)
    assert touched.nothing


def test_nor_does_one_of_a_minor(door, touched):
    attestation = door.file(5).attestation.model_copy(update={"age": 15})
    minor = door.file(5).model_copy(update={"attestation": attestation})
    with pytest.raises(NotEnrolled):
        enrol_face(
            door.store,
            minor,
            lambda: pytest.fail("filmed"),
            lambda *_: pytest.fail("computed"),
            INSTALLED.network.sha256,
        )
    assert touched.nothing


# --- and all of them ---

TRIED: dict[str, Callable[..., None]] = {
    "edge.embed.Embedder.__init__": test_an_embedder_is_not_made,
    "edge.embed.Embedder.embed": test_an_open_one_computes_nothing_once_the_permit_ends,
    "edge.embed.Embedder.under": test_an_open_one_is_not_lent,
    "edge.vision.open_embedder": test_nor_opened,
    "edge.identification.FaceIdentification.search": test_the_search_in_memory_computes_nothing,
    "edge.identification.FaceIdentification.decide": test_the_search_in_memory_computes_nothing,
    "edge.live.network.Network.__init__": test_the_doors_network_is_not_opened,
    "edge.live.network.Network.embed": test_the_doors_network_is_not_opened,
    "edge.live.verification._Attempt.embed": test_the_recogniser_behind_a_tag_computes_nothing,
    "edge.live.central._Search.embed": test_the_recogniser_of_a_search_computes_nothing,
    "edge.core.loop.Core.step": test_the_core_computes_nothing_while_somebody_is_there,
    "edge.core.loop.Core.finish": test_nor_when_the_frames_end,
    "policy.enrolment.enrol_face": test_an_enrolment_computes_nothing,
}
"""By call the test that tries it without a permit."""


def called(function: ast.FunctionDef) -> set[str]:
    """Names of what a function calls or hands on, the last part of each."""
    return {getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(function)
            if isinstance(node, ast.Attribute | ast.Name)}  # fmt: skip


def leading() -> Iterator[str]:
    """The calls of edge/ and policy/ whose body speaks of an embedder being made or asked, itself or through others of
    the same class or file; underscored functions are climbed through, a class's methods are named with it."""
    for package in ("edge", "policy"):
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            module = ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
            for owner in (tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))):
                functions = {node.name: node for node in owner.body if isinstance(node, ast.FunctionDef)}
                bodies = {name: called(node) for name, node in functions.items() if not protocol(owner)}
                reach = {name for name, found in bodies.items() if found & {"embed", "open_embedder", "Embedder"}}
                while more := {name for name, found in bodies.items() if found & reach} - reach:
                    reach |= more
                if module == "edge.embed" and getattr(owner, "name", "") == "Embedder":
                    reach |= {name for name in functions if name == "__init__" or not name.startswith("_")}
                inside = "" if owner is tree else f".{owner.name}"
                yield from (f"{module}{inside}.{name}" for name in reach if name == "__init__" or name[0] != "_")


def protocol(owner: ast.AST) -> bool:
    return isinstance(owner, ast.ClassDef) and any(getattr(base, "id", "") == "Protocol" for base in owner.bases)


def test_every_call_that_leads_to_a_template_is_tried():
    assert set(leading()) == set(TRIED)
    assert {test.__name__ for test in TRIED.values()} <= set(globals())
    assert Path(edge.vision.__file__).is_relative_to(REPOSITORY), "the source that is read is the one that runs"
