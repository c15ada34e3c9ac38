"""The report's charts: values with their intervals in rows, as SVG that stands inside a page."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol
from xml.etree import ElementTree

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "{http://www.w3.org/1999/xlink}href"
_INK, _SOFT, _BAND = "#1b1f24", "#57606a", "#e4e7ea"
# Okabe and Ito's colours. Every mark also differs in shape, and one of two in being filled, so that none needs them.
_STYLES = (("#0072B2", "o", True), ("#D55E00", "s", False), ("#1b1f24", "D", True))
# 400 units wide with text of 12: at least 9 px on a telephone 360 px wide, where the picture is some 320 px.
_WIDTH_IN, _ROW_IN, _AROUND_IN, _LEGEND_IN = 400 / 72, 0.3, 0.75, 0.28
_SETTINGS: Any = {
    "svg.hashsalt": "threshold",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 12,
    "text.parse_math": False,
    "axes.unicode_minus": True,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "hatch.linewidth": 0.6,
}


@dataclass(frozen=True, slots=True)
class Dot:
    """A value with its interval; `kind` picks its colour and shape, and its name in the chart's `kinds`."""

    value: float
    low: float
    high: float
    kind: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a chart; `target` is a value aimed at, named in the chart's `target`."""

    label: str
    dots: tuple[Dot, ...]
    target: float | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under a common heading."""

    title: str
    rows: tuple[Row, ...]


class Named(Protocol):
    """What every picture has: `name` makes its ids unique on a page; `title` and `said` are for who doesn't see it."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def said(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn: rows in groups over one axis.

    `name` makes the ids unique on a page; `title` and `said` are for who doesn't see it. `kinds` names the dots in a
    legend, where there is more than one kind. `zero` draws a line at 0, `band` (half width, label) an area about it.
    """

    name: str
    title: str
    said: str
    axis: str
    groups: tuple[Group, ...]
    tick: Callable[[float], str]
    kinds: tuple[str, ...] = ()
    zero: bool = False
    band: tuple[float, str] | None = None
    target: str | None = None
    logarithmic: bool = False


def svg(chart: Chart) -> Markup:
    """The chart as an SVG element: the same bytes for the same chart, every id beginning with its name, no reference
    to anything outside, sizes left to the page."""
    return drawn(lambda: _figure(chart), chart)


def drawn(figure: Callable[[], Figure], chart: Named) -> Markup:
    """Any figure as such an element; `figure` makes it, under the settings that all charts share."""
    text = io.StringIO()
    with mpl.rc_context(_SETTINGS):
        figure().savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    root = ElementTree.fromstring(text.getvalue())  # noqa: S314  written two lines above
    _plain(root)
    _own_ids(root, chart.name)
    for size in ("width", "height", "version"):
        root.attrib.pop(size, None)
    root.attrib.update(
        {
            "xmlns": _SVG,
            "role": "img",
            "aria-labelledby": f"{chart.name}-title",
            "aria-describedby": f"{chart.name}-desc",
        }
    )
    for index, (tag, said) in enumerate((("title", chart.title), ("desc", chart.said))):
        element = ElementTree.Element(tag, {"id": f"{chart.name}-{tag}"})
        # Words for a page come escaped already; the serialiser escapes once more.
        element.text = said.unescape() if isinstance(said, Markup) else said
        root.insert(index, element)
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704  made by the serialiser, which escapes


def _figure(chart: Chart) -> Figure:
    lines = sum(1 + len(group.rows) for group in chart.groups)
    names = (len(chart.kinds) > 1) + (chart.band is not None) + (chart.target is not None)
    # Labels of several lines need rows as high.
    deepest = max((row.label.count("\n") for group in chart.groups for row in group.rows), default=0)
    height = _ROW_IN * (1 + 0.6 * deepest) * lines + _AROUND_IN + _LEGEND_IN * names
    figure = Figure(figsize=(_WIDTH_IN, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_ylim(lines - 0.4, -0.6)
    # Below the whole figure and not below the axes: beside long labels these are too narrow for it.
    figure.supxlabel(chart.axis, x=0.01, ha="left", fontsize=12)
    _axis(axes, chart)
    _rows(axes, chart)
    _marks(axes, chart)
    if names:
        figure.legend(loc="outside upper left", frameon=False, ncols=3, handletextpad=0.5, columnspacing=1.2)
    return figure


def _axis(axes: Axes, chart: Chart) -> None:
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_SOFT)
    axes.tick_params(axis="y", length=0, pad=8)
    axes.grid(visible=True, axis="x", linewidth=0.5, color="#d0d7de")
    axes.set_axisbelow(True)
    ends = [end for _, _, dot in _dots(chart) for end in (dot.low, dot.high, dot.value)]
    if chart.logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(numticks=6))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlim(min(ends) / 2, max(ends) * 2)
    else:
        ends += [0.0] + [end for end in (chart.band or ())[:1] for end in (end, -end)] + list(_targets(chart).values())
        room = 0.04 * (max(ends) - min(ends) or 1.0)
        # Nothing but what is below zero reaches over it: the axis begins there.
        axes.set_xlim(min(ends) - room if min(ends) < 0 else 0.0, max(ends) + room)
        # Thousands with their sign run into each other where six of them stand below a narrow axis.
        wide = max(len(chart.tick(end)) for end in axes.get_xlim()) > 5
        axes.xaxis.set_major_locator(MaxNLocator(4 if wide else 6, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: chart.tick(value)))


def _rows(axes: Axes, chart: Chart) -> None:
    ticks: list[tuple[float, str]] = []
    line = 0
    for group in chart.groups:
        axes.text(
            0.0,
            line,
            group.title,
            transform=axes.get_yaxis_transform(),
            fontweight="bold",
            va="center",
            backgroundcolor="white",
            zorder=3,
        )
        for offset, row in enumerate(group.rows, start=line + 1):
            ticks.append((offset, row.label))
        line += 1 + len(group.rows)
    axes.set_yticks([place for place, _ in ticks], [label for _, label in ticks])
    for place, spread, dot in _dots(chart):
        colour, marker, filled = _STYLES[dot.kind]
        axes.errorbar(
            dot.value,
            place + spread,
            # An interval may leave out its value, as a percentile bootstrap's can: it then ends at the value.
            xerr=[[max(dot.value - dot.low, 0.0)], [max(dot.high - dot.value, 0.0)]],
            color=colour,
            marker=marker,
            markersize=6,
            markerfacecolor=colour if filled else "white",
            markeredgewidth=1.5,
            elinewidth=1.8,
            capsize=3,
            zorder=4,
            # An interval that reaches 0 keeps its whole marker.
            clip_on=False,
        )


def _marks(axes: Axes, chart: Chart) -> None:
    if len(chart.kinds) > 1:
        for (colour, marker, filled), label in zip(_STYLES, chart.kinds, strict=False):
            face = colour if filled else "white"
            axes.plot([], [], color=colour, marker=marker, markerfacecolor=face, markeredgewidth=1.5, label=label)
    if chart.zero:
        axes.axvline(0.0, color=_INK, linewidth=1.2, zorder=2)
    if chart.band:
        half, label = chart.band
        axes.axvspan(
            -half, half, facecolor=_BAND, edgecolor="#9aa4ae", hatch="////", linewidth=0.0, zorder=1, label=label
        )
    for line, value in _targets(chart).items():
        axes.plot(
            [value, value], [line - 0.45, line + 0.45], color=_INK, linewidth=1.5, linestyle=(0, (3, 2)), zorder=5
        )
    if chart.target:
        axes.plot([], [], color=_INK, linewidth=1.5, linestyle=(0, (3, 2)), label=chart.target)


def _dots(chart: Chart) -> Iterator[tuple[float, float, Dot]]:
    """Line, distance from it and dot: those of one line stand apart so that their intervals don't cover each other."""
    line = 0
    for group in chart.groups:
        for place, row in enumerate(group.rows, start=line + 1):
            for index, dot in enumerate(row.dots):
                yield place, 0.24 * (index - (len(row.dots) - 1) / 2), dot
        line += 1 + len(group.rows)


def _targets(chart: Chart) -> dict[int, float]:
    """What is aimed at, by line."""
    rows = [row for group in chart.groups for row in (None, *group.rows)]
    return {line: row.target for line, row in enumerate(rows) if row is not None and row.target is not None}


def _plain(root: ElementTree.Element) -> None:
    """Without namespaces, metadata and a style sheet that would reach out into the page."""
    for parent in list(root.iter()):
        parent.tag = parent.tag.rpartition("}")[2]
        if _XLINK in parent.attrib:
            parent.attrib["href"] = parent.attrib.pop(_XLINK)
        for child in list(parent):
            if child.tag.rpartition("}")[2] in ("metadata", "style"):
                parent.remove(child)


def _own_ids(root: ElementTree.Element, name: str) -> None:
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "id":
                element.attrib[key] = f"{name}-{value}"
            elif key == "href" and value.startswith("#"):
                element.attrib[key] = f"#{name}-{value[1:]}"
            elif "url(#" in value:
                element.attrib[key] = value.replace("url(#", f"url(#{name}-")
