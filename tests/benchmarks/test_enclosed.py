"""Costs, verdict, privacy and sensitivity in a bundle: each is counted again, and what was altered is named."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from results_example import RECORD as SCHOOL

from benchmarks import bundle, enclosed, views
from benchmarks.attached import attached
from benchmarks.bundle import NoBundleError, Verified, pack, verify
from benchmarks.cost.costed import costed
from benchmarks.cost.prices import read as read_prices
from benchmarks.cost.prices import template
from benchmarks.enclosed import PRICES, RECORD, Enclosed, derived
from benchmarks.evaluation import evaluate
from benchmarks.evidence import Results
from benchmarks.privacy.private import private
from benchmarks.recount import COUNTED
from benchmarks.scenario import Scenario
from benchmarks.sensitivity import document
from benchmarks.sensitivity.again import DOCUMENT, POINTS, Afresh, Again, PointsError, again, whole
from benchmarks.sensitivity.run import digest
from benchmarks.sensitivity.study import Settings, stated, study
from benchmarks.spread import Here
from policy import bundle as packed
from policy.bundle import MANIFEST
from policy.gate import Gate

KEY = Ed25519PrivateKey.generate()
LOGS = b"kind: log, unavoidable: true, own_basis: none, period: P90D"
FEW = Afresh(count=2, seed=1)
SETTINGS = Settings(
    n=2, person_mornings=40, varied=("tag.lost", "face.refused"), axes=(("tailgating", 3), ("tag.forgotten", 3))
)


@dataclass(frozen=True)
class Made:
    results: Results
    folder: Path
    scenario: Scenario
    study: document.Sensitivity

    @property
    def files(self) -> dict[str, bytes]:
        """What lies in the bundle."""
        with zipfile.ZipFile(self.folder / "b") as archive:
            return {name: archive.read(name) for name in archive.namelist() if name != MANIFEST}


@pytest.fixture(scope="module")
def made(small: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The tag lane alone, with costs, verdict, privacy and a study of a few points."""
    folder = tmp_path_factory.mktemp("enclosed")
    doors = small.doors.model_copy(update={"persons": 40, "mornings": 1, "repetitions": 3})
    scenario = small.model_copy(update={"doors": doors})
    (folder / PRICES).write_text(template())
    (folder / RECORD).write_bytes(SCHOOL.read_bytes())
    # One result of the future, so that the weights of the one number were fixed before it.
    results = evaluate(scenario, Gate(), folder).model_copy(update={"created": "2027-01-01T00:00:00+00:00"})
    results = results.model_copy(
        update={
            "cost": costed(results, *read_prices(folder / PRICES)),
            "verdict": attached(folder / RECORD, date(2026, 11, 1)),
            "privacy": private(results, folder / RECORD),
        }
    )
    told = study(scenario, SETTINGS, folder, Here())
    (folder / DOCUMENT).write_text(told.model_dump_json(by_alias=True))
    pack(
        results, folder, folder / "b", KEY, "sv", folder / RECORD, None, folder / PRICES, sensitivity=folder / DOCUMENT
    )
    return Made(results, folder, scenario, told)


Change = Callable[[dict[str, bytes], dict[str, Any]], None]


def recounted(made: Made, change: Change) -> Enclosed:
    """What is said of the parts after a change of files and results."""
    files, raw = made.files, json.loads(made.files["results.json"])
    found = {key: json.loads(made.files["results.json"])[key] for key in COUNTED}
    change(files, raw)
    return derived(files, files, Results.model_validate(raw), raw, found)


def said(found: Enclosed | Again | Verified) -> set[tuple[str, str]]:
    return {(one.kind, one.where) for one in found.broken}


def digested(files: dict[str, bytes], raw: dict[str, Any]) -> None:
    """Results that say the digests of what is there now."""
    raw["cost"]["sha256"] = hashlib.sha256(files[PRICES]).hexdigest()
    raw["verdict"]["sha256"] = raw["privacy"]["sha256"] = hashlib.sha256(files[RECORD]).hexdigest()


def dearer(files: dict[str, bytes], _: dict[str, Any]) -> None:
    files[PRICES] = files[PRICES].replace(b"middle = 30.0", b"middle = 29.0", 1)


def without_prices(files: dict[str, bytes], _: dict[str, Any]) -> None:
    del files[PRICES]


def longer(files: dict[str, bytes], _: dict[str, Any]) -> None:
    """A record of which the gate says the same, and that keeps rows for longer."""
    assert files[RECORD].count(LOGS) == 1
    files[RECORD] = files[RECORD].replace(LOGS, LOGS.replace(b"90", b"91"))


def test_all_of_it_verifies_in_one_bundle(made: Made) -> None:
    found = verify(made.folder / "b", KEY.public_key(), afresh=FEW)
    assert found.broken == ()
    assert set(found.bundle.manifest.files) >= {PRICES, RECORD, DOCUMENT, POINTS, "sensitivity.html"}
    notes = " ".join(found.notes)
    assert "2 of 128 points were computed afresh (numbers 0, " in notes
    assert "not counted again" not in notes
    alone = json.loads(made.files["results.json"]) | dict.fromkeys(("cost", "verdict", "privacy"))
    without = derived({}, {}, Results.model_validate(alone), alone, {key: alone[key] for key in COUNTED})
    assert without == Enclosed((), 0)
    assert recounted(made, lambda files, raw: None).figures > 500


def put(*path: str | int, value: Any) -> Change:
    """Results with another value there."""

    def change(_: dict[str, bytes], raw: dict[str, Any]) -> None:
        *above, last = path
        inner: Any = raw
        for key in above:
            inner = inner[key]
        assert inner[last] != value
        inner[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (put("cost", "lanes", "face-1n", "total", "value", value=1.0), "cost.lanes.face-1n.total.value"),
        (put("cost", "pairs", 0, "never", value=0.123), "cost.pairs.0 (face-1n, tag-uid).never"),
        (put("cost", "prices", 0, "middle", value=31.0), "cost.prices.0 (wage).middle"),
        (put("cost", "years", value=50.0), "cost.years"),
        (put("privacy", "vector", "face-1n", "subjects", value=39), "privacy.vector.face-1n.subjects"),
        (put("privacy", "footprint", "tag-uid", value=0.0), "privacy.footprint.tag-uid"),
        (put("privacy", "standing", "tag-uid", "kept", value=0.5), "privacy.standing.tag-uid.kept"),
        (put("verdict", "needs", value=0), "verdict.needs"),
        (put("verdict", "verdict", value="allow"), "verdict.verdict"),
    ],
)
def test_a_figure_altered_in_results_is_named_alone(made: Made, change: Change, names: str) -> None:
    assert said(recounted(made, change)) == {("figure", names)}


@pytest.mark.parametrize("key", ["cost", "verdict", "privacy"])
def test_a_section_that_was_taken_out_is_named(made: Made, key: str) -> None:
    assert said(recounted(made, put(key, value=None))) == {("section removed", key)}


def test_prices_that_were_altered_are_named_even_where_results_say_their_digest(made: Made) -> None:
    replaced = said(recounted(made, dearer))
    assert ("prices replaced", PRICES) in replaced
    assert ("figure", "cost.prices.0 (wage).middle") in replaced
    assert ("figure", "cost.lanes.register.total.value") in replaced

    def both(files: dict[str, bytes], raw: dict[str, Any]) -> None:
        dearer(files, raw)
        digested(files, raw)

    figures = {where for kind, where in said(recounted(made, both)) if kind == "figure"}
    assert figures >= {"cost.prices.0 (wage).middle", "cost.lanes.register.total.value"}


def test_a_record_with_the_same_verdict_is_another_record(made: Made) -> None:
    assert said(recounted(made, longer)) >= {("record replaced", RECORD)}

    def both(files: dict[str, bytes], raw: dict[str, Any]) -> None:
        longer(files, raw)
        digested(files, raw)

    keys = {where for _, where in said(recounted(made, both))}
    assert keys
    assert all(where.startswith("privacy.") for where in keys), keys


def test_files_that_are_no_prices_and_no_record_are_named(made: Made) -> None:
    def spoil(files: dict[str, bytes], raw: dict[str, Any]) -> None:
        files[PRICES], files[RECORD] = b"\xff", b"{"
        digested(files, raw)

    assert said(recounted(made, spoil)) == {("cost", PRICES), ("verdict", RECORD), ("privacy", RECORD)}


def test_a_verdict_under_no_law_at_all_is_named(made: Made) -> None:
    def lawless(_: dict[str, bytes], raw: dict[str, Any]) -> None:
        raw["verdict"] |= {"profile": "xx", "verdict": "allow", "against": {}, "warnings": 0, "needs": 0}

    assert said(recounted(made, lawless)) == {("verdict", RECORD)}


def test_a_bundle_from_before_prices_went_in_says_so(made: Made) -> None:
    found = recounted(made, without_prices)
    assert said(found) == {("file missing", PRICES)}
    assert "from before it went in" in found.broken[0].found
    assert found.notes == ("cost was not counted again: prices.toml isn't here.",)


def test_without_rows_costs_arent_counted_and_that_is_said(made: Made) -> None:
    raw = json.loads(made.files["results.json"])
    found = derived(made.files, made.files, made.results, raw, None)
    assert found.broken == ()
    assert found.notes == (
        "cost was not counted again: the doors weren't.",
        "privacy was not counted again: the doors weren't.",
    )


def test_what_isnt_what_results_were_made_of_is_not_packed(made: Made, tmp_path: Path) -> None:
    where = made.folder / "results.json"
    record, prices, told = (made.folder / name for name in (RECORD, PRICES, DOCUMENT))
    (tmp_path / PRICES).write_text(template() + "\n")
    for given, says in (
        ((None, prices, None), "processing record.*--record.*found none"),
        ((record, None, None), "prices.*--prices.*cost.sha256.*found none"),
        ((record, tmp_path / PRICES, None), "prices.*found another"),
    ):
        with pytest.raises(NoBundleError, match=says):
            enclosed.enclose(made.results, where, *given)
    (tmp_path / DOCUMENT).write_bytes(told.read_bytes())
    (tmp_path / POINTS).write_bytes((made.folder / POINTS).read_bytes().replace(b"0.", b"1.", 1))
    with pytest.raises(PointsError, match="another run"):
        enclosed.enclose(made.results, where, record, prices, tmp_path / DOCUMENT)
    (tmp_path / POINTS).unlink()
    with pytest.raises(PointsError, match="found 0 of another run"):
        enclosed.enclose(made.results, where, record, prices, tmp_path / DOCUMENT)
    other = made.results.model_copy(update={"scenario": {**made.results.scenario, "seed": 7}})
    with pytest.raises(NoBundleError, match=r"asked\.scenario\.seed: expected 7"):
        enclosed.enclose(other, where, record, prices, told)


# --- a sensitivity document


def changed(made: Made, change: Callable[[dict[str, Any]], None], afresh: Afresh = FEW) -> Again:
    raw = json.loads(made.files[DOCUMENT])
    change(raw)
    return again(document.parse(json.dumps(raw).encode(), DOCUMENT), made.files[POINTS], afresh)


def test_an_entry_of_sensitivity_that_was_altered_is_named(made: Made) -> None:
    def better(raw: dict[str, Any]) -> None:
        raw["tornado"]["minutes"][0]["low"] += 1.0
        raw["base"]["tag-uid"]["minutes"] = 0.0
        raw["decisions"][0]["perfect"] += 0.1
        raw["spread"] = raw["spread"][:-1]
        raw["surface"]["values"][3] = 0.5

    assert {where for _, where in said(changed(made, better))} == {
        "sensitivity.tornado.minutes.0.low",
        "sensitivity.base.tag-uid.minutes",
        "sensitivity.decisions.0 (legitimate-failures).perfect",
        "sensitivity.spread",
        "sensitivity.surface.values.3",
    }


def test_a_section_taken_out_of_it_is_named(made: Made) -> None:
    for key, empty in (("flips", []), ("surface", None), ("tornado", {}), ("decisions", [])):

        def without(raw: dict[str, Any], key: str = key, empty: Any = empty) -> None:
            raw[key] = empty

        found = {where for _, where in said(changed(made, without))}
        assert any(where.startswith(f"sensitivity.{key}") for where in found), (key, found)


def test_what_was_asked_is_held_to_the_points(made: Made) -> None:
    def fewer(raw: dict[str, Any]) -> None:
        raw["sample"] = 1 << 60  # more points than there is memory: counted, not laid out

    def other(raw: dict[str, Any]) -> None:
        raw["asked"]["scenario"]["factor"][0]["middle"] *= 1.1

    def nobody(raw: dict[str, Any]) -> None:
        raw["asked"]["varied"] = ["nothing", "of this"]

    assert said(changed(made, fewer)) == {("points counted", POINTS)}
    assert any(where.startswith("sensitivity.inputs.0") for _, where in said(changed(made, other)))
    assert said(changed(made, nobody)) == {("sensitivity", f"{DOCUMENT}: asked")}
    before = changed(made, lambda raw: raw.update(asked=None))
    assert said(before) == {("sensitivity", f"{DOCUMENT}: asked")}
    assert "before bundles" in before.broken[0].found
    broken_off = changed(made, lambda raw: raw["asked"]["scenario"].pop("doors") and None)
    assert said(broken_off) == {("sensitivity", f"{DOCUMENT}: asked")}


def test_points_that_are_altered_with_everything_made_of_them_are_found_afresh(made: Made) -> None:
    points = [json.loads(line)["outcomes"] for line in made.files[POINTS].splitlines()]
    points[9][3][1] += 0.01
    lines = b"".join(
        json.dumps({"point": number, "outcomes": each}, separators=(",", ":")).encode() + b"\n"
        for number, each in enumerate(points)
    )
    assert ("points replaced", POINTS) in said(again(made.study, lines, FEW))
    forged = stated(
        made.scenario,
        SETTINGS,
        points,
        created="2027-01-01T00:00:00+00:00",
        program="threshold",
        computed=made.study.computed.model_copy(update={"digest": digest(points)}),
        reproduce="",
    )
    missed = again(forged, lines, FEW)
    assert 9 not in missed.points
    assert missed.broken == ()
    assert "of 128 points were computed afresh" in missed.told()
    assert missed.points == again(forged, lines, FEW).points
    found = again(forged, lines, Afresh(count=None))
    assert said(found) == {("point altered", f"{POINTS}: 9.tag-uid.attendance-errors")}
    assert found.told().startswith("points.jsonl: all 128 points")


def test_points_that_arent_whole_are_named(made: Made) -> None:
    lines = made.files[POINTS].splitlines(keepends=True)
    assert said(again(made.study, b"".join(lines[1:]), FEW)) == {("points counted", POINTS)}
    swapped = said(again(made.study, b"".join([lines[1], lines[0], *lines[2:]]), FEW))
    assert swapped == {("point unreadable", f"{POINTS}, line {number}") for number in (1, 2)}
    spoilt = b"".join([b'{"point":0,"outcomes":[[1]]}\n', b"[]\n", b"{\n", *lines[3:]])
    assert len(said(again(made.study, spoilt, FEW))) == 3
    for gone, there in ((POINTS, DOCUMENT), (DOCUMENT, POINTS)):
        alone = enclosed.sensitivity({there: made.files[there]}, {there}, {}, FEW)
        assert said(alone) == {("file missing", gone)}
    assert said(enclosed.sensitivity({DOCUMENT: b"{}", POINTS: b""}, (), {}, FEW)) == {("sensitivity", DOCUMENT)}


def test_points_in_any_order_are_packed_in_theirs(made: Made, tmp_path: Path) -> None:
    lines = (made.folder / POINTS).read_bytes().splitlines(keepends=True)
    (tmp_path / POINTS).write_bytes(b"".join(reversed(lines)))
    assert whole(made.study, tmp_path) == made.files[POINTS]


# --- the whole bundle


def signed_anew(made: Made, path: Path, change: Change) -> Verified:
    """The bundle with a change of its files and manifest, signed by the same key."""
    with zipfile.ZipFile(made.folder / "b") as archive:
        manifest = json.loads(archive.read(MANIFEST))
    files = made.files
    change(files, manifest)
    packed.write(path, manifest, files, KEY)
    return verify(path, KEY.public_key(), afresh=FEW)


def test_everything_altered_at_once_and_signed_anew_is_named_each(made: Made, tmp_path: Path) -> None:
    def alter(files: dict[str, bytes], manifest: dict[str, Any]) -> None:
        raw = json.loads(files["results.json"])
        raw["cost"]["pairs"][0]["difference"]["value"] += 1.0
        raw["privacy"]["vector"]["key"]["subjects"] = 1
        raw["crew"]["people"] = "pupils"
        raw["created"] = "2027-01-02T00:00:00+00:00"
        files["results.json"] = json.dumps(raw).encode()
        dearer(files, raw)
        longer(files, raw)
        told = json.loads(files[DOCUMENT])
        told["base"]["key"]["late"] = 1.0
        files[DOCUMENT] = json.dumps(told).encode()
        files["summary.txt"] = b"Everything is cheaper.\n"
        manifest["settings"]["language"] = "xx"

    found = signed_anew(made, tmp_path / "b", alter)
    assert said(found) >= {
        ("figure", "cost.pairs.0 (face-1n, tag-uid).difference.value"),
        ("figure", "privacy.vector.key.subjects"),
        ("figure", "crew.people"),
        ("manifest", "manifest.created"),
        ("prices replaced", PRICES),
        ("record replaced", RECORD),
        ("figure", "sensitivity.base.key.late"),
        ("report", "report.html"),
    }
    assert any("summary.txt: in the bundle" in note for note in found.notes)


def test_rows_of_other_sections_and_pages_that_are_gone_are_named(made: Made, tmp_path: Path) -> None:
    def alter(files: dict[str, bytes], _: dict[str, Any]) -> None:
        raw = json.loads(files["results.json"])
        del raw["comparisons"], raw["lanes"]
        files["results.json"] = json.dumps(raw).encode()

    assert said(signed_anew(made, tmp_path / "b", alter)) >= {
        ("results unreadable", "results.json: comparisons"),
        ("results unreadable", "results.json: lanes"),
    }

    def without(files: dict[str, bytes], _: dict[str, Any]) -> None:
        raw = json.loads(files["results.json"])
        raw["doors"] = None
        files["results.json"] = json.dumps(raw).encode()
        del files["sensitivity.html"], files["report.html"]

    found = said(signed_anew(made, tmp_path / "b", without))
    assert found >= {("figure", "doors"), ("file missing", "sensitivity.html"), ("file missing", "report.html")}


def test_settings_that_make_no_sense_are_named(made: Made, tmp_path: Path) -> None:
    for face in ({"grade": "recording"}, {}):

        def alter(files: dict[str, bytes], manifest: dict[str, Any], face: Any = face) -> None:
            manifest["settings"]["face"] = face
            files["transactions-face-1n.jsonl"] = b""

        found = said(signed_anew(made, tmp_path / "b", alter))
        assert any(kind in ("settings", "transaction removed") for kind, _ in found)
    assert said(signed_anew(made, tmp_path / "b", lambda files, manifest: manifest.update(settings={}))) >= {
        ("settings", "scenario")
    }


def test_other_code_is_said_and_a_page_it_writes_otherwise_is_told_once(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (bundle, views):
        monkeypatch.setattr(module, "code", lambda: "0" * 64)

    def reworded(files: dict[str, bytes], _: dict[str, Any]) -> None:
        files["report.html"] = files["report.html"].replace(b"<p>", b"<p>Otherwise: ")

    found = signed_anew(made, tmp_path / "b", reworded)
    assert "The code here isn't the one that made the bundle" in found.notes[0]
    assert [(one.kind, one.where) for one in found.broken] == [("report", "report.html")]
    assert "differences, the first in report.html, line" in found.broken[0].found
