# SPDX-License-Identifier: Apache-2.0
"""Reading a ufsdump stream into a tree; file content stays where it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mkboot.errors import InputError
from mkboot.formats.inode import ByteOrder
from mkboot.formats.ufsdump.assemble import Assembler
from mkboot.formats.ufsdump.header import Header, header_sum, magic_order
from mkboot.formats.ufsdump.rescue import Rescuer
from mkboot.formats.ufsdump.salvage import gather
from mkboot.formats.ufsdump.scan import InodeMap, Scan, scan
from mkboot.formats.ufsdump.stream import Stream
from mkboot.formats.ufsdump.structs import CHECKSUM, RECORD
from mkboot.formats.ufsdump.volumes import Volumes, join_volumes, join_volumes_leniently
from mkboot.formats.ufsdump.walk import Walker
from mkboot.model.finding import Finding
from mkboot.tree.collection import without_collection
from mkboot.tree.filetree import FileTree
from mkboot.tree.source import ByteSource


@dataclass(frozen=True, slots=True)
class DumpHeader:
    """What the tape header says: seconds since 1970 of this dump and of the one it is
    relative to (0 at level 0), and the names that were given.
    """

    date: int
    base_date: int
    level: int
    label: bytes
    filesystem: bytes
    device: bytes
    host: bytes
    volume: int
    first_record: int
    byte_order: ByteOrder


@dataclass(frozen=True, slots=True)
class Dump:
    """A stream that was read.

    ``records`` counts all of 1024 bytes, the end records that fill the last tape block
    too.  ``in_use`` are the inodes that the file system had, ``dumped`` those that the
    stream promises.  ``scan`` is what was read of each inode: increments are joined by it.
    """

    header: DumpHeader
    tree: FileTree
    records: int
    in_use: InodeMap
    dumped: InodeMap
    scan: Scan
    findings: tuple[Finding, ...]


def looks_like_dump(source: ByteSource) -> bool:
    """Whether the first record has the magic of a dump, in either byte order, or, where the
    first is damaged, whether the second is a header of one.
    """
    start = source.pread(0, 2 * RECORD)
    if magic_order(start[:RECORD]) is not None:
        return True
    second = start[RECORD:]
    order = magic_order(second)
    return order is not None and header_sum(second, order) == CHECKSUM


def read_dump(
    source: ByteSource | Sequence[ByteSource],
    *,
    salvage: bool = False,
    slim: bool = False,
    place: tuple[str, ...] = (),
) -> Dump:
    """The dump that ``source`` begins with; of any blocking, of either byte order.

    A dump on several volumes is given as their sources, in order.  A level 0 dump gives the
    whole tree, a higher one the part that had changed with the directories above it
    (``merge_dumps`` puts them together).  Content refers to the sources, which must stay
    open.  Memory grows with the number of names and inodes only; with ``slim`` it is less by
    a third, but nothing can be joined to the dump, and files have no raw inode.

    Raises ``InputError`` for what is no dump, is damaged, or is cut off (it says how far
    the stream goes), and for dumps with large records.  With ``salvage`` a damaged dump
    gives all that is whole, and a ``dump-damaged`` finding for each stretch of records that
    is damaged and each path that is lost; what it cannot see is damage inside a data
    record, for the format has no sum over data.
    """
    sources = source if isinstance(source, (list, tuple)) else (source,)
    try:
        return _read(join_volumes(sources, place), place, slim)
    except InputError as e:
        if not salvage:
            raise
        return _salvage(sources, place, e)


def _read(volumes: Volumes, place: tuple[str, ...], slim: bool) -> Dump:
    stream = Stream(volumes, place)
    with without_collection():
        found = scan(stream, volumes.source)
        header = tape_header(stream.first, stream.byte_order)
        whole = header.base_date == 0
        assembler = Assembler(found, stream.byte_order, whole, place, slim=slim)
        return made_dump(header, assembler)


def _salvage(sources: Sequence[ByteSource], place: tuple[str, ...], e: InputError) -> Dump:
    volumes = join_volumes_leniently(sources, place)
    walker = Walker(volumes, place)
    if walker.first is None:
        raise e
    rescue = gather(walker)
    header = tape_header(walker.first, walker.byte_order)
    assembler = Rescuer(
        rescue.scan, walker.byte_order, header.base_date == 0, place, [*volumes.findings]
    )
    assembler.rescue = rescue
    assembler.damages = walker.damages
    return made_dump(header, assembler)


def made_dump(header: DumpHeader, assembler: Assembler) -> Dump:
    """The dump of what an assembler has, whose tree is made now."""
    found = assembler.scan
    return Dump(
        header=header,
        tree=assembler.tree(),
        records=found.records,
        in_use=found.in_use,
        dumped=found.dumped,
        scan=found,
        findings=tuple(assembler.findings),
    )


def tape_header(first: Header, byte_order: ByteOrder) -> DumpHeader:
    """What a header tells of the whole dump."""

    def text(field: bytes) -> bytes:
        return field.split(b"\0", 1)[0]

    return DumpHeader(
        date=first.date,
        base_date=first.base_date,
        level=first.level,
        label=text(first.label),
        filesystem=text(first.filesystem),
        device=text(first.device),
        host=text(first.host),
        volume=first.volume,
        first_record=first.first_record,
        byte_order=byte_order,
    )
