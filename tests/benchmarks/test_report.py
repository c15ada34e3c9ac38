"""The report: what stands on the page, in which form and language, and what it refuses to read."""

import json
import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from results_example import RECORD, SCENARIO, comparison, doors, priced_by_template, results

from benchmarks.cost.costed import costed
from benchmarks.evidence import Results
from benchmarks.language import LANGUAGES, Language
from benchmarks.privacy.private import private
from benchmarks.report import ReportError, read, render, write
from benchmarks.terms import SENTENCES, WAYS_IN, Terms

BOTH, ALONE = results(faces=True), results(faces=False)
DOORS = results(faces=True, doors=doors())
_LATER = results(faces=True, doors=doors(), created="2026-12-01T00:59:58+00:00")
FULL = _LATER.model_copy(
    update={"cost": costed(_LATER, *priced_by_template(), draws=200), "privacy": private(_LATER, RECORD)}
)
KNOWN = (BOTH, ALONE, DOORS, FULL)
SEPARATORS = {"en": (",", "."), "sv": ("\N{NO-BREAK SPACE}", ","), "is": (".", ",")}
FORMS = pytest.mark.parametrize(
    "form", KNOWN, ids=["both lanes", "tag alone", "all at the doors", "with costs and privacy"]
)
ALL_LANGUAGES = pytest.mark.parametrize("language", LANGUAGES)


@cache
def rendered(known: int, language: Language) -> str:
    return render(KNOWN[known], language)


def _index(form: Results) -> int:
    return next((index for index, known in enumerate(KNOWN) if known is form), -1)


def page(form: Results, language: Language = "en") -> ElementTree.Element:
    text = rendered(_index(form), language) if _index(form) >= 0 else render(form, language)
    assert text.startswith("<!DOCTYPE html>")
    root = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>"))  # noqa: S314  our own text
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def words(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def numbers(form: Results, language: Language) -> list[list[float]]:
    """All numbers in cells and headline figures, in the order of the page."""
    group, point = SEPARATORS[language]
    found = []
    for element in page(form, language).iter():
        if element.tag in ("td", "span") and element.get("class") in ("n", "big"):
            # Without the words of the mark, "fewer than 30 errors".
            text = re.sub(r"\(\D*30\D*\)", "", "".join(element.itertext()))
            plain = [
                number.replace(group, "").replace(point, ".").replace("−", "-")
                for number in re.findall(rf"[+−]?\d[\d{re.escape(group + point)}]*", text)
            ]
            found.append([float(number) for number in plain])
    return found


@FORMS
@ALL_LANGUAGES
def test_the_page_is_well_formed_and_its_ids_are_unique(form: Results, language: Language) -> None:
    root = page(form, language)
    assert (root.tag, root.get("lang")) == ("html", language)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for element in root.iter():
        for name in ("aria-labelledby", "aria-describedby"):
            assert set((element.get(name) or "").split()) <= set(ids)
        if (element.get("href") or "").startswith("#"):
            assert element.get("href", "")[1:] in ids


@FORMS
def test_the_page_loads_nothing_and_runs_nothing(form: Results) -> None:
    root, text = page(form), rendered(_index(form), "en")
    for element in root.iter():
        assert element.tag not in ("script", "link", "img", "iframe", "object", "embed", "base", "form")
        assert not any(name.startswith("on") or name == "src" for name in element.attrib)
        assert element.get("href", "#").startswith("#")
    assert not re.search(r"@import|url\((?!#)", text)
    assert set(re.findall(r"https?://[^\"' <]+", text)) == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in text


@FORMS
@ALL_LANGUAGES
def test_headings_come_in_order_and_tables_have_captions_and_scopes(form: Results, language: Language) -> None:
    root = page(form, language)
    levels = [int(element.tag[1]) for element in root.iter() if re.fullmatch(r"h[1-6]", element.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for table in root.iter("table"):
        assert words(table[0])
        assert table[0].tag == "caption"
        assert all(cell.get("scope") in ("col", "row") for cell in table.iter("th"))


@FORMS
def test_every_chart_has_its_table_and_its_command(form: Results) -> None:
    root = page(form)
    tables = {table.get("id"): table for table in root.iter("table")}
    figures = list(root.iter("figure"))
    assert len(figures) == {0: 7, 1: 4, 2: 9, 3: 11}[_index(form)]
    for figure in figures:
        assert [child.tag for child in figure] == ["svg", "figcaption"]
        assert form.reproduce in words(figure[1])
        assert len(tables[figure.get("data-table")].findall("tbody/tr")) >= 2


@FORMS
def test_all_languages_carry_the_same_numbers(form: Results) -> None:
    english, *others = (numbers(form, language) for language in LANGUAGES)
    assert sum(map(len, english)) > 80
    assert all(other == english for other in others)


def test_the_numbers_are_those_of_the_results() -> None:
    cells = [words(cell) for cell in page(BOTH).iter("td")]
    shown = BOTH.lanes["tag-uid"].points[2].legitimate_failures
    assert f"{100 * shown.value:.1f}%" in cells
    assert f"{100 * shown.interval[0]:.1f}% to {100 * shown.interval[1]:.1f}%" in cells
    assert "41" in cells
    headlines = [words(item) for item in page(BOTH).iter("span") if item.get("class") == "big"]
    assert any(item.startswith("15.5%") for item in headlines)
    assert any(item.startswith("0.0% to 20.5%") for item in headlines)
    assert any(item.startswith("−4.2 to −4.2 percentage points") for item in headlines)


@ALL_LANGUAGES
def test_all_eleven_ways_in_stand_side_by_side(language: Language) -> None:
    root, terms = page(DOORS, language), Terms(language)
    tables = {table.get("id"): table for table in root.iter("table")}
    for name, rows in (("doors-table", 33), ("doors-rates-table", 33), ("queue-table", 44), ("deceived-table", 11)):
        heads = [words(next(row.iter("th"))) for row in tables[name].findall("tbody/tr")]
        assert len(heads) == rows
        assert list(dict.fromkeys(heads)) == [" ".join(terms.way_in(lane).unescape().split()) for lane in WAYS_IN]
    pairs = [words(next(row.iter("th"))) for row in tables["doors-difference-table"].findall("tbody/tr")]
    assert len(pairs) == 14
    assert pairs == sorted(pairs, key=pairs.index)
    ends = {words(row.findall("td")[-1]) for row in tables["doors-difference-table"].findall("tbody/tr")}
    assert ends == {words_of(terms.term(SENTENCES, "not shown (simulated)"))}


def words_of(text: Any) -> str:
    return " ".join(str(text.unescape()).split())


@ALL_LANGUAGES
def test_without_a_face_lane_nothing_is_compared(language: Language) -> None:
    text = words(page(ALONE, language).find("body") or ElementTree.Element("none"))
    terms = Terms(language)
    for sentence in SENTENCES:
        assert terms.term(SENTENCES, sentence).unescape().lower() not in text.lower()


@ALL_LANGUAGES
def test_without_a_face_lane_the_page_says_what_it_needs_and_shows_the_tags(language: Language) -> None:
    root = page(ALONE, language)
    text = words(root)
    assert "threshold models fetch yunet-2023mar mobilefacenet-foamliu threshold evaluate --faces SET" in text
    assert all(need in text for need in ALONE.lanes["face-1n"].needs)
    assert Terms(language).say("The face lane wasn't run").unescape() in [words(heading) for heading in root.iter("h2")]
    assert "20.5%" in text or "20,5" in text


@ALL_LANGUAGES
def test_a_simulated_comparison_shows_nothing_and_says_what_that_means(language: Language) -> None:
    root, terms = page(BOTH, language), Terms(language)
    said = [words(item) for item in root.iter("span") if item.get("class") == "said"]
    assert said == [terms.term(SENTENCES, "not shown (simulated)")] * 2
    assert terms.say("No conclusion may be drawn from these figures about a real entrance.").unescape() in words(root)
    ends = [words(cell) for cell in root.iter("td") if words(cell) == terms.term(SENTENCES, "not shown (simulated)")]
    assert len(ends) == 18


def test_a_measured_comparison_says_by_how_much_and_nothing_about_simulation() -> None:
    measured = tuple(
        comparison("legitimate-failures", first, "best", -0.0423).model_copy(update={"sentence": sentence})
        for first, sentence in (("best", "better by"), ("middle", "not shown"))
    )
    root = page(results(faces=True, comparisons=measured))
    assert "better by 4.2 percentage points" in [words(cell) for cell in root.iter("td")]
    assert "No conclusion may be drawn" not in words(root)


@FORMS
@ALL_LANGUAGES
def test_every_limit_has_its_sentence(form: Results, language: Language) -> None:
    shown = {item.get("data-limit"): item for item in page(form, language).iter("li") if item.get("data-limit")}
    assert list(shown) == [entry["id"] for entry in form.cannot_show]
    assert all(len(words(item)) > 40 and item.find("code") is None for item in shown.values())


def test_few_errors_are_marked_and_many_are_not() -> None:
    table = next(table for table in page(BOTH).iter("table") if table.get("id") == "failures-table")
    marked = ["†" in words(row) for row in table.findall("tbody/tr")]
    assert marked == [False, False, False, True, True, False]
    assert "fewer than 30 errors" in words(table)


def test_the_face_parts_errors_stand_with_their_size_and_threshold() -> None:
    text = words(page(BOTH))
    assert "Labeled Faces: not a door, not children, not Sweden." in text
    assert "40 enrolled persons" in text
    assert "0.4403; fixed on the development crew" in text
    assert "at most 0.3% of strangers would be let in. On the evaluation crew 0.13% were." in text


def test_what_is_not_verified_carries_its_mark() -> None:
    text = words(page(BOTH))
    assert "To be verified. Trained on people." in text
    assert text.count("Not published.") == sum(not factor.published for factor in SCENARIO.factor)
    assert text.count("Mark:") == sum(factor.mark is not None for factor in SCENARIO.factor)


@ALL_LANGUAGES
def test_hostile_text_is_text(language: Language) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> {0.__class__} {{ 7*7 }} %s"
    factor = SCENARIO.factor[0].model_copy(update={"source": evil, "mark": evil, "unit": evil, "id": evil})
    scenario = SCENARIO.model_dump(mode="json", exclude={"factor", "quick"}) | {"title": evil, "id": evil}
    lanes = dict(ALONE.lanes) | {"face-1n": ALONE.lanes["face-1n"].model_copy(update={"needs": (evil,)})}
    form = results(
        faces=False,
        factors=(factor,),
        scenario=scenario,
        lanes=lanes,
        reproduce=evil,
        program=evil,
        machine={evil: evil, "versions": {evil: evil}},
        cannot_show=({"id": evil, "n": evil}, {"id": "swept-rates", "factors": [evil]}),
    )
    root = page(form, language)
    assert words(root).count("<script>alert(1)</script>") >= 8
    assert not list(root.iter("script"))
    assert not list(root.iter("img"))


@FORMS
@pytest.mark.usefixtures("every_chart_drawn")
def test_the_same_results_give_the_same_page(form: Results) -> None:
    assert render(form, "is") == render(form, "is")


# Reading


def document(**changes: Any) -> dict[str, Any]:
    return json.loads(BOTH.model_dump_json(by_alias=True)) | changes


def written(folder: Path, content: object) -> Path:
    path = folder / "results.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    assert read(written(tmp_path, document())) == BOTH


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "whole JSON document"),
        (json.dumps(document())[:-100], "cut off"),
        ("[" * 100_000, "whole JSON document"),
        ('{"schema": NaN}', "NaN"),
        ("[]", "key schema"),
        ({"a": 1}, "key schema"),
        (document(schema="threshold/accuracy/1"), "'threshold/accuracy/1'"),
        (document(schema="threshold/results/99"), "later Threshold"),
        (document(extra=1), "key extra"),
        (document(lanes=3), "key lanes"),
        (document(created="yesterday"), "key created: expected a time as ISO 8601, found 'yesterday'"),
        (document(scenario={}), "key scenario.id: expected what threshold/results/1 says (Field required)"),
        (document(lanes={}), "key lanes: expected at least one lane that ran"),
        ({key: value for key, value in document().items() if key != "lanes"}, "key lanes"),
    ],
)
def test_what_is_no_results_is_refused_by_name(tmp_path: Path, content: object, said: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(ReportError) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)


def test_a_rate_that_is_none_is_refused_with_its_key(tmp_path: Path) -> None:
    content = document()
    content["lanes"]["tag-uid"]["points"][0]["legitimate_failures"]["value"] = 1.5
    with pytest.raises(ReportError, match=r"lanes\.tag-uid\.points\.0\.legitimate_failures\.value.*found 1\.5"):
        read(written(tmp_path, content))


def test_a_lane_without_one_of_its_levels_is_refused(tmp_path: Path) -> None:
    content = document()
    del content["lanes"]["tag-uid"]["points"][2]
    with pytest.raises(ReportError, match=r"lanes\.tag-uid\.points: expected the levels best, middle, worst"):
        read(written(tmp_path, content))


def test_times_without_a_percentile_are_refused(tmp_path: Path) -> None:
    content = document()
    del content["lanes"]["tag-uid"]["machine_time"]["p90"]
    with pytest.raises(ReportError, match=r"lanes\.tag-uid: expected times with p50, p90, p95"):
        read(written(tmp_path, content))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"none\.json: expected results\.json"):
        read(tmp_path / "none.json")


def test_render_checks_what_was_made_by_hand() -> None:
    with pytest.raises(ReportError, match=r"results: key scenario\.title"):
        render(results(faces=False, scenario=ALONE.scenario | {"title": None}), "en")


# Writing


def test_a_report_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.html"
    write(BOTH, path, "sv")
    assert path.read_text(encoding="utf-8") == render(BOTH, "sv")
    assert [entry.name for entry in path.parent.iterdir()] == ["report.html"]


def test_an_older_report_stays_when_the_new_one_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("benchmarks.report.os.fsync", full)
    with pytest.raises(ReportError, match=r"report\.html: expected a place to write the report to"):
        write(ALONE, path, "en")
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_a_language_without_a_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="expected one of en, sv, is, found 'de'"):
        write(ALONE, tmp_path / "report.html", "de")


def test_costs_and_privacy_are_links_where_proportionality_is_reached_and_say_how_where_they_are_absent() -> None:
    ids = [element.get("id") for element in page(FULL).iter() if element.get("id")]
    assert {"cost-table", "cost-pairs-table", "prices-table", "privacy-table", "dominance-table"} <= set(ids)
    assert ids.index("privacy-table") < ids.index("dominance-table") < ids.index("footprint-table")
    assert "threshold cost --template" in rendered(_index(BOTH), "en")
    assert 'id="privacy"' not in rendered(_index(BOTH), "en")


def test_a_number_fixed_after_the_results_is_left_out_and_the_vector_stays() -> None:
    assert FULL.privacy is not None
    early = FULL.privacy.model_copy(update={"footprint": {}, "standing": {}, "weights_fixed": None})
    text = render(FULL.model_copy(update={"privacy": early}), "en")
    assert 'id="privacy-table"' in text
    assert 'id="footprint-table"' not in text
    assert "weights weren't fixed before these results" in text.replace("&#39;", "'")
