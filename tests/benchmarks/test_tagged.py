"""Tags of the PDF, read from the file by another library; each check is shown to fail on a spoilt copy."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pikepdf
import pytest
from pdf_example import ANNEX, RESULTS, page, pdf
from pikepdf import Array, Name, Pdf, String

from benchmarks.annex import annex, read
from benchmarks.headers import TagError, tagged
from benchmarks.language import LANGUAGES, Language
from benchmarks.paper import paper
from benchmarks.report import render
from scripts.proofs._tagged import CHECKS, counts, nodes, problems

ALL_LANGUAGES = pytest.mark.parametrize("language", LANGUAGES)
NONE: dict[str, list[str]] = {name: [] for name in CHECKS}


@ALL_LANGUAGES
def test_nothing_is_wrong_with_the_tags(language: Language) -> None:
    assert problems(pdf(language)) == NONE


def test_nothing_is_wrong_with_other_pages_and_the_annex(tmp_path: Path) -> None:
    (tmp_path / "annex.toml").write_text(ANNEX, encoding="utf-8")
    assert problems(paper(render(RESULTS, "sv"), RESULTS.created)) == NONE
    assert problems(annex(read(tmp_path / "annex.toml"), "is", RESULTS.created)) == NONE


@ALL_LANGUAGES
def test_headers_of_rows_and_columns_are_those_of_the_page(language: Language) -> None:
    root = ElementTree.fromstring(page(language).removeprefix("<!DOCTYPE html>"))  # noqa: S314  our own text
    scopes = [each.get("scope") for each in root.iter("th")]
    found = counts(pdf(language))
    assert found["headers of rows"] == scopes.count("row") > 50
    assert found["headers of columns"] == scopes.count("col") > 50
    assert found["TH"] == len(scopes)
    assert found["TD"] == sum(1 for _ in root.iter("td"))


def test_the_same_tags_in_each_language() -> None:
    found = {language: counts(pdf(language)) for language in LANGUAGES}
    for told in found.values():
        for key in ("pages", "pieces of content", "fonts"):
            del told[key]
    for language in ("sv", "is"):
        found[language]["P"] -= 1  # that where it differs the English holds
    assert found["en"] == found["sv"] == found["is"]


def _first(document: Pdf, tag: str, number: int = 0) -> Any:
    return [node for node, _ in nodes(document) if str(node.S) == f"/{tag}"][number]


def _cell(document: Pdf, scope: str) -> Any:
    """The table's attributes of the first header with that scope."""
    return next(each for node, _ in nodes(document) for each in node.get("/A", ()) if each.get("/Scope") == scope)


def _repaint(document: Pdf, old: bytes, new: bytes) -> None:
    """The first page's content, changed at the first place."""
    content = document.pages[0].obj.Contents
    painted = content.read_bytes()
    assert old in painted
    content.write(painted.replace(old, new, 1))


def _no_words(document: Pdf) -> None:
    del _first(document, "Figure").Alt


def _no_language(document: Pdf) -> None:
    del document.Root.Lang


def _no_title(document: Pdf) -> None:
    document.Root.ViewerPreferences.DisplayDocTitle = False


def _no_marks(document: Pdf) -> None:
    document.Root.MarkInfo.Marked = False


def _outside(document: Pdf) -> None:
    content = document.pages[0].obj.Contents
    content.write(content.read_bytes() + b"\n0 0 10 10 re f\n")


def _unmarked(document: Pdf) -> None:
    _repaint(document, b"/MCID 0", b"/Other 0")


def _twice(document: Pdf) -> None:
    first, second = (_first(document, "P", number) for number in (0, 1))
    second.K = first.K
    second.Pg = first.Pg


def _orphan(document: Pdf) -> None:
    body = document.Root.StructTreeRoot.K
    body = body[0] if isinstance(body, Array) else body
    del body.K[0]


def _skips(document: Pdf) -> None:
    _first(document, "H2").S = Name.H4


def _two_tops(document: Pdf) -> None:
    _first(document, "H2").S = Name.H1


def _invented(document: Pdf) -> None:
    _first(document, "P").S = Name.Absatz


def _astray(document: Pdf) -> None:
    _first(document, "P").S = Name.TD


def _short_row(document: Pdf) -> None:
    del _first(document, "TR", 1).K[-1]


def _no_scope(document: Pdf) -> None:
    del _cell(document, "/Column").Scope


def _plain_rows(document: Pdf) -> None:
    del _cell(document, "/Row").Scope


def _no_headers(document: Pdf) -> None:
    for each in _first(document, "TD").A:
        if "/Headers" in each:
            each.Headers = Array()


def _headers_of_nothing(document: Pdf) -> None:
    for each in _first(document, "TD").A:
        if "/Headers" in each:
            each.Headers = Array([String("nowhere")])


def _link(document: Pdf) -> Any:
    return next(each for one in document.pages for each in one.obj.get("/Annots", ()))


def _silent_link(document: Pdf) -> None:
    del _link(document).Contents


def _nowhere(document: Pdf) -> None:
    _link(document).Dest = String("nowhere")


def _loose_link(document: Pdf) -> None:
    _first(document, "Link").S = Name.Span


def _tabs(document: Pdf) -> None:
    for one in document.pages:
        one.obj.Tabs = Name.R


def _font(document: Pdf) -> Any:
    return next(iter(document.pages[0].obj.Resources.Font.values()))


def _not_embedded(document: Pdf) -> None:
    about = _font(document).DescendantFonts[0].FontDescriptor
    for key in ("/FontFile", "/FontFile2", "/FontFile3"):
        if key in about:
            del about[key]


def _no_letters(document: Pdf) -> None:
    del _font(document).ToUnicode


def _a_letter_less(document: Pdf) -> None:
    told = _font(document).ToUnicode
    told.write(b"1 beginbfchar\n<0001> <0041>\nendbfchar\n")


@pytest.mark.parametrize(
    ("spoil", "check", "says"),
    [
        (_no_marks, "marked", "MarkInfo"),
        (_no_title, "marked", "window's head"),
        (_no_language, "marked", "language"),
        (_outside, "content", "found f in neither"),
        (_unmarked, "content", "found Tj in neither|found TJ in neither"),
        (_twice, "content", "in one tag, found 1, 2"),
        (_orphan, "content", "in one tag, found 1, 0"),
        (_skips, "headings", "found H"),
        (_two_tops, "headings", "one H1"),
        (_invented, "kinds", "found Absatz"),
        (_astray, "kinds", "TD below"),
        (_no_words, "figures", "found ''"),
        (_short_row, "tables", "rows of one length"),
        (_no_scope, "tables", "headers of columns"),
        (_plain_rows, "tables", "found one with None"),
        (_no_headers, "tables", r"expected headers \["),
        (_headers_of_nothing, "tables", "headers that there are"),
        (_silent_link, "links", "words for each link"),
        (_nowhere, "links", "somewhere in the document"),
        (_loose_link, "links", "in none"),
        (_tabs, "links", "order of the tags"),
        (_not_embedded, "fonts", "embedded"),
        (_no_letters, "fonts", "found none"),
        (_a_letter_less, "fonts", "without"),
    ],
)  # fmt: skip
def test_each_check_finds_what_was_spoilt(spoil: Callable[[Pdf], None], check: str, says: str) -> None:
    with pikepdf.open(io.BytesIO(pdf("en"))) as document:
        spoil(document)
        changed = io.BytesIO()
        document.save(changed)
    with pikepdf.open(changed) as document:
        told = list(islice(CHECKS[check](document), 10))
    assert told
    with pytest.raises(AssertionError, match=says):
        raise AssertionError("\n".join(told))


def test_tags_that_are_not_the_pages_are_refused() -> None:
    with pytest.raises(TagError, match=r"expected 1 tables .* found \d+"):
        tagged(pdf("en"), [[]])
    with pikepdf.open(io.BytesIO(pdf("en"))) as document:
        tables = [node for node, _ in nodes(document) if node.S == "/Table"]
        rows = [sum(len(list(each.K)) for each in table.K if each.S == "/TBody") for table in tables]
    wrong: list[list[list[int]]] = [[[0]] * count for count in rows]
    with pytest.raises(TagError, match=r"expected header cells \[99\] in row 2 of table 1"):
        tagged(pdf("en"), [[wrong[0][0], [99], *wrong[0][2:]], *wrong[1:]])
    with pytest.raises(TagError, match=r"rows in table 1"):
        tagged(pdf("en"), [wrong[0][1:], *wrong[1:]])
