"""A door with two enrolled people."""

from __future__ import annotations

import pytest
from doorway import Door
from house import laboratory


@pytest.fixture
def door(tmp_path):
    made = Door(tmp_path / "store")
    made.enrol(0)
    made.enrol(1)
    yield made
    made.store.close()


@pytest.fixture
def search(tmp_path):
    """The same in a laboratory that searches."""
    made = Door(tmp_path / "store", laboratory(mode="1:N"))
    made.enrol(0)
    made.enrol(1)
    yield made
    made.store.close()
