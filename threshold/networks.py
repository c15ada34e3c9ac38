"""The networks a verb needs: from a named folder, from where they are installed, or from a mirror that is set."""

from __future__ import annotations

import os
from pathlib import Path

from models.registry import Installed, Registry, Role
from threshold.output import console, progress


def installed(registry: Registry, role: Role, name: str, folder: Path | None) -> Installed:
    """The network's file; fetched first only where a mirror says that fetching is meant (THRESHOLD_MODELS_MIRROR).

    `bundled` names the one of the role that comes with the program. Raises ModelError: NotInstalled says how to get
    it, fetching has errors of its own.
    """
    if name == "bundled":
        name = f"bundled-{role}"
    from models.errors import NotInstalled
    from models.fetch import fetch
    from models.registry import models_folder

    try:
        return registry.locate(name, folder)
    except NotInstalled:
        if folder is not None or "THRESHOLD_MODELS_MIRROR" not in os.environ:
            raise
    console().print(f"{name} isn't installed; fetching it from the mirror into {models_folder()}.")
    with progress() as bar:
        task = bar.add_task(name, total=registry[name].size)
        fetch(
            registry[name], models_folder(), progress=lambda done, total: bar.update(task, completed=done, total=total)
        )
    return registry.locate(name)
