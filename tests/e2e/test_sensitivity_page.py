"""The sensitivity page in a real browser: its sliders answer from the surface alone."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from test_browser import CHROMIUM, browse

from benchmarks.scenario import embedded
from benchmarks.sensitivity.breakeven import at
from benchmarks.sensitivity.page import render
from benchmarks.sensitivity.study import Settings, study
from benchmarks.spread import Here

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium, absent here (scripts/system-packages installs it)"
)


def test_the_sliders_answer_at_once_and_as_the_surface_says(tmp_path: Path) -> None:
    settings = Settings(n=0, person_mornings=2_500, axes=(("tailgating", 3), ("tag.forgotten", 3)))
    told = study(embedded(), settings, tmp_path, Here())
    assert told.surface is not None
    surface = told.surface
    # Three quarters of the way along the first axis: between two points of the grid.
    page = re.sub(r'(data-axis="0"[^>]*value=")500"', r'\g<1>750"', render(told, "en"))
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    seen = browse(tmp_path, (tmp_path / "page.html").as_uri(), "--dump-dom")

    shape = (3, 3, len(surface.options), len(surface.outcomes))
    values = np.array(surface.values, np.float64).reshape(shape)
    (first, second) = (axis.values for axis in surface.axes)
    answer = 1000.0 * at((first, second), values, ((first[1] + first[2]) / 2, second[1]))
    column = surface.outcomes.index("unauthorised-entries")
    cells = re.findall(rf'<td class="n( least)?" id="answer-(\d+)-{column}">([^<]+)</td>', seen)
    assert [int(row) for _, row, _ in cells] == list(range(len(surface.options)))
    for _, row, text in cells:
        assert float(text.replace(",", "")) == pytest.approx(answer[int(row), column], abs=0.51)
    competing = [row for row, name in enumerate(surface.options) if name not in ("register", "open")]
    least = min(competing, key=lambda row: answer[row, column])
    assert [int(row) for marked, row, _ in cells if marked] == [least]
    assert f'id="axis-0">{100 * (first[1] + first[2]) / 2:.0f} %<' in seen
