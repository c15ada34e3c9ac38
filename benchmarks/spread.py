"""Where pure tasks run: here, in processes of this machine, or on a Dask cluster; the same numbers everywhere.

A task is a function of what is shared by all (text), and of its item; it draws from no state of its own, so it may run
anywhere, again, and in any order. No more tasks are under way than keep the workers busy: memory doesn't grow with
their number.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from importlib.resources import files
from itertools import islice
from threading import Thread
from typing import Any, Protocol, TypeVar

from benchmarks.errors import BenchmarkError

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 4
"""Tasks under way for each worker: one runs, the others wait beside it so that it never has to."""
PATIENCE_S = 60.0
"""How long a cluster may be without any worker before the run gives up."""


class SpreadError(BenchmarkError, RuntimeError):
    """Error raised when tasks can't be run where they should: names the place, and what to do."""


class Where(Protocol):
    """A place for tasks."""

    name: str
    """What a person reads."""

    def run(
        self, function: Callable[[str, Item], Result], shared: str, items: Sequence[tuple[int, Item]]
    ) -> Iterator[tuple[int, Result]]:
        """Each item's number with function(shared, item), in the order in which they are done.

        `function` stands at the top of a module. Raises SpreadError, and whatever `function` raises.
        """
        ...


class Here:
    """One after another, in this process."""

    name = "1 process"

    def run(
        self, function: Callable[[str, Item], Result], shared: str, items: Sequence[tuple[int, Item]]
    ) -> Iterator[tuple[int, Result]]:
        """As `Where` says."""
        for index, item in items:
            yield index, function(shared, item)


class Processes:
    """In processes of this machine."""

    def __init__(self, pool: ProcessPoolExecutor, count: int) -> None:
        self._pool, self._count, self.name = pool, count, f"{count} processes"

    def run(
        self, function: Callable[[str, Item], Result], shared: str, items: Sequence[tuple[int, Item]]
    ) -> Iterator[tuple[int, Result]]:
        """As `Where` says."""
        to_do = iter(items)
        under_way: dict[Future[Result], int] = {}
        try:
            while True:
                for index, item in islice(to_do, AHEAD * self._count - len(under_way)):
                    under_way[self._pool.submit(function, shared, item)] = index
                if not under_way:
                    return
                done, _ = wait(under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    yield under_way.pop(future), future.result()
        except BrokenProcessPool as error:
            raise SpreadError(
                f"{self.name}: expected each to live until the end, found that one ended (killed, or out of memory). "
                "What was done is kept: run again with --resume."
            ) from error
        finally:
            for future in under_way:
                future.cancel()


class Cluster:
    """On the workers of a Dask scheduler. One that goes away loses nothing: its tasks run again elsewhere."""

    def __init__(self, client: Any, address: str) -> None:
        self._client, self.name = client, "Dask cluster"
        self._address = address

    def run(
        self, function: Callable[[str, Item], Result], shared: str, items: Sequence[tuple[int, Item]]
    ) -> Iterator[tuple[int, Result]]:
        """As `Where` says; also refuses a worker whose program differs from this one."""
        from distributed import wait as wait_for  # noqa: PLC0415  an extra

        mine = program()
        run = hashlib.sha256(f"{function.__module__}.{function.__qualname__} {mine} {shared}".encode()).hexdigest()[:16]
        to_do = iter(items)
        under_way: dict[Any, int] = {}
        silent_s = 0.0
        try:
            while True:
                for index, item in islice(to_do, max(0, AHEAD * self._threads() - len(under_way))):
                    # Everything a task needs goes with it: nothing is lost with a worker that kept it for others.
                    future = self._client.submit(
                        _told, function, shared, item, key=f"threshold-{run}-{index}", pure=False
                    )
                    under_way[future] = index
                if not under_way:
                    return
                try:
                    done = wait_for(list(under_way), timeout=5.0, return_when="FIRST_COMPLETED").done
                except TimeoutError:
                    silent_s = 0.0 if self.workers() else silent_s + 5.0
                    if silent_s >= PATIENCE_S:
                        raise SpreadError(
                            f"{self._address}: expected a worker, found none for {PATIENCE_S:.0f} s. "
                            f"What was done is kept: start one (dask worker {self._address}) and run with --resume."
                        ) from None
                    continue
                silent_s = 0.0
                for future in done:
                    theirs, result = future.result()
                    if theirs != mine:
                        raise SpreadError(
                            f"{self._address}: expected every worker to run this program ({mine}), found another "
                            f"({theirs}). Install the same version of threshold there."
                        )
                    yield under_way.pop(future), result
        except _lost() as error:
            raise SpreadError(
                f"{self._address}: expected the scheduler and its workers to answer, found: {error}. "
                "What was done is kept: run again with --resume."
            ) from error
        finally:
            if self._client.status == "running":
                self._client.cancel(list(under_way))

    def workers(self) -> dict[str, Any]:
        """Those that are there now, by address."""
        return dict(self._client.scheduler_info(n_workers=-1)["workers"])

    def _threads(self) -> int:
        return max(1, sum(int(worker["nthreads"]) for worker in self.workers().values()))


def _told(function: Callable[[str, Item], Result], shared: str, item: Item) -> tuple[str, Result]:
    return program(), function(shared, item)


@cache
def program() -> str:
    """A digest of the code that makes the numbers; equal digests, equal numbers from equal settings."""
    digest = hashlib.sha256()
    for folder in ("", "doors", "sensitivity"):
        for path in sorted((files("benchmarks") / folder).iterdir(), key=lambda each: each.name):
            if path.name.endswith(".py"):
                digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@contextmanager
def processes(count: int) -> Iterator[Where]:
    """`count` (≥ 1) processes of this machine; one is this process itself."""
    if count == 1:
        yield Here()
        return
    # A fresh interpreter each: nothing of this process's state goes along.
    pool = ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"), initializer=_follow)
    try:
        yield Processes(pool, count)
    finally:
        pool.shutdown(cancel_futures=True)


def _follow() -> None:
    """End with the process that started this one: killed, it can't tell, and its pool would wait for work for ever."""
    # Ctrl-C reaches all of them; the run itself ends them, when each has finished what it has in hand.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: Any) -> None:
    while parent.is_alive():
        parent.join(timeout=5.0)
    os._exit(1)


@contextmanager
def cluster(address: str) -> Iterator[Cluster]:
    """The workers of the Dask scheduler at `address` (`tcp://HOST:PORT`). Raises SpreadError."""
    try:
        from distributed import Client  # noqa: PLC0415  an extra
    except ImportError as error:
        raise SpreadError(
            f"--cluster {address}: expected the package distributed, found none. "
            "Install threshold with its extra: pip install 'threshold[cluster]'."
        ) from error
    try:
        client = Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise SpreadError(
            f"--cluster {address}: expected a Dask scheduler, such as tcp://127.0.0.1:8786, found none that answers "
            f"({error}). Start one: dask scheduler"
        ) from error
    try:
        yield Cluster(client, address)
    finally:
        client.close()


def place(count: int | None, address: str | None) -> AbstractContextManager[Where]:
    """Where `--processes` and `--cluster` say; here when neither does. Raises SpreadError where both do."""
    if count is not None and address is not None:
        raise SpreadError(f"expected --processes or --cluster, found both ({count} and {address}).")
    return cluster(address) if address else processes(count or 1)


def _lost() -> tuple[type[BaseException], ...]:
    """What distributed raises for tasks whose workers died again and again, or whose scheduler went away."""
    from distributed import CancelledError, KilledWorker  # noqa: PLC0415  an extra

    return OSError, KilledWorker, CancelledError
