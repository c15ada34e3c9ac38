"""Sweden's Camera Surveillance Act (2018:1200), as it stands since 2025-04-01."""

from __future__ import annotations

from datetime import date

from policy.kleene import Truth, both, negate, no, stated, yes
from policy.rule import rule
from policy.view import View

REFORM = date(2025, 4, 1)
"""The permit duty ended; balancing, register and documents kept for five years came instead."""
ACT = date(2018, 8, 1)
WATCHED = ("cam.lasting", "cam.public_task")


def _watched(view: View) -> Truth:
    """Lasting or repeated surveillance in a public task. A press-to-start terminal may fall outside (inference)."""
    return both(negate(no(view["cam.lasting"])), negate(no(view["cam.public_task"])))


@rule(
    "kbl-balancing-documented",
    asks="A balancing of interests is made and documented before the camera is used in a public task.",
    fails="The balancing of interests for the camera is not documented.",
    cites=("Kamerabevakningslagen (2018:1200), as of 2025-04-01",),
    source="law.md 3.5",
    outcome="suspend",
    family="camera",
    reads=(*WATCHED, "cam.balancing"),
    profiles=("se",),
    since=REFORM,
    national={},
    tier=0,
    applies=_watched,
)
def kbl_balancing(view: View) -> Truth:
    return stated(view["cam.balancing"])


@rule(
    "kbl-register",
    asks="The camera stands in the register of all surveillance in a public task.",
    fails="The camera does not stand in the register of surveillance.",
    cites=("Kamerabevakningslagen (2018:1200), as of 2025-04-01",),
    source="law.md 3.5",
    outcome="suspend",
    family="camera",
    reads=(*WATCHED, "cam.registered"),
    profiles=("se",),
    since=REFORM,
    national={},
    tier=0,
    applies=_watched,
)
def kbl_register(view: View) -> Truth:
    return yes(view["cam.registered"])


@rule(
    "kbl-sign",
    asks="A sign tells that a camera watches.",
    fails="No sign tells that a camera watches.",
    cites=("Kamerabevakningslagen (2018:1200)",),
    source="law.md 3.5",
    outcome="suspend",
    family="camera",
    reads=("cam.lasting", "cam.sign"),
    mark="unverified",
    profiles=("se",),
    since=ACT,
    national={},
    tier=0,
    applies=lambda view: negate(no(view["cam.lasting"])),
)
def kbl_sign(view: View) -> Truth:
    return yes(view["cam.sign"])
