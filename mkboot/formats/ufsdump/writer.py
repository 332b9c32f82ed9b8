# SPDX-License-Identifier: Apache-2.0
"""Writing a tree as a ufsdump stream: a pure stream, nothing is ever gone back to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mkboot.errors import CallerError, InputError
from mkboot.formats.inode import DIRECT, IFSHAD, ByteOrder, pack_dinode
from mkboot.formats.ufsdump.changed import choose_changed
from mkboot.formats.ufsdump.header import HeaderWriter
from mkboot.formats.ufsdump.plan import Member, Plan, make_plan
from mkboot.formats.ufsdump.ranges import has_zero_block, pieces, records_of
from mkboot.formats.ufsdump.reader import Dump
from mkboot.formats.ufsdump.structs import (
    ADDRESSES,
    DR_HASMETA,
    DR_INODEINFO,
    DR_NEWHEADER,
    MAP_UNIT,
    RECORD,
    ROOT_INODE,
    SHADOW_ROOM,
    TS_ADDR,
    TS_BITS,
    TS_CLRI,
    TS_END,
    TS_INODE,
    TS_TAPE,
)
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree

Write = Callable[[bytes | bytearray | memoryview], object]

#: The stream is handed on in pieces of at least this many bytes.
BUFFER = 1 << 20
_ZEROS, _PRESENT = bytes(RECORD), b"\1" * ADDRESSES
#: c_inos of a dump on one volume: volume 1 begins with the root.
_VOLUMES = (0, ROOT_INODE)


@dataclass(frozen=True, slots=True)
class DumpOptions:
    """What the headers say.

    ``date`` and ``base_date`` in seconds since 1970, the latter 0 at level 0; names are
    cut to what a header holds.  ``blocking`` is the tape block in records of 1 KiB: the
    stream is filled up to whole ones.  ``inodes`` is how many the file system has (0: as
    many as the tree needs), ``block_size`` its block: holes and the first header of a
    file are measured with it.  ``byte_order`` is that of the machine which will restore:
    ufsrestore reads the other one too, but loses devices and ACLs.
    """

    date: int
    level: int = 0
    base_date: int = 0
    filesystem: bytes = b""
    device: bytes = b""
    host: bytes = b""
    label: bytes = b"none"
    blocking: int = 32
    inodes: int = 0
    block_size: int = 8192
    byte_order: ByteOrder = "big"

    def __post_init__(self) -> None:
        if not all(-(1 << 31) <= date < 1 << 31 for date in (self.date, self.base_date)):
            raise CallerError("a dump's date must fit 32 bits")
        if not 0 <= self.level <= 9:
            raise CallerError(f"there is no dump level {self.level}")
        if not 0 < self.blocking <= ADDRESSES:
            raise CallerError(f"a tape block of {self.blocking} KiB is not possible")
        if self.block_size not in (1024, 2048, 4096, 8192):
            raise CallerError(f"UFS has no blocks of {self.block_size} bytes")


@dataclass(frozen=True, slots=True)
class DumpSummary:
    """What was written: 1 KiB records and bytes in all, inodes, directories among them."""

    records: int
    inodes: int
    directories: int
    bytes: int


def write_dump(
    tree: FileTree,
    write: Write,
    options: DumpOptions,
    *,
    base: Dump | None = None,
    advance: Callable[[int], None] | None = None,
) -> DumpSummary:
    """Write ``tree`` as one stream, as ufsdump lays it out.

    With ``options.base_date`` it is an increment: what has changed since, with all
    directories on the way, and the map of all inodes in use.  ``base`` is the dump that it
    is relative to (``join_dumps`` where that is one itself): then also what differs from it.

    ``write`` is given buffers of 1 MiB and more (the last may be shorter) that are its
    own to keep; ``advance`` hears of their bytes.  Raises ``InputError`` for what a UFS
    inode cannot hold, before anything is written where that can be seen then, and for
    content that is shorter than it says.
    """
    plan = make_plan(tree, options.byte_order)
    _choose(plan, options, base)
    return _Writer(plan, write, options, advance).run()


def _choose(plan: Plan, options: DumpOptions, base: Dump | None) -> None:
    if base is not None and base.header.date != options.base_date:
        raise CallerError("the base is not the dump of base_date")
    if options.base_date:
        plan.taken = choose_changed(plan, options.base_date, base.scan if base else None)


def estimate_dump(
    tree: FileTree, options: DumpOptions | None = None, *, base: Dump | None = None
) -> int:
    """Exactly how many bytes ``write_dump`` would write; no content is read."""
    options = options or DumpOptions(date=0)
    plan = make_plan(tree, options.byte_order)
    _choose(plan, options, base)
    size = _map_bytes(plan, options)
    records = 1 + 2 * (size // RECORD + -(-size // (ADDRESSES * RECORD)))
    for members in (plan.directories(), plan.files()):
        records += sum(_member_records(member, options.block_size) for member in members)
    return (records // options.blocking + 1) * options.blocking * RECORD


def _member_records(member: Member, block: int) -> int:
    acl = member.acl if len(member.acl) > SHADOW_ROOM else b""
    return records_of(member.content, block) + (1 + -(-len(acl) // RECORD) if acl else 0)


def _map_bytes(plan: Plan, options: DumpOptions) -> int:
    inodes = max(options.inodes, plan.highest + 1)
    return -(-inodes // (8 * MAP_UNIT)) * MAP_UNIT


class _Writer:
    """One run of ``write_dump``."""

    def __init__(
        self,
        plan: Plan,
        write: Write,
        options: DumpOptions,
        advance: Callable[[int], None] | None,
    ) -> None:
        self._plan = plan
        self._write = write
        self._options = options
        self._advance = advance or (lambda _count: None)
        self._buffer = bytearray()
        self._written = 0
        self._last = max(options.inodes - 1, plan.highest)
        o = options
        self._headers = HeaderWriter(
            date=o.date,
            base_date=o.base_date,
            level=o.level,
            names=(o.label[:15], o.filesystem[:63], o.device[:63], o.host[:63]),
            byte_order=o.byte_order,
        )

    def run(self) -> DumpSummary:
        self._header(TS_TAPE, self._last, 0, flags=DR_NEWHEADER)
        self._maps()
        directories = self._members(self._plan.directories())
        files = self._members(self._plan.files())
        self._end()
        self._flush()
        records = self._written // RECORD
        return DumpSummary(records, directories + files, directories, self._written)

    def _header(
        self,
        kind: int,
        ino: int,
        count: int,
        *,
        dinode: bytes = bytes(128),
        addr: bytes = b"",
        flags: int = 0,
        shadow: bytes = b"",
    ) -> None:
        tapea = (self._written + len(self._buffer)) // RECORD
        self._buffer += self._headers.make(
            kind, tapea, ino, count, dinode=dinode, addr=addr, flags=flags, shadow=shadow
        )

    def _maps(self) -> None:
        size = _map_bytes(self._plan, self._options)
        used = np.zeros(8 * size, dtype=np.bool_)
        used[np.fromiter(self._plan.inodes(), dtype=np.int64) - 1] = True
        dumped = self._dumped(used)
        used[0] = True  # inode 1, the bad block inode of old, is in use but never dumped
        self._map(TS_CLRI, np.packbits(used, bitorder="little").tobytes())
        self._map(TS_BITS, dumped)

    def _dumped(self, used: npt.NDArray[np.bool_]) -> bytes:
        taken = self._plan.taken
        if taken is not None:
            used = np.zeros_like(used)
            used[np.fromiter(taken, dtype=np.int64) - 1] = True
        return np.packbits(used, bitorder="little").tobytes()

    def _map(self, kind: int, data: bytes) -> None:
        for at in range(0, len(data), ADDRESSES * RECORD):
            part = data[at : at + ADDRESSES * RECORD]
            count = len(part) // RECORD
            self._header(kind if at == 0 else TS_ADDR, ROOT_INODE, count, addr=b"\1" * count)
            self._buffer += part
            self._flush_if_full()

    def _members(self, members: Iterable[Member]) -> int:
        count = 0
        for member in members:
            count += 1
            try:
                self._member(member)
            except InputError as e:
                raise e.inside(f"inode {member.ino}") from None
        return count

    def _member(self, member: Member) -> None:
        short = member.acl if len(member.acl) <= SHADOW_ROOM else b""
        flags = DR_HASMETA if short else 0
        if not self._without_holes(member, flags, short):
            self._in_pieces(member, flags, short)
        if member.acl and not short:
            self._long_acl(member)
        self._flush_if_full()

    def _without_holes(self, member: Member, flags: int, short: bytes) -> bool:
        """Write an inode that needs one header and, by a look at its data, has no hole.

        Nearly every file is like that, and a look at data is cheaper than at the blocks.
        """
        size, block = member.size, self._options.block_size
        if size > DIRECT * block:
            return False
        data = self._read(member, 0, size)
        if has_zero_block(data, block):
            return False
        count = -(-size // RECORD)
        self._header(
            TS_INODE, member.ino, count,
            dinode=member.dinode, addr=_PRESENT[:count], flags=flags, shadow=short,
        )  # fmt: skip
        self._buffer += data
        self._buffer += _ZEROS[: -size % RECORD]
        return True

    def _in_pieces(self, member: Member, flags: int, short: bytes) -> None:
        kind = TS_INODE
        for piece in pieces(member.content, self._options.block_size):
            self._header(
                kind, member.ino, len(piece.present),
                dinode=member.dinode, addr=piece.present, flags=flags, shadow=short,
            )  # fmt: skip
            kind = TS_ADDR
            for offset, length in piece.data:
                self._buffer += self._read(member, offset, length)
                self._buffer += _ZEROS[: -length % RECORD]
            self._flush_if_full()

    def _read(self, member: Member, offset: int, length: int) -> bytes:
        data = member.content.read(offset, length) if length else b""
        if len(data) != length:
            raise InputError(f"ends after {offset + len(data)} of {member.size} bytes")
        return data

    def _long_acl(self, member: Member) -> None:
        """The shadow inode's records behind the data; TS_ADDR, so that every reader that
        does not know of ACLs takes them for a continuation and steps over them.
        """
        dinode = pack_dinode(
            self._options.byte_order,
            mode=IFSHAD,
            nlink=1,
            uid=0,
            gid=0,
            size=len(member.acl),
            times=(0, 0, 0),
        )
        for piece in pieces(BytesContent(member.acl), self._options.block_size):
            self._header(TS_ADDR, member.ino, len(piece.present), dinode=dinode, addr=piece.present)
            self._buffer += member.acl.ljust(len(piece.present) * RECORD, b"\0")

    def _end(self) -> None:
        volumes = b"".join(n.to_bytes(4, self._options.byte_order) for n in _VOLUMES)
        while True:
            self._header(TS_END, self._last, 1, addr=volumes, flags=DR_INODEINFO)
            if (self._written + len(self._buffer)) // RECORD % self._options.blocking == 0:
                break

    def _flush_if_full(self) -> None:
        if len(self._buffer) >= BUFFER:
            self._flush()

    def _flush(self) -> None:
        buffer, self._buffer = self._buffer, bytearray()
        self._written += len(buffer)
        self._write(buffer)
        self._advance(len(buffer))
