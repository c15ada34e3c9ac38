"""Development and evaluation people have nobody in common."""

import pytest

from benchmarks.split import SplitError, by_subject, require_apart

PEOPLE = [f"s{number:04d}" for number in range(1000)]


def test_everyone_is_in_one_part_and_about_half_in_each() -> None:
    split = by_subject(PEOPLE, seed=1)
    assert split.development | split.evaluation == set(PEOPLE)
    assert not split.development & split.evaluation
    assert 440 < len(split.development) < 560
    require_apart(split.development, split.evaluation)


def test_neither_order_nor_newcomers_change_a_part_but_a_seed_does() -> None:
    split = by_subject(PEOPLE, seed=1)
    assert by_subject(reversed(PEOPLE), seed=1) == split
    assert split.development <= by_subject([*PEOPLE, "new"], seed=1).development
    assert by_subject(PEOPLE, seed=2) != split
    assert len(by_subject(PEOPLE, seed=1, share=0.2).development) < 260


@pytest.mark.parametrize(("people", "share"), [(["a"], 0.5), (PEOPLE, 0.0), (PEOPLE, 1.0), ([], 0.5)])
def test_what_can_not_be_split_is_refused(people, share: float) -> None:
    with pytest.raises(SplitError, match="expected"):
        by_subject(people, 1, share)


def test_a_common_person_is_named() -> None:
    with pytest.raises(SplitError, match="such as 'b'"):
        require_apart(["a", "b"], ["b", "c"])
