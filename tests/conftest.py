"""Fixtures of all tests."""

from __future__ import annotations

import pytest
from support import TinyNetworks

from models import tiny


@pytest.fixture(scope="session")
def tiny_networks(tmp_path_factory) -> TinyNetworks:
    folder = tmp_path_factory.mktemp("tiny-networks")
    return TinyNetworks(folder, tiny.make(folder))
