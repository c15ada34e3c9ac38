"""The verdict's page: every finding, its citation and how sure it is, in three languages."""

from __future__ import annotations

from datetime import date

import pytest
from test_papers import Outline, hall, visible

from policy.engine import assess
from policy.language import LANGUAGES, Language
from policy.page import page
from policy.verdict import Change, Changes, Exposure, Finding, Verdict


def finding(rule: str, outcome: str, **more: object) -> Finding:
    return Finding.model_validate(
        {"rule": rule, "outcome": outcome, "citations": [f"Art {rule}"], "message": f"About {rule}.", **more}
    )


FINDINGS = (
    finding("a", "refuse", operation="match", mark="unverified"),
    finding("a", "refuse", operation="log", mark="unverified"),
    finding("b", "suspend", mark="inference", why="Because."),
    finding("c", "warn"),
    finding("d", "unknown", missing=["bio.mode"], counts_as="suspend"),
    finding("e", "pass"),
    finding("f", "not-applicable"),
    finding("g", "report"),
)
WHOLE = Verdict.of(*FINDINGS).model_copy(
    update={
        "as_of": date(2026, 11, 20),
        "profile": "is",
        "operations": {"match": "refuse", "log": "allow"},
        "exposure": Exposure(tier=2, ceiling="much", citation="Art 83", mark="unverified", rules=("a",)),
        "mitigating": ("No harm.",),
        "aggravating": ("A minor.",),
        "changes": Changes(searched=2, sets=(Change(facts={"bio.mode": "1:1"}, verdict="allow"),), complete=False),
    }
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("verdict", [WHOLE, Verdict.of(), Verdict.of(finding("e", "pass"), mode="continue")])
def test_the_page_stands_alone_and_can_be_read_aloud(verdict: Verdict, language: Language) -> None:
    tags = Outline(page(verdict, hall(), language)).tags
    names = [name for name, _ in tags]
    assert dict(tags)["html"]["lang"] == language
    assert not {"script", "link", "img", "iframe", "details"} & set(names)
    assert next(name for name in names if name in ("h1", "h2", "h3")) == "h1"


def test_it_says_what_was_decided_and_why() -> None:
    said = visible(page(WHOLE, hall(), "en"))
    for text in (
        "Entrance with tag or face Refused Asked to start, as of 20 November 2026, under the law of: Iceland.",
        "match compare: face Refused",
        "log log: tag Allowed",
        "Refuse: this must not run 1 About a. Operations: match, log Art a · unverified: from memory",
        "About b. Because. Art b · own inference: no source says it",
        "Unknown: a fact is missing, so it counts as not fulfilled 1 About d. Counts as: suspend. Missing: bio.mode",
        "What has to be stated 1 bio.mode",
        "bio.mode → 1:1: Allowed",
        "The search ended at its bound",
        "Ceiling of tier 2, no forecast: much. Art 83 · unverified",
        "Mitigating No harm. Aggravating A minor.",
        "Passed 1 About e.",
        "Does not apply here 1 f",
        "This is not legal advice.",
    ):
        assert text in said, text


def test_changes_of_one_fact_share_a_line_and_those_of_two_stay_together() -> None:
    sets = tuple(
        Change.model_validate({"facts": facts, "verdict": "allow"})
        for facts in ({"bio.mode": "1:1"}, {"bio.mode": "none"}, {"a": "1", "b": "2"}, {"a": "3", "b": "4"})
    )
    verdict = WHOLE.model_copy(update={"changes": Changes(searched=2, sets=sets, complete=True)})
    said = visible(page(verdict, hall(), "en"))
    assert "bio.mode → 1:1, none: Allowed a → 1; b → 2: Allowed a → 3; b → 4: Allowed" in said
    assert "ended at its bound" not in said


def test_who_asks_to_continue_is_told_so() -> None:
    said = visible(page(Verdict.of(FINDINGS[0], mode="continue"), hall(), "sv"))
    assert "Stoppas tillfälligt Begäran att fortsätta" in said


def test_nothing_that_was_found_is_left_out() -> None:
    verdict = assess(hall(), as_of=date(2026, 11, 20))
    text = page(verdict, hall(), "en")
    said = visible(text)
    for rule in {entry.rule for entry in verdict.findings if entry.outcome not in ("pass",)}:
        assert f"<code>{rule}</code>" in text or rule in said, rule
    for entry in verdict.findings:
        if entry.outcome not in ("unknown", "not-applicable"):
            assert " ".join(entry.message.split()) in said, entry.rule
    for fact in verdict.needs:
        assert fact in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_real_verdict_is_wholly_in_its_language(language: Language) -> None:
    verdict = assess(hall(), as_of=date(2026, 11, 20), language=language)
    said = visible(page(verdict, hall(), language))
    assert ("The record names the operations it is about." in said) is (language == "en")
    assert ("a fact is missing" in said) is (language == "en")
