"""`threshold run` killed, stopped, revoked under: rows kept, seconds to stop, refusals, idle processor time."""

from __future__ import annotations

import copy
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge.device.journal import Journal
from edge.transaction import Transaction
from policy.record import read
from scripts.proofs._data import claim

RUNS = int(os.environ.get("THRESHOLD_PROOF_RUNS", "50"))
"""Kills and stops; a fifth of it for revocations and for cameras that hang."""
STOP_S = 2.0
ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from threshold.command import main; main()"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT) + os.pathsep + os.environ.get("PYTHONPATH", ""),
               "PYTHONUNBUFFERED": "1"}  # fmt: skip
ATTESTED = ("--witness", "Eva Lind", "--document", "passport", "--age", "34", "--role", "volunteer", "--notice", "1.2")
SETTINGS = """[site]
name = "lab-door"
[[lane]]
kind = "tag-uid"
[reader]
kind = "replay"
recording = "reads.jsonl"
[door]
kind = "fake"
"""
CAMERA = '[[lane]]\nkind = "face-tag"\nthreshold = 0.57\n[camera]\naddress = "http://127.0.0.1:{port}/cam.mjpg"\n'


def prove() -> dict[str, Any]:
    chance = random.Random(1)  # noqa: S311  a repeatable choice, no secret
    few = max(1, RUNS // 5)
    with tempfile.TemporaryDirectory() as name:
        site = _site(Path(name))
        lost, told = 0, 0
        for _ in range(RUNS):
            opened, _ = _run(site, signal.SIGKILL, chance.uniform(0.0, 0.5))
            told += opened
            lost += max(0, opened - _rows(site))
        stops = []
        for _ in range(RUNS):
            opened, took = _run(site, signal.SIGTERM, chance.uniform(0.0, 0.5))
            stops.append(took)
            told += opened
            lost += max(0, opened - _rows(site))
        hangs = _hanging(site, few)
        idle = _idle(site)
        after, revokes = 0, []
        for _ in range(few):
            found, took = _revoked(site)
            after += found
            revokes.append(took)
    return {
        "claims": [
            claim(f"rows lost of {told} openings told, {RUNS} kills and {RUNS} stops", lost, 0, lost == 0),
            claim(f"s from SIGTERM to the end, most of {RUNS}", round(max(stops), 2), STOP_S, max(stops) < STOP_S),
            claim(f"the same while the camera hangs, most of {few}", round(max(hangs), 2), STOP_S, max(hangs) < STOP_S),
            claim(f"openings after `threshold revoke` had returned, {few} times", after, 0, after == 0),
            claim(
                f"s that `threshold revoke` takes with its start, most of {few}",
                round(max(revokes), 2),
                "printed",
                None,
            ),
            claim("share of a processor that a tag lane takes with nobody there", round(idle, 4), "printed", None),
        ],
        "note": "a tag lane on the sealed store under the product's own rules; reader: a recording; door: a fake",
    }


def _site(folder: Path) -> Path:
    facts = read(ROOT / "policy" / "records" / "lab-volunteers.yaml").model_dump(mode="json", by_alias=True)
    for operation in list(facts["op"]):
        if operation["kind"] in ("enrol", "match"):
            facts["op"].append(copy.deepcopy(operation) | {"id": f"{operation['id']}-tag", "modality": "tag"})
            facts["dpia"]["ops"].append(f"{operation['id']}-tag")
    (folder / "lab.json").write_text(json.dumps(facts), encoding="utf-8")
    _enrol(folder)
    (folder / "site.toml").write_text(SETTINGS, encoding="utf-8")
    reads = ({"at_s": 0.05 * number, "uid": "04a1b2c3"} for number in range(1, 2000))
    (folder / "reads.jsonl").write_text("".join(json.dumps(one) + "\n" for one in reads), encoding="utf-8")
    return folder


def _enrol(folder: Path) -> None:
    words = ("enrol", "volunteer-07", "--tag", "04a1b2c3", "--record", folder / "lab.json", *ATTESTED)
    _threshold(*words, "--store", folder / "store")


def _threshold(*words: str | Path) -> None:
    subprocess.run([*COMMAND, *map(str, words)], check=True, capture_output=True, timeout=120, env=ENVIRONMENT)


def _start(site: Path) -> subprocess.Popen[str]:
    words = [*COMMAND, "run", "--config", str(site / "site.toml")]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT)


def _until(process: subprocess.Popen[str], words: str) -> None:
    if process.stdout is None or not any(words in line for line in process.stdout):
        raise RuntimeError(f"expected {words!r} of threshold run, found its end ({process.poll()})")


def _run(site: Path, how: signal.Signals, wait_s: float) -> tuple[int, float]:
    """(openings told, s to the end) of a device that is ended so long after its first opening."""
    for path in site.glob("journal/*"):
        path.unlink()
    with _start(site) as process:
        _until(process, "OPEN")
        time.sleep(wait_s)
        begun = time.monotonic()
        process.send_signal(how)
        rest, _ = process.communicate(timeout=60)
        took = time.monotonic() - begun
    return 1 + rest.count("OPEN"), took


def _rows(site: Path) -> int:
    """Whole rows, once a journal has been opened again."""
    with Journal(site / "journal", "lab-door", 90, lambda: datetime.now(UTC)):
        pass
    lines = [line for path in site.glob("journal/*.jsonl") for line in path.read_text(encoding="utf-8").splitlines()]
    return len([Transaction.model_validate_json(line) for line in lines])


def _hanging(site: Path, times: int) -> list[float]:
    """s to the end of a device whose camera takes a connection and never says a word."""
    took = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        text = SETTINGS + CAMERA.format(port=server.getsockname()[1])
        (site / "site.toml").write_text(text, encoding="utf-8")
        held: list[socket.socket] = []
        thread = threading.Thread(target=lambda: held.extend(server.accept()[0] for _ in range(times)), daemon=True)
        thread.start()
        for number in range(times):
            with _start(site) as process:
                _until(process, "OPEN")
                while len(held) <= number and thread.is_alive():
                    time.sleep(0.01)
                begun = time.monotonic()
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=60)
                took.append(time.monotonic() - begun)
        for one in held:
            one.close()
    (site / "site.toml").write_text(SETTINGS, encoding="utf-8")
    return took


def _idle(site: Path, seconds: float = 20.0) -> float:
    """Processor time by wall time of a device to which nobody comes."""
    reads = (site / "reads.jsonl").read_text(encoding="utf-8")
    (site / "reads.jsonl").write_text("", encoding="utf-8")
    with _start(site) as process:
        _until(process, "Ctrl-C")
        time.sleep(3)
        before = _ticks(process.pid)
        time.sleep(seconds)
        used = (_ticks(process.pid) - before) / os.sysconf("SC_CLK_TCK")
        process.terminate()
        process.communicate(timeout=60)
    (site / "reads.jsonl").write_text(reads, encoding="utf-8")
    return used / seconds


def _ticks(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _revoked(site: Path) -> tuple[int, float]:
    """(openings told after the revocation had returned, s that it took); the person is enrolled again afterwards."""
    lines: list[tuple[float, str]] = []
    with _start(site) as process:
        _until(process, "OPEN")

        def listen() -> None:
            for line in process.stdout or ():
                lines.append((time.monotonic(), line))

        listener = threading.Thread(target=listen)
        listener.start()
        begun = time.monotonic()
        _threshold("revoke", "volunteer-07", "--store", site / "store")
        done = time.monotonic()
        time.sleep(1.5)
        process.terminate()
        process.wait(60)
        listener.join(10)
    _enrol(site)
    return sum(at > done and "OPEN" in line for at, line in lines), done - begun
