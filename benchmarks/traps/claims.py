"""Traps in what is said around the figures: sellers' claims, one number for privacy, the law."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from benchmarks.evidence import Results
from benchmarks.language import translatable as _
from benchmarks.traps.trap import Caught, compared, mark, ran, refuse

CLAIMED = ("vendor", "brochure", "data sheet", "manufacturer")


def sellers_accuracy(results: Results) -> Iterator[Caught]:
    """20: a claim is listed as one, and never stands beside a measurement."""
    for lane, result in ran(results).items():
        for name, rate in result.rates.items():
            if any(word in rate.source.lower() for word in CLAIMED):
                yield refuse(
                    f"lanes.{lane}.rates.{name}",
                    "{name} comes from a seller ({source}). Expected it among the claims, not among what was measured.",
                    name=name,
                    source=rate.source,
                )
    if results.claims:
        yield mark(
            "claims",
            _(
                "{count} claims of sellers are listed apart: none says how many were enrolled, at which false match "
                "rate, with whom, and with which interval."
            ),
            count=len(results.claims),
        )


def one_number_for_privacy(results: Results) -> Iterator[Caught]:
    """21: the vector before the scalar, the weights before the results."""
    privacy = results.privacy
    if privacy is None or not privacy.footprint:
        return
    if not set(privacy.footprint) <= set(privacy.vector):
        yield refuse(
            "privacy.footprint", "Expected each lane's privacy vector before one number, found the number alone."
        )
    if privacy.weights_fixed is None or not _before(privacy.weights_fixed, results.created):
        yield refuse(
            "privacy.weights_fixed",
            "Expected weights fixed before the results of {created}, found: {fixed}.",
            created=results.created,
            fixed=str(privacy.weights_fixed or "no date"),
        )
    if set(privacy.standing) != {lane for lane, value in privacy.footprint.items() if value is not None}:
        yield refuse(
            "privacy.standing",
            "Expected beside each lane's number how far its place hangs on the weights, found numbers without.",
        )


def _before(fixed: str, created: str) -> bool:
    """Whether a time comes before another, whatever their zones; what is no time comes before nothing."""
    try:
        one, other = (datetime.fromisoformat(text) for text in (fixed, created))
    except ValueError:
        return False
    one, other = (when if when.tzinfo else when.replace(tzinfo=UTC) for when in (one, other))
    return one <= other


def law_by_numbers(results: Results) -> Iterator[Caught]:
    """24: a gain doesn't make it lawful."""
    if not any(comparison.first.startswith("face-") for comparison in compared(results)):
        return
    if results.verdict is None:
        yield mark(
            "verdict",
            _(
                "No processing record is attached, so nothing here says whether the face lane would be allowed. A "
                "better figure doesn't make it so: courts ask whether something less intrusive is enough."
            ),
        )
    elif results.verdict.verdict != "allow":
        yield mark(
            "verdict",
            _("The gate's verdict on the attached record is “{verdict}”. No figure in this report changes that."),
            verdict=results.verdict.verdict,
        )
