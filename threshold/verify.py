"""`threshold verify`: an evidence bundle checked on another machine, every figure counted again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from threshold.output import JSON_HELP, PROCESSES, console, emit, progress, tables

EXAMPLE = "Example: threshold verify evidence.bundle --key signer.pem.pub   Exit 0: all fits. 1: something doesn't."
SHOWN = 40


def verify(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="As threshold report --bundle wrote it.")],
    key: Annotated[
        Path, typer.Option(metavar="FILE", help="The public key (PEM, Ed25519) of whom you expect the bundle from.")
    ],
    anchor: Annotated[
        Path | None, typer.Option(metavar="FILE", help="An anchor of the ledger that was kept elsewhere.")
    ] = None,
    all_points: Annotated[
        bool, typer.Option("--all-points", help="Of a sensitivity study compute every point afresh, not a dozen: long.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Which points are taken: as another run of verify said; else drawn anew.")
    ] = None,
    processes: PROCESSES = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Check signature and digests, count every figure again, and name whatever doesn't fit.

    Figures follow from the transactions, costs from the prices, privacy and verdict from the processing record, a
    sensitivity study from its points: all of them lie in the bundle.
    """
    from benchmarks.bundle import signer
    from benchmarks.bundle import verify as check
    from benchmarks.sensitivity.again import COUNT, Afresh
    from benchmarks.spread import place
    from policy.ledger import read_anchor
    from policy.signer import public_key

    kept = None if anchor is None else read_anchor(anchor)
    with progress() as bar, place(processes, None) as where:

        def steps(what: str, total: int):  # type: ignore[no-untyped-def]
            task = bar.add_task(what, total=total)
            return lambda: bar.advance(task)

        afresh = Afresh(None if all_points else COUNT, seed, where)
        found = check(bundle, public_key(key), kept, progress=steps, afresh=afresh)
    manifest = found.bundle.manifest
    if json:
        emit(
            {
                "good": found.good,
                "signer": signer(found.bundle),
                "grade": manifest.grade,
                "created": manifest.created.isoformat(),
                "program": manifest.program,
                "figures": found.figures,
                "broken": [
                    {"kind": one.kind, "where": one.where, "expected": one.expected, "found": one.found}
                    for one in found.broken
                ],
                "notes": list(found.notes),
            }
        )
    else:
        screen = tables()
        screen.print(f"signed by {signer(found.bundle)}, grade {manifest.grade}, {manifest.program}")
        for one in found.broken[:SHOWN]:
            screen.print(f"  {one}", markup=False, soft_wrap=True)
        if len(found.broken) > SHOWN:
            screen.print(f"  … and {len(found.broken) - SHOWN} more (--json lists them)")
        for note in found.notes:
            screen.print(note, markup=False)
        screen.print(
            f"All fits: {found.figures} figures counted again, {len(manifest.files)} files."
            if found.good
            else f"What doesn't fit: {len(found.broken)}."
        )
    if not found.good:
        console().print(f"{bundle}: not as it was signed, or its figures don't follow from what it holds.")
        raise typer.Exit(1)
