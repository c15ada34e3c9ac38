"""Orders of an authority as the ledger tells them: what stands, and which step of an erasure comes next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from policy.entry import Body, Ordered, Step

STEPS: tuple[Step, ...] = ("copy", "hand-over", "close", "erase", "confirm")
"""In this order only: Persónuvernd 2022020414 (2023-05-02), the operative part. Its orders were withdrawn on
2025-05-27, as a chance to repair fitted better; that is why repair is offered first."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order, and what was done under it."""

    id: str
    what: str
    due: date | None
    done: tuple[str, ...] = ()
    """Events after it was received, oldest first."""
    digests: dict[str, str] = field(default_factory=dict)
    """By event: of the copy, of the confirmation."""

    @property
    def stands(self) -> bool:
        """Neither lifted nor confirmed."""
        return not {"lifted", "confirm"} & set(self.done)

    @property
    def stops(self) -> bool:
        """Whether nothing may be enrolled or matched while it stands."""
        return self.stands and self.what in ("suspend", "erase")

    @property
    def next(self) -> Step | None:
        """The step of an erasure that is due; None where there is none."""
        if self.what != "erase" or not self.stands:
            return None
        return next((step for step in STEPS if step not in self.done), None)


def fold(orders: Mapping[str, Order], bodies: Iterable[Body | None]) -> dict[str, Order]:
    """The orders after these entries."""
    told = dict(orders)
    for body in bodies:
        if not isinstance(body, Ordered):
            continue
        if body.event == "received":
            told[body.order] = Order(body.order, body.what, body.due)
        else:
            so_far = told[body.order]
            digests = so_far.digests | ({} if body.digest is None else {body.event: body.digest})
            told[body.order] = replace(so_far, done=(*so_far.done, body.event), digests=digests)
    return told
