"""Running networks: what is broken says so by name, and whole ones answer by the outputs' names."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from edge.network import NetworkError, OnnxRuntime
from edge.vision import open_detector
from models.registry import Installed


def test_outputs_come_by_name(tiny_networks):
    outputs = tiny_networks.embedder_backend().run(np.zeros((1, 3, 112, 112), np.float32))
    assert {name: (output.shape, output.dtype) for name, output in outputs.items()} == {
        "output0": ((1, 128), np.float32)
    }


def test_more_threads_give_the_same(tiny_networks):
    tensor = np.random.default_rng(0).random((1, 3, 112, 112), np.float32)
    one, two = (OnnxRuntime(tiny_networks.embedder.read(), "x", threads).run(tensor)["output0"] for threads in (1, 2))
    np.testing.assert_allclose(one, two, atol=1e-5)


@pytest.mark.parametrize("kept", [0, 1, 100, -1])
def test_a_network_cut_off_is_refused(tiny_networks, kept):
    with pytest.raises(NetworkError, match="half: expected a network that onnxruntime can load, found: "):
        OnnxRuntime(tiny_networks.embedder.read()[:kept], "half")


@pytest.mark.parametrize("content", [b"not a network", b"\x00" * 1000, b"\xff" * 1000])
def test_bytes_that_are_no_network_are_refused(content):
    with pytest.raises(NetworkError, match="nonsense: expected a network that onnxruntime can load, found: "):
        OnnxRuntime(content, "nonsense")


@pytest.mark.parametrize(
    "shape", [(1, 3, 112, 111), (2, 3, 112, 112), (1, 1, 112, 112), (3, 112, 112), (), (0,), (1, 3, 0, 0)]
)
def test_an_input_of_another_shape_is_refused(tiny_networks, shape):
    with pytest.raises(NetworkError) as caught:
        tiny_networks.embedder_backend().run(np.zeros(shape, np.float32))
    assert str(caught.value).startswith(f"tiny-embedder: failed on an input of the shape {shape}: ")


def test_an_input_of_another_type_is_refused(tiny_networks):
    with pytest.raises(NetworkError, match="tiny-embedder: failed on an input"):
        tiny_networks.embedder_backend().run(np.zeros((1, 3, 112, 112), np.uint8))


def test_after_a_failure_the_network_still_runs(tiny_networks):
    backend = tiny_networks.embedder_backend()
    with pytest.raises(NetworkError):
        backend.run(np.zeros((1,), np.float32))
    assert backend.run(np.zeros((1, 3, 112, 112), np.float32))["output0"].shape == (1, 128)


@pytest.mark.parametrize("content", [b"", b"not a network", b"\xff" * 100])
def test_a_detector_s_file_that_is_no_network_is_refused(tiny_networks, tmp_path, content):
    (tmp_path / "odd.onnx").write_bytes(content)
    entry = tiny_networks.registry["tiny-detector"]
    # As in a manifest of one's own that names this very file.
    listed = entry.model_copy(update={"size": len(content), "sha256": hashlib.sha256(content).hexdigest()})
    with pytest.raises(NetworkError, match="tiny-detector: expected "):
        open_detector(Installed(listed, tmp_path / "odd.onnx"))
