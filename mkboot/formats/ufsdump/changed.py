# SPDX-License-Identifier: Apache-2.0
"""Which inodes an incremental dump takes: what has changed, and the way to it.

Source: illumos cmd/backup/dump/dumptraverse.c, in own words: an inode is taken when its
content or the inode itself changed at or after the date of the base dump; a directory
when it holds the name of something that is taken.
"""

from __future__ import annotations

from collections.abc import Iterator

from mkboot.errors import InputError
from mkboot.formats.acl import parse_acl
from mkboot.formats.inode import IFATTRDIR, ByteOrder
from mkboot.formats.ufsdump.directories import parse_entries
from mkboot.formats.ufsdump.plan import Member, Plan
from mkboot.formats.ufsdump.scan import IFDIR, IFLNK, IFREG, Scan, type_of
from mkboot.tree.content import CHUNK, Content
from mkboot.tree.filetree import ROOT
from mkboot.tree.node import SECOND, Node

#: Where the time of the last access lies in an inode: reading a file is no change.
_ATIME = slice(16, 24)
#: Where blocks, flags and generation lie; the words among them that hold a device number;
#: owners and the attribute directory.
_BLOCKS, _DEVICE, _IDS = slice(40, 112), slice(40, 48), slice(116, 128)


def choose_changed(plan: Plan, base_date: int, base: Scan | None) -> frozenset[int] | None:
    """The inodes to dump; the root is always one.  None is all of them: where inodes have
    no numbers of their own nothing can be left out.

    ``base_date`` in seconds.  With ``base`` (what the dump is relative to, joined) an inode
    is also taken if it differs from the one there, whatever its times say: clocks are set
    back, and files are moved with old times.  A file and its attributes go together.
    Raises ``InputError`` if there is a base and such a tree.
    """
    if not plan.kept and base is None:
        return None
    if not plan.kept:
        raise InputError("an incremental dump needs a tree with the inode numbers of its base")
    since = base_date * SECOND
    taken = {plan.numbers[n] for n, node in enumerate(plan.tree.nodes) if _is_new(node, since)}
    for ino, files in plan.attributes.values():
        if any(_is_new(file.node, since) for file in files):
            taken.add(ino)
    if base is not None:
        members = (*plan.directories(), *plan.files())
        taken.update(m.ino for m in members if differs(m, base, plan.byte_order))
    _with_attributes(plan, taken)
    _with_way(plan, taken)
    return frozenset(taken)


def _is_new(node: Node, since: int) -> bool:
    return node.mtime >= since or node.ctime >= since


def differs(member: Member, base: Scan, order: ByteOrder) -> bool:
    """Whether an inode is not as ``base`` has it.

    Data is compared only where it lies in other blocks now: a file system that was made
    anew has all its blocks elsewhere, but is not changed by it.
    """
    old = base.items.get(member.ino)
    if old is None or _facts(old.dinode) != _facts(member.dinode):
        return True
    if parse_acl(member.acl, order) != old.acls:
        return True
    kind = type_of(member.dinode, order)
    if kind == IFLNK:
        return member.content.read(0, member.size) != old.target
    if kind in (IFDIR, IFATTRDIR):
        return sorted(parse_entries(member.content, order, ())) != sorted(old.entries)
    if kind != IFREG:
        return old.dinode[_DEVICE] != member.dinode[_DEVICE]
    same_place = old.dinode[_BLOCKS] == member.dinode[_BLOCKS]
    return not same_place and not _same_content(member.content, old.content)


def _facts(dinode: bytes) -> tuple[bytes, ...]:
    """All but the last access, where the blocks are, generation and shadow inode."""
    return dinode[: _ATIME.start], dinode[_ATIME.stop : _BLOCKS.start], dinode[_IDS]


def _same_content(left: Content, right: Content) -> bool:
    offset = 0
    while offset < left.size:
        data = left.read(offset, CHUNK)
        if not data or data != right.read(offset, CHUNK):
            return False
        offset += len(data)
    return left.size == right.size


def _with_attributes(plan: Plan, taken: set[int]) -> None:
    for owner, (ino, files) in plan.attributes.items():
        group = {plan.numbers[owner], ino, *(file.ino for file in files)}
        if group & taken:
            taken |= group


def _with_way(plan: Plan, taken: set[int]) -> None:
    """Every directory that names something taken, up to the root."""
    for number in _upwards(plan):
        ino = plan.numbers[number]
        if any(plan.numbers[child] in taken for child in plan.tree.children(number).values()):
            taken.add(ino)
    taken.add(plan.numbers[ROOT])
    _with_attributes(plan, taken)


def _upwards(plan: Plan) -> Iterator[int]:
    """The directories, each after all below it."""
    order = [entry.number for entry in plan.tree.walk() if entry.node.is_directory]
    return reversed(order)
