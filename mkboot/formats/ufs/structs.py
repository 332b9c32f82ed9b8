# SPDX-License-Identifier: Apache-2.0
"""The structures of a Sun UFS1 (illumos sys/fs/ufs_fs.h and sys/fs/ufs_fsdir.h, in own words).

Each is declared once, for both byte orders: SPARC's is big, x86's little.  Words are
signed 32-bit unless the declaration says otherwise.  Names are those of the header less
their prefix (``fs_``, ``cg_``, ``d_``).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import construct as c

ByteOrder = Literal["big", "little"]
BYTE_ORDERS: tuple[ByteOrder, ByteOrder] = ("big", "little")

#: Where the superblock lies and how much room it has, in bytes; in front is the boot area.
SUPERBLOCK_AT = 8192
SUPERBLOCK = 8192
#: Where its magic number lies, in bytes from the superblock's start.
MAGIC_AT = 1372
MAGIC = 0x00011954
MAGIC_MULTI_TERABYTE = 0x00DECADE
#: ``state + time`` of a superblock whose clean byte can be trusted, modulo 2^32.
STATE_OK = 0x7C269D38

CLEAN_ACTIVE, CLEAN, CLEAN_STABLE = 0, 1, 2
CLEAN_FIX, CLEAN_LOG, CLEAN_SUSPEND, CLEAN_BAD = 0xFC, 0xFD, 0xFE, 0xFF
ROLLED_UNKNOWN, ROLLED_ALL, ROLLED_NEED = 0, 1, 2
FLAG_LARGEFILES = 1
OPTIMIZE_TIME, OPTIMIZE_SPACE = 0, 1

GROUP_MAGIC = 0x00090255
#: Bytes of a cylinder group's header before its tables.
GROUP_HEADER = 168

#: Directories are made of chunks; an entry never leaves its chunk.
DIRECTORY_CHUNK = 512
#: Bytes of an entry before its name: inode, record length, name length.
ENTRY_HEADER = 8
ROOT_INODE = 2
LOST_FOUND_INODE = 3


def _superblock(order: ByteOrder) -> c.Struct:
    i32, u32, u64 = _words(order)
    # The one difference between the two that is not byte order: these two swap places.
    at_132, at_1336 = ("npsect" / i32, "state" / u32)
    if order == "little":
        at_132, at_1336 = at_1336, at_132
    head = (
        "link rolled sblkno cblkno iblkno dblkno cgoffset cgmask time size dsize ncg bsize fsize "
        "frag minfree rotdelay rps bmask fmask bshift fshift maxcontig maxbpg fragshift fsbtodb "
        "sbsize csmask csshift nindir inopb nspf optim"
    )
    middle = (
        "si trackskew id0 id1 csaddr cssize cgsize ntrak nsect spc ncyl cpg ipg fpg "
        "ndir nbfree nifree nffree"
    )
    return c.Struct(
        *(name / i32 for name in head.split()),
        at_132,
        *(name / i32 for name in middle.split()),
        *(name / c.Int8ub for name in ("fmod", "clean", "ronly", "flags")),
        "fsmnt" / c.Bytes(512),
        "cgrotor" / i32,
        "csp" / c.Bytes(128),
        "cpc" / i32,
        "opostbl" / c.Bytes(256),
        "sparecon" / c.Bytes(204),
        *(name / i32 for name in ("version", "logbno", "reclaim", "sparecon2")),
        at_1336,
        "qbmask" / u64,
        "qfmask" / u64,
        *(name / i32 for name in ("postblformat", "nrpos", "postbloff", "rotbloff")),
        "magic" / u32,
        "tables" / c.Bytes(SUPERBLOCK - MAGIC_AT - 4),
    )


def _words(order: ByteOrder) -> tuple[c.Construct, c.Construct, c.Construct]:
    """Signed and unsigned 32 bits, unsigned 64 bits."""
    if order == "big":
        return c.Int32sb, c.Int32ub, c.Int64ub
    return c.Int32sl, c.Int32ul, c.Int64ul


def _summary(order: ByteOrder) -> c.Struct:
    i32 = _words(order)[0]
    return c.Struct(*(name / i32 for name in ("ndir", "nbfree", "nifree", "nffree")))


def _group(order: ByteOrder) -> c.Struct:
    i32, u32, _ = _words(order)
    i16 = c.Int16sb if order == "big" else c.Int16sl
    return c.Struct(
        "link" / i32,
        "magic" / u32,
        "time" / i32,
        "cgx" / i32,
        "ncyl" / i16,
        "niblk" / i16,
        "ndblk" / i32,
        *(name / i32 for name in ("ndir", "nbfree", "nifree", "nffree")),
        *(name / i32 for name in ("rotor", "frotor", "irotor")),
        "frsum" / c.Array(8, i32),
        *(name / i32 for name in ("btotoff", "boff", "iusedoff", "freeoff", "nextfreeoff")),
        "spare" / c.Bytes(64),
    )


def _entry(order: ByteOrder) -> c.Struct:
    u32 = _words(order)[1]
    u16 = c.Int16ub if order == "big" else c.Int16ul
    return c.Struct(
        "ino" / u32,
        "reclen" / u16,
        "namlen" / u16,
        "name" / c.Bytes(c.this.namlen),
        "rest" / c.Padding(c.this.reclen - ENTRY_HEADER - c.this.namlen),
    )


SUPERBLOCK_STRUCT = {order: _superblock(order) for order in BYTE_ORDERS}
GROUP_STRUCT = {order: _group(order) for order in BYTE_ORDERS}
#: An entry of the summary array at ``csaddr``: one for each group.
SUMMARY_STRUCT = {order: _summary(order) for order in BYTE_ORDERS}
ENTRY_STRUCT = {order: _entry(order) for order in BYTE_ORDERS}


@dataclass(frozen=True, slots=True)
class Superblock:
    """All words of a superblock.

    ``..no``, ``size``, ``dsize``, ``fpg``, ``cgoffset``, ``csaddr`` count fragments;
    ``bsize``, ``fsize``, ``cssize``, ``cgsize``, ``sbsize`` bytes.  ``tables`` is what
    follows the magic number, to the end of the 8192 bytes.
    """

    link: int
    rolled: int
    sblkno: int
    cblkno: int
    iblkno: int
    dblkno: int
    cgoffset: int
    cgmask: int
    time: int
    size: int
    dsize: int
    ncg: int
    bsize: int
    fsize: int
    frag: int
    minfree: int
    rotdelay: int
    rps: int
    bmask: int
    fmask: int
    bshift: int
    fshift: int
    maxcontig: int
    maxbpg: int
    fragshift: int
    fsbtodb: int
    sbsize: int
    csmask: int
    csshift: int
    nindir: int
    inopb: int
    nspf: int
    optim: int
    npsect: int
    state: int
    si: int
    trackskew: int
    id0: int
    id1: int
    csaddr: int
    cssize: int
    cgsize: int
    ntrak: int
    nsect: int
    spc: int
    ncyl: int
    cpg: int
    ipg: int
    fpg: int
    ndir: int
    nbfree: int
    nifree: int
    nffree: int
    fmod: int
    clean: int
    ronly: int
    flags: int
    fsmnt: bytes
    cgrotor: int
    csp: bytes
    cpc: int
    opostbl: bytes
    sparecon: bytes
    version: int
    logbno: int
    reclaim: int
    sparecon2: int
    qbmask: int
    qfmask: int
    postblformat: int
    nrpos: int
    postbloff: int
    rotbloff: int
    magic: int
    tables: bytes


@dataclass(frozen=True, slots=True)
class GroupHeader:
    """The header of a cylinder group; the five ``..off`` are bytes from its start."""

    link: int
    magic: int
    time: int
    cgx: int
    ncyl: int
    niblk: int
    ndblk: int
    ndir: int
    nbfree: int
    nifree: int
    nffree: int
    rotor: int
    frotor: int
    irotor: int
    frsum: tuple[int, ...]
    btotoff: int
    boff: int
    iusedoff: int
    freeoff: int
    nextfreeoff: int
    spare: bytes


def parse_superblock(data: bytes, order: ByteOrder) -> Superblock:
    """The words of 8192 bytes; nothing is checked."""
    return Superblock(**_plain(SUPERBLOCK_STRUCT[order].parse(data)))


def build_superblock(superblock: Superblock, order: ByteOrder) -> bytes:
    """The 8192 bytes."""
    return bytes(SUPERBLOCK_STRUCT[order].build(asdict(superblock)))


def parse_group(data: bytes, order: ByteOrder) -> GroupHeader:
    """The words of a group's first 168 bytes; nothing is checked."""
    values = _plain(GROUP_STRUCT[order].parse(data))
    return GroupHeader(**{**values, "frsum": tuple(values["frsum"])})


def build_group(header: GroupHeader, order: ByteOrder) -> bytes:
    """The 168 bytes; what follows them is the caller's."""
    return bytes(GROUP_STRUCT[order].build(asdict(header)))


def _plain(parsed: c.Container) -> c.Container:
    return {name: value for name, value in parsed.items() if name != "_io"}
