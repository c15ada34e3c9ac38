"""Traps in the comparison: what is counted for one lane must be counted for all, on everybody who was to use it."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.evidence import Results
from benchmarks.language import translatable as _
from benchmarks.traps.trap import Caught, compared, faces, mark, moved_by, ran, refuse, ways_in

SECONDARY = ("outage", "power", "network", "revocation")


def tailgating(results: Results) -> Iterator[Caught]:
    """5: who slips in behind another does so at every door."""
    yield from _of_all_lanes(
        results,
        ("tailgat",),
        "Slipping in behind others is counted for {lanes} alone. Expected it for every lane or for all by one factor.",
        _(
            "Nobody slips in behind others in this run, at any lane. A face lane's gain in security shrinks as that "
            "grows."
        ),
    )


def lending(results: Results) -> Iterator[Caught]:
    """6: a lent tag is an attempt on purpose, and is compared with one."""
    lent = moved_by(results, "lend", "lent")
    attacked = moved_by(results, "attack", "sibling", "twin", "iapar", "print", "replay")
    if not faces(results) or not {"tag-uid", "tag-auth", "tag-pin"} & ways_in(results):
        return
    if lent and not ({"face", "face-1n", "face-tag", "face-on-tag", "all"} & set(attacked)):
        yield refuse(
            "factors",
            "Lending is counted for tags, and for faces only chance (FMR, FPIR). Expected siblings or attacks on "
            "purpose for the face lanes, too.",
        )
    elif not lent:
        yield mark(
            "factors", _("Nobody lends a tag and nobody attacks a camera in this run: it can't say which is safer.")
        )


def weak_tag(results: Results) -> Iterator[Caught]:
    """7: a tag that anyone can copy isn't "the tag", and a face lane without attack detection isn't "the face"."""
    lanes = ways_in(results)
    if "tag-uid" in lanes and "tag-auth" not in lanes:
        yield mark(
            "lanes",
            _(
                "The tag lane reads an identifier that can be copied. The tag with mutual authentication wasn't run: "
                "this flatters the face lane."
            ),
        )
    for lane, result in faces(results).items():
        if result.settings.get("liveness", "not installed") == "not installed":
            yield mark(
                f"lanes.{lane}.settings.liveness",
                _("The face lane ran without detection of photographs and masks: what it lets through wasn't tried."),
            )
            break


def survivors(results: Results) -> Iterator[Caught]:
    """16: all who were to use a lane count in it, those whom it couldn't take included."""
    settings: dict[str, dict[str, int]] = {}
    for lane, result in ran(results).items():
        for point in result.points:
            settings.setdefault("program", {})[f"{lane}, {point.level}"] = point.legitimate_failures.denominator
    for lane, door in results.doors.lanes.items() if results.doors else ():
        for run in door.runs:
            name = f"doors, scene {run.scene_level}"
            settings.setdefault(name, {})[f"{lane}, {run.lane_level}"] = run.legitimate_failures.denominator
    for where, counted in settings.items():
        if len(set(counted.values())) > 1:
            least, most = min(counted, key=lambda name: counted[name]), max(counted, key=lambda name: counted[name])
            yield refuse(
                "lanes" if where == "program" else where,
                "{least} counts {few} person-mornings and {most} {many}. Expected the same everywhere: all who were to "
                "come that way, those it couldn't enrol and those who refused included.",
                least=least,
                few=counted[least],
                most=most,
                many=counted[most],
            )


def automation(results: Results) -> Iterator[Caught]:
    """17: what any automatic lane gains over the list isn't faces' gain."""
    pairs = {(comparison.first, comparison.second) for comparison in compared(results)}
    by_hand = {"register"}
    face_by_hand = any(first.startswith("face-") and second in by_hand for first, second in pairs)
    tag_by_hand = any(
        (first.startswith("tag-") and second in by_hand) or (first in by_hand and second.startswith("tag-"))
        for first, second in pairs
    )
    face_tag = any(first.startswith("face-") and second.startswith("tag-") for first, second in pairs)
    if face_by_hand and not (tag_by_hand and face_tag):
        yield refuse(
            "comparisons",
            "Faces are compared with the list kept by hand. Expected face − tag and list − tag beside it, so that "
            "what any automatic lane gains isn't booked as the face's.",
        )
    elif face_tag and not tag_by_hand:
        yield mark(
            "comparisons",
            _("The list kept by hand wasn't compared with the tag: how much of a gain is automation's can't be told."),
        )


def alternative(results: Results) -> Iterator[Caught]:
    """18: who may say no needs another way in, so its cost stays."""
    if results.cost is not None:
        for lane, one in results.cost.lanes.items():
            if lane.startswith("face-") and (one.alternative is None or not one.terms.get("alternative")):
                yield refuse(
                    f"cost.lanes.{lane}.alternative",
                    "{lane} is counted without the way in that stays for those who refuse the camera. Expected its "
                    "cost beside the face lane's.",
                    lane=lane,
                )
    elif any(comparison.first.startswith("face-") for comparison in compared(results)):
        yield mark(
            "comparisons",
            _(
                "Costs aren't in this run. Those who refuse the camera need the other way in, so its cost stays: "
                "what may be compared is faces and tags with tags."
            ),
        )


def secondary(results: Results) -> Iterator[Caught]:
    """22: power, network and blocking what is lost, for all lanes alike."""
    yield from _of_all_lanes(
        results,
        SECONDARY,
        "Power, network or late blocking fail in {lanes} alone. Expected them for every lane or for all by one factor.",
        _("Power and network never fail in this run, and what is lost is blocked at once, at every lane."),
    )


def _of_all_lanes(results: Results, words: tuple[str, ...], one_sided: str, absent: str) -> Iterator[Caught]:
    found, lanes = moved_by(results, *words), ways_in(results)
    if not found:
        yield mark("factors", absent)
    elif "all" not in found and any(
        not any(lane == whose or lane.startswith(f"{whose}-") for whose in found) for lane in lanes if lane != "open"
    ):
        yield refuse("factors", one_sided, lanes=", ".join(sorted(found)))
