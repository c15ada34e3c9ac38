"""The impact assessment (Article 35) exported from a record, in the order of the EDPB's template of 2026.

The order is all that is known of that template: it was read about, in its consultation version (adopted 10 March,
published 14 April 2026), not read. The export says so. A risk without a level before and after its measures is refused.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from policy import terms
from policy.defects import Answer, answers
from policy.language import Language, translatable, zero
from policy.papers import Section
from policy.reading import ABSENT, Incomplete, Reading
from policy.record import Record
from policy.sheet import sheet

NOT_KNOWN = (
    translatable(
        "The template's own headings and questions: its order was taken from published accounts of the consultation "
        "version of 14 April 2026; whether a final version differs is not known."
    ),
    translatable("Who carries out each measure and by when: the record has no such fact. Add it by hand."),
    translatable("How likely and how severe each risk is, taken apart: the record holds one level."),
    translatable("What the data subjects said: the record holds only whether they were heard."),
)


def export(record: Record, language: Language) -> dict[str, Any]:
    """The assessment as one JSON document; texts in the language, facts as the record has them. Raises Incomplete."""
    reading, sections, found = _made(record, language)
    say = reading.words.say
    return {
        "document": "dpia",
        "language": language,
        "order": "EDPB DPIA template 2026, consultation version",
        "sections": [
            {
                "number": number,
                "title": section.title,
                "law": section.law,
                "lines": [*section.lines, *section.bullets, *([section.after] if section.after else [])],
                "table": {"head": section.head, "rows": section.rows} if section.head else None,
            }
            for number, section in enumerate(sections, start=1)
        ],
        "defects": [
            {
                "decision": answer.defect.decided.id,
                "name": say(answer.defect.decided.name),
                "status": say(answer.defect.decided.status),
                "place": answer.defect.place,
                "defect": say(answer.defect.said),
                "answered": answer.answered,
                "facts": {place: _plain(value) for place, value in answer.facts.items()},
            }
            for answer in found
        ],
        "not_known": [say(text) for text in NOT_KNOWN],
        "record": record.model_dump(mode="json", by_alias=True),
    }


def render(record: Record, language: Language) -> str:
    """The assessment as one page. Raises Incomplete."""
    reading, sections, found = _made(record, language)
    title = reading.at("paper.title")
    return sheet(
        "dpia.html",
        language,
        title=reading.words.say("Data protection impact assessment"),
        subject="" if title in ABSENT or title[language] in ABSENT else title[language],
        kind="dpia",
        sections=sections,
        answers=[(answer, _shown(reading, answer)) for answer in found],
        open=sum(not answer.answered for answer in found),
        decisions=list(dict.fromkeys(answer.defect.decided for answer in found)),
        not_known=[reading.words.say(text) for text in NOT_KNOWN],
        dated=_text(reading, reading.at("dpia.date")),
        version=_text(reading, reading.at("dpia.version")),
    )


def _made(record: Record, language: Language) -> tuple[Reading, list[Section], list[Answer]]:
    reading = Reading(record, language, "dpia")
    for place in reading.entries("dpia.risks", "GDPR Art 35(7)(c)"):
        reading.value(f"{place}.level", "GDPR Art 35(7)(c)")
        reading.value(f"{place}.residual", "GDPR Art 35(7)(c)–(d)")
    if reading.gaps:
        raise Incomplete(reading.gaps, "dpia")
    return reading, _sections(reading), answers(reading)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _text(reading: Reading, value: Any) -> str:
    """A fact in words."""
    say = reading.words.say
    match value:
        case "unknown":
            return say("not stated")
        case "none" | ():
            return say("none")
        case bool():
            text = say("yes") if value else say("no")
        case date():
            text = reading.words.day(value)
        case float():
            text = reading.words.number(value, 3)
        case tuple():
            text = ", ".join(_text(reading, entry) for entry in value)
        case dict():
            text = "; ".join(f"{key}: {_text(reading, entry)}" for key, entry in value.items() if entry not in ABSENT)
        case _:
            text = str(value)
    return text


def _shown(reading: Reading, answer: Answer) -> list[tuple[str, str]]:
    """The facts in words; entries of a list that all say the same share a line."""
    alike: dict[str, dict[str, str]] = {}
    for place, value in answer.facts.items():
        alike.setdefault(re.sub(r"\[\d+\]", "[]", place), {})[place] = _text(reading, value)
    return [
        row
        for fact, found in alike.items()
        for row in ([(fact, next(iter(found.values())))] if len(set(found.values())) == 1 else found.items())
    ]


def _named(reading: Reading, path: str, table: Any) -> str:
    value = reading.at(path)
    return reading.words.say(table[value]) if value in table else _text(reading, value)


def _places(reading: Reading, path: str) -> list[str]:
    value = reading.at(path)
    return [f"{path}[{index}]" for index in range(len(value))] if isinstance(value, tuple) else []


def _sections(read: Reading) -> list[Section]:
    say = read.words.say
    ops, fields = _places(read, "op"), _places(read, "field")
    purposes, ways, risks = _places(read, "purp"), _places(read, "alt"), _places(read, "dpia.risks")

    def fact(path: str) -> str:
        return _text(read, read.at(path))

    def pair(label: str, path: str) -> tuple[str, str]:
        return label, fact(path)

    def basis(place: str) -> tuple[str, str]:
        return tuple(  # type: ignore[return-value]  # two letters, two cells
            f"{number}({letter}): {say(names[letter])}" if letter in names else _text(read, letter)
            for number, names, letter in (
                ("6(1)", terms.BASES6, read.at(f"{place}.basis6")),
                ("9(2)", terms.BASES9, read.at(f"{place}.basis9")),
            )
        )

    def kept(place: str) -> str:
        period = read.at(f"{place}.period")
        if period in ABSENT:
            return _text(read, period)
        return say("not kept") if zero(period) else read.words.period(period)

    def measured(place: str) -> str:
        found = read.at(f"{place}.measured")
        if found in ABSENT or found["denied"] in ABSENT:
            return say("not measured")
        interval = found["ci"]
        return say(
            "{denied} % of entitled people denied ({low} to {high} %, n = {n}), {seconds} s",
            denied=read.words.number(100 * found["denied"], 1),
            low=read.words.number(100 * interval[0], 1) if interval not in ABSENT else "–",
            high=read.words.number(100 * interval[1], 1) if interval not in ABSENT else "–",
            n=_text(read, found["n"]),
            seconds=_text(read, found["seconds"]),
        )

    def levels(place: str, key: str) -> str:
        return say(terms.LEVELS[read.at(f"{place}.{key}")])

    return [
        Section(
            say("Description"),
            "35(7)(a)",
            rows=(
                (say("Jurisdiction"), say(terms.JURISDICTIONS[read.at("dep.jurisdiction")])),
                pair(say("Facts as of"), "dep.as_of"),
                pair(say("Start"), "dep.started_on"),
                pair(say("What is entered"), "dep.entrance_kind"),
                (say("Ages"), f"{fact('dep.age_min')}–{fact('dep.age_max')}"),
                pair(say("New technology"), "dep.new_technology"),
                pair(say("Compared with one person's template (1:1) or everyone's (1:N)"), "bio.mode"),
                pair(say("Described systematically in the assessment"), "dpia.description"),
                *(
                    (
                        say("Operation {name}", name=read.at(f"{place}.id")),
                        "; ".join(
                            (
                                _named(read, f"{place}.kind", terms.OPERATIONS),
                                _named(read, f"{place}.modality", terms.MODALITIES),
                                say("fields: {fields}", fields=fact(f"{place}.fields")),
                                say("decided by: {who}", who=_named(read, f"{place}.decided_by", terms.WHO)),
                            )
                        ),
                    )
                    for place in ops
                ),
            ),
            head=(say("What"), say("As the record states it")),
        ),
        Section(
            say("Legal basis for each purpose, and special categories"),
            "6, 9",
            head=(say("Purpose"), say("Operation"), "Art 6", "Art 9"),
            rows=tuple((fact(f"{place}.purpose"), fact(f"{place}.id"), *basis(place)) for place in ops),
            after="; ".join(f"{read.at(f'{place}.id')}: {fact(f'{place}.text')}" for place in purposes),
        ),
        Section(
            say("Data minimisation and retention"),
            "5(1)(c), (e)",
            head=(say("Field"), say("Purpose"), say("Kind"), say("Kept"), say("From"), say("Archive duty")),
            rows=tuple(
                (
                    fact(f"{place}.id"),
                    fact(f"{place}.purpose"),
                    _named(read, f"{place}.kind", terms.FIELDS),
                    kept(place),
                    fact(f"{place}.trigger"),
                    fact(f"{place}.archive_duty"),
                )
                for place in fields
            ),
        ),
        Section(
            say("Necessity and proportionality"),
            "35(7)(b)",
            bullets=tuple(
                say(
                    "Alternative {way}: meets the aim: {sufficient}; in use: {used}; {measured}; compared in: {where}.",
                    way=_named(read, f"{place}.id", terms.ALTERNATIVES),
                    sufficient=fact(f"{place}.sufficient"),
                    used=fact(f"{place}.in_use"),
                    measured=measured(place),
                    where=fact(f"{place}.compared"),
                )
                for place in ways
            ),
            head=(
                say("Operation"),
                say("Interest"),
                say("Why less is not enough"),
                say("Shown by"),
                say("Weighed in the assessment"),
            ),
            rows=tuple(
                (
                    fact(f"{place}.id"),
                    fact(f"{place}.necessity.interest"),
                    fact(f"{place}.necessity.why_insufficient"),
                    fact(f"{place}.necessity.evidence"),
                    _weighed(read, place),
                )
                for place in ops
            ),
        ),
        Section(
            say("Inherent risk, before measures"),
            "35(7)(c)",
            head=(
                say("Risk"),
                say("Class"),
                say("What it does to rights and freedoms"),
                say("Level before"),
                say("Why another level"),
            ),
            rows=tuple(
                (
                    fact(f"{place}.id"),
                    fact(f"{place}.class"),
                    fact(f"{place}.rights_effect"),
                    levels(place, "level"),
                    fact(f"{place}.level_reason"),
                )
                for place in risks
            ),
        ),
        Section(
            say("Action plan"),
            "35(7)(d)",
            head=(
                say("Risk"),
                say("Measures"),
                say("Answer this risk"),
                say("Found in the cited document"),
                say("Who and when"),
            ),
            rows=tuple(
                (
                    fact(f"{place}.id"),
                    fact(f"{place}.measures"),
                    fact(f"{place}.measures_answer"),
                    fact(f"{place}.measures_found"),
                    "",
                )
                for place in risks
            ),
        ),
        Section(
            say("Residual risk"),
            "35(7)(c)–(d), 36(1)",
            head=(say("Risk"), say("Level before"), say("Level after")),
            rows=tuple((fact(f"{place}.id"), levels(place, "level"), levels(place, "residual")) for place in risks),
            after=say(
                "Conclusion: {conclusion}. Prior consultation: {consultation}.",
                conclusion=fact("dpia.conclusion"),
                consultation=fact("sup.consultation"),
            ),
        ),
        Section(
            say("Advice of the data protection officer"),
            "35(2)",
            rows=(
                pair(say("Advice"), "ctl.dpo_advice.text"),
                pair(say("Date"), "ctl.dpo_advice.date"),
                pair(say("Followed"), "ctl.dpo_advice.followed"),
                pair(say("Reason for deviating"), "ctl.dpo_advice.deviation_reason"),
            ),
            head=(say("What"), say("As the record states it")),
        ),
        Section(
            say("Views of data subjects"),
            "35(9)",
            rows=(
                pair(say("Heard, or their representatives"), "dpia.representatives_heard"),
                pair(say("Why not"), "dpia.representatives_reason"),
            ),
            head=(say("What"), say("As the record states it")),
        ),
        Section(
            say("Formal decision"),
            "35, 24, 5(2)",
            rows=(
                (say("Decision"), _named(read, "paper.decision", terms.FORMAL)),
                pair(say("By"), "dpia.approved_by"),
                pair(say("Date"), "dpia.approved_on"),
                pair(say("Signed document"), "dpia.approval_doc"),
            ),
            head=(say("What"), say("As the record states it")),
        ),
    ]


def _weighed(reading: Reading, place: str) -> str:
    weighed = reading.at("dpia.ops")
    if weighed in ABSENT:
        return _text(reading, weighed)
    return reading.words.say("yes") if reading.at(f"{place}.id") in weighed else reading.words.say("no")
