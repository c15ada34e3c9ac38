"""`threshold reconfirm | decline`: a grown person's own yes, and anybody's no."""

from __future__ import annotations

from typing import Annotated

import typer

from threshold.output import console, emit
from threshold.site import AnchorFile, Json, StoreFolder, open_store
from threshold.subjects import By, Child, Document, Reference, Role, facts

RECONFIRM = (
    "Example: threshold reconfirm member-12 --witness 'Eva Lind' --document passport --age 18 --role member "
    "--notice 1.2"
)
DECLINE = (
    "Example: threshold decline --notice 1.2   "
    "For a child: threshold decline --by guardian --child objected --notice 1.2"
)


def reconfirm(
    reference: Reference,
    witness: Annotated[str, typer.Option(help="Who attests the age: a named person, not the one who confirms.")],
    document: Annotated[Document, typer.Option(help="The document the witness saw.")],
    age: Annotated[int, typer.Option(min=0, max=130, help="Age in years, as that document says: 18 or more.")],
    role: Annotated[Role, typer.Option(help="A pupil of the school is one at any age.")],
    notice: Annotated[str, typer.Option(metavar="VERSION", help="The notice the person saw.")],
    superior: Annotated[
        bool, typer.Option("--asked-by-superior", help="Asked by someone who decides over their work or grades.")
    ] = False,
    store: StoreFolder = None,
    anchor: AnchorFile = None,
    json: Json = False,
) -> None:
    """Coming of age: the person agrees to what a guardian agreed to before. Until then nothing of theirs opens."""
    from policy.enrolment import reconfirm as confirmed

    with open_store(store, anchor) as opened:
        today = opened.clock.now().date()
        subject = opened.find(reference)
        agreed = {
            "by": "subject",
            "child": "adult",
            "explicit": True,
            "informed_on": today,
            "notice": notice,
            "recruiter_is_superior": superior,
        }
        attested = {"witness": witness, "document": document.value, "age": age, "role": role.value, "on": today}
        confirmed(opened, reference, facts(reference, attested, agreed, opened.file(subject).keep_until))
        until = opened.file(subject).keep_until
    if json:
        emit({"reconfirmed": True, "pseudonym": subject, "keep_until": until.isoformat()})
    else:
        console().print(f"Confirmed: {subject}, to be kept until {until}, as before.", soft_wrap=True)


def decline(
    notice: Annotated[str, typer.Option(metavar="VERSION", help="The notice the person saw.")],
    by: Annotated[By, typer.Option(help="Who said no.")] = By.subject,
    child: Annotated[Child, typer.Option(help="The child's own say.")] = Child.adult,
    store: StoreFolder = None,
    anchor: AnchorFile = None,
    json: Json = False,
) -> None:
    """Count a person who said no. Who it was isn't asked and isn't kept. Someone enrolled who says no: revoke."""
    from pydantic import TypeAdapter, ValidationError

    from policy.enrolment import declined
    from policy.entry import Version

    try:
        TypeAdapter(Version).validate_python(notice)
    except ValidationError as error:
        raise typer.BadParameter(
            f"expected a version such as 1.2 or 2026-08-20, found {notice!r}", param_hint="--notice"
        ) from error
    with open_store(store, anchor, begin=True) as opened:
        declined(opened, by.value, child.value, notice)
        count = opened.status()["declined"]
    if json:
        emit({"declined": count})
    else:
        console().print(f"Counted: {count} said no so far. Who they are is not kept.", soft_wrap=True)
