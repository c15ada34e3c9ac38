"""YAML as people mean it: version 1.2's plain words, each key once, and the line on which each key stands."""

from __future__ import annotations

import re
from typing import Any

import yaml

Lines = dict[tuple[str | int, ...], int]
"""Path of keys and places in lists → line, from 1."""


class YamlError(ValueError):
    """Error raised for text that is no YAML document this reads; says where."""


class _Loader(yaml.SafeLoader):
    """Safe YAML in which each key stands once, so that what is read is what a reader sees, and nothing refers to
    something else, so that no document contains itself. Plain words are resolved as YAML 1.2's core schema does, where
    1.1 would read `no` as false and `1:1` as 61; dates stay text, for whoever knows that a date belongs there."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  not 1.1's, see below

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


for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?$", list("-+0123456789.")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


def load(text: str) -> tuple[Any, Lines]:
    """The document in `text`, and the line of each of its keys and list entries. Raises YamlError."""
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None, {}
            document = loader.construct_document(node)
        finally:
            loader.dispose()
        return document, dict(_lines(node, ()))
    # PyYAML lets what its constructors stumble over through as it is: !!bool perhaps, deep nesting, huge numbers.
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError, yaml.YAMLError) as error:
        raise YamlError(str(error)) from error


def _lines(node: yaml.Node, path: tuple[str | int, ...]) -> list[tuple[tuple[str | int, ...], int]]:
    found = [(path, node.start_mark.line + 1)]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            found += [*_lines(value, inner), (inner, key.start_mark.line + 1)]
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            found += _lines(value, (*path, index))
    return found
