"""Where in a TOML text each key stands: `tomllib` gives values without places, and a message needs the place."""

from __future__ import annotations

import re

Key = tuple[str | int, ...]
"""A path such as ("lane", 0, "kind"): tables and keys by name, the entries of an array of tables by number."""

_HEADER = re.compile(r"^\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_ENTRY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"([^"]*)"|'([^']*)'""")


def places(text: str) -> dict[Key, tuple[int, int]]:
    """(line, column), both from 1, of every table's header and every key that begins a line.

    Keys inside an inline table `{…}` stand where it does. Expects text that `tomllib` reads.
    """
    found: dict[Key, tuple[int, int]] = {}
    counts: dict[Key, int] = {}
    table: Key = ()
    rest = ""  # what is still open of a value over several lines
    for number, line in enumerate(text.splitlines(), start=1):
        if rest:
            rest = _open(rest + "\n" + line)
            continue
        if header := _HEADER.match(line):
            table = _parts(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
            table = tuple(part for end in range(1, len(table) + 1) for part in _numbered(table[:end], counts))
            found[table] = number, header.start(1) + 1
        elif entry := _ENTRY.match(line):
            found[(*table, *_parts(entry[1]))] = number, entry.start(1) + 1
            rest = _open(line[entry.end() :])
    return found


def place(found: dict[Key, tuple[int, int]], key: Key) -> tuple[int, int] | None:
    """Where a key stands, or else the nearest table around it; None for what is in no table at all."""
    for end in range(len(key), 0, -1):
        if key[:end] in found:
            return found[key[:end]]
    return None


def _parts(text: str) -> Key:
    return tuple(match[1] or match[2] or match[0] for match in _PART.finditer(text))


def _numbered(path: Key, counts: dict[Key, int]) -> Key:
    return (path[-1],) if path not in counts else (path[-1], counts[path])


def _open(value: str) -> str:
    """`value` if it goes on in the next line, "" if it ends here."""
    left, depth = value, 0
    while left:
        if left.startswith(('"""', "'''")):
            end = left.find(left[:3], 3)
            if end < 0:
                return value
            left = left[end + 3 :]
        elif left[0] in "\"'":
            string = re.match(r'"(?:\\.|[^"\\])*"|\'[^\']*\'', left)
            left = left[string.end() :] if string else ""
        elif left[0] == "#":
            left = left.partition("\n")[2]
        else:
            depth += (left[0] in "[{") - (left[0] in "]}")
            left = left[1:]
    return value if depth > 0 else ""
