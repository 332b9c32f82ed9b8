# SPDX-License-Identifier: Apache-2.0
"""Inode numbers: given out one after another, or kept from where a tree was read."""

from __future__ import annotations

from array import array

import numpy as np

from mkboot.formats.ufs.structs import ROOT_INODE
from mkboot.tree.filetree import ROOT, FileTree


def kept_numbers(tree: FileTree, inodes: int) -> array[int] | None:
    """The ``ino`` of every node, or None where they cannot all be kept: one is missing, two
    are the same, one is not below ``inodes``, or the root's is not 2.
    """
    numbers = array("Q", (node.ino for node in tree.nodes))
    if numbers[ROOT] != ROOT_INODE or len(np.unique(numbers)) != len(numbers):
        return None
    if min(numbers) < ROOT_INODE or max(numbers) >= inodes:
        return None
    return numbers


class Numbers:
    """Gives out inode numbers; ``used`` counts them, 0 and 1 included, which nobody gets."""

    def __init__(self, kept: array[int] | None) -> None:
        self._kept = kept
        self._taken = bytearray(max(kept) + 1 if kept else ROOT_INODE)  # 1 where it is
        for ino in kept or ():
            self._taken[ino] = 1
        self._next = ROOT_INODE
        self.used = 2

    def of_node(self, number: int, wanted: int | None = None) -> int:
        """The inode for a node of the tree: the kept one, or a free one."""
        if self._kept is None:
            return self.free(wanted)
        self.used += 1
        return self._kept[number]

    def free(self, wanted: int | None = None) -> int:
        """``wanted`` if it is free, else the lowest free number."""
        self.used += 1
        if wanted is not None and not self._is_taken(wanted):
            self._taken.extend(bytes(max(0, wanted + 1 - len(self._taken))))
            self._taken[wanted] = 1
            return wanted
        while self._is_taken(self._next):
            self._next += 1
        self._next += 1
        return self._next - 1

    def _is_taken(self, ino: int) -> bool:
        return ino < len(self._taken) and self._taken[ino] == 1
