"""The plot of an error over the gallery's size: measured over drawn galleries, and by formula, as SVG."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from benchmarks.det import PlotError

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
_MARKERS = ("o", "s", "^", "D")
_SETTINGS: Any = {
    "svg.hashsalt": "threshold",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.parse_math": False,
}


@dataclass(frozen=True, slots=True)
class Line:
    """An error at each of `sizes`: measured (a mean over galleries with the least and most of most of them), and by
    formula; shares."""

    label: str
    sizes: tuple[int, ...]
    measured: tuple[float, ...]
    spread: tuple[tuple[float, float], ...]
    formula: tuple[float, ...]


def svg(lines: Sequence[Line], axis: str, title: str) -> str:
    """Both axes logarithmic; marks with a bar are measured, the dashed line is the formula. The same bytes every time.

    A rate of 0 has no place on such an axis and is left out. PlotError: no line, more than four, lengths that differ.
    """
    if not 0 < len(lines) <= len(_COLOURS):
        raise PlotError(f"lines: expected 1 to {len(_COLOURS)}, more can't be told apart, found {len(lines)}")
    for line in lines:
        lengths = {len(line.sizes), len(line.measured), len(line.spread), len(line.formula)}
        if len(lengths) != 1 or not line.sizes:
            raise PlotError(f"{line.label}: expected one value of each kind for every size, found {sorted(lengths)}")
    text = io.StringIO()
    with mpl.rc_context(_SETTINGS):
        _figure(lines, axis, title).savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    head, _, rest = text.getvalue().partition("<svg ")
    opening, _, body = rest.partition(">")
    said = _words(lines, axis)
    name = "sizes-" + hashlib.sha256(f"{title}\n{said}".encode()).hexdigest()[:8]
    words = f'<title id="{name}-title">{escape(title)}</title>\n <desc id="{name}-desc">{escape(said)}</desc>'
    return f'{head}<svg role="img" aria-labelledby="{name}-title {name}-desc" {opening}>\n {words}{body}'


def _figure(lines: Sequence[Line], axis: str, title: str) -> Figure:
    figure = Figure(figsize=(6.4, 5.4), layout="constrained")
    axes = figure.add_subplot()
    for colour, marker, line in zip(_COLOURS, _MARKERS, lines, strict=False):
        points = [
            (size, value, low, high)
            for size, value, (low, high) in zip(line.sizes, line.measured, line.spread, strict=True)
            if value > 0.0
        ]
        axes.errorbar(
            [size for size, *_ in points],
            [value for _, value, *_ in points],
            # A bar may not reach 0 on a logarithmic axis, nor past its own mark.
            yerr=[
                [value - max(min(low, value), value / 1e3) for _, value, low, _ in points],
                [max(high - value, 0.0) for _, value, _, high in points],
            ],
            color=colour,
            marker=marker,
            linestyle="none",
            capsize=3,
            label=f"{line.label}, measured",
        )
        drawn = [(size, value) for size, value in zip(line.sizes, line.formula, strict=True) if value > 0.0]
        axes.plot(
            [size for size, _ in drawn],
            [value for _, value in drawn],
            color=colour,
            linestyle="dashed",
            linewidth=1.2,
            label=f"{line.label}, by formula",
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    sizes = sorted({size for line in lines for size in line.sizes})
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.6g} %"))
    axes.set_xlabel("People in the gallery (N)")
    axes.set_ylabel(axis)
    axes.set_title(title)
    axes.grid(visible=True, linewidth=0.4, color="#BBBBBB")
    shown = [value for line in lines for value in (*line.measured, *line.formula) if value > 0.0]
    # A bar down to 0 ends at the edge: it would stretch a logarithmic axis without end.
    axes.set_ylim(bottom=min(shown, default=1e-6) / 4)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _words(lines: Sequence[Line], axis: str) -> str:
    said = [f"{axis} over the number of people in the gallery, both on logarithmic axes."]
    for line in lines:
        values = "; ".join(
            f"N {size:,}: {value:.3%} measured, {formula:.3%} by formula"
            for size, value, formula in zip(line.sizes, line.measured, line.formula, strict=True)
        )
        said.append(f"{line.label}: {values}.")
    return " ".join(said)
