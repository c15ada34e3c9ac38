"""The plot over gallery sizes, and the IET plot."""

from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.det import DET, IET, Curve, Mark, PlotError, det_svg
from benchmarks.sizes import Line, svg

LINE = Line(
    "FMR 1e-4", (30, 300, 1200), (0.003, 0.03, 0.1), ((0.0, 0.01), (0.02, 0.04), (0.09, 0.12)), (0.003, 0.03, 0.11)
)


def test_the_plot_is_whole_the_same_every_time_and_says_what_it_shows() -> None:
    page = svg([LINE], "FPIR", "FPIR over N")
    ElementTree.fromstring(page)  # noqa: S314  written by the code under test
    assert page == svg([LINE], "FPIR", "FPIR over N")
    assert "N 1,200: 10.000% measured, 11.000% by formula" in page
    assert "FMR 1e-4, by formula" in page


def test_a_rate_of_0_is_left_out_of_the_drawing_and_not_of_the_words() -> None:
    page = svg([Line("none", (30, 300), (0.0, 0.01), ((0.0, 0.0), (0.0, 0.02)), (0.001, 0.01))], "MIR", "MIR over N")
    assert "N 30: 0.000% measured" in page


def test_lines_that_can_not_be_drawn_are_refused() -> None:
    with pytest.raises(PlotError, match="1 to 4"):
        svg([], "FPIR", "none")
    with pytest.raises(PlotError, match="1 to 4"):
        svg([LINE] * 5, "FPIR", "many")
    with pytest.raises(PlotError, match="every size"):
        svg([Line("odd", (30, 300), (0.1,), ((0.0, 0.2),), (0.1,))], "FPIR", "odd")


def test_an_iet_plot_speaks_of_identification() -> None:
    curve = Curve("N = 600", np.array([0.001, 0.01, 0.1]), np.array([0.2, 0.1, 0.05]))
    page, plain = (det_svg([curve], [Mark("here", 0.01, 0.1)], "t", errors) for errors in (IET, DET))
    assert "False negative identification rate (FNIR) over false positive identification rate (FPIR)" in page
    assert "here: FPIR 1.000%, FNIR 10.000%." in page
    assert "FPIR" not in plain
    assert "False non-match rate (FNMR) over false match rate (FMR)" in plain
