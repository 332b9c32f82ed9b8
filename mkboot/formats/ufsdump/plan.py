# SPDX-License-Identifier: Apache-2.0
"""What goes into a stream and in which order: inode numbers, directories, attributes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from mkboot.errors import InputError
from mkboot.formats.acl import build_acl
from mkboot.formats.inode import (
    DB_AT,
    FLAGS_AT,
    GEN_AT,
    IFATTRDIR,
    IXATTR,
    OEFT_AT,
    SHADOW_AT,
    ByteOrder,
    dinode_from_node,
    encode_device,
    pack_dinode,
    short_id,
    size_of,
    word_at,
)
from mkboot.formats.ufsdump.directories import pack_entries
from mkboot.formats.ufsdump.structs import DIRECTORY_CHUNK, ROOT_INODE
from mkboot.tree.content import BytesContent, Content
from mkboot.tree.filetree import ROOT, FileTree
from mkboot.tree.node import SECOND, TYPE_BITS, Node, NodeType

#: Numbers above this are given afresh: the maps grow with the highest one.
INO_MAX = 1 << 28
NLINK_MAX = 32767
#: A directory is filled up with empty chunks to the size it had, if that was at most this.
KEPT_DIRECTORY = 1 << 16


class Member(NamedTuple):
    """One inode as it goes into the stream; ``size`` is the content's, ``acl`` are the raw
    records, empty for none.
    """

    ino: int
    dinode: bytes
    content: Content
    size: int
    acl: bytes


class AttributeFile(NamedTuple):
    """A file in an attribute directory."""

    name: bytes
    ino: int
    node: Node


@dataclass(slots=True)
class Plan:
    """Which inode is where.  ``numbers`` gives the inode of each node of ``tree``; ``kept``
    says that they are those that the nodes brought.  ``taken`` are the inodes that go into
    the stream, None for all.
    """

    tree: FileTree
    numbers: list[int]
    attributes: dict[int, tuple[int, list[AttributeFile]]] = field(default_factory=dict)
    highest: int = 0
    byte_order: ByteOrder = "big"
    kept: bool = False
    taken: frozenset[int] | None = None

    def inodes(self) -> Iterator[int]:
        """All inode numbers, in no order."""
        yield from self.numbers
        for ino, files in self.attributes.values():
            yield ino
            yield from (file.ino for file in files)

    def directories(self) -> Iterator[Member]:
        """Directories and attribute directories by ascending inode."""
        todo = [(self.numbers[n], n, False) for n in self.tree.names]
        todo += [(ino, owner, True) for owner, (ino, _) in self.attributes.items()]
        for ino, number, attribute in sorted(todo):
            if self.taken is not None and ino not in self.taken:
                continue
            yield self._attribute_directory(number) if attribute else self._directory(number)

    def files(self) -> Iterator[Member]:
        """All that is no directory, by ascending inode."""
        inside = [file for _, files in self.attributes.values() for file in files]
        nodes = self.tree.nodes
        numbers = [*self.numbers, *(file.ino for file in inside)]
        for at in np.argsort(np.array(numbers)).tolist():
            if self.taken is not None and numbers[at] not in self.taken:
                continue
            if at >= len(nodes):
                file = inside[at - len(nodes)]
                yield self._file(file.ino, file.node, 1, 0, flags=IXATTR)
            elif not nodes[at].is_directory:
                yield self._file(self.numbers[at], nodes[at], self.tree.nlink(at), self._oeft(at))

    def _oeft(self, number: int) -> int:
        return self.attributes[number][0] if number in self.attributes else 0

    def _file(self, ino: int, node: Node, nlink: int, oeft: int, flags: int = 0) -> Member:
        content: Content = node.content
        if node.type is NodeType.SYMLINK:
            content = BytesContent(node.target)
        return self._member(ino, node, nlink, content, oeft, flags)

    def _directory(self, number: int) -> Member:
        node, ino = self.tree.nodes[number], self.numbers[number]
        above = self.numbers[self.tree.parents[number]]
        entries = [(b".", ino), (b"..", above)]
        entries += [(name, self.numbers[n]) for name, n in self.tree.children(number).items()]
        had = size_of(node.dinode, dinode_order(node)) if node.dinode else 0
        had = had if had <= KEPT_DIRECTORY else 0
        data = pack_entries(entries, had - had % DIRECTORY_CHUNK, self.byte_order)
        nlink = self.tree.nlink(number)
        return self._member(ino, node, nlink, BytesContent(data), self._oeft(number))

    def _attribute_directory(self, owner: int) -> Member:
        ino, files = self.attributes[owner]
        node = self.tree.nodes[owner]
        entries = [(b".", ino), (b"..", self.numbers[owner])]
        entries += [(file.name, file.ino) for file in files]
        data = pack_entries(entries, byte_order=self.byte_order)
        dinode = pack_dinode(
            self.byte_order, mode=IFATTRDIR | _attribute_mode(node), nlink=2,
            uid=node.uid, gid=node.gid, size=len(data), times=(node.atime, node.mtime, node.ctime),
            flags=IXATTR, blocks=_blocks(len(data)),
        )  # fmt: skip
        return Member(ino, dinode, BytesContent(data), len(data), b"")

    def _member(
        self, ino: int, node: Node, nlink: int, content: Content, oeft: int, flags: int = 0
    ) -> Member:
        size, order = content.size, self.byte_order
        acl = build_acl(node.acl, node.default_acl, order) if node.acl or node.default_acl else b""
        try:
            if node.dinode and node.device is None and dinode_order(node) == order:
                dinode = kept_dinode(node, nlink, size, bool(acl), oeft, order)
            else:
                dinode = _new_dinode(node, nlink, size, bool(acl), oeft, order)
        except InputError as e:
            raise e.inside(f"inode {ino}") from None
        if flags:
            new = word_at(dinode, FLAGS_AT, order) | flags
            dinode = dinode[:FLAGS_AT] + new.to_bytes(4, order) + dinode[FLAGS_AT + 4 :]
        return Member(ino, dinode, content, size, acl)


def dinode_order(node: Node) -> ByteOrder:
    """The byte order of a node's dinode, by its type and its size: a wrong order makes both
    absurd.  What is left in doubt has neither blocks nor size.
    """
    fits = node.dinode[0] >> 4 == TYPE_BITS[node.type] >> 12
    return "big" if fits and node.dinode[8:10] == b"\0\0" else "little"


_HEAD = {"big": struct.Struct(">HhHHQ6i"), "little": struct.Struct("<HhHHQ6i")}
_TAIL = {"big": struct.Struct(">4I"), "little": struct.Struct("<4I")}
#: Stands for a shadow inode where an ACL comes from elsewhere than a UFS.
_SOME_SHADOW = 1


def kept_dinode(
    node: Node, nlink: int, size: int, shadow: bool, oeft: int, order: ByteOrder = "big"
) -> bytes:
    """``dinode_from_node`` with ``keep``, in a fifth of its time; not for devices.

    The number of the shadow inode is dropped unless ``shadow``.
    """
    old = node.dinode
    a, m, c = node.atime, node.mtime, node.ctime
    try:
        head = _HEAD[order].pack(
            TYPE_BITS[node.type] | node.mode, nlink, short_id(node.uid), short_id(node.gid), size,
            a // SECOND, a % SECOND // 1000, m // SECOND, m % SECOND // 1000,
            c // SECOND, c % SECOND // 1000,
        )  # fmt: skip
        tail = _TAIL[order].pack(word_at(old, SHADOW_AT, order) * shadow, node.uid, node.gid, oeft)
    except struct.error as e:
        raise InputError(f"does not fit a UFS inode: {e}") from e
    return head + old[DB_AT:SHADOW_AT] + tail


def _new_dinode(
    node: Node, nlink: int, size: int, shadow: bool, oeft: int, order: ByteOrder
) -> bytes:
    """An inode without blocks; flags and generation are taken over from an old one."""
    flags = gen = blocks = number = 0
    if node.dinode:
        flags, gen, number = (
            word_at(node.dinode, at, dinode_order(node)) for at in (FLAGS_AT, GEN_AT, SHADOW_AT)
        )
    if node.device is None:
        blocks = _blocks(size)
    return dinode_from_node(
        node, byte_order=order, nlink=nlink, size=size, blocks=blocks, flags=flags, gen=gen,
        shadow=(number or _SOME_SHADOW) if shadow else 0, oeftflag=oeft,
    )  # fmt: skip


def _blocks(size: int) -> int:
    """Sectors that the data takes, as if there were no holes; nobody reads it."""
    return min(-(-size // 1024) * 2, 0x7FFFFFFF)


def _attribute_mode(owner: Node) -> int:
    # The kernel's rule when it makes the directory (illumos ufs_dir.c).
    if owner.is_directory:
        return owner.mode & 0o777
    return 0o700 | (0o050 if owner.mode & 0o040 else 0) | (0o005 if owner.mode & 0o004 else 0)


def make_plan(tree: FileTree, byte_order: ByteOrder = "big") -> Plan:
    """Number the inodes of a tree, and check what a UFS inode can hold.

    The numbers that nodes bring are kept where all have one, no two the same, and the
    root's is 2; else they are given in the order of a walk.  Raises ``InputError`` for
    devices and link counts that do not fit.
    """
    kept = _kept_numbers(tree)
    numbers = kept if kept is not None else _fresh_numbers(tree)
    plan = Plan(tree, numbers, byte_order=byte_order, kept=kept is not None)
    plan.highest = max(plan.numbers)
    _place_attributes(plan, keep=kept is not None)
    for number, node in enumerate(tree.nodes):
        _check(plan.numbers[number], node, tree.nlink(number))
    return plan


def _kept_numbers(tree: FileTree) -> list[int] | None:
    numbers = [node.ino for node in tree.nodes]
    inside = [a.node.ino for node in tree.nodes if node.attributes for a in node.attributes]
    both = numbers + inside
    if numbers[ROOT] != ROOT_INODE or min(both) < ROOT_INODE or max(both) > INO_MAX:
        return None
    return numbers if len(set(both)) == len(both) else None


def _fresh_numbers(tree: FileTree) -> list[int]:
    numbers = [0] * len(tree.nodes)
    following = ROOT_INODE
    for entry in tree.walk():
        if not numbers[entry.number]:
            numbers[entry.number] = following
            following += 1
    return numbers


def _place_attributes(plan: Plan, *, keep: bool) -> None:
    """Give attribute directories their numbers (the old ones where they are free)."""
    owners = [n for n, node in enumerate(plan.tree.nodes) if node.attributes]
    if not owners:
        return
    nodes = plan.tree.nodes
    taken = set(plan.numbers)
    if keep:
        taken.update(a.node.ino for n in owners for a in nodes[n].attributes)
    plan.highest = max(taken)
    for owner in owners:
        node = nodes[owner]
        wanted = word_at(node.dinode, OEFT_AT, dinode_order(node)) if keep and node.dinode else 0
        if wanted in taken or not ROOT_INODE < wanted <= INO_MAX:
            plan.highest = wanted = plan.highest + 1
        taken.add(wanted)
        plan.highest = max(plan.highest, wanted)
        files = []
        for attribute in node.attributes:
            ino = attribute.node.ino
            if not keep:
                plan.highest = ino = plan.highest + 1
            files.append(AttributeFile(attribute.name, ino, replace(attribute.node, ino=ino)))
        plan.attributes[owner] = (wanted, files)


def _check(ino: int, node: Node, nlink: int) -> None:
    if nlink > NLINK_MAX:
        raise InputError(f"{nlink} links are more than UFS can count", place=(f"inode {ino}",))
    if node.device is not None:
        try:
            encode_device(node.device)
        except InputError as e:
            raise e.inside(f"inode {ino}") from None
