"""`threshold policy`: what the law says of a processing record, an empty record, one rule in plain words."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from threshold import papers
from threshold.output import JSON_HELP, console, emit, tables
from threshold.replay import EXAMPLE, replay

if TYPE_CHECKING:
    from policy.verdict import Finding, Mode, Verdict

app = typer.Typer(
    help="The law as code: processing records, rules, verdicts.",
    epilog="Example: threshold policy template --out record.yaml",
    no_args_is_help=True,
)
app.command("notice", epilog=papers.NOTICE)(papers.notice)
app.command("dpia", epilog=papers.DPIA)(papers.dpia)


class Profile(StrEnum):
    """Whose law."""

    se = "se"
    is_ = "is"
    dk = "dk"
    no = "no"
    pl = "pl"
    gb = "gb"
    eu = "eu"


class Language(StrEnum):
    """The languages of findings."""

    en = "en"
    sv = "sv"
    is_ = "is"


LANGUAGE = Annotated[Language, typer.Option("--lang", help="The language of the findings.")]


app.command("replay", epilog=EXAMPLE)(replay)


@app.callback()
def policy() -> None:
    """The law as code."""


@app.command(epilog="Example: threshold policy assess record.yaml --as-of 2026-03-01   Exit 0: allowed. 1: not.")
def assess(
    record: Annotated[Path, typer.Argument(metavar="RECORD", help="A processing record, YAML or JSON.")],
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], metavar="DATE", help="The day; else today."),
    ] = None,
    profile: Annotated[Profile | None, typer.Option(help="Whose law, in place of the record's jurisdiction.")] = None,
    continuing: Annotated[
        bool, typer.Option("--continue", help="It runs already: a refusal shows as a suspension.")
    ] = False,
    evidence: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Measured alternatives (JSON, or an evidence bundle) to count in."),
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The public key (PEM, Ed25519) that may sign the evidence.")
    ] = None,
    page: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a printable page too.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Show passed and not applicable rules too.")] = False,
    lang: LANGUAGE = Language.en,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Judge a processing record: every rule, what is missing, and which facts would change the verdict."""
    from datetime import UTC

    from policy.bundle import is_bundle
    from policy.changes import changes
    from policy.engine import ground, verdict
    from policy.evidence import read as read_evidence
    from policy.record import read
    from policy.signer import public_key

    day = (datetime.now(UTC) if as_of is None else as_of).date()
    if evidence is not None and key is not None and is_bundle(evidence):
        _counted(evidence, key)
    measured = () if evidence is None else read_evidence(evidence, None if key is None else public_key(key))
    about = read(record)
    facts = ground(about, day, None if profile is None else profile.value, measured=measured)
    mode: Mode = "continue" if continuing else "start"
    found = verdict(facts, mode, lang.value).model_copy(update={"changes": changes(facts, mode)})
    if page is not None:
        from policy.page import page as printable
        from threshold.files import write_text

        write_text(page, printable(found, about, lang.value))
    if json:
        emit(found.model_dump(mode="json"))
    else:
        _print(found, record, every)
    if found.verdict != "allow":
        raise typer.Exit(1)


def _counted(bundle: Path, key: Path) -> None:
    """Count a bundle's figures again before a rule reads them."""
    from benchmarks.bundle import verify
    from policy.measured import MeasuredError
    from policy.signer import public_key

    found = verify(bundle, public_key(key))
    if not found.good:
        raise MeasuredError(
            f"{bundle}: expected figures that follow from its transactions, found {found.broken[0]}. "
            "threshold verify names all that doesn't fit."
        )


@app.command(epilog="Example: threshold policy template --out record.yaml · threshold policy template lab-lanes")
def template(
    example: Annotated[
        str | None,
        typer.Argument(metavar="EXAMPLE", help="One of the filled-in records that come along, of no real place."),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write it; else to stdout.")] = None,
) -> None:
    """Write an empty processing record, each fact commented; all facts are unknown until filled in. Or an example."""
    from policy.template import shipped
    from policy.template import template as empty
    from threshold.files import OutputError, write_text

    examples = shipped()
    if example is not None and example not in examples:
        raise typer.BadParameter(f"expected one of {', '.join(examples)}, found {example!r}", param_hint="EXAMPLE")
    text = empty() if example is None else examples[example]
    if out is None:
        print(text, end="")
    elif out.exists():
        raise OutputError(f"{out}: expected a new file, found one there. Name another with --out, or move it away.")
    else:
        write_text(out, text)
        console().print(f"Written: {out}")


@app.command(epilog="Example: threshold policy explain consent-school-imbalance")
def explain(
    rule: Annotated[str | None, typer.Argument(metavar="RULE", help="A rule's id; none: all of them.")] = None,
    lang: LANGUAGE = Language.en,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Say in plain words what a rule asks, where it stands, when it holds and which facts it reads."""
    from policy.explain import explained
    from policy.rule import find, rules

    if rule is None:
        about = [explained(each, lang.value) for each in rules().values()]
    else:
        about = [explained(find(rule), lang.value)]
    if json:
        emit(about if rule is None else about[0])
        return
    from rich.table import Table

    for each in about:
        table = Table(title=str(each["rule"]), title_justify="left", show_header=False)
        table.add_column(no_wrap=True)
        table.add_column()
        for name, value in each.items():
            if value and name != "rule":
                table.add_row(name, "; ".join(value) if isinstance(value, list) else str(value))
        tables().print(table)


STYLES = {"refuse": "bold red", "suspend": "red", "warn": "yellow", "pass": "green", "allow": "bold green"}


def _print(found: Verdict, record: Path, every: bool) -> None:
    from rich.markup import escape
    from rich.table import Table

    screen = tables()
    style = STYLES[found.verdict]
    screen.print(f"[{style}]{found.verdict.upper()}[/{style}]  {escape(str(record))}, as of {found.as_of}, "
                 f"law: {found.profile}, asked to {found.mode}")  # fmt: skip
    for name, decision in found.operations.items():
        screen.print(f"  operation {escape(name)}: [{STYLES[decision]}]{decision}[/{STYLES[decision]}]")
    table = Table(show_lines=False)
    for column in ("outcome", "rule", "what it says", "citation", "mark"):
        table.add_column(column, no_wrap=column in ("outcome",))
    order = {"refuse": 0, "suspend": 1, "warn": 2, "report": 3, "pass": 4, "not-applicable": 5}
    for finding in sorted(found.findings, key=lambda finding: order[finding.weight]):
        if every or finding.weight not in ("pass", "not-applicable"):
            table.add_row(*_row(finding), style=STYLES.get(finding.weight, ""))
    screen.print(table)
    counts = {outcome: sum(finding.outcome == outcome for finding in found.findings) for outcome in (*order, "unknown")}
    screen.print("findings: " + ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count))
    if found.needs:
        screen.print(escape(f"needs ({len(found.needs)}): {', '.join(found.needs)}"))
    if found.exposure is not None:
        mark = f", {found.exposure.mark}" if found.exposure.mark else ""
        screen.print(f"exposure: {found.exposure.ceiling} ({found.exposure.citation}{mark})")
    for title, factors in (("mitigating", found.mitigating), ("aggravating", found.aggravating)):
        for factor in factors:
            screen.print(f"{title}: {factor}")
    _print_changes(found)
    screen.print("This is no legal advice.")


SHOWN = 12


def _print_changes(found: Verdict) -> None:
    from rich.markup import escape

    if found.changes is None:
        return
    screen = tables()
    bound = "" if found.changes.complete else "; the search ended at its bound"
    if not found.changes.sets:
        screen.print(f"No change of up to {found.changes.searched} facts changes this verdict{bound}.")
    if found.changes.searched == 1:
        ways: dict[tuple[str, str], list[str]] = {}
        for change in found.changes.sets:
            for fact, value in change.facts.items():
                ways.setdefault((change.verdict, fact), []).append(value)
        for verdict in dict.fromkeys(verdict for verdict, _ in ways):
            # What would undo an allow are a hundred facts: their names are enough, --json has the values.
            facts = [
                fact if found.verdict == "allow" else f"{fact} ({' or '.join(values)})"
                for (to, fact), values in ways.items()
                if to == verdict
            ]
            screen.print(escape(f"One other fact makes it {verdict}: {'; '.join(facts)}{bound}"))
        return
    for change in found.changes.sets[:SHOWN]:
        said = " and ".join(f"{fact}: {value}" for fact, value in change.facts.items())
        screen.print(escape(f"{change.verdict} with {said}"))
    if len(found.changes.sets) > SHOWN:
        screen.print(f"… and {len(found.changes.sets) - SHOWN} more of that size (--json lists them){bound}")


def _row(finding: Finding) -> tuple[str, ...]:
    from rich.markup import escape

    outcome = f"{finding.outcome} ({finding.weight})" if finding.outcome == "unknown" else finding.outcome
    where = f"{finding.rule}\n{finding.operation}" if finding.operation else finding.rule
    said = f"{finding.message} {finding.why}".strip()
    return outcome, escape(where), escape(said), escape("; ".join(finding.citations)), finding.mark or ""
