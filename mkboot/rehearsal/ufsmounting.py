# SPDX-License-Identifier: Apache-2.0
"""A UFS slice as a mounted file system: read when it is mounted, written when it is flushed.

The files of a mounted file system refer to the slice.  Before the slice is written anew, what
it holds is copied aside, and from then on they refer to the copy.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from mkboot.clock import build_time
from mkboot.errors import InputError
from mkboot.formats.ufs import UfsParameters, open_ufs, write_ufs
from mkboot.formats.ufs.geometry import lay_out
from mkboot.rehearsal.bytesmove import move_data
from mkboot.rehearsal.hardware import BEFORE_UFS, SliceWindow
from mkboot.rehearsal.notmodelled import NotModelled
from mkboot.rehearsal.ufsstate import mark_active, mark_clean
from mkboot.tree.content import EMPTY, BytesContent
from mkboot.tree.filetree import FileTree
from mkboot.tree.node import Node, NodeType
from mkboot.tree.source import ByteSource, FileSource


class SwitchedSource:
    """A source in whose place another can be put."""

    def __init__(self, source: ByteSource) -> None:
        self.now = source
        self.size = source.size

    def pread(self, offset: int, length: int) -> bytes:
        """Read from what is in place now."""
        return self.now.pread(offset, length)


class _Cleared:
    """A slice that is made zeros before the first byte is written: not when nothing is."""

    def __init__(self, window: SliceWindow) -> None:
        self._window = window
        self._is_clear = False
        self.size = window.size

    def pwrite(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        if not self._is_clear:
            self._window.clear()
            self._is_clear = True
        self._window.pwrite(offset, data)


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a file system has room for: bytes of data that anybody but root may fill less
    of, and inodes, the two that are never used included.
    """

    bytes: int
    inodes: int


class MountedUfs:
    """What ``Mounts`` calls to flush a UFS; made by opening a slice.

    The copy lies in ``work``, or beside the disk's image.  Raises ``InputError`` where there
    is no UFS, ``DeviceError`` where it cannot be read.
    """

    def __init__(self, window: SliceWindow, work: Path | None = None) -> None:
        self.window = window
        self._work = work or window.disk.image.parent
        self._source = SwitchedSource(window)
        self._aside: FileSource | None = None
        volume = open_ufs(self._source)
        self.parameters: UfsParameters = volume.parameters
        self.tree: FileTree = volume.tree()
        self._written: FileTree = self.tree
        self._point = b"/"
        self.is_active = False

    def activate(self, point: bytes) -> None:
        """Mounted read-write at ``point``: from now on a power cut leaves it unclean."""
        self._point = point
        mark_active(self.window, point)
        self.is_active = True

    def deactivate(self) -> None:
        """Unmounted in order, after the last flush."""
        if self.is_active:
            mark_clean(self.window)
        self.is_active = False

    def capacity(self) -> Capacity:
        """What the file system holds at most."""
        layout = lay_out(self.parameters)
        return Capacity(layout.dsize * layout.fsize, layout.inodes)

    def __call__(self, tree: FileTree) -> None:
        """Write ``tree`` into the slice, unless it is what was written last.

        It stays marked as in use.  Raises ``NotModelled`` for a tree that does not fit: what a
        script wrote too much by a way that does not count room.
        """
        if _same(tree, self._written):
            return
        self._put_aside()
        sink = _Cleared(self.window)
        try:
            write_ufs(tree, sink, self.parameters, time=build_time(), last_mounted=self._point)
        except InputError as e:
            raise NotModelled("umount", why=f"{self._point.decode(errors='replace')}: {e}") from e
        self._written = tree
        if self.is_active:
            mark_active(self.window, self._point)

    def _put_aside(self) -> None:
        """Copy what the slice holds, if a file refers to it."""
        if self._aside is not None or not _has_content(self.tree):
            return
        window = self.window
        with tempfile.TemporaryFile(dir=self._work) as file:
            os.ftruncate(file.fileno(), window.size)
            source, start = window.disk.descriptor, window.offset + BEFORE_UFS
            move_data(source, file.fileno(), start, -window.offset, window.offset + window.size)
            self._aside = FileSource(Path(f"/proc/self/fd/{file.fileno()}"))
        self._source.now = self._aside

    def close(self) -> None:
        """Give the copy back, once no file refers to it."""
        if self._aside is not None:
            self._aside.close()


def _same(one: FileTree, two: FileTree) -> bool:
    """Whether two trees are the same to their last node; content by its place, or its bytes."""
    if one is two:
        return True
    if len(one.nodes) != len(two.nodes) or one.names != two.names:
        return False
    return all(a is b or _same_node(a, b) for a, b in zip(one.nodes, two.nodes, strict=True))


def _same_node(one: Node, two: Node) -> bool:
    if one.content is two.content:
        return one == two
    contents = one.content, two.content
    if not all(isinstance(c, BytesContent) for c in contents) or one.size != two.size:
        return False
    if one.content.read(0, one.size) != two.content.read(0, two.size):
        return False
    return replace(one, content=EMPTY) == replace(two, content=EMPTY)


def _has_content(tree: FileTree) -> bool:
    return any(n.type is NodeType.FILE and n.content.size for n in tree.nodes)
