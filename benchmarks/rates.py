"""The error rates of a biometric system from one another, as ISO/IEC 19795-1 defines them; shares from 0 to 1.

FAR and FRR of one attempt follow from FMR, FNMR and FTA; of several attempts they don't (`benchmarks.attempts`).
GFRR's formula is the standard's by memory, unverified; bob.bio.base computes FAR and FRR the same way.
"""

from __future__ import annotations

from benchmarks.interval import RateError


def false_accept(fmr: float, fta: float) -> float:
    """FAR = FMR (1-FTA), one attempt. RateError: a rate outside 0 to 1."""
    _shares(fmr=fmr, fta=fta)
    return fmr * (1.0 - fta)


def false_reject(fnmr: float, fta: float) -> float:
    """FRR = FTA + FNMR (1-FTA), one attempt. RateError: a rate outside 0 to 1."""
    _shares(fnmr=fnmr, fta=fta)
    return fta + fnmr * (1.0 - fta)


def generalised_false_accept(fmr: float, fta: float, fte: float) -> float:
    """GFAR = (1-FTE) (1-FTA) FMR: an impostor claims to be anyone who came to be enrolled. RateError: as above."""
    _shares(fte=fte)
    return (1.0 - fte) * false_accept(fmr, fta)


def generalised_false_reject(fnmr: float, fta: float, fte: float) -> float:
    """GFRR = FTE + (1-FTE) FTA + (1-FTE)(1-FTA) FNMR: whoever couldn't be enrolled is rejected. RateError: as above."""
    _shares(fte=fte)
    return fte + (1.0 - fte) * false_reject(fnmr, fta)


def _shares(**rates: float) -> None:
    for name, rate in rates.items():
        if not 0.0 <= rate <= 1.0:
            raise RateError(f"{name}: expected a share from 0 to 1, found {rate!r}")
