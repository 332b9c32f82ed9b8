# SPDX-License-Identifier: Apache-2.0
"""Directories of this machine: read, written, and never left."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from trees import differences, rich_tree, sparse_content, trees

from mkboot.errors import CallerError, InputError
from mkboot.formats.directory import read_directory, write_directory
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import AclEntry, Device, Node, NodeType, directory, regular, symlink

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices need root")


@as_root
def test_everything_comes_back(tmp_path: Path) -> None:
    tree = rich_tree(sockets=True)
    assert write_directory(tree, tmp_path / "out") == ()
    assert differences(tree, read_directory(tmp_path / "out")) == []


@as_root
@settings(max_examples=60, deadline=None)
@given(tree=trees())
def test_any_tree_comes_back(tree: FileTree, tmp_path_factory: pytest.TempPathFactory) -> None:
    out = tmp_path_factory.mktemp("any") / "out"
    assert write_directory(tree, out) == ()
    assert differences(tree, read_directory(out)) == []


@as_root
def test_the_system_agrees(tmp_path: Path) -> None:
    """What was written, as lstat sees it: not our reader's word."""
    write_directory(rich_tree(), tmp_path / "out")
    out = tmp_path / "out"
    null = (out / "null").lstat()
    assert stat.S_ISCHR(null.st_mode)
    assert (os.major(null.st_rdev), os.minor(null.st_rdev)) == (13, 2)
    link = (out / "out").lstat()
    assert stat.S_ISLNK(link.st_mode)
    assert (link.st_uid, link.st_gid, link.st_mtime_ns) == (7, 8, 10**18 + 5)
    assert (out / "hard").lstat().st_ino == (out / "etc" / "passwd").lstat().st_ino
    odd = os.lstat(os.fsencode(out) + b"/latin-\xe9\\ \n")
    assert (stat.S_IMODE(odd.st_mode), odd.st_uid, odd.st_gid) == (0o4711, 60001, 60002)
    etc = (out / "etc").lstat()
    assert (stat.S_IMODE(etc.st_mode), etc.st_mtime_ns) == (0o2775, 10**18 + 1)
    assert out.lstat().st_mtime_ns == 10**18


def test_holes_stay_holes(tmp_path: Path) -> None:
    content = sparse_content(64 << 20, (32 << 20, b"x" * 4096))
    builder = TreeBuilder(directory(0o755, os.geteuid(), os.getegid()))
    builder.add(0, b"f", regular(content, 0o644, os.geteuid(), os.getegid()))
    write_directory(builder.build(), tmp_path / "out")
    status = (tmp_path / "out" / "f").stat()
    assert status.st_size == 64 << 20
    assert status.st_blocks * 512 < 1 << 20
    node = read_directory(tmp_path / "out").node_at(b"/f")
    assert node is not None
    runs = list(node.content.extents())
    assert sum(length for _, length in runs) < 1 << 20
    assert any(at <= 32 << 20 < at + length for at, length in runs)
    assert node.content.read(32 << 20, 4096) == b"x" * 4096


def one_file(data: bytes = b"data", name: bytes = b"f") -> FileTree:
    builder = TreeBuilder(directory(0o755, os.geteuid(), os.getegid()))
    builder.add(0, name, regular(BytesContent(data), 0o644, os.geteuid(), os.getegid()))
    return builder.build()


def test_what_exists_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("mine")
    with pytest.raises(CallerError, match="exists"):
        write_directory(one_file(), tmp_path)
    assert (tmp_path / "f").read_text() == "mine"
    write_directory(one_file(), tmp_path, force=True)
    assert (tmp_path / "f").read_text() == "data"
    assert sorted(os.listdir(tmp_path)) == ["f"]


def test_nothing_is_written_when_one_name_is_taken(tmp_path: Path) -> None:
    builder = one_file(name=b"a").edit()
    builder.add(builder.add(0, b"z", directory()), b"taken", regular(BytesContent(b"x")))
    (tmp_path / "z").mkdir()
    (tmp_path / "z" / "taken").touch()
    with pytest.raises(CallerError, match="z/taken exists"):
        write_directory(builder.build(), tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["z"]


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("absolute", [False, True])
def test_links_that_are_there_are_not_followed(force: bool, absolute: bool, tmp_path: Path) -> None:
    outside, out = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    out.mkdir()
    (out / "d").symlink_to(outside if absolute else "../outside")
    (outside / "victim").write_text("unhurt")
    (out / "f").symlink_to(outside / "victim")
    builder = TreeBuilder(directory())
    builder.add(builder.add(0, b"d", directory(0o700)), b"x", regular(BytesContent(b"x")))
    if force:
        builder.add(0, b"f", regular(BytesContent(b"new"), 0o600))
        write_directory(builder.build(), out, force=True)
        assert (out / "d" / "x").read_text() == "x"
        assert not (out / "d").is_symlink()
        assert (out / "f").read_text() == "new"
    else:
        with pytest.raises(CallerError):
            write_directory(builder.build(), out)
    assert (outside / "victim").read_text() == "unhurt"
    assert sorted(os.listdir(outside)) == ["victim"]


def test_links_of_the_tree_lead_nowhere_while_it_is_written(tmp_path: Path) -> None:
    """A directory, a link to it from inside, and a link out: all stay what they are."""
    victim = tmp_path / "victim"
    victim.write_text("unhurt")
    victim.chmod(0o600)
    before = victim.stat()
    builder = TreeBuilder(directory())
    out = builder.add(0, b"abs", symlink(os.fsencode(victim), 1, 1, 5))
    builder.add(0, b"rel", symlink(b"../victim"))
    builder.link(0, b"again", out)
    write_directory(builder.build(), tmp_path / "out")
    after = victim.stat()
    assert victim.read_text() == "unhurt"
    assert (after.st_mode, after.st_uid, after.st_mtime_ns, after.st_nlink) == (
        before.st_mode, before.st_uid, before.st_mtime_ns, before.st_nlink,
    )  # fmt: skip
    assert (tmp_path / "out" / "again").readlink() == victim


def test_a_name_that_climbs_cannot_be_in_a_tree() -> None:
    builder = TreeBuilder(directory())
    for name in (b"..", b".", b"a/b", b"", b"a\0b", b"x" * 256):
        with pytest.raises(InputError):
            builder.add(0, name, directory())


def test_a_file_that_changes_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 5000)
    node = read_directory(tmp_path).node_at(b"/f")
    assert node is not None
    assert node.content.read(0, 10) == b"x" * 10
    os.truncate(tmp_path / "f", 100)
    with pytest.raises(InputError, match="/f: was changed"):
        node.content.read(0, 5000)
    (tmp_path / "f").unlink()
    with pytest.raises(InputError, match="/f: cannot be read"):
        node.content.read(0, 10)


def test_a_file_that_becomes_a_link_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "d").mkdir(parents=True)
    (folder / "d" / "f").write_text("x")
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "f").write_text("y")
    node = read_directory(folder).node_at(b"/d/f")
    assert node is not None
    (folder / "d" / "f").unlink()
    (folder / "d").rmdir()
    (folder / "d").symlink_to(secret)
    with pytest.raises(InputError, match="cannot be read"):
        node.content.read(0, 1)


def test_sockets_and_hard_links_are_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(tmp_path / "s"))
    tree = read_directory(tmp_path)
    assert tree.find(b"/a") == tree.find(b"/b")
    node = tree.node_at(b"/s")
    assert node is not None
    assert node.type is NodeType.SOCKET


@as_root
def test_what_cannot_be_kept_is_told(tmp_path: Path) -> None:
    builder = TreeBuilder(directory())
    big = Node(NodeType.CHAR, 0o600, device=Device(5000, 1))
    builder.add(0, b"device", big)
    acl = (AclEntry(1, 0, 6), AclEntry(2, 5, 4))
    builder.add(0, b"acl", Node(NodeType.FILE, 0o644, acl=acl))
    builder.add(0, b"link", symlink(b"t" * 5000))
    found = {(u.path, u.what) for u in write_directory(builder.build(), tmp_path / "out")}
    assert found == {(b"/device", "char"), (b"/acl", "acl"), (b"/link", "symlink")}
    assert sorted(os.listdir(tmp_path / "out")) == ["acl"]


@as_root
def test_not_as_root() -> None:
    """In a child without privileges: owners and devices are told, set-uid is taken off."""
    with tempfile.TemporaryDirectory() as name:
        _write_as_nobody(Path(name))


def _write_as_nobody(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents:
        if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
            pytest.skip("an ordinary user cannot get here")
    builder = TreeBuilder(directory(0o755, 0, 0))
    builder.add(0, b"null", Node(NodeType.CHAR, 0o666, 0, 3, device=Device(13, 2)))
    builder.add(0, b"su", regular(BytesContent(b"x"), 0o4755, 0, 0))
    builder.add(0, b"mine", regular(BytesContent(b"x"), 0o4755, 65534, 65534))
    locked = builder.add(0, b"locked", directory(0, 65534, 65534))
    builder.add(locked, b"inside", directory(0, 65534, 65534))
    tree = builder.build()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            found = {(u.path, u.what) for u in write_directory(tree, tmp_path / "out")}
            wanted = {(b"/", "owner"), (b"/null", "char"), (b"/su", "owner"), (b"/su", "set-uid")}
            status = 0 if found == wanted else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert stat.S_IMODE((tmp_path / "out" / "su").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "out" / "mine").stat().st_mode) == 0o4755
    assert not (tmp_path / "out" / "null").exists()


def test_broken_content_leaves_no_half_file(tmp_path: Path) -> None:
    class Broken(BytesContent):
        def read(self, offset: int, length: int) -> bytes:
            raise InputError("bad block 7")

    builder = TreeBuilder(directory())
    builder.add(0, b"f", regular(Broken(b"data")))
    with pytest.raises(InputError, match="/f: bad block 7"):
        write_directory(builder.build(), tmp_path / "out")
    assert os.listdir(tmp_path / "out") == []


def test_a_missing_directory_is_the_caller_s_fault(tmp_path: Path) -> None:
    with pytest.raises(CallerError):
        read_directory(tmp_path / "none")
    with pytest.raises(CallerError):
        write_directory(one_file(), tmp_path / "none" / "out")
