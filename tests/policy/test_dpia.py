"""The impact assessment's export: the template's order, both levels of a risk, each known defect answered or not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from test_papers import hall, put, visible

from policy.defects import DEFECTS
from policy.dpia import export, render
from policy.language import LANGUAGES
from policy.reading import Incomplete
from policy.record import Record, parse


def unanswered(record: Record) -> set[str]:
    return {entry["defect"] for entry in export(record, "en")["defects"] if not entry["answered"]}


ANSWERED = (
    put("dep.device_links", False),
    *(put(f"op[{i}].necessity.shared_risks", ["open door"]) for i in range(4)),
    *(put(f"op[{i}].necessity.net_of_manual", True) for i in range(4)),
    *(put(f"op[{i}].necessity.costs", "trial plan 5") for i in range(4)),
    put("notice", {"child_version": True}),
)


def test_the_order_is_the_template_s() -> None:
    titles = [section["title"] for section in export(hall(), "en")["sections"]]
    assert titles == [
        "Description",
        "Legal basis for each purpose, and special categories",
        "Data minimisation and retention",
        "Necessity and proportionality",
        "Inherent risk, before measures",
        "Action plan",
        "Residual risk",
        "Advice of the data protection officer",
        "Views of data subjects",
        "Formal decision",
    ]


@pytest.mark.parametrize("key", ["level", "residual"])
@pytest.mark.parametrize("value", ["unknown", "none"])
def test_a_risk_without_both_levels_is_refused(key: str, value: str) -> None:
    with pytest.raises(Incomplete) as caught:
        export(hall(put(f"dpia.risks[1].{key}", value)), "en")
    assert [gap.fact for gap in caught.value.gaps] == [f"dpia.risks[1].{key}"]


@pytest.mark.parametrize("value", ["unknown", "none", []])
def test_an_assessment_without_risks_is_refused(value: Any) -> None:
    with pytest.raises(Incomplete, match=r"dpia\.risks: expected a value \(dpia: GDPR Art 35\(7\)\(c\)\)"):
        render(hall(put("dpia.risks", value)), "en")


def test_a_record_that_answers_everything_answers_every_defect() -> None:
    assert unanswered(hall(*ANSWERED)) == set()


def test_an_empty_record_answers_no_defect() -> None:
    risk = {"id": "r1", "level": "high", "residual": "high"}
    text = json.dumps({"schema": "threshold/processing-record/1", "dpia": {"risks": [risk]}})
    # It states a risk and its level after measures, which is half of two defects.
    assert unanswered(parse(text, "empty")) == {defect.said for defect in DEFECTS}


BREAKING: list[tuple[str, Any, str]] = [
    ("dpia.date", "none", "There was no adequate impact assessment."),
    ("dpia.risks[0].residual", "high", "The authority was not consulted although the risk stayed high."),
    ("op[2].wider_than_needed", True, "It was more intrusive, with more data, than the purpose needed."),
    ("alt[0].compared", "none", "It was more intrusive, with more data, than the purpose needed."),
    ("op[2].basis9", "none", "No exception from the ban on biometric data held: not pupils' consent, no law."),
    ("op[2].basis9", "g", "No exception from the ban on biometric data held: not pupils' consent, no law."),
    ("ctl.relation", "school", "No exception from the ban on biometric data held: not pupils' consent, no law."),
    ("dep.device_links", True, "The risk of links to devices and of flows between systems was not treated."),
    ("dpia.description", False, "Operations and purposes were not described systematically."),
    ("dpia.ops", ["read-tag"], "Necessity and proportionality were not weighed for each operation."),
    ("dpia.risks[0].rights_effect", "none", "What the risks do to people's rights and freedoms was largely missing."),
    ("dpia.risks[0].measures_answer", False, "Measures did not answer the risk under which they stood."),
    ("dpia.risks[0].measures_found", "unknown", "A measure was not found in the document that was cited for it."),
    ("dpia.risks[2].class", "shut out", "Risks alike were rated differently, without a reason."),
    ("proc", [{"sub": [{"name": "x", "country": "US"}]}], "The risk of sub-processors was not treated."),
    ("dpia.learned", "none", "The same defects as in the comparable decision were there again."),
    ("dpia.conclusion", "none", "No level was given after the measures, and no conclusion drawn."),
    ("dpia.approval_doc", "none", "It was not formally approved."),
    (
        "ctl.dpo_advice.followed",
        False,
        "The data protection officer's advice was set aside, without the assessment behind it.",
    ),
    ("purp[0].changeable_by", "vendor", "The vendor could change the purposes alone."),
    ("op[3].necessity.evidence", "none", "Necessity was claimed and never shown."),
    ("field[0].trigger", "unknown", "No period of retention could be justified."),
    (
        "xfer",
        [{"country": "US", "tool": "46_2_c", "enc_transit": True, "enc_rest": True, "key_holder": "recipient"}],
        "Encryption in transit and at rest was no safeguard where the vendor reads in clear.",
    ),
    ("notice", {"child_version": False}, "Children were not informed in a way they understand."),
    ("dep.age_max", "unknown", "The ages were not stated."),
    ("alt[0].measured", "none", "The gain over tags was thought marginal; nothing measured it."),
    ("op[0].necessity.shared_risks", [], "Someone can follow through an open door either way."),
    ("op[0].necessity.net_of_manual", False, "Who declines leaves manual work, so the saving is unclear."),
    ("op[0].necessity.costs", "unknown", "The cost beside that of tags must be considered."),
]


@pytest.mark.parametrize(("path", "value", "defect"), BREAKING)
def test_the_fact_that_answers_a_defect_opens_it_again(path: str, value: Any, defect: str) -> None:
    changes = [change for change in ANSWERED if path != "notice" or change is not ANSWERED[-1]]
    record = hall(*changes, *([put("dpia.subprocessors", "unknown")] if path == "proc" else []), put(path, value))
    assert unanswered(record) == {defect}


def test_every_defect_is_tried() -> None:
    assert {defect for _, _, defect in BREAKING} == {defect.said for defect in DEFECTS}


def test_a_defect_is_answered_by_reference() -> None:
    entry = next(entry for entry in export(hall(), "en")["defects"] if entry["place"] == "III.4.2")
    assert entry["answered"]
    assert entry["facts"]["field[0].period"] == "P30D"
    said = visible(render(hall(), "en"))
    assert "not answered op[].necessity.costs not stated" in said


def test_what_became_of_a_decision_stands_beside_it() -> None:
    said = visible(render(hall(), "en"))
    assert "orders to close and erase were withdrawn" in said
    assert "Annulled in part by the Supreme Court of Iceland" in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_document_is_json_and_holds_the_whole_record(language: Any) -> None:
    document = json.loads(json.dumps(export(hall(), language), allow_nan=False))
    assert Record.model_validate(document["record"]) == hall()
    assert len(document["not_known"]) == 4
    assert len(document["defects"]) == len(DEFECTS)


def test_what_is_not_known_of_the_template_is_said() -> None:
    assert "whether a final version differs is not known" in visible(render(hall(), "en"))
