"""The processor's contract (Article 28)."""

from __future__ import annotations

from typing import Literal

from policy.kleene import Truth, both, day, either, every, no, stated, yes
from policy.rule import Failing, rule
from policy.view import Item, View

PARTS: dict[str, tuple[str, str]] = {
    "b": ("The contract binds the processor to confidentiality.", "The contract lacks confidentiality."),
    "c": ("The contract asks for security under Article 32.", "The contract lacks security under Article 32."),
    "d": (
        "The contract limits sub-processors as Article 28(2) and (4) ask.",
        "The contract does not limit sub-processors as Article 28(2) and (4) ask.",
    ),
    "e": ("The contract asks for help with people's rights.", "The contract lacks help with people's rights."),
    "f": ("The contract asks for help with Articles 32 to 36.", "The contract lacks help with Articles 32 to 36."),
    "g": (
        "The contract asks for deletion or return at the end.",
        "The contract lacks deletion or return at the end.",
    ),
    "h": ("The contract allows audits.", "The contract allows no audits."),
}
STATED = ("subject", "duration", "nature", "purpose", "subjects")


def _processed(view: View) -> Truth:
    return stated(view["proc"])


def _each(view: View) -> list[Item] | None:
    return view.each("proc")


@rule(
    "art28-exists",
    asks="Each processor has a signed contract with subject matter, duration, nature, purpose, data types and people.",
    fails="A processor has no signed contract, or it lacks subject matter, duration, nature, purpose, data types or "
    "people.",
    cites=("GDPR Art 28(3)", "Act 90/2018 Art 25(3)"),
    source="law.md 1.4; K: III.3.2",
    outcome="refuse",
    family="roles",
    reads=("proc[].contract.signed", "proc[].contract.date", "proc[].contract.data_types",
           *(f"proc[].contract.{name}" for name in STATED)),
    tier=1,
    applies=_processed,
)  # fmt: skip
def art28_exists(view: View) -> Truth:
    processors = _each(view)
    if processors is None:
        return None
    return every(
        both(
            yes(processor["contract.signed"]),
            day(processor["contract.date"], latest=view.as_of),
            stated(processor["contract.data_types"]),
            *(yes(processor[f"contract.{name}"]) for name in STATED),
        )
        for processor in processors
    )


def _part(letter: str, asks: str, fails: str, outcome: Failing, source: str, tier: Literal[1, 2] = 1) -> None:
    @rule(
        f"art28-{letter}",
        asks=asks,
        fails=fails,
        cites=(f"GDPR Art 28(3)({letter})",),
        source=source,
        outcome=outcome,
        family="roles",
        reads=(f"proc[].contract.{letter}", "proc[].contract.unilateral_change") if letter == "a"
        else (f"proc[].contract.{letter}",),
        tier=tier,
        applies=_processed,
    )  # fmt: skip
    def check(view: View) -> Truth:
        processors = _each(view)
        if processors is None:
            return None
        verifiable = (no(processor["contract.unilateral_change"]) for processor in processors) if letter == "a" else ()
        return both(every(yes(processor[f"contract.{letter}"]) for processor in processors), every(verifiable))


_part(
    "a",
    "The processor acts only on documented instructions, so that it can be verified.",
    "That the processor acts on instructions can't be verified: they are not documented, or it can change them alone.",
    "refuse",
    "law.md 1.4; K: III.3.2, III.7 (first)",
)
for _letter, (_asks, _fails) in PARTS.items():
    _part(_letter, _asks, _fails, "suspend", "law.md 1.4; K: III.3.2")


@rule(
    "art28-boilerplate",
    asks="The controller has reviewed standard terms itself; their documents are listed and versioned.",
    fails="Standard terms were not reviewed by the controller, or their documents are not listed.",
    cites=("GDPR Art 28", "GDPR Art 24"),
    source="law.md 1.4; K: III.3.2",
    outcome="warn",
    family="roles",
    reads=("proc[].contract.reviewed", "proc[].contract.docs"),
    tier=1,
    applies=_processed,
)
def art28_boilerplate(view: View) -> Truth:
    processors = _each(view)
    if processors is None:
        return None
    return every(both(yes(p["contract.reviewed"]), stated(p["contract.docs"])) for p in processors)


@rule(
    "subprocessors-known",
    asks="Sub-processors are known by name and country, one can object in time, and the impact assessment treats them.",
    fails="Sub-processors are not all known by name and country, or one can't object, or the assessment leaves them "
    "out.",
    cites=("GDPR Art 28(3)(d)", "GDPR Art 28(2)", "GDPR Art 28(4)"),
    source="law.md 1.4; K: II.3, III.5.1",
    outcome="suspend",
    family="roles",
    reads=("proc[].sub[].name", "proc[].sub[].country", "proc[].objection_days", "dpia.subprocessors"),
    tier=1,
    applies=_processed,
)
def subprocessors_known(view: View) -> Truth:
    processors = _each(view)
    if processors is None:
        return None
    answers = []
    for processor in processors:
        others = processor.each("sub")
        days = processor["objection_days"]
        window = None if days == "unknown" else isinstance(days, int) and days > 0
        answers.append(
            None
            if others is None
            else either(
                not others,
                both(
                    every(both(stated(other["name"]), stated(other["country"])) for other in others),
                    window,
                    yes(view["dpia.subprocessors"]),
                ),
            )
        )
    return every(answers)


@rule(
    "processor-guarantees",
    asks="The controller has reviewed each processor's security itself.",
    fails="A processor's security was not reviewed by the controller.",
    cites=("GDPR Art 28(1)", "GDPR Art 32", "Act 90/2018 Art 25(1), 27(1)"),
    source="law.md 1.4; K: III.5.2",
    outcome="suspend",
    family="roles",
    reads=("proc[].security_reviewed_on",),
    tier=1,
    applies=_processed,
)
def processor_guarantees(view: View) -> Truth:
    processors = _each(view)
    if processors is None:
        return None
    return every(day(processor["security_reviewed_on"], latest=view.as_of) for processor in processors)
