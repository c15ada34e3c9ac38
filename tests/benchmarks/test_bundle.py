"""Evidence bundles: what is altered, removed, swapped or signed by another is named; a stranger's zip is harmless."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.bundle import REPORT, NoBundleError, Verified, pack, verify
from benchmarks.evaluation import evaluate
from benchmarks.evidence import Results
from benchmarks.gains import PilotError
from benchmarks.paper import paper
from benchmarks.pilot.packed import count
from benchmarks.pilot.packed import pack as pack_pilot
from benchmarks.pilot.report import render as render_pilot
from benchmarks.recount import differences
from benchmarks.report import render
from benchmarks.rows import RowsError
from benchmarks.scenario import Scenario
from edge.transaction import Stamp, Transaction
from policy import bundle as packed
from policy.archive import Archive
from policy.bundle import MANIFEST, BundleError, UnknownSigner
from policy.database import Database
from policy.declaration import chain
from policy.entry import Declared, Refused
from policy.evidence import read as read_measured
from policy.ledger import FORM, Ledger, LedgerError
from policy.measured import MEASURED, MeasuredError, signed
from policy.schema import schema

KEY, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
FACE, TAG = "transactions-face-1n.jsonl", "transactions-tag-uid.jsonl"


@dataclass(frozen=True)
class Made:
    results: Results
    folder: Path
    bundle: Path
    registry: Any


@pytest.fixture(scope="module")
def made(cards: Any, small: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("bundled")
    doors = small.doors.model_copy(update={"persons": 40, "mornings": 1, "repetitions": 3})
    with Archive(cards.folder) as archive:
        results = evaluate(small.model_copy(update={"doors": doors}), cards.gate, folder, cards.faces(archive))
    pack(results, folder, folder / "good.bundle", KEY)
    return Made(results, folder, folder / "good.bundle", cards.registry)


Change = Callable[[dict[str, bytes], dict[str, Any]], None]


def changed(made: Made, path: Path, change: Change, key: Ed25519PrivateKey | None = None) -> Verified:
    """The bundle with a change, its manifest as it was or, with `key`, signed anew over what is there now."""
    with zipfile.ZipFile(made.bundle) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files.pop(MANIFEST))
    change(files, manifest)
    if key is None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in {**files, MANIFEST: json.dumps(manifest).encode()}.items():
                archive.writestr(name, content)
    else:
        packed.write(path, manifest, files, key)
    return verify(path, KEY.public_key(), registry=made.registry)


def said(found: Verified) -> set[tuple[str, str]]:
    return {(one.kind, one.where) for one in found.broken}


def altered(change: Callable[[Any], None]) -> Change:
    """results.json with another content."""

    def edit(files: dict[str, bytes], _: dict[str, Any]) -> None:
        document = json.loads(files["results.json"])
        change(document)
        files["results.json"] = json.dumps(document).encode()

    return edit


@pytest.mark.usefixtures("every_chart_drawn")
def test_what_was_packed_verifies_and_every_figure_is_counted_again(made: Made) -> None:
    found = verify(made.bundle, KEY.public_key(), registry=made.registry)
    assert found.broken == ()
    assert found.figures > 2000
    assert "no ledger stands behind them" in " ".join(found.notes)
    assert found.bundle.manifest.grade == "simulated"
    with zipfile.ZipFile(made.bundle) as archive:
        jsonschema.validate(json.loads(archive.read(MANIFEST)), schema("bundle"))


@pytest.mark.usefixtures("every_chart_drawn")
def test_packed_twice_it_is_the_same_bytes(made: Made, tmp_path: Path) -> None:
    pack(made.results, made.folder, tmp_path / "again.bundle", KEY)
    assert (tmp_path / "again.bundle").read_bytes() == made.bundle.read_bytes()


@pytest.mark.parametrize("key", [None, KEY], ids=["as it was signed", "signed anew by the same key"])
def test_an_altered_figure_is_named_whoever_signs(made: Made, tmp_path: Path, key: Any) -> None:
    def better(document: Any) -> None:
        rate = document["lanes"]["face-1n"]["rates"]["FPIR"]
        rate["value"] += 1e-6
        document["doors"]["comparisons"][0]["difference"]["interval"][0] -= 0.001

    found = changed(made, tmp_path / "b", altered(better), key)
    keys = {where for kind, where in said(found) if kind == "figure"}
    assert "lanes.face-1n.rates.FPIR.value" in keys
    assert any(where.startswith("doors.comparisons.0 (") and "difference.interval.0" in where for where in keys)
    assert len(keys) == 2
    assert (("file altered", "results.json") in said(found)) == (key is None)
    one = next(one for one in found.broken if one.where.endswith("FPIR.value"))
    assert float(one.expected) == made.results.lanes["face-1n"].rates["FPIR"].value
    assert float(one.found) == pytest.approx(float(one.expected) + 1e-6)


@pytest.mark.parametrize("key", [None, KEY], ids=["as it was signed", "signed anew by the same key"])
def test_a_removed_transaction_is_named(made: Made, tmp_path: Path, key: Any) -> None:
    def remove(files: dict[str, bytes], _: dict[str, Any]) -> None:
        lines = files[TAG].splitlines(keepends=True)
        files[TAG] = b"".join(lines[:7] + lines[8:])
        document = json.loads(files["results.json"])
        told = document["lanes"]["tag-uid"]["transactions"]
        told |= {"sha256": hashlib.sha256(files[TAG]).hexdigest(), "count": told["count"] - 1}
        files["results.json"] = json.dumps(document).encode()

    gone = json.loads((made.folder / TAG).read_bytes().splitlines()[7])["id"]
    found = changed(made, tmp_path / "b", remove, key)
    assert ("transaction removed", f"{TAG}: {gone}") in said(found)
    assert (("file altered", TAG) in said(found)) == (key is None)


def test_a_transaction_twice_or_of_nobody_or_no_transaction_is_named(made: Made, tmp_path: Path) -> None:
    def add(files: dict[str, bytes], _: dict[str, Any]) -> None:
        lines = files[FACE].splitlines(keepends=True)
        stranger = lines[0].replace(b"s0", b"s9")
        files[FACE] += lines[0] + stranger + b"{}\n"

    kinds = {kind for kind, where in said(changed(made, tmp_path / "b", add, KEY)) if where.startswith(FACE)}
    assert kinds >= {"transaction repeated", "transaction added", "transaction unreadable"}


def test_an_altered_row_of_the_doors_sample_is_named(made: Made, tmp_path: Path) -> None:
    name = "doors-qr.jsonl"

    def alter(files: dict[str, bytes], _: dict[str, Any]) -> None:
        row = json.loads(files[name].splitlines()[0])
        row["attempts"] += 1
        files[name] = files[name].replace(files[name].splitlines()[0], json.dumps(row).encode(), 1)

    first = json.loads((made.folder / name).read_bytes().splitlines()[0])["id"]
    found = changed(made, tmp_path / "b", alter, KEY)
    assert ("transaction altered", f"{name}: {first}, attempts") in said(found)
    assert ("rows replaced", name) in said(found)


def test_a_row_that_is_altered_shows_in_the_figures(made: Made, tmp_path: Path) -> None:
    def alter(files: dict[str, bytes], _: dict[str, Any]) -> None:
        files[TAG] = files[TAG].replace(b'"outcome":"opened"', b'"outcome":"denied"', 1)

    found = changed(made, tmp_path / "b", alter, KEY)
    assert any(where.startswith("lanes.tag-uid.points.") for kind, where in said(found) if kind == "figure")


def test_a_swapped_network_is_named(made: Made, tmp_path: Path) -> None:
    name = made.results.networks[1].id

    def in_results(document: Any) -> None:
        document["networks"][1]["sha256"] = "ef" * 32

    def in_both(files: dict[str, bytes], manifest: dict[str, Any]) -> None:
        altered(in_results)(files, manifest)
        manifest["networks"][name] = "ef" * 32

    for change in (altered(in_results), in_both):
        found = changed(made, tmp_path / "b", change, KEY)
        swapped = [one for one in found.broken if one.kind == "network swapped"]
        assert {one.where for one in swapped} == {name}
        assert any("ef" * 32 in one.found for one in swapped)


def test_what_is_said_of_a_network_or_of_who_was_measured_is_compared(made: Made, tmp_path: Path) -> None:
    def flatter(document: Any) -> None:
        document["networks"][1]["licence"] = "none of your business"
        document["crew"] = {**document["crew"], "people": "pupils", "gap_days": 400.0}

    name = made.results.networks[1].id
    keys = {where for kind, where in said(changed(made, tmp_path / "b", altered(flatter), KEY)) if kind == "figure"}
    assert keys == {f"networks.{name}.licence", "crew.people", "crew.gap_days"}


def test_another_key_is_an_unknown_signer_and_nothing_is_looked_at(made: Made, tmp_path: Path) -> None:
    with pytest.raises(UnknownSigner, match=r"unknown signer.*pinned key [0-9a-f]{4} .*found [0-9a-f]{4} .*Nothing"):
        changed(made, tmp_path / "b", lambda files, manifest: None, OTHER)
    with pytest.raises(UnknownSigner):
        verify(made.bundle, OTHER.public_key())


@pytest.mark.parametrize(
    "change", [{"grade": "pilot"}, {"created": "2020-01-01T00:00:00Z"}, {"marks": []}, {"networks": {}}]
)
def test_an_altered_manifest_is_not_what_was_signed(made: Made, tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(BundleError, match=r"manifest\.json was altered"):
        changed(made, tmp_path / "b", lambda files, manifest: manifest.update(change))


@pytest.mark.parametrize("change", [{"grade": "pilot"}, {"marks": []}, {"fixed": []}])
def test_a_manifest_that_says_more_than_the_results_is_named(
    made: Made, tmp_path: Path, change: dict[str, Any]
) -> None:
    found = changed(made, tmp_path / "b", lambda files, manifest: manifest.update(change), KEY)
    assert any(where.startswith(f"manifest.{next(iter(change))}") for _, where in said(found))


def test_a_figure_altered_in_the_page_is_named(made: Made, tmp_path: Path) -> None:
    def alter(files: dict[str, bytes], _: dict[str, Any]) -> None:
        page = files["report.html"]
        at = page.index(b"<td>", page.index(b"</svg>"))
        files["report.html"] = page[:at] + b"<td>0 " + page[at + 4 :]

    assert any(kind == "report" for kind, _ in said(changed(made, tmp_path / "b", alter, KEY)))


@pytest.mark.usefixtures("every_chart_drawn")
def test_a_chart_or_a_pdf_that_comes_out_otherwise_is_noted(made: Made, tmp_path: Path) -> None:
    page = render(made.results, "en")
    pack(made.results, made.folder, tmp_path / "p", KEY, pdf=paper(page, made.results.created))
    with_pdf = replace(made, bundle=tmp_path / "p")
    clean = changed(with_pdf, tmp_path / "b", lambda files, manifest: None, KEY)
    assert (clean.broken, [note for note in clean.notes if "byte" in note]) == ((), [])

    def alter(files: dict[str, bytes], _: dict[str, Any]) -> None:
        files["report.html"] = files["report.html"].replace(b'<path d="M ', b'<path d="M 1', 1)
        files["report.pdf"] += b"%"

    found = changed(with_pdf, tmp_path / "b", alter, KEY)
    assert [note.split(":")[0] for note in found.notes if "byte" in note] == ["report.html", "report.pdf"]


def test_files_that_are_missing_or_that_nobody_signed_for_are_named(made: Made, tmp_path: Path) -> None:
    def move(files: dict[str, bytes], _: dict[str, Any]) -> None:
        files["more.txt"] = files.pop(FACE)

    assert said(changed(made, tmp_path / "b", move)) >= {("file missing", FACE), ("file added", "more.txt")}


def test_settings_that_were_altered_with_the_same_key_show_in_the_results(made: Made, tmp_path: Path) -> None:
    def alter(_: dict[str, bytes], manifest: dict[str, Any]) -> None:
        manifest["settings"]["scenario"]["margins"]["legitimate-failures"] = 0.5

    found = changed(made, tmp_path / "b", alter, KEY)
    assert ("figure", "scenario.margins.legitimate-failures") in said(found)
    assert any("manifest.fixed" in where for _, where in said(found))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["../manifest.json"], "lead out of a folder"),
        (["/etc/passwd"], "lead out of a folder"),
        (["a\\b"], "lead out of a folder"),
        (["UPPER"], "lead out of a folder"),
        (["a.txt", "a.txt"], "each file once"),
        ([f"f{index}" for index in range(101)], "at most 100 files"),
        (["a.txt"], "expected manifest.json"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_zip_that_could_surprise_is_refused_before_it_is_read(tmp_path: Path, names: list[str], message: str) -> None:
    with zipfile.ZipFile(tmp_path / "z", "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    with pytest.raises(BundleError, match=message):
        packed.read(tmp_path / "z", KEY.public_key())


def test_a_bomb_is_refused_by_its_size_and_what_is_no_zip_by_name(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "z", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, bytes((32 << 20) + 1))
    with pytest.raises(BundleError, match="of 33554433 bytes"):
        packed.read(tmp_path / "z", KEY.public_key())
    for content in (b"", b"PK\x03\x04", b"no zip"):
        (tmp_path / "n").write_bytes(content)
        with pytest.raises(BundleError, match="expected an evidence bundle"):
            packed.read(tmp_path / "n", KEY.public_key())


def test_bytes_turned_over_anywhere_never_verify(made: Made, tmp_path: Path) -> None:
    good = made.bundle.read_bytes()
    step = len(good) // 23
    for at in range(40, len(good), step):
        (tmp_path / "b").write_bytes(good[:at] + bytes([good[at] ^ 0x5A]) + good[at + 1 :])
        try:
            found = packed.read(tmp_path / "b", KEY.public_key())
        except BundleError:
            continue
        assert found.broken or found.files == packed.read(made.bundle, KEY.public_key()).files


def test_rows_changed_after_the_run_are_not_packed(made: Made, tmp_path: Path) -> None:
    for name in made.folder.glob("*.jsonl"):
        (tmp_path / name.name).write_bytes(name.read_bytes())
    (tmp_path / TAG).write_bytes(b"")
    with pytest.raises(RowsError, match="changed after the run"):
        pack(made.results, tmp_path, tmp_path / "b", KEY)
    with pytest.raises(NoBundleError, match="whole scenario"):
        pack(made.results.model_copy(update={"doors": None}), made.folder, tmp_path / "b", KEY)


def test_numbers_differ_by_more_than_two_machines_round() -> None:
    assert list(differences({"a": 1.0}, {"a": 1.0 + 1e-12})) == []
    assert [one.where for one in differences({"a": [1.0, True]}, {"a": [1.0 + 1e-6, 1]})] == ["a.0", "a.1"]
    assert [one.where for one in differences({"a": 1, "b": 2}, {"b": 2, "c": 3})] == ["a", "c"]
    assert [one.where for one in differences([1], [1, 2], "x")] == ["x"]


# --- the ledger behind a pilot's margins ---


@pytest.fixture
def ledger(tmp_path: Path) -> Any:
    with Database(tmp_path / "l.db", [FORM]) as database:
        yield Ledger(database, KEY), tmp_path / "l.db"


def declared(need: float = 0.01) -> Declared:
    return Declared(alternative="tag", measure="denied", margin=0.005, need=need)


def test_the_last_declaration_before_the_first_transaction_counts(ledger: Any) -> None:
    book, path = ledger
    book.append(Refused(modality="face", rules=("consent",)), declared(0.01), declared(0.02))
    moment = datetime.now(UTC)
    book.append(declared(0.001))
    told = chain(path, moment)
    assert told.problem(book.anchor()) is None
    assert [each.body.need for each in told.in_force(moment)] == [0.02]
    assert [link.kind for link in told.links if link.content] == ["opened", "declared", "declared"]
    with pytest.raises(LedgerError, match="declared before the first transaction"):
        chain(path, moment - timedelta(hours=1))


def test_a_chain_that_was_touched_is_named(ledger: Any) -> None:
    book, path = ledger
    book.append(Refused(modality="face", rules=("consent",)), declared(), declared(0.02))
    anchor = book.anchor()
    told = chain(path, datetime.now(UTC) + timedelta(seconds=1))
    links = told.links
    for wrong, says in (
        ((links[0], *links[2:]), "is missing"),
        ((*links[:2], links[2].model_copy(update={"at": "2020-01-01T00:00:00+00:00"}), links[3]), "doesn't follow"),
        ((*links[:2], links[2].model_copy(update={"content": links[3].content}), links[3]), "content was changed"),
        ((*links[:2], links[2].model_copy(update={"content": None}), links[3]), "content was changed or is missing"),
        (links[1:], "is missing"),
    ):
        assert says in str(told.model_copy(update={"links": wrong}).problem())
    assert "another" in str(told.model_copy(update={"ledger": "0" * 32}).problem(anchor))
    assert "the anchor of" in str(told.problem(anchor.model_copy(update={"hash": "0" * 64})))


# --- a pilot ---

STARTED = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)


class Hands:
    """A clock that a test sets."""

    at = STARTED - timedelta(days=7)

    def __call__(self) -> datetime:
        return self.at


def row(lane: str, person: int, morning: int, opened: bool, seconds: float) -> Transaction:
    at = STARTED + timedelta(days=morning)
    return Transaction(
        id=f"{lane}/m{morning}/s{person:04d}",
        lane=lane,  # type: ignore[arg-type]
        origin="pilot",
        session=f"{at.isoformat()}/{lane}",
        entered=Stamp.at(0),
        presented=Stamp.at(1),
        decided=Stamp.at(round(seconds * 1e9)),
        crossed=Stamp.absent("not-observed"),
        attempts=1,
        true_subject=f"s{person:04d}",
        enrolled=True,
        outcome="opened" if opened else "denied",
        reason="matched" if opened else "tag-forgotten",
    )


def lines(rows: list[Transaction]) -> bytes:
    return b"".join(each.model_dump_json(by_alias=True).encode() + b"\n" for each in rows)


def pack_rows(files: list[Path], database: Path, out: Path) -> None:
    """As `threshold report --pilot` does, without a sheet."""
    counted = count(files, database)
    pack_pilot(counted, out, KEY, {REPORT: render_pilot(counted.pilot, "en").encode()})


@dataclass(frozen=True)
class Pilot:
    files: list[Path]
    database: Path
    bundle: Path


@pytest.fixture
def pilot(tmp_path: Path) -> Pilot:
    """A hundred people on ten mornings of each lane: tags fail 10 %, faces 1 %, and 2 points were asked for."""
    hands = Hands()
    with Database(tmp_path / "l.db", [FORM]) as database:
        book = Ledger(database, KEY, hands)
        book.append(Refused(modality="face", rules=("consent",)), declared(0.02))
        book.append(Declared(alternative="tag", measure="seconds", margin=0.1, need=0.2))
        hands.at = STARTED + timedelta(hours=1)
        book.append(declared(0.0001))  # too late
    faces = [row("face-1n", who, day, (who * 10 + day) % 100 != 7, 0.8) for who in range(100) for day in range(10)]
    tags = [row("tag-uid", who, day, (who + day) % 10 != 7, 1.5) for who in range(100) for day in range(10, 20)]
    files = [tmp_path / "face.jsonl", tmp_path / "tag.jsonl"]
    for path, rows in zip(files, (faces, tags), strict=True):
        path.write_bytes(lines(rows))
    pack_rows(files, tmp_path / "l.db", tmp_path / "p.bundle")
    return Pilot(files, tmp_path / "l.db", tmp_path / "p.bundle")


def test_a_pilot_is_held_to_what_was_declared_before_it(pilot: Pilot) -> None:
    found = verify(pilot.bundle, KEY.public_key())
    assert found.broken == ()
    assert [(each.outcome, each.need, each.entry) for each in found.bundle.manifest.fixed] == [
        ("denied", 0.02, 3),
        ("seconds", 0.2, 4),
    ]
    shown = read_measured(pilot.bundle, KEY.public_key())
    assert [(one.alternative, one.need, one.shown) for one in shown] == [("tag", 0.02, True), ("tag", 0.2, True)]
    assert 0.05 < shown[0].low < 0.09  # tags fail 10 %, faces 1 %
    assert shown[1].low == pytest.approx(0.7)


def test_a_pilot_whose_figure_row_or_need_was_altered_is_named_and_the_gate_refuses_it(
    pilot: Pilot, tmp_path: Path
) -> None:
    made = Made(None, tmp_path, pilot.bundle, None)  # type: ignore[arg-type]

    def gain(files: dict[str, bytes], _: dict[str, Any]) -> None:
        document = json.loads(files[MEASURED])
        document["comparisons"][0]["gain"]["interval"][0] += 0.01
        files[MEASURED] = json.dumps(signed(document, KEY)).encode()

    def need(files: dict[str, bytes], manifest: dict[str, Any]) -> None:
        document = json.loads(files[MEASURED])
        document["comparisons"][0]["need"] = manifest["fixed"][0]["need"] = 0.0001
        files[MEASURED] = json.dumps(signed(document, KEY)).encode()

    def remove(files: dict[str, bytes], _: dict[str, Any]) -> None:
        kept = [line for line in files["pilot-1.jsonl"].splitlines(keepends=True) if b'"denied"' not in line]
        files["pilot-1.jsonl"] = b"".join(kept)

    def unchained(_: dict[str, bytes], manifest: dict[str, Any]) -> None:
        del manifest["ledger"]["links"][1]

    for change, where in (
        (gain, "comparisons.0.gain.interval.0"),
        (need, "comparisons.0.need"),
        (remove, "comparisons.0.gain.value"),
        (unchained, "manifest.ledger"),
    ):
        found = changed(made, tmp_path / "bad.bundle", change, KEY)
        assert any(where in each for _, each in said(found)), (where, said(found))
    for change, says in ((need, "as the ledger held them"), (unchained, "whole ledger")):
        changed(made, tmp_path / "bad.bundle", change, KEY)
        with pytest.raises(MeasuredError, match=says):
            read_measured(tmp_path / "bad.bundle", KEY.public_key())


def test_what_is_no_pilot_is_no_measured_alternative(made: Made, pilot: Pilot) -> None:
    with pytest.raises(MeasuredError, match="expected a bundle of a pilot, found one of grade simulated"):
        read_measured(made.bundle, KEY.public_key())
    with pytest.raises(MeasuredError, match="public key"):
        read_measured(pilot.bundle, None)
    with pytest.raises(UnknownSigner):
        read_measured(pilot.bundle, OTHER.public_key())


def test_rows_that_are_no_pilot_to_compare_are_refused(pilot: Pilot, tmp_path: Path) -> None:
    one = row("face-1n", 1, 0, True, 1.0)
    for rows, says in (
        ([one.model_copy(update={"origin": "simulation"})], "one of a simulation"),
        ([one.model_copy(update={"session": "m0"})], "time and zone"),
        ([row("tag-uid", 1, 0, True, 1.0)], "one face lane"),
        ([one, one], "a row twice"),
        ([one], "expected rows of one of tag-uid"),
        ([one, row("tag-uid", 2, 0, True, 1.0)], "the same persons at both lanes"),
        ([], "found none"),
    ):
        (tmp_path / "x.jsonl").write_bytes(lines(rows))
        with pytest.raises(PilotError, match=says):
            count([tmp_path / "x.jsonl"], pilot.database)
    early = one.model_copy(update={"session": "2026-01-01T07:30:00+00:00/x"})
    (tmp_path / "x.jsonl").write_bytes(lines([early]))
    with pytest.raises(LedgerError, match="declared before the first transaction"):
        count([tmp_path / "x.jsonl"], pilot.database)
