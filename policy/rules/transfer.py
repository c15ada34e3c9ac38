"""Data leaving the EEA (Chapter V)."""

from __future__ import annotations

from policy.kleene import Truth, among, both, either, every, negate, no, some, yes
from policy.rule import rule
from policy.rules.conditions import EEA
from policy.view import View


@rule(
    "transfer-mapped",
    asks="Every country outside the EEA that data reach, by sub-processors too, is listed.",
    fails="Data leave the EEA, by a transfer or a sub-processor, to a country that is not listed under xfer.",
    cites=("GDPR Art 44",),
    source="law.md 1.5; K: III.6",
    outcome="refuse",
    family="transfer",
    reads=("xfer[].country", "proc[].sub[].country", "op[].kind"),
)
def transfer_mapped(view: View) -> Truth:
    transfers, processors, ops = view.each("xfer"), view.each("proc"), view.each("op")
    if transfers is None or processors is None:
        return None
    listed = {str(transfer["country"]).upper() for transfer in transfers}
    answers: list[Truth] = []
    for processor in processors:
        others = processor.each("sub")
        answers.append(None if others is None else every(_covered(other["country"], listed) for other in others))
    moves = None if ops is None else some(among(op["kind"], "transfer") for op in ops)
    return both(*answers, either(negate(moves), bool(transfers)))


def _covered(country: object, listed: set[str]) -> Truth:
    return None if country == "unknown" else str(country).upper() in EEA | listed


@rule(
    "transfer-tool",
    asks="Each transfer has an adequacy decision, or standard clauses with an assessment of the destination's law.",
    fails="A transfer has no adequacy decision, and no standard clauses with an assessment of the destination's law.",
    cites=("GDPR Art 44", "GDPR Art 46(1)-(2)(c)", "CJEU C-311/18"),
    source="law.md 1.5; K: III.6, III.7 (sixth)",
    outcome="refuse",
    family="transfer",
    reads=("xfer[].tool", "xfer[].law_assessed"),
)
def transfer_tool(view: View) -> Truth:
    transfers = view.each("xfer")
    if transfers is None:
        return None
    return every(
        either(among(t["tool"], "45"), both(among(t["tool"], "46_2_c"), yes(t["law_assessed"]))) for t in transfers
    )


@rule(
    "transfer-supplement",
    asks="Where standard clauses carry a transfer to someone who reads in clear, data are encrypted in transit, at "
    "rest "
    "and in use under the controller's key.",
    fails="The recipient reads the data in clear or holds the keys; encryption in transit and at rest is not enough.",
    cites=("GDPR Art 46", "EDPB Recommendations 01/2020"),
    source="law.md 1.5; K: III.6",
    outcome="refuse",
    family="transfer",
    reads=("xfer[].tool", "xfer[].recipient_needs_clear", "xfer[].enc_transit", "xfer[].enc_rest", "xfer[].enc_in_use",
           "xfer[].key_holder"),
)  # fmt: skip
def transfer_supplement(view: View) -> Truth:
    transfers = view.each("xfer")
    if transfers is None:
        return None
    return every(
        either(
            among(t["tool"], "45"),
            no(t["recipient_needs_clear"]),
            both(yes(t["enc_transit"]), yes(t["enc_rest"]), yes(t["enc_in_use"]), among(t["key_holder"], "controller")),
        )
        for t in transfers
    )


@rule(
    "transfer-no-requests",
    asks="That no authority ever asked for data is not counted as a safeguard.",
    fails="That no authority ever asked is counted as a safeguard. Leave it out.",
    cites=("GDPR Art 46",),
    source="law.md 1.5; K: II.6.1, II.7, III.6",
    outcome="warn",
    family="transfer",
    reads=("xfer[].no_requests_claimed",),
)
def transfer_no_requests(view: View) -> Truth:
    transfers = view.each("xfer")
    return None if transfers is None else every(no(transfer["no_requests_claimed"]) for transfer in transfers)


@rule(
    "deidentified-really",
    asks="Data are called de-identified only where nobody can be identified from them again.",
    fails="Data are called de-identified although people can be identified again: they are personal data.",
    cites=("GDPR Art 4(1)", "GDPR Art 4(5)", "GDPR rec. 26"),
    source="law.md 1.5; K: III.6",
    outcome="refuse",
    family="transfer",
    reads=("xfer[].claimed_deidentified", "xfer[].reident_feasible"),
)
def deidentified_really(view: View) -> Truth:
    transfers = view.each("xfer")
    if transfers is None:
        return None
    return every(either(no(t["claimed_deidentified"]), _false(t["reident_feasible"])) for t in transfers)


def _false(fact: object) -> Truth:
    return None if fact == "unknown" else fact is False
