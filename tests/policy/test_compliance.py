"""An order to erase: offered first, five steps in their order only, resumable in each, confirmed and signed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from house import NOON, Hands, enrolled, opened, score

from policy import compliance
from policy.backup import backup
from policy.compliance import OrderError, confirmed
from policy.entry import Ordered
from policy.gate import Refused
from policy.ledger import Ledger, verify
from policy.order import STEPS
from policy.store import NAME, Store

DUE = NOON.date() + timedelta(days=30)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def store(tmp_path, hands):
    with opened(tmp_path / "store", hands) as made:
        enrolled(made, "volunteer-07", 7)
        enrolled(made, "volunteer-08", 8)
        yield made


def steps(store: Store, order: str, folder: Path) -> dict[str, Callable[[], object]]:
    """What takes each step."""
    copied = folder / f"copy-{order}.json"
    receipt = folder / "receipt.txt"

    def hand_over() -> None:
        receipt.write_text("Received by the city archive, 2026-09-02")
        compliance.hand_over(store, order, copied, receipt)

    return {
        "copy": lambda: compliance.copy(store, order, folder),
        "hand-over": hand_over,
        "close": lambda: compliance.close(store, order),
        "erase": lambda: compliance.erase(store, order),
        "confirm": lambda: compliance.confirm(store, order, folder),
    }


def ordered(store: Store) -> str:
    order = compliance.receive(store, "erase", DUE)
    compliance.offer(store, order)
    return order


def test_all_steps_in_order_end_with_a_signed_confirmation(store, tmp_path):
    order = ordered(store)
    take = steps(store, order, tmp_path)
    for step in STEPS:
        assert store.orders[order].next == step
        take[step]()
    assert not store.orders[order].stands
    assert list(store.subjects()) == []
    document = json.loads((tmp_path / f"confirmation-{order}.json").read_text())
    assert confirmed(document)
    assert [one["step"] for one in document["steps"]] == ["received", "offered", *STEPS[:-1]]
    assert {one["step"]: one["count"] for one in document["steps"]}["erase"] == 2
    assert (document["in_time"], document["backups_not_reached"]) == (True, [])
    assert not confirmed(document | {"due": "2026-12-31"})
    assert not confirmed({})
    assert verify(store.folder / NAME).good


@pytest.mark.parametrize("done", range(len(STEPS) + 1))
def test_no_other_step_is_taken_than_the_next(store, tmp_path, done):
    order = ordered(store)
    take = steps(store, order, tmp_path)
    for step in STEPS[:done]:
        take[step]()
    if done == 0:
        take["hand-over"] = lambda: compliance.hand_over(store, order, tmp_path / "none", tmp_path / "none")
    before = store.ledger.anchor()
    for step in STEPS:
        if STEPS[done : done + 1] != (step,):
            with pytest.raises(OrderError):
                take[step]()
    assert store.ledger.anchor() == before


def test_repair_is_offered_first(store, tmp_path):
    order = compliance.receive(store, "erase", DUE)
    with pytest.raises(OrderError, match="offered first"):
        compliance.copy(store, order, tmp_path)
    compliance.offer(store, order)
    with pytest.raises(OrderError, match="nothing was done yet"):
        compliance.offer(store, order)


@pytest.mark.parametrize(("what", "stops"), [("suspend", True), ("erase", True), ("repair", False)])
def test_an_order_stops_at_once_and_lifted_lets_go(store, what, stops):
    subject = store.find("volunteer-07")
    order = compliance.receive(store, what, None)
    if stops:
        with pytest.raises(Refused, match="order-suspend"):
            score(store, subject)
    else:
        score(store, subject)
    compliance.lift(store, order)
    assert score(store, subject) == pytest.approx(1, abs=1e-6)


def test_an_erasure_under_way_is_not_lifted(store, tmp_path):
    order = ordered(store)
    take = steps(store, order, tmp_path)
    for step in STEPS[:4]:
        take[step]()
    with pytest.raises(OrderError, match="nobody was erased yet"):
        compliance.lift(store, order)


def test_the_copy_is_whole_and_the_owners_alone(store, tmp_path):
    order = ordered(store)
    path = compliance.copy(store, order, tmp_path / "copies")
    document = json.loads(path.read_text())
    assert {person["facts"]["reference"] for person in document["people"]} == {"volunteer-07", "volunteer-08"}
    assert path.stat().st_mode & 0o077 == 0


def test_another_copy_or_no_receipt_is_not_handed_over(store, tmp_path):
    order = ordered(store)
    copied = compliance.copy(store, order, tmp_path)
    other = tmp_path / "other.json"
    other.write_text(copied.read_text().replace("volunteer-07", "volunteer-70"))
    receipt = tmp_path / "receipt"
    receipt.write_text("received")
    with pytest.raises(OrderError, match=r"found another\. Copy it again"):
        compliance.hand_over(store, order, other, receipt)
    receipt.write_text(" ")
    with pytest.raises(OrderError, match="expected a receipt"):
        compliance.hand_over(store, order, copied, receipt)
    assert store.orders[order].next == "hand-over"


def test_a_confirmation_says_what_is_late_and_what_was_out_of_reach(store, tmp_path, hands):
    file = backup(store, tmp_path / "usb")
    order = ordered(store)
    take = steps(store, order, tmp_path)
    shutil.move(tmp_path / "usb", tmp_path / "away")
    for step in STEPS[:4]:
        take[step]()
    hands.at += timedelta(days=31)
    take["confirm"]()
    document = json.loads((tmp_path / f"confirmation-{order}.json").read_text())
    assert (document["in_time"], document["backups_not_reached"]) == (False, [file.name])


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("where", ["before the entry", "after the transaction"])
def test_a_crash_in_any_step_leaves_that_step_due_or_done(store, tmp_path, hands, monkeypatch, step, where):
    """The process dies at the entry, or right after the transaction: opened again, the order goes on from there."""
    order = ordered(store)
    for one in STEPS[: STEPS.index(step)]:
        steps(store, order, tmp_path)[one]()
    append = Ledger.append

    def die(self, *bodies):
        if any(isinstance(body, Ordered) for body in bodies):
            raise KeyboardInterrupt
        return append(self, *bodies)

    def die_later(self):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if where == "before the entry":
            patched.setattr(Ledger, "append", die)
        else:
            patched.setattr("policy.epoch.Epoch._replace", die_later)
        with pytest.raises(KeyboardInterrupt):
            steps(store, order, tmp_path)[step]()
    store.close()
    with opened(store.folder, hands) as again:
        expected = step if where == "before the entry" else (*STEPS, None)[STEPS.index(step) + 1]
        assert again.orders[order].next == expected
        assert verify(again.folder / NAME).good
        take = steps(again, order, tmp_path)
        while (due := again.orders[order].next) is not None:
            take[due]()
        assert list(again.subjects()) == []
        assert confirmed(json.loads((tmp_path / f"confirmation-{order}.json").read_text()))
