"""From a template to one self-contained page: no script, nothing loaded, made for A4, readable on a screen."""

from __future__ import annotations

import re
from functools import cache
from html import unescape

from jinja2 import Environment, PackageLoader, StrictUndefined

from policy import terms
from policy.language import Language, Words

SIZES = ((1300, 11.0), (1700, 10.0), (2100, 9.5), (2600, 9.0), (3100, 8.5))
"""Characters that fit on one A4 page at that size of print, pt; beyond the last the smallest is kept and the page runs
on. Tried with Chromium's print on the pages of the sample record.
"""
SMALLEST = 8.0


def sheet(template: str, language: Language, **values: object) -> str:
    """The page. Its foot names the terms in it that no native lawyer has checked."""
    words = Words(language)
    made = _environment().get_template(template)
    text = made.render(_=words.say, words=words, terms=terms, unchecked=[], size=SMALLEST, **values)
    said = _visible(text)
    return made.render(
        _=words.say,
        words=words,
        terms=terms,
        unchecked=terms.unchecked(said, language),
        size=next((size for most, size in SIZES if len(said) <= most), SMALLEST),
        **values,
    ).lstrip()


def _visible(page: str) -> str:
    """What a reader sees of the page's body."""
    body = re.sub(r"(?s)<(style|svg|head)\b.*?</\1>", " ", page)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


@cache
def _environment() -> Environment:
    # Everything is escaped, whatever a record says; an absent value is an error and no empty place on the page.
    return Environment(
        loader=PackageLoader("policy"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
