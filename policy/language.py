"""The languages of findings and rules: catalogues by gettext's rules; the English text is the key."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from babel.messages.pofile import read_po

Language = Literal["en", "sv", "is"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


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
        self._catalogue = catalogue(language)

    def say(self, text: str, /, **values: object) -> str:
        """`text` in this language, or as it is where the catalogue lacks it; `{name}` is replaced by a value."""
        said = self._catalogue.get(text, text)
        return said.format(**values) if values else said
