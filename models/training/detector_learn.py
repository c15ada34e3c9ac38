"""A detector's training under way: batches of scenes, steps, looks at the people held out, checkpoints."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  as everyone calls it

from benchmarks.machine import cpu_seconds
from models.training.detector_export import exported
from models.training.detector_judge import Sought, judged, together
from models.training.detector_network import Finder
from models.training.detector_targets import Scenes


@dataclass(frozen=True)
class Settings:
    """All that decides what comes out, beside the pictures and the machine."""

    steps: int | None = None
    minutes: float = 75.0
    """Without `steps`: the learning rate follows the time, so a slower machine sees fewer and still ends well."""
    scenes: int = 40_000
    """Scenes of 256 × 256 px, made before the training; a twentieth as many of 384 × 384 px."""
    batch: int = 16
    rate: float = 3e-3
    decay: float = 0.02
    warm: float = 0.03
    average: float = 0.998
    """Of the weights, kept at each step: what is judged and exported is the running average."""
    weights: tuple[float, float, float] = (1.0, 1.0, 3.0)
    """Of the three reproaches: score, box, points."""
    seed: int = 1
    look_every: int = 4000
    """Steps between two looks at the people held out, each with a checkpoint."""


class Run:
    """A training under way: everything a checkpoint keeps."""

    def __init__(
        self, settings: Settings, pools: Sequence[Scenes], held: Mapping[str, Sought], device: torch.device
    ) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.pools, self.held, self.device = settings, pools, held, device
        self.finder = Finder().to(device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.finder)
        thick = [weight for weight in self.finder.parameters() if weight.ndim > 1]
        thin = [weight for weight in self.finder.parameters() if weight.ndim == 1]
        self.optimizer = torch.optim.AdamW(
            [{"params": thick, "weight_decay": settings.decay}, {"params": thin, "weight_decay": 0.0}], fused=True
        )
        self.chance = torch.Generator().manual_seed(settings.seed)
        self.step, self.images, self.wall, self.cpu = 0, 0, 0.0, 0.0
        self.curve: list[dict[str, Any]] = []

    @property
    def progress(self) -> float:
        """0 to 1."""
        if self.settings.steps is not None:
            return self.step / self.settings.steps
        return self.wall / (60 * self.settings.minutes)

    def batch(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Scenes, scores, cells and shapes; every sixth batch is of the large scenes, and has fewer.

        No mirror images here: the teacher's grid isn't symmetric, so its answers to them are others (the scenes
        have them, and were shown to the teacher as they are).
        """
        large = len(self.pools) > 1 and self.step % 6 == 5
        pool = self.pools[1 if large else 0]
        count = max(1, int(self.settings.batch / 2.25)) if large else self.settings.batch
        rows = torch.randint(len(pool), (count,), generator=self.chance).numpy()
        pixels = np.stack([pool.pixels[row] for row in rows])
        gain = 0.75 + 0.5 * torch.rand(count, 1, 1, 1, generator=self.chance)
        cast = 0.95 + 0.1 * torch.rand(count, 3, 1, 1, generator=self.chance)
        lift = 30 * (torch.rand(count, 1, 1, 1, generator=self.chance) - 0.5)
        seen = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()  # channels last in memory
        seen.mul_(gain * cast).add_(lift).clamp_(0, 255)
        scores = torch.from_numpy(pool.scores[rows].astype(np.float32))
        cells = torch.from_numpy(pool.cells[rows].astype(np.int64))
        shapes = torch.from_numpy(pool.shapes[rows])
        return tuple(part.to(self.device) for part in (seen, scores, cells, shapes))

    def learn(self) -> tuple[float, float, float]:
        """One step; returns the reproaches."""
        seen, scores, cells, shapes = self.batch()
        self.finder.train()
        for group in self.optimizer.param_groups:
            group["lr"] = rate(self.progress, self.settings)
        with torch.autocast(self.device.type, torch.bfloat16):
            logits, told = self.finder(seen)
        parts = reproaches(logits, told, scores, cells, shapes)
        total = torch.stack([weight * part for weight, part in zip(self.settings.weights, parts, strict=True)]).sum()
        self.optimizer.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(self.finder.parameters(), 5.0)
        self.optimizer.step()
        self.step += 1
        self.images += len(seen)
        kept = min(self.settings.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(_state(self.average), _state(self.finder), 1 - kept)
        score, box, points = (float(part.detach()) for part in parts)
        return score, box, points

    def look(self, told: Sequence[float]) -> dict[str, Any]:
        """Judge the averaged student on the people held out, at a score strict enough for both sets, and note it."""
        point: dict[str, Any] = {
            "step": self.step,
            "images": self.images,
            "minutes": round(self.wall / 60, 2),
            "loss": [round(part, 4) for part in told],
        }
        if self.held:
            content = exported(copy.deepcopy(self.average).cpu().eval())
            levels = {name: judged(content, sought) for name, sought in self.held.items()}
            point["score"] = max(part.score() for part in levels.values())
            point |= together(levels, point["score"])
        self.curve.append(point)
        return point

    def kept(self) -> dict[str, Any]:
        """A checkpoint."""
        return {
            "settings": asdict(self.settings),
            "finder": self.finder.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "chance": self.chance.get_state(),
            "progress": (self.step, self.images, self.wall, self.cpu),
            "curve": self.curve,
        }

    def take_up(self, kept: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.finder.load_state_dict(kept["finder"])
        self.average.load_state_dict(kept["average"])
        self.optimizer.load_state_dict(kept["optimizer"])
        self.chance.set_state(kept["chance"].cpu())
        self.step, self.images, self.wall, self.cpu = kept["progress"]
        self.curve = list(kept["curve"])


def rate(progress: float, settings: Settings) -> float:
    """The learning rate at `progress` 0 to 1: a straight warm-up, then half a cosine down to nothing."""
    if progress < settings.warm:
        return settings.rate * max(progress / settings.warm, 0.01)
    along = min(1.0, (progress - settings.warm) / (1 - settings.warm))
    return settings.rate * 0.5 * (1 + math.cos(math.pi * along))


def reproaches(
    logits: Tensor, told: Tensor, scores: Tensor, cells: Tensor, shapes: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Of the scores: binary cross-entropy where it is far off (Li et al. 2020, quality focal loss), a face's cell the
    unit. Of the boxes: differences as shares of the box. Of the points: distances as shares of the eye distance."""
    off = (torch.sigmoid(logits) - scores).abs()
    score = (off.detach() * F.binary_cross_entropy_with_logits(logits, scores, reduction="none")).sum()
    score = score / scores.sum().clamp(min=1)
    there = cells >= 0
    at = cells.clamp(min=0)
    weight = scores.gather(1, at) * there
    total = weight.sum().clamp(min=1)
    told = told.gather(1, at[..., None].expand(-1, -1, told.shape[2]))
    size = shapes[..., 2:4].exp()
    box = (told[..., :2] - shapes[..., :2]).abs() / size + (told[..., 2:4] - shapes[..., 2:4]).abs()
    points, wanted = told[..., 4:].unflatten(2, (5, 2)), shapes[..., 4:].unflatten(2, (5, 2))
    eyes = torch.maximum((wanted[..., 0, :] - wanted[..., 1, :]).norm(dim=-1), 0.25 * size[..., 0]).clamp(min=0.1)
    apart = (points - wanted).abs().sum((2, 3)) / 5 / eyes
    return score, (box.sum(2) * weight).sum() / total, (apart * weight).sum() / total


def _state(network: nn.Module) -> list[Tensor]:
    return [part for part in network.state_dict().values() if part.is_floating_point()]


def train(run: Run, checkpoint: Path, say: Callable[[str], None]) -> None:
    """Until the steps or the minutes are used up; a checkpoint after every look, whole or not at all."""
    told = [0.0, 0.0, 0.0]
    wall, cpu = time.monotonic() - run.wall, cpu_seconds() - run.cpu
    while run.progress < 1:
        now = run.learn()
        told = [new if old == 0 else 0.98 * old + 0.02 * new for old, new in zip(told, now, strict=True)]
        run.wall, run.cpu = time.monotonic() - wall, cpu_seconds() - cpu
        if run.step % 20 == 0:
            parts = " ".join(f"{part:.4f}" for part in told)
            say(f"\rstep {run.step}  {100 * run.progress:.1f} %  {parts}  {run.images / run.wall:.0f} scenes/s  ")
        if run.step % run.settings.look_every == 0 or run.progress >= 1:
            say("\n" + json.dumps(run.look(told)) + "\n")
            partial = checkpoint.with_suffix(".partial")
            torch.save(run.kept(), partial)
            partial.replace(checkpoint)
