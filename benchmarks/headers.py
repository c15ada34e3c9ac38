"""Headers of rows in a tagged PDF.

typst tags headers of columns, and every other cell as data; its Python package can't turn on the feature that tells
them apart (`a11y-extras`). So the cells that the page calls headers of their row are tagged as such afterwards, as ISO
32000-1 wants it (14.8.5.7, table attributes): type TH, scope Row, and an ID that the other cells of the row name.
Nothing else of the document is touched.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.errors import BenchmarkError

Rows = Sequence[Sequence[int]]
"""Of a table's body, row by row: which of its cells (from 0) are headers of that row."""


class TagError(BenchmarkError, ValueError):
    """Error raised when a PDF's tags aren't those of the page that it was made of."""


def tagged(content: bytes, tables: Sequence[Rows]) -> bytes:
    """The PDF with its rows' headers tagged; `tables` in reading order. The same input gives the same bytes.

    Raises TagError where the document's tables have other rows or cells than told.
    """
    import pikepdf  # noqa: PLC0415  comes with the extra `pdf`, as typst does

    with pikepdf.open(io.BytesIO(content)) as document:
        tree = document.Root.StructTreeRoot
        found = [node for node in _below(tree) if node.get("/S") == "/Table"]
        if len(found) != len(tables):
            raise TagError(f"PDF: expected {len(tables)} tables in its tags, as on the page, found {len(found)}.")
        names = pikepdf.NameTree(tree.IDTree) if "/IDTree" in tree else pikepdf.NameTree.new(document)
        tree.IDTree = names.obj
        for number, (table, rows) in enumerate(zip(found, tables, strict=True)):
            bodies = [node for node in _below(table) if node.get("/S") == "/TBody"]
            lines = [_children(row) for body in bodies for row in _children(body)]
            if len(lines) != len(rows):
                raise TagError(f"PDF: expected {len(rows)} rows in table {number + 1}, found {len(lines)} in its tags.")
            for line, (cells, heads) in enumerate(zip(lines, rows, strict=True)):
                if any(head >= len(cells) for head in heads):
                    raise TagError(
                        f"PDF: expected header cells {list(heads)} in row {line + 1} of table {number + 1}, "
                        f"found {len(cells)} cells in its tags."
                    )
                _mark(document, names, cells, {head: f"R{number}x{head}y{line}" for head in heads})
        made = io.BytesIO()
        document.save(made, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return made.getvalue()


def _mark(document: Any, names: Any, cells: Sequence[Any], heads: dict[int, str]) -> None:
    """Headers of one row: their own tag, and their names in the lists of headers of the cells beside them."""
    from pikepdf import Array, Dictionary, Name, String  # noqa: PLC0415  as above

    for at, cell in enumerate(cells):
        table = next((each for each in cell.get("/A", ()) if each.get("/O") == "/Table"), None)
        if table is None:
            table = Dictionary(O=Name.Table, Headers=Array())
            cell.A = Array([*cell.get("/A", ()), table])
        if at in heads:
            cell.S = Name.TH
            cell.ID = String(heads[at])
            table.Scope = Name.Row
            names[heads[at]] = cell if cell.is_indirect else document.make_indirect(cell)
        beside = [String(name) for head, name in heads.items() if head < at or (head > at and at not in heads)]
        table.Headers = Array([*table.get("/Headers", ()), *beside])


def _children(node: Any) -> list[Any]:
    """The structure elements right below one."""
    import pikepdf  # noqa: PLC0415  as above

    below = node.get("/K", ())
    each = below if isinstance(below, pikepdf.Array) else [below]
    return [child for child in each if isinstance(child, pikepdf.Dictionary) and "/S" in child]


def _below(node: Any) -> Iterator[Any]:
    """All structure elements below one, in reading order."""
    for child in _children(node):
        yield child
        yield from _below(child)
