"""What is wrong with a device, and what it means for the door."""

from __future__ import annotations

import pytest

from edge.device.health import STOPS, Health, Part


def test_a_device_begins_well() -> None:
    assert Health().document() == {"status": "ok", "conditions": []}


@pytest.mark.parametrize("part", sorted(STOPS))
def test_what_keeps_the_door_closed_says_so(part: Part) -> None:
    health = Health()
    assert health.wrong(part, "failed", "no answer") is not None
    assert health.stopped is not None
    told = health.document()
    assert told["status"] == "closed"
    assert told["conditions"][0] | {"seconds": 0} == {
        "part": part,
        "state": "failed",
        "words": "no answer",
        "seconds": 0,
        "door_stays_closed": True,
    }


@pytest.mark.parametrize("part", ["camera", "reader"])
def test_without_camera_or_reader_the_other_lanes_go_on(part: Part) -> None:
    health = Health()
    health.wrong(part, "lost", "unplugged")
    assert health.stopped is None
    assert health.document()["status"] == "impaired"


def test_news_is_told_once() -> None:
    health = Health()
    assert health.wrong("camera", "lost", "unplugged") is not None
    assert health.wrong("camera", "lost", "unplugged") is None
    assert health.wrong("camera", "lost", "still unplugged") is None
    assert health.conditions[0].words == "still unplugged"
    assert health.wrong("camera", "frozen", "no frame for 1.5 s") is not None
    assert health.right("camera")
    assert not health.right("camera")
