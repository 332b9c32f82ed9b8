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
from mkboot.formats.inode import ByteOrder
from mkboot.formats.ufsdump.directories import parse_entries
from mkboot.formats.ufsdump.plan import Member, Plan
from mkboot.formats.ufsdump.scan import IFDIR, IFLNK, Scan, type_of
from mkboot.tree.filetree import ROOT
from mkboot.tree.node import SECOND, Node

#: Where the time of the last access lies in an inode: reading a file is no change.
_ATIME = slice(16, 24)


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
    """Whether an inode is not as ``base`` has it; data is not read, its place is compared."""
    old = base.items.get(member.ino)
    if old is None or _without_atime(old.dinode) != _without_atime(member.dinode):
        return True
    if parse_acl(member.acl, order) != old.acls:
        return True
    kind = type_of(member.dinode, order)
    if kind == IFLNK:
        return member.content.read(0, member.size) != old.target
    if old.entries or kind == IFDIR:
        return sorted(parse_entries(member.content, order, ())) != sorted(old.entries)
    return False


def _without_atime(dinode: bytes) -> bytes:
    return dinode[: _ATIME.start] + dinode[_ATIME.stop :]


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
