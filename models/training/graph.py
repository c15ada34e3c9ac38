"""An ONNX file under construction: nodes, weights, batch norms folded in; for every student the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

OPSET, IR = 13, 8
"""What every onnxruntime and OpenCV of the pinned ranges reads."""

Shape = Sequence[int | str]


class ExportError(RuntimeError):
    """Error raised when a network can't be exported, or the file doesn't say what the student says."""


class Graph:
    """Nodes and weights under construction; every method returns the name of what it made."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, name: str | None = None, **attributes: object) -> str:
        """A node."""
        name = name or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def weight(self, values: NDArray[np.generic]) -> str:
        """A constant; what was computed in double precision is kept in single."""
        name = f"weight{len(self.weights)}"
        kept = values.astype(np.float32) if values.dtype == np.float64 else values
        self.weights.append(numpy_helper.from_array(kept, name))
        return name

    def conv(self, x: str, conv: nn.Conv2d, weight: NDArray[np.float64], bias: NDArray[np.float64]) -> str:
        """A convolution of the shape of `conv` with these weights."""
        side, stride, pad = conv.kernel_size[0], conv.stride[0], int(conv.padding[0])
        return self.add(
            "Conv", x, self.weight(weight), self.weight(bias),
            kernel_shape=[side] * 2, strides=[stride] * 2, pads=[pad] * 4, group=conv.groups,
        )  # fmt: skip

    def normed(self, x: str, conv: nn.Conv2d, norm: nn.BatchNorm2d, scale: float = 1.0) -> str:
        """A convolution and the batch norm after it as one; `scale` is what its input is multiplied by."""
        by, shift = folded(norm)
        return self.conv(x, conv, numbers(conv.weight) * by[:, None, None, None] * scale, shift)

    def file(self, name: str, inputs: dict[str, Shape], outputs: dict[str, Shape]) -> bytes:
        """The whole file, checked. Shapes are numbers, or names where any number goes."""
        ends = [
            [helper.make_tensor_value_info(end, TensorProto.FLOAT, list(shape)) for end, shape in side.items()]
            for side in (inputs, outputs)
        ]
        whole = helper.make_graph(self.nodes, name, ends[0], ends[1], self.weights)
        model = helper.make_model(
            whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="threshold"
        )
        onnx.checker.check_model(model, full_check=True)
        content: bytes = model.SerializeToString()
        return content


def numbers(tensor: torch.Tensor) -> NDArray[np.float64]:
    """A tensor's numbers."""
    return np.asarray(tensor.detach().cpu().double().numpy())


def folded(norm: nn.BatchNorm2d | nn.BatchNorm1d) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What a batch norm multiplies by and adds once it is trained. Raises ExportError."""
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        raise ExportError("expected a batch norm with running averages, found one without")
    scale = 1 / np.sqrt(numbers(variance) + norm.eps)
    if norm.affine:
        scale = scale * numbers(norm.weight)
    shift = -numbers(mean) * scale
    return scale, shift + numbers(norm.bias) if norm.affine else shift
