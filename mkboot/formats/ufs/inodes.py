# SPDX-License-Identifier: Apache-2.0
"""The inode tables: each group's is read once, when its first inode is wanted."""

from __future__ import annotations

from array import array

import numpy as np

from mkboot.errors import InputError
from mkboot.formats.inode import DINODE, dinode_dtype
from mkboot.formats.ufs.groups import group_inodes
from mkboot.formats.ufs.store import BlockStore
from mkboot.formats.ufs.structs import ROOT_INODE
from mkboot.tree.source import read_exact


class InodeTable:
    """Raw inodes by number, and the number of the tree's node that was made from each."""

    def __init__(self, store: BlockStore) -> None:
        self._store = store
        self._ipg = store.sb.ipg
        self._count = store.sb.ncg * store.sb.ipg
        self._dtype = dinode_dtype(store.order)
        self._raw: dict[int, bytes] = {}
        self._nodes: dict[int, array[int]] = {}

    def get(self, ino: int) -> bytes:
        """The 128 bytes.

        ``InputError`` for a number out of range, an inode not in use, or one that became a
        node already.
        """
        raw = self._raw.get(ino)
        if raw is not None:
            return raw
        if not ROOT_INODE <= ino < self._count:
            raise InputError(f"inode number {ino} is out of range (2 to {self._count - 1})")
        self._load(ino // self._ipg)
        raw = self._raw.get(ino)
        if raw is None:
            why = "is not in use" if self.node_of(ino) is None else "has a name already"
            raise InputError(f"inode {ino} {why}")
        return raw

    def node_of(self, ino: int) -> int | None:
        """The node made from an inode, or None."""
        group, index = divmod(ino, self._ipg)
        nodes = self._nodes.get(group)
        return nodes[index] - 1 if nodes is not None and nodes[index] else None

    def set_node(self, ino: int, number: int) -> None:
        """Note that an inode (one that ``get`` gave) became a node; its bytes are let go."""
        group, index = divmod(ino, self._ipg)
        self._nodes[group][index] = number + 1
        del self._raw[ino]

    def _load(self, group: int) -> None:
        if group in self._nodes:
            return
        at = group_inodes(self._store.sb, group) * self._store.sb.fsize
        place = (f"cylinder group {group}", "inode table")
        data = read_exact(self._store.source, at, self._ipg * DINODE, place)
        table = np.frombuffer(data, self._dtype)
        used = np.flatnonzero(table["mode"])
        packed = table[used].tobytes()
        first = group * self._ipg
        self._raw.update(
            (first + index, packed[n * DINODE : n * DINODE + DINODE])
            for n, index in enumerate(used.tolist())
        )
        self._nodes[group] = array("i", bytes(4 * self._ipg))
