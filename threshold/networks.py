"""The networks a verb needs: from a named folder, from where they are installed, or from a mirror that is set."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from models.registry import Installed, Registry, Role
from threshold.output import console, progress


def installed(registry: Registry, role: Role, name: str, folder: Path | None) -> Installed:
    """The network's file; fetched first only where a mirror says that fetching is meant (THRESHOLD_MODELS_MIRROR).

    `bundled` names the one of the role that comes with the program. It is run with what a race on this machine chose
    for it (`threshold bench core --race`), else with the default. Raises ModelError: NotInstalled says how to get it,
    fetching has errors of its own; ChosenError.
    """
    from edge.backend.chosen import chosen_file, read, runtime_of

    found = _found(registry, role, name, folder)
    return replace(found, runtime=runtime_of(found.network, read(chosen_file())))


def _found(registry: Registry, role: Role, name: str, folder: Path | None) -> Installed:
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
