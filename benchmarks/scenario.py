"""A scenario: how many people and mornings, which factors over which ranges, which margins, all set before the run."""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from benchmarks.errors import BenchmarkError
from benchmarks.evidence import Factor, LaneOutcome
from benchmarks.where import line_of

Level = Literal["best", "middle", "worst"]
LEVELS: tuple[Level, ...] = get_args(Level)

DEVICE_FACTORS = (
    "tag.forgotten",
    "tag.lost",
    "tag.days-until-replaced",
    "tag.not-read",
    "tag.present",
    "face.present",
    "passage",
)
"""What the two lanes that run as programs draw from."""
LANE_FACTORS = (
    "tag.authenticate",
    "tag.uid-copied",
    "tag.auth-copied",
    "face.decide",
    "face.not-acquired",
    "face.not-matched",
    "face.not-enrolled",
    "face.refused",
    "face.stranger-let-in",
    "face.other-accepted",
    "face.attack-accepted",
    "face.sibling-accepted",
    "face.taken-for-sibling",
    "pin.forgotten",
    "pin.wrong",
    "pin.present",
    "pin.observed",
    "qr.absent",
    "qr.none",
    "qr.not-read",
    "qr.present",
    "qr.copied",
    "key.forgotten",
    "key.lost",
    "key.present",
    "key.copied",
    "key.revocation",
    "register.present",
    "register.wrong",
    "register.stranger-let-in",
    "register.answered-for",
    "revocation",
    "found.hours",
)
"""What moves with a lane's level in the simulation of the doors, beside the device's factors."""
SCENE_FACTORS = (
    "absence",
    "bus.share",
    "fallback.not-noted",
    "fallback.time",
    "following",
    "lending",
    "outage.network",
    "outage.power",
    "retry",
    "retry.correlation",
    "siblings",
    "tailgating",
    "threat.equipped",
)
"""What is the same for every lane, with the passage: it moves with the level of the scene and never with a lane's."""
FACTORS = (*DEVICE_FACTORS, *LANE_FACTORS, *SCENE_FACTORS)
_AMOUNTS = {
    "tag.days-until-replaced": 10.0,
    **dict.fromkeys(("revocation", "key.revocation", "found.hours")),
    **dict.fromkeys(name for name in FACTORS if name.endswith((".present", ".decide", ".time", ".authenticate"))),
    **dict.fromkeys(("passage", "retry")),
    "retry.correlation": 0.99,
}
"""The most that a factor may be, where it is no share; None: any number of 0 or more."""


class ScenarioError(BenchmarkError, ValueError):
    """Error raised when a scenario can't be read: names the file, line and key, what was expected and found."""


class Size(BaseModel):
    """How much is simulated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    persons: int = Field(ge=2)
    mornings: int = Field(ge=1)
    enrolment: int = Field(ge=1)
    """Pictures a person is enrolled with: the template is their mean, of unit length."""
    strangers: int = Field(ge=1)


class Doors(BaseModel):
    """The entrance at which all lanes are simulated: choices of whoever builds it, and the size of the simulation.

    What is here is decided by someone; what nobody decides (how often tags are forgotten) is a factor.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    persons: int = Field(ge=2)
    mornings: int = Field(ge=1)
    """Of one repetition; lost things and people's habits last through it."""
    repetitions: int = Field(ge=2)
    """Each with other people: intervals are over them."""
    quick_repetitions: int = Field(ge=2)
    tries: int = Field(ge=1)
    """Tries of people who may not enter, a morning: a sample to estimate shares from, no statement how often."""
    parallel: int = Field(ge=1, le=16)
    """Doors of the lane side by side, behind one queue."""
    attempts: int = Field(ge=1, le=10)
    """Presentations that a person has before the lane sends them away."""
    fallback_blocks: bool
    """Whether whoever is sent away waits in the lane for the person who opens by hand; else they step aside."""
    without_power: Literal["open", "closed"]
    """What the door does while the lane has no power, or no network where it needs one."""
    window_minutes: float = Field(gt=0)
    """From the first arrival to the bell."""
    peak_minutes: float = Field(ge=0)
    """When most people come who don't come by bus: the mode of a triangular distribution."""
    bus_riders: int = Field(ge=1)
    bus_spread_s: float = Field(ge=0)
    """Within how many seconds a bus's riders reach the queue."""
    pin_digits: int = Field(ge=1, le=12)
    margins: dict[LaneOutcome, Annotated[float, Field(gt=0)]]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.peak_minutes > self.window_minutes:
            raise ValueError(f"expected peak_minutes within window_minutes, found {self.peak_minutes:g}")
        missing = set(get_args(LaneOutcome)) - set(self.margins)
        if missing:
            raise ValueError(f"expected a margin for every outcome, found none for {', '.join(sorted(missing))}")
        return self


class Scenario(Size):
    """What `benchmarks/scenarios/*.toml` hold."""

    id: str
    title: str
    seed: int = Field(ge=0)
    school_days_per_year: int = Field(ge=1)
    fpir_target: float = Field(gt=0, lt=1)
    time_spread: float = Field(gt=0)
    """Coefficient of variation of people's times, lognormal; the project's convention."""
    quick: Size
    drawn: Size
    """The size with drawn people; `drawn_quick` its quick form."""
    drawn_quick: Size
    doors: Doors
    margins: dict[Literal["legitimate-failures", "transaction-time-p50"], Annotated[float, Field(gt=0)]]
    factor: tuple[Factor, ...]

    def sized(self, quick: bool = False, drawn: bool = False) -> Scenario:
        """The same scenario in another size: for a quick look, for drawn people."""
        if not quick and not drawn:
            return self
        size = (self.drawn_quick if quick else self.drawn) if drawn else self.quick
        changes: dict[str, Any] = dict(size)
        if quick:
            changes["doors"] = self.doors.model_copy(update={"repetitions": self.doors.quick_repetitions})
        return self.model_copy(update=changes)

    def value(self, factor: str, level: Level) -> float:
        """A factor's value at a level. Raises ScenarioError for a factor that the scenario lacks."""
        for entry in self.factor:
            if entry.id == factor:
                return float(getattr(entry, level))
        raise ScenarioError(f"{self.id}: expected the factor {factor!r}, found {[entry.id for entry in self.factor]}.")

    def values(self, lane: Level, scene: Level) -> dict[str, float]:
        """All factors' values: the scene's at its level, the others at the lane's."""
        shared = {*SCENE_FACTORS, "passage"}
        return {entry.id: float(getattr(entry, scene if entry.id in shared else lane)) for entry in self.factor}


def parse(text: str, name: str) -> Scenario:
    """A scenario from its TOML text; `name` is for errors. Raises ScenarioError."""
    try:
        scenario = Scenario.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{name}: expected TOML, found: {error}.") from error
    except ValidationError as error:
        raise ScenarioError(_told(text, name, error)) from error
    counted = Counter(entry.id for entry in scenario.factor)
    for index, factor in enumerate(scenario.factor):
        line = line_of(text, ("factor", index, "id"))
        if factor.id not in FACTORS:
            absent = [known for known in FACTORS if known not in counted]
            missing = f" (missing here: {', '.join(absent)})" if absent else ""
            raise ScenarioError(
                f"{name}, line {line}, key factor.{index}.id: expected a factor that a lane reads"
                f"{missing}, found {factor.id!r}."
            )
        if counted[factor.id] > 1:
            raise ScenarioError(f"{name}, line {line}, key factor.{index}.id: expected {factor.id!r} once, found more.")
        if factor.status is None:
            raise ScenarioError(
                f"{name}, line {line}, key factor.{index}.status: expected how sure {factor.id!r} is (verified, "
                "published, unverified or assumption), found nothing."
            )
        most = _AMOUNTS.get(factor.id, 1.0)
        for level in LEVELS:
            value = float(getattr(factor, level))
            if not 0.0 <= value <= (math.inf if most is None else most) or math.isinf(value):
                at = line_of(text, ("factor", index, level))
                wanted = "a finite number of 0 or more" if most is None else f"a number from 0 to {most:g}"
                raise ScenarioError(
                    f"{name}, line {at}, key factor.{index}.{level}: expected {wanted} for {factor.id!r}, "
                    f"found {value:g}."
                )
    for known in FACTORS:
        scenario.value(known, "middle")
    return scenario


def _told(text: str, name: str, error: ValidationError) -> str:
    """Each mistake with its line and key."""
    lines = []
    for each in error.errors(include_url=False):
        place = each["loc"]
        found = "nothing" if each["type"] == "missing" else repr(each["input"])
        found = found if len(found) <= 80 else f"{found[:79]}…"
        key = ".".join(map(str, place))
        lines.append(f"{name}, line {line_of(text, place)}, key {key}: {each['msg']}; found {found}.")
    return "\n".join(lines)


def embedded() -> Scenario:
    """The scenario that comes with the program."""
    return parse((files("benchmarks") / "scenarios" / "embedded.toml").read_text(encoding="utf-8"), "embedded.toml")


def read(path: Path) -> Scenario:
    """A scenario of one's own. Raises ScenarioError."""
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: expected a scenario, found none that can be read ({error}).") from error
