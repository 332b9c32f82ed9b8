# SPDX-License-Identifier: Apache-2.0
"""Reads an ISO 9660 volume with Rock Ridge into a tree.

Directories are read whole, one at a time; file content stays where it is.  Relocated
directories (CL, PL, RE) are put back where they belong, and the directory that held them
is left out.  Without Rock Ridge names are lower-cased and lose their version, as
Solaris' hsfs shows them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mkboot.errors import InputError
from mkboot.formats.iso.nodes import Inode, NodeMaker
from mkboot.formats.iso.notes import Notes
from mkboot.formats.iso.records import Record, read_records
from mkboot.formats.iso.structs import FLAG_ASSOCIATED, ROCK_RIDGE_IDS, SECTOR
from mkboot.formats.iso.susp import Areas, SystemUse, read_system_use
from mkboot.formats.iso.volume import Descriptor, IsoVolume, read_descriptor
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.names import show
from mkboot.tree.node import SECOND, NodeType
from mkboot.tree.source import ByteSource, read_exact

_OWN_NAMES = (b"\0", b"\1")
#: What the directory of relocated ones is called, which genisoimage does not mark.
MOVED_NAMES = (b"rr_moved", b".rr_moved")


def read_iso(source: ByteSource, *, place: tuple[str, ...] = ()) -> IsoVolume:
    """The volume in ``source``, which may go on behind it (slices of a hybrid disc).

    Raises ``InputError`` with a place such as ``("iso", "directory /a", "record at
    4096")`` (bytes from the beginning of that directory) for what is broken or not
    supported: other block sizes, interleaved or sparse files, directories in a loop.
    File data past the end of the source is a finding, and an ``InputError`` when read.
    """
    try:
        return _Reader(source, ": ".join((*place, "iso"))).read()
    except InputError as e:
        raise e.inside(*place, "iso") from e


@dataclass(frozen=True, slots=True)
class _Directory:
    """A directory still to be read: its node number, its path for people, its data."""

    number: int
    path: bytes
    extent: int
    size: int


class _Reader:
    def __init__(self, source: ByteSource, place: str) -> None:
        self._source = source
        self._areas = Areas(source)
        self._rock_ridge = False
        self._rock_ridge_id = b""
        self._skip = 0
        self._seen: set[int] = set()
        self._directory_bytes = 0
        self._notes = Notes(place)
        self._maker = NodeMaker(source, self._notes)
        self._links: dict[tuple[object, ...], int] = {}
        self._moved: int | None = None

    def read(self) -> IsoVolume:
        descriptor = read_descriptor(self._source)
        tree = self._tree(descriptor)
        if descriptor.size > self._source.size:
            self._notes.short(descriptor.size, self._source.size)
        self._notes.rock_ridge(self._rock_ridge, self._rock_ridge_id)
        return IsoVolume(
            descriptor.volume_id,
            descriptor.size,
            self._rock_ridge,
            self._rock_ridge_id,
            tree,
            sum(node.type is NodeType.FILE for node in tree.nodes),
            self._notes.findings(),
        )

    def _tree(self, descriptor: Descriptor) -> FileTree:
        root = descriptor.root
        own = self._own_record(root.extent, b"/")
        use = self._sharing(own)
        builder = TreeBuilder(self._maker.make(own, use, (), b"/"), resolution=SECOND)
        stack = [_Directory(ROOT, b"", root.extent, root.size)]
        while stack:
            directory = stack.pop()
            try:
                stack.extend(self._read_directory(builder, directory))
            except InputError as e:
                raise e.inside(f"directory {show(directory.path or b'/')}") from e
        if self._moved is not None and self._moved != ROOT:
            self._drop_moved(builder)
        return builder.build()

    def _own_record(self, extent: int, path: bytes) -> Record:
        """The ``.`` record of the directory at a sector."""
        place = f"directory {show(path)}"
        data = read_exact(self._source, extent * SECTOR, SECTOR, (place,))
        try:
            first = next(read_records(data), None)
        except InputError as e:
            raise e.inside(place) from e
        if first is None or first.name != b"\0" or not first.is_directory:
            raise InputError("does not begin with its own record", place=(place,))
        return first

    def _sharing(self, own: Record) -> SystemUse:
        """Finds out from the root's own record whether there is Rock Ridge."""
        if own.system_use[:2] != b"SP":
            return SystemUse()
        try:
            use = read_system_use(own.system_use, self._areas)
        except InputError as e:
            raise e.inside("directory /", "record at 0") from e
        known = [i for i in use.extensions if i in ROCK_RIDGE_IDS]
        self._rock_ridge = use.sharing and (bool(known) or use.mode is not None)
        self._rock_ridge_id = known[0] if known else b""
        self._skip = use.skip
        return use if self._rock_ridge else SystemUse()

    def _read_directory(self, builder: TreeBuilder, at: _Directory) -> list[_Directory]:
        if at.extent in self._seen:
            raise InputError(f"its data in sector {at.extent} are those of another directory")
        self._seen.add(at.extent)
        self._directory_bytes += at.size
        if self._directory_bytes > self._source.size:
            raise InputError("the directories are larger than the image")
        data = read_exact(self._source, at.extent * SECTOR, at.size, ())
        inside: list[_Directory] = []
        moved = 0
        for extents in _files(data):
            record = extents[0]
            try:
                use = self._use(record)
                if use.relocated and record.is_directory:
                    moved += 1
                    continue
                found = self._add(builder, at, extents, use)
            except InputError as e:
                raise e.inside(f"record at {record.offset}") from e
            if found is not None:
                inside.append(found)
        if moved and not builder.children(at.number) and at.path[1:] in MOVED_NAMES:
            self._moved = at.number
        return inside

    def _use(self, record: Record) -> SystemUse:
        if not self._rock_ridge:
            return SystemUse()
        return read_system_use(record.system_use[self._skip :], self._areas)

    def _add(
        self, builder: TreeBuilder, at: _Directory, extents: list[Record], use: SystemUse
    ) -> _Directory | None:
        record = extents[0]
        name = self._name(record, use)
        path = at.path + b"/" + name
        if not self._rock_ridge and name in builder.children(at.number):
            self._notes.older(path)
            return None
        if use.child is not None:
            record = self._own_record(use.child, path)._replace(extent=use.child)
            use = self._use(record)
        if record.is_directory:
            number = builder.add(at.number, name, self._maker.make(record, use, (), path))
            return _Directory(number, path, record.extent, record.size)
        inode = self._maker.inode(extents, use, path)
        self._add_file(builder, at.number, name, inode)
        return None

    def _add_file(self, builder: TreeBuilder, parent: int, name: bytes, inode: Inode) -> None:
        known = self._links.get(inode.key) if inode.key else None
        if known is not None:
            builder.link(parent, name, known)
            return
        number = builder.add(parent, name, inode.node)
        if inode.key:
            self._links[inode.key] = number

    def _name(self, record: Record, use: SystemUse) -> bytes:
        if use.own:
            raise InputError("an NM entry that stands for . or .. in a record that does not")
        if use.name:
            return use.name
        name = record.name.split(b";")[0].lower()
        return name.rstrip(b".") or name

    def _drop_moved(self, builder: TreeBuilder) -> None:
        """Take away the directory that held nothing but relocated ones."""
        for name, number in builder.children(ROOT).items():
            if number == self._moved:
                builder.unlink(ROOT, name)
                return


def _files(data: bytes) -> Iterator[list[Record]]:
    """The records of a directory, without its own two, those of one file together."""
    extents: list[Record] = []
    for record in read_records(data):
        if record.name in _OWN_NAMES or record.flags & FLAG_ASSOCIATED:
            continue
        if extents and record.name != extents[0].name:
            raise InputError("the file's next extent is missing", place=(_at(extents[0]),))
        extents.append(record)
        if record.goes_on and not record.is_directory:
            continue
        yield extents
        extents = []
    if extents:
        raise InputError("the file's next extent is missing", place=(_at(extents[0]),))


def _at(record: Record) -> str:
    return f"record at {record.offset}"
