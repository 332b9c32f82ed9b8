# SPDX-License-Identifier: Apache-2.0
"""Manifests made by hand, for what no captured host shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mkboot.formats.label import SliceEntry, make_label
from mkboot.model.manifest import SetManifest
from mkboot.model.system import (
    BootBlock,
    Disk,
    Dump,
    FileSystem,
    Holds,
    Release,
    SliceRecord,
    System,
)
from mkboot.model.values import Checksums, Geometry, UfsParameters
from mkboot.recovery.setplan import plan_set
from mkboot.recovery.strategies import choose
from mkboot.recovery.volumes import Capacity, StreamSize

SHAPE = Geometry(nhead=4, nsect=50, ncyl=1000, acyl=2, pcyl=1002, rpm=5400)
CYLINDER = 200
WHOLE = 1000 * CYLINDER
SEGMENT = 1 << 20


def disk(*slices: SliceRecord, name: str = "c0t0d0") -> Disk:
    """A disk of ``SHAPE``."""
    entries = [SliceEntry(s.number, s.start // CYLINDER, s.sectors, s.tag, s.flag) for s in slices]
    label = make_label(SHAPE, entries).raw.hex()
    return Disk(name, "/pci@1f,0/scsi@1/sd@0,0", WHOLE + 400, SHAPE, label, slices)


def record(
    number: int, first: int, cylinders: int, *, tag: int = 0, holds: Holds = Holds.UFS
) -> SliceRecord:
    """A slice from cylinder ``first`` on."""
    return SliceRecord(number, first * CYLINDER, cylinders * CYLINDER, tag, 0, holds)


def file_system(slice_: str, mount: bytes, segments: int, levels: int) -> FileSystem:
    """A file system whose dumps have so many segments each."""
    sums = Checksums(SEGMENT, 1, 1, "0" * 32, "0" * 64)
    size = segments * SEGMENT
    dumps = tuple(
        Dump(n, f"{slice_}.{n}.dump", size, n + 1, n, 1, 1, 1, SEGMENT, (sums,) * segments)
        for n in range(levels)
    )
    parameters = UfsParameters(size=1000, nsect=50, ntrack=4)
    return FileSystem(slice_, mount, b"", b"", parameters, 1, 1, dumps)


def manifest(
    mounts: Mapping[bytes, int],
    *,
    strategy: str = "single",
    room: int = 1000,
    vfstab: bytes = b"",
    left_out: Sequence[str] = (),
    levels: int = 1,
    layout: str = "sparc-2.6",
) -> SetManifest:
    """A set: ``mounts`` tells how many segments a file system has; ``room`` is volume 1's and
    half of a further one's.
    """
    numbers = (0, 3, 4, 5, 6, 7)
    found = [
        file_system(f"c0t0d0s{number}", mount, count, levels)
        for number, (mount, count) in zip(numbers, mounts.items(), strict=False)
    ]
    slices = [record(n, 50 * k, 50) for k, n in enumerate(numbers[: len(found)])]
    slices.append(record(1, 900, 50, tag=3, holds=Holds.SWAP))
    system = System(
        1, "quarry", Release("8", b"", "sun4u", ""), 1_000_000_000,
        (disk(*sorted(slices, key=lambda s: s.number)),), tuple(found), ("c0t0d0s1",),
        (BootBlock("c0t0d0s0", "fcode", "c0t0d0s0.bootblk", "0" * 64),), (), vfstab,
        tuple(left_out),
    )  # fmt: skip
    streams = [
        StreamSize(fs.slice, fs.mount, d.level, d.size, d.segment_size)
        for fs in found
        for d in fs.dumps
    ]
    placing = choose(strategy, streams, Capacity(room * SEGMENT, 2 * room * SEGMENT))
    return plan_set(system, placing, layout=layout, base="made-up", created=1)


def accepting(made: SetManifest, words: str) -> SetManifest:
    """The same, its first file system captured although it was not clean."""
    system = made.system
    first, *others = system.file_systems
    changed = replace(system, file_systems=(replace(first, accepted=words), *others))
    return replace(made, system=changed)
