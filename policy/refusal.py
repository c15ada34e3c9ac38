"""A refused enrolment in words: to the guardian, to the school, to the person, in their language."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

from policy.enrolment import NotEnrolled

Language = Literal["en", "sv", "is"]
Reader = Literal["guardian", "school", "person"]


@cache
def _texts() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("policy") / "refusals.toml").read_text(encoding="utf-8"))


def letters(refused: NotEnrolled, language: Language) -> dict[Reader, str]:
    """What each reader gets: guardian and school for a minor, the school for any pupil, the person who is of age."""
    readers: list[Reader] = []
    if refused.minor:
        readers.append("guardian")
    if refused.minor or refused.pupil:
        readers.append("school")
    if not refused.minor:
        readers.append("person")
    words, kind = _texts()[language], "tag_" if refused.modality == "tag" else ""
    against = dict.fromkeys(f.rule for f in refused.verdict.findings if f.weight in ("refuse", "suspend"))
    return {
        reader: words[kind + reader].strip().format(what=words["what"], rules=", ".join(against)) + "\n"
        for reader in readers
    }
