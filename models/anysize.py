"""Freeing a detector from the one picture size that its file declares."""

from __future__ import annotations


def any_size(content: bytes) -> bytes:
    """The same network for pictures of any height and width; weights and operations are untouched.

    Detectors are published with a declared size (YuNet: 640 × 640) though every operation in them works at any; OpenCV
    overrides it, onnxruntime holds to it. `content` must have been verified before.
    """
    import onnx  # noqa: PLC0415  slow to import, and only where a detector is opened

    model = onnx.load_from_string(content)
    del model.graph.value_info[:]  # notes of inner shapes at the declared size
    for tensor in model.graph.input:
        for axis, name in ((2, "height"), (3, "width")):
            tensor.type.tensor_type.shape.dim[axis].dim_param = name
    for tensor in model.graph.output:
        tensor.type.tensor_type.shape.dim[1].dim_param = f"cells_{tensor.name}"
    freed: bytes = model.SerializeToString()
    return freed
