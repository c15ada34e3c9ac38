"""The weights of the one number, from a file with the date on which they were fixed."""

from __future__ import annotations

import hashlib
import tomllib
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmarks.errors import BenchmarkError
from benchmarks.where import mistakes

Item = Literal["template", "link", "log", "secret", "account", "name"]
"""Kinds of data that lanes need: a face's template, what a tag's or key's number says whose it is, who came when, a
PIN, an account on a telephone, a name on a list."""


class WeightError(BenchmarkError, ValueError):
    """Error raised when weights can't be read: names the line and key, what was expected and found."""


class Weight(BaseModel):
    """Of one kind of data, on ENISA's scales."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    category: int = Field(ge=1, le=4)
    identifiability: float = Field(ge=0.25, le=1.0)


class Weights(BaseModel):
    """What `weights.toml` holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fixed: datetime
    """When they were fixed, with its time zone."""
    irrevocable: float = Field(ge=1.0)
    """Factor for what can't be issued anew."""
    recipients: float = Field(ge=0.0)
    """How much each recipient adds, as a share of what the controller's own holding counts."""
    vulnerable: int = Field(ge=0, le=3)
    """Steps by which a class is higher where children are among the people."""
    item: dict[Item, Weight]

    def category(self, item: Item, children: bool | None) -> int:
        """A kind of data's class, 1 to 4, among people of whom some are children; None, not known, counts as yes."""
        return min(4, self.item[item].category + (0 if children is False else self.vulnerable))

    def before(self, created: str) -> bool:
        """Whether they were fixed before results of that time (ISO 8601)."""
        when = datetime.fromisoformat(created)
        return self.fixed <= (when if when.tzinfo else when.replace(tzinfo=UTC))


def parse(text: str, name: str) -> Weights:
    """Weights from their TOML text. Raises WeightError."""
    try:
        weights = Weights.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise WeightError(f"{name}: expected TOML, found: {error}.") from error
    except ValidationError as error:
        raise WeightError(mistakes(text, name, error)) from error
    if weights.fixed.tzinfo is None:
        raise WeightError(f"{name}: key fixed: expected a time with its zone, found {weights.fixed.isoformat()}.")
    return weights


@cache
def declared() -> tuple[Weights, str]:
    """The project's own, and the SHA-256 of their file."""
    data = (files("benchmarks") / "privacy" / "weights.toml").read_bytes()
    return parse(data.decode("utf-8"), "weights.toml"), hashlib.sha256(data).hexdigest()
