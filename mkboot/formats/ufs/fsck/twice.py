# SPDX-License-Identifier: Apache-2.0
"""Phase 1b: who has fragments that somebody else has too.  And the log, which no file has."""

from __future__ import annotations

import numpy as np

from mkboot.formats.ufs.fsck.disk import Disk
from mkboot.formats.ufs.fsck.inodes import BlockScan
from mkboot.formats.ufs.fsck.owners import Owners, bit_runs
from mkboot.formats.ufs.fsck.report import Collector, Phase, block_place
from mkboot.formats.ufs.structs import MAGIC_MULTI_TERABYTE

_HEADER, _EXTENT = 5, 3
_EXTENTS_TYPE = 0


def tell_twice(disk: Disk, owners: Owners, faults: Collector) -> None:
    """A fault for every run of fragments that was claimed more than once."""
    if not owners.twice:
        return
    again = Owners(disk, owners.twice)
    claim_log(disk, again, None)
    BlockScan(disk, again, None, None).run()
    for block, bits in sorted(owners.twice.items()):
        who = again.claimants.get(block, [])
        names = ", ".join("the log" if ino == 0 else f"inode {ino}" for ino in who)
        for first, length in bit_runs(bits):
            fragment = block * disk.sb.frag + first
            words = f"{length} fragments are claimed more than once: by {names}"
            faults.add(
                Phase.BLOCKS,
                "block-duplicate",
                block_place(disk.sb, fragment),
                words,
                inode=max(who, default=0),
            )


def claim_log(disk: Disk, owners: Owners, faults: Collector | None) -> None:
    """Claim what the log of a logging file system takes; no inode has it.

    Source: illumos sys/fs/ufs_log.h, in own words.  ``logbno`` counts sectors (fragments in
    a multi-terabyte file system) and leads to a block: type 0, a checksum (the sum of all
    other words), the number of extents, bytes, a next block; then extents of three words:
    logical, physical, length.
    """
    sb = disk.sb
    if sb.logbno == 0:
        return
    unit = 1 if sb.magic == MAGIC_MULTI_TERABYTE else sb.nspf
    block = sb.logbno // unit
    words = disk.words(block) & 0xFFFFFFFF
    count = int(words[2])
    good = not _bad(disk, block, sb.frag) and sb.logbno % unit == 0
    good = good and words[0] == _EXTENTS_TYPE and 0 < count <= (len(words) - _HEADER) // _EXTENT
    if not good or (int(words.sum()) - int(words[1])) & 0xFFFFFFFF != words[1]:
        if faults is not None:
            message = f"the log's list of extents at sector {sb.logbno} is broken"
            faults.add(Phase.SUPERBLOCK, "log-extents", "superblock", message)
        return
    owners.claim_one(0, block, sb.frag)
    extents = words[_HEADER : _HEADER + _EXTENT * count].reshape(-1, _EXTENT)
    for _, start, length in extents.tolist():
        _claim_extent(disk, owners, faults, start // unit, length // sb.nspf)


def _claim_extent(
    disk: Disk, owners: Owners, faults: Collector | None, first: int, length: int
) -> None:
    frag = disk.sb.frag
    last = min(first + length, disk.sb.size)
    starts = np.arange(first, max(first, last), dtype=np.int64)
    counts = np.ones(len(starts), dtype=np.int64)
    good = disk.wrong(starts, counts) == 0
    if faults is not None and (first % frag or not good.all() or first + length > last):
        message = f"the log has {length} fragments from {first}, where it cannot be"
        faults.add(Phase.SUPERBLOCK, "log-extents", "superblock", message)
    owners.claim(np.zeros(int(good.sum()), dtype=np.int64), starts[good], counts[good])


def _bad(disk: Disk, fragment: int, count: int) -> bool:
    return bool(disk.wrong(np.array([fragment]), np.array([count]))[0])
