"""What each lane is made of, as far as money goes: parts at its door, what people carry, which work recurs."""

from __future__ import annotations

from edge.transaction import LANES, Lane

PARTS: dict[Lane, tuple[str, ...]] = {
    "face-1n": ("door", "camera"),
    "face-tag": ("door", "camera", "reader"),
    "face-on-tag": ("door", "camera", "reader"),
    "tag-uid": ("door", "reader"),
    "tag-auth": ("door", "reader"),
    "tag-pin": ("door", "reader", "keypad"),
    "pin": ("door", "keypad"),
    "qr": ("door", "scanner"),
    "key": ("cylinder",),
    "register": (),
    "open": (),
}
"""At each door of the lane. An alternative beside a face lane buys only what that one hasn't already."""
CREDENTIALS: dict[Lane, str] = {
    "face-tag": "tag",
    "face-on-tag": "tag-auth",
    "tag-uid": "tag",
    "tag-auth": "tag-auth",
    "tag-pin": "tag",
    "key": "key",
}
"""What each person is given; a lane that isn't here gives nothing that could be lost."""
RECORDS = tuple(lane for lane in LANES if lane not in ("key", "open"))
"""Lanes that note who comes; a key and an open door note nothing, and a list kept by hand elsewhere isn't in their
cost."""

PRICES = (
    "wage",
    "minutes.issue",
    "minutes.enrol-face",
    "face.again",
    "minutes.replace",
    "minutes.mend",
    "minutes.list",
    "credential.tag",
    "credential.tag-auth",
    "credential.key",
    "part.door",
    "part.reader",
    "part.camera",
    "part.keypad",
    "part.scanner",
    "part.cylinder",
    "upkeep",
    "energy",
    "licence.face",
    "licence.other",
    "law.face",
    "law.other",
    "mishaps.face",
    "mishaps.other",
)
"""Every price that the formula reads."""

assert tuple(PARTS) == LANES  # noqa: S101  a lane added to the list without its parts fails here, at import
