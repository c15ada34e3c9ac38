"""Threshold's own record names every field that the program logs about people, and as long as it is kept."""

from __future__ import annotations

from pathlib import Path

from edge.attendance import Note, Sheet
from edge.transaction import Transaction
from policy import entry
from policy.record import Record, read

RECORD: Record = read(Path(entry.__file__).parent / "records" / "threshold-lab.yaml")
BODIES = {
    part.model_fields["kind"].default: part
    for part in vars(entry).values()
    if isinstance(part, type) and issubclass(part, entry._Body) and part is not entry._Body
}


def stated() -> dict[str, object]:
    assert isinstance(RECORD.field, tuple)
    return {field.id: field for field in RECORD.field}


def logged() -> set[str]:
    rows = {f"transaction.{field.alias or name}" for name, field in Transaction.model_fields.items()}
    notes = {*Sheet.model_fields, *Note.model_fields} - {"notes"}
    rows |= {f"attendance.{name.rstrip('_')}" for name in notes}
    return rows | {f"ledger.{kind}.{name}" for kind in entry.KEEP for name in BODIES[kind].model_fields}


def test_every_logged_field_is_in_the_record_and_nothing_else_is() -> None:
    assert set(stated()) == logged() | {"template"}


def test_every_kind_of_entry_that_knows_people_is_kept_for_a_time() -> None:
    people = {
        kind
        for kind, body in BODIES.items()
        if {"subject", "guardians", "witness"} & set(body.model_fields) and kind not in ("erased", "closed")
    }
    assert people <= set(entry.KEEP)


def test_the_record_says_how_long_the_ledger_really_keeps_them() -> None:
    for name, field in stated().items():
        if name.startswith("ledger."):
            assert field.period == f"P{round(entry.KEEP[name.split('.')[1]].days / 365.25)}Y", name  # type: ignore[attr-defined]


def test_log_operation_names_all_of_them() -> None:
    assert isinstance(RECORD.op, tuple)
    fields = [set(operation.fields) for operation in RECORD.op if operation.kind == "log"]
    assert set.union(*fields) == logged()
    assert sum(map(len, fields)) == len(logged()), "each under one purpose"


def test_attendance_is_a_purpose_of_its_own() -> None:
    assert isinstance(RECORD.purp, tuple)
    assert isinstance(RECORD.op, tuple)
    (presence,) = (purpose.id for purpose in RECORD.purp if purpose.kind == "attendance")
    assert {(operation.kind, operation.modality) for operation in RECORD.op if operation.purpose == presence} == {
        ("match", "tag"), ("log", "none")}  # fmt: skip
    for name, field in stated().items():
        mine = name.startswith(("attendance.", "ledger.corrected."))
        assert (field.purpose == presence) == mine, name  # type: ignore[attr-defined]
