# SPDX-License-Identifier: Apache-2.0
"""tar against GNU tar and bsdtar, both ways, and against what is broken on purpose."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from conftest import needs
from hypothesis import given, settings
from trees import differences, rich_tree, trees

from mkboot.errors import InputError
from mkboot.formats.directory import read_directory, write_directory
from mkboot.formats.tar import looks_like_tar, read_tar, write_tar
from mkboot.tree.filetree import FileTree
from mkboot.tree.source import FileSource

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices need root")


def written(tree: FileTree, path: Path) -> Path:
    with path.open("wb") as out:
        write_tar(tree, out)
    return path


def read_back(tree: FileTree, path: Path) -> FileTree:
    return read_tar(written(tree, path))


def test_everything_comes_back(tmp_path: Path) -> None:
    tree = rich_tree()
    assert differences(tree, read_back(tree, tmp_path / "t.tar")) == []


@settings(max_examples=60, deadline=None)
@given(tree=trees())
def test_any_tree_comes_back(tree: FileTree, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("tar") / "t.tar"
    assert differences(tree, read_back(tree, path)) == []


def test_same_tree_same_bytes(tmp_path: Path) -> None:
    one = written(rich_tree(), tmp_path / "1").read_bytes()
    assert one == written(rich_tree(), tmp_path / "2").read_bytes()
    assert len(one) % 10240 == 0


def test_sockets_are_left_out_and_named(tmp_path: Path) -> None:
    with (tmp_path / "t").open("wb") as out:
        assert write_tar(rich_tree(sockets=True), out) == (b"/socket",)


@as_root
@needs("tar", "bsdtar")
@pytest.mark.parametrize("program", ["tar", "bsdtar"])
def test_they_read_ours(program: str, tmp_path: Path) -> None:
    tree = _shallow(rich_tree())
    archive = written(tree, tmp_path / "t.tar")
    out = tmp_path / "out"
    out.mkdir()
    argv = [program, "-x", "-p", "-f", archive, "-C", out]
    subprocess.run([*argv, *_options(program)], check=True, capture_output=True)
    found = differences(tree, read_directory(out))
    # bsdtar leaves the time of the directory that was there before it
    assert [d for d in found if program == "tar" or d[:2] != (b"/", "mtime")] == []


@as_root
@needs("tar", "bsdtar")
@pytest.mark.parametrize(
    ("program", "format_"),
    [
        ("tar", "--format=posix"), ("tar", "--format=gnu"), ("tar", "--format=posix -S"),
        ("tar", "--format=gnu -S"), ("bsdtar", "--format=pax"), ("bsdtar", "--format=gnutar"),
    ],
)  # fmt: skip
def test_we_read_theirs(program: str, format_: str, tmp_path: Path) -> None:
    source, archive = tmp_path / "in", tmp_path / "t.tar"
    write_directory(_shallow(rich_tree()), source)
    argv = [program, "-c", "-f", archive, *format_.split(), "-C", source, "."]
    subprocess.run([*argv, *_numeric(program)], check=True, capture_output=True)
    assert differences(read_directory(source), read_tar(archive), "mtime") == []


def _shallow(tree: FileTree) -> FileTree:
    """Without the path of 6,000 bytes, which neither of them can make."""
    builder = tree.edit()
    builder.unlink(0, b"deep")
    return builder.build()


def _options(program: str) -> list[str]:
    return ["--same-owner", "--numeric-owner"] if program == "tar" else ["--numeric-owner"]


def _numeric(program: str) -> list[str]:
    return [] if program == "bsdtar" else ["--numeric-owner"]


@needs("tar")
def test_gnu_tar_s_holes_are_read_as_holes(tmp_path: Path) -> None:
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as file:
        file.truncate(10 << 20)
        file.seek(4 << 20)
        file.write(b"x" * 4096)
    for kind in ("gnu", "posix"):
        archive = tmp_path / f"{kind}.tar"
        argv = ["tar", "-c", "-S", f"--format={kind}", "-f", archive, "-C", tmp_path, "sparse"]
        subprocess.run(argv, check=True)
        node = read_tar(archive).node_at(b"/sparse")
        assert node is not None
        assert node.size == 10 << 20
        assert list(node.content.extents()) == [(4 << 20, 4096)]
        assert b"".join(node.content.chunks()) == sparse.read_bytes()


def test_content_is_read_by_reference(tmp_path: Path) -> None:
    archive = written(rich_tree(), tmp_path / "t.tar")
    node = read_tar(archive).node_at(b"/etc/passwd")
    assert node is not None
    data = archive.read_bytes()
    archive.write_bytes(data.replace(b"root:x:0:1", b"toor:y:0:1"))
    assert node.content.read(0, 4) == b"toor"


def member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, link: str = "") -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, link
    return info.tobuf(tarfile.GNU_FORMAT)


END = bytes(1024)


def refused(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "bad.tar"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_tar(path)
    return caught.value.message


def test_what_climbs_is_refused(tmp_path: Path) -> None:
    assert "climbs" in refused(tmp_path, member("a/../../b") + END)


def test_a_file_behind_a_link_is_refused(tmp_path: Path) -> None:
    link = member("a", tarfile.SYMTYPE, link="/etc")
    assert "no directory" in refused(tmp_path, link + member("a/b") + END)


def test_a_hard_link_to_nothing_is_refused(tmp_path: Path) -> None:
    assert "which is no file" in refused(tmp_path, member("a", tarfile.LNKTYPE, link="b") + END)


def test_what_is_cut_short_is_refused(tmp_path: Path) -> None:
    builder = rich_tree().edit()
    builder.unlink(0, b"holes")
    data = written(builder.build(), tmp_path / "t.tar").read_bytes()
    end = len(data.rstrip(b"\0"))
    for length in range(512, end, 512):
        refused(tmp_path, data[:length])


def test_a_bad_header_in_the_middle_is_not_the_end(tmp_path: Path) -> None:
    broken = bytearray(member("a") + member("b") + END)
    broken[512] ^= 1
    assert "bad header at byte 512" in refused(tmp_path, bytes(broken))


@pytest.mark.parametrize("size", [-1025, -(1 << 40), 1 << 62])
def test_sizes_are_not_believed(size: int, tmp_path: Path) -> None:
    for kind in (tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME):
        head = bytearray(member("a", kind))
        head[124:136] = (size & ((1 << 96) - 1)).to_bytes(12, "big", signed=False)
        head[124] = 0xFF if size < 0 else 0x80
        head[148:156] = b" " * 8
        head[148:156] = b"%06o\0 " % sum(head)
        refused(tmp_path, bytes(head) + member("b") + END)


@pytest.mark.parametrize("time", ["1e999999", "inf", "nan", "x", "9" * 400])
def test_times_are_not_believed(time: str, tmp_path: Path) -> None:
    info = tarfile.TarInfo("a")
    info.pax_headers = {"mtime": time}
    refused(tmp_path, info.tobuf(tarfile.PAX_FORMAT) + END)


def test_a_later_entry_wins(tmp_path: Path) -> None:
    out = io.BytesIO()
    for text in (b"old", b"newer"):
        out.write(member("d/a", size=len(text)) + text.ljust(512, b"\0"))
    path = tmp_path / "t.tar"
    path.write_bytes(out.getvalue() + END)
    node = read_tar(path).node_at(b"/d/a")
    assert node is not None
    assert node.content.read(0, 10) == b"newer"


def test_it_is_recognised_by_its_checksum(tmp_path: Path) -> None:
    path = written(rich_tree(), tmp_path / "t.tar")
    assert looks_like_tar(FileSource(path))
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(data)
    assert not looks_like_tar(FileSource(path))
    path.write_bytes(bytes(2048))
    assert not looks_like_tar(FileSource(path))
