# SPDX-License-Identifier: Apache-2.0
"""All phases, one after the other."""

from __future__ import annotations

import numpy as np

from mkboot.errors import InputError
from mkboot.formats.ufs.fsck.acls import check_acls
from mkboot.formats.ufs.fsck.connect import Connections
from mkboot.formats.ufs.fsck.disk import Disk
from mkboot.formats.ufs.fsck.groups import GroupCheck
from mkboot.formats.ufs.fsck.inodes import BlockScan, Inodes
from mkboot.formats.ufs.fsck.links import check_links
from mkboot.formats.ufs.fsck.names import Names
from mkboot.formats.ufs.fsck.owners import Owners
from mkboot.formats.ufs.fsck.paths import find_paths
from mkboot.formats.ufs.fsck.report import Collector, FsckReport, Looked
from mkboot.formats.ufs.fsck.superblock import (
    check_largefiles,
    check_superblock,
    find_superblock,
)
from mkboot.formats.ufs.fsck.twice import claim_log, tell_twice
from mkboot.tree.source import ByteSource


def check_ufs(source: ByteSource, *, place: tuple[str, ...] = ()) -> FsckReport:
    """Look for everything that can be wrong with a UFS; nothing is written.

    Damage never raises: it is a fault.  Where neither the superblock nor its first copy is
    usable the report is not ``finished``.  Raises ``InputError`` where there is no UFS,
    ``StoppedError`` for I/O errors.
    """
    faults = Collector()
    sb, order, at = find_superblock(source, place, faults)
    if sb is None:
        kept = tuple(faults.finished({}))
        return FsckReport(order, False, kept, dict(faults.counts), Looked(superblocks=1))
    try:
        disk = Disk(source, sb, order, at)
    except InputError as e:
        raise e.inside(*place) from e
    superblocks = check_superblock(disk, faults)
    owners = Owners(disk)
    claim_log(disk, owners, faults)
    inodes = Inodes(disk)
    BlockScan(disk, owners, faults, inodes).run()
    tell_twice(disk, owners, faults)
    check_largefiles(sb, inodes.large, faults)
    names = Names(disk, inodes, faults)
    names.run()
    connections = Connections(inodes, names, faults)
    connections.references()
    connections.run()
    acls = check_acls(disk, inodes, faults)
    check_links(inodes, names, connections, faults)
    groups = GroupCheck(disk, inodes, owners, faults)
    groups.run()
    paths = find_paths(disk, inodes, faults.wanted(), connections.owner)
    in_use = int(np.bitwise_count(owners.taken).sum())
    return FsckReport(
        byte_order=order,
        finished=True,
        faults=tuple(faults.finished(paths)),
        counts=dict(faults.counts),
        looked=Looked(
            superblocks, disk.groups, sb.size, disk.inodes, names.directories, names.names, acls
        ),
        files=inodes.used,
        used=in_use - owners.reserved,
        free_fragments=groups.totals[3],
        free_blocks=groups.totals[1],
        frag=sb.frag,
        data_fragments=sb.dsize,
    )
