"""Giving account: to a person, of all that is kept of them; to an operator, in numbers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from policy.entry import Consented, Exported, Failed, Refused
from policy.gate import Refused as NotAllowed

if TYPE_CHECKING:
    from policy.store import Store


def export(store: Store, pseudonym: str) -> dict[str, Any]:
    """All that is kept of a person, for that person (Article 15); the template while a permit to open it holds."""
    file = store.file(pseudonym)
    references: list[dict[str, Any]] = []
    for modality in file.references:
        try:
            row, content = store.disclose(pseudonym, modality)
        except NotAllowed:
            references.append({"modality": modality, "content": None, "closed": "no permit to open it holds"})
            continue
        kept = {key: row[key] for key in ("network", "record", "version")}
        references.append({"modality": modality, "content": content, **kept})
    entries = [
        {"entry": entry.seq, "at": entry.at.isoformat(), **entry.body.model_dump(mode="json")}
        for entry in store.ledger
        if entry.body is not None and getattr(entry.body, "subject", None) == pseudonym
    ]
    store.ledger.append(Exported(subject=pseudonym))
    return {
        "schema": "threshold/export/1",
        "pseudonym": pseudonym,
        "facts": file.model_dump(mode="json"),
        "references": references,
        "ledger": entries,
    }


def status(store: Store) -> dict[str, Any]:
    """What is here, in numbers; nobody is named."""
    people = list(store.subjects())
    refusals = Counter(
        f"{entry.body.modality}: {rule}"
        for entry in store.ledger
        if isinstance(entry.body, Refused)
        for rule in entry.body.rules or ("none",)
    )
    failures = Counter(
        f"{entry.body.modality}: {entry.body.reason}" for entry in store.ledger if isinstance(entry.body, Failed)
    )
    declined = sum(isinstance(entry.body, Consented) and entry.body.decision == "refused" for entry in store.ledger)
    reached = store.ledger.anchor()
    return {
        "demonstration": store.ledger.demonstration,
        "people": dict(Counter(file.state for _, file in people)),
        "unreadable": store.unreadable(),
        "references": dict(Counter(modality for _, file in people for modality in file.references)),
        "refusals": dict(refusals),
        "failures": dict(failures),
        "declined": declined,
        "record": store.adopted,
        "orders": [
            {"id": order.id, "what": order.what, "due": None if order.due is None else order.due.isoformat(),
             "stands": order.stands, "next": order.next}
            for order in store.orders.values()
        ],
        "backups_behind": [str(path) for path in store.scrub_backups()],
        "ledger": {"id": reached.ledger, "entries": reached.seq, "last": reached.at},
    }  # fmt: skip
