"""Carrying out an authority's order: suspend, repair, or erase in its five steps, in their order only.

An order to erase stops everything at once, and suspend-and-repair is offered first. Then: a copy, verified; handed over
or archived; accounts closed; erased; confirmed. Each step is one transaction with its entry in the ledger, or writes
its file before that entry, so that after a crash the step that was interrupted is the one that comes next.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from policy.entry import Ordered, Step
from policy.errors import PolicyError
from policy.keys import sync_folder
from policy.order import Order
from policy.store import Store

What = Literal["suspend", "repair", "erase"]
CLAIM = (
    "The keys of all references and facts of persons were removed from the live files of this device and from the "
    "backups under our control, as far as listed here; what was sealed under them can no longer be opened. Nothing is "
    "claimed of copies that others made, and nothing of what a storage medium keeps in blocks that it no longer shows."
)


class OrderError(PolicyError, RuntimeError):
    """Error raised when a step of an order can't be taken: says which is due, and what is missing."""


def receive(store: Store, what: What, due: date | None) -> str:
    """An order has come in; its id. To suspend or erase stops enrolment and matching now."""
    order = secrets.token_hex(8)
    store.note(Ordered(order=order, what=what, event="received", due=due))
    return order


def offer(store: Store, order: str) -> None:
    """Suspension and repair were offered to the authority in place of erasure. Raises OrderError."""
    found = _standing(store, order)
    if found.what != "erase" or found.done:
        raise OrderError(f"{order}: expected an order to erase of which nothing was done yet, found {_told(found)}.")
    store.note(Ordered(order=order, what="erase", event="offered"))


def lift(store: Store, order: str) -> None:
    """The authority took the order back, or declared it fulfilled. Raises OrderError once people were erased."""
    found = _standing(store, order)
    if "erase" in found.done:
        raise OrderError(f"{order}: expected an order under which nobody was erased yet. Confirm it: the step is due.")
    store.note(Ordered(order=order, what=_what(found), event="lifted"))


def copy(store: Store, order: str, folder: Path) -> Path:
    """Step 1: a copy of everything kept of people, readable, verified by reading it again; its file."""
    _due(store, order, "copy")
    people = [store.export(subject) for subject, _ in list(store.subjects())]
    path = folder / f"copy-{order}.json"
    content = _write(path, {"schema": "threshold/copy/1", "order": order, "people": people})
    store.note(
        Ordered(order=order, what="erase", event="copy", digest=hashlib.sha256(content).hexdigest(), count=len(people))
    )
    return path


def hand_over(store: Store, order: str, copied: Path, receipt: Path) -> None:
    """Step 2: the copy was handed over or archived, and somebody signed for it.

    `copied` is the copy as it arrived there. Raises OrderError when it isn't the one that was verified.
    """
    found = _due(store, order, "hand-over")
    if hashlib.sha256(_read(copied)).hexdigest() != found.digests["copy"]:
        raise OrderError(
            f"{copied}: expected the copy with SHA-256 {found.digests['copy']}, found another. Copy it again."
        )
    received = _read(receipt)
    if not received.strip():
        raise OrderError(
            f"{receipt}: expected a receipt of who took the copy or of its archiving, found an empty file."
        )
    digest = hashlib.sha256(received).hexdigest()
    store.note(Ordered(order=order, what="erase", event="hand-over", digest=digest))


def close(store: Store, order: str) -> int:
    """Step 3: every person's account is closed, for good; how many."""
    _due(store, order, "close")
    return store.suspend_all(Ordered(order=order, what="erase", event="close"))


def erase(store: Store, order: str) -> int:
    """Step 4: everyone's keys are destroyed; how many people's."""
    _due(store, order, "erase")
    return store.erase_all(Ordered(order=order, what="erase", event="erase"))


def confirm(store: Store, order: str, folder: Path) -> Path:
    """Step 5: a signed confirmation for the authority; its file. It names backups that could not be reached."""
    found = _due(store, order, "confirm")
    now = store.clock.now()
    behind = store.scrub_backups()
    steps = [
        {"step": entry.body.event, "entry": entry.seq, "at": entry.at.isoformat(), "count": entry.body.count}
        for entry in store.ledger
        if isinstance(entry.body, Ordered) and entry.body.order == order
    ]
    statement = {
        "schema": "threshold/confirmation/1",
        "order": order,
        "due": None if found.due is None else found.due.isoformat(),
        "confirmed": now.isoformat(),
        "in_time": found.due is None or now.date() <= found.due,
        "steps": steps,
        "claim": CLAIM,
        "backups_not_reached": [path.name for path in behind],
        "anchor": store.ledger.anchor().model_dump(mode="json", by_alias=True),
    }
    signature = store.keys.signer().sign(_signed(statement))
    path = folder / f"confirmation-{order}.json"
    content = _write(path, {**statement, "signature": signature.hex()})
    store.note(Ordered(order=order, what="erase", event="confirm", digest=hashlib.sha256(content).hexdigest()))
    return path


def confirmed(document: Mapping[str, Any]) -> bool:
    """Whether a confirmation is signed with the key of the ledger it names."""
    try:
        statement = {key: value for key, value in document.items() if key != "signature"}
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(document["anchor"]["public"]))
        public.verify(bytes.fromhex(document["signature"]), _signed(statement))
    except (InvalidSignature, KeyError, TypeError, ValueError):
        return False
    return True


def _standing(store: Store, order: str) -> Order:
    found = store.orders.get(order)
    if found is None or not found.stands:
        told = "none of that id" if found is None else _told(found)
        raise OrderError(f"{order}: expected an order that stands, found {told}. threshold status lists them.")
    return found


def _due(store: Store, order: str, step: Step) -> Order:
    found = _standing(store, order)
    if found.what == "erase" and not found.done:
        raise OrderError(f"{order}: expected that suspension and repair were offered first. Offer them: order offer.")
    if found.next != step:
        due = "no step" if found.next is None else f"the step {found.next}"
        raise OrderError(f"{order}: {due} is due, not {step}. Steps are taken in their order only.")
    return found


def _told(order: Order) -> str:
    return f"an order to {order.what} with {', '.join(order.done) or 'nothing'} done"


def _what(order: Order) -> What:
    return "suspend" if order.what == "suspend" else "repair" if order.what == "repair" else "erase"


def _signed(statement: Mapping[str, Any]) -> bytes:
    text = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return b"threshold/confirmation/1\n" + text.encode()


def _write(path: Path, document: Mapping[str, Any]) -> bytes:
    """Write a document for its owner alone, and read it again; its bytes. Raises OrderError."""
    content = (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise OrderError(f"{path}: can't be written ({error}). Name another folder.") from error
    if _read(path) != content:
        raise OrderError(f"{path}: expected what was written to it, read something else. Use another disk.")
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise OrderError(f"{path}: expected a file that can be read ({error}).") from error
