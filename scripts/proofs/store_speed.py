"""How long a permit's check, sealing and opening a reference, and opening a store with 1,000 references take."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from policy.keys import Keys
from policy.permit import Permit
from policy.record import parse
from policy.rotation import turn
from policy.seal import seal
from policy.store import Store
from scripts.proofs._data import claim
from scripts.proofs.store_kills import NETWORK, SHOT, SITE, allow, person

PEOPLE = 1000
SIZE = 512
"""Numbers of a template: those of the public embedders; the bundled one has fewer."""
TRIES = 500
DAY = datetime(2026, 11, 22, 12, tzinfo=UTC)
"""The day as of which the rules are asked."""
OPEN = """
import sys, time
from pathlib import Path
from scripts.proofs.store_kills import allow
from policy.store import Store
begun = time.perf_counter()
with Store(Path(sys.argv[1]), assess=allow) as store:
    found = sum(1 for _ in store.subjects())
print(time.perf_counter() - begun, found)
"""


def tag(number: int) -> bytes:
    """The identifier of somebody's tag."""
    return number.to_bytes(7, "big")


def matching(store: Store, subject: str, number: int) -> Permit:
    """A permit to compare a face with the reference of the person whose tag was read."""
    return store.permit("match", subject, "face", [SHOT], mode="1:1", token=tag(number))


def template(seed: int) -> Any:
    """A unit vector, float32 (SIZE,)."""
    raw = np.random.default_rng(seed).standard_normal(SIZE)
    return (raw / np.linalg.norm(raw)).astype(np.float32)


def median_ms(what: Callable[[], object], tries: int = TRIES) -> float:
    """Median over tries, ms."""
    times = []
    for _ in range(tries):
        begun = time.perf_counter()
        what()
        times.append(time.perf_counter() - begun)
    return round(statistics.median(times) * 1000, 4)


def prove() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "store"
        with Store(folder, assess=allow) as store:
            store.adopt(SITE)
            with store.database.writing():
                people = []
                for number in range(PEOPLE):
                    subject = store.admit(person(f"volunteer-{number}"))
                    store.seal(store.permit("enrol", subject, "face", [SHOT]), template(number), NETWORK)
                    store.keep_tag(store.permit("enrol", subject, "tag"), tag(number))
                    people.append(subject)
            permit = matching(store, people[7], 7)
            probe, secret, key = template(7), store._references.rotation()[1], Keys(bytes(32)).derive("x")
            figures = {
                "check a permit": median_ms(lambda: store.gate.require(permit, "template", SHOT)),
                "seal a reference (turn and encrypt)": median_ms(
                    lambda: seal(key, turn(secret, probe).tobytes(), "reference", store.ledger.id, 7)
                ),
                "open a reference and compare, permit checked": median_ms(lambda: store.score(permit, probe, NETWORK)),
                "sign a permit to match (rules not counted)": median_ms(lambda: matching(store, people[7], 7)),
            }
            everyone = time.perf_counter()
            for number, subject in enumerate(people):
                store.score(matching(store, subject, number), template(number), NETWORK)
            everyone = time.perf_counter() - everyone
            erasure = time.perf_counter()
            store.erase(people[0], "request")
            erasure = time.perf_counter() - erasure
            enrolment = time.perf_counter()
            again = store.admit(person("volunteer-0"))
            store.seal(store.permit("enrol", again, "face", [SHOT]), template(0), NETWORK)
            enrolment = time.perf_counter() - enrolment
        with Store(Path(temporary) / "rules", now=lambda: DAY) as ruled:
            ruled.adopt(
                parse((files("policy") / "records" / "lab-volunteers.yaml").read_text("utf-8"), "lab-volunteers")
            )
            one = ruled.admit(person("volunteer-1", DAY.date()))
            ruled.seal(ruled.permit("enrol", one, "face", [SHOT]), template(1), NETWORK)

            def first_of_the_day() -> None:
                ruled.gate._judged.clear()
                ruled.permit("match", one, "face", [SHOT])

            asked = median_ms(first_of_the_day, 100)
        starts = []
        for _ in range(5):
            done = subprocess.run(
                [sys.executable, "-c", OPEN, str(folder)], capture_output=True, text=True, check=True, timeout=120
            )
            seconds, found = done.stdout.split()
            if int(found) != PEOPLE:
                raise SystemExit(f"expected {PEOPLE} people, found {found}")
            starts.append(float(seconds))
    start = round(statistics.median(starts), 3)
    return {
        "claims": [
            *(claim(f"{what}, median, ms", ms, "< 1", ms < 1) for what, ms in list(figures.items())[:3]),
            claim(f"open the store with {PEOPLE} references, median of 5, s", start, "< 2", start < 2),
            claim(list(figures)[3] + ", median, ms", figures[list(figures)[3]], None, None),
            claim("sign a permit to match, all rules asked about a laboratory's record, median, ms", asked, None, None),
            claim(f"a permit for and a comparison with each of {PEOPLE} references, s", round(everyone, 3), None, None),
            claim(f"erase one person of {PEOPLE}: all keys wrapped anew, freed pages overwritten, s", round(erasure, 3),
                  None, None),
            claim("enrol one person, on disk, s", round(enrolment, 4), None, None),
        ],
        "template_numbers": SIZE,
        "tries": TRIES,
        "rules": "a stand-in that allows, except where it says that all rules are asked",
    }  # fmt: skip
