"""Who decides, alone or together (Articles 4(7)-(8), 26)."""

from __future__ import annotations

from policy.kleene import Truth, among, both, either, every, holds, some, stated
from policy.rule import rule
from policy.view import View


@rule(
    "role-by-fact",
    asks="Roles follow who in fact decides why and how, not the contract's labels.",
    fails="The contract says that another decides than who does in fact. Make the paper follow the facts.",
    cites=("GDPR Art 4(7)-(8)", "Act 90/2018 Art 3(6)-(7)", "EDPB Guidelines 07/2020"),
    source="law.md 1.4; K: III.3.1",
    outcome="suspend",
    family="roles",
    scope="operation",
    reads=("op[].decided_by", "op[].paper_decided_by"),
    tier=1,
)
def role_by_fact(view: View) -> Truth:
    fact, paper = view.op["decided_by"], view.op["paper_decided_by"]
    return both(stated(fact), None if "unknown" in (fact, paper) else fact == paper)


@rule(
    "art26-arrangement",
    asks="What is decided together has an arrangement between those who decide.",
    fails="This operation is decided together and no arrangement covers it.",
    cites=("GDPR Art 26(1)", "Act 90/2018 Art 23"),
    source="law.md 1.4; K: III.3.2, III.7 (first)",
    outcome="refuse",
    family="roles",
    scope="operation",
    reads=("op[].id", "op[].decided_by", "joint[].ops", "joint[].arrangement_ref"),
    tier=1,
    applies=lambda view: either(among(view.op["decided_by"], "both"), _joint(view)),
)
def art26_arrangement(view: View) -> Truth:
    joint = view.each("joint")
    name = view.op["id"]
    if joint is None:
        return None
    return some(both(holds(entry["ops"], name), stated(entry["arrangement_ref"])) for entry in joint)


def _joint(view: View) -> Truth:
    joint = view.each("joint")
    return None if joint is None else some(holds(entry["ops"], view.op["id"]) for entry in joint)


@rule(
    "art26-essence",
    asks="People can find the essence of a joint arrangement.",
    fails="The essence of a joint arrangement is nowhere to be found for those it is about.",
    cites=("GDPR Art 26(2)",),
    source="law.md 1.4; K: III.3.2, III.4.3, III.7",
    outcome="suspend",
    family="roles",
    reads=("joint[].essence_url", "op[].decided_by"),
    tier=1,
    applies=lambda view: either(stated(view["joint"]), _decided_together(view)),
)
def art26_essence(view: View) -> Truth:
    joint = view.each("joint")
    if joint is None:
        return None
    return both(bool(joint), every(stated(entry["essence_url"]) for entry in joint))


def _decided_together(view: View) -> Truth:
    ops = view.each("op")
    return None if ops is None else some(among(op["decided_by"], "both") for op in ops)
