"""From a trained detector to an ONNX file of the contract: batch norms folded in, any size."""

from __future__ import annotations

import math

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from edge.detect import STRIDES
from models.training.detector_network import SCALE, Finder, Thin, Unit

OPSET, IR = 13, 8
"""What every onnxruntime and OpenCV of the pinned ranges reads."""
AGREE = 1e-4
SCORE = 0.6
"""The detector's default score: the chosen one is shifted here, so that nobody has to name another."""


class ExportError(RuntimeError):
    """Error raised when the exported network doesn't say what the student says."""


class _Graph:
    """Nodes and weights under construction; every method returns the name of what it made."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, name: str | None = None, **attributes: object) -> str:
        name = name or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def weight(self, values: NDArray[np.generic]) -> str:
        name = f"weight{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def conv(self, x: str, conv: nn.Conv2d, weight: NDArray[np.float64], bias: NDArray[np.float64]) -> str:
        side, stride, pad = conv.kernel_size[0], conv.stride[0], int(conv.padding[0])
        return self.add(
            "Conv", x, self.weight(weight.astype(np.float32)), self.weight(bias.astype(np.float32)),
            kernel_shape=[side] * 2, strides=[stride] * 2, pads=[pad] * 4, group=conv.groups,
        )  # fmt: skip

    def unit(self, x: str, unit: Unit, scale: float = 1.0) -> str:
        norm = unit.norm
        if norm.running_mean is None or norm.running_var is None:
            raise ExportError("expected a batch norm with running averages, found one without")
        by = _numbers(norm.weight) / np.sqrt(_numbers(norm.running_var) + norm.eps)
        shift = _numbers(norm.bias) - _numbers(norm.running_mean) * by
        y = self.conv(x, unit.conv, _numbers(unit.conv.weight) * by[:, None, None, None] * scale, shift)
        return self.add("Relu", y) if unit.bend else y

    def thin(self, x: str, thin: Thin) -> str:
        y = self.unit(self.unit(x, thin.each), thin.across)
        return self.add("Relu", self.add("Add", x, y) if thin.shortcut else y)


def _numbers(tensor: torch.Tensor) -> NDArray[np.float64]:
    return np.asarray(tensor.detach().cpu().double().numpy())


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
        weight, bias = _numbers(head.weight), _numbers(head.bias)
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
    ins = [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, "height", "width"])]
    outs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, f"cells_{n}", size]) for n, size in outputs]
    whole = helper.make_graph(graph.nodes, "threshold-detector", ins, outs, graph.weights)
    model = helper.make_model(
        whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="threshold"
    )
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString()
    return content


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
