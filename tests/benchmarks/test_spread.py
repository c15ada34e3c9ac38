"""Where tasks run: the same numbers in one process, in two, and on a cluster one of whose workers is killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from workers import PATHS, TIMEOUT_S, joined, running, scheduling, worker

from benchmarks.doors.simulate import simulate
from benchmarks.scenario import embedded
from benchmarks.sensitivity import run as runs
from benchmarks.sensitivity.point import Outcomes, Row, point, shared
from benchmarks.sensitivity.sample import design
from benchmarks.sensitivity.space import chosen, parameters
from benchmarks.spread import Here, SpreadError, cluster, place, processes


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    with scheduling() as address:
        yield address


def squared(text: str, item: int) -> int:
    """A task that says nothing about where it ran."""
    return len(text) + item * item


def slow(text: str, row: Row) -> Outcomes:
    """Long enough that a worker is killed with work in hand."""
    time.sleep(0.05)
    return [[len(text) + sum(row)]]


def dies_once(text: str, item: int) -> int:
    """Takes its process with it the first time."""
    try:
        Path(text).touch(exist_ok=False)
    except FileExistsError:
        return item
    os.kill(os.getpid(), signal.SIGKILL)
    return -1


def dies(text: str, item: int) -> int:
    """Takes its process with it every time."""
    os.kill(os.getpid(), signal.SIGKILL)
    return -1


def tells(text: str, item: int) -> int:
    """Which process it was, after long enough that both get some."""
    time.sleep(0.05)
    return os.getpid()


def plan(n: int = 2) -> tuple[str, tuple[Row, ...]]:
    scenario = embedded()
    space = parameters(scenario)
    rows = design(space, chosen(space, ("tailgating", "doors.parallel")), n, scenario.seed, ()).rows
    return shared(scenario, 2_500), (rows[0], *rows[-8:])


def test_here_and_in_two_processes_each_item_comes_once() -> None:
    items = [(index, index) for index in range(50)]
    wanted = {index: 3 + index * index for index in range(50)}
    assert dict(Here().run(squared, "abc", items)) == wanted
    with processes(2) as where:
        found = list(where.run(squared, "abc", items))
    assert len(found) == 50
    assert dict(found) == wanted


def test_a_process_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    items = [(index, index) for index in range(20)]
    with processes(2) as where:
        assert dict(where.run(dies_once, str(tmp_path / "died"), items)) == dict(items)
    assert (tmp_path / "died").exists()


def test_processes_that_are_killed_again_and_again_end_the_run() -> None:
    with processes(2) as where, pytest.raises(SpreadError, match=r"ended 4 times without a result between.*--resume"):
        list(where.run(dies, "", [(0, 0)]))


def test_when_the_run_is_killed_its_processes_end_too(tmp_path: Path) -> None:
    script = tmp_path / "waiting.py"
    script.write_text(
        "import sys, time\nfrom test_spread import tells\nfrom benchmarks.spread import processes\n"
        "if __name__ == '__main__':\n"
        "    with processes(2) as where:\n"
        "        print(sorted({pid for _, pid in where.run(tells, '', [(i, i) for i in range(20)])}), flush=True)\n"
        "        time.sleep(300)\n"
    )
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": PATHS}
    ) as process:
        assert process.stdout is not None
        pids = json.loads(process.stdout.readline())
        process.kill()
    assert pids
    until = time.monotonic() + TIMEOUT_S
    while any(running(pid) for pid in pids):
        assert time.monotonic() < until, f"still there: {pids}"
        time.sleep(0.1)


def test_without_a_scheduler_the_address_is_named() -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(SpreadError, match=address), cluster(address):
        pass


def test_one_process_two_and_a_cluster_with_a_killed_worker_give_the_same_bits(tmp_path: Path, scheduler: str) -> None:
    text, rows = plan()
    found = {}
    for count in (1, 2):
        with place(count, None) as where:
            found[where.name] = runs.digest(runs.run(text, rows, tmp_path / str(count), where)[0])
    with worker(scheduler) as first, worker(scheduler), cluster(scheduler) as where:
        joined(where, 2)
        seen = 0

        def tick(done: int) -> None:
            nonlocal seen
            seen += done
            if seen == 3:
                first.kill()
                first.wait(timeout=30)

        found["cluster"] = runs.digest(runs.run(text, rows, tmp_path / "cluster", where, tick=tick)[0])
        joined(where, 1)
        # And the simulation of the doors, as `threshold evaluate --cluster` runs it.
        scenario = embedded()
        doors = scenario.doors.model_copy(update={"persons": 40, "repetitions": 23})
        small = scenario.model_copy(update={"doors": doors})
        measured = {"tag": np.array([0.1, 1 / 3, 0.7])}
        there = simulate(small, tmp_path / "there", measured, where=where)
        assert there == simulate(small, tmp_path / "here", measured)
    assert len(set(found.values())) == 1, found
    assert runs.digest([point(text, row) for row in rows]) in found.values()


def test_a_worker_killed_with_work_in_hand_loses_nothing(tmp_path: Path, scheduler: str) -> None:
    rows = tuple((float(index),) for index in range(60))
    with worker(scheduler) as first, worker(scheduler), cluster(scheduler) as where:
        joined(where, 2)
        seen = 0

        def tick(done: int) -> None:
            nonlocal seen
            seen += done
            if seen == 10:
                first.kill()

        results, _ = runs.run("abc", rows, tmp_path, where, tick=tick, task=slow)
    assert [row for [[row]] in results] == [3.0 + index for index in range(60)]
    assert seen == 60
