"""From a trained student to an ONNX file for the manifest's contract, batch norms folded in; do the two agree?"""

from __future__ import annotations

import time

import numpy as np
import onnxruntime
import torch
from torch import nn

from edge.align import SIZE
from models.training.graph import ExportError, Graph, folded, numbers
from models.training.student import DIMENSION, SLOPE, Inverted, Pair, Student, Unit

AGREE = 1e-4


class _Graph(Graph):
    """The student's parts."""

    def module(self, x: str, module: nn.Module) -> str:
        if isinstance(module, Unit):
            y = self.normed(x, module.conv, module.norm)
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


def exported(student: Student) -> bytes:
    """The student as an ONNX file: `input` 1 × 3 × 112 × 112 float32 to `embedding` 1 × 128."""
    graph = _Graph()
    x = graph.sequence("input", student.body)
    flat = graph.add("Flatten", graph.normed(x, student.whole, student.whole_norm), axis=1)
    scale, shift = folded(student.norm)
    weight = graph.weight(numbers(student.last.weight) * scale[:, None])
    graph.add("Gemm", flat, weight, graph.weight(shift), name="embedding", transB=1)
    return graph.file("threshold-embedder", {"input": [1, 3, SIZE, SIZE]}, {"embedding": [1, DIMENSION]})


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
