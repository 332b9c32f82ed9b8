# SPDX-License-Identifier: Apache-2.0
"""The slots of a plan one by one: what lies in them, and the inode that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mkboot.formats.acl import build_acl
from mkboot.formats.inode import (
    DIRECT,
    FLAGS_AT,
    IFATTRDIR,
    IFSHAD,
    IXATTR,
    dinode_from_node,
    mode_of,
    pack_dinode,
    word_at,
)
from mkboot.formats.ufs.blocks import NO_TAIL
from mkboot.formats.ufs.datawriter import Pointers
from mkboot.formats.ufs.directories import empty_chunk, make_directory
from mkboot.formats.ufs.geometry import ceil, roundup
from mkboot.formats.ufs.plan import LOST_FOUND, Extra, Kind, Plan
from mkboot.formats.ufs.structs import DIRECTORY_CHUNK, ROOT_INODE
from mkboot.tree.content import EMPTY, BytesContent, Content
from mkboot.tree.filetree import ROOT
from mkboot.tree.node import TYPE_BITS, Node, NodeType

Order = Literal["big", "little"]

#: The flag that is kept from where a file was read: ICOMPRESS, for its content stays as it is.
KEPT_FLAGS = 4


@dataclass(frozen=True, slots=True)
class Slot:
    """An inode to be made; ``fill`` stands behind the content, up to the end of its room."""

    ino: int
    node: Node
    nlink: int
    content: Content
    kind: Kind | None
    fill: bytes = b""

    @property
    def is_directory(self) -> bool:
        """Whether it counts as a directory: attribute directories do."""
        return self.node.is_directory


def ino_at(plan: Plan, index: int) -> int:
    """The inode number of a slot."""
    what = plan.what[index]
    return plan.inos[what] if what >= 0 else plan.extras[-1 - what].ino


def slot_at(plan: Plan, index: int, order: Order) -> Slot:
    """The slot; contents of directories and the like are made here."""
    what = plan.what[index]
    if what < 0:
        return _extra_slot(plan, plan.extras[-1 - what], order)
    node, ino = plan.tree.nodes[what], plan.inos[what]
    nlink = plan.nlink(what)
    if node.is_directory:
        content, fill = _directory(plan, what, order)
        return Slot(ino, node, nlink, content, None, fill)
    content = BytesContent(node.target) if node.type is NodeType.SYMLINK else node.content
    if node.type not in (NodeType.SYMLINK, NodeType.FILE):
        content = EMPTY
    return Slot(ino, node, nlink, content, None)


def _directory(plan: Plan, number: int, order: Order) -> tuple[Content, bytes]:
    entries = [(name, plan.inos[child]) for name, child in plan.ordered(number)]
    if number == ROOT and plan.made_lost_found:
        entries.insert(0, (LOST_FOUND, plan.made_lost_found))
    ino, parent = plan.inos[number], plan.inos[plan.tree.parents[number]]
    data = make_directory(ino, parent, entries, order)
    if number != ROOT and number == plan.tree.children(ROOT).get(LOST_FOUND):
        # It keeps room for names, so that fsck need not find any.
        return BytesContent(_chunks_behind(data, plan.layout.bsize, order)), b""
    fill = b""
    if number == ROOT and len(data) <= DIRECT * plan.layout.bsize:
        # mkfs leaves empty chunks behind the root's own.
        whole = roundup(len(data), plan.layout.fsize)
        fill = _chunks_behind(data, whole, order)[len(data) :]
    return BytesContent(data), fill


def _chunks_behind(data: bytes, size: int, order: Order) -> bytes:
    return data + empty_chunk(order) * ((size - len(data)) // DIRECTORY_CHUNK)


def _extra_slot(plan: Plan, extra: Extra, order: Order) -> Slot:
    content = extra.node.content
    if extra.kind is Kind.LOST_FOUND:
        data = make_directory(extra.ino, ROOT_INODE, (), order)
        content = BytesContent(_chunks_behind(data, plan.layout.bsize, order))
    elif extra.kind is Kind.SHADOW:
        content = BytesContent(build_acl(*extra.acl, order))
    elif extra.kind is Kind.ATTRIBUTES:
        content = BytesContent(make_directory(extra.ino, extra.owner, extra.entries, order))
    return Slot(extra.ino, extra.node, extra.nlink, content, extra.kind)


def dinode_of(plan: Plan, index: int, slot: Slot, pointers: Pointers, order: Order) -> bytes:
    """The 128 bytes, with generation 0."""
    layout = plan.layout
    size = slot.content.size
    tail = ceil(size % layout.bsize, layout.fsize) if plan.tail[index] != NO_TAIL else 0
    blocks = (plan.blocks[index] * layout.frag + tail) * layout.nspf
    node = slot.node
    shadow, attributes = plan.shadows.get(slot.ino, 0), plan.attributes.get(slot.ino, 0)
    flags = IXATTR if slot.kind in (Kind.ATTRIBUTES, Kind.ATTRIBUTE) else 0
    if node.dinode:
        flags |= _kept_flags(node)
    if slot.kind in (Kind.SHADOW, Kind.ATTRIBUTES):
        kind = IFSHAD if slot.kind is Kind.SHADOW else IFATTRDIR
        return pack_dinode(
            order,
            mode=kind | node.mode,
            nlink=slot.nlink,
            uid=node.uid,
            gid=node.gid,
            size=size,
            times=(node.atime, node.mtime, node.ctime),
            db=pointers.db,
            ib=pointers.ib,
            flags=flags,
            blocks=blocks,
        )
    return dinode_from_node(
        node,
        byte_order=order,
        nlink=slot.nlink,
        size=size,
        blocks=blocks,
        db=pointers.db,
        ib=pointers.ib,
        flags=flags,
        shadow=shadow,
        oeftflag=attributes,
    )


def _kept_flags(node: Node) -> int:
    """The flags of the inode a node was read from, whose byte order its mode tells."""
    mode = TYPE_BITS[node.type] | node.mode
    orders: Sequence[Order] = ("big", "little")
    for order in orders:
        if mode_of(node.dinode, order) == mode:
            return word_at(node.dinode, FLAGS_AT, order) & KEPT_FLAGS
    return 0
