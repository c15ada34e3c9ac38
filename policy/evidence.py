"""Measured alternatives wherever they come: a document of their own, or an evidence bundle of a pilot."""

from __future__ import annotations

import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from policy import bundle as packed
from policy import measured
from policy.measured import MEASURED, MeasuredAlternatives, MeasuredError, Measurement, measurements


def read(path: Path, key: Ed25519PublicKey | None) -> tuple[Measurement, ...]:
    """What counts of a document in a file, or in an evidence bundle. Raises MeasuredError; of a bundle UnknownSigner,
    BundleError.

    A bundle's margin and need must be those that its ledger held before the first transaction; whether its figures
    follow from its transactions, `threshold verify` counts.
    """
    return _bundled(path, key) if packed.is_bundle(path) else measured.read(path, key)


def _bundled(path: Path, key: Ed25519PublicKey | None) -> tuple[Measurement, ...]:
    if key is None:
        raise MeasuredError(f"{path}: expected the public key that may sign a bundle (--key), found none.")
    bundle = packed.read(path, key)
    manifest = bundle.manifest
    if manifest.grade != "pilot":
        raise MeasuredError(
            f"{path}: expected a bundle of a pilot, found one of grade {manifest.grade}: what is simulated or measured "
            "elsewhere is no measured alternative."
        )
    if bundle.broken:
        raise MeasuredError(f"{path}: expected a whole bundle, found {bundle.broken[0]}.")
    if MEASURED not in bundle.files or manifest.ledger is None:
        raise MeasuredError(f"{path}: expected {MEASURED} and the ledger behind it in the bundle, found not both.")
    if problem := manifest.ledger.problem():
        raise MeasuredError(f"{path}: expected a whole ledger in the bundle, found: {problem}")
    try:
        document = json.loads(bundle.files[MEASURED])
        found = measurements(document, f"{path}, {MEASURED}", key)
        stated = MeasuredAlternatives.model_validate(document)
    except (ValueError, RecursionError, ValidationError) as error:
        raise MeasuredError(f"{path}, {MEASURED}: expected measured alternatives, found none ({error}).") from error
    held = {
        (each.body.alternative, each.body.measure): (each.body.margin, each.body.need)
        for each in manifest.ledger.in_force(stated.first_transaction_at)
    }
    for each in stated.comparisons:
        if held.get((each.alternative, each.measure)) != (each.margin, each.need):
            raise MeasuredError(
                f"{path}: {each.alternative}, {each.measure}: expected margin and need as the ledger held them before "
                f"the first transaction, {held.get((each.alternative, each.measure), 'none')}, found "
                f"{(each.margin, each.need)}."
            )
    return found
