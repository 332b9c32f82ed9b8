# SPDX-License-Identifier: Apache-2.0
"""Choosing mkfs' arguments: as newfs does it for a slice, or to suit a tree."""

from __future__ import annotations

from dataclasses import replace

from mkboot.errors import InputError
from mkboot.formats.ufs.blocks import Places
from mkboot.formats.ufs.geometry import SECTOR, ceil, lay_out, most_cylinders
from mkboot.formats.ufs.plan import make_plan
from mkboot.model.values import UfsParameters
from mkboot.tree.filetree import FileTree

#: The geometry without a geometry: one track, so no rotational tables and no stagger.
PLAIN_NSECT = 640
GIB = (1 << 30) // SECTOR
_MINFREE_SECTORS = (64 << 20) // SECTOR
#: A larger disk gets newfs' geometry for disks that hide theirs.
LARGE_DISK = 63 * 256 * 1024
_LARGE_NSECT, _LARGE_NTRACK = 128, 48
#: Bytes an inode, from few inodes to many: what ``parameters_for`` tries.
_DENSITIES = (8192, 6144, 4096, 3072, 2048, 1536, 1024, 768, 512)


def choose_parameters(
    sectors: int,
    *,
    nhead: int | None = None,
    nsect: int | None = None,
    rpm: int = 3600,
    disk_sectors: int | None = None,
) -> UfsParameters:
    """What newfs passes to mkfs for a slice of so many sectors (3.8 of the format notes).

    ``nhead``, ``nsect`` and ``rpm`` are the label's; without the first two one track of 640
    sectors is taken, which every release reads.  ``disk_sectors`` is the size of the whole
    disk by its label: above 63 x 256 x 1024 newfs takes 128 x 48 whatever the label says.

    Source: illumos cmd/fs.d/ufs/newfs, in own words; from Solaris 10's time.
    """
    gib_up, gib = ceil(sectors, GIB), sectors // GIB
    large = disk_sectors is not None and disk_sectors > LARGE_DISK
    if large:
        tracks, per_track = _LARGE_NTRACK, _LARGE_NSECT
    elif nhead and nsect:
        tracks, per_track = nhead, nsect
    else:
        tracks, per_track = 1, PLAIN_NSECT
    chosen = UfsParameters(
        size=sectors,
        nsect=per_track,
        ntrack=tracks,
        minfree=max(1, min(10, _MINFREE_SECTORS * 100 // max(1, sectors))),
        nbpi=min(8192, 2048 * max(1, gib_up)),
        rps=max(1, rpm // 60),
        nrpos=min(8, per_track),
    )
    cpg = 16 if large or gib < 1 else 32 * gib
    return replace(chosen, cpg=max(1, min(cpg, most_cylinders(chosen))))


def fits(tree: FileTree, parameters: UfsParameters) -> str | None:
    """Why a tree does not fit a file system made so (room, inodes, or that mkfs refuses), in
    words, or None if it does.  Nothing is read or written.

    Raises ``InputError`` for what no UFS can hold, with the path.
    """
    try:
        layout = lay_out(parameters)
    except InputError as e:
        return e.message
    return make_plan(tree, layout, 0).complaint()


def parameters_for(
    tree: FileTree, *, spare: float = 0.05, bsize: int = 8192, fragsize: int = 1024
) -> UfsParameters:
    """The smallest file system of whole cylinders of 640 sectors that holds a tree and, on
    top, ``spare`` of its blocks and inodes.

    Raises ``InputError`` if no UFS can hold it.
    """
    start = UfsParameters(1 << 24, PLAIN_NSECT, 1, bsize=bsize, fragsize=fragsize)
    plan = make_plan(tree, lay_out(start), 0)
    blocks = plan.allocator.cursor - plan.places.reserved
    blocks += int(blocks * spare) + 1
    inodes = plan.used_inodes + int(plan.used_inodes * spare)
    low, high = 1, 2
    while _try(high, start, blocks, inodes) is None:
        low, high = high, high * 2
        if high * PLAIN_NSECT >= 1 << 31:
            raise InputError(f"{blocks * bsize} bytes and {inodes} inodes are too much for a UFS")
    while high - low > 1:
        middle = (low + high) // 2
        if _try(middle, start, blocks, inodes) is None:
            low = middle
        else:
            high = middle
    found = _try(high, start, blocks, inodes)
    if found is None:
        raise InputError("no size was found that suits")
    return found


def _try(cylinders: int, start: UfsParameters, blocks: int, inodes: int) -> UfsParameters | None:
    """Parameters for so many cylinders that give the blocks and inodes, or None."""
    plain = choose_parameters(cylinders * PLAIN_NSECT)
    for nbpi in _DENSITIES:
        tried = replace(plain, bsize=start.bsize, fragsize=start.fragsize, nbpi=nbpi)
        try:
            layout = lay_out(replace(tried, cpg=min(tried.cpg, most_cylinders(tried))))
        except InputError:
            continue
        if layout.inodes < inodes:
            continue
        places = Places(layout)
        if places.blocks - places.reserved >= blocks:
            return layout.parameters
        return None
    return None
