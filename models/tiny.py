"""Tiny networks with the real ones' contracts, made here in a moment: for tests, and for looking around offline.

They know drawn *cards* (`card`), not faces: a square with a pattern of colours, which is its identity, and a magenta
marker in the middle, which the detector finds. Nobody's picture went into them.

What `tiny-detector` can: markers of 32 to 64 px (cards of 64 to 128 px), upright, wholly in the picture, anywhere in
it. Cards of 88 px and more may touch, smaller ones need up to 16 px between them. Place and size come out exact where
the picture is, and to a few px where it is blurred. What it can't: larger, smaller, overlapping or cut cards, and
markers darker than about (210, 0, 210); other compact magenta things of that area are found as well. One cell of
stride 32 fires a card (two or four, with the same box, where the marker's centre lies between cells); the strides 8
and 16 are there and silent.

`tiny-liveness` can nothing: its weights are drawn from a seed. It is there to try what is around such a network.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.network import POINTS, TEMPLATE_112
from models.registry import Registry

MARKER = (255, 0, 255)
"""The marker's colour, BGR: pure magenta."""
SMALLEST_PX, LARGEST_PX = 64, 128
"""The side of cards that tiny-detector finds."""

_SURE = 12.0
"""A logit whose sigmoid is 1 to five digits; its negative is 0."""


def card(identity_seed: int, size: int = 96, *, variant: int = 0) -> NDArray[np.uint8]:
    """A drawn card, size × size × 3, BGR, uint8: twelve blocks of the identity's colours around the marker.

    `size` is the side in px, a multiple of 4. `variant` 0 is clean; any other is another capture of the same card: up
    to 2 px aside, up to 8 % darker, noise of 5 levels. The same arguments draw the same picture.
    Raises ValueError for a size or a variant that can't be drawn.
    """
    if size < 4 or size % 4 or variant < 0:
        raise ValueError(f"card: expected a size in multiples of 4 and a variant from 0, found {size} and {variant}")
    colours = _colours(np.random.default_rng(identity_seed), 16).reshape(4, 4, 3)
    colours[1:3, 1:3] = MARKER
    picture = colours.repeat(size // 4, axis=0).repeat(size // 4, axis=1)
    if variant == 0:
        return picture.astype(np.uint8)
    chance = np.random.default_rng([identity_seed, variant])
    down, right = chance.integers(0, 5, size=2)
    moved = np.pad(picture, ((2, 2), (2, 2), (0, 0)), mode="edge")[down : down + size, right : right + size]
    noisy = moved * chance.uniform(0.92, 1.0) + chance.normal(0.0, 5.0, moved.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def make(folder: Path, seed: int = 0) -> Registry:
    """Write `tiny-detector`, `tiny-embedder`, `tiny-liveness` and their manifest into `folder`; return its registry.

    `locate(id, folder)` finds them. The same `seed` gives the same bytes; it draws the weights of the latter two.
    Raises ImportError, naming the extra, where the onnx package isn't installed.
    """
    onnx = _onnx()
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for template, file, model in (
        (_DETECTOR, "tiny_detector.onnx", _detector(onnx)),
        (_EMBEDDER, "tiny_embedder.onnx", _embedder(onnx, seed)),
        (_LIVENESS, "tiny_liveness.onnx", _liveness(onnx, seed)),
    ):
        onnx.checker.check_model(model, full_check=True)
        content: bytes = model.SerializeToString()
        (folder / file).write_bytes(content)
        head = f'[[network]]\nfile = "{file}"\nsize = {len(content)}\nsha256 = "{sha256(content).hexdigest()}"\n'
        entries.append(head + template + _TRAINING)
    manifest = folder / "manifest.toml"
    manifest.write_text("format = 1\n\n" + "\n".join(entries), "utf-8")
    return Registry.from_file(manifest)


def _onnx() -> ModuleType:
    try:
        import onnx  # noqa: PLC0415  only needed here, and not installed where the program merely runs
    except ImportError as error:
        raise ImportError(
            "tiny networks: expected the onnx package, found none; it comes with the development extra: "
            "pip install 'threshold[development]'"
        ) from error
    module: ModuleType = onnx
    return module


def _colours(chance: np.random.Generator, count: int) -> NDArray[np.float64]:
    """`count` random BGR colours that are no magenta: the detector mustn't take a pattern for a marker."""
    drawn = chance.uniform(0, 255, (count * 8, 3)).round()  # about four in five are fine, so eight a colour suffice
    fine = drawn[drawn[:, 0] + drawn[:, 2] - drawn[:, 1] < 306]
    return fine[:count]


# Stated although it can be read off the weights: OpenCV before 4.13 can't load the network otherwise.
ONE: dict[str, Any] = {"kernel_shape": [1, 1]}


class _Graph:
    """Nodes and weights under construction; every method returns the name of what it made."""

    def __init__(self, onnx: ModuleType) -> None:
        self._onnx = onnx
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def add(self, kind: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        name = name or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(self._onnx.helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def weight(self, values: Any, dtype: Any = np.float32) -> str:
        name = f"weight{len(self.weights)}"
        self.weights.append(self._onnx.numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def mix(self, source: str, matrix: Any, bias: Any) -> str:
        """A 1×1 convolution: each place's channels times `matrix` (out × in), plus `bias`."""
        return self.add("Conv", source, self.weight(np.asarray(matrix)[:, :, None, None]), self.weight(bias), **ONE)

    def rows(self, source: str, channels: int, name: str, *, probability: bool = False) -> str:
        """1 × channels × h × w to YuNet's 1 × (h·w) × channels."""
        last = self.add("Transpose", source, perm=[0, 2, 3, 1])
        shape = self.weight([1, -1, channels], np.int64)
        if not probability:
            return self.add("Reshape", last, shape, name=name)
        return self.add("Sigmoid", self.add("Reshape", last, shape), name=name)

    def model(self, name: str, inputs: dict[str, list[Any]], outputs: dict[str, list[Any]]) -> Any:
        helper, kind = self._onnx.helper, self._onnx.TensorProto.FLOAT
        ends = [[helper.make_tensor_value_info(*item) for item in _typed(part, kind)] for part in (inputs, outputs)]
        graph = helper.make_graph(self.nodes, name, ends[0], ends[1], self.weights)
        # Opset 13 and IR 8 are what every onnxruntime and OpenCV of the pinned ranges reads.
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8, producer_name="threshold"
        )


def _typed(part: dict[str, list[Any]], kind: int) -> list[tuple[str, int, list[Any]]]:
    return [(name, kind, shape) for name, shape in part.items()]


def _detector(onnx: ModuleType) -> Any:
    """Magenta's centre of mass and area in a window of 96 px around each cell of 32 px give the box and the points."""
    graph = _Graph(onnx)
    # (B + R − G)/255 − 1 is 1 for magenta and at most 0 for grey, red, blue, green; 0.375…0.625 of it becomes 0…1.
    steep = graph.mix("input", [[4 / 255, -4 / 255, 4 / 255]], [-4 - 1.5])
    magenta = graph.add("Clip", steep, graph.weight(0.0), graph.weight(1.0))
    blocks = graph.add("AveragePool", magenta, kernel_shape=[4, 4], strides=[4, 4])
    # 24 × 24 blocks of 4 px around the cell; a marker of up to 64 px whose centre is in the cell is wholly inside.
    across = np.broadcast_to((np.arange(24) + 0.5) * 4 - 48, (24, 24))
    window: dict[str, Any] = {"kernel_shape": [24, 24], "strides": [8, 8], "pads": [8, 8, 8, 8]}
    # Both twice, so that no later step has to stretch one channel over two.
    ones, little = np.ones((24, 24)), [1e-3, 1e-3]
    area = graph.add("Conv", blocks, graph.weight(16 * np.stack([ones, ones])[:, None]), graph.weight(little), **window)
    moment = graph.add("Conv", blocks, graph.weight(16 * np.stack([across, across.T])[:, None]), **window)
    offset = graph.add("Div", moment, area)  # of the marker's centre from the cell's, px
    half = graph.add("Sqrt", area)  # the marker's side, half the card's, px

    # A card: an area between those of 28 px and 71 px markers …
    outside = graph.add("Relu", graph.mix(area, [[-0.1, 0], [0, 0.1]], [80, -500]))
    # … in one piece: a square's variance along a side is its area / 12. Between two cards their markers' nearer parts
    # would otherwise look like one marker in the middle.
    squares = graph.add("Conv", blocks, graph.weight(16 * np.stack([across**2, across.T**2])[:, None]), **window)
    spread = graph.add("Sub", graph.add("Div", squares, area), graph.add("Mul", offset, offset))
    scattered = graph.add("Relu", graph.add("Sub", spread, graph.mix(area, np.eye(2) * 1.3 / 12, [20, 20])))
    cls = graph.add("Sub", graph.mix(outside, [[-1, -1]], [_SURE]), graph.mix(scattered, [[1, 1]], [0]))
    # … with its centre in this cell, or a quarter of a pixel beside it, so that none falls between two. A cell that
    # sees only a piece of a marker finds the piece's centre further away than that.
    beyond = graph.add("Relu", graph.mix(graph.add("Abs", offset), np.eye(2), [-16.25, -16.25]))
    obj = graph.mix(beyond, [[-64, -64]], [_SURE])
    # Sums of two instead of a concatenation: OpenCV's importer can't concatenate what has no size yet.
    centre = graph.mix(offset, np.eye(4, 2) / 32, [0.5, 0.5, 0, 0])
    size = graph.add("Log", graph.mix(half, np.eye(4, 2, -2) * 2 / 32, [1, 1, 0, 0]))
    bbox = graph.add("Add", centre, size)
    places = 2 * (np.array(TEMPLATE_112) / 112 - 0.5)  # of half the side, from the centre
    each = np.tile(np.eye(2), (5, 1)) / 32  # x, y, x, y, …
    kps = graph.add(
        "Add", graph.mix(offset, each, [0.5] * 10), graph.mix(half, each * places.reshape(10, 1), [0.0] * 10)
    )

    outputs: dict[str, list[Any]] = {}
    for head, found, channels in (("cls", cls, 1), ("obj", obj, 1), ("bbox", bbox, 4), ("kps", kps, 10)):
        for stride in (8, 16, 32):
            source = found if stride == 32 else _silent(graph, blocks, stride // 4, channels)
            name = graph.rows(source, channels, f"{head}_{stride}", probability=channels == 1)
            outputs[name] = [1, f"cells_{stride}", channels]
    return graph.model("tiny-detector", {"input": [1, 3, "height", "width"]}, outputs)


def _silent(graph: _Graph, blocks: str, side: int, channels: int) -> str:
    """A head that is there, as in the real network, and never finds anything; `side` in blocks."""
    cells = graph.add("AveragePool", blocks, kernel_shape=[side, side], strides=[side, side])
    return graph.mix(cells, np.zeros((channels, 1)), [-2 * _SURE if channels == 1 else 0.0] * channels)


def _embedder(onnx: ModuleType, seed: int) -> Any:
    """8 × 8 mean colours, less their common one, times random signs, bent by tanh."""
    graph = _Graph(onnx)
    pooled = graph.add("AveragePool", "input0", kernel_shape=[14, 14], strides=[14, 14])
    flat = graph.add("Reshape", pooled, graph.weight([1, -1], np.int64))
    centred = graph.add("Sub", flat, graph.weight(_average()))
    signs = np.random.default_rng(seed).choice([-1, 1], (192, 128))
    weights = graph.add("Cast", graph.weight(signs, np.int8), to=onnx.TensorProto.FLOAT)  # a quarter of the bytes
    mixed = graph.add("MatMul", centred, weights)
    graph.add("Tanh", graph.add("Mul", mixed, graph.weight(192**-0.5)), name="output0")
    return graph.model("tiny-embedder", {"input0": [1, 3, 112, 112]}, {"output0": [1, 128]})


def _liveness(onnx: ModuleType, seed: int) -> Any:
    """8 × 8 mean colours around their middle, mixed at random into two logits."""
    graph = _Graph(onnx)
    pooled = graph.add("AveragePool", "input", kernel_shape=[16, 16], strides=[16, 16])
    flat = graph.add("Reshape", pooled, graph.weight([1, -1], np.int64))
    centred = graph.add("Sub", flat, graph.weight(0.5))
    weights = np.random.default_rng([seed, 2]).normal(0, 1, (192, 2))
    graph.add("MatMul", centred, graph.weight(weights), name="output")
    return graph.model("tiny-liveness", {"input": [1, 3, 128, 128]}, {"output": [1, 2]})


def _average() -> NDArray[np.float64]:
    """The mean card, 1 × 192: what all cards share, the marker above all, would make everyone look alike."""
    pattern = _colours(np.random.default_rng(0), 4096).mean(axis=0)
    picture = np.broadcast_to(pattern, (8, 8, 3)).copy()
    picture[2:6, 2:6] = MARKER
    scaled = (picture[..., ::-1] / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    return scaled.transpose(2, 0, 1).reshape(1, 192)


_DETECTOR = f"""\
id = "tiny-detector"
role = "detector"
licence = "Apache-2.0"
publisher = "Threshold, made on this machine"

[network.input]
name = "input"
width = "any multiple of 32"
height = "any multiple of 32"
colour = "BGR"
divisor = 1.0
mean = [0.0, 0.0, 0.0]
deviation = [1.0, 1.0, 1.0]

[network.output]
kind = "yunet"
strides = [8, 16, 32]
names = {json.dumps([f"{head}_{stride}" for head in ("cls", "obj", "bbox", "kps") for stride in (8, 16, 32)])}
points = {json.dumps(POINTS)}
"""

_EMBEDDER = """\
id = "tiny-embedder"
role = "embedder"
licence = "Apache-2.0"
publisher = "Threshold, made on this machine"

[network.input]
name = "input0"
width = 112
height = 112
colour = "RGB"
divisor = 255.0
mean = [0.485, 0.456, 0.406]
deviation = [0.229, 0.224, 0.225]
alignment = "five-point-112"

[network.output]
kind = "embedding"
name = "output0"
dimension = 128
compare = "cosine"
unit_length = false
"""

_LIVENESS = """\
id = "tiny-liveness"
role = "liveness"
licence = "Apache-2.0"
publisher = "Threshold, made on this machine"

[network.input]
name = "input"
width = 128
height = 128
colour = "RGB"
divisor = 255.0
mean = [0.0, 0.0, 0.0]
deviation = [1.0, 1.0, 1.0]
crop = { scale = 1.5, border = "reflect-101" }

[network.output]
kind = "logits"
name = "output"
classes = ["real", "spoof"]
"""

_TRAINING = """
[network.training]
set = "none"
asked = "nobody to ask"
withdrawn = "nothing to withdraw"
account = "Not trained: the weights were set by hand or drawn from a seed."
verified = true

[[network.trained_on]]
set = "lfw-deepfunneled"
identities = "none"
"""
