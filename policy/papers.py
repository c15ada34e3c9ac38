"""The papers that go out: notice, children's version, door sign, essence of a joint arrangement, Article 30 entry.

One page each, made of the record's facts and of the law's fixed words, and of nothing else. A paper that misses a fact
isn't made: Incomplete names each, and the article that asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from policy import terms
from policy.language import Language, translatable, zero
from policy.reading import ABSENT, Gap, Incomplete, Reading
from policy.record import DataField, Operation, Record
from policy.sheet import sheet

Kind = Literal["notice", "child", "sign", "essence", "register"]
KINDS: tuple[Kind, ...] = get_args(Kind)

TITLES: Mapping[Kind, str] = {
    "notice": translatable("Information on how personal data are used"),
    "child": translatable("What we know about you, and why"),
    "sign": translatable("Camera at this door"),
    "essence": translatable("Who answers for what"),
    "register": translatable("Entry in the record of processing activities"),
}
LAW: Mapping[Kind, str] = {
    "notice": "GDPR Art 13–14",
    "child": "GDPR Art 12(1), 13",
    "sign": "GDPR Art 12–13",
    "essence": "GDPR Art 26(2)",
    "register": "GDPR Art 30(1)",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, the article it answers, and what stands under it."""

    title: str
    law: str
    lines: tuple[str, ...] = ()
    bullets: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    """Head of the table, where there is one."""
    rows: tuple[tuple[str, ...], ...] = ()
    after: str = ""
    """What follows the table."""


def fitting(record: Record) -> tuple[Kind, ...]:
    """The papers that this record calls for. Where a fact that decides it is unknown, the paper is asked for."""
    return tuple(kind for kind in KINDS if reason(kind, record) is None)


def reason(kind: Kind, record: Record) -> str | None:
    """Why a paper isn't called for; None where it is."""
    if kind == "child" and isinstance(record.dep.age_min, int) and record.dep.age_min >= 18:
        return f"dep.age_min is {record.dep.age_min}: no one under 18 is concerned"
    if kind == "sign" and isinstance(record.op, tuple) and not _camera(record):
        return "op: no operation takes pictures"
    if kind == "essence" and record.joint in ("none", ()):
        return "joint is none: there is no joint controller"
    return None


def papers(record: Record, language: Language, kinds: Iterable[Kind]) -> dict[Kind, str]:
    """The pages by kind, each one self-contained HTML document. Raises Incomplete for what any of them misses."""
    made, gaps = {}, list[Gap]()
    for kind in kinds:
        reading = Reading(record, language, kind)
        made[kind] = _MAKERS[kind](reading)
        gaps += reading.gaps
    if gaps:
        raise Incomplete(gaps)
    return made


def _camera(record: Record) -> bool:
    return isinstance(record.op, tuple) and any(
        op.modality in ("face", "iris", "unknown") and op.kind in ("capture", "detect", "template", "enrol", "unknown")
        for op in record.op
    )


def _biometric(ops: Iterable[Operation]) -> bool:
    return any(op.modality in terms.BIOMETRIC for op in ops)


# --- what several papers say ---


def _controller(reading: Reading, law: str) -> list[str]:
    return reading.contact("paper.controller", law)


def _officer(reading: Reading, law: str) -> list[str]:
    """The data protection officer's lines; empty where there is none."""
    if reading.value("ctl.has_dpo", law) is not True:
        return []
    return reading.contact("paper.dpo", law, named=False)


def _purposes(reading: Reading, law: str, *, child: bool = False) -> dict[str, str]:
    """What each purpose is called, by its id."""
    said = {}
    for place in reading.entries("purp", law):
        name = reading.at(f"{place}.id")
        about = reading.about("paper.purposes", name, law)
        key = "child" if child else "said"
        if about and not (child and reading.at(f"{about}.{key}") == "none"):
            said[name] = reading.said(f"{about}.{key}", law)
    return said


def _letters(reading: Reading) -> set[str]:
    """The letters of Article 6(1) that the operations rest on."""
    law = "GDPR Art 13(1)(c)"
    found = {reading.value(f"{place}.basis6", law) for place in reading.entries("op", law)}
    return {letter for letter in found if letter}


def _ops(reading: Reading) -> tuple[Operation, ...]:
    ops = reading.record.op
    return ops if isinstance(ops, tuple) else ()


def _consent(ops: Iterable[Operation]) -> bool:
    return any("a" in (op.basis6, op.basis9) for op in ops)


def _bases(reading: Reading) -> tuple[tuple[str, ...], ...]:
    """Purpose, and what its operations rest on."""
    law, say = "GDPR Art 13(1)(c)", reading.words.say
    said = _purposes(reading, law)
    purposes = reading.at("purp")
    resting: dict[str, dict[str, None]] = {entry["id"]: {} for entry in (() if purposes in ABSENT else purposes)}
    for place in reading.entries("op", law):
        purpose = reading.value(f"{place}.purpose", law)
        if purpose is not None and purpose not in resting:
            reading.miss(f"purp[id={purpose}]", law)
        bases = resting.get(purpose, {})
        letter = reading.value(f"{place}.basis6", law)
        if letter:
            bases[say("Article 6(1)({letter}): {basis}", letter=letter, basis=say(terms.BASES6[letter]))] = None
        special = reading.at(f"{place}.modality") in terms.BIOMETRIC and reading.at(f"{place}.kind") in (
            "template",
            "enrol",
            "match",
            "store",
            "transfer",
        )
        letter = reading.value(f"{place}.basis9", "GDPR Art 9(2), 13(1)(c)", none=not special)
        if letter:
            bases[say("Article 9(2)({letter}): {basis}", letter=letter, basis=say(terms.BASES9[letter]))] = None
        statute = reading.at(f"{place}.statute")
        if statute not in ABSENT:
            bases[str(statute)] = None
    for place in reading.entries("purp", law):
        statute = reading.at(f"{place}.statute_ref")
        if statute not in ABSENT:
            resting[reading.at(f"{place}.id")][str(statute)] = None
    return tuple((said.get(name, ""), "; ".join(bases)) for name, bases in resting.items())


def _data(
    reading: Reading, law: str, *, only: Callable[[DataField], bool] = lambda entry: True, child: bool = False
) -> tuple[tuple[str, str], ...]:
    """Each data field that `only` lets pass, and how long it is kept. Those kept alike share a row."""
    say, rows = reading.words.say, dict[str, list[str]]()
    for place in reading.entries("field", law):
        entry = reading.entry(place)
        about = reading.about("paper.fields", entry.id, law) if only(entry) else ""
        if not about or (child and reading.at(f"{about}.child") == "none"):
            continue
        said = reading.said(f"{about}.{'child' if child else 'said'}", law)
        period = reading.value(f"{place}.period", "GDPR Art 13(2)(a)")
        if period is None:
            continue
        if zero(period):
            kept = say("not kept")
        else:
            trigger = reading.said(f"{about}.trigger", "GDPR Art 13(2)(a)")
            kept = say("{period} {trigger}", period=reading.words.period(period), trigger=trigger)
        if reading.value(f"{place}.archive_duty", "GDPR Art 13(2)(a)") is True:
            kept = say("{period}; then archived as the law requires", period=kept)
        rows.setdefault(kept, []).append(said)
    return tuple(("; ".join(names), kept) for kept, names in rows.items())


def _recipients(reading: Reading, law: str) -> tuple[str, ...]:
    say, lines = reading.words.say, []
    for place in reading.entries("paper.recipients", law, none=True):
        name, role = reading.value(f"{place}.name", law), reading.value(f"{place}.role", law)
        country = reading.value(f"{place}.country", law)
        if name and role and country:
            lines.append(
                say(
                    "{name}, {country} ({role}): {what}",
                    name=name,
                    country=reading.words.country(country),
                    role=say(terms.RECIPIENTS[role]),
                    what=reading.said(f"{place}.said", law),
                )
            )
    return tuple(lines) or (say("The data are disclosed to nobody."),)


def _abroad(reading: Reading, law: str) -> tuple[str, ...]:
    say, lines = reading.words.say, []
    for place in reading.entries("xfer", law, none=True):
        tool = reading.value(f"{place}.tool", law)
        country = reading.words.country(reading.at(f"{place}.country"))
        if tool == "45":
            lines.append(say("{country}: adequacy decision (Article 45)", country=country))
        elif tool:
            lines.append(
                say(
                    "{country}: standard contractual clauses (Article 46(2)(c)). A copy: {where}",
                    country=country,
                    where=reading.said("paper.safeguards_copy", law),
                )
            )
    return tuple(lines) or (say("The data do not leave the European Economic Area."),)


def _authority(reading: Reading, law: str) -> str:
    given = reading.at("paper.authority")
    profile = reading.value("dep.jurisdiction", law)
    if given not in ABSENT:
        return ", ".join(reading.contact("paper.authority", law))
    if profile in terms.AUTHORITIES:
        return ", ".join(terms.AUTHORITIES[profile])
    if profile is not None:
        reading.miss("paper.authority", law)
    return ""


def _rights(reading: Reading) -> tuple[str, ...]:
    letters, say = _letters(reading), reading.words.say
    return tuple(
        say("{right}: Article {article}", right=say(right), article=article)
        for article, under, right in terms.RIGHTS
        if not under or letters & set(under)
    )


def _page(
    reading: Reading,
    kind: Kind,
    sections: Iterable[Section | None],
    template: str = "paper.html",
    **more: object,
) -> str:
    words = reading.words
    when = reading.value("paper.date", "GDPR Art 12(1)")
    return sheet(
        template,
        reading.language,
        title=words.say(TITLES[kind]),
        subject=reading.said("paper.title", "GDPR Art 12(1)"),
        kind=kind,
        law=LAW[kind],
        sections=[section for section in sections if section is not None],
        version=reading.value("paper.version", "GDPR Art 12(1)") or "",
        day=words.day(when) if isinstance(when, date) else "",
        url=reading.value("paper.url", "GDPR Art 12(1)") or "",
        **more,
    )


# --- the papers ---


def _notice(reading: Reading) -> str:
    say, read = reading.words.say, reading
    representative = read.value("paper.representative", "GDPR Art 13(1)(a)", none=True)
    officer = _officer(read, "GDPR Art 13(1)(b)")
    interest = "f" in _letters(read)
    source = read.value("paper.source", "GDPR Art 14(2)(f)")
    duty = read.value("paper.duty", "GDPR Art 13(2)(e)")
    automated = read.value("paper.automated", "GDPR Art 13(2)(f)")
    sections = (
        Section(
            say("Who is responsible"),
            "13(1)(a)",
            (
                ", ".join(_controller(read, "GDPR Art 13(1)(a)")),
                *(
                    [
                        say(
                            "Representative in the Union: {who}",
                            who=", ".join(read.contact("paper.representative", "GDPR Art 13(1)(a)")),
                        )
                    ]
                    if representative
                    else []
                ),
            ),
        ),
        Section(say("Data protection officer"), "13(1)(b)", (", ".join(officer),)) if officer else None,
        Section(
            say("What for, and on which legal basis"),
            "13(1)(c)–(d)",
            head=(say("Purpose"), say("Legal basis")),
            rows=_bases(read),
            after=(
                say(
                    "The legitimate interest: {interest}.",
                    interest=read.said("paper.legitimate_interest", "GDPR Art 13(1)(d)"),
                )
                if interest
                else ""
            ),
        ),
        Section(
            say("Which data, and for how long"),
            "13(2)(a), 14(1)(d)",
            head=(say("Data"), say("Kept")),
            rows=_data(read, "GDPR Art 14(1)(d)"),
        ),
        Section(
            say("Where the data come from"),
            "14(2)(f)",
            (
                *([say("From you.")] if source in ("subject", "both") else []),
                *([read.said("paper.source_said", "GDPR Art 14(2)(f)")] if source in ("others", "both") else []),
            ),
        ),
        Section(say("Who gets them"), "13(1)(e)", _recipients(read, "GDPR Art 13(1)(e)")),
        Section(say("Outside the European Economic Area"), "13(1)(f)", _abroad(read, "GDPR Art 13(1)(f)")),
        Section(
            say("Must you give these data?"),
            "13(2)(e)",
            (
                say(terms.DUTIES[duty]) if duty else "",
                read.said("paper.duty_said", "GDPR Art 13(2)(e)"),
            ),
        ),
        Section(
            say("You can withdraw your consent"),
            "13(2)(c)",
            (
                read.said("paper.withdrawal", "GDPR Art 13(2)(c), 7(3)"),
                say("That is as easy as giving it. What was done before stays lawful."),
            ),
        )
        if _consent(_ops(read))
        else None,
        Section(say("The other way in"), "", (read.said("paper.other_way", "GDPR Art 9(2)(a), 7(4)"),))
        if _biometric(_ops(read))
        else None,
        Section(
            say("Decisions by machine alone"),
            "13(2)(f)",
            (
                read.said("paper.automated_said", "GDPR Art 13(2)(f)")
                if automated
                else say("No decision with legal or similarly significant effect is made by a machine alone."),
            ),
        ),
        Section(
            say("Your rights"),
            "13(2)(b)",
            (
                say("You have the right to the following; turn to the controller or to the data protection officer.")
                if officer
                else say("You have the right to the following; turn to the controller."),
            ),
            bullets=_rights(read),
        ),
        Section(
            say("Complaints"),
            "13(2)(d)",
            (say("You can complain to the supervisory authority: {who}.", who=_authority(read, "GDPR Art 13(2)(d)")),),
        ),
    )
    return _page(read, "notice", sections)


def _child(reading: Reading) -> str:
    say, read, law = reading.words.say, reading, "GDPR Art 12(1)"
    read.value("dep.age_min", law)
    name = (_controller(read, "GDPR Art 13(1)(a)") or [""])[0]
    duty = read.value("paper.duty", "GDPR Art 13(2)(e)")
    read.value("paper.recipients", "GDPR Art 13(1)(e)", none=True)
    recipients = [
        str(read.value(f"{place}.name", "GDPR Art 13(1)(e)") or "")
        for place in read.entries("paper.recipients", "GDPR Art 13(1)(e)", none=True)
    ]
    # Only what is done with children's data: the fields that aren't kept about them are left out, and what needs them.
    about = read.at("paper.fields")
    left_out = {entry["id"] for entry in (about if isinstance(about, tuple) else ()) if entry["child"] == "none"}
    ops = [op for op in _ops(read) if not isinstance(op.fields, tuple) or not op.fields or set(op.fields) - left_out]
    letters = _letters(read) & {op.basis6 for op in ops}
    template = any(op.modality == "face" and op.kind in ("template", "enrol", "match") for op in ops)
    asked = _consent(ops)
    guardians = asked and read.value("cons.given_by", "GDPR Art 4(11), 7") in ("guardian", "both")
    sections = (
        Section(
            say("Who does this?"), "", (say("{name} does. They must look after what they know about you.", name=name),)
        ),
        Section(say("What is it for?"), "", tuple(_purposes(read, law, child=True).values())),
        Section(
            say("What do they know about you?"),
            "",
            (
                (
                    say(
                        "A computer measures a picture of your face and turns it into numbers. "
                        "It uses them to know that it is you."
                    ),
                )
                if template
                else ()
            ),
            head=(say("What"), say("How long they keep it")),
            rows=_data(read, law, child=True),
        ),
        Section(
            say("Do I have to?"),
            "",
            (
                (
                    say("No. You can say yes or no. Nobody may be cross with you if you say no.")
                    if asked and duty == "voluntary"
                    else say(terms.DUTIES[duty])
                    if duty
                    else ""
                ),
                *([say("Your parents or guardians are asked too.")] if guardians else []),
                *([read.said("paper.other_way", "GDPR Art 7(4)")] if _biometric(ops) else []),
            ),
        ),
        Section(
            say("Can I change my mind?"),
            "",
            (
                say("Yes, at any time."),
                read.said("paper.withdrawal", "GDPR Art 13(2)(c), 7(3)"),
            ),
        )
        if asked
        else None,
        Section(
            say("Who else gets to know it?"),
            "",
            (
                say("{names}. They work for, or together with, {name}.", names=", ".join(recipients), name=name)
                if recipients
                else say("Nobody."),
            ),
        ),
        Section(
            say("What can I ask for?"),
            "",
            bullets=(
                say("You may see what they know about you."),
                say("If something is wrong, they must put it right."),
                say("You may ask them to delete it."),
                *([say("You may say that you don't want them to use it.")] if letters & set("ef") else []),
            ),
        ),
        Section(
            say("Whom can I ask?"),
            "",
            (
                read.said("paper.child_contact", law),
                say(
                    "Do they do something wrong, you think? You or a grown-up can tell {who}.",
                    who=_authority(read, "GDPR Art 13(2)(d)"),
                ),
            ),
        ),
    )
    return _page(read, "child", sections)


def _sign(reading: Reading) -> str:
    say, read = reading.words.say, reading
    officer = _officer(read, "GDPR Art 13(1)(b)")
    lasting = read.at("cam.lasting") is True
    read.entries("op", "GDPR Art 13(1)(c)")
    sections = (
        Section(say("Who"), "13(1)(a)", (", ".join(_controller(read, "GDPR Art 13(1)(a)")),)),
        Section(say("What for"), "13(1)(c)", tuple(_purposes(read, "GDPR Art 13(1)(c)").values())),
        Section(
            say("Kept"),
            "13(2)(a)",
            tuple(
                f"{names}: {kept}"
                for names, kept in _data(
                    read, "GDPR Art 13(2)(a)", only=lambda entry: entry.kind in ("image", "template", "unknown")
                )
            ),
        ),
        Section(say("The other way in"), "", (read.said("paper.other_way", "GDPR Art 9(2)(a), 7(4)"),))
        if _biometric(_ops(read))
        else None,
        Section(
            say("Your rights"),
            "13(2)(b), 77",
            (
                say(
                    "You can see the data about you, have them put right or erased, and complain to {who}.",
                    who=_authority(read, "GDPR Art 13(2)(d)"),
                ),
            ),
        ),
        Section(say("Data protection officer"), "13(1)(b)", (", ".join(officer),)) if officer else None,
    )
    return _page(
        read,
        "sign",
        sections,
        "sign.html",
        heading=say("Camera surveillance") if lasting else say("Camera at this door"),
        recognises=say("Faces are recognised here.") if _biometric(_ops(read)) else "",
    )


def _essence(reading: Reading) -> str:
    say, read, law = reading.words.say, reading, "GDPR Art 26(2)"
    own = (_controller(read, law) or [""])[0]
    sections: list[Section | None] = [Section(say("The controllers"), "26(1)", (", ".join(_controller(read, law)),))]
    purposes, shared = _purposes(read, law), set[str]()
    for index, place in enumerate(read.entries("joint", law)):
        read.value(f"{place}.arrangement_ref", "GDPR Art 26(1)")
        read.value(f"{place}.essence_url", law)
        partner = f"paper.joint[{index}]"
        if read.at("paper.joint") in ABSENT or index >= len(read.at("paper.joint")):
            read.miss(partner, law)
            continue
        contact = read.contact(f"{partner}.contact", law)
        name = (contact or [""])[0]
        names = {"controller": own, "partner": name, "both": say("{one} and {other}, each", one=own, other=name)}
        duties = (
            (say("Informing you"), "information"),
            (say("Answering when you use your rights"), "rights"),
            (say("Keeping the data secure"), "security"),
            (say("Reporting a breach"), "breaches"),
        )
        rows = [(said, names.get(read.value(f"{partner}.{key}", "GDPR Art 26(1)") or "", "")) for said, key in duties]
        point = read.value(f"{partner}.contact_point", "GDPR Art 26(1)", none=True)
        rows.append((say("Contact point"), names[point] if point else say("none was named: turn to either")))
        wanted = read.value(f"{place}.ops", law)
        ops = [op for op in _ops(read) if op.id in (wanted or ())]
        shared |= {name for op in ops if isinstance(op.fields, tuple) for name in op.fields}
        about = tuple(dict.fromkeys(purposes.get(str(op.purpose), "") for op in ops))
        sections.append(
            Section(
                name,
                "26(1)",
                (
                    ", ".join(contact[1:]),
                    read.said(f"{partner}.role", law),
                    *([say("Decided together: {what}", what=" ".join(about))] if any(about) else []),
                ),
                head=(say("Duty"), say("Who")),
                rows=tuple(rows),
            )
        )
    sections += [
        Section(
            say("Which data, and for how long"),
            "13(2)(a)",
            head=(say("Data"), say("Kept")),
            rows=_data(read, law, only=lambda entry: entry.id in shared),
        ),
        Section(
            say("Your rights"),
            "26(3)",
            (say("Whatever they agreed, you can use your rights with each of them and against each of them."),),
            bullets=_rights(read),
        ),
        Section(
            say("Complaints"),
            "13(2)(d)",
            (say("You can complain to the supervisory authority: {who}.", who=_authority(read, "GDPR Art 13(2)(d)")),),
        ),
    ]
    return _page(read, "essence", sections)


_SECURITY = (
    ("encrypted", translatable("Data are pseudonymised or encrypted.")),
    ("access_control", translatable("Access is limited to those who need it, and logged.")),
    ("resilient", translatable("Confidentiality, integrity, availability and resilience are ensured.")),
    ("restore", translatable("Data can be restored in time.")),
    ("tested", translatable("The measures are tested regularly.")),
)


def _register(reading: Reading) -> str:
    say, read = reading.words.say, reading
    officer = _officer(read, "GDPR Art 30(1)(a)")
    representative = read.value("paper.representative", "GDPR Art 30(1)(a)", none=True)
    held = {key: read.value(f"sec.{key}", "GDPR Art 30(1)(g), 32(1)") for key, _ in _SECURITY}
    region = read.value("sec.region", "GDPR Art 30(1)(g)")
    partners = read.entries("joint", "GDPR Art 30(1)(a)", none=True)
    joint = [
        ", ".join(read.contact(f"paper.joint[{index}].contact", "GDPR Art 30(1)(a)"))
        for index, _ in enumerate(partners)
        if read.at("paper.joint") not in ABSENT and index < len(read.at("paper.joint"))
    ]
    if len(joint) < len(partners):
        read.miss("paper.joint", "GDPR Art 30(1)(a)")
    sections = (
        Section(say("Controller"), "30(1)(a)", (", ".join(_controller(read, "GDPR Art 30(1)(a)")),)),
        Section(say("Joint controllers"), "30(1)(a)", tuple(joint)) if joint else None,
        Section(
            say("Representative in the Union"),
            "30(1)(a)",
            (", ".join(read.contact("paper.representative", "GDPR Art 30(1)(a)")),),
        )
        if representative
        else None,
        Section(say("Data protection officer"), "30(1)(a)", (", ".join(officer) or say("none"),)),
        Section(say("Purposes"), "30(1)(b)", bullets=tuple(_purposes(read, "GDPR Art 30(1)(b)").values())),
        Section(say("Whose data"), "30(1)(c)", (read.said("paper.subjects", "GDPR Art 30(1)(c)"),)),
        Section(
            say("Which data, and time limits for erasure"),
            "30(1)(c), (f)",
            head=(say("Data"), say("Kept")),
            rows=_data(read, "GDPR Art 30(1)(c)"),
        ),
        Section(say("Recipients"), "30(1)(d)", _recipients(read, "GDPR Art 30(1)(d)")),
        Section(say("Transfers"), "30(1)(e)", _abroad(read, "GDPR Art 30(1)(e)")),
        Section(
            say("Security in general terms"),
            "30(1)(g), 32(1)",
            (say("Stored in: {region}", region=region or ""),),
            bullets=tuple(say(said) if held[key] else say("Not so: {what}", what=say(said)) for key, said in _SECURITY),
        ),
    )
    return _page(read, "register", sections)


_MAKERS: Mapping[Kind, Callable[[Reading], str]] = {
    "notice": _notice,
    "child": _child,
    "sign": _sign,
    "essence": _essence,
    "register": _register,
}
