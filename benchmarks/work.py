"""Work of a network, counted: multiplications with addition, of one inference at one input size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class WorkError(ValueError):
    """Error raised when a network's work can't be counted: names the operation."""


def multiply_adds(model: bytes, shape: Sequence[int]) -> int:
    """Of all convolutions and matrix products, for an input of this shape; what the others do is next to nothing.

    Raises WorkError where a shape inside the network can't be worked out.
    """
    import onnx  # noqa: PLC0415  slow to import, and only where work is counted

    parsed = onnx.load_from_string(model)
    weights = {tensor.name: tuple(tensor.dims) for tensor in parsed.graph.initializer}
    del parsed.graph.value_info[:]
    for entry in parsed.graph.input:
        if entry.name not in weights:
            for axis, side in enumerate(shape):
                entry.type.tensor_type.shape.dim[axis].dim_value = side
    for output in parsed.graph.output:
        output.type.tensor_type.ClearField("shape")
    whole = onnx.shape_inference.infer_shapes(parsed, data_prop=True)
    shapes = weights | {
        value.name: tuple(side.dim_value for side in value.type.tensor_type.shape.dim)
        for value in (*whole.graph.input, *whole.graph.value_info, *whole.graph.output)
    }
    total = 0
    for node in whole.graph.node:
        if node.op_type not in ("Conv", "Gemm", "MatMul"):
            continue
        made, taken = shapes.get(node.output[0], ()), shapes.get(node.input[1], ())
        if not made or 0 in made or not taken:
            raise WorkError(f"{node.op_type} {node.output[0]}: expected a known shape, found {made}.")
        if node.op_type == "Conv":
            total += int(np.prod(made)) * int(np.prod(taken[1:]))
        else:
            transposed = any(each.name == "transB" and each.i for each in node.attribute)
            total += int(np.prod(made)) * taken[1 if transposed else 0]
    return total
