"""What a training is told, and how fast it learns when."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """All that decides what comes out, beside the pictures and the machine."""

    steps: int | None = None
    minutes: float = 50.0
    """Without `steps`: the learning rate follows the time, so a slower machine sees fewer faces and still ends well."""
    batch: int = 64
    blends: int = 24_000
    real: float = 0.5
    """Share of a batch that are faces of people; the others are blends."""
    rate: float = 2e-3
    """The highest learning rate."""
    decay: float = 0.05
    warm: float = 0.04
    """Share of the training in which the rate rises."""
    average: float = 0.998
    """Of the weights, kept at each step: what is judged and exported is the running average."""
    bank: int = 2048
    """Faces among which a face's likenesses are spread (`models.training.losses`)."""
    person: float = 0.5
    """How far a face's target is drawn to the mean of its person's targets (added before it gets unit length)."""
    weights: tuple[float, float, float] = (1.0, 0.5, 1.0)
    """Of the three reproaches: direction, pairs, spread."""
    seed: int = 1
    look_every: int = 1000
    """Steps between two looks at the people held out, each with a checkpoint."""


def rate(progress: float, settings: Settings) -> float:
    """The learning rate at `progress` 0 to 1: a straight warm-up, then half a cosine down to nothing."""
    if progress < settings.warm:
        return settings.rate * max(progress / settings.warm, 0.01)
    return settings.rate * 0.5 * (1 + math.cos(math.pi * (progress - settings.warm) / (1 - settings.warm)))
