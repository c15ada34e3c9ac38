"""The gate: nothing that needs a permit runs without asking here first, and only here are permits made.

In this version the gate knows three inputs that need no subject's consent record: listed research sets, synthetic
people, whose pictures it draws again, and simulated subjects. Anyone else needs a processing record that the rules
allow with that person's facts in it; the permit is for that person and the pictures just taken, and holds while those
facts do. There is no switch that turns this off.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, Protocol

import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policy.archive import Archive
from policy.engine import assess
from policy.errors import PolicyError
from policy.permit import PERSONAL, Comparison, Kind, Operation, Permit, Purpose
from policy.record import Record
from policy.research import ResearchSet, Use, listed, set_digest
from policy.search import against as against_search
from policy.synthetic import Apart, Claim, Render, difference
from policy.verdict import Finding, Mode, Verdict

Assess = Callable[[Record, date], Verdict]
"""What a record comes to as of a day: the rules."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a permit for one person rests on, as the one who keeps it says."""

    record: Record
    """The record in force with the person's facts in it."""
    bound: str
    """Hash of that record and those facts."""
    until: datetime
    """When they change by themselves."""


class Register(Protocol):
    """Who keeps people's facts; the gate asks there, so that nobody can show it other facts."""

    def facts(self, subject: str, modality: Literal["face", "tag"], kind: Kind, purpose: Purpose) -> Facts:
        """What a permit of a kind, for a purpose, for one person would rest on. Raises what says: nothing."""
        ...

    def against(self, permit: Permit) -> Finding | None:
        """What stands against a person's permit at this moment; None: nothing."""
        ...

    def owner(self, uid: bytes) -> str | None:
        """Whose tag it is; None where it opens nothing."""
        ...


# Long enough for the longest benchmark on a Pi, short enough that a permit left lying about is worth nothing tomorrow.
LIFETIME = timedelta(hours=12)

# A person's permit covers one capture. It ends with the day in any case, as the rules are asked as of a day.
CAPTURE: Mapping[Kind, timedelta] = {
    "enrol": timedelta(minutes=15),
    "match": timedelta(minutes=2),
    "probe-only": timedelta(minutes=15),
}


SHOWN = 6
"""Findings that an error message spells out; a record can have a hundred."""


class Refused(PolicyError, PermissionError):
    """Error raised when the gate does not allow what was asked; carries the verdict with its findings."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        worst = "refuse" if verdict.verdict == "refuse" else "suspend"
        against = [f"[{f.rule}] {f.message}" for f in verdict.findings if f.weight in (worst, "refuse")]
        rest = len(against) - SHOWN
        if rest > 0:
            against[SHOWN:] = [f"And {rest} more: threshold policy assess shows them all."]
        reasons = " ".join(dict.fromkeys(against))
        super().__init__(f"refused by the gate. {reasons}")


class Gate:
    """Decides, signs permits, and checks them at use. One a process; its signing key never leaves it.

    `sets` are the research sets it knows (the product's list unless told otherwise); `now` gives aware UTC times;
    `render` draws synthetic people, and without it none are allowed; `assess` stands in for the rules in tests;
    `register` keeps people's facts and knows whether they still stand; without it no person's permit is made or holds.
    """

    def __init__(
        self,
        sets: Iterable[ResearchSet] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        render: Render | None = None,
        assess: Assess | None = None,
        register: Register | None = None,
    ) -> None:
        self._rules = assess
        self._register = register
        self._judged: dict[tuple[str, str], Verdict] = {}
        self._judged_on: date | None = None
        self._sets = tuple(listed() if sets is None else sets)
        self._render = render
        self._now = now
        self._key = Ed25519PrivateKey.generate()
        self._public = self._key.public_key()
        self._verified: dict[int, Permit] = {}  # keeps the permit alive, so that its id stays its own

    @property
    def sets(self) -> tuple[ResearchSet, ...]:
        """The listed research sets this gate knows."""
        return self._sets

    def research(self, archive: Archive, use: Use) -> tuple[Permit, ResearchSet]:
        """A permit to compute templates, in memory, of a whole listed research set, which the gate hashes itself.

        Raises Refused when the files are not exactly those of a listed set.
        """
        digests = archive.digests()
        digest = set_digest(digests)
        for entry in self._sets:
            if entry.digest == digest:
                return self._sign("research", {"template", "match"}, use, entry.id, frozenset(digests.values())), entry
        nearest = ", ".join(f"{entry.id} ({entry.files} files)" for entry in self._sets) or "none"
        raise Refused(
            Verdict.of(
                Finding(
                    rule="listed-research-set",
                    outcome="refuse",
                    citations=("GDPR Art 9(1)", "GDPR Art 6(1)"),
                    facts=("pictures.files", "pictures.digest"),
                    message=(
                        f"{archive.path} holds {len(digests)} files with the set digest {digest[:16]}…, which is no "
                        f"listed research set (listed: {nearest}). Pictures of anyone else are a camera's: they need a "
                        "processing record that the gate allows (--record FILE). For a listed set, name the whole, "
                        "unchanged set."
                    ),
                    missing=("record",),
                    mark="project-rule",
                )
            )
        )

    def synthetic(self, claims: Iterable[Claim], purpose: str) -> Permit:
        """A permit to compute and match templates of pictures of synthetic people. Every one is drawn again first.

        The permit covers the pictures by the digests of their pixels (Claim.digest). A claim's pixels are looked at
        once: they are copied before they are compared. Raises Refused at the first picture that is not what it claims.
        """
        contents = set()
        for claim in claims:
            kept = replace(claim, pixels=np.array(claim.pixels))
            apart = None if self._render is None else difference(kept, self._render)
            if apart is None or not apart.small:
                raise Refused(_not_synthetic(claim.seed, apart, self._render is not None))
            contents.add(kept.digest)
        if not contents:
            raise Refused(_permit_finding("synthetic-people", "No picture of a synthetic person was shown."))
        return self._sign("synthetic", {"template", "match"}, purpose, "synthetic people", frozenset(contents))

    def simulated(self, purpose: str) -> Permit:
        """A permit to store and match credentials of simulated subjects, behind whom there is no person."""
        return self._sign("simulated", {"store", "match"}, purpose, "simulation", frozenset())

    def assess(self, record: Record, mode: Mode = "start") -> Verdict:
        """What the rules say of a processing record today, by the gate's own time."""
        today = self._now().date()
        return assess(record, as_of=today, mode=mode) if self._rules is None else self._rules(record, today)

    def recorded(self, record: Record) -> Permit:
        """What a folder of pictures gets under a processing record: nothing. Raises Refused with the rules' findings,
        and where they allow the record, with the way that is open: a person's live enrolment (`personal`)."""
        verdict = self.assess(record)
        if verdict.verdict == "allow":
            verdict = Verdict.of(
                *verdict.findings,
                Finding(
                    rule="live-enrolment-only",
                    outcome="refuse",
                    citations=("GDPR Art 25", "GDPR Art 32"),
                    message=(
                        "The rules allow this record, and under it people are enrolled live, one by one, before a "
                        "witness: threshold enrol. A folder of pictures gets no permit by it. Use a listed research "
                        "set or drawn people."
                    ),
                    mark="project-rule",
                ),
            )
        raise Refused(verdict)

    def personal(
        self,
        kind: Kind,
        subject: str,
        modality: Literal["face", "tag"],
        contents: Iterable[bytes] = (),
        *,
        mode: Comparison = "",
        token: bytes = b"",
        purpose: Purpose = "door",
    ) -> Permit:
        """A permit for one person and the pictures just taken, by their digests. Raises Refused with the verdict.

        `purpose` is what for, of those that record and person name; an enrolment is for all of them.
        `mode` says with whose references a face may be compared: `1:1` with the person's, for which `token` is the
        identifier of that person's tag, just read; `1:N` with everyone's, where the record shows what that needs.
        """
        if self._register is None:
            raise Refused(Verdict.of(_unknown_standing()))
        facts = self._register.facts(subject, modality, kind, purpose)
        verdict = self._today(facts, modality)
        if verdict.verdict != "allow":
            raise Refused(verdict)
        now = self._now()
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
        operations: set[Operation] = {"store"} if kind == "enrol" else {"match"}
        if modality == "face":
            operations.add("template")
        permit = self._sign(
            kind,
            operations,
            "enrolment" if kind == "enrol" else purpose,
            "processing record",
            frozenset(contents),
            expires=min(now + CAPTURE[kind], midnight, facts.until),
            subject=subject,
            record=facts.bound,
            modality=modality,
            mode=mode,
        )
        self._stands(permit)
        self._comparable(kind, subject, modality, mode, token, facts.record)
        return permit

    def _comparable(
        self, kind: Kind, subject: str, modality: str, mode: Comparison, token: bytes, record: Record
    ) -> None:
        if mode == "":
            return
        if modality != "face" or kind == "enrol" or (kind == "probe-only" and mode == "1:1"):
            raise Refused(_permit_finding("permit-mode", f"A permit to {kind} a {modality} compares nothing {mode}."))
        if mode == "1:N":
            finding = against_search(record, self._now().date())
            if finding is not None:
                raise Refused(Verdict.of(finding))
        elif self._register is None or not token or self._register.owner(token) != subject:
            raise Refused(
                _permit_finding(
                    "token-first",
                    "A face is compared with one person's reference after that person's tag was read, and what was "
                    "read is no tag of that person's, or none any longer.",
                )
            )

    def _today(self, facts: Facts, modality: str) -> Verdict:
        """The verdict on the same facts is the same all day: the rules are asked as of a day."""
        today = self._now().date()
        if self._judged_on != today:
            self._judged, self._judged_on = {}, today
        key = facts.bound, modality
        if key not in self._judged:
            self._judged[key] = self.assess(facts.record)
        return self._judged[key]

    def _stands(self, permit: Permit) -> None:
        if permit.kind in PERSONAL:
            against = _unknown_standing() if self._register is None else self._register.against(permit)
            if against is not None:
                raise Refused(Verdict.of(against))

    def require(
        self,
        permit: Permit,
        operation: Operation,
        digest: bytes | None = None,
        *,
        mode: Comparison = "",
        purpose: Purpose | None = None,
    ) -> None:
        """Return if `permit` is genuine, not expired, and covers `operation` (and the file with that SHA-256 digest);
        with `mode`, that it is a person's and for that comparison; with `purpose`, that it is for that.

        Raises Refused otherwise. A signature is verified once a process, expiry and coverage at each use, and so is
        whether record, consent, age and orders of a person still are what they were.
        """
        if self._verified.get(id(permit)) is not permit:
            try:
                if type(permit) is not Permit:  # a subclass could say one thing and show the signature of another
                    raise InvalidSignature
                self._public.verify(permit.signature, permit.message())
            except InvalidSignature:
                raise Refused(_permit_finding("permit-genuine", "The permit was not signed by this gate.")) from None
            self._verified[id(permit)] = permit
        if self._now() >= permit.expires:
            raise Refused(_permit_finding("permit-in-time", f"The permit ran out at {permit.expires.isoformat()}."))
        if operation not in permit.operations:
            raise Refused(
                _permit_finding(
                    "permit-operation", f"The permit is for {sorted(permit.operations)}, not for {operation!r}."
                )
            )
        if mode and permit.mode != mode:
            raise Refused(
                _permit_finding("permit-mode", f"The permit compares {permit.mode or 'with nobody'}, not {mode}.")
            )
        if purpose is not None and permit.purpose != purpose:
            raise Refused(_permit_finding("permit-purpose", f"The permit is for {permit.purpose}, not for {purpose}."))
        if digest is not None and digest not in permit.contents:
            raise Refused(
                _permit_finding(
                    "permit-contents", f"The picture {digest.hex()[:16]}… is not among those the permit covers."
                )
            )
        self._stands(permit)

    def _sign(
        self,
        kind: Kind,
        operations: set[Operation],
        purpose: str,
        source: str,
        contents: frozenset[bytes],
        *,
        expires: datetime | None = None,
        subject: str = "",
        record: str = "",
        modality: Literal["", "face", "tag"] = "",
        mode: Comparison = "",
    ) -> Permit:
        now = self._now()
        permit = Permit(
            id=secrets.token_hex(8),
            kind=kind,
            operations=frozenset(operations),
            purpose=purpose,
            source=source,
            issued=now,
            expires=now + LIFETIME if expires is None else expires,
            contents=contents,
            subject=subject,
            record=record,
            modality=modality,
            mode=mode,
        )
        return replace(permit, signature=self._key.sign(permit.message()))


def _permit_finding(rule: str, message: str) -> Verdict:
    return Verdict.of(
        Finding(
            rule=rule,
            outcome="refuse",
            citations=("GDPR Art 5(2)", "GDPR Art 25"),
            message=message,
            mark="project-rule",
        )
    )


def _unknown_standing() -> Finding:
    return _permit_finding(
        "permit-standing", "The permit is a person's, and nothing here knows whether that person's facts still stand."
    ).findings[0]


def _not_synthetic(seed: int, apart: Apart | None, renderer: bool) -> Verdict:
    if not renderer:
        why = "this gate was given nothing to draw synthetic people with, so it can't check that it is one"
    elif apart is None:
        why = "drawn again it has another size or type"
    else:
        why = f"drawn again it differs by {apart}"
    return Verdict.of(
        Finding(
            rule="synthetic-people",
            outcome="refuse",
            citations=("GDPR Art 9(1)", "GDPR Art 4(1)"),
            facts=("pictures.seed", "pictures.pixels"),
            message=(
                f"A picture claims to be synthetic person {seed}, but {why}. A picture of anyone else is a camera's: "
                "it needs a processing record that the gate allows (--record FILE)."
            ),
            missing=("record",),
            mark="project-rule",
        )
    )
