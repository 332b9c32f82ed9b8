# SPDX-License-Identifier: Apache-2.0
"""Writing the data of one file after another, and the block numbers for their inodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from mkboot.errors import InputError
from mkboot.formats.inode import DIRECT
from mkboot.formats.ufs.blocks import NO_TAIL, Places
from mkboot.formats.ufs.filemap import ancestors, block_runs, pieces
from mkboot.formats.ufs.gather import Gather
from mkboot.formats.ufs.geometry import Layout, ceil
from mkboot.tree.content import CHUNK, Content


class Room(NamedTuple):
    """What a plan gave a file: ordinal of its first block, how many, and its tail."""

    first: int
    blocks: int
    tail: int


class Pointers(NamedTuple):
    """Block numbers for an inode, in fragments."""

    db: list[int]
    ib: list[int]


class DataWriter:
    """Writes contents where a plan has room for them."""

    def __init__(
        self,
        gather: Gather,
        places: Places,
        layout: Layout,
        order: Literal["big", "little"],
        advance: Callable[[int], None],
    ) -> None:
        self._gather = gather
        self.places = places
        self.layout = layout
        self.nindir = layout.bsize // 4
        self._dtype = np.dtype(">i4" if order == "big" else "<i4")
        self.advance = advance

    def write(self, content: Content, room: Room) -> Pointers:
        """Read a content whole and write it.

        Raises ``InputError`` when it is shorter, or its holes are others, than when the
        plan was made.
        """
        size, bsize = content.size, self.layout.bsize
        count = ceil(size, bsize)
        if count <= DIRECT and room.blocks + (room.tail != NO_TAIL) == count:
            return self._write_small(content, size, room)
        return _Mapped(self, content, room).run()

    def _write_small(self, content: Content, size: int, room: Room) -> Pointers:
        """No indirect block and no hole."""
        layout = self.layout
        data = memoryview(_exactly(content, 0, size))
        db: list[int] = []
        at = 0
        for address, count in self.places.runs(room.first, room.blocks):
            step = count * layout.bsize
            self._gather.put(address * layout.fsize, data[at : at + step], step)
            db.extend(range(address, address + count * layout.frag, layout.frag))
            at += step
        if room.tail != NO_TAIL:
            db.append(self.put_tail(data[at:], room.tail))
        self.advance(size)
        return Pointers(db, [])

    def put_tail(self, data: memoryview, tail: int) -> int:
        """Fragments at the start of a block take the whole block into the window: the tails
        of other files will follow in it.
        """
        layout = self.layout
        address = self.places.address(tail)
        begins = tail % layout.frag == 0 and tail // layout.frag < self.places.blocks
        self._gather.put(address * layout.fsize, data, layout.bsize if begins else 0)
        return address

    def copy(self, content: Content, block: int, address: int, count: int) -> None:
        """``count`` blocks of a content, from ``block`` on, to fragments that follow."""
        layout = self.layout
        offset, target = block * layout.bsize, address * layout.fsize
        end = min(offset + count * layout.bsize, content.size)
        while offset < end:
            want = min(CHUNK, end - offset)
            data = _exactly(content, offset, want)
            self._gather.put(target, data, ceil(want, layout.bsize) * layout.bsize)
            offset += want
            target += want
            self.advance(want)

    def put_pointers(self, address: int, pointers: npt.NDArray[np.int32]) -> None:
        """An indirect block."""
        self._gather.put(address * self.layout.fsize, pointers.tobytes())

    def new_pointers(self) -> npt.NDArray[np.int32]:
        """An indirect block full of holes, in the byte order of the file system."""
        return np.zeros(self.nindir, dtype=self._dtype)


class _Mapped:
    """One file with holes or indirect blocks."""

    def __init__(self, writer: DataWriter, content: Content, room: Room) -> None:
        self._writer = writer
        self._content = content
        self._room = room
        self._next = room.first
        self._pointers = Pointers([0] * DIRECT, [0, 0, 0])
        self._path: tuple[int, ...] = ()
        self._open: list[tuple[int, npt.NDArray[np.int32]]] = []

    def run(self) -> Pointers:
        content, writer = self._content, self._writer
        layout, nindir = writer.layout, writer.nindir
        runs = block_runs(content.size, content.extents(), layout.bsize)
        last = ceil(content.size, layout.bsize)
        leaf_open = -1
        for leaf, first, after in pieces(runs, nindir):
            if leaf != leaf_open:
                self._descend(ancestors(leaf, nindir))
                leaf_open = leaf
            tail = self._room.tail != NO_TAIL and after == last
            self._data(leaf, first, after - tail)
            if tail:
                self._tail(after - 1)
        self._close(0)
        if self._next != self._room.first + self._room.blocks:
            raise InputError("changed while it was read")
        return self._pointers

    def _take(self, count: int) -> int:
        first = self._next
        self._next += count
        if self._next > self._room.first + self._room.blocks:
            raise InputError("changed while it was read")
        return first

    def _data(self, leaf: int, first: int, after: int) -> None:
        writer = self._writer
        ordinal = self._take(after - first)
        places = writer.places
        block = first
        for address, count in places.runs(ordinal, after - first):
            writer.copy(self._content, block, address, count)
            block += count
        addresses = places.addresses(ordinal, after - first)
        if leaf < 0:
            self._pointers.db[first:after] = [int(a) for a in addresses]
        else:
            at = first - DIRECT - leaf * writer.nindir
            self._open[-1][1][at : at + after - first] = addresses

    def _tail(self, block: int) -> None:
        writer, size = self._writer, self._content.size
        offset = block * writer.layout.bsize
        data = _exactly(self._content, offset, size - offset)
        self._pointers.db[block] = writer.put_tail(memoryview(data), self._room.tail)
        writer.advance(len(data))

    def _descend(self, path: tuple[int, ...]) -> None:
        """Open the indirect blocks along a path, after closing those that it leaves."""
        same = 0
        while same < min(len(path), len(self._path)) and path[same] == self._path[same]:
            same += 1
        self._close(same)
        for depth in range(same, len(path)):
            address = self._writer.places.address(self._take(1) * self._writer.layout.frag)
            pointers = self._writer.new_pointers()
            self._writer.put_pointers(address, pointers)
            if depth == 0:
                self._pointers.ib[path[0]] = address
            else:
                self._open[-1][1][path[depth]] = address
            self._open.append((address, pointers))
        self._path = path

    def _close(self, depth: int) -> None:
        """Write the indirect blocks from a depth on."""
        while len(self._open) > depth:
            self._writer.put_pointers(*self._open.pop())


def _exactly(content: Content, offset: int, length: int) -> bytes:
    data = content.read(offset, length) if length else b""
    if len(data) != length:
        raise InputError(f"ends at byte {offset + len(data)}, {length - len(data)} bytes too soon")
    return data
