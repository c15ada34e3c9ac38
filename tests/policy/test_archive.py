"""A set in a folder or a tar: the same names and bytes, plain files only, and no silent half."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from policy.archive import Archive, ArchiveError

FILES = {"Ada/1.jpg": b"first", "Ada/2.jpg": b"second", "Björk/1.jpg": b"", "notes.txt": b"x" * 70_000}


def write_folder(root: Path, files: dict[str, bytes] = FILES) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def write_tar(path: Path, files: dict[str, bytes] = FILES, prefix: str = "", mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(prefix + name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def contents(path: Path) -> dict[str, bytes]:
    with Archive(path) as archive:
        return {name: archive.read(name) for name in archive.names}


def refusal(path: Path) -> str:
    with pytest.raises(ArchiveError) as caught:
        Archive(path)
    return str(caught.value)


def test_a_folder_is_read_whole(tmp_path):
    assert contents(write_folder(tmp_path / "set")) == FILES


@pytest.mark.parametrize("prefix", ["", "./", "set/", "./set/", "a/b/c/"])
def test_a_tar_has_the_folder_s_names_and_bytes(tmp_path, prefix):
    assert contents(write_tar(tmp_path / "set.tar", prefix=prefix)) == FILES


def test_members_with_and_without_a_leading_dot_are_in_one_folder(tmp_path):
    assert contents(write_tar(tmp_path / "set.tar", {"./a/1": b"1", "b/1": b"2"})) == {"a/1": b"1", "b/1": b"2"}


def test_a_folder_and_its_tar_have_the_same_digests(tmp_path):
    folder, tar = write_folder(tmp_path / "set"), tmp_path / "set.tar"
    with tarfile.open(tar, "w") as made:
        made.add(folder, "set")
    with Archive(folder) as first, Archive(tar) as second:
        assert first.digests() == second.digests()
        assert first.digests()["Ada/1.jpg"] == hashlib.sha256(b"first").digest()


def test_nested_folders_that_hold_everything_are_no_part_of_names(tmp_path):
    write_folder(tmp_path / "set" / "outer" / "inner")
    assert contents(tmp_path / "set") == FILES


def test_two_folders_side_by_side_stay_in_the_names(tmp_path):
    write_folder(tmp_path, {"a/x/1": b"1", "b/x/1": b"2"})
    assert contents(tmp_path) == {"a/x/1": b"1", "b/x/1": b"2"}


def test_a_single_file_keeps_its_own_name(tmp_path):
    assert contents(write_tar(tmp_path / "set.tar", {"a/b/only.jpg": b"1"})) == {"only.jpg": b"1"}


def test_names_are_sorted_and_counted(tmp_path):
    with Archive(write_tar(tmp_path / "set.tar", {"b": b"", "c": b"", "a": b""})) as archive:
        assert (archive.names, len(archive)) == (("a", "b", "c"), 3)
        assert ("a" in archive, "d" in archive, 1 in archive) == (True, False, False)


def test_an_empty_folder_and_an_empty_tar_hold_nothing(tmp_path):
    (tmp_path / "empty").mkdir()
    assert contents(tmp_path / "empty") == contents(write_tar(tmp_path / "empty.tar", {})) == {}


def test_a_link_to_a_file_is_refused(tmp_path):
    (write_folder(tmp_path / "set") / "link.jpg").symlink_to("notes.txt")
    assert refusal(tmp_path / "set") == (
        f"{tmp_path}/set/link.jpg: a set holds plain files only, found a link or special file. Take it out."
    )


def test_a_link_to_a_folder_is_refused(tmp_path):
    (write_folder(tmp_path / "set") / "more").symlink_to(tmp_path)
    assert "found a link or special file" in refusal(tmp_path / "set")


def test_a_broken_link_is_refused(tmp_path):
    (write_folder(tmp_path / "set") / "gone.jpg").symlink_to("nowhere")
    assert "found a link or special file" in refusal(tmp_path / "set")


def test_a_pipe_in_a_folder_is_refused(tmp_path):
    os.mkfifo(write_folder(tmp_path / "set") / "pipe.jpg")
    assert "found a link or special file" in refusal(tmp_path / "set")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_a_link_or_device_in_a_tar_is_refused_and_the_tar_let_go(tmp_path, kind):
    path = write_tar(tmp_path / "set.tar")
    with tarfile.open(path, "a") as tar:
        odd = tarfile.TarInfo("odd.jpg")
        odd.type, odd.linkname = kind, "notes.txt"
        tar.addfile(odd)
    assert refusal(path) == f"{path}: a set holds plain files only, found 'odd.jpg'. Make the tar anew."


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_a_compressed_tar_is_refused_with_what_to_do(tmp_path, kind):
    message = refusal(write_tar(tmp_path / f"set.tar.{kind}", mode=f"w:{kind}"))
    assert message.startswith(f"{tmp_path}/set.tar.{kind}: expected a folder or an uncompressed tar of pictures")
    assert message.endswith("Unpack it and name the folder.")


@pytest.mark.parametrize(
    "content", [b"", b"no tar at all", b"\x00" * 100, gzip.compress(b"x" * 2000, mtime=0), b"A" * 2000]
)
def test_a_file_that_is_no_tar_is_refused(tmp_path, content):
    (tmp_path / "set.tar").write_bytes(content)
    assert "expected a folder or an uncompressed tar of pictures, found neither" in refusal(tmp_path / "set.tar")


def test_a_tar_cut_off_is_refused(tmp_path):
    path = write_tar(tmp_path / "set.tar")
    with path.open("r+b") as file:
        file.truncate(40_000)  # in the middle of the last and largest file
    assert "found neither (unexpected end of data)" in refusal(path)


def test_nothing_there_is_said(tmp_path):
    assert refusal(tmp_path / "gone") == (
        f"{tmp_path}/gone: expected a folder or a tar of pictures, found nothing there. Check the path."
    )


def test_an_unknown_name_is_said_with_an_example(tmp_path):
    with Archive(write_folder(tmp_path / "set")) as archive, pytest.raises(ArchiveError) as caught:
        archive.read("Ada/3.jpg")
    assert str(caught.value) == f"{tmp_path}/set: has no file 'Ada/3.jpg'. It holds 4 files, such as ('Ada/1.jpg',)."


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "", "Ada", "Ada/../Ada/1.jpg"])
def test_only_listed_names_are_read(tmp_path, name):
    (tmp_path / "outside").write_bytes(b"other")
    with Archive(write_folder(tmp_path / "set")) as archive, pytest.raises(ArchiveError, match="has no file"):
        archive.read(name)


def test_a_closed_tar_says_so(tmp_path):
    archive = Archive(write_tar(tmp_path / "set.tar"))
    archive.close()
    archive.close()
    with pytest.raises(ArchiveError, match=r"'Ada/1\.jpg' can't be read \(TarFile is closed\)"):
        archive.read("Ada/1.jpg")


def test_a_file_that_went_away_is_said(tmp_path):
    with Archive(write_folder(tmp_path / "set")) as archive:
        (tmp_path / "set" / "Ada" / "1.jpg").unlink()
        with pytest.raises(ArchiveError, match=r"'Ada/1\.jpg' can't be read \(.*No such file"):
            archive.read("Ada/1.jpg")


def test_a_tar_cut_off_after_it_was_opened_is_said(tmp_path):
    path = write_tar(tmp_path / "set.tar")
    with Archive(path) as archive:
        os.truncate(path, 40_000)
        with pytest.raises(ArchiveError, match=r"'notes\.txt' can't be read \(unexpected end of data\)"):
            archive.read("notes.txt")


def test_threads_read_one_tar_at_once_and_each_gets_its_own_bytes(tmp_path):
    files = {f"{number:03}": bytes([number]) * (20_000 + number) for number in range(40)}
    with Archive(write_tar(tmp_path / "set.tar", files)) as archive, ThreadPoolExecutor(8) as pool:
        names = list(files) * 5
        assert list(pool.map(archive.read, names)) == [files[name] for name in names]
