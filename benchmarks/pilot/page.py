"""The pilot's plan for people: a printable page in three languages, and a list for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import get_args

from markupsafe import Markup

from benchmarks import terms
from benchmarks.language import LANGUAGES, Language
from benchmarks.pilot.schedule import ENROLMENT_GAP_DAYS, LIGHT_LUX, PilotError, Plan
from benchmarks.pilot.sheet import Planned, Reason, write_sheet
from benchmarks.pilot.shows import CORRELATION, RATE, SPREAD, Shows
from benchmarks.report import environment
from benchmarks.terms import Terms


def letter(row: int) -> str:
    """A sequence's name: A to Z, then AA, AB …"""
    name = ""
    row += 1
    while row:
        row, place = divmod(row - 1, 26)
        name = chr(65 + place) + name
    return name


def sentence(shows: Shows, words: Terms) -> Markup:
    """What so many transactions are enough for and what not, from the numbers."""
    head = words.say(
        "{persons} adults × {each} transactions × {lanes} lanes = {total} transactions:",
        persons=words.number(shows.persons, 0),
        each=words.number(shows.each, 0),
        lanes=words.number(shows.lanes, 0),
        total=words.number(shows.total, 0),
    )
    time = words.percent(shows.time)
    times = (
        words.say("enough for service times (± {time})", time=time)
        if shows.time_enough
        else words.say("too few for service times (± {time})", time=time)
    )
    failures = words.say(
        "per lane (n = {n}) a failure rate of {rate} ± {half} pp (± {clustered} at a design effect of {effect})",
        n=words.number(shows.per_lane, 0),
        rate=words.percent(RATE, shortest=True),
        half=words.number(100 * shows.half_width, 1),
        clustered=words.number(100 * shows.half_width_clustered, 1),
        effect=words.number(shows.design_effect, 1),
    )
    return Markup("{} {}; {}; {}.").format(head, times, failures, _matches(shows, words))


def matches(shows: Shows, words: Terms) -> Markup:
    """What so many people are enough for where faces are taken for another's, as a sentence of its own."""
    said = _matches(shows, words)
    return Markup("{}{}.").format(said[:1].upper(), said[1:])


def _matches(shows: Shows, words: Terms) -> Markup:
    values = {
        "pairs": words.number(shows.pairs, 0),
        "bound": words.percent(shows.match_bound, 2),
        "strangers": words.percent(shows.stranger_bound, 1),
    }
    return (
        words.say(
            "FMR to at most {bound} if none of {pairs} pairs errs; not for any claim of FPIR (bound {strangers})",
            **values,
        )
        if shows.match_enough
        else words.say(
            "not for any claim of FMR or FPIR ({pairs} pairs without an error bound FMR by {bound}, FPIR by "
            "{strangers})",
            **values,
        )
    )


def sheet_page(plan: Sequence[Planned], dates: Sequence[date], language: str) -> str:
    """The observer's sheet to print, a page a day. Raises PilotError, SheetError."""
    words = Terms(_known(language))
    days = sorted({each.day for each in plan})
    write_sheet(plan, dates)  # says where there are others than days
    known = dict(zip(days, dates, strict=False))
    return (
        environment()
        .get_template("pilot-sheet.html")
        .render(
            _=words.say,
            t=words,
            terms=terms,
            code=Markup("<code>{}</code>").format,
            reasons=get_args(Reason),
            days=[
                (day, known[day].isoformat() if known else "", [each for each in plan if each.day == day])
                for day in days
            ],
        )
        .lstrip()
    )


def _known(language: str) -> Language:
    for known in LANGUAGES:
        if language == known:
            return known
    raise PilotError(f"language: expected one of {', '.join(LANGUAGES)}, found {language!r}.")


def page(plan: Plan, language: str, commands: Sequence[str], refused: str | None = None) -> str:
    """The page; `commands` are those to run beforehand, `refused` what the gate said of the record where it didn't
    allow. Raises PilotError for a language there is no catalogue of."""
    words = Terms(_known(language))
    return (
        environment()
        .get_template("pilot.html")
        .render(
            _=words.say,
            t=words,
            terms=terms,
            plan=plan,
            letter=letter,
            sentence=sentence(plan.shows, words),
            first=sentence(plan.days[0].shows, words),
            commands=commands,
            refused=refused,
            lux=LIGHT_LUX,
            gap=ENROLMENT_GAP_DAYS,
            correlation=CORRELATION,
            spread=SPREAD,
            code=Markup("<code>{}</code>").format,
            faces=any(lane.startswith("face-") for lane in plan.lanes),
        )
        .lstrip()
    )


def table(plan: Plan) -> str:
    """Every planned transaction as a line of comma-separated values; the observer's sheet is made of them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("day", "person", "round", "place", "lane", "arrivals", "light", "clothing", "habituation"))
    days = {day.number: day for day in plan.days}
    for number, person, turn, place, lane in plan.entries():
        day = days[number]
        writer.writerow((number, person, turn, place, lane, day.arrivals, day.light, day.clothing, day.habituation))
    return text.getvalue()
