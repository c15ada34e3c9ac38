"""The versioned documents: their JSON Schemas, and bringing an older document up to the current version.

A document names its schema as `threshold/KIND/VERSION` in its key `schema`. Later versions add; whatever they must
change, a step here changes in documents already written, so that evidence and records stay readable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from policy.errors import PolicyError

Document = dict[str, Any]
Step = Callable[[Document], Document]

CURRENT: Mapping[str, int] = {
    "transaction": 1,
    "results": 1,
    "processing-record": 1,
    "measured-alternatives": 1,
    "decided-case": 1,
    "bundle": 1,
    "sensitivity": 1,
    "attendance": 1,
    "pilot": 1,
    "pilot-join": 1,
    "device-note": 1,
}
"""Kinds of documents, and the version that this code writes."""

STEPS: Mapping[tuple[str, int], Step] = {}
"""(kind, version) → what turns a document of that version into one of the next. None is needed yet."""


class SchemaError(PolicyError, ValueError):
    """Error raised when a document's schema can't be used: names the document, what was expected and found."""


@cache
def schema(kind: str, version: int | None = None) -> Document:
    """The JSON Schema (draft 2020-12) of a kind, of the current version unless told. Raises SchemaError."""
    wanted = CURRENT.get(kind) if version is None else version
    path = files("policy") / "schemas" / f"{kind}-{wanted}.schema.json"
    if not path.is_file():
        raise SchemaError(f"{kind} {wanted}: expected a version that exists of {', '.join(CURRENT)}, found none.")
    document: Document = json.loads(path.read_text(encoding="utf-8"))
    return document


def upgrade(
    document: object,
    kind: str,
    name: str,
    current: Mapping[str, int] = CURRENT,
    steps: Mapping[tuple[str, int], Step] = STEPS,
) -> Document:
    """`document` in the current version of `kind`; `name` is for errors.

    Raises SchemaError for what is no such document, or one written by a later version of Threshold.
    """
    newest = current[kind]
    if not isinstance(document, dict) or not isinstance(document.get("schema"), str):
        raise SchemaError(f"{name}: expected a document with the key schema, 'threshold/{kind}/{newest}', found none.")
    family, _, number = document["schema"].rpartition("/")
    if family != f"threshold/{kind}" or not re.fullmatch(r"[1-9][0-9]{0,8}", number):
        raise SchemaError(f"{name}: key schema: expected 'threshold/{kind}/{newest}', found {document['schema']!r}.")
    version = int(number)
    if version > newest:
        raise SchemaError(
            f"{name}: was written by a later Threshold (version {version} of its schema, this one reads to {newest}): "
            "use that one, or a later one."
        )
    while version < newest:
        document = steps[kind, version](dict(document))
        version += 1
        document["schema"] = f"threshold/{kind}/{version}"
    return document
