"""One number for each lane by declared weights, and how far the order of lanes hangs on them.

PF = Σ over items of category × identifiability × persons × days held × (1 + recipients) × (2 if irrevocable): a
convention of this project. It hides bystanders, whose templates are held for moments: they stand in the vector as a
count.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmarks.evidence import DataItem, PrivacyVector, Standing
from benchmarks.privacy.weights import Item, Weight, Weights
from edge.transaction import Lane

DRAWS = 2000
RECIPIENTS, IRREVOCABLE = (0.0, 2.0), (1.0, 4.0)
"""Between which the two factors are drawn; a category moves by one step, identifiability by 0.25, either way."""


def footprint(vector: PrivacyVector, weights: Weights) -> float | None:
    """A lane's number; None where the record doesn't say how long something is held, or with whom it is shared."""
    if not vector.items:
        return 0.0
    if vector.days is None or vector.recipients is None:
        return None
    shared = 1.0 + weights.recipients * vector.recipients
    return sum(_item(item, weights, vector.children) for item in vector.items) * vector.subjects * shared


def standings(
    vectors: Mapping[Lane, PrivacyVector], weights: Weights, seed: int, draws: int = DRAWS
) -> dict[Lane, Standing]:
    """Each lane's place by the declared weights, and over weights drawn around them. Lanes with equal numbers share the
    better place. Lanes without a number have no place."""
    declared = _ranks({lane: footprint(vector, weights) for lane, vector in vectors.items()})
    g = np.random.default_rng(seed)
    found: dict[Lane, list[int]] = {lane: [] for lane in declared}
    for _ in range(draws):
        other = _moved(weights, g)
        for lane, rank in _ranks({lane: footprint(vectors[lane], other) for lane in declared}).items():
            found[lane].append(rank)
    return {
        lane: Standing(
            rank=rank, span=(min(found[lane]), max(found[lane])), kept=found[lane].count(rank) / len(found[lane])
        )
        for lane, rank in declared.items()
    }


def _item(item: DataItem, weights: Weights, children: bool | None) -> float:
    name: Item = item.id  # type: ignore[assignment]  # the same names; a vector may come from disk
    held = item.days or 0.0
    return (
        weights.category(name, children)
        * weights.item[name].identifiability
        * held
        * (weights.irrevocable if item.biometric else 1.0)
    )


def _moved(weights: Weights, g: np.random.Generator) -> Weights:
    def one(weight: Weight) -> Weight:
        category = int(np.clip(weight.category + g.integers(-1, 2), 1, 4))
        ease = float(np.clip(weight.identifiability + 0.25 * g.integers(-1, 2), 0.25, 1.0))
        return weight.model_copy(update={"category": category, "identifiability": ease})

    moved: dict[Item, Weight] = {name: one(weight) for name, weight in sorted(weights.item.items())}
    return weights.model_copy(
        update={"item": moved, "recipients": g.uniform(*RECIPIENTS), "irrevocable": g.uniform(*IRREVOCABLE)}
    )


def _ranks(values: Mapping[Lane, float | None]) -> dict[Lane, int]:
    known = {lane: value for lane, value in values.items() if value is not None}
    return {lane: 1 + sum(other < value - 1e-9 * value for other in known.values()) for lane, value in known.items()}
