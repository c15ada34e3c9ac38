"""Measured alternatives: a signed pilot with margin and need fixed before counts, everything weaker is not shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from records import TODAY, load

from policy.engine import judge
from policy.measured import MeasuredError, canonical, measurements, read, signed
from policy.rule import rules
from policy.view import Ground

KEY = Ed25519PrivateKey.generate()


def document(**changed: Any) -> dict[str, Any]:
    """A pilot that shows a gain of 2 percentage points over tags and codes, where 1 was needed."""
    comparisons = [
        {
            "alternative": alternative, "measure": "denied", "unit": "share", "margin": 0.005, "need": 0.01,
            "gain": {"value": 0.02, "interval": [0.015, 0.025], "level": 0.95, "n": 4000},
        }
        for alternative in ("tag", "pin")
    ]  # fmt: skip
    return {
        "schema": "threshold/measured-alternatives/1", "id": "p", "grade": "pilot", "fixed_at": "2026-01-01T08:00:00Z",
        "first_transaction_at": "2026-01-02T08:00:00Z", "comparisons": comparisons, **changed,
    }  # fmt: skip


def changed(**fields: Any) -> dict[str, Any]:
    return document(comparisons=[{**entry, **fields} for entry in document()["comparisons"]])


def test_a_signed_pilot_counts():
    found = measurements(signed(document(), KEY), "x", KEY.public_key())
    assert [(m.alternative, m.low, m.need, m.shown, m.why_not) for m in found] == [
        ("tag", 0.015, 0.01, True, ""),
        ("pin", 0.015, 0.01, True, ""),
    ]


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (document(grade="recording"), "grade is recording"),
        (document(grade="simulated"), "grade is simulated"),
        (document(fixed_at="2026-01-02T08:00:00Z"), "before the first transaction"),
        (changed(need=0), "need is not above 0"),
        (changed(need=-0.1), "need is not above 0"),
        (changed(margin=0), "margin is not above 0"),
        (changed(gain={"value": 0.5, "interval": [0.01, 0.02], "level": 0.95, "n": 9}), "does not hold its value"),
    ],
)
def test_what_is_weaker_is_not_shown(made, why):
    found = measurements(signed(made, KEY), "x", KEY.public_key())
    assert not any(m.shown for m in found)
    assert all(why in m.why_not for m in found)


def test_a_signature_must_be_there_by_the_pinned_key_and_over_all_of_it():
    good = signed(document(), KEY)
    for made, key, why in (
        (document(), KEY.public_key(), "not signed"),
        (good, None, "no public key was pinned"),
        (good, Ed25519PrivateKey.generate().public_key(), "not by the pinned key"),
        ({**good, "id": "q"}, KEY.public_key(), "not by the pinned key"),
        ({**good, "signature": "AAAA"}, KEY.public_key(), "not by the pinned key"),
        ({**good, "signature": "å"}, KEY.public_key(), "not by the pinned key"),
    ):
        found = measurements(made, "x", key)
        assert {(m.shown, why in m.why_not) for m in found} == {(False, True)}


def test_what_is_signed_does_not_depend_on_order_or_spaces():
    made = document()
    assert canonical(dict(reversed(made.items()))) == canonical({**made, "signature": "anything"})


@pytest.mark.parametrize(
    "made",
    [
        {}, [], None, {"schema": "threshold/results/1"}, document(grade="best"), document(more=1),
        changed(alternative="magic"), document(fixed_at="2026-01-01T08:00:00"),
        changed(gain={"value": float("nan"), "interval": [0, 1], "level": 0.95, "n": 1}),
        changed(gain={"value": 0.5, "interval": [0, 1], "level": 0.5, "n": 1}),
    ],
)  # fmt: skip
def test_what_is_no_such_document_is_refused_by_name(made):
    with pytest.raises(MeasuredError, match=r"^x: expected measured alternatives"):
        measurements(made, "x", KEY.public_key())


def test_a_file_is_read_or_refused(tmp_path):
    path = tmp_path / "m.json"
    path.write_text(json.dumps(signed(document(), KEY)))
    assert all(m.shown for m in read(path, KEY.public_key()))
    path.write_text("{")
    with pytest.raises(MeasuredError, match=r"m\.json"):
        read(path, None)


# --- what the rules make of it ---


def school(**alternatives: Any) -> dict[str, Any]:
    facts = load("school-tags")
    return {
        **facts,
        "alt": tuple({**way, "sufficient": False, "in_use": False, **alternatives} for way in facts["alt"]),
    }


def outcomes(facts: dict[str, Any], made: dict[str, Any] | None) -> dict[str, str]:
    found = () if made is None else measurements(signed(made, KEY), "x", KEY.public_key())
    names = ("necessity-marginal-gain", "least-intrusive-first", "necessity-vs-alternatives")
    order = ["not-applicable", "pass", "warn", "suspend", "refuse", "unknown"]
    worst = dict.fromkeys(names, "not-applicable")
    for rule, _, judgement in judge(Ground(facts, TODAY, (), found), [rules()[name] for name in names]):
        worst[rule.id] = max(worst[rule.id], judgement.outcome, key=order.index)
    return worst


def test_three_rules_read_the_intervals():
    assert set(outcomes(school(), document()).values()) == {"pass"}


def test_without_evidence_the_gain_is_not_known():
    assert outcomes(school(), None)["necessity-marginal-gain"] == "unknown"
    assert outcomes(school(), None)["least-intrusive-first"] == "unknown"


@pytest.mark.parametrize(
    "made",
    [
        document(grade="recording"),
        changed(gain={"value": 0.02, "interval": [0.009, 0.03], "level": 0.95, "n": 90}),
        changed(gain={"value": 0.02, "interval": [0.01, 0.03], "level": 0.95, "n": 90}),
    ],
    ids=["weaker", "interval reaches below the need", "interval reaches the need"],
)
def test_a_gain_that_is_not_shown_refuses(made):
    found = outcomes(school(), made)
    assert (found["necessity-marginal-gain"], found["least-intrusive-first"]) == ("refuse", "refuse")


def test_a_comparison_may_be_measured_in_place_of_written():
    facts = school(compared="none")
    assert outcomes(facts, None)["necessity-vs-alternatives"] == "refuse"
    made = document()
    made["comparisons"] += [{**made["comparisons"][0], "alternative": "manual"}]
    assert outcomes(facts, made)["necessity-vs-alternatives"] == "pass"


def test_a_way_that_is_enough_stays_the_lesser_one_whatever_was_measured():
    assert outcomes(school(sufficient=True), document())["least-intrusive-first"] == "refuse"
