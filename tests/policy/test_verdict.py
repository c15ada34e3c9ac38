"""From findings to a verdict: the worst decides, and what is missing is collected."""

from __future__ import annotations

from itertools import permutations

import pytest
from pydantic import ValidationError

from policy.verdict import Finding, Verdict


def finding(outcome: str, rule: str = "rule", missing: tuple[str, ...] = ()) -> Finding:
    return Finding(rule=rule, outcome=outcome, citations=("GDPR Art 5",), missing=missing, message=f"{rule} says so")


@pytest.mark.parametrize(
    ("outcomes", "decision"),
    [
        (("pass",), "allow"),
        (("warn",), "allow"),
        (("report",), "allow"),
        (("not-applicable", "pass"), "allow"),
        (("suspend",), "suspend"),
        (("refuse",), "refuse"),
        (("unknown",), "refuse"),
        (("pass", "warn", "suspend"), "suspend"),
        (("pass", "suspend", "refuse"), "refuse"),
        (("suspend", "unknown"), "refuse"),
        (("pass", "unknown", "not-applicable"), "refuse"),
    ],
)
def test_the_worst_outcome_decides_in_any_order(outcomes, decision):
    orders = permutations([finding(outcome) for outcome in outcomes])
    assert {Verdict.of(*order).verdict for order in orders} == {decision}


@pytest.mark.parametrize(
    ("counts_as", "decision"), [("warn", "allow"), ("suspend", "suspend"), ("refuse", "refuse"), (None, "refuse")]
)
def test_unknown_counts_as_the_rule_s_fail(counts_as, decision):
    unknown = finding("unknown").model_copy(update={"counts_as": counts_as})
    assert Verdict.of(unknown).verdict == decision
    assert len(Verdict.of(unknown).warnings) == (counts_as == "warn")


@pytest.mark.parametrize(("outcome", "decision"), [("refuse", "suspend"), ("suspend", "suspend"), ("warn", "allow")])
def test_who_continues_is_suspended_where_a_start_is_refused(outcome, decision):
    verdict = Verdict.of(finding(outcome), mode="continue")
    assert (verdict.verdict, verdict.findings[0].outcome) == (decision, outcome)


def test_where_no_rule_was_asked_nothing_is_allowed():
    assert Verdict.of().verdict == "refuse"


def test_only_warnings_are_repeated_as_warnings():
    verdict = Verdict.of(finding("warn", "first"), finding("pass", "second"), finding("warn", "third"))
    assert (verdict.verdict, verdict.warnings) == ("allow", ("first says so", "third says so"))


def test_needs_keep_their_order_and_come_once():
    verdict = Verdict.of(finding("unknown", missing=("b", "a")), finding("refuse", missing=("c", "b", "d")))
    assert verdict.needs == ("b", "a", "c", "d")


def test_all_findings_are_kept_as_they_came():
    findings = (finding("pass", "first"), finding("refuse", "second"), finding("pass", "first"))
    assert Verdict.of(*findings).findings == findings


def test_a_verdict_survives_json():
    verdict = Verdict.of(finding("warn"), finding("unknown", missing=("dep.status",)))
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict


def test_a_verdict_can_not_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        Verdict.of(finding("refuse")).verdict = "allow"


def test_an_outcome_that_does_not_exist_is_refused():
    with pytest.raises(ValidationError, match="outcome"):
        finding("fine")
