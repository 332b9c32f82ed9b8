# SPDX-License-Identifier: Apache-2.0
"""The words of a superblock against each other: what follows from what.

Source: illumos cmd/fs.d/ufs/{fsck,mkfs} and sys/fs/ufs_fs.h, in own words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mkboot.formats.ufs.geometry import (
    CG_SIZEOF,
    CSUM,
    DINODE,
    FS_SIZEOF,
    FS_TABLES,
    OLD_POSTBL,
    SECTOR,
    SUPERBLOCK_AREA,
    ceil,
    least_cylinders,
    most_inodes,
    roundup,
)
from mkboot.formats.ufs.structs import MAGIC_MULTI_TERABYTE, Superblock


class Wrong(NamedTuple):
    """A word that is not what it should be."""

    word: str
    message: str
    overlooked: bool = True


def has_geometry(sb: Superblock) -> bool:
    """Whether there are tracks.  makefs leaves them out: a group is one cylinder then, and
    free blocks are not counted by cylinder and position.
    """
    return not (sb.ntrak == 0 and sb.cpg == 1 and sb.spc == sb.nsect)


def wrong_words(sb: Superblock) -> Iterator[Wrong]:
    """All words that are out of range or do not follow from the others."""
    yield from _ranges(sb)
    for word, should in _derived(sb).items():
        said = getattr(sb, word)
        if said != should:
            told = word in ("inopb", "cssize")
            yield Wrong(word, f"{word} is {said}, but {should} follows", not told)
    yield from _geometry(sb)
    yield from _tables(sb)


def _ranges(sb: Superblock) -> Iterator[Wrong]:
    """What fsck itself looks at, as ranges."""
    if not 0 < sb.bsize <= SUPERBLOCK_AREA or sb.bsize != sb.frag * sb.fsize:
        words = f"blocks of {sb.bsize} bytes, {sb.frag} fragments of {sb.fsize}"
        yield Wrong("bsize", words, overlooked=False)
    versions = (0, 1, 2) if sb.magic == MAGIC_MULTI_TERABYTE else (0, 2)
    most = most_inodes(sb.bsize)
    for word, good, words in (
        ("version", sb.version in versions, f"version {sb.version}"),
        ("ncg", sb.ncg >= 1, f"{sb.ncg} cylinder groups"),
        ("cpg", sb.cpg >= 1, f"{sb.cpg} cylinders in a group"),
        (
            "ncyl",
            (sb.ncg - 1) * sb.cpg < sb.ncyl <= sb.ncg * sb.cpg,
            f"{sb.ncyl} cylinders in {sb.ncg} groups of {sb.cpg}",
        ),
        ("ndir", 1 <= sb.ndir <= sb.ncg * sb.ipg, f"{sb.ndir} directories"),
        ("nrpos", sb.nrpos > 0, f"{sb.nrpos} rotational positions"),
        ("cpc", sb.cpc >= 0, f"{sb.cpc} cylinders in a cycle"),
        ("dsize", 0 < sb.dsize < sb.size, f"{sb.dsize} data fragments of {sb.size}"),
        ("ipg", 0 < sb.ipg <= most, f"{sb.ipg} inodes in a group, {most} are the most"),
        ("optim", sb.optim in (0, 1), f"optimisation {sb.optim}"),
        ("minfree", 0 <= sb.minfree <= 99, f"{sb.minfree} % to be kept free"),
        ("postblformat", sb.postblformat == 1, f"tables of form {sb.postblformat}"),
    ):
        if not good:
            yield Wrong(word, words, overlooked=False)
    if sb.ipg % sb.inopb:
        yield Wrong("ipg", f"{sb.ipg} inodes in a group are no whole blocks")


def _derived(sb: Superblock) -> dict[str, int]:
    """Words that have one right value."""
    sblkno = roundup(ceil(2 * SUPERBLOCK_AREA, sb.fsize), sb.frag)
    cblkno = sblkno + roundup(ceil(SUPERBLOCK_AREA, sb.fsize), sb.frag)
    iblkno = cblkno + sb.frag
    cssize = roundup(sb.ncg * CSUM, sb.fsize)
    metadata = sb.dblkno + (sb.ncg - 1) * (sb.dblkno - sb.sblkno)
    return {
        "sblkno": sblkno,
        "cblkno": cblkno,
        "iblkno": iblkno,
        "dblkno": iblkno + sb.ipg * DINODE // sb.fsize,
        "csaddr": sb.dblkno,
        "cssize": cssize,
        "dsize": sb.size - metadata - cssize // sb.fsize,
        "bmask": -sb.bsize,
        "fmask": -sb.fsize,
        "bshift": _log2(sb.bsize),
        "fshift": _log2(sb.fsize),
        "fragshift": _log2(sb.frag),
        "fsbtodb": _log2(sb.nspf),
        "inopb": sb.bsize // DINODE,
        "nindir": sb.bsize // 4,
        "nspf": sb.fsize // SECTOR,
        "qbmask": sb.bsize - 1,
        "qfmask": sb.fsize - 1,
    }


def _geometry(sb: Superblock) -> Iterator[Wrong]:
    tracks = has_geometry(sb)
    for word, should in (
        ("csmask", -(sb.bsize // CSUM)),
        ("csshift", _log2(sb.bsize // CSUM)),
    ):
        # 4.4BSD has no such words: there both are 0.
        said = getattr(sb, word)
        if said != should and (sb.csmask, sb.csshift) != (0, 0):
            yield Wrong(word, f"{word} is {said}, but {should} follows")
    if sb.nsect < 1 or (tracks and sb.ntrak < 1) or sb.spc < 1:
        yield Wrong("ntrak", f"{sb.ntrak} tracks of {sb.nsect} sectors, {sb.spc} a cylinder")
        return
    if sb.npsect != sb.nsect:
        yield Wrong("npsect", f"npsect is {sb.npsect}, but {sb.nsect} sectors are in a track")
    if tracks and not sb.ntrak * sb.nsect - sb.nsect < sb.spc <= sb.ntrak * sb.nsect:
        yield Wrong("spc", f"{sb.spc} sectors in {sb.ntrak} tracks of {sb.nsect}")
    for word, should in (
        ("fpg", sb.cpg * sb.spc // sb.nspf),
        ("ncyl", ceil(sb.size * sb.nspf, sb.spc)),
        ("ncg", ceil(sb.ncyl, max(1, sb.cpg))),
    ):
        if getattr(sb, word) != should:
            yield Wrong(word, f"{word} is {getattr(sb, word)}, but {should} follows")
    yield from _stagger(sb)
    yield from _group_size(sb, tracks)


def _stagger(sb: Superblock) -> Iterator[Wrong]:
    mask = -1 << (max(1, sb.ntrak) - 1).bit_length()
    offset = roundup(ceil(sb.nsect, sb.nspf), sb.frag)
    # Without a stagger the offset does not matter; makefs has 0.
    if (sb.cgoffset, sb.cgmask) == (0, -1):
        return
    if sb.cgmask != mask:
        yield Wrong("cgmask", f"cgmask is {sb.cgmask}, but {mask} follows from the tracks")
    if sb.cgoffset != offset:
        yield Wrong("cgoffset", f"cgoffset is {sb.cgoffset}, but {offset} follows")


def _group_size(sb: Superblock, tracks: bool) -> Iterator[Wrong]:
    frags = sb.cpg * sb.spc // sb.nspf
    size = CG_SIZEOF + 4 * sb.cpg + 2 * sb.cpg * sb.nrpos + ceil(sb.ipg, 8) + ceil(frags, 8)
    should = roundup(size, sb.fsize)
    # makefs has a map of clusters there too.
    if sb.cgsize < should or (tracks and sb.cgsize != should) or sb.cgsize > sb.bsize:
        words = f"cgsize is {sb.cgsize}, but {should} bytes follow"
        yield Wrong("cgsize", words, overlooked=sb.cgsize <= sb.bsize)


def _tables(sb: Superblock) -> Iterator[Wrong]:
    """Where the rotational tables are, and how long all is with them."""
    bare = roundup(FS_SIZEOF, sb.fsize)
    if sb.nrpos < 1 or sb.cpc < 0 or sb.spc < 1:
        return
    if sb.cpc == 0:
        if sb.sbsize != bare:
            yield Wrong("sbsize", f"sbsize is {sb.sbsize}, but {bare} follows")
        if not _unused_offsets(sb):
            yield Wrong("postbloff", f"tables at {sb.postbloff} and {sb.rotbloff}, without any")
        return
    cycle = least_cylinders(sb.bsize // SECTOR, sb.spc)
    if sb.cpc != cycle:
        yield Wrong("cpc", f"cpc is {sb.cpc}, but {cycle} follows")
        return
    positions, blocks = table_sizes(sb)
    if sb.nrpos == 8 and sb.cpc <= 16:
        at, behind, added = OLD_POSTBL, FS_TABLES, blocks
    else:
        at, behind, added = FS_TABLES, FS_TABLES + positions, positions + blocks
    should = roundup(FS_SIZEOF + added, sb.fsize)
    told = sb.postbloff + positions > sb.sbsize or sb.sbsize > SUPERBLOCK_AREA
    for word, value in (("postbloff", at), ("rotbloff", behind), ("sbsize", should)):
        if getattr(sb, word) != value:
            yield Wrong(word, f"{word} is {getattr(sb, word)}, but {value} follows", not told)


def _unused_offsets(sb: Superblock) -> bool:
    cycle = least_cylinders(sb.bsize // SECTOR, sb.spc)
    behind = FS_TABLES + cycle * sb.nrpos * 2
    places = {(0, 0), (OLD_POSTBL, FS_TABLES), (FS_TABLES, behind)}
    return (sb.postbloff, sb.rotbloff) in places


def table_sizes(sb: Superblock) -> tuple[int, int]:
    """Bytes of the table of positions and of that of blocks."""
    return sb.cpc * sb.nrpos * 2, sb.cpc * sb.spc * SECTOR // sb.bsize


def _log2(value: int) -> int:
    return value.bit_length() - 1
