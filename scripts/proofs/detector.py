"""The bundled detector beside YuNet: its faces found, false alarms, exactness of the points, milliseconds a frame."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.interval import clopper_pearson
from benchmarks.pairs import person, read_pairs, read_people
from edge.face import Face, Picture
from edge.picture import of_pixels
from models.anysize import any_size
from models.registry import Registry
from models.training.detector_drawn import entrances, frames
from models.training.detector_judge import (
    OVERLAP,
    TEACHER,
    WIDE,
    Levels,
    Sought,
    apart,
    judged,
    opened,
    scenes,
    seek,
)
from models.training.detector_scenes import Pixels, is_held_out
from models.training.detector_targets import photograph
from policy.archive import Archive
from scripts.proofs._data import card, claim, lfw, models, pictures

SCORE = 0.6
COMPOSITES = 1000
ROUNDS = 3


def shares(found: NDArray[np.bool_]) -> dict[str, Any]:
    """A share with its 95 % interval (faces of one picture counted as independent)."""
    if not len(found):
        return {"faces": 0}
    interval = clopper_pearson(int(found.sum()), len(found))
    return {
        "value": round(float(found.mean()), 4),
        "faces": len(found),
        "interval": [round(interval.low, 4), round(interval.high, 4)],
    }


def groups(sought: Sought) -> dict[str, NDArray[np.bool_]]:
    """Faces by width, turn and light, in the order of `Levels`; turn and light read off YuNet's points and box."""
    rows = [(picture, face) for picture, faces in zip(sought.pictures, sought.faces, strict=True) for face in faces]
    widths = np.array([face.box.width for _, face in rows])
    turns = np.array([turned(face) for _, face in rows])
    lights = np.array([light(picture, face) for picture, face in rows])
    cuts: tuple[tuple[str, NDArray[np.float64], tuple[float, ...]], ...] = (
        ("width in px", widths, (0, 40, 80, 160, 1e9)),
        ("nose aside of the eyes' middle, share of the eye distance", turns, (0, 0.15, 0.3, 1e9)),
        ("mean grey level of the face", lights, (0, 50, 100, 150, 256)),
    )
    return {
        f"{name}, {low:g} to {'more' if high == 1e9 else f'{high:g}'}": (values >= low) & (values < high)
        for name, values, edges in cuts
        for low, high in pairwise(edges)
    }


def turned(face: Face) -> float:
    """How far the nose is aside of the middle of the eyes, along them, as a share of their distance."""
    across = face.points[1] - face.points[0]
    length = max(float(np.linalg.norm(across)), 1e-6)
    middle = (face.points[0] + face.points[1]) / 2
    return abs(float((face.points[2] - middle) @ across)) / length**2


def light(picture: Picture, face: Face) -> float:
    """Mean grey level in the face's box."""
    box = face.box
    left, top = max(0, int(box.left)), max(0, int(box.top))
    part = picture.pixels[
        top : max(top + 1, int(box.top + box.height)), left : max(left + 1, int(box.left + box.width))
    ]
    return float(part.mean()) if part.size else 0.0


def told(levels: Levels, sought: Sought) -> dict[str, Any]:
    """All figures of one detector on one set of pictures."""
    found = levels.found >= SCORE
    return (
        levels.at(SCORE)
        | {"found_of_all": shares(found), "found_from_40px": shares(found[levels.widths >= WIDE])}
        | {"by": {name: shares(found[rows]) for name, rows in groups(sought).items()}}
    )


def milliseconds(files: dict[str, bytes], frames: Sequence[Picture]) -> dict[str, dict[str, float]]:
    """Of one frame of 320 × 256 px, one thread, finding and decoding; the detectors take turns at each frame."""
    detectors = {name: opened(content, SCORE) for name, content in files.items()}
    taken: dict[str, list[float]] = {name: [] for name in files}
    for _ in range(ROUNDS):
        for frame in frames:
            for name, detector in detectors.items():
                begun = time.perf_counter()
                detector.detect(frame)
                taken[name].append(1000 * (time.perf_counter() - begun))
    return {
        name: {"median": round(float(np.median(ms)), 3), "least": round(min(ms), 3), "frames": len(ms)}
        for name, ms in taken.items()
    }


def against_truth(content: bytes) -> dict[str, Any]:
    """Of the faces as they were drawn, from 40 px and almost whole: the share found, and the points' error."""
    detector = opened(content, SCORE)
    found: list[bool] = []
    errors: list[float] = []
    for frame in entrances(COMPOSITES, 77):
        faces = detector.detect(of_pixels(frame.pixels, "frame"))
        for seen in frame.truth:
            if seen.visible < 0.95 or seen.box.width < WIDE or seen.attack:
                continue
            true = Face(seen.box, seen.points, 1.0)
            near = max(faces, key=lambda face: true.box.overlap(face.box), default=None)
            found.append(near is not None and true.box.overlap(near.box) >= OVERLAP)
            if near is not None and found[-1]:
                errors.append(apart(true, near))
    return shares(np.array(found)) | {"point_error": round(float(np.mean(errors)), 4)}


def prove() -> dict[str, Any]:
    registry = Registry.bundled()
    ours = registry.locate("bundled-detector").read()
    files = {"bundled-detector": ours, "yunet-2023mar": registry.locate("yunet-2023mar", models()).read()}
    files = {name: any_size(content) for name, content in files.items()}
    teacher = files["yunet-2023mar"]
    with Archive(pictures()) as archive:
        tested = [photograph(archive.read(name)) for name in read_pairs(lfw() / "view1-test-pairs.txt").pictures]
        people = read_people(lfw() / "view1-train-people.txt")
        held = [n for n in archive.names if person(n) in people and is_held_out(person(n))]
        photos = [archive.read(name) for name in held]

    def photo(chance: np.random.Generator) -> Pixels:
        return photograph(photos[int(chance.integers(len(photos)))])

    sets: dict[str, Callable[[], list[Pixels]]] = {
        "View 1 test pictures": lambda: tested,
        "frames of the synthetic entrance, 320 × 256": lambda: frames(COMPOSITES, 77),
        "composite scenes, 320 × 256, people held out": lambda: scenes(photo, COMPOSITES, 77),
    }
    figures: dict[str, dict[str, Any]] = {}
    claims_of_truth: list[dict[str, Any]] = []
    timed: Sequence[Picture] = ()
    for name, make in sets.items():
        sought = seek(make(), teacher, 77)
        timed = sought.pictures
        figures[name] = {who: told(judged(content, sought), sought) for who, content in files.items()}
    truth = {who: against_truth(content) for who, content in files.items()}
    for who, share in truth.items():
        claims_of_truth.append(
            claim(f"frames of the synthetic entrance, {who} against the truth that was drawn", share, "printed", None)
        )
    speed = milliseconds(files, timed[:300])
    mine = {name: both["bundled-detector"] for name, both in figures.items()}
    claims = claims_of_truth
    for (name, figure), least in zip(mine.items(), (0.90, 0.95, None), strict=True):
        share, alarms = figure["found_of_all"], figure["false_alarms_per_1000_hidden"]
        error = figure["point_error"]
        claims += [
            claim(
                f"{name}: share of YuNet's faces (score ≥ {TEACHER}) found",
                share,
                f"≥ {least}" if least else "printed",
                share["value"] >= least if least else None,
            ),
            claim(
                f"{name}: false alarms in 1,000 with the faces hidden",
                alarms,
                "≤ 20" if least else "printed",
                alarms <= 20 if least else None,
            ),
            claim(
                f"{name}: mean error of the points, share of the eye distance",
                error,
                "≤ 0.08" if least else "printed",
                error <= 0.08 if least else None,
            ),
        ]
    ratio = round(speed["bundled-detector"]["median"] / speed["yunet-2023mar"]["median"], 3)
    claims.append(claim("milliseconds a frame of 320 × 256, share of YuNet's", ratio, "≤ 1", ratio <= 1))
    cards = [card(registry["bundled-detector"], "make prove-detector", list(_figures(mine)))]
    return {"claims": claims, "milliseconds": speed, "bytes": len(ours), "figures": figures, "cards": cards}


def _figures(mine: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """For the card: of each set of pictures all faces, then those of each width, turn and light."""
    for name, figure in mine.items():
        for group, share in {"": figure["found_of_all"], **figure["by"]}.items():
            if "value" in share:
                low, high = share["interval"]
                what = f"share of YuNet's faces found{f', {group}' if group else ''} ({share['faces']} faces)"
                yield {"what": what, "value": share["value"], "low": low, "high": high, "on": name}
        alarms, error = figure["false_alarms_per_1000_hidden"], figure["point_error"]
        yield {"what": "false alarms in 1,000 with the faces hidden", "value": alarms, "on": name}
        yield {"what": "mean error of the points, share of the eye distance", "value": error, "on": name}
