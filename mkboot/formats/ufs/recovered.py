# SPDX-License-Identifier: Apache-2.0
"""The arguments of mkfs that a file system can be made alike with, out of its superblock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mkboot.errors import InputError
from mkboot.formats.ufs.geometry import DINODE, lay_out, most_inodes, roundup
from mkboot.formats.ufs.state import state_of
from mkboot.formats.ufs.structs import FLAG_LARGEFILES, OPTIMIZE_SPACE, Superblock
from mkboot.model.values import UfsParameters

#: Sectors in a track where no geometry is known.
PLAIN_NSECT = 640
#: What people and newfs give, tried first.
_USUAL_NBPI = (2048, 4096, 6144, 8192, 1024, 512, 16384, 1 << 20)


def recover_parameters(sb: Superblock) -> UfsParameters:
    """mkfs' arguments for a file system like this one.

    Bytes per inode are not kept on disk: the first usual value is taken that gives the
    same number of inodes in a group, else one that is reckoned back from it.  Where mkfs
    could not have made the file system (makefs, for one, leaves no geometry), its size,
    block sizes and share of inodes are kept and the geometry is a plain one.
    """
    found = _found(sb)
    for nbpi in _candidates(sb):
        candidate = replace(found, nbpi=nbpi)
        if _same_inodes(candidate, sb):
            return candidate
    if _possible(found):
        return found
    return replace(found, nsect=PLAIN_NSECT, ntrack=1, cpg=16, nrpos=8, apc=0)


def _found(sb: Superblock) -> UfsParameters:
    return UfsParameters(
        size=sb.size * sb.nspf,
        nsect=sb.nsect,
        ntrack=sb.ntrak,
        bsize=sb.bsize,
        fragsize=sb.fsize,
        cpg=sb.cpg,
        minfree=sb.minfree,
        rps=sb.rps,
        nbpi=min(max(sb.fpg * sb.fsize // sb.ipg, 512), 2 << 20),
        optimize="s" if sb.optim == OPTIMIZE_SPACE else "t",
        apc=max(0, sb.ntrak * sb.nsect - sb.spc),
        gap=sb.rotdelay,
        nrpos=sb.nrpos,
        maxcontig=sb.maxcontig,
        largefiles=bool(sb.flags & FLAG_LARGEFILES),
        logging=state_of(sb).is_logging,
    )


def _possible(parameters: UfsParameters) -> bool:
    try:
        lay_out(parameters)
    except InputError:
        return False
    return True


def _same_inodes(parameters: UfsParameters, sb: Superblock) -> bool:
    try:
        layout = lay_out(parameters)
    except InputError:
        return False
    return layout.ipg == sb.ipg and layout.cpg == sb.cpg


def _candidates(sb: Superblock) -> Iterator[int]:
    """The usual values, then the least and the greatest of those that mkfs' formula allows.

    mkfs: ipg = (the group's bytes - its estimate of metadata) / nbpi, rounded up to a block
    of inodes.  The estimate is that for one cylinder full of inodes.
    """
    yield from _USUAL_NBPI
    cylinder = sb.spc * 512
    inodes = min(roundup(cylinder // DINODE, sb.inopb), most_inodes(sb.bsize))
    taken = (sb.iblkno + inodes // (sb.inopb // sb.frag)) * sb.fsize
    room = sb.cpg * cylinder - taken
    yield room // (sb.ipg + 1) + 1
    yield room // (sb.ipg - sb.inopb + 1)
