"""Each rule, passed, failed and not known, by one fact of a record that passes; and that all of them are there."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from records import TODAY, load

from policy.domains import domain, put
from policy.engine import judge
from policy.record import Record
from policy.rule import Rule, rules
from policy.statutes import Statute, statutes
from policy.template import template
from policy.view import Ground

IDS = (Path(__file__).parent / "rule-ids.txt").read_text(encoding="utf-8").split()
LAW = Path(__file__).parents[2].parent / "shared" / "law.md"
SPLIT = {"art28-b…h": [f"art28-{letter}" for letter in "bcdefgh"]}
"""What the law paper writes as one row and is several rules."""
MORE = {
    "operations-stated", "law-covered", "authority-stated",  # nothing asked, or nothing known, is nothing allowed
    "consent-provable",  # the facts of `cons.` in the namespace
    "alternative-non-biometric", "template-location", "template-contained",  # section 3.1, not named there
    "search-adults-alone",  # the project's own, on top of unknown-person-capture
    "enrol-live-only", "no-emotion-output", "no-biometric-categorisation", "no-police-identification",  # section 3.2
    "ai-high-risk-remote", "ai-admission", "ai-deployer-duties", "ai-rights-assessment",
    "pul-consent", "act77-consent",  # the law before, for two of the decided cases
}  # fmt: skip
"""Rules that the law paper describes without naming them."""

LATER = date(2028, 1, 1)
FORMER = date(2010, 1, 1)

CONTRACT = {
    "signed": True, "date": date(2026, 1, 1), "docs": ("0" * 64,), "subject": True, "duration": True, "nature": True,
    "purpose": True, "data_types": ("template",), "subjects": True, **dict.fromkeys("abcdefgh", True),
    "unilateral_change": False, "reviewed": True, "region": "on the device",
}  # fmt: skip
ORDER = {
    "kind": "erase", "issued": date(2026, 1, 1), "due": date(2026, 2, 1), "lifted_on": "none",
    "copied_on": date(2026, 1, 5), "handed_over_on": date(2026, 1, 6), "closed_on": date(2026, 1, 7),
    "erased_on": date(2026, 1, 8), "confirmed": date(2026, 1, 9),
}  # fmt: skip


def everything() -> dict[str, Any]:
    """The gym with a processor, a transfer, a joint controller, a decision and an order, all in order."""
    facts = load("gym")
    facts["proc"] = (
        {
            "contract": CONTRACT, "sub": ({"name": "x", "country": "US"},), "objection_days": 30,
            "own_purposes": "none", "own_basis": "none", "security_reviewed_on": date(2026, 9, 1),
        },
    )  # fmt: skip
    facts["xfer"] = (
        {
            "country": "US", "tool": "46_2_c", "law_assessed": True, "enc_transit": True, "enc_rest": True,
            "enc_in_use": True, "key_holder": "controller", "recipient_needs_clear": True, "no_requests_claimed": False,
            "claimed_deidentified": False, "reident_feasible": True,
        },
    )  # fmt: skip
    facts["joint"] = ({"ops": ("match",), "arrangement_ref": "x", "essence_url": "y"},)
    facts["sup"] = {
        "prior_decisions": ({"id": "d", "adverse": True, "remedied": True},), "open_cases": "none",
        "consultation": "closed", "orders": (ORDER,), "harm_seen": False,
    }  # fmt: skip
    facts["dpia"] = {
        **facts["dpia"], "subprocessors": True, "device_link": True, "learned": ("d",),
        "risks": tuple({**risk, "class": "1", "level": "high", "residual": "high"} for risk in facts["dpia"]["risks"]),
    }  # fmt: skip
    facts["dep"] = {**facts["dep"], "device_links": True}
    facts["ctl"] = {**facts["ctl"], "identity_overview": True}
    facts["cam"] = {"lasting": True, "public_task": True, "balancing": "x", "registered": True, "sign": True}
    facts["ai"] = {**facts["ai"], "registered": True, "fria_on": date(2026, 9, 1)}
    facts["cons"] = {**facts["cons"], "recruiter_is_superior": False}
    facts["notice"] = {**facts["notice"], "child_version": True, "claims": ("vendor_complies",)}
    facts["sup"]["prior_decisions"][0]["adverse"] = True
    facts["doc"] = (*facts["doc"], {"id": "c", "shows": ("proc",), "date": date(2026, 1, 1)})
    return facts


def with_(facts: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """The facts with others at places such as op_0_basis6 (single underscores part, double ones stay)."""
    for where, value in changed.items():
        parts = [part.replace("\0", "_") for part in where.replace("__", "\0").split("_")]
        facts = put(facts, tuple(int(part) if part.isdigit() else part for part in parts), value)
    return facts


ALL = everything()
PUPILS = with_(ALL, ctl_relation="school", subj_role="pupil", subj_attested__role="pupil", purp_0_kind="photography",
               purp_0_ordinary__activity=False, dep_entrance__kind="none")  # fmt: skip
CHILD = with_(ALL, subj_age=15, subj_attested__age=15, cons_guardians=("g",), cons_child__heard=True)
LABORATORY = with_(ALL, bio_mode="1:N", ctl_kind="laboratory", purp_0_kind="research")
AUTHORITY = with_(ALL, ctl_is__public__authority=True)

SECURED = with_(ALL, **{f"op_{n}_necessity_interest__kinds": ("security", "convenience") for n in (0, 1, 2)})

TABLE: list[tuple[str, dict[str, Any], str, Any]] = [
    # rule, a record in which it passes, the place of a fact, a value with which it fails
    ("operations-stated", ALL, "op", "none"),
    ("authority-stated", with_(ALL, ctl_kind="municipality", ctl_is__public__authority=True),
     "ctl_is__public__authority", False),
    ("basis-before-start", ALL, "op_0_basis__fixed__on", LATER),
    ("basis-before-start", ALL, "purp_0_fixed__on", "none"),
    ("basis-per-operation", ALL, "op_0_basis6", "none"),
    ("basis-6c-law-prescribes", with_(ALL, op_2_basis6="c", op_2_law__prescribes=True, purp_0_statute__ref="x"),
     "op_2_law__prescribes", False),
    ("basis-6e-inside-task", with_(ALL, op_2_basis6="e", op_2_within__task=True), "op_2_within__task", False),
    ("no-6f-for-authority", with_(ALL, op_2_basis6="f"), "ctl_is__public__authority", True),
    ("consent-school-imbalance", PUPILS, "purp_0_ordinary__activity", True),
    ("consent-school-imbalance", PUPILS, "purp_0_kind", "attendance"),
    ("consent-outside-ordinary", PUPILS, "cons_detriment", True),
    ("consent-outside-ordinary", PUPILS, "cons_withdrawal__route", "none"),
    ("guardian-involved", CHILD, "cons_guardians", "none"),
    ("guardian-involved", CHILD, "cons_child__heard", False),
    ("guardian-consent-not-cure", with_(PUPILS, cons_guardians=("g",)), "purp_0_ordinary__activity", True),
    ("guardian-consent-lapses-at-18", with_(ALL, cons_given__by="guardian", cons_reconfirmed__on=TODAY),
     "cons_reconfirmed__on", "none"),
    ("consent-provable", ALL, "cons_withdrawn__on", TODAY),
    ("consent-provable", ALL, "cons_informed__on", LATER),
    ("alternative-non-biometric", ALL, "cons_alternative__equal", False),
    ("withdrawal-easy", ALL, "cons_withdrawal__erases", False),
    ("art8-not-applicable", ALL, "cons_art8__argument", True),
    ("consent-employee-imbalance", with_(ALL, ctl_relation="employer"), "cons_recruiter__is__superior", True),
    ("consent-student-imbalance", with_(ALL, subj_role="student"), "cons_recruiter__is__superior", True),
    ("art9-default-deny", ALL, "op_0_basis9", "c"),
    ("art9-default-deny", ALL, "op_0_basis9", "g"),
    ("art9-default-deny", ALL, "cons_explicit", False),
    ("art9-default-deny", ALL, "cons_withdrawn__on", TODAY),
    ("art9-and-art6", ALL, "op_1_basis9", "none"),
    ("art9-proportionate-anyway", ALL, "op_1_wider__than__needed", True),
    ("art9-foreseeable-entry", ALL, "op_0_assessed__as__sensitive", False),
    ("unknown-person-capture", with_(ALL, bio_mode="1:N"), "bio_zone__includes__non__enrolled", True),
    ("unknown-person-capture", with_(ALL, bio_zone__includes__non__enrolled=True), "bio_template__of__non__enrolled",
     True),
    ("unknown-person-capture", with_(ALL, bio_zone__includes__non__enrolled=True), "bio_mode", "1:N"),
    ("search-adults-alone", LABORATORY, "bio_zone__includes__non__enrolled", True),
    ("search-adults-alone", LABORATORY, "bio_template__of__non__enrolled", True),
    ("search-adults-alone", LABORATORY, "ctl_kind", "school"),
    ("search-adults-alone", LABORATORY, "ctl_relation", "school"),
    ("search-adults-alone", LABORATORY, "dep_age__min", 15),
    ("search-adults-alone", LABORATORY, "subj_age", 17),
    ("search-adults-alone", LABORATORY, "purp_0_kind", "security"),
    ("template-location", ALL, "bio_template__location", "controller"),
    ("template-contained", ALL, "bio_raw__deleted", False),
    ("purpose-narrow", ALL, "purp_0_narrow", False),
    ("purpose-narrow", ALL, "purp_0_text", "To provide the service."),
    ("purpose-not-unilateral", ALL, "purp_0_changeable__by", "both"),
    ("purpose-not-unilateral", ALL, "proc_0_contract_unilateral__change", True),
    ("purpose-no-vendor-own-use", ALL, "proc_0_own__purposes", ("ads",)),
    ("necessity-recorded", ALL, "op_0_necessity_evidence", "none"),
    ("necessity-vs-alternatives", ALL, "alt_0_compared", "none"),
    ("necessity-shared-residual", ALL, "op_0_necessity_shared__risks", ()),
    ("tag-capabilities-counted", ALL, "alt_0_credits", ("fast_revocation",)),
    ("convenient-is-not-necessary", SECURED,
     "op_0_necessity_interest__kinds", ("efficiency", "convenience")),
    ("existing-system-works", with_(ALL, alt_0_in__use=False), "alt_0_in__use", True),
    ("net-admin-effect", ALL, "op_0_necessity_net__of__manual", False),
    ("cost-compared", ALL, "op_0_necessity_costs", "none"),
    ("minimise-fields", ALL, "field_1_purpose", "elsewhere"),
    ("minimise-fields", ALL, "op_0_fields", ("shoe size",)),
    ("logs-unavoidable-only", ALL, "field_3_unavoidable", False),
    ("retention-set", ALL, "field_0_trigger", "none"),
    ("retention-archive-law", ALL, "field_0_archive__duty", True),
    ("assertion-has-evidence", ALL, "doc_0_date", LATER),
    ("register-covers-contract", ALL, "reg_fields", ("pseudonym",)),
    ("config-matches-paper", ALL, "reg_region", "US"),
    ("identity-overview", AUTHORITY, "ctl_identity__overview", False),
    ("notice-elements", ALL, "notice_elements", ("13_1_e",)),
    ("notice-language", ALL, "notice_language", ("en",)),
    ("notice-language", ALL, "notice_foreign__links", True),
    ("notice-one-place", ALL, "notice_url__count", 2),
    ("notice-before", ALL, "notice_given__on", LATER),
    ("notice-not-misleading", with_(ALL, notice_claims="none"), "notice_claims", ("vendor_complies",)),
    ("notice-child-version", CHILD, "notice_child__version", False),
    ("age-range-declared", ALL, "dep_age__max", 3),
    ("role-by-fact", ALL, "op_0_decided__by", "vendor"),
    ("art26-arrangement", ALL, "joint_0_arrangement__ref", "none"),
    ("art26-arrangement", ALL, "op_0_decided__by", "both"),
    ("art26-essence", ALL, "joint_0_essence__url", "none"),
    ("art28-exists", ALL, "proc_0_contract_signed", False),
    *((f"art28-{letter}", ALL, f"proc_0_contract_{letter}", False) for letter in "abcdefgh"),
    ("art28-a", ALL, "proc_0_contract_unilateral__change", True),
    ("art28-boilerplate", ALL, "proc_0_contract_reviewed", False),
    ("subprocessors-known", ALL, "proc_0_sub_0_name", "none"),
    ("processor-guarantees", ALL, "proc_0_security__reviewed__on", "none"),
    ("security-measures", ALL, "sec_tested", False),
    ("design-default", ALL, "design_lowest__data__first", False),
    ("no-solely-automated-exclusion", ALL, "design_human__path", False),
    ("breach-clock", ALL, "sec_breach__process", False),
    ("dpia-required", ALL, "dpia_date", LATER),
    ("dpia-7a", ALL, "dpia_description", False),
    ("dpia-7b", ALL, "dpia_ops", ("enrol", "match")),
    ("dpia-7c", ALL, "dpia_risks_0_rights__effect", "none"),
    ("dpia-7d", ALL, "dpia_risks_0_measures__answer", False),
    ("dpia-like-risks-alike", ALL, "dpia_risks_0_level", "low"),
    ("dpia-measure-exists", ALL, "dpia_risks_1_measures__found", False),
    ("dpia-residual", ALL, "dpia_conclusion", "none"),
    ("dpia-formal-approval", ALL, "dpia_approved__on", LATER),
    ("dpia-subprocessors", ALL, "dpia_subprocessors", False),
    ("dpia-device-link", ALL, "dpia_device__link", False),
    ("dpia-learned", ALL, "dpia_learned", "none"),
    ("representatives-heard", ALL, "dpia_representatives__heard", False),
    ("art36-consult", ALL, "sup_consultation", "open"),
    ("dpo-advice", ALL, "ctl_dpo__advice_followed", False),
    ("transfer-mapped", ALL, "proc_0_sub_0_country", "CA"),
    ("transfer-tool", ALL, "xfer_0_law__assessed", False),
    ("transfer-supplement", ALL, "xfer_0_key__holder", "recipient"),
    ("transfer-no-requests", ALL, "xfer_0_no__requests__claimed", True),
    ("deidentified-really", ALL, "xfer_0_claimed__deidentified", True),
    ("comparable-decision", ALL, "sup_prior__decisions_0_remedied", False),
    ("open-supervision", ALL, "sup_open__cases", ("2019-2221",)),
    ("order-suspend", ALL, "sup_orders_0_kind", "suspend"),
    ("order-erase-sequence", ALL, "sup_orders_0_confirmed", "none"),
    ("age-attested", ALL, "subj_attested__by", "none"),
    ("age-attested", ALL, "subj_later__age", 15),
    ("age-attested", ALL, "subj_attested__role", "pupil"),
    ("enrol-live-only", ALL, "bio_enrolment__source", "web"),
    ("no-emotion-output", ALL, "ai_outputs", ("identity", "attention")),
    ("no-biometric-categorisation", ALL, "ai_outputs", ("sex",)),
    ("no-police-identification", ALL, "ai_police__use", True),
    ("ai-high-risk-remote", ALL, "purp_0_kind", "attendance"),
    ("ai-high-risk-remote", ALL, "bio_active__involvement", False),
    ("kbl-balancing-documented", ALL, "cam_balancing", "none"),
    ("kbl-register", ALL, "cam_registered", False),
    ("kbl-sign", ALL, "cam_sign", False),
]  # fmt: skip


def judged(rule: str, facts: dict[str, Any], as_of: date = TODAY, listed: Any = None) -> str:
    """The worst outcome of a rule."""
    ground = Ground(facts, as_of, statutes() if listed is None else listed)
    order = ["not-applicable", "pass", "report", "warn", "suspend", "refuse", "unknown"]
    return max((judgement.outcome for _, _, judgement in judge(ground, [rules()[rule]])), key=order.index)


@pytest.mark.parametrize(
    ("rule", "facts", "where", "value"), TABLE, ids=lambda part: part if isinstance(part, str) else ""
)
def test_a_rule_passes_fails_and_does_not_know(rule: str, facts: dict[str, Any], where: str, value: Any) -> None:
    assert judged(rule, facts) == "pass"
    assert judged(rule, with_(facts, **{where: value})) in ("refuse", "suspend", "warn")
    assert judged(rule, with_(facts, **{where: "unknown"})) == "unknown"


ELSEWHERE = {  # shown by tests of their own below or elsewhere, in all their outcomes
    "law-covered", "minor-biometric-entry", "necessity-marginal-gain", "least-intrusive-first", "ai-admission",
    "ai-deployer-duties", "ai-rights-assessment", "pul-consent", "act77-consent", "pilot-no-waiver",
    "children-strict-mode", "exposure", "factors",
}  # fmt: skip


def test_every_rule_is_in_the_table_or_has_its_own_test() -> None:
    assert {row[0] for row in TABLE} | ELSEWHERE == set(rules())
    assert not {row[0] for row in TABLE} & ELSEWHERE


def test_every_rule_of_the_law_paper_is_there_and_what_is_more_is_named() -> None:
    wanted = {rule for name in IDS for rule in SPLIT.get(name, [name])}
    assert wanted | MORE == set(rules())
    assert not wanted & MORE


def test_the_list_of_ids_is_that_of_the_law_paper() -> None:
    if not LAW.is_file():
        pytest.skip("needs ../shared/law.md, absent here")
    text = LAW.read_text(encoding="utf-8")
    text = text[text.index("## 1. Machine-checkable") : text.index("## 4. Terms")]
    assert set(IDS) - {"exposure", "factors"} == set(re.findall(r"`([a-z0-9]+(?:-[a-z0-9]+)+(?:…[a-z])?)`", text))


# --- facts ---


def paths() -> set[str]:
    """Every single fact of the model."""
    found = set()
    stack = []
    for line in template().splitlines():
        match = re.match(r"^( *)(- )?([a-z0-9_]+): ?(.*)$", line)
        if match is None or match[3] == "schema":
            continue
        depth = len(match[1]) + len(match[2] or "")
        stack = [entry for entry in stack if entry[0] < depth]
        if match[2] and stack:
            stack[-1] = (stack[-1][0], stack[-1][1].removesuffix("[]") + "[]")
        name = f"{stack[-1][1]}.{match[3]}" if stack else match[3]
        stack.append((depth, name))
        found |= {name} if match[4] else set()
    return found


def test_every_fact_is_read_by_a_rule_or_said_why_not() -> None:
    told = {
        "dep.as_of", "subj.enrolled", "subj.consent_ref", "dpia.version",  # for people and for what is enforced
        "op[].necessity.interest", "purp[].text", "field[].kind",
        *(f"alt[].measured.{name}" for name in ("denied", "wrong_in", "seconds", "cost", "n", "ci")),  # not signed
        "alt[].data_fields", "dpia.risks[].id", "doc[].id", "sup.harm_seen", "sup.orders[].confirmed",
    }  # fmt: skip
    read = {fact for rule in rules().values() for fact in rule.facts}
    # What stands under `paper` is for people to read, and no rule reads it.
    assert {path for path in paths() if not path.startswith("paper.")} - read <= told


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.id)
def test_a_rule_declares_facts_that_exist_and_cites(rule: Rule) -> None:
    known = paths() | {"measured"}
    lists = {match.group(1) for path in known for match in re.finditer(r"(?=(^.*?)\[\])", path)}
    lists |= {path[: match.start()] for path in known for match in re.finditer(r"\[\]", path)}
    assert rule.facts <= known | lists
    assert rule.citations
    assert rule.asks.endswith(".")
    assert rule.fails.endswith(".")
    assert rule.mark in (None, "unverified", "inference", "weakened", "project-rule")


def test_every_single_fact_has_values_to_try() -> None:
    required = {
        path
        for path in paths()
        if path.split(".")[-1] in ("id", "country") and "sub[]" not in path and path != "paper.recipients[].country"
    }
    assert {path for path in paths() if not domain(path)} == required


# --- rules with a story ---


def test_a_search_is_for_a_laboratory_alone() -> None:
    rule = "search-adults-alone"
    assert judged(rule, ALL) == "not-applicable"  # one is compared with one
    assert judged(rule, with_(ALL, bio_mode="unknown")) == "unknown"
    assert judged(rule, with_(ALL, bio_mode="1:N")) == "refuse"  # a gym's, though nobody else is in its zone
    assert judged(rule, with_(LABORATORY, op_0_modality="fingerprint", op_1_modality="fingerprint")) == "not-applicable"
    assert judged(rule, with_(LABORATORY, subj_role="pupil")) == "refuse"
    school = load("school-tags")
    assert judged(rule, with_(school, bio_mode="1:N")) == "refuse"
    assert judged(rule, with_(school, bio_mode="1:N", ctl_kind="laboratory", purp_0_kind="research")) == "refuse"


def test_minors_and_pupils_at_an_entrance() -> None:
    rule = "minor-biometric-entry"
    assert judged(rule, ALL) == "not-applicable"
    assert judged(rule, with_(ALL, subj_age="unknown")) == "unknown"
    for where, value in (("subj_age", 17), ("subj_attested__age", 17), ("subj_later__age", 15), ("subj_role", "pupil"),
                         ("subj_attested__role", "pupil")):  # fmt: skip
        facts = with_(ALL, **{where: value})
        assert judged(rule, facts) == "refuse"
        assert judged(rule, with_(facts, purp_0_kind="attendance", dep_entrance__kind="none")) == "refuse"
        assert judged(rule, with_(facts, purp_0_kind="canteen", dep_entrance__kind="none")) == "not-applicable"
        assert judged(rule, with_(facts, op_0_purpose="none")) == "refuse"
        assert judged(rule, with_(facts, op_0_modality="tag", op_1_modality="tag")) == "not-applicable"


FICTITIOUS = Statute(
    id="fictitious", profile="se", citation="A law that does not exist", basis9="g",
    operations=("enrol", "match", "template", "store"), purposes=("entrance",), modalities=("face",),
    controllers=("company",), valid_from=date(2026, 6, 1), valid_until=date(2027, 6, 1), covers_minors=True,
    read_by="tests",
)  # fmt: skip
LAWFUL = with_(CHILD, op_0_basis9="g", op_1_basis9="g", op_0_statute="fictitious", op_1_statute="fictitious")


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (date(2026, 5, 31), "refuse"),
        (date(2026, 6, 1), "pass"),
        (date(2027, 6, 1), "pass"),
        (date(2027, 6, 2), "refuse"),
    ],
)
@pytest.mark.parametrize("rule", ["art9-default-deny", "minor-biometric-entry"])
def test_a_listed_statute_opens_and_closes_with_its_dates(rule: str, as_of: date, expected: str) -> None:
    assert judged(rule, LAWFUL, as_of, (FICTITIOUS,)) == expected
    assert judged(rule, LAWFUL, as_of) == "refuse"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("profile", "is"), ("basis9", "j"), ("operations", ("match",)), ("purposes", ("attendance",)),
        ("modalities", ("fingerprint",)), ("controllers", ("school",)), ("id", "another"),
    ],
)  # fmt: skip
def test_a_statute_opens_for_what_it_says_alone(field: str, value: Any) -> None:
    other = FICTITIOUS.model_copy(update={field: value})
    assert judged("art9-default-deny", LAWFUL, listed=(other,)) == "refuse"


def test_a_statute_that_does_not_reach_minors_opens_nothing_for_them() -> None:
    adults = FICTITIOUS.model_copy(update={"covers_minors": False})
    assert judged("art9-default-deny", LAWFUL, listed=(adults,)) == "pass"
    assert judged("minor-biometric-entry", LAWFUL, listed=(adults,)) == "refuse"


def test_sweden_and_iceland_have_no_statute_and_free_text_opens_nothing() -> None:
    assert not [statute for statute in statutes() if statute.profile in ("se", "is")]
    for words in ("Skollagen", "3:3 dataskyddslagen", "Education Act 2025", "fictitious", "dk-7-4-stadium"):
        facts = with_(LAWFUL, op_0_statute=words, op_1_statute=words, purp_0_statute__ref=words)
        assert judged("art9-default-deny", facts) == "refuse"


def test_polish_consent_in_a_canteen_warns_since_the_judgment() -> None:
    pupils = with_(
        PUPILS, dep_jurisdiction="pl", purp_0_kind="canteen", purp_0_ordinary__activity=True, cons_detriment=True
    )
    for rule in ("consent-school-imbalance", "consent-outside-ordinary", "alternative-non-biometric"):
        assert judged(rule, pupils, date(2024, 10, 10)) == "warn"
        assert judged(rule, pupils, date(2024, 10, 9)) == "refuse"
        assert judged(rule, with_(pupils, dep_jurisdiction="se")) == "refuse"


def test_the_law_before_the_regulation() -> None:
    for law, rule in (("se", "pul-consent"), ("is", "act77-consent")):
        facts = with_(CHILD, dep_jurisdiction=law)
        assert judged(rule, facts, FORMER) == "pass"
        assert judged(rule, with_(facts, cons_given__by="none"), FORMER) == "refuse"
        assert judged(rule, with_(facts, alt="none"), FORMER) == "refuse"
        assert judged(rule, with_(facts, alt="unknown"), FORMER) == "unknown"
        assert judged(rule, facts) == "not-applicable"


def test_high_risk_duties_from_their_day() -> None:
    attendance = with_(AUTHORITY, purp_0_kind="attendance")
    for rule, where in (("ai-deployer-duties", "ai_logs__kept"), ("ai-rights-assessment", "ai_fria__on")):
        assert judged(rule, attendance, LATER) == "pass"
        assert judged(rule, with_(attendance, **{where: "none"}), LATER) == "suspend"
        assert judged(rule, with_(attendance, **{where: "unknown"}), LATER) == "unknown"
        assert judged(rule, with_(attendance, **{where: "none"}), date(2027, 12, 1)) == "not-applicable"
        assert judged(rule, AUTHORITY, LATER) == "not-applicable"
    assert judged("ai-admission", ALL, LATER) == "pass"
    assert judged("ai-admission", with_(ALL, ctl_relation="school"), LATER) == "warn"


def test_reports_neither_pass_nor_fail() -> None:
    assert judged("pilot-no-waiver", ALL) == "not-applicable"
    assert judged("pilot-no-waiver", with_(ALL, dep_status="pilot")) == "report"
    assert judged("children-strict-mode", ALL) == "not-applicable"
    assert judged("children-strict-mode", CHILD) == "report"
    assert {judged(rule, ALL) for rule in ("exposure", "factors")} == {"report"}


def test_what_was_erased_before_it_was_copied_weighs_more() -> None:
    assert judged("order-erase-sequence", with_(ALL, sup_orders_0_erased__on="none")) == "suspend"
    assert judged("order-erase-sequence", with_(ALL, sup_orders_0_copied__on=date(2026, 1, 20))) == "refuse"
    assert (
        judged("order-erase-sequence", with_(ALL, sup_orders_0_confirmed="none", sup_orders_0_lifted__on=TODAY))
        == "pass"
    )


def test_the_regulation_speaks_only_from_its_day() -> None:
    assert judged("law-covered", ALL) == "pass"
    assert judged("law-covered", ALL, date(1990, 1, 1)) == "refuse"
    assert judged("law-covered", with_(ALL, dep_jurisdiction="unknown"), date(2010, 1, 1)) == "unknown"


def test_the_record_and_the_facts_agree_on_their_names() -> None:
    assert {path.split(".")[0].removesuffix("[]") for path in paths()} == {
        field.alias or name for name, field in Record.model_fields.items()
    } - {"schema"}
