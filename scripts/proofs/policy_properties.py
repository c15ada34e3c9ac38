"""The law as code over generated records: unknown never helps; nobody under 18 and no pupil is let in by face."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

from policy.changes import Search, decision
from policy.domains import places, put, values
from policy.engine import assess, judge
from policy.measured import Measurement
from policy.record import facts, read
from policy.rule import Rule, rules
from policy.rules.conditions import BIOMETRIC_KINDS, BIOMETRIC_MODALITIES
from policy.statutes import Statute
from policy.view import Ground
from scripts.proofs._data import claim

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "policy"))
TODAY = date(2026, 11, 20)
SEVERITY = {"pass": 0, "not-applicable": 0, "report": 0, "warn": 1, "suspend": 2, "refuse": 3}
ENTRANCES = ("entrance", "attendance")


def load(name: str) -> dict[str, Any]:
    """The facts of a record that comes along."""
    return facts(read(ROOT / "policy" / "records" / f"{name}.yaml"))


def prove(unknown: int = 10_000, generated: int = 100_000) -> dict[str, Any]:
    milder = unknown_never_milder(unknown)
    over = no_allow(generated)
    pairs = no_allow_over_pairs()
    statute = statute_opens_and_closes()
    median_ms, rows = speed()
    return {
        "claims": [
            claim("a fact made unknown made a verdict or finding milder", milder, 0, milder == 0),
            claim("records tried with a fact made unknown", unknown, ">= 10,000", unknown >= 10_000),
            claim("allows for a minor or pupil by biometrics at an entrance or attendance, under se and is",
                  over["allows"], 0, over["allows"] == 0),
            claim("records generated for it", over["records"], ">= 100,000", over["records"] >= 100_000),
            claim("what alone refuses the record whose facts are then changed in pairs", pairs["alone"],
                  "minor-biometric-entry", pairs["alone"] == "minor-biometric-entry"),
            claim("allows over all pairs of fact values about it", pairs["allows"], 0, pairs["allows"] == 0),
            claim("pairs of fact values tried", pairs["pairs"], "all", True),
            claim("a fictitious statute opens and closes with its dates", statute, "closed, open, open, closed",
                  statute == "closed, open, open, closed"),
            claim("assessing a full record, median", f"{median_ms:.1f} ms", "< 20 ms", median_ms < 20),
        ],
        "records": rows,
        "rules": len(rules()),
    }  # fmt: skip


def unknown_never_milder(count: int) -> int:
    """Over generated records: one known fact, drawn, becomes unknown; findings are compared one by one."""
    from records import generated, known

    random, worse = Random(11), 0  # noqa: S311  repeatable, no secret
    bases = [load(name) for name in ("gym", "lab-volunteers", "school-tags")]
    for made in generated(bases, count, seed=12):
        place, path = random.choice(known(made))
        search = Search(Ground(made, TODAY, (fictitious("se"),)))
        after = search.after((place, path, "unknown"))
        for name, entries in after.items():
            before = max(SEVERITY[j.weight] for _, _, j in search.judged[name])
            worse += max(SEVERITY[j.weight] for _, _, j in entries) < before
    return worse


def fictitious(profile: str) -> Statute:
    """A statute that doesn't exist, which would open an entrance for minors."""
    return Statute(
        id="fictitious", profile=profile, citation="A law that does not exist", basis9="g",
        operations=("enrol", "match", "template", "store"), purposes=("entrance", "attendance"), modalities=("face",),
        controllers=("municipality", "school", "company"), valid_from=date(2026, 6, 1), valid_until=date(2027, 6, 1),
        covers_minors=True, weighs_necessity=True, read_by="nobody: it is made up",
    )  # fmt: skip


def young(made: dict[str, Any], random: Random) -> dict[str, Any]:
    """The record at an entrance or attendance, by biometrics, for a pupil or someone attested to be under 18."""
    entries = made["op"] if isinstance(made["op"], tuple) else load("gym")["op"]
    first = {**entries[0], "kind": random.choice(BIOMETRIC_KINDS[:4]), "modality": random.choice(BIOMETRIC_MODALITIES)}
    entries = ({**first, "purpose": "p"}, *entries[1:])
    made = {**made, "op": entries}
    purposes = made["purp"] if isinstance(made["purp"], tuple) else load("gym")["purp"]
    made["purp"] = ({**purposes[0], "id": "p", "kind": random.choice(ENTRANCES)},)
    made["dep"] = {**made["dep"], "jurisdiction": random.choice(("se", "is"))}
    who = random.random()
    subj = dict(made["subj"])
    if who < 0.6:
        subj["attested_age"] = random.randrange(18)
    if who > 0.3:
        subj["role"] = "pupil"
    return {**made, "subj": subj}


def keeper() -> Rule:
    """The rule that says no to them. A verdict is as bad as its worst finding: where it refuses, no other is asked."""
    return rules()["minor-biometric-entry"]


def no_allow(count: int) -> dict[str, int]:
    """Generated records, each with somebody young at an entrance; counts allows."""
    from records import generated

    random, allows = Random(21), 0  # noqa: S311
    bases = [*(load(name) for name in ("gym", "lab-volunteers", "school-tags", "gym-fifteen")), otherwise_open()]
    for made in generated(bases, count, seed=22):
        ground = Ground(young(made, random), TODAY, (), SHOWN)
        if not any(j.weight == "refuse" for _, _, j in judge(ground, [keeper()])):
            allows += decision(Search(ground).judged) == "allow"
    return {"records": count, "allows": allows}


SHOWN = (Measurement("tag", 0.2, 0.1, True), Measurement("pin", 0.2, 0.1, True))
"""Evidence at its most favourable: faces better than tags and codes by twice what was needed."""


def otherwise_open() -> dict[str, Any]:
    """A record in which all is as favourable as can be for faces, guardians and measured gain included."""
    made = load("gym-fifteen")
    for index in range(3):
        made = put(made, ("op", index, "necessity", "interest_kinds"), ("security",))
        made = put(put(made, ("alt", index, "sufficient"), False), ("alt", index, "in_use"), False)
    return put(made, ("dep", "age_min"), 13)


def no_allow_over_pairs() -> dict[str, Any]:
    """All pairs of values of two facts about that record: for a pupil under se, for somebody of fifteen under is."""
    allows, pairs, alone = 0, 0, set()
    for profile, subject in (("se", "role"), ("is", "age")):
        base = put(otherwise_open(), ("dep", "jurisdiction"), profile)
        if subject == "role":
            base = {**base, "subj": {**base["subj"], "role": "pupil", "attested_role": "pupil"}}
        search = Search(Ground(base, TODAY, (), SHOWN))
        alone |= {n for n, entries in search.judged.items() if any(j.weight in FAILED for _, _, j in entries)}
        tables = [
            (place, path, value)
            for place, path in places(base)
            if not _given(path, subject)
            for value in values(base, place, path, TODAY)
        ]
        for one, other in _pairs(tables):
            pairs += 1
            if not search.blocked([keeper()], {"refuse"}, one, other):
                allows += search.decided(one, other) == "allow"
    return {"pairs": pairs, "allows": allows, "alone": ", ".join(sorted(alone))}


FAILED = ("refuse", "suspend")


def _pairs(tables: list[Any]) -> Iterator[tuple[Any, Any]]:
    for one, other in combinations(tables, 2):
        if one[0] != other[0]:
            yield one, other


def _given(path: str, subject: str) -> bool:
    """What makes it somebody young, by biometrics, at an entrance: not changed."""
    fixed = {"dep.jurisdiction", "op[].kind", "op[].modality", "op[].purpose", "purp[].kind",
             "subj.role" if subject == "role" else "subj.attested_age"}  # fmt: skip
    return path in fixed


BRANCH = ("minor-biometric-entry", "art9-default-deny")


def statute_opens_and_closes() -> str:
    """The branch for somebody of fifteen, by a statute that doesn't exist, about its first and last day."""
    made = load("gym-fifteen")
    for index in (0, 1):
        made = put(put(made, ("op", index, "basis9"), "g"), ("op", index, "statute"), "fictitious")
        made = put(made, ("op", index, "necessity", "interest_kinds"), ("security",))
    made = put(made, ("op", 2, "necessity", "interest_kinds"), ("security",))
    made = put(made, ("dep", "age_min"), 15)
    said = []
    for as_of in (date(2026, 5, 31), date(2026, 6, 1), date(2027, 6, 1), date(2027, 6, 2)):
        found = {(r.id, i): j for r, i, j in judge(Ground(made, as_of, (fictitious("se"),)))}
        keeping = [
            found[name, index].weight for name in ("minor-biometric-entry", "art9-default-deny") for index in (0, 1)
        ]
        said.append("open" if set(keeping) == {"pass"} else "closed")
    return ", ".join(said)


def speed() -> tuple[float, dict[str, float]]:
    """Median time of assess on each record that comes along, ms; and the slowest of them."""
    rows = {}
    for path in sorted((ROOT / "policy" / "records").glob("*.yaml")):
        record, times = read(path), []
        for _ in range(100):
            begun = perf_counter()
            assess(record, as_of=TODAY)
            times.append(1e3 * (perf_counter() - begun))
        rows[path.stem] = round(float(median(times)), 2)
    return max(rows.values()), rows
