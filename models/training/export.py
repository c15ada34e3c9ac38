"""From a trained student to an ONNX file for the manifest's contract, batch norms folded in; do the two agree?"""

from __future__ import annotations

import time

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from edge.align import SIZE
from models.training.student import DIMENSION, SLOPE, Inverted, Pair, Student, Unit

OPSET, IR = 13, 8
"""What every onnxruntime and OpenCV of the pinned ranges reads."""
AGREE = 1e-4


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

    def weight(self, values: NDArray[np.float64]) -> str:
        name = f"weight{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def conv(self, x: str, conv: nn.Conv2d, norm: nn.BatchNorm2d) -> str:
        scale, shift = _folded(norm)
        weight = self.weight(_numbers(conv.weight) * scale[:, None, None, None])
        side, stride, pad = conv.kernel_size[0], conv.stride[0], int(conv.padding[0])
        return self.add(
            "Conv", x, weight, self.weight(shift), kernel_shape=[side] * 2, strides=[stride] * 2, pads=[pad] * 4,
            group=conv.groups,
        )  # fmt: skip

    def module(self, x: str, module: nn.Module) -> str:
        if isinstance(module, Unit):
            y = self.conv(x, module.conv, module.norm)
            return y if isinstance(module.bend, nn.Identity) else self.bend(y)
        if isinstance(module, Pair):
            return self.bend(self.add("Add", x, self.sequence(x, module.branch)))
        if isinstance(module, Inverted):
            return self.add("Add", x, self.sequence(x, module.branch))
        raise ExportError(f"expected a part of the student, found {type(module).__name__}")

    def sequence(self, x: str, modules: nn.Sequential) -> str:
        for module in modules:
            x = self.module(x, module)
        return x

    def bend(self, x: str) -> str:
        return self.add("LeakyRelu", x, alpha=SLOPE)


def _numbers(tensor: torch.Tensor) -> NDArray[np.float64]:
    return np.asarray(tensor.detach().cpu().double().numpy())


def _folded(norm: nn.BatchNorm2d | nn.BatchNorm1d) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What a batch norm multiplies by and adds once it is trained."""
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        raise ExportError("expected a batch norm with running averages, found one without")
    scale = 1 / np.sqrt(_numbers(variance) + norm.eps)
    if norm.affine:
        scale = scale * _numbers(norm.weight)
    shift = -_numbers(mean) * scale
    return scale, shift + _numbers(norm.bias) if norm.affine else shift


def exported(student: Student) -> bytes:
    """The student as an ONNX file: `input` 1 × 3 × 112 × 112 float32 to `embedding` 1 × 128."""
    graph = _Graph()
    x = graph.sequence("input", student.body)
    flat = graph.add("Flatten", graph.conv(x, student.whole, student.whole_norm), axis=1)
    scale, shift = _folded(student.norm)
    weight = graph.weight(_numbers(student.last.weight) * scale[:, None])
    graph.add("Gemm", flat, weight, graph.weight(shift), name="embedding", transB=1)
    ends = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)]
        for name, shape in (("input", [1, 3, SIZE, SIZE]), ("embedding", [1, DIMENSION]))
    ]
    whole = helper.make_graph(graph.nodes, "threshold-embedder", ends[0], ends[1], graph.weights)
    model = helper.make_model(
        whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="threshold"
    )
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString()
    return content


def difference(student: Student, content: bytes, seed: int = 0) -> float:
    """The largest difference, over eight random inputs, between the student's unit vectors and the file's."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    student.eval()
    worst = 0.0
    for number in range(8):
        chance = torch.Generator().manual_seed(seed + number)
        pixels = torch.rand(1, 3, SIZE, SIZE, generator=chance) * 2 - 1
        with torch.no_grad():
            ours = nn.functional.normalize(student.cpu()(pixels), dim=1).numpy()
        (theirs,) = session.run(None, {"input": pixels.numpy()})
        worst = max(worst, float(np.abs(ours - theirs / np.linalg.norm(theirs)).max()))
    return worst


def milliseconds(content: bytes, times: int = 100) -> float:
    """The median time of one face on one thread, by onnxruntime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    pixels = np.zeros((1, 3, SIZE, SIZE), np.float32)
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        session.run(None, {entry.name: pixels})
        took.append(time.perf_counter() - begun)
    return round(1e3 * float(np.median(took)), 2)


def agreed(student: Student) -> bytes:
    """The exported file, after it has shown that it says what the student says. Raises ExportError."""
    content = exported(student)
    if (found := difference(student, content)) > AGREE:
        raise ExportError(f"expected unit vectors within {AGREE:g} of the student's, found {found:.2g} beside them")
    return content
