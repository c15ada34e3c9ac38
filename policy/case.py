"""Decided cases: what an authority or a court decided, as a processing record whose every fact says where it is from.

A case is a YAML file in policy/cases/; what a correct engine should say of it stands apart, in expected.toml, which was
written before the rules.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from policy import paths
from policy.errors import PolicyError
from policy.places import located
from policy.record import Day, Profile, Record
from policy.schema import upgrade
from policy.yaml import YamlError, load

SCHEMA = "threshold/decided-case/1"

Mark = Literal["inference", "unverified"]
"""`inference`: concluded here, no source says it. `unverified`: from memory, never to be printed as fact."""


class CaseError(PolicyError, ValueError):
    """Error raised when a decided case can't be read: names the file, the key, what was expected and found."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Fate(_Part):
    """What became of the decision, and the facts that are different from that day on."""

    date: Day | None
    """Null where the day was not read; then it can change no facts."""
    what: str
    source: str
    status: Literal[
        "imposed",
        "upheld",
        "final",
        "extended",
        "partly annulled",
        "annulled",
        "withdrawn",
        "ended",
        "new law",
        "not read",
    ]
    mark: Mark | None = None
    facts: dict[str, Any] = {}

    @model_validator(mode="after")
    def _facts_need_a_day(self) -> Self:
        if self.facts and self.date is None:
            raise ValueError(f"expected a date where facts change ({', '.join(self.facts)}), found none")
        return self


class Provenance(_Part):
    """Where facts are from: `stated` names the place in a source, `assumed` says why the case needs it anyway.

    A path covers what lies under it; the longest path wins. `alt[]` is the statement that the list is complete.
    """

    facts: Annotated[tuple[str, ...], Field(min_length=1)]
    stated: str | None = None
    assumed: str | None = None
    mark: Mark | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.stated is None) == (self.assumed is None):
            raise ValueError(f"expected either stated or assumed for {', '.join(self.facts)}, found both or neither")
        return self


class Variant(_Part):
    """The same case with a few facts otherwise: what it would have been elsewhere, or without a permission."""

    why: str
    facts: dict[str, Any] = {}


class Case(_Part):
    """One decided case."""

    schema_: Literal["threshold/decided-case/1"] = Field(alias="schema")
    id: str
    title: str
    authority: str
    jurisdiction: Profile
    date: Day
    precision: Literal["day", "year"] = "day"
    """`year`: only the year is known, and its last day is used."""
    citations: Annotated[tuple[str, ...], Field(min_length=1)]
    decided: str
    fate: tuple[Fate, ...] = ()
    variants: dict[str, Variant] = {}
    provenance: tuple[Provenance, ...]
    record: Record

    @model_validator(mode="after")
    def _each_fact_has_a_source(self) -> Self:
        used: set[str] = set()
        for path in paths.known(self.record):
            used.add(self._covering(path)[0])
        listed = [path for entry in self.provenance for path in entry.facts]
        twice = {path for path in listed if listed.count(path) > 1}
        idle = [path for path in listed if path not in used and not path.endswith("[]")]
        if twice or idle:
            raise ValueError(
                f"expected each path of provenance once and over a known fact, found twice: {sorted(twice)}, "
                f"over none: {idle}"
            )
        return self

    def _covering(self, path: str) -> tuple[str, Provenance]:
        best: tuple[str, Provenance] | None = None
        for entry in self.provenance:
            for prefix in entry.facts:
                covers = path == prefix or path.startswith((f"{prefix}.", f"{prefix}["))
                if covers and (best is None or len(prefix) > len(best[0])):
                    best = prefix, entry
        if best is None:
            raise ValueError(f"record.{path}: expected an entry in provenance, stated or assumed, found none")
        return best

    def source(self, path: str) -> Provenance:
        """Where the fact at `path` is from. Raises ValueError for a path that provenance does not cover."""
        return self._covering(path)[1]

    def document(self, as_of: Day, variant: str | None = None) -> dict[str, Any]:
        """The record as it was on that day: what became of the decision until then changes facts, then the variant."""
        whole = paths.document(self.record)
        for entry in self._until(as_of):
            whole = paths.changed(whole, entry.facts)
        return paths.changed(whole, self.variants[variant].facts) if variant else whole

    def assumed(self, whole: Mapping[str, Any], as_of: Day, variant: str | None = None) -> dict[str, Any]:
        """Path → value of the known facts of `whole` (of `document`) that no source states."""
        set_later = {path for entry in self._until(as_of) for path in entry.facts}
        set_later |= set(self.variants[variant].facts) if variant else set()
        return {
            path: value
            for path, value in paths.known(whole).items()
            if not any(path == later or path.startswith((f"{later}.", f"{later}[")) for later in set_later)
            and self.source(path).assumed is not None
        }

    def _until(self, as_of: Day) -> list[Fate]:
        dated = [(entry.date, entry) for entry in self.fate if entry.date is not None and entry.date <= as_of]
        return [entry for _, entry in sorted(dated, key=lambda pair: pair[0])]

    def open_lists(self) -> set[str]:
        """The lists that may be incomplete, as `alt[]`: no source says that there was nothing else."""
        return {path for entry in self.provenance if entry.assumed for path in entry.facts if path.endswith("[]")}


class Row(_Part):
    """What is expected of a case at a date, with the reason in words."""

    variant: str | None = None
    as_of: Literal["own", "today"]
    profile: Profile
    ask: Literal["start", "continue"]
    verdict: Literal["allow", "suspend", "refuse", "open"]
    because: tuple[str, ...] = ()
    not_because: tuple[str, ...] = ()
    mark: Mark | None = None
    words: str
    changed: str | None = None
    """When and why this row was changed after a result was seen; its first wording stays in it."""


class Expectation(_Part):
    """What is expected of one case, and what it is no evidence for."""

    id: str
    no_evidence_for: Annotated[tuple[str, ...], Field(min_length=1)]
    row: Annotated[tuple[Row, ...], Field(min_length=1)]


class Expected(_Part):
    """expected.toml: `today` is the day for which its rows of that name were written."""

    today: date
    case: tuple[Expectation, ...]


def read(path: Path) -> Case:
    """The decided case in a YAML file. Raises CaseError, policy.schema.SchemaError."""
    try:
        document, lines = load(path.read_text(encoding="utf-8"))
    except (OSError, YamlError, ValueError) as error:
        raise CaseError(f"{path}: expected a decided case in YAML, found none that can be read ({error}).") from error
    document = upgrade(document, "decided-case", str(path))
    try:
        return Case.model_validate(document)
    except ValidationError as error:
        problems = "\n".join(f"  {problem}" for problem in located(error, document, lines, Case))
        raise CaseError(f"{path}: no decided case of {SCHEMA}:\n{problems}\nMend these keys.") from error


def folder() -> Path:
    """Where the cases are."""
    return Path(str(files("policy") / "cases"))


def cases() -> tuple[Case, ...]:
    """The cases that come with the program, in the order of expected.toml. Raises CaseError when one is missing."""
    found = {case.id: case for case in map(read, sorted(folder().glob("*.yaml")))}
    wanted = [entry.id for entry in expected().case]
    if set(found) != set(wanted):
        raise CaseError(
            f"{folder()}: expected one file for each of {', '.join(wanted)}, found {', '.join(found) or 'none'}. "
            "Add the missing file or the missing expectation."
        )
    return tuple(found[name] for name in wanted)


def expected() -> Expected:
    """What is expected of each case. Raises CaseError."""
    path = folder() / "expected.toml"
    try:
        return Expected.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise CaseError(
            f"{path}: expected rows for decided cases in TOML, found none that can be read ({error})."
        ) from error
