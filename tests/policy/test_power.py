"""A few of the power cuts of `make prove-store-power`, and that they would be seen if nothing were synchronised."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest
from support import REPOSITORY

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="needs strace, absent here (scripts/system-packages installs it)"
)
CODE = """
import json, sys
from pathlib import Path
from scripts.proofs.store_power import CHILD, cut
steps, tears = map(int, sys.argv[3:])
print(json.dumps(cut(Path(sys.argv[1]), steps, 2, CHILD.replace(*json.loads(sys.argv[2])), tears)))
"""


def cuts(folder, change: tuple[str, str], steps: int = 4, tears: int = 1) -> dict:
    command = [sys.executable, "-c", CODE, str(folder), json.dumps(change), str(steps), str(tears)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_strace
def test_what_was_acknowledged_survives_a_power_cut(tmp_path):
    found = cuts(tmp_path, ("", ""))
    assert found["problems"] == []
    assert found["cuts"] > 20
    assert found["torn"] > 20


@needs_strace
def test_a_store_that_does_not_synchronise_is_caught(tmp_path):
    line = "as store:\n"
    found = cuts(tmp_path, (line, f'{line}    store.database.connection.execute("PRAGMA synchronous=OFF")\n'))
    assert any("acknowledged" in problem or "doesn't open" in problem for problem in found["problems"])


@needs_strace
def test_a_secret_written_in_place_is_caught_when_it_is_torn(tmp_path):
    """Nothing is lost of it where it is dropped whole: only a tear shows that it was not written aside and renamed."""
    line = "from policy.store import Store\n"
    careless = (
        "import policy.keys\n"
        "def in_place(path, content):\n"
        "    with open(path, 'wb', buffering=0, opener=lambda *a: os.open(*a, 0o600)) as file:\n"
        "        file.write(content[:20])\n"
        "        file.write(content[20:])\n"
        "        os.fsync(file.fileno())\n"
        "policy.keys.write_secret = in_place\n"
    )
    found = cuts(tmp_path, (line, line + careless), steps=1, tears=8)
    assert any(problem.startswith("tear") and "bytes, found" in problem for problem in found["problems"])
