"""The same face as another camera might have seen it: turned, shifted, lit otherwise, blurred, noisy, partly hidden."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  as everyone calls it

from edge.align import SIZE
from models.training.faces import MARGIN, SIDE

TURN, ZOOM, SHIFT = 0.14, 0.07, 3.0
"""Largest turn (radians), share by which a face grows or shrinks, and shift (px): a detector's points err by less."""


def plain(pixels: Tensor) -> Tensor:
    """The template's part of faces with their margin, uint8 n × side × side × 3, as the network takes them."""
    inner = pixels[:, MARGIN : MARGIN + SIZE, MARGIN : MARGIN + SIZE]
    return scaled(inner.permute(0, 3, 1, 2).float())


def scaled(values: Tensor) -> Tensor:
    """The network's scale, of 0…255."""
    return ((values - 127.5) / 128).contiguous(memory_format=torch.channels_last)


def augmented(pixels: Tensor, chance: torch.Generator) -> Tensor:
    """Each face changed in its own way; on the device where `pixels` are."""
    count, device = len(pixels), pixels.device

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return (low + (high - low) * torch.rand(count, *shape, generator=chance)).to(device)

    turn, zoom = uniform(-TURN, TURN), 1 + uniform(-ZOOM, ZOOM)
    flip = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    scale = SIZE / SIDE * zoom
    across = torch.stack([torch.cos(turn) * scale * flip, -torch.sin(turn) * scale, uniform(-1, 1) * SHIFT * 2 / SIDE])
    down = torch.stack([torch.sin(turn) * scale * flip, torch.cos(turn) * scale, uniform(-1, 1) * SHIFT * 2 / SIDE])
    grid = F.affine_grid(torch.stack([across, down]).permute(2, 0, 1), [count, 3, SIZE, SIZE], align_corners=False)
    source = pixels.permute(0, 3, 1, 2).float()  # channels last in memory already
    faces = F.grid_sample(source, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    faces = _blurred(faces, uniform(0, 1))
    mean = faces.mean(dim=(1, 2, 3), keepdim=True)
    faces = (faces - mean) * uniform(0.7, 1.3, 1, 1, 1) + mean * uniform(0.7, 1.3, 1, 1, 1)
    faces = faces * uniform(0.92, 1.08, 3, 1, 1)
    noisy = uniform(0, 1) < 0.25
    if bool(noisy.any()):
        some = faces[noisy]
        spread = uniform(2, 12, 1, 1, 1)[noisy]
        # One field of noise for all, shifted by chance: drawing so many normal numbers would cost more than the rest.
        field = torch.randn(1, 3, SIZE, SIZE, generator=chance).to(device)
        faces[noisy] = some + spread * torch.cat([field.roll(7 * k + 1, 3) for k in range(len(some))])
    for row in torch.nonzero(uniform(0, 1) < 0.15).flatten().tolist():
        top, left = (int(torch.randint(0, SIZE - 16, (1,), generator=chance)) for _ in range(2))
        high, wide = (int(torch.randint(12, 40, (1,), generator=chance)) for _ in range(2))
        faces[row, :, top : top + high, left : left + wide] = mean[row]
    return scaled(faces.clamp_(0, 255))


def _blurred(faces: Tensor, drawn: Tensor) -> Tensor:
    """A third of them made smaller and larger again, as if seen from further away."""
    for part, side in ((0.11, 72), (0.22, 52), (0.33, 38)):
        some = (drawn < part) & (drawn >= part - 0.11)
        if bool(some.any()):
            small = F.interpolate(faces[some], size=(side, side), mode="bilinear", antialias=True)
            faces[some] = F.interpolate(small, size=(SIZE, SIZE), mode="bilinear")
    return faces
