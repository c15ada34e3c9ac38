"""The fullest report there is, its page and its PDF, made once for all tests."""

from __future__ import annotations

from datetime import date
from functools import cache

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
