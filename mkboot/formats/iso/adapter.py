# SPDX-License-Identifier: Apache-2.0
"""The guarded door to pycdlib, which lays out directories, path tables and extents.

pycdlib has no way to set owners, times or link counts, drops device nodes, loses the
name of a relocated directory when it is long, and looks for room for a continuation area
in every block from the first on.  So the records are made without its Rock Ridge, and
their system use areas are put in here: RR, PX, CL and PL as pycdlib's own objects, for
it changes them during the layout, all other entries as finished bytes.

This leans on internals of one version.  ``selfcheck`` proves on first use that they are
as expected; ``INTERNALS`` names them.
"""
# ruff: noqa: SLF001 - see above

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from pycdlib import dates, dr, inode, path_table_record, rockridge
from pycdlib.pycdlib import PyCdlib

from mkboot.formats.iso import entries
from mkboot.formats.iso.dates import short_fields
from mkboot.formats.iso.structs import SECTOR
from mkboot.tree.node import SECOND, TYPE_BITS, Node

#: What is used of pycdlib beyond its public face.
INTERNALS: tuple[tuple[type, tuple[str, ...]], ...] = (
    (PyCdlib, ("_add_child_to_dr", "_add_to_ptr_size", "_finish_add", "inodes", "pvd")),
    (PyCdlib, ("force_consistency", "write_fp", "logical_block_size")),
    (dr.DirectoryRecord, ("new_file", "new_dir", "new_dot", "new_dotdot", "set_ptr")),
    (dr.DirectoryRecord, ("dr_len", "date", "rock_ridge", "inode", "children")),
    (rockridge.RockRidge, ("_initialized", "_full_name", "rr_version", "dr_entries")),
    (rockridge.RockRidge, ("ce_entries", "ce_area_lengths", "add_ce_area", "parent_link")),
    (rockridge.RockRidge, ("cl_to_moved_dr", "moved_to_cl_dr", "bytes_to_skip")),
    (rockridge.RockRidgeEntries, ("rr_record", "px_record", "tf_record", "al_records")),
    (rockridge.RockRidgeEntries, ("cl_record", "pl_record", "ce_record")),
    (rockridge.RRPXRecord, ("posix_file_mode", "posix_file_links", "posix_user_id")),
    (rockridge.RRPXRecord, ("posix_group_id",)),
    (rockridge.RockRidgeContinuationBlock, ("add_entry",)),
    (inode.Inode, ("new", "linked_records", "extent_location", "data_length")),
)

_VERSION = "1.09"
_RECORD_MAX = rockridge.ALLOWED_DR_SIZE
_CE = 28
_LINK = 12


class DataFile(Protocol):
    """What pycdlib reads a file's data from."""

    def seek(self, offset: int) -> int:
        """Go to a byte; only ever the first."""

    def read(self, size: int) -> bytes:
        """The next bytes."""


class Facts(NamedTuple):
    """What a record says of its node: the name (empty for ``.`` and ``..``), the links."""

    name: bytes
    node: Node
    links: int


@dataclass(frozen=True, slots=True)
class Spot:
    """A directory in the layout, to add to; ``facts`` are what its own records say.

    ``blocks`` holds the continuation block that is being filled for its entries: each
    directory has its own, for a reader that cannot go back (libarchive) takes only those
    that lie behind the directory.
    """

    record: Any
    facts: Facts
    blocks: list[Any] = field(default_factory=list)


class Data:
    """The data of a file, shared by all its names; ``offset`` is known after the layout."""

    def __init__(self, size: int, source: DataFile) -> None:
        self.size = size
        file: Any = source
        self.inode: Any = inode.Inode()
        self.inode.new(size, file, False, 0)

    @property
    def offset(self) -> int:
        """Where the data begin in the image, in bytes."""
        return int(self.inode.extent_location()) * SECTOR


class _Raw:
    """A finished entry, in the shape in which pycdlib asks for one."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def record(self) -> bytes:
        return self._data


@dataclass
class Master:
    """A volume in the making.  Everything is added before ``lay_out`` is called."""

    volume_id: str
    root_facts: Facts
    _iso: PyCdlib = field(default_factory=PyCdlib)
    _parent_links: list[tuple[Any, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._iso.new(
            interchange_level=3,
            rock_ridge=_VERSION,
            vol_ident=self.volume_id,
            app_ident_str="MKBOOT",
            vol_set_ident="",
        )
        root = self._iso.pvd.root_directory_record()
        root.date = _date(self.root_facts.node.mtime)
        for record in root.children:
            self._describe_root(record)
        self._root = Spot(root, self.root_facts)

    @property
    def root(self) -> Spot:
        """The root directory."""
        return self._root

    def add_file(self, parent: Spot, identifier: bytes, facts: Facts, data: Data | None) -> None:
        """Anything that is no directory; ``data`` only where it is not empty."""
        record = self._file(parent, identifier, data.size if data else 0, facts)
        more = 0
        node = facts.node
        kinds: list[bytes] = []
        if node.target:
            kinds = entries.target(node.target)
        elif node.device is not None:
            kinds = [entries.device(node.device)]
        more += self._describe(parent, record, facts, kinds)
        more += self._iso._add_child_to_dr(record)
        if data is not None:
            record.inode = data.inode
            if not data.inode.linked_records:
                self._iso.inodes.append(data.inode)
                more += -(-data.size // SECTOR) * SECTOR
            data.inode.linked_records.append((record, True))
        self._iso._finish_add(0, more)

    def add_directory(
        self, parent: Spot, identifier: bytes, facts: Facts, *, hidden: bool = False
    ) -> Spot:
        """A directory below ``parent``; ``hidden`` (an RE entry) for the one of relocated."""
        extra = [entries.relocated()] if hidden else []
        return self._directory(parent, parent, identifier, facts, extra)

    def add_relocated(
        self, home: Spot, stub: bytes, moved: Spot, identifier: bytes, facts: Facts
    ) -> Spot:
        """A directory that belongs into ``home`` but lies in ``moved``.

        ``stub`` is the identifier of the record that stands for it at home.
        """
        link = self._file(home, stub, 0, facts)
        more = self._describe(home, link, facts, [], child=True)
        more += self._iso._add_child_to_dr(link)
        self._iso._finish_add(0, more)
        made = self._directory(home, moved, identifier, facts, [entries.relocated()])
        link.rock_ridge.cl_to_moved_dr = made.record
        made.record.rock_ridge.moved_to_cl_dr = link
        return made

    def lay_out(self) -> tuple[int, int]:
        """Gives everything its place; the size of the image and of its metadata, in bytes."""
        self._iso.force_consistency()
        for attributes, links in self._parent_links:
            attributes.posix_file_links = links
        self._iso.inodes.sort(key=lambda i: i.extent_location())
        size = int(self._iso.pvd.space_size) * SECTOR
        first = self._iso.inodes[0].extent_location() * SECTOR if self._iso.inodes else size
        return size, int(first)

    def write(self, out: Any, block: int) -> None:  # noqa: ANN401
        """Writes the image through ``out`` (seek, tell, write), data ``block`` bytes at a time."""
        self._iso.write_fp(out, blocksize=block)

    def _file(self, parent: Spot, identifier: bytes, size: int, facts: Facts) -> Any:  # noqa: ANN401
        record = dr.DirectoryRecord()
        pvd = self._iso.pvd
        seconds = facts.node.mtime // SECOND
        record.new_file(pvd, size, identifier, parent.record, 1, "", b"", False, 0, seconds)
        return record

    def _directory(
        self, home: Spot, parent: Spot, identifier: bytes, facts: Facts, extra: list[bytes]
    ) -> Spot:
        pvd, seconds = self._iso.pvd, facts.node.mtime // SECOND
        record = dr.DirectoryRecord()
        record.new_dir(
            pvd, identifier, parent.record, 1, "", b"", SECTOR, False, False, False, 0, seconds
        )
        more = self._describe(parent, record, facts, extra)
        more += self._iso._add_child_to_dr(record)
        spot = Spot(record, facts)
        dot: Any = dr.DirectoryRecord()
        dotdot: Any = dr.DirectoryRecord()
        dot.new_dot(pvd, record, 1, "", SECTOR, False, 0, seconds)
        dotdot.new_dotdot(pvd, record, 1, "", SECTOR, False, False, 0, seconds)
        more += self._describe(spot, dot, facts._replace(name=b""), [])
        moved = home is not parent
        more += self._describe(spot, dotdot, home.facts._replace(name=b""), [], parent=moved)
        if moved:
            dotdot.rock_ridge.parent_link = home.record
        more += self._iso._add_child_to_dr(dot) + self._iso._add_child_to_dr(dotdot)
        row = path_table_record.PathTableRecord()
        row.new_dir(identifier)
        record.set_ptr(row)
        self._iso._finish_add(0, more + self._iso._add_to_ptr_size(row) + SECTOR)
        attributes = dotdot.rock_ridge.dr_entries.px_record
        self._parent_links.append((attributes, home.facts.links))
        return spot

    def _describe(
        self,
        directory: Spot,
        record: Any,  # noqa: ANN401
        facts: Facts,
        extra: list[bytes],
        *,
        child: bool = False,
        parent: bool = False,
    ) -> int:
        """Puts the system use area into a record; the bytes that continuation blocks add."""
        record.date = _date(facts.node.mtime)
        wanted = [entries.times(facts.node), *entries.name(facts.name), *extra]
        rock: Any = rockridge.RockRidge()
        rock.rr_version = _VERSION
        rock.bytes_to_skip = 0
        rock._full_name = facts.name
        rock._initialized = True
        inside = rock.dr_entries
        inside.px_record = _attributes(facts)
        inside.rr_record = rockridge.RRRRRecord()
        inside.rr_record.new()
        kinds = {bytes(entry[:2]).decode() for entry in wanted} | {"PX"}
        used = rockridge.RRPXRecord.length(_VERSION) + rockridge.RRRRRecord.length()
        if child:
            inside.cl_record = rockridge.RRCLRecord()
            inside.cl_record.new()
            kinds.add("CL")
        if parent:
            inside.pl_record = rockridge.RRPLRecord()
            inside.pl_record.new()
            kinds.add("PL")
        used += _LINK * (child + parent)
        for kind in sorted(kinds):
            inside.rr_record.append_field(kind)
        here = _fitting(wanted, _RECORD_MAX - record.dr_len - used)
        inside.al_records = [_Raw(entry) for entry in wanted[:here]]
        used += sum(len(entry) for entry in wanted[:here])
        more = 0
        if here < len(wanted):
            used += _CE
            more = _continue(directory, rock, wanted[here:])
        record.rock_ridge = rock
        record.dr_len += used + used % 2
        return more

    def _describe_root(self, record: Any) -> None:  # noqa: ANN401
        """Sets what pycdlib put into the root's own records."""
        facts = self.root_facts
        record.date = _date(facts.node.mtime)
        rock = record.rock_ridge
        for area in (rock.dr_entries, rock.ce_entries):
            if area is not None and area.px_record is not None:
                area.px_record = _attributes(facts)
            if area is not None and area.tf_record is not None:
                area.tf_record = _Raw(entries.times(facts.node))


def _continue(directory: Spot, rock: Any, rest: list[bytes]) -> int:  # noqa: ANN401
    """Puts entries into continuation areas; the bytes of the blocks that this adds."""
    rock.ce_entries = rockridge.RockRidgeEntries()
    rock.ce_entries.al_records = [_Raw(entry) for entry in rest]
    more = 0
    for length in rock.ce_area_lengths(SECTOR):
        offset = directory.blocks[-1].add_entry(length) if directory.blocks else None
        if offset is None:
            directory.blocks[:] = [rockridge.RockRidgeContinuationBlock(-1, SECTOR)]
            offset = directory.blocks[-1].add_entry(length)
            more += SECTOR
        rock.add_ce_area(directory.blocks[-1], offset, length)
    link = rockridge.RRCERecord()
    link.new()
    link.update_offset(rock.ce_areas[0].offset)
    link.update_len(rock.ce_areas[0].length)
    rock.dr_entries.ce_record = link
    return more


def _attributes(facts: Facts) -> Any:  # noqa: ANN401
    made = rockridge.RRPXRecord()
    made.new(TYPE_BITS[facts.node.type] | facts.node.mode)
    made.posix_file_links = facts.links
    made.posix_user_id = facts.node.uid
    made.posix_group_id = facts.node.gid
    return made


def _date(nanoseconds: int) -> Any:  # noqa: ANN401
    return dates.DirectoryRecordDate.from_fields(*short_fields(nanoseconds // SECOND), 0)


def _fitting(wanted: list[bytes], room: int) -> int:
    """How many of the entries go into ``room`` bytes, with a CE entry unless all do."""
    if sum(len(entry) for entry in wanted) <= room:
        return len(wanted)
    room -= _CE
    for number, entry in enumerate(wanted):
        room -= len(entry)
        if room < 0:
            return number
    return len(wanted)
