"""Who keeps the people a device knows, with the lanes over them: opened, lent to another process, and opened again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from datetime import date
from pathlib import Path
from typing import Protocol

from edge.device.roll import Attendants
from edge.live.lane import LiveLane
from policy.database import awaited
from policy.entry import Modality
from policy.gate import Refused
from policy.seal import SealBroken
from policy.store import NAME, Store, StoreError


class Keeper(Protocol):
    """Lanes over people, as they were when it was opened. Used by one thread; `close` may be called twice.

    A permit of one keeper means nothing to the next: what another process changed in between holds at once.
    """

    @property
    def lanes(self) -> Sequence[LiveLane]:
        """The lanes, in the order of the settings."""
        ...

    @property
    def attendants(self) -> Attendants | None:
        """Who of them may be noted as present; None: nobody, as they are drawn."""
        ...

    def pseudonym(self, subject: str) -> str:
        """What a transaction row calls a person of the lanes. Raises policy.errors.PolicyError."""
        ...

    def today(self) -> date:
        """The date by the gate's clock. Raises policy.clock.ClockBehind."""
        ...

    def wanted(self) -> bool:
        """Whether another process waits for it. Raises policy.errors.PolicyError."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


class StoreKeeper:
    """The sealed store, with the lanes that `furnish` makes over it. Raises what opening a store raises."""

    def __init__(self, store: Store, furnish: Callable[[Store], Sequence[LiveLane]]) -> None:
        self._store = store
        self.attendants = StoreAttendants(store)
        try:
            self.lanes = tuple(furnish(store))
        except BaseException:
            store.close()
            raise

    def pseudonym(self, subject: str) -> str:
        """See Keeper."""
        return self._store.pseudonym(subject)

    def today(self) -> date:
        """See Keeper."""
        return self._store.clock.now().date()

    def wanted(self) -> bool:
        """See Keeper."""
        return lent(self._store.folder)

    def close(self) -> None:
        """See Keeper."""
        self._store.close()


class StoreAttendants:
    """See edge.device.roll.Attendants."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.store = store.ledger.id

    def may(self, subject: str, modality: Modality) -> bool:
        """See edge.device.roll.Attendants. A clock that is behind, or a database that fails, is no answer: raised."""
        try:
            permit = self._store.permit("match", subject, modality, purpose="attendance")
            self._store.gate.require(permit, "match", purpose="attendance")
        except (Refused, StoreError, SealBroken):
            return False
        return True

    def present(self, subject: str, day: date, slot: str) -> str:
        """See edge.device.roll.Attendants."""
        return self._store.present(subject, day, slot)

    def known(self, slots: Iterable[tuple[date, str]]) -> Set[str]:
        """See edge.device.roll.Attendants."""
        return self._store.attended(slots).keys()

    @property
    def whole(self) -> bool:
        """See edge.device.roll.Attendants."""
        return self._store.unreadable() == 0


def lent(folder: Path) -> bool:
    """Whether another process waits for the store in a folder, or has it since it waited."""
    return awaited(folder / NAME)
