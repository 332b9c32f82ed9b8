# SPDX-License-Identifier: Apache-2.0
"""Which blocks a file has: direct numbers in its inode, then one to three levels of blocks.

Source: illumos sys/fs/ufs_fs.h and ufs_inode.h, in own words.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from mkboot.errors import InputError
from mkboot.formats.inode import (
    DB_AT,
    DIRECT,
    FLAGS_AT,
    IFALLOCATE,
    INDIRECT,
    size_of,
    word_at,
)
from mkboot.formats.ufs.store import BlockStore, IndirectBlock
from mkboot.formats.ufs.structs import Superblock
from mkboot.tree.content import Content, Extent, join_extents

_NUMBERS = {"big": struct.Struct(">15i"), "little": struct.Struct("<15i")}


class Run(NamedTuple):
    """``blocks`` blocks of a file from number ``block`` on, one after the other on disk.

    The last may be a partial one.
    """

    block: int
    blocks: int
    fragment: int


def most_bytes(sb: Superblock) -> int:
    """The greatest size that a file's block map can express."""
    return sb.bsize * (DIRECT + sum(int(sb.nindir**level) for level in range(1, INDIRECT + 1)))


def runs(
    store: BlockStore, dinode: bytes, first: int, end: int, once: bool = False
) -> Iterator[Run]:
    """The runs of the blocks ``first`` up to ``end`` (exclusive); what is in none is a hole.

    All numbers are checked.  With ``once`` no indirect block may come twice, so that a
    whole file can be walked in a time bounded by the source's length.  Raises
    ``InputError`` without a place.
    """
    last: Run | None = None
    seen: set[int] | None = set() if once else None
    for run in _Walk(store, dinode, seen).pieces(first, end):
        if last is None:
            last = run
        elif (
            last.block + last.blocks == run.block
            and last.fragment + last.blocks * store.sb.frag == run.fragment
        ):
            last = Run(last.block, last.blocks + run.blocks, last.fragment)
        else:
            yield last
            last = run
    if last is not None:
        yield last


class _Walk:
    """One walk over the numbers of a file."""

    def __init__(self, store: BlockStore, dinode: bytes, seen: set[int] | None) -> None:
        self._store = store
        self._sb = store.sb
        self._numbers = _NUMBERS[store.order].unpack_from(dinode, DB_AT)
        self._size = size_of(dinode, store.order)
        # Room that was set aside but never written: numbers below zero, read as zeros.
        self._reserving = bool(word_at(dinode, FLAGS_AT, store.order) & IFALLOCATE)
        self._seen = seen

    def pieces(self, first: int, end: int) -> Iterator[Run]:
        """The runs, not yet joined over the edges of indirect blocks."""
        sb = self._sb
        for block in range(first, min(end, DIRECT)):
            fragment = self._numbers[block]
            if fragment and not self._reserved(fragment):
                used = min(sb.bsize, self._size - block * sb.bsize)
                self._store.check(fragment, -(-used // sb.fsize))
                yield Run(block, 1, fragment)
        start = DIRECT
        for level in range(INDIRECT):
            number, span = self._numbers[DIRECT + level], sb.nindir ** (level + 1)
            lo, hi = max(first - start, 0), min(end - start, span)
            if lo < hi and number:
                yield from self._below(number, level, start, lo, hi, ())
            start += span

    def _reserved(self, fragment: int) -> bool:
        return self._reserving and fragment < 0 and fragment % self._sb.frag == 0

    def _below(
        self, number: int, level: int, start: int, lo: int, hi: int, path: tuple[int, ...]
    ) -> Iterator[Run]:
        """Blocks ``start + lo`` to ``start + hi``, below an indirect block from ``start`` on."""
        if number in path:
            raise InputError(f"indirect block {number} leads back to itself")
        if self._seen is not None:
            if number in self._seen:
                raise InputError(f"indirect block {number} comes twice")
            self._seen.add(number)
        block = self._store.indirect(number)
        if level == 0:
            yield from self._leaf(block, start, lo, hi)
            return
        span = int(self._sb.nindir**level)
        for n in range(lo // span, -(-hi // span)):
            child, at = block.numbers[n], n * span
            if child:
                inside = max(lo - at, 0), min(hi - at, span)
                yield from self._below(child, level - 1, start + at, *inside, (*path, number))

    def _leaf(self, block: IndirectBlock, start: int, lo: int, hi: int) -> Iterator[Run]:
        """The runs among the numbers ``lo`` to ``hi`` of a single indirect block."""
        for index in block.wrong:
            if lo <= index < hi and not self._reserved(block.numbers[index]):
                self._store.check(block.numbers[index], self._sb.frag)
        edge = bisect_right(block.edges, lo)
        while lo < hi:
            until = min(block.edges[edge], hi)
            fragment = block.numbers[lo]
            if fragment > 0:
                yield Run(start + lo, until - lo, fragment)
            lo = until
            edge += 1


class UfsContent(Content):
    """A regular file's bytes, by reference: the store and the raw inode, decoded when read."""

    __slots__ = ("dinode", "ino", "store")

    def __init__(self, store: BlockStore, dinode: bytes, ino: int) -> None:
        self.store = store
        self.dinode = dinode
        self.ino = ino

    @property
    def size(self) -> int:
        """Length in bytes."""
        return size_of(self.dinode, self.store.order)

    def is_whole(self) -> bool:
        """Whether it has direct blocks only, and all of them."""
        store = self.store
        count = -(-size_of(self.dinode, store.order) // store.sb.bsize)
        if not 0 < count <= DIRECT:
            return False
        lowest: int = min(_NUMBERS[store.order].unpack_from(self.dinode, DB_AT)[:count])
        return lowest > 0

    def extents(self) -> Iterator[Extent]:
        """The blocks that are there, joined where they touch in the file."""
        return join_extents(self._extents())

    def _extents(self) -> Iterator[Extent]:
        sb, size = self.store.sb, self.size
        budget = sb.size // sb.frag + DIRECT
        try:
            for run in runs(self.store, self.dinode, 0, -(-size // sb.bsize), once=True):
                budget -= run.blocks
                if budget < 0:
                    raise InputError("has more blocks than the file system")
                offset = run.block * sb.bsize
                yield Extent(offset, min(run.blocks * sb.bsize, size - offset))
        except InputError as e:
            raise e.inside(*self.store.place_of(self.ino)) from e

    def read(self, offset: int, length: int) -> bytes:
        """Contiguous blocks are read at once."""
        size = self.size
        end = min(offset + length, size)
        if offset >= end:
            return b""
        try:
            if end - offset == size and self.is_whole():
                return read_direct(self.store, self.dinode, size)
            return b"".join(read_range(self.store, self.dinode, offset, end))
        except InputError as e:
            raise e.inside(*self.store.place_of(self.ino)) from e


def read_direct(store: BlockStore, dinode: bytes, size: int) -> bytes:
    """A whole file of direct blocks without a hole, as nearly every file is one: what
    ``read_range`` gives, at a third of its cost.
    """
    sb, numbers = store.sb, _NUMBERS[store.order].unpack_from(dinode, DB_AT)
    parts: list[bytes] = []
    count, block = -(-size // sb.bsize), 0
    while block < count:
        first = fragment = numbers[block]
        start = block * sb.bsize
        while block < count and numbers[block] == fragment:
            used = min(sb.bsize, size - block * sb.bsize)
            store.check(fragment, -(-used // sb.fsize))
            fragment += sb.frag
            block += 1
        want = min(size, block * sb.bsize) - start
        parts.append(store.read(first, want))
    return parts[0] if len(parts) == 1 else b"".join(parts)


def read_range(store: BlockStore, dinode: bytes, offset: int, end: int) -> list[bytes]:
    """The bytes from ``offset`` to ``end`` (inside the size) in pieces, holes as zeros."""
    sb = store.sb
    parts: list[bytes] = []
    for run in runs(store, dinode, offset // sb.bsize, -(-end // sb.bsize)):
        start = run.block * sb.bsize
        if start > offset:
            parts.append(bytes(start - offset))
            offset = start
        stop = min(start + run.blocks * sb.bsize, end)
        at = run.fragment * sb.fsize + offset - start
        data = store.source.pread(at, stop - offset)
        if len(data) != stop - offset:
            raise InputError(f"data at byte {at} lies past the end of the source")
        parts.append(data)
        offset = stop
    if offset < end:
        parts.append(bytes(end - offset))
    return parts
