"""`threshold policy notice` and `threshold policy dpia`: the papers that a processing record owes to people."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from threshold.output import JSON_HELP, console, emit

NOTICE = "Example: threshold policy notice record.yaml --lang sv --out papers"
DPIA = "Example: threshold policy dpia record.yaml --lang is --out dpia.html"


class Lang(StrEnum):
    """The languages of papers."""

    EN = "en"
    SV = "sv"
    IS = "is"


class Kind(StrEnum):
    """The papers."""

    NOTICE = "notice"
    CHILD = "child"
    SIGN = "sign"
    ESSENCE = "essence"
    REGISTER = "register"


RecordFile = Annotated[Path, typer.Argument(metavar="RECORD", help="A processing record (YAML or JSON).")]
Language = Annotated[Lang, typer.Option("--lang", help="The papers' language.")]
Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]


def notice(
    record: RecordFile,
    lang: Language = Lang.EN,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder the pages are written to.")] = Path(
        "papers"
    ),
    kind: Annotated[
        list[Kind] | None, typer.Option("--kind", help="A paper; repeat for more. All that the record calls for else.")
    ] = None,
    json: Json = False,
) -> None:
    """Write what people are told.

    Notice, children's version, door sign, essence of a joint arrangement, Article 30 entry.
    One A4 page each, made of the record's facts alone. While a fact is missing nothing is written: each is named with
    the article that asks for it, and the exit code is 1.
    """
    from policy.papers import KINDS, papers, reason
    from policy.reading import Incomplete
    from policy.record import read
    from policy.sheet import fits
    from threshold.files import write_text

    facts = read(record)
    left_out = {name: why for name in KINDS if (why := reason(name, facts)) is not None}
    named = {one.value for one in kind or ()}
    wanted = [name for name in KINDS if (name in named if named else name not in left_out)]
    if kind and (unfit := [f"{name} isn't called for: {left_out[name]}" for name in wanted if name in left_out]):
        _fail("NotCalledFor", f"{record}: {'; '.join(unfit)}.", [], json)
    try:
        pages = papers(facts, lang.value, wanted)
    except Incomplete as error:
        gaps = [{"fact": gap.fact, "citation": gap.citation, "paper": gap.paper} for gap in error.gaps]
        _fail("Incomplete", f"{record}: {error}", gaps, json)
    long = [name for name, text in pages.items() if name != "sign" and not fits(text)]
    paths = [out / f"{name}.{lang.value}.html" for name in pages]
    for path, text in zip(paths, pages.values(), strict=True):
        write_text(path, text)
    if json:
        emit({"language": lang.value, "papers": [str(path) for path in paths], "left_out": left_out, "long": long})
        return
    for path in paths:
        console().print(f"written: {path}", markup=False)
    for paper in long:
        console().print(f"{paper}: more than was seen to fit on one A4 page; shorten its texts", markup=False)
    for name, why in left_out.items():
        if not kind:
            console().print(f"left out: {name} ({why})", markup=False)


def dpia(
    record: RecordFile,
    lang: Language = Lang.EN,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The page; a name that ends in .json gives the document.")
    ] = Path("dpia.html"),
    json: Json = False,
) -> None:
    """Export the impact assessment in the order of the EDPB's template of 2026, each known defect answered or not.

    Refused while a risk has no level before and after its measures.
    """
    import json as encoding

    from policy.dpia import export, render
    from policy.reading import Incomplete
    from policy.record import read
    from threshold.files import write_text

    facts = read(record)
    try:
        document = export(facts, lang.value)
        page = render(facts, lang.value)
    except Incomplete as error:
        gaps = [{"fact": gap.fact, "citation": gap.citation, "paper": gap.paper} for gap in error.gaps]
        _fail("Incomplete", f"{record}: {error}", gaps, json)
    as_json = out.suffix == ".json"
    text = encoding.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n" if as_json else page
    write_text(out, text)
    if json:
        emit(document)
        return
    unanswered = [entry for entry in document["defects"] if not entry["answered"]]
    console().print(f"written: {out}", markup=False)
    console().print(f"not answered: {len(unanswered)} of {len(document['defects'])} known defects", markup=False)


def _fail(kind: str, message: str, gaps: list[dict[str, str]], json: bool) -> NoReturn:
    if json:
        emit({"error": {"kind": kind, "message": message, "missing": gaps}})
    typer.echo(f"threshold: {message}", err=True)
    raise typer.Exit(1)
