"""The worked examples of cost and privacy: what lost tags cost, footprint ratios with and without irrevocability."""

from __future__ import annotations

from typing import Any

from benchmarks.cost.formula import lost
from benchmarks.privacy.footprint import footprint
from benchmarks.privacy.vector import vectors
from benchmarks.privacy.weights import declared
from policy.record import Record, parse
from scripts.proofs._data import claim

PERSONS = 600
RECORD = """
schema: threshold/processing-record/1
dep: {age_min: 6}
field:
  - {id: template, kind: template, period: P1Y}
  - {id: uid, kind: identity, period: P1Y}
  - {id: stamp, kind: log, period: P30D}
bio: {template_location: controller, zone_includes_non_enrolled: true}
sec: {region: on the device}
proc: none
paper: {recipients: none}
"""
"""Pupils. Templates and the list of tags held a year, the log 30 days, nobody else receives anything."""


def prove() -> dict[str, Any]:
    tags = [PERSONS * share for share in (0.08, 0.19)]
    money = [float(lost(PERSONS, share, 4.0, 5.0, 30.0)) for share in (0.08, 0.19)]
    record: Record = parse(RECORD, "the example")
    weights, digest = declared()
    plain = weights.model_copy(update={"irrevocable": 1.0})
    vector = vectors(record, weights, PERSONS, {"face-1n": 60})
    by = {lane: footprint(vector[lane], plain) or 0.0 for lane in ("face-1n", "face-on-tag", "tag-uid", "tag-auth")}
    once = by["face-1n"] / by["tag-uid"]
    twice = (footprint(vector["face-1n"], weights) or 0.0) / by["tag-uid"]
    beside = vector["face-1n"]
    return {
        "claims": [
            claim(
                "600 pupils, 8 to 19 % lost: tags a year", [round(n) for n in tags], [48, 114], _near(tags, [48, 114])
            ),
            claim(
                "at $4 and 5 min of $30/h: $ a year", [round(m) for m in money], [312, 741], _near(money, [312, 741])
            ),
            claim("footprint, face 1:N", by["face-1n"], 916500, _near([by["face-1n"]], [916500])),
            claim("footprint, tag by its number", by["tag-uid"], 150000, _near([by["tag-uid"]], [150000])),
            claim("their ratio", round(once, 2), 6.1, round(once, 1) == 6.1),
            claim("with irrevocability on the template", round(twice, 2), 12, round(twice) == 12),
            claim(
                "template on the tag beside the tag that proves itself",
                [by["face-on-tag"], by["tag-auth"]],
                "equal: the controller holds no template",
                by["face-on-tag"] == by["tag-auth"],
            ),
            claim(
                "bystanders of the face lane 1:N, which the product hides",
                [beside.bystanders, beside.bystanders_least],
                "a count: unknown, at least the 60 who declined",
                beside.bystanders is None and beside.bystanders_least == 60,
            ),
        ],
        "weights": digest,
    }


def _near(found: list[float], wanted: list[int]) -> bool:
    return [round(value) for value in found] == wanted
