"""The statutes that can open Article 9(2): a list with who read each, not free text in a record."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

from policy.record import ControllerKind, Modality, OperationKind, Profile, PurposeKind


class Statute(BaseModel):
    """A law, or a permission under one, that allows biometric processing: what exactly, by whom, from when to when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    profile: Profile
    citation: str
    basis9: Literal["b", "g", "h", "i", "j"]
    operations: tuple[OperationKind, ...]
    purposes: tuple[PurposeKind, ...]
    modalities: tuple[Modality, ...]
    controllers: tuple[ControllerKind, ...]
    valid_from: date
    valid_until: date | None = None
    """The last day; None: no end is known."""
    covers_minors: bool = False
    """Does the text itself reach minors and pupils?"""
    covers_non_enrolled: bool = False
    """Does it allow capturing people who are not enrolled?"""
    weighs_necessity: bool = False
    """Was necessity weighed by the legislator or the authority that gave the permission?"""
    read_by: str
    """Who read the text, and what of it."""


@cache
def statutes() -> tuple[Statute, ...]:
    """The product's list, `policy/statutes.toml`. It is empty for Sweden and Iceland."""
    lists = tomllib.loads((files("policy") / "statutes.toml").read_text(encoding="utf-8"))
    return tuple(Statute(profile=profile, **entry) for profile, entries in lists.items() for entry in entries)
