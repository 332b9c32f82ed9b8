# SPDX-License-Identifier: Apache-2.0
"""The block of a cylinder group: its header, its maps, its counts, all from the free maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from mkboot.formats.ufs.geometry import CG_TABLES, Layout, ceil
from mkboot.formats.ufs.structs import GROUP_MAGIC, GroupHeader, build_group

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class GroupMaps:
    """``free`` has a flag for each fragment of the group, ``used`` one for each inode."""

    free: Flags
    used: Flags
    directories: int


@dataclass(frozen=True, slots=True)
class MadeGroup:
    """``data`` is one block; ``summary``: directories, free blocks, inodes, fragments."""

    data: bytes
    summary: tuple[int, int, int, int]


def make_group(
    layout: Layout, group: int, maps: GroupMaps, time: int, order: Literal["big", "little"]
) -> MadeGroup:
    """The cylinder group block that says what the maps say."""
    p = layout.parameters
    mark = ">" if order == "big" else "<"
    whole, frsum, fragments = count_free(maps.free, layout.frag)
    btot, positions = block_totals(whole, layout)
    summary = (
        maps.directories,
        len(whole),
        layout.ipg - int(np.count_nonzero(maps.used)),
        fragments,
    )
    boff = CG_TABLES + 4 * layout.cpg
    iusedoff = boff + 2 * layout.cpg * p.nrpos
    freeoff = iusedoff + ceil(layout.ipg, 8)
    header = GroupHeader(
        link=0,
        magic=GROUP_MAGIC,
        time=time,
        cgx=group,
        ncyl=min(layout.cpg, layout.ncyl - layout.cpg * group),
        niblk=layout.ipg,
        ndblk=layout.end(group) - layout.base(group),
        ndir=summary[0],
        nbfree=summary[1],
        nifree=summary[2],
        nffree=summary[3],
        rotor=0,
        frotor=0,
        irotor=0,
        frsum=frsum,
        btotoff=CG_TABLES,
        boff=boff,
        iusedoff=iusedoff,
        freeoff=freeoff,
        nextfreeoff=freeoff + ceil(layout.fpg, 8),
        spare=bytes(64),
    )
    data = b"".join(
        (
            build_group(header, order),
            btot.astype(mark + "i4").tobytes(),
            positions.astype(mark + "i2").tobytes(),
            np.packbits(maps.used, bitorder="little").tobytes(),
            np.packbits(maps.free, bitorder="little").tobytes(),
        )
    )
    return MadeGroup(data.ljust(layout.bsize, b"\0"), summary)


def count_free(free: Flags, frag: int) -> tuple[npt.NDArray[np.int64], tuple[int, ...], int]:
    """Which blocks (numbered in the group) are free whole, how many free runs of 0 to 7
    fragments the other blocks have, and how many fragments are free in those.
    """
    padded = np.zeros(ceil(len(free), frag) * frag, dtype=np.bool_)
    padded[: len(free)] = free
    blocks = padded.reshape(-1, frag)
    count = np.count_nonzero(blocks, axis=1)
    part = blocks[(count > 0) & (count < frag)]
    return np.flatnonzero(count == frag), _run_lengths(part), int(np.count_nonzero(part))


def _run_lengths(part: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    if not len(part):
        return (0,) * 8
    # A used fragment in front of and behind each block keeps runs inside their block.
    fenced = np.pad(part, ((0, 0), (1, 1))).ravel().astype(np.int8)
    change = np.diff(fenced)
    lengths = np.flatnonzero(change == -1) - np.flatnonzero(change == 1)
    return tuple(int(n) for n in np.bincount(lengths, minlength=8)[:8])


def block_totals(
    whole: npt.NDArray[np.int64], layout: Layout
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """How many free blocks begin in each cylinder, and there at each rotational position."""
    p = layout.parameters
    sector = whole * layout.frag * layout.nspf
    cylinder = sector // layout.spc
    position = sector % layout.spc % p.nsect * p.nrpos // p.nsect
    counts = np.bincount(cylinder * p.nrpos + position, minlength=layout.cpg * p.nrpos)
    return counts.reshape(layout.cpg, p.nrpos).sum(axis=1), counts
