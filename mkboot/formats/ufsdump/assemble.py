# SPDX-License-Identifier: Apache-2.0
"""From inodes and directory entries to a tree."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

from mkboot.errors import InputError
from mkboot.formats.inode import (
    DINODE,
    FLAGS_AT,
    IFATTRDIR,
    IFMT,
    OEFT_AT,
    ByteOrder,
    mode_of,
    node_from_dinode,
    word_at,
)
from mkboot.formats.ufsdump.scan import IFDIR, IFREG, Item, Scan
from mkboot.formats.ufsdump.structs import ROOT_INODE
from mkboot.model.finding import Finding, note, warning
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.names import show
from mkboot.tree.node import Attribute, Node, directory

#: UFS keeps times in microseconds.
RESOLUTION = 1000
#: What is left of a file in a scan that is used up: enough to give it more names.
_TAKEN = Item(0, bytes(DINODE))


@dataclass(slots=True)
class Assembler:
    """Joins a scan to a tree; ``findings`` grows while it does.

    ``whole`` says that it is a level 0 dump: then every entry should lead somewhere.
    ``slim`` uses the scan up: what has become a file of the tree is no longer in it, and
    files keep their raw inode only where its flags say something.
    """

    scan: Scan
    byte_order: ByteOrder
    whole: bool
    place: tuple[str, ...]
    findings: list[Finding] = field(default_factory=list)
    slim: bool = False
    _used: set[int] = field(default_factory=set)
    _named: Collection[int] = ()
    _absent: int = 0

    def tree(self) -> FileTree:
        """The tree from inode 2 down.

        Raises ``InputError`` for loops, wrong names, and inodes that the stream promises but
        does not have.  An incremental dump gives the part of the tree that is in it.
        """
        builder = TreeBuilder(self._root(), resolution=RESOLUTION)
        numbers = {ROOT_INODE: ROOT}
        stack = [ROOT_INODE] if ROOT_INODE in self.scan.items else []
        while stack:
            at = stack.pop()
            for name, ino, item in self._children(at):
                try:
                    if ino in numbers:
                        if self._kind(item) == IFDIR:
                            raise InputError(f"'{show(name)}' leads to inode {ino} again")
                        builder.link(numbers[at], name, numbers[ino])
                        continue
                    numbers[ino] = builder.add(numbers[at], name, self._node(item, ino))
                except InputError as e:
                    where = self._at(self.scan.items[at], at)
                    raise e.inside(*where) if not e.place else e from None
                if self._kind(item) == IFDIR:
                    stack.append(ino)
                elif self.slim:
                    self.scan.items[ino] = _TAKEN
        self._named = numbers
        self._tell()
        return builder.build()

    def _root(self) -> Node:
        item = self.scan.items.get(ROOT_INODE)
        if item is None:
            if self.whole:
                raise InputError("the root directory is not in the dump", place=self.place)
            return directory()
        if self._kind(item) != IFDIR:
            raise InputError("the root is no directory", place=self._at(item, ROOT_INODE))
        return self._node(item, ROOT_INODE)

    def _children(self, ino: int) -> Iterator[tuple[bytes, int, Item]]:
        for name, child in self.scan.items[ino].entries:
            if name in (b".", b".."):
                continue
            item = self.scan.items.get(child)
            if item is not None:
                yield name, child, item
                continue
            if child in self.scan.dumped:
                where = self._at(self.scan.items[ino], ino)
                raise InputError(f"'{show(name)}', inode {child}, is missing", place=where)
            self._absent += self.whole

    def _node(self, item: Item, ino: int) -> Node:
        try:
            node = node_from_dinode(
                item.dinode, self.byte_order, ino, item.content, item.target, *item.acls
            )
        except InputError as e:
            raise e.inside(*self._at(item, ino)) from None
        attributes = word_at(item.dinode, OEFT_AT, self.byte_order)
        if self.slim and not node.is_directory:
            flags = word_at(item.dinode, FLAGS_AT, self.byte_order)
            node = replace(node, dinode=item.dinode if flags else b"")
        if not attributes:
            return node
        return replace(node, attributes=self._attributes(attributes, item, ino))

    def _attributes(self, number: int, owner: Item, ino: int) -> tuple[Attribute, ...]:
        place = (*self._at(owner, ino), f"attribute directory {number}")
        item = self.scan.items.get(number)
        if item is None:
            if number in self.scan.dumped:
                raise InputError("is missing", place=place)
            self._absent += self.whole
            return ()
        if self._kind(item) != IFATTRDIR:
            raise InputError("is no attribute directory", place=place)
        if number in self._used:
            raise InputError("belongs to two files", place=place)
        self._used.add(number)
        return tuple(self._attribute(*child, place) for child in self._children(number))

    def _attribute(self, name: bytes, ino: int, item: Item, place: tuple[str, ...]) -> Attribute:
        if self._kind(item) != IFREG:
            raise InputError(f"'{show(name)}' is no regular file", place=place)
        if b"/" in name:
            raise InputError(f"an attribute called '{show(name)}'", place=place)
        self._used.add(ino)
        node = node_from_dinode(item.dinode, self.byte_order, ino, item.content, b"", *item.acls)
        return Attribute(name, node)

    def _kind(self, item: Item) -> int:
        return mode_of(item.dinode, self.byte_order) & IFMT

    def _at(self, item: Item, ino: int) -> tuple[str, ...]:
        return (*self.place, f"record {item.record}", f"inode {ino}")

    def _tell(self) -> None:
        place = ": ".join(self.place)
        lost = len(self.scan.items) - len(self._used)
        lost -= sum(ino not in self._used for ino in self._named)
        if lost:
            self.findings.append(
                warning("dump-nameless", place, f"{lost} inodes that no name leads to are left out")
            )
        if self._absent:
            self.findings.append(
                warning(
                    "dump-absent",
                    place,
                    f"{self._absent} names lead to nothing in the dump: left out",
                    "files that went away while the file system was dumped",
                )
            )
        if not self.whole:
            self.findings.append(
                note("dump-incremental", place, "not a level 0 dump: only what had changed")
            )
