"""Eight-bit copies of the networks that come along: what they cost beside float32 here, and what accuracy they keep.

The copies are made here, calibrated on drawn people, and thrown away: none is shipped. Quantised statically (QDQ), the
weights per channel; onnxruntime runs both. Accuracy on LFW View 1's 1,000 test pairs, with the same recipe for all.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy import Accuracy, Protocol, measure
from benchmarks.clip import draw
from benchmarks.race import Tap, distance, middle
from benchmarks.synthetic import SyntheticPeople
from edge.acquire import Acquirer, Missed
from edge.backend import open_backend
from edge.network import Tensor
from edge.picture import of_pixels
from edge.vision import open_detector, open_embedder
from models.anysize import any_size
from models.registry import Installed, Registry
from models.runtime import DEFAULT
from policy.archive import Archive
from policy.gate import Gate
from policy.synthetic import Claim
from scripts.proofs._data import claim, lfw, pictures
from threshold.output import progress

PEOPLE = 60
"""Drawn people to calibrate on, two views each."""
ROUNDS = 40


def prove() -> dict[str, Any]:
    registry = Registry.bundled()
    whole = {role: registry.locate(f"bundled-{role}") for role in ("detector", "embedder")}
    inputs = calibration(whole["detector"], whole["embedder"])
    claims, details = [], {}
    with tempfile.TemporaryDirectory() as folder:
        small = {role: quantised(whole[role], inputs[role], Path(folder)) for role in whole}
        for role, installed in whole.items():
            told = raced(installed, small[role], inputs[role])
            details[role] = told
            claims.append(claim(f"{role}: CPU an inference, int8 / float32, one thread", told["ratio"], "< 1", None))
            claims.append(claim(f"{role}: outputs apart, part of 1 + the largest", told["apart"], "printed", None))
        with Archive(pictures()) as archive:
            for name, pair in {
                "float32": (whole["detector"], whole["embedder"]),
                "int8 embedder": (whole["detector"], small["embedder"]),
                "int8 detector": (small["detector"], whole["embedder"]),
            }.items():
                found = accuracy(archive, *pair)
                right = found.accuracy
                claims.append(
                    claim(
                        f"{name}: accuracy on View 1's 1,000 test pairs, best threshold on them",
                        None if right is None else {"value": right.value, "interval": right.interval},
                        "printed",
                        None,
                    )
                )
                claims.append(claim(f"{name}: failures to acquire", found.fta.numerator, "printed", None))
    return {"claims": claims, "details": details}


def calibration(detector: Installed, embedder: Installed) -> dict[str, list[Tensor]]:
    """What goes into both networks for drawn people."""
    people = SyntheticPeople(seed=7)
    views = [people.view(f"{who}/{view}") for who in range(PEOPLE) for view in ("enrolment-0", "morning-0")]
    portraits = [of_pixels(draw(*view), str(number)) for number, view in enumerate(views)]
    gate = Gate(sets=[], render=draw)
    permit = gate.synthetic(
        (Claim(*view, portrait.pixels) for view, portrait in zip(views, portraits, strict=True)), "bench core"
    )
    taps: list[Tap] = []

    def tapped(backend: Any) -> Tap:
        taps.append(Tap(backend))
        return taps[-1]

    finder = open_detector(detector, around=tapped)
    crops = [one.crop for one in map(Acquirer(finder).acquire, portraits) if not isinstance(one, Missed)]
    open_embedder(embedder, gate, permit, around=tapped).embed(crops)
    return {"detector": taps[0].inputs, "embedder": taps[1].inputs}


class _Reader:
    """onnxruntime.quantization.CalibrationDataReader, by what it asks of one."""

    def __init__(self, name: str, tensors: Sequence[Tensor]) -> None:
        self._left = iter([{name: tensor} for tensor in tensors])

    def get_next(self) -> dict[str, Tensor] | None:
        return next(self._left, None)


def quantised(installed: Installed, tensors: Sequence[Tensor], folder: Path) -> Installed:
    """A copy in eight bits, with the entry of the manifest that would be its own."""
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    raw = any_size(installed.read()) if installed.network.role == "detector" else installed.read()
    name = onnx.load_from_string(raw).graph.input[0].name
    whole, small = folder / f"{installed.network.id}.onnx", folder / f"{installed.network.id}-int8.onnx"
    whole.write_bytes(raw)
    quantize_static(
        whole,
        small,
        _Reader(name, tensors),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    content = small.read_bytes()
    entry = installed.network.model_copy(
        update={
            "id": f"{installed.network.id}-int8",
            "file": small.name,
            "size": len(content),
            "sha256": sha256(content).hexdigest(),
        }
    )
    return Installed(entry, small)


def raced(whole: Installed, small: Installed, tensors: Sequence[Tensor]) -> dict[str, Any]:
    """Processor time of both in turn, in shuffled rounds: the ratio within a round; and how far outputs are apart."""
    backends = []
    for each in (whole, small):
        raw = any_size(each.read()) if each.network.role == "detector" else each.read()
        backends.append(open_backend(raw, each.network.id, DEFAULT))
    tensor = tensors[0]
    if whole.network.role == "detector":
        tensor = np.zeros((1, 3, 288, 480), np.float32)
        tensor[:, :, : tensors[0].shape[2], : tensors[0].shape[3]] = tensors[0][:, :, :288]
    spent: list[list[float]] = [[], []]
    order, turn = random.Random(0), [0, 1]  # noqa: S311  an order, not a secret
    for _ in range(ROUNDS):
        order.shuffle(turn)
        for which in turn:
            backends[which].run(tensor)
            begun = time.thread_time_ns()
            for _ in range(3):
                backends[which].run(tensor)
            spent[which].append((time.thread_time_ns() - begun) / 3e6)
    ratio = middle([mine / theirs for theirs, mine in zip(*spent, strict=True)])
    apart, where = distance(backends[1], tensors[:10], [backends[0].run(each) for each in tensors[:10]])
    return {
        "ratio": {key: round(value, 3) for key, value in asdict(ratio).items()},
        "cpu_ms": {
            name: round(float(np.median(each)), 3) for name, each in zip(("float32", "int8"), spent, strict=True)
        },
        "bytes": {"float32": whole.network.size, "int8": small.network.size},
        "apart": round(apart, 4),
        "where": where,
    }


def accuracy(archive: Archive, detector: Installed, embedder: Installed) -> Accuracy:
    with progress() as bar:

        def steps(total: int) -> Callable[[], None]:
            task = bar.add_task(f"{detector.network.id} + {embedder.network.id}", total=total)
            return lambda: bar.advance(task)

        return measure(
            archive, Protocol(pairs=lfw() / "view1-test-pairs.txt"), detector, embedder, Gate(), progress=steps
        ).document
