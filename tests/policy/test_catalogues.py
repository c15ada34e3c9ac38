"""The law's catalogues: everything that a finding, a rule or a paper says has its Swedish and Icelandic."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from typing import get_args

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from policy import engine, explain, summing, terms
from policy.language import Language, Words, catalogue, zero
from policy.record import (
    Alternative,
    DataField,
    Level,
    Modality,
    OperationKind,
    Particulars,
    Profile,
    Recipient,
    Who,
)
from policy.rule import rules
from policy.verdict import Decision, Outcome

TRANSLATED: tuple[Language, ...] = ("sv", "is")


def _sources() -> Iterator[tuple[str, str, dict[str, None]]]:
    for template in sorted(path.name for path in (files("policy") / "templates").iterdir()):
        if template.endswith(".html"):
            yield "jinja2.ext:babel_extract", f"templates/{template}", {"_": None}
    for name in ("papers", "dpia", "defects", "page", "terms"):
        yield "python", f"{name}.py", {"say": None, "translatable": None}


def _in_code() -> set[str]:
    found: set[str] = set()
    for method, name, keywords in _sources():
        with (files("policy") / name).open("rb") as file:
            found |= {str(message) for _, message, *_ in extract(method, file, keywords)}
    return found


def _in_rules() -> set[str]:
    found = {engine.ESCALATED, engine.UNKNOWN, engine.ABROAD, engine.NOT_YET, engine.NO_LONGER, engine.APART}
    for rule in rules().values():
        found |= {rule.asks, rule.fails, *(milder.why for milder in rule.milder)}
    return found | set(summing.TEXTS) | set(explain.TEXTS)


SAID = _in_code() | _in_rules()


def _placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"\{[^}]*\}", text))


def _numbers(text: str) -> Counter[str]:
    """The numbers in a text, with the locale's separators taken out."""
    joined = re.sub(r"(?<=\d)[,.\s](?=\d{3}\b)", "", text)
    return Counter(re.findall(r"\d+", joined))


@pytest.mark.parametrize("language", TRANSLATED)
def test_everything_said_is_translated(language: Language) -> None:
    assert sorted(SAID - set(catalogue(language))) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_translated_that_is_no_longer_said(language: Language) -> None:
    assert sorted(set(catalogue(language)) - SAID) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_placeholders_agree(language: Language) -> None:
    assert [text for text, said in catalogue(language).items() if _placeholders(text) != _placeholders(said)] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_number_differs_between_languages(language: Language) -> None:
    assert [(text, said) for text, said in catalogue(language).items() if _numbers(text) != _numbers(said)] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_is_whole_and_says_nothing_twice(language: Language) -> None:
    path = files("policy") / "languages" / f"{language}.po"
    with path.open("rb") as file:
        messages = [message for message in read_po(file, locale=language, abort_invalid=True) if message.id]
    assert [message.id for message in messages if not message.string or message.fuzzy] == []
    assert path.read_text(encoding="utf-8").count("\nmsgid ") == len(messages) + 1


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_sentence_ends_as_its_english_does(language: Language) -> None:
    differing = [
        text
        for text, said in catalogue(language).items()
        if (text[-1] in ".:?") != (said[-1] in ".:?") and len(text) > 12 and not text.endswith("{article}")
    ]
    assert differing == []


def test_every_identifier_has_a_name() -> None:
    def values(model: type, field: str) -> set[str]:
        annotation = model.model_fields[field].annotation  # type: ignore[attr-defined]
        literals = [option for option in (annotation, *get_args(annotation)) if get_args(option)]
        return {value for option in literals for value in get_args(option) if isinstance(value, str)}

    assert set(get_args(OperationKind)) == set(terms.OPERATIONS)
    assert set(get_args(Modality)) == set(terms.MODALITIES)
    assert set(get_args(Who)) == set(terms.WHO)
    assert values(DataField, "kind") - {"none", "unknown"} == set(terms.FIELDS)
    assert set(get_args(Level)) == set(terms.LEVELS)
    assert set(get_args(Profile)) < set(terms.JURISDICTIONS)
    assert set(get_args(Decision)) == set(terms.DECISIONS)
    assert set(get_args(Outcome)) == set(terms.OUTCOMES)
    assert values(Alternative, "id") == set(terms.ALTERNATIVES)
    assert values(Recipient, "role") - {"none", "unknown"} == set(terms.RECIPIENTS)
    assert values(Particulars, "duty") - {"none", "unknown"} == set(terms.DUTIES)
    assert values(Particulars, "decision") - {"none", "unknown"} == set(terms.FORMAL)
    assert {rule.mark for rule in rules().values()} - {None} <= set(terms.MARKS)


@pytest.mark.parametrize(
    ("language", "period", "said"),
    [
        ("en", "P30D", "30 days"),
        ("sv", "P1M", "1 månad"),
        ("is", "P1Y6M", "1 ár 6 mánuðir"),
        ("en", "PT24H", "24 hours"),
        ("en", "PT0S", "0 seconds"),
        ("en", "until the end of term", "until the end of term"),
        ("en", "P", "P"),
    ],
)
def test_periods_are_said_in_words(language: Language, period: str, said: str) -> None:
    assert Words(language).period(period) == said
    assert zero(period) is (period == "PT0S")


def test_countries_are_called_what_they_are_called_there() -> None:
    assert [Words(language).country("US") for language in ("en", "sv", "is")] == ["United States", "USA", "Bandaríkin"]
    assert Words("en").country("XX-none") == "XX-none"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_term_nobody_checked_is_found_in_what_the_catalogue_says(language: Language) -> None:
    whole = " ".join(catalogue(language).values())
    assert len(terms.unchecked(whole, language)) >= 10
    assert terms.unchecked("", language) == []
