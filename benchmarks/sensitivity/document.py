"""`sensitivity.json`: what the simulated answer hangs on, as a document with a versioned schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from benchmarks.errors import BenchmarkError
from benchmarks.evidence import Status, Value
from edge.transaction import Lane
from policy.schema import SchemaError, upgrade

SCHEMA: Literal["threshold/sensitivity/1"] = "threshold/sensitivity/1"


class DocumentError(BenchmarkError, ValueError):
    """Error raised when a sensitivity document can't be read: names file and key, what was expected and found."""


class Input(Value):
    """A parameter and its range."""

    id: str
    unit: str
    low: float
    """A factor's best level, a choice's first value."""
    middle: float
    high: float
    """A factor's worst level, a choice's last value."""
    values: tuple[float, ...] = ()
    """A choice's; none for what nobody decides."""
    status: Status | None = None
    varied: bool
    """Whether the Sobol sample varies it."""


class Way(Value):
    """An option: a lane, and what is changed at its entrance."""

    id: str
    lane: Lane
    doors: int
    """Doors added."""
    times: dict[str, float]
    """Factors multiplied."""
    face: bool
    candidate: bool
    """Whether it competes when ranks are looked at."""


class Swing(Value):
    """One parameter from end to end, the others in the middle: the difference first − second of an outcome."""

    parameter: str
    low: float
    high: float


class Share(Value):
    """A parameter's part in an outcome's spread; `half` of a 95 % interval over resamples (SALib)."""

    parameter: str
    first: float
    first_half: float
    total: float
    total_half: float


class Spread(Value):
    """Sobol's indices of an outcome: of one option, or of the difference (`target` "difference")."""

    target: str
    outcome: str
    mean: float
    standard_deviation: float
    shares: tuple[Share, ...] | None
    """None where the outcome never moved, or some point had no value."""


class Axis(Value):
    """A grid's axis."""

    parameter: str
    values: tuple[float, ...]
    middle: int
    """Where in `values` the scenario's middle is."""


class Surface(Value):
    """Outcomes over a grid, so that a page can answer at once: linear between the grid's points."""

    axes: tuple[Axis, ...]
    options: tuple[str, ...]
    outcomes: tuple[str, ...]
    values: tuple[float | None, ...]
    """Grid (last axis fastest) × options × outcomes, six significant digits."""


class Flip(Value):
    """Where along one axis, the others in the middle, a face option and a milder one change ranks in an outcome."""

    outcome: str
    parameter: str
    face: str
    milder: str
    at: tuple[float, ...]
    """Values of the parameter; none where ranks hold over its whole range."""
    better_low: Literal["face", "milder", "neither"]
    """Which is better (lower) at the axis's first value."""


class Worth(Value):
    """What knowing a parameter first would save, in the outcome's unit."""

    parameter: str
    value: float
    chance: float
    """What the luckiest parameter seems to save in 95 % of cases where none says anything."""
    held_out: float
    """What choosing by the parameter saves at points that had no part in the fit."""
    told: bool
    """Whether `value` stands out from chance, and `held_out` is above 0."""


class Decision(Value):
    """Choosing one of some options by one outcome's expected value."""

    outcome: str
    among: Literal["pair", "candidates"]
    """Between `first` and `second` alone, or among all candidates."""
    now: str
    """The option with the least expected value."""
    expected: dict[str, float]
    """Of each option."""
    perfect: float
    """What knowing everything first would save."""
    worth: tuple[Worth, ...]
    """The largest saving first; unknowns only, since nobody can measure a choice."""


class Asked(Value):
    """What the points and everything made of them follow from."""

    scenario: dict[str, Any]
    """The whole of it, factors included."""
    varied: tuple[str, ...]
    """In the order of the sample's columns."""
    axes: tuple[tuple[str, int], ...]
    """Of the grid, with how many values each has."""


class Computed(Value):
    """How the points were made."""

    points: int
    digest: str
    """SHA-256 over all points' outcomes in order."""
    where: str
    seconds: float
    """Of this run; of a resumed one, since it was resumed."""
    taken_over: int
    """Points that an earlier, broken run had kept."""


class Sensitivity(Value):
    """The document. Everything in it is graded `simulated`: "what if" inside a model."""

    schema_: Literal["threshold/sensitivity/1"] = Field(default=SCHEMA, alias="schema")
    created: str
    program: str
    grade: Literal["simulated"] = "simulated"
    scenario: str
    title: str
    seed: int
    person_mornings: int
    """At each point and option, at least."""
    tries: int = 0
    """Of people without right, at the base point; 0 in a document that doesn't say."""
    people: int = 0
    """At the base point: each comes on several mornings, and their failures resemble each other."""
    sample: int
    """N of the Sobol sample: N × (varied parameters + 2) points; 0 where there was none."""
    first: str
    second: str
    """The options whose difference (first − second) is looked at."""
    inputs: tuple[Input, ...]
    options: tuple[Way, ...]
    outcomes: dict[str, str]
    """Unit by outcome; of all of them less is better."""
    base: dict[str, dict[str, float | None]]
    """By option and outcome, everything in the middle."""
    tornado: dict[str, tuple[Swing, ...]]
    """By outcome, the widest first."""
    spread: tuple[Spread, ...] = ()
    surface: Surface | None = None
    flips: tuple[Flip, ...] = ()
    decisions: tuple[Decision, ...] = ()
    computed: Computed
    asked: Asked | None = None
    """None only in documents that were written before it could be verified."""
    reproduce: str


def read(path: Path) -> Sensitivity:
    """A document that `threshold sensitivity` wrote. Raises DocumentError."""
    try:
        return parse(path.read_bytes(), str(path))
    except OSError as error:
        raise DocumentError(f"{path}: expected sensitivity.json, found none that can be read ({error}).") from error


def parse(content: bytes, name: str) -> Sensitivity:
    """A document from its bytes; `name` is for errors. Raises DocumentError."""
    try:
        return Sensitivity.model_validate(upgrade(json.loads(content), "sensitivity", name))
    except SchemaError as error:
        raise DocumentError(str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise DocumentError(f"{name}: key {key}: {first['msg']}, found {str(first['input'])[:80]!r}.") from error
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"{name}: expected sensitivity.json, found none that can be read ({error}).") from error
