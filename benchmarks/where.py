"""Mistakes in a TOML text, each with the line of its key: a person who is told a line finds the mistake."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from edge.where import place, places


def line_of(text: str, key: Sequence[str | int]) -> int:
    """The line, from 1, of a key (as pydantic's `loc`), or of the nearest table around it; 1 for the document."""
    found = place(places(text), tuple(key))
    return 1 if found is None else found[0]


def mistakes(text: str, name: str, error: ValidationError) -> str:
    """Each mistake in the TOML `text` with its line and key; `name` is what the text is called."""
    lines = []
    for each in error.errors(include_url=False):
        at = each["loc"]
        if not at:  # of the document as a whole; what it found stands in the message
            lines.append(f"{name}: {each['msg'].removeprefix('Value error, ')}.")
            continue
        found = "nothing" if each["type"] == "missing" else repr(each["input"])
        found = found if len(found) <= 80 else f"{found[:79]}…"
        key = ".".join(map(str, at))
        lines.append(
            f"{name}, line {line_of(text, at)}, key {key}: {each['msg'].removeprefix('Value error, ')}; found {found}."
        )
    return "\n".join(lines)
