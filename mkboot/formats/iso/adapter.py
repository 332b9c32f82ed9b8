# SPDX-License-Identifier: Apache-2.0
"""The guarded door to pycdlib, which lays out directories, path tables and extents.

pycdlib has no way to set owners, times or link counts, drops device nodes, loses the
name of a relocated directory when it is long, and looks for room for a continuation area
in every block from the first on.  So the records are made without its Rock Ridge, and
their system use areas (see ``areas``) are put in here.

This leans on internals of one version.  ``selfcheck`` proves on first use that they are
as expected; ``INTERNALS`` names them.
"""
# ruff: noqa: SLF001 - see above

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from pycdlib import dr, inode, path_table_record, rockridge
from pycdlib.pycdlib import PyCdlib

from mkboot.errors import BugError
from mkboot.formats.iso import entries
from mkboot.formats.iso.areas import ROCK_RIDGE, Facts, Raw, attributes, date, describe
from mkboot.formats.iso.structs import SECTOR
from mkboot.tree.node import SECOND

#: What is used of pycdlib beyond its public face.
INTERNALS: tuple[tuple[type, tuple[str, ...]], ...] = (
    (PyCdlib, ("_add_child_to_dr", "_add_to_ptr_size", "_finish_add", "inodes", "pvd")),
    (PyCdlib, ("force_consistency", "write_fp", "logical_block_size")),
    (
        dr.DirectoryRecord,
        ("new_file", "new_dir", "new_dot", "new_dotdot", "set_ptr", "set_data_location"),
    ),
    (dr.DirectoryRecord, ("set_data_length", "data_length", "extent_location")),
    (dr.DirectoryRecord, ("dr_len", "date", "rock_ridge", "inode", "children")),
    (rockridge.RockRidge, ("_initialized", "_full_name", "rr_version", "dr_entries")),
    (rockridge.RockRidge, ("ce_entries", "ce_area_lengths", "add_ce_area", "parent_link")),
    (rockridge.RockRidge, ("cl_to_moved_dr", "moved_to_cl_dr", "bytes_to_skip", "ce_areas")),
    (rockridge.RockRidge, ("child_link_update_from_dirrecord",)),
    (rockridge.RockRidge, ("parent_link_update_from_dirrecord",)),
    (rockridge.RockRidgeEntries, ("rr_record", "px_record", "tf_record", "al_records")),
    (rockridge.RockRidgeEntries, ("cl_record", "pl_record", "ce_record")),
    (rockridge.RRPXRecord, ("posix_file_mode", "posix_file_links", "posix_user_id")),
    (rockridge.RRPXRecord, ("posix_group_id",)),
    (rockridge.RRRRRecord, ("rr_flags",)),
    (rockridge.RockRidgeContinuationBlock, ("add_entry", "set_extent_location")),
    (inode.Inode, ("new", "linked_records", "extent_location", "data_length")),
)


class DataFile(Protocol):
    """What pycdlib reads a file's data from."""

    def seek(self, offset: int) -> int:
        """Go to a byte; only ever the first."""

    def read(self, size: int) -> bytes:
        """The next bytes."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A directory in the layout, to add to; ``facts`` are what its own records say.

    ``parent`` is where it lies, which for a relocated one is not where it belongs;
    ``moved`` is what lies in the directory of the relocated, and that itself.
    ``blocks`` are the continuation blocks of its entries; the last is being filled.
    """

    record: Any
    parent: Spot | None
    facts: Facts
    moved: bool = False
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
            rock_ridge=ROCK_RIDGE,
            vol_ident=self.volume_id,
            app_ident_str="MKBOOT",
            vol_set_ident="",
        )
        root = self._iso.pvd.root_directory_record()
        root.date = date(self.root_facts.node.mtime)
        for record in root.children:
            self._describe_root(record)
        self._root = Spot(root, None, self.root_facts)
        self._spots = [self._root]

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
        more += describe(parent.blocks, record, facts, kinds)
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
        return self._directory(parent, parent, identifier, facts, hidden=hidden)

    def add_relocated(
        self, home: Spot, stub: bytes, moved: Spot, identifier: bytes, facts: Facts
    ) -> Spot:
        """A directory that belongs into ``home`` but lies in ``moved``.

        ``stub`` is the identifier of the record that stands for it at home.
        """
        link = self._file(home, stub, 0, facts)
        more = describe(home.blocks, link, facts, [], child=True)
        more += self._iso._add_child_to_dr(link)
        self._iso._finish_add(0, more)
        made = self._directory(home, moved, identifier, facts, hidden=True)
        link.rock_ridge.cl_to_moved_dr = made.record
        made.record.rock_ridge.moved_to_cl_dr = link
        return made

    def lay_out(self) -> tuple[int, int]:
        """Gives everything its place; the size of the image and of its metadata, in bytes."""
        self._iso.force_consistency()
        self._renumber()
        for entry, links in self._parent_links:
            entry.posix_file_links = links
        self._iso.inodes.sort(key=lambda i: i.extent_location())
        size = int(self._iso.pvd.space_size) * SECTOR
        first = self._iso.inodes[0].extent_location() * SECTOR if self._iso.inodes else size
        return size, int(first)

    def _renumber(self) -> None:
        """Puts the directories into an order of our own; pycdlib goes level by level.

        libarchive, which hardly goes back, wants continuation blocks right behind their
        directory, and what is relocated before the directories it belongs into, outer
        before inner.  genisoimage does so too.
        """
        at = self._root.record.extent_location()
        moved = [spot for spot in self._spots if spot.moved]
        rest = [spot for spot in self._spots[1:] if not spot.moved]
        for spot in (self._root, *moved, *rest):
            spot.record.set_data_location(at, 0)
            at += spot.record.data_length // SECTOR
            for block in spot.blocks:
                block.set_extent_location(at)
                at += 1
        for spot in self._spots:
            dot, dotdot, *children = spot.record.children
            dot.set_data_location(spot.record.extent_location(), 0)
            above = (spot.parent or spot).record
            dotdot.set_data_location(above.extent_location(), 0)
            dotdot.set_data_length(above.data_length)
            if dotdot.rock_ridge.parent_link is not None:
                dotdot.rock_ridge.parent_link_update_from_dirrecord()
            for rock in (child.rock_ridge for child in children):
                if rock.ce_areas:
                    rock.dr_entries.ce_record.update_extent(rock.ce_areas[0].extent_location())
                if rock.cl_to_moved_dr is not None:
                    rock.child_link_update_from_dirrecord()
        extensions = self._root.record.children[0].rock_ridge.dr_entries.ce_record
        if extensions is None or extensions.bl_cont_area != at:
            raise BugError("pycdlib has another layout of directories than expected")

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
        self,
        home: Spot,
        parent: Spot,
        identifier: bytes,
        facts: Facts,
        *,
        hidden: bool,
    ) -> Spot:
        pvd, seconds = self._iso.pvd, facts.node.mtime // SECOND
        record = dr.DirectoryRecord()
        record.new_dir(
            pvd, identifier, parent.record, 1, "", b"", SECTOR, False, False, False, 0, seconds
        )
        extra = [entries.relocated()] if hidden else []
        more = describe(parent.blocks, record, facts, extra)
        more += self._iso._add_child_to_dr(record)
        spot = Spot(record, parent, facts, parent.moved or hidden)
        self._spots.append(spot)
        dot: Any = dr.DirectoryRecord()
        dotdot: Any = dr.DirectoryRecord()
        dot.new_dot(pvd, record, 1, "", SECTOR, False, 0, seconds)
        dotdot.new_dotdot(pvd, record, 1, "", SECTOR, False, False, 0, seconds)
        more += describe(spot.blocks, dot, facts._replace(name=b""), [])
        moved = home is not parent
        more += describe(spot.blocks, dotdot, home.facts._replace(name=b""), [], parent=moved)
        if moved:
            dotdot.rock_ridge.parent_link = home.record
        more += self._iso._add_child_to_dr(dot) + self._iso._add_child_to_dr(dotdot)
        row = path_table_record.PathTableRecord()
        row.new_dir(identifier)
        record.set_ptr(row)
        self._iso._finish_add(0, more + self._iso._add_to_ptr_size(row) + SECTOR)
        entry = dotdot.rock_ridge.dr_entries.px_record
        self._parent_links.append((entry, home.facts.links))
        return spot

    def _describe_root(self, record: Any) -> None:  # noqa: ANN401
        """Sets what pycdlib put into the root's own records."""
        facts = self.root_facts
        record.date = date(facts.node.mtime)
        rock = record.rock_ridge
        for area in (rock.dr_entries, rock.ce_entries):
            if area is not None and area.px_record is not None:
                area.px_record = attributes(facts)
            if area is not None and area.tf_record is not None:
                area.tf_record = Raw(entries.times(facts.node))
