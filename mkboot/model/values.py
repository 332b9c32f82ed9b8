# SPDX-License-Identifier: Apache-2.0
"""Small values that several rooms share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Checksums:
    """Of one stream of ``size`` bytes: POSIX cksum, SysV sum (16 bits), MD5, SHA-256 in hex.

    ``sum`` is what ``sum -s`` prints; its block count is ``ceil(size / 512)``.
    """

    size: int
    cksum: int
    sum: int
    md5: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Geometry:
    """The geometry in a Sun label.

    ``nhead`` tracks a cylinder, ``nsect`` sectors a track, ``ncyl`` data cylinders,
    ``acyl`` spare ones, ``pcyl`` all of them, ``apc`` spare sectors a cylinder.
    """

    nhead: int
    nsect: int
    ncyl: int
    acyl: int = 0
    pcyl: int = 0
    rpm: int = 0
    apc: int = 0
    interleave: int = 1

    @property
    def cylinder(self) -> int:
        """Sectors in a cylinder."""
        return self.nhead * self.nsect


@dataclass(frozen=True, slots=True)
class UfsParameters:
    """How a UFS is made: the arguments of Solaris' mkfs, in its order.

    ``size`` in sectors of 512 bytes; ``optimize`` is ``t`` or ``s``; ``nbpi`` bytes per
    inode; ``gap`` is rotdelay in ms.  ``largefiles`` and ``logging`` are what a superblock
    was found to say; mkfs does not take them.
    """

    size: int
    nsect: int
    ntrack: int
    bsize: int = 8192
    fragsize: int = 1024
    cpg: int = 16
    minfree: int = 10
    rps: int = 60
    nbpi: int = 2048
    optimize: str = "t"
    apc: int = 0
    gap: int = 0
    nrpos: int = 8
    maxcontig: int = 16
    largefiles: bool = False
    logging: bool = False
