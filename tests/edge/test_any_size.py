"""A detector with a declared size, freed from it: other sizes run, and the numbers stay."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from edge.network import NetworkError, OnnxRuntime
from models.anysize import any_size


def declared(content: bytes, width: int, height: int) -> bytes:
    """The network with every size of inputs and outputs written down, as YuNet's file has 640 × 640."""
    model = onnx.load_from_string(content)
    for axis, size in ((2, height), (3, width)):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_value = size
    for output in model.graph.output:
        stride = int(output.name.rsplit("_")[-1])
        output.type.tensor_type.shape.dim[1].dim_value = (width // stride) * (height // stride)
    return onnx.shape_inference.infer_shapes(model).SerializeToString()


def picture(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (1, 3, height, width)).astype(np.float32)


def equal(first, second) -> None:
    assert list(first) == list(second)
    for name in first:
        # Not to the last bit: onnxruntime rearranges a network whose sizes it knows.
        np.testing.assert_allclose(first[name], second[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("width", "height"), [(320, 256), (96, 160), (32, 32)])
def test_other_sizes_give_the_numbers_of_the_network_that_never_had_one(tiny_networks, width, height):
    content = tiny_networks.detector.read()
    fixed = declared(content, 640, 640)
    with pytest.raises(NetworkError):
        OnnxRuntime(fixed, "fixed").run(picture(width, height))
    freed = OnnxRuntime(any_size(fixed), "freed").run(picture(width, height))
    equal(freed, OnnxRuntime(content, "free").run(picture(width, height)))


def test_the_declared_size_gives_the_numbers_it_gave(tiny_networks):
    fixed = declared(tiny_networks.detector.read(), 320, 256)
    equal(
        OnnxRuntime(any_size(fixed), "freed").run(picture(320, 256)), OnnxRuntime(fixed, "fixed").run(picture(320, 256))
    )


def test_weights_and_operations_are_untouched(tiny_networks):
    fixed = declared(tiny_networks.detector.read(), 640, 640)
    before, after = onnx.load_from_string(fixed).graph, onnx.load_from_string(any_size(fixed)).graph
    assert (after.node, after.initializer) == (before.node, before.initializer)


def test_no_declared_size_is_left_in_the_file(tiny_networks):
    graph = onnx.load_from_string(any_size(declared(tiny_networks.detector.read(), 640, 640))).graph
    assert len(graph.value_info) == 0
    shapes = {part.name: part.type.tensor_type.shape.dim for part in (*graph.input, *graph.output)}
    assert [dim.dim_param for dim in shapes.pop("input")] == ["", "", "height", "width"]
    assert {name: dims[1].dim_param for name, dims in shapes.items()} == {name: f"cells_{name}" for name in shapes}


def test_twice_is_once(tiny_networks):
    once = any_size(tiny_networks.detector.read())
    assert any_size(once) == once
