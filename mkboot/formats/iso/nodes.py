# SPDX-License-Identifier: Apache-2.0
"""From directory records and their system use entries to nodes of the tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mkboot.errors import InputError
from mkboot.formats.iso.dates import read_long, read_short
from mkboot.formats.iso.notes import Notes
from mkboot.formats.iso.records import Record
from mkboot.formats.iso.structs import SECTOR
from mkboot.formats.iso.susp import SystemUse
from mkboot.tree.content import EMPTY, Content, RunsContent
from mkboot.tree.node import TYPE_OF_BITS, Device, Node, NodeType
from mkboot.tree.source import ByteSource

_FORMAT = 0o170000


@dataclass(frozen=True, slots=True)
class Inode:
    """A node that is no directory; two with the same ``key`` are one file.

    ``key`` is empty where nothing proves it: Rock Ridge says how many names a file has
    but not which, so only the same data, the same attributes and a count above one count.
    """

    node: Node
    key: tuple[object, ...]


class NodeMaker:
    """Makes nodes; what is odd but not fatal goes to ``notes``."""

    def __init__(self, source: ByteSource, notes: Notes) -> None:
        self._source = source
        self._notes = notes

    def inode(self, extents: Sequence[Record], use: SystemUse, path: bytes) -> Inode:
        """The node of a file, link, device … from the records of all its extents."""
        node = self.make(extents[0], use, extents, path)
        if use.links < 2 or node.type is not NodeType.FILE or node.size == 0:
            return Inode(node, ())
        data = tuple((e.extent, e.size) for e in extents)
        attributes = (node.mode, node.uid, node.gid, node.mtime, node.ctime, use.links)
        return Inode(node, (data, use.serial, attributes))

    def make(self, record: Record, use: SystemUse, extents: Sequence[Record], path: bytes) -> Node:
        """A node with the attributes of a record."""
        kind, mode = self._kind(record, use)
        target = b""
        if kind is NodeType.SYMLINK:
            target = use.target
            if not target or b"\0" in target:
                raise InputError("a symbolic link without a sound target")
        device = None
        if kind in (NodeType.CHAR, NodeType.BLOCK):
            device = use.device or self._no_device(path)
        mtime = self._time(use.mtime or record.date, path)
        return Node(
            kind,
            mode,
            use.uid,
            use.gid,
            mtime,
            self._time(use.atime, path) if use.atime else mtime,
            self._time(use.ctime, path) if use.ctime else mtime,
            self._content(extents, path) if kind is NodeType.FILE else EMPTY,
            target,
            device,
            ino=use.serial,
        )

    def _kind(self, record: Record, use: SystemUse) -> tuple[NodeType, int]:
        """Type and permission bits; hsfs shows 0555 and 0444 where nothing tells."""
        if use.mode is None:
            return (NodeType.DIRECTORY, 0o555) if record.is_directory else (NodeType.FILE, 0o444)
        kind = TYPE_OF_BITS.get(use.mode & _FORMAT)
        if kind is None or use.mode > 0o177777:
            raise InputError(f"a PX entry with the mode {use.mode:o}")
        if (kind is NodeType.DIRECTORY) != record.is_directory:
            raise InputError(f"record and PX entry (mode {use.mode:o}) disagree about the type")
        return kind, use.mode & 0o7777

    def _content(self, extents: Sequence[Record], path: bytes) -> Content:
        if len(extents) == 1 and extents[0].size == 0:
            return EMPTY
        runs: list[tuple[int, int, int]] = []
        size = 0
        for extent in extents:
            start = extent.extent * SECTOR
            if start + extent.size > self._source.size:
                self._notes.truncated(path)
            if extent.size:
                runs.append((size, extent.size, start))
            size += extent.size
        if len(extents) > 1:
            self._notes.extents(path)
        return RunsContent(self._source, size, runs)

    def _time(self, date: bytes, path: bytes) -> int:
        time = read_short(date) if len(date) == 7 else read_long(date)
        if time is None:
            self._notes.date(path)
            return 0
        return time

    def _no_device(self, path: bytes) -> Device:
        self._notes.no_device(path)
        return Device(0, 0)
