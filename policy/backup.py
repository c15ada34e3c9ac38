"""Backups: made, kept up with erasures, and put back without bringing anyone back.

A backup is a copy of the database with its keys wrapped by a key of its own, derived from the device key: keep that one
elsewhere if a backup is to outlive the device. Beside it lies its tail: the ledger's entries since, signed and without
names. Whoever is erased or revoked here is taken out of every backup made here that can be reached. Before a backup is
used, the ledger that it replaces, or else the tail, is added to it, and everyone erased or revoked since is taken out:
a copy that somebody made of a backup is held to the same. That the tail isn't cut shows an anchor: the one beside the
database, or one kept off the device; without any, nothing is put back.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policy.database import Database, DatabaseError, locked, reading
from policy.entry import Adopted, BackedUp, Erased, Restored, Revoked
from policy.epoch import ANCHOR, begin
from policy.errors import PolicyError
from policy.form import FORMS, NAME
from policy.keys import SIZE, Keys, device_keys, sync_folder
from policy.ledger import Anchor, Ledger, LedgerError, examine, read_anchor
from policy.seal import SealBroken, seal, unseal

if TYPE_CHECKING:
    from policy.store import Store

COLUMNS = "seq, at, kind, digest, previous, hash, signature, body"


class BackupError(PolicyError, OSError):
    """Error raised when a backup can't be made or put back: names the file, what was expected and found."""


def backup(store: Store, folder: Path) -> Path:
    """Make a backup in a folder; its file. Raises BackupError."""
    name = secrets.token_hex(8)
    path = folder.resolve() / f"threshold-{name}.backup"
    part = path.with_name(path.name + ".part")
    database = store.database
    with database.writing() as connection:  # known before it exists, so that no erasure can miss it
        connection.execute("INSERT INTO backup VALUES (?, ?, ?)", (name, str(path), store.ledger.anchor().seq))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with database.asked():
            database.connection.execute("VACUUM INTO ?", (str(part),))
        with closing(_scratch(part)) as copy:
            key = store.keys.derive(f"backup {name}")
            rewrap(copy, store.ledger.id, store.wrapping, key)
            at = copy.execute("SELECT max(seq) FROM entry").fetchone()[0]
            people = copy.execute("SELECT count(*) FROM subject").fetchone()[0]
            state = seal(key, json.dumps({"at": at}).encode(), "backup", store.ledger.id, name)
            copy.execute("DELETE FROM meta WHERE name IN ('scrub', 'epoch')")
            copy.execute("INSERT INTO meta VALUES ('backup', ?)", (name.encode(),))
            copy.execute("INSERT INTO meta VALUES ('state', ?)", (state,))
            copy.execute("VACUUM")
        _in_place(part, path)
        store.ledger.append(BackedUp(backup=name, at_entry=at, subjects=people))
        _write_tail(database, store.ledger, path, at)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        if not path.exists():
            with database.writing() as connection:
                connection.execute("DELETE FROM backup WHERE id = ?", (name,))
        if isinstance(error, PolicyError):
            raise
        raise BackupError(f"{path}: can't be written ({error}). Name another folder.") from error
    return path


def scrub(database: Database, ledger: Ledger) -> list[Path]:
    """Take whoever was erased or revoked since out of the backups made here, and bring their tails up to date.

    Gives those that can't be reached though somebody is to be taken out of them.
    """
    with database.asked():
        rows = database.connection.execute("SELECT id, path, upto FROM backup").fetchall()
    if not rows:
        return []
    behind, entries = [], list(ledger)
    gone = [(entry.seq, entry.body.subject) for entry in entries if isinstance(entry.body, Erased | Revoked)]
    made = {entry.body.backup: entry.body.at_entry for entry in entries if isinstance(entry.body, BackedUp)}
    for name, place, upto in rows:
        path = Path(place)
        since = [(seq, subject) for seq, subject in gone if seq > upto]
        if name not in made and not path.exists():  # a crash came before the file
            with database.writing() as connection:
                connection.execute("DELETE FROM backup WHERE id = ?", (name,))
            continue
        try:
            if since:
                _without(path, {subject for _, subject in since})
            _write_tail(database, ledger, path, made.get(name, upto))
        except (OSError, sqlite3.Error):
            # A tail that is behind falls short of the anchor. Someone who should be out is told, and tried again.
            if since:
                behind.append(path)
            continue
        if since:
            with database.writing() as connection:
                connection.execute("UPDATE backup SET upto = ? WHERE id = ?", (since[-1][0], name))
    return behind


def _without(path: Path, gone: set[str]) -> None:
    """Take people out of a backup; it is replaced by another file, so that nothing of them is left in it."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    shutil.copyfile(path, part)
    part.chmod(0o600)
    with closing(_scratch(part)) as copy:
        _take_out(copy, gone)
        copy.execute("VACUUM")
    _in_place(part, path)


def restore(
    backup: Path,
    folder: Path,
    anchor: Anchor | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int:
    """Put a backup in the place of a folder's database; how many people were taken out of it first.

    Raises BackupError, LedgerError, policy.database.DatabaseError, policy.keys.SecretError.
    """
    target = folder / NAME
    fresh = target.with_name(f"{NAME}.restoring")
    with locked(target):
        keys = device_keys(folder, make=False)
        anchors = _anchors(folder, anchor)
        for leftover in fresh.parent.glob(f"{fresh.name}*"):
            leftover.unlink()
        try:
            shutil.copyfile(backup, fresh)
        except OSError as error:
            raise BackupError(f"{backup}: expected a backup, found none that can be read ({error}).") from error
        fresh.chmod(0o600)
        with Database(fresh, FORMS) as database:
            connection = database.connection
            name, at, store = _identified(connection, keys, backup)
            tail = max(_live(target, store, at), _tail(backup, store), key=len)
            secret = secrets.token_bytes(SIZE)
            with database.writing():
                connection.executemany(f"INSERT INTO entry VALUES ({', '.join('?' * 8)})", tail)  # noqa: S608
                for one in anchors:
                    found = examine(connection, one)
                    if not found.good:
                        raise LedgerError(f"{backup}: with the ledger's tail it is {found} Nothing was put back.")
                ledger = Ledger(database, keys.signer(), now)
                gone = {
                    entry.body.subject
                    for entry in ledger
                    if entry.seq > at and isinstance(entry.body, Erased | Revoked)
                }
                taken = _take_out(connection, gone)
                ledger.append(Restored(backup=name, at_entry=at, tombstones=len(gone), branch=secrets.token_hex(8)))
                connection.execute("DELETE FROM meta WHERE name IN ('backup', 'state')")
                _same_record(connection, ledger)
                key = begin(database, keys, store, target, secret)
                rewrap(connection, store, keys.derive(f"backup {name}"), key)
            database.scrub()
        _swap(fresh, target)
    return taken


def rewrap(connection: sqlite3.Connection, store: str, before: bytes, after: bytes) -> None:
    """Everything under another key; what doesn't open under the one so far is nobody's, and stays so."""
    wrapped = [
        ("subject keys", "SELECT pseudonym, keys FROM subject", "UPDATE subject SET keys = ? WHERE pseudonym = ?"),
        ("rotation", "SELECT id, secret FROM rotation", "UPDATE rotation SET secret = ? WHERE id = ?"),
    ]
    for what, select, update in wrapped:
        fresh = []
        for name, sealed in connection.execute(select).fetchall():
            try:
                content = unseal(before, sealed, what, store, name)
            except SealBroken:
                continue
            fresh.append((seal(after, content, what, store, name), name))
        connection.executemany(update, fresh)


def _same_record(connection: sqlite3.Connection, ledger: Ledger) -> None:
    """A record that isn't the last one adopted goes: the store then opens without one, and one is to be adopted."""
    adopted = [entry.body.record for entry in ledger if isinstance(entry.body, Adopted)]
    row = connection.execute("SELECT value FROM meta WHERE name = 'record'").fetchone()
    if row is not None and hashlib.sha256(row[0]).hexdigest() != adopted[-1]:
        connection.execute("DELETE FROM meta WHERE name = 'record'")


def _scratch(path: Path) -> sqlite3.Connection:
    """A copy nobody else has: no journal on disk that could keep what is taken out of it."""
    connection = sqlite3.connect(path, isolation_level=None)
    for setting in (
        "journal_mode=MEMORY",
        "synchronous=OFF",
        "secure_delete=ON",
        "temp_store=MEMORY",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {setting}")
    return connection


def _in_place(part: Path, path: Path) -> None:
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def _take_out(connection: sqlite3.Connection, gone: set[str]) -> int:
    return sum(connection.execute("DELETE FROM subject WHERE pseudonym = ?", (one,)).rowcount for one in sorted(gone))


def _write_tail(database: Database, ledger: Ledger, backup: Path, after: int) -> None:
    with database.asked():
        rows = database.connection.execute(
            f"SELECT {COLUMNS} FROM entry WHERE seq > ? ORDER BY seq",  # noqa: S608  a constant
            (after,),
        ).fetchall()
    shown = [[value.hex() if isinstance(value, bytes) else value for value in row] for row in rows]
    document = {"schema": "threshold/tail/1", "ledger": ledger.id, "after": after, "entries": shown}
    part = backup.with_suffix(".tail.part")
    try:
        part.write_text(json.dumps(document) + "\n", encoding="utf-8")
        _in_place(part, backup.with_suffix(".tail"))
    except OSError as error:
        raise BackupError(f"{backup}: its tail can't be written ({error}).") from error


def _tail(backup: Path, store: str) -> list[tuple[Any, ...]]:
    """The entries beside a backup; none where there is no such file. What they say, the chain shows."""
    path = backup.with_suffix(".tail")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["ledger"] != store:
            return []
        return [
            (seq, at, kind, *(bytes.fromhex(value) for value in (digest, previous, hash_, signature)), body)
            for seq, at, kind, digest, previous, hash_, signature, body in document["entries"]
        ]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{path}: expected the ledger's tail, found none that can be read ({error}).") from error


def _live(target: Path, store: str, after: int) -> list[tuple[Any, ...]]:
    """The entries of the database that is replaced; none where it is another's, gone or damaged."""
    before = target.with_name(target.name + ".before")
    path = target if target.is_file() else before
    try:
        with closing(reading(path)) as connection:
            found = examine(connection)
            if not found.good or found.ledger != store:
                return []
            return connection.execute(
                f"SELECT {COLUMNS} FROM entry WHERE seq > ? ORDER BY seq",  # noqa: S608  a constant
                (after,),
            ).fetchall()
    except (DatabaseError, sqlite3.Error):
        return []


def _anchors(folder: Path, anchor: Anchor | None) -> list[Anchor]:
    beside = folder / ANCHOR
    anchors = [*([] if anchor is None else [anchor]), *([read_anchor(beside)] if beside.exists() else [])]
    if not anchors:
        raise BackupError(
            f"{beside}: expected an anchor, found none here and none given. A backup may be older than an erasure, and "
            "only an anchor shows that its tail isn't cut: --anchor FILE, from where it is kept."
        )
    return anchors


def _identified(connection: sqlite3.Connection, keys: Keys, path: Path) -> tuple[str, int, str]:
    """(id, ledger's last entry when it was made, ledger's id) of a backup."""
    found = examine(connection)
    meta = dict(connection.execute("SELECT name, value FROM meta WHERE name IN ('backup', 'state')").fetchall())
    if not found.good or found.ledger is None or len(meta) != 2:
        raise BackupError(f"{path}: expected a backup with a whole ledger, found it {found}")
    name = bytes(meta["backup"]).decode()
    try:
        at = json.loads(unseal(keys.derive(f"backup {name}"), meta["state"], "backup", found.ledger, name))["at"]
    except SealBroken as error:
        raise BackupError(
            f"{path}: expected a backup of this device, found one that its device key doesn't open. Put the device.key "
            "that was kept elsewhere into the store's folder."
        ) from error
    return name, int(at), found.ledger


def _swap(fresh: Path, target: Path) -> None:
    """The restored database takes the place of the other, which goes: nothing in it opens any more."""
    before = target.with_name(target.name + ".before")
    endings = ("", "-wal", "-shm")
    try:
        if target.exists():
            for ending in endings:
                source = target.with_name(target.name + ending)
                if source.exists():
                    source.replace(before.with_name(before.name + ending))
        fresh.replace(target)
        sync_folder(target.parent)
        for leftover in (
            *(before.with_name(before.name + ending) for ending in endings),
            *target.parent.glob(f"{fresh.name}*"),
        ):
            leftover.unlink(missing_ok=True)
    except OSError as error:
        raise BackupError(f"{target}: can't be replaced ({error}). Try again: what was there is beside it.") from error
