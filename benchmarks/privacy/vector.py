"""What each lane takes of people: its items by what it is, everything else from the processing record.

What the record doesn't say is unknown and stays so. Where an item lies in a lane that the record isn't about follows
from the lane: a template for 1:N lies with the controller, one for `face-on-tag` in the person's hand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from benchmarks.evidence import DataItem, Place, PrivacyVector, Reuse
from benchmarks.privacy.weights import Item, Weights
from edge.transaction import LANES, Lane
from policy.record import Record

ITEMS: dict[Lane, tuple[Item, ...]] = {
    "face-1n": ("template", "log"),
    "face-tag": ("template", "link", "log"),
    "face-on-tag": ("template", "link", "log"),
    "tag-uid": ("link", "log"),
    "tag-auth": ("link", "log"),
    "tag-pin": ("link", "secret", "log"),
    "pin": ("secret", "log"),
    "qr": ("account", "log"),
    "key": ("name",),
    "register": ("name", "log"),
    "open": (),
}
IN_HAND: frozenset[tuple[Lane, Item]] = frozenset({("face-on-tag", "template")})
"""What the person alone holds; the device has it for a moment and no longer."""
_KINDS: Mapping[Item, tuple[str, ...]] = {
    "template": ("template",),
    "link": ("identity",),
    "secret": ("identity",),
    "account": ("identity", "contact"),
    "name": ("identity", "contact"),
    "log": ("event", "log"),
}
"""By which kinds of field in a record an item's retention goes."""
PLACES: tuple[Place, ...] = ("nowhere", "hand", "device", "site", "cloud")
_PERIOD = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_DAYS = (365.0, 30.0, 7.0, 1.0, 1 / 24, 1 / 1440, 1 / 86400)


def vectors(record: Record, weights: Weights, subjects: int, declined: Mapping[Lane, int]) -> dict[Lane, PrivacyVector]:
    """Every lane's vector for `subjects` people. `declined`: how many can't or won't take part at a lane."""
    return {lane: _vector(lane, record, weights, subjects, declined.get(lane, 0)) for lane in LANES}


def days(period: str) -> float | None:
    """An ISO 8601 period in days (a month counts 30, a year 365); None for what isn't one."""
    found = _PERIOD.fullmatch(period)
    if found is None or not any(found.groups()):
        return None
    return sum(float(part) * unit for part, unit in zip(found.groups(), _DAYS, strict=True) if part)


def _vector(lane: Lane, record: Record, weights: Weights, subjects: int, declined: int) -> PrivacyVector:
    items = tuple(_item(lane, name, record, weights) for name in ITEMS[lane])
    held = [item for item in items if item.held]
    kept = [item.days for item in held]
    face = lane.startswith("face-")
    bystanders, least = _bystanders(lane, record, declined)
    return PrivacyVector(
        items=items,
        subjects=subjects if items else 0,
        children=_children(record),
        bystanders=bystanders,
        bystanders_least=least,
        days=None if None in kept else max((period for period in kept if period is not None), default=0.0),
        recipients=_recipients(record) if items else 0,
        place=_place(lane, items, record),
        irrevocable=any(item.biometric for item in items),
        reuse=_reuse(face, record),
        article_9=face,
        opt_out=_opt_out(face, record) if items else True,
    )


def _item(lane: Lane, name: Item, record: Record, weights: Weights) -> DataItem:
    held = (lane, name) not in IN_HAND
    return DataItem(
        id=name,
        category=weights.category(name, _children(record)),
        identifiability=weights.item[name].identifiability,
        held=held,
        days=_kept(name, record) if held else 0.0,
        biometric=name == "template",
    )


def _kept(name: Item, record: Record) -> float | None:
    """The longest period of the record's fields of that kind; unknown where one of them is, or there is none."""
    fields = [field for field in record.field if field.kind in _KINDS[name]] if isinstance(record.field, tuple) else []
    periods = [days(field.period) for field in fields]
    known = [period for period in periods if period is not None]
    return max(known) if known and len(known) == len(periods) else None


def _children(record: Record) -> bool | None:
    """Whether anybody under 18 may be among the people: children are vulnerable, and no fact never helps."""
    least = record.dep.age_min
    return None if least in ("unknown", "none") else float(least) < 18.0


def _recipients(record: Record) -> int | None:
    """Those disclosed to, and processors with theirs, whichever are more: a processor may stand in both lists."""
    told, processors = record.paper.recipients, record.proc
    if "unknown" in (told, processors):
        return None
    count = 0
    for processor in processors if isinstance(processors, tuple) else ():
        if processor.sub == "unknown":
            return None
        count += 1 + (len(processor.sub) if isinstance(processor.sub, tuple) else 0)
    return max(count, len(told) if isinstance(told, tuple) else 0)


def _place(lane: Lane, items: tuple[DataItem, ...], record: Record) -> Place | None:
    if not items:
        return "nowhere"
    if record.bio.template_location == "cloud":
        return "cloud"
    if record.sec.region in ("unknown", "none"):
        return None
    if record.sec.region == "on the device":
        return "device" if lane not in ("register", "key") else "site"
    if isinstance(record.proc, tuple) and record.proc:
        return "cloud"
    return "site"


def _bystanders(lane: Lane, record: Record, declined: int) -> tuple[int | None, int]:
    """Of whom a template is computed though they never agreed. Lanes that ask for a token first, and for one face in
    the zone, compute none; a camera that looks for everybody does, unless nobody else can come into its view. A record
    about another mode doesn't say that of it: whoever declines has to come in somewhere."""
    closed = record.bio.mode == "1:N" and record.bio.zone_includes_non_enrolled is False
    if lane != "face-1n" or closed:
        return 0, 0
    return None, declined


def _reuse(face: bool, record: Record) -> Reuse | None:
    """Whether what is stored serves elsewhere: a template does unless it is bound to one system."""
    if not face:
        return "low"
    told = record.bio.non_transferable
    return None if told in ("unknown", "none") else "low" if told is True else "high"


def _opt_out(face: bool, record: Record) -> bool | None:
    """Whether whoever declines comes in as well: for faces another way without detriment, else a person who opens."""
    if face:
        equal, harm = record.cons.alternative_equal, record.cons.detriment
        if "unknown" in (equal, harm):
            return None
        return equal is True and harm is False
    told = record.design.human_path
    return None if told == "unknown" else told is True
