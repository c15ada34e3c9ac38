"""The enrolled faces of a run, in memory: exact search by one matrix product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.embed import cosine
from edge.errors import EdgeError
from edge.face import Template
from policy.gate import Gate
from policy.permit import PERSONAL, Permit


class GalleryError(EdgeError, ValueError):
    """Error raised when references make no gallery: none at all, or of different lengths."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """The best reference for a probe, and its cosine."""

    subject: str
    score: float


class Gallery:
    """References of subjects, one each, who don't exist or are of a listed set. Made and searched only under a permit
    to match; a person's permit makes none: people's references are compared in the store, which hands none out."""

    def __init__(self, references: Mapping[str, Template], gate: Gate, permit: Permit) -> None:
        gate.require(permit, "match")
        if permit.kind in PERSONAL:
            raise GalleryError(
                "expected a permit for nobody in particular, found a person's. Ask policy.store to compare."
            )
        if not references or len({reference.shape for reference in references.values()}) != 1:
            raise GalleryError(
                f"expected references of one length, found {len(references)} of different lengths or none."
            )
        self._gate, self._permit = gate, permit
        self._subjects = tuple(references)
        self._references: NDArray[np.float32] = np.stack(list(references.values()))

    def __len__(self) -> int:
        return len(self._subjects)

    def best(self, probe: Template) -> Candidate:
        """The most alike reference. Raises policy.gate.Refused when the permit no longer holds, GalleryError."""
        self._gate.require(self._permit, "match")
        if probe.shape != self._references.shape[1:]:
            raise GalleryError(
                f"expected a template of {self._references.shape[1]} numbers like the references, found {probe.shape}. "
                "Enrol again with the network in use."
            )
        scores = cosine(probe, self._references)
        index = int(np.argmax(scores))
        return Candidate(self._subjects[index], float(scores[index]))
