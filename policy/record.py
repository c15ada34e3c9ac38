"""The processing record: the facts a controller must be able to show, as a model with a versioned schema.

A fact is a value, `none` (stated: there is none) or `unknown`, which is also what a missing key means; unknown never
helps. The text under each fact is its description: the template, the JSON Schema and the errors print it, so it stands
in one place only. Later versions add facts, they don't rename them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationError,
    model_validator,
)

from policy.errors import PolicyError
from policy.places import located
from policy.schema import upgrade
from policy.yaml import YamlError, load

SCHEMA = "threshold/processing-record/1"

_Value = TypeVar("_Value")
Absent = Literal["none", "unknown"]
Fact = Annotated[_Value | Absent, Field(union_mode="left_to_right")]
"""A value, or one of the two words that stand for its absence."""


def _day(value: object) -> object:
    # A number would otherwise be taken for seconds since 1970.
    if isinstance(value, (date, str)):
        return value
    raise ValueError("expected a date")


def _letter(value: object) -> object:
    return str(value) if type(value) is int else value


def _named(value: str) -> str:
    if value in ("none", "unknown"):
        raise ValueError("expected a name")
    return value


Bool = Annotated[bool, Strict()]
Day = Annotated[date, BeforeValidator(_day, json_schema_input_type=str)]
Years = Annotated[int, Strict(), Field(ge=0, le=130)]
Count = Annotated[int, Strict(), Field(ge=0)]
Id = Annotated[str, Field(pattern=r"^\w[\w.:-]{0,63}$"), AfterValidator(_named)]
Texts = tuple[str, ...]

Profile = Literal["se", "is", "dk", "no", "pl", "gb", "eu"]
Role = Literal["pupil", "student", "staff", "guardian", "visitor", "member", "volunteer"]
ControllerKind = Literal["municipality", "school", "authority", "company", "club", "laboratory", "other"]
PurposeKind = Literal[
    "entrance", "attendance", "canteen", "payment", "loan", "teaching", "photography", "research", "security", "other"
]
OperationKind = Literal["capture", "detect", "template", "enrol", "match", "log", "store", "transfer", "erase"]
Modality = Literal["face", "fingerprint", "iris", "voice", "tag", "key", "pin", "qr", "list", "account"]
Who = Literal["controller", "vendor", "both"]
Level = Literal["low", "medium", "high"]
Element = Literal["13_1_c_purpose", "13_1_c_basis", "13_1_e", "13_1_f", "13_2_a", "13_2_b"]
Interest = Literal["security", "safety", "legal_duty", "health", "research", "efficiency", "convenience"]


class RecordError(PolicyError, ValueError):
    """Error raised when a processing record can't be read: names the file, line, key, what was expected and found."""


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    def unknown(self) -> Iterator[str]:
        """The names of the facts that are unknown, such as `bio.mode`."""
        for name, field in type(self).model_fields.items():
            yield from _unknown(field.alias or name, getattr(self, name))


def _unknown(name: str, value: object) -> Iterator[str]:
    if value == "unknown":
        yield name
    elif isinstance(value, _Facts):
        yield from (f"{name}.{inner}" for inner in value.unknown())
    elif isinstance(value, (tuple, list)):
        for index, item in enumerate(value):
            yield from _unknown(f"{name}[{index}]", item)


class Deployment(_Facts):
    """Where and for whom it runs."""

    jurisdiction: Fact[Profile] = "unknown"
    """Whose law: Sweden, Iceland, Denmark, Norway, Poland, United Kingdom, or the Union's alone."""
    as_of: Fact[Day] = "unknown"
    """The day on which these facts were stated."""
    status: Fact[Literal["pilot", "production"]] = "unknown"
    """A trial, or for good. A trial has no lighter rules."""
    age_min: Fact[Years] = "unknown"
    """Age of the youngest person whose data this processing covers."""
    age_max: Fact[Years] = "unknown"
    """Age of the oldest."""
    language: Fact[Texts] = "unknown"
    """Languages that the data subjects read, such as [sv, en]."""
    started_on: Fact[Day] = "unknown"
    """The day on which the processing began, or is planned to; none: not planned yet."""
    entrance_kind: Fact[str] = "unknown"
    """What is entered, such as school door, stadium gate; none: nothing is entered."""
    new_technology: Fact[Bool] = "unknown"
    """Does it use technology that is new in this setting?"""
    on_national_list: Fact[Bool] = "unknown"
    """Does the supervisory authority's list of processing that needs an impact assessment cover it?"""
    device_links: Fact[Bool] = "unknown"
    """Is it linked to people's devices, or do data flow to and from other systems?"""


class DpoAdvice(_Facts):
    """What the data protection officer advised, and whether it was followed."""

    text: Fact[str] = "unknown"
    """The advice, in short."""
    date: Fact[Day] = "unknown"
    """When it was given."""
    followed: Fact[Bool] = "unknown"
    """Was it followed?"""
    deviation_reason: Fact[str] = "unknown"
    """Where it was not: the documented reason."""


class Controller(_Facts):
    """Who answers for the processing."""

    kind: Fact[ControllerKind] = "unknown"
    """What kind of body the controller is."""
    is_public_authority: Fact[Bool] = "unknown"
    """Is it a public authority or body?"""
    relation: Fact[Literal["school", "employer", "other"]] = "unknown"
    """What the controller is to the data subject."""
    has_dpo: Fact[Bool] = "unknown"
    """Has it a data protection officer?"""
    dpo_advice: Fact[DpoAdvice] = "unknown"
    identity_overview: Fact[Bool] = "unknown"
    """Has it an overview of all its identity systems?"""


class Subjects(_Facts):
    """The person asked about: enrolment is judged for each person. No names here; a pseudonym at most."""

    role: Fact[Role] = "unknown"
    """What the person is to the controller. A pupil of the school is one at any age."""
    age: Fact[Years] = "unknown"
    """Age in years on the day of assessment."""
    attested_age: Fact[Years] = "unknown"
    """The age as the witness attested it."""
    attested_role: Fact[Role] = "unknown"
    """The role as the witness attested it."""
    attested_by: Fact[str] = "unknown"
    """The named witness: a reference to the person, not the name."""
    attested_document: Fact[str] = "unknown"
    """The kind of document the witness saw, such as passport."""
    attested_on: Fact[Day] = "unknown"
    """The day of the attestation."""
    later_age: Fact[Years] = "unknown"
    """An age stated after the attestation, if one was; a lower one revokes."""
    enrolled: Fact[Bool] = "unknown"
    """Is the person enrolled already?"""
    consent_ref: Fact[str] = "unknown"
    """Where the person's consent is kept."""


class Purpose(_Facts):
    """What for."""

    id: Id
    """A short name that operations refer to."""
    kind: Fact[PurposeKind] = "unknown"
    """Which activity it serves."""
    text: Fact[str] = "unknown"
    """The purpose in words."""
    narrow: Fact[Bool] = "unknown"
    """Does it tell which data are needed and for how long?"""
    statute_ref: Fact[str] = "unknown"
    """The law that orders this processing, with its place."""
    ordinary_activity: Fact[Bool] = "unknown"
    """Is it part of the controller's ordinary activity? Entrance and attendance always are."""
    fixed_on: Fact[Day] = "unknown"
    """When the purpose was decided."""
    changeable_by: Fact[Who] = "unknown"
    """Who can change it."""


class Necessity(_Facts):
    """Why the aim can't be met with less."""

    interest: Fact[str] = "unknown"
    """The interest in words."""
    interest_kinds: Fact[tuple[Interest, ...]] = "unknown"
    """Its kinds. Efficiency and convenience alone are not enough."""
    alternatives: Fact[Texts] = "unknown"
    """What else was considered."""
    why_insufficient: Fact[str] = "unknown"
    """Why that is not enough."""
    evidence: Fact[str] = "unknown"
    """The document that shows it."""
    shared_risks: Fact[Texts] = "unknown"
    """Risks that stay with either way, such as tailgating and an open door, entered on both sides."""
    net_of_manual: Fact[Bool] = "unknown"
    """Is the benefit counted net of the manual way for those who decline?"""
    costs: Fact[str] = "unknown"
    """The cost beside that of the alternative, and where it stands."""


class Operation(_Facts):
    """One operation on personal data, with its own bases."""

    id: Id
    """A short name."""
    kind: Fact[OperationKind] = "unknown"
    """What is done."""
    modality: Fact[Modality] = "unknown"
    """What a person is recognised by in it."""
    purpose: Fact[str] = "unknown"
    """The id of its purpose; one operation has one."""
    fields: Fact[Texts] = "unknown"
    """The data fields, each described under `field`."""
    basis6: Fact[Literal["a", "b", "c", "d", "e", "f"]] = "unknown"
    """The letter of Article 6(1)."""
    basis9: Fact[Literal["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]] = "unknown"
    """The letter of Article 9(2)."""
    basis_fixed_on: Fact[Day] = "unknown"
    """When the bases were decided and written down."""
    statute: Fact[str] = "unknown"
    """The id of an entry in the list of statutes, where a law is to open Article 9(2)."""
    law_prescribes: Fact[Bool] = "unknown"
    """Basis c: does the law order this very processing, or is it needed to do what the law orders?"""
    within_task: Fact[Bool] = "unknown"
    """Basis e: does the public task cover this very operation, the vendor's part too?"""
    unavoidable: Fact[Bool] = "unknown"
    """Is the operation unavoidable for the technology to work?"""
    wider_than_needed: Fact[Bool] = "unknown"
    """Does it reach further than is reasonable for its purpose?"""
    sensitive_may_enter: Fact[Bool] = "unknown"
    """Can sensitive data foreseeably enter, in images or free text?"""
    assessed_as_sensitive: Fact[Bool] = "unknown"
    """Is it then assessed as if they did?"""
    necessity: Fact[Necessity] = "unknown"
    decided_by: Fact[Who] = "unknown"
    """Who in fact decides why and how."""
    paper_decided_by: Fact[Who] = "unknown"
    """Who decides according to the contract."""


class DataField(_Facts):
    """One data field, with its purpose and how long it is kept."""

    id: Id
    """The field's name as operations use it."""
    purpose: Fact[str] = "unknown"
    """The id of the purpose that needs it."""
    kind: Fact[Literal["identity", "contact", "image", "template", "event", "log", "location", "other"]] = "unknown"
    """What kind of data it is."""
    unavoidable: Fact[Bool] = "unknown"
    """Log and location data: unavoidable for the technology to work?"""
    own_basis: Fact[Literal["a", "b", "c", "d", "e", "f"]] = "unknown"
    """Log and location data that can be avoided: the letter of Article 6(1) for the field itself."""
    period: Fact[str] = "unknown"
    """How long it is kept, such as P30D."""
    trigger: Fact[str] = "unknown"
    """What starts the period."""
    archive_duty: Fact[Bool] = "unknown"
    """Must it be archived by law?"""
    archived: Fact[Bool] = "unknown"
    """If so: is it flagged and moved out, and the rest erased?"""


class Measured(_Facts):
    """What was measured of an alternative: shares from 0 to 1 (of `n` trials, with their 95 % interval), s, money."""

    denied: Fact[Annotated[float, Strict(), Field(ge=0, le=1)]] = "unknown"
    """Share of entitled people who were denied."""
    wrong_in: Fact[Annotated[float, Strict(), Field(ge=0, le=1)]] = "unknown"
    """Share of people not entitled who got in."""
    seconds: Fact[Annotated[float, Strict(), Field(ge=0)]] = "unknown"
    """Time a passage takes, s."""
    cost: Fact[str] = "unknown"
    """What it costs."""
    n: Fact[Count] = "unknown"
    """Number of trials."""
    ci: Fact[tuple[float, float]] = "unknown"
    """95 % interval of `denied`."""


class Alternative(_Facts):
    """A less intrusive way to the same aim, and what was measured of it."""

    id: Literal["tag", "key", "pin", "qr", "manual", "staffed", "system", "no_control"]
    """Which way; `system` is a system of another kind that does the same."""
    compared: Fact[str] = "unknown"
    """Where the comparison with it stands."""
    measured: Fact[Measured] = "unknown"
    data_fields: Fact[Texts] = "unknown"
    """The data it needs."""
    sufficient: Fact[Bool] = "unknown"
    """Does it meet the aim?"""
    in_use: Fact[Bool] = "unknown"
    """Is it procured or in use for the same purpose?"""
    credits: Fact[tuple[Literal["fast_revocation", "lock_on_demand"], ...]] = "unknown"
    """Tags: what was counted in their favour."""


class Biometrics(_Facts):
    """How faces are used, where templates are, and who else is in the picture. All `none` where there are only tags."""

    mode: Fact[Literal["1:1", "1:N"]] = "unknown"
    """Compared with one person's template, or with everyone's."""
    template_location: Fact[Literal["subject", "central_subject_key", "controller", "cloud"]] = "unknown"
    """In the person's own hands, central under a key only the person holds, with the controller, or elsewhere."""
    zone_includes_non_enrolled: Fact[Bool] = "unknown"
    """Can people who never enrolled come into the picture? Adults admitted to be compared without a reference count as
    enrolled, here and below."""
    template_of_non_enrolled: Fact[Bool] = "unknown"
    """Is a template computed, stored or matched of anyone who is not enrolled?"""
    active_involvement: Fact[Bool] = "unknown"
    """Does the person start the capture, by a token or a press?"""
    non_transferable: Fact[Bool] = "unknown"
    """Are templates useless in other systems?"""
    raw_deleted: Fact[Bool] = "unknown"
    """Are images deleted as soon as the template is made?"""
    enrolment_source: Fact[Literal["live", "photograph", "cctv", "web"]] = "unknown"
    """Where enrolment images come from."""


class Consent(_Facts):
    """Who agreed to what, how freely. `none` throughout where nothing rests on consent."""

    given_by: Fact[Literal["subject", "guardian", "both"]] = "unknown"
    """Who consented."""
    guardians: Fact[Texts] = "unknown"
    """References to the guardians' own records, not names."""
    child_heard: Fact[Bool] = "unknown"
    """Was the child heard?"""
    explicit: Fact[Bool] = "unknown"
    """Is it explicit?"""
    informed_on: Fact[Day] = "unknown"
    """When the person was informed."""
    alternative_equal: Fact[Bool] = "unknown"
    """Is there another way in, as good, without biometrics, open to everyone?"""
    detriment: Fact[Bool] = "unknown"
    """Does declining cost anything: a queue, money, standing?"""
    withdrawal_route: Fact[str] = "unknown"
    """How consent is withdrawn, as easily as it was given."""
    withdrawal_erases: Fact[Bool] = "unknown"
    """Does withdrawal erase the template?"""
    tag_same_day: Fact[Bool] = "unknown"
    """Does who withdraws get a tag or other way in the same day?"""
    withdrawn_on: Fact[Day] = "unknown"
    """When it was withdrawn; none: it stands."""
    reconfirmed_on: Fact[Day] = "unknown"
    """When the person confirmed it after coming of age."""
    recruiter_is_superior: Fact[Bool] = "unknown"
    """Was the person asked by someone who decides over their work or grades?"""
    art8_argument: Fact[Bool] = "unknown"
    """Is the age for online services (Article 8) used as an argument?"""
    notice_version: Fact[str] = "unknown"
    """The version of the notice the person saw."""


class Notice(_Facts):
    """What people were told."""

    elements: Fact[tuple[Element, ...]] = "unknown"
    """What it contains, by its place in Article 13: purpose, basis, recipients, third countries, retention, rights."""
    language: Fact[Texts] = "unknown"
    """Its languages."""
    foreign_links: Fact[Bool] = "unknown"
    """Does it lead to pages that its readers can't read, such as a vendor's in English?"""
    url_count: Fact[Count] = "unknown"
    """How many pages one must read to know everything."""
    given_on: Fact[Day] = "unknown"
    """When it was given."""
    child_version: Fact[Bool] = "unknown"
    """Is there one that a child understands?"""
    claims: Fact[tuple[Literal["vendor_complies"], ...]] = "unknown"
    """Claims it makes: vendor_complies says that the vendor follows data protection law."""


class Contract(_Facts):
    """The processor's contract, Article 28(3)."""

    signed: Fact[Bool] = "unknown"
    """Is it signed and binding?"""
    date: Fact[Day] = "unknown"
    """Its date."""
    docs: Fact[Texts] = "unknown"
    """SHA-256 of each document that belongs to it."""
    subject: Fact[Bool] = "unknown"
    """Does it state the subject matter?"""
    duration: Fact[Bool] = "unknown"
    """The duration?"""
    nature: Fact[Bool] = "unknown"
    """The nature of the processing?"""
    purpose: Fact[Bool] = "unknown"
    """The purpose?"""
    data_types: Fact[Texts] = "unknown"
    """The data fields it names."""
    subjects: Fact[Bool] = "unknown"
    """The categories of data subjects?"""
    a: Fact[Bool] = "unknown"
    """Only on documented instructions, so that it can be verified?"""
    b: Fact[Bool] = "unknown"
    """Confidentiality?"""
    c: Fact[Bool] = "unknown"
    """Security, Article 32?"""
    d: Fact[Bool] = "unknown"
    """Sub-processors only as Article 28(2) and (4) allow?"""
    e: Fact[Bool] = "unknown"
    """Help with data subjects' rights?"""
    f: Fact[Bool] = "unknown"
    """Help with Articles 32 to 36?"""
    g: Fact[Bool] = "unknown"
    """Deletion or return at the end?"""
    h: Fact[Bool] = "unknown"
    """Audits?"""
    unilateral_change: Fact[Bool] = "unknown"
    """Can the vendor change its terms alone?"""
    reviewed: Fact[Bool] = "unknown"
    """Has the controller itself reviewed the standard terms?"""
    region: Fact[str] = "unknown"
    """The storage region it states."""


class SubProcessor(_Facts):
    """Someone the processor uses in turn."""

    name: Fact[str] = "unknown"
    """The company."""
    country: Fact[str] = "unknown"
    """Its country, two letters."""


class Processor(_Facts):
    """Who processes on the controller's behalf, under which contract."""

    contract: Fact[Contract] = "unknown"
    sub: Fact[tuple[SubProcessor, ...]] = "unknown"
    """Its sub-processors."""
    objection_days: Fact[Count] = "unknown"
    """How many days there are to object to a new one."""
    own_purposes: Fact[Texts] = "unknown"
    """What the vendor uses the data for itself."""
    own_basis: Fact[str] = "unknown"
    """If it does: its own legal basis."""
    security_reviewed_on: Fact[Day] = "unknown"
    """When the controller itself reviewed its security."""


class Joint(_Facts):
    """What is decided together with others."""

    ops: Fact[Texts] = "unknown"
    """The ids of the operations."""
    arrangement_ref: Fact[str] = "unknown"
    """The arrangement between the joint controllers."""
    essence_url: Fact[str] = "unknown"
    """Where data subjects find its essence."""


class Risk(_Facts):
    """One risk to people's rights, before and after measures."""

    id: Id
    """A short name."""
    risk_class: Fact[str] = Field(default="unknown", alias="class")
    """Risks of one class get one level."""
    level: Fact[Level] = "unknown"
    """The inherent level, before measures."""
    level_reason: Fact[str] = "unknown"
    """Why its level differs from others of its class."""
    rights_effect: Fact[str] = "unknown"
    """What it does to people's rights and freedoms."""
    measures: Fact[Texts] = "unknown"
    """The measures against it."""
    measures_answer: Fact[Bool] = "unknown"
    """Do they answer this very risk?"""
    measures_found: Fact[Bool] = "unknown"
    """Do they stand in the documents that are cited for them?"""
    residual: Fact[Level] = "unknown"
    """The level after measures."""


class Dpia(_Facts):
    """The data protection impact assessment."""

    date: Fact[Day] = "unknown"
    """Its date; none: there is no assessment."""
    version: Fact[str] = "unknown"
    """Its version."""
    description: Fact[Bool] = "unknown"
    """Does it describe operations and purposes systematically?"""
    ops: Fact[Texts] = "unknown"
    """The ids of the operations whose necessity and proportionality it weighs."""
    risks: Fact[tuple[Risk, ...]] = "unknown"
    """The risks."""
    subprocessors: Fact[Bool] = "unknown"
    """Does it treat the risk of sub-processors?"""
    device_link: Fact[Bool] = "unknown"
    """Does it treat links to devices and flows between systems?"""
    learned: Fact[Texts] = "unknown"
    """The ids of comparable decisions whose every defect it answers."""
    representatives_heard: Fact[Bool] = "unknown"
    """Were data subjects or those who represent them heard?"""
    representatives_reason: Fact[str] = "unknown"
    """Where not: why that was not appropriate."""
    conclusion: Fact[str] = "unknown"
    """The overall conclusion."""
    approved_by: Fact[str] = "unknown"
    """Who approved it."""
    approved_on: Fact[Day] = "unknown"
    """When."""
    approval_doc: Fact[str] = "unknown"
    """The signed document."""


class Transfer(_Facts):
    """Data leaving the EEA."""

    country: Id
    """Where to, two letters."""
    tool: Fact[Annotated[Literal["45", "46_2_c"], BeforeValidator(_letter)]] = "unknown"
    """Adequacy decision (Article 45), or standard clauses (Article 46(2)(c))."""
    law_assessed: Fact[Bool] = "unknown"
    """Was the law of the destination assessed?"""
    enc_transit: Fact[Bool] = "unknown"
    """Encrypted in transit?"""
    enc_rest: Fact[Bool] = "unknown"
    """Encrypted at rest?"""
    enc_in_use: Fact[Bool] = "unknown"
    """Encrypted in use?"""
    key_holder: Fact[Literal["controller", "recipient", "other"]] = "unknown"
    """Who holds the keys."""
    recipient_needs_clear: Fact[Bool] = "unknown"
    """Does the recipient need the data in clear?"""
    no_requests_claimed: Fact[Bool] = "unknown"
    """Is it counted as a safeguard that no authority ever asked?"""
    claimed_deidentified: Fact[Bool] = "unknown"
    """Is it claimed that the data are no longer personal?"""
    reident_feasible: Fact[Bool] = "unknown"
    """Can people be identified from them again?"""


class PriorDecision(_Facts):
    """A decision of an authority on the same system or processing."""

    id: Id
    """Its number."""
    adverse: Fact[Bool] = "unknown"
    """Did it go against the system?"""
    remedied: Fact[Bool] = "unknown"
    """Is every point of it remedied here?"""


class Order(_Facts):
    """An order of an authority to this controller."""

    kind: Fact[Literal["suspend", "erase", "repair"]] = "unknown"
    """What is ordered."""
    issued: Fact[Day] = "unknown"
    """When it was issued."""
    due: Fact[Day] = "unknown"
    """By when it must be confirmed."""
    lifted_on: Fact[Day] = "unknown"
    """When it was withdrawn, annulled or declared fulfilled; none: it stands."""
    copied_on: Fact[Day] = "unknown"
    """Erasure, step 1: copy made and verified."""
    handed_over_on: Fact[Day] = "unknown"
    """Step 2: handed over or archived."""
    closed_on: Fact[Day] = "unknown"
    """Step 3: accounts closed."""
    erased_on: Fact[Day] = "unknown"
    """Step 4: erased."""
    confirmed: Fact[Day] = "unknown"
    """When it was confirmed to the authority."""


class Supervision(_Facts):
    """What the authority has decided or is examining."""

    prior_decisions: Fact[tuple[PriorDecision, ...]] = "unknown"
    """Decisions on the same system or processing."""
    open_cases: Fact[Texts] = "unknown"
    """Cases on the same technology that are still open."""
    consultation: Fact[Literal["open", "closed"]] = "unknown"
    """Prior consultation, Article 36."""
    orders: Fact[tuple[Order, ...]] = "unknown"
    """Orders to this controller."""
    harm_seen: Fact[Bool] = "unknown"
    """Has anyone come to harm?"""


class Register(_Facts):
    """The record of processing activities, Article 30."""

    fields: Fact[Texts] = "unknown"
    """The data fields it names."""
    region: Fact[str] = "unknown"
    """The storage region it states."""


class Security(_Facts):
    """Security, Article 32."""

    encrypted: Fact[Bool] = "unknown"
    """Are data pseudonymised or encrypted?"""
    access_control: Fact[Bool] = "unknown"
    """Is access limited to those who need it, and logged?"""
    resilient: Fact[Bool] = "unknown"
    """Are confidentiality, integrity, availability and resilience ensured?"""
    restore: Fact[Bool] = "unknown"
    """Can data be restored in time?"""
    tested: Fact[Bool] = "unknown"
    """Are the measures tested regularly?"""
    region: Fact[str] = "unknown"
    """The storage region as the system is set."""
    breach_process: Fact[Bool] = "unknown"
    """Is there a process that reports a breach within 72 hours?"""


class Design(_Facts):
    """Data protection by design and default, Article 25; and what happens at a refused door."""

    private_by_default: Fact[Bool] = "unknown"
    """Are privacy settings on by default?"""
    lowest_data_first: Fact[Bool] = "unknown"
    """Is the way with the least data offered first?"""
    human_path: Fact[Bool] = "unknown"
    """Is there always a person who can let in whom the door refused?"""


class Camera(_Facts):
    """Camera surveillance, Swedish Camera Surveillance Act (2018:1200)."""

    lasting: Fact[Bool] = "unknown"
    """Does a camera, not operated on site, watch people lastingly or again and again?"""
    public_task: Fact[Bool] = "unknown"
    """Is it used in a task of public interest?"""
    balancing: Fact[str] = "unknown"
    """The documented balancing of interests."""
    registered: Fact[Bool] = "unknown"
    """Does it stand in the register of all surveillance?"""
    sign: Fact[Bool] = "unknown"
    """Is there a sign?"""


class Ai(_Facts):
    """The EU's AI Act, Regulation (EU) 2024/1689."""

    role: Fact[Literal["provider", "deployer", "both"]] = "unknown"
    """What the controller is in its terms."""
    outputs: Fact[tuple[Literal["identity", "emotion", "attention", "age", "sex", "ethnicity", "category"], ...]] = (
        "unknown"
    )
    """What the software infers from faces, in debugging too."""
    police_use: Fact[Bool] = "unknown"
    """Is it offered to, or used for, law enforcement?"""
    instructions_followed: Fact[Bool] = "unknown"
    """Is it used by its instructions, with human oversight and fitting input?"""
    logs_kept: Fact[Bool] = "unknown"
    """Are its logs kept for six months?"""
    registered: Fact[Bool] = "unknown"
    """Is its use registered in the Union's database?"""
    persons_informed: Fact[Bool] = "unknown"
    """Are people told that such a system is used?"""
    fria_on: Fact[Day] = "unknown"
    """Date of the fundamental rights impact assessment."""


class Document(_Facts):
    """A document that shows something stated here."""

    id: Id
    """A short name."""
    shows: Fact[tuple[Literal["op", "alt", "cons", "notice", "proc", "dpia"], ...]] = "unknown"
    """The parts of this record that it shows."""
    date: Fact[Day] = "unknown"
    """Its date."""


class Said(_Facts):
    """One text, once in each language in which it is to be read."""

    en: Fact[str] = "unknown"
    """English."""
    sv: Fact[str] = "unknown"
    """Swedish."""
    is_: Fact[str] = Field(default="unknown", alias="is")
    """Icelandic."""


class Contact(_Facts):
    """Who to turn to. A function's address, such as dataskydd@…, outlives a person's."""

    name: Fact[str] = "unknown"
    """The body, or the function."""
    address: Fact[str] = "unknown"
    """Its postal address."""
    email: Fact[str] = "unknown"
    """Its e-mail address."""
    phone: Fact[str] = "unknown"
    """Its telephone number."""


class PurposeSaid(_Facts):
    """A purpose in words for the people concerned."""

    id: Id
    """The purpose's id."""
    said: Fact[Said] = "unknown"
    """What for, in one sentence, and as narrow as it was decided."""
    child: Fact[Said] = "unknown"
    """The same in short words, for a child; none: it isn't a purpose for which children's data are used."""


class FieldSaid(_Facts):
    """A data field in words for the people concerned."""

    id: Id
    """The field's id."""
    said: Fact[Said] = "unknown"
    """What it is."""
    child: Fact[Said] = "unknown"
    """The same in short words, for a child; none: it isn't kept about children."""
    trigger: Fact[Said] = "unknown"
    """From when its period is counted, such as: from the passage."""


class Recipient(_Facts):
    """Someone the data are disclosed to, processors included."""

    name: Fact[str] = "unknown"
    """The recipient, or the category of recipients."""
    role: Fact[Literal["processor", "controller", "authority"]] = "unknown"
    """What it is."""
    country: Fact[str] = "unknown"
    """Its country, two letters."""
    said: Fact[Said] = "unknown"
    """What it gets the data for."""


class Partner(_Facts):
    """A joint controller, and how the arrangement shares the duties (Article 26)."""

    contact: Fact[Contact] = "unknown"
    role: Fact[Said] = "unknown"
    """What each does, in words."""
    information: Fact[Literal["controller", "partner", "both"]] = "unknown"
    """Who informs the people concerned."""
    rights: Fact[Literal["controller", "partner", "both"]] = "unknown"
    """Who answers those who use their rights."""
    security: Fact[Literal["controller", "partner", "both"]] = "unknown"
    """Who answers for security."""
    breaches: Fact[Literal["controller", "partner", "both"]] = "unknown"
    """Who reports a breach."""
    contact_point: Fact[Literal["controller", "partner", "both"]] = "unknown"
    """Who is the contact point; none: none was named."""


class Particulars(_Facts):
    """What the papers for people say, and no rule reads: the notice, its version for children, the sign, the essence of
    a joint arrangement, the entry under Article 30. Each text in every language in which the papers are made.
    """

    title: Fact[Said] = "unknown"
    """What the processing is called, such as: Entrance with tags."""
    version: Fact[str] = "unknown"
    """The version of the papers."""
    date: Fact[Day] = "unknown"
    """Their date."""
    url: Fact[str] = "unknown"
    """The one page where all of it is found."""
    controller: Fact[Contact] = "unknown"
    representative: Fact[Contact] = "unknown"
    """The representative in the Union of a controller outside it; none: there is none."""
    dpo: Fact[Contact] = "unknown"
    """The data protection officer; none: there is none."""
    authority: Fact[Contact] = "unknown"
    """The supervisory authority, where the jurisdiction doesn't tell which it is."""
    purposes: Fact[tuple[PurposeSaid, ...]] = "unknown"
    fields: Fact[tuple[FieldSaid, ...]] = "unknown"
    subjects: Fact[Said] = "unknown"
    """Whose data they are: the categories of people."""
    recipients: Fact[tuple[Recipient, ...]] = "unknown"
    """Who the data are disclosed to; none: nobody."""
    safeguards_copy: Fact[Said] = "unknown"
    """Transfers under standard clauses: where to get a copy."""
    legitimate_interest: Fact[Said] = "unknown"
    """Basis f: the interest."""
    source: Fact[Literal["subject", "others", "both"]] = "unknown"
    """Whether the data come from the people themselves, from others, or from both."""
    source_said: Fact[Said] = "unknown"
    """From others: from whom, and whether that source is open to the public."""
    duty: Fact[Literal["statute", "contract", "entry", "voluntary"]] = "unknown"
    """Must one give the data: by law, by a contract, in order to enter into one, or not at all?"""
    duty_said: Fact[Said] = "unknown"
    """What happens if one doesn't."""
    automated: Fact[Bool] = "unknown"
    """Are there decisions by machine alone with legal or similarly significant effect (Article 22)?"""
    automated_said: Fact[Said] = "unknown"
    """If so: the logic, and what it means for a person."""
    withdrawal: Fact[Said] = "unknown"
    """Basis consent: how to withdraw it."""
    other_way: Fact[Said] = "unknown"
    """Biometrics: the other way in, for everyone who wants it."""
    child_contact: Fact[Said] = "unknown"
    """Whom a child can ask."""
    joint: Fact[tuple[Partner, ...]] = "unknown"
    """The joint controllers; none: there are none."""
    decision: Fact[Literal["approved", "conditional", "rejected", "referred"]] = "unknown"
    """The formal decision on the impact assessment; `referred`: to the supervisory authority."""


class Record(_Facts):
    """A whole processing record."""

    schema_: Literal["threshold/processing-record/1"] = Field(alias="schema")
    """What this document is, and the version of its form."""
    dep: Deployment = Deployment()
    ctl: Controller = Controller()
    subj: Subjects = Subjects()
    purp: Fact[tuple[Purpose, ...]] = "unknown"
    op: Fact[tuple[Operation, ...]] = "unknown"
    field: Fact[tuple[DataField, ...]] = "unknown"
    alt: Fact[tuple[Alternative, ...]] = "unknown"
    bio: Biometrics = Biometrics()
    cons: Consent = Consent()
    notice: Notice = Notice()
    proc: Fact[tuple[Processor, ...]] = "unknown"
    joint: Fact[tuple[Joint, ...]] = "unknown"
    dpia: Dpia = Dpia()
    xfer: Fact[tuple[Transfer, ...]] = "unknown"
    sup: Supervision = Supervision()
    reg: Register = Register()
    sec: Security = Security()
    design: Design = Design()
    cam: Camera = Camera()
    ai: Ai = Ai()
    paper: Particulars = Particulars()
    doc: Fact[tuple[Document, ...]] = "unknown"

    @model_validator(mode="after")
    def _each_id_once(self) -> Record:
        for name in ("purp", "op", "field", "alt", "doc"):
            entries = getattr(self, name)
            ids = [entry.id for entry in entries] if isinstance(entries, tuple) else []
            twice = sorted({entry for entry in ids if ids.count(entry) > 1})
            if twice:
                raise ValueError(f"{name}: expected each id once, found {', '.join(twice)} twice")
        return self


def parse(text: str, name: str) -> Record:
    """The processing record in YAML (or JSON) text; `name` is for errors. Raises RecordError, SchemaError.

    YAML is read by version 1.2's rules: `no` is Norway, `1:1` is a mode, dates are checked where a date belongs.
    """
    try:
        document, lines = load(text)
    except YamlError as error:
        raise RecordError(
            f"{name}: expected a processing record in YAML, found none that can be read ({error})."
        ) from (error)
    document = upgrade(document, "processing-record", name)
    try:
        return Record.model_validate(document)
    except ValidationError as error:
        problems = "\n".join(f"  {problem}" for problem in located(error, document, lines, Record))
        raise RecordError(f"{name}: not a processing record of {SCHEMA}:\n{problems}\nMend these keys.") from error


def read(path: Path) -> Record:
    """The processing record in a YAML (or JSON) file. Raises RecordError, policy.schema.SchemaError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise RecordError(
            f"{path}: expected a processing record in YAML, found none that can be read ({error})."
        ) from (error)
    return parse(text, str(path))


def facts(record: Record) -> dict[str, Any]:
    """The record's facts as plain tables and tuples, by the names of its keys: what the rules read."""
    tables: dict[str, Any] = record.model_dump(by_alias=True)
    return tables
