"""Reading a processing record: every fact a value, none or unknown; what is wrong is named by its key."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from policy.errors import PolicyError
from policy.gate import Gate
from policy.record import SCHEMA, Absent, RecordError, read

RECORDS = sorted((Path(__file__).parents[2] / "policy" / "records").glob("*.yaml"))
HEAD = f"schema: {SCHEMA}\n"

FULL = """
schema: threshold/processing-record/1
dep: {jurisdiction: se, as_of: 2026-03-01, status: pilot, age_min: 18, age_max: 130, language: [sv, en],
      started_on: none, entrance_kind: school door}
ctl:
  is_public_authority: true
  relation: school
  dpo_advice: {text: against, date: 2026-02-01, followed: false, deviation_reason: none}
subj: {role: staff, age: 0, enrolled: true, consent_ref: none}
purp:
  - {id: attendance, text: who is here, statute_ref: none, ordinary_activity: true, fixed_on: 2026-01-01,
     changeable_by: controller}
op:
  - {id: match, kind: match, purpose: attendance, fields: [template], basis6: e, basis9: none, within_task: true,
     unavoidable: false, decided_by: controller,
     necessity: {interest: order, alternatives: [tag], why_insufficient: none, evidence: results.json}}
alt:
  - {id: tag, measured: {denied: 0.03, wrong_in: 0.0, seconds: 1.5, cost: 4 a tag, n: 500, ci: [0.02, 0.05]},
      data_fields: [uid], sufficient: true}
bio: {mode: 1:1, template_location: controller, zone_includes_non_enrolled: false, template_of_non_enrolled: false,
      active_involvement: true}
cons: {given_by: subject, guardians: [], child_heard: none, explicit: true, informed_on: 2026-01-02,
       alternative_equal: true, detriment: false, withdrawn_on: none, notice_version: "1"}
notice: {elements: [13_1_e], language: [sv], url_count: 0, given_on: 2026-01-02, claims: []}
proc:
  - {contract: {signed: true, date: 2026-01-01}, sub: [], own_purposes: none}
joint:
  - {ops: [], arrangement_ref: none, essence_url: none}
dpia:
  date: 2026-01-03
  version: "2"
  ops: [match]
  risks: [{id: r1, class: rights, level: high, rights_effect: none, measures: [none stored], residual: low}]
  subprocessors: false
  device_link: false
  conclusion: acceptable
  approved_by: board
  approval_doc: minutes 4
xfer: [{country: US, tool: none, enc_transit: true, enc_rest: true, enc_in_use: false, key_holder: controller,
        recipient_needs_clear: false, reident_feasible: true}]
sup: {prior_decisions: [], open_cases: none, orders: [{kind: suspend, issued: 2026-01-01}]}
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "record.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(folder: Path, text: str | bytes) -> str:
    path = written(folder, text)
    with pytest.raises(PolicyError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


# --- what can be read ---


def test_a_record_is_read_as_it_is_written(tmp_path):
    record = read(written(tmp_path, FULL))
    assert (record.dep.as_of, record.subj.age, record.bio.mode) == (date(2026, 3, 1), 0, "1:1")
    assert (record.dpia.risks[0].risk_class, record.sup.orders[0].kind) == ("rights", "suspend")


def test_the_gate_refuses_what_the_rules_refuse_and_says_what_is_needed(tmp_path):
    verdict = Gate([]).assess(read(written(tmp_path, FULL)))
    assert verdict.verdict == "refuse"
    assert {"op[0].statute", "sec.encrypted"} <= set(verdict.needs)


def test_a_record_survives_json(tmp_path):
    record = read(written(tmp_path, FULL))
    assert read(written(tmp_path, record.model_dump_json(by_alias=True))) == record


def test_json_is_yaml_too(tmp_path):
    record = read(written(tmp_path, json.dumps({"schema": SCHEMA, "dep": {"as_of": "2026-03-01"}})))
    assert record.dep.as_of == date(2026, 3, 1)


def test_a_missing_key_a_missing_part_and_the_word_are_all_unknown(tmp_path):
    missing_part = read(written(tmp_path, HEAD))
    missing_key = read(written(tmp_path, HEAD + "bio: {}"))
    word = read(written(tmp_path, HEAD + "bio: {mode: unknown}"))
    assert missing_part == missing_key == word
    assert word.bio.mode == "unknown"


def test_none_is_stated_and_not_unknown(tmp_path):
    record = read(written(tmp_path, HEAD + "bio: {mode: none}\nop: none\nxfer: []"))
    assert (record.bio.mode, record.op, record.xfer) == ("none", "none", ())
    assert not {"bio.mode", "op", "xfer"} & set(record.unknown())


def test_unknown_facts_are_listed_by_their_names_in_the_record(tmp_path):
    text = """
    ctl: {is_public_authority: true, relation: none, dpo_advice: {text: against, date: 2026-01-01, followed: unknown}}
    dpia: {risks: [{id: r1, level: high, level_reason: none, rights_effect: none, measures: [], measures_answer: true,
                    measures_found: true, residual: low}]}
    """
    record = read(written(tmp_path, HEAD + text.replace("\n    ", "\n")))
    unknown = list(record.unknown())
    assert [name for name in unknown if name.startswith(("ctl", "dpia.risks"))] == [
        "ctl.kind",
        "ctl.has_dpo",
        "ctl.dpo_advice.followed",
        "ctl.dpo_advice.deviation_reason",
        "ctl.identity_overview",
        "dpia.risks[0].class",
    ]
    assert len(unknown) == len(set(unknown))


def test_an_unknown_inside_a_table_or_list_is_listed_too(tmp_path):
    text = """
proc: [{contract: {signed: unknown, date: 2026-01-01}, sub: [{name: x}], own_purposes: none}]
dep: {language: [unknown]}
sup: {prior_decisions: none, open_cases: none, orders: [{kind: unknown}]}
"""
    unknown = list(read(written(tmp_path, HEAD + text)).unknown())
    assert {"proc[0].contract.signed", "proc[0].sub[0].country", "sup.orders[0].kind", "dep.language[0]"} <= set(
        unknown
    )
    assert "proc[0].contract.date" not in unknown


def test_each_absence_is_a_word_of_two():
    assert set(Absent.__args__) == {"none", "unknown"}


def test_a_record_can_not_be_changed(tmp_path):
    record = read(written(tmp_path, HEAD))
    with pytest.raises(ValidationError, match="frozen"):
        record.dep = None


def test_plain_words_are_what_version_1_2_says_they_are(tmp_path):
    record = read(written(tmp_path, HEAD + "dep: {jurisdiction: no, entrance_kind: off}\nbio: {mode: 1:1}"))
    assert (record.dep.jurisdiction, record.dep.entrance_kind, record.bio.mode) == ("no", "off", "1:1")


def test_tools_are_named_by_their_article_as_number_or_text(tmp_path):
    record = read(written(tmp_path, HEAD + "xfer: [{country: US, tool: 45}, {country: CA, tool: '45'}]"))
    assert [transfer.tool for transfer in record.xfer] == ["45", "45"]


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_yaml_and_json_lose_nothing(tmp_path, path):
    record = read(path)
    document = record.model_dump(mode="json", by_alias=True)
    again = read(written(tmp_path, json.dumps(document)))
    assert again == record
    assert read(written(tmp_path, yaml.safe_dump(document))) == record
    assert again.model_dump(mode="json", by_alias=True) == document


# --- what can't ---


@pytest.mark.parametrize(
    ("text", "key", "found"),
    [
        ("dep: {jurisdiction: fi}", "dep.jurisdiction", "found 'fi'"),
        ("dep: {as_of: spring}", "dep.as_of", "found 'spring'"),
        ('dep: {as_of: "2026-02-30"}', "dep.as_of", "found '2026-02-30'"),
        ("dep: {as_of: 2026-03-01T12:00:00}", "dep.as_of", "found '2026-03-01T12:00:00'"),
        ("dep: {as_of: }", "dep.as_of", "found nothing"),
        ("dep: {as_of: 5}", "dep.as_of", "expected a date (YYYY-MM-DD), none or unknown, found 5"),
        ("dep: {as_of: 2026-02-30}", "dep.as_of", "found '2026-02-30'"),
        ("subj: {enrolled: no}", "subj.enrolled", "expected true or false, none or unknown, found 'no'"),
        ("subj: {age: -1}", "subj.age", "found -1"),
        ("subj: {age: 131}", "subj.age", "found 131"),
        ("subj: {age: twelve}", "subj.age", "found 'twelve'"),
        ("subj: {age: 11.5}", "subj.age", "found 11.5"),
        ("subj: {enrolled: perhaps}", "subj.enrolled", "found 'perhaps'"),
        ("subj: {consent_ref: 5}", "subj.consent_ref", "found 5"),
        ("dep: {language: sv}", "dep.language", "found 'sv'"),
        ("dep: none", "dep", "found 'none'"),
        ("dep: {colour: red}", "dep.colour", "found an unknown key"),
        ("dep: {jurisdiktion: se}", "dep.jurisdiktion", "did you mean jurisdiction?"),
        ("emotion: allowed", "emotion", "found an unknown key"),
        ("op: [{kind: match}]", "op[0].id", "expected this key, found none"),
        ("op: [{id: unknown}]", "op[0].id", "other than none and unknown"),
        ("xfer: [{country: US, tool: 49}]", "xfer[0].tool", "found 49"),
    ],
)
def test_what_a_fact_can_not_be_is_named_by_its_key(tmp_path, text, key, found):
    message = refusal(tmp_path, HEAD + text)
    assert message.startswith(f"not a processing record of {SCHEMA}:\n  line 2: {key}: ")
    assert found in message
    assert message.endswith("Mend these keys.")


def test_all_problems_are_listed_each_with_its_line(tmp_path):
    text = "dep:\n  as_of: 2026-02-30\n  age_min: -3\nop:\n  - id: a\n    basis6: z\n  - id: b\n    knd: match\n"
    lines = refusal(tmp_path, HEAD + text).splitlines()
    assert [line.split(", found")[0].split(": expected")[0].strip() for line in lines[1:-1]] == [
        "line 3: dep.as_of",
        "line 4: dep.age_min",
        "line 7: op[0].basis6",
        "line 9: op[1].knd",
    ]


@pytest.mark.parametrize("name", ["purp", "op", "field", "alt", "doc"])
def test_an_id_stands_once(tmp_path, name):
    message = refusal(tmp_path, HEAD + f"{name}: [{{id: tag}}, {{id: tag}}]")
    assert f"{name}: expected each id once, found tag twice" in message


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "found none"),
        ("null", "found none"),
        ("- a list", "found none"),
        ("just words", "found none"),
        ("42", "found none"),
        ("dep: {status: pilot}", "found none"),
        ("schema: 1", "found none"),
        ("schema: threshold/transaction/1", "found 'threshold/transaction/1'"),
        ("schema: threshold/processing-record/one", "found 'threshold/processing-record/one'"),
        ("schema: threshold/processing-record/0", "found 'threshold/processing-record/0'"),
        ("schema: threshold/processing-record/²", "found 'threshold/processing-record/²'"),
        ("schema: threshold/processing-record/" + "9" * 5000, "found 'threshold/processing-record/999"),
        ("schema: threshold/processing-record/2", "was written by a later Threshold"),
    ],
)
def test_a_document_that_is_no_record_is_refused(tmp_path, text, found):
    assert found in refusal(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe\x00broken",
        b"schema: [",
        b"\x00",
        b"a: b: c",
        b"dep: *nowhere",
        b"!!python/object/apply:os.system [ls]",
        b"{[1]: 2}",
        f"{HEAD}cons: {{detriment: true, explicit: true, detriment: false}}".encode(),
        f"{HEAD}dep: {{}}\nbio: {{}}\ndep: {{status: pilot}}".encode(),
        f"{HEAD}sup: {{orders: &all [*all]}}".encode(),
        f"{HEAD}dep: {{as_of: !!timestamp spring}}".encode(),
        f"{HEAD}subj: {{age: !!int twelve}}".encode(),
        f"{HEAD}subj: {{enrolled: !!bool perhaps}}".encode(),
        b"[" * 20_000,
    ],
    ids=lambda text: text[:40].decode(errors="replace").strip(),
)
def test_what_is_not_yaml_is_refused(tmp_path, text):
    assert refusal(tmp_path, text).startswith("expected a processing record in YAML, found none that can be read (")


@pytest.mark.parametrize("path", ["gone.yaml", "."])
def test_a_file_that_is_not_there_is_refused(tmp_path, path):
    with pytest.raises(RecordError, match="found none that can be read"):
        read(tmp_path / path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=60), st.text(alphabet="!&*:-[]{}'\"|>%@`,#? \nabi12_.~<", max_size=40)))
def test_no_text_does_anything_but_be_read_or_refused(tmp_path, text):
    path = written(tmp_path, text)
    with pytest.raises(PolicyError):  # none of these says its schema
        read(path)
