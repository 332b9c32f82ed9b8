# SPDX-License-Identifier: Apache-2.0
"""From what is left of a damaged dump to a tree, and to a finding for every path that is not
in it as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mkboot.errors import InputError
from mkboot.formats.inode import FLAGS_AT, IFATTRDIR, IXATTR, word_at
from mkboot.formats.ufsdump.assemble import RESOLUTION, Assembler
from mkboot.formats.ufsdump.salvage import Rescue, nothing_rescued
from mkboot.formats.ufsdump.scan import IFDIR, Item
from mkboot.formats.ufsdump.structs import RECORD, ROOT_INODE
from mkboot.formats.ufsdump.walk import Damage
from mkboot.model.finding import error
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.names import check_name, show
from mkboot.tree.node import Attribute, Node, directory

_CODE = "dump-damaged"
LOST_FOUND = b"lost+found"
#: So many inode numbers are named in one finding.
_NAMED = 20


@dataclass(slots=True)
class Rescuer(Assembler):
    """Like ``Assembler``, but nothing stops it: what cannot be had is told.

    Files and directories that no name leads to any more, because a directory is lost, stand
    in ``/lost+found`` as ``#INODE``.
    """

    rescue: Rescue = field(default_factory=nothing_rescued)
    damages: list[Damage] = field(default_factory=list)
    _paths: dict[int, bytes] = field(default_factory=dict)
    _numbers: dict[int, int] = field(default_factory=dict)
    _missed: set[int] = field(default_factory=set)
    _no_attributes: set[int] = field(default_factory=set)

    def tree(self) -> FileTree:
        """The tree of all that is whole."""
        for damage in self.damages:
            self._tell_damage(damage)
        builder = TreeBuilder(self._root(), resolution=RESOLUTION)
        self._numbers[ROOT_INODE], self._paths[ROOT_INODE] = ROOT, b""
        self._tell_of(ROOT_INODE, b"/")
        self._fill(builder, ROOT_INODE)
        self._connect_orphans(builder)
        self._tell_nameless()
        self._used.update(self._numbers)
        self._tell()
        return builder.build()

    def _root(self) -> Node:
        item = self.scan.items.get(ROOT_INODE)
        if item is None or self._kind(item) != IFDIR:
            if self.whole or ROOT_INODE in self.scan.dumped:
                self._lose(b"/", "its names are lost: what it held is in /lost+found")
                self._missed.add(ROOT_INODE)
            return directory()
        return self._node(item, ROOT_INODE)

    def _fill(self, builder: TreeBuilder, top: int) -> None:
        """Enter all that lies below the directory ``top``, which is in the tree."""
        stack = [top]
        while stack:
            at = stack.pop()
            item = self.scan.items.get(at)
            for name, ino in item.entries if item is not None else ():
                if name not in (b".", b"..") and self._enter(builder, at, name, ino):
                    stack.append(ino)

    def _enter(self, builder: TreeBuilder, at: int, name: bytes, ino: int) -> bool:
        """Give ``ino`` a name in the directory ``at``; True for a directory that is new."""
        path = self._paths[at] + b"/" + name
        item = self.scan.items.get(ino)
        try:
            check_name(name)
            if item is None:
                self._miss(path, ino)
                return False
            is_directory = self._kind(item) == IFDIR
            if ino in self._numbers:
                if is_directory:
                    raise InputError(f"leads to the directory {self._where(ino)} again")
                builder.link(self._numbers[at], name, self._numbers[ino])
                self._tell_of(ino, path)
                return False
            node = self._node(item, ino)
            self._numbers[ino] = builder.add(self._numbers[at], name, node)
        except InputError as e:
            self._lose(path, e.message)
            return False
        self._paths[ino] = path
        self._tell_of(ino, path)
        return is_directory

    def _where(self, ino: int) -> str:
        return show(self._paths.get(ino, b"") or b"/")

    def _miss(self, path: bytes, ino: int) -> None:
        """A name whose inode cannot be had."""
        self._missed.add(ino)
        if ino in self.rescue.lost:
            self._lose(path, f"lost: {self.rescue.lost[ino]}")
        elif ino in self.scan.dumped or (self.whole and not self.rescue.has_map):
            self._lose(path, "lost: its header lies in a damaged stretch")
        elif not self.rescue.has_map:
            self._lose(path, "not there: unchanged, or lost with the map that would say so")
        else:
            self._absent += self.whole

    def _tell_of(self, ino: int, path: bytes) -> None:
        """What an inode in the tree has lost."""
        if ino in self.rescue.partial:
            self._lose(path, f"names in this directory are lost: {self.rescue.partial[ino]}")
        if ino in self.rescue.no_acl:
            self._lose(path, "its ACL is lost")
        if ino in self._no_attributes:
            self._lose(path, "its extended attributes are lost")

    def _attributes(self, number: int, owner: Item, ino: int) -> tuple[Attribute, ...]:
        if number in self.rescue.partial or number in self.rescue.lost:
            self._no_attributes.add(ino)
            self._missed.add(number)
        try:
            found = super(Rescuer, self)._attributes(number, owner, ino)
        except InputError:
            self._no_attributes.add(ino)
            self._missed.add(number)
            return ()
        if number not in self.scan.items:
            self._no_attributes.add(ino)
        return found

    def _children(self, ino: int) -> Iterator[tuple[bytes, int, Item]]:
        for name, child in self.scan.items[ino].entries:
            if name in (b".", b".."):
                continue
            item = self.scan.items.get(child)
            if item is None:
                self._missed.add(child)
                raise InputError(f"'{show(name)}', inode {child}, is missing")
            yield name, child, item

    def _connect_orphans(self, builder: TreeBuilder) -> None:
        """What has lost its name is put into /lost+found, directories with all below them."""
        left = {
            ino for ino, item in self.scan.items.items()
            if ino not in self._numbers and ino not in self._used and not self._is_attribute(item)
        }  # fmt: skip
        named = {
            child
            for ino in left
            for name, child in self.scan.items[ino].entries
            if name not in (b".", b"..")
        }
        orphans = [*sorted(left - named), *sorted(left & named)]
        if not orphans:
            return
        found = self._lost_found(builder)
        for ino in orphans:
            if ino not in self._numbers and ino not in self._used:
                self._paths.setdefault(-1, b"/" + LOST_FOUND)
                self._numbers[-1] = found
                if self._enter(builder, -1, b"#%d" % ino, ino):
                    self._fill(builder, ino)
        self._numbers.pop(-1, None)
        where = ": ".join(self.place)
        text = f"{len(orphans)} files whose name is lost stand in /lost+found, as #INODE"
        self.findings.append(error(_CODE, where, text))

    def _lost_found(self, builder: TreeBuilder) -> int:
        number = builder.find(LOST_FOUND)
        if number is not None and builder.node(number).is_directory:
            return number
        if number is not None:
            builder.unlink(ROOT, LOST_FOUND)
            self._lose(b"/" + LOST_FOUND, "gave its name to the directory of nameless files")
        return builder.add(ROOT, LOST_FOUND, directory(0o700))

    def _is_attribute(self, item: Item) -> bool:
        flags = word_at(item.dinode, FLAGS_AT, self.byte_order)
        return self._kind(item) == IFATTRDIR or bool(flags & IXATTR)

    def _tell_nameless(self) -> None:
        """Inodes that the dump had, of which neither data nor a name is left."""
        gone = [i for i in self.scan.dumped if i not in self.scan.items and i not in self._missed]
        gone += [i for i in self.rescue.lost if i not in self._missed and i not in gone]
        if gone:
            some = ", ".join(str(ino) for ino in gone[:_NAMED])
            more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
            text = f"lost with their names: inodes {some}{more}"
            self.findings.append(error(_CODE, ": ".join(self.place), text))

    def _tell_damage(self, damage: Damage) -> None:
        records = f"record {damage.first}"
        if damage.last > damage.first:
            records = f"records {damage.first} to {damage.last}"
        where = ": ".join((*self.place, f"byte {damage.at}", records))
        told = damage.text + (f" ({RECORD} bytes each)" if damage.last > damage.first else "")
        self.findings.append(error(_CODE, where, told))

    def _lose(self, path: bytes, text: str) -> None:
        where = ": ".join((*self.place, show(path)))
        self.findings.append(error(_CODE, where, text))
