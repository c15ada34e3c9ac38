"""ncnn, the network runner made for phones: optional (the extra `ncnn`)."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

# Read once, when ncnn's OpenMP (GNU's, in its wheels) is loaded: its waiting threads sleep instead of spinning. ncnn's
# own setting for that, openmp_blocktime, has an effect with LLVM's OpenMP only.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
import ncnn

from edge.backend.declared import read
from edge.backend.lowering import lower
from edge.network import NetworkError, Tensor


class Ncnn:
    """ncnn on the CPU, in float32 throughout. See edge.network.Backend. Takes one picture a call."""

    def __init__(self, model: bytes, name: str, threads: int = 1) -> None:
        parsed, self._declared = read(model, name)
        text, weights = lower(parsed, name)
        self._network = ncnn.Net()
        options = self._network.opt
        options.num_threads = threads
        options.use_vulkan_compute = False
        # Half precision would be faster on ARM and other numbers than those the accuracy was measured with.
        options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = False
        options.use_bf16_packed = options.use_bf16_storage = False
        for what, content, load in (
            ("layers", text.encode(), self._network.load_param),
            ("weights", weights, self._network.load_model),
        ):
            # ncnn copies from files, and keeps pointing into memory that it is given: so it gets a file in memory.
            with os.fdopen(os.memfd_create(name), "wb") as file:
                file.write(content)
                file.flush()
                if load(f"/proc/self/fd/{file.fileno()}") != 0:
                    raise NetworkError(f"{name}: expected {what} that ncnn can load; it says why on stderr.")

    def run(self, tensor: Tensor) -> Mapping[str, Tensor]:
        """See edge.network.Backend."""
        declared = self._declared
        declared.check(tensor)
        if len(tensor) != 1:
            raise NetworkError(f"{declared.network}: failed on an input of the shape {tensor.shape}: ncnn takes one.")
        extractor = self._network.create_extractor()
        extractor.input(declared.input, ncnn.Mat(np.ascontiguousarray(tensor[0])).clone())
        outputs = {}
        for output, axes in declared.outputs.items():
            failed, found = extractor.extract(output)
            if failed:
                raise NetworkError(
                    f"{declared.network}: failed on an input of the shape {tensor.shape}: {output}: ncnn gave {failed}"
                )
            values = np.array(found, np.float32)
            outputs[output] = values.reshape((1,) * (axes - values.ndim) + values.shape)
        return outputs
