"""What each lane is made of: what one brings, what can go wrong, what it depends on. Numbers stand in the scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from edge.transaction import LANES, Lane

Method = Literal["nothing", "lent", "found", "copied", "sibling"]
"""With what someone who may not enter comes: nothing; the owner's own credential, and the owner's help; one that was
lost; a copy (of a tag, a code, a key, a PIN looked over a shoulder, a photograph of a face); a sibling, who can take
at home what lies there."""
METHODS: tuple[Method, ...] = get_args(Method)

Values = Mapping[str, float]
"""Factors' values by id."""

SLOTS = {
    "tag.not-read": 0,
    "qr.not-read": 0,
    "pin.wrong": 1,
    "face.not-acquired": 1,
    "face.not-matched": 2,
}
"""Which of a presentation's draws decides on which failure; factors that share one never meet in a lane."""
REASON = {
    "tag.not-read": "tag-not-read",
    "qr.not-read": "qr-not-read",
    "pin.wrong": "pin-wrong",
    "face.not-acquired": "no-face",
    "face.not-matched": "below-threshold",
}


@dataclass(frozen=True, slots=True)
class Way:
    """One lane's structure. Each tuple names factors, in the order in which they are looked at."""

    lane: Lane
    present: tuple[str, ...] = ()
    """Means that add up to the time of a first presentation, s."""
    barred: tuple[tuple[str, str], ...] = ()
    """(share of persons, reason): who can't or won't take part, and goes to the person who opens by hand at once."""
    lost: tuple[str, str] | None = None
    """(share of things lost a year, reason)."""
    forgotten: tuple[tuple[str, str], ...] = ()
    """(share of person-days, reason): the first is a thing, left at home; the second is a PIN, forgotten."""
    fails: tuple[str, ...] = ()
    """Shares of presentations that fail; an attempt succeeds when none of them does."""
    machine: tuple[str, ...] = ()
    """Whose decision times count: `face`, `tag`."""
    records: Literal["lane", "list", "none"] = "lane"
    """Who notes attendance: the lane itself, the person with the list, nobody."""
    powered: bool = True
    networked: bool = False
    gallery: bool = False
    """Whether persons are looked for among all enrolled, so that one may be taken for a sibling."""


_TAG_FORGOTTEN = (("tag.forgotten", "tag-forgotten"),)
_TAG_LOST = ("tag.lost", "tag-lost")
_FACE_BARRED = (("face.refused", "refused"), ("face.not-enrolled", "not-enrolled"))
_FACE_FAILS = ("face.not-acquired", "face.not-matched")

WAYS: dict[Lane, Way] = {
    way.lane: way
    for way in (
        Way(
            "face-1n",
            ("face.present",),
            _FACE_BARRED,
            fails=_FACE_FAILS,
            machine=("face",),
            networked=True,
            gallery=True,
        ),
        Way(
            "face-tag",
            ("tag.present", "face.present"),
            _FACE_BARRED,
            _TAG_LOST,
            _TAG_FORGOTTEN,
            ("tag.not-read", *_FACE_FAILS),
            ("tag", "face"),
        ),
        Way(
            "face-on-tag",
            ("tag.present", "tag.authenticate", "face.present"),
            _FACE_BARRED,
            _TAG_LOST,
            _TAG_FORGOTTEN,
            ("tag.not-read", *_FACE_FAILS),
            ("tag", "face"),
        ),
        Way("tag-uid", ("tag.present",), (), _TAG_LOST, _TAG_FORGOTTEN, ("tag.not-read",), ("tag",)),
        Way(
            "tag-auth", ("tag.present", "tag.authenticate"), (), _TAG_LOST, _TAG_FORGOTTEN, ("tag.not-read",), ("tag",)
        ),
        Way(
            "tag-pin",
            ("tag.present", "pin.present"),
            (),
            _TAG_LOST,
            (*_TAG_FORGOTTEN, ("pin.forgotten", "pin-forgotten")),
            ("tag.not-read", "pin.wrong"),
            ("tag",),
        ),
        Way("pin", ("pin.present",), forgotten=(("pin.forgotten", "pin-forgotten"),), fails=("pin.wrong",)),
        Way(
            "qr",
            ("qr.present",),
            (("qr.none", "no-telephone"),),
            forgotten=(("qr.absent", "qr-absent"),),
            fails=("qr.not-read",),
            networked=True,
        ),
        Way(
            "key",
            ("key.present",),
            lost=("key.lost", "key-lost"),
            forgotten=(("key.forgotten", "key-forgotten"),),
            records="none",
            powered=False,
        ),
        Way("register", ("register.present",), records="list", powered=False),
        Way("open", records="none", powered=False),
    )
}
"""All of `edge.transaction.LANES`, in its order."""


def accepted(
    lane: Lane, values: Values, persons: int, attempts: int, pin_digits: int
) -> dict[Method, tuple[float, bool]]:
    """By method: the share of tries that the lane lets in, and whether only as long as what was lost isn't blocked yet.

    0 and 1 are by construction (nobody opens a tag lane without a tag), not measured.
    """
    v = values
    codes = 10.0**pin_digits
    guess_one = min(1.0, attempts / codes)
    # Any person's PIN opens where the PIN alone says who it is.
    guess_any = 1.0 - (1.0 - min(1.0, persons / codes)) ** attempts
    face, attack = v["face.sibling-accepted"], v["face.attack-accepted"]
    table: dict[Lane, tuple[float, float, float, float, float]] = {
        # nothing, lent, found, copied, sibling
        "face-1n": (v["face.stranger-let-in"], attack, v["face.stranger-let-in"], attack, face),
        "face-tag": (0.0, attack, v["face.other-accepted"], v["tag.uid-copied"] * attack, face),
        "face-on-tag": (0.0, attack, v["face.other-accepted"], v["tag.auth-copied"] * attack, face),
        "tag-uid": (0.0, 1.0, 1.0, v["tag.uid-copied"], 1.0),
        "tag-auth": (0.0, 1.0, 1.0, v["tag.auth-copied"], 1.0),
        "tag-pin": (0.0, 1.0, guess_one, v["tag.uid-copied"] * v["pin.observed"], v["pin.observed"]),
        "pin": (guess_any, 1.0, guess_any, v["pin.observed"], v["pin.observed"]),
        "qr": (0.0, 1.0, 1.0, v["qr.copied"], v["qr.copied"]),
        "key": (0.0, 1.0, 1.0, v["key.copied"], 1.0),
        "register": (
            v["register.stranger-let-in"],
            v["register.answered-for"],
            v["register.stranger-let-in"],
            v["register.answered-for"],
            v["register.answered-for"],
        ),
        "open": (1.0, 1.0, 1.0, 1.0, 1.0),
    }
    thing = WAYS[lane].lost is not None or lane == "qr"
    return {method: (share, thing and method == "found") for method, share in zip(METHODS, table[lane], strict=True)}


def revocation(lane: Lane, values: Values) -> float:
    """Hours until what was lost no longer opens the lane."""
    return values["key.revocation" if lane == "key" else "revocation"]


assert tuple(WAYS) == LANES  # noqa: S101  a lane added to the list without a way in fails here, at import
