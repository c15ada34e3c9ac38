"""Charts: what is in the SVG, that it is the same each time, and that several fit on one page."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from results_example import results

from benchmarks import charts, pictures
from benchmarks.charts import Chart, Dot, Group, Row, svg
from benchmarks.language import LANGUAGES
from benchmarks.terms import Terms

SVG = "{http://www.w3.org/2000/svg}"
CHART = Chart(
    name="one",
    title="Failures & <times>",
    said="Face: 5 % (3 % to 8 %).",
    axis="% of $1 and $2",
    groups=(Group("Face", (Row("best", (Dot(5, 3, 8),)), Row("worst", (Dot(0, 0, 2.9, 1), Dot(4, 4.5, 5, 2))))),),
    tick=lambda value: f"{value:g}",
    kinds=("median", "90th", "95th"),
    zero=True,
    band=(1.0, "margin"),
    target="aim",
)


def parsed(chart: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(svg(chart))  # noqa: S314  our own text


def test_the_same_chart_gives_the_same_bytes() -> None:
    assert svg(CHART) == svg(CHART)


def test_a_screen_reader_finds_title_and_description() -> None:
    root = parsed(CHART)
    assert (root[0].tag, root[0].text) == (f"{SVG}title", CHART.title)
    assert (root[1].tag, root[1].text) == (f"{SVG}desc", CHART.said)
    assert root.get("role") == "img"
    assert (root.get("aria-labelledby"), root.get("aria-describedby")) == (root[0].get("id"), root[1].get("id"))


def test_two_charts_on_a_page_share_no_id_and_refer_to_their_own() -> None:
    pages = [svg(CHART), svg(replace(CHART, name="two"))]
    ids = [re.findall(r'\bid="([^"]+)"', page) for page in pages]
    assert all(len(names) == len(set(names)) for names in ids)
    assert not set(ids[0]) & set(ids[1])
    for page, names in zip(pages, ids, strict=True):
        used = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', page)
        assert used
        assert {first or second for first, second in used} <= set(names)


def test_nothing_reaches_out_of_the_picture() -> None:
    text = svg(CHART)
    assert re.findall(r"https?://[^\"' ]+", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<(style|script|metadata|image)\b|<\?xml|<!DOCTYPE", text)


def test_text_is_text_and_large_enough_on_a_telephone() -> None:
    root = parsed(CHART)
    texts = list(root.iter(f"{SVG}text"))
    assert {"Face", "best", "worst", "% of $1 and $2", "median", "margin"} <= {text.text for text in texts}
    width = float(root.get("viewBox", "").split()[2])
    sizes = [
        float(size)
        for text in texts
        for size in re.findall(r"(?:font-size|font):[^;]*?([\d.]+)px", text.get("style", ""))
    ]
    # 360 px wide, with a margin of 16 px to each side.
    assert len(sizes) == len(texts)
    assert min(sizes) * (360 - 32) / width >= 9


def test_the_page_decides_how_large_it_is() -> None:
    root = parsed(CHART)
    assert root.get("width") is None
    assert root.get("viewBox")


def test_kinds_differ_without_colour() -> None:
    shapes = [(marker, filled) for _, marker, filled in charts._STYLES]
    assert len(set(shapes)) == len(shapes)


def test_a_chart_of_zeros_is_drawn() -> None:
    flat = replace(CHART, groups=(Group("Face", (Row("best", (Dot(0, 0, 0),)),)),), band=None)
    assert "<svg" in svg(flat)


def test_what_is_aimed_at_stands_on_its_row() -> None:
    aimed = replace(CHART, groups=(Group("Face", (Row("best", (Dot(5, 3, 8),), target=4.0),)),))
    assert len(svg(aimed)) > len(svg(replace(aimed, groups=(Group("Face", (Row("best", (Dot(5, 3, 8),)),)),))))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_picture_of_a_report_is_said_with_its_figures(language: str) -> None:
    words, found = Terms(language), results(faces=True)  # type: ignore[arg-type]
    drawn = [
        picture(found, words) for picture in (pictures.failures, pictures.times, pictures.throughput, pictures.machine)
    ]
    drawn += [pictures.difference(found, words, outcome) for outcome in ("legitimate-failures", "transaction-time-p50")]
    drawn.append(pictures.errors(found.lanes["face-1n"], words))
    assert len({chart.name for chart in drawn}) == len(drawn) == 7
    for chart in drawn:
        dots = sum(len(row.dots) for group in chart.groups for row in group.rows)
        assert chart.said.count("(") >= dots
        assert svg(chart).startswith("<svg ")


def test_a_lane_looks_the_same_whether_or_not_the_other_ran() -> None:
    words = Terms("en")
    alone, both = (pictures.failures(results(faces=faces), words).groups[-1] for faces in (False, True))
    assert alone == both
