"""Whether a face may be searched among everyone's (1:N) under a record: the gate's condition for the lane face-1n."""

from __future__ import annotations

from datetime import date

from policy.engine import finding
from policy.record import Record
from policy.rule import rules
from policy.verdict import Finding

RULE = "search-adults-alone"


def against(record: Record, as_of: date) -> Finding | None:
    """What stands against a search under a record with a person's facts in it; None: nothing.

    Stricter than the rule: where the record doesn't state that there is a search, there is none, and no statute opens
    one to people who never enrolled, as this program has no permit for them.
    """
    said = finding(record, RULE, as_of=as_of, listed=())
    if record.bio.mode == "1:N" and said.outcome == "pass":
        return None
    if said.outcome in ("pass", "not-applicable"):
        return said.model_copy(
            update={
                "outcome": "refuse",
                "message": f"The record states no search (bio.mode 1:N). {rules()[RULE].fails}",
            }
        )
    return said
