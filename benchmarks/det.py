"""The DET plot (detection error trade-off, Martin et al. 1997), FNMR over FMR, and the IET plot (identification error
trade-off), FNIR over FPIR: both on normal-deviate axes, as SVG or PNG."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from scipy.special import ndtri

from benchmarks.errors import BenchmarkError
from benchmarks.interval import Interval

# Okabe and Ito's colours, told apart without colour vision; the line styles tell them apart without colour.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#000000")
_LINES = ("solid", "dashed", "dashdot", "dotted", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))
_MARKERS = ("o", "s", "^", "D", "v", "P")
_TICKS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.99)
# Text stays text, so that it can be read out and searched; a dollar sign in a label is a dollar sign.
_SETTINGS: Any = {
    "svg.hashsalt": "threshold",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.parse_math": False,
}


@dataclass(frozen=True, slots=True)
class Errors:
    """What the two axes hold, in words and for short: false positives along, false negatives up."""

    along: str
    up: str
    short: tuple[str, str]


DET = Errors("False match rate (FMR)", "False non-match rate (FNMR)", ("FMR", "FNMR"))
IET = Errors("False positive identification rate (FPIR)", "False negative identification rate (FNIR)", ("FPIR", "FNIR"))


class PlotError(BenchmarkError, ValueError):
    """Curves or a file name that can't be drawn or written."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One labelled curve: `fmr` and `fnmr` (p,) float64 shares, which `benchmarks.comparisons.det` makes; of an IET
    plot FPIR and FNIR, which `benchmarks.identification.iet` makes."""

    label: str
    fmr: npt.NDArray[np.float64]
    fnmr: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mark:
    """An operating point, with a box where both intervals are known and a line where one is."""

    label: str
    fmr: float
    fnmr: float
    fmr_interval: Interval | None = None
    fnmr_interval: Interval | None = None


def det_svg(
    curves: Sequence[Curve], marks: Sequence[Mark] = (), title: str = "DET curves", errors: Errors = DET
) -> str:
    """The plot as one SVG document, the same bytes for the same input; title and description for screen readers.

    A rate of 0 has no place on these axes and is drawn at their edge. PlotError: no curve, more than six, arrays of
    different length, a rate outside 0 to 1.
    """
    text = io.StringIO()
    with mpl.rc_context(_SETTINGS):
        _figure(curves, marks, title, errors).savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    head, _, rest = text.getvalue().partition("<svg ")
    opening, _, body = rest.partition(">")
    said = _words(curves, marks, errors)
    # Two plots may end up in one page: their ids must differ, and be the same every time.
    name = "det-" + hashlib.sha256(f"{title}\n{said}".encode()).hexdigest()[:8]
    words = f'<title id="{name}-title">{escape(title)}</title>\n <desc id="{name}-desc">{escape(said)}</desc>'
    return f'{head}<svg role="img" aria-labelledby="{name}-title {name}-desc" {opening}>\n {words}{body}'


def save(
    path: Path,
    curves: Sequence[Curve],
    marks: Sequence[Mark] = (),
    title: str = "DET curves",
    errors: Errors = DET,
) -> None:
    """Write the plot to `path`, whose ending says how: .svg or .png. PlotError: another ending, or as `det_svg`."""
    if path.suffix == ".svg":
        path.write_text(det_svg(curves, marks, title, errors), encoding="utf-8")
    elif path.suffix == ".png":
        with mpl.rc_context(_SETTINGS):
            _figure(curves, marks, title, errors).savefig(path, dpi=150, metadata={"Software": None})
    else:
        raise PlotError(f"{path}: expected a name ending in .svg or .png")


def _figure(curves: Sequence[Curve], marks: Sequence[Mark], title: str, errors: Errors) -> Figure:
    _check(curves, marks)
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    axes = figure.add_subplot()
    low_x, high_x = _range([*(c.fmr for c in curves), *(_reach(m.fmr, m.fmr_interval) for m in marks)])
    low_y, high_y = _range([*(c.fnmr for c in curves), *(_reach(m.fnmr, m.fnmr_interval) for m in marks)])
    for index, curve in enumerate(curves):
        axes.plot(
            ndtri(np.clip(curve.fmr, low_x, high_x)),
            ndtri(np.clip(curve.fnmr, low_y, high_y)),
            color=_COLOURS[index],
            linestyle=_LINES[index],
            linewidth=1.6,
            label=curve.label,
        )
    for index, mark in enumerate(marks):
        colour, marker = _COLOURS[index % len(_COLOURS)], _MARKERS[index % len(_MARKERS)]
        x, y = ndtri(np.clip(mark.fmr, low_x, high_x)), ndtri(np.clip(mark.fnmr, low_y, high_y))
        left, right = (x, x) if mark.fmr_interval is None else _ends(mark.fmr_interval, low_x, high_x)
        bottom, top = (y, y) if mark.fnmr_interval is None else _ends(mark.fnmr_interval, low_y, high_y)
        box = Rectangle(
            (left, bottom), right - left, top - bottom, edgecolor=colour, facecolor=colour, alpha=0.35, linewidth=1.2
        )
        axes.add_patch(box)
        axes.plot(
            x, y, marker=marker, markersize=4, color=colour, markeredgecolor="black", linestyle="none", label=mark.label
        )
    for axis, low, high in ((axes.xaxis, low_x, high_x), (axes.yaxis, low_y, high_y)):
        ticks = [tick for tick in _TICKS if low <= tick <= high]
        axis.set_ticks(ndtri(ticks), [f"{100 * tick:.6g} %" for tick in ticks])
    axes.set_xlim(ndtri(low_x), ndtri(high_x))
    axes.set_ylim(ndtri(low_y), ndtri(high_y))
    axes.set_xlabel(errors.along)
    axes.set_ylabel(errors.up)
    axes.set_title(title)
    axes.grid(visible=True, linewidth=0.4, color="#BBBBBB")
    axes.legend(loc="upper right", frameon=True)
    return figure


def _reach(rate: float, interval: Interval | None) -> npt.NDArray[np.float64]:
    return np.array([rate] if interval is None else [rate, interval.low, interval.high])


def _range(shown: list[npt.NDArray[np.float64]]) -> tuple[float, float]:
    """Axis ends: a tick at or below the smallest rate above 0, a tick at or above the largest, never the same."""
    rates = np.concatenate(shown)
    inside = rates[(rates > 0.0) & (rates < 1.0)]
    smallest, largest = (inside.min(), inside.max()) if inside.size else (_TICKS[0], _TICKS[-1])
    low = max((tick for tick in _TICKS[:-1] if tick <= smallest), default=_TICKS[0])
    high = min((tick for tick in _TICKS if tick >= largest and tick > low), default=_TICKS[-1])
    return low, high


def _ends(interval: Interval, low: float, high: float) -> tuple[float, float]:
    left, right = ndtri(np.clip([interval.low, interval.high], low, high))
    return float(left), float(right)


def _words(curves: Sequence[Curve], marks: Sequence[Mark], errors: Errors) -> str:
    """What the picture says, for who doesn't see it."""
    lines = [
        f"{errors.up} over {errors.along[0].lower()}{errors.along[1:]} on normal-deviate axes; lower and further left "
        "is better.",
        "Curves: " + ", ".join(curve.label for curve in curves) + ".",
    ]
    for mark in marks:
        fmr, fnmr = _stated(mark.fmr, mark.fmr_interval), _stated(mark.fnmr, mark.fnmr_interval)
        lines.append(f"{mark.label}: {errors.short[0]} {fmr}, {errors.short[1]} {fnmr}.")
    return " ".join(lines)


def _stated(rate: float, interval: Interval | None) -> str:
    if interval is None:
        return f"{rate:.3%}"
    return f"{rate:.3%} ({interval.level:.0%} interval {interval.low:.3%} to {interval.high:.3%})"


def _check(curves: Sequence[Curve], marks: Sequence[Mark]) -> None:
    if not 0 < len(curves) <= len(_COLOURS):
        raise PlotError(f"curves: expected 1 to {len(_COLOURS)}, more can't be told apart, found {len(curves)}")
    for curve in curves:
        if curve.fmr.ndim != 1 or curve.fmr.shape != curve.fnmr.shape or curve.fmr.size == 0:
            raise PlotError(
                f"{curve.label}: expected FMR and FNMR of one length, found {curve.fmr.shape} and {curve.fnmr.shape}"
            )
        for rates in (curve.fmr, curve.fnmr):
            if not ((rates >= 0.0) & (rates <= 1.0)).all():
                raise PlotError(f"{curve.label}: expected rates from 0 to 1, found {rates.min()} to {rates.max()}")
    for mark in marks:
        if not (0.0 <= mark.fmr <= 1.0 and 0.0 <= mark.fnmr <= 1.0):
            raise PlotError(f"{mark.label}: expected rates from 0 to 1, found FMR {mark.fmr} and FNMR {mark.fnmr}")
