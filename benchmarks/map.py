"""A map: a difference over two parameters, with the line along which it is nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from benchmarks.charts import drawn

# Okabe and Ito's blue and vermilion; which of the two also stands as a sign in each cell, so that colour isn't needed.
_LOW, _HIGH, _INK = "#0072B2", "#D55E00", "#1b1f24"


@dataclass(frozen=True, slots=True)
class Map:
    """`values` are y × x; below 0 is the side named `below`. `now` marks the middle of the scenario."""

    name: str
    title: str
    said: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]
    x_label: str
    y_label: str
    below: str
    above: str
    now: tuple[float, float]
    now_label: str
    x_tick: Callable[[float], str]
    y_tick: Callable[[float], str]


def svg(shown: Map) -> Markup:
    """The map as an SVG element, as `benchmarks.charts.svg` makes them."""
    return drawn(lambda: _figure(shown), shown)


def _figure(shown: Map) -> Figure:
    figure = Figure(figsize=(400 / 72, 380 / 72), layout="constrained")
    axes = figure.add_subplot()
    values = np.array(shown.values)
    most = float(np.abs(values).max()) or 1.0
    # Cells about the grid's points, on an even raster: the parameter's own steps may be very unequal.
    columns, rows = len(shown.x), len(shown.y)
    for row in range(rows):
        for column in range(columns):
            value = values[row, column]
            axes.add_patch(
                _cell(column, row, _LOW if value < 0 else _HIGH if value > 0 else "#ffffff", abs(value) / most)
            )
            sign = "−" if value < 0 else "+" if value > 0 else "0"
            axes.text(column, row, sign, ha="center", va="center", fontsize=11, color=_INK)
    if values.min() < 0 < values.max():
        axes.contour(range(columns), range(rows), values, levels=[0.0], colors=[_INK], linewidths=[2.2])
    axes.plot(
        [np.interp(shown.now[0], *_rising(shown.x))],
        [np.interp(shown.now[1], *_rising(shown.y))],
        marker="D",
        markersize=15,
        markerfacecolor="none",
        markeredgecolor=_INK,
        markeredgewidth=1.6,
        linestyle="none",
        label=shown.now_label,
    )
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(-0.5, rows - 0.5)
    axes.set_xticks(range(columns), [shown.x_tick(value) for value in shown.x])
    axes.set_yticks(range(rows), [shown.y_tick(value) for value in shown.y])
    axes.tick_params(length=0)
    axes.set_xlabel(shown.x_label)
    axes.set_ylabel(shown.y_label)
    for spine in axes.spines.values():
        spine.set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    sides = [
        (color, sign, label)
        for color, sign, label, there in (
            (_LOW, "−", shown.below, values.min() < 0),
            (_HIGH, "+", shown.above, values.max() > 0),
        )
        if there
    ]
    handles = [Patch(facecolor=color, alpha=0.55) for color, _, _ in sides] + handles
    figure.legend(
        handles,
        [f"{sign} {label}" for _, sign, label in sides] + labels,
        loc="outside upper left",
        frameon=False,
        ncols=1,
        handletextpad=0.6,
    )
    return figure


def _cell(column: int, row: int, color: str, strength: float) -> Patch:
    return Rectangle((column - 0.5, row - 0.5), 1.0, 1.0, facecolor=color, alpha=0.1 + 0.55 * strength, linewidth=0)


def _rising(values: tuple[float, ...]) -> tuple[list[float], list[int]]:
    """Values in rising order, and where each stands on the raster."""
    pairs = sorted(zip(values, range(len(values)), strict=True))
    return [value for value, _ in pairs], [place for _, place in pairs]
