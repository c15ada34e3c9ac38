"""Page, PDF and JSON say the same numbers: each one is traced to the value in results.json that it is of."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from pdf_example import SPACE, WHOLE, page, pdf, read_out, text

from benchmarks.evidence import Results
from benchmarks.language import LANGUAGES, Language, Words, catalogue
from benchmarks.paper import paper
from benchmarks.report import render
from benchmarks.traps import caught
from scripts.proofs._tagged import spoken

ALL_LANGUAGES = pytest.mark.parametrize("language", LANGUAGES)
MARKS: dict[Language, tuple[str, str]] = {"en": (".", ","), "sv": (",", "\N{NO-BREAK SPACE}"), "is": (",", ".")}
"""What stands before decimals, and between thousands."""


@dataclass(frozen=True)
class Number:
    """One number of the page: its value, the decimals asked for, and how it was written."""

    value: float
    digits: int
    written: str


@cache
def numbers(language: Language) -> tuple[str, tuple[Number, ...]]:
    """The page with ⟦n⟧ for the n-th different number written for it, and the numbers. Charts are left out."""
    told: dict[Number, int] = {}
    write = Words.number

    def noted(self: Words, value: float, digits: int = 2, **how: bool) -> str:
        one = Number(float(value), digits, write(self, value, digits, **how))
        told.setdefault(one, len(told))  # the page looks whether two levels have the same
        return f"⟦{told[one]}⟧"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Words, "number", noted)
        made = render(WHOLE, language)
    body = re.sub(r"<svg.*?</svg>", "", made[made.index("<body") :], flags=re.DOTALL)
    return body, tuple(told)


def shown(language: Language) -> list[Number]:
    """The numbers in the order of the page."""
    body, told = numbers(language)
    return [told[int(index)] for index in re.findall(r"⟦(\d+)⟧", body)]


def leaves(document: Any) -> Iterator[float | str]:
    """All numbers and texts of a JSON document, keys too."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield key
            yield from leaves(value)
    elif isinstance(document, list):
        for value in document:
            yield from leaves(value)
    elif isinstance(document, int | float | str) and not isinstance(document, bool):
        yield document


def untraced(told: list[Number], results: Results) -> list[Number]:
    """Numbers that are none of the JSON's: neither a value itself nor its share of 100, with its sign or without; nor
    of the two kinds that are counted from it: whoever was let in (trials without failures), and what a trap says.
    """
    document = json.loads(results.model_dump_json(by_alias=True))
    values = {float(each) for each in leaves(document) if not isinstance(each, str)}
    counted = {
        float(rate["denominator"] - rate["numerator"])
        for rate in objects(document)
        if {"denominator", "numerator"} <= rate.keys()
    } | {float(each) for _, one in caught(results) for each in one.values.values() if isinstance(each, int | float)}
    known = {near(scale * value) for value in values | counted for scale in (1, -1, 100, -100)}
    return [each for each in told if near(each.value) not in known]


def near(value: float) -> float:
    """Twelve digits of it: 100 × 0.07 is 7.000000000000001."""
    return float(f"{value:.12g}")


def objects(document: Any) -> Iterator[dict[str, Any]]:
    if isinstance(document, dict):
        yield document
        for value in document.values():
            yield from objects(value)
    elif isinstance(document, list):
        for value in document:
            yield from objects(value)


def parsed(written: str, language: Language) -> float:
    """A number as people of that language read it."""
    decimal, thousands = MARKS[language]
    assert re.fullmatch(rf"[+−]?\d{{1,3}}({re.escape(thousands)}\d{{3}})*({re.escape(decimal)}\d+)?", written), written
    return float(written.replace(thousands, "").replace(decimal, ".").replace("−", "-"))


@ALL_LANGUAGES
def test_each_number_of_the_page_is_one_of_the_json(language: Language) -> None:
    told = shown(language)
    assert len(told) > 2000
    assert untraced(told, WHOLE) == []


@ALL_LANGUAGES
def test_each_number_is_written_as_its_language_writes_it_and_rounded_as_told(language: Language) -> None:
    for each in shown(language):
        assert abs(parsed(each.written, language) - each.value) <= 0.5 * 10**-each.digits + 1e-9, each


def test_the_languages_say_the_same_numbers_in_the_same_order() -> None:
    said = {language: [(each.value, each.digits) for each in shown(language)] for language in LANGUAGES}
    assert said["sv"] == said["en"]
    assert said["is"] == said["en"]


@ALL_LANGUAGES
def test_each_number_stands_on_the_page_and_on_paper_in_that_order(language: Language) -> None:
    """The page is the marked one with its numbers put back; paper has them in the order of the page."""
    body, told = numbers(language)
    back = re.sub(r"⟦(\d+)⟧", lambda found: told[int(found[1])].written, body)
    real = page(language)
    assert back == re.sub(r"<svg.*?</svg>", "", real[real.index("<body") :], flags=re.DOTALL)
    paper_says, at = read_out(spoken(pdf(language))), 0
    for each in on_paper(language):
        written = SPACE.sub("", each.written)
        at = paper_says.index(written, at) + len(written)


def on_paper(language: Language) -> list[Number]:
    """The numbers without those that are only heard on the page."""
    body, told = numbers(language)
    seen = text(f"<html>{body}")
    return [told[int(index)] for index in re.findall(r"⟦(\d+)⟧", seen)]


@ALL_LANGUAGES
def test_all_other_digits_are_words_of_the_json_or_of_the_catalogue(language: Language) -> None:
    """A number that goes past `Words.number`, or was typed into a template, would stand out here."""
    body, _ = numbers(language)
    plain = html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"⟦\d+⟧", " ", body)))
    texts = " ".join(str(each) for each in leaves(json.loads(WHOLE.model_dump_json(by_alias=True))))
    words = " ".join(catalogue("sv")) if language == "en" else " ".join(catalogue(language).values())
    known = {*figures(texts), *figures(words), "256"}  # SHA-256
    assert set(figures(plain)) - known == set()


def figures(said: str) -> list[str]:
    return re.findall(r"\d+(?:[.,]\d+)*", said)


def test_a_number_from_elsewhere_is_found() -> None:
    told = shown("en")
    strange = Number(0.123456789, 2, "0.12")
    assert untraced([*told, strange], WHOLE) == [strange]
    lane = WHOLE.lanes["tag-uid"]
    point = lane.points[1]
    other = point.legitimate_failures.model_copy(update={"value": 0.0351})
    points = (lane.points[0], point.model_copy(update={"legitimate_failures": other}), lane.points[2])
    changed = WHOLE.model_copy(update={"lanes": WHOLE.lanes | {"tag-uid": lane.model_copy(update={"points": points})}})
    assert any(each.written == "3.5" for each in untraced(told, changed))


def test_a_number_that_differs_on_paper_is_found() -> None:
    real = page("en")
    assert "15.5%" in real
    changed = read_out(spoken(paper(real.replace("15.5%", "15.6%", 1), WHOLE.created)))
    assert changed != text(real)
    assert len(changed) == len(text(real))


def test_a_number_of_another_language_is_found() -> None:
    with pytest.raises(AssertionError, match=r"1\.2345"):
        parsed("1.2345", "is")
    with pytest.raises(AssertionError, match="0,5"):
        parsed("0,5", "en")
    assert parsed("−1\N{NO-BREAK SPACE}234,5", "sv") == -1234.5
