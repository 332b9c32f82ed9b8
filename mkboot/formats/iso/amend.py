# SPDX-License-Identifier: Apache-2.0
"""A volume like another but for a few files: what is there stays where it lies, byte for byte.

Directories that change are written where they lie while they have room there.  Else they, new
directories and new files come behind the old volume; records that lead there are patched.
What this cannot do is left to ``lay_out_iso``: then ``amend_iso`` gives None.  Sources:
ECMA-119 6.8, 9.1, 9.4; RRIP 1.09 (see ``structs``).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from mkboot.errors import InputError
from mkboot.formats.iso import entries
from mkboot.formats.iso.amended import FRONT, AmendedIso
from mkboot.formats.iso.amendrecords import (
    CannotAmend,
    continuation_of,
    fields_of,
    is_out_of_sight,
    make_record,
    name_of,
    packed,
    parts_of,
    set_continuation,
    set_links,
    set_place,
)
from mkboot.formats.iso.names import Identifiers
from mkboot.formats.iso.pathtable import PathRow, read_path_table, write_path_table
from mkboot.formats.iso.reader import MOVED_NAMES
from mkboot.formats.iso.records import Record, read_records
from mkboot.formats.iso.structs import CONTENT_MAX, DEPTH_MAX, FLAG_DIRECTORY, SECTOR
from mkboot.tree.filetree import ROOT, FileTree
from mkboot.tree.node import Node, NodeType
from mkboot.tree.source import ByteSource

#: Bytes of files that are gone and would still lie there: beyond them a volume is made anew.
WASTE_MAX = 1 << 20
_DOTS = (b"\0", b"\1")


@dataclass(slots=True)
class _Row:
    """A record of a directory to be written: of an old one, or new; ``number`` is the tree's
    where it leads to a directory of the new tree.
    """

    identifier: bytes
    data: bytearray
    number: int | None = None


@dataclass(slots=True)
class _Folder:
    """A directory that is written anew.  ``old`` is where it lay and ``room`` how many bytes
    it had there, 0 for a new one.
    """

    number: int
    parent: int
    identifier: bytes
    old: int
    room: int
    dots: list[bytearray]
    rows: list[_Row] = field(default_factory=list)
    extent: int = 0
    size: int = 0

    def records(self) -> list[bytearray]:
        """All records, in their order."""
        return [*self.dots, *(row.data for row in self.rows)]


def amend_iso(source: ByteSource, length: int, old: FileTree, new: FileTree) -> AmendedIso | None:
    """The volume ``old``, which lies in the first ``length`` bytes of ``source``, as ``new``.

    Nodes that are the same object in both trees are what stays.  None where the volume has
    to be made anew: it has other descriptors than one, much is gone from it, or what changes
    lies deeper or is named longer than can be done here.
    """
    if length % SECTOR or length < FRONT + 2 * SECTOR:
        return None
    try:
        return _Amending(source, length, old, new).run()
    except (CannotAmend, InputError):
        return None


class _Amending:
    def __init__(self, source: ByteSource, length: int, old: FileTree, new: FileTree) -> None:
        self.source = source
        self.length = length
        self.old = old
        self.new = new
        self.folders: dict[int, _Folder] = {}
        self.patches: dict[int, bytes] = {}
        self.gone: set[int] = set()  # sectors of directories that are not there any more
        self.waste = 0
        self.links: dict[int, int] = {}  # of directories that have others than they had
        self.files: list[tuple[_Row, int, bytes]] = []
        # directories that stay: (new number, sector, new number of the parent)
        self.staying: list[tuple[int, int, int]] = []
        # records of written directories in parents that stay: (offset, new number)
        self.leading: list[tuple[int, int]] = []

    def run(self) -> AmendedIso:
        """Find what changes, give it its place, patch what leads there."""
        head = self.source.pread(FRONT, 2 * SECTOR)
        if head[:7] != b"\x01CD001\x01" or head[SECTOR : SECTOR + 6] != b"\xffCD001":
            raise CannotAmend
        if self.old.nodes[ROOT] is not self.new.nodes[ROOT]:
            raise CannotAmend
        extent, size = struct.unpack_from("<I4xI", head, 158)
        self._compare(ROOT, ROOT, ROOT, extent, size, b"", 0)
        table = self._path_table(head)
        return self._placed(head, table)

    # --- what changes ----------------------------------------------------------------------

    def _compare(
        self, was: int, now: int, parent: int, extent: int, size: int, path: bytes, depth: int
    ) -> None:
        """A directory that is in both: is it to be written anew, is something below it?"""
        before, after = self.old.children(was), self.new.children(now)
        kept = {n for n in before.keys() & after.keys() if self._stays(before[n], after[n])}
        changed = len(kept) != len(before) or len(kept) != len(after)
        below = {n for n in kept if self._has_changes(before[n], after[n])}
        if not changed and not below:
            return
        data = self._directory(extent, size)
        records = list(read_records(data))
        if [r.name for r in records[:2]] != list(_DOTS):
            raise CannotAmend
        if changed:
            self._rewrite(was, now, parent, extent, data, records, kept, path, depth)
        for record in records[2:]:
            name = name_of(record)
            if name in kept and record.is_directory:
                child = after[name]
                if changed:
                    self.staying.append((child, record.extent, now))
                elif name in below:
                    self.leading.append((extent * SECTOR + record.offset, child))
                if name in below:
                    self._compare(before[name], child, now, record.extent, record.size,
                                  path + b"/" + name, depth + 1)  # fmt: skip

    def _stays(self, was: int, now: int) -> bool:
        return self.old.nodes[was] is self.new.nodes[now]

    def _has_changes(self, was: int, now: int) -> bool:
        """Whether anything below differs."""
        stack = [(was, now)]
        while stack:
            left, right = stack.pop()
            before, after = self.old.children(left), self.new.children(right)
            if before.keys() != after.keys():
                return True
            for name, child in before.items():
                if not self._stays(child, after[name]):
                    return True
                if self.old.nodes[child].is_directory:
                    stack.append((child, after[name]))
        return False

    def _directory(self, extent: int, size: int) -> bytes:
        if size > 1 << 24 or size % SECTOR:
            raise CannotAmend
        data = self.source.pread(extent * SECTOR, size)
        if len(data) != size:
            raise CannotAmend
        return data

    def _rewrite(
        self, was: int, now: int, parent: int, extent: int, data: bytes, records: list[Record],
        kept: set[bytes], path: bytes, depth: int,
    ) -> None:  # fmt: skip
        """A directory with other names than it had."""
        before, after = self.old.children(was), self.new.children(now)
        raw = [bytearray(data[r.offset : r.offset + data[r.offset]]) for r in records]
        folder = _Folder(now, parent, b"", extent, len(data), raw[:2])
        seen = set()
        for record, each in zip(records[2:], raw[2:], strict=True):
            name = name_of(record)
            is_hidden = is_out_of_sight(record) or (
                now == ROOT and name in MOVED_NAMES and name not in before
            )
            if name not in before and not is_hidden:
                raise CannotAmend
            seen.add(name)
            if name in kept or is_hidden:
                number = after.get(name) if record.is_directory and not is_hidden else None
                folder.rows.append(_Row(record.name, each, number))
                if is_hidden:
                    self.staying.append((-1, record.extent, now))
            else:
                self._drop(before[name], record)
        if seen - {n for n in seen if n not in before} != before.keys():
            raise CannotAmend
        self.folders[now] = folder
        self._add_rows(folder, after.keys() - kept, path, depth)
        links = self.new.nlink(now)
        if links != self.old.nlink(was):
            self.links[now] = links
            self._relink(folder, links)

    def _drop(self, number: int, record: Record) -> None:
        """A name that is not there any more."""
        node = self.old.nodes[number]
        if not node.is_directory:
            if self.old.nlink(number) > 1:
                raise CannotAmend  # the other names count it
            self.waste += record.size
            if self.waste > WASTE_MAX:
                raise CannotAmend
            return
        self.gone.add(record.extent)
        children = self.old.children(number)
        for each in list(read_records(self._directory(record.extent, record.size)))[2:]:
            name = name_of(each)
            if name not in children:
                raise CannotAmend
            self._drop(children[name], each)

    def _add_rows(self, folder: _Folder, names: set[bytes], path: bytes, depth: int) -> None:
        """Records of what is new in a directory."""
        taken = Identifiers()
        taken._taken |= {parts_of(row.identifier) for row in folder.rows}  # noqa: SLF001
        for name in sorted(names):
            number = self.new.children(folder.number)[name]
            node = self.new.nodes[number]
            if node.type not in (NodeType.FILE, NodeType.DIRECTORY, NodeType.SYMLINK):
                raise CannotAmend
            where = path + b"/" + name
            make = taken.directory if node.is_directory else taken.file
            identifier = make(name)
            data = make_record(identifier, node, self.new.nlink(number), name)
            row = _Row(identifier, data, number if node.is_directory else None)
            folder.rows.append(row)
            if node.is_directory:
                self._new_folder(number, folder.number, identifier, where, depth + 1)
            elif node.content.size:
                if node.content.size > CONTENT_MAX:
                    raise CannotAmend
                self.files.append((row, number, where))

    def _new_folder(
        self, number: int, parent: int, identifier: bytes, path: bytes, depth: int
    ) -> None:
        if depth > DEPTH_MAX:
            raise CannotAmend
        own, above = self.new.nodes[number], self.new.nodes[parent]
        dots = [
            make_record(_DOTS[0], own, self.new.nlink(number), b""),
            make_record(_DOTS[1], above, self.new.nlink(parent), b""),
        ]
        folder = _Folder(number, parent, identifier, 0, 0, dots)
        self.folders[number] = folder
        self._add_rows(folder, set(self.new.children(number)), path, depth)

    def _relink(self, folder: _Folder, links: int) -> None:
        """Another number of subdirectories: all records of the directory count them."""
        set_links(folder.dots[0], links)
        if folder.number == ROOT:
            set_links(folder.dots[1], links)

    # --- where it goes ---------------------------------------------------------------------

    def _path_table(self, head: bytes) -> tuple[PathRow, ...]:
        size, at = struct.unpack_from("<I4xI", head, 132)
        if size > 1 << 22:
            raise CannotAmend
        return read_path_table(self.source.pread(at * SECTOR, size))

    def _placed(self, head: bytes, table: tuple[PathRow, ...]) -> AmendedIso:
        at = self.length // SECTOR
        parents = {parent for _, _, parent in self.staying}
        for folder in self.folders.values():
            folder.rows.sort(key=lambda row: row.identifier)
            folder.size = len(packed(folder.records()))
            if folder.size <= folder.room:
                folder.extent, folder.size = folder.old, folder.room
                continue
            if folder.number in parents:
                raise CannotAmend  # libarchive wants directories behind their parents
            folder.extent = at
            at += folder.size // SECTOR
        areas = self._moved_areas(at)
        at += len(areas)
        little, big = write_path_table(self._rows(table))
        sectors = -(-len(little) // SECTOR)
        tables, at = at, at + 2 * sectors
        data: list[tuple[int, Node, bytes]] = []
        known: dict[int, int] = {}
        for row, number, path in self.files:
            node = self.new.nodes[number]
            if number not in known:
                known[number] = at
                data.append((at * SECTOR, node, path))
                at += -(-node.content.size // SECTOR)
            set_place(row.data, known[number], node.content.size)
        self._lead()
        tail = [
            (f.extent * SECTOR, bytes(packed(f.records())).ljust(f.size, b"\0"))
            for f in self.folders.values()
        ]
        tail += areas
        tail += [(tables * SECTOR, little), ((tables + sectors) * SECTOR, big)]
        self._patch_head(head, at, len(little), tables, sectors)
        return AmendedIso(
            at * SECTOR, self.source, self.length, tuple(self.patches.items()),
            tuple(tail), tuple(data),
        )  # fmt: skip

    def _moved_areas(self, at: int) -> list[tuple[int, bytes]]:
        """Continuation areas of records that moved, one in a sector each, from ``at`` on.

        libarchive wants them behind the directory, and before the data of a file.
        """
        found: list[tuple[int, bytes]] = []
        for folder in self.folders.values():
            if folder.extent == folder.old:
                continue
            for number, record in enumerate(folder.records()):
                place = continuation_of(record)
                if place is None:
                    continue
                sector, offset, length = place
                area = self.source.pread(sector * SECTOR + offset, length)
                is_file = number > 1 and not record[25] & FLAG_DIRECTORY
                if len(area) != length or is_file or any(k == b"CE" for k, _ in fields_of(area)):
                    raise CannotAmend
                set_continuation(record, at + len(found))
                found.append(((at + len(found)) * SECTOR, area))
        return found

    def _rows(self, table: tuple[PathRow, ...]) -> list[PathRow]:
        """The path table with directories that moved, without those gone, with the new."""
        moved = {f.old: f.extent for f in self.folders.values() if f.old}
        rows = [
            PathRow(r.identifier, moved.get(r.extent, r.extent), moved.get(r.parent, r.parent))
            for r in table
            if r.extent not in self.gone
        ]
        new = (f for f in self.folders.values() if not f.old)
        return rows + [PathRow(f.identifier, f.extent, self.folders[f.parent].extent) for f in new]

    def _lead(self) -> None:
        """Let every record that names a written directory say where it is now."""
        for folder in self.folders.values():
            set_place(folder.dots[0], folder.extent, folder.size)
            if folder.parent in self.folders:
                self._point(folder.dots[1], folder.parent)
            for row in folder.rows:
                if row.number in self.folders:
                    self._point(row.data, row.number)
        for offset, number in self.leading:
            if number in self.folders:
                self._patch(offset, number)
        for number, extent, parent in self.staying:
            if number not in self.folders:
                first = self.source.pread(extent * SECTOR, 1)
                self._patch(extent * SECTOR + first[0], parent)

    def _point(self, record: bytearray, number: int) -> None:
        """Let a record lead to a written directory."""
        target = self.folders[number]
        set_place(record, target.extent, target.size)
        if number in self.links:
            set_links(record, self.links[number])

    def _patch(self, offset: int, number: int) -> None:
        """Change a record where it lies."""
        data = bytearray(self.source.pread(offset, 255))
        record = data[: data[0]]
        self._point(record, number)
        self.patches[offset] = bytes(record)

    def _patch_head(self, head: bytes, end: int, length: int, tables: int, sectors: int) -> None:
        made = bytearray(head[:SECTOR])
        made[80:88] = entries.both(end)
        made[132:140] = entries.both(length)
        struct.pack_into("<II", made, 140, tables, 0)
        struct.pack_into(">II", made, 148, tables + sectors, 0)
        root = self.folders.get(ROOT)
        if root is not None:
            made[158:166], made[166:174] = entries.both(root.extent), entries.both(root.size)
        self.patches[FRONT] = bytes(made)
