"""A training under way: batches, steps, looks at the people held out, checkpoints."""

from __future__ import annotations

import copy
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmarks.machine import cpu_seconds
from models.training.augment import augmented
from models.training.faces import Faces
from models.training.heldout import embedded, judged
from models.training.losses import loss
from models.training.settings import Settings, rate
from models.training.student import Student

AHEAD = 3
"""Batches prepared before they are needed."""

Ready = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]


class Run:
    """A training under way: everything a checkpoint keeps."""

    def __init__(self, settings: Settings, learned: Faces, blends: Faces, held: Faces, device: torch.device) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.device, self.held = settings, device, held
        self.pools = [(part.pixels, torch.from_numpy(part.targets)) for part in (learned, blends) if len(part)]
        self.student = Student().to(device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.student)
        thick = [weight for weight in self.student.parameters() if weight.ndim > 1]
        thin = [weight for weight in self.student.parameters() if weight.ndim == 1]
        self.optimizer = torch.optim.AdamW(
            [{"params": thick, "weight_decay": settings.decay}, {"params": thin, "weight_decay": 0.0}], fused=True
        )
        self.chance = torch.Generator().manual_seed(settings.seed)
        self.stands = self.chance.get_state()
        self.step, self.wall, self.cpu = 0, 0.0, 0.0
        self.curve: list[dict[str, float]] = []

    @property
    def progress(self) -> float:
        """0 to 1."""
        if self.settings.steps is not None:
            return self.step / self.settings.steps
        return self.wall / (60 * self.settings.minutes)

    def batch(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Faces, what is wanted of them, and the bank."""
        real = round(self.settings.batch * self.settings.real)
        counts = [real, self.settings.batch - real] if len(self.pools) == 2 else [self.settings.batch]
        pixels, wanted = [], []
        for (faces, targets), count in zip(self.pools, counts, strict=True):
            rows = torch.randint(len(faces), (count,), generator=self.chance)
            pixels.append(torch.from_numpy(faces[rows.numpy()]))
            wanted.append(targets[rows])
        faces, targets = self.pools[0]
        bank = targets[torch.randint(len(faces), (self.settings.bank,), generator=self.chance)]
        return torch.cat(pixels).to(self.device), torch.cat(wanted).to(self.device), bank.to(self.device)

    def prepare(self) -> Ready:
        """The next batch, as the student sees it, and where chance stands after it."""
        pixels, wanted, bank = self.batch()
        return augmented(pixels, self.chance), wanted, bank, self.chance.get_state()

    def learn(self, ready: Ready) -> float:
        """One step; returns the loss."""
        seen, wanted, bank, self.stands = ready
        self.student.train()
        for group in self.optimizer.param_groups:
            group["lr"] = rate(self.progress, self.settings)
        with torch.autocast(self.device.type, torch.bfloat16):
            given = self.student(seen)
        told = loss(given.float(), wanted, bank, self.settings.weights)
        self.optimizer.zero_grad()
        told.backward()
        nn.utils.clip_grad_norm_(self.student.parameters(), 5.0)
        self.optimizer.step()
        self.step += 1
        kept = min(self.settings.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, now in zip(_state(self.average), _state(self.student), strict=True):
                if mean.is_floating_point():
                    mean.lerp_(now, 1 - kept)
        return float(told.detach())

    def look(self, told: float) -> dict[str, float]:
        """Judge the averaged student on the people held out, and note it."""
        point = {
            "step": self.step,
            "images": self.step * self.settings.batch,
            "minutes": round(self.wall / 60, 2),
            "loss": round(told, 4),
        }
        if len(self.held):
            found = judged(embedded(self.average, self.held, self.device), self.held.whose)
            point |= {key: round(value, 4) for key, value in found.items()}
        self.curve.append(point)
        return point

    def kept(self) -> dict[str, Any]:
        """A checkpoint."""
        return {
            "settings": asdict(self.settings),
            "student": self.student.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "chance": self.stands,
            "progress": (self.step, self.wall, self.cpu),
            "curve": self.curve,
        }

    def take_up(self, kept: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.student.load_state_dict(kept["student"])
        self.average.load_state_dict(kept["average"])
        self.optimizer.load_state_dict(kept["optimizer"])
        self.chance.set_state(kept["chance"])
        self.step, self.wall, self.cpu = kept["progress"]
        self.curve = list(kept["curve"])


def _state(network: nn.Module) -> list[torch.Tensor]:
    return list(network.state_dict().values())


def train(run: Run, checkpoint: Path, say: Callable[[str], None]) -> None:
    """Until the steps or the minutes are used up; a checkpoint after every look, whole or not at all."""
    told = 0.0
    wall, cpu = time.monotonic() - run.wall, cpu_seconds() - run.cpu
    # One thread learns, another prepares what comes next. Both on one operation would wait for each other at the end of
    # each, which on a machine with other work costs more than it gains.
    pool = ThreadPoolExecutor(1)
    waiting = deque(pool.submit(run.prepare) for _ in range(AHEAD))
    while run.progress < 1:
        waiting.append(pool.submit(run.prepare))
        now = run.learn(waiting.popleft().result())
        told = now if told == 0 else 0.99 * told + 0.01 * now
        run.wall, run.cpu = time.monotonic() - wall, cpu_seconds() - cpu
        if run.step % 50 == 0:
            speed = run.step * run.settings.batch / run.wall
            say(f"\rstep {run.step}  {100 * run.progress:.1f} %  loss {told:.4f}  {speed:.0f} faces/s  ")
        if run.step % run.settings.look_every == 0 or run.progress >= 1:
            say("\n" + json.dumps(run.look(told)) + "\n")
            partial = checkpoint.with_suffix(".partial")
            torch.save(run.kept(), partial)
            partial.replace(checkpoint)
    pool.shutdown(cancel_futures=True)
