"""An empty processing record, commented, made from the model itself, so that it can't fall behind it."""

from __future__ import annotations

import textwrap
from importlib.resources import files
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from policy.places import table, words
from policy.record import SCHEMA, Record

HEAD = """\
# A processing record: the facts a controller must be able to show. `threshold policy assess FILE` reads it.
#
# Each fact is a value, none (stated: there is none) or unknown. Leaving a key out means unknown, and unknown never
# helps: it counts as if the rule were not fulfilled. Dates are written 2026-03-01, yes and no are true and false.
# Where something is a list, one entry stands here to be copied; write `none` in its place where there is none.
# No names of people: references and pseudonyms only.
"""
PLACEHOLDERS = {"purp": "purpose-1", "op": "operation-1", "field": "field-1", "alt": "tag", "doc": "document-1",
                "risks": "risk-1", "prior_decisions": "decision-1", "country": "US"}  # fmt: skip


def shipped() -> dict[str, str]:
    """The filled-in records that come along, in YAML, by name; of no real place."""
    folder = files("policy") / "records"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return {name.removesuffix(".yaml"): (folder / name).read_text(encoding="utf-8") for name in names}


def template() -> str:
    """The empty record in YAML. Read back, each fact in it is unknown."""
    lines = [HEAD, f"schema: {SCHEMA}"]
    for name, field in Record.model_fields.items():
        if name == "schema_":
            continue
        inner = table(field.annotation)
        assert inner is not None  # noqa: S101  a record's parts are tables or lists of tables
        lines += ["", *_comment(inner.__doc__ or "", 0), f"{name}:", *_part(name, field.annotation, 2)]
    return "\n".join(lines) + "\n"


def _part(name: str, annotation: Any, indent: int) -> list[str]:
    inner = table(annotation)
    assert inner is not None  # noqa: S101  only called where there is one
    lines = _table(name, inner, indent + (2 if listed(annotation) else 0))
    if listed(annotation):
        # The entry's first key carries the dash; comments before it stand above.
        first = next(index for index, line in enumerate(lines) if not line.lstrip().startswith("#"))
        lines[first] = " " * indent + "- " + lines[first].lstrip()
    return lines


def _table(name: str, model: type[BaseModel], indent: int) -> list[str]:
    lines = []
    for key, field in model.model_fields.items():
        alias = field.alias or key
        inner = table(field.annotation)
        about = field.description or (inner.__doc__ if inner else None) or ""
        if inner is not None:
            lines += [*_comment(about, indent), f"{' ' * indent}{alias}:", *_part(alias, field.annotation, indent + 2)]
            continue
        required = field.is_required()
        value = PLACEHOLDERS.get(name if alias == "id" else alias, "name-1") if required else "unknown"
        kind = words(field.annotation).removesuffix(", none or unknown")
        kind = "" if kind in ("text", "true or false") or "short name" in kind else f" ({kind})"
        lines += [*_comment(f"{about}{kind}", indent), f"{' ' * indent}{alias}: {value}"]
    return lines


def _comment(text: str, indent: int) -> list[str]:
    margin = " " * indent + "# "
    return textwrap.wrap(
        " ".join(text.split()), 118, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False
    )


def listed(annotation: Any) -> bool:
    """Is it a list, or a fact that can be one?"""
    return get_origin(annotation) is tuple or any(listed(part) for part in get_args(annotation))
