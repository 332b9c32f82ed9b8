# SPDX-License-Identifier: Apache-2.0
"""The superblock that mkfs makes, with its tables of rotational positions."""

from __future__ import annotations

import struct
from typing import Literal

from mkboot.formats.ufs.geometry import CSUM, FS_TABLES, SECTOR, Layout
from mkboot.formats.ufs.structs import (
    CLEAN,
    FLAG_LARGEFILES,
    MAGIC,
    OPTIMIZE_SPACE,
    OPTIMIZE_TIME,
    STATE_OK,
    SUPERBLOCK,
    Superblock,
    build_superblock,
)

#: postblformat: the tables are where postbloff and rotbloff say.
_DYNAMIC_TABLES = 1


def make_superblock(
    layout: Layout,
    totals: tuple[int, int, int, int],
    *,
    time: int,
    largefiles: bool,
    last_mounted: bytes,
) -> Superblock:
    """All words.  ``totals``: directories, free blocks, free inodes, free fragments."""
    p = layout.parameters
    ndir, nbfree, nifree, nffree = totals
    return Superblock(
        link=0,
        rolled=0,
        sblkno=layout.sblkno,
        cblkno=layout.cblkno,
        iblkno=layout.iblkno,
        dblkno=layout.dblkno,
        cgoffset=layout.cgoffset,
        cgmask=layout.cgmask,
        time=time,
        size=layout.size,
        dsize=layout.dsize,
        ncg=layout.ncg,
        bsize=layout.bsize,
        fsize=layout.fsize,
        frag=layout.frag,
        minfree=p.minfree,
        rotdelay=p.gap,
        rps=p.rps,
        bmask=-layout.bsize,
        fmask=-layout.fsize,
        bshift=_log2(layout.bsize),
        fshift=_log2(layout.fsize),
        maxcontig=p.maxcontig,
        maxbpg=layout.bsize // 4,
        fragshift=_log2(layout.frag),
        fsbtodb=_log2(layout.nspf),
        sbsize=layout.sbsize,
        csmask=-(layout.bsize // CSUM),
        csshift=_log2(layout.bsize // CSUM),
        nindir=layout.bsize // 4,
        inopb=layout.bsize // 128,
        nspf=layout.nspf,
        optim=OPTIMIZE_TIME if p.optimize == "t" else OPTIMIZE_SPACE,
        npsect=p.nsect,
        state=(STATE_OK - time) % (1 << 32),
        si=0,
        trackskew=0,
        id0=0,
        id1=0,
        csaddr=layout.csaddr,
        cssize=layout.cssize,
        cgsize=layout.cgsize,
        ntrak=p.ntrack,
        nsect=p.nsect,
        spc=layout.spc,
        ncyl=layout.ncyl,
        cpg=layout.cpg,
        ipg=layout.ipg,
        fpg=layout.fpg,
        ndir=ndir,
        nbfree=nbfree,
        nifree=nifree,
        nffree=nffree,
        fmod=0,
        clean=CLEAN,
        ronly=0,
        flags=FLAG_LARGEFILES if largefiles else 0,
        fsmnt=last_mounted.ljust(512, b"\0"),
        cgrotor=0,
        csp=bytes(128),
        cpc=layout.cpc,
        opostbl=bytes(256),
        sparecon=bytes(204),
        version=0,
        logbno=0,
        reclaim=0,
        sparecon2=0,
        qbmask=layout.bsize - 1,
        qfmask=layout.fsize - 1,
        postblformat=_DYNAMIC_TABLES,
        nrpos=p.nrpos,
        postbloff=layout.postbloff,
        rotbloff=layout.rotbloff,
        magic=MAGIC,
        tables=bytes(SUPERBLOCK - FS_TABLES),
    )


def superblock_bytes(
    superblock: Superblock, layout: Layout, order: Literal["big", "little"]
) -> bytes:
    """The 8192 bytes that lie at the primary place and, all the same, in every group."""
    data = bytearray(build_superblock(superblock, order))
    if layout.cpc:
        positions, distances = rotational_tables(layout)
        mark = ">" if order == "big" else "<"
        struct.pack_into(f"{mark}{len(positions)}h", data, layout.postbloff, *positions)
        data[layout.rotbloff : layout.rotbloff + len(distances)] = distances
    return bytes(data)


def rotational_tables(layout: Layout) -> tuple[list[int], bytes]:
    """For each cylinder of a cycle and rotational position the first block there (-1: none),
    and for each block of the cycle how far the next one of its kind is (0: none).
    """
    p = layout.parameters
    nspb = layout.bsize // SECTOR
    blocks = layout.cpc * layout.spc // nspb
    first = [-1] * (layout.cpc * p.nrpos)
    distances = bytearray(blocks)
    for block in range(blocks - 1, -1, -1):
        cylinder, sector = divmod(block * nspb, layout.spc)
        at = cylinder * p.nrpos + sector % p.nsect * p.nrpos // p.nsect
        if first[at] >= 0:
            distances[block] = first[at] - block & 0xFF
        first[at] = block
    return first, bytes(distances)


def _log2(value: int) -> int:
    return value.bit_length() - 1
