"""A stage table for a board that isn't here, from work counted on this machine and figures others have published.

Nothing in it is measured on the board. Each network's part is its multiply-adds a visit (benchmarks.work, counted in a
run of `bench core`) over a published rate; the rest is this machine's own processor time, stretched by as much as the
networks are slower there. It shows where time would go and in which order of magnitude, and is to be replaced by a
measurement with `COMMAND`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
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
    """A published time, and the rate for one core that follows: thousand millions of multiply-adds a second.

    `threads` is how many cores worked; where the source doesn't say, as many as there were: that makes the rate low and
    the derived time long.
    """

    what: str
    million: float
    ms: float
    threads: int
    source: str
    scale: float = 1.0
    """What another board's time is divided by, where the figure isn't a Cortex-A76's."""
    note: str = ""

    @property
    def rate(self) -> float:
        """See the class."""
        return self.million / (self.ms / self.scale) / self.threads


FINDING = (
    Published(
        "YuNet 160 × 120, Cortex-A76 (Khadas Edge2, RK3588), OpenCV",
        17.2,
        2.30,
        4,
        "opencv_zoo, benchmark/README.md",
        note="threads not stated, four fast cores assumed; counted at 160 × 128, as OpenCV pads it; the time has "
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
        4,
        "opencv_zoo, benchmark/README.md",
        note="threads not stated, four fast cores assumed; work from the file's size, not counted",
    ),
    Published(
        "MobileFaceNet (expressions) 112 × 112, Cortex-A76 (Khadas Edge2, RK3588), OpenCV",
        221.0,
        12.4,
        4,
        "opencv_zoo, benchmark/README.md",
        note="threads not stated, four fast cores assumed; another head than a face embedder's",
    ),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a visit. Times in ms of processor time a visit: `least` at the core's peak, `low` and `high` by the
    published rates."""

    stage: str
    times: float
    million: float | None
    least_ms: float | None
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
        rates = [figure.rate for figure in published]
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
    spent = told["loops"]["core"]["cpu_s_per_visit"] * 1000
    network_ms = told["networks_cpu_s_per_visit"] * 1000
    low, high = (sum(getattr(each, name) for each in stages) / network_ms for name in ("low_ms", "high_ms"))
    rest = max(0.0, spent - network_ms)
    stages.append(
        Stage(
            "all else: motion, small stream, tracks, crop, match",
            told["frames_with_someone"] / visits,
            None,
            None,
            rest * low,
            rest * high,
            f"{rest:.1f} ms of processor time here, stretched as the networks are ({low:.1f} to {high:.1f} times)",
        )
    )
    totals = {name: sum(getattr(each, name) for each in stages) for name in ("low_ms", "high_ms")}
    # Of all processor time that four cores have while the clip's visits last.
    available = told["frames_with_someone"] / told["rate"] / visits * CORES * 1000
    return {
        "board": "Raspberry Pi 5, 4 × Cortex-A76 at 2.4 GHz",
        "derived": True,
        "stages": [asdict(each) for each in stages],
        "cpu_ms_per_visit": totals,
        "share_of_four_cores": {name: total / available for name, total in totals.items()},
        "published": [
            asdict(each) | {"gmac_per_s_per_core": each.rate, "verified": False} for each in (*FINDING, *EMBEDDING)
        ],
        "measure_with": COMMAND,
        "note": (
            "Derived, not measured: work counted here, times published by others on the same core in another board or "
            "on an older one, none of them verified here. Without camera, decoding, liveness and relay."
        ),
    }
