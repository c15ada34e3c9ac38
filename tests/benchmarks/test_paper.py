"""The PDF: tagged, in the page's order, with the page's numbers, and without a trace of the confidential annex."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import zlib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from pdf_example import ANNEX, RESULTS, SPACE, WHOLE, Tags, page, pdf, read_out, text
from results_example import doors, results

from benchmarks.annex import AnnexError, annex, read, template
from benchmarks.language import LANGUAGES, Language
from benchmarks.paper import PaperError, paper, tree
from benchmarks.report import render
from benchmarks.terms import Terms
from scripts.proofs._tagged import spoken

ALL_LANGUAGES = pytest.mark.parametrize("language", LANGUAGES)
POPPLER = pytest.mark.skipif(
    shutil.which("pdfinfo") is None, reason="needs poppler's pdfinfo, absent here (scripts/system-packages installs it)"
)


def told(content: bytes, *options: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.pdf"
        path.write_bytes(content)
        done = subprocess.run(["pdfinfo", *options, path], capture_output=True, timeout=300, check=True)
    return done.stdout.decode("utf-8", "replace")


def by_poppler(content: bytes) -> Tags:
    """(tag, tags above it, text) in reading order, as poppler reads the structure tree."""
    found: list[tuple[str, tuple[str, ...], str]] = []
    above: list[tuple[int, str]] = []
    for line in told(content, "-struct-text").splitlines():
        deep = len(line) - len(line.lstrip())
        if not line.strip() or line.strip().startswith(("/", "Object ")):
            continue
        while above and above[-1][0] >= deep:
            above.pop()
        if quoted := re.fullmatch(r'\s*"(.*)"', line):
            found.append((above[-1][1], tuple(tag for _, tag in above[:-1]), quoted[1]))
        else:
            tag = re.match(r"[A-Za-z0-9]+", line.strip())
            assert tag is not None, line
            above.append((deep, tag[0]))
            found.append((tag[0], tuple(each for _, each in above[:-1]), ""))
    return found


def objects(content: bytes) -> bytes:
    """The whole file with its streams inflated."""
    streams = []
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        try:
            streams.append(zlib.decompress(found[1]))
        except zlib.error:
            streams.append(found[1])
    return content + b"\n".join(streams)


@POPPLER
@ALL_LANGUAGES
def test_it_is_tagged_titled_and_in_its_language(language: Language) -> None:
    said = told(pdf(language))
    assert re.search(r"Tagged: +yes", said)
    assert Terms(language).say("Face or tag at the entrance?") in said
    inside = objects(pdf(language))
    assert f"/Lang({language})".encode() in inside.replace(b" ", b"")
    assert b"pdfuaid:part" in inside
    assert "JavaScript:      no" in said


@POPPLER
@ALL_LANGUAGES
def test_tags_follow_the_page(language: Language) -> None:
    root = ElementTree.fromstring(page(language).removeprefix("<!DOCTYPE html>"))  # noqa: S314  our own text
    tags = [tag for tag, _, said in spoken(pdf(language)) if not said]
    headings = [tag for tag in tags if re.fullmatch("H[1-6]", tag)]
    assert headings == [each.tag.upper() for each in root.iter() if re.fullmatch("h[1-6]", str(each.tag))]
    for tag, name in (("Table", "table"), ("THead", "thead"), ("Figure", "figure")):
        assert tags.count(tag) == sum(each.tag == name for each in root.iter()) > 0
    assert tags.count("TH") == sum(1 for _ in root.iter("th"))
    assert tags.count("TR") == sum(1 for _ in root.iter("tr"))
    whole = told(pdf(language), "-struct")
    for name, scope in (("col", "/Scope /Column"), ("row", "/Scope /Row")):
        assert whole.count(scope) == sum(each.get("scope") == name for each in root.iter("th")) > 50


def kinds(tags: Tags) -> list[tuple[str, ...]]:
    """Tags with those above them, under their standard names: Strong is in the document's role map."""
    return [
        tuple("Span" if each == "Strong" else each for each in (*above, tag)) for tag, above, said in tags if not said
    ]


@POPPLER
def test_poppler_reads_the_same_tags_and_text() -> None:
    """Another reader of PDF altogether, on the shorter report: it takes long."""
    short = render(RESULTS, "sv")
    content = paper(short, RESULTS.created)
    mine, theirs = spoken(content), by_poppler(content)
    assert kinds(mine) == kinds(theirs)
    assert_same(text(short), read_out(theirs))
    assert_same(read_out(theirs), read_out(mine))


@ALL_LANGUAGES
def test_it_is_read_in_the_order_of_the_page_to_the_letter(language: Language) -> None:
    assert_same(text(page(language)), read_out(spoken(pdf(language))))


def assert_same(expected: str, spoken: str) -> None:
    first = next((at for at, (a, b) in enumerate(zip(expected, spoken, strict=False)) if a != b), None)
    assert first is None, (expected[first - 60 : first + 60], spoken[first - 60 : first + 60])
    assert len(spoken) == len(expected)


@POPPLER
@ALL_LANGUAGES
def test_the_numbers_of_the_json_stand_on_paper_as_on_the_page(language: Language) -> None:
    words = Terms(language)
    heard, shown = read_out(spoken(pdf(language))), text(page(language))
    for told in (WHOLE.lanes["face-1n"], WHOLE.lanes["tag-uid"]):
        values = [words.percent(rate.value, 2) for rate in told.rates.values()]
        for value in (*values, *(words.share(point.legitimate_failures) for point in told.points)):
            written = SPACE.sub("", str(value))
            assert written in heard
            assert written in shown
        assert told.transactions is not None
        assert told.transactions.sha256 in heard


@ALL_LANGUAGES
def test_every_picture_has_its_words(language: Language) -> None:
    def pictures(node: object) -> list[str]:
        if isinstance(node, list):
            return [each for inner in node for each in pictures(inner)]
        if isinstance(node, dict):
            here = [str(node["alt"])] if node.get("k") == "picture" else []
            return here + [each for inner in node.values() for each in pictures(inner)]
        return []

    words = pictures(tree(page(language))["body"])
    assert len(words) >= 5
    assert all(len(each) > 40 and "&" not in each for each in words)
    inside = objects(pdf(language)).replace(b"\\(", b"(").replace(b"\\)", b")")
    assert inside.count(b"/Alt") >= len(words)


def test_the_tag_lane_alone_and_all_at_the_doors_go_on_paper_too() -> None:
    for form in (results(faces=False), results(faces=True, doors=doors())):
        assert paper(render(form, "sv"), form.created).startswith(b"%PDF-1.7")


def test_the_same_page_gives_the_same_bytes() -> None:
    assert paper(page("sv"), WHOLE.created) == pdf("sv")


def test_a_page_that_paper_does_not_know_is_an_error() -> None:
    with pytest.raises(PaperError, match="well-formed"):
        paper("<html><body><p></body></html>", RESULTS.created)
    with pytest.raises(PaperError, match="found <video>"):
        tree("<html><head><title>x</title></head><body><p><video/></p></body></html>")
    with pytest.raises(PaperError, match="cells in each row of t"):
        tree(
            "<html><head><title>x</title></head><body><table id='t'><caption>c</caption><thead><tr><th>a</th></tr>"
            "</thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table></body></html>"
        )


@POPPLER
@ALL_LANGUAGES
def test_the_annex_is_a_document_of_its_own(language: Language, tmp_path: Path) -> None:
    (tmp_path / "annex.toml").write_text(ANNEX, encoding="utf-8")
    made = annex(read(tmp_path / "annex.toml"), language, RESULTS.created)
    said = read_out(spoken(made))
    secrets = [
        "Abovetheinnerdoor,40cmleftofitsframe",
        "Outwards,tothebicycleshed",
        "Lindängeskolan",
        "åäöþæð",
        "caretaker",
    ]
    assert all(secret in said for secret in secrets)
    assert SPACE.sub("", str(Terms(language).say("Not to be published, and not part of the report."))) in said
    public = read_out(spoken(pdf(language)))
    inside = objects(pdf(language))
    for secret in ("bicycle shed", "caretaker", "Lindängeskolan", "K1", str(Terms(language).say("Confidential annex"))):
        assert SPACE.sub("", secret) not in public
        if len(secret) > 2:  # two letters may stand anywhere among compressed bytes
            assert secret.encode() not in inside
            assert secret.encode("utf-16-be") not in inside
    assert re.search(r"Tagged: +yes", told(made))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "key site"),
        ("site = 'x'", "key camera"),
        ("site = 'x'\ncamera = [{name = 'a'}]", "key camera.0.where"),
        ("=", "in TOML"),
        (ANNEX + "height = 2", "key camera.0.height"),
        (template(), "key site: .*at least 1 character"),
    ],
)
def test_an_annex_that_lacks_something_is_refused_by_key(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "annex.toml").write_text(content, encoding="utf-8")
    with pytest.raises(AnnexError, match=rf"annex\.toml: .*{says}"):
        read(tmp_path / "annex.toml")
