"""The 24 traps of comparing faces with tags, each a check of `results.json` before a report is written of it.

Their list is the project's own specification (evaluation.md §5), in its order and numbers.
"""

from __future__ import annotations

from benchmarks.evidence import Results
from benchmarks.language import translatable as _
from benchmarks.traps import claims, figures, lanes, people
from benchmarks.traps.trap import Caught, Trap

TRAPS: tuple[Trap, ...] = (
    Trap(
        1,
        _("Strangers left out"),
        "A face lane at an open door has FPIR beside every rate among the enrolled; refused otherwise. Marked when "
        "fewer were enrolled than the scenario has.",
        figures.closed_set,
    ),
    Trap(
        2,
        _("A benchmark's accuracy for a door"),
        "Accuracy on listed pairs stands beside a network, never among a lane's rates; refused otherwise. "
        "Portraits of a research set are marked.",
        figures.benchmark_for_a_door,
    ),
    Trap(
        3,
        _("Failures to enrol or to acquire left out"),
        "A face lane has FTE and FTA, and none of its presentations is missing from FNIR; refused otherwise.",
        figures.failures_dropped,
    ),
    Trap(
        4,
        _("A comparison's time for throughput"),
        "Persons per minute come from the headway between crossings; refused when they are 60 s over the machine's "
        "time, or missing beside it.",
        figures.verification_time,
    ),
    Trap(
        5,
        _("Slipping in behind others"),
        "Counted for all lanes alike: refused when counted for some, marked when counted for none.",
        lanes.tailgating,
    ),
    Trap(
        6,
        _("Lent tags against chance matches"),
        "Lending is compared with siblings and attacks on purpose: refused where tags alone are misused, marked "
        "where neither is in it.",
        lanes.lending,
    ),
    Trap(
        7,
        _("The weakest tag as “the tag”"),
        "Marked when the tag with mutual authentication didn't run, and when the face lane had no attack detection.",
        lanes.weak_tag,
    ),
    Trap(
        8,
        _("The base rate"),
        "Always marked with what a rejection means: the share of those turned away who may come in.",
        people.base_rate,
    ),
    Trap(
        9,
        _("Adults measured, children at the door"),
        "Marked, with published figures of children, unless adults are meant or pupils were measured.",
        people.adults_for_children,
    ),
    Trap(
        10,
        _("Enrolled and tested on the same day"),
        "Marked below six months, and where the time between isn't known.",
        people.same_day,
    ),
    Trap(
        11,
        _("A gallery of people unlike each other"),
        "Marked unless those enrolled belong to one site.",
        people.mixed_gallery,
    ),
    Trap(
        12,
        _("Drawn faces as evidence"),
        "Marked; refused when a difference around drawn faces claims a better grade than synthetic.",
        people.synthetic_as_evidence,
    ),
    Trap(
        13,
        _("The threshold chosen on the test"),
        "Refused unless the threshold was fixed on other people for a stated rate. Marked when there are too few "
        "strangers for the rate aimed at.",
        figures.threshold_on_the_test_set,
    ),
    Trap(
        14,
        _("Attempts taken for persons"),
        "Refused: intervals that take a person's mornings as independent, and intervals without width.",
        figures.attempts_as_independent,
    ),
    Trap(
        15,
        _("A trained crew, one at a time"),
        "Marked when staff were measured, nobody was new to the lanes, or nobody came in a crowd.",
        people.trained_crew,
    ),
    Trap(
        16,
        _("Only the survivors counted"),
        "Every lane counts the same person-mornings, those it couldn't take included; refused otherwise.",
        lanes.survivors,
    ),
    Trap(
        17,
        _("Automation's gain booked as the face's"),
        "Refused where faces are compared with the list by hand and not with tags. Marked when list and tag "
        "weren't compared.",
        lanes.automation,
    ),
    Trap(
        18,
        _("The other way in left out of the cost"),
        "Marked where costs aren't in it, refused where they are in it without that way.",
        lanes.alternative,
    ),
    Trap(
        19,
        _("Averages that hide a person"),
        "Marked where it isn't told how many persons are turned away again and again.",
        people.averages,
    ),
    Trap(
        20,
        _("A seller's accuracy"),
        "Refused among what was measured; listed apart and marked.",
        claims.sellers_accuracy,
    ),
    Trap(
        21,
        _("One number for privacy"),
        "Refused without the vector before it, and with weights fixed after the results.",
        claims.one_number_for_privacy,
    ),
    Trap(
        22,
        _("Power, network and late blocking left out"),
        "For all lanes alike: refused when counted for some, marked when counted for none.",
        lanes.secondary,
    ),
    Trap(
        23,
        _("No difference shown read as no difference"),
        "Every sentence is worked out again from interval, margin and grade; refused when another stands there.",
        figures.silence_as_equality,
    ),
    Trap(
        24,
        _("Law by numbers"),
        "Marked with the gate's verdict on the attached record, or that none is attached.",
        claims.law_by_numbers,
    ),
)


def caught(results: Results) -> list[tuple[Trap, Caught]]:
    """Every trap that the results fall into, in the order of the traps."""
    return [(trap, found) for trap in TRAPS for found in trap.check(results)]
