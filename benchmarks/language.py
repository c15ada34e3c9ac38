"""The languages of what people read: catalogues by gettext's rules, numbers and dates by each locale's."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from babel import Locale
from babel.dates import format_datetime
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from markupsafe import Markup, escape

Language = Literal["en", "sv", "is"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
"""The languages of a report; the English text is the message identifier of the others."""


def translatable(text: str) -> str:
    """`text` itself: says to the check of the catalogues that it is looked up later, by way of a table."""
    return text


@cache
def catalogue(language: Language) -> dict[str, str]:
    """Translations by English text, read from `benchmarks/languages/*.po`; none for English."""
    if language == "en":
        return {}
    with (files("benchmarks") / "languages" / f"{language}.po").open("rb") as file:
        messages = read_po(file, locale=language, abort_invalid=True)
    return {str(message.id): str(message.string) for message in messages if message.id and message.string}


class Words:
    """One language: text from its catalogue, numbers and dates as people there write them."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        # Day before month and 24 hours: the English reports are for European readers too.
        self._locale = Locale.parse("en_GB" if language == "en" else language)
        self._catalogue = catalogue(language)

    def say(self, text: str, /, **values: object) -> Markup:
        """`text` in this language, or as it is where the catalogue lacks it. `{name}` is replaced by a value.

        Safe in a page: whatever isn't markup already is escaped. Text without values is taken literally, braces too.
        """
        # A percent sign isn't left alone on the next line.
        said = escape(self._catalogue.get(text, text).replace(" %", "\N{NO-BREAK SPACE}%"))
        return said.format(**values) if values else said

    def number(self, value: float, digits: int = 2, *, signed: bool = False, shortest: bool = False) -> str:
        """A decimal number; `shortest` leaves out zeros at the end, `signed` writes + before what is above zero."""
        # A small negative number must not come out as −0.0.
        rounded = round(value, digits) + 0.0
        pattern = "#,##0" + ("." + ("#" if shortest else "0") * digits if digits else "")
        text = str(format_decimal(rounded, format=pattern, locale=self._locale)).replace("-", "−")
        return f"+{text}" if signed and rounded > 0 else text

    def percent(self, share: float, digits: int = 1, *, shortest: bool = False) -> str:
        """A share as a percentage, its sign set as the locale sets it."""
        sign = "%" if str(self._locale.percent_formats[None].pattern).endswith("0%") else "\N{NO-BREAK SPACE}%"
        return self.number(100 * share, digits, shortest=shortest) + sign

    def moment(self, iso: str) -> str:
        """A date and time in UTC. Raises ValueError for what is no ISO 8601 time."""
        when = datetime.fromisoformat(iso)
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
        return f"{format_datetime(when, format='long', tzinfo=UTC, locale=self._locale)}"
