"""Fetching: what arrives is checked, what doesn't arrive leaves nothing that could be taken for a network."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import socket
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from models.errors import (
    BusyError,
    ConnectionLostError,
    DiskFullError,
    FetchError,
    MirrorError,
    NoSourceError,
    NotWritableError,
    RefusedError,
    TruncatedError,
    UnreachableError,
    WrongDigestError,
    WrongSizeError,
)
from models.fetch import MIRROR, fetch
from models.network import Network
from models.part import part, write


@pytest.fixture
def mirror(tmp_path: Path, content: bytes) -> Path:
    folder = tmp_path / "a mirror"
    folder.mkdir()
    (folder / "small.onnx").write_bytes(content)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "models"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# --- from a server ---


def test_brings_the_file_from_an_http_mirror(network, folder, publisher, content):
    path = fetch(network, folder, mirror=publisher.address + "/")
    assert (path, path.read_bytes(), names(folder)) == (folder / "small.onnx", content, ["small.onnx"])
    assert publisher.paths == ["/models/small.onnx"]


def test_brings_the_file_from_the_publishers_address(network, folder, publisher, content):
    named = network.model_copy(update={"address": publisher.address + "/at/its/commit.onnx"})
    assert fetch(named, folder).read_bytes() == content
    assert publisher.paths == ["/models/at/its/commit.onnx"]


def test_takes_an_answer_without_a_length(network, folder, publisher, content):
    publisher.manner = "no length"
    assert fetch(network, folder, mirror=publisher.address).read_bytes() == content


def test_tells_the_progress_in_bytes(network, folder, publisher):
    told = []
    fetch(network, folder, mirror=publisher.address, progress=lambda done, total: told.append((done, total)))
    assert told[0] == (0, network.size)
    assert told[-1] == (network.size, network.size)
    assert told == sorted(told)


def test_a_right_file_is_not_fetched_again(network, folder, publisher):
    fetch(network, folder, mirror=publisher.address)
    fetch(network, folder, mirror=publisher.address, again=True)
    assert len(publisher.asked) == 1


def test_goes_on_after_a_lost_connection(network, folder, publisher, content):
    publisher.manner = "breaks off"
    with pytest.raises(ConnectionLostError, match=r"after 100,000 B.*fetch again to go on"):
        fetch(network, folder, mirror=publisher.address)
    assert names(folder) == ["small.onnx.part"]
    publisher.manner = "well"
    assert fetch(network, folder, mirror=publisher.address).read_bytes() == content
    assert publisher.asked == [None, "bytes=100000-"]


def test_a_clean_end_before_the_last_byte_is_a_lost_connection(network, folder, publisher):
    publisher.manner = "ends early"
    with pytest.raises(ConnectionLostError):
        fetch(network, folder, mirror=publisher.address)
    assert (folder / "small.onnx.part").stat().st_size == 100_000


def test_goes_on_after_ctrl_c(network, folder, publisher, content):
    def stop(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(network, folder, mirror=publisher.address, progress=stop)
    assert names(folder) == ["small.onnx.part"]
    assert fetch(network, folder, mirror=publisher.address).read_bytes() == content
    assert publisher.asked[1].startswith("bytes=")


def test_a_stalled_server_is_given_up(network, folder, publisher):
    publisher.manner = "stalls"
    with pytest.raises(ConnectionLostError, match="ReadTimeout"):
        fetch(network, folder, mirror=publisher.address, timeout_s=0.2)


@pytest.mark.parametrize("manner", ["no ranges", "416", "another range"])
def test_starts_anew_where_a_server_does_not_go_on(network, folder, publisher, content, manner):
    folder.mkdir(parents=True)
    (folder / "small.onnx.part").write_bytes(content[:1000])
    publisher.manner = manner
    assert fetch(network, folder, mirror=publisher.address).read_bytes() == content
    assert publisher.asked[0] == "bytes=1000-"


def test_starts_anew_when_the_part_was_of_another_file(network, folder, publisher, content):
    folder.mkdir(parents=True)
    (folder / "small.onnx.part").write_bytes(b"<html>Please log in</html>")
    assert fetch(network, folder, mirror=publisher.address).read_bytes() == content
    assert publisher.asked == ["bytes=26-", None]


def test_a_part_that_is_whole_needs_no_server(network, folder, publisher, content):
    folder.mkdir(parents=True)
    (folder / "small.onnx.part").write_bytes(content)
    assert fetch(network, folder, mirror=publisher.address).read_bytes() == content
    assert publisher.asked == []


def test_a_part_that_is_too_long_is_thrown_away(network, folder, publisher, content):
    folder.mkdir(parents=True)
    (folder / "small.onnx.part").write_bytes(content + b"more")
    assert fetch(network, folder, mirror=publisher.address).read_bytes() == content


def test_a_wrong_digest_leaves_nothing(network, folder, publisher, content):
    publisher.content = content[:-1] + bytes([content[-1] ^ 1])
    with pytest.raises(WrongDigestError, match=f"small: expected SHA-256 {network.sha256}, found [0-9a-f]{{64}}"):
        fetch(network, folder, mirror=publisher.address)
    assert names(folder) == []


def test_another_length_is_noticed_before_a_byte_is_written(network, folder, publisher):
    publisher.content = b"version https://git-lfs.github.com/spec/v1\n"
    with pytest.raises(WrongSizeError, match=r"expected 300,000 B .* announces 43 B"):
        fetch(network, folder, mirror=publisher.address)
    assert names(folder) == []


def test_never_writes_more_than_the_manifest_says(network, folder, publisher, content):
    publisher.content, publisher.manner = content * 4, "no length"
    with pytest.raises(WrongSizeError, match="sends more"):
        fetch(network, folder, mirror=publisher.address)
    assert names(folder) == []


def test_a_refusal_names_address_and_status(network, folder, publisher):
    publisher.manner = "404"
    with pytest.raises(RefusedError, match=rf"{publisher.address}/small.onnx, the server answered 404 Not Found"):
        fetch(network, folder, mirror=publisher.address)
    assert names(folder) == []


def test_a_refusal_keeps_the_part_of_before(network, folder, publisher, content):
    folder.mkdir(parents=True)
    (folder / "small.onnx.part").write_bytes(content[:1000])
    publisher.manner = "404"
    with pytest.raises(RefusedError):
        fetch(network, folder, mirror=publisher.address)
    assert names(folder) == ["small.onnx.part"]


def test_nothing_listening_is_unreachable(network, folder, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as taken:  # bound and not listening: nobody else gets the port, and nobody answers
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(UnreachableError, match=f"ConnectError.*set {MIRROR}"):
            fetch(network, folder, mirror=f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert names(folder) == []


# --- from a folder ---


@pytest.mark.parametrize("form", ["folder", "address"])
def test_brings_the_file_from_a_mirror_folder(network, folder, mirror, content, form):
    place = str(mirror) if form == "folder" else mirror.as_uri()
    assert fetch(network, folder, mirror=place).read_bytes() == content
    assert names(folder) == ["small.onnx"]


def test_the_environment_names_the_mirror(network, folder, mirror, content, monkeypatch):
    monkeypatch.setenv(MIRROR, str(mirror))
    assert fetch(network, folder).read_bytes() == content


def test_a_missing_mirror_folder_is_named(network, folder, tmp_path):
    with pytest.raises(MirrorError, match=r"expected this folder of the mirror, found none: .*nowhere"):
        fetch(network, folder, mirror=str(tmp_path / "nowhere"))
    assert names(folder) == []


def test_a_mirror_folder_without_the_file_is_named(network, folder, mirror):
    (mirror / "small.onnx").unlink()
    with pytest.raises(MirrorError, match=r"expected this file in the mirror, found none: .*small\.onnx"):
        fetch(network, folder, mirror=str(mirror))


def test_a_mirror_that_cannot_be_read_is_named(network, folder, mirror):
    (mirror / "small.onnx").unlink()
    (mirror / "small.onnx").mkdir()
    with pytest.raises(MirrorError, match="can be read"):
        fetch(network, folder, mirror=str(mirror))


def test_a_short_mirror_file_is_truncated_and_leaves_nothing(network, folder, mirror, content):
    (mirror / "small.onnx").write_bytes(content[:-1])
    with pytest.raises(TruncatedError, match=r"expected 300,000 B .* found 299,999 B"):
        fetch(network, folder, mirror=str(mirror))
    assert names(folder) == []


def test_a_long_mirror_file_is_refused(network, folder, mirror, content):
    (mirror / "small.onnx").write_bytes(content + b"more")
    with pytest.raises(WrongSizeError, match="found 300,004 B"):
        fetch(network, folder, mirror=str(mirror))
    assert names(folder) == []


@pytest.mark.parametrize("mirror", ["ftp://127.0.0.1/models", "file://elsewhere/models"])
def test_a_mirror_of_an_unknown_kind_is_refused(network, folder, mirror):
    with pytest.raises(NoSourceError, match=f"{MIRROR}: expected a folder, .* found {mirror}"):
        fetch(network, folder, mirror=mirror)


def test_without_address_and_mirror_there_is_no_source(network, folder):
    with pytest.raises(NoSourceError, match=f"set {MIRROR}"):
        fetch(network, folder)


# --- into the models folder ---


def test_a_wrong_file_is_kept_and_again_is_suggested(network, folder, mirror):
    folder.mkdir(parents=True)
    (folder / "small.onnx").write_bytes(b"x" * network.size)
    with pytest.raises(WrongDigestError, match="threshold models fetch small --again"):
        fetch(network, folder, mirror=str(mirror))
    assert (folder / "small.onnx").read_bytes() == b"x" * network.size


def test_again_replaces_a_wrong_file(network, folder, mirror, content):
    folder.mkdir(parents=True)
    (folder / "small.onnx").write_bytes(b"wrong")
    assert fetch(network, folder, mirror=str(mirror), again=True).read_bytes() == content


def test_again_keeps_the_old_file_until_the_new_one_is_checked(network, folder, mirror):
    folder.mkdir(parents=True)
    (folder / "small.onnx").write_bytes(b"old")
    (mirror / "small.onnx").write_bytes(b"y" * network.size)
    with pytest.raises(WrongDigestError):
        fetch(network, folder, mirror=str(mirror), again=True)
    assert (names(folder), (folder / "small.onnx").read_bytes()) == (["small.onnx"], b"old")


def test_too_little_room_is_said_beforehand(network, folder, mirror, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(DiskFullError, match=r"expected 300,000 B free in .*, found 1,000 B"):
        fetch(network, folder, mirror=str(mirror))
    assert names(folder) == []


def test_a_limit_reached_while_writing_leaves_nothing(network, folder, mirror):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(DiskFullError, match="File too large"):
            fetch(network, folder, mirror=str(mirror))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(folder) == []


def test_a_full_device_is_a_full_disk():
    handle = os.open("/dev/full", os.O_RDWR)
    try:
        with pytest.raises(DiskFullError, match="No space left on device"):
            write(handle, 0, b"one byte more", "small")
    finally:
        os.close(handle)


def test_a_folder_that_cannot_be_made_is_not_writable(network, tmp_path, mirror):
    (tmp_path / "file").touch()
    with pytest.raises(NotWritableError, match="small: expected a folder that can be written to"):
        fetch(network, tmp_path / "file" / "models", mirror=str(mirror))


@pytest.mark.skipif(os.geteuid() == 0, reason="needs a user whom permissions bind, is root here")
def test_a_folder_without_permission_is_not_writable(network, folder, mirror):
    folder.mkdir(parents=True)
    folder.chmod(0o500)
    with pytest.raises(NotWritableError, match="Permission denied"):
        fetch(network, folder, mirror=str(mirror))


def test_a_link_in_the_parts_place_is_not_followed(network, folder, mirror, tmp_path):
    folder.mkdir(parents=True)
    (tmp_path / "precious").write_bytes(b"precious")
    (folder / "small.onnx.part").symlink_to(tmp_path / "precious")
    with pytest.raises(NotWritableError):
        fetch(network, folder, mirror=str(mirror))
    assert (tmp_path / "precious").read_bytes() == b"precious"


# --- two at once ---


def test_a_second_fetch_at_the_same_time_is_busy(network, folder, mirror):
    with part(network, folder), pytest.raises(BusyError, match="found another under way"):
        fetch(network, folder, mirror=str(mirror))


def test_many_fetches_at_once_leave_one_right_file(network, folder, mirror, content):
    outcomes: list[object] = []

    def one() -> None:
        try:
            outcomes.append(fetch(network, folder, mirror=str(mirror)).read_bytes())
        except BusyError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 8
    assert all(isinstance(outcome, BusyError) or outcome == content for outcome in outcomes)
    assert (names(folder), (folder / "small.onnx").read_bytes()) == (["small.onnx"], content)


def test_a_lock_on_a_file_that_was_renamed_meanwhile_is_not_taken(network, folder, mirror, content, monkeypatch):
    lock, renamed = fcntl.flock, []

    def late(handle: int, operation: int) -> None:
        if not renamed:  # another fetch ends between this one's opening and locking
            renamed.append((folder / "small.onnx.part").rename(folder / "small.onnx"))
            (folder / "small.onnx").write_bytes(content)
        lock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    assert fetch(network, folder, mirror=str(mirror / "unused")).read_bytes() == content
    assert names(folder) == ["small.onnx"]


@pytest.mark.parametrize(
    ("leaf", "builtin"),
    [
        (BusyError, BlockingIOError),
        (ConnectionLostError, ConnectionError),
        (DiskFullError, OSError),
        (MirrorError, FileNotFoundError),
        (NoSourceError, ValueError),
        (NotWritableError, PermissionError),
        (RefusedError, OSError),
        (TruncatedError, EOFError),
        (UnreachableError, ConnectionError),
    ],
)
def test_every_error_is_also_the_builtin_a_caller_expects(leaf, builtin):
    assert issubclass(leaf, FetchError)
    assert issubclass(leaf, builtin)
    assert str(leaf("what it says")) == "what it says"


def test_a_network_is_not_changed_by_a_fetch(network: Network, folder, mirror):
    before = network.model_copy(deep=True)
    fetch(network, folder, mirror=str(mirror))
    assert network == before
