"""The public networks' own files, where they lie beside the checkout: the manifest says the truth about them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from models.registry import Registry

FOLDER = Path(__file__).parents[3] / "shared" / "models"
HERE = ["yunet-2023mar", "mobilefacenet-foamliu", "minifas-98.20", "minifas-98.20-int8"]

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="needs ../shared/models, absent here"),
    pytest.mark.parametrize("name", HERE),
]


def test_size_and_digest_are_the_manifest_s(name):
    registry = Registry.bundled()
    assert len(registry.locate(name, FOLDER).read()) == registry[name].size


def test_inputs_and_outputs_are_the_manifest_s(name):
    registry = Registry.bundled()
    network, content = registry[name], registry.locate(name, FOLDER).read()
    graph = onnx.load_model_from_string(content).graph
    weights = {weight.name for weight in graph.initializer}
    assert [entry.name for entry in graph.input if entry.name not in weights] == [network.input.name]
    sides = [dimension.dim_value for dimension in graph.input[0].type.tensor_type.shape.dim][2:]
    assert network.input.fits(sides[1], sides[0])
    expected = network.output.names if network.output.kind == "yunet" else (network.output.name,)
    assert tuple(entry.name for entry in graph.output) == expected


def test_onnxruntime_runs_the_checked_bytes(name):
    registry = Registry.bundled()
    session = onnxruntime.InferenceSession(registry.locate(name, FOLDER).read(), providers=["CPUExecutionProvider"])
    shape = [side if isinstance(side, int) else 1 for side in session.get_inputs()[0].shape]
    first = session.run(None, {session.get_inputs()[0].name: np.zeros(shape, np.float32)})[0]
    output = registry[name].output
    expected = {"yunet": (1, 6400, 1), "embedding": (1, 128), "logits": (1, 2)}[output.kind]
    assert first.shape == expected
