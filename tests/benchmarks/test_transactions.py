"""Rows from anywhere: grades carried, exclusions listed, and two denominators that tell refusers and the rest apart."""

from pathlib import Path

import jsonschema
import pytest

from benchmarks.split import SplitError
from benchmarks.transactions import LaneRates, TransactionsError, gather, lane_rates, read_roster
from edge.transaction import Stamp, Transaction


def row(subject: str | None, session: str = "m0", lane: str = "face-1n", **more) -> Transaction:
    given = {
        "id": f"{lane}/{session}/{subject}",
        "lane": lane,
        "origin": "pilot",
        "session": session,
        "entered": Stamp.at(0),
        "presented": Stamp.at(500_000_000),
        "decided": Stamp.at(1_000_000_000),
        "crossed": Stamp.absent("not seen"),
        "attempts": 1,
        "decided_subject": subject,
        "true_subject": subject,
        "enrolled": True,
        "outcome": "opened",
        "reason": "matched",
        **more,
    }
    return Transaction(**given)


def denied(subject: str, session: str = "m0", reason: str = "below-threshold", **more) -> Transaction:
    return row(subject, session, **{"outcome": "denied", "reason": reason, "decided_subject": None, **more})


def at(decided_s: float) -> dict[str, Stamp]:
    return {"decided": Stamp.at(int(decided_s * 1e9))}


def file(folder: Path, rows: list[Transaction], name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(one.model_dump_json(by_alias=True) + "\n" for one in rows), encoding="utf-8")
    return path


def csv(folder: Path, text: str, name: str = "list.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("origins", "grade"),
    [(["pilot", "pilot"], "pilot"), (["pilot", "recording"], "recording"), (["recording", "simulation"], "simulated")],
)
def test_mixed_origins_take_the_weaker_grade(tmp_path: Path, origins: list[str], grade: str) -> None:
    files = [
        file(tmp_path, [row(f"s{n}", origin=origin), row(f"t{n}", origin=origin)], f"{n}.jsonl")
        for n, origin in enumerate(origins)
    ]
    gathered = gather(files)
    assert gathered.grade == grade
    assert [one.origins for one in gathered.sources] == [{origin: 2} for origin in origins]
    failures = lane_rates(gathered, "face-1n").assigned.failures
    assert failures is not None
    assert failures.grade == grade


def test_a_row_is_left_out_with_its_reason_or_not_at_all(tmp_path: Path) -> None:
    path = file(tmp_path, [row("a"), row("b"), row("c")])
    gathered = gather([path], csv(tmp_path, "id,reason\nface-1n/m0/b,left the building\n"))
    assert [one.true_subject for one in gathered.rows] == ["a", "c"]
    assert [one.model_dump() for one in lane_rates(gathered, "face-1n").exclusions] == [
        {"id": "face-1n/m0/b", "reason": "left the building"}
    ]
    for text, said in (
        ("id,reason\nnone,why\n", "which none has"),
        ("id,reason\nface-1n/m0/b,\n", "line 2"),
        ("id\nface-1n/m0/b\n", "columns id, reason"),
        ("id,reason\nface-1n/m0/b\n", "2 fields"),
    ):
        with pytest.raises(TransactionsError, match=said):
            gather([path], csv(tmp_path, text))


def test_rows_that_can_not_be_read_are_named_and_never_skipped(tmp_path: Path) -> None:
    whole = row("a").model_dump_json(by_alias=True)
    for text, said in (
        (whole + "\n" + whole[:40] + "\n", "line 2: expected one JSON document"),
        (whole.replace('"attempts":1', '"attempts":-1'), "line 1, key attempts"),
        (whole.replace("transaction/1", "transaction/9"), "later"),
        (whole + "\n" + whole, "twice"),
        ("", "at least one row"),
    ):
        (tmp_path / "rows.jsonl").write_text(text, encoding="utf-8")
        with pytest.raises(TransactionsError, match=said):
            gather([tmp_path / "rows.jsonl"])
    with pytest.raises(TransactionsError, match="can be read"):
        gather([tmp_path / "absent.jsonl"])


ROSTER = "subject,standing,fallback\na,user,register\nb,user,register\nr,refused,register\nn,not-enrolled,tag-uid\n"


def side_by_side(tmp_path: Path) -> LaneRates:
    rows = [
        row("a", "m0", **at(1.0)),
        row("a", "m1", **at(2.0)),
        denied("b", "m0", **at(1.0)),
        row("b", "m0", "register", **at(9.0)),
        row("b", "m1", **at(3.0)),
        row("r", "m0", "register", **at(20.0)),
        row("r", "m1", "register", **at(30.0)),
        row("n", "m0", "tag-uid", **at(2.0)),
        row("n", "m1", "tag-uid", **at(2.0), outcome="denied", reason="tag-not-read"),
    ]
    return lane_rates(gather([file(tmp_path, rows)]), "face-1n", read_roster(csv(tmp_path, ROSTER)))


def test_refusers_and_failures_to_enrol_count_in_the_second_denominator_with_the_fallbacks_time(tmp_path: Path) -> None:
    found = side_by_side(tmp_path)
    assert found.users.failures is not None
    assert found.assigned.failures is not None
    assert (found.users.failures.numerator, found.users.failures.denominator) == (1, 4)
    assert (found.assigned.failures.numerator, found.assigned.failures.denominator) == (5, 8)
    assert (found.users.persons, found.assigned.persons) == (2, 4)
    assert found.assigned.reasons == {"below-threshold": 1, "refused": 2, "not-enrolled": 2}
    # 1 and 2 s; 1 s at the lane and 9 at the register; 3 s: and then 20, 30 and 2 s of those the lane isn't for.
    assert found.users.time["p50"].value == 2.0
    assert found.users.time["p95"].value == 10.0
    assert found.assigned.time["p95"].value == 30.0
    assert (found.users.never_served, found.assigned.never_served) == (0, 1)
    assert found.standings == {"user": 2, "refused": 1, "not-enrolled": 1}


def test_failures_to_enrol_are_of_those_who_were_tried(tmp_path: Path) -> None:
    fte = side_by_side(tmp_path).fte
    assert fte is not None
    assert (fte.numerator, fte.denominator) == (1, 3)  # who refused wasn't tried
    rows = gather([file(tmp_path, [row("a"), row("b")])])
    assert lane_rates(rows, "face-1n").fte is None  # without a roster nobody knows


def test_what_a_face_lane_has_beside(tmp_path: Path) -> None:
    rows = [
        row("a"),
        denied("b", reason="no-face"),
        denied("c"),
        row("d", decided_subject="a"),
        row("x", enrolled=False, decided_subject="a"),
        denied("y", enrolled=False),
    ]
    found = lane_rates(gather([file(tmp_path, rows)]), "face-1n")
    counts = {
        name: (rate.numerator, rate.denominator)
        for name in ("fta", "fnir", "misidentification", "fpir")
        if (rate := getattr(found, name)) is not None
    }
    assert counts == {"fta": (1, 4), "fnir": (2, 3), "misidentification": (1, 3), "fpir": (1, 2)}
    # The door opened for d: no failure of the door, and yet an error.
    assert found.users.failures is not None
    assert found.users.failures.numerator == 2
    tag = lane_rates(gather([file(tmp_path, [row("a", lane="tag-uid"), row("b", lane="tag-uid")])]), "tag-uid")
    assert (tag.fta, tag.fnir, tag.misidentification) == (None, None, None)


def test_thresholds_are_fixed_on_other_people(tmp_path: Path) -> None:
    rows = gather([file(tmp_path, [row("a"), row("b")])])
    others = gather([file(tmp_path, [row("c"), row("d")], "other.jsonl")])
    same = gather([file(tmp_path, [row("b"), row("c")], "same.jsonl")])
    assert "not stated" in lane_rates(rows, "face-1n").threshold_fixed
    assert "other people" in lane_rates(rows, "face-1n", development=others).threshold_fixed
    with pytest.raises(SplitError, match="'b'"):
        lane_rates(rows, "face-1n", development=same)


def test_rows_and_roster_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    roster = read_roster(csv(tmp_path, ROSTER))
    for rows, said in (
        ([row("a"), row("stranger")], "'stranger', who is not on it"),
        ([row("a"), row(None)], "true subject"),
        ([row("a", lane="tag-uid")], "found nobody"),
    ):
        with pytest.raises(TransactionsError, match=said):
            lane_rates(gather([file(tmp_path, rows)]), "face-1n", roster)
    for text in (
        "subject,standing,fallback\na,perhaps,\n",
        "subject,standing,fallback\na,user,window\n",
        "subject,standing,fallback\na,user,\na,user,\n",
        "subject,standing,fallback\n",
    ):
        with pytest.raises(TransactionsError, match="expected"):
            read_roster(csv(tmp_path, text))


def test_groups_are_shown_by_their_own_labels(tmp_path: Path) -> None:
    people = [f"s{n:02d}" for n in range(70)]
    rows = [denied(one) if one == "s00" else row(one) for one in people]
    labels = {one: "left" if n < 35 else "right" for n, one in enumerate(people)}
    found = lane_rates(gather([file(tmp_path, rows)]), "face-1n", labels=labels).groups
    assert found is not None
    assert [group.rate.numerator for group in found.groups if group.rate] == [1, 0]


def test_the_document_holds_to_its_own_schema(tmp_path: Path) -> None:
    document = side_by_side(tmp_path).model_dump(mode="json", by_alias=True)
    assert document["schema"] == "threshold/rates/1"
    jsonschema.validate(document, LaneRates.model_json_schema(by_alias=True))
