"""What was wrong in comparable decisions, and which facts of a record answer it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from policy import terms
from policy.language import translatable
from policy.reading import ABSENT, Reading


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision, or another paper of its kind, with what became of it."""

    id: str
    name: str
    status: str


KOPAVOGUR = Decided(
    "2022020414",
    translatable("Persónuvernd 2022020414, Kópavogur, 2 May 2023"),
    translatable(
        "On 27 May 2025 its orders to close and erase were withdrawn and the grounds of the fine held insufficient; "
        "the remaining violations stand."
    ),
)
REYKJAVIK = Decided(
    "2021040879",
    translatable("Persónuvernd 2021040879, Reykjavík, 16 December 2021, as the Kópavogur decision reports it"),
    translatable("Annulled in part by the Supreme Court of Iceland, 18/2024, 9 December 2024."),
)
SKELLEFTEA = Decided(
    "DI-2019-2221",
    translatable("Datainspektionen DI-2019-2221, Skellefteå, 20 August 2019"),
    translatable("Final: two courts rejected the appeals, leave to appeal was not granted."),
)
NORTH_AYRSHIRE = Decided(
    "north-ayrshire-2023",
    translatable("ICO, North Ayrshire, letter published 31 January 2023"),
    translatable("A letter without a fine, under the law of the United Kingdom."),
)
MALMO = Decided(
    "STK-2019-120",
    translatable("Malmö, memo STK-2019-120, 24 July 2019"),
    translatable("A memo that proposed to reject a motion; no decision of a court or authority."),
)

Check = Callable[[Reading], bool]


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect found, where, and the facts that answer it."""

    decided: Decided
    place: str
    said: str
    facts: tuple[str, ...]
    """The facts that a reader is pointed to; `[]` stands for every entry."""
    answered: Check


@dataclass(frozen=True, slots=True)
class Answer:
    """A defect, and whether the record answers it."""

    defect: Defect
    answered: bool
    facts: dict[str, Any]
    """Place → value, as the record has them."""


def answers(reading: Reading) -> list[Answer]:
    """Every defect with its answer, in the order of the list."""
    return [
        Answer(
            defect,
            defect.answered(reading),
            {place: value for fact in defect.facts for place, value in spread(reading, fact)},
        )
        for defect in DEFECTS
    ]


def spread(reading: Reading, fact: str) -> Iterable[tuple[str, Any]]:
    """The places a fact with `[]` stands for, and their values; a list that is absent or empty is itself the place."""
    head, found, tail = fact.partition("[]")
    value = reading.at(head)
    if not found or value in (*ABSENT, ()):
        yield head, value
        return
    for index in range(len(value)):
        yield from spread(reading, f"{head}[{index}]{tail}")


def _values(reading: Reading, fact: str) -> list[Any]:
    return [value for _, value in spread(reading, fact)]


def _stated(*facts: str) -> Check:
    return lambda reading: all(value not in (*ABSENT, ()) for fact in facts for value in _values(reading, fact))


def _true(*facts: str) -> Check:
    return lambda reading: all(value is True for fact in facts for value in _values(reading, fact))


def _every_operation(reading: Reading) -> bool:
    weighed, ops = reading.at("dpia.ops"), reading.at("op")
    return weighed not in ABSENT and isinstance(ops, tuple) and {op["id"] for op in ops} <= set(weighed)


def _alike(reading: Reading) -> bool:
    levels: dict[str, set[str]] = {}
    risks = reading.at("dpia.risks")
    if not isinstance(risks, tuple) or any(risk["class"] in ABSENT or risk["level"] in ABSENT for risk in risks):
        return False
    for risk in risks:
        levels.setdefault(risk["class"], set()).add(risk["level"])
    return all(len(levels[risk["class"]]) == 1 or risk["level_reason"] not in ABSENT for risk in risks)


def _subprocessors(reading: Reading) -> bool:
    none = all(value in ("none", ()) for value in _values(reading, "proc[].sub"))
    return none or reading.at("dpia.subprocessors") is True


def _devices(reading: Reading) -> bool:
    return reading.at("dep.device_links") is False or reading.at("dpia.device_link") is True


def _transfers(reading: Reading) -> bool:
    transfers = reading.at("xfer")
    if transfers in ("none", ()):
        return True
    return transfers != "unknown" and all(
        row["tool"] == "45"
        or row["recipient_needs_clear"] is False
        or (row["enc_transit"] is row["enc_rest"] is row["enc_in_use"] is True and row["key_holder"] == "controller")
        for row in transfers
    )


def _advice(reading: Reading) -> bool:
    if reading.at("ctl.has_dpo") is False:
        return True
    advice = reading.at("ctl.dpo_advice")
    return advice not in ABSENT and (advice["followed"] is True or advice["deviation_reason"] not in ABSENT)


def _purposes_fixed(reading: Reading) -> bool:
    return all(value == "controller" for value in _values(reading, "purp[].changeable_by"))


def _consulted(reading: Reading) -> bool:
    levels = _values(reading, "dpia.risks[].residual")
    return all(level in ("low", "medium") for level in levels) or reading.at("sup.consultation") == "closed"


def _exception(reading: Reading) -> bool:
    ops = reading.at("op")
    if not isinstance(ops, tuple) or any(op["modality"] == "unknown" for op in ops):
        return False
    school = reading.at("ctl.relation") not in ("employer", "other")
    for op in ops:
        if op["modality"] not in terms.BIOMETRIC or op["kind"] in ("capture", "detect", "log", "erase"):
            continue
        if (
            op["basis9"] in ABSENT
            or (op["basis9"] == "a" and school)
            or (op["basis9"] == "g" and op["statute"] in ABSENT)
        ):
            return False
    return True


def _adults(reading: Reading) -> bool:
    youngest = reading.at("dep.age_min")
    return reading.at("notice.child_version") is True or (youngest not in ABSENT and youngest >= 18)


DEFECTS: tuple[Defect, ...] = (
    Defect(
        SKELLEFTEA,
        "Art 35",
        translatable("There was no adequate impact assessment."),
        ("dpia.date", "dpia.risks[].id"),
        _stated("dpia.date", "dpia.risks[].id"),
    ),
    Defect(
        SKELLEFTEA,
        "Art 36",
        translatable("The authority was not consulted although the risk stayed high."),
        ("dpia.risks[].residual", "sup.consultation"),
        _consulted,
    ),
    Defect(
        SKELLEFTEA,
        "Art 5",
        translatable("It was more intrusive, with more data, than the purpose needed."),
        ("op[].wider_than_needed", "alt[].compared"),
        lambda read: (
            _stated("alt[].compared")(read) and all(v is False for v in _values(read, "op[].wider_than_needed"))
        ),
    ),
    Defect(
        SKELLEFTEA,
        "Art 9",
        translatable("No exception from the ban on biometric data held: not pupils' consent, no law."),
        ("op[].basis9", "op[].statute", "ctl.relation"),
        _exception,
    ),
    Defect(
        REYKJAVIK,
        "III.4.4.1",
        translatable("The risk of links to devices and of flows between systems was not treated."),
        ("dep.device_links", "dpia.device_link"),
        _devices,
    ),
    Defect(
        KOPAVOGUR,
        "III.5.1",
        translatable("Operations and purposes were not described systematically."),
        ("dpia.description",),
        _true("dpia.description"),
    ),
    Defect(
        KOPAVOGUR,
        "III.5.1",
        translatable("Necessity and proportionality were not weighed for each operation."),
        ("dpia.ops", "op[].id"),
        _every_operation,
    ),
    Defect(
        KOPAVOGUR,
        "III.5.1",
        translatable("What the risks do to people's rights and freedoms was largely missing."),
        ("dpia.risks[].rights_effect",),
        _stated("dpia.risks[].rights_effect"),
    ),
    Defect(
        KOPAVOGUR,
        "III.5.1",
        translatable("Measures did not answer the risk under which they stood."),
        ("dpia.risks[].measures_answer",),
        _true("dpia.risks[].measures_answer"),
    ),
    Defect(
        KOPAVOGUR,
        "III.5.1",
        translatable("A measure was not found in the document that was cited for it."),
        ("dpia.risks[].measures_found",),
        _true("dpia.risks[].measures_found"),
    ),
    Defect(
        KOPAVOGUR,
        "III.5.1, II.6.1",
        translatable("Risks alike were rated differently, without a reason."),
        ("dpia.risks[].class", "dpia.risks[].level", "dpia.risks[].level_reason"),
        _alike,
    ),
    Defect(
        KOPAVOGUR,
        "III.5.1",
        translatable("The risk of sub-processors was not treated."),
        ("dpia.subprocessors", "proc[].sub"),
        _subprocessors,
    ),
    Defect(
        KOPAVOGUR,
        "III.5.1",
        translatable("The same defects as in the comparable decision were there again."),
        ("dpia.learned",),
        _stated("dpia.learned"),
    ),
    Defect(
        KOPAVOGUR,
        "II.6.1",
        translatable("No level was given after the measures, and no conclusion drawn."),
        ("dpia.risks[].residual", "dpia.conclusion"),
        _stated("dpia.risks[].residual", "dpia.conclusion"),
    ),
    Defect(
        KOPAVOGUR,
        "II.6.1",
        translatable("It was not formally approved."),
        ("dpia.approved_by", "dpia.approved_on", "dpia.approval_doc"),
        _stated("dpia.approved_by", "dpia.approved_on", "dpia.approval_doc"),
    ),
    Defect(
        KOPAVOGUR,
        "II.5.2",
        translatable("The data protection officer's advice was set aside, without the assessment behind it."),
        ("ctl.dpo_advice.followed", "ctl.dpo_advice.deviation_reason"),
        _advice,
    ),
    Defect(
        KOPAVOGUR,
        "III.4.1",
        translatable("The vendor could change the purposes alone."),
        ("purp[].changeable_by",),
        _purposes_fixed,
    ),
    Defect(
        KOPAVOGUR,
        "III.4.1",
        translatable("Necessity was claimed and never shown."),
        ("op[].necessity.evidence",),
        _stated("op[].necessity.evidence"),
    ),
    Defect(
        KOPAVOGUR,
        "III.4.2",
        translatable("No period of retention could be justified."),
        ("field[].period", "field[].trigger"),
        _stated("field[].period", "field[].trigger"),
    ),
    Defect(
        KOPAVOGUR,
        "III.6",
        translatable("Encryption in transit and at rest was no safeguard where the vendor reads in clear."),
        ("xfer[].tool", "xfer[].enc_in_use", "xfer[].key_holder"),
        _transfers,
    ),
    Defect(
        NORTH_AYRSHIRE,
        "Art 12",
        translatable("Children were not informed in a way they understand."),
        ("notice.child_version", "dep.age_min"),
        _adults,
    ),
    Defect(
        MALMO,
        "Sammantagen bedömning",
        translatable("The ages were not stated."),
        ("dep.age_min", "dep.age_max"),
        _stated("dep.age_min", "dep.age_max"),
    ),
    Defect(
        MALMO,
        "Grundskolenämnden",
        translatable("The gain over tags was thought marginal; nothing measured it."),
        ("alt[].measured",),
        lambda read: any(v not in ABSENT and v != () for v in _values(read, "alt[].measured")),
    ),
    Defect(
        MALMO,
        "Grundskolenämnden",
        translatable("Someone can follow through an open door either way."),
        ("op[].necessity.shared_risks",),
        _stated("op[].necessity.shared_risks"),
    ),
    Defect(
        MALMO,
        "Grundskolenämnden",
        translatable("Who declines leaves manual work, so the saving is unclear."),
        ("op[].necessity.net_of_manual",),
        _true("op[].necessity.net_of_manual"),
    ),
    Defect(
        MALMO,
        "Grundskolenämnden",
        translatable("The cost beside that of tags must be considered."),
        ("op[].necessity.costs",),
        _stated("op[].necessity.costs"),
    ),
)
