# SPDX-License-Identifier: Apache-2.0
"""Finding a superblock, and refusing one whose numbers cannot be used.

Every word that an address, a length or a count is made of is checked here, once, against
the others, so that the rest of the reader can reckon with them.  What does not matter for
reading (rotational tables, masks, minfree …) is not looked at.
"""

from __future__ import annotations

from mkboot.errors import InputError
from mkboot.formats.inode import DINODE
from mkboot.formats.ufs.groups import group_data, group_end
from mkboot.formats.ufs.structs import (
    BYTE_ORDERS,
    MAGIC,
    MAGIC_AT,
    MAGIC_MULTI_TERABYTE,
    SUPERBLOCK,
    SUPERBLOCK_AT,
    ByteOrder,
    Superblock,
    parse_superblock,
)
from mkboot.tree.source import ByteSource, read_exact


def byte_order_of(source: ByteSource) -> ByteOrder | None:
    """The byte order of the magic number where a UFS1 has it, or None."""
    word = source.pread(SUPERBLOCK_AT + MAGIC_AT, 4)
    for order in BYTE_ORDERS:
        if len(word) == 4 and int.from_bytes(word, order) in (MAGIC, MAGIC_MULTI_TERABYTE):
            return order
    return None


def looks_like_ufs(source: ByteSource) -> bool:
    """Whether the magic number of a UFS1 is there; nothing else is looked at."""
    return byte_order_of(source) is not None


def read_superblock(source: ByteSource, place: tuple[str, ...]) -> tuple[Superblock, ByteOrder]:
    """The checked superblock at byte 8192.

    Raises ``InputError`` if there is none, or if its words contradict each other.  A file
    system that is longer than its source passes: reading its end fails.
    """
    order = byte_order_of(source)
    if order is None:
        word = int.from_bytes(source.pread(SUPERBLOCK_AT + MAGIC_AT, 4), "big")
        raise InputError(
            f"not a UFS: 0x{word:08x} where the superblock's magic number should be", place=place
        )
    data = read_exact(source, SUPERBLOCK_AT, SUPERBLOCK, (*place, "superblock"))
    superblock = parse_superblock(data, order)
    fault = find_fault(superblock)
    if fault:
        raise InputError(fault, place=(*place, "superblock"))
    return superblock, order


def find_fault(sb: Superblock) -> str:
    """The first thing that makes a superblock unusable, or an empty text."""
    return _sizes_fault(sb) or _group_fault(sb) or _last_group_fault(sb) or _summary_fault(sb)


def _sizes_fault(sb: Superblock) -> str:
    if sb.bsize not in (4096, 8192):
        return f"blocks of {sb.bsize} bytes"
    if sb.fsize not in (512, 1024, 2048, 4096, 8192) or not 1 <= sb.bsize // sb.fsize <= 8:
        return f"fragments of {sb.fsize} bytes in blocks of {sb.bsize}"
    if sb.frag != sb.bsize // sb.fsize:
        return f"{sb.frag} fragments in a block, but {sb.bsize // sb.fsize} fit"
    derived = (
        ("nindir", sb.nindir, sb.bsize // 4),
        ("inopb", sb.inopb, sb.bsize // DINODE),
        ("nspf", sb.nspf, sb.fsize // 512),
    )
    for name, value, wanted in derived:
        if value != wanted:
            return f"{name} is {value}, but {wanted} follows from the block size"
    return ""


def _group_fault(sb: Superblock) -> str:
    # mkfs makes at most a third of this; other makers more, as their map of inodes fits.
    if not 0 < sb.ipg <= sb.bsize * 8 or sb.ipg % sb.inopb:
        return f"{sb.ipg} inodes in a cylinder group"
    if not 0 < sb.sblkno < sb.cblkno < sb.iblkno < sb.dblkno:
        return f"parts of a group at {sb.sblkno}, {sb.cblkno}, {sb.iblkno}, {sb.dblkno}"
    if sb.dblkno - sb.iblkno < sb.ipg * DINODE // sb.fsize:
        return f"{sb.ipg} inodes do not fit {sb.dblkno - sb.iblkno} fragments"
    if sb.cpg <= 0 or sb.fpg <= 0 or sb.fpg % sb.frag:
        return f"{sb.cpg} cylinders and {sb.fpg} fragments in a cylinder group"
    if not 0 < sb.cgsize <= sb.bsize:
        return f"a cylinder group's header of {sb.cgsize} bytes"
    if not 0 < sb.sbsize <= SUPERBLOCK:
        return f"a superblock of {sb.sbsize} bytes"
    if sb.ncg < 1 or sb.size < 1 or not (sb.ncg - 1) * sb.fpg < sb.size <= sb.ncg * sb.fpg:
        return f"{sb.size} fragments in {sb.ncg} cylinder groups of {sb.fpg}"
    if sb.cgoffset < 0 or sb.cgmask >= 0:
        return f"cylinder groups staggered by {sb.cgoffset} under the mask {sb.cgmask}"
    stagger = sb.cgoffset * min(~sb.cgmask, sb.ncg - 1)
    if stagger + sb.dblkno > sb.fpg:
        return f"a group's metadata ends {stagger + sb.dblkno - sb.fpg} fragments behind the group"
    return ""


def _last_group_fault(sb: Superblock) -> str:
    last = sb.ncg - 1
    if group_data(sb, last) > group_end(sb, last):
        return f"no room for the metadata of the last group in {sb.size} fragments"
    return ""


def _summary_fault(sb: Superblock) -> str:
    if sb.cssize < sb.ncg * 16 or sb.cssize > sb.size * sb.fsize:
        return f"a summary of {sb.cssize} bytes for {sb.ncg} cylinder groups"
    if sb.csaddr < sb.dblkno or sb.csaddr + -(-sb.cssize // sb.fsize) > sb.size:
        return f"the summary lies at fragment {sb.csaddr}"
    return ""


def totals_fault(sb: Superblock) -> str:
    """What is wrong with the counts of free things, or an empty text; reading needs none."""
    totals = (sb.ndir, sb.nbfree, sb.nifree, sb.nffree, sb.dsize)
    if min(totals) < 0 or sb.nbfree * sb.frag + sb.nffree > sb.dsize or sb.dsize > sb.size:
        return f"{sb.nbfree} free blocks and {sb.nffree} fragments of {sb.dsize} fragments"
    if sb.nifree > sb.ncg * sb.ipg:
        return f"{sb.nifree} free inodes of {sb.ncg * sb.ipg}"
    return ""
