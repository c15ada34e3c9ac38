"""The bundled detector's shape: large strides early, dense convolutions where they are cheap, thin heads.

The contract is YuNet's. Its two scores a cell are one here, given under both names: what counts is their product.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  as everyone calls it

SCALE = 1 / 128
SHAPE = 14
"""Numbers of a cell beside its score: four of the box, ten of the points."""


class Unit(nn.Module):
    """Convolution and batch norm, and a ReLU unless told otherwise."""

    def __init__(
        self, into: int, out: int, side: int, stride: int = 1, pad: int | None = None, groups: int = 1,
        bend: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.conv = nn.Conv2d(into, out, side, stride, side // 2 if pad is None else pad, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(out)
        self.bend = bend

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(self.conv(x))
        return F.relu(y, inplace=True) if self.bend else y


class Thin(nn.Module):
    """A convolution a channel, then across the channels; beside a shortcut where nothing changes size."""

    def __init__(self, into: int, out: int, side: int, stride: int = 1) -> None:
        super().__init__()
        self.each = Unit(into, into, side, stride, groups=into)
        self.across = Unit(into, out, 1, bend=False)
        self.shortcut = into == out and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.across(self.each(x))
        return F.relu(x + y if self.shortcut else y)


class Finder(nn.Module):
    """BGR 0…255, sides multiples of 32, to a score (as a logit) and 14 numbers for each cell."""

    def __init__(self, widths: tuple[int, int, int, int] = (36, 56, 72, 80), neck: int = 48) -> None:
        super().__init__()
        a, b, c, d = widths
        self.stages = nn.ModuleList([
            nn.Sequential(Unit(3, a, 6, 4, 1), Unit(a, b, 3, 2), Thin(b, b, 3), Thin(b, b, 3)),
            nn.Sequential(Thin(b, c, 5, 2), Thin(c, c, 5), Thin(c, c, 5)),
            nn.Sequential(Thin(c, d, 5, 2), Thin(d, d, 5), Thin(d, d, 5)),
        ])  # fmt: skip
        self.laterals = nn.ModuleList([Unit(width, neck, 1, bend=False) for width in (b, c, d)])
        self.mixers = nn.ModuleList([Thin(neck, neck, 3) for _ in range(3)])
        heads = [nn.Conv2d(neck, 1 + SHAPE, 1) for _ in range(3)]
        for head in heads:
            nn.init.normal_(head.weight, std=0.01)
            nn.init.constant_(head.bias, 0.5)
            nn.init.constant_(head.bias[:1], -4.0)  # no face, to begin with
            nn.init.constant_(head.bias[3:5], 1.0)
        self.heads = nn.ModuleList(heads)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """n × cells, and n × cells × 14, in the order of strides, rows, columns."""
        x = x * SCALE
        seen = []
        for stage, lateral in zip(self.stages, self.laterals, strict=True):
            x = stage(x)
            seen.append(lateral(x))
        for low, high in ((1, 2), (0, 1)):
            seen[low] = F.relu(seen[low] + F.interpolate(seen[high], scale_factor=2.0, mode="nearest"))
        seen[2] = F.relu(seen[2])
        cells = [
            head(mixer(part)).permute(0, 2, 3, 1).flatten(1, 2).float()
            for part, mixer, head in zip(seen, self.mixers, self.heads, strict=True)
        ]
        rows = torch.cat(cells, 1)
        return rows[..., 0], rows[..., 1:]
