"""`threshold policy`: the law as code; one small file a verb, gathered here."""

from __future__ import annotations

import typer

from threshold import papers

app = typer.Typer(
    help="The law as code: what a processing record owes to people.",
    epilog="Example: threshold policy notice record.yaml --lang sv --out papers",
    no_args_is_help=True,
)
app.command("notice", epilog=papers.NOTICE)(papers.notice)
app.command("dpia", epilog=papers.DPIA)(papers.dpia)
