"""Minimisation and storage: only fields that a purpose needs, only as long (Article 5(1)(c), (e))."""

from __future__ import annotations

from policy.kleene import Truth, among, both, either, every, holds, implies, negate, no, stated, yes
from policy.rule import rule
from policy.view import Item, View


def _field(view: View, name: str) -> Item:
    """The description of a field: all unknown where it can't be known, all none where there is none."""
    fields = view["field"]
    if "unknown" in (fields, name):
        return Item(view, "field[]", "field", "unknown")
    for index, entry in enumerate(() if fields == "none" else fields):
        item = Item(view, "field[]", f"field[{index}]", entry)
        if item["id"] == name:
            return item
    return Item(view, "field[]", "field", "none")


def _fields(view: View) -> list[Item] | None:
    """The descriptions of the operation's fields; None where they aren't known."""
    names = view.op["fields"]
    if names == "unknown":
        return None
    return [_field(view, name) for name in (names if isinstance(names, tuple) else ())]


@rule(
    "minimise-fields",
    asks="Every data field is needed for a stated purpose.",
    fails="A data field is not tied to a purpose. Describe it under field with its purpose, or leave it out.",
    cites=("GDPR Art 5(1)(c)", "Act 90/2018 Art 8(1)(3)"),
    source="law.md 1.3; K: III.2, III.4.2",
    outcome="refuse",
    family="minimisation",
    scope="operation",
    reads=("op[].fields", "field[].id", "field[].purpose", "purp[].id"),
)
def minimise_fields(view: View) -> Truth:
    fields, purposes = _fields(view), view.each("purp")
    if fields is None or purposes is None:
        return None
    known = tuple(str(purpose["id"]) for purpose in purposes)
    return every(both(stated(field["purpose"]), holds(known, field["purpose"])) for field in fields)


@rule(
    "logs-unavoidable-only",
    asks="Log and location data are unavoidable for the technology, or have a basis of their own.",
    fails="Log or location data are kept that the technology can do without, and with no basis of their own.",
    cites=("GDPR Art 5(1)(c)", "GDPR Art 6(1)"),
    source="law.md 1.3; K: III.3.1, III.4.1",
    outcome="refuse",
    family="minimisation",
    scope="operation",
    reads=("op[].kind", "op[].fields", "op[].unavoidable", "field[].id", "field[].kind", "field[].unavoidable",
           "field[].own_basis"),
)  # fmt: skip
def logs_unavoidable(view: View) -> Truth:
    fields = _fields(view)
    if fields is None:
        return None
    logged = both(among(view.op["kind"], "log"), negate(yes(view.op["unavoidable"])))
    return every(
        implies(
            either(among(field["kind"], "log", "location", "none"), logged),
            either(yes(field["unavoidable"]), stated(field["own_basis"])),
        )
        for field in fields
    )


@rule(
    "retention-set",
    asks="Every data field has a period and what starts it, both following from the purpose.",
    fails="A data field has no period, or nothing that starts it.",
    cites=("GDPR Art 5(1)(e)", "Act 90/2018 Art 8(1)(5)"),
    source="law.md 1.3; K: III.4.2",
    outcome="refuse",
    family="minimisation",
    scope="operation",
    reads=("op[].fields", "field[].id", "field[].period", "field[].trigger"),
)
def retention_set(view: View) -> Truth:
    fields = _fields(view)
    return (
        None if fields is None else every(both(stated(field["period"]), stated(field["trigger"])) for field in fields)
    )


@rule(
    "retention-archive-law",
    asks="What must be archived by law is flagged and moved out, and the rest erased.",
    fails="Records under archive duty are not flagged and moved out.",
    cites=("GDPR Art 5(1)(e)", "Act 77/2014 (Iceland)"),
    source="law.md 1.3; K: II.5.3, III.4.2",
    outcome="warn",
    family="minimisation",
    reads=("field[].archive_duty", "field[].archived"),
)
def retention_archive(view: View) -> Truth:
    fields = view.each("field")
    if fields is None:
        return None
    return every(either(no(field["archive_duty"]), yes(field["archived"])) for field in fields)
