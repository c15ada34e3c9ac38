"""What is wrong with a document, each problem with its line, key, what was expected and what was found."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel, ValidationError

from policy.yaml import Lines

Path = tuple[str | int, ...]


def located(error: ValidationError, document: Any, lines: Lines, model: type[BaseModel]) -> list[str]:
    """One line a problem, in the order of the document, all of them."""
    problems: dict[Path, tuple[str, str]] = {}
    for problem in error.errors():
        path = _path(problem["loc"], document, missing=problem["type"] == "missing")
        problems.setdefault(path, (problem["type"], problem["msg"]))
    said = []
    for path, (kind, message) in problems.items():
        # A union complains of the whole beside its part: the part says more.
        if any(other[: len(path)] == path for other in problems if other != path):
            continue
        near = path
        while near not in lines and near:
            near = near[:-1]
        place = f"line {lines.get(near, 1)}: {name(path) or 'the record'}: "
        if kind == "missing":
            said.append((lines.get(near, 1), f"{place}expected this key, found none"))
        elif kind == "extra_forbidden":
            said.append((lines.get(near, 1), place + _stranger(path, model)))
        elif kind == "value_error" and not path:
            said.append((1, message.removeprefix("Value error, ")))
        else:
            found = _at(document, path)
            said.append((lines.get(near, 1), f"{place}expected {expected(path, model)}, found {_shown(found)}"))
    return [text for _, text in sorted(said)]


def name(path: Path) -> str:
    """`op[0].basis6` for ("op", 0, "basis6")."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def expected(path: Path, model: type[BaseModel]) -> str:
    """What belongs at `path`, in words."""
    return words(_annotation(path, model))


def words(annotation: Any) -> str:
    """What a value of this type looks like, in words."""
    bounds, named = "", False
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *extras = get_args(annotation)
            flat = [inner for extra in extras for inner in getattr(extra, "metadata", (extra,))]
            low = [extra.ge for extra in flat if isinstance(extra, Ge)]
            high = [extra.le for extra in flat if isinstance(extra, Le)]
            named = named or any(getattr(extra, "pattern", None) for extra in flat)
            bounds += f" from {low[0]}" if low else ""
            bounds += f" to {high[0]}" if high else ""
        else:
            break
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(words(part) for part in parts).replace(" or one of none, unknown", ", none or unknown")
    if origin is Literal:
        return f"one of {', '.join(str(part) for part in parts)}" if len(parts) > 1 else repr(parts[0])
    if origin is tuple:
        inner = words(parts[0])
        return f"a list: {inner}" if parts[-1] is Ellipsis else f"a list of {len(parts)}: {inner}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "a table"
    if named:
        return "a short name without spaces, other than none and unknown"
    plain = {bool: "true or false", date: "a date (YYYY-MM-DD)", int: "a whole number", float: "a number", str: "text"}
    return plain.get(annotation, str(annotation)) + bounds


def _stranger(path: Path, model: type[BaseModel]) -> str:
    inner = table(_annotation(path[:-1], model))
    keys = [] if inner is None else [field.alias or key for key, field in inner.model_fields.items()]
    close = get_close_matches(str(path[-1]), keys, n=1, cutoff=0.6)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return f"expected one of the keys {', '.join(keys)}, found an unknown key{hint}"


def _annotation(path: Path, model: type[BaseModel]) -> Any:
    annotation: Any = model
    for part in path:
        if isinstance(part, int):
            annotation = next(
                (get_args(option)[0] for option in options(annotation) if get_origin(option) is tuple), Any
            )
        else:
            inner = table(annotation)
            fields = {} if inner is None else {field.alias or key: field for key, field in inner.model_fields.items()}
            if part not in fields:
                return Any
            field = fields[part]
            annotation = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    return annotation


def table(annotation: Any) -> type[BaseModel] | None:
    """The table that this is, or is a list of, or may be."""
    for option in options(annotation):
        inner = get_args(option)[0] if get_origin(option) is tuple else option
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            return inner
    return None


def options(annotation: Any) -> Iterator[Any]:
    """The members of a union, without what only annotates."""
    if get_origin(annotation) is Annotated:
        yield from options(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from options(part)
    else:
        yield annotation


def _path(loc: tuple[str | int, ...], document: Any, *, missing: bool) -> Path:
    """The part of a pydantic location that is a place in the document; the rest names members of unions."""
    path: list[str | int] = []
    node = document
    for index, part in enumerate(loc):
        if (isinstance(node, Mapping) and part in node) or (
            isinstance(node, list) and isinstance(part, int) and part < len(node)
        ):
            node = node[part]  # type: ignore[index]
        elif not (missing and index == len(loc) - 1):
            continue
        path.append(part)
    return tuple(path)


def _at(document: Any, path: Path) -> Any:
    for part in path:
        document = document[part]
    return document


def _shown(value: Any) -> str:
    text = "nothing" if value is None else {True: "true", False: "false"}[value] if type(value) is bool else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
