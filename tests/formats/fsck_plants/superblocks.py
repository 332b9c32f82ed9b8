# SPDX-License-Identifier: Apache-2.0
"""The superblock, its copies, its tables and its state."""

from __future__ import annotations

from collections.abc import Callable

from formats.fsck_plants.common import Planted
from formats.ufs_plant import SUPERBLOCK, Plant


def _sb(name: str, value: int | Callable[[int], int], code: str = "") -> Planted:
    """A word of the superblock and all its copies."""

    def how(p: Plant) -> str:
        p.set_sb(name, value(p.sb(name)) if callable(value) else value)
        return "superblock"

    shown = value.__name__ if callable(value) else str(value)
    return Planted(f"sb {name} {shown}", how, code or f"sb-{name}")


def _plus(delta: int) -> Callable[[int], int]:
    def change(old: int) -> int:
        return old + delta

    change.__name__ = f"{delta:+d}"
    return change


SUPERBLOCKS = [
    _sb("version", 3),
    _sb("version", 1),
    _sb("ncg", 0),
    _sb("ncg", _plus(1)),
    _sb("cpg", 0),
    _sb("ncyl", 10_000),
    _sb("ncyl", 1),
    _sb("ncyl", _plus(-1)),
    _sb("sbsize", 8193),
    _sb("sbsize", _plus(1024)),
    _sb("ndir", 0),
    _sb("ndir", 1 << 20),
    _sb("nrpos", 0),
    _sb("cpc", -1),
    _sb("cpc", _plus(1)),
    _sb("postbloff", 8000),
    _sb("rotbloff", _plus(4)),
    _sb("cssize", _plus(1024)),
    _sb("inopb", 32),
    _sb("bsize", 16384),
    _sb("frag", 4, "sb-bsize"),
    _sb("fsize", 2048, "sb-bsize"),
    _sb("dsize", 1 << 24),
    _sb("dsize", _plus(-1)),
    _sb("ipg", 0),
    _sb("ipg", 8192 * 3),
    _sb("cgsize", 9216),
    _sb("cgsize", _plus(-512)),
    _sb("optim", 2),
    _sb("minfree", 100),
    _sb("minfree", -1),
    _sb("postblformat", 0),
    _sb("time", _plus(1), "sb-state"),
    _sb("reclaim", 1),
    _sb("bmask", -4096),
    _sb("fmask", -512),
    _sb("bshift", 12),
    _sb("fshift", 11),
    _sb("fragshift", 2),
    _sb("fsbtodb", 2),
    _sb("csmask", -256),
    _sb("csshift", 8),
    _sb("csmask", 0),
    _sb("csshift", 0),
    _sb("qbmask", 4095),
    _sb("qfmask", 511),
    _sb("npsect", 62),
    _sb("nindir", 1024),
    _sb("nspf", 1),
    _sb("spc", _plus(1)),
    _sb("spc", _plus(-4), "sb-fpg"),
    _sb("cgoffset", _plus(8)),
    _sb("cgmask", -2),
    _sb("sblkno", _plus(8)),
    _sb("cblkno", _plus(8)),
    _sb("iblkno", _plus(-8)),
    _sb("dblkno", _plus(8)),
    _sb("csaddr", _plus(8)),
    _sb("ntrak", 0),
    _sb("nsect", 80, "sb-cgoffset"),
    _sb("state", _plus(1)),
    _sb("nbfree", _plus(1), "total-nbfree"),
    _sb("nifree", _plus(1), "total-nifree"),
    _sb("nffree", _plus(1), "total-nffree"),
    _sb("ndir", _plus(1), "total-ndir"),
]


def _clean(value: int) -> Planted:
    def how(p: Plant) -> str:
        for at in p.superblocks():
            p.data[at + 209] = value
        return "superblock"

    return Planted(f"clean byte 0x{value:02x}", how, "sb-clean")


def _copy(group: int, at: int) -> Planted:
    def how(p: Plant) -> str:
        number = group % p.sb("ncg")
        p.data[p.superblocks()[1 + number] + at] ^= 0x10
        return f"superblock copy in cylinder group {number}"

    return Planted(f"byte {at} of copy {group}", how, "sb-copy")


def _primary(p: Plant) -> str:
    p.data[SUPERBLOCK + 1372] ^= 1
    return "superblock"


def _unrolled(p: Plant) -> str:
    for at in p.superblocks():
        p.data[at + 209] = 0xFD
        p.put(at + 4, 2)
    return "superblock"


def _largefile_flag(p: Plant) -> str:
    p.data[SUPERBLOCK + 211] |= 1
    return "superblock"


def _large_file(p: Plant) -> str:
    p.ino_set(p.ino("/big"), size=3 << 30)
    return "superblock"


def _table(at: str, delta: int) -> Callable[[Plant], str]:
    def how(p: Plant) -> str:
        for where in p.superblocks():
            p.data[where + p.sb(at) + delta] ^= 1
        return "superblock"

    return how


STATES = [
    *(_clean(value) for value in (0, 3, 0xFC, 0xFD, 0xFE, 0xFF)),
    _copy(-1, 144),
    _copy(-1, 1200),
    _copy(-1, 1376),
    _copy(-1, 860),
    _copy(0, 184),
    _copy(1, 1372),
    _copy(1, 36),
    Planted("magic of the primary only", _primary, "sb-magic"),
    Planted("a log that was not rolled", _unrolled, "sb-log-unrolled"),
    Planted("largefiles without one", _largefile_flag, "sb-largefiles"),
    Planted("a large file without the flag", _large_file, "sb-largefiles"),
    Planted("table of positions", _table("postbloff", 5), "sb-postbl"),
    Planted("table of distances", _table("rotbloff", 3), "sb-rotbl"),
]
