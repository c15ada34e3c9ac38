"""The command `threshold`: one small file a verb; a verb imports what it needs when it needs it.

Exit codes: 0 done, 1 refused or failed with a reason, 2 wrong use.
"""

from __future__ import annotations

import sys

import typer

from benchmarks.errors import BenchmarkError
from edge.errors import EdgeError
from models.errors import ModelError
from policy.errors import PolicyError
from threshold import (
    attendance,
    backup,
    bench,
    consent,
    cost,
    demo,
    doctor,
    entrance,
    evaluate,
    ledger,
    models,
    order,
    pilot,
    plan,
    policy,
    renew,
    report,
    run,
    sensitivity,
    subjects,
    verify,
    version,
)
from threshold.ending import own_process
from threshold.output import emit

app = typer.Typer(
    name="threshold",
    help="Face lanes and tag lanes at an entrance, measured side by side, behind a legal gate.",
    epilog="Example: threshold evaluate --out out/evaluate",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("evaluate", epilog=evaluate.EXAMPLE)(evaluate.evaluate)
app.command("report", epilog=report.EXAMPLE)(report.report)
app.command("cost", epilog=cost.EXAMPLE)(cost.cost)
app.command("verify", epilog=verify.EXAMPLE)(verify.verify)
app.command("sensitivity", epilog=sensitivity.EXAMPLE)(sensitivity.sensitivity)
app.command("demo", epilog=demo.EXAMPLE)(demo.demo)
app.command("entrance", epilog=entrance.EXAMPLE)(entrance.entrance)
app.command("run", epilog=run.EXAMPLE)(run.run)
app.command("doctor", epilog=doctor.EXAMPLE)(doctor.doctor)
app.command("enrol", epilog=subjects.ENROL)(subjects.enrol)
app.command("revoke", epilog="Example: threshold revoke volunteer-07 --what face")(subjects.revoke)
app.command("reconfirm", epilog=consent.RECONFIRM)(consent.reconfirm)
app.command("decline", epilog=consent.DECLINE)(consent.decline)
app.command("renew", epilog=renew.EXAMPLE)(renew.renew)
app.command("export", epilog="Example: threshold export volunteer-07 --out volunteer-07.json --journal journal")(
    subjects.export
)
app.command("erase", epilog="Example: threshold erase volunteer-07")(subjects.erase)
app.command("status", epilog="Example: threshold status --json")(subjects.status)
app.command("backup", epilog="Example: threshold backup /media/usb")(backup.backup)
app.command("restore", epilog="Example: threshold restore /media/usb/threshold-0123456789abcdef.backup")(backup.restore)
app.command("plan", epilog=plan.EXAMPLE)(plan.plan)
app.add_typer(attendance.app, name="attendance")
app.add_typer(order.app, name="order")
app.add_typer(bench.app, name="bench")
app.add_typer(ledger.app, name="ledger")
app.add_typer(models.app, name="models")
app.add_typer(pilot.app, name="pilot")
app.add_typer(policy.app, name="policy")
app.command("version", epilog=version.EXAMPLE)(version.version)


def main() -> None:
    """Run the command; an expected error becomes one clear message (and with --json one document) and exit 1."""
    try:
        with own_process():
            app()
    except (ModelError, PolicyError, EdgeError, BenchmarkError) as error:
        if "--json" in sys.argv:
            emit({"error": {"kind": type(error).__name__, "message": str(error)}})
        print(f"threshold: {error}", file=sys.stderr)
        sys.exit(1)
