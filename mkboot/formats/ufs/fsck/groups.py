# SPDX-License-Identifier: Apache-2.0
"""Phase 5: the cylinder groups' headers, maps and counts against what was found in use.

Source: illumos cmd/fs.d/ufs/fsck, in own words; free runs, the counts by cylinder and
position, and times are looked at too, which it does not do.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from mkboot.formats.ufs.fsck.disk import Disk, Ints
from mkboot.formats.ufs.fsck.inodes import ATTRIBUTES, DIRECTORY, Inodes
from mkboot.formats.ufs.fsck.owners import Owners
from mkboot.formats.ufs.fsck.report import Collector, Phase, block_place, group_place
from mkboot.formats.ufs.fsck.words import has_geometry
from mkboot.formats.ufs.groups import group_end, group_header
from mkboot.formats.ufs.maps import count_free
from mkboot.formats.ufs.structs import (
    GROUP_HEADER,
    GROUP_MAGIC,
    ROOT_INODE,
    GroupHeader,
    parse_group,
)

COUNTS = ("ndir", "nbfree", "nifree", "nffree")
Flags = npt.NDArray[np.bool_]
#: A group that says it changed so much later than the superblock was written is not right.
_DAY = 86400


class GroupCheck:
    """``totals`` are the counts of all groups, as they should be."""

    def __init__(self, disk: Disk, inodes: Inodes, owners: Owners, faults: Collector) -> None:
        self._disk = disk
        self._sb = disk.sb
        self._inodes = inodes
        self._owners = owners
        self._faults = faults
        self.totals = [0, 0, 0, 0]
        sb = disk.sb
        iused = GROUP_HEADER + 4 * sb.cpg + 2 * sb.cpg * sb.nrpos
        free = iused + -(-sb.ipg // 8)
        after = free + -(-sb.fpg // 8)
        self._offsets = {
            "btotoff": GROUP_HEADER,
            "boff": GROUP_HEADER + 4 * sb.cpg,
            "iusedoff": iused,
            "freeoff": free,
            "nextfreeoff": after,
        }
        self.fits = sb.cpg > 0 and sb.nrpos > 0 and after <= sb.bsize

    def run(self) -> None:
        """All groups, the summary, and the totals."""
        sb = self._sb
        area = self._disk.read(sb.csaddr, sb.cssize)
        lines = np.frombuffer(area[: sb.ncg * 16], self._disk.word).reshape(-1, 4)
        for group in range(self._disk.groups):
            counts = self._group(group)
            for n, value in enumerate(counts):
                self.totals[n] += value
            place = f"summary of {group_place(group)}"
            self._compare(place, "summary", counts, tuple(lines[group].tolist()))
        if area[sb.ncg * 16 :].strip(b"\0"):
            words = "there is something behind the last group's entry"
            self._add("summary-tail", "summary", words, overlooked=True)
        if self._disk.groups == sb.ncg:
            said = (sb.ndir, sb.nbfree, sb.nifree, sb.nffree)
            self._compare("superblock", "total", tuple(self.totals), said)

    def _add(self, code: str, place: str, message: str, *, overlooked: bool = False) -> None:
        self._faults.add(Phase.GROUPS, code, place, message, overlooked=overlooked)

    def _compare(
        self, place: str, prefix: str, should: tuple[int, ...], said: tuple[int, ...]
    ) -> None:
        for name, value, found in zip(COUNTS, said, should, strict=True):
            if value != found:
                self._add(f"{prefix}-{name}", place, f"{name} is {value}, but should be {found}")

    def _group(self, group: int) -> tuple[int, ...]:
        sb = self._sb
        used, directories = self._used_inodes(group)
        free = self._free_fragments(group)
        whole, frsum, single = count_free(free, sb.frag)
        counts = (directories, len(whole), sb.ipg - int(np.count_nonzero(used)), single)
        data = self._disk.read(group_header(sb, group), sb.bsize)
        header = parse_group(data[:GROUP_HEADER], self._disk.order)
        place = group_place(group)
        if header.magic != GROUP_MAGIC:
            self._add("cg-magic", place, f"the magic number is 0x{header.magic:08x}")
            return counts
        self._header(group, header)
        self._compare(
            place, "cg", counts, (header.ndir, header.nbfree, header.nifree, header.nffree)
        )
        if header.frsum != frsum:
            words = f"free runs by length are {list(header.frsum)}, but should be {list(frsum)}"
            self._add("cg-frsum", place, words, overlooked=True)
        if self.fits:
            self._maps(group, data, used, free)
            self._positions(group, data, whole)
        return counts

    def _header(self, group: int, header: GroupHeader) -> None:
        sb, place = self._sb, group_place(group)
        size = group_end(sb, group) - sb.fpg * group
        for name, said, should in (
            ("cgx", header.cgx, group),
            ("niblk", header.niblk & 0xFFFF, sb.ipg & 0xFFFF),
            ("ndblk", header.ndblk, size),
            *((n, getattr(header, n), should) for n, should in self._offsets.items()),
        ):
            if said != should:
                self._add(f"cg-{name}", place, f"{name} is {said}, but should be {should}")
        cylinders = min(sb.cpg, sb.ncyl - sb.cpg * group)
        if header.ncyl != cylinders:
            words = f"ncyl is {header.ncyl}, but should be {cylinders}"
            self._add("cg-ncyl", place, words, overlooked=0 < header.ncyl <= sb.cpg)
        for name, said, limit in (
            ("rotor", header.rotor, size),
            ("frotor", header.frotor, size),
            ("irotor", header.irotor, sb.ipg),
        ):
            if not 0 <= said < limit:
                self._add(f"cg-{name}", place, f"{name} is {said}, of {limit}")
        if not 0 <= header.time <= sb.time + _DAY or (header.time == 0 and sb.time > _DAY):
            words = f"it was changed at {header.time}, the superblock was written at {sb.time}"
            self._add("cg-time", place, words, overlooked=True)

    def _used_inodes(self, group: int) -> tuple[Flags, int]:
        ipg = self._sb.ipg
        kinds = self._inodes.kind[group * ipg : (group + 1) * ipg]
        used = kinds != 0
        if group == 0:
            used[:ROOT_INODE] = True
        return used, int(np.count_nonzero((kinds == DIRECTORY) | (kinds == ATTRIBUTES)))

    def _free_fragments(self, group: int) -> Flags:
        sb = self._sb
        base, end = sb.fpg * group, group_end(sb, group)
        taken = self._owners.taken[base // sb.frag : -(-end // sb.frag)]
        bits = np.unpackbits(taken[:, None], axis=1, bitorder="little")[:, : sb.frag]
        free: Flags = bits.ravel()[: end - base] == 0
        return free

    def _maps(self, group: int, data: bytes, used: Flags, free: Flags) -> None:
        sb = self._sb
        said = _bits(data, self._offsets["iusedoff"], sb.ipg)
        for n in np.flatnonzero(said != used).tolist():
            words = "is in use, but marked free" if used[n] else "is free, but marked as used"
            self._faults.inode(Phase.GROUPS, "map-inode", group * sb.ipg + n, words)
        length = (self._offsets["nextfreeoff"] - self._offsets["freeoff"]) * 8
        marked = _bits(data, self._offsets["freeoff"], length)
        padded = np.zeros(length, dtype=np.bool_)
        padded[: min(length, len(free))] = free[:length]
        self._map_runs(group, marked, padded, len(free))

    def _map_runs(self, group: int, marked: Flags, free: Flags, size: int) -> None:
        """A fault for each run of fragments that are marked wrong in the same way."""
        wrong = np.flatnonzero(marked != free)
        if not len(wrong):
            return
        breaks = (np.diff(wrong) != 1) | (free[wrong[1:]] != free[wrong[:-1]])
        breaks |= (wrong[1:] >= size) != (wrong[:-1] >= size)
        edges = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(wrong)]
        for first, after in pairwise(edges):
            at = int(wrong[first])
            if at >= size:
                what = "lie behind the end, but are marked free"
            elif free[at]:
                what = "are free, but marked as used"
            else:
                what = "are in use, but marked free"
            place = block_place(self._sb, self._sb.fpg * group + min(at, self._sb.fpg - 1))
            self._add("map-block", place, f"{after - first} fragments from here {what}")

    def _positions(self, group: int, data: bytes, whole: Ints) -> None:
        """Free blocks by cylinder, and there by rotational position."""
        sb = self._sb
        m = ">" if self._disk.order == "big" else "<"
        btot = np.frombuffer(data, m + "i4", sb.cpg, self._offsets["btotoff"])
        b = np.frombuffer(data, m + "i2", sb.cpg * sb.nrpos, self._offsets["boff"])
        if sb.spc < 1 or sb.nsect < 1 or (not has_geometry(sb) and not btot.any() and not b.any()):
            return
        sector = whole * sb.frag * sb.nspf
        cylinder, rest = sector // sb.spc, sector % sb.spc
        turned = (rest // sb.nsect * sb.trackskew + rest % sb.nsect) % sb.nsect
        position = turned * sb.nrpos // max(1, sb.npsect)
        good = (cylinder < sb.cpg) & (position < sb.nrpos) & (position >= 0)
        at = cylinder[good] * sb.nrpos + position[good]
        counts = np.bincount(at, minlength=sb.cpg * sb.nrpos)
        totals = counts.reshape(sb.cpg, sb.nrpos).sum(axis=1)
        for n in np.flatnonzero(btot != totals).tolist():
            words = f"cylinder {n} has {totals[n]} free blocks, but {btot[n]} are counted"
            self._add("cg-btot", group_place(group), words, overlooked=True)
        for n in np.flatnonzero(b != counts).tolist():
            words = f"cylinder {n // sb.nrpos}, position {n % sb.nrpos} has {counts[n]} free "
            words += f"blocks, but {b[n]} are counted"
            self._add("cg-b", group_place(group), words, overlooked=True)


def _bits(data: bytes, at: int, count: int) -> Flags:
    window = np.frombuffer(data, np.uint8, -(-count // 8), at)
    return np.unpackbits(window, bitorder="little")[:count].astype(np.bool_)
