#!/usr/bin/env python3
"""Make .venv and install the locked packages and the project into it; do nothing where that is already so.

Run by the Makefile with the system's Python (3.11 or later, standard library alone). Wheels only: nothing compiles.
On a Raspberry Pi the environment also sees the system's packages, because libcamera's and picamera2's bindings
exist only there.

    python3 scripts/environment.py                 what running needs
    python3 scripts/environment.py development     also what tests, lint and types need
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
LOCKS = {"running": "requirements.lock", "development": "requirements-development.lock"}


def on_raspberry_pi() -> bool:
    model = Path("/proc/device-tree/model")
    return model.is_file() and b"Raspberry Pi" in model.read_bytes()


def run(*command: str | Path) -> None:
    # 30 minutes: a Pi on a slow line takes ten; a hung index must not hold a build for ever.
    subprocess.run([str(part) for part in command], check=True, timeout=1800)


def create() -> None:
    """A fresh environment with pip in it, by whichever of four ways this machine has."""
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    system = ["--system-site-packages"] if on_raspberry_pi() else []
    if importlib.util.find_spec("ensurepip"):
        run(sys.executable, "-m", "venv", *system, ENVIRONMENT)
    elif importlib.util.find_spec("pip"):
        # Debian keeps ensurepip in python3-venv; its pip (23) can install into another interpreter all the same.
        run(sys.executable, "-m", "venv", "--without-pip", *system, ENVIRONMENT)
        run(sys.executable, "-m", "pip", "--python", PYTHON, "install", "--quiet", "--only-binary=:all:", "pip")
    elif shutil.which("uv"):
        run("uv", "venv", "--seed", "--python", sys.executable, *system, ENVIRONMENT)
    elif shutil.which("apt-get"):
        run(sys.executable, "-m", "venv", "--without-pip", *system, ENVIRONMENT)
        pip_from_debian()
    else:
        sys.exit(
            f"{sys.executable} can't make an environment: it has neither ensurepip nor pip, and there is no uv and no "
            "apt-get.\nExpected one of the four. Install Python's venv module with pip, or uv; then run make again."
        )


def pip_from_debian() -> None:
    """Put pip into the environment from Debian's own package of it: downloaded and unpacked, not installed, no root."""
    with tempfile.TemporaryDirectory() as temporary:
        try:
            subprocess.run(["apt-get", "download", "-qq", "python3-pip-whl"], cwd=temporary, check=True, timeout=300)
        except subprocess.CalledProcessError:
            sys.exit(
                f"{sys.executable} has neither ensurepip nor pip, and python3-pip-whl can't be downloaded.\n"
                "Do: sudo apt-get update; then run make again (or: sudo apt install python3-venv)."
            )
        (package,) = Path(temporary).glob("*.deb")
        run("dpkg-deb", "-x", package, temporary)
        (wheel,) = Path(temporary).glob("usr/share/python-wheels/pip-*.whl")
        run(PYTHON, wheel / "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check", wheel)


def made_with() -> tuple[int, int]:
    """The Python that .venv was made with; another one's packages would not load."""
    for line in (ENVIRONMENT / "pyvenv.cfg").read_text().splitlines():
        if line.startswith("version"):
            major, minor, *_ = line.split("=")[1].strip().split(".")
            return int(major), int(minor)
    return 0, 0


def fingerprint(kind: str) -> str:
    """Changes when the lock, the project's metadata, the interpreter or the place of the checkout does."""
    parts = [(ROOT / LOCKS[kind]).read_bytes(), (ROOT / "pyproject.toml").read_bytes(), sys.version.encode()]
    return hashlib.sha256(b"\0".join([*parts, os.fsencode(ROOT)])).hexdigest()


def main(kind: str) -> None:
    if sys.version_info < (3, 11):  # noqa: UP036  this file runs on whatever Python the system has
        found = ".".join(str(part) for part in sys.version_info[:3])
        sys.exit(f"Threshold needs Python 3.11 or later, found {found} at {sys.executable}. Try make PYTHON=python3.11")
    stamp = ENVIRONMENT / f"installed-{kind}"
    wanted = fingerprint(kind)
    satisfied_by = {"running": ["running", "development"], "development": ["development"]}[kind]
    for candidate in satisfied_by:
        mark = ENVIRONMENT / f"installed-{candidate}"
        if PYTHON.exists() and mark.is_file() and mark.read_text() == fingerprint(candidate):
            return
    print(f"Setting up {ENVIRONMENT.name} ({kind}); once, one to five minutes.", file=sys.stderr)
    if not (ENVIRONMENT / "bin" / "pip").exists() or made_with() != sys.version_info[:2]:
        create()
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    run(*pip, "--require-hashes", "--only-binary=:all:", "--requirement", ROOT / LOCKS[kind])
    # The project itself can't carry a hash; its build tool came with the lock, so nothing else is fetched here.
    run(*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT)
    stamp.write_text(wanted)


if __name__ == "__main__":
    choice = sys.argv[1] if len(sys.argv) > 1 else "running"
    if choice not in LOCKS:
        sys.exit(f"expected one of {', '.join(LOCKS)}, found {choice!r}")
    try:
        main(choice)
    except subprocess.CalledProcessError as failure:
        sys.exit(f"set-up stopped: {' '.join(failure.cmd)} ended with {failure.returncode}; run make again to go on")
