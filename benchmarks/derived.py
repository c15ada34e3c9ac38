"""A stage table for a board that isn't here, from work counted on this machine and figures others have published.

Nothing in it is measured on the board. Each network's part is its multiply-adds a visit (benchmarks.work, counted in a
run of `bench core`) over a published rate. For what isn't a network nobody has published a figure that could be carried
over: it stands there as it is on this machine, and isn't in the sum. The table shows in which order of magnitude time
would go where, and is to be replaced by a measurement with `COMMAND`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

from benchmarks.work import multiply_adds
from models.anysize import any_size
from models.registry import Installed

COMMAND = "threshold bench core --race && threshold bench core --source synthetic --peers --rounds 3"
CORES = 4
GHZ = 2.4
PEAK = GHZ * 8
"""Multiply-adds of float32 that one Cortex-A76 can do at most, thousand millions a second: two 128-bit units (LLVM's
AArch64SchedNeoverseN1.td, its server twin) of four lanes, 8 a cycle. No processor time can be below work over this."""


@dataclass(frozen=True, slots=True)
class Published:
    """A published time, and the rates for one core that follow: thousand millions of multiply-adds a second.

    `threads` is how many cores worked; None where the source doesn't say: then between one and all four fast ones.
    """

    what: str
    million: float
    ms: float
    threads: int | None
    source: str
    scale: float = 1.0
    """What another board's time is divided by, where the figure isn't a Cortex-A76's."""
    note: str = ""

    @property
    def rates(self) -> tuple[float, float]:
        """Least and most; no core does more than PEAK, so what would be more was at least two cores' work."""
        together = self.million / (self.ms / self.scale)
        return together / (self.threads or CORES), together / (self.threads or ceil(together / PEAK))


FINDING = (
    Published(
        "YuNet 160 × 120, Cortex-A76 (Khadas Edge2, RK3588), OpenCV",
        17.2,
        2.30,
        None,
        "opencv_zoo, benchmark/README.md",
        note="threads not stated, so one to four; counted at 160 × 128, as OpenCV pads it; the time has "
        "pre- and postprocessing in it",
    ),
    Published(
        "YuNet 320 × 320, Raspberry Pi 4 (Cortex-A72), one thread, OpenCV",
        86.06,
        59.0,
        1,
        "TonyCongqianWang/cv_facedetection_eval (54 to 59 ms)",
        scale=2.24,
        note="Pi 4 to A76 by the least of opencv_zoo's three pairs (27.8 to 12.4, 68.8 to 28.9, 6.23 to 2.30 ms)",
    ),
)
EMBEDDING = (
    Published(
        "SFace 112 × 112, Cortex-A76 (Khadas Edge2, RK3588), OpenCV",
        574.0,
        28.94,
        None,
        "opencv_zoo, benchmark/README.md",
        note="threads not stated, so one to four; work from the file's size, not counted",
    ),
    Published(
        "MobileFaceNet (expressions) 112 × 112, Cortex-A76 (Khadas Edge2, RK3588), OpenCV",
        221.0,
        12.4,
        None,
        "opencv_zoo, benchmark/README.md",
        note="threads not stated, so one to four; another head than a face embedder's",
    ),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A network at one input size in a visit. Times in ms of processor time a visit: `least` at the core's peak, `low`
    and `high` by the published rates."""

    stage: str
    times: float
    million: float
    least_ms: float
    low_ms: float
    high_ms: float
    source: str


def table(told: Mapping[str, Any], networks: Sequence[Installed]) -> dict[str, Any]:
    """The table of a clip that `benchmarks.core.measure` has told of, for a Raspberry Pi 5."""
    visits, content = told["visits"], {}
    for each in networks:
        raw = each.read()
        content[each.network.id] = (any_size(raw) if each.network.role == "detector" else raw, each.network.role)
    stages = []
    for one in told["inferences"]:
        model, role = content[one["network"]]
        published = FINDING if role == "detector" else EMBEDDING
        million, times = multiply_adds(model, one["input"]) / 1e6, one["count"] / visits
        rates = [rate for figure in published for rate in figure.rates]
        size = f"{one['input'][3]} × {one['input'][2]}"
        stages.append(
            Stage(
                f"{'find faces' if role == 'detector' else 'template'}, {size}",
                times,
                million,
                times * million / PEAK,
                times * million / max(rates),
                times * million / min(rates),
                "; ".join(f"{figure.what}: {figure.ms:g} ms [{figure.source}]" for figure in published),
            )
        )
    totals = {name: sum(getattr(each, name) for each in stages) for name in ("low_ms", "high_ms")}
    # Of all processor time that four cores have while the clip's visits last.
    available = told["frames_with_someone"] / told["rate"] / visits * CORES * 1000
    return {
        "board": "Raspberry Pi 5, 4 × Cortex-A76 at 2.4 GHz",
        "derived": True,
        "stages": [asdict(each) for each in stages],
        "networks_cpu_ms_per_visit": totals,
        "all_else_cpu_ms_per_visit_on_this_machine": 1000
        * max(0.0, told["loops"]["core"]["cpu_s_per_visit"] - told["networks_cpu_s_per_visit"]),
        "share_of_four_cores": {name: total / available for name, total in totals.items()},
        "published": [
            asdict(each) | {"gmac_per_s_per_core": each.rates, "verified": False} for each in (*FINDING, *EMBEDDING)
        ],
        "measure_with": COMMAND,
        "note": (
            "Derived, not measured: work counted here, times published by others on the same core in another board or "
            "on an older one, none of them verified here. Networks alone: motion, tracks, crops and match are given as "
            "on this machine, and camera, decoding, liveness and relay aren't in it."
        ),
    }
