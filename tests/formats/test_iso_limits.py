# SPDX-License-Identifier: Apache-2.0
"""What the ISO writer refuses, and how it notices files and a pycdlib that change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from formats.iso_tools import image_bytes
from pycdlib import PyCdlib, rockridge

from mkboot.errors import BugError, CallerError, InputError
from mkboot.formats.iso import lay_out_iso, selfcheck
from mkboot.tree.content import BytesContent, Content, Extent
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.node import (
    SECOND,
    AclEntry,
    Device,
    Node,
    NodeType,
    directory,
    regular,
    symlink,
)


def one_file(content: Content) -> FileTree:
    builder = TreeBuilder(directory(), resolution=SECOND)
    builder.add(ROOT, b"file", regular(content))
    return builder.build()


class Late(Content):
    """A content whose bytes are decided late, or badly."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.data: bytes | None = None
        self.length = size

    @property
    def size(self) -> int:
        return self.length

    def extents(self) -> Iterator[Extent]:
        yield Extent(0, self._size)

    def read(self, offset: int, length: int) -> bytes:
        if self.data is None:
            raise AssertionError("read before it was time")
        return self.data[offset : offset + length]


def test_bytes_are_asked_for_at_the_end_only() -> None:
    content = Late(5000)
    laid_out = lay_out_iso(one_file(content), volume_id="X", time=0)
    extent = laid_out.extent_of(b"/file")
    assert extent is not None
    content.data = b"z" * 5000
    assert image_bytes(laid_out)[extent[0] : extent[0] + 5000] == b"z" * 5000


@pytest.mark.parametrize(("size", "message"), [(4000, "ends after"), (5001, "now it has 5001")])
def test_a_file_that_changes_its_size(size: int, message: str) -> None:
    content = Late(5000)
    laid_out = lay_out_iso(one_file(content), volume_id="X", time=0)
    content.data = b"z" * size
    content.length = max(size, 5000)
    with pytest.raises(InputError, match=f"'/file'.*{message}"):
        image_bytes(laid_out)


class Huge(Late):
    def __init__(self, size: int) -> None:
        super().__init__(size)


def test_the_largest_file() -> None:
    laid_out = lay_out_iso(one_file(Huge(0xFFFFFFFF)), volume_id="X", time=0)
    assert laid_out.extent_of(b"/file") == (laid_out.size - (1 << 32), 0xFFFFFFFF)


TIMED = Node(NodeType.FIFO, 0o644, mtime=-(10**11) * SECOND)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (regular(Huge(1 << 32)), "4 GiB"),
        (symlink(b"t" * 5000), "5000 bytes"),
        (Node(NodeType.CHAR, 0o600, device=Device(0, 256)), "device 0,256"),
        (Node(NodeType.BLOCK, 0o600, device=Device(1, 1 << 32)), "device 1"),
        (Node(NodeType.FIFO, 0o600, uid=-1), "owner -1:0"),
        (Node(NodeType.FIFO, 0o600, gid=1 << 32), "owner 0:4294967296"),
        (TIMED, "a time that"),
    ],
)
def test_what_a_disc_cannot_hold(node: Node, message: str) -> None:
    builder = TreeBuilder(directory())
    builder.add(builder.add(ROOT, b"d\n", directory()), b"bad", node)
    with pytest.raises(InputError, match=message) as caught:
        lay_out_iso(builder.build(), volume_id="X", time=0)
    assert "'/d\\x0a/bad'" in str(caught.value)


@pytest.mark.parametrize("volume_id", ["", "x" * 33, "\xe9", "a\n"])
def test_volume_ids(volume_id: str) -> None:
    with pytest.raises(CallerError):
        lay_out_iso(one_file(BytesContent(b"")), volume_id=volume_id, time=0)


def test_what_is_lost_is_named() -> None:
    builder = TreeBuilder(directory())
    node = Node(NodeType.FIFO, 0o644, acl=(AclEntry(2, 5, 7),))
    builder.add(ROOT, b"with", node)
    laid_out = lay_out_iso(builder.build(), volume_id="X", time=0)
    assert laid_out.lost == (b"/with",)


@pytest.fixture
def fresh_check() -> Iterator[None]:
    selfcheck.check_once.cache_clear()
    yield
    selfcheck.check_once.cache_clear()


@pytest.mark.usefixtures("fresh_check")
def test_another_pycdlib_that_swaps_owners(monkeypatch: pytest.MonkeyPatch) -> None:
    original = rockridge.RRPXRecord.record

    def record(self: rockridge.RRPXRecord, version: str) -> bytes:
        made = original(self, version)
        return made[:20] + made[28:36] + made[20:28]

    monkeypatch.setattr(rockridge.RRPXRecord, "record", record)
    with pytest.raises(BugError, match=r"pycdlib: [ug]id of /"):
        lay_out_iso(one_file(BytesContent(b"x")), volume_id="X", time=0)


@pytest.mark.usefixtures("fresh_check")
def test_another_pycdlib_without_a_name_that_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(PyCdlib, "_add_child_to_dr")
    with pytest.raises(BugError, match="pycdlib's PyCdlib has no _add_child_to_dr"):
        lay_out_iso(one_file(BytesContent(b"x")), volume_id="X", time=0)


@pytest.mark.usefixtures("fresh_check")
def test_another_pycdlib_with_other_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PyCdlib, "_add_to_ptr_size", lambda self: 0)
    with pytest.raises(BugError, match="does not work as expected"):
        lay_out_iso(one_file(BytesContent(b"x")), volume_id="X", time=0)
