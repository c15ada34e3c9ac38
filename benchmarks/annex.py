"""The confidential annex: where cameras hang and what they see, in a PDF of its own that no public part knows of."""

from __future__ import annotations

import tomllib
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmarks.errors import BenchmarkError
from benchmarks.language import Language
from benchmarks.paper import paper
from benchmarks.terms import Terms


class AnnexError(BenchmarkError, ValueError):
    """Error raised when an annex can't be read: names the file and the key, what was expected and found."""


class Camera(BaseModel):
    """One camera."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    where: str = Field(min_length=1)
    height_m: float = Field(ge=0, le=100, allow_inf_nan=False)
    direction: str = Field(min_length=1)
    """Where it looks, in words."""
    sees: str = Field(min_length=1)
    """Whose ways pass through its picture."""


class Annex(BaseModel):
    """What an annex file (TOML) holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    site: str = Field(min_length=1)
    camera: tuple[Camera, ...] = Field(min_length=1)
    note: tuple[str, ...] = ()


def template() -> str:
    """The file to fill in, with comments. `read` refuses it until that is done, so no example is ever filed."""
    return (files("benchmarks") / "templates" / "annex.toml").read_text(encoding="utf-8")


def read(path: Path) -> Annex:
    """The annex in a file. Raises AnnexError."""
    try:
        return Annex.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise AnnexError(f"{path}: expected an annex in TOML, found none that can be read ({error}).") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        found = "nothing" if first["type"] == "missing" else repr(first["input"])[:80]
        raise AnnexError(f"{path}: key {key}: {first['msg']}; found {found}.") from error


def annex(told: Annex, language: Language, created: str) -> bytes:
    """Its PDF. Raises PaperError."""
    words = Terms(language)
    environment = Environment(loader=PackageLoader("benchmarks"), autoescape=True, undefined=StrictUndefined)
    page = environment.get_template("annex.html").render(
        _=words.say, t=words, annex=told, moment=words.moment(datetime.fromisoformat(created).isoformat())
    )
    return paper(page, created)
