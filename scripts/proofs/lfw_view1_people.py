"""All 6.8 million non-mated pairs of the View 1 test people: FNMR at FMR 0.001 and 0.0001, two-way intervals."""

from __future__ import annotations

from typing import Any

from benchmarks.accuracy import Protocol, measure
from models.registry import Registry
from policy.archive import Archive
from policy.gate import Gate
from scripts.proofs._data import claim, lfw, models, pictures
from threshold.output import progress


def prove() -> dict[str, Any]:
    registry = Registry.bundled()
    with Archive(pictures()) as archive, progress() as bar:

        def steps(total: int) -> Any:
            task = bar.add_task("View 1 test people", total=total)
            return lambda: bar.advance(task)

        document = measure(
            archive,
            Protocol(not_people=lfw() / "view1-train-people.txt"),
            registry.locate("yunet-2023mar", models()),
            registry.locate("mobilefacenet-foamliu", models()),
            Gate(),
            progress=steps,
        ).document
    return {
        "claims": [
            claim(
                f"FNMR at FMR {point.target_fmr:g}, threshold on the test set",
                {
                    "value": round(point.fnmr.value, 5),
                    "errors": f"{point.fnmr.numerator} of {point.fnmr.denominator}",
                    "interval": point.fnmr.interval,
                    "method": point.fnmr.method,
                },
                "printed",
                None,
            )
            for point in document.operating_points
        ],
        "document": document.model_dump(mode="json", by_alias=True, exclude={"det"}),
    }
