"""`threshold sensitivity`: what the simulated answer hangs on, at which rates ranks flip, and what to measure next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from threshold.evaluate import Language
from threshold.output import CLUSTER, JSON_HELP, PROCESSES, console, emit, progress, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.sensitivity.document import Sensitivity

EXAMPLE = (
    "Example: threshold sensitivity --quick   "
    "On two processors: threshold sensitivity --processes 2   "
    "On a Dask cluster: threshold sensitivity --cluster tcp://10.0.0.5:8786   "
    "A broken run goes on: threshold sensitivity --processes 2 --resume"
)
FIRST, SECOND = "face-1n", "tag-uid"
SAMPLE, MORNINGS = 128, 100_000
QUICK_SAMPLE, QUICK_MORNINGS = 8, 5_000


def sensitivity(
    scenario: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A scenario of one's own in place of the embedded one.")
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65536,
            help=f"N of the Sobol sample, a power of 2: N × (inputs + 2) settings; 0 for none. Else {SAMPLE}.",
        ),
    ] = None,
    person_mornings: Annotated[
        int | None,
        typer.Option(
            "--person-mornings", min=1, max=10_000_000, help=f"At each setting, for every way in. Else {MORNINGS}."
        ),
    ] = None,
    vary: Annotated[
        str | None,
        typer.Option(metavar="IDS", help="Which inputs move at once, comma-separated, or all; else a list of 26."),
    ] = None,
    first: Annotated[str, typer.Option(metavar="OPTION", help="The difference looked at is first − second.")] = (FIRST),
    second: Annotated[str, typer.Option(metavar="OPTION", help="A lane, or a third option beside faces.")] = SECOND,
    quick: Annotated[bool, typer.Option("--quick", help="Small: a minute instead of many, and rough.")] = False,
    processes: PROCESSES = None,
    cluster: CLUSTER = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a broken run of the same settings in --out.")
    ] = False,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where sensitivity.json, sensitivity.html and the points go.")
    ] = Path("out/sensitivity"),
    lang: Annotated[Language, typer.Option(help="The page's language.")] = Language.en,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Say what the simulated answer hangs on: one input at a time, all at once, where ranks flip, what to measure next.

    Everything here is "what if" inside a model, with the inputs of the scenario over their ranges; nothing of it was
    observed at an entrance. The numbers are the same wherever they are computed.
    """
    from benchmarks import scenario as scenarios
    from benchmarks.sensitivity.page import render
    from benchmarks.sensitivity.space import VARIED, parameters
    from benchmarks.sensitivity.study import Settings, study
    from benchmarks.spread import place
    from threshold.files import write_text

    chosen = scenarios.read(scenario) if scenario else scenarios.embedded()
    varied = VARIED
    if vary is not None:
        everything = tuple(parameter.id for parameter in parameters(chosen))
        varied = everything if vary == "all" else tuple(name.strip() for name in vary.split(","))
    settings = Settings(
        n=(QUICK_SAMPLE if quick else SAMPLE) if sample is None else sample,
        person_mornings=(QUICK_MORNINGS if quick else MORNINGS) if person_mornings is None else person_mornings,
        varied=varied,
        first=first,
        second=second,
    )
    words = [
        "threshold sensitivity",
        "--scenario FILE" if scenario else "",
        f"--sample {settings.n} --person-mornings {settings.person_mornings}",
        f"--vary {vary}" if vary else "",
        f"--first {first} --second {second}" if (first, second) != (FIRST, SECOND) else "",
    ]
    with progress() as bar, place(processes, cluster) as where:

        def steps(what: str, total: int) -> Callable[[], None]:
            task = bar.add_task(what, total=total)
            return lambda: bar.advance(task)

        try:
            found = study(
                chosen,
                settings,
                out,
                where,
                resume=resume,
                reproduce=" ".join(word for word in words if word),
                progress=steps,
            )
        except KeyboardInterrupt:
            console().print(
                f"Stopped. The points so far are kept in {out}: the same command with --resume goes on.", markup=False
            )
            raise
    write_text(out / "sensitivity.json", found.model_dump_json(by_alias=True, indent=1) + "\n")
    write_text(out / "sensitivity.html", render(found, lang.value))
    if json:
        emit(found.model_dump(mode="json", by_alias=True))
    else:
        _show(found, lang)
    console().print(f"Written: {out / 'sensitivity.json'}, {out / 'sensitivity.html'}")


def _show(found: Sensitivity, lang: Language) -> None:
    from rich.table import Table

    from benchmarks.sensitivity.page import View, plain
    from benchmarks.terms import Terms

    view = View(found, Terms(lang.value))
    table = Table(title=str(view.terms.say("What the answer hangs on")), title_justify="left")
    for column in ("what is counted", "one at a time", "all at once", "measure first"):
        table.add_column(column)
    decisions = {decision.outcome: decision for decision in view.decisions("candidates")}
    for outcome in found.outcomes:
        table.add_row(
            plain(view.outcome(outcome)),
            "\n".join(plain(view.parameter(swing.parameter)) for swing in found.tornado[outcome][:3]),
            "\n".join(plain(view.parameter(row[0])) for row in view.ranked(outcome)[:3]) if found.spread else "",
            "\n".join(plain(view.parameter(name)) for name in view.told(decisions[outcome])[:3]) if decisions else "",
        )
    tables().print(table)
    for sentence in view.paragraph():
        tables().print(plain(sentence), markup=False)
