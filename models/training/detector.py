"""Train the bundled detector: `python -m models.training.detector --help`.

A small student learns what a public teacher says of scenes put together from photographs: a score for every cell, and
where it is high, the box and five points. The scenes are made, and the teacher asked, once before the training.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.machine import describe
from benchmarks.pairs import person, read_people
from edge.network import OnnxRuntime
from models.anysize import any_size
from models.registry import Registry
from models.training.detector_export import agreed, difference
from models.training.detector_judge import Levels, Sought, judged, scenes, seek, together
from models.training.detector_learn import Run, Settings, train
from models.training.detector_scenes import Pixels, is_held_out
from models.training.detector_targets import photograph, prepare
from policy.archive import Archive

COMPOSITES = 500
"""Scenes of people held out on which the training is judged, beside their photographs."""


def parsed(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m models.training.detector", description=__doc__)
    add = parser.add_argument
    add("--images", type=Path, required=True, help="folder or tar of photographs, NAME/NAME_0001.jpg")
    add("--people", type=Path, required=True, help="names of the people to learn from, one a line; nobody else's are")
    add("--models", type=Path, help="folder of the public networks (default: the models folder)")
    add("--manifest", type=Path, help="another manifest than the program's")
    add("--teacher", default="yunet-2023mar", help="id of the teacher")
    add("--out", type=Path, required=True, help="folder for scenes, checkpoint, network and log")
    add("--minutes", type=float, default=Settings.minutes, help="how long to learn")
    add("--steps", type=int, help="how many steps to learn, instead of minutes: the same on every machine of a kind")
    add("--scenes", type=int, default=Settings.scenes)
    add("--batch", type=int, default=Settings.batch)
    add("--rate", type=float, default=Settings.rate)
    add("--look-every", type=int, default=Settings.look_every)
    add("--seed", type=int, default=Settings.seed)
    add("--threads", type=int, default=1)
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--resume", action="store_true", help="go on from the checkpoint in the out folder")
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
    }


def main(arguments: list[str]) -> int:
    """The command."""
    options = parsed(arguments)
    settings = Settings(
        steps=options.steps,
        minutes=options.minutes,
        scenes=options.scenes,
        batch=options.batch,
        rate=options.rate,
        seed=options.seed,
        look_every=options.look_every,
    )

    def say(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()

    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if done % 100 == 0:
            say(f"\rscenes ready: {done}  ")

    torch.set_num_threads(options.threads)
    registry = Registry.from_file(options.manifest) if options.manifest else Registry.bundled()
    teacher = any_size(registry.locate(options.teacher, options.models).read())
    people = read_people(options.people)
    with Archive(options.images) as archive:
        names = [name for name in archive.names if person(name) in people]
        photos = {held: [archive.read(n) for n in names if is_held_out(person(n)) == held] for held in (False, True)}
    runtime = OnnxRuntime(teacher, options.teacher, options.threads)
    pools = [
        prepare(options.out / f"learn-{side}", photos[False], runtime, count, side, settings.seed, tick)
        for side, count in ((256, settings.scenes), (384, max(1, settings.scenes // 20)))
    ]
    held = held_out(photos[True], teacher, settings.seed)
    run = Run(settings, pools, held, torch.device(options.device))
    checkpoint = options.out / "checkpoint.pt"
    if options.resume:
        run.take_up(torch.load(checkpoint, map_location=options.device, weights_only=True))
    train(run, checkpoint, say)
    write(options, run, teacher, {"learned": _people(names, False), "held_out": _people(names, True)})
    return 0


def _people(names: list[str], held: bool) -> dict[str, int]:
    whose = [person(name) for name in names if is_held_out(person(name)) == held]
    return {"people": len(set(whose)), "photographs": len(whose)}


def write(options: argparse.Namespace, run: Run, teacher: bytes, people: dict[str, Any]) -> None:
    """The network, its score shifted to the default one, and the log."""
    finder = copy.deepcopy(run.average).cpu().eval()
    levels = {name: judged(agreed(finder), sought) for name, sought in run.held.items()}
    score = max((part.score() for part in levels.values()), default=0.6)
    content = agreed(finder, score)
    (options.out / "detector.onnx").write_bytes(content)
    beside: dict[str, Levels] = {name: judged(teacher, sought) for name, sought in run.held.items()}
    log = {
        "network": {
            "size": len(content),
            "sha256": sha256(content).hexdigest(),
            "weights": sum(weight.numel() for weight in finder.parameters()),
            "file_and_student_differ_by": difference(finder, content, score),
        },
        "teacher": options.teacher,
        "set": "lfw-deepfunneled, people of the View 1 development training set",
        "people": people,
        "settings": asdict(run.settings),
        "steps": run.step,
        "images_seen": run.images,
        "wall_minutes": round(run.wall / 60, 1),
        "cpu_minutes": round(run.cpu / 60, 1),
        "machine": describe() | {"device": options.device, "threads": options.threads, "torch": torch.__version__},
        "chosen_on_the_people_held_out": {
            "score": score,
            "shifted_to": 0.6,
            "found": together(levels, score),
            "teacher_at_0.6": together(beside, 0.6),
        },
        "curve": run.curve,
    }
    (options.out / "detector.json").write_text(json.dumps(log, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
