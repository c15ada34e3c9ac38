"""A site's settings: what is right is read, what is wrong is told with its place, all at once."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

import pytest

from edge import site
from edge.site import SiteError, parse, read
from edge.where import place, places

TEMPLATE = (resources.files("edge") / "sites" / "template.toml").read_text(encoding="utf-8")
LEAST = """[site]
name = "north-door"

[[lane]]
kind = "tag-uid"

[reader]
kind = "replay"
recording = "reads.jsonl"

[door]
kind = "fake"
"""
HERE = Path("site.toml")


def problems(text: str) -> dict[str, site.Problem]:
    with pytest.raises(SiteError) as told:
        parse(text, HERE)
    return {problem.key: problem for problem in told.value.problems}


def test_the_least_settings_are_enough() -> None:
    settings = parse(LEAST, HERE)
    assert [lane.kind for lane in settings.lane] == ["tag-uid"]
    assert not settings.faces
    assert settings.metrics is None


def test_the_template_is_right_and_names_every_key() -> None:
    settings = parse(TEMPLATE, HERE)
    assert settings.faces
    for model in (site.Attendance, site.Site, site.TokenLane, site.Camera, site.Networks, site.Metrics, *_kinds()):
        for name in model.model_fields:
            assert f"{name} = " in TEMPLATE or f"[attendance.{name}]" in TEMPLATE, (model.__name__, name)


def _kinds() -> tuple[type, ...]:
    return (site.ReplayReader, site.CardReader, site.OsdpReader, site.FakeDoor, site.RelayDoor)


def test_every_commented_value_of_the_template_is_the_default() -> None:
    defaults = {
        name: field.default
        for model in (
            site.Site,
            site.Camera,
            site.Networks,
            site.RelayDoor,
            site.TokenLane,
            site.OsdpReader,
            site.Attendance,
        )
        for name, field in model.model_fields.items()
        if not field.is_required()
    } | {"port": 9464, "address": 0}
    seen = set()
    for line in TEMPLATE.splitlines():
        if not line.startswith("# ") or " = " not in line or line.startswith("# kind"):
            continue
        name, said = next(iter(tomllib.loads(line[2:]).items()))
        if name in defaults and (name not in ("port", "address") or said in (9464, 0)):
            assert (tuple(said) if isinstance(said, list) else said) == defaults[name], line
            seen.add(name)
    assert {"keep_days", "window_s", "open_s", "detect_px", "baud", "purpose", "least", "sheets"} <= seen


def test_all_problems_are_told_at_once_each_with_its_place() -> None:
    text = """[site]
name = "North Door"
stor = "x"
keep_days = 1000

[[lane]]
kind = "tag-uid"
treshold = 1

[[lane]]
kind = "face-tag"
threshold = 3

[[lane]]
kind = "face"

[door]
kind = "relay"
  pin = "x"

[dor]
a = 1
"""
    found = problems(text)
    assert {key: (one.line, one.column) for key, one in found.items()} == {
        "site.name": (2, 1),
        "site.stor": (3, 1),
        "site.keep_days": (4, 1),
        "lane[1].treshold": (8, 1),
        "lane[2].threshold": (12, 1),
        "lane[3].kind": (15, 1),
        "door.pin": (19, 3),
        "dor": (21, 1),
        "camera": (None, None),
        "reader": (None, None),
    }
    assert found["site.stor"].advice == "Did you mean store?"
    assert found["dor"].advice == "Did you mean door?"
    assert found["site.keep_days"].found == "1000"
    assert "tag-uid, face-tag, face-1n" in found["lane[3].kind"].expected


def test_the_message_has_file_line_column_key_expected_found_and_advice() -> None:
    with pytest.raises(SiteError) as told:
        parse(LEAST.replace('name = "north-door"', 'name = "north-door"\nkeep_days = 0'), HERE)
    assert str(told.value) == (
        "site.toml:3:1: site.keep_days: expected greater than or equal to 1, found 0. Change it."
    )


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (('kind = "fake"', 'kind = "fake"\nopen_s = 11'), "door.open_s"),
        (('kind = "fake"', 'kind = "relay"'), "door.pin"),
        (('kind = "fake"', ""), "door.kind"),
        (('name = "north-door"', ""), "site.name"),
        (('name = "north-door"', 'name = "north-door"\npurpose = "attendance"'), "attendance"),
        (('name = "north-door"', 'name = "north-door"\npurpose = "attendance"'), "door"),
        (('name = "north-door"', 'name = "north-door"\npurpose = "attendence"'), "site.purpose[1]"),
        (('name = "north-door"', 'name = "north-door"\npurpose = ["door", "door"]'), "site.purpose"),
        (('name = "north-door"', 'name = "north-door"\npurpose = []'), "site.purpose"),
        (('[door]\nkind = "fake"\n', ""), "door"),
        (('name = "north-door"', 'name = "north-door"\ncontinue_without = "yes"'), "site.continue_without"),
        (("[reader]", '[[lane]]\nkind = "tag-uid"\n[reader]'), "lane[2].kind"),
        (('[reader]\nkind = "replay"\nrecording = "reads.jsonl"\n', ""), "reader"),
        (('[[lane]]\nkind = "tag-uid"\n', ""), "lane"),
        (('[[lane]]\nkind = "tag-uid"\n', "lane = []\n"), "site.lane"),
    ],
)
def test_what_is_wrong_is_named(change: tuple[str, str], key: str) -> None:
    assert change[0] in LEAST
    assert key in problems(LEAST.replace(*change))


NOTING = (
    LEAST.replace('name = "north-door"', 'name = "north-door"\npurpose = ["door", "attendance"]')
    + """
[attendance]
[[attendance.slot]]
name = "first"
from = "08:00"
to = "08:20"
[[attendance.slot]]
name = "second"
from = "10:00:30"
to = 10:20:00
"""
)


def test_attendance_is_noted_beside_the_door_or_alone() -> None:
    both = parse(NOTING, HERE)
    assert both.site.purpose == ("door", "attendance")
    assert both.attendance is not None
    assert [(slot.name, slot.begins.minute, slot.ends.hour) for slot in both.attendance.slot] == [
        ("first", 0, 8), ("second", 0, 10)]  # fmt: skip
    assert (both.attendance.least, both.attendance.keep_days) == (5, 90)
    alone = parse(NOTING.replace('["door", "attendance"]', '"attendance"').replace('[door]\nkind = "fake"\n', ""), HERE)
    assert alone.door is None


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (('purpose = ["door", "attendance"]\n', ""), "attendance"),
        (('name = "second"', 'name = "first"'), "attendance.slot[2].name"),
        (('name = "second"', 'name = "day"'), "attendance.slot[2].name"),
        (('from = "10:00:30"', 'from = "08:10"'), "attendance.slot[2].from"),
        (('to = "08:20"', 'to = "07:20"'), "attendance.slot[1].to"),
        (('from = "08:00"', 'from = "8 o\'clock"'), "attendance.slot[1].from"),
        (('from = "08:00"', 'fromm = "08:00"'), "attendance.slot[1].fromm"),
        (("[attendance]", "[attendance]\nleast = 1"), "attendance.least"),
        (("[attendance]", '[camera]\naddress = "synthetic:7"\n[attendance]'), "camera.address"),
    ],
)
def test_what_is_wrong_with_attendance_is_named(change: tuple[str, str], key: str) -> None:
    assert change[0] in NOTING
    assert key in problems(NOTING.replace(*change))


def test_two_face_lanes_on_one_camera_are_refused() -> None:
    text = LEAST + '[camera]\naddress = "x"\n[[lane]]\nkind = "face-tag"\nthreshold = 0.5\n'
    assert parse(text, HERE).faces
    assert "lane[3].kind" in problems(text + '[[lane]]\nkind = "face-1n"\nthreshold = 0.5\n')


def test_toml_that_is_none_is_told_with_its_place() -> None:
    (problem,) = problems("[site]\nname = north\n").values()
    assert (problem.line, problem.column) == (2, 8)


def test_a_file_that_is_not_there_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="--template"):
        read(tmp_path / "site.toml")


def test_a_camera_s_password_is_not_shown() -> None:
    text = LEAST + '[camera]\naddress = ["rtsp://door:secret@camera/stream"]\n'
    assert "secret" not in str(problems(text)["camera.address"])


def test_keys_are_found_behind_values_over_several_lines() -> None:
    lines = ['a = """', "b = 1", '"""', "[t]", "c = [ # ]", "  1,", '  "]",', "]", '"d e" = 1', "f.g = {h = 1}"]
    text = "\n".join([*lines, "[[u.v]]", "w = 1", "[[u.v]]", "w = 2", ""])
    tomllib.loads(text)
    found = places(text)
    assert found == {
        ("a",): (1, 1),
        ("t",): (4, 1),
        ("t", "c"): (5, 1),
        ("t", "d e"): (9, 1),
        ("t", "f", "g"): (10, 1),
        ("u", "v", 0): (11, 1),
        ("u", "v", 0, "w"): (12, 1),
        ("u", "v", 1): (13, 1),
        ("u", "v", 1, "w"): (14, 1),
    }
    assert place(found, ("t", "f", "g", "h")) == (10, 1)
    assert place(found, ("nothing",)) is None


@pytest.mark.parametrize("address", ["synthetic:7", "recorded.mp4", "ftp://nowhere/x"])
def test_no_recording_opens_a_real_door(address: str) -> None:
    relay = LEAST.replace('kind = "fake"', 'kind = "relay"\npin = 17')
    assert set(problems(relay)) == {"reader.kind"}
    cards = relay.replace('kind = "replay"\nrecording = "reads.jsonl"', 'kind = "pcsc"')
    assert parse(cards, HERE).door.kind == "relay"
    assert parse(cards + '[camera]\naddress = "/dev/video0"\n', HERE).camera is not None
    assert set(problems(cards + f'[camera]\naddress = "{address}"\n')) == {"camera.address"}


def test_rows_of_a_recording_are_no_pilots():
    cards = LEAST.replace('kind = "replay"\nrecording = "reads.jsonl"', 'kind = "pcsc"')
    assert parse(LEAST, HERE).origin == "recording"
    assert parse(cards, HERE).origin == "pilot"
    assert parse(cards + '[camera]\naddress = "/dev/video0"\n', HERE).origin == "pilot"
    assert parse(cards + '[camera]\naddress = "film.mp4"\n', HERE).origin == "recording"
    assert parse(LEAST + '[camera]\naddress = "synthetic:7"\n', HERE).origin == "simulation"
