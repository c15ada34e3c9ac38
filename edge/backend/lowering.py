"""From ONNX to ncnn's own format, in memory: the operations that our networks are made of, and no others.

ncnn's converter (pnnx) is a program of 25 MB that needs torch, too much for a device; the networks have few kinds of
operations. Formats: ncnn, docs/developer-guide/param-and-model-file-structure.md and operators.md. Every network that
was lowered is compared with onnxruntime before it is chosen (benchmarks.race).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.network import NetworkError

MAGIC = 7767517
"""The first line of ncnn's text format."""
_FLOAT32 = b"\0\0\0\0"
"""Before the weights of a layer: stored as they are."""


def lower(model: Any, name: str) -> tuple[str, bytes]:
    """ncnn's text (layers) and weights of an onnx.ModelProto.

    Raises NetworkError, naming the first operation or setting that isn't known here.
    """
    return _Lowering(model.graph, name).whole()


class _Lowering:
    def __init__(self, graph: Any, name: str) -> None:
        import onnx  # noqa: PLC0415  slow to import, and only where a network is lowered

        self._graph, self._name = graph, name
        self._value = onnx.helper.get_attribute_value
        self._constants: dict[str, NDArray[Any]] = {
            tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer
        }
        self._nodes = []
        for node in graph.node:
            if node.op_type == "Constant":
                self._constants[node.output[0]] = onnx.numpy_helper.to_array(self._settings(node)["value"])
            else:
                self._nodes.append(node)
        self._uses = Counter(entry for node in self._nodes for entry in node.input if entry not in self._constants)
        self._uses.update(output.name for output in graph.output)
        self._copies: dict[str, list[str]] = defaultdict(list)
        self._lines: list[str] = []
        self._blobs = 0
        self._weights = bytearray()

    def whole(self) -> tuple[str, bytes]:
        for entry in self._graph.input:
            if entry.name not in self._constants:
                self._layer("Input", entry.name, [], [entry.name])
        for number, node in enumerate(self._nodes):
            inputs = [self._copies[entry].pop(0) for entry in node.input if entry and entry not in self._constants]
            kind, settings = self._lowered(node)
            self._layer(kind, f"{node.op_type.lower()}{number}", inputs, list(node.output), settings)
        text = "\n".join([str(MAGIC), f"{len(self._lines)} {self._blobs}", *self._lines, ""])
        return text, bytes(self._weights)

    def _layer(self, kind: str, name: str, inputs: list[str], outputs: list[str], settings: str = "") -> None:
        names = " ".join([*inputs, *outputs])
        self._lines.append(f"{kind} {name} {len(inputs)} {len(outputs)} {names} {settings}".rstrip())
        for output in outputs:
            self._blobs += 1
            uses = self._uses[output]
            # In ncnn a result is used once: where it is needed more often it is split. The graph's own outputs keep
            # the name, which is asked for; a result that is output and input at once isn't known here.
            if uses > 1:
                if output in {each.name for each in self._graph.output}:
                    raise self._unknown(f"a result that is an output and goes on: {output}")
                self._copies[output] = [f"{output}_{number}" for number in range(uses)]
                self._layer("Split", f"split_{output}", [output], list(self._copies[output]))
            elif output not in self._copies:
                self._copies[output] = [output]

    def _lowered(self, node: Any) -> tuple[str, str]:  # noqa: PLR0911  a table with conditions
        """The layer's kind and settings; its weights are appended."""
        settings, kind = self._settings(node), node.op_type
        constants = [self._constants.get(entry) for entry in node.input]
        match kind:
            case "Conv":
                return self._convolution(node, settings, constants)
            case "Gemm":
                return self._product(settings, constants)
            case "Relu":
                return "ReLU", "0=0.0"
            case "LeakyRelu":
                return "ReLU", f"0={settings.get('alpha', 0.01):.9g}"
            case "Clip" if len(constants) == 3 and all(each is not None for each in constants[1:]):
                low, high = (float(np.asarray(each).item()) for each in constants[1:])
                return "Clip", f"0={low:.9g} 1={high:.9g}"
            case "Sigmoid" | "Flatten":
                return kind, ""
            case "Identity":
                return "Noop", ""
            case "Add" if all(each is None for each in constants):
                return "BinaryOp", "0=0"
            case "MaxPool":
                return self._pooling(settings)
            case "Transpose" if list(settings["perm"]) == [0, 2, 3, 1]:
                return "Permute", "0=3"  # height × width × channels
            case "Reshape" if constants[1] is not None:
                return self._reshape([int(side) for side in constants[1]])
            case "Resize":
                return self._resize(settings, constants)
        raise self._unknown(kind if kind not in ("Clip", "Add", "Transpose", "Reshape") else f"{kind} of this kind")

    def _convolution(self, node: Any, settings: dict[str, Any], constants: list[Any]) -> tuple[str, str]:
        weights, bias = constants[1], constants[2] if len(constants) > 2 else None
        if weights is None or weights.ndim != 4 or (bias is None and len(node.input) > 2):
            raise self._unknown("Conv whose weights aren't in the file, or not in two dimensions")
        if settings.get("auto_pad", b"NOTSET") not in (b"NOTSET", b""):
            raise self._unknown(f"Conv with auto_pad {settings['auto_pad']!r}")
        outputs, _, high, wide = weights.shape
        stride, hole = settings.get("strides", [1, 1]), settings.get("dilations", [1, 1])
        top, left, bottom, right = settings.get("pads", [0, 0, 0, 0])
        groups = settings.get("group", 1)
        text = (
            f"0={outputs} 1={wide} 11={high} 2={hole[1]} 12={hole[0]} 3={stride[1]} 13={stride[0]} "
            f"4={left} 14={top} 15={right} 16={bottom} 5={int(bias is not None)} 6={weights.size}"
        )
        self._append(weights, bias)
        return ("Convolution", text) if groups == 1 else ("ConvolutionDepthWise", f"{text} 7={groups}")

    def _product(self, settings: dict[str, Any], constants: list[Any]) -> tuple[str, str]:
        plain = settings.get("alpha", 1.0) == settings.get("beta", 1.0) == 1.0 and not settings.get("transA", 0)
        if not plain or len(constants) != 3 or constants[1] is None or constants[2] is None:
            raise self._unknown("Gemm other than input · weights + bias")
        weights = constants[1] if settings.get("transB", 0) else constants[1].T
        self._append(weights, np.broadcast_to(constants[2].reshape(-1), weights.shape[0]))
        return "InnerProduct", f"0={weights.shape[0]} 1=1 2={weights.size}"

    def _pooling(self, settings: dict[str, Any]) -> tuple[str, str]:
        if (
            any(settings.get("pads", [0]))
            or settings.get("ceil_mode", 0)
            or any(side != 1 for side in settings.get("dilations", [1]))
        ):
            raise self._unknown("MaxPool with padding, holes or rounding up")
        (high, wide), stride = settings["kernel_shape"], settings.get("strides", [1, 1])
        return "Pooling", f"0=0 1={wide} 11={high} 2={stride[1]} 12={stride[0]} 5=1"  # 5=1: whole windows only

    def _reshape(self, shape: list[int]) -> tuple[str, str]:
        # The batch of one has no axis in ncnn.
        if len(shape) == 3 and shape[0] == 1 and shape[1] == -1 and shape[2] > 0:
            return "Reshape", f"0={shape[2]} 1=-1"
        if len(shape) == 2 and (shape[0], shape[1]) in ((1, -1), (-1, shape[1])):
            return "Reshape", "0=-1"
        raise self._unknown(f"Reshape to {shape}")

    def _resize(self, settings: dict[str, Any], constants: list[Any]) -> tuple[str, str]:
        scales = constants[2] if len(constants) == 3 else None
        nearest = (settings.get("mode"), settings.get("coordinate_transformation_mode"), settings.get("nearest_mode"))
        if scales is None or len(scales) != 4 or nearest != (b"nearest", b"asymmetric", b"floor"):
            raise self._unknown("Resize other than to the nearest by whole scales")
        return "Interp", f"0=1 1={float(scales[2]):.9g} 2={float(scales[3]):.9g}"

    def _append(self, weights: NDArray[Any], bias: NDArray[Any] | None) -> None:
        self._weights += _FLOAT32 + np.ascontiguousarray(weights, "<f4").tobytes()
        if bias is not None:
            self._weights += np.ascontiguousarray(bias, "<f4").tobytes()

    def _settings(self, node: Any) -> dict[str, Any]:
        return {attribute.name: self._value(attribute) for attribute in node.attribute}

    def _unknown(self, what: str) -> NetworkError:
        return NetworkError(f"{self._name}: expected operations that can be carried over to ncnn, found {what}.")
