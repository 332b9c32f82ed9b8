# SPDX-License-Identifier: Apache-2.0
"""Reading a cpio archive into a tree; content stays where it is."""

from __future__ import annotations

from mkboot.errors import InputError
from mkboot.formats.cpio.headers import Header, read_header
from mkboot.formats.cpio.structs import CRC_MAGIC, NEWC_MAGIC, ODC_MAGIC, TRAILER
from mkboot.tree.content import CHUNK, EMPTY, Content, RunsContent
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.names import show, split_path
from mkboot.tree.node import SECOND, TYPE_OF_BITS, Device, Node, NodeType, directory
from mkboot.tree.source import ByteSource

_TARGET_MAX = 4096
_MAGICS = (ODC_MAGIC, NEWC_MAGIC, CRC_MAGIC)


def looks_like_cpio(source: ByteSource) -> bool:
    """Whether it begins with an ASCII header."""
    return source.pread(0, 6) in _MAGICS


def read_cpio(source: ByteSource, *, place: tuple[str, ...] = (), check: bool = False) -> FileTree:
    """The tree of an archive that ends with its trailer; what follows that is not looked at.

    A later entry of the same name takes the earlier's place.  ``check`` reads the data of
    the crc form and compares their sums; the other forms have none.  Raises ``InputError``
    for what is broken, cut short, or climbs with ``..``.
    """
    reader = _Reader(source, check=check)
    try:
        return reader.read()
    except InputError as e:
        raise e.inside(*place) from e


class _Reader:
    """One reading of one archive."""

    def __init__(self, source: ByteSource, *, check: bool) -> None:
        self._source = source
        self._check = check
        self._builder = TreeBuilder(directory(), resolution=SECOND)
        #: Nodes that may get further names: by device and inode, and what odc cannot tell apart.
        self._linked: dict[tuple[object, ...], int] = {}

    def read(self) -> FileTree:
        at = 0
        while True:
            header = read_header(self._source, at)
            if header.name == TRAILER:
                return self._builder.build()
            try:
                self._take(split_path(header.name), header)
            except InputError as e:
                raise e.inside(show(header.name)) from e
            at = header.next

    def _take(self, names: tuple[bytes, ...], header: Header) -> None:
        if self._check and header.magic == CRC_MAGIC:
            self._compare_sum(header)
        node = self._node(header)
        if not names:
            if not node.is_directory:
                raise InputError("the root is not a directory")
            self._builder.replace(ROOT, node)
            return
        parent = self._builder.make_directories(b"/".join(names[:-1]), directory())
        there = self._builder.children(parent).get(names[-1])
        if there is not None and node.is_directory and self._builder.node(there).is_directory:
            self._builder.replace(there, node)
            return
        if there is not None:
            if self._builder.children(there):
                raise InputError("takes the place of a directory that is not empty")
            self._builder.unlink(parent, names[-1])
        self._add(parent, names[-1], node, header)

    def _add(self, parent: int, name: bytes, node: Node, header: Header) -> None:
        """A new node, or one more name of an earlier one.

        Data stand with the last name (newc) or with each (odc); the other names say 0.
        """
        if node.is_directory or header.nlink < 2:
            self._builder.add(parent, name, node)
            return
        key = self._identity(header)
        first = self._linked.get(key)
        if first is None:
            self._linked[key] = self._builder.add(parent, name, node)
            return
        self._builder.link(parent, name, first)
        if header.size:
            self._builder.replace(first, node)

    @staticmethod
    def _identity(header: Header) -> tuple[object, ...]:
        same = (header.device, header.ino, header.mode)
        # odc's 18 bits of inode number wrap around: two files may have one
        return (
            same
            if header.magic != ODC_MAGIC
            else (*same, header.uid, header.gid, header.mtime, header.nlink, header.size)
        )

    def _node(self, header: Header) -> Node:
        kind = TYPE_OF_BITS.get(header.mode & 0o170000)
        if kind is None:
            raise InputError(f"has the unknown type {header.mode:o}")
        time = header.mtime * SECOND
        target = self._target(header) if kind is NodeType.SYMLINK else b""
        content: Content = EMPTY
        if kind is NodeType.FILE and header.size:
            content = RunsContent(self._source, header.size, [(0, header.size, header.data)])
        device = Device(*header.rdev) if kind in (NodeType.CHAR, NodeType.BLOCK) else None
        mode = header.mode & 0o7777
        return Node(
            kind, mode, header.uid, header.gid, time, time, time, content, target, device
        )  # fmt: skip

    def _target(self, header: Header) -> bytes:
        if not 0 < header.size <= _TARGET_MAX:
            raise InputError(f"is a link to a name of {header.size} bytes")
        target = self._source.pread(header.data, header.size)
        if b"\0" in target:
            raise InputError("is a link to a name with a NUL")
        return target

    def _compare_sum(self, header: Header) -> None:
        total, at, end = 0, header.data, header.data + header.size
        while at < end:
            data = self._source.pread(at, min(CHUNK, end - at))
            if not data:
                raise InputError("became shorter while it was read")
            total += sum(data)
            at += len(data)
        if total & 0xFFFFFFFF != header.check and header.mode & 0o170000 == 0o100000:
            raise InputError("its data are not what their sum says")
