"""Where in a TOML text a key stands: tomllib keeps no lines, and a person who is told a line finds the mistake."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import ValidationError

_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\"'-]+)\s*\]\]?")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\"'.-]+)\s*=")


def line_of(text: str, place: Sequence[str | int]) -> int:
    """The line, from 1, of the key at `place` (as pydantic's `loc`: names, and numbers for tables in a list).

    The line of the nearest table above it where the key itself isn't there; 1 for the document.
    """
    table: tuple[str | int, ...] = ()
    counts: dict[str, int] = {}
    best = (0, 1)
    wanted = tuple(place)
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            name = header[2].strip("\"'")
            table = tuple(name.split("."))
            if header[1] == "[[":
                counts[name] = counts.get(name, -1) + 1
                table = (*table, counts[name])
            found = table
        elif key := _KEY.match(line):
            found = (*table, *(part.strip("\"'") for part in _parts(key[1])))
        else:
            continue
        if found == wanted[: len(found)] and len(found) > best[0]:
            best = (len(found), number)
    return best[1]


def mistakes(text: str, name: str, error: ValidationError) -> str:
    """Each mistake in the TOML `text` with its line and key; `name` is what the text is called."""
    lines = []
    for each in error.errors(include_url=False):
        place = each["loc"]
        if not place:  # of the document as a whole; what it found stands in the message
            lines.append(f"{name}: {each['msg']}.")
            continue
        found = "nothing" if each["type"] == "missing" else repr(each["input"])
        found = found if len(found) <= 80 else f"{found[:79]}…"
        key = ".".join(map(str, place))
        lines.append(f"{name}, line {line_of(text, place)}, key {key}: {each['msg']}; found {found}.")
    return "\n".join(lines)


def _parts(key: str) -> tuple[str, ...]:
    """A quoted key is one name, dots and all; a bare one is split at its dots."""
    return (key,) if key[0] in "\"'" else tuple(key.split("."))
