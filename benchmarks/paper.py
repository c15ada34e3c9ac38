"""The report on paper: a tagged PDF (PDF/UA-1, PDF/A-2a) of the very page that is shown in a browser, set by typst.

The page is well-formed XML, so it is walked element by element into a tree that `templates/report.typ` sets: no number,
word or order of its own can come in. typst checks PDF/UA-1 and PDF/A-2a while it writes: title, language, levels of
headings, texts in place of pictures, fonts. `headers.py` adds what it can't tag. Fonts come with typst and matplotlib,
never from the system, and the time is the results' own, so the same results give the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from benchmarks.errors import BenchmarkError
from benchmarks.headers import tagged

Node = dict[str, Any]
_SVG = "{http://www.w3.org/2000/svg}"
_WIDTH_MM, _HEIGHT_MM = 110.0, 200.0
"""The most that a chart takes on paper: its letters, 12 points on 400 across, come out at 9."""
_LEFT_OUT = ("skip", "unseen")
"""For whoever moves through a page by keyboard, or hears it: paper has its own marks."""
_BOXES = {"box": ("#f4f6f8", "#0b4f9c"), "warn": ("#fff6e5", "#7a4100")}
_LONG, _PIECE = 20, 8
"""Letters in a row without a place to break, from which they come in pieces, and of how many."""


class PaperError(BenchmarkError, ValueError):
    """Error raised when a page can't be put on paper: names what was expected, what was found, what to do."""


def paper(page: str, created: str) -> bytes:
    """The PDF of a rendered page; `created` (ISO 8601) is the time that it states. Raises PaperError."""
    try:
        import pikepdf  # noqa: F401, PLC0415  extras both: the evaluation runs without them
        import typst  # noqa: PLC0415
    except ImportError as error:
        raise PaperError(
            f"PDF: expected the packages typst and pikepdf, found no {error.name}. They come with the extra `pdf`: "
            "pip install 'threshold[pdf]' (make development has them)."
        ) from error
    import matplotlib as mpl  # noqa: PLC0415

    what = tree(page)
    template = (files("benchmarks") / "templates" / "report.typ").read_bytes()
    try:
        made = typst.compile(
            template,
            format="pdf",
            font_paths=typst.Fonts(
                include_system_fonts=False, font_paths=[Path(mpl.get_data_path()) / "fonts" / "ttf"]
            ),
            sys_inputs={"paper": json.dumps(what, ensure_ascii=False)},
            pdf_standards=["ua-1", "a-2a"],
            timestamp=datetime.fromisoformat(created),
        )
    except typst.TypstError as error:
        raise PaperError(f"PDF: expected a page that PDF/UA-1 and PDF/A-2a allow, found: {error}") from error
    if not isinstance(made, bytes):
        raise PaperError(f"PDF: expected one document, found {type(made).__name__}.")
    return tagged(made, [node["heads"] for node in _all(what["body"]) if node.get("k") == "table"])


def tree(page: str) -> Node:
    """What `report.typ` sets: title, language, and the page's body as nodes. Raises PaperError."""
    try:
        root = ElementTree.fromstring(page[page.index("<html") :])  # noqa: S314  our own page, from the line above
    except (ValueError, ElementTree.ParseError) as error:
        raise PaperError(f"PDF: expected the report's page as well-formed XML, found what isn't ({error}).") from error
    title = root.findtext("head/title")
    body = root.find("body")
    if title is None or body is None:
        raise PaperError("PDF: expected a page with a title and a body, found one without.")
    nodes = list(_blocks(body))
    return {
        "title": _tidy(title).strip(),
        "lang": root.get("lang", "en"),
        "running": _tidy(title).strip(),
        "body": _linked(nodes, {node["id"] for node in _all(nodes) if "id" in node}),
    }


def _blocks(element: Element) -> Iterator[Any]:
    """What stands under each other in an element; loose text becomes a paragraph."""
    loose: list[Any] = []
    for part in _parts(element):
        if isinstance(part, Element) and part.tag in _BLOCK:
            if any(not isinstance(each, str) or each.strip() for each in loose):
                yield {"k": "p", "c": _trimmed(loose)}
            loose = []
            yield from _BLOCK[part.tag](part)
        elif isinstance(part, Element):
            loose += _inline(part)
        else:
            loose.append(part)
    if any(not isinstance(each, str) or each.strip() for each in loose):
        yield {"k": "p", "c": _trimmed(loose)}


def _parts(element: Element) -> Iterator[str | Element]:
    """Text and elements in order, without what paper leaves out."""
    if element.text:
        yield _tidy(element.text)
    for child in element:
        if child.get("class") not in _LEFT_OUT:
            yield child
        if child.tail:
            yield _tidy(child.tail)


def _words(element: Element) -> list[Any]:
    """An element's running text."""
    told: list[Any] = []
    for part in _parts(element):
        told += _inline(part) if isinstance(part, Element) else [part]
    return told


def _inline(element: Element) -> list[Any]:
    kinds = {"strong": "strong", "sup": "sup"}
    if element.tag == "br":
        return [{"k": "br"}]
    if element.tag == "code":
        return [_code(_tidy("".join(element.itertext())))]
    words = _words(element)
    if element.tag == "a":
        return [{"k": "a", "to": element.get("href", "").lstrip("#"), "c": words}]
    if element.tag == "span":
        name = element.get("class", "")
        return [{"k": name, "c": words}] if name in ("big", "said", "soft") else words
    if element.tag in kinds:
        return [{"k": kinds[element.tag], "c": words}]
    raise PaperError(f"PDF: expected running text, found <{element.tag}>: benchmarks/paper.py has no node for it.")


def _code(text: str) -> Node:
    return {"k": "code", "parts": _pieces(text) if " " not in text else [text]}


def _named(node: Node, element: Element) -> Node:
    return {**node, "id": element.get("id")} if element.get("id") else node


def _heading(element: Element) -> Iterator[Node]:
    yield _named({"k": "h", "level": int(element.tag[1]), "c": _trimmed(_words(element))}, element)


def _paragraph(element: Element) -> Iterator[Node]:
    kind = {"soft": "quiet", "footnote": "quiet", "lead": "lead"}.get(element.get("class", ""), "p")
    yield _named({"k": kind, "c": _trimmed(_words(element))}, element)


def _lines(element: Element) -> Iterator[Node]:
    """Preformatted text, line by line."""
    told: list[Any] = []
    for line in "".join(element.itertext()).strip("\n").splitlines():
        told += [{"k": "br"}] if told else []
        told.append(_code(_tidy(line)))
    yield {"k": "p", "c": told}


def _list(element: Element) -> Iterator[Node]:
    yield {"k": element.tag, "items": [list(_blocks(item)) for item in element.findall("li")]}


def _pairs(element: Element) -> Iterator[Node]:
    items: list[list[Any]] = []
    for child in element:
        if child.tag == "dt":
            items.append([_trimmed(_words(child)), []])
        elif child.tag == "dd" and items:
            told = _trimmed(_words(child)) if not any(part.tag in _BLOCK for part in child) else list(_blocks(child))
            items[-1][1] += ([{"k": "br"}] if items[-1][1] else []) + told
    yield {"k": "dl", "items": items}


def _section(element: Element) -> Iterator[Any]:
    names = element.get("class", "").split()
    inside = list(_blocks(element))
    if "card" in names:
        yield {"k": "card", "c": inside}
    elif "box" in names:
        fill, edge = _BOXES["warn" if "warn" in names else "box"]
        yield _named({"k": "box", "fill": fill, "edge": edge, "c": inside}, element)
    elif element.get("id"):
        yield _named({"k": "block", "c": inside}, element)
    else:
        yield from inside


def _picture(element: Element) -> Iterator[Node]:
    svg = element.find(f"{_SVG}svg")
    caption = element.find("figcaption")
    if svg is None or caption is None:
        raise PaperError("PDF: expected a chart and its caption in each figure, found a figure without.")
    title, said = (svg.findtext(f"{_SVG}{name}") or "" for name in ("title", "desc"))
    across, down = map(float, svg.get("viewBox", "").split()[2:])
    ElementTree.register_namespace("", "http://www.w3.org/2000/svg")
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    drawn = ElementTree.tostring(svg, encoding="unicode")
    yield _named(
        {
            "k": "picture",
            "svg": drawn,
            "alt": f"{title}. {said}".strip(),
            "width": min(_WIDTH_MM, _HEIGHT_MM * across / down),
            "c": _trimmed(_words(caption)),
        },
        element,
    )


def _table(element: Element) -> Iterator[Node]:
    table = element.find("table") if element.tag == "div" else element
    if table is None:
        yield from _section(element)
        return
    caption = table.find("caption")
    head = [list(row) for row in table.findall("thead/tr")]
    body = [list(row) for row in table.findall("tbody/tr")]
    width = len(head[0]) if head else 0
    ragged = next((row for row in (*head, *body) if len(row) != width), None)
    if caption is None or ragged is not None or not width:
        raise PaperError(
            f"PDF: expected a caption and {width} cells in each row of {table.get('id')}, found otherwise."
        )
    columns = [[row[index] for row in body] for index in range(width)]
    yield _named(
        {
            "k": "table",
            "caption": _trimmed(_words(caption)),
            "columns": _measures([[row[index] for row in (*head, *body)] for index in range(width)]),
            "right": [all("n" in cell.get("class", "").split() for cell in cells) and bool(cells) for cells in columns],
            "head": [[{"k": "block", "c": _cell(cell)} for cell in row] for row in head],
            "body": [[{"k": "block", "c": _cell(cell)} for cell in row] for row in body],
            "heads": [[at for at, cell in enumerate(row) if cell.tag == "th"] for row in body],
        },
        table,
    )


def _measures(columns: list[list[Element]]) -> list[dict[str, list[list[str]]]]:
    """By column, what decides its width: the longest words, which can't break, and the longest lines, each with how it
    is set (head, body, code). The template measures them in its own letters."""
    told = []
    for cells in columns:
        words: dict[tuple[str, str], None] = {}
        whole: dict[tuple[str, str], None] = {}
        for cell in cells:
            kind = "head" if cell.get("scope") == "col" else "code" if cell.find("code") is not None else "body"
            for line in _plain(cell).split("\n"):
                whole[kind, line.strip(" ")] = None
                words |= {(kind, piece): None for piece in _unbroken(line)}
        told.append({"words": _longest(words), "cells": _longest(whole)})
    return told


def _plain(element: Element) -> str:
    """A cell's text, with a line feed where it begins a new line."""
    told = _tidy(element.text or "")
    for child in element:
        told += "\n" if child.tag == "br" or child.tag in _BLOCK else ""
        told += _plain(child) + _tidy(child.tail or "")
    return told


def _unbroken(line: str) -> list[str]:
    """What of a line can't be broken."""
    return [piece for word in re.split(r"(?<=-)| ", line) for piece in _pieces(word)]


def _longest(told: Iterable[tuple[str, str]], count: int = 4) -> list[list[str]]:
    """The longest few of each kind, by letters: the widest is among them."""
    kinds: dict[str, list[str]] = {}
    for kind, text in told:
        kinds.setdefault(kind, []).append(text)
    return [[kind, text] for kind, texts in kinds.items() for text in sorted(texts, key=len, reverse=True)[:count]]


def _cell(element: Element) -> list[Any]:
    if any(part.tag in _BLOCK for part in element):
        return list(_blocks(element))
    return _trimmed(_words(element))


_BLOCK: dict[str, Any] = {
    **dict.fromkeys(("h1", "h2", "h3", "h4"), _heading),
    **dict.fromkeys(("header", "main", "section", "nav", "footer"), _section),
    **dict.fromkeys(("ul", "ol"), _list),
    "p": _paragraph,
    "dl": _pairs,
    "figure": _picture,
    "pre": _lines,
    "div": _table,
    "table": _table,
}


def _linked(nodes: Any, there: set[str]) -> Any:
    """Links that lead to something on paper stay links."""
    if isinstance(nodes, list):
        told: list[Any] = []
        for node in nodes:
            told += _breaking(node) if isinstance(node, str) else [_linked(node, there)]
        return told
    if not isinstance(nodes, dict):
        return nodes
    node = {
        key: value if key in ("svg", "alt", "parts", "columns", "right", "heads") else _linked(value, there)
        for key, value in nodes.items()
    }
    return node["c"] if node.get("k") == "a" and node["to"] not in there else node


def _all(nodes: Any) -> Iterator[Node]:
    if isinstance(nodes, list):
        for node in nodes:
            yield from _all(node)
    elif isinstance(nodes, dict):
        yield nodes
        for value in nodes.values():
            yield from _all(value)


def _tidy(text: str) -> str:
    """White space as a browser shows it; a no-break space stays one."""
    return re.sub(r"[ \t\r\n]+", " ", text)


def _pieces(word: str) -> list[str]:
    """A long word without a place to break (a digest, an address) in pieces; any other whole."""
    return re.findall(f".{{1,{_PIECE}}}", word) if len(word) >= _LONG else [word]


def _breaking(text: str) -> list[Any]:
    """Running text, its long words as nodes that may break."""
    told: list[Any] = []
    for part in re.split(rf"([^\s-]{{{_LONG},}})", text):
        if len(part) >= _LONG and not re.search(r"\s", part) and re.search(r"[0-9./_]", part):
            told.append({"k": "long", "parts": _pieces(part)})
        elif part:
            told.append(part)
    return told


def _trimmed(words: list[Any]) -> list[Any]:
    """Running text without white space around it."""
    told = list(words)
    if told and isinstance(told[0], str):
        told[0] = told[0].lstrip(" ")
    if told and isinstance(told[-1], str):
        told[-1] = told[-1].rstrip(" ")
    return told
