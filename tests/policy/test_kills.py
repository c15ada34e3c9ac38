"""A few of the kills of `make prove-store-kills`; the thousand are run by hand."""

from __future__ import annotations

import json
import subprocess
import sys

from support import REPOSITORY

# In a process of its own: it forks, and pytest's may have threads.
CODE = (
    "import json, sys; from pathlib import Path; from scripts.proofs.store_kills import kill; "
    "print(json.dumps(kill(Path(sys.argv[1]), 12, seed=2)))"
)


def test_what_was_acknowledged_survives_a_kill(tmp_path):
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", CODE, str(tmp_path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["problems"] == []
    assert found["kills"] == 12
    assert sum(found["interrupted"].values()) == 12
    assert found["acknowledged"], "nothing was done before any kill: the children are too slow for this test"


def test_the_watch_sees_what_it_is_there_to_see(tmp_path):
    """Entries, people and traces that a child is said to have acknowledged, and that aren't so, are named."""
    code = (
        "import sys; from pathlib import Path; from scripts.proofs.store_kills import *; "
        "watch = Watch(Path(sys.argv[1])); store = Store(watch.folder, assess=allow); store.close(); "
        "here = (watch.folder / 'device.key').read_bytes()[:24].hex(); "
        "watch.judge([{'act': 'enrol', 'done': True, 'seq': 9, 'hash': '00', 'reference': 'nobody'}]); "
        "watch.judge([{'act': 'erase', 'done': False, 'references': {'left': [here]}}, "
        "{'act': 'erase', 'done': True, 'seq': 1, 'hash': '00', 'references': ['left']}]); "
        "print('\\n'.join(watch.problems))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for problem in (
        "entry 9 was acknowledged and is missing",
        "nobody was acknowledged and is missing",
        "entry 1 was acknowledged and is missing",
        "something of left is left after the erasure",
    ):
        assert problem in done.stdout
