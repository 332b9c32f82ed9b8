# SPDX-License-Identifier: Apache-2.0
"""Phase 1: every inode, its type, its size and its blocks.

Source: illumos cmd/fs.d/ufs/fsck, in own words.  Files with direct blocks only, nearly
all, are looked at as arrays, a group at a time; the others one by one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mkboot.formats.inode import DB_AT, DIRECT, IFALLOCATE, IXATTR, device_index
from mkboot.formats.ufs.content import most_bytes
from mkboot.formats.ufs.fsck.disk import WHY, Disk, Ints
from mkboot.formats.ufs.fsck.owners import Owners
from mkboot.formats.ufs.fsck.pointers import Walk
from mkboot.formats.ufs.fsck.report import Collector, Phase
from mkboot.formats.ufs.structs import ROOT_INODE

#: The type part of a mode, shifted: what an inode may be.
FIFO, CHAR, DIRECTORY, BLOCK, FILE, SYMLINK, SHADOW, SOCKET, ATTRIBUTES = (
    1, 2, 4, 6, 8, 10, 11, 12, 14,
)  # fmt: skip
_LEGAL = np.zeros(16, dtype=np.bool_)
_LEGAL[[FIFO, CHAR, DIRECTORY, BLOCK, FILE, SYMLINK, SHADOW, SOCKET, ATTRIBUTES]] = True
#: Room for text in an inode: the block numbers, in file systems of 4.4BSD.
_IN_INODE = 60
_MOST_TARGET = 1024
LARGE_FILE = (1 << 31) - 1

Table = npt.NDArray[np.void]


class Inodes:
    """What the later phases need to know of every inode, by number: ``kind`` (0: free),
    ``nlink``, ``flagged`` (IXATTR), ``shadow`` and ``attributes``.
    """

    def __init__(self, disk: Disk) -> None:
        count = disk.inodes
        self.kind = np.zeros(count, dtype=np.uint8)
        self.nlink = np.zeros(count, dtype=np.int16)
        self.flagged = np.zeros(count, dtype=np.bool_)
        self.shadow = np.zeros(count, dtype=np.uint32)
        self.attributes = np.zeros(count, dtype=np.uint32)
        self.large = 0
        self.used = 0


class BlockScan:
    """Goes through all inode tables once; ``inodes`` is None when only claims are wanted."""

    def __init__(
        self, disk: Disk, owners: Owners, faults: Collector | None, inodes: Inodes | None
    ) -> None:
        self._disk = disk
        self._owners = owners
        self._faults = faults
        self._inodes = inodes
        self._most = most_bytes(disk.sb)

    def run(self) -> None:
        """All groups."""
        for group in range(self._disk.groups):
            table = self._disk.table(group)
            first = group * self._disk.sb.ipg
            if self._faults is not None:
                self._free(table, first)
            used = np.flatnonzero(table["mode"])
            if len(used):
                self._used(table[used], used + first)

    def _tell(self, code: str, ino: int, message: str, *, overlooked: bool = False) -> None:
        if self._faults is not None:
            self._faults.inode(Phase.BLOCKS, code, ino, message, overlooked=overlooked)

    def _free(self, table: Table, first: int) -> None:
        partly = (table["mode"] == 0) & (
            (table["size"] != 0) | table["db"].any(axis=1) | table["ib"].any(axis=1)
        )
        for n in np.flatnonzero(partly).tolist():
            if first + n >= ROOT_INODE:
                words = "is free, but has a size or block numbers (partially allocated)"
                self._tell("inode-partly-free", first + n, words)

    def _used(self, table: Table, inos: Ints) -> None:
        kinds = (table["mode"] >> 12).astype(np.int64)
        if self._inodes is not None:
            self._keep(self._inodes, table, inos, kinds)
        sizes = table["size"]
        legal = _LEGAL[kinds]
        for n in np.flatnonzero(~legal).tolist():
            self._tell("inode-type", int(inos[n]), f"unknown file type, mode {table['mode'][n]:o}")
        too_large = legal & (sizes > self._most)
        for n in np.flatnonzero(too_large).tolist():
            self._tell("inode-size", int(inos[n]), f"a size of {sizes[n]} bytes is too large")
        if inos[0] < ROOT_INODE:
            for ino in inos[inos < ROOT_INODE].tolist():
                self._tell("inode-reserved", ino, "is never used, but has a mode", overlooked=True)
        fine = legal & ~too_large & (inos >= ROOT_INODE)
        device = fine & ((kinds == CHAR) | (kinds == BLOCK))
        for n in np.flatnonzero(device).tolist():
            self._device(table[n], int(inos[n]))
        fine &= ~device
        inline = self._inline_links(table, inos, fine & (kinds == SYMLINK))
        fine &= ~inline
        simple = fine & (sizes <= DIRECT * self._disk.sb.bsize) & ~table["ib"].any(axis=1)
        simple &= (table["flags"] & IFALLOCATE) == 0
        self._simple(table[simple], inos[simple], kinds[simple])
        for n in np.flatnonzero(fine & ~simple).tolist():
            self._walk(table[n], int(inos[n]), int(kinds[n]))

    def _keep(self, inodes: Inodes, table: Table, inos: Ints, kinds: Ints) -> None:
        # An unknown type is in use all the same; 15 stands for it.
        inodes.kind[inos] = np.where(_LEGAL[kinds], kinds, 15)
        inodes.nlink[inos] = table["nlink"]
        inodes.flagged[inos] = table["flags"] & IXATTR != 0
        inodes.shadow[inos] = table["shadow"]
        inodes.attributes[inos] = table["oeftflag"]
        inodes.used += int((inos >= ROOT_INODE).sum())
        large = (kinds == FILE) & (table["size"] > LARGE_FILE) & (table["size"] <= self._most)
        inodes.large += int(large.sum())

    def _device(self, dinode: np.void, ino: int) -> None:
        numbers = [*dinode["db"].tolist(), *dinode["ib"].tolist()]
        del numbers[device_index(self._disk.order)]
        if dinode["size"]:
            self._tell("device-size", ino, f"a device with a size of {dinode['size']} bytes")
        if any(numbers):
            self._tell("device-pointer", ino, "a device with block numbers")
        if dinode["blocks"]:
            self._tell("inode-blocks", ino, f"a device that counts {dinode['blocks']} sectors")

    def _inline_links(
        self, table: Table, inos: Ints, links: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.bool_]:
        """Links whose text lies where the block numbers should be."""
        found = np.zeros(len(table), dtype=np.bool_)
        sizes = table["size"]
        for n in np.flatnonzero(links & ((sizes == 0) | (sizes > _MOST_TARGET))).tolist():
            words = f"a symbolic link of {sizes[n]} bytes"
            self._tell("symlink-size", int(inos[n]), words, overlooked=True)
        likely = links & (sizes > 0) & (sizes < _IN_INODE) & (table["blocks"] == 0)
        for n in np.flatnonzero(likely).tolist():
            text = table[n].tobytes()[DB_AT : DB_AT + _IN_INODE]
            size = int(sizes[n])
            if b"\0" not in text[:size] and not text[size:].strip(b"\0"):
                found[n] = True
                words = "a symbolic link whose text lies in the inode, as 4.4BSD has it"
                self._tell("symlink-in-inode", int(inos[n]), words)
        return found

    def _simple(self, table: Table, inos: Ints, kinds: Ints) -> None:
        """Inodes whose blocks are all direct."""
        if not len(table):
            return
        sb = self._disk.sb
        sizes = table["size"].astype(np.int64)
        numbers = table["db"].astype(np.int64)
        blocks = -(-sizes // sb.bsize)
        column = np.arange(DIRECT)
        inside = column < blocks[:, None]
        for n, at in np.argwhere((numbers != 0) & ~inside).tolist():
            words = f"block {at} (number {numbers[n, at]}) lies past its size"
            self._tell("block-past-end", int(inos[n]), words)
        last = -(-(sizes - (blocks - 1) * sb.bsize) // sb.fsize)
        counts = np.where(column == blocks[:, None] - 1, last[:, None], sb.frag)
        rows, columns = np.nonzero((numbers != 0) & inside)
        starts, lengths = numbers[rows, columns], counts[rows, columns]
        why = self._disk.wrong(starts, lengths)
        for n in np.flatnonzero(why).tolist():
            code, words = WHY[why[n]]
            words = f"block {columns[n]}: number {starts[n]} {words}"
            self._tell(code, int(inos[rows[n]]), words)
        good = why == 0
        self._owners.claim(inos[rows[good]], starts[good], lengths[good])
        if self._faults is None:
            return
        held = np.bincount(rows[good], lengths[good], len(table)).astype(np.int64)
        wrong = np.flatnonzero(table["blocks"] != held * sb.nspf)
        for n in wrong.tolist():
            self._sectors(int(inos[n]), int(table["blocks"][n]), int(held[n]))
        is_directory = (kinds == DIRECTORY) | (kinds == ATTRIBUTES)
        there = np.bincount(rows, minlength=len(table))
        for n in np.flatnonzero(is_directory & ((sizes == 0) | (there < blocks))).tolist():
            self._directory(int(inos[n]), int(sizes[n]))

    def _sectors(self, ino: int, said: int, held: int) -> None:
        words = f"counts {said} sectors, but holds {held * self._disk.sb.nspf}"
        self._tell("inode-blocks", ino, words)

    def _directory(self, ino: int, size: int) -> None:
        if size == 0:
            self._tell("dir-empty", ino, "a directory of 0 bytes")
        else:
            self._tell("dir-hole", ino, "a directory with a hole")

    def _walk(self, dinode: np.void, ino: int, kind: int) -> None:
        """An inode with indirect blocks, or with room set aside."""

        def claim(starts: Ints, counts: Ints) -> None:
            self._owners.claim(np.full(len(starts), ino, dtype=np.int64), starts, counts)

        walk = Walk(
            self._disk,
            int(dinode["size"]),
            int(dinode["flags"]),
            lambda code, words: self._tell(code, ino, words),
            lambda start, count: self._owners.claim_one(ino, start, count),
            claim,
        )
        walk.go(dinode["db"].tolist(), dinode["ib"].tolist())
        if walk.whole and int(dinode["blocks"]) != walk.held * self._disk.sb.nspf:
            self._sectors(ino, int(dinode["blocks"]), walk.held)
        if kind in (DIRECTORY, ATTRIBUTES) and walk.whole:
            size = walk.size
            if size == 0 or walk.data < -(-size // self._disk.sb.bsize):
                self._directory(ino, size)
