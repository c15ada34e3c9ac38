"""Listed research sets: the digest knows every byte and no name, and the list says whose pictures they are."""

from __future__ import annotations

import hashlib
import tomllib

import pytest
from pydantic import ValidationError
from support import LFW, needs_lfw

from policy.archive import Archive
from policy.research import UnknownSet, listed, named, parse, set_digest


def digest(*contents: bytes) -> str:
    return set_digest({str(number): hashlib.sha256(content).digest() for number, content in enumerate(contents)})


def test_the_digest_is_that_of_the_sorted_hexadecimal_digests_one_a_line():
    lines = sorted(hashlib.sha256(content).hexdigest() for content in (b"a", b"b", b"c"))
    assert digest(b"c", b"a", b"b") == hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def test_names_do_not_matter():
    content = hashlib.sha256(b"a").digest()
    assert set_digest({"one": content}) == set_digest({"two/other": content})


def test_order_does_not_matter():
    assert digest(b"a", b"b") == digest(b"b", b"a")


@pytest.mark.parametrize(
    "other", [(b"a", b"c"), (b"a",), (b"a", b"b", b"c"), (b"a", b"b", b"b"), (b"ab",), (b"a", b"b", b""), ()]
)
def test_one_byte_or_one_file_more_or_less_is_another_set(other):
    assert digest(*other) != digest(b"a", b"b")


def test_the_product_s_list_is_one_set_with_its_terms():
    (lfw,) = listed()
    assert (lfw.id, lfw.aliases, lfw.files, lfw.people) == ("lfw-deepfunneled", ("lfw",), 13233, 5749)
    assert "weren't asked" in lfw.consent
    assert "9(2)(j)" in lfw.basis


def test_sets_are_parsed_by_their_tables():
    text = """
    [drawn]
    name = "Drawn"
    files = 2
    people = 0
    digest = "00"
    licence = "Apache-2.0"
    publisher = "nobody"
    consent = "nobody"
    basis = "none"
    layout = "any"
    """
    (entry,) = parse(text)
    assert (entry.id, entry.files, entry.aliases) == ("drawn", 2, ())


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[drawn]\nname = 'without the rest'", ValidationError),
        ("[drawn]\nsurprise = 1", ValidationError),
        ("not toml", tomllib.TOMLDecodeError),
    ],
)
def test_an_incomplete_or_broken_list_is_refused(text, error):
    with pytest.raises(error):
        parse(text)


def test_an_empty_list_is_empty():
    assert parse("") == ()


@pytest.mark.parametrize("name", ["lfw", "lfw-deepfunneled"])
def test_a_set_is_found_by_id_and_by_alias(name):
    assert named(name, listed()).id == "lfw-deepfunneled"


@pytest.mark.parametrize("name", ["", "LFW", "megaface"])
def test_an_unknown_set_is_said_with_the_known_ones(name):
    with pytest.raises(UnknownSet) as caught:
        named(name, listed())
    assert str(caught.value) == f"{name!r} is no listed research set. Listed are: lfw-deepfunneled."


@pytest.mark.shared
@needs_lfw
def test_the_real_set_is_the_listed_one():
    with Archive(LFW) as archive:
        assert (len(archive), set_digest(archive.digests())) == (listed()[0].files, listed()[0].digest)
