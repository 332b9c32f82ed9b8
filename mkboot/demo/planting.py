# SPDX-License-Identifier: Apache-2.0
"""How the demo's trees are put together, and what fills their files."""

from __future__ import annotations

from hashlib import shake_128

from mkboot.tree.content import BytesContent, Content, SolidContent
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.names import split_path
from mkboot.tree.node import SECOND, Device, Node, NodeType, directory

#: 9 April 2002, 12:00: the time of all that has no other, in seconds.
WHEN = 1_018_353_600
_PAGE = 1 << 16


class MadeUpContent(SolidContent):
    """Bytes that look random and are the same each time, made when they are read."""

    __slots__ = ("_seed", "_size")

    def __init__(self, seed: str, size: int) -> None:
        self._seed = seed
        self._size = size

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Make the pages that are touched."""
        end = min(offset + length, self._size)
        if offset >= end:
            return b""
        first, last = offset // _PAGE, (end - 1) // _PAGE
        pages = b"".join(self._page(n) for n in range(first, last + 1))
        return pages[offset - first * _PAGE : end - first * _PAGE]

    def _page(self, number: int) -> bytes:
        return shake_128(f"{self._seed}:{number}".encode()).digest(_PAGE)


class Planter:
    """Puts things into a tree by their paths; parents that are missing are made plain.

    Times are in seconds.
    """

    def __init__(self, *, resolution: int) -> None:
        self._builder = TreeBuilder(directory(0o755, 0, 0, WHEN * SECOND), resolution=resolution)

    def put(self, path: bytes, node: Node) -> int:
        """Put a node at ``path``; its number is returned."""
        *parents, name = split_path(path)
        plain = directory(0o755, 0, 3, WHEN * SECOND)
        parent = self._builder.make_directories(b"/".join(parents), plain) if parents else ROOT
        return self._builder.add(parent, name, node)

    def folder(self, path: bytes, mode: int = 0o755, uid: int = 0, gid: int = 3) -> None:
        """A directory."""
        self.put(path, directory(mode, uid, gid, WHEN * SECOND))

    def file(
        self,
        path: bytes,
        content: bytes | Content,
        mode: int = 0o644,
        uid: int = 0,
        gid: int = 3,
        time: int = WHEN,
    ) -> int:
        """A regular file; its number, for ``link``."""
        held = content if isinstance(content, Content) else BytesContent(content)
        return self.put(path, self._node(NodeType.FILE, mode, uid, gid, time, content=held))

    def bulk(self, path: bytes, size: int, mode: int = 0o644, uid: int = 0, gid: int = 3) -> int:
        """A regular file of made-up bytes; its path is their seed."""
        return self.file(path, MadeUpContent(path.decode(), size), mode, uid, gid)

    def symlink(self, path: bytes, target: bytes, uid: int = 0) -> None:
        """A symbolic link."""
        self.put(path, self._node(NodeType.SYMLINK, 0o777, uid, 0, WHEN, target=target))

    def fifo(self, path: bytes, mode: int = 0o600) -> None:
        """A named pipe."""
        self.put(path, self._node(NodeType.FIFO, mode, 0, 3, WHEN))

    def device(self, path: bytes, kind: NodeType, major: int, minor: int) -> None:
        """A character or block device."""
        held = Device(major, minor)
        self.put(path, self._node(kind, 0o640, 0, 3, WHEN, device=held))

    def link(self, number: int, path: bytes) -> None:
        """One more name for a file."""
        *parents, name = split_path(path)
        parent = self._builder.make_directories(b"/".join(parents), directory(mtime=WHEN * SECOND))
        self._builder.link(parent, name, number)

    def build(self) -> FileTree:
        """The tree."""
        return self._builder.build()

    @staticmethod
    def _node(
        kind: NodeType,
        mode: int,
        uid: int,
        gid: int,
        time: int,
        *,
        content: Content | None = None,
        target: bytes = b"",
        device: Device | None = None,
    ) -> Node:
        when = time * SECOND
        held = BytesContent(b"") if content is None else content
        # An inode that was never changed is taken for a free one by some programs.
        changed = WHEN * SECOND
        return Node(kind, mode, uid, gid, when, when, changed, held, target, device)
