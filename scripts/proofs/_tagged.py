"""What a screen reader needs of a PDF, looked for in the file itself: each check names what it found wrong.

The file is read with pikepdf (qpdf), not with the program that wrote its tags. The checks are those of PDF/UA-1 (ISO
14289-1, as the Matterhorn Protocol 1.1 lists them by checkpoint) that a machine can make of a document like ours, and
no more: it has no forms, no media, no scripts, no encryption.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf

Said = tuple[str, tuple[str, ...], str]
Check = Callable[[Pdf], Iterator[str]]
STANDARD = {
    *(
        "Document",
        "Part",
        "Art",
        "Sect",
        "Div",
        "BlockQuote",
        "Caption",
        "TOC",
        "TOCI",
        "Index",
        "NonStruct",
        "Private",
    ),
    *("P", "H", "H1", "H2", "H3", "H4", "H5", "H6", "L", "LI", "Lbl", "LBody"),
    *("Table", "TR", "TH", "TD", "THead", "TBody", "TFoot"),
    *("Span", "Quote", "Note", "Reference", "BibEntry", "Code", "Link", "Annot", "Figure", "Formula", "Form"),
    *("Ruby", "RB", "RT", "RP", "Warichu", "WT", "WP"),
}
"""ISO 32000-1, 14.8.4."""
_PAINTS = {"Tj", "TJ", "'", '"', "f", "F", "f*", "S", "s", "B", "B*", "b", "b*", "sh", "Do", "BI", "INLINE IMAGE"}
_SHOWS = {"Tj", "TJ", "'", '"'}
_BELOW = {
    "L": {"LI", "Caption"}, "LI": {"Lbl", "LBody"}, "Table": {"THead", "TBody", "TFoot", "TR", "Caption"},
    "THead": {"TR"}, "TBody": {"TR"}, "TFoot": {"TR"}, "TR": {"TH", "TD"},
}  # fmt: skip
_ABOVE = {"LI": {"L"}, "LBody": {"LI"}, "TR": {"Table", "THead", "TBody", "TFoot"}, "TH": {"TR"}, "TD": {"TR"},
          "THead": {"Table"}, "TBody": {"Table"}}  # fmt: skip


def problems(content: bytes) -> dict[str, list[str]]:
    """By check: what was found wrong, at most ten."""
    with pikepdf.open(io.BytesIO(content)) as document:
        return {name: list(islice(check(document), 10)) for name, check in CHECKS.items()}


def counts(content: bytes) -> dict[str, int]:
    """How many of each tag, and of pages, pieces of marked content, links and fonts."""
    with pikepdf.open(io.BytesIO(content)) as document:
        tags = Counter(_tag(node) for node, _ in nodes(document))
        return {
            "pages": len(document.pages),
            "pieces of content": sum(1 for node, _ in nodes(document) for _ in _pieces(node)),
            "links": sum(1 for _ in _links(document)),
            "fonts": len(_fonts(document)),
            "headers of rows": sum(_attribute(node, "/Scope") == "/Row" for node, _ in nodes(document)),
            "headers of columns": sum(_attribute(node, "/Scope") == "/Column" for node, _ in nodes(document)),
            **{tag: tags[tag] for tag in ("H1", "H2", "H3", "P", "L", "Table", "TR", "TH", "TD", "Figure", "Link")},
        }


def spoken(content: bytes) -> list[Said]:
    """(tag, tags above it, "") for each tag, (tag, tags above it, text) for each piece of text, in reading order.

    It is what a screen reader has to go by, read by the fonts' own Unicode maps.
    """
    with pikepdf.open(io.BytesIO(content)) as document:
        texts = {page.obj.objgen[0]: _texts(page.obj) for page in document.pages}
        return list(_told(document.Root.StructTreeRoot, (), texts))


def _told(
    node: Any, above: tuple[str, ...], texts: dict[int, dict[int, str]]
) -> Iterator[tuple[str, tuple[str, ...], str]]:
    for piece in _kids(node):
        if isinstance(piece, Dictionary) and "/S" in piece:
            yield _tag(piece), above, ""
            yield from _told(piece, (*above, _tag(piece)), texts)
        elif isinstance(piece, int):
            yield above[-1], above[:-1], texts[node.Pg.objgen[0]].get(piece, "")
        elif isinstance(piece, Dictionary) and "/MCID" in piece:
            yield above[-1], above[:-1], texts[piece.get("/Pg", node.get("/Pg")).objgen[0]].get(int(piece.MCID), "")


def _texts(page: Any) -> dict[int, str]:
    """Text by mark, on one page."""
    maps = {key: _letters(font.ToUnicode.read_bytes()) for key, font in page.Resources.get("/Font", {}).items()}
    found: dict[int, str] = {}
    marks: list[tuple[int | None, bool]] = []
    font = ""
    for step in pikepdf.parse_content_stream(page):
        operator = str(step.operator)
        mark, replaced = marks[-1] if marks else (None, False)
        if operator in ("BDC", "BMC"):
            about = step.operands[1] if operator == "BDC" and isinstance(step.operands[1], Dictionary) else Dictionary()
            mark = int(about.MCID) if "/MCID" in about else mark
            if "/ActualText" in about and mark is not None:
                found[mark] = found.get(mark, "") + str(about.ActualText)
            marks.append((mark, replaced or "/ActualText" in about))
        elif operator == "EMC":
            marks.pop()
        elif operator == "Tf":
            font = str(step.operands[0])
        elif operator in _SHOWS and mark is not None and not replaced:
            letters = (maps[font].get(code, "\N{REPLACEMENT CHARACTER}") for code in _codes(step.operands[-1]))
            found[mark] = found.get(mark, "") + "".join(letters)
    return found


def _marked(document: Pdf) -> Iterator[str]:
    """Checkpoints 01, 06, 07, 11: it says that it is tagged, shows its title, and names its language."""
    root = document.Root
    marks = root.get("/MarkInfo", Dictionary())
    if marks.get("/Marked") is not True or marks.get("/Suspects", False) is not False:
        yield f"expected MarkInfo marked and without suspects, found {marks}"
    if root.get("/ViewerPreferences", Dictionary()).get("/DisplayDocTitle") is not True:
        yield "expected the title in the window's head, found that it isn't asked for"
    with document.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as said:
        if not str(said.get("dc:title", "")).strip():
            yield "expected a title in the metadata, found none"
        if str(said.get("pdfuaid:part", "")) != "1":
            yield f"expected PDF/UA part 1, found {said.get('pdfuaid:part')}"
    if not re.fullmatch("en|sv|is", str(root.get("/Lang", ""))):
        yield f"expected the document's language, found {root.get('/Lang')}"
    for node, _ in nodes(document):
        if "/Lang" in node and not re.fullmatch("[a-z]{2}(-[A-Z]{2})?", str(node.Lang)):
            yield f"expected a language, found {node.Lang}"


def _content(document: Pdf) -> Iterator[str]:
    """Checkpoint 01: all that a page paints is tagged or an artifact, once, and leads to its tag and back."""
    owners: Counter[tuple[int, int]] = Counter()
    places: dict[tuple[int, int], Any] = {}
    numbers = {page.objgen[0]: number for number, page in enumerate(document.pages, 1)}
    for node, _ in nodes(document):
        for page, mark in _pieces(node):
            owners[numbers.get(page, 0), mark] += 1
            places[numbers.get(page, 0), mark] = node
    seen: Counter[tuple[int, int]] = Counter()
    parents = pikepdf.NumberTree(document.Root.StructTreeRoot.ParentTree)
    for number, page in enumerate(document.pages, 1):
        yield from (f"page {number}: {told}" for told in _loose(page, document, seen, number))
        back = parents.get(int(page.obj.get("/StructParents", -1)))
        for (at, mark), node in places.items():
            if at == number and (back is None or mark >= len(back) or back[mark].objgen != node.objgen):
                yield f"page {number}: expected content {mark} to lead to its tag, found that it leads elsewhere"
    for place in seen.keys() | owners.keys():
        if seen[place] != 1 or owners[place] != 1:
            found = f"{seen[place]}, {owners[place]}"
            yield f"page {place[0]}, content {place[1]}: expected it once and in one tag, found {found}"


def _loose(page: Any, document: Pdf, seen: Counter[tuple[int, int]], number: int) -> Iterator[str]:
    """What is painted outside of tags; counts the marks."""
    above: list[str] = []
    for step in pikepdf.parse_content_stream(page):
        operator = str(step.operator)
        if operator in ("BDC", "BMC"):
            name = str(step.operands[0])
            if operator == "BDC" and isinstance(step.operands[1], Dictionary) and "/MCID" in step.operands[1]:
                seen[number, int(step.operands[1].MCID)] += 1
                if any(each == "tag" for each in above):
                    yield "expected tagged content side by side, found one inside another"
                name = "tag"
            if (name == "/Artifact" and "tag" in above) or (name == "tag" and "/Artifact" in above):
                yield "expected artifacts and tags apart, found one inside the other"
            above.append(name)
        elif operator == "EMC":
            above.pop()
        elif operator in _PAINTS and not {"tag", "/Artifact"} & set(above):
            yield f"expected all that is painted in a tag or an artifact, found {operator} in neither"


def _headings(document: Pdf) -> Iterator[str]:
    """Checkpoint 14: one H1 first, and no level left out on the way down."""
    levels = [int(_tag(node)[1]) for node, _ in nodes(document) if re.fullmatch("H[1-6]", _tag(node))]
    if levels[:1] != [1] or levels.count(1) != 1:
        yield f"expected one H1, and first, found levels {levels[:5]}"
    for at, (one, following) in enumerate(pairwise(levels)):
        if following > one + 1:
            yield f"heading {at + 2}: expected at most H{one + 1} after H{one}, found H{following}"


def _kinds(document: Pdf) -> Iterator[str]:
    """Checkpoints 02, 09: standard tags only, each where it belongs."""
    roles = {str(key)[1:]: str(value)[1:] for key, value in document.Root.StructTreeRoot.get("/RoleMap", {}).items()}
    for node, above in nodes(document):
        tag, over = _tag(node), (above[-1] if above else "")
        if tag not in STANDARD and roles.get(tag) not in STANDARD:
            yield f"expected a standard tag, found {tag}"
        if tag in STANDARD and tag in roles:
            yield f"expected standard tags as they are, found {tag} in the role map"
        if tag in _ABOVE and over not in _ABOVE[tag]:
            yield f"expected {tag} below {sorted(_ABOVE[tag])}, found it below {over}"
        if over in _BELOW and tag not in _BELOW[over]:
            yield f"expected {sorted(_BELOW[over])} in {over}, found {tag}"


def _figures(document: Pdf) -> Iterator[str]:
    """Checkpoint 13: words in place of each picture."""
    for node, _ in nodes(document):
        if _tag(node) in ("Figure", "Formula") and len(str(node.get("/Alt", "")).strip()) < 20:
            yield f"expected words in place of a picture, found {str(node.get('/Alt', ''))!r}"


def _tables(document: Pdf) -> Iterator[str]:
    """Checkpoint 15: rows of one length, headers with a scope, and each cell knows its headers."""
    names = pikepdf.NameTree(document.Root.StructTreeRoot.IDTree)
    for number, table in enumerate((node for node, _ in nodes(document) if _tag(node) == "Table"), 1):
        rows = [
            [cell for cell in _children(row) if _tag(cell) in ("TH", "TD")]
            for row, _ in _below(table, ()) if _tag(row) == "TR"
        ]  # fmt: skip
        widths = {sum(int(_attribute(cell, "/ColSpan") or 1) for cell in row) for row in rows}
        if len(widths) != 1:
            yield f"table {number}: expected rows of one length, found {sorted(widths)}"
        head = rows[0] if rows else []
        if not head or any(_tag(cell) != "TH" or _attribute(cell, "/Scope") != "/Column" for cell in head):
            yield f"table {number}: expected its first row as headers of columns, found {[_tag(cell) for cell in head]}"
        for at, row in enumerate(rows):
            beside = {str(cell.get("/ID", "")) for cell in row if _attribute(cell, "/Scope") == "/Row"}
            for column, cell in enumerate(row):
                scope = _attribute(cell, "/Scope")
                if _tag(cell) == "TH" and scope not in ("/Row", "/Column", "/Both"):
                    yield f"table {number}, row {at + 1}: expected each header with a scope, found one with {scope}"
                if _tag(cell) == "TH" and (str(cell.get("/ID", "")) not in names or names[str(cell.ID)] != cell):
                    yield f"table {number}, row {at + 1}: expected each header by its name, found {cell.get('/ID')}"
                told = {str(each) for each in _attribute(cell, "/Headers") or ()}
                if any(name not in names for name in told):
                    yield f"table {number}, row {at + 1}: expected headers that there are, found {sorted(told)}"
                wanted = beside | ({str(head[column].get("/ID"))} if column < len(head) else set())
                if _tag(cell) == "TD" and told != wanted:
                    yield f"table {number}, row {at + 1}: expected headers {sorted(wanted)}, found {sorted(told)}"


def _linked(document: Pdf) -> Iterator[str]:
    """Checkpoint 28: each link is in a Link tag, says where it leads, and leads there."""
    tagged = {
        piece.Obj.objgen
        for node, _ in nodes(document) if _tag(node) == "Link"
        for piece in _kids(node) if isinstance(piece, Dictionary) and piece.get("/Type") == "/OBJR"
    }  # fmt: skip
    there = pikepdf.NameTree(document.Root.Names.Dests) if "/Dests" in document.Root.get("/Names", {}) else {}
    for number, page, link in _links(document):
        if link.objgen not in tagged:
            yield f"page {number}: expected each link in a Link tag, found one that is in none"
        if not str(link.get("/Contents", "")).strip():
            yield f"page {number}: expected words for each link, found none"
        goal = link.get("/Dest", link.get("/A", Dictionary()).get("/D"))
        if goal is None or (not isinstance(goal, Array) and str(goal) not in there):
            yield f"page {number}: expected a link to somewhere in the document, found {goal}"
        if page.obj.get("/Tabs") != Name.S:
            yield f"page {number}: expected tabs in the order of the tags, found {page.obj.get('/Tabs')}"


def _lettered(document: Pdf) -> Iterator[str]:
    """Checkpoint 31: fonts come along, and every letter shown has its Unicode."""
    for name, font in _fonts(document).items():
        inner = font.DescendantFonts[0] if "/DescendantFonts" in font else font
        about = inner.get("/FontDescriptor", Dictionary())
        if font.get("/Subtype") != "/Type3" and not {"/FontFile", "/FontFile2", "/FontFile3"} & set(about.keys()):
            yield f"{name}: expected the font embedded, found its name alone"
        if "/ToUnicode" not in font:
            yield f"{name}: expected Unicode for its letters, found none"
            continue
        known = set(_letters(font.ToUnicode.read_bytes()))
        used = _used(document, font)
        if "/DescendantFonts" in font and (lacking := used - known):
            yield f"{name}: expected Unicode for each letter shown, found {len(lacking)} without"


CHECKS: dict[str, Check] = {
    "marked": _marked,
    "content": _content,
    "headings": _headings,
    "kinds": _kinds,
    "figures": _figures,
    "tables": _tables,
    "links": _linked,
    "fonts": _lettered,
}


def nodes(document: Pdf) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Structure elements in reading order, with the tags above them."""
    yield from _below(document.Root.StructTreeRoot, ())


def _below(node: Any, above: tuple[str, ...]) -> Iterator[tuple[Any, tuple[str, ...]]]:
    for child in _children(node):
        yield child, above
        yield from _below(child, (*above, _tag(child)))


def _kids(node: Any) -> list[Any]:
    below = node.get("/K", ())
    return list(below) if isinstance(below, Array) else [below]


def _children(node: Any) -> list[Any]:
    return [each for each in _kids(node) if isinstance(each, Dictionary) and "/S" in each]


def _tag(node: Any) -> str:
    return str(node.get("/S", ""))[1:]


def _attribute(node: Any, name: str) -> Any:
    told = node.get("/A", ())
    return next((each[name] for each in (told if isinstance(told, Array) else [told]) if name in each), None)


def _pieces(node: Any) -> Iterator[tuple[int, int]]:
    """(page's object, mark) of the content right in a tag."""
    for piece in _kids(node):
        if isinstance(piece, int):
            yield node.Pg.objgen[0], piece
        elif isinstance(piece, Dictionary) and "/MCID" in piece:
            yield piece.get("/Pg", node.get("/Pg")).objgen[0], int(piece.MCID)


def _links(document: Pdf) -> Iterator[tuple[int, Any, Any]]:
    for number, page in enumerate(document.pages, 1):
        yield from ((number, page, each) for each in page.obj.get("/Annots", ()) if each.get("/Subtype") == "/Link")


def _held(document: Pdf) -> Iterator[Any]:
    """Pages, and the forms that they draw, however deep."""
    seen: set[tuple[int, int]] = set()
    waiting = [page.obj for page in document.pages]
    while waiting:
        one = waiting.pop()
        yield one
        for form in one.get("/Resources", Dictionary()).get("/XObject", Dictionary()).values():
            if form.get("/Subtype") == "/Form" and form.objgen not in seen:
                seen.add(form.objgen)
                waiting.append(form)


def _fonts(document: Pdf) -> dict[str, Any]:
    """Fonts by object and name."""
    return {
        f"{font.objgen[0]} {str(font.get('/BaseFont', font.get('/Name', '/Type3')))[1:]}": font
        for one in _held(document)
        for font in one.get("/Resources", Dictionary()).get("/Font", Dictionary()).values()
    }


def _used(document: Pdf, font: Any) -> set[int]:
    """Two-byte codes of one composite font that are shown anywhere."""
    found: set[int] = set()
    for one in _held(document):
        names = {
            key
            for key, each in one.get("/Resources", Dictionary()).get("/Font", {}).items()
            if each.objgen == font.objgen
        }
        if not names:
            continue
        current = ""
        for step in pikepdf.parse_content_stream(one):
            operator = str(step.operator)
            if operator == "Tf":
                current = str(step.operands[0])
            elif operator in _SHOWS and current in names:
                found |= set(_codes(step.operands[-1]))
    return found


def _codes(shown: Any) -> list[int]:
    """Two-byte codes of what one operator shows."""
    each = [
        bytes(part) for part in (shown if isinstance(shown, Array) else [shown]) if isinstance(part, pikepdf.String)
    ]
    return [int.from_bytes(raw[at : at + 2], "big") for raw in each for at in range(0, len(raw), 2)]


def _letters(told: bytes) -> dict[int, str]:
    """Letters by code, of a ToUnicode map (ISO 32000-1, 9.10.3)."""
    known: dict[int, str] = {}
    code = rb"<([0-9A-Fa-f]+)>"
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", told, re.DOTALL):
        known |= {int(one, 16): _utf16(letters) for one, letters in re.findall(code + rb"\s*" + code, block)}
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", told, re.DOTALL):
        for low, high, goal in re.findall(code + rb"\s*" + code + rb"\s*(<[^>]*>|\[[^\]]*\])", block):
            first, last = int(low, 16), int(high, 16)
            each = [_utf16(letters) for letters in re.findall(code, goal)]
            if goal.startswith(b"<"):
                each = [each[0][:-1] + chr(ord(each[0][-1]) + step) for step in range(last - first + 1)]
            known |= dict(zip(range(first, last + 1), each, strict=True))
    return known


def _utf16(letters: bytes) -> str:
    return bytes.fromhex(letters.decode()).decode("utf-16-be")
