"""Power cuts: after every system call, with all that was not synchronised dropped, what was acknowledged holds."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.proofs._data import claim
from scripts.proofs.store_kills import Watch

STEPS = int(os.environ.get("THRESHOLD_PROOF_STEPS", "12"))
"""Things done before the child ends by itself."""
CALLS = "openat,pwrite64,write,ftruncate,fsync,fdatasync,rename,unlink"
CHILD = """
import os, sys
from pathlib import Path
from scripts.proofs.store_kills import Child, allow
from policy.store import Store
steps = int(sys.argv[2])
class Counted(Child):
    left = steps
    def done(self, act, **what):
        super().done(act, **what)
        Counted.left -= 1
        if not Counted.left:
            os._exit(0)
folder = Path(sys.argv[1])
with Store(folder / "store", assess=allow) as store:
    Counted(store, folder / "outside", 1, int(sys.argv[3])).work()
"""
LINE = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
PATH = re.compile(r"<((?:\\x[0-9a-f]{2})+)>")
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def plain(escaped: str) -> bytes:
    """The bytes of strace's \\x.. form."""
    return bytes.fromhex(escaped.replace("\\x", ""))


@dataclass
class Disk:
    """What a disk holds if the power goes: files as they were when last synchronised, names when their folder was.

    The harshest reading of what the calls promise: nothing that wasn't synchronised is there, not even a removal. A new
    file's name is there once the file is synchronised, as on ext4.
    """

    now: dict[str, int] = field(default_factory=dict)
    """Names as the process sees them → a file's number."""
    kept: dict[str, int] = field(default_factory=dict)
    """Names on the disk."""
    content: dict[int, bytearray] = field(default_factory=dict)
    synced: dict[int, bytes] = field(default_factory=dict)

    def file(self, name: str) -> int:
        if name not in self.now:
            number = len(self.content)
            self.now[name], self.content[number], self.synced[number] = number, bytearray(), b""
        return self.now[name]

    def write(self, name: str, data: bytes, at: int | None) -> None:
        content = self.content[self.file(name)]
        start = len(content) if at is None else at
        content.extend(bytes(max(0, start + len(data) - len(content))))
        content[start : start + len(data)] = data

    def truncate(self, name: str, size: int) -> None:
        content = self.content[self.file(name)]
        del content[size:]
        content.extend(bytes(size - len(content)))

    def sync(self, name: str) -> None:
        if name in self.now:
            number = self.now[name]
            self.synced[number] = bytes(self.content[number])
            self.kept[name] = number
        else:  # a folder: its names are as the process sees them
            inside = name.rstrip("/") + "/"
            self.kept = {key: value for key, value in self.kept.items() if Path(key).parent != Path(inside)}
            self.kept |= {key: value for key, value in self.now.items() if Path(key).parent == Path(inside)}

    def call(self, name: str, arguments: str, result: int, root: str) -> bool:
        """Follow one system call; whether it touched a file under `root`."""
        if result < 0:
            return False
        strings = [plain(text) for text in TEXT.findall(arguments)]
        if name in ("rename", "unlink", "openat"):
            places = [os.fsdecode(text) for text in strings]
            return bool(places) and places[0].startswith(root) and self._named(name, places, arguments)
        found = PATH.search(arguments)
        if found is None or arguments[found.end() :].startswith("(deleted)"):
            return False  # a file that has no name any more: nothing of it is found after a cut
        place = os.fsdecode(plain(found[1]))
        if not place.startswith(root) or place.endswith("-shm"):
            return False
        if name == "pwrite64":
            self.write(place, strings[0], int(arguments.rsplit(",", 1)[1]))
        elif name == "write":
            self.write(place, strings[0], None)
        elif name == "ftruncate":
            self.truncate(place, int(arguments.rsplit(",", 1)[1]))
        else:
            self.sync(place)
        return True

    def _named(self, name: str, places: list[str], arguments: str) -> bool:
        if name == "rename":
            self.now[places[1]] = self.now.pop(places[0])
        elif name == "unlink":
            self.now.pop(places[0], None)
        elif "O_CREAT" in arguments:
            self.file(places[0])
            if "O_TRUNC" in arguments:
                self.truncate(places[0], 0)
        return True

    def lay(self, root: str, into: Path) -> None:
        """Put what is on the disk under another folder."""
        for name, number in self.kept.items():
            path = into / os.path.relpath(name, root)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.synced[number])
            path.chmod(0o600)


def cut(folder: Path, steps: int, seed: int, child: str = CHILD) -> dict[str, Any]:
    """One child's work, cut after each call that synchronised a file or told something; counts, and what went wrong."""
    root, trace = folder / "work", folder / "trace"
    (root / "outside").mkdir(parents=True)
    done = subprocess.run(
        ["strace", "-f", "-y", "-xx", "-s", "10000000", "-e", f"trace={CALLS}", "-o", str(trace),
         sys.executable, "-c", child, str(root), str(steps), str(seed)],
        capture_output=True, timeout=600, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(f"the child failed: {done.stderr.decode()[-2000:]}")
    disk, told, before = Disk(), [], None
    problems: list[str] = []
    cuts: Counter[str] = Counter()
    with trace.open() as lines:
        for line in lines:
            match = LINE.match(line)
            if match is None:
                continue
            name, arguments, result = match[1], match[2], int(match[3])
            if name == "write" and arguments.startswith("1<"):
                told += [json.loads(text) for text in plain(TEXT.findall(arguments)[0]).splitlines()]
            elif not disk.call(name, arguments, result, str(root)) or name not in ("fsync", "fdatasync"):
                continue  # what isn't synchronised changes nothing of what is kept: the cut before is the same
            state = ({key: disk.synced[number] for key, number in disk.kept.items()}, len(told))
            if state == before:
                continue
            before = state
            cuts[name] += 1
            with tempfile.TemporaryDirectory(dir=folder) as laid:
                watch = Watch(Path(laid))
                disk.lay(str(root), Path(laid))
                try:
                    watch.judge(told)
                except Exception as error:  # noqa: BLE001  whatever it is, the store should have opened
                    watch.problems.append(f"it doesn't open: {error!r}")
                problems += [f"cut {sum(cuts.values())} after {name}: {problem}" for problem in watch.problems]
    shutil.rmtree(root)
    return {"cuts": sum(cuts.values()), "after": dict(cuts), "told": len(told), "problems": problems}


def prove() -> dict[str, Any]:
    found = []
    for seed in (1, 2, 3):
        with tempfile.TemporaryDirectory() as folder:
            found.append(cut(Path(folder), STEPS, seed))
    problems = [problem for one in found for problem in one["problems"]]
    return {
        "claims": [
            claim("power cuts tried, all writes not synchronised dropped", sum(one["cuts"] for one in found), "> 0",
                  all(one["cuts"] for one in found)),
            claim("acknowledged entries missing, erased templates left, stores that don't open", len(problems), 0,
                  not problems),
        ],
        "model": "Calls are traced (strace). A file is what it was at its last fsync, a name what it was when its "
        "folder or, for a new file, the file itself was last synchronised. Writes torn within one synchronisation are "
        "not tried.",
        "runs": found,
    }  # fmt: skip
