# SPDX-License-Identifier: Apache-2.0
"""A tree laid out as real files and read back: the same, but for what somebody changed."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from ufs_making import noise, ufs_trees

from mkboot.errors import InputError
from mkboot.rehearsal.laying import SMALL
from mkboot.rehearsal.notmodelled import NotModelled
from mkboot.rehearsal.shadow import Shadow
from mkboot.tree.compare import Comparison
from mkboot.tree.content import BytesContent, RunsContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import (
    AclEntry,
    Attribute,
    Device,
    Node,
    NodeType,
    directory,
    regular,
    symlink,
)
from mkboot.tree.source import BytesSource

WHEN = 1_000_000_000 * 10**9
LARGE = 3 * SMALL + 100
TEXT = b"a line of text\n" * (LARGE // 10)


def tree_of(nodes: dict[bytes, Node]) -> FileTree:
    builder = TreeBuilder(directory(0o755, 0, 0, WHEN))
    for path, node in nodes.items():
        folder, _, name = path.rpartition(b"/")
        builder.add(builder.make_directories(folder, directory(0o755, 5, 6, WHEN)), name, node)
    return builder.build()


def small_tree() -> FileTree:
    return tree_of(
        {
            b"/etc/small": regular(BytesContent(b"small\n"), 0o640, 7, 8, WHEN),
            b"/etc/large": regular(noise(LARGE), 0o4755, 9, 10, WHEN),
            b"/etc/text": regular(BytesContent(TEXT), 0o644, 9, 10, WHEN),
            b"/usr/bin/tool": regular(BytesContent(b"\x7fELF tool"), 0o555, 0, 2, WHEN),
            b"/dev/tape": Node(NodeType.CHAR, 0o666, 0, 3, WHEN, device=Device(33, 1)),
            b"/dev/disk": Node(NodeType.BLOCK, 0o640, 0, 3, WHEN, device=Device(32, 7)),
            b"/etc/link": symlink(b"../somewhere", 3, 4, WHEN),
        }
    )


class Laid:
    """A small tree laid out."""

    def __init__(self, here: Path, tree: FileTree) -> None:
        self.here = here / "laid"
        self.here.mkdir()
        self.tree = tree
        self.shadow = Shadow()
        self.shadow.lay_out(
            tree, self.here, lambda path, _node: b"#!stub\n" if path == b"/usr/bin/tool" else None
        )

    def collect(self) -> FileTree:
        return self.shadow.collect(self.here)

    def changes(self) -> dict[str, list[str]]:
        """Path to fields that differ now, but for times."""
        found: dict[str, list[str]] = {}
        for d in Comparison(self.tree, self.collect(), frozenset({"mtime"})).differences():
            found.setdefault(d.path.decode(), []).append(d.field)
        return found

    def sh(self, script: str) -> None:
        subprocess.run(["sh", "-ec", script], cwd=self.here, check=True)

    def node(self, path: bytes) -> Node:
        found = self.collect().node_at(path)
        assert found is not None
        return found

    def content(self, path: bytes) -> bytes:
        node = self.node(path)
        return node.content.read(0, node.size)


@pytest.fixture
def laid(tmp_path: Path) -> Laid:
    return Laid(tmp_path, small_tree())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ufs_trees())
def test_a_tree_comes_back_as_it_was(tree: FileTree) -> None:
    with tempfile.TemporaryDirectory() as name:
        here = Path(name) / "laid"
        here.mkdir()
        shadow = Shadow()
        shadow.lay_out(tree, here)
        assert not shadow.is_changed(here)
        again = shadow.collect(here)
    assert list(Comparison(tree, again).differences()) == []
    before = {path: node for path, _, node in tree.walk()}
    after = {path: node for path, _, node in again.walk()}
    assert before == after
    links = {path: tree.nlink(number) for path, number, _ in tree.walk()}
    assert links == {path: again.nlink(number) for path, number, _ in again.walk()}


def test_acls_attributes_and_the_inode_stay(tmp_path: Path) -> None:
    full = replace(
        regular(BytesContent(b"x"), 0o6711, 1, 2, WHEN),
        acl=(AclEntry(1, 100, 7),), default_acl=(AclEntry(2, 3, 4),),
        attributes=(Attribute(b"more", regular(BytesContent(b"y"))),), ino=77, dinode=b"d" * 128,
        ctime=5, atime=6,
    )  # fmt: skip
    laid = Laid(tmp_path, tree_of({b"/full": full}))
    assert laid.node(b"/full") == full


def test_a_path_longer_than_the_kernel_takes(tmp_path: Path) -> None:
    builder = TreeBuilder(directory(0o755, mtime=WHEN))
    at = 0
    for _ in range(30):
        at = builder.add(at, b"d" * 200, directory(0o755, 1, 2, WHEN))
    builder.add(at, b"file", regular(noise(LARGE), mtime=WHEN))
    laid = Laid(tmp_path, builder.build())
    assert laid.changes() == {}
    subprocess.run(["rm", "-rf", laid.here], check=True)


def test_what_stands_there_really(laid: Laid) -> None:
    assert (laid.here / "etc/small").read_bytes() == b"small\n"
    assert (laid.here / "etc/text").read_bytes() == TEXT, "a shell may read it"
    large = (laid.here / "etc/large").stat()
    assert large.st_size == LARGE and large.st_blocks == 0
    assert large.st_mtime_ns == WHEN and large.st_mode & 0o7777 == 0o4755
    assert (laid.here / "usr/bin/tool").read_bytes() == b"#!stub\n"
    assert laid.content(b"/usr/bin/tool") == b"\x7fELF tool"
    assert not laid.shadow.is_changed(laid.here)


def test_content_is_read_by_reference(laid: Laid) -> None:
    for name, want in (("large", noise(LARGE).read(0, LARGE)), ("small", b"small\n")):
        source = laid.shadow.source(laid.here / "etc" / name)
        assert source is not None and source.pread(0, source.size) == want
        with (laid.here / "etc" / name).open("rb") as file:
            again = laid.shadow.source_of_fd(file.fileno())
            assert again is not None and again.pread(0, again.size) == want
    assert laid.shadow.source(laid.here / "etc") is None
    assert laid.shadow.source(laid.here / "nothing") is None


def test_new_files_are_roots(laid: Laid) -> None:
    before = time.time_ns() - 10**9
    laid.sh("umask 027; echo new > etc/new; mkdir etc/folder; ln -s target etc/symbolic")
    assert laid.shadow.is_changed(laid.here)
    new = laid.node(b"/etc/new")
    assert (new.mode, new.uid, new.gid) == (0o640, 0, 1)
    assert before < new.mtime <= time.time_ns()
    assert laid.content(b"/etc/new") == b"new\n"
    assert laid.node(b"/etc/folder").mode == 0o750
    assert laid.node(b"/etc/symbolic").target == b"target"
    assert laid.node(b"/etc").mtime > before
    assert laid.node(b"/usr").mtime == WHEN


def test_what_was_written_is_real_and_keeps_its_owner(laid: Laid) -> None:
    laid.sh("echo more >> etc/small; chmod 600 etc/text")
    assert laid.changes() == {"/etc/small": ["size", "content"], "/etc/text": ["mode"]}
    node = laid.node(b"/etc/small")
    assert (node.mode, node.uid, node.gid) == (0o640, 7, 8)
    assert laid.content(b"/etc/small") == b"small\nmore\n"


def test_a_large_file_appended_to(laid: Laid) -> None:
    laid.sh("echo more >> etc/large")
    assert laid.content(b"/etc/large") == noise(LARGE).read(0, LARGE) + b"more\n"
    assert laid.node(b"/etc/large").uid == 9


@pytest.mark.parametrize("size", [10, LARGE + 5000])
def test_a_large_file_written_anew(laid: Laid, size: int) -> None:
    (laid.here / "etc/large").write_bytes(b"n" * size)
    assert laid.content(b"/etc/large") == b"n" * size


def test_a_large_file_written_into_is_refused(laid: Laid) -> None:
    with (laid.here / "etc/large").open("r+b") as file:
        file.seek(SMALL)
        file.write(b"middle")
    with pytest.raises(InputError, match="middle"):
        laid.collect()


def test_filling_in(laid: Laid) -> None:
    path = laid.here / "etc/large"
    laid.shadow.fill(path)
    assert path.read_bytes() == noise(LARGE).read(0, LARGE)
    assert not laid.shadow.is_changed(laid.here)
    with path.open("r+b") as file:
        file.seek(SMALL)
        file.write(b"middle")
    assert laid.content(b"/etc/large")[SMALL:][:8] == b"middle" + noise(LARGE).read(SMALL + 6, 2)


def test_holes_stay_holes_when_filled_in(tmp_path: Path) -> None:
    content = noise(64 << 20, (1 << 20, 100))
    laid = Laid(tmp_path, tree_of({b"/f": regular(content, mtime=WHEN)}))
    laid.shadow.fill(laid.here / "f")
    assert (laid.here / "f").stat().st_blocks < 64
    assert laid.changes() == {}


def test_a_command_or_too_much_is_not_filled_in(tmp_path: Path) -> None:
    huge = RunsContent(BytesSource(b""), 1 << 40, ())
    tree = tree_of({b"/usr/bin/tool": regular(BytesContent(b"\x7fELF"), 0o555, mtime=WHEN),
                    b"/huge": regular(huge, mtime=WHEN)})  # fmt: skip
    laid = Laid(tmp_path, tree)
    for name in ("usr/bin/tool", "huge"):
        with pytest.raises(NotModelled):
            laid.shadow.fill(laid.here / name)


def test_names_come_and_go(laid: Laid) -> None:
    laid.sh("mv etc/small usr/moved; ln usr/moved usr/again; rm etc/large; mv etc/text etc/small")
    again = laid.collect()
    assert again.find(b"/usr/moved") == again.find(b"/usr/again")
    assert again.node_at(b"/usr/moved").uid == 7  # type: ignore[union-attr]
    assert again.find(b"/etc/large") is None
    assert laid.content(b"/etc/small") == TEXT


def test_owner_and_mode_as_a_handler_changes_them(laid: Laid) -> None:
    laid.shadow.chown(laid.here / "etc/large", 100, None)
    laid.shadow.chmod(laid.here / "etc/large", 0o2711)
    laid.shadow.chown(laid.here / "etc/link", None, 200)
    laid.shadow.chmod(laid.here / "usr/bin/tool", 0o500)
    assert laid.shadow.is_changed(laid.here)
    assert laid.changes() == {
        "/etc/large": ["mode", "uid"], "/etc/link": ["gid"], "/usr/bin/tool": ["mode"],
    }  # fmt: skip
    assert (laid.here / "usr/bin/tool").read_bytes() == b"#!stub\n"
    assert laid.shadow.look(laid.here / "etc/large").mode == 0o2711


def test_what_handlers_put_and_settle(laid: Laid) -> None:
    path = laid.here / "a"
    made = directory(0o711, 20, 30, WHEN)
    laid.shadow.put(path, made)
    laid.shadow.put(path / "f", regular(noise(LARGE), 0o600, 1, 2, WHEN))
    laid.shadow.put(path / "d", Node(NodeType.BLOCK, 0o600, 0, 0, WHEN, device=Device(1, 2)))
    laid.shadow.settle(path, made)
    assert laid.node(b"/a") == made
    assert laid.node(b"/a/d").device == Device(1, 2)
    assert laid.content(b"/a/f") == noise(LARGE).read(0, LARGE)
    assert laid.shadow.is_changed(laid.here)
    with pytest.raises(FileExistsError):
        laid.shadow.put(path, made)


def test_what_looks_like_a_device(laid: Laid) -> None:
    laid.sh("[ -c dev/tape ]")
    assert laid.shadow.look(laid.here / "dev/disk").device == Device(32, 7)


def test_a_name_that_is_hidden(laid: Laid) -> None:
    (laid.here / ".mk").mkdir()
    os.utime(laid.here, ns=(WHEN, WHEN))
    assert not laid.shadow.is_changed(laid.here, frozenset({b".mk"}))
    assert laid.shadow.is_changed(laid.here)
    assert laid.shadow.collect(laid.here, frozenset({b".mk"})).find(b"/.mk") is None


def test_what_goes_is_forgotten(laid: Laid) -> None:
    assert len(laid.shadow) > 5
    laid.shadow.forget(laid.here)
    assert len(laid.shadow) == 0


def test_a_medium_that_cannot_be_read_is_no_stop(tmp_path: Path) -> None:
    broken = RunsContent(BytesSource(b"short"), 100, [(0, 100, 0)])
    laid = Laid(tmp_path, tree_of({b"/f": regular(broken, mtime=WHEN)}))
    source = laid.shadow.source(laid.here / "f")
    assert source is not None
    with pytest.raises(InputError):
        source.pread(0, 100)
