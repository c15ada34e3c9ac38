"""What findings say: every text is a key of the catalogues, and a catalogue that is there lacks none."""

from __future__ import annotations

import re
from datetime import date
from importlib.resources import files

import pytest
from records import TODAY, load

from policy import language
from policy.domains import put
from policy.engine import verdict
from policy.explain import explained
from policy.language import LANGUAGES, Words, catalogue
from policy.rule import rules
from policy.texts import texts
from policy.view import Ground

WRITTEN = [name for name in LANGUAGES if (files("policy") / "languages" / f"{name}.po").is_file()]


def test_whatever_is_said_is_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    said = set()

    def spy(self: Words, text: str, /, **values: object) -> str:
        said.add(text)
        return text

    monkeypatch.setattr(language.Words, "say", spy)
    for name in ("gym", "lab-volunteers", "school-tags", "gym-fifteen"):
        for as_of in (date(1990, 1, 1), date(2010, 1, 1), TODAY, date(2028, 1, 1)):
            for law in ("se", "is", "pl", "eu", "unknown"):
                verdict(Ground(put(load(name), ("dep", "jurisdiction"), law), as_of))
    verdict(Ground({}, TODAY))
    for rule in rules().values():
        explained(rule)
    assert said <= set(texts())
    assert len(said) > len(rules()) * 2 * 0.9  # most of them, so that this looked


def test_a_text_that_a_catalogue_translates_is_said_in_its_language(monkeypatch: pytest.MonkeyPatch) -> None:
    text = rules()["art28-h"].asks
    monkeypatch.setattr(language, "catalogue", lambda name: {text: "Avtalet tillåter granskning."})
    assert Words("sv").say(text) == "Avtalet tillåter granskning."
    assert Words("sv").say("Not there, {name}.", name="x") == "Not there, x."


def test_a_catalogue_lacks_no_text_and_keeps_placeholders_and_numbers() -> None:
    assert catalogue("en") == {}
    for name in WRITTEN:
        translated = catalogue(name)
        assert [text for text in texts() if text not in translated] == []
        for text in texts():
            for pattern in (r"\{[a-z_]+\}", r"\d+"):
                assert sorted(re.findall(pattern, text)) == sorted(re.findall(pattern, translated[text])), (name, text)


def test_texts_are_sentences_without_names_of_facts() -> None:
    for text in texts():
        assert text[0].isupper() or text.startswith(("purp", "op"))
        assert not re.search(r"`", text)
