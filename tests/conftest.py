"""Fixtures of all tests."""

from __future__ import annotations

import pytest
from support import TinyNetworks

from models import tiny


@pytest.fixture(scope="session", autouse=True)
def nothing_remembered(tmp_path_factory):
    """What a race has chosen on this machine is no part of a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def tiny_networks(tmp_path_factory) -> TinyNetworks:
    folder = tmp_path_factory.mktemp("tiny-networks")
    return TinyNetworks(folder, tiny.make(folder))
