"""The languages of findings, rules and papers: catalogues by gettext's rules, the English text the key; numbers, dates,
periods and countries by each locale's.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from babel import Locale
from babel.dates import format_date
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.units import format_unit

Language = Literal["en", "sv", "is"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_PERIOD = re.compile(r"P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_UNITS = ("year", "month", "week", "day", "hour", "minute", "second")


def translatable(text: str) -> str:
    """`text` itself: says to the check of the catalogues that it is looked up later, by way of a table."""
    return text


@cache
def catalogue(language: str) -> dict[str, str]:
    """Translations by English text, read from `policy/languages/*.po`; none for English."""
    path = files("policy") / "languages" / f"{language}.po"
    if language == "en" or not path.is_file():
        return {}
    with path.open("rb") as file:
        messages = read_po(file, locale=language, abort_invalid=True)
    return {str(message.id): str(message.string) for message in messages if message.id and message.string}


class Words:
    """One language."""

    def __init__(self, language: str) -> None:
        self.language = language
        # Day before month and 24 hours: the English papers are for European readers too.
        self._locale = Locale.parse("en_GB" if language == "en" else language)
        self._catalogue = catalogue(language)

    def say(self, text: str, /, **values: object) -> str:
        """`text` in this language, or as it is where the catalogue lacks it; `{name}` is replaced by a value."""
        said = self._catalogue.get(text, text)
        return said.format(**values) if values else said

    def number(self, value: float, digits: int = 2) -> str:
        """A decimal number with at most so many decimals."""
        # A small negative number must not come out as −0.
        pattern = "#,##0." + "#" * digits if digits else "#,##0"
        return str(format_decimal(round(value, digits) + 0.0, format=pattern, locale=self._locale)).replace("-", "−")

    def day(self, when: date) -> str:
        """A date in words."""
        return str(format_date(when, format="long", locale=self._locale))

    def period(self, text: str) -> str:
        """A period as ISO 8601 has it (P30D) in words; what isn't one is shown as it was written. See also `zero`."""
        found = _PERIOD.fullmatch(text)
        if found is None:
            return text
        parts = [
            str(format_unit(int(count), f"duration-{unit}", length="long", locale=self._locale))
            for count, unit in zip(found.groups(), _UNITS, strict=True)
            if count is not None and int(count)
        ]
        return " ".join(parts) or str(format_unit(0, "duration-second", length="long", locale=self._locale))

    def country(self, code: str) -> str:
        """A country's name; a code that no locale knows is shown as it was written."""
        return str(self._locale.territories.get(code.upper(), code))


def zero(period: str) -> bool:
    """Is it a period of no length (PT0S): nothing is kept?"""
    found = _PERIOD.fullmatch(period)
    return found is not None and not any(int(count) for count in found.groups() if count is not None)
