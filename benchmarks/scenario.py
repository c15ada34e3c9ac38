"""A scenario: how many people and mornings, which factors over which ranges, which margins, all set before the run."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmarks.errors import BenchmarkError
from benchmarks.evidence import Factor

Level = Literal["best", "middle", "worst"]
LEVELS: tuple[Level, ...] = get_args(Level)

FACTORS = (
    "tag.forgotten",
    "tag.lost",
    "tag.days-until-replaced",
    "tag.not-read",
    "tag.present",
    "face.present",
    "passage",
)


class ScenarioError(BenchmarkError, ValueError):
    """Error raised when a scenario can't be read: names the file, the key, what was expected and found."""


class Size(BaseModel):
    """How much is simulated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    persons: int = Field(ge=2)
    mornings: int = Field(ge=1)
    enrolment: int = Field(ge=1)
    """Pictures a person is enrolled with: the template is their mean, of unit length."""
    strangers: int = Field(ge=1)


class Scenario(Size):
    """What `benchmarks/scenarios/*.toml` hold."""

    id: str
    title: str
    seed: int
    school_days_per_year: int = Field(ge=1)
    fpir_target: float = Field(gt=0, lt=1)
    time_spread: float = Field(gt=0)
    """Coefficient of variation of people's times, lognormal; the project's convention."""
    quick: Size
    drawn: Size
    """The size with drawn people; `drawn_quick` its quick form."""
    drawn_quick: Size
    margins: dict[Literal["legitimate-failures", "transaction-time-p50"], Annotated[float, Field(gt=0)]]
    factor: tuple[Factor, ...]

    def sized(self, quick: bool = False, drawn: bool = False) -> Scenario:
        """The same scenario in another size: for a quick look, for drawn people."""
        if not quick and not drawn:
            return self
        size = (self.drawn_quick if quick else self.drawn) if drawn else self.quick
        return self.model_copy(update=dict(size))

    def value(self, factor: str, level: Level) -> float:
        """A factor's value at a level. Raises ScenarioError for a factor that the scenario lacks."""
        for entry in self.factor:
            if entry.id == factor:
                return float(getattr(entry, level))
        raise ScenarioError(f"{self.id}: expected the factor {factor!r}, found {[entry.id for entry in self.factor]}.")


def parse(text: str, name: str) -> Scenario:
    """A scenario from its TOML text; `name` is for errors. Raises ScenarioError."""
    try:
        scenario = Scenario.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise ScenarioError(f"{name}: expected a scenario, found: {error}") from error
    for factor in FACTORS:
        scenario.value(factor, "middle")
    return scenario


def embedded() -> Scenario:
    """The scenario that comes with the program."""
    return parse((files("benchmarks") / "scenarios" / "embedded.toml").read_text(encoding="utf-8"), "embedded.toml")


def read(path: Path) -> Scenario:
    """A scenario of one's own. Raises ScenarioError."""
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise ScenarioError(f"{path}: expected a scenario, found none that can be read ({error}).") from error
