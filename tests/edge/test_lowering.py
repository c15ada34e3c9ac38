"""Networks carried over to ncnn: each operation alone gives what onnxruntime gives; others are refused by name."""

from __future__ import annotations

import importlib.util

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge.backend import open_backend
from edge.backend.lowering import MAGIC, lower
from edge.network import NetworkError, OnnxRuntime
from models.runtime import Runtime

needs_ncnn = pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="needs the extra ncnn, absent here")
CHANCE = np.random.default_rng(0)


def weights(*shape: int) -> np.ndarray:
    return CHANCE.standard_normal(shape).astype(np.float32)


def network(*nodes, outputs=("y",), **constants) -> onnx.ModelProto:
    """x (1 × 4 × 12 × 10) goes in; what the nodes make of it comes out."""
    graph = helper.make_graph(
        [helper.make_node(kind, inputs.split(), made.split(), **settings) for kind, inputs, made, settings in nodes],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 12, 10])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    onnx.checker.check_model(inferred)
    return inferred


SCALES = np.array([1, 1, 2, 2], np.float32)
NEAREST = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
KNOWN = {
    "convolution": network(("Conv", "x w b", "y", {"pads": [1, 1, 1, 1]}), w=weights(6, 4, 3, 3), b=weights(6)),
    "no bias, stride, uneven padding": network(
        ("Conv", "x w", "y", {"pads": [0, 1, 2, 3], "strides": [2, 1]}), w=weights(5, 4, 3, 2)
    ),
    "holes": network(("Conv", "x w", "y", {"dilations": [2, 1], "pads": [2, 0, 1, 1]}), w=weights(5, 4, 3, 3)),
    "each channel alone": network(
        ("Conv", "x w b", "y", {"group": 4, "pads": [1, 1, 1, 1]}), w=weights(4, 1, 3, 3), b=weights(4)
    ),
    "groups": network(("Conv", "x w", "y", {"group": 2}), w=weights(6, 2, 1, 1)),
    "product": network(
        ("Flatten", "x", "f", {}), ("Gemm", "f w b", "y", {"transB": 1}), w=weights(7, 480), b=weights(7)
    ),
    "product, other way round": network(
        ("Flatten", "x", "f", {}), ("Gemm", "f w b", "y", {}), w=weights(480, 7), b=weights(7)
    ),
    "relu": network(("Relu", "x", "y", {})),
    "leaky": network(("LeakyRelu", "x", "y", {"alpha": 0.25})),
    "clip": network(("Clip", "x low high", "y", {}), low=np.float32(-0.5), high=np.float32(0.25)),
    "sigmoid": network(("Sigmoid", "x", "y", {})),
    "used twice": network(("Relu", "x", "r", {}), ("Sigmoid", "x", "s", {}), ("Add", "r s", "y", {})),
    "with itself": network(("Relu", "x", "r", {}), ("Add", "r r", "y", {})),
    "largest": network(("MaxPool", "x", "y", {"kernel_shape": [2, 3], "strides": [2, 3]})),
    "enlarged": network(("Resize", "x none scales", "y", NEAREST), none=np.array([], np.float32), scales=SCALES),
    "rows of cells": network(
        ("Transpose", "x", "t", {"perm": [0, 2, 3, 1]}), ("Reshape", "t s", "y", {}), s=np.array([1, -1, 4])
    ),
    "one vector": network(("Relu", "x", "r", {}), ("Reshape", "r s", "y", {}), s=np.array([1, -1])),
    "two outputs": network(
        ("Relu", "x", "r", {}), ("Sigmoid", "x", "s", {}), ("Identity", "s", "i", {}), outputs=("r", "i")
    ),
    "a constant in the graph": network(
        ("Constant", "", "low", {"value": numpy_helper.from_array(np.float32(-1.0))}),
        ("Constant", "", "high", {"value": numpy_helper.from_array(np.float32(1.0))}),
        ("Clip", "x low high", "y", {}),
    ),
}
UNKNOWN = {
    "Tanh": network(("Tanh", "x", "y", {})),
    "Conv with auto_pad b'SAME_UPPER'": network(
        ("Conv", "x w", "y", {"auto_pad": "SAME_UPPER"}), w=weights(4, 4, 3, 3)
    ),
    "MaxPool with padding, holes or rounding up": network(
        ("MaxPool", "x", "y", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]})
    ),
    "Resize other than to the nearest by whole scales": network(
        ("Resize", "x none scales", "y", NEAREST | {"nearest_mode": "ceil"}),
        none=np.array([], np.float32),
        scales=SCALES,
    ),
    "Gemm other than input · weights + bias": network(
        ("Flatten", "x", "f", {}), ("Gemm", "f w b", "y", {"alpha": 2.0}), w=weights(480, 7), b=weights(7)
    ),
    "Reshape to [1, 16, 30]": network(("Reshape", "x s", "y", {}), s=np.array([1, 16, 30])),
    "Transpose of this kind": network(("Transpose", "x", "y", {"perm": [0, 3, 2, 1]})),
    "Clip of this kind": network(("Clip", "x", "y", {})),
    "Add of this kind": network(("Add", "x c", "y", {}), c=weights(1, 4, 1, 1)),
    "a result that is an output and goes on: r": network(
        ("Relu", "x", "r", {}), ("Sigmoid", "r", "y", {}), outputs=("r", "y")
    ),
}


@needs_ncnn
@pytest.mark.parametrize("name", KNOWN)
def test_an_operation_gives_what_onnxruntime_gives(name):
    content = KNOWN[name].SerializeToString()
    tensor = weights(1, 4, 12, 10)
    expected = OnnxRuntime(content, "plain").run(tensor)
    for threads in (1, 2):
        found = open_backend(content, "other", Runtime("ncnn", threads)).run(tensor)
        assert list(found) == list(expected)
        for output, values in expected.items():
            assert found[output].shape == values.shape
            np.testing.assert_allclose(found[output], values, atol=2e-5)


@pytest.mark.parametrize("name", KNOWN)
def test_the_text_counts_its_layers_and_results(name):
    text, content = lower(KNOWN[name], name)
    magic, counts, *layers = text.splitlines()
    assert magic == str(MAGIC)
    made = [each.split()[4 + int(each.split()[2]) :][: int(each.split()[3])] for each in layers]
    assert counts == f"{len(layers)} {sum(map(len, made))}"
    names = [result for results in made for result in results]
    assert len(set(names)) == len(names)
    used = [name for each in layers for name in each.split()[4 : 4 + int(each.split()[2])]]
    assert len(set(used)) == len(used), "in ncnn a result is used once"
    assert set(used) <= set(names)
    assert len(content) % 4 == 0


@pytest.mark.parametrize("what", UNKNOWN)
def test_what_is_not_known_is_named(what):
    with pytest.raises(NetworkError) as caught:
        lower(UNKNOWN[what], "odd")
    assert str(caught.value) == f"odd: expected operations that can be carried over to ncnn, found {what}."
