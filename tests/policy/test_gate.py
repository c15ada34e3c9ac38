"""The gate: whole listed sets and simulated people pass, nothing else does, and a permit can't be bent."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support import list_set

from policy.archive import Archive
from policy.gate import LIFETIME, Gate, Refused
from policy.permit import Permit
from policy.record import Record, read

PICTURES = {"Ada/1.png": b"first", "Ada/2.png": b"second", "Björk/1.png": b"third"}
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path) -> Path:
    for name, content in PICTURES.items():
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_bytes(content)
    return tmp_path / "set"


@pytest.fixture
def gate(folder) -> Gate:
    return Gate([list_set(folder)])


@pytest.fixture
def permit(gate, folder) -> Permit:
    return ask(gate, folder)


def ask(gate: Gate, folder: Path) -> Permit:
    with Archive(folder) as archive:
        return gate.research(archive, "bench accuracy")[0]


def digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def refused_by(gate: Gate, permit: Permit, operation: Any = "template", content: bytes | None = b"first") -> str:
    """The rule that refuses."""
    with pytest.raises(Refused) as caught:
        gate.require(permit, operation, None if content is None else digest(content))
    verdict = caught.value.verdict
    assert verdict.verdict == "refuse"
    (finding,) = verdict.findings
    assert str(caught.value) == f"refused by the gate. [{finding.rule}] {finding.message}"
    return finding.rule


# --- listed research sets ---


def test_a_listed_set_gets_a_permit_for_its_very_files(gate, folder):
    with Archive(folder) as archive:
        permit, entry = gate.research(archive, "evaluate")
    assert (permit.kind, permit.operations, permit.purpose) == ("research", {"template", "match"}, "evaluate")
    assert (permit.source, entry) == ("drawn", gate.sets[0])
    assert permit.contents == {digest(content) for content in PICTURES.values()}
    assert permit.expires - permit.issued == LIFETIME


def test_every_file_of_the_set_is_covered(gate, permit):
    for content in PICTURES.values():
        gate.require(permit, "template", digest(content))
    gate.require(permit, "match")


def test_other_names_are_the_same_set(gate, folder):
    (folder / "Ada").rename(folder / "Zoë")
    assert ask(gate, folder).source == "drawn"


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "Ada" / "1.png").write_bytes(b"First"),
        lambda folder: (folder / "Ada" / "1.png").unlink(),
        lambda folder: (folder / "Ada" / "3.png").write_bytes(b"mine"),
        lambda folder: (folder / "Ada" / "1 again.png").write_bytes(b"first"),
        lambda folder: (folder / "empty.png").write_bytes(b""),
    ],
    ids=["one byte", "one file fewer", "one file more", "one file twice", "one empty file more"],
)
def test_a_changed_set_is_refused(gate, folder, change):
    change(folder)
    with pytest.raises(Refused) as caught:
        ask(gate, folder)
    (finding,) = caught.value.verdict.findings
    assert (finding.rule, finding.outcome, finding.mark) == ("listed-research-set", "refuse", "project-rule")
    assert caught.value.verdict.needs == ("record",)


def test_the_refusal_names_the_folder_and_says_what_to_do(gate, folder):
    (folder / "Ada" / "3.png").write_bytes(b"mine")
    with pytest.raises(Refused) as caught:
        ask(gate, folder)
    message = str(caught.value)
    assert message.startswith(f"refused by the gate. [listed-research-set] {folder} holds 4 files with the set digest ")
    assert "no listed research set (listed: drawn (3 files))" in message
    assert "(--record FILE)" in message
    assert message.endswith("For a listed set, name the whole, unchanged set.")


def test_an_empty_folder_is_refused(gate, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(Refused, match="holds 0 files"):
        ask(gate, tmp_path / "empty")


def test_a_gate_that_knows_no_set_refuses_any(folder):
    with pytest.raises(Refused, match=r"\(listed: none\)"):
        ask(Gate([]), folder)


def test_a_gate_knows_the_product_s_sets_unless_told_otherwise():
    assert [entry.id for entry in Gate().sets] == ["lfw-deepfunneled"]


def test_a_picture_changed_after_the_permit_is_not_covered(gate, permit):
    assert refused_by(gate, permit, content=b"First") == "permit-contents"


# --- simulated people ---


def test_simulated_people_may_be_stored_and_matched(gate):
    permit = gate.simulated("evaluate")
    assert (permit.kind, permit.operations, permit.contents) == ("simulated", {"store", "match"}, frozenset())
    gate.require(permit, "store")
    gate.require(permit, "match")


def test_a_simulated_permit_makes_no_template(gate):
    assert refused_by(gate, gate.simulated("evaluate")) == "permit-operation"


def test_a_simulated_permit_covers_no_picture(gate):
    assert refused_by(gate, gate.simulated("evaluate"), "match") == "permit-contents"


def test_a_research_permit_stores_nothing(gate, permit):
    assert refused_by(gate, permit, "store", None) == "permit-operation"


# --- permits ---


@pytest.mark.parametrize("operation", ["", "erase", "TEMPLATE", None])
def test_an_operation_that_does_not_exist_is_refused(gate, permit, operation):
    assert refused_by(gate, permit, operation, None) == "permit-operation"


OTHER = {
    "id": "0" * 16,
    "kind": "simulated",
    "operations": frozenset({"template", "match", "store"}),
    "purpose": "bench core",
    "source": "lfw-deepfunneled",
    "issued": NOON,
    "expires": datetime(2999, 1, 1, tzinfo=UTC),
    "contents": frozenset({digest(b"mine")}),
    "subject": "0" * 32,
    "record": "0" * 64,
    "modality": "face",
    "mode": "1:N",
    "signature": b"\x00" * 64,
}


@pytest.mark.parametrize("field", [field.name for field in fields(Permit)])
def test_a_permit_with_a_changed_field_is_not_genuine(gate, permit, field):
    assert refused_by(gate, replace(permit, **{field: OTHER[field]}), "match", None) == "permit-genuine"


@pytest.mark.parametrize("field", [field.name for field in fields(Permit)])
def test_nor_is_one_changed_after_the_gate_has_seen_it(gate, permit, field):
    gate.require(permit, "match")
    assert refused_by(gate, replace(permit, **{field: OTHER[field]}), "match", None) == "permit-genuine"


@pytest.mark.parametrize("more", [b"", digest(b"mine")], ids=["no digest", "another picture's"])
def test_a_permit_with_more_contents_is_not_genuine(gate, permit, more):
    assert refused_by(gate, replace(permit, contents=permit.contents | {more})) == "permit-genuine"


def test_contents_cut_elsewhere_are_not_genuine(gate, permit):
    whole = b"".join(sorted(permit.contents))
    assert refused_by(gate, replace(permit, contents=frozenset({whole[:16], whole[16:]}))) == "permit-genuine"


@pytest.mark.parametrize("signature", [b"", b"\x01", b"\xff" * 63, b"\xff" * 65])
def test_a_signature_of_another_length_is_not_genuine(gate, permit, signature):
    assert refused_by(gate, replace(permit, signature=signature)) == "permit-genuine"


def test_a_signature_copied_from_another_permit_is_not_genuine(gate, permit):
    assert refused_by(gate, replace(gate.simulated("x"), signature=permit.signature), "store") == "permit-genuine"


def test_another_gate_s_permit_is_not_genuine(folder, permit):
    assert refused_by(Gate([list_set(folder)]), permit) == "permit-genuine"


def test_what_only_looks_like_a_permit_is_not_genuine(gate, permit):
    class Lookalike(Permit):
        def message(self) -> bytes:
            return permit.message()

    forged = Lookalike(**{field.name: getattr(permit, field.name) for field in fields(Permit)} | {"contents": {b""}})
    assert refused_by(gate, forged) == "permit-genuine"


def test_an_unchanged_copy_is_as_good(gate, permit):
    gate.require(replace(permit), "template", digest(b"first"))


def test_a_permit_ends_on_time(folder):
    now = NOON
    gate = Gate([list_set(folder)], now=lambda: now)
    permit = ask(gate, folder)
    assert (permit.issued, permit.expires) == (NOON, NOON + LIFETIME)
    now = permit.expires - timedelta(microseconds=1)
    gate.require(permit, "template", digest(b"first"))
    now = permit.expires
    assert refused_by(gate, permit) == "permit-in-time"


# --- processing records ---


LABORATORY = Path(__file__).parents[2] / "policy" / "records" / "lab-volunteers.yaml"


def test_an_empty_record_is_refused_and_its_facts_are_needed(gate):
    verdict = gate.assess(Record(schema="threshold/processing-record/1"))
    assert verdict.verdict == "refuse"
    assert {"dep.jurisdiction", "op", "sec.encrypted"} <= set(verdict.needs)


def test_no_permit_is_made_from_a_record_that_the_rules_refuse(gate):
    with pytest.raises(Refused, match=r"\[operations-stated\]") as caught:
        gate.recorded(Record(schema="threshold/processing-record/1"))
    assert "live-enrolment-only" not in {finding.rule for finding in caught.value.verdict.findings}


def test_nor_from_one_that_they_allow_as_people_are_enrolled_one_by_one():
    gate = Gate([], now=lambda: datetime(2026, 11, 20, tzinfo=UTC))
    record = read(LABORATORY)
    assert gate.assess(record).verdict == "allow"
    with pytest.raises(Refused, match="enrolled live, one by one") as caught:
        gate.recorded(record)
    assert [f.rule for f in caught.value.verdict.findings if f.weight == "refuse"] == ["live-enrolment-only"]


def test_the_gate_judges_by_its_own_time(gate):
    early = Gate([], now=lambda: datetime(2026, 10, 1, tzinfo=UTC))
    assert early.assess(read(LABORATORY)).as_of == date(2026, 10, 1)
    assert early.assess(read(LABORATORY)).verdict == "refuse"  # nobody had consented yet
