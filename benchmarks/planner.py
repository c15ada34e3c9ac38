"""How many people and trials a claim takes, before anyone is asked to take part.

Formulas with their sources in docs/statistics.md; each plan says whether its bound is one- or two-sided, what it
assumes, and what it costs that a person's trials resemble each other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from scipy.stats import beta, binom, chi2, norm

from benchmarks.errors import BenchmarkError
from benchmarks.evidence import Value
from benchmarks.interval import check_level, rule_of_three

Kind = Literal["rate within", "rate below", "difference within", "difference below", "difference shown", "mean within"]

FORMS = (
    "FRR 3% ± 1pp",
    "FMR < 0.1%",
    "FRR face − tag ± 1pp",
    "FRR face − tag < 2pp",
    "FRR face 2% vs tag 3%",
    "time ± 5%",
)
"""What a claim may look like."""

_MOST_ERRORS = 500

CROSSED = frozenset({"FMR", "FAR"})
"""Rates whose trials come from comparing every subject with every other."""


class PlanError(BenchmarkError, ValueError):
    """Error raised when a claim or what is assumed for it can't be read or can't be met: names the part."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is taken for granted; a plan repeats it.

    `attempts` a subject; `correlation` of two attempts of one subject (rho); `first`, `second`: expected rates of a
    difference's two lanes; `expected`: the rate expected under a "below" claim; `lanes`: the correlation of a person's
    failing at one lane and at the other on the same morning; `spread`: a time's coefficient of variation; `dropout`:
    the share of subjects who won't finish; `power`: the chance that the claim is shown if what is expected holds.
    """

    level: float = 0.95
    power: float = 0.8
    attempts: int = 1
    correlation: float = 0.1
    first: float = 0.03
    second: float = 0.03
    expected: float = 0.0
    lanes: float = 0.0
    spread: float = 0.5
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_level(self.level)
        for name, low, high, told in (
            ("power", 0.0, 1.0, 0.8),
            ("first", 0.0, 1.0, 0.03),
            ("second", 0.0, 1.0, 0.03),
        ):
            value = getattr(self, name)
            if not low < value < high:
                raise PlanError(
                    f"{name}: expected a share strictly between {low:g} and {high:g}, such as {told}, found {value!r}"
                )
        for name in ("correlation", "expected", "lanes", "dropout"):
            value = getattr(self, name)
            if not 0.0 <= value < 1.0:
                raise PlanError(f"{name}: expected a share from 0 to below 1, found {value!r}")
        if self.attempts < 1:
            raise PlanError(f"attempts: expected at least 1 a subject, found {self.attempts}")
        if not 0.0 < self.spread < math.inf:
            raise PlanError(f"spread: expected a coefficient of variation above 0, such as 0.5, found {self.spread!r}")

    @property
    def design_effect(self) -> float:
        """1 + (m-1) rho: how many times as many trials it takes as of independent ones (Kish 1965)."""
        return 1.0 + (self.attempts - 1) * self.correlation


class Claim(NamedTuple):
    """A claim that was read. Shares, not percent; `lanes` empty where it is about one lane."""

    kind: Kind
    rate: str
    size: float
    """The half width, the limit, or the difference to be shown."""
    value: float | None = None
    lanes: tuple[str, ...] = ()
    values: tuple[float, ...] = ()


class Plan(Value):
    """What a claim takes; every count is rounded up."""

    claim: str
    kind: Kind
    level: float
    sided: Literal["one-sided", "two-sided"]
    power: float | None
    """The chance that the claim is shown if what is assumed holds; None where an interval's width alone is planned."""
    independent: int
    """Trials (pairs of trials for a difference), if no two were the same person's."""
    design_effect: float
    trials: int
    subjects: int
    attempts: int
    subjects_to_invite: int
    """With those who won't finish."""
    allowed_errors: int | None = None
    """Of a "below" claim: so many errors among the trials still show it."""
    subjects_if_clustered: int | None = None
    """Of a "below" claim without an error: subjects that make the bound hold even if all errors were one person's."""
    subjects_crossed_ordered: int | None = None
    subjects_crossed_unordered: int | None = None
    """Of FMR and FAR without an error: subjects whose comparisons with each other are enough trials."""
    explanation: tuple[str, ...]


def plan(text: str, assumed: Assumed | None = None) -> Plan:
    """What the claim `text` takes. Raises PlanError, RateError for a level outside (0, 1)."""
    assumed = assumed or Assumed()
    claim = read(text)
    return _PLANS[claim.kind](text, claim, assumed)


# --- reading

_TOKEN = re.compile(
    r"\s*(?:(?P<share>\d+(?:[.,]\d+)?\s*%|1\s*:\s*\d+|0[.,]\d+(?!\d*\s*(?:%|pp)))|(?P<points>\d+(?:[.,]\d+)?\s*pp)|"
    r"(?P<within>±|\+/-|\+-)|(?P<below><=|<|≤|below\b|under\b|at most\b)|(?P<versus>vs\b\.?|against\b)|"
    r"(?P<minus>[-−–]|minus\b)|(?P<word>[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*)|(?P<number>\d+(?:[.,]\d+)?)|"
    r"(?P<other>\S))"
)


class _Token(NamedTuple):
    kind: str
    text: str


def read(text: str) -> Claim:
    """A claim from its words. Raises PlanError that names what couldn't be read."""
    tokens = list(_tokens(text))
    kinds = " ".join(token.kind for token in tokens)
    words = [token.text for token in tokens if token.kind == "word"]
    shares = [_share(text, token) for token in tokens if token.kind == "share"]
    points = [_share(text, token) for token in tokens if token.kind == "points"]
    if kinds == "word share within points":
        return _checked(text, Claim("rate within", words[0], points[0], shares[0]))
    if kinds == "word below share":
        return _checked(text, Claim("rate below", words[0], shares[0]))
    if kinds in {"word word minus word within points", "word word minus word below points"}:
        kind: Kind = "difference within" if "within" in kinds else "difference below"
        return _checked(text, Claim(kind, words[0], points[0], lanes=(words[1], words[2])))
    if kinds == "word word share versus word share":
        size = abs(shares[0] - shares[1])
        return _checked(
            text, Claim("difference shown", words[0], size, lanes=(words[1], words[2]), values=(shares[0], shares[1]))
        )
    if kinds == "word within share":
        return _checked(text, Claim("mean within", words[0], shares[0]))
    raise PlanError(_unread(text, tokens))


def _tokens(text: str) -> Iterator[_Token]:
    for found in _TOKEN.finditer(text):
        kind = str(found.lastgroup)
        token = found[kind]
        if kind == "other":
            raise PlanError(f"claim {text!r}: can't read {token!r}. {_forms()}")
        yield _Token(kind, token)


def _share(text: str, token: _Token) -> float:
    told = token.text.replace(",", ".").replace(" ", "")
    if ":" in told:
        return 1.0 / _above_zero(text, token, float(told.split(":")[1]))
    if told.endswith("%"):
        return float(told[:-1]) / 100
    return float(told[:-2]) / 100 if told.endswith("pp") else float(told)


def _above_zero(text: str, token: _Token, value: float) -> float:
    if value <= 0.0:
        raise PlanError(f"claim {text!r}: expected a number above 0 in {token.text!r}")
    return value


def _checked(text: str, claim: Claim) -> Claim:
    for what, value in (("size", claim.size), ("rate", claim.value), *(("rate", value) for value in claim.values)):
        if value is not None and not 0.0 < value < 1.0:
            raise PlanError(f"claim {text!r}: expected a {what} above 0% and below 100%, found {value:.6g}. {_forms()}")
    return claim


def _unread(text: str, tokens: list[_Token]) -> str:
    if not tokens:
        return f"claim: expected what is to be shown, found nothing. {_forms()}"
    bare = [token.text for token in tokens if token.kind == "number"]
    if bare:
        return (
            f"claim {text!r}: is {bare[0]!r} percent (write {bare[0]}%) or percentage points (write {bare[0]}pp)? "
            f"{_forms()}"
        )
    if tokens[0].kind != "word":
        return f"claim {text!r}: expected the name of a rate first, such as FRR, found {tokens[0].text!r}. {_forms()}"
    last = next(
        (
            token
            for token, kind in zip(tokens[1:], ("share", "within", "below", "word"), strict=False)
            if token.kind != kind
        ),
        tokens[-1],
    )
    return f"claim {text!r}: can't make a claim of it; unclear from {last.text!r} on. {_forms()}"


def _forms() -> str:
    return "Expected one of: " + "; ".join(repr(form) for form in FORMS) + "."


# --- planning


def _within(text: str, claim: Claim, assumed: Assumed) -> Plan:
    value = float(claim.value or 0.0)
    z = _z(assumed, sides=2)
    needed = z**2 * value * (1.0 - value) / claim.size**2
    errors = math.ceil(value * needed * assumed.design_effect)
    return _plan(
        text,
        claim,
        assumed,
        needed,
        "two-sided",
        None,
        f"An interval of {_points(claim.size)} to either side of {_percent(value)}, two-sided at "
        f"{_percent(assumed.level)}, "
        f"takes {_count(needed)} independent trials: z²p(1−p)/w² with z = {z:.3f}.",
        f"About {errors} errors are to be expected; the rule of 30 asks for 30."
        if errors < 30
        else f"About {errors} errors are to be expected, more than the 30 of the rule of 30.",
    )


def _below(text: str, claim: Claim, assumed: Assumed) -> Plan:
    if assumed.expected >= claim.size:
        raise PlanError(
            f"claim {text!r}: expected a rate below the limit to be assumed, found {_percent(assumed.expected)}. "
            "A rate at its limit can't be shown to lie below it."
        )
    allowed, needed = _errors_allowed(text, claim.size, assumed)
    said = [
        f"One-sided at {_percent(assumed.level)}: {allowed} errors in {needed:,} independent trials put the exact "
        f"upper bound below {_percent(claim.size)}"
        + (
            " (rule of 3: about 3/n)."
            if allowed == 0
            else f"; the true rate being {_percent(assumed.expected)}, the chance of that is {_percent(assumed.power)} "
            "or more."
        )
    ]
    if allowed == 0:
        said.append(
            f"If errors cluster in persons, trials don't count but people do: {needed:,} subjects without an error "
            "show it whatever the correlation, fewer only as far as the design effect is believed."
        )
    crossed: tuple[int, int] | tuple[None, None] = (None, None)
    if claim.rate.upper() in CROSSED and allowed == 0:
        crossed = crossing(needed, ordered=True), crossing(needed, ordered=False)
        said.append(
            f"By comparing each with every other: {crossed[0]} subjects if A against B and B against A count as two, "
            f"{crossed[1]} if as one. Such trials share people: the interval over subjects will be wider."
        )
    made = _plan(text, claim, assumed, float(needed), "one-sided", assumed.power if allowed else None, *said)
    return made.model_copy(
        update={
            "allowed_errors": allowed,
            "subjects_if_clustered": needed if allowed == 0 else None,
            "subjects_crossed_ordered": crossed[0],
            "subjects_crossed_unordered": crossed[1],
        }
    )


def crossing(trials: int, *, ordered: bool) -> int:
    """The least subjects whose comparisons with each other, ordered or not, are at least `trials`."""
    pairs = trials if ordered else 2 * trials
    subjects = (1 + math.isqrt(1 + 4 * pairs)) // 2
    while subjects * (subjects - 1) < pairs:
        subjects += 1
    return subjects


def trials_without_error(limit: float, level: float = 0.95) -> int:
    """The least trials of which none may fail for the one-sided upper bound to be at most `limit` (rule of 3)."""
    needed = math.ceil(math.log1p(-check_level(level)) / math.log1p(-limit))
    # The logarithms' last digit may be off by one trial either way.
    while needed > 1 and rule_of_three(needed - 1, level).high <= limit:
        needed -= 1
    while rule_of_three(needed, level).high > limit:
        needed += 1
    return needed


def _errors_allowed(text: str, limit: float, assumed: Assumed) -> tuple[int, int]:
    """The least errors and trials with which the claim is shown with the power asked for."""
    if assumed.expected == 0.0:
        return 0, trials_without_error(limit, assumed.level)
    for allowed in range(_MOST_ERRORS + 1):
        needed = _trials_for(allowed, limit, assumed.level)
        if binom.cdf(allowed, needed, assumed.expected) >= assumed.power:
            return allowed, needed
    raise PlanError(
        f"claim {text!r}: {_percent(assumed.expected)} lies too near to the limit: more than {_MOST_ERRORS} errors "
        "would be needed. Expect a lower rate, or claim a higher limit."
    )


def _trials_for(errors: int, limit: float, level: float) -> int:
    """The least trials of which so many may fail for Clopper and Pearson's one-sided bound to be at most `limit`."""
    # Poisson's bound asks for a little more than the binomial one: the answer lies below, and at least above errors.
    low, high = errors, math.ceil(float(chi2.ppf(level, 2 * errors + 2)) / (2.0 * limit)) + errors + 1
    while high - low > 1:
        middle = (low + high) // 2
        shown = middle > errors and beta.ppf(level, errors + 1, middle - errors) <= limit
        low, high = (low, middle) if shown else (middle, high)
    return high


def _difference(text: str, claim: Claim, assumed: Assumed) -> Plan:
    p1, p2 = assumed.first, assumed.second
    spread = p1 * (1 - p1) + p2 * (1 - p2) - 2 * assumed.lanes * math.sqrt(p1 * (1 - p1) * p2 * (1 - p2))
    lanes = f"{claim.lanes[0]} at {_percent(p1)} and {claim.lanes[1]} at {_percent(p2)}"
    if claim.kind == "difference within":
        needed = _z(assumed, sides=2) ** 2 * spread / claim.size**2
        return _plan(
            text,
            claim,
            assumed,
            needed,
            "two-sided",
            None,
            f"Each person at both lanes on the same morning, {lanes}: an interval of {_points(claim.size)} to either "
            f"side of the difference, two-sided at {_percent(assumed.level)}, takes {_count(needed)} independent "
            "pairs.",
        )
    room = claim.size - (p1 - p2)
    if room <= 0.0:
        raise PlanError(
            f"claim {text!r}: with {lanes} the difference expected is {_points(p1 - p2)}, which isn't below "
            f"{_points(claim.size)}. Give other expected rates (--first, --second) or another limit."
        )
    needed = (_z(assumed, sides=1) + float(norm.ppf(assumed.power))) ** 2 * spread / room**2
    return _plan(
        text,
        claim,
        assumed,
        needed,
        "one-sided",
        assumed.power,
        f"Each person at both lanes on the same morning, {lanes}: {_count(needed)} independent pairs put the one-sided "
        f"upper bound of the difference ({_percent(assumed.level)}) below {_points(claim.size)} with a chance of "
        f"{_percent(assumed.power)}.",
    )


def _shown(text: str, claim: Claim, assumed: Assumed) -> Plan:
    p1, p2 = claim.values
    if p1 == p2:
        raise PlanError(f"claim {text!r}: expected two different rates, found {_percent(p1)} twice.")
    covariance = assumed.lanes * math.sqrt(p1 * (1 - p1) * p2 * (1 - p2))
    discordant = p1 * (1 - p2) + p2 * (1 - p1) - 2 * covariance
    if discordant <= claim.size:
        raise PlanError(
            f"lanes: a correlation of {assumed.lanes:g} is more than rates of {_percent(p1)} and {_percent(p2)} can "
            "have."
        )
    z, power = _z(assumed, sides=2), float(norm.ppf(assumed.power))
    needed = ((z * math.sqrt(discordant) + power * math.sqrt(discordant - claim.size**2)) / claim.size) ** 2
    return _plan(
        text,
        claim,
        assumed,
        needed,
        "two-sided",
        assumed.power,
        f"Each person at both lanes on the same morning: McNemar's test, two-sided at {_percent(assumed.level)}, finds "
        f"{_percent(p1)} against {_percent(p2)} with a chance of {_percent(assumed.power)} in {_count(needed)} "
        f"independent pairs, of which {_percent(discordant)} disagree.",
        "Finding a difference isn't showing that it exceeds a margin: for the sentence 'better by' claim a limit.",
    )


def _mean(text: str, claim: Claim, assumed: Assumed) -> Plan:
    needed = (_z(assumed, sides=2) * assumed.spread / claim.size) ** 2
    return _plan(
        text,
        claim,
        assumed,
        needed,
        "two-sided",
        None,
        f"The mean within {_percent(claim.size)} of itself, two-sided at {_percent(assumed.level)}, with a coefficient "
        f"of variation of {assumed.spread:g}, takes {_count(needed)} independent times: (z·CV/w)². Print median "
        "and p95 too.",
    )


_PLANS: dict[Kind, Callable[[str, Claim, Assumed], Plan]] = {
    "rate within": _within,
    "rate below": _below,
    "difference within": _difference,
    "difference below": _difference,
    "difference shown": _shown,
    "mean within": _mean,
}


def _plan(
    text: str,
    claim: Claim,
    assumed: Assumed,
    needed: float,
    sided: Literal["one-sided", "two-sided"],
    power: float | None,
    *said: str,
) -> Plan:
    trials = _up(needed * assumed.design_effect)
    subjects = math.ceil(trials / assumed.attempts)
    invited = _up(subjects / (1.0 - assumed.dropout))
    explanation = list(said)
    if assumed.attempts > 1:
        explanation.append(
            f"{assumed.attempts} attempts a person, two of which correlate by {assumed.correlation:g}, are worth "
            f"{assumed.attempts / assumed.design_effect:.3g} independent ones (design effect "
            f"{assumed.design_effect:.3g}): {trials:,} trials of {subjects:,} subjects. More persons help more "
            "than more attempts."
        )
    if assumed.dropout:
        explanation.append(f"{_percent(assumed.dropout)} won't finish: invite {invited:,}.")
    return Plan(
        claim=text,
        kind=claim.kind,
        level=assumed.level,
        sided=sided,
        power=power,
        independent=_up(needed),
        design_effect=assumed.design_effect,
        trials=trials,
        subjects=subjects,
        attempts=assumed.attempts,
        subjects_to_invite=invited,
        explanation=tuple(explanation),
    )


def _z(assumed: Assumed, sides: int) -> float:
    return float(norm.isf((1.0 - assumed.level) / sides))


def _up(value: float) -> int:
    # 1000 * 1.1 is 1100.0000000000002: not a reason for one more person.
    return math.ceil(value - 1e-9 * value)


def _count(value: float) -> str:
    return f"{_up(value):,}"


def _percent(share: float) -> str:
    return f"{100 * share:.4g}%"


def _points(share: float) -> str:
    return f"{100 * share:.4g} pp"
