# SPDX-License-Identifier: Apache-2.0
"""From the inodes and directories of a UFS to a tree.

Directories are walked from the root; each inode becomes one node, however many names it
has.  A directory that is met twice (two names, or a loop) is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mkboot.errors import InputError
from mkboot.formats.acl import parse_acl
from mkboot.formats.inode import (
    BLOCKS_AT,
    DB_AT,
    IFATTRDIR,
    IFMT,
    IFSHAD,
    OEFT_AT,
    SHADOW_AT,
    mode_of,
    node_from_dinode,
    size_of,
    word_at,
)
from mkboot.formats.ufs.content import UfsContent, most_bytes, read_range
from mkboot.formats.ufs.entries import parse_directory, read_directory
from mkboot.formats.ufs.inodes import InodeTable
from mkboot.formats.ufs.store import BlockStore
from mkboot.formats.ufs.structs import ROOT_INODE
from mkboot.tree.collection import without_collection
from mkboot.tree.content import EMPTY
from mkboot.tree.filetree import ROOT, FileTree
from mkboot.tree.names import show
from mkboot.tree.node import TYPE_BITS, AclEntry, Attribute, Node, NodeType

#: Links whose text lies in the inode: makefs' way, never on a disk of Solaris.
_IN_INODE = 60
#: Solaris' PATH_MAX.
_MOST_TARGET = 1024
#: A shadow inode holds at most 2 x 1024 entries of 12 bytes.
_MOST_ACL = 1 << 16
_FILE, _DIRECTORY = TYPE_BITS[NodeType.FILE], TYPE_BITS[NodeType.DIRECTORY]
_SYMLINK, _SOCKET = TYPE_BITS[NodeType.SYMLINK], TYPE_BITS[NodeType.SOCKET]

_Acls = tuple[tuple[AclEntry, ...], tuple[AclEntry, ...]]


class TreeReader:
    """Reads one tree; used once."""

    def __init__(self, store: BlockStore) -> None:
        self._store = store
        self._order = store.order
        self._most_bytes = most_bytes(store.sb)
        self._room = store.sb.size * store.sb.fsize
        self._inodes = InodeTable(store)
        self._acls: dict[int, _Acls] = {}
        self._attribute_nodes: dict[int, Node] = {}
        self._nodes: list[Node] = []
        self._names: dict[int, dict[bytes, int]] = {}
        self._parents: list[int] = []
        self._nlinks: list[int] = []

    def read(self) -> FileTree:
        """The whole tree.  ``InputError`` with the inode and path where it is broken."""
        with without_collection():
            return self._read()

    def _read(self) -> FileTree:
        try:
            root = self._make(ROOT_INODE)
        except InputError as e:
            raise e.inside(*self._store.place, f"inode {ROOT_INODE} '/'") from e
        if not root.is_directory:
            raise InputError("the root is no directory", place=self._place(ROOT_INODE, "/"))
        self._add(ROOT, root)
        stack = [ROOT]
        while stack:
            stack.extend(self._directory(stack.pop()))
        return FileTree(self._nodes, self._names, self._parents, self._nlinks, 1000)

    def _directory(self, here: int) -> list[int]:
        """Take in the entries of one directory; the directories among them are returned."""
        node = self._nodes[here]
        above = self._nodes[self._parents[here]].ino
        try:
            entries = self._entries(node.dinode, node.ino, above)
        except InputError as e:
            raise e.inside(*self._place(node.ino, self._path(here))) from e
        inside = self._names[here]
        found: list[int] = []
        for name, ino in entries.items():
            try:
                number = self._inodes.node_of(ino)
                if number is None:
                    child = self._make(ino)
                    number = self._add(here, child)
                    if child.is_directory:
                        found.append(number)
                elif number in self._names:
                    raise InputError("a directory that was met before: a loop or a second name")
                else:
                    self._nlinks[number] += 1
            except InputError as e:
                path = self._path(here).rstrip("/") + "/" + show(name)
                raise e.inside(*self._place(ino, path)) from e
            inside[name] = number
        return found

    def _add(self, parent: int, node: Node) -> int:
        number = len(self._nodes)
        self._inodes.set_node(node.ino, number)
        self._nodes.append(node)
        self._parents.append(parent)
        if node.is_directory:
            self._nlinks.append(2)
            self._names[number] = {}
            if number:
                self._nlinks[parent] += 1
        else:
            self._nlinks.append(1)
        return number

    def _entries(self, dinode: bytes, ino: int, above: int) -> dict[bytes, int]:
        data = read_directory(self._store, dinode)
        # Directories cannot share blocks, so together they are no larger than the disk:
        # without this a small image could keep the reader busy for days.
        self._room -= len(data)
        if self._room < 0:
            raise InputError("the directories together are larger than the file system")
        return parse_directory(data, self._order, ino, above)

    def _make(self, ino: int) -> Node:
        """The node of an inode that belongs into a directory."""
        dinode = self._inodes.get(ino)
        order = self._order
        kind = mode_of(dinode, order) & IFMT
        if kind in (IFSHAD, IFATTRDIR):
            raise InputError("a name for an inode that must not have one")
        acl: _Acls = ((), ())
        attributes: tuple[Attribute, ...] = ()
        if dinode[SHADOW_AT : SHADOW_AT + 4] != b"\0\0\0\0" and kind not in (_SYMLINK, _SOCKET):
            acl = self._acl(word_at(dinode, SHADOW_AT, order))
        if dinode[OEFT_AT : OEFT_AT + 4] != b"\0\0\0\0":
            attributes = self._attributes(word_at(dinode, OEFT_AT, order), ino)
        return self._node(dinode, ino, kind, acl, attributes)

    def _node(
        self, dinode: bytes, ino: int, kind: int, acl: _Acls, attributes: tuple[Attribute, ...]
    ) -> Node:
        content, target = EMPTY, b""
        if kind == _FILE:
            size = size_of(dinode, self._order)
            if size > self._most_bytes:
                raise InputError(f"a file of {size} bytes")
            if size:
                content = UfsContent(self._store, dinode, ino)
        elif kind == _SYMLINK:
            target = self._target(dinode)
        return node_from_dinode(dinode, self._order, ino, content, target, *acl, attributes)

    def _target(self, dinode: bytes) -> bytes:
        size = size_of(dinode, self._order)
        if not 0 < size <= _MOST_TARGET:
            raise InputError(f"a symbolic link of {size} bytes")
        if size < _IN_INODE and word_at(dinode, BLOCKS_AT, self._order) == 0:
            target = dinode[DB_AT : DB_AT + size]
        else:
            target = b"".join(read_range(self._store, dinode, 0, size))
        if b"\0" in target:
            raise InputError("a symbolic link with a zero byte in its text")
        return target

    def _acl(self, shadow: int) -> _Acls:
        known = self._acls.get(shadow)
        if known is None:
            place = (f"shadow inode {shadow}",)
            try:
                known = self._acls[shadow] = self._read_acl(shadow)
            except InputError as e:
                raise e.inside(*place) from e
        return known

    def _read_acl(self, shadow: int) -> _Acls:
        dinode = self._inodes.get(shadow)
        if mode_of(dinode, self._order) & IFMT != IFSHAD:
            raise InputError("not a shadow inode")
        size = size_of(dinode, self._order)
        if not 0 < size <= _MOST_ACL:
            raise InputError(f"an ACL of {size} bytes")
        return parse_acl(b"".join(read_range(self._store, dinode, 0, size)), self._order)

    def _attributes(self, directory: int, owner: int) -> tuple[Attribute, ...]:
        try:
            dinode = self._inodes.get(directory)
            if mode_of(dinode, self._order) & IFMT != IFATTRDIR:
                raise InputError("not an attribute directory")
            entries = self._entries(dinode, directory, owner)
            return tuple(Attribute(name, self._attribute(ino)) for name, ino in entries.items())
        except InputError as e:
            raise e.inside(f"attribute directory {directory}") from e

    def _attribute(self, ino: int) -> Node:
        known = self._attribute_nodes.get(ino)
        if known is None:
            dinode = self._inodes.get(ino)
            kind = mode_of(dinode, self._order) & IFMT
            if kind != _FILE or word_at(dinode, OEFT_AT, self._order):
                raise InputError(f"inode {ino} is no plain file, but an attribute")
            shadow = word_at(dinode, SHADOW_AT, self._order)
            acl = self._acl(shadow) if shadow else ((), ())
            known = self._attribute_nodes[ino] = self._node(dinode, ino, kind, acl, ())
        return known

    def _place(self, ino: int, path: str) -> tuple[str, ...]:
        return (*self._store.place, f"inode {ino} '{path}'")

    def _path(self, number: int) -> str:
        return path_of_node(self._names, self._parents, number)


def path_of_node(
    names: Mapping[int, Mapping[bytes, int]], parents: Sequence[int], number: int
) -> str:
    """A path of a node, for people; slow, for error messages only."""
    parts: list[bytes] = []
    while number != ROOT:
        above = parents[number]
        parts.append(next((n for n, child in names[above].items() if child == number), b"?"))
        number = above
    return "/" + "/".join(show(part) for part in reversed(parts))


def path_in_tree(tree: FileTree, ino: int) -> str | None:
    """A path of the node with an inode number, or None; slow, for error messages only."""
    number = next((n for n, node in enumerate(tree.nodes) if node.ino == ino), None)
    return None if number is None else path_of_node(tree.names, tree.parents, number)
