"""The card: it says what is known of the training people, and marks what isn't verified."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from models.card import MARK, card, drawn_people
from models.people.basis import FILE, bundled
from models.registry import Registry


@pytest.mark.parametrize("name", Registry.bundled().ids)
def test_a_card_names_the_file_and_the_licence(name):
    network = Registry.bundled()[name]
    page = card(network)
    assert page.startswith(f"# {name}\n")
    assert all(
        part in page for part in (network.sha256, network.licence, network.address or "none: it comes with the program")
    )


def test_an_account_that_is_not_verified_carries_its_mark():
    page = card(Registry.bundled()["mobilefacenet-foamliu"])
    assert "withdrew the set in 2019" in page
    assert page.count(MARK) == 1


def test_a_verified_account_carries_none(network):
    training = network.training.model_copy(update={"verified": True})
    assert MARK not in card(network.model_copy(update={"training": training}))


def test_a_network_without_listed_sets_says_so(network):
    assert "an overlap is unknown for all of them" in card(network)


def test_scaling_is_a_formula_to_compute_by():
    page = card(Registry.bundled()["minifas-98.20"])
    assert "(pixel / 255 − mean) / deviation; mean 0, 0, 0, deviation 1, 1, 1" in page
    assert "longer side × 1.5" in page


def test_the_generator_has_a_card_too() -> None:
    text = drawn_people()
    assert "They weren't asked." in text
    assert f"{FILE.stat().st_size:,} B" in text
    assert bundled().digest in text


def test_cards_carry_what_the_proofs_measured() -> None:
    script = Path(__file__).resolve().parents[2] / "scripts" / "figures.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    registry = Registry.bundled()
    for name in ("bundled-detector", "bundled-embedder", "mobilefacenet-foamliu"):
        figures = registry[name].figures
        assert figures
        assert all(f"`{figure.command}`" in card(registry[name]) for figure in figures)
