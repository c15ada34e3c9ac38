"""Every kind of bad picture, and what is said of it; a folder that is no listed set, and which files were opened."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge.acquire import Acquirer, Missed
from edge.picture import PictureError, decode, of_pixels
from edge.vision import open_detector
from models import tiny
from scripts.proofs._data import claim, models

WATCH = """
import json, sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
sys.argv = ["threshold", *sys.argv[1:]]
from threshold.command import main
try:
    main()
except SystemExit as end:
    print(json.dumps({"exit": end.code, "embedder_opened": any("mobilefacenet" in name for name in opened)}))
"""


def coded(kind: str, pixels: np.ndarray) -> bytes:
    return bytes(cv2.imencode(kind, pixels)[1].tobytes())


WANTED = {
    "empty": "empty file",
    "text": "expected a picture",
    "cut off JPEG": "cut off",
    "cut off PNG": "cut off",
    "corrupt JPEG": "cut off or damaged",
    "grey": "decoded: 96 × 96",
    "16 bits": "decoded: 96 × 96",
    "with transparency": "decoded: 96 × 96",
    "floating point": "8 or 16 bits",
    "no face": "not acquired: no-face",
    "several faces, one is asked for": "not acquired: several-faces",
    "several faces, the largest is taken": "one of 2 acquired",
    "tiny face": "not acquired: too-small",
    "cut-off face": "not acquired: cut-off",
    "one pixel": "not acquired: no-face",
}


def prove() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        registry = tiny.make(folder)
        detector = open_detector(registry.locate("tiny-detector", folder))
        said = _unreadable() | _faces(detector)
        refusal = _refused(folder)
    named = "is no listed research set" in refusal["message"] and "--record FILE" in refusal["message"]
    unopened = refusal["embedder_opened"] is False
    return {
        "claims": [
            *(claim(f"picture: {kind}", said[kind], f"…{text}…", text in said[kind]) for kind, text in WANTED.items()),
            claim("folder that is no listed set: exit", refusal["exit"], 1, refusal["exit"] == 1),
            claim("folder that is no listed set: embedder file opened", not unopened, False, unopened),
            claim("folder that is no listed set: message", refusal["message"], "names it and what to do", named),
        ]
    }


def _unreadable() -> dict[str, str]:
    card = tiny.card(1)
    jpeg, png = coded(".jpg", card), coded(".png", card)
    inputs: dict[str, bytes] = {
        "empty": b"",
        "text": b"This is no picture.",
        "cut off JPEG": jpeg[: len(jpeg) // 2],
        "cut off PNG": png[: len(png) // 2],
        "corrupt JPEG": jpeg[:40] + bytes(len(jpeg) - 42) + jpeg[-2:],
        "grey": coded(".png", cv2.cvtColor(card, cv2.COLOR_BGR2GRAY)),
        "16 bits": coded(".png", card.astype(np.uint16) * 257),
        "with transparency": coded(".png", cv2.cvtColor(card, cv2.COLOR_BGR2BGRA)),
    }
    said = {}
    for kind, data in inputs.items():
        try:
            picture = decode(data, f"{kind}.img")
            said[kind] = f"decoded: {picture.width} × {picture.height}, {picture.pixels.dtype}, BGR"
        except PictureError as error:
            said[kind] = str(error)
    try:
        of_pixels(card.astype(np.float32), "floating point.img")
        said["floating point"] = "taken"
    except PictureError as error:
        said["floating point"] = str(error)
    return said


def _faces(detector: Any) -> dict[str, str]:
    def scene(width: int, height: int, *cards: tuple[int, int, int]) -> np.ndarray:
        picture = np.full((height, width, 3), 128, np.uint8)
        for left, top, size in cards:
            card = tiny.card(1, size)[max(0, -top) : height - top, max(0, -left) : width - left]
            picture[max(0, top) : max(0, top) + card.shape[0], max(0, left) : max(0, left) + card.shape[1]] = card
        return picture

    cases = {
        "no face": (scene(160, 160), Acquirer(detector)),
        "several faces, one is asked for": (scene(320, 160, (32, 32, 96), (192, 32, 96)), Acquirer(detector, "only")),
        "several faces, the largest is taken": (scene(320, 160, (32, 32, 96), (192, 32, 96)), Acquirer(detector)),
        "tiny face": (scene(160, 160, (32, 32, 96)), Acquirer(detector, smallest_px=120)),
        "cut-off face": (scene(160, 160, (-24, 32, 96)), Acquirer(detector, inside=0.8)),
        "one pixel": (scene(1, 1), Acquirer(detector)),
    }
    said = {}
    for kind, (pixels, acquirer) in cases.items():
        result = acquirer.acquire(of_pixels(pixels, kind))
        missed = isinstance(result, Missed)
        said[kind] = f"not acquired: {result.reason}" if missed else f"one of {result.faces} acquired"
    return said


def _refused(folder: Path) -> dict[str, Any]:
    person = folder / "set" / "Somebody"
    person.mkdir(parents=True)
    for number in (1, 2):
        cv2.imwrite(str(person / f"Somebody_{number:04d}.png"), tiny.card(number))
    where = {"--images": folder / "set", "--models": models(), "--out": folder / "out"}
    options = [word for option, path in where.items() for word in (option, str(path))]
    done = subprocess.run(
        [sys.executable, "-c", WATCH, "bench", "accuracy", *options],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    outcome["message"] = done.stderr.strip().replace(str(folder), "…")
    return outcome
