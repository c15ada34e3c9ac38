"""Prices and choices of whoever would buy the lanes, from a TOML file that they edit."""

from __future__ import annotations

import hashlib
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Self

from babel import Locale
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from benchmarks.cost.lanes import PRICES
from benchmarks.errors import BenchmarkError
from benchmarks.evidence import Price
from benchmarks.where import mistakes
from edge.transaction import LANES, Lane

SHARES = {"upkeep": 1.0}
"""The most that a price may be which is a share."""
MOST = 1e12
"""The most that any price may be, in whatever currency: beyond it is a typing mistake, and sums would overflow."""


class PriceError(BenchmarkError, ValueError):
    """Error raised when prices can't be read: names the file, line and key, what was expected and found."""


class Prices(BaseModel):
    """What `threshold cost --template` prints, filled in."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    currency: str = Field(pattern=r"^[A-Z]{3}$")
    """Three letters (ISO 4217); every price is in it."""
    persons: int = Field(ge=2, le=1_000_000)
    doors: int = Field(ge=1, le=10_000)
    years: float = Field(gt=0, le=50)
    alternative: Lane
    """The way in that stays for who can't or won't show their face: no face lane, and one that tells who comes."""
    price: tuple[Price, ...]

    @field_validator("currency")
    @classmethod
    def _known(cls, code: str) -> str:
        if code not in Locale("en").currencies:
            raise ValueError(
                f"expected a currency's three letters as in ISO 4217, such as SEK, ISK or EUR; found {code!r}"
            )
        return code

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.alternative.startswith("face-") or self.alternative == "open":
            raise ValueError(
                "expected an alternative without faces that tells who comes, one of "
                f"{', '.join(lane for lane in LANES if not lane.startswith('face-') and lane != 'open')}; "
                f"found {self.alternative!r}"
            )
        found = [price.id for price in self.price]
        missing, unknown = set(PRICES) - set(found), set(found) - set(PRICES)
        if missing or unknown or len(set(found)) < len(found):
            twice = sorted({name for name in found if found.count(name) > 1})
            raise ValueError(
                f"expected each price once; missing: {', '.join(sorted(missing)) or 'none'}, unknown: "
                f"{', '.join(sorted(unknown)) or 'none'}, twice: {', '.join(twice) or 'none'}"
            )
        for price in self.price:
            most = SHARES.get(price.id, MOST)
            if price.high > most:
                what = "a share" if price.id in SHARES else "a price"
                raise ValueError(f"expected {price.id} to be {what}, at most {most:g}, found {price.high:g}")
        return self

    def __getitem__(self, name: str) -> Price:
        """A price by its id."""
        return next(price for price in self.price if price.id == name)


def parse(text: str, name: str) -> Prices:
    """Prices from their TOML text; `name` is for errors. Raises PriceError."""
    try:
        return Prices.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise PriceError(f"{name}: expected TOML, found: {error}.") from error
    except ValidationError as error:
        raise PriceError(mistakes(text, name, error)) from error


def template() -> str:
    """The file to fill in, with comments: what is published, and the project's own ranges for all else."""
    return (files("benchmarks") / "cost" / "prices.toml").read_text(encoding="utf-8")


def read(path: Path) -> tuple[Prices, str]:
    """Prices of one's own, and the SHA-256 of their file. Raises PriceError."""
    try:
        data = path.read_bytes()
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PriceError(
            f"{path}: expected prices, found none that can be read ({error}). threshold cost --template --out FILE "
            "writes a file to fill in."
        ) from error
    return parse(text, str(path)), hashlib.sha256(data).hexdigest()
