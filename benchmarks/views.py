"""The pages of a bundle, written again and held to those that lie in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from jinja2 import TemplateError

from benchmarks.language import LANGUAGES, Language
from benchmarks.machine import code
from benchmarks.paper import PaperError, paper
from benchmarks.report import ReportError
from policy.bundle import Broken, Bundle

REPORT, PDF = "report.html", "report.pdf"
_CHART = r"<svg.*?</svg>"
_UNSHOWN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, TemplateError)
"""What a page of somebody else's document may end with: it fits its schema, and lacks or contradicts what is shown."""


def written(bundle: Bundle, views: Mapping[str, Callable[[Language], str]]) -> dict[str, str | ReportError]:
    """Each page by its name, or why there can be none."""
    language = bundle.manifest.settings.get("language")
    if language not in LANGUAGES:
        return {REPORT: ReportError(f"manifest.settings.language: expected one of {', '.join(LANGUAGES)}.")}
    found: dict[str, str | ReportError] = {}
    for name, render in views.items():
        try:
            found[name] = render(language)
        except _UNSHOWN as error:
            found[name] = ReportError(str(error) or type(error).__name__)
    return found


def pages(bundle: Bundle, views: Mapping[str, str | ReportError]) -> Iterator[Broken]:
    """Each page compared line by line with the one written again; pictures apart, which another matplotlib draws
    otherwise: each has its table. Where other code wrote it, every line may differ: told once, with how many."""
    for name, view in views.items():
        content = bundle.files.get(name)
        if content is None:
            if name not in bundle.manifest.files:
                yield Broken("file missing", name, "the page of what is in the bundle", "none")
            continue
        if isinstance(view, ReportError):
            yield Broken("report", name, "what a page can be written of", str(view).splitlines()[0])
            continue
        ours, found = _text(view), _text(content.decode("utf-8", "replace"))
        wrong = [
            Broken("report", f"{name}, line {number} of its text", one[:160], other[:160])
            for number, (one, other) in enumerate(zip(ours, found, strict=False), start=1)
            if one != other
        ]
        if len(ours) != len(found):
            wrong.append(Broken("report", name, f"{len(ours)} lines of text", f"{len(found)}"))
        if bundle.manifest.code != code() and len(wrong) > 1:
            says = f"{len(wrong)} differences, the first in {wrong[0].where}: {wrong[0].found}"
            wrong = [Broken("report", name, "the text that the code here writes", says)]
        yield from wrong


def pictures(bundle: Bundle, views: Mapping[str, str | ReportError], created: str) -> Iterator[str]:
    """What is compared to the byte, and may differ between machines without anybody's doing: charts and the PDF."""
    for name, view in views.items():
        if name not in bundle.files or isinstance(view, ReportError):
            continue  # told already
        found = bundle.files[name].decode("utf-8", "replace")
        if re.findall(_CHART, view, re.DOTALL) != re.findall(_CHART, found, re.DOTALL):
            yield f"{name}: drawn again here, its charts differ in some byte. Each has its table, which was compared."
    report = views.get(REPORT)
    if PDF in bundle.files and isinstance(report, str):
        try:
            same = paper(report, created) == bundle.files[PDF]
        except PaperError as error:
            yield f"{PDF}: its digest was checked, its content wasn't: {error}"
            return
        if not same:
            yield f"{PDF}: made again here it differs in some byte. Go by {REPORT}, whose text was compared."


def _text(page: str) -> list[str]:
    return re.sub(_CHART, "", page, flags=re.DOTALL).splitlines()
