"""Rows and the observer's sheet put together without a guess; what a pilot shows; what is altered in it is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from test_bundle import KEY, Hands, Made, changed, declared, said

from benchmarks.bundle import REPORT, verify
from benchmarks.language import LANGUAGES, Language
from benchmarks.pilot.join import Join, JoinError, companion, devices_of, join, written
from benchmarks.pilot.outcome import OutcomeError, Pilot
from benchmarks.pilot.packed import DOCUMENT, Counted, count, pack
from benchmarks.pilot.page import sheet_page, table
from benchmarks.pilot.report import render
from benchmarks.pilot.schedule import plan
from benchmarks.pilot.sheet import SheetError, read_people, read_plan, read_sheet, write_people, write_sheet
from benchmarks.transactions import Gathered, lane_rates
from edge.device.note import DeviceNote, LaneNote
from edge.transaction import Lane, Origin, Stamp, Transaction
from models.registry import Registry
from policy.database import Database
from policy.entry import Declared, Refused
from policy.evidence import read as read_measured
from policy.ledger import FORM, Ledger
from policy.measured import MEASURED

ZONE = timezone(timedelta(hours=1))
MONDAY = datetime(2026, 3, 2, 7, 0, tzinfo=ZONE)
WHO = {f"{number:032x}": f"volunteer-{number:02d}" for number in range(1, 13)}
STORE = {person: pseudonym for pseudonym, person in WHO.items()}
HEAD = "day,date,person,round,place,lane,time,let_in,reason,seconds,row\n"
NETWORKS = {each: Registry.bundled()[each].sha256 for each in ("bundled-detector", "bundled-embedder")}


def row(
    person: str,
    second: float,
    opened: bool = True,
    lane: Lane = "tag-uid",
    begun: datetime = MONDAY,
    origin: Origin = "pilot",
) -> Transaction:
    """As a device writes it: `second` seconds into its session, half a second long."""
    at, who = round(second * 1e9), STORE.get(person, person)
    session = f"{begun.isoformat()}/{lane}-door"
    return Transaction(
        id=f"{session}-{second:g}",
        lane=lane,
        origin=origin,
        session=session,
        entered=Stamp.at(at),
        presented=Stamp.at(at + 200_000_000),
        decided=Stamp.at(at + 500_000_000),
        crossed=Stamp.absent("not-observed"),
        attempts=1,
        claimed=who,
        decided_subject=who if opened else None,
        outcome="opened" if opened else "denied",
        reason=("matched" if lane == "face-tag" else "tag-known") if opened else "below-threshold",
    )


def line(person: str, time: str, let_in: str = "lane", lane: str = "tag-uid", rest: str = ",,") -> str:
    """One line of the sheet; `rest` is reason, seconds, row."""
    return f"1,2026-03-02,{person},1,1,{lane},{time},{let_in},{rest}\n"


def joined(rows: Sequence[Transaction], text: str, **more: Any) -> tuple[dict[str, Transaction], Join]:
    content = (HEAD + text).encode()
    lines = read_sheet(content, "sheet.csv")
    out, told = join({"rows.jsonl": written(rows)}, ("sheet.csv", content, lines), WHO, more.pop("devices", ()), **more)
    return {each.id: each for each in out}, told


def left(told: Join) -> list[tuple[str, str, int]]:
    return [(one.kind, one.file, one.line) for one in told.left]


# --- the sheet ---


def test_the_plan_becomes_a_sheet_with_a_line_for_each_transaction() -> None:
    found = plan(4, 2, ("face-tag", "tag-uid", "key"), rounds=2)
    planned = read_plan(table(found).encode(), "plan.csv")
    text = write_sheet(planned, [date(2026, 3, 2), date(2026, 3, 3)])
    lines = read_sheet(text.encode(), "sheet.csv")
    assert len(lines) == found.shows.total == 4 * 2 * 3 * 2
    assert {each.let_in for each in lines} == {None}
    assert {each.date for each in lines} == {date(2026, 3, 2), date(2026, 3, 3)}
    with pytest.raises(SheetError, match="one for each of the plan's 2 days, found 1"):
        write_sheet(planned, [date(2026, 3, 2)])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_printed_sheet_is_whole_and_loads_nothing(language: Language) -> None:
    planned = read_plan(table(plan(3, 2, ("face-tag", "tag-uid"))).encode(), "plan.csv")
    text = sheet_page(planned, [date(2026, 3, 2), date(2026, 3, 3)], language)
    root = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>"))  # noqa: S314  our own text
    assert root.get("lang") == language
    assert text.count("volunteer-02") == 4
    assert "2026-03-03" in text
    assert not {"script", "link", "img"} & {element.tag for element in root.iter()}


def test_a_spreadsheet_in_swedish_is_read_as_well() -> None:
    text = HEAD.replace(",", ";") + "1;2026-03-02;volunteer-01;1;1;key;7:41;lane;;5,5;\n;;;;;;;;;;\n"
    (found,) = read_sheet(text.encode("utf-8-sig"), "sheet.csv")
    assert (found.seconds, str(found.time)) == (5.5, "07:41:00")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (line("Eva Lind", "07:01"), "line 2: person: expected a pseudonym of the plan"),
        (line("volunteer-01", "07:01", "window"), "line 2: let_in: expected one of lane, hand"),
        (line("volunteer-01", "soon"), "line 2: time: expected a time of day"),
        (line("volunteer-01", ""), "line 2: time"),
        (line("volunteer-01", "07:01").replace("2026-03-02", "Monday"), "line 2: date"),
        (line("volunteer-01", "07:01", "hand", rest="tired,,"), "line 2: reason: expected one of forgotten"),
        (line("volunteer-01", "07:01", rest="forgotten,,"), "nothing, or stranger, where let_in is lane"),
        (line("volunteer-01", "07:01", "hand", rest=",-4,"), "line 2: seconds"),
        (line("volunteer-01", "07:01", "", rest=",12,"), "line 2: let_in: expected one of"),
        (line("volunteer-01", "07:01", lane="turnstile"), "line 2: lane: expected one of face-1n"),
        (2 * line("volunteer-01", "07:01"), "line 3: expected each planned transaction once, found the one of 2"),
        ("", "found none"),
    ],
)
def test_every_line_that_cannot_be_is_told_and_no_name_is_repeated(wrong: str, says: str) -> None:
    with pytest.raises(SheetError) as told:
        read_sheet((HEAD + wrong).encode(), "sheet.csv")
    assert says in str(told.value)
    assert "Eva" not in str(told.value)


def test_who_is_who_is_read_back_and_a_name_is_none() -> None:
    text = write_people([(person, pseudonym) for pseudonym, person in WHO.items()] + [("volunteer-99", None)])
    assert read_people(text.encode(), "people.csv") == WHO
    for wrong in ("Eva Lind," + "0" * 32, "volunteer-01,xyz"):
        with pytest.raises(SheetError, match="line 2"):
            read_people(f"person,pseudonym\n{wrong}\n".encode(), "people.csv")


# --- the join ---


def test_who_came_is_what_the_observer_saw_and_nothing_else_changes() -> None:
    rows = [row("volunteer-01", 60), row("volunteer-02", 200, False)]
    text = line("volunteer-01", "07:01") + line("volunteer-02", "07:03", "hand", rest="not-recognised,25,")
    found, told = joined(rows, text)
    assert [each.true_subject for each in found.values()] == ["volunteer-01", "volunteer-02"]
    assert {each.claimed for each in found.values()} == {"volunteer-01", "volunteer-02"}
    for before in rows:
        after = found[before.id]
        assert after.model_copy(
            update={"claimed": before.claimed, "decided_subject": before.decided_subject,
                    "true_subject": None, "enrolled": None}
        ) == before  # fmt: skip
    assert (told.left, told.lines) == ((), {2: rows[0].id, 3: rows[1].id})


def test_a_row_that_nobody_saw_keeps_an_unknown_true_subject_and_is_named() -> None:
    found, told = joined([row("volunteer-01", 60), row("volunteer-02", 300)], line("volunteer-01", "07:01"))
    assert [each.true_subject for each in found.values()] == ["volunteer-01", None]
    assert left(told) == [("nobody-looked", "rows.jsonl", 2)]


def test_whom_the_device_took_for_another_is_not_guessed() -> None:
    """The observer saw 01 let in; the device has a row of 02. A person settles it in the column row."""
    taken = row("volunteer-02", 60)
    found, told = joined([taken], line("volunteer-01", "07:01"))
    assert found[taken.id].true_subject is None
    assert left(told) == [("no-row", "sheet.csv", 2), ("nobody-looked", "rows.jsonl", 1)]
    found, told = joined([taken], line("volunteer-01", "07:01", rest=f",,{taken.id}"))
    assert (found[taken.id].true_subject, found[taken.id].decided_subject) == ("volunteer-01", "volunteer-02")
    assert told.left == ()
    with pytest.raises(JoinError, match="line 2: row: expected the id of a row at tag-uid"):
        joined([taken], line("volunteer-01", "07:01", rest=",,another"))


def test_tries_of_one_transaction_become_one_and_two_that_opened_do_not() -> None:
    tries = [row("volunteer-01", 60, False), row("volunteer-01", 70, False), row("volunteer-01", 80)]
    found, told = joined(tries, line("volunteer-01", "07:01"))
    (one,) = found.values()
    assert (one.attempts, one.outcome, one.entered, one.decided) == (3, "opened", tries[0].entered, tries[2].decided)
    assert told.left == ()
    found, told = joined([row("volunteer-01", 60), row("volunteer-01", 70)], line("volunteer-01", "07:01"))
    assert {each.true_subject for each in found.values()} == {None}
    assert left(told) == [("ambiguous", "sheet.csv", 2)]


def test_a_row_that_two_lines_fit_belongs_to_neither() -> None:
    first, second = line("volunteer-01", "07:01"), line("volunteer-01", "07:02").replace(",1,1,tag", ",2,1,tag")
    found, told = joined([row("volunteer-01", 90)], first + second)
    assert [each.true_subject for each in found.values()] == [None]
    assert left(told) == [("ambiguous", "sheet.csv", 2), ("ambiguous", "sheet.csv", 3)]
    assert "line 3 of the sheet" in told.left[0].says


def test_a_second_round_of_a_day_is_another_transaction() -> None:
    again = line("volunteer-01", "07:30").replace(",1,1,tag", ",2,1,tag")
    found, _ = joined([row("volunteer-01", 60), row("volunteer-01", 1800)], line("volunteer-01", "07:01") + again)
    assert len({each.session for each in found.values()}) == 2
    assert {each.true_subject for each in found.values()} == {"volunteer-01"}


@pytest.mark.parametrize(
    ("opened", "let_in", "rest"),
    [(True, "hand", ",,"), (False, "lane", ",,"), (True, "no", "gave-up,,"), (True, "absent", ",,"),
     (False, "no", "refused,,")],
)  # fmt: skip
def test_row_and_observer_who_say_different_things_are_named(opened: bool, let_in: str, rest: str) -> None:
    found, told = joined([row("volunteer-01", 60, opened)], line("volunteer-01", "07:01", let_in, rest=rest))
    assert [each.true_subject for each in found.values()] == [None]
    assert left(told) == [("contradicted", "sheet.csv", 2)]


def test_who_never_reached_the_device_counts_and_lanes_without_one_are_timed_by_hand() -> None:
    text = (
        line("volunteer-01", "07:01")
        + line("volunteer-02", "07:03", "hand", rest="forgotten,25,")
        + line("volunteer-03", "07:04", "behind")
        + line("volunteer-04", "07:05", "no", rest="gave-up,,")
        + line("volunteer-05", "", "no", rest="refused,,")
        + line("volunteer-06", "", "absent")
        + line("volunteer-07", "", "")
        + line("volunteer-01", "07:10", lane="key", rest=",5.5,")
        + line("volunteer-02", "07:11", lane="key")
        + line("volunteer-03", "07:12", rest="stranger,,")
    )
    found, told = joined([row("volunteer-01", 60)], text.replace("1,1,tag-uid,07:12", "2,1,tag-uid,07:12"))
    made = {key: (each.outcome, each.reason) for key, each in found.items() if key.startswith("sheet-")}
    assert made == {
        "sheet-3": ("denied", "forgotten"),
        "sheet-4": ("abandoned", "went-in-behind"),
        "sheet-5": ("abandoned", "gave-up"),
        "sheet-6": ("abandoned", "refused"),
        "sheet-9": ("opened", "noted-by-hand"),
    }
    assert found["sheet-9"].opened_ns == 5_500_000_000
    assert found["sheet-3"].session.startswith("2026-03-02T07:03:00+01:00/")
    assert left(told) == [("no-row", "sheet.csv", 10), ("no-row", "sheet.csv", 11)]
    assert {each.origin for each in found.values()} == {"pilot"}


def test_whom_the_device_did_not_know_counts_as_not_recognised() -> None:
    """Searched among all, an enrolled person who isn't found leaves no row: without the sheet FNIR would be 0."""
    text = "".join(line(f"volunteer-{who:02d}", f"07:0{who}", lane="face-1n") for who in range(1, 5))
    text += line("volunteer-05", "07:05", "hand", "face-1n", "not-recognised,20,")
    rows = [row(f"volunteer-{who:02d}", 60 * who, lane="face-1n") for who in range(1, 5)]
    found, told = joined(rows, text)
    assert told.left == ()
    rates = lane_rates(Gathered(tuple(found.values()), (), ()), "face-1n")
    assert rates.fnir is not None
    assert (rates.fnir.numerator, rates.fnir.denominator) == (1, 5)


def test_people_outside_the_plan_and_their_pseudonyms_stay_where_they_are() -> None:
    found, told = joined([row("volunteer-01", 60), row("f" * 32, 90)], line("volunteer-01", "07:01"))
    assert (len(found), told.elsewhere) == (1, 1)
    assert "f" * 32 not in told.model_dump_json()
    with pytest.raises(JoinError, match="expected rows of people of the plan, found none"):
        joined([row("f" * 32, 90)], line("volunteer-01", "07:01"))


def test_a_recording_stays_one_and_what_was_joined_is_not_joined_again() -> None:
    text = line("volunteer-01", "07:01") + line("volunteer-02", "07:03", "hand", rest="forgotten,25,")
    found, _ = joined([row("volunteer-01", 60, origin="recording")], text)
    assert {each.origin for each in found.values()} == {"recording"}
    with pytest.raises(JoinError, match="one that was joined already"):
        join({"rows.jsonl": written(list(found.values()))}, ("s", b"", ()), WHO, ())


# --- what a pilot shows ---


@pytest.fixture(scope="module")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve people, four days: the tag is forgotten on every day by one of them in three, the face never."""
    folder = tmp_path_factory.mktemp("pilot")
    hands = Hands()
    with Database(folder / "l.db", [FORM]) as database:
        book = Ledger(database, KEY, hands)
        book.append(Refused(modality="face", rules=("consent",)), declared(0.02))
        book.append(Declared(alternative="tag", measure="seconds", margin=0.1, need=0.2))
    rows: dict[Path, list[Transaction]] = {}
    text = HEAD
    for day in range(4):
        begun = MONDAY + timedelta(days=day)
        for number, person in enumerate(WHO.values()):
            for lane, second in (("face-tag", 600 + 120 * number), ("tag-uid", 3600 + 120 * number)):
                time = (begun + timedelta(seconds=second)).strftime("%H:%M")
                forgot = lane == "tag-uid" and (number + day) % 3 == 0
                told = f"{time},hand,forgotten,{20 + number}," if forgot else f"{time},lane,,,"
                text += f"{day + 1},{begun.date()},{person},1,1,{lane},{told}\n"
                if not forgot:
                    path = folder / f"transactions-{lane}-{begun.date()}-0123abcd.jsonl"
                    rows.setdefault(path, []).append(row(person, second, lane=lane, begun=begun))  # type: ignore[arg-type]
    for path, kept in rows.items():
        path.write_bytes(written(kept))
        note = DeviceNote(
            session=kept[0].session,
            program="threshold",
            origin="pilot",
            lanes=(LaneNote(lane=kept[0].lane, threshold=0.57 if kept[0].lane == "face-tag" else None),),
            networks=NETWORKS if kept[0].lane == "face-tag" else {},
            door="relay",
        )
        path.with_name(f"device-{path.stem.removeprefix('transactions-')}.json").write_text(
            note.model_dump_json(by_alias=True)
        )
    (folder / "sheet.csv").write_text(text)
    content = text.encode()
    found, told = join(
        {path.name: path.read_bytes() for path in sorted(rows)},
        ("sheet.csv", content, read_sheet(content, "sheet.csv")),
        WHO,
        devices_of(sorted(rows)),
    )
    (folder / "pilot.jsonl").write_bytes(written(found))
    companion(folder / "pilot.jsonl").write_text(told.model_dump_json(by_alias=True))
    counted = counts(folder)
    pack(counted, folder / "p.bundle", KEY, {REPORT: render(counted.pilot, "en").encode()})
    return folder


def counts(folder: Path) -> Counted:
    return count([folder / "pilot.jsonl"], folder / "l.db", folder / "sheet.csv")


def test_what_was_counted_is_told_with_the_sentences_that_a_pilot_may_say(pilot: Path) -> None:
    found = counts(pilot).pilot
    denied, seconds = found.compared
    assert denied.sentence == "better by"
    assert denied.difference.value == pytest.approx(-1 / 3)
    assert denied.difference.interval[1] < -denied.margin
    assert (denied.reached, denied.persons, denied.persons_needed, denied.entry) == (True, 12, None, 3)
    assert (seconds.sentence, seconds.difference.value) == ("equivalent within the margin", 0.0)
    tag = found.lanes["tag-uid"]
    assert tag.rates.assigned.failures is not None
    assert (tag.rates.assigned.failures.numerator, tag.rates.assigned.failures.denominator) == (16, 48)
    assert (tag.noted, tag.rates.grade) == (16, "pilot")
    assert tag.observed is not None
    assert tag.observed.let_in == {"hand": 16, "lane": 32}
    assert tag.observed.by_hand is not None
    assert [(day.expected, day.came, day.transactions) for day in found.days] == [(12, 12, 24)] * 4
    assert (found.undescribed, found.changed, found.unknown, found.left) == (0, (), {}, ())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_names_nobody_and_loads_nothing(pilot: Path, language: Language) -> None:
    text = render(counts(pilot).pilot, language)
    root = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>"))  # noqa: S314  our own text
    assert root.get("lang") == language
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert "volunteer-" not in text
    assert not {"script", "link", "img", "iframe"} & {element.tag.rpartition("}")[2] for element in root.iter()}
    assert NETWORKS["bundled-embedder"] in text


def test_settings_that_changed_on_the_way_are_said(pilot: Path) -> None:
    found = counts(pilot).pilot
    other = found.devices[0].lanes[0].model_copy(update={"threshold": 0.6})
    note = found.devices[0].model_copy(update={"lanes": (other,)})
    from benchmarks.pilot.outcome import _changed

    assert _changed((note, *found.devices[1:])) == ("face-tag.threshold",)
    text = render(found.model_copy(update={"changed": ("face-tag.threshold",)}), "en")
    assert "Settings changed while the pilot ran" in text


def test_a_bundle_of_it_verifies_and_the_gate_reads_it(pilot: Path) -> None:
    found = verify(pilot / "p.bundle", KEY.public_key())
    assert (found.broken, found.figures > 200) == ((), True)
    assert found.bundle.manifest.networks == NETWORKS
    assert set(found.bundle.files) == {
        "pilot-1.jsonl", "pilot-1.join.json", "sheet.csv", DOCUMENT, REPORT, MEASURED,
    }  # fmt: skip
    assert [one.shown for one in read_measured(pilot / "p.bundle", KEY.public_key())] == [True, True]


def document(change: Callable[[Any], None], name: str = DOCUMENT) -> Any:
    def edit(files: dict[str, bytes], _: dict[str, Any]) -> None:
        told = json.loads(files[name])
        change(told)
        files[name] = json.dumps(told).encode()

    return edit


def sheet(old: str, new: str) -> Any:
    def edit(files: dict[str, bytes], _: dict[str, Any]) -> None:
        assert old.encode() in files["sheet.csv"]
        files["sheet.csv"] = files["sheet.csv"].replace(old.encode(), new.encode(), 1)

    return edit


def figure(told: Any) -> None:
    told["lanes"]["tag-uid"]["rates"]["assigned"]["failures"]["numerator"] = 1


def sentence(told: Any) -> None:
    told["compared"][1]["sentence"] = "better by"


def swapped(told: Any) -> None:
    for note in told["devices"]:
        note["networks"] = dict.fromkeys(note["networks"], "0" * 64)


def row_removed(files: dict[str, bytes], _: dict[str, Any]) -> None:
    files["pilot-1.jsonl"] = b"".join(files["pilot-1.jsonl"].splitlines(keepends=True)[1:])


def somebody_else(files: dict[str, bytes], _: dict[str, Any]) -> None:
    old = b'"true_subject":"volunteer-01"'
    files["pilot-1.jsonl"] = files["pilot-1.jsonl"].replace(old, old.replace(b"01", b"02"), 1)


def page(files: dict[str, bytes], _: dict[str, Any]) -> None:
    files[REPORT] = files[REPORT].replace(b"equivalent within the margin", b"better by 0.50 s", 1)


def network(_: dict[str, bytes], manifest: dict[str, Any]) -> None:
    manifest["networks"]["bundled-embedder"] = "0" * 64


def gone(name: str) -> Any:
    def edit(files: dict[str, bytes], _: dict[str, Any]) -> None:
        del files[name]

    return edit


@pytest.mark.parametrize(
    ("change", "kind", "where"),
    [
        (document(figure), "figure", "lanes.tag-uid.rates.assigned.failures.numerator"),
        (document(sentence), "figure", "compared.1"),
        (document(swapped), "network swapped", "bundled-embedder, session"),
        (document(swapped, "pilot-1.join.json"), "figure", "devices"),
        (network, "network swapped", "bundled-embedder"),
        (row_removed, "transaction removed", "sheet, line 2"),
        (somebody_else, "transaction altered", "sheet, line 2"),
        (sheet("volunteer-01", "volunteer-02"), "sheet swapped", "sheet"),
        (sheet(",hand,forgotten,", ",lane,,"), "transaction altered", "sheet-"),
        (page, "report", "line"),
        (gone("sheet.csv"), "sheet missing", "sheet"),
        (gone("pilot-1.join.json"), "sheet", "sheet"),
        (gone(DOCUMENT), "file missing", DOCUMENT),
        (gone(REPORT), "file missing", REPORT),
        (gone(MEASURED), "file missing", MEASURED),
    ],
)
def test_what_is_altered_removed_or_swapped_is_named_though_the_same_key_signed_again(
    pilot: Path, tmp_path: Path, change: Any, kind: str, where: str
) -> None:
    made = Made(None, tmp_path, pilot / "p.bundle", None)  # type: ignore[arg-type]
    found = changed(made, tmp_path / "bad.bundle", change, KEY)
    assert any(what == kind and where in place for what, place in said(found)), said(found)


def test_without_the_key_every_file_that_was_altered_is_named(pilot: Path, tmp_path: Path) -> None:
    made = Made(None, tmp_path, pilot / "p.bundle", None)  # type: ignore[arg-type]
    for change, name in (
        (document(figure), DOCUMENT),
        (sheet("volunteer-01", "volunteer-02"), "sheet.csv"),
        (row_removed, "pilot-1.jsonl"),
        (page, REPORT),
    ):
        assert ("file altered", name) in said(changed(made, tmp_path / "bad.bundle", change))
    assert ("file missing", "sheet.csv") in said(changed(made, tmp_path / "bad.bundle", gone("sheet.csv")))


def test_rows_sheet_and_join_go_together_or_not_at_all(pilot: Path, tmp_path: Path) -> None:
    with pytest.raises(OutcomeError, match="sheet missing"):
        count([pilot / "pilot.jsonl"], pilot / "l.db")
    (tmp_path / "alone.jsonl").write_bytes((pilot / "pilot.jsonl").read_bytes())
    with pytest.raises(OutcomeError, match="rows that were joined with it"):
        count([tmp_path / "alone.jsonl"], pilot / "l.db", pilot / "sheet.csv")
    alone = count([tmp_path / "alone.jsonl"], pilot / "l.db").pilot
    assert "No observer's sheet is attached" in render(alone, "en").replace("&#39;", "'")
    assert isinstance(alone, Pilot)
