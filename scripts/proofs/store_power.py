"""Power cuts: at every synchronisation, with all not synchronised dropped or torn; what was acknowledged holds."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.proofs._data import claim
from scripts.proofs.store_kills import Watch

STEPS = int(os.environ.get("THRESHOLD_PROOF_STEPS", "12"))
"""Things done before the child ends by itself."""
TEARS = int(os.environ.get("THRESHOLD_PROOF_TEARS", "4"))
"""Torn states tried ahead of each synchronisation."""
SECTOR = 512
"""Bytes a disk writes whole or not at all."""
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

    `torn` gives what may be there instead: of the writes since a file was last synchronised any sectors, in any order,
    and of the changes of names since then the first so many, as a journal keeps them in order.
    """

    now: dict[str, int] = field(default_factory=dict)
    """Names as the process sees them → a file's number."""
    kept: dict[str, int] = field(default_factory=dict)
    """Names on the disk."""
    content: dict[int, bytearray] = field(default_factory=dict)
    synced: dict[int, bytes] = field(default_factory=dict)
    pending: dict[int, list[tuple[int, bytes | None]]] = field(default_factory=dict)
    """By file what was written since it was synchronised: (place, bytes), or (size, None) for a file cut or drawn to
    a size."""
    names: dict[str, int] = field(default_factory=dict)
    """Names on the disk where changes of names reach it in order."""
    moves: list[tuple[int, str | None, str | None]] = field(default_factory=list)
    """Changes of names that may not have: (file's number, name that goes, name that comes)."""

    def file(self, name: str) -> int:
        if name not in self.now:
            number = len(self.content)
            self.now[name], self.content[number], self.synced[number] = number, bytearray(), b""
            self.pending[number] = []
            self.moves.append((number, None, name))
        return self.now[name]

    def write(self, name: str, data: bytes, at: int | None) -> None:
        content = self.content[self.file(name)]
        start = len(content) if at is None else at
        content.extend(bytes(max(0, start + len(data) - len(content))))
        content[start : start + len(data)] = data
        self.pending[self.now[name]].append((start, data))

    def truncate(self, name: str, size: int) -> None:
        content = self.content[self.file(name)]
        self.pending[self.now[name]].append((size, None))
        del content[size:]
        content.extend(bytes(size - len(content)))

    def sync(self, name: str) -> None:
        if name in self.now:
            number = self.now[name]
            self.synced[number] = bytes(self.content[number])
            self.pending[number] = []
            self.kept[name] = number
            reached = [at for at, move in enumerate(self.moves, start=1) if move[0] == number]
            self._reach(max(reached, default=0))
        else:  # a folder: its names are as the process sees them
            inside = name.rstrip("/") + "/"
            self.kept = {key: value for key, value in self.kept.items() if Path(key).parent != Path(inside)}
            self.kept |= {key: value for key, value in self.now.items() if Path(key).parent == Path(inside)}
            self._reach(len(self.moves))

    def _reach(self, count: int) -> None:
        self.names = _moved(self.names, self.moves[:count])
        self.moves = self.moves[count:]

    def loose(self) -> bool:
        """Whether anything is not synchronised."""
        return bool(self.moves) or any(self.pending[number] for number in self.now.values())

    def torn(self, chance: random.Random) -> dict[str, bytes]:
        """What may be on the disk if the power goes now: files by name, drawn at random."""
        names = _moved(self.names, self.moves[: chance.randint(0, len(self.moves))])
        return {name: self._torn(number, chance) for name, number in names.items()}

    def _torn(self, number: int, chance: random.Random) -> bytes:
        content = bytearray(self.synced[number])
        share = chance.choice((0.1, 0.5, 0.9, 1.0))
        last = len(self.pending[number]) - 1
        for order, (at, data) in enumerate(self.pending[number]):
            if data is None:
                if chance.random() < share:
                    del content[at:]
                    content.extend(bytes(at - len(content)))
                continue
            # The last write is always torn: of the others some come whole, so that whole pages go missing, too.
            whole = order < last and chance.random() < 0.5
            kept = chance.random() < share
            for start, piece in _sectors(at, data):
                if kept if whole else chance.random() < share:
                    content.extend(bytes(max(0, start + len(piece) - len(content))))
                    content[start : start + len(piece)] = piece
        return bytes(content)

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
            self.moves.append((self.now[places[1]], places[0], places[1]))
        elif name == "unlink":
            gone = self.now.pop(places[0], None)
            if gone is not None:
                self.moves.append((gone, places[0], None))
        elif "O_CREAT" in arguments:
            self.file(places[0])
            if "O_TRUNC" in arguments:
                self.truncate(places[0], 0)
        return True

    def dropped(self) -> dict[str, bytes]:
        """What is there where nothing that wasn't synchronised is."""
        return {name: self.synced[number] for name, number in self.kept.items()}


def _moved(names: dict[str, int], moves: list[tuple[int, str | None, str | None]]) -> dict[str, int]:
    names = dict(names)
    for number, goes, comes in moves:
        if goes is not None:
            names.pop(goes, None)
        if comes is not None:
            names[comes] = number
    return names


def _sectors(at: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    """(place, bytes) of each sector's share of a write."""
    done = 0
    while done < len(data):
        size = SECTOR - (at + done) % SECTOR
        yield at + done, data[done : done + size]
        done += size


def judged(files: dict[str, bytes], told: list[dict[str, Any]], root: str, folder: Path) -> list[str]:
    """What is wrong with a store of which these files are left."""
    with tempfile.TemporaryDirectory(dir=folder) as laid:
        watch = Watch(Path(laid))
        for name, content in files.items():
            path = Path(laid) / os.path.relpath(name, root)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o600)
        try:
            watch.judge(told)
        except Exception as error:  # noqa: BLE001  whatever it is, the store should have opened
            watch.problems.append(f"it doesn't open: {error!r}")
        return watch.problems


def cut(folder: Path, steps: int, seed: int, child: str = CHILD, tears: int = TEARS) -> dict[str, Any]:
    """One child's work, cut after each call that synchronised a file or told something, and `tears` times ahead of each
    that synchronises with what isn't yet torn; counts, and what went wrong."""
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
    torn, chance = 0, random.Random(seed)  # noqa: S311  to be repeatable, not secret
    with trace.open() as lines:
        for line in lines:
            match = LINE.match(line)
            if match is None:
                continue
            name, arguments, result = match[1], match[2], int(match[3])
            if name == "write" and arguments.startswith("1<"):
                told += [json.loads(text) for text in plain(TEXT.findall(arguments)[0]).splitlines()]
            else:
                if name in ("fsync", "fdatasync") and disk.loose():
                    for _ in range(tears):
                        torn += 1
                        found = judged(disk.torn(chance), told, str(root), folder)
                        problems += [f"tear {torn} ahead of {name}: {problem}" for problem in found]
                if not disk.call(name, arguments, result, str(root)) or name not in ("fsync", "fdatasync"):
                    continue  # what isn't synchronised changes nothing of what is kept: the cut before is the same
            state = (disk.dropped(), len(told))
            if state == before:
                continue
            before = state
            cuts[name] += 1
            found = judged(disk.dropped(), told, str(root), folder)
            problems += [f"cut {sum(cuts.values())} after {name}: {problem}" for problem in found]
    shutil.rmtree(root)
    return {"cuts": sum(cuts.values()), "torn": torn, "after": dict(cuts), "told": len(told), "problems": problems}


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
            claim(f"and torn, {SECTOR} bytes at a time, any of them", sum(one["torn"] for one in found), "> 0",
                  all(one["torn"] for one in found)),
            claim("acknowledged entries missing, erased templates left, stores that don't open", len(problems), 0,
                  not problems),
        ],
        "model": "Calls are traced (strace). A file is what it was at its last fsync, a name what it was when its "
        "folder or, for a new file, the file itself was last synchronised. Ahead of each synchronisation any sectors "
        "of what was written since may be there, and the first so many of the changes of names. A disk that says that "
        "it wrote what it didn't, or that spoils sectors nobody wrote to, is not tried.",
        "runs": found,
    }  # fmt: skip
