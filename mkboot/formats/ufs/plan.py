# SPDX-License-Identifier: Apache-2.0
"""The plan of a file system: a number and room for every inode, before a byte is written.

A *slot* is an inode that will be made, in the order in which room is given out: nodes of
the tree, and what the tree has no node for (lost+found, ACL shadow inodes, attribute
directories and the files in them).  Of each slot only a few numbers are held.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from mkboot.errors import InputError
from mkboot.formats.acl import ACL_ENTRY, ACL_HEADER
from mkboot.formats.ufs.blocks import NO_TAIL, Allocator, Places
from mkboot.formats.ufs.directories import directory_size
from mkboot.formats.ufs.filemap import measure
from mkboot.formats.ufs.geometry import Layout
from mkboot.formats.ufs.nodes import access_acl, attribute_directory, check_node
from mkboot.formats.ufs.numbers import Numbers, kept_numbers
from mkboot.formats.ufs.structs import LOST_FOUND_INODE, ROOT_INODE
from mkboot.tree.content import EMPTY, Extent
from mkboot.tree.filetree import ROOT, FileTree
from mkboot.tree.names import show
from mkboot.tree.node import SECOND, AclEntry, Node, NodeType, directory, regular

LOST_FOUND = b"lost+found"
LINK_MAX = 32767
LARGE_FILE = (1 << 31) - 1

AclKey = tuple[tuple[AclEntry, ...], tuple[AclEntry, ...]]


class Kind(Enum):
    """What an extra slot is."""

    LOST_FOUND = "lost+found"
    SHADOW = "shadow"
    ATTRIBUTES = "attributes"
    ATTRIBUTE = "attribute"


@dataclass(slots=True)
class Extra:
    """A slot that is no node of the tree.

    ``owner`` is the inode that an attribute directory belongs to, or the directory that an
    attribute lies in; ``acl`` is a shadow's.
    """

    kind: Kind
    ino: int
    node: Node
    owner: int = 0
    nlink: int = 1
    acl: AclKey = ((), ())
    entries: tuple[tuple[bytes, int], ...] = ()


class Plan:
    """Numbers and places of all that is written.  Made by ``make_plan``.

    ``inos`` has the inode of each node of the tree.  The slots' columns: ``what`` (a node's
    number, or -1 - the index in ``extras``), ``first`` (ordinal of the first block),
    ``blocks`` (how many follow) and ``tail`` (virtual fragment, or ``NO_TAIL``).
    ``shadows`` and ``attributes`` lead from an inode to its shadow and attribute directory.
    """

    def __init__(self, tree: FileTree, layout: Layout, time: int) -> None:
        self.tree = tree
        self.layout = layout
        self.time = time
        self.places = Places(layout)
        self.allocator = Allocator(self.places)
        self.inos = array("Q", bytes(8 * len(tree.nodes)))
        self.what = array("q")
        self.first = array("q")
        self.blocks = array("q")
        self.tail = array("q")
        self.extras: list[Extra] = []
        self.shadows: dict[int, int] = {}
        self.attributes: dict[int, int] = {}
        self.used_inodes = 0
        self.largefiles = False
        self.made_lost_found = 0

    def complaint(self) -> str | None:
        """Why the plan cannot be carried out, or None."""
        inodes, layout = self.used_inodes, self.layout
        if inodes > layout.inodes:
            return f"{inodes} inodes are needed, there are {layout.inodes}"
        needed, there = self.allocator.cursor, self.places.blocks
        if needed > there:
            return (
                f"{needed * layout.bsize} bytes are needed (in blocks of {layout.bsize}), "
                f"there are {there * layout.bsize}"
            )
        return None

    def ordered(self, number: int) -> list[tuple[bytes, int]]:
        """The names in a directory of the tree in the order they are written: by their bytes,
        lost+found before all others at the top.
        """
        entries = sorted(self.tree.children(number).items())
        if number == ROOT:
            entries.sort(key=lambda entry: entry[0] != LOST_FOUND)
        return entries

    def nlink(self, number: int) -> int:
        """The link count of a node of the tree."""
        made = 1 if number == ROOT and self.made_lost_found else 0
        return self.tree.nlink(number) + made

    def path_of(self, number: int) -> str:
        """A path that leads to a node, for messages."""
        names: list[bytes] = []
        while number != ROOT:
            parent = self.tree.parents[number]
            children = self.tree.children(parent).items()
            names.append(next(name for name, child in children if child == number))
            number = parent
        return show(b"/" + b"/".join(reversed(names)))


def make_plan(tree: FileTree, layout: Layout, time: int, *, keep_numbers: bool = False) -> Plan:
    """Give every inode its number and its room; content is not read.

    With ``keep_numbers`` nodes keep their ``ino`` if every node has one, each its own, the
    root 2, and all are in range.  Raises ``InputError`` for what UFS cannot hold; that the
    plan fits is for ``Plan.complaint`` to say.
    """
    plan = Plan(tree, layout, time)
    kept = kept_numbers(tree, layout.inodes) if keep_numbers else None
    _Planner(plan, Numbers(kept)).run()
    return plan


class _Planner:
    """Fills a plan."""

    def __init__(self, plan: Plan, numbers: Numbers) -> None:
        self._plan = plan
        self._numbers = numbers
        self._sharing: dict[AclKey, Extra] = {}

    def run(self) -> None:
        plan = self._plan
        plan.inos[ROOT] = self._numbers.of_node(ROOT, ROOT_INODE)
        self._lost_found()
        self._place_node(ROOT)
        places, allocator = plan.places, plan.allocator
        rest = places.summary_rest
        allocator.give(places.reserved * places.frag - rest, rest)
        stack = [ROOT]
        while stack:
            below = []
            for _name, number in plan.ordered(stack.pop()):
                is_directory = plan.tree.nodes[number].is_directory
                if not plan.inos[number]:
                    plan.inos[number] = self._numbers.of_node(number)
                    self._place_node(number)
                if is_directory:
                    below.append(number)
            stack.extend(reversed(below))
        plan.used_inodes = self._numbers.used

    def _lost_found(self) -> None:
        """Made if the tree has none; a directory of the tree with this name comes first too."""
        plan = self._plan
        number = plan.tree.children(ROOT).get(LOST_FOUND)
        if number is None:
            ino = plan.made_lost_found = self._numbers.free(LOST_FOUND_INODE)
            node = directory(0o700, 0, 0, plan.time * SECOND)
            self._extra(Extra(Kind.LOST_FOUND, ino, node, nlink=2), plan.layout.bsize)
        elif plan.tree.nodes[number].is_directory:
            plan.inos[number] = self._numbers.of_node(number, LOST_FOUND_INODE)
            self._place_node(number, at_least=plan.layout.bsize)

    def _place_node(self, number: int, at_least: int = 0) -> None:
        plan = self._plan
        node = plan.tree.nodes[number]
        try:
            check_node(node)
            if plan.nlink(number) > LINK_MAX:
                raise InputError(f"{plan.nlink(number)} links, {LINK_MAX} are possible")
            if node.type is NodeType.FILE:
                self._slot(number, node.content.size, node.content.extents())
            elif node.type is NodeType.SYMLINK:
                self._solid(number, len(node.target))
            elif node.is_directory:
                names = [name for name, _ in plan.ordered(number)]
                if number == ROOT and plan.made_lost_found:
                    names.insert(0, LOST_FOUND)
                self._solid(number, max(directory_size(names), at_least))
            else:
                self._solid(number, 0)
            self._belongings(node, plan.inos[number])
        except InputError as e:
            raise e.inside(plan.path_of(number)) from e

    def _belongings(self, node: Node, ino: int) -> None:
        """Shadow inode and attribute directory."""
        if node.acl or node.default_acl:
            self._plan.shadows[ino] = self._shadow((access_acl(node), node.default_acl))
        if node.attributes:
            self._plan.attributes[ino] = self._attributes(node, ino)

    def _shadow(self, acl: AclKey) -> int:
        """The inode of the shadow for this ACL: all that have the same share one."""
        known = self._sharing.get(acl)
        if known is not None and known.nlink < LINK_MAX:
            known.nlink += 1
            return known.ino
        node = regular(EMPTY, 0, 0, 0, self._plan.time * SECOND)
        extra = Extra(Kind.SHADOW, self._numbers.free(), node, acl=acl)
        records = sum(ACL_HEADER + ACL_ENTRY * len(part) for part in acl if part)
        self._sharing[acl] = extra
        self._extra(extra, records)
        return extra.ino

    def _attributes(self, owner: Node, ino: int) -> int:
        node = attribute_directory(owner, self._plan.time * SECOND)
        made = Extra(Kind.ATTRIBUTES, self._numbers.free(), node, owner=ino, nlink=2)
        entries = sorted((a.name, a.node) for a in owner.attributes)
        numbers = [self._numbers.free() for _ in entries]
        names = [name for name, _ in entries]
        made.entries = tuple(zip(names, numbers, strict=True))
        self._extra(made, directory_size(names))
        for (name, inner), number in zip(entries, numbers, strict=True):
            try:
                self._attribute(inner, number, made.ino)
            except InputError as e:
                raise e.inside(f"attribute {show(name)}") from e
        return made.ino

    def _attribute(self, node: Node, ino: int, directory_ino: int) -> None:
        check_node(node)
        if node.type is not NodeType.FILE or node.attributes:
            raise InputError("an extended attribute that is no plain file")
        extra = Extra(Kind.ATTRIBUTE, ino, node, owner=directory_ino)
        self._plan.extras.append(extra)
        what = -len(self._plan.extras)
        self._slot(what, node.content.size, node.content.extents())
        self._belongings(node, ino)

    def _extra(self, extra: Extra, size: int) -> None:
        self._plan.extras.append(extra)
        self._solid(-len(self._plan.extras), size)

    def _solid(self, what: int, size: int) -> None:
        self._slot(what, size, (Extent(0, size),))

    def _slot(self, what: int, size: int, extents: Iterable[Extent]) -> None:
        plan = self._plan
        shape = measure(size, extents, plan.layout)
        plan.what.append(what)
        plan.blocks.append(shape.blocks)
        plan.first.append(plan.allocator.blocks(shape.blocks))
        plan.tail.append(plan.allocator.fragments(shape.tail) if shape.tail else NO_TAIL)
        if size > LARGE_FILE and what_is_file(plan.tree.nodes, plan.extras, what):
            plan.largefiles = True


def what_is_file(nodes: Sequence[Node], extras: Sequence[Extra], what: int) -> bool:
    """Whether a slot is a regular file."""
    node = nodes[what] if what >= 0 else extras[-1 - what].node
    return node.type is NodeType.FILE
