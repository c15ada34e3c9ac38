"""What lies under the store: one folder's database, device keys, ledger and epoch, opened and found as they were left.

Here alone is what changes as the store runs: the connection, the epoch's key, the end of the ledger. People and
references are rows of the database; what is kept of them in memory is the record in force and the orders
(policy.standing).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, datetime
from pathlib import Path

from policy.backup import rewrap, scrub
from policy.database import Database
from policy.epoch import ANCHOR, Epoch, RolledBack
from policy.errors import StoreError
from policy.form import FORMS, NAME
from policy.keys import device_keys
from policy.ledger import Anchor, Ledger, LedgerError, examine
from policy.seal import seal, unseal


class Vault:
    """One folder's database, keys, ledger and epoch; see policy.store.Store for the arguments and what it raises."""

    def __init__(
        self,
        folder: Path,
        now: Callable[[], datetime],
        anchor: Anchor | None,
        patience_s: float,
        demonstration: bool | None,
    ) -> None:
        self.database = Database(folder / NAME, FORMS, patience_s)
        try:
            with self.database.asked():
                fresh = self.database.connection.execute("SELECT 1 FROM entry").fetchone() is None
            if fresh and (folder / ANCHOR).exists():
                raise RolledBack(
                    f"{folder / NAME}: expected the database of which {ANCHOR} beside it tells, found none or an empty "
                    "one. Put it back, or restore a backup: threshold restore. To begin anew, name another folder."
                )
            self.keys = device_keys(folder, make=fresh)
            self.ledger = Ledger(self.database, self.keys.signer(), now, bool(demonstration))
            if demonstration not in (None, self.ledger.demonstration):
                kinds = "people", "drawn people, a demonstration"
                raise StoreError(
                    f"{folder}: expected a store of {kinds[not self.ledger.demonstration]}, found one of "
                    f"{kinds[self.ledger.demonstration]}. The two are never mixed: name another folder with --store."
                )
            self.clock = self.ledger.clock
            self._checked(anchor)
            self._epoch = Epoch(self.database, self.keys, self.ledger.id, self._rewrap)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close it. May be called twice."""
        self.database.close()

    @property
    def wrapping(self) -> bytes:
        """The key that people's keys are wrapped with, for a backup's copy."""
        return self._epoch.key

    def today(self) -> date:
        """The day by the ledger's clock, UTC. Raises policy.clock.ClockBehind."""
        return self.clock.now().date()

    def wrap(self, content: bytes, what: str, name: str) -> bytes:
        """Keys or a secret, sealed under the present epoch into the row of that name."""
        return seal(self._epoch.key, content, what, self.ledger.id, name)

    def unwrap(self, sealed: bytes, what: str, name: str) -> bytes:
        """What `wrap` sealed. Raises policy.seal.SealBroken."""
        return unseal(self._epoch.key, sealed, what, self.ledger.id, name)

    def superseding(self) -> AbstractContextManager[sqlite3.Connection]:
        """See policy.epoch.Epoch.superseding."""
        return self._epoch.superseding()

    def scrub(self) -> None:
        """Overwrite what the last change freed, if a crash or a reader left that to be done."""
        self._epoch.scrub()

    def scrub_backups(self) -> list[Path]:
        """See policy.store.Store.scrub_backups."""
        return scrub(self.database, self.ledger)

    def _checked(self, anchor: Anchor | None) -> None:
        with self.database.asked():
            found = examine(self.database.connection, anchor, every=False)
        if not found.good:
            raise LedgerError(
                f"{self.database.path}: the ledger is {found} Nothing is opened. Keep these files for whoever looks "
                "into it, and restore a backup."
            )

    def _rewrap(self, connection: sqlite3.Connection, before: bytes, after: bytes) -> None:
        rewrap(connection, self.ledger.id, before, after)
