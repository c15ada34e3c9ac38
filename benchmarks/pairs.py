"""LFW-style lists of pairs and of people, and the pictures they name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import BenchmarkError


class PairsError(BenchmarkError, ValueError):
    """Error raised when a list of pairs or people can't be read: names file and line, expected and found."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures, by their names in the set; mated when they show one person."""

    first: str
    second: str
    mated: bool
    fold: int


@dataclass(frozen=True, slots=True)
class Pairs:
    """A whole protocol: its pairs in order, and how many folds they are in (1: none)."""

    pairs: tuple[Pair, ...]
    folds: int

    @property
    def pictures(self) -> tuple[str, ...]:
        """Every picture once, in order of name."""
        return tuple(sorted({name for pair in self.pairs for name in (pair.first, pair.second)}))


def picture(person: str, number: str) -> str:
    """LFW's name of a person's picture: PERSON/PERSON_0001.jpg."""
    return f"{person}/{person}_{int(number):04d}.jpg"


def person(name: str) -> str:
    """Whose picture it is: the folder it is in."""
    return name.split("/", 1)[0]


def read_pairs(path: Path) -> Pairs:
    """LFW's format: `folds pairs` or `pairs` on the first line, then for each fold that many lines `name i j` (mated)
    and as many `name i name j`. Raises PairsError."""
    lines = _lines(path)
    header = lines[0].split() if lines else []
    if len(header) not in (1, 2) or not all(part.isdigit() and int(part) > 0 for part in header):
        found = repr(lines[0]) if lines else "an empty file"
        raise PairsError(f"{path}, line 1: expected 'folds pairs' or 'pairs', such as '10 300', found {found}.")
    folds, each = (int(header[0]), int(header[1])) if len(header) == 2 else (1, int(header[0]))
    if len(lines) - 1 != folds * each * 2:
        raise PairsError(
            f"{path}: line 1 announces {folds} × 2 × {each} = {folds * each * 2} pairs, found {len(lines) - 1}. "
            "Is the file whole?"
        )
    return Pairs(tuple(_pair(path, index, line, each) for index, line in enumerate(lines[1:])), folds)


def _pair(path: Path, index: int, line: str, each: int) -> Pair:
    parts = line.split("\t") if "\t" in line else line.split()
    mated = index // each % 2 == 0
    expected = "name i j" if mated else "name i name j"
    if len(parts) != len(expected.split()) or not all(part.isdigit() for part in (parts[1], parts[-1])):
        raise PairsError(f"{path}, line {index + 2}: expected {expected!r}, found {line!r}.")
    second = parts[0] if mated else parts[2]
    if not mated and second == parts[0]:
        raise PairsError(f"{path}, line {index + 2}: expected two people, found {second!r} twice.")
    return Pair(picture(parts[0], parts[1]), picture(second, parts[-1]), mated, index // (each * 2))


def read_people(path: Path) -> frozenset[str]:
    """The names in a list of people: one a line, what follows the first tab or space is left out, as is a count that
    stands alone on the first line. Raises PairsError."""
    lines = _lines(path)
    if lines and lines[0].strip().isdigit():
        lines = lines[1:]
    if not lines:
        raise PairsError(f"{path}: expected one person's name a line, found none.")
    return frozenset(line.split()[0] for line in lines)


def require(path: Path, wanted: Iterable[str], have: Iterable[str]) -> None:
    """Raise PairsError when the protocol in `path` names a picture that the set doesn't have."""
    missing = sorted(set(wanted) - set(have))
    if missing:
        raise PairsError(
            f"{path}: names {len(missing)} pictures that the set doesn't have, such as {missing[0]!r}. "
            "Does the list belong to this set?"
        )


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PairsError(f"{path}: expected a text file, found none that can be read ({error}).") from error
    return [line for line in text.splitlines() if line.strip()]
