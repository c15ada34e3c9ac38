"""Catalogues: everything that a report says has its Swedish and Icelandic, with the same placeholders."""

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, get_args

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from results_example import SCENARIO, priced_by_template, results

from benchmarks import evaluation, evidence, faces, interval, method, synthetic, terms, transactions
from benchmarks.cost import costed, formula
from benchmarks.cost.lanes import PRICES
from benchmarks.doors import simulate, ways
from benchmarks.language import Language, Words, catalogue
from benchmarks.pilot import join, schedule, sheet
from benchmarks.privacy import weights
from benchmarks.recipe import Recipe
from benchmarks.scenario import FACTORS
from benchmarks.terms import Terms
from edge.acquire import Reason
from edge.transaction import LANES
from policy.entry import Measure

TRANSLATED: tuple[Language, ...] = ("sv", "is")


def _sources() -> Iterator[tuple[str, str, dict[str, None]]]:
    for template in (files("benchmarks") / "templates").iterdir():
        if template.name.endswith(".html"):
            yield "jinja2.ext:babel_extract", f"templates/{template.name}", {"_": None}
    for name in ("__init__", "claims", "figures", "lanes", "people"):
        yield "python", f"traps/{name}.py", {"_": None}
    for name in ("terms", "pictures", "report", "pilot/page", "pilot/report", "sensitivity/page"):
        yield "python", f"{name}.py", {"say": None, "translatable": None}


def _in_code() -> set[str]:
    found: set[str] = set()
    for called, name, keywords in _sources():
        with (files("benchmarks") / name).open("rb") as file:
            found |= {str(message) for _, message, *_ in extract(called, file, keywords)}
    return found


def _toml(package: str, name: str) -> dict[str, Any]:
    return tomllib.loads((files(package) / name).read_text(encoding="utf-8"))


def _in_data() -> set[str]:
    found = {SCENARIO.title, *evaluation.FACE_NEEDS, synthetic.ACCOUNT}
    for factor in SCENARIO.factor:
        found |= {factor.unit, factor.source} | ({factor.mark} if factor.mark else set())
    for entry in _toml("policy", "sets.toml").values():
        found |= {entry["licence"], entry["consent"], entry["basis"]}
    for price in priced_by_template()[0].price:
        found |= {price.unit, price.source} | ({price.mark} if price.mark else set())
    return found | {network["training"]["account"] for network in _toml("models", "manifest.toml")["network"]}


def _placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"\{[^}]*\}", text))


@pytest.mark.parametrize("language", TRANSLATED)
def test_everything_said_is_translated(language: Language) -> None:
    assert sorted((_in_code() | _in_data()) - set(catalogue(language))) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_translated_that_is_no_longer_said(language: Language) -> None:
    assert sorted(set(catalogue(language)) - _in_code() - _in_data()) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_placeholders_agree(language: Language) -> None:
    differing = [text for text, said in catalogue(language).items() if _placeholders(text) != _placeholders(said)]
    assert differing == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_is_whole_and_says_nothing_twice(language: Language) -> None:
    path = files("benchmarks") / "languages" / f"{language}.po"
    with path.open("rb") as file:
        messages = [message for message in read_po(file, locale=language, abort_invalid=True) if message.id]
    assert [message.id for message in messages if not message.string or message.fuzzy] == []
    assert path.read_text(encoding="utf-8").count("\nmsgid ") == len(messages) + 1


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_sentence_ends_as_its_english_does(language: Language) -> None:
    differing = [
        text
        for text, said in catalogue(language).items()
        if (text[-1] in ".:?") != (said[-1] in ".:?") and len(text) > 12
    ]
    assert differing == []


def test_every_identifier_of_the_evidence_has_a_name() -> None:
    assert set(terms.GRADES) == set(evidence.GRADES)
    assert set(terms.SENTENCES) == set(get_args(evidence.Sentence))
    assert set(terms.OUTCOMES) == set(get_args(evidence.Comparison.model_fields["outcome"].annotation))
    assert set(terms.LANE_OUTCOMES) == set(get_args(evidence.LaneOutcome))
    assert tuple(terms.WAYS_IN) == LANES
    assert set(terms.METHODS_OF_ENTRY) == set(ways.METHODS)
    assert set(terms.PAIRS) <= set(simulate.PAIRS)
    assert set(terms.FACTORS) == set(FACTORS)
    assert set(terms.SETTINGS) == set(Recipe.__dataclass_fields__)
    assert set(terms.PRICES) == set(PRICES)
    assert set(terms.COST_TERMS) == {*formula.ONCE, *formula.YEARLY, formula.ALTERNATIVE}
    assert set(terms.STATUSES) == set(get_args(evidence.Status))
    assert set(terms.DATA_ITEMS) == set(get_args(weights.Item))
    assert set(terms.PLACES) == set(get_args(evidence.Place))
    assert set(terms.REUSE) == set(get_args(evidence.Reuse))
    assert set(terms.ARRIVALS) == set(get_args(schedule.Arrivals))
    assert set(terms.LIGHT) == set(get_args(schedule.Light)) == set(schedule.LIGHT_LUX)
    assert set(terms.CLOTHING) == set(get_args(schedule.Clothing))
    assert set(terms.HABITUATION) == set(get_args(schedule.Habituation))
    assert set(get_args(Reason)) <= set(terms.REASONS)
    assert set(get_args(sheet.Reason)) <= set(terms.REASONS)
    assert set(terms.LET_IN) == set(get_args(sheet.LetIn))
    assert set(terms.LEFT) == set(get_args(join.Kind))
    assert set(terms.MEASURES) == set(get_args(Measure))
    assert set(terms.STANDINGS) == set(get_args(transactions.Standing))


def test_every_method_of_an_interval_has_a_name() -> None:
    one, other, whose = [False, True, True, False], [True, False, True, False], ["a", "a", "b", "b"]
    made = {
        interval.wilson(1, 3).method,
        interval.clopper_pearson(1, 3).method,
        interval.newcombe_paired(1, 1, 1, 1).method,
        method.independent(0, 3).method,
        method.independent(3, 3).method,
        method.rate(one, whose).method,
        method.rate([False] * 4, whose).method,
        method.rate([True] * 4, whose).method,
        method.mean([1, 2, 3, 4], whose).method,
        method.quantile([1, 2, 3, 4], whose, 0.5).method,
        method.quantile_difference([1, 2, 3, 4], whose, [1, 2, 3, 4], whose, 0.5).method,
        method.paired_difference(one, other, whose).method,
        method.paired_difference([False] * 4, [False] * 4, whose).method,
        simulate.OVER_REPETITIONS,
        simulate.ALL_THE_SAME,
        costed.OVER_RANGES,
    }
    assert made == set(terms.METHODS)


def test_how_a_threshold_was_fixed_is_said_in_the_words_of_the_face_lane() -> None:
    assert terms.FIXED in (files("benchmarks") / f"{faces.__name__.rpartition('.')[2]}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("faces_too", [True, False])
def test_every_limit_has_a_sentence_in_every_language(faces_too: bool) -> None:
    for entry in results(faces_too).cannot_show:
        said = [str(Terms(language).limit(entry)) for language in ("en", *TRANSLATED)]  # type: ignore[arg-type]
        assert len(set(said)) == 3
        assert not any("<code>" in text or "{" in text for text in said), entry


def test_a_limit_without_a_sentence_is_shown_as_it_is() -> None:
    assert Terms("sv").limit({"id": "new <b>", "n": 3}) == "<code>id: new &lt;b&gt;, n: 3</code>"
    assert "few-persons" in Terms("en").limit({"id": "few-persons"})


def test_text_that_no_catalogue_knows_stays_english_and_is_escaped() -> None:
    assert Words("is").say("An <own> {source}") == "An &lt;own&gt; {source}"
    assert Words("en").say("{low} to {high}", low="<1", high=2) == "&lt;1 to 2"


@pytest.mark.parametrize(
    ("language", "number", "percent", "moment"),
    [
        ("en", "−1,234.50", "5.5%", "29 March 2026"),
        ("sv", "−1\N{NO-BREAK SPACE}234,50", "5,5\N{NO-BREAK SPACE}%", "29 mars 2026"),
        ("is", "−1.234,50", "5,5%", "29. mars 2026"),
    ],
)
def test_numbers_and_dates_are_written_as_people_there_write_them(
    language: Language, number: str, percent: str, moment: str
) -> None:
    words = Words(language)
    assert words.number(-1234.5) == number
    assert words.percent(0.0547) == percent
    assert words.moment("2026-03-29T00:59:58+00:00").startswith(moment)


def test_a_small_negative_number_is_not_minus_zero() -> None:
    assert Words("en").number(-0.0004) == "0.00"
    assert Words("en").number(0.0004, signed=True) == "0.00"
    assert Words("en").number(1.5, signed=True) == "+1.50"
    assert Words("en").number(2.50, shortest=True) == "2.5"


def test_times_are_given_in_utc() -> None:
    assert Words("en").moment("2026-03-29T02:59:58+02:00") == Words("en").moment("2026-03-29T00:59:58")
