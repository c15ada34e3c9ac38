"""A share of a listed set's pictures becomes templates in another process, or on another machine.

Nothing that the asking side says opens anything there. Whoever computes a share asks a gate of its own about its own
copy of the set, has its own permit, takes the networks from its own manifest, and says no where one of them, or the
program, isn't what the asking side has. Templates go back in memory and are kept nowhere.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from benchmarks.errors import BenchmarkError
from benchmarks.extract import STAGES, Extraction, extract
from benchmarks.machine import code, describe, peak_memory_mb
from benchmarks.recipe import Recipe
from benchmarks.sets import find
from benchmarks.spread import Here, Where, keep_private
from edge.acquire import Acquirer
from edge.embed import Embedder
from edge.errors import EdgeError
from edge.vision import open_embedder
from models.errors import ModelError
from models.registry import Installed, Registry
from models.runtime import BackendName, Runtime
from policy.archive import Archive
from policy.errors import PolicyError
from policy.gate import Gate
from policy.permit import Permit
from policy.research import set_digest

CHUNK = 32
"""Pictures in a share: half a second's work, of which a killed worker takes little along."""


class ShareError(BenchmarkError, RuntimeError):
    """Error raised when a share can't be computed where it was asked for: names the machine, and what differs there or
    what its gate said."""


class AskedNetwork(BaseModel):
    """A network as it is asked for: by its id in the other side's own manifest, whose digest must be this one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    sha256: str
    backend: BackendName
    threads: int
    spin: bool


class Order(BaseModel):
    """What a share is computed by. It says what must be found there, and is no leave for anything."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    """Another for every run, so that each has a permit of its own."""
    use: Literal["bench accuracy", "evaluate"]
    images: str
    """A listed set's id, which each machine looks up for itself, or a path that is the same everywhere."""
    digest: str
    """The set's (policy.research.set_digest)."""
    layout: str
    """`layout` of the set's names and files: the digest alone doesn't say which picture has which name."""
    models: str | None
    """A folder that is the same everywhere; None: where each machine has its networks."""
    detector: AskedNetwork
    embedder: AskedNetwork
    recipe: Recipe
    program: str
    versions: dict[str, str]


@dataclass(frozen=True, slots=True)
class Share:
    """What comes back."""

    extraction: Extraction
    process: str
    processor: str
    ready_s: float
    """What it took there to verify the set and to open the networks, s."""
    peak_memory_mb: float


@dataclass(frozen=True, slots=True)
class Helpers:
    """Who computed the shares."""

    processes: int
    processors: tuple[str, ...]
    ready_s: float
    """The longest that one took to verify its copy of the set and to open the networks, s."""
    peak_memory_mb: float
    """Of the one that needed most."""


Task = Callable[[str, tuple[str, ...]], Share]


def share(shared: str, names: tuple[str, ...]) -> Share:
    """Templates of these pictures by an order, in JSON, under this process's own permit. Raises ShareError."""
    return compute(shared, names)


@dataclass(frozen=True, slots=True)
class Spread:
    """Where shares are computed, and how each machine there finds the set and the networks (see Order)."""

    where: Where
    images: str
    models: str | None
    task: Task = share


def spread(where: Where, images: str, models: Path | None) -> Spread | None:
    """Spread over `where`; None where that is this very process. A path becomes absolute, a set's id stays one."""
    if isinstance(where, Here):
        return None
    path = Path(images)
    return Spread(where, str(path.resolve()) if path.exists() else images, str(models.resolve()) if models else None)


def gather(
    spread: Spread,
    use: Literal["bench accuracy", "evaluate"],
    archive: Archive,
    names: Sequence[str],
    detector: Installed,
    embedder: Installed,
    recipe: Recipe,
    gate: Gate,
    permit: Permit,
    tick: Callable[[], None] = lambda: None,
) -> tuple[Extraction, Helpers]:
    """The templates of `names`, to the bit those that `extract` gives in one process, and who computed them.

    `archive` is this side's copy of the set, to say what the others must find; `permit` is this side's own, and covers
    every picture that is asked for. `tick` is called once a picture.
    Raises policy.gate.Refused, ShareError, benchmarks.spread.SpreadError, ArchiveError.
    """
    digests = archive.digests()
    for name in names:
        gate.require(permit, "template", digests[name])
    order = Order(
        run=secrets.token_hex(8),
        use=use,
        images=spread.images,
        digest=set_digest(digests),
        layout=layout(digests),
        models=spread.models,
        detector=_asked(detector),
        embedder=_asked(embedder),
        recipe=recipe,
        program=_program(),
        versions=describe()["versions"],
    )
    items = [(at, tuple(names[at : at + CHUNK])) for at in range(0, len(names), CHUNK)]
    shares: dict[int, Share] = {}
    for at, found in spread.where.run(spread.task, order.model_dump_json(), items):
        shares[at] = found
        for _ in range(found.extraction.attempted):
            tick()
    in_order = [shares[at] for at, _ in items]
    helpers = Helpers(
        processes=len({each.process for each in in_order}),
        processors=tuple(sorted({each.processor for each in in_order})),
        ready_s=max(each.ready_s for each in in_order),
        peak_memory_mb=max(each.peak_memory_mb for each in in_order),
    )
    return _joined([each.extraction for each in in_order]), helpers


def layout(digests: Mapping[str, bytes]) -> str:
    """SHA-256, in hexadecimal, over a set's names and the digests of its files."""
    return hashlib.sha256("".join(f"{digests[name].hex()} {name}\n" for name in sorted(digests)).encode()).hexdigest()


def _asked(installed: Installed) -> AskedNetwork:
    runtime = installed.runtime
    return AskedNetwork(
        id=installed.network.id,
        sha256=installed.network.sha256,
        backend=runtime.backend,
        threads=runtime.threads,
        spin=runtime.spin,
    )


def _program() -> str:
    return code(".py", ".toml")


def _joined(parts: Sequence[Extraction]) -> Extraction:
    templates = [part.templates for part in parts if part.names]
    return Extraction(
        names=tuple(name for part in parts for name in part.names),
        templates=np.concatenate(templates) if templates else np.zeros((0, 0), np.float32),
        missed={name: reason for part in parts for name, reason in part.missed.items()},
        seconds={stage: sum(part.seconds[stage] for part in parts) for stage in STAGES},
        durations_ms=np.concatenate([part.durations_ms for part in parts]),
    )


# --- the other side ---


@dataclass(frozen=True, slots=True)
class Desk:
    """What a process has ready for the shares of one run: its copy of the set, its eyes, its permit's embedder."""

    archive: Archive
    acquirer: Acquirer
    embedder: Embedder
    processor: str
    ready_s: float


_desk: dict[tuple[str, Callable[[], Gate], Callable[[], Registry]], Desk] = {}
"""The one of the last run; it goes when another run comes, or the process ends."""
_alone = Lock()
"""Neither network may be used by two threads at once."""


def compute(
    shared: str,
    names: tuple[str, ...],
    gate: Callable[[], Gate] = Gate,
    registry: Callable[[], Registry] = Registry.bundled,
) -> Share:
    """See `share`; `gate` and `registry` are this process's own, and tests give it others."""
    try:
        keep_private()
        with _alone:
            desk = _ready(shared, gate, registry)
            return Share(
                extraction=extract(desk.archive, names, desk.acquirer, desk.embedder),
                process=f"{socket.gethostname()}/{os.getpid()}",
                processor=desk.processor,
                ready_s=desk.ready_s,
                peak_memory_mb=peak_memory_mb(),
            )
    except (PolicyError, ModelError, EdgeError, BenchmarkError) as error:
        told = f"{socket.gethostname()}: {error}"
    # Outside, so that the error goes back without another one in it, which may not survive the way.
    raise ShareError(told)


def _ready(shared: str, gate: Callable[[], Gate], registry: Callable[[], Registry]) -> Desk:
    key = shared, gate, registry
    if key not in _desk:
        for old in _desk.values():
            old.archive.close()
        _desk.clear()
        _desk[key] = _open(_order(shared), gate(), registry())
    return _desk[key]


def _order(shared: str) -> Order:
    try:
        return Order.model_validate_json(shared)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ShareError(f"order, key {key}: {first['msg']}. Install the same program there.") from error


def _open(order: Order, gate: Gate, registry: Registry) -> Desk:
    begun = time.perf_counter()
    machine = describe()
    for what, expected, found in (
        ("program", order.program, _program()),
        ("versions", order.versions, machine["versions"]),
    ):
        _same(what, expected, found, "Install the same there as where the run was started.")
    archive = Archive(find(order.images, gate.sets))
    try:
        # Its own gate, its own copy, its own permit: before a network is looked for.
        permit, research_set = gate.research(archive, order.use)
        hint = "Give every machine the same, unchanged set."
        _same(f"{archive.path}, set digest", order.digest, research_set.digest, hint)
        _same(f"{archive.path}, names", order.layout, layout(archive.digests()), hint)
        detector, embedder = (_located(asked, registry, order.models) for asked in (order.detector, order.embedder))
        return Desk(
            archive=archive,
            acquirer=order.recipe.acquirer(detector),
            embedder=open_embedder(embedder, gate, permit, mirrored=order.recipe.mirrored),
            processor=machine["processor"],
            ready_s=time.perf_counter() - begun,
        )
    except BaseException:
        archive.close()
        raise


def _located(asked: AskedNetwork, registry: Registry, models: str | None) -> Installed:
    installed = registry.locate(asked.id, Path(models) if models else None)
    _same(f"network {asked.id}, SHA-256", asked.sha256, installed.network.sha256, "Install the same program there.")
    return replace(installed, runtime=Runtime(asked.backend, asked.threads, asked.spin))


def _same(what: str, expected: object, found: object, hint: str) -> None:
    if expected != found:
        raise ShareError(f"{what}: expected {expected}, found {found}. {hint}")
