"""The rules, a file a subject; importing this registers them, in the order of the law's table."""

from policy.rules import (  # noqa: F401  each registers its rules
    accountability,
    ai,
    assessment,
    bases,
    biometrics,
    camera,
    consent,
    contract,
    former,
    minimisation,
    necessity,
    persons,
    purposes,
    roles,
    security,
    supervision,
    transfer,
    transparency,
)  # isort: skip
