"""The page of a sensitivity document: self-contained, in three languages, a view of the document alone."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from benchmarks import map as maps
from benchmarks import terms
from benchmarks.charts import Chart, Dot, Group, Row
from benchmarks.charts import svg as chart_svg
from benchmarks.language import Language
from benchmarks.map import Map
from benchmarks.report import environment
from benchmarks.sensitivity.document import Decision, Flip, Input, Sensitivity, Spread, Surface
from benchmarks.terms import Terms

MOST = 10
"""Rows of a picture; its table has all."""
THOUSAND = 1000.0
_SIGNS = {"s, mean": "s", "h": "h", "h, mean": "h"}


def render(document: Sensitivity, language: Language) -> str:
    """The page."""
    view = View(document, Terms(language))
    script = environment().get_template("sensitivity.js").render()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        environment()
        .get_template("sensitivity.html")
        .render(
            _=view.terms.say,
            t=view.terms,
            v=view,
            d=document,
            code=Markup("<code>{}</code>").format,
            grades=terms.GRADES,
            statuses=terms.STATUSES,
            script=Markup(script),  # noqa: S704  a file of this package
            script_digest=digest,
        )
        + "\n"
    )


@dataclass(frozen=True, slots=True)
class View:
    """A document in one language: names, numbers, pictures and sentences."""

    document: Sensitivity
    terms: Terms

    def option(self, name: str) -> Markup:
        """An option's name."""
        return self.terms.term({**terms.WAYS_IN, **terms.THIRD_OPTIONS}, name)

    def parameter(self, name: str) -> Markup:
        """A parameter's name."""
        return self.terms.term({**terms.FACTORS, **terms.CHOICES}, name)

    def outcome(self, name: str) -> Markup:
        """An outcome's name."""
        return self.terms.term(terms.SENSITIVITY_OUTCOMES, name)

    def unit(self, outcome: str) -> Markup:
        """The unit in which this page shows an outcome."""
        return self.terms.term(terms.SENSITIVITY_UNITS, outcome)

    def figure(self, value: float | None, outcome: str, *, signed: bool = False) -> str:
        """An outcome's value in that unit; a dash where there is none."""
        if value is None:
            return "–"
        scaled = value * scale(outcome)
        return self.terms.number(scaled, 0 if abs(scaled) >= 100 else 1, signed=signed)

    def scaled(self, value: float, outcome: str) -> float:
        """An outcome's value in the page's unit."""
        return value * scale(outcome)

    def setting(self, parameter: Input, value: float) -> str:
        """A parameter's value: a percentage where its unit is a share."""
        if parameter.id == "doors.fallback-blocks":
            return str(self.terms.say("yes") if value else self.terms.say("no"))
        if parameter.unit.startswith("share"):
            return self.terms.percent(value, 2, shortest=True)
        return self.terms.number(value, 2, shortest=True)

    def unit_of(self, parameter: Input) -> Markup:
        """A parameter's unit, behind its values; none for shares and choices."""
        return (
            self.terms.say(parameter.unit)
            if not parameter.unit.startswith("share") and not parameter.values
            else (Markup())
        )

    def setting_with_unit(self, name: str, value: float) -> Markup:
        """A parameter's value with its unit's sign, where it has a short one."""
        parameter = self.input(name)
        sign = _SIGNS.get(parameter.unit)
        said = self.setting(parameter, value)
        return Markup("{}\N{NO-BREAK SPACE}{}").format(said, sign) if sign else Markup("{}").format(said)

    def _axis(self, parameter: Input) -> str:
        sign = _SIGNS.get(parameter.unit)
        return plain(self.parameter(parameter.id)) + (f", {sign}" if sign else "")

    def _short(self, parameter: Input, value: float) -> str:
        """For a tick: three would not stand beside each other with more digits."""
        share = parameter.unit.startswith("share")
        return self.terms.percent(value, 1, shortest=True) if share else self.terms.number(value, 1, shortest=True)

    def input(self, name: str) -> Input:
        """A parameter."""
        return next(each for each in self.document.inputs if each.id == name)

    def pair(self, outcome: str) -> float | None:
        """First − second in the middle."""
        first, second = (self.document.base[name][outcome] for name in (self.document.first, self.document.second))
        return None if first is None or second is None else first - second

    # Pictures

    def tornado(self, outcome: str) -> Markup:
        """One parameter at a time."""
        middle = self.pair(outcome) or 0.0
        rows, said = [], []
        for swing in self.document.tornado[outcome][:MOST]:
            given = self.input(swing.parameter)
            ends = sorted((swing.low, swing.high, middle))
            label = plain(self.parameter(swing.parameter))
            rows.append(Row(_wrapped(label), (self._dot(middle, ends[0], ends[-1], outcome),)))
            said.append(
                f"{label}, {self.setting(given, given.low)} / {self.setting(given, given.high)}: "
                f"{self.figure(swing.low, outcome, signed=True)} / {self.figure(swing.high, outcome, signed=True)}"
            )
        return chart_svg(
            Chart(
                name=f"tornado-{outcome}",
                title=plain(self.terms.say("One parameter at a time: {outcome}", outcome=self.outcome(outcome))),
                said="; ".join(said) + ".",
                axis=plain(self.terms.say("difference, {unit}", unit=self.unit(outcome))),
                groups=(Group("", tuple(rows)),),
                tick=lambda value: self.terms.number(value, 1, signed=True, shortest=True),
                zero=True,
            )
        )

    def spread(self, outcome: str) -> Spread:
        """Sobol's indices of the difference."""
        return next(each for each in self.document.spread if (each.target, each.outcome) == ("difference", outcome))

    def ranked(self, outcome: str) -> list[tuple[str, float, float, float, float]]:
        """Parameters by their total index: name, first with half its interval, total with its."""
        shares = self.spread(outcome).shares or ()
        return sorted(
            ((each.parameter, each.first, each.first_half, each.total, each.total_half) for each in shares),
            key=lambda row: -row[3],
        )

    def sobol(self, outcome: str) -> Markup:
        """Everything at once."""
        rows, said = [], []
        for name, first, first_half, total, total_half in self.ranked(outcome)[:MOST]:
            label = plain(self.parameter(name))
            rows.append(
                Row(
                    _wrapped(label),
                    (
                        Dot(100 * total, max(0.0, 100 * (total - total_half)), 100 * (total + total_half)),
                        Dot(max(0.0, 100 * first), max(0.0, 100 * (first - first_half)), 100 * (first + first_half), 1),
                    ),
                )
            )
            said.append(f"{label}: {self.terms.percent(total, 0)}, {self.terms.percent(first, 0)}")
        return chart_svg(
            Chart(
                name=f"sobol-{outcome}",
                title=plain(self.terms.say("Everything at once: {outcome}", outcome=self.outcome(outcome))),
                said="; ".join(said) + ".",
                axis=plain(self.terms.say("% of the spread of the difference")),
                groups=(Group("", tuple(rows)),),
                tick=lambda value: self.terms.number(value, 0),
                kinds=(plain(self.terms.say("with others")), plain(self.terms.say("alone"))),
            )
        )

    def plane(self, outcome: str) -> Plane:
        """Best face option − best milder option over the two parameters that move it most, the rest in the middle."""
        return _plane(self._surface(), self.document, outcome)

    def surface(self, outcome: str) -> Markup:
        """That as a map."""
        plane = self.plane(outcome)
        x, y = self.input(plane.x), self.input(plane.y)
        flat = [value for line in plane.values for value in line]
        said = self.terms.say(
            "From {low} to {high}; in the middle {now}.",
            low=self.terms.number(min(flat), 1, signed=True),
            high=self.terms.number(max(flat), 1, signed=True),
            now=self.figure(plane.now, outcome, signed=True),
        )
        return maps.svg(
            Map(
                name=f"map-{outcome}",
                title=plain(self.terms.say("Where ranks flip: {outcome}", outcome=self.outcome(outcome))),
                said=plain(said),
                x=plane.xs,
                y=plane.ys,
                values=plane.values,
                x_label=_wrapped(self._axis(x), 48),
                y_label=_wrapped(self._axis(y), 40),
                below=plain(self.terms.say("the best way by face has fewer")),
                above=plain(self.terms.say("the best milder way has fewer")),
                now=(x.middle, y.middle),
                now_label=plain(self.terms.say("the scenario's middle")),
                x_tick=lambda value: self._short(x, value),
                y_tick=lambda value: self._short(y, value),
            )
        )

    def worth(self, decision: Decision) -> Markup:
        """What knowing each parameter would save."""
        rows, said = [], []
        for each in [each for each in decision.worth if each.value > 0.0][:MOST]:
            label = plain(self.parameter(each.parameter))
            value, chance = (scale(decision.outcome) * number for number in (each.value, each.chance))
            rows.append(Row(_wrapped(label), (Dot(value, 0.0, value),), chance))
            said.append(f"{label}: {self.figure(each.value, decision.outcome)}")
        return chart_svg(
            Chart(
                name=f"worth-{decision.among}-{decision.outcome}",
                title=plain(
                    self.terms.say("What knowing would save: {outcome}", outcome=self.outcome(decision.outcome))
                ),
                said="; ".join(said) + ".",
                axis=plain(self.unit(decision.outcome)),
                groups=(Group("", tuple(rows)),),
                tick=lambda value: self.terms.number(value, 2, shortest=True),
                target=plain(self.terms.say("what chance alone shows")),
            )
        )

    # What is told in words

    def decisions(self, among: str) -> list[Decision]:
        """Of this kind, by outcome."""
        return [each for each in self.document.decisions if each.among == among]

    def told(self, decision: Decision) -> list[str]:
        """Parameters worth measuring, the first one first: those that stand out from chance."""
        return [each.parameter for each in decision.worth if each.told]

    def flipping(self) -> list[Flip]:
        """Pairs whose ranks change somewhere."""
        return [flip for flip in self.document.flips if flip.at]

    def first_flip(self, outcome: str, parameter: str) -> tuple[Flip, float] | None:
        """The one of `first` that comes first along the parameter, of all milder options."""
        found = [
            (flip, flip.at[0])
            for flip in self.flipping()
            if (flip.outcome, flip.parameter, flip.face) == (outcome, parameter, self.document.first)
        ]
        middle = self.input(parameter).middle
        return min(found, key=lambda each: abs(each[1] - middle)) if found else None

    def paragraph(self) -> list[Markup]:
        """What a council member should know, as sentences made from the figures."""
        d, say = self.document, self.terms.say
        names = {"first": self.option(d.first), "second": self.option(d.second)}
        told = [
            say(
                "Suppose that everything nobody knows lies in the middle of what seems possible. Then, in this model, "
                "“{first}” lets in {a} of 1,000 people who try to enter without right, and “{second}” {b}. Of 1,000 "
                "arrivals of people who belong there, the first turns away {c} and the second {d}.",
                **names,
                a=self._whole(d.first, "unauthorised-entries"),
                b=self._whole(d.second, "unauthorised-entries"),
                c=self._whole(d.first, "legitimate-failures"),
                d=self._whole(d.second, "legitimate-failures"),
            )
        ]
        if d.tries and d.people:
            told.append(
                say(
                    "Chance within the simulation can move the first two figures by about {x} either way, the last "
                    "two by about {y}.",
                    x=self._luck("unauthorised-entries", d.tries),
                    y=self._luck("legitimate-failures", d.people),
                )
            )
        if d.surface and any(axis.parameter == "tailgating" for axis in d.surface.axes):
            told.append(self._tailgating())
        if d.spread:
            told += self._hangs_on()
        if d.decisions:
            told += self._measure_next()
        told.append(
            say(
                "None of this was observed at an entrance: it is “what if” inside a model, good for deciding what to "
                "measure, and no evidence of how people behave."
            )
        )
        return told

    def _tailgating(self) -> Markup:
        say, given = self.terms.say, self.input("tailgating")
        found = self.first_flip("unauthorised-entries", "tailgating")
        first = self.option(self.document.first)
        if found is None:
            return say(
                "However many of those without right walk in behind someone else, from {low} to {high}, no way changes "
                "places with “{first}”.",
                low=self.setting(given, given.low),
                high=self.setting(given, given.high),
                first=first,
            )
        flip, rate = found
        values = {"rate": self.terms.percent(rate, 0), "first": first, "milder": self.option(flip.milder)}
        return (
            say(
                "As soon as more than {rate} of those without right walk in behind someone else, “{milder}” lets in "
                "fewer than “{first}”.",
                **values,
            )
            if flip.better_low == "face"
            else say(
                "As long as fewer than {rate} of those without right walk in behind someone else, “{milder}” lets in "
                "fewer than “{first}”.",
                **values,
            )
        )

    def _hangs_on(self) -> Iterator[Markup]:
        outcomes = ("unauthorised-entries", "legitimate-failures")
        most = [row[0] for outcome in outcomes for row in self.ranked(outcome)[:1]]
        if len(most) == len(outcomes):
            yield self.terms.say(
                "How far the two lie apart hangs most on this: for people without right “{one}”, for people who are "
                "turned away “{other}”.",
                one=self.parameter(most[0]),
                other=self.parameter(most[1]),
            )

    def _measure_next(self) -> Iterator[Markup]:
        say, nothing = self.terms.say, True
        for decision in self.decisions("candidates"):
            names = self.told(decision)
            values = {"outcome": self.outcome(decision.outcome)}
            for place, name in enumerate(names[:2]):
                values["other" if place else "one"] = self.parameter(name)
            if len(names) == 1:
                yield say("Before choosing by “{outcome}”, measure “{one}”.", **values)
            elif names:
                yield say("Before choosing by “{outcome}”, measure “{one}”, then “{other}”.", **values)
            nothing = nothing and not names
        if nothing:
            yield say(
                "In this sample of {points} settings no single unknown stands out as the one to measure first; that "
                "doesn't show that none matters.",
                points=self.terms.number(self.document.sample * (len(self._varied()) + 2), 0),
            )

    def _varied(self) -> list[Input]:
        return [given for given in self.document.inputs if given.varied]

    def _luck(self, outcome: str, of: int) -> str:
        """Half a 95 % interval of the less sure of the two shares, as many independent draws as `of` behind it (Wald;
        by the rule of three where nothing happened)."""
        d = self.document
        shares = [d.base[name][outcome] or 0.0 for name in (d.first, d.second)]
        half = max(1.96 * (max(share * (1.0 - share), 0.0) / of) ** 0.5 for share in shares)
        return self.terms.number(scale(outcome) * max(half, 3.0 / of), 0)

    def _whole(self, option: str, outcome: str) -> str:
        value = self.document.base[option][outcome]
        return "–" if value is None else self.terms.number(scale(outcome) * value, 0)

    def _dot(self, value: float, low: float, high: float, outcome: str) -> Dot:
        by = scale(outcome)
        return Dot(by * value, by * low, by * high)

    def _surface(self) -> Surface:
        if self.document.surface is None:
            raise ValueError("surface: expected a document that has one, found none")
        return self.document.surface

    def answers(self) -> Markup:
        """The surface and its words, as JSON for the page's own script."""
        surface = self._surface()
        document = {
            "axes": [
                {
                    "values": axis.values,
                    "share": self.input(axis.parameter).unit.startswith("share"),
                    "middle": axis.values[axis.middle],
                }
                for axis in surface.axes
            ],
            "options": [
                {
                    "name": str(self.option(name)),
                    "face": next(option.face for option in self.document.options if option.id == name),
                    "shown": next(option.candidate for option in self.document.options if option.id == name),
                }
                for name in surface.options
            ],
            "outcomes": [{"scale": scale(outcome)} for outcome in surface.outcomes],
            "values": surface.values,
            "language": self.terms.language,
        }
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        # Within a script element nothing may end it.
        return Markup(text.replace("<", "\\u003c"))  # noqa: S704


@dataclass(frozen=True, slots=True)
class Plane:
    """A difference over two parameters."""

    x: str
    y: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]
    """y × x, in the page's unit."""
    now: float
    """In the document's unit."""


def scale(outcome: str) -> float:
    """From the document's unit to the page's: shares are shown of 1,000."""
    return 1.0 if outcome == "minutes" else THOUSAND


def _plane(surface: Surface, document: Sensitivity, outcome: str) -> Plane:
    shape = tuple(len(axis.values) for axis in surface.axes)
    values = np.array([np.nan if value is None else value for value in surface.values], np.float64)
    here = values.reshape(*shape, len(surface.options), len(surface.outcomes))[..., surface.outcomes.index(outcome)]
    candidates = {option.id: option.face for option in document.options if option.candidate}
    faces = [surface.options.index(name) for name, face in candidates.items() if face]
    milder = [surface.options.index(name) for name, face in candidates.items() if not face]
    difference = np.nanmin(here[..., faces], axis=-1) - np.nanmin(here[..., milder], axis=-1)
    middle = tuple(axis.middle for axis in surface.axes)
    reach = []
    for number in range(len(shape)):
        line = difference[tuple(slice(None) if other == number else middle[other] for other in range(len(shape)))]
        reach.append(float(np.ptp(line)))
    x, y = sorted(sorted(range(len(shape)), key=lambda number: -reach[number])[:2])
    plane = difference[tuple(slice(None) if number in (x, y) else middle[number] for number in range(len(shape)))]
    return Plane(
        x=surface.axes[x].parameter,
        y=surface.axes[y].parameter,
        xs=surface.axes[x].values,
        ys=surface.axes[y].values,
        values=tuple(tuple(scale(outcome) * float(value) for value in line) for line in plane.T),
        now=float(difference[middle]),
    )


def plain(said: Markup) -> str:
    """For a picture, which escapes by itself."""
    return said.unescape()


def _wrapped(label: str, width: int = 28) -> str:
    """On lines of at most `width` letters where words allow it, so that the axes keep their room."""
    lines: list[str] = []
    for word in label.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)
