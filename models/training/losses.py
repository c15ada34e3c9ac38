"""What a student is told off for."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

TEMPERATURE = 0.1


def loss(given: Tensor, wanted: Tensor, bank: Tensor, weights: tuple[float, float, float]) -> Tensor:
    """Three reproaches, weighted: the direction is wrong; two faces' likeness is wrong; among the many faces of `bank`
    (unit vectors of the teacher) the likenesses are spread otherwise than the teacher's, near ones above all."""
    direction = F.normalize(given, dim=1)
    far = 1 - (direction * wanted).sum(1).mean()
    pairs = (direction @ direction.T - wanted @ wanted.T).square().sum(1).mean()
    others = torch.cat([wanted, bank])
    likely = F.softmax(wanted @ others.T / TEMPERATURE, dim=1)
    spread = -(likely * F.log_softmax(direction @ others.T / TEMPERATURE, dim=1)).sum(1).mean()
    total: Tensor = weights[0] * far + weights[1] * pairs + weights[2] * spread
    return total
