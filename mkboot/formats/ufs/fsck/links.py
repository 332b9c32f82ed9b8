# SPDX-License-Identifier: Apache-2.0
"""Phase 4: as many names as every inode says it has."""

from __future__ import annotations

import numpy as np

from mkboot.formats.ufs.fsck.connect import Connections
from mkboot.formats.ufs.fsck.inodes import ATTRIBUTES, DIRECTORY, SHADOW, Inodes
from mkboot.formats.ufs.fsck.names import Names
from mkboot.formats.ufs.fsck.report import Collector, Phase
from mkboot.formats.ufs.structs import ROOT_INODE


def check_links(inodes: Inodes, names: Names, connections: Connections, faults: Collector) -> None:
    """Compare ``nlink`` of every inode in use with the names that were found."""
    used = inodes.kind != 0
    used[:ROOT_INODE] = False
    wrong = used & (names.found != inodes.nlink)
    wrong |= used & (names.found == 0)
    for ino in np.flatnonzero(wrong).tolist():
        kind, said, found = int(inodes.kind[ino]), int(inodes.nlink[ino]), int(names.found[ino])
        if kind == SHADOW and found == 0:
            code, words = "shadow-unreferenced", "a shadow inode that nobody uses"
        elif found == 0 and kind not in (DIRECTORY, ATTRIBUTES):
            code, words = "file-unreferenced", f"a file without a name, with {said} links"
        elif ino in connections.orphans:
            continue
        else:
            code, words = "link-count", f"says {said} links, but {found} were found"
        faults.inode(Phase.LINKS, code, ino, words)
