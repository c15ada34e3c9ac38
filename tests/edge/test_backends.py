"""Backends: each gives what the plain one gives, on every network that comes along, and refuses what it can't run."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest
from support import MODELS, needs_models

from edge.backend import installed, open_backend, versions
from edge.network import NetworkError, OnnxRuntime
from edge.vision import open_detector
from models.anysize import any_size
from models.registry import Registry
from models.runtime import DEFAULT, Runtime

TOLERANCE = 1e-4
"""The most that an output value may be apart (outputs are a few units large): rounding in float32 gives some 1e-6."""
needs_ncnn = pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="needs the extra ncnn, absent here")
RUNTIMES = [
    pytest.param(Runtime("onnxruntime", 2), id="onnxruntime-2"),
    pytest.param(Runtime("onnxruntime", 2, spin=True), id="onnxruntime-2-spin"),
    pytest.param(Runtime("opencv", 1), id="opencv-1"),
    pytest.param(Runtime("opencv", 2), id="opencv-2"),
    pytest.param(Runtime("ncnn", 1), id="ncnn-1", marks=needs_ncnn),
    pytest.param(Runtime("ncnn", 2), id="ncnn-2", marks=needs_ncnn),
]


def content(name: str) -> bytes:
    found = Registry.bundled().locate(name, MODELS if MODELS.is_dir() and not name.startswith("bundled") else None)
    return any_size(found.read()) if found.network.role == "detector" else found.read()


def tensors(role: str) -> Iterator[np.ndarray]:
    """Noise, smooth and rough, in the range that the network is used to; detectors also in several sizes, from 64 px:
    OpenCV 4.14 is wrong below (docs/decisions/0013-backends.md), which the race finds by itself."""
    chance = np.random.default_rng(0)
    if role == "detector":
        for height, width in ((288, 480), (160, 160), (64, 96)):
            noise = chance.integers(0, 256, (height, width, 3), dtype=np.uint8)
            for pixels in (noise, cv2.GaussianBlur(noise, (0, 0), 4)):
                yield np.ascontiguousarray(pixels.astype(np.float32).transpose(2, 0, 1)[None])
    else:
        for _ in range(4):
            yield chance.standard_normal((1, 3, 112, 112), np.float32)


def agree(model: bytes, runtime: Runtime, role: str) -> None:
    plain, other = OnnxRuntime(model, "plain"), open_backend(model, "other", runtime)
    for tensor in tensors(role):
        expected, found = plain.run(tensor), other.run(tensor)
        assert list(found) == list(expected)
        for name, output in expected.items():
            assert found[name].shape == output.shape, name
            assert found[name].dtype == np.float32
            np.testing.assert_allclose(found[name], output, rtol=0, atol=TOLERANCE, err_msg=name)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("role", ["detector", "embedder"])
def test_every_backend_gives_what_the_plain_one_gives(runtime, role):
    agree(content(f"bundled-{role}"), runtime, role)


@needs_models
@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(("name", "role"), [("yunet-2023mar", "detector"), ("mobilefacenet-foamliu", "embedder")])
def test_every_backend_gives_it_for_the_stronger_networks(runtime, name, role):
    agree(content(name), runtime, role)


@pytest.mark.parametrize("name", [*installed()])
def test_a_network_is_run_with_what_it_carries(name, tiny_networks):
    registered = Registry.bundled().locate("bundled-detector")
    kept = []
    for found in (replace(registered, runtime=Runtime(name)), registered):
        open_detector(found, around=lambda backend: kept.append(backend) or backend)
    chosen, plain = kept
    assert type(chosen).__name__ == {"onnxruntime": "OnnxRuntime", "opencv": "OpenCv", "ncnn": "Ncnn"}[name]
    assert isinstance(plain, OnnxRuntime)


def test_a_call_may_name_the_threads_itself(monkeypatch, tiny_networks):
    asked = []
    monkeypatch.setattr(
        "edge.vision.open_backend", lambda model, name, runtime: asked.append(runtime) or OnnxRuntime(model, name)
    )
    spinning = replace(tiny_networks.detector, runtime=Runtime("onnxruntime", 4, spin=True))
    for threads in (None, 2, 1):
        open_detector(spinning, threads)
    assert [(each.threads, each.spin) for each in asked] == [(4, True), (2, True), (1, False)]


def test_opencv_gives_it_for_the_tiny_embedder(tiny_networks):
    agree(tiny_networks.embedder.read(), Runtime("opencv"), "embedder")


@needs_ncnn
def test_ncnn_names_the_operation_that_it_lacks(tiny_networks):
    with pytest.raises(NetworkError, match="odd: expected operations that can be carried over to ncnn, found Ave"):
        open_backend(tiny_networks.embedder.read(), "odd", Runtime("ncnn"))


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("bytes_", [b"", b"not a network", b"\xff" * 1000])
def test_what_is_no_network_is_refused_by_all(runtime, bytes_):
    with pytest.raises(NetworkError, match="nonsense: expected a network"):
        open_backend(bytes_, "nonsense", runtime)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("shape", [(1, 3, 112, 111), (2, 3, 112, 112), (1, 1, 112, 112), (3, 112, 112), (), (0,)])
def test_an_input_of_another_shape_is_refused_by_all(runtime, shape):
    backend = open_backend(content("bundled-embedder"), "one", runtime)
    with pytest.raises(NetworkError) as caught:
        backend.run(np.zeros(shape, np.float32))
    assert str(caught.value).startswith(f"one: failed on an input of the shape {shape}: ")
    assert backend.run(np.zeros((1, 3, 112, 112), np.float32))["embedding"].shape == (1, 128)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_results_stay_when_the_next_come(runtime):
    backend = open_backend(content("bundled-embedder"), "one", runtime)
    first, second = list(tensors("embedder"))[:2]
    kept = backend.run(first)["embedding"]
    before = kept.copy()
    backend.run(second)
    np.testing.assert_array_equal(kept, before)


def test_opencv_leaves_the_number_of_threads_as_it_was():
    before = cv2.getNumThreads()
    backend = open_backend(content("bundled-embedder"), "one", Runtime("opencv", before + 1))
    backend.run(np.zeros((1, 3, 112, 112), np.float32))
    assert cv2.getNumThreads() == before
    with pytest.raises(NetworkError):
        backend.run(np.zeros((1, 3, 5, 5), np.float32))
    assert cv2.getNumThreads() == before


def test_a_backend_that_is_not_installed_says_how_to_get_on(monkeypatch):
    monkeypatch.setattr("edge.backend.find_spec", lambda name: None if name == "ncnn" else object())
    assert installed() == ("onnxruntime", "opencv")
    with pytest.raises(NetworkError, match=r"x: expected the backend ncnn, .*pip install ncnn.*--forget"):
        open_backend(b"", "x", Runtime("ncnn"))


def test_versions_are_those_of_the_packages():
    import onnxruntime

    told = versions()
    assert told["onnxruntime"] == onnxruntime.__version__
    assert told["opencv"].startswith(cv2.__version__)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"backend": "torch"}, "backend: expected one of onnxruntime, opencv, ncnn, found 'torch'"),
        ({"threads": 0}, "threads: expected 1 to 64, found 0"),
        ({"threads": 65}, "threads: expected 1 to 64, found 65"),
        ({"spin": True}, "spin: expected"),
        ({"backend": "ncnn", "threads": 2, "spin": True}, "spin: expected"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        Runtime(**settings)


def test_a_runtime_reads_as_a_sentence():
    assert str(DEFAULT) == "onnxruntime, 1 thread"
    assert str(Runtime("onnxruntime", 4, spin=True)) == "onnxruntime, 4 threads, spinning"
