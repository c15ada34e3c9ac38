"""FPIR, FNIR and misidentification at N = 30 to 1,200: LFW scores of the public pair, measured and by formula."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import comparisons, identification
from benchmarks.det import IET, Curve, save
from benchmarks.extract import extract
from benchmarks.identification import Searches, Swept
from benchmarks.pairs import person
from benchmarks.recipe import Recipe
from benchmarks.sizes import Line, svg
from benchmarks.split import by_subject
from edge.acquire import Acquirer
from edge.vision import open_detector, open_embedder
from models.registry import Registry
from policy.archive import Archive
from policy.gate import Gate
from scripts.proofs._data import claim, models, pictures
from threshold.output import progress

ROOT = Path(__file__).resolve().parents[2]
SIZES = (30, 300, 600, 1200)
TARGETS = (1e-3, 1e-4, 1e-5)
GALLERIES = 50
SEED = 1


class People:
    """One part's people: a reference each, and probes; templates stay in memory."""

    def __init__(self, names: dict[str, list[str]], templates: dict[str, npt.NDArray[np.float32]], size: int) -> None:
        self.enrolled = [who for who, pictures_ in sorted(names.items()) if pictures_[0] in templates]
        self.failed = len(names) - len(self.enrolled)
        number = {who: index for index, who in enumerate(sorted(names))}
        self.references = np.stack([templates[names[who][0]] for who in self.enrolled])
        self.whose = np.array([number[who] for who in self.enrolled])
        nothing = np.zeros(size, np.float32)
        # A second picture is a mated probe; who has only one is searched with it, and only as a stranger.
        several = [who for who in self.enrolled if len(names[who]) > 1]
        self.mated = np.stack([templates.get(names[who][1], nothing) for who in several])
        self.mated_whose = np.array([number[who] for who in several])
        self.strangers, self.strangers_whose = self.references, self.whose
        self.lost = sum(names[who][1] not in templates for who in several)

    def gallery(self, size: int, number: int) -> Searches:
        """`size` people drawn: all others' first pictures come as strangers, the drawn ones' second as mated probes.

        Who has a second picture is drawn first, so that small galleries have mated searches too; where these people
        don't suffice, the gallery is filled with others.
        """
        draw = np.random.default_rng([SEED, size, number])
        several = np.flatnonzero(np.isin(self.whose, self.mated_whose))
        single = np.flatnonzero(~np.isin(self.whose, self.mated_whose))
        chosen = np.concatenate([draw.permutation(several), draw.permutation(single)])[:size]
        inside = np.isin(self.mated_whose, self.whose[chosen])
        outside = ~np.isin(self.strangers_whose, self.whose[chosen])
        return identification.search(
            self.references,
            self.whose,
            np.concatenate([self.mated[inside], self.strangers[outside]]),
            np.concatenate([self.mated_whose[inside], self.strangers_whose[outside]]),
            chosen,
        )

    def compared(self) -> comparisons.Comparisons:
        """One to one: all references against each other, and each second picture against its reference."""
        place = {int(who): index for index, who in enumerate(self.whose)}
        seen = self.mated.any(axis=1)
        own = np.array([place[int(who)] for who in self.mated_whose])
        mated = np.einsum("ij,ij->i", self.mated, self.references[own])[seen]
        crossed = comparisons.crossed(self.references, np.arange(self.whose.size), 0.02)
        order = np.argsort(mated)
        return comparisons.Comparisons(
            mated[order].astype(np.float32),
            own[seen][order].astype(np.int32),
            crossed.nonmated,
            crossed.nonmated_first,
            crossed.nonmated_second,
            crossed.subjects,
            crossed.nonmated_trials,
            crossed.floor,
            crossed.images,
        )


def prove() -> dict[str, Any]:
    development, evaluation, used = _people()
    fixed, measured = development.compared(), evaluation.compared()
    claims, tables = [], []
    for target in TARGETS:
        threshold = comparisons.threshold_at_fmr(fixed, target)
        fmr = comparisons.fmr(measured, threshold)
        swept = identification.sweep(
            evaluation.gallery, [size for size in SIZES if size < evaluation.whose.size], threshold, GALLERIES
        )
        rows = [_row(entry, measured, fmr, threshold) for entry in swept]
        rates = {
            "fmr": (comparisons.false_matches(measured, threshold), measured.nonmated_trials),
            "fnmr": (comparisons.false_nonmatches(measured, threshold), measured.mated.size),
        }
        tables.append({
            "threshold": threshold,
            "threshold_fixed": f"FMR {target:g} on the development people",
            "one_to_one_on_evaluation": {
                name: {"value": errors / trials, "errors": errors, "trials": trials}
                for name, (errors, trials) in rates.items()
            },
            "sizes": rows,
        })  # fmt: skip
        for row in rows:
            claims.append(
                claim(
                    f"FMR {target:g} on development people, N = {row['size']}: FPIR, FNIR, misidentification",
                    {key: f"{row[key]['mean']:.5f} measured, {row[key]['formula']:.5f} by formula" for key in _RATES},
                    "printed side by side",
                    None,
                )
            )
    _draw(tables, evaluation)
    return {"claims": claims, "people": used, "galleries_a_size": GALLERIES, "tables": tables}


def _draw(tables: list[dict[str, Any]], evaluation: People) -> None:
    """FPIR over N, and the IET of one gallery of each size, to out/."""
    folder = ROOT / "out" / "proof-identification"
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        Line(
            f"FMR {target:g}",
            tuple(row["size"] for row in table["sizes"]),
            tuple(row["fpir"]["mean"] for row in table["sizes"]),
            tuple(tuple(row["fpir"]["galleries_p5_to_p95"]) for row in table["sizes"]),
            tuple(row["fpir"]["formula"] for row in table["sizes"]),
        )
        for target, table in zip(TARGETS, tables, strict=True)
    ]
    page = svg(lines, "False positive identification rate (FPIR)", "LFW, public pair: FPIR over N")
    (folder / "fpir.svg").write_text(page, encoding="utf-8")
    curves = []
    for row in tables[0]["sizes"]:
        points = identification.iet(evaluation.gallery(row["size"], 0))
        curves.append(Curve(f"N = {row['size']:,}", points.fpir, points.fnir))
    save(folder / "iet.svg", curves, title="LFW, public pair: identification, one gallery each", errors=IET)


_RATES = ("fpir", "fnir", "misidentification")


def _row(swept: Swept, c: comparisons.Comparisons, fmr: float, threshold: float) -> dict[str, Any]:
    fnir, misidentification = identification.mated_formulas(
        c.mated, c.nonmated, threshold, swept.size, c.nonmated_trials
    )
    formulas = {
        "fpir": identification.fpir_formula(fmr, swept.size),
        "fnir": fnir,
        "misidentification": misidentification,
    }
    row: dict[str, Any] = {"size": swept.size}
    for name in _RATES:
        first, every = getattr(swept.first, name), getattr(swept, name)
        low, high = np.quantile(every, [0.05, 0.95])
        row[name] = {
            "mean": float(every.mean()),
            "galleries_p5_to_p95": [float(low), float(high)],
            "formula": formulas[name],
            "one_gallery": {
                "errors": first.errors,
                "searches": first.searches,
                "value": first.value,
                "interval": [first.interval.low, first.interval.high],
                "method": first.interval.method,
            },
        }
    return row


def _people() -> tuple[People, People, dict[str, Any]]:
    registry, gate, recipe = Registry.bundled(), Gate(), Recipe()
    with Archive(pictures()) as archive, progress() as bar:
        permit, _ = gate.research(archive, "bench accuracy")
        names: dict[str, list[str]] = defaultdict(list)
        for name in archive.names:
            if len(names[person(name)]) < 2:
                names[person(name)].append(name)
        kept = sorted(names)[: int(os.environ.get("THRESHOLD_PROOF_PEOPLE", len(names)))]
        wanted = [name for who in kept for name in names[who]]
        acquirer = Acquirer(
            open_detector(
                registry.locate("yunet-2023mar", models()),
                score=recipe.score,
                longest_px=recipe.longest_px,
                least_px=recipe.least_px,
            ),
            choice=recipe.choice,
            interpolation=recipe.interpolation,
        )
        embedder = open_embedder(
            registry.locate("mobilefacenet-foamliu", models()), gate, permit, mirrored=recipe.mirrored
        )
        task = bar.add_task("pictures", total=len(wanted))
        extraction = extract(archive, wanted, acquirer, embedder, tick=lambda: bar.advance(task))
    templates = dict(zip(extraction.names, extraction.templates, strict=True))
    split = by_subject(kept, SEED)
    parts = [
        People({who: names[who] for who in part}, templates, extraction.templates.shape[1])
        for part in (split.development, split.evaluation)
    ]
    used = {
        "pictures": extraction.attempted,
        "failures_to_acquire": len(extraction.missed),
        "development": len(split.development),
        "evaluation": len(split.evaluation),
        "evaluation_with_a_second_picture": int(parts[1].mated_whose.size),
        "evaluation_failures_to_enrol": parts[1].failed,
        "evaluation_mated_probes_without_a_face": parts[1].lost,
        "excluded": "of each person all pictures after the second; no one else",
    }
    return parts[0], parts[1], used
