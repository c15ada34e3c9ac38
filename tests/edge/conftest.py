"""A gate that knows one set of drawn cards, and what that set's permit allows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from support import ENROLLED, STRANGERS, encoded, list_set, picture

from edge.face import Picture
from edge.picture import decode
from models import tiny
from policy.archive import Archive
from policy.gate import Gate
from policy.permit import Permit


@dataclass(frozen=True)
class Cards:
    """A listed set in a folder: `ID/VARIANT.png`, each a scene with one card, and `empty.png` without."""

    folder: Path
    gate: Gate
    permit: Permit

    def picture(self, name: str) -> Picture:
        return decode((self.folder / name).read_bytes(), name)


@pytest.fixture(scope="session")
def card_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("cards")
    pictures = {"empty.png": picture()}
    for identity in (*ENROLLED, *STRANGERS):
        for variant in range(3):
            card = tiny.card(identity, (96, 64, 128)[variant], variant=variant)
            pictures[f"{identity}/{variant}.png"] = picture((card, 20 + 7 * variant + identity % 50, 30 + 11 * variant))
    for name, content in pictures.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(encoded(content.pixels))
    return folder


@pytest.fixture
def cards(card_folder) -> Cards:
    gate = Gate([list_set(card_folder, "cards")])
    with Archive(card_folder) as archive:
        permit, _ = gate.research(archive, "evaluate")
    return Cards(card_folder, gate, permit)
