"""Train the bundled embedder: `python -m models.training.embedder --help`.

A small student learns what a public teacher says of aligned faces. Every face and its mirror image go through the
teacher once, before the training; so do blends of two people's faces, as people more. Then the student sees each face
turned, shifted, lit otherwise, blurred, noisy, in part hidden, and is to say what the teacher said of the clean one.
The out folder then holds the network (embedder.onnx), its log (embedder.json) and the last checkpoint; the faces and
templates prepared for the training are removed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from benchmarks.machine import cpu_seconds
from benchmarks.pairs import read_people
from models.registry import Installed, Registry
from models.training import faces as prepared
from models.training.embedder_export import agreed, difference, milliseconds
from models.training.faces import Faces
from models.training.heldout import judged
from models.training.run import Run, train
from models.training.settings import Settings
from policy.archive import Archive
from policy.gate import Gate
from policy.research import ResearchSet

FACES, BLENDS = "faces.npz", "blends.npz"


def say(text: str) -> None:
    """Progress, for people."""
    sys.stderr.write(text)
    sys.stderr.flush()


def prepare(
    options: argparse.Namespace, settings: Settings, detector: Installed, teacher: Installed, gate: Gate
) -> tuple[Faces, Faces]:
    """All faces of the people named, and the blends; kept in the out folder until the training ends."""
    kept, mixed, account = (options.out / name for name in (FACES, BLENDS, "prepared.json"))
    if kept.is_file() and mixed.is_file() and account.is_file():
        return prepared.load(kept), prepared.load(mixed)
    done, wall, cpu = 0, time.monotonic(), cpu_seconds()

    def tick() -> None:
        nonlocal done
        done += 1
        if done % 100 == 0:
            say(f"\rpictures and blends ready: {done}  ")

    people = read_people(options.people)
    with Archive(options.images) as archive:
        permit, research_set = gate.research(archive, "training")
        shop = prepared.workshop(detector, teacher, gate, permit, options.threads)
        found = prepared.look(archive, people, shop, tick)
        pictures = done
        prepared.save(found, kept)
        blends = prepared.blends(found.part(held_out=False), settings.blends, settings.seed, shop, tick)
        prepared.save(blends, mixed)
    facts = {
        "set": research_set.id,
        "people": len(people),
        "pictures": pictures,
        "faces": len(found),
        "blends": len(blends),
        "wall_minutes": round((time.monotonic() - wall) / 60, 1),
        "cpu_minutes": round((cpu_seconds() - cpu) / 60, 1),
    }
    account.write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    say("\n")
    return found, blends


def finish(options: argparse.Namespace, run: Run, learned: Faces, teacher: Installed) -> dict[str, Any]:
    """Export the averaged student, and write the log. Raises ExportError when the file doesn't say the same."""
    student = run.average.cpu()
    content = agreed(student)
    (options.out / "embedder.onnx").write_bytes(content)
    log = {
        "prepared": json.loads((options.out / "prepared.json").read_text("utf-8")),
        "people_learned_from": len(set(learned.whose)),
        "faces_learned_from": len(learned),
        "people_held_out": len(set(run.held.whose)),
        "faces_held_out": len(run.held),
        "settings": asdict(run.settings),
        "images_seen": run.step * run.settings.batch,
        "steps": run.step,
        "wall_minutes": round(run.wall / 60, 1),
        "cpu_minutes": round(run.cpu / 60, 1),
        "machine": f"{os.cpu_count()} {platform.machine().replace('_', '-')} cores"
        + (", shared with other work" if options.shared else ""),
        "device": run.device.type,
        "threads": options.threads,
        "torch": torch.__version__,
        "parameters": sum(weight.numel() for weight in student.parameters()),
        "size": len(content),
        "sha256": sha256(content).hexdigest(),
        "largest_difference_from_torch": float(f"{difference(student, content):.1g}"),
        "ms_per_face_one_thread": {
            "student": milliseconds(content),
            teacher.network.id: milliseconds(teacher.read()),
        },
        "teacher_on_the_people_held_out": (
            {key: round(value, 4) for key, value in judged(run.held.targets, run.held.whose).items()}
            if len(run.held)
            else None
        ),
        "curve": run.curve,
    }
    (options.out / "embedder.json").write_text(json.dumps(log, indent=1) + "\n", "utf-8")
    return log


def parsed(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m models.training.embedder", description=__doc__)
    add, usual = parser.add_argument, Settings()
    add("--images", type=Path, required=True, help="folder or tar of a listed research set, whole")
    add("--people", type=Path, required=True, help="the people to learn from, a name a line; nobody else is looked at")
    add("--models", type=Path, help="folder of the public networks (default: the models folder)")
    add("--detector", default="yunet-2023mar", help="id of the detector")
    add("--teacher", default="mobilefacenet-foamliu", help="id of the teacher")
    add("--out", type=Path, required=True, help="folder for prepared faces, checkpoint, network and log")
    add("--minutes", type=float, help=f"how long to learn (default: {usual.minutes:g})")
    add("--steps", type=int, help="how many steps to learn, instead of minutes: repeatable on one kind of machine")
    add("--batch", type=int, default=usual.batch, help="faces a step")
    add("--blends", type=int, default=usual.blends, help="blends to prepare")
    add("--look-every", type=int, default=usual.look_every, help="steps between checkpoints")
    add("--seed", type=int, default=usual.seed)
    add("--threads", type=int, default=2, help="CPU threads; one of them prepares batches")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="cpu or cuda")
    add("--resume", action="store_true", help="go on from the checkpoint in the out folder, with its settings")
    add("--keep", action="store_true", help="keep the prepared faces and templates, which are people's; else they go")
    add("--shared", action="store_true", help="note in the log that the machine had other work as well")
    return parser.parse_args(arguments)


def main(
    arguments: list[str], registry: Registry | None = None, sets: Iterable[ResearchSet] | None = None
) -> dict[str, Any]:
    """The command; returns the log. `registry` and `sets` stand in for the program's own."""
    options = parsed(arguments)
    registry = registry or Registry.bundled()
    detector, teacher = (registry.locate(name, options.models) for name in (options.detector, options.teacher))
    options.out.mkdir(parents=True, exist_ok=True)
    checkpoint = options.out / "checkpoint.pt"
    settings = Settings(batch=options.batch, blends=options.blends, look_every=options.look_every, seed=options.seed)
    kept = torch.load(checkpoint, map_location="cpu", weights_only=True) if options.resume else None
    if kept is not None:
        settings = Settings(**kept["settings"])
    settings = replace(settings, minutes=options.minutes or settings.minutes, steps=options.steps or settings.steps)
    torch.set_num_threads(max(1, options.threads - 1))
    found, blends = prepare(options, settings, detector, teacher, Gate(sets=sets))
    learned, held = (found.part(held_out) for held_out in (False, True))
    drawn = prepared.towards_people(learned, settings.person)
    run = Run(settings, drawn, blends, held, torch.device(options.device))
    if kept is not None:
        run.take_up(kept)
    train(run, checkpoint, say)
    log = finish(options, run, learned, teacher)
    if not options.keep:
        for name in (FACES, BLENDS):
            (options.out / name).unlink(missing_ok=True)
    return log


if __name__ == "__main__":
    main(sys.argv[1:])
