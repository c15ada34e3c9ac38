"""From a trained detector to an ONNX file of the contract: batch norms folded in, any size."""

from __future__ import annotations

import math

import numpy as np
import onnxruntime
import torch
from torch import nn

from edge.detect import STRIDES
from models.training.detector_network import SCALE, Finder, Thin, Unit
from models.training.graph import ExportError, Graph, numbers

AGREE = 1e-4
SCORE = 0.6
"""The detector's default score: the chosen one is shifted here, so that nobody has to name another."""


class _Graph(Graph):
    """The detector's parts."""

    def unit(self, x: str, unit: Unit, scale: float = 1.0) -> str:
        y = self.normed(x, unit.conv, unit.norm, scale)
        return self.add("Relu", y) if unit.bend else y

    def thin(self, x: str, thin: Thin) -> str:
        y = self.unit(self.unit(x, thin.each), thin.across)
        return self.add("Relu", self.add("Add", x, y) if thin.shortcut else y)


def exported(finder: Finder, score: float = SCORE) -> bytes:
    """The student as an ONNX file; a cell to which it gives `score` has 0.6 there."""
    graph = _Graph()
    lift = math.log(SCORE / (1 - SCORE)) - math.log(score / (1 - score))
    x, scale, seen = "input", SCALE, []
    for stage, lateral in zip(finder.stages, finder.laterals, strict=True):
        for part in stage:
            x = graph.unit(x, part, scale) if isinstance(part, Unit) else graph.thin(x, part)
            scale = 1.0
        seen.append(graph.unit(x, lateral))
    sizes = graph.weight(np.array([1, 1, 2, 2], np.float32))
    for low, high in ((1, 2), (0, 1)):
        wide = graph.add(
            "Resize", seen[high], "", sizes, mode="nearest", nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        )  # fmt: skip
        seen[low] = graph.add("Relu", graph.add("Add", seen[low], wide))
    seen[2] = graph.add("Relu", seen[2])
    outputs = []
    for stride, part, mixer, head in zip(STRIDES, seen, finder.mixers, finder.heads, strict=True):
        last = graph.thin(part, mixer)
        weight, bias = numbers(head.weight), numbers(head.bias)
        bias[0] += lift
        for name, rows in (("cls", slice(0, 1)), ("bbox", slice(1, 5)), ("kps", slice(5, 15))):
            size = rows.stop - rows.start
            y = graph.conv(last, head, weight[rows], bias[rows])
            y = graph.add("Transpose", y, perm=[0, 2, 3, 1])
            shape = graph.weight(np.array([1, -1, size], np.int64))
            if name == "cls":
                y = graph.add("Sigmoid", graph.add("Reshape", y, shape))
                for both in ("cls", "obj"):
                    outputs.append((graph.add("Identity", y, name=f"{both}_{stride}"), size))
            else:
                outputs.append((graph.add("Reshape", y, shape, name=f"{name}_{stride}"), size))
    outputs.sort(key=lambda output: ("cls", "obj", "bbox", "kps").index(output[0].split("_")[0]))
    return graph.file(
        "threshold-detector",
        {"input": [1, 3, "height", "width"]},
        {name: [1, f"cells_{name}", size] for name, size in outputs},
    )


def difference(finder: Finder, content: bytes, score: float = SCORE, seed: int = 0) -> float:
    """The largest difference between what the student and the file say, over random pictures of several sizes."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    lift = math.log(SCORE / (1 - SCORE)) - math.log(score / (1 - score))
    finder = finder.cpu().eval()
    worst = 0.0
    for number, (height, width) in enumerate(((256, 256), (256, 320), (96, 32), (480, 640))):
        chance = torch.Generator().manual_seed(seed + number)
        coarse = torch.rand(1, 3, height // 8, width // 8, generator=chance) * 255
        picture = nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")
        with torch.no_grad():
            logits, shapes = finder(picture)
        told = dict(zip(names, session.run(names, {"input": picture.numpy()}), strict=True))
        for part, ours in (
            ("cls", torch.sigmoid(logits + lift)[..., None]), ("obj", torch.sigmoid(logits + lift)[..., None]),
            ("bbox", shapes[..., :4]), ("kps", shapes[..., 4:]),
        ):  # fmt: skip
            theirs = np.concatenate([told[f"{part}_{stride}"] for stride in STRIDES], 1)
            worst = max(worst, float(np.abs(ours.numpy() - theirs).max()))
    return worst


def agreed(finder: Finder, score: float = SCORE) -> bytes:
    """The exported file, after it has shown that it says what the student says. Raises ExportError."""
    content = exported(finder, score)
    if (worst := difference(finder, content, score)) > AGREE:
        raise ExportError(f"the file and the student differ by {worst:g}, more than {AGREE:g}")
    return content
