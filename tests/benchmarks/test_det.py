"""The DET plot: what is in the file, and that it is the same file each time."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.det import Curve, Mark, PlotError, det_svg, save
from benchmarks.interval import Interval

SVG = "{http://www.w3.org/2000/svg}"
RATES = np.array([0.0, 0.001, 0.01, 0.1])
CURVES = [Curve("SFace", RATES, RATES[::-1]), Curve("edge & own", RATES, RATES[::-1] / 2)]
MARK = Mark("door", 0.001, 0.05, Interval(0.0, 0.002, 0.95, "test"), Interval(0.03, 0.08, 0.95, "test"))


def test_the_same_input_gives_the_same_bytes() -> None:
    assert det_svg(CURVES, [MARK]) == det_svg(CURVES, [MARK])


def test_there_is_no_date_in_the_file() -> None:
    assert "dc:date" not in det_svg(CURVES)


def test_a_screen_reader_finds_title_and_description() -> None:
    root = ElementTree.fromstring(det_svg(CURVES, [MARK], "A & B"))  # noqa: S314 # our own text
    names = [root[0].get("id"), root[1].get("id")]
    assert (root[0].tag, root[0].text, root[1].tag) == (f"{SVG}title", "A & B", f"{SVG}desc")
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", " ".join(map(str, names)))


def test_the_description_states_the_operating_point_with_its_interval() -> None:
    assert "door: FMR 0.100% (95% interval 0.000% to 0.200%), FNMR 5.000%" in det_svg(CURVES, [MARK])


def test_two_plots_in_one_page_do_not_share_ids() -> None:
    assert 'id="det-' in det_svg(CURVES)
    assert ElementTree.fromstring(det_svg(CURVES))[0].get("id") != (  # noqa: S314 # our own text
        ElementTree.fromstring(det_svg(CURVES, [MARK]))[0].get("id")  # noqa: S314 # our own text
    )


def test_labels_stay_text_and_a_dollar_sign_is_no_formula() -> None:
    assert ">$tag$ & face<".replace("&", "&amp;") in det_svg([Curve("$tag$ & face", RATES, RATES)])


def test_curves_differ_in_line_style_not_in_colour_alone() -> None:
    assert "stroke-dasharray" not in det_svg(CURVES[:1])
    assert "stroke-dasharray" in det_svg(CURVES)


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_rates_that_have_no_place_on_the_axes_are_drawn_at_the_edge(rate: float) -> None:
    assert det_svg([Curve("flat", np.array([rate, rate]), RATES[:2])])


@pytest.mark.parametrize(("name", "start"), [("d.svg", b"<?xml"), ("d.png", b"\x89PNG")])
def test_saving_goes_by_the_ending(tmp_path: Path, name: str, start: bytes) -> None:
    save(tmp_path / name, CURVES, [MARK])
    assert (tmp_path / name).read_bytes().startswith(start)


def test_saving_under_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlotError, match=r"\.svg or \.png"):
        save(tmp_path / "d.jpeg", CURVES)


@pytest.mark.parametrize(
    "curves",
    [
        [],
        CURVES * 4,
        [Curve("a", RATES, RATES[1:])],
        [Curve("a", RATES[:0], RATES[:0])],
        [Curve("a", RATES * 20, RATES)],
        [Curve("a", RATES, RATES * np.nan)],
    ],
)
def test_curves_that_cannot_be_drawn_are_refused(curves: list[Curve]) -> None:
    with pytest.raises(PlotError, match="expected"):
        det_svg(curves)


def test_a_mark_that_is_no_rate_is_refused() -> None:
    with pytest.raises(PlotError, match="door"):
        det_svg(CURVES, [Mark("door", 1.5, 0.1)])
