"""`threshold entrance`: the synthetic entrance, to look at: a contact sheet or a short clip."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from threshold.output import JSON_HELP, console, emit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.entrance import Entrance, Frame
    from edge.face import Pixels

EXAMPLE = "Example: threshold entrance --preview entrance.png --people 6 --attacks 0.3"
CLIPS = {".mp4": "mp4v", ".avi": "MJPG"}
"""What a file's ending says, and the codec that is written."""
PICTURES = (".png", ".jpg", ".jpeg")


class Arrivals(StrEnum):
    """How people come."""

    single = "single"
    pairs = "pairs"
    bus = "bus"
    crowd = "crowd"
    mixed = "mixed"


def entrance(
    preview: Annotated[
        Path, typer.Option(metavar="FILE", help="A contact sheet (.png, .jpg) or a clip (.mp4, .avi) to write.")
    ],
    people: Annotated[int, typer.Option(min=1, max=100_000, help="How many synthetic people.")] = 12,
    visits: Annotated[int, typer.Option(min=1, max=10_000, help="How many visits.")] = 4,
    arrivals: Annotated[
        Arrivals,
        typer.Option(help="One by one, in pairs, a bus-load, twelve in view at once, or all but the twelve in turn."),
    ] = (Arrivals.mixed),
    attacks: Annotated[
        float, typer.Option(min=0, max=1, help="Share of single visits with a print or phone held up.")
    ] = 0.2,
    width: Annotated[int, typer.Option(min=64, max=8192, help="Of a frame, px.")] = 640,
    height: Annotated[int, typer.Option(min=64, max=8192, help="Of a frame, px.")] = 360,
    rate: Annotated[float, typer.Option(min=0.1, max=1000, help="Frames per second.")] = 15.0,
    seed: Annotated[int, typer.Option(help="The same seed draws the same frames.")] = 0,
    boxes: Annotated[bool, typer.Option(help="Draw the true boxes and points.")] = True,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Draw the synthetic entrance: people who don't exist come to a drawn door. Nobody is filmed."""
    kind = preview.suffix.lower()
    if kind not in (*PICTURES, *CLIPS):
        raise typer.BadParameter(
            f"expected a name that ends in {', '.join((*PICTURES, *CLIPS))}, found {preview.name}",
            param_hint="--preview",
        )
    from edge.entrance import Entrance

    source = Entrance(tuple(range(people)), visits, arrivals.value, width, height, rate, seed=seed, attacks=attacks)
    preview.parent.mkdir(parents=True, exist_ok=True)
    if kind in CLIPS:
        _clip(source, preview, CLIPS[kind], boxes)
    else:
        _sheet(source, preview, boxes)
    if json:
        emit({"file": str(preview), "frames": len(source), "seconds": source.seconds, "visits": visits})
    else:
        console().print(f"Written: {preview} ({len(source)} frames in all, {source.seconds:.1f} s)", soft_wrap=True)


def _clip(source: Entrance, path: Path, codec: str, boxes: bool) -> None:
    import cv2

    from threshold.files import OutputError

    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), source.rate, (source.width, source.height))
    if not writer.isOpened():
        raise OutputError(f"{path}: expected a clip to be written, but this OpenCV can't write it. Try .avi or .png.")
    try:
        for frame in source:
            writer.write(_marked(frame, boxes))
    finally:
        writer.release()


def _sheet(source: Entrance, path: Path, boxes: bool, columns: int = 4, rows: int = 6) -> None:
    """Frames from beginning to end, evenly spaced; at most 480 px wide each."""
    import cv2
    import numpy as np

    from threshold.files import OutputError

    chosen = {round(index) for index in np.linspace(0, len(source) - 1, columns * rows)}
    shrink = min(1.0, 480 / source.width)
    size = (max(1, round(source.width * shrink)), max(1, round(source.height * shrink)))
    tiles = [cv2.resize(_marked(frame, boxes), size, interpolation=cv2.INTER_AREA) for frame in _some(source, chosen)]
    blank = np.zeros_like(tiles[0])
    tiles += [blank] * (-len(tiles) % columns)
    lines = [np.concatenate(tiles[start : start + columns], axis=1) for start in range(0, len(tiles), columns)]
    if not cv2.imwrite(str(path), np.concatenate(lines)):
        raise OutputError(f"{path}: can't be written. Name another place with --preview.")


def _some(source: Entrance, chosen: set[int]) -> Iterator[Frame]:
    for number in sorted(chosen):
        yield source.frame(number)


def _marked(frame: Frame, boxes: bool) -> Pixels:
    import cv2
    import numpy as np

    pixels = frame.pixels.copy()
    if boxes:
        for face in frame.truth:
            box = face.box
            colour = (60, 60, 230) if face.attack else (80, 200, 80)
            corner = round(box.left), round(box.top)
            cv2.rectangle(pixels, corner, (round(box.left + box.width), round(box.top + box.height)), colour, 1)
            cv2.putText(
                pixels,
                f"{face.identity}{' ' + face.attack if face.attack else ''}",
                (corner[0], corner[1] - 3),
                cv2.FONT_HERSHEY_SIMPLEX,
                0.4,
                colour,
                1,
                cv2.LINE_AA,
            )
            for x, y in np.rint(face.points).astype(int):
                cv2.circle(pixels, (int(x), int(y)), 1, colour, -1)
    return pixels
