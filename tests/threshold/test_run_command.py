"""`threshold run` as a person, a service manager and a second terminal meet it: real processes, gate and store."""

from __future__ import annotations

import copy
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import REPOSITORY

from edge.site import parse
from edge.transaction import Transaction
from policy.record import read
from threshold.demonstration import Crowd

COMMAND = [sys.executable, "-c", "from threshold.command import main; main()"]
LAB = REPOSITORY / "policy" / "records" / "lab-volunteers.yaml"
ATTESTED = ["--witness", "Eva Lind", "--document", "passport", "--age", "34", "--role", "volunteer", "--notice", "1.2"]
TAG = """[site]
name = "lab-door"

[[lane]]
kind = "tag-uid"

[reader]
kind = "replay"
recording = "reads.jsonl"

[door]
kind = "fake"
open_s = 0.3
"""


def threshold(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "COLUMNS": "120", "TERM": "dumb"},
    )


class Process:
    """A device in a process of its own. Its lines are kept as they come."""

    def __init__(self, *words: str | Path) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [*COMMAND, "run", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "120", "TERM": "dumb"},
        )
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def wait_for(self, words: str, seconds: float = 30.0, after: int = 0) -> str:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for line in self.lines[after:]:
                if words in line:
                    return line
            assert self.process.poll() is None or any(words in line for line in self.lines[after:]), self.lines
            time.sleep(0.01)
        raise AssertionError((words, self.lines))

    def end(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """(exit code, seconds it took)."""
        begun = time.monotonic()
        self.process.send_signal(how)
        code = self.process.wait(20)
        took = time.monotonic() - begun
        self._reading.join(5)
        return code, took

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self._reading.join(5)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The laboratory's record, with the tag lane that it compares the face lane with."""
    facts = read(LAB).model_dump(mode="json", by_alias=True)
    for operation in list(facts["op"]):
        if operation["kind"] in ("enrol", "match"):
            facts["op"].append(copy.deepcopy(operation) | {"id": f"{operation['id']}-tag", "modality": "tag"})
            facts["dpia"]["ops"].append(f"{operation['id']}-tag")
    path = tmp_path_factory.mktemp("record") / "lab.json"
    path.write_text(json.dumps(facts))
    return path


@pytest.fixture
def site(tmp_path: Path, lab: Path) -> Path:
    """A folder with settings, a store with one volunteer's tag, and a recording of it, twice a second."""
    done = threshold("enrol", "volunteer-07", "--tag", "04a1b2c3", "--record", lab, *ATTESTED, "--store",
                     tmp_path / "store")  # fmt: skip
    assert done.returncode == 0, done.stderr
    (tmp_path / "site.toml").write_text(TAG)
    reads = [{"at_s": 0.5 * number, "uid": "04a1b2c3"} for number in range(1, 200)]
    (tmp_path / "reads.jsonl").write_text("".join(json.dumps(one) + "\n" for one in reads))
    return tmp_path


@pytest.fixture
def silent_server() -> Iterator[tuple[int, list[socket.socket]]]:
    """A camera that takes a connection and never says a word; (its port, the connections it got)."""
    got: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        over = threading.Event()

        def accept() -> None:
            while not over.is_set():
                try:
                    got.append(server.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=accept)
        thread.start()
        yield server.getsockname()[1], got
        over.set()
        thread.join(5)
        for connection in got:
            connection.close()


def rows(site: Path) -> list[Transaction]:
    return [
        Transaction.model_validate_json(line)
        for path in sorted((site / "journal").glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]


def test_consent_withdrawn_in_another_terminal_holds_for_the_next_presentation(site: Path) -> None:
    with Process("--config", site / "site.toml") as device:
        device.wait_for("OPEN")
        revoked = threshold("revoke", "volunteer-07", "--store", site / "store")
        assert revoked.returncode == 0, revoked.stderr
        after = len(device.lines)
        line = device.wait_for("tag-uid", after=after)
        assert "tag-unknown" in line
        assert "somebody unknown" in line
        code, took = device.end()
    assert code == 0
    assert took < 2
    assert not any("OPEN" in line for line in device.lines[after:])
    assert {row.outcome for row in rows(site)} == {"opened"}
    assert any("store lent" in line for line in device.lines)


def test_an_order_in_another_terminal_closes_the_door_for_everyone(site: Path) -> None:
    with Process("--config", site / "site.toml") as device:
        device.wait_for("OPEN")
        assert threshold("order", "receive", "suspend", "--store", site / "store").returncode == 0
        after = len(device.lines)
        assert "closed" in device.wait_for("tag-uid", after=after)
        device.end()
    assert not any("OPEN" in line for line in device.lines[after:])


def test_no_device_starts_under_an_order_to_stop(site: Path) -> None:
    assert threshold("order", "receive", "suspend", "--store", site / "store").returncode == 0
    for words in (("--check",), ("--seconds", "1")):
        done = threshold("run", "--config", site / "site.toml", *words)
        assert (done.returncode, "order-suspend" in done.stdout + done.stderr) == (1, True), done


def test_a_persons_copy_has_their_rows_and_nobody_elses(site: Path) -> None:
    threshold("enrol", "volunteer-08", "--tag", "04a1b2c4", *ATTESTED, "--store", site / "store")
    with Process("--config", site / "site.toml") as device:
        device.wait_for("OPEN")
        device.end()
    copies = {}
    for who in ("volunteer-07", "volunteer-08"):
        out = site / f"{who}.json"
        done = threshold("export", who, "--out", out, "--journal", site / "journal", "--store", site / "store")
        assert done.returncode == 0, done.stderr
        copies[who] = json.loads(out.read_text())
    assert len(copies["volunteer-07"]["transactions"]) == len(rows(site)) >= 1
    assert copies["volunteer-08"]["transactions"] == []
    untold = threshold("export", "volunteer-07", "--out", site / "o.json", "--store", site / "store")
    assert "--journal DIR" in untold.stderr


def test_a_record_that_allows_the_lane_no_longer_closes_the_door(site: Path) -> None:
    with Process("--config", site / "site.toml") as device:
        device.wait_for("OPEN")
        threshold("enrol", "volunteer-08", "--tag", "04a1b2c4", "--record", LAB, *ATTESTED, "--store", site / "store")
        assert "operation-in-record" in device.wait_for("store failed")
        after = len(device.lines)
        time.sleep(1.5)
        assert device.end()[0] == 0
    assert not any("OPEN" in line for line in device.lines[after:])


def test_a_log_names_nobody(site: Path) -> None:
    with Process("--config", site / "site.toml") as device:
        line = device.wait_for("OPEN")
        device.end()
    (person,) = {row.claimed for row in rows(site)}
    assert person is not None
    assert person[:8] not in " ".join(device.lines)
    assert "somebody known" in line


def test_somebody_enrolled_in_another_terminal_gets_in(site: Path, lab: Path) -> None:
    (site / "reads.jsonl").write_text(
        "".join(json.dumps({"at_s": 0.5 * number, "uid": "04a1b2c4"}) + "\n" for number in range(1, 200))
    )
    with Process("--config", site / "site.toml") as device:
        device.wait_for("tag-unknown")
        done = threshold("enrol", "volunteer-08", "--tag", "04a1b2c4", *ATTESTED, "--store", site / "store")
        assert done.returncode == 0, done.stderr
        device.wait_for("OPEN")
        device.end()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_within_two_seconds_and_every_row_it_told_of_is_on_disk(site: Path, how: signal.Signals) -> None:
    with Process("--config", site / "site.toml") as device:
        device.wait_for("OPEN")
        device.wait_for("OPEN", after=len(device.lines))
        code, took = device.end(how)
    assert code == 0, device.lines
    assert took < 2
    kept = rows(site)
    assert len(kept) == sum("OPEN" in line for line in device.lines) >= 2
    assert {row.origin for row in kept} == {"recording"}  # its reader is one
    assert {row.claimed for row in kept} == {row.decided_subject for row in kept}
    assert "volunteer-07" not in (next((site / "journal").iterdir())).read_text()
    assert not any("Traceback" in line for line in device.lines), device.lines


def test_a_killed_device_loses_no_row_it_told_of(site: Path) -> None:
    with Process("--config", site / "site.toml") as device:
        device.wait_for("OPEN")
        device.wait_for("OPEN", after=len(device.lines))
        device.end(signal.SIGKILL)
        told = sum("OPEN" in line for line in device.lines)
    assert len(rows(site)) >= told >= 2


def test_stopped_while_it_is_being_set_up_it_ends_at_once(tmp_path: Path) -> None:
    """The demonstration draws its people first, which takes a second or more."""
    environment = {"PYTHONPATH": str(REPOSITORY) + os.pathsep + os.environ.get("PYTHONPATH", "")}
    with subprocess.Popen(
        [*COMMAND, "run", "--demo"], cwd=tmp_path, env=os.environ | environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        assert "Ctrl-C ends it" in process.stderr.readline()
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
        assert time.monotonic() - begun < 2
    assert "Traceback" not in said


FACE = TAG + '\n[[lane]]\nkind = "face-tag"\nthreshold = 0.57\n\n[camera]\naddress = "{camera}"\n'


def test_it_stops_within_two_seconds_while_the_camera_hangs(
    site: Path, silent_server: tuple[int, list[socket.socket]]
) -> None:
    port, got = silent_server
    (site / "site.toml").write_text(FACE.format(camera=f"http://127.0.0.1:{port}/cam.mjpg"))
    with Process("--config", site / "site.toml") as device:
        device.wait_for("OPEN")
        until = time.monotonic() + 10
        while not got and time.monotonic() < until:
            time.sleep(0.02)
        assert got, "the camera was asked"
        code, took = device.end()
    assert code == 0, device.lines
    assert took < 2
    assert any("camera-0: expected to end" in line for line in device.lines), device.lines


def test_a_lane_the_gate_refuses_ends_it_before_the_camera_is_opened(
    site: Path, silent_server: tuple[int, list[socket.socket]]
) -> None:
    port, got = silent_server
    text = FACE.format(camera=f"http://127.0.0.1:{port}/cam.mjpg").replace("face-tag", "face-1n")
    (site / "site.toml").write_text(text)
    done = threshold("run", "--config", site / "site.toml", "--seconds", "5")
    assert done.returncode == 1
    assert "face-1n may not run here" in done.stderr
    assert "search-adults-alone" in done.stderr
    assert "continue_without = true" in done.stderr
    assert not got
    assert not (site / "journal").exists()
    done = threshold("run", "--config", site / "site.toml", "--seconds", "5", "--json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["verdicts"]["face-1n"]["verdict"] == "refuse"
    assert not got


def test_the_others_run_without_it_where_the_settings_say_so(
    site: Path, silent_server: tuple[int, list[socket.socket]]
) -> None:
    port, got = silent_server
    text = FACE.format(camera=f"http://127.0.0.1:{port}/cam.mjpg").replace("face-tag", "face-1n")
    (site / "site.toml").write_text(text.replace('name = "lab-door"', 'name = "lab-door"\ncontinue_without = true'))
    done = threshold("run", "--config", site / "site.toml", "--seconds", "2", "--json")
    assert done.returncode == 0, done.stderr
    assert "face-1n doesn't run" in done.stderr
    document = json.loads(done.stdout)
    assert {(one["lane"], one["opened"]) for one in document["decisions"]} == {("tag-uid", True)}
    assert not got


def test_check_says_of_each_part_whether_it_is_there_and_writes_no_row(site: Path) -> None:
    done = threshold("run", "--config", site / "site.toml", "--check", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert [one["what"] for one in document["checks"]] == ["settings", "gate", "journal", "reader", "door"]
    (site / "reads.jsonl").unlink()
    done = threshold("run", "--config", site / "site.toml", "--check")
    assert done.returncode == 1
    assert "WRONG reader" in done.stdout
    assert not rows(site)


def test_mistakes_in_the_settings_are_told_with_their_places(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(TAG.replace("open_s", "open_z").replace("lab-door", "Lab Door"))
    done = threshold("run", "--config", path, "--json")
    assert done.returncode == 1
    message = json.loads(done.stdout)["error"]["message"]
    assert f"{path}:2:1: site.name" in message
    assert f"{path}:13:1: door.open_z" in message
    assert "Did you mean open_s?" in message


def test_without_a_store_it_says_where_to_begin(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(TAG)
    done = threshold("run", "--config", tmp_path / "site.toml")
    assert done.returncode == 1
    assert "threshold enrol" in done.stderr
    assert not (tmp_path / "store").exists()


def test_wrong_use_ends_with_2() -> None:
    assert threshold("run").returncode == 2
    assert threshold("run", "--demo", "--config", "site.toml").returncode == 2


def test_the_template_is_settings() -> None:
    done = threshold("run", "--template")
    assert done.returncode == 0
    assert parse(done.stdout, Path("template")).site.name == "north-door"
    assert tomllib.loads(done.stdout)["lane"]


def asked(address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  loopback
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_metrics_and_health_are_served_on_loopback_and_name_nobody(site: Path) -> None:
    (site / "site.toml").write_text(TAG + "\n[metrics]\nport = 0\n")
    with Process("--config", site / "site.toml") as device:
        line = device.wait_for("Metrics: http://127.0.0.1:")
        port = int(line.split("127.0.0.1:")[1].split("/")[0])
        device.wait_for("OPEN")
        code, figures = asked(f"http://127.0.0.1:{port}/metrics")
        assert code == 200
        assert 'threshold_decisions_total{lane="tag-uid",opened="yes",reason="tag-known"}' in figures
        assert 'threshold_stage_seconds{quantile="0.99",stage="journal"}' in figures
        assert "process_cpu_seconds_total" in figures
        person = rows(site)[0].claimed
        assert person is not None
        assert person not in figures
        code, told = asked(f"http://127.0.0.1:{port}/health")
        assert (code, json.loads(told)["status"]) == (200, "ok")
        assert asked(f"http://127.0.0.1:{port}/")[0] == 404
        assert device.end()[0] == 0
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 1)


def test_drawn_people_on_any_machine(tmp_path: Path) -> None:
    """Two of the demonstration's visits: an enrolled person with a tag, and one whose tag nobody knows."""
    done = subprocess.run(
        [*COMMAND, "run", "--demo", "--seconds", "14", "--json"],
        capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY) + os.pathsep + os.environ.get("PYTHONPATH", "")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    counted = {(one["lane"], one["opened"], one["reason"]): one["count"] for one in document["decisions"]}
    assert counted == {
        ("tag-uid", True, "tag-known"): 1,
        ("face-tag", True, "matched"): 1,
        ("tag-uid", False, "tag-unknown"): 1,
        ("face-tag", False, "tag-unknown"): 1,
    }
    assert document["rows"] == 2
    assert document["anonymous"] == {"tag-uid": 1, "face-tag": 1}
    measured = document["measured"]
    assert measured["cpu_s_per_visit"] > 0
    assert measured["stages"]["frame-to-decision"]["p50_ms"] > 0
    assert document["frames"]["arrived"] > 100
    kept = rows(tmp_path / "out" / "run")
    assert {row.origin for row in kept} == {"simulation"}
    assert len({row.claimed for row in kept}) == 1


def test_the_demonstration_s_recording_fits_its_people() -> None:
    shipped = (REPOSITORY / "edge" / "sites" / "demo-reads.jsonl").read_text().splitlines()
    drawn = [{"at_s": one.at_s, "uid": one.read.uid.hex()} for one in Crowd(7).reads()]
    assert [json.loads(line) for line in shipped] == drawn
