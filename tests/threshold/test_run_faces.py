"""The face lane of a device from end to end: sealed store, the product's rules, a video for a camera, both networks.

The people are drawn. They are enrolled as volunteers would be, under the laboratory's record.
"""

from __future__ import annotations

import copy
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import pytest
from support import REPOSITORY

from benchmarks.clip import draw
from benchmarks.synthetic import SyntheticPeople
from edge.acquire import Acquirer, Missed
from edge.device.loop import Device
from edge.device.tally import Told
from edge.embed import unit
from edge.entrance import Entrance
from edge.face import Crop, Template
from edge.picture import of_pixels
from edge.site import parse
from edge.transaction import Transaction
from edge.vision import open_detector, open_embedder
from models.registry import Registry
from policy.enrolment import enrol_face, enrol_tag
from policy.permit import Permit
from policy.record import Record, read
from policy.store import Store
from policy.subject import Agreement, Attestation, File
from threshold.run import Site

LAB = REPOSITORY / "policy" / "records" / "lab-volunteers.yaml"
OWNER, OTHER = 8_000_000, 8_000_003
UIDS = {OWNER: "04a1b2c3", OTHER: "04a1b2c4"}
SETTINGS = """[site]
name = "lab-door"

[[lane]]
kind = "tag-uid"

[[lane]]
kind = "face-tag"
threshold = 0.57

[camera]
address = "{video}"

[reader]
kind = "replay"
recording = "reads.jsonl"

[door]
kind = "fake"
open_s = 0.3
"""


def volunteer(reference: str) -> File:
    today = datetime.now(UTC).date()
    return File(
        reference=reference,
        state="pending",
        attestation=Attestation(witness="Eva Lind", document="passport", age=34, role="volunteer", on=today),
        agreement=Agreement(
            by="subject", child="adult", explicit=True, informed_on=today, notice="1.2", recruiter_is_superior=False
        ),
        keep_until=today + timedelta(days=30),
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two volunteers, face and tag, and a video in which the first comes to the door."""
    folder = tmp_path_factory.mktemp("lab")
    entrance = Entrance((OWNER,), 1, "single", 640, 360, 15.0, seed=3)
    writer = cv2.VideoWriter(str(folder / "door.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 15.0, (640, 360))
    for frame in entrance:
        writer.write(frame.pixels)
    writer.release()
    (walk,) = entrance.walks
    (folder / "arrives.json").write_text(json.dumps(walk.start_s + walk.approach_s))

    facts = read(LAB).model_dump(mode="json", by_alias=True)
    for operation in list(facts["op"]):
        if operation["kind"] in ("enrol", "match"):
            facts["op"].append(copy.deepcopy(operation) | {"id": f"{operation['id']}-tag", "modality": "tag"})
            facts["dpia"]["ops"].append(f"{operation['id']}-tag")
    registry = Registry.bundled()
    acquirer = Acquirer(open_detector(registry.locate("bundled-detector")))
    embedder = registry.locate("bundled-embedder")
    people = SyntheticPeople(seed=0)
    with Store(folder / "store") as store:
        store.adopt(Record.model_validate(facts))
        for who in (OWNER, OTHER):
            pictures = [of_pixels(draw(*people.view(f"{who}/enrolment-{number}")), str(who)) for number in range(3)]
            found = [acquirer.acquire(picture) for picture in pictures]
            crops = [one.crop for one in found if not isinstance(one, Missed)]
            assert len(crops) == 3

            def embed(permit: Permit, shots: list[Crop]) -> Template:
                template: Template = unit(
                    open_embedder(embedder, store.gate, permit).embed(shots).sum(0, keepdims=True)
                )[0]
                return template

            file = volunteer(f"volunteer-{who}")
            enrol_face(store, file, lambda shots=crops: shots, embed, embedder.network.sha256)
            enrol_tag(store, file, bytes.fromhex(UIDS[who]))
    return folder


def run(place: Path, folder: Path, uid: str) -> tuple[Device, list[Told], list[Transaction]]:
    at_s = json.loads((place / "arrives.json").read_text())
    (folder / "reads.jsonl").write_text(json.dumps({"at_s": at_s, "uid": uid}) + "\n")
    (folder / "store").symlink_to(place / "store")
    settings = parse(SETTINGS.format(video=place / "door.avi"), folder / "site.toml")
    site = Site(settings, folder)
    allowed, refused = site._asked()
    assert (allowed, refused) == (("tag-uid", "face-tag"), {})
    told: list[Told] = []
    device = Device(site.parts(allowed), tell=told.append)
    assert device.run(threading.Event(), 60) == "ended"
    rows = [
        Transaction.model_validate_json(line)
        for path in (folder / "journal").glob("*.jsonl")
        for line in path.read_text().splitlines()
    ]
    return device, told, rows


def test_the_owner_of_a_tag_is_let_in_by_both_lanes(place: Path, tmp_path: Path) -> None:
    _, told, rows = run(place, tmp_path, UIDS[OWNER])
    assert [(one.lane, one.opened, one.reason) for one in told] == [
        ("tag-uid", True, "tag-known"),
        ("face-tag", True, "matched"),
    ]
    tag, face = rows
    assert tag.claimed == face.claimed == face.decided_subject
    assert face.entered.t_ns is not None
    assert tag.presented == face.presented, "one stopwatch for both lanes"
    assert face.entered.t_ns < face.presented.t_ns < face.decided.t_ns  # type: ignore[operator]


def test_somebody_else_s_tag_opens_the_tag_lane_and_not_the_face_lane(place: Path, tmp_path: Path) -> None:
    device, told, rows = run(place, tmp_path, UIDS[OTHER])
    assert [(one.lane, one.opened) for one in told] == [("tag-uid", True), ("face-tag", False)]
    face = rows[1]
    assert face.outcome == "denied"
    assert face.reason in ("below-threshold", "no-face")
    assert face.decided_subject is None
    assert face.claimed == rows[0].claimed
    assert not device.stuck
