"""The door's embedder, and what closes one person's reference without stopping the door."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from edge.embed import Embedder
from edge.face import Crop
from policy.clock import ClockBehind
from policy.gate import Refused
from policy.permit import Permit
from policy.seal import SealBroken
from policy.store import StoreError
from policy.verdict import Finding, Verdict


class Network:
    """An embedder that is opened under the first permit found good, and used under each person's own.

    `digest` is the SHA-256 of its file, hexadecimal, as references name it.
    """

    def __init__(self, open_: Callable[[Permit], Embedder], digest: str) -> None:
        self._open, self.digest = open_, digest
        self._embedder: Embedder | None = None

    def embed(self, permit: Permit, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """See Embedder.embed. Raises also what opening the network raises."""
        if self._embedder is None:
            self._embedder = self._open(permit)
        return self._embedder.under(permit).embed(crops)


@contextmanager
def refusing() -> Iterator[None]:
    """What the store can't open for one person, or at this hour, refuses: as policy.gate.Refused, with its words."""
    try:
        yield
    except (StoreError, SealBroken, ClockBehind) as error:
        raise refusal("reference-opens", str(error)) from error


def refusal(rule: str, message: str) -> Refused:
    """A refusal of the lane's own."""
    finding = Finding(
        rule=rule,
        outcome="refuse",
        citations=("GDPR Art 5(2)", "GDPR Art 25"),
        message=message,
        mark="project-rule",
    )
    return Refused(Verdict.of(finding))
