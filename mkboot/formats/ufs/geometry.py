# SPDX-License-Identifier: Apache-2.0
"""What follows from mkfs' arguments: every size and place of a UFS, in mkfs' own order.

Source: illumos cmd/fs.d/ufs/mkfs and sys/fs/ufs_fs.h, in own words; checked byte for byte
against file systems that a real mkfs wrote (tests/samples/mkfs).  Unless another unit is
said, places and sizes are in fragments.  "Frag" is short for fragment.
"""

from __future__ import annotations

from dataclasses import dataclass

from mkboot.errors import InputError
from mkboot.model.values import UfsParameters

SECTOR = 512
SUPERBLOCK_AREA = 8192
DINODE = 128
#: sizeof(struct cg) as mkfs reckons it; the tables begin 4 bytes earlier.
CG_SIZEOF = 172
CG_TABLES = 168
#: sizeof(struct fs); the tables begin 4 bytes earlier.
FS_SIZEOF = 1380
FS_TABLES = 1376
#: Where the old fixed table of rotational positions lies in the superblock.
OLD_POSTBL = 860
CSUM = 16
DEFAULT_CPG = 16
MAX_SECTORS = (1 << 31) - 1


def roundup(value: int, unit: int) -> int:
    """The least multiple of ``unit`` that is not below ``value``."""
    return ceil(value, unit) * unit


def ceil(value: int, unit: int) -> int:
    """A division that rounds up."""
    return -(-value // unit)


@dataclass(frozen=True, slots=True)
class Layout:
    """All derived numbers, under the names the superblock gives them (without ``fs_``)."""

    parameters: UfsParameters
    frag: int
    nspf: int
    spc: int
    sblkno: int
    cblkno: int
    iblkno: int
    dblkno: int
    cgoffset: int
    cgmask: int
    size: int
    ncg: int
    ncyl: int
    cpg: int
    ipg: int
    fpg: int
    cpc: int
    postbloff: int
    rotbloff: int
    sbsize: int
    cgsize: int
    cssize: int

    @property
    def bsize(self) -> int:
        """Bytes in a block."""
        return self.parameters.bsize

    @property
    def fsize(self) -> int:
        """Bytes in a fragment."""
        return self.parameters.fragsize

    @property
    def inodes(self) -> int:
        """All inodes, the two that are never used included."""
        return self.ncg * self.ipg

    @property
    def bytes(self) -> int:
        """Length of the file system in bytes."""
        return self.size * self.fsize

    @property
    def csaddr(self) -> int:
        """Where the summary of all groups lies."""
        return self.dblkno

    def base(self, group: int) -> int:
        """First fragment that belongs to a group."""
        return self.fpg * group

    def start(self, group: int) -> int:
        """Where a group's metadata are counted from: staggered by the tracks."""
        return self.base(group) + self.cgoffset * (group & ~self.cgmask)

    def end(self, group: int) -> int:
        """The fragment after a group's last."""
        return min(self.base(group + 1), self.size)

    def metadata(self, group: int) -> tuple[int, int]:
        """First fragment of a group's metadata and the one after; group 0's with boot area."""
        first = self.start(group) + self.sblkno if group else 0
        return first, self.start(group) + self.dblkno

    @property
    def dsize(self) -> int:
        """Fragments that are neither metadata nor the summary."""
        total = -self.cssize // self.fsize
        for group in range(self.ncg):
            first, after = self.metadata(group)
            total += self.end(group) - self.base(group) - (after - first)
        return total


def lay_out(p: UfsParameters) -> Layout:
    """The layout that mkfs makes of these arguments.

    Raises ``InputError`` with mkfs' reason, in own words, where mkfs refuses.
    """
    check_limits(p)
    frag, nspf, spc = p.bsize // p.fragsize, p.fragsize // SECTOR, p.ntrack * p.nsect
    sblkno = roundup(ceil(2 * SUPERBLOCK_AREA, p.fragsize), frag)
    cblkno = sblkno + roundup(ceil(SUPERBLOCK_AREA, p.fragsize), frag)
    iblkno = cblkno + frag
    mincpc = least_cylinders(p.bsize // SECTOR, spc)
    cgoffset = roundup(ceil(p.nsect, nspf), frag)
    cgmask = -1 << (p.ntrack - 1).bit_length()
    taken = _estimate(p, iblkno)
    cpg, ipg = _group(p, taken, mincpc)
    wanted = roundup(ceil(cgoffset * ~cgmask + taken // SECTOR, spc), mincpc)
    if cpg < wanted:
        raise InputError(f"a group must have at least {wanted} cylinders, {cpg} are possible")
    fpg = cpg * spc // nspf
    dblkno = iblkno + ipg // (p.bsize // DINODE // frag)
    size, ncyl, ncg = _extent(p, cpg, dblkno, cgoffset, cgmask)
    cpc, postbloff, rotbloff, sbsize = _tables(p, mincpc, spc)
    return Layout(
        parameters=p,
        frag=frag,
        nspf=nspf,
        spc=spc,
        sblkno=sblkno,
        cblkno=cblkno,
        iblkno=iblkno,
        dblkno=dblkno,
        cgoffset=cgoffset,
        cgmask=cgmask,
        size=size,
        ncg=ncg,
        ncyl=ncyl,
        cpg=cpg,
        ipg=ipg,
        fpg=fpg,
        cpc=cpc,
        postbloff=postbloff,
        rotbloff=rotbloff,
        sbsize=sbsize,
        cgsize=roundup(cg_struct(p, cpg, ipg), p.fragsize),
        cssize=roundup(ncg * CSUM, p.fragsize),
    )


def check_limits(p: UfsParameters) -> None:
    """Raise ``InputError`` where an argument is outside what mkfs takes."""
    wrong = (
        (1024 <= p.size <= MAX_SECTORS, f"size {p.size}: 1024 to {MAX_SECTORS} sectors"),
        (p.nsect >= 1 and p.ntrack >= 1, f"{p.ntrack} tracks of {p.nsect} sectors"),
        (p.bsize in (4096, 8192), f"block size {p.bsize}: 4096 or 8192"),
        (
            p.fragsize in (512, 1024, 2048, 4096, 8192) and 1 <= p.bsize // p.fragsize <= 8,
            f"fragment size {p.fragsize} with blocks of {p.bsize}",
        ),
        (p.cpg >= 1, f"{p.cpg} cylinders a group"),
        (0 <= p.minfree <= 99, f"minfree {p.minfree}: 0 to 99"),
        (512 <= p.nbpi <= 2 << 20, f"{p.nbpi} bytes an inode: 512 to 2097152"),
        (1 <= p.nrpos <= p.nsect, f"{p.nrpos} rotational positions on {p.nsect} sectors"),
        (p.optimize in ("t", "s"), f"optimise for {p.optimize!r}: t or s"),
        (1 <= p.rps < 1 << 15, f"{p.rps} turns a second"),
        (p.maxcontig >= 0 and p.gap >= 0, f"maxcontig {p.maxcontig}, gap {p.gap}"),
        (p.apc == 0, "spare sectors in a cylinder (apc)"),
    )
    for good, words in wrong:
        if not good:
            raise InputError(f"mkfs does not take {words}")
    # mkfs itself counts the free blocks of such cylinders wrongly.
    if p.ntrack * p.nsect < p.bsize // SECTOR:
        raise InputError(f"a cylinder of {p.ntrack * p.nsect} sectors is smaller than a block")


def least_cylinders(nspb: int, spc: int) -> int:
    """How many cylinders it takes until blocks begin at a cylinder again (mkfs' mincpc)."""
    while nspb > 1 and spc % 2 == 0:
        nspb //= 2
        spc //= 2
    return nspb


def most_inodes(bsize: int) -> int:
    """How many inodes a group may have."""
    return roundup(bsize * 8 // 3, bsize // DINODE)


def most_cylinders(p: UfsParameters) -> int:
    """The greatest cpg argument that mkfs takes as it is."""
    room = p.bsize - CG_SIZEOF - ceil(most_inodes(p.bsize), 8)
    return room // (4 + 2 * p.nrpos + p.nsect // 64)


def cg_struct(p: UfsParameters, cpg: int, ipg: int) -> int:
    """Bytes of a cylinder group block that mkfs reckons with."""
    frags = cpg * p.ntrack * p.nsect // (p.fragsize // SECTOR)
    return CG_SIZEOF + 4 * cpg + 2 * cpg * p.nrpos + ceil(ipg, 8) + ceil(frags, 8)


def _estimate(p: UfsParameters, iblkno: int) -> int:
    """Bytes of metadata in a group, if one cylinder were all inodes: mkfs' own estimate."""
    inopb = p.bsize // DINODE
    inopf = inopb // (p.bsize // p.fragsize)
    cylinder = p.ntrack * p.nsect * SECTOR
    inodes = min(roundup(cylinder // DINODE, inopb), most_inodes(p.bsize))
    return (iblkno + inodes // inopf) * p.fragsize


def _group(p: UfsParameters, taken: int, mincpc: int) -> tuple[int, int]:
    """Cylinders and inodes of a group."""
    inopb = p.bsize // DINODE
    cylinder = p.ntrack * p.nsect * SECTOR
    cpg, limit = p.cpg, most_cylinders(p)
    if cpg > limit:
        cpg = min(DEFAULT_CPG, limit)
    cpg = roundup(cpg, mincpc)

    def inodes() -> int:
        return roundup((cpg * cylinder - taken) // p.nbpi, inopb)

    ipg = inodes()
    while cpg > 0 and ipg > most_inodes(p.bsize):
        cpg -= mincpc
        ipg = inodes()
    while cpg > 0 and cg_struct(p, cpg, ipg) > p.bsize:
        cpg -= mincpc
        ipg = inodes()
    if cpg <= 0:
        raise InputError("a cylinder is too large for a group: fewer tracks or sectors are needed")
    if ipg <= 0:
        raise InputError("a group is too small to hold inodes: more cylinders are needed")
    return cpg, ipg


def _extent(
    p: UfsParameters, cpg: int, dblkno: int, cgoffset: int, cgmask: int
) -> tuple[int, int, int]:
    """Fragments, cylinders and groups; a last group with no room for its metadata is dropped."""
    nspf, spc = p.fragsize // SECTOR, p.ntrack * p.nsect
    fpg, size = cpg * spc // nspf, p.size // nspf
    ncyl = ceil(size * nspf, spc)
    ncg = ceil(ncyl, cpg)
    if cgoffset * min(~cgmask, ncg - 1) + dblkno >= fpg:
        raise InputError("the inodes leave no room for data in a group: fewer inodes are needed")
    last = ncg - 1
    if size - fpg * last >= cgoffset * (last & ~cgmask) + dblkno:
        return size, ncyl, ncg
    if last == 0:
        raise InputError(f"{p.size} sectors are too few for the inodes of one group")
    return last * cpg * spc // nspf, last * cpg, last


def _tables(p: UfsParameters, mincpc: int, spc: int) -> tuple[int, int, int, int]:
    """cpc, postbloff, rotbloff (bytes in the superblock) and sbsize in bytes."""
    bare = roundup(FS_SIZEOF, p.fragsize)
    if p.ntrack == 1:
        return 0, 0, 0, bare
    nspb = p.bsize // SECTOR
    blocks = mincpc * spc // nspb
    positions = mincpc * p.nrpos * 2
    if p.nrpos == 8:
        postbloff, rotbloff, added = OLD_POSTBL, FS_TABLES, blocks
    else:
        postbloff, rotbloff, added = FS_TABLES, FS_TABLES + positions, positions + blocks
    if FS_SIZEOF + added > p.bsize or p.nsect > 256 * nspb:
        return 0, postbloff, rotbloff, bare
    return mincpc, postbloff, rotbloff, roundup(FS_SIZEOF + added, p.fragsize)
