"""`threshold enrol | revoke | export | erase | status`: people, through the gate."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from policy.errors import PolicyError
from threshold.output import console, emit
from threshold.site import AnchorFile, Json, StoreFolder, open_store

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from policy.enrolment import NotEnrolled
    from policy.store import Store
    from policy.subject import File

ENROL = (
    "Example: threshold enrol volunteer-07 --face --source /dev/video0 --record site.yaml --witness 'Eva Lind' "
    "--document passport --age 34 --role volunteer --notice 1.2   With a tag: --tag 04a1b2c3 instead of --face"
)
SheetsFolder = Annotated[
    Path | None,
    typer.Option("--sheets", metavar="DIR", help="A device's sheets of attendance: the person's notes in them, too."),
]
Reference = Annotated[str, typer.Argument(metavar="REFERENCE", help="What the site calls the person.")]


class Document(StrEnum):
    """What the witness saw."""

    passport = "passport"
    national_id = "national-id"
    driving_licence = "driving-licence"
    school_register = "school-register"
    staff_register = "staff-register"


class Role(StrEnum):
    """What the person is to the site."""

    pupil = "pupil"
    student = "student"
    staff = "staff"
    guardian = "guardian"
    visitor = "visitor"
    member = "member"
    volunteer = "volunteer"


class For(StrEnum):
    """What a person agreed to be recognised for."""

    door = "door"
    attendance = "attendance"


class By(StrEnum):
    """Whose consent."""

    subject = "subject"
    guardian = "guardian"
    both = "both"


class Child(StrEnum):
    """The child's own say."""

    agreed = "agreed"
    objected = "objected"
    no_answer = "no-answer"
    adult = "adult"


class Lang(StrEnum):
    """The letters' language."""

    en = "en"
    sv = "sv"
    is_ = "is"


class Kind(StrEnum):
    """What consent is withdrawn to: a reference, being noted as present, or everything."""

    face = "face"
    tag = "tag"
    attendance = "attendance"
    all = "all"


_WHICH: dict[Kind, Literal["face", "tag", "all"]] = {Kind.face: "face", Kind.tag: "tag", Kind.all: "all"}


class NotHeld(PolicyError, LookupError):
    """Error raised when consent to something is withdrawn that isn't enrolled: says what is."""


def enrol(
    reference: Reference,
    witness: Annotated[str, typer.Option(help="Who attests age and role: a named person, not the one enrolled.")],
    document: Annotated[Document, typer.Option(help="The document the witness saw.")],
    age: Annotated[int, typer.Option(min=0, max=130, help="Age in years, as that document says.")],
    role: Annotated[Role, typer.Option(help="A pupil of the school is one at any age.")],
    tag: Annotated[str | None, typer.Option(metavar="UID", help="Enrol a tag: its identifier, hexadecimal.")] = None,
    face: Annotated[bool, typer.Option("--face", help="Enrol a face, live, before a camera.")] = False,
    source: Annotated[
        str,
        typer.Option(
            metavar="DEVICE|picamera2:0|rtsp://…|synthetic:SEED",
            help="The camera for --face. synthetic:7 is a drawn person, for demonstrations: in a store of their own.",
        ),
    ] = "/dev/video0",
    seconds: Annotated[
        float, typer.Option(min=3, max=600, help="How long the person may take before the camera.")
    ] = 30.0,
    detector: Annotated[str, typer.Option(metavar="ID", help="As `threshold models list` names it, or bundled.")] = (
        "bundled"
    ),
    embedder: Annotated[str, typer.Option(metavar="ID", help="As `threshold models list` names it, or bundled.")] = (
        "bundled"
    ),
    models: Annotated[
        Path | None,
        typer.Option("--models", metavar="DIR", help="The folder with the networks; else where they are installed."),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Adopt this processing record first, if it is another.")
    ] = None,
    notice: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="The notice the person saw; without it nothing rests on consent."),
    ] = None,
    by: Annotated[By, typer.Option(help="Whose consent.")] = By.subject,
    guardian: Annotated[list[str] | None, typer.Option(help="A guardian who agreed; once for each.")] = None,
    child: Annotated[Child, typer.Option(help="The child's own say.")] = Child.adult,
    superior: Annotated[
        bool, typer.Option("--asked-by-superior", help="Asked by someone who decides over their work or grades.")
    ] = False,
    days: Annotated[int, typer.Option("--keep-days", min=1, max=3650, help="For how long it may be kept.")] = 90,
    purposes: Annotated[
        list[For] | None,
        typer.Option(
            "--for", help="What the person agreed to be recognised for: door, or as before, unless told. Once for each."
        ),
    ] = None,
    lang: Annotated[Lang, typer.Option(help="Language of what is said to the person, and of letters.")] = Lang.en,
    store: StoreFolder = None,
    anchor: AnchorFile = None,
    json: Json = False,
) -> None:
    """Enrol a person's tag or face: attested by a witness, allowed by the gate, or refused in words."""
    if (tag is None) != face:
        raise typer.BadParameter("expected one of --tag UID and --face, found both or neither")
    uid = _uid(tag) if tag is not None else None
    from policy.enrolment import NotEnrolled, enrol_face, enrol_tag
    from policy.record import read
    from threshold.booth import SYNTHETIC, Booth

    drawn = source.startswith(SYNTHETIC) if face else None
    if drawn:
        _is_drawn(reference, source)
    wanted = None if record is None else read(record)
    with open_store(store, anchor, drawn, begin=True) as opened:
        if wanted is not None and opened.record != wanted:
            opened.adopt(wanted)
        today = opened.clock.now().date()
        agreed = None
        if notice is not None:
            agreed = {
                "by": by.value,
                "guardians": tuple(guardian or ()),
                "child": child.value,
                "explicit": True,
                "informed_on": today,
                "notice": notice,
                "recruiter_is_superior": superior,
            }
        attested = {"witness": witness, "document": document.value, "age": age, "role": role.value, "on": today}
        file = facts(
            reference, attested, agreed, today + timedelta(days=days), purposes or _as_before(opened, reference)
        )
        booth = Booth(opened, source, seconds, lang.value, detector, embedder, models)
        try:
            if uid is not None:
                subject = enrol_tag(opened, file, uid)
            else:
                cover = booth.drawn if drawn else None
                subject = enrol_face(opened, file, booth.capture, booth.embed, booth.network, cover)
        except NotEnrolled as refused:
            _say_refusal(refused, lang, json)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            console().print("Stopped. Nothing of this enrolment was kept.")
            raise
        stated = opened.record.paper.version if opened.record is not None else "unknown"
    if notice is not None and stated not in ("unknown", "none", notice):
        words = f"The record's notice is version {stated}; the person is said to have seen {notice}."
        console().print(f"{words} If that was a slip, enrol again: consent rests on what was read.")
    if json:
        told: dict[str, Any] = {"enrolled": True, "pseudonym": subject, "modality": "face" if face else "tag"}
        if face:
            told |= {"shots": booth.shots, "agreement": booth.agreement, "embedder": booth.embedder_id,
                     "network": booth.network, "demonstration": bool(drawn)}  # fmt: skip
        emit(told)
    else:
        where = ", a drawn person, in a demonstration" if drawn else ""
        console().print(f"Enrolled: {subject}{where}, to be kept until {file.keep_until}.", soft_wrap=True)


def revoke(
    reference: Reference,
    what: Annotated[Kind, typer.Option(help="Which reference; attendance: being noted as present.")] = Kind.all,
    by: Annotated[By, typer.Option(help="Who withdraws.")] = By.subject,
    child: Annotated[Child, typer.Option(help="The child's own say.")] = Child.adult,
    lower_age: Annotated[
        int | None, typer.Option(min=0, max=130, help="Not a withdrawal: this lower age was stated since.")
    ] = None,
    sheets: SheetsFolder = None,
    store: StoreFolder = None,
    json: Json = False,
) -> None:
    """Withdraw consent: what rested on it is erased at once. Or note a lower age: the face goes, permits end."""
    from policy.enrolment import lower_age as lowered
    from policy.enrolment import withdraw, withdraw_attendance

    with open_store(store) as opened:
        _readable(opened, sheets)
        if lower_age is not None:
            lowered(opened, reference, lower_age)
        elif what is Kind.attendance:
            withdraw_attendance(opened, reference, by.value, child.value)
        else:
            kept = opened.file(opened.find(reference)).references
            if what is not Kind.all and what.value not in kept:
                raise NotHeld(
                    f"{reference!r}: expected a {what.value} that is enrolled, found {', '.join(kept) or 'none'}. "
                    "Nothing was changed."
                )
            withdraw(opened, reference, by.value, child.value, _WHICH[what])
        _ended(opened, "revoked", json, sheets)


def erase(reference: Reference, sheets: SheetsFolder = None, store: StoreFolder = None, json: Json = False) -> None:
    """Erase a person: the keys of all that is kept are destroyed, here and in the backups within reach."""
    with open_store(store) as opened:
        _readable(opened, sheets)
        opened.erase(opened.find(reference), "request")
        _ended(opened, "erased", json, sheets)


def export(
    reference: Reference,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to; it holds personal data in clear.")],
    journal: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR", help="A device's journal: the person's passages in it are theirs, too. Repeatable."
        ),
    ] = None,
    sheets: SheetsFolder = None,
    store: StoreFolder = None,
    json: Json = False,
) -> None:
    """Give a person a copy of what the store keeps of them, and of their rows in a device's --journal (Article 15)."""
    import json as encoder

    from edge.device.journal import rows_of
    from threshold.attendance import noted_of
    from threshold.files import write_private

    with open_store(store) as opened:
        subject = opened.find(reference)
        person = opened.pseudonym(subject)
        # Read before the export is noted in the ledger: a folder that can't be read leaves no line of a copy given.
        rows = [
            row.model_dump(mode="json", by_alias=True) for folder in journal or () for row in rows_of(folder, person)
        ]
        notes = None if sheets is None else noted_of(opened, sheets, subject)
        document = opened.export(subject)
    document["door_pseudonym"] = person
    document["transactions"] = rows if journal else None
    document["attendance"] = notes
    write_private(out, encoder.dumps(document, ensure_ascii=False, indent=2) + "\n")
    if json:
        emit(
            {
                "file": str(out),
                "pseudonym": document["pseudonym"],
                "references": len(document["references"]),
                "transactions": len(rows) if journal else None,
                "attendance": None if notes is None else len(notes),
            }
        )
        return
    console().print(f"Written: {out}. It holds personal data in clear.", soft_wrap=True)
    if not journal:
        console().print("Passages noted by devices aren't in it: name each one's journal with --journal DIR.")
    if sheets is None and "attendance" in document["facts"]["purposes"]:
        console().print("Notes of attendance aren't in it: name the device's sheets with --sheets DIR.")


def status(store: StoreFolder = None, anchor: AnchorFile = None, json: Json = False) -> None:
    """Count people, references and refusals, and list orders and backups out of reach; nobody is named."""
    with open_store(store, anchor) as opened:
        found = opened.status()
    if json:
        emit(found)
        return
    for key, value in found.items():
        typer.echo(f"{key.replace('_', ' ')}: {_shown(value)}")
    if found["unreadable"]:
        console().print(
            f"{found['unreadable']} of the people and references here can't be read: their rows are damaged, or were "
            "put here by other hands. Restore a backup from before (threshold restore), or enrol them again.",
            soft_wrap=True,
        )


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(one)}" for key, one in value.items()) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(_shown(one) for one in value) or "none"
    return "none" if value is None else str(value)


def facts(
    reference: str,
    attested: dict[str, Any],
    agreed: dict[str, Any] | None,
    keep_until: date,
    purposes: Iterable[str] = ("door",),
) -> File:
    """A person's facts, pending, from what was attested and agreed. Wrong use where they can't be."""
    from pydantic import ValidationError

    from policy.subject import Agreement, Attestation, File

    try:
        return File(
            reference=reference,
            state="pending",
            attestation=Attestation(**attested),
            agreement=None if agreed is None else Agreement(**agreed),
            purposes=tuple(dict.fromkeys(str(purpose) for purpose in purposes)),
            keep_until=keep_until,
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = first["loc"][-1] if first["loc"] else "it"
        raise typer.BadParameter(f"{place}: {first['msg']}, found {first['input']!r}") from error


def _as_before(opened: Store, reference: str) -> tuple[str, ...]:
    """What somebody agreed to be recognised for; the door, of who is new."""
    from policy.store import UnknownSubject

    try:
        return opened.file(opened.find(reference)).purposes
    except UnknownSubject:
        return ("door",)


def _uid(text: str) -> bytes:
    if not re.fullmatch(r"(?:[0-9a-fA-F]{2}[:\s]?){4,10}", text):
        raise typer.BadParameter(f"expected 4 to 10 bytes in hexadecimal, found {text!r}", param_hint="--tag")
    return bytes.fromhex(re.sub(r"[:\s]", "", text))


def _is_drawn(reference: str, source: str) -> None:
    """Wrong use, unless the person is called what is drawn: a demonstration has no room for anybody's name."""
    if reference != source or re.fullmatch(r"synthetic:\d{1,9}", source) is None:
        raise typer.BadParameter(
            f"expected a drawn person called as the source is, such as: enrol synthetic:7 --face --source synthetic:7; "
            f"found {reference!r} from {source!r}"
        )


def _say_refusal(refused: NotEnrolled, lang: Lang, json: bool) -> None:
    from policy.refusal import letters

    texts = letters(refused, lang.value)
    if json:
        emit({"enrolled": False, "verdict": refused.verdict.model_dump(mode="json"), "letters": texts})
        return
    for reader, text in texts.items():
        typer.echo(f"--- {reader} ---\n{text}")


def _readable(opened: Store, sheets: Path | None) -> None:
    """Raise edge.attendance.AttendanceError before anything is erased where the sheets can't be read."""
    from edge.attendance import sheets_in

    for _ in () if sheets is None else sheets_in(sheets, opened.ledger.id):
        continue


def _ended(opened: Store, what: str, json: bool, sheets: Path | None) -> None:
    from threshold.attendance import clear

    behind = [str(path) for path in opened.scrub_backups()]
    notes = None if sheets is None else clear(opened, sheets)
    if json:
        emit({what: True, "backups_behind": behind} | ({} if notes is None else {"notes_deleted": notes}))
        return
    if notes is not None:
        console().print(f"{notes} notes of attendance deleted.")
    console().print(f"Done: {what}. Keys are gone from the live files and the backups within reach.", soft_wrap=True)
    for path in behind:
        console().print(f"Not reached: {path}. It is tried again whenever the store is opened.", soft_wrap=True)
