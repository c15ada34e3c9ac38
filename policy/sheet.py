"""From a template to one self-contained page: no script, nothing loaded, made for A4, readable on a screen."""

from __future__ import annotations

import re
from functools import cache
from html import unescape

from jinja2 import Environment, PackageLoader, StrictUndefined

from policy import terms
from policy.language import Language, Words

SIZES = ((3000, 11.0), (3300, 10.5), (3600, 10.0), (4200, 9.5), (4700, 9.0), (4850, 8.5), (5300, 8.0))
"""Weight up to which a paper was seen to fit on one A4 page, and at which size of print, pt (Chromium, DejaVu Sans)."""
_BLOCK = 45
"""What a row, an item, a paragraph or a section weighs beside its characters."""


def sheet(template: str, language: Language, **values: object) -> str:
    """The page. Its foot names the terms in it that no native lawyer has checked."""
    words = Words(language)
    made = _environment().get_template(template)
    text = made.render(_=words.say, words=words, terms=terms, unchecked=[], size=SIZES[-1][1], **values)
    said = _visible(text)
    return made.render(
        _=words.say,
        words=words,
        terms=terms,
        unchecked=terms.unchecked(said, language),
        size=next((size for most, size in SIZES if _weight(text) <= most), SIZES[-1][1]),
        **values,
    ).lstrip()


def fits(page: str) -> bool:
    """Is a paper short enough for one A4 page, as far as that was tried?"""
    return _weight(page) <= SIZES[-1][0]


def _weight(page: str) -> int:
    return len(_visible(page)) + _BLOCK * len(re.findall(r"<(?:tr|li|p|section)\b", page))


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
