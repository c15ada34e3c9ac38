"""Train the bundled detector: `python -m models.training.detector --help`.

A small student learns what a public teacher says of scenes put together from photographs: a score for every cell, and
where it is high, the box and five points. The scenes are made, and the teacher asked, once before the training. They
show people, so they go when it ends.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterable
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.pairs import person, read_people
from edge.network import OnnxRuntime
from models.anysize import any_size
from models.registry import Registry
from models.training.detector_drawn import frames
from models.training.detector_export import SCORE, agreed, difference
from models.training.detector_judge import Sought, judged, scenes, seek, together
from models.training.detector_learn import Run, Settings, train
from models.training.detector_scenes import Pixels, is_held_out
from models.training.detector_targets import photograph, prepare
from policy.archive import Archive
from policy.gate import Gate
from policy.research import ResearchSet

COMPOSITES = 500
"""Scenes of people held out on which the training is judged, beside their photographs."""
FRAMES = 1000
"""Frames of the synthetic entrance, likewise; their people and entrances are others than those learned from."""
CHOSEN_ON = ("photographs", "entrance")
"""The score is strict enough for both; composite scenes are only looked at."""


def say(text: str) -> None:
    """To whoever watches."""
    sys.stderr.write(text)
    sys.stderr.flush()


def parsed(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m models.training.detector", description=__doc__)
    add, usual = parser.add_argument, Settings()
    add("--images", type=Path, required=True, help="folder or tar of a listed research set, whole")
    add("--people", type=Path, required=True, help="the people to learn from, a name a line; nobody else is looked at")
    add("--models", type=Path, help="folder of the public networks (default: the models folder)")
    add("--teacher", default="yunet-2023mar", help="id of the teacher")
    add("--out", type=Path, required=True, help="folder for scenes, checkpoint, network and log")
    add("--minutes", type=float, help=f"how long to learn (default: {usual.minutes:g})")
    add("--steps", type=int, help="how many steps to learn, instead of minutes: repeatable on one kind of machine")
    add("--batch", type=int, default=usual.batch, help="scenes a step")
    add("--scenes", type=int, default=usual.scenes, help="scenes to prepare")
    add("--look-every", type=int, default=usual.look_every, help="steps between checkpoints")
    add("--seed", type=int, default=usual.seed)
    add("--threads", type=int, default=1, help="CPU threads")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="cpu or cuda")
    add("--resume", action="store_true", help="go on from the checkpoint in the out folder, with its settings")
    add("--keep", action="store_true", help="keep the prepared scenes, which show people; else they go")
    add("--shared", action="store_true", help="note in the log that the machine had other work as well")
    return parser.parse_args(arguments)


def held_out(photos: list[bytes], teacher: bytes, seed: int) -> dict[str, Sought]:
    """What is sought in the photographs of the people held out, and in scenes made of them."""
    if not photos:
        return {}

    def photo(chance: np.random.Generator) -> Pixels:
        return photograph(photos[int(chance.integers(len(photos)))])

    return {
        "photographs": seek([photograph(data) for data in photos], teacher, seed),
        "scenes": seek(scenes(photo, min(COMPOSITES, 4 * len(photos)), 1000 + seed), teacher, seed),
        "entrance": seek(frames(min(FRAMES, 4 * len(photos)), 1000 + seed), teacher, seed),
    }


def main(
    arguments: list[str], registry: Registry | None = None, sets: Iterable[ResearchSet] | None = None
) -> dict[str, Any]:
    """The command; returns the log. `registry` and `sets` stand in for the program's own."""
    options = parsed(arguments)
    teacher = any_size((registry or Registry.bundled()).locate(options.teacher, options.models).read())
    checkpoint = options.out / "checkpoint.pt"
    settings = Settings(scenes=options.scenes, batch=options.batch, seed=options.seed, look_every=options.look_every)
    kept = torch.load(checkpoint, map_location=options.device, weights_only=True) if options.resume else None
    if kept is not None:
        settings = Settings(**(kept["settings"] | {"weights": tuple(kept["settings"]["weights"])}))
    settings = replace(settings, minutes=options.minutes or settings.minutes, steps=options.steps or settings.steps)
    torch.set_num_threads(options.threads)

    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if done % 100 == 0:
            say(f"\rscenes ready: {done}  ")

    people = read_people(options.people)
    with Archive(options.images) as archive:
        _, research_set = Gate(sets=sets).research(archive, "training")  # finding faces needs no permit; learning does
        names = [name for name in archive.names if person(name) in people]
        photos = {held: [archive.read(n) for n in names if is_held_out(person(n)) == held] for held in (False, True)}
    if not photos[False]:
        raise SystemExit(f"{options.people}: expected names of people in {options.images}, found none of them there")
    options.out.mkdir(parents=True, exist_ok=True)
    runtime = OnnxRuntime(teacher, options.teacher, options.threads)
    folders = [options.out / f"scenes-{side}" for side in (256, 384)]
    counts = (settings.scenes, max(1, settings.scenes // 20))
    pools = [
        prepare(folder, photos[False], runtime, count, side, settings.seed, tick)
        for folder, count, side in zip(folders, counts, (256, 384), strict=True)
    ]
    run = Run(settings, pools, held_out(photos[True], teacher, settings.seed), torch.device(options.device))
    if kept is not None:
        run.take_up(kept)
    train(run, checkpoint, say)
    told = {"set": research_set.id, "learned_from": _people(names, False), "held_out": _people(names, True)}
    log = finish(options, run, teacher, told | {"scenes_prepared": sum(counts)})
    if not options.keep:
        for folder in folders:
            shutil.rmtree(folder)
    return log


def _people(names: list[str], held: bool) -> dict[str, int]:
    whose = [person(name) for name in names if is_held_out(person(name)) == held]
    return {"people": len(set(whose)), "photographs": len(whose)}


def finish(options: argparse.Namespace, run: Run, teacher: bytes, told: dict[str, Any]) -> dict[str, Any]:
    """Export the averaged student, its score shifted to the default one, and write the log. Raises ExportError."""
    finder = copy.deepcopy(run.average).cpu().eval()
    plain = agreed(finder)
    levels = {name: judged(plain, sought) for name, sought in run.held.items()}
    score = max((levels[name].score() for name in CHOSEN_ON if name in levels), default=SCORE)
    content = agreed(finder, score)
    (options.out / "detector.onnx").write_bytes(content)
    log = {
        "prepared": told,
        "teacher": options.teacher,
        "settings": asdict(run.settings),
        "images_seen": run.images,
        "steps": run.step,
        "wall_minutes": round(run.wall / 60, 1),
        "cpu_minutes": round(run.cpu / 60, 1),
        "machine": f"{os.cpu_count()} {platform.machine().replace('_', '-')} cores"
        + (", shared with other work" if options.shared else ""),
        "device": run.device.type,
        "threads": options.threads,
        "torch": torch.__version__,
        "parameters": sum(weight.numel() for weight in finder.parameters()),
        "size": len(content),
        "sha256": sha256(content).hexdigest(),
        "largest_difference_from_torch": float(f"{difference(finder, content, score):.1g}"),
        "score": {"chosen_on_the_people_held_out": score, "shifted_to": SCORE},
        "on_the_people_held_out": together(levels, score),
        "teacher_on_the_people_held_out": together(
            {name: judged(teacher, sought) for name, sought in run.held.items()}, SCORE
        ),
        "curve": run.curve,
    }
    (options.out / "detector.json").write_text(json.dumps(log, indent=1, allow_nan=False) + "\n", "utf-8")
    return log


if __name__ == "__main__":
    main(sys.argv[1:])
