"""Lists of pairs and people in LFW's formats."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.pairs import Pair, PairsError, read_pairs, read_people, require

FOLDED = "2\t1\nA\t1\t2\nA\t1\tB\t3\nC\t1\t4\nC\t2\tA\t1\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "pairs.txt"
    path.write_text(text)
    return path


def test_folds_and_pairs_are_read_in_order(tmp_path: Path) -> None:
    pairs = read_pairs(written(tmp_path, FOLDED))
    assert pairs.folds == 2
    assert pairs.pairs == (
        Pair("A/A_0001.jpg", "A/A_0002.jpg", True, 0),
        Pair("A/A_0001.jpg", "B/B_0003.jpg", False, 0),
        Pair("C/C_0001.jpg", "C/C_0004.jpg", True, 1),
        Pair("C/C_0002.jpg", "A/A_0001.jpg", False, 1),
    )
    assert len(pairs.pictures) == 6


def test_a_header_of_one_number_is_one_fold(tmp_path: Path) -> None:
    assert read_pairs(written(tmp_path, "1\nA 1 2\nA 1 B 3\n")).folds == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1"),
        ("ten 300\n", "line 1"),
        ("0\n", "line 1"),
        ("2\nA 1 2\nA 1 B 3\n", "announces"),
        ("1\nA 1 B 2\nA 1 B 3\n", "line 2: expected 'name i j'"),
        ("1\nA 1 2\nA 1 3\n", "line 3: expected 'name i name j'"),
        ("1\nA one 2\nA 1 B 3\n", "line 2"),
        ("1\nA 1 2\nA 1 A 3\n", "two people"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PairsError, match=message):
        read_pairs(written(tmp_path, text))


def test_a_missing_or_binary_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PairsError, match=r"pairs\.txt"):
        read_pairs(tmp_path / "pairs.txt")
    (tmp_path / "pairs.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PairsError, match=r"pairs\.txt"):
        read_pairs(tmp_path / "pairs.txt")


def test_people_are_read_without_their_counts(tmp_path: Path) -> None:
    assert read_people(written(tmp_path, "2\nA_B\t3\nC\t1\n")) == {"A_B", "C"}


def test_an_empty_list_of_people_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PairsError, match="one person"):
        read_people(written(tmp_path, "0\n"))


def test_a_picture_that_the_set_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(PairsError, match=r"B/B_0003\.jpg"):
        require(tmp_path, ["A/A_0001.jpg", "B/B_0003.jpg"], ["A/A_0001.jpg"])
