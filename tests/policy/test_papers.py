"""Papers out: what people are told comes from the record alone, and is refused while an element is missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from policy.language import LANGUAGES, Language
from policy.papers import KINDS, Kind, fitting, papers, reason
from policy.reading import Incomplete
from policy.record import Record, parse
from policy.sheet import fits

HALL = Path(__file__).parent / "records" / "hall.yaml"

TABLES = yaml.safe_load(HALL.read_text(encoding="utf-8"))

Change = Callable[[dict[str, Any]], object]


def hall(*changes: Change) -> Record:
    """The sample record, with changes to its tables."""
    tables = deepcopy(TABLES)
    for change in changes:
        change(tables)
    return Record.model_validate(tables)


def put(path: str, value: Any) -> Change:
    """A change: the fact at `path` gets `value`."""

    def change(tables: dict[str, Any]) -> None:
        *above, last = re.findall(r"[^.\[\]]+", path)
        node: Any = tables
        for part in above:
            node = node[int(part) if part.isdigit() else part]
        node[int(last) if last.isdigit() else last] = value

    return change


def visible(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(style|head).*?</\1>", " ", page))).split())


def gaps(record: Record, kind: Kind, language: Language = "en") -> dict[str, str]:
    with pytest.raises(Incomplete) as caught:
        papers(record, language, [kind])
    return {gap.fact: gap.citation for gap in caught.value.gaps}


class Outline(HTMLParser):
    """The tags of a page, and its headings in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_page_stands_alone_and_can_be_read_aloud(kind: Kind, language: Language) -> None:
    page = papers(hall(), language, [kind])[kind]
    tags = Outline(page).tags
    names = [name for name, _ in tags]
    assert dict(tags)["html"]["lang"] == language
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(names)
    assert not re.search(r"https?://|url\(|@import|\son\w+=", page)
    headings = [name for name in names if re.fullmatch(r"h\d", name)]
    assert headings[0] == "h1"
    assert set(headings[1:]) == {"h2"}
    assert all("scope" in attributes for name, attributes in tags if name == "th")
    assert all(attributes.get("aria-label") for name, attributes in tags if name == "svg")


def test_the_notice_says_every_element_of_articles_13_and_14() -> None:
    said = visible(papers(hall(), "en", ["notice"])["notice"])
    for text in (
        "Exempelhallen AB, Storgatan 1",
        "dataskydd@hallen.example",
        "Let in those who have a membership Article 6(1)(b): contract; Article 6(1)(a): consent; "
        "Article 9(2)(a): explicit consent",
        "The legitimate interest: to know which lane",
        "Number of the tag 30 days after the membership ends",
        "Picture at the door (adults only) not kept",
        "Exempelförbundet, Sweden (controller in its own right)",
        "do not leave the European Economic Area",
        "member list of the association, which is not public",
        "No: it is up to you.",
        "the template is erased the same day",
        "No decision with legal or similarly significant effect",
        "(portability): Article 20",
        "object to the processing: Article 21",
        "Integritetsskyddsmyndigheten (IMY), imy.se",
    ):
        assert text in said, text


def test_rights_follow_from_the_bases() -> None:
    task = hall(*(put(f"op[{i}].basis6", "e") for i in range(4)), put("op[2].basis9", "g"))
    said = visible(papers(task, "en", ["notice"])["notice"])
    assert "(portability)" not in said
    assert "object to the processing" in said
    assert "withdraw your consent" not in said
    duty = hall(*(put(f"op[{i}].basis6", "c") for i in range(4)), put("op[2].basis9", "g"))
    assert "object to the processing" not in visible(papers(duty, "en", ["notice"])["notice"])


@pytest.mark.parametrize(
    ("jurisdiction", "authority"),
    [("se", "Integritetsskyddsmyndigheten"), ("is", "Persónuvernd"), ("dk", "Datatilsynet")],
)
def test_the_authority_is_the_jurisdictions(jurisdiction: str, authority: str) -> None:
    for kind in ("notice", "child", "sign", "essence"):
        page = papers(hall(put("dep.jurisdiction", jurisdiction)), "en", [kind])[kind]
        assert authority in visible(page)


def test_where_the_project_knows_no_authority_the_record_must() -> None:
    assert gaps(hall(put("dep.jurisdiction", "eu")), "notice") == {"paper.authority": "GDPR Art 13(2)(d)"}
    given = {"name": "The Authority", "email": "post@authority.example"}
    record = hall(put("dep.jurisdiction", "eu"), put("paper.authority", given))
    assert "The Authority, post@authority.example" in visible(papers(record, "en", ["notice"])["notice"])


ELEMENTS: list[tuple[Kind, str, Any, str, str]] = [
    ("notice", "paper.controller", "unknown", "paper.controller", "GDPR Art 13(1)(a)"),
    ("notice", "paper.controller.name", "none", "paper.controller.name", "GDPR Art 13(1)(a)"),
    ("notice", "paper.representative", "unknown", "paper.representative", "GDPR Art 13(1)(a)"),
    ("notice", "ctl.has_dpo", "unknown", "ctl.has_dpo", "GDPR Art 13(1)(b)"),
    ("notice", "paper.dpo", "none", "paper.dpo", "GDPR Art 13(1)(b)"),
    ("notice", "purp", "unknown", "purp", "GDPR Art 13(1)(c)"),
    ("notice", "op[0].basis6", "none", "op[0].basis6", "GDPR Art 13(1)(c)"),
    ("notice", "op[2].basis9", "none", "op[2].basis9", "GDPR Art 9(2), 13(1)(c)"),
    ("notice", "paper.legitimate_interest", "none", "paper.legitimate_interest.en", "GDPR Art 13(1)(d)"),
    ("notice", "paper.recipients", "unknown", "paper.recipients", "GDPR Art 13(1)(e)"),
    ("notice", "paper.recipients[0].country", "unknown", "paper.recipients[0].country", "GDPR Art 13(1)(e)"),
    ("notice", "xfer", "unknown", "xfer", "GDPR Art 13(1)(f)"),
    ("notice", "xfer", [{"country": "US", "tool": "46_2_c"}], "paper.safeguards_copy.en", "GDPR Art 13(1)(f)"),
    ("notice", "xfer", [{"country": "US", "tool": "none"}], "xfer[0].tool", "GDPR Art 13(1)(f)"),
    ("notice", "field[0].period", "unknown", "field[0].period", "GDPR Art 13(2)(a)"),
    ("notice", "field[0].archive_duty", "unknown", "field[0].archive_duty", "GDPR Art 13(2)(a)"),
    ("notice", "paper.fields[0].trigger.en", "none", "paper.fields[0].trigger.en", "GDPR Art 13(2)(a)"),
    ("notice", "paper.fields[0].id", "other", "paper.fields[id=tag]", "GDPR Art 14(1)(d)"),
    ("notice", "paper.withdrawal", "unknown", "paper.withdrawal.en", "GDPR Art 13(2)(c), 7(3)"),
    ("notice", "dep.jurisdiction", "unknown", "dep.jurisdiction", "GDPR Art 13(2)(d)"),
    ("notice", "paper.duty", "unknown", "paper.duty", "GDPR Art 13(2)(e)"),
    ("notice", "paper.automated", "unknown", "paper.automated", "GDPR Art 13(2)(f)"),
    ("notice", "paper.automated", True, "paper.automated_said.en", "GDPR Art 13(2)(f)"),
    ("notice", "paper.source", "unknown", "paper.source", "GDPR Art 14(2)(f)"),
    ("notice", "paper.source_said", "unknown", "paper.source_said.en", "GDPR Art 14(2)(f)"),
    ("notice", "paper.url", "unknown", "paper.url", "GDPR Art 12(1)"),
    ("child", "dep.age_min", "unknown", "dep.age_min", "GDPR Art 12(1)"),
    ("child", "paper.purposes[0].child", "unknown", "paper.purposes[0].child.en", "GDPR Art 12(1)"),
    ("child", "paper.child_contact", "unknown", "paper.child_contact.en", "GDPR Art 12(1)"),
    ("sign", "op", "unknown", "op", "GDPR Art 13(1)(c)"),
    ("sign", "paper.other_way", "unknown", "paper.other_way.en", "GDPR Art 9(2)(a), 7(4)"),
    ("essence", "joint", "unknown", "joint", "GDPR Art 26(2)"),
    ("essence", "joint[0].arrangement_ref", "none", "joint[0].arrangement_ref", "GDPR Art 26(1)"),
    ("essence", "joint[0].essence_url", "none", "joint[0].essence_url", "GDPR Art 26(2)"),
    ("essence", "paper.joint", "none", "paper.joint[0]", "GDPR Art 26(2)"),
    ("essence", "paper.joint[0].rights", "unknown", "paper.joint[0].rights", "GDPR Art 26(1)"),
    ("register", "paper.subjects", "unknown", "paper.subjects.en", "GDPR Art 30(1)(c)"),
    ("register", "sec.encrypted", "unknown", "sec.encrypted", "GDPR Art 30(1)(g), 32(1)"),
    ("register", "paper.joint", "none", "paper.joint", "GDPR Art 30(1)(a)"),
]


@pytest.mark.parametrize(("kind", "path", "value", "fact", "citation"), ELEMENTS)
def test_a_missing_element_is_named_with_its_article(
    kind: Kind, path: str, value: Any, fact: str, citation: str
) -> None:
    assert gaps(hall(put(path, value)), kind)[fact] == citation


def test_every_missing_element_is_named_at_once() -> None:
    record = hall(put("paper.duty", "unknown"), put("paper.url", "none"), put("paper.dpo", "unknown"))
    assert set(gaps(record, "notice")) == {"paper.duty", "paper.url", "paper.dpo"}


def test_a_text_in_another_language_does_not_stand_in() -> None:
    record = hall(put("paper.withdrawal.is", "unknown"))
    assert papers(record, "sv", KINDS)
    assert gaps(record, "notice", "is") == {"paper.withdrawal.is": "GDPR Art 13(2)(c), 7(3)"}


def test_an_empty_record_makes_no_paper() -> None:
    empty = parse("schema: threshold/processing-record/1", "empty")
    assert fitting(empty) == KINDS
    for kind in KINDS:
        assert len(gaps(empty, kind)) >= 5


def test_papers_that_are_not_called_for() -> None:
    adults = hall(
        put("dep.age_min", 18), put("joint", "none"), put("op[1].modality", "tag"), put("op[2].modality", "tag")
    )
    assert fitting(adults) == ("notice", "register")
    assert reason("child", adults) == "dep.age_min is 18: no one under 18 is concerned"


def test_what_is_not_done_with_children_s_data_stays_out_of_their_version() -> None:
    said = visible(papers(hall(), "en", ["child"])["child"])
    assert "The number on your tag" in said
    assert not re.search(r"face[^.]*numbers|Picture|say yes or no|change my mind", said)
    faces = hall(put("paper.fields[2].child", {"en": "Numbers that describe your face"}))
    said = visible(papers(faces, "en", ["child"])["child"])
    for text in (
        "A computer measures a picture of your face",
        "Numbers that describe your face",
        "Can I change my mind?",
    ):
        assert text in said
    assert "guardians" not in said
    both = visible(
        papers(hall(put("paper.fields[2].child", {"en": "Numbers"}), put("cons.given_by", "both")), "en", ["child"])[
            "child"
        ]
    )
    assert "Your parents or guardians are asked too." in both


def test_sentences_for_children_are_short() -> None:
    faces = hall(put("paper.fields[2].child", {"en": "Numbers that describe your face"}))
    page = papers(faces, "en", ["child"])["child"].split("<footer>")[0]
    texts = re.findall(r"<(?:p|li|td|h2)>(.*?)</", page)
    sentences = [sentence.split() for text in texts for sentence in re.split(r"[.?!;:](?:\s|$)", unescape(text))]
    assert len(sentences) > 30
    assert [" ".join(words) for words in sentences if len(words) > 16] == [], "more than 16 words"


def test_the_sign_says_what_the_camera_is() -> None:
    assert "Camera at this door Faces are recognised here." in visible(papers(hall(), "en", ["sign"])["sign"])
    watched = visible(papers(hall(put("cam.lasting", True)), "en", ["sign"])["sign"])
    assert "Camera surveillance" in watched
    assert "Passages" not in watched


def test_the_essence_is_of_what_is_done_together() -> None:
    said = visible(papers(hall(), "en", ["essence"])["essence"])
    assert "Decided together: Compare, until 31 May 2027" in said
    assert "Passages under a pseudonym 3 months after the passage" in said
    assert "Number of the tag" not in said
    assert "Contact point none was named: turn to either" in visible(
        papers(hall(put("paper.joint[0].contact_point", "none")), "en", ["essence"])["essence"]
    )


def test_what_is_not_so_is_not_said_to_be() -> None:
    said = visible(papers(hall(), "en", ["register"])["register"])
    assert "Not so: The measures are tested regularly." in said
    assert "Not so: Data are" not in said


def test_transfers_and_archives_are_told() -> None:
    record = hall(
        put("xfer", [{"country": "US", "tool": "46_2_c"}, {"country": "JP", "tool": 45}]),
        put("paper.safeguards_copy", {"en": "ask the officer"}),
        put("field[3].archive_duty", True),
    )
    said = visible(papers(record, "en", ["notice"])["notice"])
    assert "United States: standard contractual clauses (Article 46(2)(c)). A copy: ask the officer" in said
    assert "Japan: adequacy decision (Article 45)" in said
    assert "3 months after the passage; then archived as the law requires" in said


def test_markup_in_a_record_is_shown_and_not_run() -> None:
    page = papers(hall(put("paper.controller.name", "<script>x</script>")), "en", ["notice"])["notice"]
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_terms_nobody_checked_are_named_at_the_foot_where_they_occur() -> None:
    swedish = visible(papers(hall(), "sv", ["notice"])["notice"])
    assert re.search(r"Termer som inte granskats av svensk jurist: [^.]*uttryckligt samtycke", swedish)
    assert "loggdata" not in swedish
    icelandic = visible(papers(hall(), "is", ["sign"])["sign"])
    assert re.search(r"lögfræðingur hefur ekki yfirfarið: [^.]*andlitsgreining", icelandic)
    assert "native" not in visible(papers(hall(), "en", ["notice"])["notice"])


def test_print_gets_smaller_as_a_paper_gets_longer_until_it_is_said_to_be_too_long() -> None:
    def size(page: str) -> float:
        return float(re.findall(r"--size: ([\d.]+)pt", page)[-1])

    short = papers(hall(), "en", ["notice"])["notice"]
    some = papers(hall(put("paper.duty_said.en", "Without a tag you ring. " * 25)), "en", ["notice"])["notice"]
    much = papers(hall(put("paper.duty_said.en", "Without a tag you ring. " * 120)), "en", ["notice"])["notice"]
    assert size(short) > size(some) >= size(much) == 8.0
    assert fits(short)
    assert fits(some)
    assert not fits(much)
