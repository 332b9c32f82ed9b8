# SPDX-License-Identifier: Apache-2.0
"""Reading a ufsdump stream into a tree; file content stays where it is."""

from __future__ import annotations

from dataclasses import dataclass

from mkboot.formats.inode import ByteOrder
from mkboot.formats.ufsdump.assemble import Assembler
from mkboot.formats.ufsdump.header import Header, magic_order
from mkboot.formats.ufsdump.scan import InodeMap, scan
from mkboot.formats.ufsdump.stream import Stream
from mkboot.formats.ufsdump.structs import RECORD
from mkboot.model.finding import Finding
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
    stream promises.
    """

    header: DumpHeader
    tree: FileTree
    records: int
    in_use: InodeMap
    dumped: InodeMap
    findings: tuple[Finding, ...]


def looks_like_dump(source: ByteSource) -> bool:
    """Whether the first record has the magic of a dump, in either byte order."""
    return magic_order(source.pread(0, RECORD)) is not None


def read_dump(source: ByteSource, *, place: tuple[str, ...] = ()) -> Dump:
    """The dump that ``source`` begins with; of any blocking, of either byte order.

    A level 0 dump gives the whole tree, a higher one the part that had changed with the
    directories above it.  Content refers to ``source``, which must stay open.  Memory
    grows with the number of names and inodes only.

    Raises ``InputError`` for what is no dump, is damaged, or is cut off (it says how far
    the stream goes), and for dumps on several volumes and with large records.
    """
    stream = Stream(source, place)
    found = scan(stream, source)
    header = _tape_header(stream.first, stream.byte_order)
    assembler = Assembler(found, stream.byte_order, header.base_date == 0, place)
    return Dump(
        header=header,
        tree=assembler.tree(),
        records=found.records,
        in_use=found.in_use,
        dumped=found.dumped,
        findings=tuple(assembler.findings),
    )


def _tape_header(first: Header, byte_order: ByteOrder) -> DumpHeader:
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
