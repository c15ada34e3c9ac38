"""Templates of a listed set in other processes: the same bits, under permits of their own, on no disk, not in clear."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from workers import MEMORY, PATHS, TIMEOUT_S, joined, running, scheduling, worker

from benchmarks import share as shares
from benchmarks.accuracy import Protocol, measure
from benchmarks.evaluation import evaluate
from benchmarks.extract import extract
from benchmarks.recipe import Recipe
from benchmarks.scenario import Scenario
from benchmarks.share import Share, ShareError, Spread, compute, gather, spread
from benchmarks.spread import Here, SpreadError, Where, check, cluster, private, processes
from edge.vision import open_embedder
from models.registry import Registry
from policy.archive import Archive
from policy.gate import Gate, Refused
from policy.research import ResearchSet
from threshold import bench

RECIPE = Recipe(least_px=0)
EMBEDDER = "tiny_embedder.onnx"
LOG: list[str] = []


# --- the other side, as the tests have it: its own list of sets and its own manifest, found by its own environment ---


def own_gate() -> Gate:
    """This process's own."""
    return Gate(sets=[ResearchSet.model_validate_json((Path(os.environ["CARDS"]) / "listed.json").read_text())])


def own_registry() -> Registry:
    """This process's own."""
    return Registry.from_file(Path(os.environ["CARDS"]) / "models" / "manifest.toml")


def task(shared: str, names: tuple[str, ...]) -> Share:
    """`benchmarks.share.share` with the tests' list and manifest."""
    return compute(shared, names, own_gate, own_registry)


def dies_once(shared: str, names: tuple[str, ...]) -> Share:
    """Takes its process with it the first time, with its share computed."""
    found = task(shared, names)
    try:
        (Path(os.environ["CARDS"]) / "died").touch(exist_ok=False)
    except FileExistsError:
        return found
    os.kill(os.getpid(), signal.SIGKILL)
    return found


def slow(shared: str, names: tuple[str, ...]) -> Share:
    """Long enough that a worker is killed with work in hand, and a run broken off."""
    time.sleep(0.1)
    return task(shared, names)


class Noted(Gate):
    """Writes down when it has signed."""

    def research(self, *arguments: Any) -> Any:
        permit = super().research(*arguments)
        LOG.append("permit")
        return permit


def noted_gate() -> Gate:
    """The tests' own, that writes down."""
    return Noted(own_gate().sets)


def no_gate() -> Gate:
    """One that knows no set."""
    return Noted([])


def watching(shared: str, names: tuple[str, ...], gate: Callable[[], Gate]) -> list[str]:
    """What was opened and signed, in order; and the refusal, if there was one."""
    if not LOG:
        LOG.append("watching")

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            if event == "open" and isinstance(arguments[0], str):
                LOG.append(Path(arguments[0]).name)

        sys.addaudithook(hook)  # stays as long as the process
    del LOG[1:]
    try:
        compute(shared, names, gate, own_registry)
    except ShareError as error:
        LOG.append(str(error))
    return LOG[1:]


def watched(shared: str, names: tuple[str, ...]) -> list[str]:
    """In a process that lists the set."""
    return watching(shared, names, noted_gate)


def watched_refusal(shared: str, names: tuple[str, ...]) -> list[str]:
    """In a process that doesn't."""
    return watching(shared, names, no_gate)


def returned(seed: int) -> np.ndarray:
    """What Dask would do with an array that a task gives."""
    return np.random.default_rng(seed).standard_normal(512)


@pytest.fixture(scope="module", autouse=True)
def environment(cards: Any) -> Iterator[None]:
    root = cards.folder.parent
    (root / "listed.json").write_text(cards.gate.sets[0].model_dump_json())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARDS", str(root))
        patch.setattr(shares, "CHUNK", 4)
        yield


def asked(cards: Any, where: Where, task: Any = task, images: Path | None = None) -> Spread:
    return Spread(where, str(images or cards.folder), str(cards.models), task)


def measured(cards: Any, where: Spread | None, tick: Callable[[], None] = lambda: None, **protocol: Any) -> Any:
    with Archive(cards.folder) as archive:
        faces = cards.faces(archive)
        return measure(
            archive,
            Protocol(**protocol),
            faces.detector,
            faces.embedder,
            cards.gate,
            RECIPE,
            targets=(0.01,),
            replicates=100,
            progress=lambda total: tick,
            spread=where,
        ).document


def numbers(document: Any) -> Any:
    """All that isn't time, machine, or memory."""
    return document.model_dump(exclude={"time", "machine"})


@pytest.fixture(scope="module")
def alone(cards: Any) -> Any:
    """Computed in one process, as ever."""
    return measured(cards, None)


class Orders:
    """A place that keeps what it was asked for and runs nothing."""

    name = "nowhere"

    def run(self, function: Any, shared: str, items: Any) -> Iterator[Any]:
        self.shared, self.items = shared, items
        raise ShareError("nowhere")


def order(cards: Any, images: Path | None = None, **changes: Any) -> str:
    """An order as the asking side writes it for the cards, then changed."""
    nowhere = Orders()
    elsewhere = asked(cards, nowhere, images=images)
    with Archive(cards.folder) as archive:
        faces = cards.faces(archive)
        networks = faces.detector, faces.embedder
        permit, _ = cards.gate.research(archive, "bench accuracy")
        with pytest.raises(ShareError, match="nowhere"):
            gather(elsewhere, "bench accuracy", archive, archive.names, *networks, RECIPE, cards.gate, permit)
    return json.dumps(json.loads(nowhere.shared) | changes)


@pytest.fixture
def copied(cards: Any, tmp_path: Path) -> Path:
    """Another copy of the set."""
    return Path(shutil.copytree(cards.folder, tmp_path / "copy"))


ONE = ("P00/P00_0001.png",)


# --- the same numbers everywhere ---


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_how_many_pictures_are_in_a_share_changes_no_bit(
    cards: Any, alone: Any, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "CHUNK", chunk)
    assert numbers(measured(cards, asked(cards, Here()))) == numbers(alone)


def test_two_processes_of_which_one_is_killed_give_the_same_bits(
    cards: Any, alone: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    ticks = []
    with processes(2) as where:
        document = measured(cards, asked(cards, where, dies_once), lambda: ticks.append(1))
    assert (Path(os.environ["CARDS"]) / "died").exists()
    assert numbers(document) == numbers(alone)
    assert len(ticks) == document.time["pictures"] == 100
    assert document.machine["helpers"]["processes"] >= 2
    assert document.machine["helpers"]["peak_memory_mb"] > 0
    for shown, told in ((document, True), (alone, False)):
        bench._print(shown)
        assert ("other processes on" in capsys.readouterr().out) == told


def test_a_cluster_of_which_a_worker_is_killed_gives_the_same_bits_and_leaves_nothing_on_a_disk(
    cards: Any, alone: Any, tmp_path: Path
) -> None:
    options = ("--local-directory", str(tmp_path))
    with (
        scheduling() as address,
        worker(address, *options, **MEMORY) as first,
        worker(address, *options, **MEMORY),
        cluster(address, real_people=True) as where,
    ):
        joined(where, 2)
        seen = 0

        def tick() -> None:
            nonlocal seen
            seen += 1
            if seen == 40:
                first.kill()
                first.wait(timeout=30)

        document = measured(cards, asked(cards, where, slow), tick)
        joined(where, 1)
        with Archive(cards.folder) as archive:
            faces = cards.faces(archive)
            permit, _ = cards.gate.research(archive, "bench accuracy")
            network = open_embedder(faces.embedder, cards.gate, permit, mirrored=RECIPE.mirrored)
            templates = extract(archive, archive.names, RECIPE.acquirer(faces.detector), network).templates
        written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert seen == 100
    assert numbers(document) == numbers(alone)
    assert not any(template[:8].tobytes() in written for template in templates)


def test_a_list_of_pairs_is_compared_the_same_everywhere(cards: Any, tmp_path: Path) -> None:
    with Archive(cards.folder) as archive:
        jpegs = tmp_path / "set"
        for name in archive.names[:30]:  # LFW's lists name .jpg
            (jpegs / name).parent.mkdir(parents=True, exist_ok=True)
            (jpegs / name).with_suffix(".jpg").write_bytes(archive.read(name))
    with Archive(jpegs) as archive:
        entry = cards.gate.sets[0].model_copy(update={"digest": shares.set_digest(archive.digests())})
    pairs = tmp_path / "pairs"
    pairs.write_text("2\nP00 1 2\nP01 2 4\nP00 1 P01 1\nP02 3 P03 5\n")
    own = replace(cards, folder=jpegs, gate=Gate(sets=[entry]))

    def elsewhere(shared: str, names: tuple[str, ...]) -> Share:
        return compute(shared, names, lambda: own.gate, own_registry)

    here, there = (measured(own, where, pairs=pairs) for where in (None, asked(own, Here(), elsewhere)))
    assert numbers(here) == numbers(there)
    assert here.accuracy.denominator == 4


def test_the_face_lane_decides_the_same_with_its_references_computed_elsewhere(
    cards: Any, small: Scenario, tmp_path: Path
) -> None:
    results, rows = {}, {}
    with Archive(cards.folder) as archive, processes(2) as where:
        for name, elsewhere in (("here", None), ("there", asked(cards, where))):
            faces = replace(cards.faces(archive), spread=elsewhere)
            steps: list[tuple[str, int]] = []

            def progress(what: str, total: int, steps: list[tuple[str, int]] = steps) -> Callable[[], None]:
                steps.append((what, total))
                return lambda: None

            results[name] = evaluate(small, cards.gate, tmp_path / name, faces, progress=progress, where=where)
            lines = (tmp_path / name / "transactions-face-1n.jsonl").read_text().splitlines()
            rows[name] = [
                {
                    key: told
                    for key, told in json.loads(line).items()
                    if key in ("id", "outcome", "reason", "decided_subject")
                }
                for line in lines
            ]
            assert ("templates" in dict(steps)) == (name == "there")
    here, there = (results[name].lanes["face-1n"] for name in ("here", "there"))
    assert here.rates == there.rates
    assert here.settings == there.settings
    assert rows["here"] == rows["there"]


# --- each worker has its own permit ---


def test_a_worker_opens_no_embedder_before_its_own_permit(cards: Any) -> None:
    shared = order(cards)
    with processes(2) as where:
        for seen in dict(where.run(watched_refusal, shared, [(n, ONE) for n in range(4)])).values():
            assert EMBEDDER not in seen
            assert "permit" not in seen
            assert "no listed research set" in seen[-1]
            assert "P00_0001.png" in seen, "it looked at the set itself"
        seen = next(found for _, found in where.run(watched, shared, [(0, ONE)]))
    assert seen.index("P11_0005.png") < seen.index("permit") < seen.index(EMBEDDER)
    assert seen.count("permit") == 1


def test_what_the_asking_side_allows_itself_is_worth_nothing_to_a_worker(cards: Any, tmp_path: Path) -> None:
    """The asking side lists a folder of its own; the worker's list is what counts there."""
    other = tmp_path / "other"
    (other / "A").mkdir(parents=True)
    (other / "A" / "A_0001.png").write_bytes((cards.folder / "P00" / "P00_0001.png").read_bytes())
    with Archive(other) as archive:
        entry = cards.gate.sets[0].model_copy(update={"digest": shares.set_digest(archive.digests())})
        faces = cards.faces(archive)
        with pytest.raises(ShareError, match="no listed research set"):
            measure(
                archive,
                Protocol(),
                faces.detector,
                faces.embedder,
                Gate(sets=[entry]),
                RECIPE,
                spread=asked(cards, Here(), images=other),
            )


def test_a_worker_given_a_folder_that_is_no_listed_set_refuses(cards: Any, copied: Path) -> None:
    (copied / "P00" / "more.png").write_bytes(b"one more")
    with pytest.raises(ShareError, match="no listed research set"):
        task(order(cards, images=copied), ONE)


def test_a_worker_whose_set_changed_after_it_was_asked_refuses(cards: Any, copied: Path) -> None:
    shared = order(cards, images=copied)
    (copied / ONE[0]).write_bytes((copied / "P01" / "P01_0002.png").read_bytes())
    with pytest.raises(ShareError, match="no listed research set"):
        task(shared, ONE)


def test_nor_does_it_use_a_picture_that_changed_after_its_permit(cards: Any, copied: Path) -> None:
    shared = order(cards, images=copied)
    assert task(shared, ONE).extraction.names == ONE
    (copied / ONE[0]).write_bytes(
        (copied / "P01" / "P01_0002.png").read_bytes()[:-12] + b"\0\0\0\0IEND\xaeB`\x82 and more"
    )
    with pytest.raises(ShareError, match="permit-contents"):
        task(shared, ONE)
    assert task(shared, ("P02/P02_0001.png",)).extraction.names == ("P02/P02_0001.png",)


def test_the_same_pictures_under_other_names_are_told(cards: Any, copied: Path) -> None:
    """The gate lets them pass, as the set is the same; the numbers wouldn't be."""
    one, other = copied / ONE[0], copied / "P01" / "P01_0001.png"
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    with pytest.raises(ShareError, match=r"copy, names: expected .* unchanged set"):
        task(order(cards, images=copied), ONE)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"digest": "0" * 64}, "set digest: expected 0000"),
        ({"program": "0" * 64}, "program: expected 0000.*Install the same"),
        ({"versions": {"numpy": "1.0"}}, "versions: expected"),
        ({"use": "enrol"}, "order, key use"),
        ({"permit": "mine"}, "order, key permit"),
        ({"models": "/nowhere"}, "expected /nowhere/tiny_detector.onnx, found no file"),
    ],
)
def test_an_order_that_does_not_fit_is_told(cards: Any, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ShareError, match=said):
        task(order(cards, **changes), ONE)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sha256": "0" * 64}, "tiny-embedder, SHA-256: expected 0000"),
        ({"id": "../models/tiny_embedder.onnx"}, "expected one of tiny-detector"),
        ({"id": "tiny-detector"}, "SHA-256"),
    ],
)
def test_the_asking_side_names_no_other_network_than_the_workers_manifest_has(
    cards: Any, change: dict[str, Any], said: str
) -> None:
    embedder = json.loads(order(cards))["embedder"] | change
    with pytest.raises(ShareError, match=said):
        task(order(cards, embedder=embedder), ONE)


def test_nor_another_file_in_its_place(cards: Any, tmp_path: Path) -> None:
    other = Path(shutil.copytree(cards.models, tmp_path / "models"))
    (other / EMBEDDER).write_bytes(bytes((other / EMBEDDER).stat().st_size))
    with pytest.raises(ShareError, match="SHA-256"):
        task(order(cards, models=str(other)), ONE)


@pytest.mark.parametrize("name", ["../models/tiny_embedder.onnx", "/etc/hostname", "P00/none.png"])
def test_nor_a_file_outside_the_set(cards: Any, name: str) -> None:
    with pytest.raises(ShareError, match="has no file"):
        task(order(cards), (name,))


def test_every_run_has_a_permit_of_its_own(cards: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(
        shares, "open_embedder", lambda *given, **more: made.append(given[2]) or open_embedder(*given, **more)
    )
    for _ in range(2):
        shared = order(cards)
        task(shared, ONE)
        task(shared, ("P01/P01_0001.png",))
    assert len({permit.id for permit in made}) == len(made) == 2


def test_the_asking_side_asks_for_no_picture_that_its_own_permit_does_not_cover(cards: Any, copied: Path) -> None:
    nowhere = Orders()
    with Archive(copied) as archive:
        faces = cards.faces(archive)
        permit, _ = cards.gate.research(archive, "bench accuracy")
        (copied / ONE[0]).write_bytes(b"another")
        for bad, said in ((permit, "permit-contents"), (replace(permit, signature=bytes(64)), "permit-genuine")):
            with pytest.raises(Refused, match=said):
                gather(
                    asked(cards, nowhere),
                    "bench accuracy",
                    archive,
                    archive.names,
                    faces.detector,
                    faces.embedder,
                    RECIPE,
                    cards.gate,
                    bad,
                )
    assert not hasattr(nowhere, "shared")


# --- over a network: never in the clear, on no disk ---


@pytest.mark.parametrize(
    ("address", "fine"),
    [
        ("tls://10.0.0.5:8786", True),
        ("tcp://127.0.0.1:8786", True),
        ("tcp://localhost:8786", True),
        ("tcp://[::1]:8786", True),
        ("tcp://10.0.0.5:8786", False),
        ("tcp://localhost.example.org:8786", False),
        ("tcp://127.0.0.1.example.org:8786", False),
        ("tcp://0.0.0.0:8786", False),
        ("tcp://127.0.0.1@10.0.0.5:8786", False),
        ("ws://10.0.0.5:8786", False),
        ("10.0.0.5:8786", False),
        ("127.0.0.1:8786", False),
        ("tcp://[::1", False),
        ("", False),
    ],
)
def test_only_tls_or_this_machine_is_private(address: str, fine: bool) -> None:
    assert private(address) == fine


def test_templates_go_to_no_address_in_the_clear_and_nobody_is_called() -> None:
    said = r"--cluster tcp://10\.0\.0\.5:8786: expected tls://.*in the clear"
    with pytest.raises(SpreadError, match=said), cluster("tcp://10.0.0.5:8786", real_people=True):
        raise AssertionError("not reached")


@pytest.mark.parametrize(
    ("own", "scheduler"),
    [("tcp://10.0.0.7:1", "tcp://127.0.0.1:1"), ("tcp://127.0.0.1:1", "tcp://10.0.0.5:1")],
)
def test_nor_from_a_worker_that_is_reached_in_the_clear(own: str, scheduler: str) -> None:
    with pytest.raises(SpreadError, match="in the clear"):
        check(own, scheduler, {})
    check("tls://10.0.0.7:1", "tls://10.0.0.5:1", {})


def test_a_worker_that_may_spill_to_disk_is_refused_and_why(cards: Any, tmp_path: Path) -> None:
    eager = {"DASK_DISTRIBUTED__WORKER__MEMORY__TARGET": "0.000000001"}
    with (
        scheduling() as address,
        worker(address, "--local-directory", str(tmp_path), **eager),
        cluster(address, real_people=True) as where,
    ):
        joined(where, 1)
        # What would happen: a result that is nothing but waited for is a file.
        kept = where._client.submit(returned, 7)
        value = kept.result()
        until = time.monotonic() + TIMEOUT_S
        while not any(value[:8].tobytes() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()):
            assert time.monotonic() < until
            time.sleep(0.1)
        kept.release()
        with pytest.raises(ShareError, match=r"may write them to disk .*MEMORY__SPILL=False"):
            measured(cards, asked(cards, where))


def certificates(folder: Path) -> dict[str, str]:
    """An authority and one certificate for all, in PEM files; by the ends of Dask's settings."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "threshold test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return {"ca-file": str(folder / "cert.pem"), "cert": str(folder / "cert.pem"), "key": str(folder / "key.pem")}


def test_a_cluster_behind_tls_gives_the_same_bits_and_without_certificates_it_says_what_to_set(
    cards: Any, alone: Any, tmp_path: Path
) -> None:
    import dask

    files = certificates(tmp_path)
    options = [word for end, path in files.items() for word in (f"--tls-{end}", path)]
    with scheduling("--protocol", "tls", *options, protocol="tls") as address:
        with (
            pytest.raises(SpreadError, match="COMM__TLS__CA_FILE"),
            cluster(address, real_people=True),
        ):
            raise AssertionError("not reached")
        settings = {
            "distributed.comm.tls.ca-file": files["ca-file"],
            "distributed.comm.tls.client.cert": files["cert"],
            "distributed.comm.tls.client.key": files["key"],
        }
        with (
            dask.config.set(settings),
            worker(address, "--protocol", "tls", *options, **MEMORY),
            cluster(address, real_people=True) as where,
        ):
            joined(where, 1)
            assert {told[:6] for told in where.workers()} == {"tls://"}
            document = measured(cards, asked(cards, where))
    assert numbers(document) == numbers(alone)


# --- breaking off ---

SCRIPT = """
import json, os, sys
from pathlib import Path
from test_share import RECIPE, own_gate, own_registry, slow
from benchmarks.share import Spread, gather
from benchmarks.spread import processes
from policy.archive import Archive

def told(shared, names):
    found = slow(shared, names)
    os.write(1, b"%d\\n" % os.getpid())
    return found

if __name__ == "__main__":
    import benchmarks.share
    benchmarks.share.CHUNK = 1
    root = Path(os.environ["CARDS"])
    networks = [own_registry().locate(f"tiny-{role}", root / "models") for role in ("detector", "embedder")]
    gate = own_gate()
    with Archive(root / "set") as archive, processes(2) as where:
        permit, _ = gate.research(archive, "bench accuracy")
        gather(Spread(where, str(root / "set"), str(root / "models"), told), "bench accuracy", archive,
               archive.names * 20, *networks, RECIPE, gate, permit)
"""


def test_ctrl_c_ends_the_processes_too(tmp_path: Path) -> None:
    script = tmp_path / "broken_off.py"
    script.write_text(SCRIPT)
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": PATHS},
    ) as process:
        assert process.stdout is not None
        pids = set()
        while len(pids) < 2:
            pids.add(int(process.stdout.readline()))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in said
    assert not any(running(pid) for pid in pids)
    assert {path.name for path in tmp_path.iterdir()} - {"__pycache__"} == {"broken_off.py"}


def test_one_process_is_this_one_and_a_path_becomes_the_same_everywhere(tmp_path: Path, cards: Any) -> None:
    assert spread(Here(), "lfw", None) is None
    nowhere = Orders()
    assert spread(nowhere, "lfw", None) == Spread(nowhere, "lfw", None)
    there = spread(nowhere, os.path.relpath(cards.folder), Path(os.path.relpath(cards.models)))
    assert there == Spread(nowhere, str(cards.folder), str(cards.models))
