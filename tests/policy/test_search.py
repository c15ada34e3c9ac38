"""The gate's condition for a search among everyone: the record states it and shows who is in the zone."""

from __future__ import annotations

from datetime import date

import pytest
from house import laboratory

from policy.case import cases
from policy.engine import finding
from policy.record import Record
from policy.search import RULE, against

DAY = date(2026, 11, 22)
LAB = laboratory(mode="1:N")


def changed(record: Record, **sections) -> Record:
    return record.model_copy(
        update={name: getattr(record, name).model_copy(update=facts) for name, facts in sections.items()}
    )


def test_nothing_stands_against_a_laboratory_with_agreed_adults_alone():
    assert against(LAB, DAY) is None


@pytest.mark.parametrize(
    "sections",
    [
        {"bio": {"mode": "1:1"}},
        {"bio": {"mode": "unknown"}},
        {"bio": {"mode": "none"}},
        {"bio": {"zone_includes_non_enrolled": True}},
        {"bio": {"zone_includes_non_enrolled": "unknown"}},
        {"bio": {"template_of_non_enrolled": True}},
        {"ctl": {"kind": "school"}},
        {"ctl": {"kind": "unknown"}},
        {"ctl": {"relation": "school"}},
        {"dep": {"age_min": 15}},
        {"dep": {"age_min": "unknown"}},
        {"subj": {"age": 17}},
        {"subj": {"role": "pupil"}},
        {"subj": {"role": "unknown"}},
    ],
    ids=str,
)
def test_one_fact_less_stands_against_it(sections):
    found = against(changed(LAB, **sections), DAY)
    assert found is not None
    assert (found.rule, found.weight) == (RULE, "refuse")


def test_a_record_of_nothing_but_tags_states_no_search():
    record = laboratory("school-tags", mode="1:N")
    tags = tuple(op for op in record.op if op.modality != "face")
    assert against(record.model_copy(update={"op": tags}), DAY) is not None


def test_no_statute_opens_one_here():
    """A stadium may capture strangers by its permission; this program has no permit for them all the same."""
    (stadium,) = [case for case in cases() if case.id.startswith("dk-brondby")]
    assert finding(stadium.record, RULE, as_of=DAY).outcome == "pass"
    assert against(stadium.record, DAY) is not None
