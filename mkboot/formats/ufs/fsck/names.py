# SPDX-License-Identifier: Apache-2.0
"""Phase 2: every name in every directory, and what it stands for.

Source: illumos cmd/fs.d/ufs/fsck, in own words.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mkboot.formats.ufs.fsck.directories import entries_of
from mkboot.formats.ufs.fsck.disk import Disk
from mkboot.formats.ufs.fsck.inodes import ATTRIBUTES, DIRECTORY, SHADOW, Inodes
from mkboot.formats.ufs.fsck.pointers import blocks_of
from mkboot.formats.ufs.fsck.report import Collector, Phase
from mkboot.formats.ufs.structs import DIRECTORY_CHUNK, ROOT_INODE
from mkboot.tree.names import show

#: So many entries are looked at together.
_BATCH = 1 << 16
_DOTS = (b".", b"..")

Entry = tuple[int, int, bytes]


def directories_of(disk: Disk, inodes: Inodes) -> Iterator[tuple[int, np.void]]:
    """All directories, attribute directories too, with their inodes."""
    ipg = disk.sb.ipg
    for group in range(disk.groups):
        kinds = inodes.kind[group * ipg : (group + 1) * ipg]
        here = np.flatnonzero((kinds == DIRECTORY) | (kinds == ATTRIBUTES))
        if len(here):
            table = disk.table(group)
            for n in here.tolist():
                yield group * ipg + n, table[n]


class DirectoryReader:
    """Reads the entries of directories, of all of them together no more than the source has:
    directories cannot share blocks, and if they do this ends all the same.
    """

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._room = disk.source.size
        self._seen: set[int] = set()
        self.cut = False

    def chunks(self, dinode: np.void) -> Iterator[tuple[int, bytes]]:
        """(byte in the directory, whole chunks) of what is there of a directory."""
        bsize, size = self._disk.sb.bsize, int(dinode["size"])
        most = max(0, self._room) // bsize + 1
        numbers = dinode["db"].tolist(), dinode["ib"].tolist()
        for n, fragment in blocks_of(self._disk, size, *numbers, most, self._seen):
            if self._room < 0:
                self.cut = True
                return
            length = min(bsize, size - n * bsize) // DIRECTORY_CHUNK * DIRECTORY_CHUNK
            self._room -= length
            yield n * bsize, self._disk.read(fragment, length)


class Names:
    """What the names say, by inode: ``found`` counts them (``.`` and ``..`` too), ``parent``
    is the directory that has a directory's name, ``dotdot`` what a directory itself says of
    it, ``attribute`` marks what lies in attribute directories.
    """

    def __init__(self, disk: Disk, inodes: Inodes, faults: Collector) -> None:
        self._disk = disk
        self._inodes = inodes
        self._faults = faults
        self._reader = DirectoryReader(disk)
        self.found = np.zeros(disk.inodes, dtype=np.int32)
        self.parent = np.zeros(disk.inodes, dtype=np.uint32)
        self.dotdot = np.zeros(disk.inodes, dtype=np.uint32)
        self.attribute = np.zeros(disk.inodes, dtype=np.bool_)
        self.directories = 0
        self.names = 0

    def run(self) -> None:
        """All directories, in the order of their numbers."""
        kind = self._inodes.kind
        if kind[ROOT_INODE] == 0:
            self._tell("root-missing", ROOT_INODE, "the root is not in use")
        elif kind[ROOT_INODE] != DIRECTORY:
            self._tell("root-missing", ROOT_INODE, "the root is no directory")
        batch: list[Entry] = []
        for ino, dinode in directories_of(self._disk, self._inodes):
            self.directories += 1
            batch += self._directory(ino, dinode)
            if len(batch) >= _BATCH:
                self._look_up(batch)
                batch = []
        self._look_up(batch)
        if self._reader.cut:
            words = "the directories together are larger than the file system"
            self._faults.add(Phase.NAMES, "dir-too-much", "superblock", words)
        self._check_flags()

    def _tell(self, code: str, ino: int, message: str, *, overlooked: bool = False) -> None:
        self._faults.inode(Phase.NAMES, code, ino, message, overlooked=overlooked)

    def _directory(self, ino: int, dinode: np.void) -> list[Entry]:
        """The entries of one directory, as (directory, inode, name)."""
        size = int(dinode["size"])
        if size % DIRECTORY_CHUNK:
            words = f"a directory of {size} bytes, which is no multiple of {DIRECTORY_CHUNK}"
            self._tell("dir-size", ino, words)
        names: set[bytes] = set()
        found: list[Entry] = []

        def tell(code: str, words: str) -> None:
            self._tell(code, ino, words)

        for base, data in self._reader.chunks(dinode):
            for at, number, name in entries_of(data, base, self._disk.order, tell):
                if name in names and name not in _DOTS:
                    words = f"'{show(name)}' is there twice, again at byte {at}"
                    self._tell("name-twice", ino, words, overlooked=True)
                names.add(name)
                found.append((ino, number, name))
        if size >= DIRECTORY_CHUNK:
            self._dots(ino, found)
        self.names += len(names)
        return found

    def _dots(self, ino: int, found: list[Entry]) -> None:
        """``.`` is the first entry, ``..`` the second, and neither comes again."""
        names = [name for _, _, name in found[:2]]
        for n, name in enumerate(_DOTS):
            code = ("dot", "dotdot")[n]
            if names[n : n + 1] == [name]:
                continue
            if any(entry[2] == name for entry in found):
                words = f"'{name.decode()}' is not the {('first', 'second')[n]} entry"
                self._tell(f"{code}-misplaced", ino, words)
            else:
                self._tell(f"{code}-missing", ino, f"has no '{name.decode()}'")
        extra = sum(name in _DOTS for _, _, name in found) - len(
            {name for _, _, name in found if name in _DOTS}
        )
        if extra:
            self._tell("dot-extra", ino, "has '.' or '..' more than once")
        for _, number, name in reversed(found):
            if name == b"." and number != ino:
                self._tell("dot-wrong", ino, f"'.' is inode {number}")
            elif name == b"..":
                self.dotdot[ino] = number

    def _look_up(self, batch: list[Entry]) -> None:
        """What the names of some directories stand for."""
        if not batch:
            return
        owners = np.array([entry[0] for entry in batch], dtype=np.int64)
        inos = np.array([entry[1] for entry in batch], dtype=np.int64)
        good = (inos >= ROOT_INODE) & (inos < self._disk.inodes)
        kinds = np.zeros(len(batch), dtype=np.int64)
        kinds[good] = self._inodes.kind[inos[good]]
        dot = np.array([entry[2] in _DOTS for entry in batch])
        in_attributes = self._inodes.kind[owners] == ATTRIBUTES
        back = np.array([entry[2] == b".." for entry in batch]) & in_attributes
        for n in np.flatnonzero(~good | (kinds == 0)).tolist():
            self._bad(batch[n], in_range=bool(good[n]))
        for n in np.flatnonzero(~dot & ((kinds == SHADOW) | (kinds == ATTRIBUTES))).tolist():
            self._hidden(batch[n], int(kinds[n]))
        # An attribute directory's '..' does not count as a name of its owner.
        np.add.at(self.found, inos[good & ~back], 1)
        self.attribute[inos[good & in_attributes & ~dot]] = True
        for n in np.flatnonzero(~dot & (kinds == DIRECTORY)).tolist():
            directory, ino, name = batch[n]
            if self.parent[ino] or ino == ROOT_INODE:
                words = f"has one more name, '{show(name)}' in directory {directory}"
                self._tell("dir-two-names", ino, words)
            else:
                self.parent[ino] = directory

    def _bad(self, entry: Entry, *, in_range: bool) -> None:
        directory, ino, name = entry
        if not in_range:
            words = f"'{show(name)}' stands for inode {ino}, which is out of range"
            self._tell("entry-range", directory, words)
        else:
            words = f"'{show(name)}' stands for inode {ino}, which is not in use"
            self._tell("entry-unallocated", directory, words)

    def _hidden(self, entry: Entry, kind: int) -> None:
        directory, ino, name = entry
        what = "a shadow inode" if kind == SHADOW else "an attribute directory"
        code = "entry-shadow" if kind == SHADOW else "entry-attributes"
        self._tell(code, directory, f"'{show(name)}' stands for inode {ino}, {what}")

    def _check_flags(self) -> None:
        """IXATTR on attribute directories and the files in them, and nowhere else."""
        kind = self._inodes.kind
        should = (kind == ATTRIBUTES) | (self.attribute & (kind != 0))
        flagged = self._inodes.flagged
        for ino in np.flatnonzero(should & ~flagged).tolist():
            self._tell("ixattr-missing", ino, "belongs to attributes, but is not flagged so")
        for ino in np.flatnonzero(flagged & ~should & (kind != 0)).tolist():
            self._tell("ixattr-stray", ino, "is flagged as an attribute, but is none")
