"""Where the development data is: public networks and LFW, never part of the repository."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from models.network import Network

SHARED = Path(__file__).resolve().parents[3] / "shared"


def folder(variable: str, name: str) -> Path:
    path = Path(os.environ.get(variable, SHARED / name))
    if not path.is_dir():
        sys.exit(f"{path}: expected the folder of {name} for this proof, found none. Set {variable} to where it is.")
    return path


def lfw() -> Path:
    """Holds lfw-deepfunneled.tar (or the folder) and the protocol files, named as in docs/accuracy.md."""
    return folder("THRESHOLD_PROOF_LFW", "lfw")


def pictures() -> Path:
    """The pictures themselves: the unpacked folder where there is one, else the tar."""
    unpacked = lfw() / "lfw-deepfunneled"
    return unpacked if unpacked.is_dir() else lfw() / "lfw-deepfunneled.tar"


def models() -> Path:
    return folder("THRESHOLD_PROOF_MODELS", "models")


def claim(text: str, figure: Any, target: Any, met: bool | None) -> dict[str, Any]:
    """`met` None: a figure to be printed, without a target."""
    return {"claim": text, "figure": figure, "target": target, "met": met}


def card(network: Network, command: str, figures: list[dict[str, Any]]) -> dict[str, Any]:
    """What a proof says for a network's card (models.network.Figure), bound to the file that was measured."""
    return {
        "network": network.id,
        "sha256": network.sha256,
        "figures": [figure | {"command": command} for figure in figures],
    }
