"""The fullest report there is, its page and its PDF, made once for all tests."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from xml.etree import ElementTree

from results_example import RECORD, doors, priced_by_template, results

from benchmarks.attached import attached
from benchmarks.cost.costed import costed
from benchmarks.evidence import Results
from benchmarks.language import Language
from benchmarks.paper import paper
from benchmarks.privacy.private import private
from benchmarks.report import render


def _whole() -> Results:
    """Both lanes, all ways in, a record with its verdict and privacy, costs."""
    plain = results(faces=True, doors=doors(), created="2026-12-01T00:59:58+00:00")
    told = {"verdict": attached(RECORD, date(2026, 12, 1), None), "privacy": private(plain, RECORD)}
    return costed_by_template(plain.model_copy(update=told))


def costed_by_template(told: Results) -> Results:
    return told.model_copy(update={"cost": costed(told, *priced_by_template())})


Tags = list[tuple[str, tuple[str, ...], str]]
UNSEEN = ("skip", "unseen")
SPACE = re.compile(r"\s")
ANNEX = """
site = "Lindängeskolan, main entrance"
note = ["Keys to the cabinet: the caretaker."]
[[camera]]
name = "K1"
where = "Above the inner door, 40 cm left of its frame"
height_m = 2.35
direction = "Outwards, to the bicycle shed"
sees = "Whoever passes the gate, åäö þæð"
"""
RESULTS = results(faces=True)
WHOLE = _whole()


@cache
def page(language: Language) -> str:
    return render(WHOLE, language)


@cache
def pdf(language: Language) -> bytes:
    return paper(page(language), WHOLE.created)


def text(page: str) -> str:
    """What a browser shows, in its order: no pictures, nothing that only shows on focus or is only heard."""
    root = ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>"))  # noqa: S314  our own text
    body = root.find("body")
    assert body is not None

    def walk(element: ElementTree.Element) -> str:
        said = element.text or ""
        for child in element:
            if child.get("class") not in UNSEEN and not child.tag.endswith("svg"):
                said += walk(child)
            said += child.tail or ""
        return said

    return SPACE.sub("", walk(body))


def read_out(tags: Tags) -> str:
    """The text in the order of the tags, without pictures' own and the marks of lists. The name of a pair is a label
    to PDF, as a bullet is, and stays."""
    return SPACE.sub(
        "",
        "".join(
            said
            for tag, above, said in tags
            if "Figure" not in (tag, *above)
            and not ("Lbl" in (tag, *above) and re.fullmatch(r"[•‣–]|\d+\.", said.strip()))
        ),
    )
