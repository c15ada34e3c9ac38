"""`threshold plan`: how many people and trials a claim takes."""

from __future__ import annotations

from typing import Annotated

import typer

from threshold.output import JSON_HELP, emit, tables

EXAMPLE = (
    'Example: threshold plan --claim "FRR 3% ± 1pp" --attempts 20   '
    'Others: "FMR < 0.1%", "FRR face − tag < 2pp", "FRR face 2% vs tag 3%", "time ± 5%"'
)


def plan(
    claim: Annotated[str, typer.Option(metavar="TEXT", help="What is to be shown, as in the examples below.")],
    attempts: Annotated[int, typer.Option(min=1, help="Attempts (mornings) a subject.")] = 1,
    correlation: Annotated[
        float, typer.Option(min=0.0, max=0.999, help="Of two attempts of one subject (rho); matters with --attempts.")
    ] = 0.1,
    first: Annotated[float, typer.Option(help="The rate expected of a difference's first lane, a share.")] = 0.03,
    second: Annotated[float, typer.Option(help="The rate expected of its second lane, a share.")] = 0.03,
    expected: Annotated[
        float, typer.Option(help="The rate expected under a claim with <, a share; 0: no error is to be seen.")
    ] = 0.0,
    lanes: Annotated[
        float, typer.Option(help="Correlation of failing at both lanes on one morning; 0 is on the safe side.")
    ] = 0.0,
    spread: Annotated[float, typer.Option(help="Coefficient of variation of a time.")] = 0.5,
    dropout: Annotated[float, typer.Option(help="Share of the subjects who won't finish.")] = 0.0,
    level: Annotated[float, typer.Option(help="Confidence level.")] = 0.95,
    power: Annotated[float, typer.Option(help="Chance that the claim is shown if what is expected holds.")] = 0.8,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Plan a sample: subjects and trials that a claim about a rate, a difference or a time takes."""
    from rich.table import Table

    from benchmarks.planner import Assumed
    from benchmarks.planner import plan as planned

    result = planned(
        claim,
        Assumed(
            level=level,
            power=power,
            attempts=attempts,
            correlation=correlation,
            first=first,
            second=second,
            expected=expected,
            lanes=lanes,
            spread=spread,
            dropout=dropout,
        ),
    )
    if json:
        emit(result.model_dump(mode="json"))
        return
    table = Table(title=result.claim, title_justify="left", show_header=False)
    table.add_row("bound", f"{result.sided} at {100 * result.level:g}%")
    table.add_row("independent trials", f"{result.independent:,}")
    table.add_row("design effect", f"{result.design_effect:.3g}")
    table.add_row("trials", f"{result.trials:,}")
    table.add_row("subjects", f"{result.subjects:,} with {result.attempts} each")
    table.add_row("to invite", f"{result.subjects_to_invite:,}")
    for name, value in (
        ("errors allowed", result.allowed_errors),
        ("subjects, if errors cluster", result.subjects_if_clustered),
        ("subjects, crossed both ways", result.subjects_crossed_ordered),
        ("subjects, crossed one way", result.subjects_crossed_unordered),
    ):
        if value is not None:
            table.add_row(name, f"{value:,}")
    out = tables()
    out.print(table)
    for sentence in result.explanation:
        out.print(sentence)
