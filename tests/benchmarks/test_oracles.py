"""The figures that others publish or that were computed independently: the very list of `make prove-oracles`."""

import pytest

from scripts.proofs.oracles import Oracle, oracles

ALL = list(oracles())


@pytest.mark.parametrize("oracle", ALL, ids=[oracle.what for oracle in ALL])
def test_oracle(oracle: Oracle) -> None:
    assert abs(oracle.figure - oracle.target) <= oracle.within


def test_no_oracle_is_listed_twice() -> None:
    assert len({oracle.what for oracle in ALL}) == len(ALL) > 100
