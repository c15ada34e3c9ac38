"""The processing record: the facts a controller must be able to show, as a model with a versioned schema.

A fact is a value, `none` (stated: there is none) or `unknown`, which is also what a missing key means; unknown never
helps. Names follow the project's fact namespace (law.md §1.1); later versions add facts, they don't rename them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from policy.errors import PolicyError
from policy.schema import upgrade

SCHEMA = "threshold/processing-record/1"

_Value = TypeVar("_Value")
Absent = Literal["none", "unknown"]
Fact = Annotated[_Value | Absent, Field(union_mode="left_to_right")]
"""A value, or one of the two words that stand for its absence."""


class RecordError(PolicyError, ValueError):
    """Error raised when a processing record can't be read: names the file, each key, what was expected and found."""


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def unknown(self) -> Iterator[str]:
        """The names of the facts that are unknown, such as `bio.mode`."""
        for name, field in type(self).model_fields.items():
            yield from _unknown(field.alias or name, getattr(self, name))


def _unknown(name: str, value: object) -> Iterator[str]:
    if value == "unknown":
        yield name
    elif isinstance(value, _Facts):
        yield from (f"{name}.{inner}" for inner in value.unknown())
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _unknown(f"{name}.{key}", item)
    elif isinstance(value, (tuple, list)):
        for index, item in enumerate(value):
            yield from _unknown(f"{name}[{index}]", item)


class Deployment(_Facts):
    """Where and for whom it runs."""

    jurisdiction: Fact[Literal["se", "is", "dk", "no", "pl", "gb", "eu"]] = "unknown"
    as_of: Fact[date] = "unknown"
    status: Fact[Literal["pilot", "production"]] = "unknown"
    age_min: Fact[Annotated[int, Field(ge=0, le=130)]] = "unknown"
    age_max: Fact[Annotated[int, Field(ge=0, le=130)]] = "unknown"
    language: Fact[tuple[str, ...]] = "unknown"
    started_on: Fact[date] = "unknown"
    entrance_kind: Fact[str] = "unknown"


class DpoAdvice(_Facts):
    """What the data protection officer advised, and whether it was followed."""

    text: Fact[str] = "unknown"
    date: Fact[date] = "unknown"
    followed: Fact[bool] = "unknown"
    deviation_reason: Fact[str] = "unknown"


class Controller(_Facts):
    """Who answers for the processing."""

    is_public_authority: Fact[bool] = "unknown"
    relation: Fact[Literal["school", "employer", "other"]] = "unknown"
    dpo_advice: Fact[DpoAdvice] = "unknown"


class Subjects(_Facts):
    """Whose data it is."""

    role: Fact[Literal["pupil", "staff", "guardian", "visitor"]] = "unknown"
    age: Fact[Annotated[int, Field(ge=0, le=130)]] = "unknown"
    enrolled: Fact[bool] = "unknown"
    consent_ref: Fact[str] = "unknown"


class Purpose(_Facts):
    """What for."""

    id: str
    text: Fact[str] = "unknown"
    statute_ref: Fact[str] = "unknown"
    ordinary_activity: Fact[bool] = "unknown"
    fixed_on: Fact[date] = "unknown"
    changeable_by: Fact[Literal["controller", "vendor", "both"]] = "unknown"


class Necessity(_Facts):
    """Why the aim can't be met with less."""

    interest: Fact[str] = "unknown"
    alternatives: Fact[tuple[str, ...]] = "unknown"
    why_insufficient: Fact[str] = "unknown"
    evidence: Fact[str] = "unknown"


class Operation(_Facts):
    """One operation on personal data, with its own bases."""

    id: str
    kind: Fact[Literal["capture", "detect", "template", "enrol", "match", "log", "store", "transfer", "erase"]] = (
        "unknown"
    )
    purpose: Fact[str] = "unknown"
    fields: Fact[tuple[str, ...]] = "unknown"
    basis6: Fact[Literal["a", "b", "c", "d", "e", "f"]] = "unknown"
    basis9: Fact[Literal["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]] = "unknown"
    within_task: Fact[bool] = "unknown"
    unavoidable: Fact[bool] = "unknown"
    necessity: Fact[Necessity] = "unknown"
    decided_by: Fact[str] = "unknown"


class Measured(_Facts):
    """What was measured of an alternative: shares from 0 to 1 (of `n` trials, with their 95 % interval), s, money."""

    denied: Fact[Annotated[float, Field(ge=0, le=1)]] = "unknown"
    wrong_in: Fact[Annotated[float, Field(ge=0, le=1)]] = "unknown"
    seconds: Fact[Annotated[float, Field(ge=0)]] = "unknown"
    cost: Fact[str] = "unknown"
    n: Fact[Annotated[int, Field(ge=0)]] = "unknown"
    ci: Fact[tuple[float, float]] = "unknown"


class Alternative(_Facts):
    """A less intrusive way to the same aim, and what was measured of it."""

    id: Literal["tag", "key", "pin", "manual", "staffed", "no_control"]
    measured: Fact[Measured] = "unknown"
    data_fields: Fact[tuple[str, ...]] = "unknown"
    sufficient: Fact[bool] = "unknown"


class Biometrics(_Facts):
    """How faces are used, where templates are, and who else is in the picture."""

    mode: Fact[Literal["1:1", "1:N"]] = "unknown"
    template_location: Fact[str] = "unknown"
    zone_includes_non_enrolled: Fact[bool] = "unknown"
    template_of_non_enrolled: Fact[bool] = "unknown"
    active_involvement: Fact[bool] = "unknown"


class Consent(_Facts):
    """Who agreed to what, how freely."""

    given_by: Fact[str] = "unknown"
    guardians: Fact[tuple[str, ...]] = "unknown"
    child_heard: Fact[bool] = "unknown"
    explicit: Fact[bool] = "unknown"
    informed_on: Fact[date] = "unknown"
    alternative_equal: Fact[bool] = "unknown"
    detriment: Fact[bool] = "unknown"
    withdrawn_on: Fact[date] = "unknown"
    notice_version: Fact[str] = "unknown"


class Notice(_Facts):
    """What people were told."""

    elements: Fact[tuple[str, ...]] = "unknown"
    language: Fact[tuple[str, ...]] = "unknown"
    url_count: Fact[Annotated[int, Field(ge=0)]] = "unknown"
    given_on: Fact[date] = "unknown"
    claims: Fact[tuple[str, ...]] = "unknown"


class Processor(_Facts):
    """Who processes on the controller's behalf, under which contract."""

    contract: Fact[dict[str, Any]] = "unknown"
    sub: Fact[tuple[str, ...]] = "unknown"
    own_purposes: Fact[tuple[str, ...]] = "unknown"


class Joint(_Facts):
    """What is decided together with others."""

    ops: Fact[tuple[str, ...]] = "unknown"
    arrangement_ref: Fact[str] = "unknown"
    essence_url: Fact[str] = "unknown"


class Risk(_Facts):
    """One risk to people's rights, before and after measures."""

    id: str
    risk_class: Fact[str] = Field(default="unknown", alias="class")
    level: Fact[str] = "unknown"
    rights_effect: Fact[str] = "unknown"
    measures: Fact[tuple[str, ...]] = "unknown"
    residual: Fact[str] = "unknown"


class Dpia(_Facts):
    """The data protection impact assessment."""

    date: Fact[date] = "unknown"
    version: Fact[str] = "unknown"
    ops: Fact[tuple[str, ...]] = "unknown"
    risks: Fact[tuple[Risk, ...]] = "unknown"
    subprocessors: Fact[bool] = "unknown"
    device_link: Fact[bool] = "unknown"
    conclusion: Fact[str] = "unknown"
    approved_by: Fact[str] = "unknown"
    approval_doc: Fact[str] = "unknown"


class Transfer(_Facts):
    """Data leaving the EEA."""

    country: str
    tool: Fact[Literal["45", "46_2_c"]] = "unknown"
    enc_transit: Fact[bool] = "unknown"
    enc_rest: Fact[bool] = "unknown"
    enc_in_use: Fact[bool] = "unknown"
    key_holder: Fact[str] = "unknown"
    recipient_needs_clear: Fact[bool] = "unknown"
    reident_feasible: Fact[bool] = "unknown"


class Supervision(_Facts):
    """What the authority has decided or is examining."""

    prior_decisions: Fact[tuple[str, ...]] = "unknown"
    open_cases: Fact[tuple[str, ...]] = "unknown"
    orders: Fact[tuple[dict[str, Any], ...]] = "unknown"


class Record(_Facts):
    """A whole processing record."""

    schema_: Literal["threshold/processing-record/1"] = Field(alias="schema")
    dep: Deployment = Deployment()
    ctl: Controller = Controller()
    subj: Subjects = Subjects()
    purp: Fact[tuple[Purpose, ...]] = "unknown"
    op: Fact[tuple[Operation, ...]] = "unknown"
    alt: Fact[tuple[Alternative, ...]] = "unknown"
    bio: Biometrics = Biometrics()
    cons: Consent = Consent()
    notice: Notice = Notice()
    proc: Fact[tuple[Processor, ...]] = "unknown"
    joint: Fact[tuple[Joint, ...]] = "unknown"
    dpia: Dpia = Dpia()
    xfer: Fact[tuple[Transfer, ...]] = "unknown"
    sup: Supervision = Supervision()


class _Loader(yaml.SafeLoader):
    """Safe YAML in which each key stands once, so that what is read is what a reader sees, and nothing refers to
    something else, so that no document contains itself."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            place = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="found an alias; write it out", problem_mark=place)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.MarkedYAMLError(problem=f"found the key {key!r} twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


def read(path: Path) -> Record:
    """The processing record in a YAML (or JSON) file. Raises RecordError, policy.schema.SchemaError."""
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506  it is a SafeLoader
    # PyYAML lets what its constructors stumble over through as it is: impossible dates, !!bool perhaps, deep nesting.
    except (OSError, ValueError, LookupError, AttributeError, RecursionError, yaml.YAMLError) as error:
        raise RecordError(
            f"{path}: expected a processing record in YAML, found none that can be read ({error})."
        ) from error
    document = upgrade(document, "processing-record", str(path))
    try:
        return Record.model_validate(document)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}, found {problem['input']!r}"
            for problem in error.errors()[:5]
        )
        raise RecordError(f"{path}: not a processing record of {SCHEMA}: {problems}. Mend these keys.") from error
