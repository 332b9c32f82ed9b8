# SPDX-License-Identifier: Apache-2.0
"""A slice table as fmthard -s reads it (facts/commands B).

fmthard deletes every slice that the table does not name, but makes slice 2 up as the whole
disk: that one is left out, so that the table fits a larger disk too.  A slice of tag 5
must be the whole disk, and no others may overlap.  The last line must end with a newline,
for fmthard cuts a character off every line.
"""

from __future__ import annotations

from collections.abc import Iterator

from mkboot.formats.label import TAG_BACKUP, TAG_UNASSIGNED
from mkboot.model.system import Disk, Holds, SliceRecord


def vtoc_table(disk: Disk) -> str:
    """The table for ``disk``, numbers as prtvtoc prints them: slice tag flag start count.

    What fmthard takes from nobody stands in it as a comment; ``vtoc_notes`` tells of it.
    """
    shape = disk.geometry
    head = [
        f"* {disk.name}: the slices as they were captured",
        f"* {shape.nhead} heads, {shape.nsect} sectors a track, {shape.ncyl} cylinders",
        "* Partition  Tag  Flags    First     Count",
    ]
    refused = _refused(disk)
    rows = [
        ("*" if s in refused else " ") + _row(s, TAG_UNASSIGNED if _is_false(disk, s) else s.tag)
        for s in disk.slices
        if not (s.number == 2 and _is_whole(disk, s))
    ]
    return "\n".join([*head, *rows]) + "\n"


def vtoc_rows(disk: Disk) -> tuple[tuple[int, int, int, int, int], ...]:
    """The rows of ``vtoc_table``, slice 2 too, as they lie on the disk: number, tag, flag, first
    and count, the last two in cylinders.
    """
    refused = _refused(disk)
    cylinder = disk.geometry.cylinder
    return tuple(
        (
            s.number,
            TAG_UNASSIGNED if _is_false(disk, s) else s.tag,
            s.flag,
            s.start // cylinder,
            -(-s.sectors // cylinder),
        )
        for s in sorted(disk.slices, key=lambda s: (s.start, s.number))
        if s.sectors and s not in refused
    )


def vtoc_notes(disk: Disk) -> Iterator[str]:
    """Sentences on the slices that fmthard does not make as they were."""
    refused = _refused(disk)
    for s in disk.slices:
        name = f"{disk.name}s{s.number}"
        if s in refused:
            yield (
                f"fmthard takes no slices that overlap: {name} is not in the table. Make it with "
                f"format, partition: first sector {s.start}, {s.sectors} sectors, tag {s.tag}."
            )
        elif _is_false(disk, s):
            yield f"{name} had the tag of a whole disk, 5, and gets tag 0, for it is none."


def _row(record: SliceRecord, tag: int) -> str:
    return (
        f"     {record.number:2d}  {tag:5d}    {record.flag:02x}"
        f"  {record.start:9d} {record.sectors:9d}"
    )


def _is_whole(disk: Disk, record: SliceRecord) -> bool:
    return record.start == 0 and record.sectors == disk.geometry.ncyl * disk.geometry.cylinder


def _is_false(disk: Disk, record: SliceRecord) -> bool:
    """Of the whole disk's tag without being the whole disk: fmthard refuses the table."""
    return record.tag == TAG_BACKUP and not _is_whole(disk, record)


def _refused(disk: Disk) -> list[SliceRecord]:
    """The slices that overlap others which matter more: file systems, then what has a tag."""
    ranks = (Holds.UFS, Holds.SWAP, Holds.UNKNOWN, Holds.EMPTY, Holds.WHOLE_DISK)
    kept: list[SliceRecord] = []
    refused: list[SliceRecord] = []
    for s in sorted(disk.slices, key=lambda s: (s.tag == TAG_BACKUP, ranks.index(s.holds))):
        if _is_whole(disk, s) or not s.sectors:
            continue
        end = s.start + s.sectors
        if any(s.start < k.start + k.sectors and k.start < end for k in kept):
            refused.append(s)
        else:
            kept.append(s)
    return refused
