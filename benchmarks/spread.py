"""Where pure tasks run: here, in processes of this machine, or on a Dask cluster; the same numbers everywhere.

A task is a function of what is shared by all (text), and of its item; it draws from no state of its own, so it may run
anywhere, again, and in any order. No more tasks are under way than keep the workers busy: memory doesn't grow with
their number. Where results are about real people, no worker may send them in the clear or put them on a disk.
"""

from __future__ import annotations

import hashlib
import ipaddress
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from importlib.resources import files
from itertools import chain, islice
from threading import Thread
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from benchmarks.errors import BenchmarkError

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 4
"""Tasks under way for each worker: one runs, the others wait beside it so that it never has to."""
PATIENCE_S = 60.0
"""How long a cluster may be without any worker before the run gives up."""
BREAKS = 3
"""How often in a row processes may be killed, without one result between, before the run gives up."""
KEPT = "With --resume, where the command has it, what was done is kept."


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
    """In processes of this machine. One that is killed loses nothing: all are started anew, and go on."""

    def __init__(self, count: int) -> None:
        self._pool, self._count, self.name = _pool(count), count, f"{count} processes"

    def run(
        self, function: Callable[[str, Item], Result], shared: str, items: Sequence[tuple[int, Item]]
    ) -> Iterator[tuple[int, Result]]:
        """As `Where` says."""
        to_do = iter(items)
        under_way: dict[Future[Result], tuple[int, Item]] = {}
        breaks = 0
        try:
            while True:
                for index, item in islice(to_do, AHEAD * self._count - len(under_way)):
                    under_way[self._submit(function, shared, item)] = index, item
                if not under_way:
                    return
                done, _ = wait(under_way, return_when=FIRST_COMPLETED)
                if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
                    # One was killed, and took the others along: all tasks end, some of them with a result.
                    done, _ = wait(under_way)
                lost: list[tuple[int, Item]] = []
                for future in done:
                    index, item = under_way.pop(future)
                    if isinstance(future.exception(), BrokenProcessPool):
                        lost.append((index, item))
                    else:
                        breaks = 0
                        yield index, future.result()
                if lost:
                    to_do, breaks = chain(lost, to_do), breaks + 1
                if breaks > BREAKS:
                    raise SpreadError(
                        f"{self.name}: expected each to live until the end, found that one ended {breaks} times "
                        f"without a result between (killed, or out of memory). Run fewer of them. {KEPT}"
                    )
        finally:
            for future in under_way:
                future.cancel()

    def close(self) -> None:
        """End the processes, each when it has finished what it has in hand."""
        self._pool.shutdown(cancel_futures=True)

    def _submit(self, function: Callable[[str, Item], Result], shared: str, item: Item) -> Future[Result]:
        try:
            return self._pool.submit(function, shared, item)
        except BrokenProcessPool:
            self._pool.shutdown(cancel_futures=True)
            self._pool = _pool(self._count)
            return self._pool.submit(function, shared, item)


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
                            f"Start one (dask worker {self._address}) and run again. {KEPT}"
                        ) from None
                    continue
                silent_s = 0.0
                for future in done:
                    theirs, result = future.result()
                    future.release()  # nobody keeps it there any longer
                    if theirs != mine:
                        raise SpreadError(
                            f"{self._address}: expected every worker to run this program ({mine}), found another "
                            f"({theirs}). Install the same version of threshold there."
                        )
                    yield under_way.pop(future), result
        except _lost() as error:
            raise SpreadError(
                f"{self._address}: expected the scheduler and its workers to answer, found: {error}. Run again. {KEPT}"
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
    where = Processes(count)
    try:
        yield where
    finally:
        where.close()


def _pool(count: int) -> ProcessPoolExecutor:
    # A fresh interpreter each: nothing of this process's state goes along.
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"), initializer=_follow)


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


def private(address: str) -> bool:
    """Whether nobody on the way can read what goes to this address of Dask's: `tls://`, or this machine itself."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme in ("tls", "inproc"):
        return True
    # A name that only resolves to this machine may resolve to another one later.
    with suppress(ValueError):
        return parts.scheme == "tcp" and ipaddress.ip_address(host).is_loopback
    return parts.scheme == "tcp" and host == "localhost"


def keep_private() -> None:
    """Return unless this runs on a Dask worker that could put results on its disk, or send them in the clear.

    A worker with Dask's defaults does the first: it spills to disk what memory has no room for. Raises SpreadError.
    """
    if "distributed" not in sys.modules:  # so this is no worker
        return
    from distributed import get_worker  # noqa: PLC0415  an extra

    try:
        worker = get_worker()
    except ValueError:
        return
    check(worker.address, worker.scheduler.address, worker.data)


def check(worker: str, scheduler: str, data: object) -> None:
    """What `keep_private` asks of a worker's address, of its scheduler's, and of where it keeps results."""
    for address in (worker, scheduler):
        if not private(address):
            raise SpreadError(f"worker {worker}: {_in_the_clear(address)}")
    if type(data) is not dict:
        raise SpreadError(
            f"worker {worker}: expected one that keeps results in memory alone, found one that may write them to disk "
            f"({type(data).__name__}). Start it with {NO_SPILLING}."
        )


NO_SPILLING = "DASK_DISTRIBUTED__WORKER__MEMORY__TARGET=False DASK_DISTRIBUTED__WORKER__MEMORY__SPILL=False"
"""Dask's own settings, as the environment takes them."""


def _in_the_clear(address: str) -> str:
    return (
        f"expected tls://HOST:PORT, or tcp://127.0.0.1:PORT on one machine, found {address}, over which templates of "
        "real people would travel in the clear. Start scheduler and workers with --tls-ca-file, --tls-cert and "
        "--tls-key, and tell Dask's settings here the same (docs/cluster.md)."
    )


@contextmanager
def cluster(address: str, real_people: bool = False) -> Iterator[Cluster]:
    """The workers of the Dask scheduler at `address` (`tls://HOST:PORT`, `tcp://HOST:PORT`); certificates come from
    Dask's own settings. With `real_people` results are about some, and no address will do that sends them in the clear.
    Raises SpreadError.
    """
    if real_people and not private(address):
        raise SpreadError(f"--cluster {address}: {_in_the_clear(address)}")
    try:
        from distributed import Client  # noqa: PLC0415  an extra
    except ImportError as error:
        raise SpreadError(
            f"--cluster {address}: expected the package distributed, found none. "
            "Install threshold with its extra: pip install 'threshold[cluster]'."
        ) from error
    try:
        client = Client(address, timeout=10)
    except TypeError as error:  # what Dask raises without certificates
        raise SpreadError(
            f"--cluster {address}: expected certificates in Dask's settings, found none that will do ({error}). Set "
            "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT and "
            "DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY (docs/cluster.md)."
        ) from error
    except (OSError, ValueError) as error:
        raise SpreadError(
            f"--cluster {address}: expected a Dask scheduler, such as tcp://127.0.0.1:8786, found none that answers "
            f"({error}). Start one: dask scheduler"
        ) from error
    try:
        yield Cluster(client, address)
    finally:
        client.close()


def place(count: int | None, address: str | None, real_people: bool = False) -> AbstractContextManager[Where]:
    """Where `--processes` and `--cluster` say; here when neither does. Raises SpreadError where both do, and what
    `cluster` raises."""
    if count is not None and address is not None:
        raise SpreadError(f"expected --processes or --cluster, found both ({count} and {address}).")
    return cluster(address, real_people) if address else processes(count or 1)


def _lost() -> tuple[type[BaseException], ...]:
    """What distributed raises for tasks whose workers died again and again, or whose scheduler went away."""
    from distributed import CancelledError, KilledWorker  # noqa: PLC0415  an extra

    return OSError, KilledWorker, CancelledError
