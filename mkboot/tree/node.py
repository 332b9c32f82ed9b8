# SPDX-License-Identifier: Apache-2.0
"""One thing in a tree: a file, a directory, a link, a device …, without its names."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from mkboot.tree.content import EMPTY, Content

SECOND = 1_000_000_000


class NodeType(StrEnum):
    """What a node is.  The value is its letter in ``ls -l``."""

    FILE = "-"
    DIRECTORY = "d"
    SYMLINK = "l"
    CHAR = "c"
    BLOCK = "b"
    FIFO = "p"
    SOCKET = "s"


#: The type part of st_mode, the same on Solaris and Linux.
TYPE_BITS: dict[NodeType, int] = {
    NodeType.FIFO: 0o010000,
    NodeType.CHAR: 0o020000,
    NodeType.DIRECTORY: 0o040000,
    NodeType.BLOCK: 0o060000,
    NodeType.FILE: 0o100000,
    NodeType.SYMLINK: 0o120000,
    NodeType.SOCKET: 0o140000,
}
TYPE_OF_BITS: dict[int, NodeType] = {bits: kind for kind, bits in TYPE_BITS.items()}


class Device(NamedTuple):
    """A device number, as Solaris splits it."""

    major: int
    minor: int


class AclEntry(NamedTuple):
    """One ACL entry as Solaris' sys/acl.h has it: type tag, user or group id, rwx bits."""

    tag: int
    who: int
    perm: int


class Attribute(NamedTuple):
    """An extended attribute (Solaris 9 on): a named node below a file."""

    name: bytes
    node: Node


@dataclass(frozen=True, slots=True)
class Node:
    """All that an inode says, plus where its content is.

    ``mode`` is the twelve permission bits.  Times are nanoseconds since 1970, possibly
    negative.  ``acl`` and ``default_acl`` are empty where there is none.  ``ino`` is the
    inode number in the container it was read from, 0 where it has none.  ``dinode`` is
    the 128-byte UFS inode it was read from, in the byte order of that file system, or
    empty: only formats that share UFS' inode look at it, and where it and the other
    fields disagree the other fields are right.
    """

    type: NodeType
    mode: int
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    atime: int = 0
    ctime: int = 0
    content: Content = EMPTY
    target: bytes = b""
    device: Device | None = None
    acl: tuple[AclEntry, ...] = ()
    default_acl: tuple[AclEntry, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    ino: int = 0
    dinode: bytes = b""

    @property
    def is_directory(self) -> bool:
        """Whether other nodes may lie below it."""
        return self.type is NodeType.DIRECTORY

    @property
    def size(self) -> int:
        """Bytes of content or of a link's target; 0 for everything else."""
        return len(self.target) if self.type is NodeType.SYMLINK else self.content.size


def directory(mode: int = 0o755, uid: int = 0, gid: int = 0, mtime: int = 0) -> Node:
    """A plain directory; ``mtime`` in nanoseconds is taken for all three times."""
    return Node(NodeType.DIRECTORY, mode, uid, gid, mtime, mtime, mtime)


def regular(
    content: Content, mode: int = 0o644, uid: int = 0, gid: int = 0, mtime: int = 0
) -> Node:
    """A plain file; ``mtime`` in nanoseconds is taken for all three times."""
    return Node(NodeType.FILE, mode, uid, gid, mtime, mtime, mtime, content)


def symlink(target: bytes, uid: int = 0, gid: int = 0, mtime: int = 0) -> Node:
    """A symbolic link; ``mtime`` in nanoseconds is taken for all three times."""
    return Node(NodeType.SYMLINK, 0o777, uid, gid, mtime, mtime, mtime, target=target)
