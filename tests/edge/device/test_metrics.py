"""Figures in Prometheus' own words, health for a monitor, and a port that is free again afterwards."""

from __future__ import annotations

import json
import socket
import threading
import urllib.error
import urllib.request
from datetime import date
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from edge.core.watch import Stopwatch
from edge.device.journal import Journal
from edge.device.loop import Device, Parts
from edge.device.metrics import Figures, MetricsError, Served
from edge.door import FakeDoor
from edge.health import Machine


class Nobody:
    lanes = ()

    def today(self) -> date:
        return date(2026, 9, 1)

    def wanted(self) -> bool:
        return False

    def close(self) -> None: ...


@pytest.fixture
def device(tmp_path: Path) -> Device:
    parts = Parts(Nobody, lambda: Journal(tmp_path, "north-door", 30), FakeDoor(), 1.0)  # type: ignore[arg-type]
    return Device(parts)


def get(served: Served, path: str) -> tuple[int, str, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{served.port}{path}", timeout=5) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_what_the_device_counted_is_what_is_served(device: Device) -> None:
    watch = Stopwatch()
    device.tally.decisions["tag-uid", True, "tag-known"] = 3
    device.tally.tags, device.tally.rows = 4, 3
    for number in range(4):
        watch.begin(number * 33_300_000)
        watch.lap("motion")
    watch.note("journal", 2_000_000)
    watch.decision(0, 0)
    with Served(device, watch, port=0) as served:
        code, kind, text = get(served, "/metrics")
    assert code == 200
    assert kind.startswith("text/plain; version=")
    found = samples(text)
    assert found["threshold_decisions_total", (("lane", "tag-uid"), ("opened", "yes"), ("reason", "tag-known"))] == 3
    assert found["threshold_tags_total", (("fate", "read"),)] == 4
    assert found["threshold_rows_total", ()] == 3
    assert found["threshold_stage_seconds_count", (("stage", "motion"),)] == 4
    assert found["threshold_stage_seconds", (("quantile", "0.5"), ("stage", "journal"))] == pytest.approx(0.002)
    assert found["threshold_frame_gap_seconds_bucket", (("le", "0.036"),)] == 3
    assert found["threshold_frame_gap_seconds_bucket", (("le", "0.03"),)] == 0
    assert found["threshold_visits_total", ()] == 1
    assert found["threshold_door_stays_closed", ()] == 0


def test_what_is_wrong_is_in_both(device: Device) -> None:
    device.health.wrong("camera", "frozen", "no frame for 1.5 s")
    with Served(device, Stopwatch(), port=0) as served:
        assert (
            samples(get(served, "/metrics")[2])["threshold_condition", (("part", "camera"), ("state", "frozen"))] == 1
        )
        code, kind, text = get(served, "/health")
        assert (code, kind, json.loads(text)["status"]) == (200, "application/json", "impaired")
        device.health.wrong("store", "failed", "damaged")
        code, _, text = get(served, "/health")
        assert (code, json.loads(text)["status"]) == (503, "closed")
        assert get(served, "/favicon.ico")[0] == 404


def test_a_pi_s_heat_and_throttle_word_are_read_and_what_is_absent_is_left_out(device: Device, tmp_path: Path) -> None:
    zone = tmp_path / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "temp").write_text("61300\n")
    names = {one.name: one for one in Figures(device, Stopwatch(), Machine(tmp_path)).collect()}
    assert names["threshold_machine_celsius"].samples[0].value == pytest.approx(61.3)
    assert "threshold_machine_throttle_word" not in names


def test_a_port_that_is_taken_is_named_and_one_that_was_served_is_free_again(device: Device) -> None:
    with Served(device, Stopwatch(), port=0) as served:
        port = served.port
        with pytest.raises(MetricsError, match=str(port)):
            Served(device, Stopwatch(), port=port)
        get(served, "/health")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 1)
    assert "metrics" not in {thread.name for thread in threading.enumerate()}
    served.close()


def test_nobody_else_on_the_network_is_answered(device: Device) -> None:
    with Served(device, Stopwatch(), port=0) as served:
        assert served._server.server_address[0] == "127.0.0.1"
