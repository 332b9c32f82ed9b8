# SPDX-License-Identifier: Apache-2.0
"""Making a UFS with everything in it: mkfs and content in one pass.

First the plan: numbers and room for all, which tells whether it fits.  Then contents are
streamed to their places, and last come inode tables, maps, the summary and superblocks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from mkboot.clock import build_seed
from mkboot.errors import InputError
from mkboot.formats.inode import DINODE, dinode_dtype
from mkboot.formats.ufs.datawriter import DataWriter, Pointers, Room
from mkboot.formats.ufs.gather import Gather
from mkboot.formats.ufs.geometry import SUPERBLOCK_AREA, lay_out
from mkboot.formats.ufs.maps import GroupMaps, make_group
from mkboot.formats.ufs.newfs import make_superblock, superblock_bytes
from mkboot.formats.ufs.plan import Plan, make_plan
from mkboot.formats.ufs.slots import Slot, dinode_of, ino_at, slot_at
from mkboot.formats.ufs.structs import ROOT_INODE, SUMMARY_STRUCT
from mkboot.model.values import UfsParameters
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import show
from mkboot.tree.source import ByteSink

Order = Literal["big", "little"]
_FSMNT = 511


@dataclass(frozen=True, slots=True)
class UfsSummary:
    """What was made.

    ``bytes`` is the file system's length; ``used_bytes`` counts what is not free of the
    data area; ``used_inodes`` the two that are never used too.
    """

    bytes: int
    used_bytes: int
    free_bytes: int
    used_inodes: int
    free_inodes: int
    directories: int
    groups: int
    largefiles: bool


def write_ufs(
    tree: FileTree,
    sink: ByteSink,
    parameters: UfsParameters,
    *,
    time: int,
    generation: int | None = None,
    byte_order: Order = "big",
    last_mounted: bytes = b"",
    keep_numbers: bool = False,
    advance: Callable[[int], None] | None = None,
) -> UfsSummary:
    """Write a whole file system that holds ``tree``; lost+found is made if it has none.

    ``time`` (seconds) is for everything that is no file's own; ``generation`` for every
    inode, free ones too, None for random ones (the same ones each time where
    SOURCE_DATE_EPOCH is set).  ``sink`` must read as zeros; its first
    8192 bytes are left alone.  ``advance`` hears the bytes of content that were written.

    Raises ``InputError`` for what UFS cannot hold, for a tree that does not fit or
    parameters that mkfs refuses (all before the first write), and for content that ends
    too soon; ``StoppedError`` from the sink.
    """
    if len(last_mounted) > _FSMNT or b"\0" in last_mounted:
        raise InputError(f"not a mount point: '{show(last_mounted)}'")
    if not 0 <= (generation or 0) < 1 << 32:
        raise InputError(f"generation {generation} does not fit in an inode")
    if not 0 <= time < 1 << 31:
        raise InputError(f"time {time} does not fit in a superblock")
    layout = lay_out(parameters)
    plan = make_plan(tree, layout, time, keep_numbers=keep_numbers)
    complaint = plan.complaint()
    if complaint is None and sink.size < layout.bytes:
        complaint = f"{layout.bytes} bytes are needed, there are {sink.size}"
    if complaint is not None:
        raise InputError(f"does not fit: {complaint}")
    writer = _Writer(plan, sink, byte_order, advance or (lambda _count: None))
    inodes = writer.contents()
    return writer.metadata(inodes, generation, last_mounted)


@dataclass(slots=True)
class _Inodes:
    """The inodes that are used, ascending, with their bytes in the same order."""

    numbers: npt.NDArray[np.int64]
    table: npt.NDArray[np.void]
    directories: npt.NDArray[np.bool_]


class _Writer:
    def __init__(
        self, plan: Plan, sink: ByteSink, order: Order, advance: Callable[[int], None]
    ) -> None:
        self._plan = plan
        self._layout = plan.layout
        self._sink = sink
        self._order: Order = order
        self._dtype = dinode_dtype(order)
        self._gather = Gather(sink)
        self._data = DataWriter(self._gather, plan.places, plan.layout, order, advance)

    def contents(self) -> _Inodes:
        """Write all contents."""
        plan = self._plan
        count = len(plan.what)
        numbers = np.fromiter((ino_at(plan, n) for n in range(count)), np.int64, count)
        places = np.empty(count, dtype=np.int64)
        places[np.argsort(numbers)] = np.arange(count)
        numbers.sort()
        directories = np.zeros(count, dtype=np.bool_)
        table = bytearray(count * DINODE)
        for index, place in enumerate(places):
            slot = slot_at(plan, index, self._order)
            pointers = self._write(index, slot)
            directories[place] = slot.is_directory
            at = int(place) * DINODE
            table[at : at + DINODE] = dinode_of(plan, index, slot, pointers, self._order)
        self._gather.flush()
        return _Inodes(numbers, np.frombuffer(table, dtype=self._dtype), directories)

    def _write(self, index: int, slot: Slot) -> Pointers:
        plan = self._plan
        room = Room(plan.first[index], plan.blocks[index], plan.tail[index])
        if not slot.content.size:
            return Pointers([], [])
        try:
            pointers = self._data.write(slot.content, room)
        except InputError as e:
            what = plan.what[index]
            raise e.inside(plan.path_of(what) if what >= 0 else f"inode {slot.ino}") from e
        if slot.fill:
            past = slot.content.size - (len(pointers.db) - 1) * self._layout.bsize
            self._gather.put(pointers.db[-1] * self._layout.fsize + past, slot.fill)
        return pointers

    def metadata(self, inodes: _Inodes, generation: int | None, last_mounted: bytes) -> UfsSummary:
        """Write everything else, group by group, the primary superblock last."""
        plan = self._plan
        begun = sorted((plan.places.address(v), n) for v, n in plan.allocator.begun())
        free = np.array(begun, dtype=np.int64).reshape(-1, 2)
        random = np.random.default_rng(build_seed()) if generation is None else None
        summaries = []
        for group in range(self._layout.ncg):
            gens: int | npt.NDArray[np.int64] = generation or 0
            if random is not None:
                gens = random.integers(0, 1 << 31, self._layout.ipg)
            summaries.append(self._group(group, inodes, self._free_map(group, free), gens))
        return self._superblocks(summaries, last_mounted)

    def _group(
        self,
        group: int,
        inodes: _Inodes,
        free: npt.NDArray[np.bool_],
        generations: int | npt.NDArray[np.int64],
    ) -> tuple[int, int, int, int]:
        """Write a group's maps and inode table; its line of the summary."""
        layout, fsize, ipg = self._layout, self._layout.fsize, self._layout.ipg
        first, last = np.searchsorted(inodes.numbers, (group * ipg, (group + 1) * ipg))
        here = inodes.numbers[first:last] - group * ipg
        used = np.zeros(ipg, dtype=np.bool_)
        used[here] = True
        if group == 0:
            used[:ROOT_INODE] = True
        directories = int(np.count_nonzero(inodes.directories[first:last]))
        maps = GroupMaps(free, used, directories)
        made = make_group(layout, group, maps, self._plan.time, self._order)
        table = np.zeros(ipg, dtype=self._dtype)
        table[here] = inodes.table[first:last]
        table["gen"] = generations
        start = layout.start(group)
        self._sink.pwrite((start + layout.cblkno) * fsize, made.data)
        self._sink.pwrite((start + layout.iblkno) * fsize, table.tobytes())
        return made.summary

    def _free_map(self, group: int, begun: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Free fragments of a group: all behind the last block given out, and what is left
        of the blocks that were begun.
        """
        layout, allocator, places = self._layout, self._plan.allocator, self._plan.places
        base, end = layout.base(group), layout.end(group)
        limit = places.address(allocator.cursor * layout.frag)
        if places.spare and not allocator.spare_untouched:
            limit = layout.size
        free = np.ones(end - base, dtype=np.bool_)
        free[: max(0, limit - base)] = False
        first, after = layout.metadata(group)
        free[first - base : after - base] = False
        low, high = np.searchsorted(begun[:, 0], (base, end))
        for address, length in begun[low:high]:
            free[address - base : address - base + length] = True
        return free

    def _superblocks(
        self, summaries: list[tuple[int, int, int, int]], last_mounted: bytes
    ) -> UfsSummary:
        layout, plan, fsize = self._layout, self._plan, self._layout.fsize
        ndir, nbfree, nifree, nffree = (sum(column) for column in zip(*summaries, strict=True))
        area = b"".join(
            SUMMARY_STRUCT[self._order].build(
                dict(zip(("ndir", "nbfree", "nifree", "nffree"), summary, strict=True))
            )
            for summary in summaries
        )
        self._sink.pwrite(layout.csaddr * fsize, area.ljust(layout.cssize, b"\0"))
        superblock = make_superblock(
            layout,
            (ndir, nbfree, nifree, nffree),
            time=plan.time,
            largefiles=plan.largefiles,
            last_mounted=last_mounted,
        )
        data = superblock_bytes(superblock, layout, self._order)
        for group in range(1, layout.ncg):
            self._sink.pwrite((layout.start(group) + layout.sblkno) * fsize, data)
        # Group 0's copy, and the one that makes it a file system.
        self._sink.pwrite(layout.sblkno * fsize, data)
        self._sink.pwrite(SUPERBLOCK_AREA, data)
        free = nbfree * layout.frag + nffree
        return UfsSummary(
            bytes=layout.bytes,
            used_bytes=(layout.dsize - free) * fsize,
            free_bytes=free * fsize,
            used_inodes=layout.inodes - nifree,
            free_inodes=nifree,
            directories=ndir,
            groups=layout.ncg,
            largefiles=plan.largefiles,
        )
