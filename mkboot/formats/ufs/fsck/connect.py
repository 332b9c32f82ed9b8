# SPDX-License-Identifier: Apache-2.0
"""Phase 3: every directory hangs on the root, and ``..`` says so; attribute directories
hang on their owners; shadows are shadows.
"""

from __future__ import annotations

import numpy as np

from mkboot.formats.ufs.fsck.inodes import (
    ATTRIBUTES,
    DIRECTORY,
    SHADOW,
    SOCKET,
    SYMLINK,
    Inodes,
)
from mkboot.formats.ufs.fsck.names import Names
from mkboot.formats.ufs.fsck.report import Collector, Phase
from mkboot.formats.ufs.structs import ROOT_INODE

_UNKNOWN, _REACHED, _LOST = 0, 1, 2


class Connections:
    """``orphans``: directories without a name; ``owner``: of attribute directories, by inode."""

    def __init__(self, inodes: Inodes, names: Names, faults: Collector) -> None:
        self._inodes = inodes
        self._names = names
        self._faults = faults
        self.orphans: set[int] = set()
        self.owner: dict[int, int] = {}

    def references(self) -> None:
        """Shadows and attribute directories (fsck: phase 1), which count as names of theirs."""
        self._shadows()
        self._attributes()

    def _shadows(self) -> None:
        inodes, tell = self._inodes, self._faults.inode
        for ino in np.flatnonzero(inodes.shadow).tolist():
            kind, shadow = int(inodes.kind[ino]), int(inodes.shadow[ino])
            if kind in (SYMLINK, SOCKET, SHADOW):
                words = f"has shadow inode {shadow}, but is of a type that has no ACL"
                tell(Phase.BLOCKS, "shadow-not-allowed", ino, words)
                continue
            if not ROOT_INODE < shadow < len(inodes.kind):
                words = f"shadow inode {shadow} is out of range"
                tell(Phase.BLOCKS, "shadow-range", ino, words)
            elif inodes.kind[shadow] != SHADOW:
                words = f"its shadow, inode {shadow}, is no shadow inode"
                tell(Phase.BLOCKS, "shadow-type", ino, words)
            else:
                self._names.found[shadow] += 1

    def _attributes(self) -> None:
        inodes, tell = self._inodes, self._faults.inode
        for ino in np.flatnonzero(inodes.attributes).tolist():
            kind, target = int(inodes.kind[ino]), int(inodes.attributes[ino])
            if kind in (SHADOW, ATTRIBUTES) or inodes.flagged[ino]:
                words = f"has attribute directory {target}, but belongs to attributes itself"
                tell(Phase.BLOCKS, "attributes-not-allowed", ino, words)
                continue
            if not ROOT_INODE < target < len(inodes.kind):
                words = f"attribute directory {target} is out of range"
                tell(Phase.BLOCKS, "attributes-range", ino, words)
            elif inodes.kind[target] != ATTRIBUTES:
                words = f"its attribute directory, inode {target}, is none"
                tell(Phase.BLOCKS, "attributes-type", ino, words)
            elif target in self.owner:
                words = f"attribute directory {target} belongs to inode {self.owner[target]} too"
                tell(Phase.BLOCKS, "attributes-shared", ino, words)
            else:
                self.owner[target] = ino
                self._names.found[target] += 1

    def run(self) -> None:
        """Climb from every directory; then compare ``..`` with where its name is."""
        kind, parent = self._inodes.kind, self._names.parent
        state = {ROOT_INODE: _REACHED}
        for ino in np.flatnonzero(kind == DIRECTORY).tolist():
            self._climb(ino, state)
        for ino in np.flatnonzero(kind == ATTRIBUTES).tolist():
            if ino not in self.owner:
                words = "an attribute directory that belongs to nobody"
                self._faults.inode(Phase.CONNECTIVITY, "attributes-unreferenced", ino, words)
        for ino in np.flatnonzero(kind == DIRECTORY).tolist():
            above = ROOT_INODE if ino == ROOT_INODE else int(parent[ino])
            self._dotdot(ino, above)
        for ino, above in self.owner.items():
            self._dotdot(ino, above)

    def _climb(self, ino: int, state: dict[int, int]) -> None:
        chain: list[int] = []
        on_chain: set[int] = set()
        at = ino
        while at not in state and at not in on_chain:
            chain.append(at)
            on_chain.add(at)
            above = int(self._names.parent[at])
            if above == 0:
                self.orphans.add(at)
                words = "a directory that no directory has a name for"
                self._faults.inode(Phase.CONNECTIVITY, "dir-unconnected", at, words)
                state[at] = _LOST
                break
            if self._inodes.kind[above] == ATTRIBUTES:
                state[at] = _REACHED
                break
            at = above
        if at not in state:
            loop = chain[chain.index(at) :]
            words = "directories that lead in a circle: " + ", ".join(map(str, loop[:10]))
            self._faults.inode(Phase.CONNECTIVITY, "dir-loop", min(loop), words)
            state[at] = _LOST
        for each in chain:
            state.setdefault(each, state[at])

    def _dotdot(self, ino: int, above: int) -> None:
        said = int(self._names.dotdot[ino])
        if said and above and said != above:
            words = f"'..' is inode {said}, but should be {above}"
            self._faults.inode(Phase.NAMES, "dotdot-wrong", ino, words)
