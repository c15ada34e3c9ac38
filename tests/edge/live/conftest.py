"""A door with two enrolled people. Enrolled once a run, and copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from doorway import Door
from house import laboratory

from policy.record import Record


def enrolled(folder: Path, record: Record) -> Path:
    made = Door(folder / "store", record)
    made.enrol(0)
    made.enrol(1)
    made.store.close()
    return made.folder


@pytest.fixture(scope="session")
def compared(tmp_path_factory) -> Path:
    return enrolled(tmp_path_factory.mktemp("compared"), laboratory())


@pytest.fixture(scope="session")
def searched(tmp_path_factory) -> Path:
    return enrolled(tmp_path_factory.mktemp("searched"), laboratory(mode="1:N"))


@pytest.fixture
def door(compared, tmp_path):
    made = Door(Path(shutil.copytree(compared, tmp_path / "store")))
    yield made
    made.store.close()


@pytest.fixture
def search(searched, tmp_path):
    """The same in a laboratory that searches."""
    made = Door(Path(shutil.copytree(searched, tmp_path / "store")), laboratory(mode="1:N"))
    yield made
    made.store.close()
