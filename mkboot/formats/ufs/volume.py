# SPDX-License-Identifier: Apache-2.0
"""A UFS that was opened: its superblock, its state, its tree."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice

from mkboot.formats.ufs.groups import group_header
from mkboot.formats.ufs.reader import TreeReader, path_in_tree
from mkboot.formats.ufs.recovered import recover_parameters
from mkboot.formats.ufs.state import UfsState, state_of
from mkboot.formats.ufs.store import BlockStore
from mkboot.formats.ufs.structs import (
    GROUP_MAGIC,
    ByteOrder,
    Superblock,
)
from mkboot.formats.ufs.superblock import read_superblock, totals_fault
from mkboot.model.finding import Finding, error, warning
from mkboot.model.values import UfsParameters
from mkboot.tree.filetree import FileTree
from mkboot.tree.source import ByteSource

#: So many broken groups are told, not more.
_TOLD = 5


class UfsVolume:
    """Made by ``open_ufs``.  The source must stay open as long as the tree is used."""

    def __init__(self, source: ByteSource, place: tuple[str, ...]) -> None:
        self.source = source
        self.place = place
        superblock, order = read_superblock(source, place)
        self.superblock: Superblock = superblock
        self.byte_order: ByteOrder = order
        self.state: UfsState = state_of(superblock)
        self._store = BlockStore(source, superblock, order, place)

    @cached_property
    def parameters(self) -> UfsParameters:
        """What mkfs must be given to make a file system like this one."""
        return recover_parameters(self.superblock)

    @property
    def used_bytes(self) -> int:
        """Bytes in blocks and fragments that are in use, metadata not counted.

        Totals that cannot be (there is a finding then) count as a full file system.
        """
        sb = self.superblock
        if totals_fault(sb):
            return sb.size * sb.fsize
        return (sb.dsize - sb.nbfree * sb.frag - sb.nffree) * sb.fsize

    @property
    def used_inodes(self) -> int:
        """Inodes in use, less the two that every file system wastes."""
        sb = self.superblock
        return max(0, sb.ncg * sb.ipg - (0 if totals_fault(sb) else sb.nifree) - 2)

    def tree(self) -> FileTree:
        """All files, by reference into the source; read once.

        Raises ``InputError`` with the inode and path where something is broken.
        """
        return self._tree

    @cached_property
    def _tree(self) -> FileTree:
        tree = TreeReader(self._store).read()
        self._store.path_of = lambda ino: path_in_tree(tree, ino)
        return tree

    def findings(self, place: str) -> tuple[Finding, ...]:
        """What the superblock and the groups' headers tell; files are not looked at."""
        return (*self._state_findings(place), *self._damage(place))

    def _state_findings(self, place: str) -> Iterator[Finding]:
        words = f"the file system is {self.state.words}"
        if self.state.log_unrolled:
            yield error(
                "ufs-log-unrolled", place, words,
                "mount it on Solaris once, or run fsck there, so that the log is rolled",
            )  # fmt: skip
        elif not self.state.is_clean:
            yield warning("ufs-unclean", place, words, "run fsck on Solaris, or unmount it there")

    def _damage(self, place: str) -> Iterator[Finding]:
        sb = self.superblock
        length = sb.size * sb.fsize
        if length > self.source.size:
            message = f"the file system has {length} bytes, but there are only {self.source.size}"
            yield error("ufs-damaged", place, message, "the image was cut short: make it again")
        fault = totals_fault(sb)
        if fault:
            message = f"totals that cannot be: {fault}"
            yield error("ufs-damaged", place, message, "run fsck on Solaris")
        for group, fault in islice(self._broken_groups(), _TOLD):
            message = f"cylinder group {group}: {fault}"
            yield error("ufs-damaged", place, message, "run fsck on Solaris")

    def _broken_groups(self) -> Iterator[tuple[int, str]]:
        sb, order = self.superblock, self.byte_order
        for group in range(sb.ncg):
            at = group_header(sb, group) * sb.fsize
            data = self.source.pread(at, 16)
            if len(data) < 16:
                return
            magic, number = int.from_bytes(data[4:8], order), int.from_bytes(data[12:], order)
            if magic != GROUP_MAGIC:
                yield group, f"bad magic 0x{magic:08x}"
            elif number != group:
                yield group, f"says it is group {number}"


def open_ufs(source: ByteSource, *, place: tuple[str, ...] = ()) -> UfsVolume:
    """Open a UFS1 of either byte order.  ``InputError`` if it is none, or unusable."""
    return UfsVolume(source, place)


def read_ufs(source: ByteSource, *, place: tuple[str, ...] = ()) -> FileTree:
    """The tree of a UFS1."""
    return open_ufs(source, place=place).tree()
