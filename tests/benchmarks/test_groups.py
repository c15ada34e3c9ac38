"""Groups: labels kept apart and deleted, small groups left out, columns as they are defined."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import groups
from benchmarks.groups import GroupError, columns, differential, fairness, gini, read_labels


def labels(folder: Path, text: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_labels_are_what_people_said_of_themselves(tmp_path: Path) -> None:
    path = labels(tmp_path, "subject,self_declared\ns1, woman \ns2,man\n")
    assert read_labels(path) == {"s1": "woman", "s2": "man"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "an empty file"),
        ("subject,sex\ns1,f\n", "self_declared and no other"),
        ("subject,self_declared,name\ns1,woman,A\n", "and no other"),
        ("subject,self_declared\ns1\n", "line 2"),
        ("subject,self_declared\ns1,\n", "line 2"),
        ("subject,self_declared\ns1,a\ns1,b\n", "line 3: expected each subject once"),
        ("subject,self_declared\n", "at least one"),
    ],
)
def test_labels_that_are_none_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(GroupError, match=said):
        read_labels(labels(tmp_path, text))
    with pytest.raises(GroupError, match="can be read"):
        read_labels(tmp_path / "absent.csv")


def test_labels_are_kept_apart_from_transactions(tmp_path: Path) -> None:
    path = labels(tmp_path, "subject,self_declared\ns1,a\n")
    with pytest.raises(GroupError, match="kept apart"):
        read_labels(path, [tmp_path / "rows.jsonl"])
    assert read_labels(path, [tmp_path / "elsewhere" / "rows.jsonl"])


def test_labels_are_gone_after_the_report(tmp_path: Path) -> None:
    path = labels(tmp_path, "subject,self_declared\ns1,a\n")
    groups.delete_labels(path)
    assert not path.exists()
    with pytest.raises(GroupError, match="by hand"):
        groups.delete_labels(path)


def people(count: int, label: str) -> dict[str, str]:
    return {f"{label}{number}": label for number in range(count)}


def test_a_group_under_30_is_in_no_figure() -> None:
    known = {**people(40, "a"), **people(30, "b"), **people(29, "c")}
    subjects = [*known, "nobody"]
    found = differential("FRR", [subject in ("a0", "c0") for subject in subjects], subjects, known, "test", "pilot")
    shown = {group.label: group for group in found.groups}
    assert (shown["c"].rate, shown["c"].subjects, found.suppressed, found.unlabelled) == (None, None, 1, 1)
    assert shown["a"].rate is not None
    assert (shown["a"].rate.value, shown["b"].subjects) == (1 / 40, 30)
    assert found.columns is not None
    assert (found.columns.most, found.columns.least, found.columns.most_over_least) == (1 / 40, 0.0, None)


def test_one_group_alone_has_nobody_to_differ_from() -> None:
    known = {**people(40, "a"), **people(5, "b")}
    assert differential("FRR", [False] * 45, list(known), known, "test", "pilot").columns is None
    with pytest.raises(GroupError, match="one length"):
        differential("FRR", [False], ["a", "b"], known, "test", "pilot")


def test_nists_columns() -> None:
    made = columns([0.01, 0.02, 0.04])
    assert (made.least, made.most, made.most_over_least, made.most_minus_least) == (
        0.01,
        0.04,
        4.0,
        pytest.approx(0.03),
    )
    assert made.most_over_mean == pytest.approx(0.04 / (0.07 / 3))
    assert made.most_over_geometric_mean == pytest.approx(2.0)
    assert made.vary_geometric_mean == pytest.approx(2 ** (2 / 3))
    # |differences| over all ordered pairs: 2 (0.01 + 0.03 + 0.02) = 0.12
    assert made.vary_gini == gini([0.01, 0.02, 0.04]) == pytest.approx(1.5 * 0.12 / (2 * 9 * 0.07 / 3))


def test_the_ends_of_gini_fdr_and_garbe() -> None:
    assert gini([0.1, 0.1, 0.1]) == pytest.approx(0.0)
    assert gini([0.0, 0.0, 0.3]) == pytest.approx(1.0)
    assert gini([0.0, 0.0]) is None
    fair = fairness([0.01, 0.01], [0.03, 0.03])
    assert (fair.fdr, fair.garbe) == (1.0, pytest.approx(0.0))
    assert fairness([0.0, 1.0], [0.0, 1.0]).fdr == 0.0
    assert fairness([0.0, 0.1], [0.02, 0.02], alpha=1.0).garbe == pytest.approx(1.0)
    assert fairness([0.0, 0.1], [0.02, 0.05], alpha=0.25).fdr == pytest.approx(1 - (0.25 * 0.1 + 0.75 * 0.03))
    assert fairness([0.0, 0.0], [0.02, 0.05]).garbe is None


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=8))
def test_gini_lies_within_0_and_1_whatever_the_scale(rates: list[float]) -> None:
    value = gini(rates)
    if value is not None and min(rate for rate in rates if rate > 0) > 1e-6:
        assert -1e-9 <= value <= 1 + 1e-9
        assert gini([rate / 2 for rate in rates]) == pytest.approx(value)


def test_what_can_not_be_compared_is_refused() -> None:
    for call in (
        lambda: columns([0.1]),
        lambda: gini([0.1, 1.2]),
        lambda: fairness([0.1, 0.2], [0.1, 0.2, 0.3]),
        lambda: fairness([0.1, 0.2], [0.1, 0.2], alpha=2.0),
    ):
        with pytest.raises(GroupError):
            call()
